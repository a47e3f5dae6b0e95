//! One point: (x0, x1) times the key's matrix, by three multiplications.
//!
//! `x0`, `x1` any lazy residues; the key's words any 64 bits; `z0`, `z1` lazy residues below
//! 2^68 + 2^64.
//!
//! Timing: [`Normalise`] (with the key's words added on the way), multiplier, difference. Latency
//! [`PairMac::LATENCY`]; the key's words come together with x0 and x1.

use crate::arith::{Lazy, MulLazy, Normalise};
use crate::memory::Delay;
use rust_hdl::prelude::*;

/// The product of a pair and a key point.
#[derive(LogicBlock)]
pub struct PairMac {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The mask's digit.
    pub x0: Signal<In, Lazy>,
    /// The body's digit.
    pub x1: Signal<In, Lazy>,
    /// Row 0, column 0 of the key.
    pub y00: Signal<In, Bits<64>>,
    /// Row 1, column 0.
    pub y10: Signal<In, Bits<64>>,
    /// Row 0, column 1.
    pub y01: Signal<In, Bits<64>>,
    /// Row 1, column 1.
    pub y11: Signal<In, Bits<64>>,
    /// -y00 y10.
    pub minus0: Signal<In, Bits<64>>,
    /// -y01 y11.
    pub minus1: Signal<In, Bits<64>>,
    /// x0 y00 + x1 y10.
    pub z0: Signal<Out, Lazy>,
    /// x0 y01 + x1 y11.
    pub z1: Signal<Out, Lazy>,
    x0_alone: Normalise,
    x1_alone: Normalise,
    x0_y10: Normalise,
    x1_y00: Normalise,
    x0_y11: Normalise,
    x1_y01: Normalise,
    shared: MulLazy,
    product0: MulLazy,
    product1: MulLazy,
    minus0_later: Delay<64>,
    minus1_later: Delay<64>,
    z0_register: DFF<Lazy>,
    z1_register: DFF<Lazy>,
}

impl PairMac {
    /// Rising edges from operands to results.
    pub const LATENCY: usize = Normalise::LATENCY + MulLazy::LATENCY + 1;
}

impl Default for PairMac {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            x0: Default::default(),
            x1: Default::default(),
            y00: Default::default(),
            y10: Default::default(),
            y01: Default::default(),
            y11: Default::default(),
            minus0: Default::default(),
            minus1: Default::default(),
            z0: Default::default(),
            z1: Default::default(),
            x0_alone: Default::default(),
            x1_alone: Default::default(),
            x0_y10: Default::default(),
            x1_y00: Default::default(),
            x0_y11: Default::default(),
            x1_y01: Default::default(),
            shared: Default::default(),
            product0: Default::default(),
            product1: Default::default(),
            minus0_later: Delay::new(Normalise::LATENCY + MulLazy::LATENCY),
            minus1_later: Delay::new(Normalise::LATENCY + MulLazy::LATENCY),
            z0_register: Default::default(),
            z1_register: Default::default(),
        }
    }
}

impl Logic for PairMac {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, z0_register, z1_register);
        clock!(
            self,
            clock,
            x0_alone,
            x1_alone,
            x0_y10,
            x1_y00,
            x0_y11,
            x1_y01,
            shared,
            product0,
            product1,
            minus0_later,
            minus1_later
        );
        self.x0_alone.residue.next = self.x0.val();
        self.x0_alone.addend.next = 0.into();
        self.x1_alone.residue.next = self.x1.val();
        self.x1_alone.addend.next = 0.into();
        self.x0_y10.residue.next = self.x0.val();
        self.x0_y10.addend.next = self.y10.val();
        self.x1_y00.residue.next = self.x1.val();
        self.x1_y00.addend.next = self.y00.val();
        self.x0_y11.residue.next = self.x0.val();
        self.x0_y11.addend.next = self.y11.val();
        self.x1_y01.residue.next = self.x1.val();
        self.x1_y01.addend.next = self.y01.val();
        self.minus0_later.d.next = self.minus0.val();
        self.minus1_later.d.next = self.minus1.val();

        self.shared.x.next = self.x0_alone.result.val();
        self.shared.y.next = self.x1_alone.result.val();
        self.product0.x.next = self.x0_y10.result.val();
        self.product0.y.next = self.x1_y00.result.val();
        self.product1.x.next = self.x0_y11.result.val();
        self.product1.y.next = self.x1_y01.result.val();

        self.z0_register.d.next = self.product0.result.val()
            + bit_cast::<72, 64>(self.minus0_later.q.val())
            - self.shared.result.val();
        self.z1_register.d.next = self.product1.result.val()
            + bit_cast::<72, 64>(self.minus1_later.q.val())
            - self.shared.result.val();
        self.z0.next = self.z0_register.q.val();
        self.z1.next = self.z1_register.q.val();
    }
}

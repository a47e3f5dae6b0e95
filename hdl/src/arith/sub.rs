//! Subtraction modulo q.
//!
//! `a`, `b` in [0, q); `result` = a - b mod q, in [0, q). A difference that borrows is too large by
//! 2^64 instead of by q, that is by E = 2^64 - q, so the correction is one subtraction whose
//! operand the borrow gates; no comparison, no multiplexer behind an adder.
//!
//! Timing: edge 1 registers the difference and its borrow, edge 2 the correction. Latency 2.

use super::E;
use rust_hdl::prelude::*;

/// a - b mod q.
#[derive(LogicBlock)]
pub struct SubMod {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `a` and `b` hold operands.
    pub valid_in: Signal<In, Bit>,
    /// Minuend, below q.
    pub a: Signal<In, Bits<64>>,
    /// Subtrahend, below q.
    pub b: Signal<In, Bits<64>>,
    /// `result` holds the answer to the operands that entered [`SubMod::LATENCY`] edges ago.
    pub valid_out: Signal<Out, Bit>,
    /// a - b mod q, in [0, q).
    pub result: Signal<Out, Bits<64>>,
    /// E after a borrow, else 0.
    excess: Signal<Local, Bits<64>>,
    /// The valid bits of the two stages, the youngest in bit 0.
    valid: DFF<Bits<2>>,
    /// a - b modulo 2^65; bit 64 is the borrow.
    difference: DFF<Bits<65>>,
    value: DFF<Bits<64>>,
    zero: Constant<Bits<64>>,
    e: Constant<Bits<64>>,
}

impl SubMod {
    /// Rising edges from `valid_in` to `valid_out`.
    pub const LATENCY: usize = 2;
}

impl Default for SubMod {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            a: Default::default(),
            b: Default::default(),
            valid_out: Default::default(),
            result: Default::default(),
            excess: Default::default(),
            valid: Default::default(),
            difference: Default::default(),
            value: Default::default(),
            zero: Constant::new(Default::default()),
            e: Constant::new(E.into()),
        }
    }
}

impl Logic for SubMod {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, difference, value);
        self.valid.d.next = self.valid.q.val() << 1;
        if self.valid_in.val() {
            self.valid.d.next = (self.valid.q.val() << 1) | 1;
        }
        self.difference.d.next =
            bit_cast::<65, 64>(self.a.val()) - bit_cast::<65, 64>(self.b.val());
        self.excess.next = self.zero.val();
        if self.difference.q.val().get_bit(64) {
            self.excess.next = self.e.val();
        }
        self.value.d.next = self.difference.q.val().get_bits::<64>(0) - self.excess.val();
        self.valid_out.next = self.valid.q.val().get_bit(1);
        self.result.next = self.value.q.val();
    }
}

//! From a lazy residue to 64 bits, with an addition on the way: what multipliers take.
//!
//! `residue` a [`Lazy`](super::Lazy), `addend` any 64 bits; `word` is congruent to their sum modulo q, any
//! 64-bit value. With H the residue's upper 8 bits, signed, 2^64 H = 2^32 H - H modulo q.
//!
//! Timing: edge 1 registers L + 2^32 H - H + addend, in (-2^40, 2^65 + 2^40). Its bits from 64 up,
//! t in -1..=2, are t E modulo q: edge 2 adds that. Only with t = 1 can that carry out of 64 bits,
//! and then 2 E is the right amount, which a second adder has ready. Latency 2, no valid bit.

use super::{E, Lazy};
use rust_hdl::prelude::*;

/// residue + addend in 64 bits.
#[derive(LogicBlock)]
pub struct Normalise {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// A lazy residue, any 72 bits.
    pub residue: Signal<In, Lazy>,
    /// What is added: any 64 bits.
    pub addend: Signal<In, Bits<64>>,
    /// Congruent to the sum of what entered [`Normalise::LATENCY`] edges ago.
    pub word: Signal<Out, Bits<64>>,
    /// The residue's upper 8 bits, sign-extended.
    top: Signal<Local, Bits<72>>,
    /// t E for t = -1, 0, 1 or 2, modulo 2^65.
    offset: Signal<Local, Bits<65>>,
    corrected: Signal<Local, Bits<65>>,
    sum: DFF<Bits<72>>,
    value: DFF<Bits<64>>,
    top_sign: Constant<Bits<72>>,
    zero: Constant<Bits<65>>,
    e: Constant<Bits<65>>,
    two_e: Constant<Bits<65>>,
    minus_e: Constant<Bits<65>>,
}

impl Normalise {
    /// Rising edges from operands to `word`.
    pub const LATENCY: usize = 2;
}

impl Default for Normalise {
    fn default() -> Self {
        let e: Bits<65> = E.into();
        Self {
            clock: Default::default(),
            residue: Default::default(),
            addend: Default::default(),
            word: Default::default(),
            top: Default::default(),
            offset: Default::default(),
            corrected: Default::default(),
            sum: Default::default(),
            value: Default::default(),
            top_sign: Constant::new(Bits::<72>::mask() << 8),
            zero: Constant::new(Default::default()),
            e: Constant::new(e),
            two_e: Constant::new(e + e),
            minus_e: Constant::new(Bits::<65>::default() - e),
        }
    }
}

impl Logic for Normalise {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum, value);
        self.top.next = bit_cast::<72, 8>(self.residue.val().get_bits::<8>(64));
        if self.residue.val().get_bit(71) {
            self.top.next =
                bit_cast::<72, 8>(self.residue.val().get_bits::<8>(64)) | self.top_sign.val();
        }
        self.sum.d.next = bit_cast::<72, 64>(self.residue.val().get_bits::<64>(0))
            + bit_cast::<72, 64>(self.addend.val())
            + (self.top.val() << 32)
            - self.top.val();

        self.offset.next = self.zero.val();
        if self.sum.q.val().get_bit(66) {
            self.offset.next = self.minus_e.val();
        } else if self.sum.q.val().get_bit(65) {
            self.offset.next = self.two_e.val();
        } else if self.sum.q.val().get_bit(64) {
            self.offset.next = self.e.val();
        }
        self.corrected.next =
            bit_cast::<65, 64>(self.sum.q.val().get_bits::<64>(0)) + self.offset.val();
        self.value.d.next = self.corrected.val().get_bits::<64>(0);
        if self.corrected.val().get_bit(64)
            & self.sum.q.val().get_bit(64)
            & !self.sum.q.val().get_bit(66)
        {
            self.value.d.next =
                self.sum.q.val().get_bits::<64>(0) + self.two_e.val().get_bits::<64>(0);
        }
        self.word.next = self.value.q.val();
    }
}

<<<<<<< HEAD
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
=======
//! A lazy residue, plus a word, as one 64-bit word modulo q.
//!
//! `residue` is x, any 72 bits two's complement; `addend` is A, any 64 bits (a constant zero costs
//! nothing). `result` is congruent to x + A modulo q: any 64 bits, not canonical.
//!
//! With [`Excess`], s = L + A + term + negative is congruent to x + A, or to x + A + E for x >= 0.
//! Let g = floor(s / 2^64); s - g q = (s mod 2^64) + g E, so the answer is (s mod 2^64) + m E with
//!
//! - x < 0: s in (-2^40, 2^65 - 2^32), g in {-1, 0, 1}, m = g;
//! - x >= 0: s in [E, 2^65 + 2^39), g in {0, 1, 2}, m = g - 1.
//!
//! It never leaves [0, 2^64). For m = -1, s mod 2^64 is at least E: for x < 0 it is above
//! 2^64 - 2^40, for x >= 0 it is s itself. For m = 1 it is below 2^64 - E: s < 2^65 - 2^32 or
//! s - 2^65 < 2^39. So the one E that `term` is too large is what saves a second fold.
//!
//! Timing: edge 1 registers s (one 66-bit adder of three operands), edge 2 the answer (one 64-bit
//! adder). Latency 2. No valid bits: a control chain beside the lanes carries them.

use super::{E, Excess};
use rust_hdl::prelude::*;

/// A 64-bit word congruent to `residue` + `addend`.
>>>>>>> front
#[derive(LogicBlock)]
pub struct Normalise {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
<<<<<<< HEAD
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
=======
    /// x, two's complement.
    pub residue: Signal<In, Bits<72>>,
    /// A.
    pub addend: Signal<In, Bits<64>>,
    /// x + A mod q as any 64 bits, of [`Normalise::LATENCY`] edges ago.
    pub result: Signal<Out, Bits<64>>,
    excess: Excess,
    low: Signal<Local, Bits<64>>,
    /// The term, sign extended.
    term: Signal<Local, Bits<66>>,
    /// m E modulo 2^64.
    multiple: Signal<Local, Bits<64>>,
    /// s, two's complement, modulo 2^66.
    sum: DFF<Bits<66>>,
    negative: DFF<Bit>,
    value: DFF<Bits<64>>,
    sign_bits: Constant<Bits<66>>,
    zero: Constant<Bits<64>>,
    e: Constant<Bits<64>>,
    minus_e: Constant<Bits<64>>,
}

impl Normalise {
    /// Rising edges from `residue` and `addend` to `result`.
>>>>>>> front
    pub const LATENCY: usize = 2;
}

impl Default for Normalise {
    fn default() -> Self {
<<<<<<< HEAD
        let e: Bits<65> = E.into();
=======
>>>>>>> front
        Self {
            clock: Default::default(),
            residue: Default::default(),
            addend: Default::default(),
<<<<<<< HEAD
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
=======
            result: Default::default(),
            excess: Default::default(),
            low: Default::default(),
            term: Default::default(),
            multiple: Default::default(),
            sum: Default::default(),
            negative: Default::default(),
            value: Default::default(),
            sign_bits: Constant::new((3_u128 << 64).to_bits()),
            zero: Constant::new(Default::default()),
            e: Constant::new(E.into()),
            minus_e: Constant::new(E.wrapping_neg().into()),
>>>>>>> front
        }
    }
}

impl Logic for Normalise {
    #[hdl_gen]
    fn update(&mut self) {
<<<<<<< HEAD
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
=======
        dff_setup!(self, clock, sum, negative, value);
        self.excess.residue.next = self.residue.val();
        self.low.next = self.residue.val().get_bits::<64>(0);
        self.term.next = bit_cast::<66, 64>(self.excess.term.val());
        if self.excess.negative.val() {
            self.term.next = bit_cast::<66, 64>(self.excess.term.val()) | self.sign_bits.val();
        }
        self.sum.d.next = bit_cast::<66, 64>(self.low.val())
            + bit_cast::<66, 64>(self.addend.val())
            + self.term.val()
            + self.excess.negative.val();
        self.negative.d.next = self.excess.negative.val();

        self.multiple.next = self.zero.val();
        if self.negative.q.val() {
            if self.sum.q.val().get_bit(65) {
                self.multiple.next = self.minus_e.val();
            } else if self.sum.q.val().get_bit(64) {
                self.multiple.next = self.e.val();
            }
        } else if self.sum.q.val().get_bit(65) {
            self.multiple.next = self.e.val();
        } else if !self.sum.q.val().get_bit(64) {
            self.multiple.next = self.minus_e.val();
        }
        self.value.d.next = self.sum.q.val().get_bits::<64>(0) + self.multiple.val();
        self.result.next = self.value.q.val();
>>>>>>> front
    }
}

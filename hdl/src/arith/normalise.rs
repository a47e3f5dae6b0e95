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
#[derive(LogicBlock)]
pub struct Normalise {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
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
    pub const LATENCY: usize = 2;
}

impl Default for Normalise {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            residue: Default::default(),
            addend: Default::default(),
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
        }
    }
}

impl Logic for Normalise {
    #[hdl_gen]
    fn update(&mut self) {
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
    }
}

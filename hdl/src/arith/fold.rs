//! Folding a number of up to 160 bits modulo q: +-(lo + 2^64 mid + 2^96 hi).
//!
//! 2^64 = E = 2^32 - 1 and 2^96 = -1 modulo q, so the number is congruent to lo - hi + mid E. The
//! negative is congruent to hi - lo + (q - mid E). Both are a difference of two 64-bit words plus a
//! 64-bit word m, and complementing operands under `negate` makes them one circuit:
//!
//! - difference: (lo ^ n) + (hi ^ ~n) + 1, n being `negate` repeated;
//! - m: mid E = mid 2^32 + (2^64 - 2^32) + ~mid + 1 modulo 2^64, and
//!   q - mid E = ~mid 2^32 + mid + 1 (~ complements 32 bits).
//!
//! Ranges: `lo` any 64 bits and `hi` in [0, q] with `negate` low, or in [0, q) with it high. Then
//! m lies in [0, (2^32 - 1)^2] or [2^32, q], and the sum in [-q, 2q), the range that [`Correct`]
//! takes. `result` is in [0, q).
//!
//! Timing: edge 1 registers difference and m, edge 2 their sum, edge 3 is [`Correct`]. Latency 3.

use super::Correct;
use rust_hdl::prelude::*;

/// +-(lo + 2^64 mid + 2^96 hi) mod q.
#[derive(LogicBlock)]
pub struct Fold {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The operands are there.
    pub valid_in: Signal<In, Bit>,
    /// Bits 0 to 63 of the number: any value.
    pub lo: Signal<In, Bits<64>>,
    /// Bits 64 to 95 of the number: any value.
    pub mid: Signal<In, Bits<32>>,
    /// Bits 96 to 159 of the number: below q.
    pub hi: Signal<In, Bits<64>>,
    /// Answer with the negative.
    pub negate: Signal<In, Bit>,
    /// `result` holds the answer to the operands that entered [`Fold::LATENCY`] edges ago.
    pub valid_out: Signal<Out, Bit>,
    /// The number, or its negative, mod q, in [0, q).
    pub result: Signal<Out, Bits<64>>,
    /// `negate`, repeated.
    flip: Signal<Local, Bits<66>>,
    /// The complement of `flip`.
    keep: Signal<Local, Bits<66>>,
    /// Upper and lower 32 bits of m's first summand and lower 32 bits of its second.
    first_upper: Signal<Local, Bits<32>>,
    second_upper: Signal<Local, Bits<32>>,
    second_lower: Signal<Local, Bits<32>>,
    /// The valid bits of the first two stages, the youngest in bit 0.
    valid: DFF<Bits<2>>,
    /// lo - hi or hi - lo, two's complement, in (-2^64, 2^64).
    difference: DFF<Bits<66>>,
    /// m: mid E or q - mid E, in [0, q].
    middle: DFF<Bits<64>>,
    /// difference + m, two's complement, in [-q, 2q).
    sum: DFF<Bits<66>>,
    correct: Correct,
    zeros: Constant<Bits<66>>,
    ones: Constant<Bits<66>>,
}

impl Fold {
    /// Rising edges from `valid_in` to `valid_out`.
    pub const LATENCY: usize = 2 + Correct::LATENCY;
}

impl Default for Fold {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            lo: Default::default(),
            mid: Default::default(),
            hi: Default::default(),
            negate: Default::default(),
            valid_out: Default::default(),
            result: Default::default(),
            flip: Default::default(),
            keep: Default::default(),
            first_upper: Default::default(),
            second_upper: Default::default(),
            second_lower: Default::default(),
            valid: Default::default(),
            difference: Default::default(),
            middle: Default::default(),
            sum: Default::default(),
            correct: Default::default(),
            zeros: Constant::new(Default::default()),
            ones: Constant::new(Bits::mask()),
        }
    }
}

impl Logic for Fold {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, difference, middle, sum);
        self.valid.d.next = self.valid.q.val() << 1;
        if self.valid_in.val() {
            self.valid.d.next = (self.valid.q.val() << 1) | 1;
        }
        self.flip.next = self.zeros.val();
        self.keep.next = self.ones.val();
        if self.negate.val() {
            self.flip.next = self.ones.val();
            self.keep.next = self.zeros.val();
        }

        self.difference.d.next = (bit_cast::<66, 64>(self.lo.val()) ^ self.flip.val())
            + (bit_cast::<66, 64>(self.hi.val()) ^ self.keep.val())
            + 1;
        self.first_upper.next = self.mid.val() ^ self.flip.val().get_bits::<32>(0);
        self.second_upper.next = self.keep.val().get_bits::<32>(0);
        self.second_lower.next = self.mid.val() ^ self.keep.val().get_bits::<32>(0);
        self.middle.d.next = (bit_cast::<64, 32>(self.first_upper.val()) << 32)
            + ((bit_cast::<64, 32>(self.second_upper.val()) << 32)
                | bit_cast::<64, 32>(self.second_lower.val()))
            + 1;

        self.sum.d.next = self.difference.q.val() + bit_cast::<66, 64>(self.middle.q.val());

        self.correct.clock.next = self.clock.val();
        self.correct.valid_in.next = self.valid.q.val().get_bit(1);
        self.correct.sum.next = self.sum.q.val();
        self.valid_out.next = self.correct.valid_out.val();
        self.result.next = self.correct.result.val();
    }
}

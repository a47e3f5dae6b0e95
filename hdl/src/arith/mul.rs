//! The modular multiplier: [`MulLazy`] and one more reduction.
//!
//! `x`, `y` any 64 bits; `result` = x * y mod q, in [0, q). [`MulLazy`] answers with
//! v = low + 2^64 high, high signed and at most 8 in absolute value. 2^64 = 2^32 - 1 modulo q, so
//! low + 2^32 high - high is congruent, and lies in (-2^36, 2^64 + 2^36): [`Correct`] takes that.
//!
//! Timing: edges 1 to 4 are [`MulLazy`], edge 5 folds, edge 6 is [`Correct`]. Latency 6.

use super::{Correct, MulLazy};
use rust_hdl::prelude::*;

/// x * y mod q.
#[derive(LogicBlock)]
pub struct MulMod {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `x` and `y` hold operands.
    pub valid_in: Signal<In, Bit>,
    /// First factor: any 64 bits.
    pub x: Signal<In, Bits<64>>,
    /// Second factor: any 64 bits.
    pub y: Signal<In, Bits<64>>,
    /// `result` holds the answer to the operands that entered [`MulMod::LATENCY`] edges ago.
    pub valid_out: Signal<Out, Bit>,
    /// x * y mod q, in [0, q).
    pub result: Signal<Out, Bits<64>>,
    /// floor(v / 2^64), sign-extended.
    high: Signal<Local, Bits<66>>,
    /// The valid bits of the first five stages, the youngest in bit 0.
    valid: DFF<Bits<5>>,
    lazy: MulLazy,
    /// low + 2^32 high - high, two's complement, in [-q, 2q).
    folded: DFF<Bits<66>>,
    correct: Correct,
    /// The sign bits above an 8-bit number.
    sign: Constant<Bits<66>>,
}

impl MulMod {
    /// Rising edges from `valid_in` to `valid_out`.
    pub const LATENCY: usize = MulLazy::LATENCY + 1 + Correct::LATENCY;
}

impl Default for MulMod {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            x: Default::default(),
            y: Default::default(),
            valid_out: Default::default(),
            result: Default::default(),
            high: Default::default(),
            valid: Default::default(),
            lazy: Default::default(),
            folded: Default::default(),
            correct: Default::default(),
            sign: Constant::new(Bits::mask() << 8),
        }
    }
}

impl Logic for MulMod {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, folded);
        self.valid.d.next = self.valid.q.val() << 1;
        if self.valid_in.val() {
            self.valid.d.next = (self.valid.q.val() << 1) | 1;
        }
        self.lazy.clock.next = self.clock.val();
        self.lazy.x.next = self.x.val();
        self.lazy.y.next = self.y.val();

        self.high.next = bit_cast::<66, 8>(self.lazy.result.val().get_bits::<8>(64));
        if self.lazy.result.val().get_bit(71) {
            self.high.next =
                bit_cast::<66, 8>(self.lazy.result.val().get_bits::<8>(64)) | self.sign.val();
        }
        self.folded.d.next = bit_cast::<66, 64>(self.lazy.result.val().get_bits::<64>(0))
            + (self.high.val() << 32)
            - self.high.val();

        self.correct.clock.next = self.clock.val();
        self.correct.valid_in.next = self.valid.q.val().get_bit(4);
        self.correct.sum.next = self.folded.q.val();
        self.valid_out.next = self.correct.valid_out.val();
        self.result.next = self.correct.result.val();
    }
}

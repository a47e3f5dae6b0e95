//! The signed gadget decomposition: one digit of a word mod 2^64 a cycle, digit for digit that of
//! tfhe-rs.
//!
//! | unit | computes | latency |
//! |---|---|---|
//! | [`Decompose`] | a digit, from the parameters themselves | 3 |
//! | [`Constants`] | what all lanes need of the parameters; once for any number of lanes | static |
//! | [`Lane`] | a digit, from those constants | 3 |
//!
//! Parameters: b = `base_log` in 1..=31, B = 2^b, l = `level_count` in 1..=3, b l <= 62. The word
//! x is rounded to its top r = b l bits, ties up, U = floor((x + 2^(63-r)) / 2^(64-r)) in
//! [0, 2^r], and made signed: U - 2^r if U > 2^(r-1), or if U = 2^(r-1) came from rounding up.
//! Digits are cut off from the least significant end; a digit above B/2 becomes negative and
//! carries into the next, and one of exactly B/2 does so if the top bit of the next is set.
//!
//! # One addition for rounding and carries
//!
//! Let H = B/2 - 1. Adding H at each digit but the last makes a digit above B/2 carry by itself.
//! The rounding constant joins in: x + 2^(63-r) + sum_i H 2^(64-r+bi) is x + offset, with
//!
//! offset = 2^(63-b) - 2^(63-2b) - 2^(63-3b) (as many terms as levels).
//!
//! Let F_i be the digits' fields of the sum and its bits from 64 - b on F_(l-1), one bit more than
//! the others. Without ties, digit i is F_i - H and the last F_(l-1), minus B if x is negative.
//! A tie is F_i all ones. It carries, once more, if the top bit t_i of the next digit is set, or
//! if a tie below carries into it; then the carry f_i = F_i all ones and (t_i or f_(i-1)), and
//!
//! digit i = F_i - H + f_(i-1) - f_i B; last = F_(l-1) + f_(l-2) - B negative.
//!
//! The next digit is the last one: t_i is bit 63 of the sum, which no carry has reached. Else its
//! field holds t + H, no carry from below, and t >= B/2 if the field's top bit is what the AND of
//! its other bits is. x is negative if bit 63 is set and one of bits 63-r to 62, or if it is clear
//! and all of those are set: so the rounding bit decides at the half.

mod constants;
mod lane;

pub use constants::Constants;
pub use lane::Lane;

use rust_hdl::prelude::*;

/// A signed gadget digit of a word.
#[derive(LogicBlock, Default)]
pub struct Decompose {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// b; static for [`Constants::SETTLING`] edges before the first `x` and while words are inside.
    pub base_log: Signal<In, Bits<5>>,
    /// l; static likewise.
    pub level_count: Signal<In, Bits<2>>,
    /// The word.
    pub x: Signal<In, Bits<64>>,
    /// Which digit of `x`, below l; 0 is the least significant one, the first of a key's rows.
    pub level: Signal<In, Bits<2>>,
    /// The digit, two's complement, of the word that entered [`Decompose::LATENCY`] edges ago.
    pub digit: Signal<Out, Bits<72>>,
    constants: Constants,
    lane: Lane,
}

impl Decompose {
    /// Rising edges from `x` and `level` to `digit`.
    pub const LATENCY: usize = Lane::LATENCY;
}

impl Logic for Decompose {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, constants, lane);
        self.constants.base_log.next = self.base_log.val();
        self.constants.level_count.next = self.level_count.val();
        self.lane.offset.next = self.constants.offset.val();
        self.lane.below_sign.next = self.constants.below_sign.val();
        self.lane.field_0.next = self.constants.field_0.val();
        self.lane.field_1_low.next = self.constants.field_1_low.val();
        self.lane.field_1_top.next = self.constants.field_1_top.val();
        self.lane.shift_0.next = self.constants.shift_0.val();
        self.lane.shift_1.next = self.constants.shift_1.val();
        self.lane.shift_2.next = self.constants.shift_2.val();
        self.lane.digit_mask.next = self.constants.digit_mask.val();
        self.lane.minus_half.next = self.constants.minus_half.val();
        self.lane.minus_base.next = self.constants.minus_base.val();
        self.lane.minus_both.next = self.constants.minus_both.val();
        self.lane.last_level.next = self.constants.last_level.val();
        self.lane.x.next = self.x.val();
        self.lane.level.next = self.level.val();
        self.digit.next = self.lane.digit.val();
    }
}

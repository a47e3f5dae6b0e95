//! The switch of a product back to the torus: from mod q to mod 2^64, one lane.
//!
//! `residue` is a lazy residue x, any 72 bits two's complement; `word` + `round_up` is
//! round(v 2^64 / q) mod 2^64 of v = x mod q in [0, q). q is odd, so there are no ties.
//!
//! # Without reducing first
//!
//! For v, the word is v + floor((v + 2^31 - 1) / 2^32). Put v = x - m q, m = floor(x / q): as
//! q = 2^64 - 2^32 + 1, q / 2^32 is an integer and 2^-32, and the word is, modulo 2^64,
//!
//! x + floor((x + 2^31 - 1 - m) / 2^32) = x + floor(x / 2^32) + r,
//!
//! r = 1 if x mod 2^32 > 2^31 + m, else 0. So x is not reduced; m matters only as the threshold of
//! the rounding. With x = L + 2^64 H = L + H E + H q (H the top 8 bits, E = 2^32 - 1) and c the
//! carry of L + term + negative (see [`Excess`]) into bit 64,
//!
//! - H >= 0: c says whether L + (H + 1) E >= 2^64, that is L + H E >= q; m = H + c;
//! - H < 0: c says whether L + H E >= 0, and L + H E < q always; m = H - 1 + c.
//!
//! Both values of r, for c = 0 and c = 1, are carries of 33-bit sums that do not wait for c.
//!
//! Timing: edge 1 registers x + floor(x / 2^32), c and both r, each from one adder of at most 65
//! bits; r is chosen by c behind it. Latency 1. Whoever adds the word to something takes r as its
//! carry. No valid bits: a control chain beside the lanes carries them.

use crate::arith::Excess;
use rust_hdl::prelude::*;

/// round(v 2^64 / q) mod 2^64 of v = `residue` mod q.
#[derive(LogicBlock)]
pub struct SwitchModulus {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// x, two's complement.
    pub residue: Signal<In, Bits<72>>,
    /// With `round_up`, the word of the `residue` that entered [`SwitchModulus::LATENCY`] edges ago.
    pub word: Signal<Out, Bits<64>>,
    /// The word is one more.
    pub round_up: Signal<Out, Bit>,
    excess: Excess,
    low: Signal<Local, Bits<64>>,
    low_half: Signal<Local, Bits<32>>,
    high_half: Signal<Local, Bits<32>>,
    /// x / 2^32, rounded down, modulo 2^64.
    quotient: Signal<Local, Bits<64>>,
    /// 2^31 - 1 - H.
    threshold: Signal<Local, Bits<32>>,
    /// Their top bits are c and r for c = 0 and c = 1.
    carry_sum: Signal<Local, Bits<65>>,
    first_sum: Signal<Local, Bits<33>>,
    second_sum: Signal<Local, Bits<33>>,
    /// x + floor(x / 2^32) modulo 2^64.
    truncated: DFF<Bits<64>>,
    carry: DFF<Bit>,
    first: DFF<Bit>,
    second: DFF<Bit>,
    half: Constant<Bits<32>>,
}

impl SwitchModulus {
    /// Rising edges from `residue` to `word` and `round_up`.
    pub const LATENCY: usize = 1;
}

impl Default for SwitchModulus {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            residue: Default::default(),
            word: Default::default(),
            excess: Default::default(),
            low: Default::default(),
            low_half: Default::default(),
            high_half: Default::default(),
            quotient: Default::default(),
            threshold: Default::default(),
            carry_sum: Default::default(),
            first_sum: Default::default(),
            second_sum: Default::default(),
            round_up: Default::default(),
            truncated: Default::default(),
            carry: Default::default(),
            first: Default::default(),
            second: Default::default(),
            half: Constant::new(0x8000_0000.into()),
        }
    }
}

impl Logic for SwitchModulus {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, truncated, carry, first, second);
        self.excess.residue.next = self.residue.val();
        self.low.next = self.residue.val().get_bits::<64>(0);
        self.low_half.next = self.residue.val().get_bits::<32>(0);
        self.high_half.next = self.residue.val().get_bits::<32>(32);
        self.quotient.next = (bit_cast::<64, 32>(self.excess.extended.val()) << 32)
            | bit_cast::<64, 32>(self.high_half.val());
        self.truncated.d.next = self.low.val() + self.quotient.val();

        self.carry_sum.next = bit_cast::<65, 64>(self.low.val())
            + bit_cast::<65, 64>(self.excess.term.val())
            + self.excess.negative.val();
        self.carry.d.next = self.carry_sum.val().get_bit(64);

        // x mod 2^32 > 2^31 + H - negative, and the same with one more.
        self.threshold.next = self.excess.complement.val() ^ self.half.val();
        self.first_sum.next = bit_cast::<33, 32>(self.low_half.val())
            + bit_cast::<33, 32>(self.threshold.val())
            + self.excess.negative.val();
        self.second_sum.next = bit_cast::<33, 32>(self.low_half.val())
            + bit_cast::<33, 32>(self.threshold.val())
            + self.excess.negative.val()
            - 1;
        self.first.d.next = self.first_sum.val().get_bit(32);
        self.second.d.next = self.second_sum.val().get_bit(32);

        self.round_up.next = self.first.q.val();
        if self.carry.q.val() {
            self.round_up.next = self.second.q.val();
        }
        self.word.next = self.truncated.q.val();
    }
}

//! Addition modulo q.
//!
//! `a`, `b` in [0, q); `result` = a + b mod q, in [0, q). Two operands in [q, 2^64) are allowed
//! too as long as a + b < 2q.
//!
//! Timing: edge 1 registers the 65-bit sum, in [0, 2q); edge 2 is [`Correct`]. Latency 2.

use super::Correct;
use rust_hdl::prelude::*;

/// a + b mod q.
#[derive(LogicBlock, Default)]
pub struct AddMod {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `a` and `b` hold operands.
    pub valid_in: Signal<In, Bit>,
    /// First summand, below q.
    pub a: Signal<In, Bits<64>>,
    /// Second summand, below q.
    pub b: Signal<In, Bits<64>>,
    /// `result` holds the answer to the operands that entered [`AddMod::LATENCY`] edges ago.
    pub valid_out: Signal<Out, Bit>,
    /// a + b mod q, in [0, q).
    pub result: Signal<Out, Bits<64>>,
    valid: DFF<Bit>,
    /// a + b, in [0, 2q).
    sum: DFF<Bits<66>>,
    correct: Correct,
}

impl AddMod {
    /// Rising edges from `valid_in` to `valid_out`.
    pub const LATENCY: usize = 1 + Correct::LATENCY;
}

impl Logic for AddMod {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, sum);
        self.valid.d.next = self.valid_in.val();
        self.sum.d.next = bit_cast::<66, 64>(self.a.val()) + bit_cast::<66, 64>(self.b.val());
        self.correct.clock.next = self.clock.val();
        self.correct.valid_in.next = self.valid.q.val();
        self.correct.sum.next = self.sum.q.val();
        self.valid_out.next = self.correct.valid_out.val();
        self.result.next = self.correct.result.val();
    }
}

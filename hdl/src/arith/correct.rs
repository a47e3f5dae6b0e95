//! The last step of a modular operation: one conditional addition or subtraction of q.
//!
//! Input `sum` is a 66-bit two's complement number s in [-q, 2q); `result` is s mod q in [0, q).
//! With E = 2^64 - q, modulo 2^64: s + q = s - E and s - q = s + E. So one adder serves both
//! corrections: its constant operand is -E for a negative s and E otherwise. Whether its output is
//! the answer does not wait for its carry: a non-negative s is at least q = 2^64 - 2^32 + 1 if and
//! only if bit 64 is set, or bits 32 to 63 all are and any bit below.
//!
//! Timing: one 64-bit adder and one multiplexer before the output register. Latency 1.

use super::E;
use rust_hdl::prelude::*;

/// s mod q for s in [-q, 2q).
#[derive(LogicBlock)]
pub struct Correct {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `sum` holds a number.
    pub valid_in: Signal<In, Bit>,
    /// s, two's complement, -q <= s < 2q.
    pub sum: Signal<In, Bits<66>>,
    /// `result` holds the answer to the `sum` that entered one edge ago.
    pub valid_out: Signal<Out, Bit>,
    /// s mod q, in [0, q).
    pub result: Signal<Out, Bits<64>>,
    /// E or -E, modulo 2^64.
    offset: Signal<Local, Bits<64>>,
    /// s + offset, modulo 2^64.
    corrected: Signal<Local, Bits<64>>,
    /// Bits 0 to 63 of s are at least q.
    above: Signal<Local, Bit>,
    valid: DFF<Bit>,
    value: DFF<Bits<64>>,
    e: Constant<Bits<64>>,
    minus_e: Constant<Bits<64>>,
}

impl Correct {
    /// Rising edges from `valid_in` to `valid_out`.
    pub const LATENCY: usize = 1;
}

impl Default for Correct {
    fn default() -> Self {
        let e: Bits<64> = E.into();
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            sum: Default::default(),
            valid_out: Default::default(),
            result: Default::default(),
            offset: Default::default(),
            corrected: Default::default(),
            above: Default::default(),
            valid: Default::default(),
            value: Default::default(),
            e: Constant::new(e),
            minus_e: Constant::new(Bits::<64>::default() - e),
        }
    }
}

impl Logic for Correct {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, value);
        self.offset.next = self.e.val();
        if self.sum.val().get_bit(65) {
            self.offset.next = self.minus_e.val();
        }
        self.corrected.next = self.sum.val().get_bits::<64>(0) + self.offset.val();
        self.above.next =
            self.sum.val().get_bits::<32>(32).all() & self.sum.val().get_bits::<32>(0).any();
        self.value.d.next = self.sum.val().get_bits::<64>(0);
        if self.sum.val().get_bit(65) | self.sum.val().get_bit(64) | self.above.val() {
            self.value.d.next = self.corrected.val();
        }
        self.result.next = self.value.q.val();
        self.valid.d.next = self.valid_in.val();
        self.valid_out.next = self.valid.q.val();
    }
}

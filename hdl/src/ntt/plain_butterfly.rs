//! A pair of lanes in a stage whose factor is 1 in every cycle: a + b and a - b.
//!
//! Results grow by one bit.
//!
//! With `enable` low, a and b pass: the polynomial has no such stage.
//!
//! Timing: latency 1.

use crate::arith::Lazy;
use rust_hdl::prelude::*;

/// sum = a + b, difference = a - b.
#[derive(LogicBlock, Default)]
pub struct PlainButterfly {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Compute; otherwise pass.
    pub enable: Signal<In, Bit>,
    /// The lane with the index bit clear.
    pub a: Signal<In, Lazy>,
    /// The lane with the index bit set.
    pub b: Signal<In, Lazy>,
    /// a + b.
    pub sum: Signal<Out, Lazy>,
    /// a - b.
    pub difference: Signal<Out, Lazy>,
    sum_register: DFF<Lazy>,
    difference_register: DFF<Lazy>,
}

impl PlainButterfly {
    /// Rising edges from operands to results.
    pub const LATENCY: usize = 1;
}

impl Logic for PlainButterfly {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum_register, difference_register);
        self.sum_register.d.next = self.a.val();
        self.difference_register.d.next = self.b.val();
        if self.enable.val() {
            self.sum_register.d.next = self.a.val() + self.b.val();
            self.difference_register.d.next = self.a.val() - self.b.val();
        }
        self.sum.next = self.sum_register.q.val();
        self.difference.next = self.difference_register.q.val();
    }
}

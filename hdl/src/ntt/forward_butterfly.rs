//! A pair of lanes of the forward transform (Cooley and Tukey): a + w b and a - w b, w = 8^index.
//!
//! Ranges: with the product of [`ShiftFold`], six stages, the first of them plain, after factors below
//! 2^67, or five after digits of 31 bits, stay below 2^70.
//!
//! With `enable` low, a and b pass: the polynomial has no such stage.
//!
//! Timing: [shift,] fold, add. Latency 2, one more with a register in the shifter.

use super::arrangement::INDEX_BITS;
use super::shift_fold::ShiftFold;
use crate::arith::Lazy;
use crate::memory::OptionalRegister;
use rust_hdl::prelude::*;

/// sum = a + b 8^index, difference = a - b 8^index.
#[derive(LogicBlock)]
pub struct ForwardButterfly {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Compute; otherwise pass.
    pub enable: Signal<In, Bit>,
    /// Which power of 8.
    pub index: Signal<In, Bits<INDEX_BITS>>,
    /// The lane with the index bit clear.
    pub a: Signal<In, Lazy>,
    /// The lane with the index bit set.
    pub b: Signal<In, Lazy>,
    /// a + w b.
    pub sum: Signal<Out, Lazy>,
    /// a - w b.
    pub difference: Signal<Out, Lazy>,
    product: ShiftFold,
    a_early: OptionalRegister<72>,
    b_early: OptionalRegister<72>,
    /// What the product is added to and subtracted from.
    a_sum: DFF<Lazy>,
    a_difference: DFF<Lazy>,
    sum_register: DFF<Lazy>,
    difference_register: DFF<Lazy>,
}

impl ForwardButterfly {
    /// `shift_register`: the index changes from cycle to cycle.
    #[must_use]
    pub fn new(shift_register: bool) -> Self {
        Self {
            clock: Default::default(),
            enable: Default::default(),
            index: Default::default(),
            a: Default::default(),
            b: Default::default(),
            sum: Default::default(),
            difference: Default::default(),
            product: ShiftFold::new(shift_register),
            a_early: OptionalRegister::new(shift_register),
            b_early: OptionalRegister::new(shift_register),
            a_sum: Default::default(),
            a_difference: Default::default(),
            sum_register: Default::default(),
            difference_register: Default::default(),
        }
    }

    /// Rising edges from operands to results.
    #[must_use]
    pub const fn latency(shift_register: bool) -> usize {
        2 + shift_register as usize
    }
}

impl Logic for ForwardButterfly {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            a_sum,
            a_difference,
            sum_register,
            difference_register
        );
        self.product.clock.next = self.clock.val();
        self.a_early.clock.next = self.clock.val();
        self.b_early.clock.next = self.clock.val();
        self.product.x.next = self.b.val();
        self.product.index.next = self.index.val();
        self.product.negate.next = false;
        self.a_early.d.next = self.a.val();
        self.b_early.d.next = self.b.val();
        self.a_sum.d.next = self.a_early.q.val();
        self.a_difference.d.next = self.b_early.q.val();
        if self.enable.val() {
            self.a_difference.d.next = self.a_early.q.val();
        }
        self.sum_register.d.next = self.a_sum.q.val();
        self.difference_register.d.next = self.a_difference.q.val();
        if self.enable.val() {
            self.sum_register.d.next = self.a_sum.q.val() + self.product.product.val();
            self.difference_register.d.next =
                self.a_difference.q.val() - self.product.product.val();
        }
        self.sum.next = self.sum_register.q.val();
        self.difference.next = self.difference_register.q.val();
    }
}

//! A pair of lanes of the inverse transform (Gentleman and Sande): a + b and (a - b) / w, w = 8^index.
//!
//! 1 / w is -8^(32 - index): b - a is what is multiplied, and negated if the index is 0. The sum is
//! brought back to 2^64 + 2^40 by 2^64 = 2^32 - 1.
//!
//! Ranges: operands below 2^70. Sums lie within 2^64 + 2^40, differences d with |d| <= 2^64 + 2^33 +
//! |a - b| / 8: below 2^68.3 in a first stage, below 2^66 from the third on.
//!
//! With `enable` low, a and b pass, as residues: the polynomial has no such stage.
//!
//! Timing: add, [shift,] fold. Latency 2, one more with a register in the shifter.

use super::arrangement::INDEX_BITS;
use super::shift_fold::ShiftFold;
use crate::arith::Lazy;
use crate::memory::OptionalRegister;
use rust_hdl::prelude::*;

/// sum = a + b, difference = (a - b) / 8^index.
#[derive(LogicBlock)]
pub struct InverseButterfly {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Compute; otherwise pass.
    pub enable: Signal<In, Bit>,
    /// Which power of 8 to divide by.
    pub index: Signal<In, Bits<INDEX_BITS>>,
    /// The lane with the index bit clear.
    pub a: Signal<In, Lazy>,
    /// The lane with the index bit set.
    pub b: Signal<In, Lazy>,
    /// a + b.
    pub sum: Signal<Out, Lazy>,
    /// (a - b) / w.
    pub difference: Signal<Out, Lazy>,
    /// a + b and b - a, or a and b.
    total: DFF<Lazy>,
    gap: DFF<Lazy>,
    /// Minus the index modulo 32.
    complement: DFF<Bits<INDEX_BITS>>,
    /// The index is 0.
    negate: DFF<Bit>,
    product: ShiftFold,
    total_early: OptionalRegister<72>,
    /// The sum's upper 8 bits, sign-extended.
    top: Signal<Local, Lazy>,
    reduced: DFF<Lazy>,
    top_sign: Constant<Lazy>,
    zero: Constant<Bits<INDEX_BITS>>,
}

impl InverseButterfly {
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
            total: Default::default(),
            gap: Default::default(),
            complement: Default::default(),
            negate: Default::default(),
            product: ShiftFold::new(shift_register),
            total_early: OptionalRegister::new(shift_register),
            top: Default::default(),
            reduced: Default::default(),
            top_sign: Constant::new(Lazy::mask() << 8),
            zero: Constant::new(Default::default()),
        }
    }

    /// Rising edges from operands to results.
    #[must_use]
    pub const fn latency(shift_register: bool) -> usize {
        2 + shift_register as usize
    }
}

impl Logic for InverseButterfly {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, total, gap, complement, negate, reduced);
        self.product.clock.next = self.clock.val();
        self.total_early.clock.next = self.clock.val();

        self.total.d.next = self.a.val();
        self.gap.d.next = self.b.val();
        self.complement.d.next = self.zero.val();
        if self.enable.val() {
            self.total.d.next = self.a.val() + self.b.val();
            self.gap.d.next = self.b.val() - self.a.val();
            self.complement.d.next = self.zero.val() - self.index.val();
        }
        self.negate.d.next = self.enable.val() & (self.index.val() == 0);

        self.product.x.next = self.gap.q.val();
        self.product.index.next = self.complement.q.val();
        self.product.negate.next = self.negate.q.val();
        self.total_early.d.next = self.total.q.val();
        self.top.next = bit_cast::<72, 8>(self.total_early.q.val().get_bits::<8>(64));
        if self.total_early.q.val().get_bit(71) {
            self.top.next =
                bit_cast::<72, 8>(self.total_early.q.val().get_bits::<8>(64)) | self.top_sign.val();
        }
        self.reduced.d.next = bit_cast::<72, 64>(self.total_early.q.val().get_bits::<64>(0))
            + (self.top.val() << 32)
            - self.top.val();

        self.sum.next = self.reduced.q.val();
        self.difference.next = self.product.product.val();
    }
}

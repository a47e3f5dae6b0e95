//! One pair of lanes: sum and difference, with one side multiplied by 8^index, index below 32.
//!
//! A lazy residue x (72-bit two's complement) times 8^index is below 2^168. Its words give
//! x 8^index = L + 2^64 M + 2^96 H = (L + 2^32 M) - (M + H) = u - v modulo q, with L of 64 bits, M
//! of 32 and H signed. So the product costs two additions side by side and one more that the
//! butterfly's own addition takes in.
//!
//! [`ForwardButterfly`] (Cooley-Tukey): sum = a + w b, difference = a - w b.
//! |u - v| <= 2^65 + 2^32 + |b| / 8, so six stages, the first of them plain, after products below
//! 2^67, or five after digits of 31 bits, stay below 2^70.
//!
//! [`InverseButterfly`] (Gentleman-Sande): sum = a + b, difference = (a - b) / w. 1 / w is
//! -8^(32 - index): the sign exchanges the operands of the subtraction. The sum is brought back
//! to 2^64 + 2^40 by 2^64 = 2^32 - 1, so that results are below 2^69, from operands below 2^70,
//! and from the second stage on below 2^67.
//!
//! [`PlainButterfly`]: w = 1 in every cycle. Sum and difference, nothing else.
//!
//! With `enable` low, all pass a and b through, as residues: the polynomial has no such stage.
//!
//! Timing, each step between two registers: [shift, if the index changes from cycle to cycle,] shift
//! and fold, add; the inverse has an addition in front. Latency 2 or 3, one more with the shift; the plain one 1.

use super::arrangement::INDEX_BITS;
use crate::arith::Lazy;
use crate::memory::OptionalRegister;
use rust_hdl::prelude::*;

/// Bits after the first part of the shift, by 0, 3, .. 21.
const FINE: usize = 96;
/// Bits after the second, by 0, 24, 48 or 72.
const WIDE: usize = 168;

/// x 8^index as u - v.
#[derive(LogicBlock)]
pub(super) struct ShiftFold {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The number to multiply, |x| < 2^71.
    pub x: Signal<In, Lazy>,
    /// Which power of 8.
    pub index: Signal<In, Bits<INDEX_BITS>>,
    /// L + 2^32 M, in [0, 2^65).
    pub u: Signal<Out, Lazy>,
    /// M + H, two's complement.
    pub v: Signal<Out, Lazy>,
    extended: Signal<Local, Bits<FINE>>,
    by_3: Signal<Local, Bits<FINE>>,
    by_9: Signal<Local, Bits<FINE>>,
    fine: OptionalRegister<FINE>,
    rest: OptionalRegister<2>,
    fine_extended: Signal<Local, Bits<WIDE>>,
    by_24: Signal<Local, Bits<WIDE>>,
    wide: Signal<Local, Bits<WIDE>>,
    u_register: DFF<Lazy>,
    v_register: DFF<Lazy>,
    fine_sign: Constant<Bits<FINE>>,
    wide_sign: Constant<Bits<WIDE>>,
}

impl ShiftFold {
    /// With or without a register inside the shifter.
    fn new(shift_register: bool) -> Self {
        Self {
            clock: Default::default(),
            x: Default::default(),
            index: Default::default(),
            u: Default::default(),
            v: Default::default(),
            extended: Default::default(),
            by_3: Default::default(),
            by_9: Default::default(),
            fine: OptionalRegister::new(shift_register),
            rest: OptionalRegister::new(shift_register),
            fine_extended: Default::default(),
            by_24: Default::default(),
            wide: Default::default(),
            u_register: Default::default(),
            v_register: Default::default(),
            fine_sign: Constant::new(Bits::<FINE>::mask() << 72),
            wide_sign: Constant::new(Bits::<WIDE>::mask() << FINE as u64),
        }
    }
}

impl Logic for ShiftFold {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, u_register, v_register);
        self.fine.clock.next = self.clock.val();
        self.rest.clock.next = self.clock.val();

        self.extended.next = bit_cast::<FINE, 72>(self.x.val());
        if self.x.val().get_bit(71) {
            self.extended.next = bit_cast::<FINE, 72>(self.x.val()) | self.fine_sign.val();
        }
        self.by_3.next = self.extended.val();
        if self.index.val().get_bit(0) {
            self.by_3.next = self.extended.val() << 3;
        }
        self.by_9.next = self.by_3.val();
        if self.index.val().get_bit(1) {
            self.by_9.next = self.by_3.val() << 6;
        }
        self.fine.d.next = self.by_9.val();
        if self.index.val().get_bit(2) {
            self.fine.d.next = self.by_9.val() << 12;
        }
        self.rest.d.next = self.index.val().get_bits::<2>(3);

        self.fine_extended.next = bit_cast::<WIDE, FINE>(self.fine.q.val());
        if self.fine.q.val().get_bit(95) {
            self.fine_extended.next =
                bit_cast::<WIDE, FINE>(self.fine.q.val()) | self.wide_sign.val();
        }
        self.by_24.next = self.fine_extended.val();
        if self.rest.q.val().get_bit(0) {
            self.by_24.next = self.fine_extended.val() << 24;
        }
        self.wide.next = self.by_24.val();
        if self.rest.q.val().get_bit(1) {
            self.wide.next = self.by_24.val() << 48;
        }

        self.u_register.d.next = bit_cast::<72, 64>(self.wide.val().get_bits::<64>(0))
            + (bit_cast::<72, 32>(self.wide.val().get_bits::<32>(64)) << 32);
        self.v_register.d.next = self.wide.val().get_bits::<72>(96)
            + bit_cast::<72, 32>(self.wide.val().get_bits::<32>(64));
        self.u.next = self.u_register.q.val();
        self.v.next = self.v_register.q.val();
    }
}

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
            self.sum_register.d.next =
                self.a_sum.q.val() + self.product.u.val() - self.product.v.val();
            self.difference_register.d.next =
                self.a_difference.q.val() - self.product.u.val() + self.product.v.val();
        }
        self.sum.next = self.sum_register.q.val();
        self.difference.next = self.difference_register.q.val();
    }
}

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
    /// a + b and +-(a - b), or a and b.
    total: DFF<Lazy>,
    gap: DFF<Lazy>,
    /// Minus the index modulo 32.
    complement: DFF<Bits<INDEX_BITS>>,
    product: ShiftFold,
    total_early: OptionalRegister<72>,
    /// The sum's upper 8 bits, sign-extended.
    top: Signal<Local, Lazy>,
    reduced: DFF<Lazy>,
    sum_register: DFF<Lazy>,
    difference_register: DFF<Lazy>,
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
            product: ShiftFold::new(shift_register),
            total_early: OptionalRegister::new(shift_register),
            top: Default::default(),
            reduced: Default::default(),
            sum_register: Default::default(),
            difference_register: Default::default(),
            top_sign: Constant::new(Lazy::mask() << 8),
            zero: Constant::new(Default::default()),
        }
    }

    /// Rising edges from operands to results.
    #[must_use]
    pub const fn latency(shift_register: bool) -> usize {
        3 + shift_register as usize
    }
}

impl Logic for InverseButterfly {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            total,
            gap,
            complement,
            reduced,
            sum_register,
            difference_register
        );
        self.product.clock.next = self.clock.val();
        self.total_early.clock.next = self.clock.val();

        self.total.d.next = self.a.val();
        self.gap.d.next = self.b.val();
        self.complement.d.next = self.zero.val();
        if self.enable.val() {
            self.total.d.next = self.a.val() + self.b.val();
            self.gap.d.next = self.b.val() - self.a.val();
            self.complement.d.next = self.zero.val() - self.index.val();
            if self.index.val() == 0 {
                self.gap.d.next = self.a.val() - self.b.val();
            }
        }

        self.product.x.next = self.gap.q.val();
        self.product.index.next = self.complement.q.val();
        self.total_early.d.next = self.total.q.val();
        self.top.next = bit_cast::<72, 8>(self.total_early.q.val().get_bits::<8>(64));
        if self.total_early.q.val().get_bit(71) {
            self.top.next =
                bit_cast::<72, 8>(self.total_early.q.val().get_bits::<8>(64)) | self.top_sign.val();
        }
        self.reduced.d.next = bit_cast::<72, 64>(self.total_early.q.val().get_bits::<64>(0))
            + (self.top.val() << 32)
            - self.top.val();

        self.sum_register.d.next = self.reduced.q.val();
        self.difference_register.d.next = self.product.u.val() - self.product.v.val();
        self.sum.next = self.sum_register.q.val();
        self.difference.next = self.difference_register.q.val();
    }
}

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

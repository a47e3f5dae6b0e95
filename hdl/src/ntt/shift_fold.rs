//! A lazy residue times 8^index, index below 32, as a difference of two numbers.
//!
//! x 8^index is below 2^168. Its words give x 8^index = L + 2^64 M + 2^96 H = (L + 2^32 M) - (M + H)
//! = u - v modulo q, with L of 64 bits, M of 32 and H signed: |u - v| <= 2^65 + 2^32 + |x| / 8. Two
//! additions side by side; a third, u - v, is left to whoever adds anyway.
//!
//! Timing, between two registers each: [a part of the shift, if the index changes from cycle to
//! cycle,] shift and fold. Latency 1 or 2.

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
    pub(super) fn new(shift_register: bool) -> Self {
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

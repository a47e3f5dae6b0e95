//! A lazy residue times 8^index, index below 32, brought back to few bits.
//!
//! x 8^index is below 2^168. Its words are L of 64 bits, M of 32 and a signed H of 72; modulo q,
//!
//! ```text
//! x 8^index = L + 2^64 M + 2^96 H = L + 2^32 M - M - H
//!           = L + (2^32 M + (2^32 - 1 - M)) + (-1 - H) + 2 - 2^32
//!           = L + (2^32 M + (2^32 - 1 - M)) + (-1 - H) + 1 - 2^64       (less q)
//! ```
//!
//! so M is added and subtracted by one concatenation, -1 - H is H inverted, and -2^64 are ones above
//! L: three operands, which one row of full adders and one carry chain add up. The result p has
//! |p| <= 2^64 + 2^33 + |x| / 8.
//!
//! With `negate`, which index 0 alone allows, it is -x instead: x inverted, and 1 more.
//!
//! Timing, between two registers each: [the shift, if the index changes from cycle to cycle,] the
//! addition. Latency 1 or 2.

use super::arrangement::INDEX_BITS;
use crate::arith::Lazy;
use crate::memory::OptionalRegister;
use rust_hdl::prelude::*;

/// Bits of a lazy residue shifted by up to 93, and three for the sign.
const WIDE: usize = 168;

/// x 8^index or, with index 0, -x.
#[derive(LogicBlock)]
pub struct ShiftFold {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The number to multiply, |x| < 2^71.
    pub x: Signal<In, Lazy>,
    /// Which power of 8.
    pub index: Signal<In, Bits<INDEX_BITS>>,
    /// Take -x. The index is 0.
    pub negate: Signal<In, Bit>,
    /// The product.
    pub product: Signal<Out, Lazy>,
    operand: Signal<Local, Lazy>,
    extended: Signal<Local, Bits<WIDE>>,
    by_3: Signal<Local, Bits<WIDE>>,
    by_9: Signal<Local, Bits<WIDE>>,
    by_21: Signal<Local, Bits<WIDE>>,
    by_45: Signal<Local, Bits<WIDE>>,
    wide: OptionalRegister<WIDE>,
    one_more: OptionalRegister<1>,
    /// L below ones.
    low: Signal<Local, Lazy>,
    /// M above itself inverted.
    middle: Signal<Local, Lazy>,
    /// H inverted.
    high: Signal<Local, Lazy>,
    /// The full adders' results. The carries' lowest bit is free for `one_more`.
    sums: Signal<Local, Lazy>,
    carries: Signal<Local, Lazy>,
    product_register: DFF<Lazy>,
    sign: Constant<Bits<WIDE>>,
    ones_above: Constant<Lazy>,
    zero: Constant<Bits<1>>,
    one: Constant<Bits<1>>,
}

impl ShiftFold {
    /// With or without a register behind the shift.
    #[must_use]
    pub fn new(shift_register: bool) -> Self {
        Self {
            clock: Default::default(),
            x: Default::default(),
            index: Default::default(),
            negate: Default::default(),
            product: Default::default(),
            operand: Default::default(),
            extended: Default::default(),
            by_3: Default::default(),
            by_9: Default::default(),
            by_21: Default::default(),
            by_45: Default::default(),
            wide: OptionalRegister::new(shift_register),
            one_more: OptionalRegister::new(shift_register),
            low: Default::default(),
            middle: Default::default(),
            high: Default::default(),
            sums: Default::default(),
            carries: Default::default(),
            product_register: Default::default(),
            sign: Constant::new(Bits::<WIDE>::mask() << 72),
            ones_above: Constant::new(Lazy::mask() << 64),
            zero: Constant::new(Default::default()),
            one: Constant::new(1.into()),
        }
    }
}

impl Logic for ShiftFold {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, product_register);
        self.wide.clock.next = self.clock.val();
        self.one_more.clock.next = self.clock.val();

        self.operand.next = self.x.val();
        self.one_more.d.next = self.zero.val();
        if self.negate.val() {
            self.operand.next = !self.x.val();
            self.one_more.d.next = self.one.val();
        }
        self.extended.next = bit_cast::<WIDE, 72>(self.operand.val());
        if self.operand.val().get_bit(71) {
            self.extended.next = bit_cast::<WIDE, 72>(self.operand.val()) | self.sign.val();
        }
        self.by_3.next = self.extended.val();
        if self.index.val().get_bit(0) {
            self.by_3.next = self.extended.val() << 3;
        }
        self.by_9.next = self.by_3.val();
        if self.index.val().get_bit(1) {
            self.by_9.next = self.by_3.val() << 6;
        }
        self.by_21.next = self.by_9.val();
        if self.index.val().get_bit(2) {
            self.by_21.next = self.by_9.val() << 12;
        }
        self.by_45.next = self.by_21.val();
        if self.index.val().get_bit(3) {
            self.by_45.next = self.by_21.val() << 24;
        }
        self.wide.d.next = self.by_45.val();
        if self.index.val().get_bit(4) {
            self.wide.d.next = self.by_45.val() << 48;
        }

        self.low.next =
            bit_cast::<72, 64>(self.wide.q.val().get_bits::<64>(0)) | self.ones_above.val();
        self.middle.next = bit_cast::<72, 32>(!self.wide.q.val().get_bits::<32>(64))
            | (bit_cast::<72, 32>(self.wide.q.val().get_bits::<32>(64)) << 32);
        self.high.next = !self.wide.q.val().get_bits::<72>(96);
        self.sums.next = self.low.val() ^ self.middle.val() ^ self.high.val();
        self.carries.next = (((self.low.val() & self.middle.val())
            | (self.low.val() & self.high.val())
            | (self.middle.val() & self.high.val()))
            << 1)
            | bit_cast::<72, 1>(self.one_more.q.val());
        // a - !b is a + b + 1 by the carry chain's own carry in.
        self.product_register.d.next = self.sums.val() - !self.carries.val();
        self.product.next = self.product_register.q.val();
    }
}

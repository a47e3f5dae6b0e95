//! One lane of the decomposition; the method stands in [the module](super).
//!
//! `x` any word, `level` below l; the other inputs are those of [`Constants`](super::Constants),
//! static. `digit` lies in [-B/2, B/2].
//!
//! Timing: edge 1 registers x + offset (65-bit adder) and what decides on its sign; edge 2 the
//! field of the wanted digit (shifter over 64 positions) and where ties may be; edge 3 the digit
//! (32-bit adder behind two LUTs). Latency 3. No valid bits: a control chain beside the lanes
//! carries them.

use rust_hdl::prelude::*;

/// A signed gadget digit of a word.
#[derive(LogicBlock)]
pub struct Lane {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// From [`Constants`](super::Constants), as all up to `last_level`.
    pub offset: Signal<In, Bits<64>>,
    /// Bits that decide on the sign.
    pub below_sign: Signal<In, Bits<64>>,
    /// Digit 0.
    pub field_0: Signal<In, Bits<64>>,
    /// Digit 1 without its top bit.
    pub field_1_low: Signal<In, Bits<64>>,
    /// The top bit of digit 1.
    pub field_1_top: Signal<In, Bits<64>>,
    /// Where digit 0 begins.
    pub shift_0: Signal<In, Bits<6>>,
    /// Where digit 1 begins.
    pub shift_1: Signal<In, Bits<6>>,
    /// Where digit 2 begins.
    pub shift_2: Signal<In, Bits<6>>,
    /// B - 1.
    pub digit_mask: Signal<In, Bits<32>>,
    /// -H.
    pub minus_half: Signal<In, Bits<32>>,
    /// -B.
    pub minus_base: Signal<In, Bits<32>>,
    /// -H - B.
    pub minus_both: Signal<In, Bits<32>>,
    /// l - 1.
    pub last_level: Signal<In, Bits<2>>,
    /// The word.
    pub x: Signal<In, Bits<64>>,
    /// Which digit, 0 is the least significant one.
    pub level: Signal<In, Bits<2>>,
    /// The digit, two's complement, of the word that entered [`Lane::LATENCY`] edges ago.
    pub digit: Signal<Out, Bits<72>>,
    x_complement: Signal<Local, Bits<64>>,
    low: Signal<Local, Bits<64>>,
    low_complement: Signal<Local, Bits<64>>,
    shifted: Signal<Local, Bits<65>>,
    negative: Signal<Local, Bit>,
    /// The top bit of digit 1, if digit 0 is a tie.
    next_top: Signal<Local, Bit>,
    /// f_0, f_1 and those of them that enter and leave the wanted digit.
    tie_0: Signal<Local, Bit>,
    tie_1: Signal<Local, Bit>,
    carry_in: Signal<Local, Bit>,
    carry_out: Signal<Local, Bit>,
    summand: Signal<Local, Bits<32>>,
    /// First stage: x + offset; x's top bit; a one and a zero below it.
    sum: DFF<Bits<65>>,
    sign: DFF<Bit>,
    some_set: DFF<Bit>,
    some_clear: DFF<Bit>,
    shift: DFF<Bits<6>>,
    first_level: DFF<Bits<2>>,
    first_last: DFF<Bit>,
    /// Second stage.
    field: DFF<Bits<32>>,
    ones_0: DFF<Bit>,
    ones_1_low: DFF<Bit>,
    top_1: DFF<Bit>,
    top: DFF<Bit>,
    /// The wanted digit is the last and the word negative.
    balance: DFF<Bit>,
    second_level: DFF<Bits<2>>,
    second_last: DFF<Bit>,
    value: DFF<Bits<32>>,
    zero: Constant<Bits<32>>,
    sign_bits: Constant<Bits<72>>,
}

impl Lane {
    /// Rising edges from `x` and `level` to `digit`.
    pub const LATENCY: usize = 3;
}

impl Default for Lane {
    fn default() -> Self {
        let low: Bits<72> = u64::from(u32::MAX).into();
        Self {
            clock: Default::default(),
            offset: Default::default(),
            below_sign: Default::default(),
            field_0: Default::default(),
            field_1_low: Default::default(),
            field_1_top: Default::default(),
            shift_0: Default::default(),
            shift_1: Default::default(),
            shift_2: Default::default(),
            digit_mask: Default::default(),
            minus_half: Default::default(),
            minus_base: Default::default(),
            minus_both: Default::default(),
            last_level: Default::default(),
            x: Default::default(),
            level: Default::default(),
            digit: Default::default(),
            x_complement: Default::default(),
            low: Default::default(),
            low_complement: Default::default(),
            shifted: Default::default(),
            negative: Default::default(),
            next_top: Default::default(),
            tie_0: Default::default(),
            tie_1: Default::default(),
            carry_in: Default::default(),
            carry_out: Default::default(),
            summand: Default::default(),
            sum: Default::default(),
            sign: Default::default(),
            some_set: Default::default(),
            some_clear: Default::default(),
            shift: Default::default(),
            first_level: Default::default(),
            first_last: Default::default(),
            field: Default::default(),
            ones_0: Default::default(),
            ones_1_low: Default::default(),
            top_1: Default::default(),
            top: Default::default(),
            balance: Default::default(),
            second_level: Default::default(),
            second_last: Default::default(),
            value: Default::default(),
            zero: Constant::new(Default::default()),
            sign_bits: Constant::new(Bits::<72>::mask() ^ low),
        }
    }
}

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            sum,
            sign,
            some_set,
            some_clear,
            shift,
            first_level,
            first_last,
            field,
            ones_0,
            ones_1_low,
            top_1,
            top,
            balance,
            second_level,
            second_last,
            value
        );
        self.x_complement.next = !self.x.val();
        self.sum.d.next = bit_cast::<65, 64>(self.x.val()) + bit_cast::<65, 64>(self.offset.val());
        self.sign.d.next = self.x.val().get_bit(63);
        self.some_set.d.next = (self.x.val() & self.below_sign.val()).any();
        self.some_clear.d.next = (self.x_complement.val() & self.below_sign.val()).any();
        self.shift.d.next = self.shift_2.val();
        if self.level.val() == 0 {
            self.shift.d.next = self.shift_0.val();
        }
        if self.level.val() == 1 {
            self.shift.d.next = self.shift_1.val();
        }
        self.first_level.d.next = self.level.val();
        self.first_last.d.next = self.level.val() == self.last_level.val();

        self.low.next = self.sum.q.val().get_bits::<64>(0);
        self.low_complement.next = !self.low.val();
        self.shifted.next = self.sum.q.val() >> self.shift.q.val();
        self.field.d.next = self.shifted.val().get_bits::<32>(0) & self.digit_mask.val();
        if self.first_last.q.val() {
            self.field.d.next = self.shifted.val().get_bits::<32>(0);
        }
        self.ones_0.d.next = (self.low_complement.val() & self.field_0.val()) == 0;
        self.ones_1_low.d.next = (self.low_complement.val() & self.field_1_low.val()) == 0;
        self.top_1.d.next = (self.low.val() & self.field_1_top.val()).any();
        self.top.d.next = self.sum.q.val().get_bit(63);
        self.negative.next = !self.some_clear.q.val();
        if self.sign.q.val() {
            self.negative.next = self.some_set.q.val();
        }
        self.balance.d.next = self.first_last.q.val() & self.negative.val();
        self.second_level.d.next = self.first_level.q.val();
        self.second_last.d.next = self.first_last.q.val();

        self.next_top.next = self.top.q.val();
        if self.last_level.val() == 2 {
            self.next_top.next = self.top_1.q.val() == self.ones_1_low.q.val();
        }
        self.tie_0.next = self.ones_0.q.val() & self.next_top.val();
        self.tie_1.next =
            self.ones_1_low.q.val() & self.top_1.q.val() & (self.tie_0.val() | self.top.q.val());
        self.carry_in.next = false;
        self.carry_out.next = self.balance.q.val();
        if self.second_level.q.val() == 0 {
            if !self.second_last.q.val() {
                self.carry_out.next = self.tie_0.val();
            }
        } else if self.second_level.q.val() == 1 {
            self.carry_in.next = self.tie_0.val();
            if !self.second_last.q.val() {
                self.carry_out.next = self.tie_1.val();
            }
        } else {
            self.carry_in.next = self.tie_1.val();
        }
        self.summand.next = self.zero.val();
        if self.second_last.q.val() {
            if self.carry_out.val() {
                self.summand.next = self.minus_base.val();
            }
        } else {
            self.summand.next = self.minus_half.val();
            if self.carry_out.val() {
                self.summand.next = self.minus_both.val();
            }
        }
        self.value.d.next = self.field.q.val() + self.summand.val() + self.carry_in.val();
        self.digit.next = bit_cast::<72, 32>(self.value.q.val());
        if self.value.q.val().get_bit(31) {
            self.digit.next = bit_cast::<72, 32>(self.value.q.val()) | self.sign_bits.val();
        }
    }
}

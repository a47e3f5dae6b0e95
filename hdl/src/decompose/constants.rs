//! The constants that every lane of the decomposition needs, from its parameters.
//!
//! `base_log` b in 1..=31 and `level_count` l in 1..=3, b l <= 62, static. The outputs are right
//! [`Constants::SETTLING`] edges after the last change: edge 1 registers 63 - b, 63 - 2b and
//! 63 - 3b, edge 2 the powers p_i = 2^(63-bi), zero for i > l, edges 3 and 4 sums of them.

use rust_hdl::prelude::*;

/// What a lane needs of b and l. B = 2^b, H = B/2 - 1, fields as in [the module](super).
#[derive(LogicBlock)]
pub struct Constants {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// b.
    pub base_log: Signal<In, Bits<5>>,
    /// l.
    pub level_count: Signal<In, Bits<2>>,
    /// p_1 - p_2 - p_3: rounds, and adds H to each digit but the last.
    pub offset: Signal<Out, Bits<64>>,
    /// Bits 63 - b l to 62.
    pub below_sign: Signal<Out, Bits<64>>,
    /// Where the digit 0 lies; matters for l > 1.
    pub field_0: Signal<Out, Bits<64>>,
    /// Where the digit 1 lies, without its top bit; matters for l = 3, as the next.
    pub field_1_low: Signal<Out, Bits<64>>,
    /// The top bit of digit 1.
    pub field_1_top: Signal<Out, Bits<64>>,
    /// Where the digits begin.
    pub shift_0: Signal<Out, Bits<6>>,
    /// See `shift_0`.
    pub shift_1: Signal<Out, Bits<6>>,
    /// See `shift_0`.
    pub shift_2: Signal<Out, Bits<6>>,
    /// B - 1.
    pub digit_mask: Signal<Out, Bits<32>>,
    /// -H modulo 2^32.
    pub minus_half: Signal<Out, Bits<32>>,
    /// -B modulo 2^32.
    pub minus_base: Signal<Out, Bits<32>>,
    /// -H - B modulo 2^32.
    pub minus_both: Signal<Out, Bits<32>>,
    /// l - 1.
    pub last_level: Signal<Out, Bits<2>>,
    wide_base_log: Signal<Local, Bits<7>>,
    /// 63 - b, 63 - 2b, 63 - 3b; the latter two only when there are so many levels.
    distance_1: DFF<Bits<7>>,
    distance_2: DFF<Bits<7>>,
    distance_3: DFF<Bits<7>>,
    /// p_1, p_2, p_3.
    power_1: DFF<Bits<64>>,
    power_2: DFF<Bits<64>>,
    power_3: DFF<Bits<64>>,
    /// p_1 - p_2.
    partial_offset: DFF<Bits<64>>,
    full_offset: DFF<Bits<64>>,
    sign_mask: DFF<Bits<64>>,
    mask_0: DFF<Bits<64>>,
    mask_1: DFF<Bits<64>>,
    begin_0: DFF<Bits<7>>,
    begin_1: DFF<Bits<7>>,
    begin_2: DFF<Bits<7>>,
    /// B.
    base: DFF<Bits<32>>,
    /// -H = 1 - B/2.
    half: DFF<Bits<32>>,
    both: DFF<Bits<32>>,
    mask: DFF<Bits<32>>,
    negative_base: DFF<Bits<32>>,
    last: DFF<Bits<2>>,
    top: Constant<Bits<7>>,
    one: Constant<Bits<64>>,
    one_digit: Constant<Bits<32>>,
    sign: Constant<Bits<64>>,
    zero: Constant<Bits<32>>,
}

impl Constants {
    /// Rising edges from a change of the parameters to outputs that are right.
    pub const SETTLING: usize = 4;
}

impl Default for Constants {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            base_log: Default::default(),
            level_count: Default::default(),
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
            wide_base_log: Default::default(),
            distance_1: Default::default(),
            distance_2: Default::default(),
            distance_3: Default::default(),
            power_1: Default::default(),
            power_2: Default::default(),
            power_3: Default::default(),
            partial_offset: Default::default(),
            full_offset: Default::default(),
            sign_mask: Default::default(),
            mask_0: Default::default(),
            mask_1: Default::default(),
            begin_0: Default::default(),
            begin_1: Default::default(),
            begin_2: Default::default(),
            base: Default::default(),
            half: Default::default(),
            both: Default::default(),
            mask: Default::default(),
            negative_base: Default::default(),
            last: Default::default(),
            top: Constant::new(63.into()),
            one: Constant::new(1.into()),
            one_digit: Constant::new(1.into()),
            sign: Constant::new((1_u64 << 63).into()),
            zero: Constant::new(Default::default()),
        }
    }
}

impl Logic for Constants {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            distance_1,
            distance_2,
            distance_3,
            power_1,
            power_2,
            power_3,
            partial_offset,
            full_offset,
            sign_mask,
            mask_0,
            mask_1,
            begin_0,
            begin_1,
            begin_2,
            base,
            half,
            both,
            mask,
            negative_base,
            last
        );
        self.wide_base_log.next = bit_cast::<7, 5>(self.base_log.val());
        self.last.d.next = self.level_count.val() - 1;
        self.distance_1.d.next = self.top.val() - self.wide_base_log.val();
        self.distance_2.d.next = self.top.val() - (self.wide_base_log.val() << 1);
        self.distance_3.d.next =
            self.top.val() - (self.wide_base_log.val() << 1) - self.wide_base_log.val();

        self.power_1.d.next = self.one.val() << self.distance_1.q.val();
        self.power_2.d.next = bit_cast::<64, 32>(self.zero.val());
        self.power_3.d.next = bit_cast::<64, 32>(self.zero.val());
        self.begin_2.d.next = self.distance_1.q.val() + 1;
        self.begin_1.d.next = self.distance_1.q.val() + 1;
        self.begin_0.d.next = self.distance_1.q.val() + 1;
        if self.last.q.val() == 1 {
            self.power_2.d.next = self.one.val() << self.distance_2.q.val();
            self.begin_0.d.next = self.distance_2.q.val() + 1;
        }
        if self.last.q.val() == 2 {
            self.power_2.d.next = self.one.val() << self.distance_2.q.val();
            self.power_3.d.next = self.one.val() << self.distance_3.q.val();
            self.begin_1.d.next = self.distance_2.q.val() + 1;
            self.begin_0.d.next = self.distance_3.q.val() + 1;
        }

        self.partial_offset.d.next = self.power_1.q.val() - self.power_2.q.val();
        self.full_offset.d.next = self.partial_offset.q.val() - self.power_3.q.val();
        self.sign_mask.d.next = self.sign.val() - self.power_1.q.val();
        self.mask_0.d.next = (self.power_1.q.val() - self.power_2.q.val()) << 1;
        self.mask_1.d.next = self.power_1.q.val() - (self.power_2.q.val() << 1);
        if self.last.q.val() == 1 {
            self.sign_mask.d.next = self.sign.val() - self.power_2.q.val();
        }
        if self.last.q.val() == 2 {
            self.sign_mask.d.next = self.sign.val() - self.power_3.q.val();
            self.mask_0.d.next = (self.power_2.q.val() - self.power_3.q.val()) << 1;
        }

        self.base.d.next = self.one_digit.val() << self.base_log.val();
        self.half.d.next = self.one_digit.val() - (self.base.q.val() >> 1);
        self.mask.d.next = self.base.q.val() - 1;
        self.negative_base.d.next = self.zero.val() - self.base.q.val();
        self.both.d.next = self.half.q.val() - self.base.q.val();

        self.offset.next = self.full_offset.q.val();
        self.below_sign.next = self.sign_mask.q.val();
        self.field_0.next = self.mask_0.q.val();
        self.field_1_low.next = self.mask_1.q.val();
        self.field_1_top.next = self.power_1.q.val();
        self.shift_0.next = self.begin_0.q.val().get_bits::<6>(0);
        self.shift_1.next = self.begin_1.q.val().get_bits::<6>(0);
        self.shift_2.next = self.begin_2.q.val().get_bits::<6>(0);
        self.digit_mask.next = self.mask.q.val();
        self.minus_half.next = self.half.q.val();
        self.minus_base.next = self.negative_base.q.val();
        self.minus_both.next = self.both.q.val();
        self.last_level.next = self.last.q.val();
    }
}

//! The digits of one ciphertext's mask words, the least significant first, as tfhe-rs'
//! `SignedDecomposer` gives them.
//!
//! With b = `base_log`, l = `level_count`, b l <= 32 and B = 2^b <= 16: the word is rounded to its
//! top b l bits, ties up, as a signed number (half the range counts as positive if it was not rounded
//! up to). Then l times, with r the state modulo B: the digit is r, or r - B if r is more than B/2,
//! or r is B/2 and the rest has its bit b - 1 set; the rest goes up by one in the latter cases.
//! `v` is minus the digit.
//!
//! Timing: `word` is looked at all the time; two edges after it came it can be `take`n. `v` is the
//! digit of two edges ago's state: `take` in cycle 0 puts the first digit into the state's register,
//! which `v` shows from cycle 3 on; each `step` the next.

use crate::memory::Delay;
use rust_hdl::prelude::*;

/// Bits of the state: 32, the sign, and one more for a carry.
const STATE: usize = 34;

/// What all ciphertexts' digits need of b and l; static.
#[derive(LogicBlock)]
pub struct Rounding {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// b, 1 to 4.
    pub base_log: Signal<In, Bits<3>>,
    /// l, 1 to 16.
    pub level_count: Signal<In, Bits<5>>,
    /// 63 - b l.
    pub shift: Signal<Out, Bits<6>>,
    /// 2^(b l) - 1.
    pub mask: Signal<Out, Bits<STATE>>,
    /// 2^(b l - 1).
    pub half: Signal<Out, Bits<STATE>>,
    bits: Signal<Local, Bits<7>>,
    product: DFF<Bits<7>>,
    shift_register: DFF<Bits<7>>,
    power: DFF<Bits<STATE>>,
    top: Constant<Bits<7>>,
    one: Constant<Bits<STATE>>,
}

impl Rounding {
    /// Rising edges from a change of the parameters to outputs that are right.
    pub const SETTLING: usize = 2;
}

impl Default for Rounding {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            base_log: Default::default(),
            level_count: Default::default(),
            shift: Default::default(),
            mask: Default::default(),
            half: Default::default(),
            bits: Default::default(),
            product: Default::default(),
            shift_register: Default::default(),
            power: Default::default(),
            top: Constant::new(63_u64.into()),
            one: Constant::new(1_u64.into()),
        }
    }
}

impl Logic for Rounding {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, product, shift_register, power);
        // b l for b up to 4.
        self.bits.next = bit_cast::<7, 5>(self.level_count.val());
        if self.base_log.val() == 2 {
            self.bits.next = bit_cast::<7, 5>(self.level_count.val()) << 1;
        } else if self.base_log.val() == 3 {
            self.bits.next = bit_cast::<7, 5>(self.level_count.val())
                + (bit_cast::<7, 5>(self.level_count.val()) << 1);
        } else if self.base_log.val() == 4 {
            self.bits.next = bit_cast::<7, 5>(self.level_count.val()) << 2;
        }
        self.product.d.next = self.bits.val();
        self.shift_register.d.next = self.top.val() - self.product.q.val();
        self.power.d.next = self.one.val() << self.product.q.val();
        self.shift.next = self.shift_register.q.val().get_bits::<6>(0);
        self.mask.next = self.power.q.val() - self.one.val();
        self.half.next = self.power.q.val() >> 1;
    }
}

/// The digits of one ciphertext.
#[derive(LogicBlock)]
pub struct Digits {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// b, 1 to 4.
    pub base_log: Signal<In, Bits<3>>,
    /// See [`Rounding`].
    pub shift: Signal<In, Bits<6>>,
    /// See [`Rounding`].
    pub mask: Signal<In, Bits<STATE>>,
    /// See [`Rounding`].
    pub half: Signal<In, Bits<STATE>>,
    /// A mask word.
    pub word: Signal<In, Bits<64>>,
    /// Go on with the word of two edges ago, from its first digit.
    pub take: Signal<In, Bit>,
    /// Go on with the next digit.
    pub step: Signal<In, Bit>,
    /// Minus the digit.
    pub v: Signal<Out, Bits<5>>,
    aligned: Signal<Local, Bits<64>>,
    rounded: Signal<Local, Bits<STATE>>,
    negative: Signal<Local, Bit>,
    source: Signal<Local, Bits<STATE>>,
    /// r and the rest, before its carry.
    low: Signal<Local, Bits<5>>,
    rest: Signal<Local, Bits<STATE>>,
    sign: Signal<Local, Bits<STATE>>,
    /// What decides: its bit b - 1.
    tie: Signal<Local, Bits<5>>,
    carry: Signal<Local, Bit>,
    base: Signal<Local, Bits<5>>,
    shifted: DFF<Bits<STATE>>,
    fresh: DFF<Bits<STATE>>,
    state: DFF<Bits<STATE>>,
    factor: DFF<Bits<5>>,
    factor_line: Delay<5>,
    zero: Constant<Bits<5>>,
    one: Constant<Bits<STATE>>,
    top_1: Constant<Bits<STATE>>,
    top_2: Constant<Bits<STATE>>,
    top_3: Constant<Bits<STATE>>,
    top_4: Constant<Bits<STATE>>,
}

impl Digits {
    /// Rising edges from `word` to the cycle in which it may be taken.
    pub const WORD_LATENCY: usize = 2;

    /// Rising edges from a `take` or `step` to its digit on `v`.
    pub const LATENCY: usize = 3;
}

impl Default for Digits {
    fn default() -> Self {
        let top =
            |bits: u32| Constant::new(Bits::<STATE>::mask() << (STATE as u64 - u64::from(bits)));
        Self {
            clock: Default::default(),
            base_log: Default::default(),
            shift: Default::default(),
            mask: Default::default(),
            half: Default::default(),
            word: Default::default(),
            take: Default::default(),
            step: Default::default(),
            v: Default::default(),
            aligned: Default::default(),
            rounded: Default::default(),
            negative: Default::default(),
            source: Default::default(),
            low: Default::default(),
            rest: Default::default(),
            sign: Default::default(),
            tie: Default::default(),
            carry: Default::default(),
            base: Default::default(),
            shifted: Default::default(),
            fresh: Default::default(),
            state: Default::default(),
            factor: Default::default(),
            factor_line: Delay::new(2),
            zero: Constant::new(Default::default()),
            one: Constant::new(1_u64.into()),
            top_1: top(1),
            top_2: top(2),
            top_3: top(3),
            top_4: top(4),
        }
    }
}

impl Logic for Digits {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, shifted, fresh, state, factor);
        self.factor_line.clock.next = self.clock.val();

        // Rounding: the bit below the state goes up, and counts where the state is a tie.
        self.aligned.next = self.word.val() >> self.shift.val();
        self.shifted.d.next = self.aligned.val().get_bits::<STATE>(0);
        self.rounded.next = ((self.shifted.q.val() + self.one.val()) >> 1) & self.mask.val();
        self.negative.next = (self.rounded.val() & self.half.val()).any()
            & ((self.rounded.val() != self.half.val()) | self.shifted.q.val().get_bit(0));
        self.fresh.d.next = self.rounded.val();
        if self.negative.val() {
            self.fresh.d.next = self.rounded.val() | !self.mask.val();
        }

        // A digit off the state.
        self.source.next = self.state.q.val();
        if self.take.val() {
            self.source.next = self.fresh.q.val();
        }
        self.low.next = bit_cast::<5, 1>(self.source.val().get_bits::<1>(0));
        self.base.next = 2.into();
        self.rest.next = self.source.val() >> 1;
        self.sign.next = self.top_1.val();
        if self.base_log.val() == 2 {
            self.low.next = bit_cast::<5, 2>(self.source.val().get_bits::<2>(0));
            self.base.next = 4.into();
            self.rest.next = self.source.val() >> 2;
            self.sign.next = self.top_2.val();
        } else if self.base_log.val() == 3 {
            self.low.next = bit_cast::<5, 3>(self.source.val().get_bits::<3>(0));
            self.base.next = 8.into();
            self.rest.next = self.source.val() >> 3;
            self.sign.next = self.top_3.val();
        } else if self.base_log.val() == 4 {
            self.low.next = bit_cast::<5, 4>(self.source.val().get_bits::<4>(0));
            self.base.next = 16.into();
            self.rest.next = self.source.val() >> 4;
            self.sign.next = self.top_4.val();
        }
        self.tie.next = ((self.low.val() - 1) | self.rest.val().get_bits::<5>(0)) & self.low.val();
        self.carry.next = (self.tie.val() & (self.base.val() >> 1)).any();
        self.factor.d.next = self.factor.q.val();
        if self.take.val() | self.step.val() {
            self.state.d.next = self.rest.val();
            if self.source.val().get_bit(33) {
                self.state.d.next = self.rest.val() | self.sign.val();
            }
            self.factor.d.next = self.zero.val() - self.low.val();
            if self.carry.val() {
                self.state.d.next = self.rest.val() + self.one.val();
                if self.source.val().get_bit(33) {
                    self.state.d.next = (self.rest.val() | self.sign.val()) + self.one.val();
                }
                self.factor.d.next = self.base.val() - self.low.val();
            }
        }
        self.factor_line.d.next = self.factor.q.val();
        self.v.next = self.factor_line.q.val();
    }
}

//! The multiplier up to the last reduction: nine products of 18 bits and adders of 24 bits.
//!
//! `x`, `y` any 64 bits; `result`, 72 bits two's complement, is congruent to x * y modulo q with
//! |result| < 2^67. Such a lazy residue is what the butterflies add up; [`MulMod`](super::MulMod)
//! reduces it.
//!
//! With R = 2^16, q = R^4 - R^2 + 1. Karatsuba twice, on limbs of 16 bits ([`Limbs`]): with
//! x = X0 + R^2 X1 and y likewise, and R^4 = R^2 - 1 modulo q,
//!
//! x y = (A - B) + R^2 (M - A), A = X0 Y0, B = X1 Y1, M = (X0 + X1)(Y0 + Y1),
//!
//! and each of A, B, M, with factors u0 + R u1 and v0 + R v1, is
//! even + R (even + odd - cross) + R^2 odd with even = u0 v0, odd = u1 v1, cross = (u0 - u1)(v0 - v1).
//! No sum of limbs is ever carried into the next limb.
//!
//! Each product P is cut into its low 16 bits and the rest, P = P' + R P''. Collecting powers of R,
//! with R^4 = R^2 - 1 once more, leaves four digits of ten summands each (Ae for A even and so on):
//!
//! | digit | summands |
//! |---|---|
//! | D0 | Ae' + Ae'' + Ao' + Ao'' - (Be' + Mo' + Me'') - (Mo'' + Ac'' - Mc'') |
//! | D1 | Ae' + Ae'' + Ao' + Ao'' - (Ac' + Be' + Be'') - (Bo' + Mo'' - Bc') |
//! | D2 | Me' + Me'' + Mo' + Mo'' - (Ae' + Bo' + Bo'') - (Mc'' + Be'' - Bc'') |
//! | D3 | Me' + Me'' + Mo' + Mo'' - (Ae'' + Bo'' + Mc') - (Ae' + Ao' - Ac') |
//!
//! A summand of the other sign inside brackets enters complemented and a signed one with its sign
//! bit inverted, so that every bracket is a sum of unsigned words, too large by a constant:
//! 5 R - 1 in D0 and D2, R - 1 in D1 and D3. Added to the digits, with those constants, is -3q:
//!
//! -3q = (16 R - 3) + (16 R - 16) R + (16 R - 13) R^2 + (-3 R - 16) R^3,
//!
//! which makes D0, D1 and D2 non-negative, below 2^21, so that they interleave without carries, and
//! centres the result, which would lie in (-3.01 * 2^64, 9.01 * 2^64) without it.
//!
//! | edge | registers |
//! |---|---|
//! | 1 | limbs, their sums and differences |
//! | 2 | the products |
//! | 3 | the brackets of the table, below 2^20 |
//! | 4 | D0, D1, D2 below 2^21; D3 in 24 bits, two's complement |
//! | 5 | (D0 + R^2 D2) + (R D1 + R^3 D3) |
//!
//! Latency 5, no valid bits: the lanes around it share theirs.

use super::{Limbs, Product};
use rust_hdl::prelude::*;

/// A lazy residue of x * y.
#[derive(LogicBlock)]
pub struct MulLazy {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// First factor: any 64 bits.
    pub x: Signal<In, Bits<64>>,
    /// Second factor: any 64 bits.
    pub y: Signal<In, Bits<64>>,
    /// Congruent to x * y modulo q for the factors that entered [`MulLazy::LATENCY`] edges ago:
    /// two's complement, below 2^67 in absolute value.
    pub result: Signal<Out, Bits<72>>,
    x_limbs: Limbs,
    y_limbs: Limbs,
    /// The products of A, B and M. Even and odd ones are below 2^32 (A, B) and 2^34 (M), cross
    /// ones below that in absolute value.
    a_even: Product,
    a_odd: Product,
    a_cross: Product,
    b_even: Product,
    b_odd: Product,
    b_cross: Product,
    m_even: Product,
    m_odd: Product,
    m_cross: Product,
    /// Upper parts of the cross products: non-negative by an added 2^16 (A) or 2^18 (M), and, as
    /// `.._negated`, the same of minus the product, less one.
    a_cross_high: Signal<Local, Bits<17>>,
    b_cross_high_negated: Signal<Local, Bits<17>>,
    m_cross_high: Signal<Local, Bits<19>>,
    m_cross_high_negated: Signal<Local, Bits<19>>,
    a_cross_low_negated: Signal<Local, Bits<16>>,
    b_cross_low_negated: Signal<Local, Bits<16>>,
    /// Ae' + Ae'' + Ao' + Ao'' and Me' + Me'' + Mo' + Mo''.
    a_sum: DFF<Bits<18>>,
    m_sum: DFF<Bits<20>>,
    /// The brackets of each digit.
    first_0: DFF<Bits<19>>,
    second_0: DFF<Bits<20>>,
    first_1: DFF<Bits<18>>,
    second_1: DFF<Bits<19>>,
    first_2: DFF<Bits<18>>,
    second_2: DFF<Bits<20>>,
    first_3: DFF<Bits<18>>,
    second_3: DFF<Bits<18>>,
    digit_0: DFF<Bits<21>>,
    digit_1: DFF<Bits<21>>,
    digit_2: DFF<Bits<21>>,
    digit_3: DFF<Bits<24>>,
    total: DFF<Bits<72>>,
    /// The digits of -3q, with what the brackets are too large by.
    bias_0: Constant<Bits<21>>,
    bias_1: Constant<Bits<21>>,
    bias_2: Constant<Bits<21>>,
    bias_3: Constant<Bits<24>>,
    /// Sign bits of the upper parts, and all bits but those.
    sign_17: Constant<Bits<17>>,
    sign_19: Constant<Bits<19>>,
    magnitude_17: Constant<Bits<17>>,
    magnitude_19: Constant<Bits<19>>,
}

impl MulLazy {
    /// Rising edges from factors to result.
    pub const LATENCY: usize = Limbs::LATENCY + Product::LATENCY + 3;
}

/// 2^16.
const R: u32 = 1 << 16;

impl Default for MulLazy {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            x: Default::default(),
            y: Default::default(),
            result: Default::default(),
            x_limbs: Default::default(),
            y_limbs: Default::default(),
            a_even: Default::default(),
            a_odd: Default::default(),
            a_cross: Default::default(),
            b_even: Default::default(),
            b_odd: Default::default(),
            b_cross: Default::default(),
            m_even: Default::default(),
            m_odd: Default::default(),
            m_cross: Default::default(),
            a_cross_high: Default::default(),
            b_cross_high_negated: Default::default(),
            m_cross_high: Default::default(),
            m_cross_high_negated: Default::default(),
            a_cross_low_negated: Default::default(),
            b_cross_low_negated: Default::default(),
            a_sum: Default::default(),
            m_sum: Default::default(),
            first_0: Default::default(),
            second_0: Default::default(),
            first_1: Default::default(),
            second_1: Default::default(),
            first_2: Default::default(),
            second_2: Default::default(),
            first_3: Default::default(),
            second_3: Default::default(),
            digit_0: Default::default(),
            digit_1: Default::default(),
            digit_2: Default::default(),
            digit_3: Default::default(),
            total: Default::default(),
            bias_0: Constant::new((16 * R - 3 + (5 * R - 1)).to_bits()),
            bias_1: Constant::new((16 * R - 16 + (R - 1)).to_bits()),
            bias_2: Constant::new((16 * R - 13 + (5 * R - 1)).to_bits()),
            bias_3: Constant::new(((1 << 24) - 3 * R - 16 + (R - 1)).to_bits()),
            sign_17: Constant::new(R.to_bits()),
            sign_19: Constant::new((4 * R).to_bits()),
            magnitude_17: Constant::new((R - 1).to_bits()),
            magnitude_19: Constant::new((4 * R - 1).to_bits()),
        }
    }
}

impl Logic for MulLazy {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self, clock, x_limbs, y_limbs, a_even, a_odd, a_cross, b_even, b_odd, b_cross, m_even,
            m_odd, m_cross
        );
        dff_setup!(
            self, clock, a_sum, m_sum, first_0, second_0, first_1, second_1, first_2, second_2,
            first_3, second_3, digit_0, digit_1, digit_2, digit_3, total
        );
        self.x_limbs.x.next = self.x.val();
        self.y_limbs.x.next = self.y.val();

        self.a_even.a.next = self.x_limbs.low_even.val();
        self.a_even.b.next = self.y_limbs.low_even.val();
        self.a_odd.a.next = self.x_limbs.low_odd.val();
        self.a_odd.b.next = self.y_limbs.low_odd.val();
        self.a_cross.a.next = self.x_limbs.low_cross.val();
        self.a_cross.b.next = self.y_limbs.low_cross.val();
        self.b_even.a.next = self.x_limbs.high_even.val();
        self.b_even.b.next = self.y_limbs.high_even.val();
        self.b_odd.a.next = self.x_limbs.high_odd.val();
        self.b_odd.b.next = self.y_limbs.high_odd.val();
        self.b_cross.a.next = self.x_limbs.high_cross.val();
        self.b_cross.b.next = self.y_limbs.high_cross.val();
        self.m_even.a.next = self.x_limbs.sum_even.val();
        self.m_even.b.next = self.y_limbs.sum_even.val();
        self.m_odd.a.next = self.x_limbs.sum_odd.val();
        self.m_odd.b.next = self.y_limbs.sum_odd.val();
        self.m_cross.a.next = self.x_limbs.sum_cross.val();
        self.m_cross.b.next = self.y_limbs.sum_cross.val();

        self.a_cross_high.next = self.a_cross.product.val().get_bits::<17>(16) ^ self.sign_17.val();
        self.b_cross_high_negated.next =
            self.b_cross.product.val().get_bits::<17>(16) ^ self.magnitude_17.val();
        self.m_cross_high.next = self.m_cross.product.val().get_bits::<19>(16) ^ self.sign_19.val();
        self.m_cross_high_negated.next =
            self.m_cross.product.val().get_bits::<19>(16) ^ self.magnitude_19.val();
        self.a_cross_low_negated.next = !self.a_cross.product.val().get_bits::<16>(0);
        self.b_cross_low_negated.next = !self.b_cross.product.val().get_bits::<16>(0);

        self.a_sum.d.next = bit_cast::<18, 16>(self.a_even.product.val().get_bits::<16>(0))
            + bit_cast::<18, 16>(self.a_even.product.val().get_bits::<16>(16))
            + bit_cast::<18, 16>(self.a_odd.product.val().get_bits::<16>(0))
            + bit_cast::<18, 16>(self.a_odd.product.val().get_bits::<16>(16));
        self.m_sum.d.next = bit_cast::<20, 16>(self.m_even.product.val().get_bits::<16>(0))
            + bit_cast::<20, 18>(self.m_even.product.val().get_bits::<18>(16))
            + bit_cast::<20, 16>(self.m_odd.product.val().get_bits::<16>(0))
            + bit_cast::<20, 18>(self.m_odd.product.val().get_bits::<18>(16));

        self.first_0.d.next = bit_cast::<19, 16>(self.b_even.product.val().get_bits::<16>(0))
            + bit_cast::<19, 16>(self.m_odd.product.val().get_bits::<16>(0))
            + bit_cast::<19, 18>(self.m_even.product.val().get_bits::<18>(16));
        self.second_0.d.next = bit_cast::<20, 18>(self.m_odd.product.val().get_bits::<18>(16))
            + bit_cast::<20, 17>(self.a_cross_high.val())
            + bit_cast::<20, 19>(self.m_cross_high_negated.val());

        self.first_1.d.next = bit_cast::<18, 16>(self.a_cross.product.val().get_bits::<16>(0))
            + bit_cast::<18, 16>(self.b_even.product.val().get_bits::<16>(0))
            + bit_cast::<18, 16>(self.b_even.product.val().get_bits::<16>(16));
        self.second_1.d.next = bit_cast::<19, 16>(self.b_odd.product.val().get_bits::<16>(0))
            + bit_cast::<19, 18>(self.m_odd.product.val().get_bits::<18>(16))
            + bit_cast::<19, 16>(self.b_cross_low_negated.val());

        self.first_2.d.next = bit_cast::<18, 16>(self.a_even.product.val().get_bits::<16>(0))
            + bit_cast::<18, 16>(self.b_odd.product.val().get_bits::<16>(0))
            + bit_cast::<18, 16>(self.b_odd.product.val().get_bits::<16>(16));
        self.second_2.d.next = bit_cast::<20, 19>(self.m_cross_high.val())
            + bit_cast::<20, 16>(self.b_even.product.val().get_bits::<16>(16))
            + bit_cast::<20, 17>(self.b_cross_high_negated.val());

        self.first_3.d.next = bit_cast::<18, 16>(self.a_even.product.val().get_bits::<16>(16))
            + bit_cast::<18, 16>(self.b_odd.product.val().get_bits::<16>(16))
            + bit_cast::<18, 16>(self.m_cross.product.val().get_bits::<16>(0));
        self.second_3.d.next = bit_cast::<18, 16>(self.a_even.product.val().get_bits::<16>(0))
            + bit_cast::<18, 16>(self.a_odd.product.val().get_bits::<16>(0))
            + bit_cast::<18, 16>(self.a_cross_low_negated.val());

        self.digit_0.d.next = bit_cast::<21, 18>(self.a_sum.q.val())
            - bit_cast::<21, 19>(self.first_0.q.val())
            - bit_cast::<21, 20>(self.second_0.q.val())
            + self.bias_0.val();
        self.digit_1.d.next = bit_cast::<21, 18>(self.a_sum.q.val())
            - bit_cast::<21, 18>(self.first_1.q.val())
            - bit_cast::<21, 19>(self.second_1.q.val())
            + self.bias_1.val();
        self.digit_2.d.next = bit_cast::<21, 20>(self.m_sum.q.val())
            - bit_cast::<21, 18>(self.first_2.q.val())
            - bit_cast::<21, 20>(self.second_2.q.val())
            + self.bias_2.val();
        self.digit_3.d.next = bit_cast::<24, 20>(self.m_sum.q.val())
            - bit_cast::<24, 18>(self.first_3.q.val())
            - bit_cast::<24, 18>(self.second_3.q.val())
            + self.bias_3.val();

        self.total.d.next = (bit_cast::<72, 21>(self.digit_0.q.val())
            | (bit_cast::<72, 21>(self.digit_2.q.val()) << 32))
            + ((bit_cast::<72, 21>(self.digit_1.q.val()) << 16)
                | (bit_cast::<72, 24>(self.digit_3.q.val()) << 48));
        self.result.next = self.total.q.val();
    }
}

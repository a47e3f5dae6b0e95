//! The multiplier up to the last reduction: nine products of 18 bits and short adders.
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
//! with R^4 = R^2 - 1 once more, leaves four digits of ten summands each (Ae for A even and so on),
//! each the difference of two sums of five:
//!
//! | digit | added | subtracted |
//! |---|---|---|
//! | D0 | Ae' + Ae'' + Ao' + Ao'' + Mc'' | Be' + Mo' + Mo'' + Me'' + Ac'' |
//! | D1 | Ae' + Ae'' + Ao' + Ao'' + Bc' | Be' + Be'' + Bo' + Mo'' + Ac' |
//! | D2 | Me' + Me'' + Mo' + Mo'' + Bc'' | Be'' + Bo' + Bo'' + Ae' + Mc'' |
//! | D3 | Me' + Me'' + Mo' + Mo'' + Ac' | Bo'' + Ae' + Ae'' + Ao' + Mc' |
//!
//! The cross products are signed: inverting the sign bit of their upper part makes it non-negative
//! and adds R (A, B) or 4 R (M). Subtracting is adding the complement, which is too small by one
//! and, where it is taken in 20 bits and not in all, too large by 16 R. So what is added up is too
//! large by the known
//!
//! 4 R - R + (R - 4 R) R^2 + (16 R - 1)(1 + R + R^2) - R^3,
//!
//! and the constants 2, 18, 12 and 12 + 3 R beside the four subtracted sums turn that into -3q:
//! the exact value lies in (-3.01 * 2^64, 9.01 * 2^64) and is centred by it.
//!
//! | edge | registers |
//! |---|---|
//! | 1 | limbs, their sums and differences |
//! | 2 | the products |
//! | 3 | the sums of the table, below 2^20 |
//! | 4 | their total |
//!
//! Latency 4, no valid bits: the lanes around it share theirs.

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
    /// Upper parts of the cross products, made non-negative.
    a_cross_high: Signal<Local, Bits<17>>,
    b_cross_high: Signal<Local, Bits<17>>,
    m_cross_high: Signal<Local, Bits<19>>,
    /// What each digit adds.
    plus_0: DFF<Bits<20>>,
    plus_1: DFF<Bits<20>>,
    plus_2: DFF<Bits<20>>,
    plus_3: DFF<Bits<20>>,
    /// What each digit subtracts, and its constant.
    minus_0: DFF<Bits<20>>,
    minus_1: DFF<Bits<20>>,
    minus_2: DFF<Bits<20>>,
    minus_3: DFF<Bits<20>>,
    /// The complements of those, in 20 and, at the top, 24 bits.
    complement_0: Signal<Local, Bits<20>>,
    complement_1: Signal<Local, Bits<20>>,
    complement_2: Signal<Local, Bits<20>>,
    complement_3: Signal<Local, Bits<24>>,
    total: DFF<Bits<72>>,
    bias_0: Constant<Bits<20>>,
    bias_1: Constant<Bits<20>>,
    bias_2: Constant<Bits<20>>,
    bias_3: Constant<Bits<20>>,
    /// The sign bits of the upper parts.
    sign_17: Constant<Bits<17>>,
    sign_19: Constant<Bits<19>>,
}

impl MulLazy {
    /// Rising edges from factors to result.
    pub const LATENCY: usize = Limbs::LATENCY + Product::LATENCY + 2;
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
            b_cross_high: Default::default(),
            m_cross_high: Default::default(),
            plus_0: Default::default(),
            plus_1: Default::default(),
            plus_2: Default::default(),
            plus_3: Default::default(),
            minus_0: Default::default(),
            minus_1: Default::default(),
            minus_2: Default::default(),
            minus_3: Default::default(),
            complement_0: Default::default(),
            complement_1: Default::default(),
            complement_2: Default::default(),
            complement_3: Default::default(),
            total: Default::default(),
            bias_0: Constant::new(2_u32.to_bits()),
            bias_1: Constant::new(18_u32.to_bits()),
            bias_2: Constant::new(12_u32.to_bits()),
            bias_3: Constant::new((12 + 3 * R).to_bits()),
            sign_17: Constant::new(R.to_bits()),
            sign_19: Constant::new((4 * R).to_bits()),
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
            self, clock, plus_0, plus_1, plus_2, plus_3, minus_0, minus_1, minus_2, minus_3, total
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
        self.b_cross_high.next = self.b_cross.product.val().get_bits::<17>(16) ^ self.sign_17.val();
        self.m_cross_high.next = self.m_cross.product.val().get_bits::<19>(16) ^ self.sign_19.val();

        // What is peculiar to a digit comes first: synthesis shares a common beginning of two sums,
        // and would put a second carry chain behind it.
        self.plus_0.d.next = bit_cast::<20, 19>(self.m_cross_high.val())
            + bit_cast::<20, 16>(self.a_even.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.a_even.product.val().get_bits::<16>(16))
            + bit_cast::<20, 16>(self.a_odd.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.a_odd.product.val().get_bits::<16>(16));
        self.minus_0.d.next = bit_cast::<20, 16>(self.b_even.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.m_odd.product.val().get_bits::<16>(0))
            + bit_cast::<20, 18>(self.m_odd.product.val().get_bits::<18>(16))
            + bit_cast::<20, 18>(self.m_even.product.val().get_bits::<18>(16))
            + bit_cast::<20, 17>(self.a_cross_high.val())
            + self.bias_0.val();

        self.plus_1.d.next = bit_cast::<20, 16>(self.b_cross.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.a_even.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.a_even.product.val().get_bits::<16>(16))
            + bit_cast::<20, 16>(self.a_odd.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.a_odd.product.val().get_bits::<16>(16));
        self.minus_1.d.next = bit_cast::<20, 16>(self.b_even.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.b_even.product.val().get_bits::<16>(16))
            + bit_cast::<20, 16>(self.b_odd.product.val().get_bits::<16>(0))
            + bit_cast::<20, 18>(self.m_odd.product.val().get_bits::<18>(16))
            + bit_cast::<20, 16>(self.a_cross.product.val().get_bits::<16>(0))
            + self.bias_1.val();

        self.plus_2.d.next = bit_cast::<20, 17>(self.b_cross_high.val())
            + bit_cast::<20, 16>(self.m_even.product.val().get_bits::<16>(0))
            + bit_cast::<20, 18>(self.m_even.product.val().get_bits::<18>(16))
            + bit_cast::<20, 16>(self.m_odd.product.val().get_bits::<16>(0))
            + bit_cast::<20, 18>(self.m_odd.product.val().get_bits::<18>(16));
        self.minus_2.d.next = bit_cast::<20, 16>(self.b_even.product.val().get_bits::<16>(16))
            + bit_cast::<20, 16>(self.b_odd.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.b_odd.product.val().get_bits::<16>(16))
            + bit_cast::<20, 16>(self.a_even.product.val().get_bits::<16>(0))
            + bit_cast::<20, 19>(self.m_cross_high.val())
            + self.bias_2.val();

        self.plus_3.d.next = bit_cast::<20, 16>(self.a_cross.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.m_even.product.val().get_bits::<16>(0))
            + bit_cast::<20, 18>(self.m_even.product.val().get_bits::<18>(16))
            + bit_cast::<20, 16>(self.m_odd.product.val().get_bits::<16>(0))
            + bit_cast::<20, 18>(self.m_odd.product.val().get_bits::<18>(16));
        self.minus_3.d.next = bit_cast::<20, 16>(self.b_odd.product.val().get_bits::<16>(16))
            + bit_cast::<20, 16>(self.a_even.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.a_even.product.val().get_bits::<16>(16))
            + bit_cast::<20, 16>(self.a_odd.product.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.m_cross.product.val().get_bits::<16>(0))
            + self.bias_3.val();

        self.complement_0.next = !self.minus_0.q.val();
        self.complement_1.next = !self.minus_1.q.val();
        self.complement_2.next = !self.minus_2.q.val();
        self.complement_3.next = !bit_cast::<24, 20>(self.minus_3.q.val());
        self.total.d.next = (bit_cast::<72, 20>(self.plus_0.q.val())
            | (bit_cast::<72, 20>(self.plus_2.q.val()) << 32))
            + ((bit_cast::<72, 20>(self.plus_1.q.val()) << 16)
                | (bit_cast::<72, 20>(self.plus_3.q.val()) << 48))
            + (bit_cast::<72, 20>(self.complement_0.val())
                | (bit_cast::<72, 20>(self.complement_2.val()) << 32))
            + ((bit_cast::<72, 20>(self.complement_1.val()) << 16)
                | (bit_cast::<72, 24>(self.complement_3.val()) << 48));
        self.result.next = self.total.q.val();
    }
}

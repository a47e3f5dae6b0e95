//! Exact arithmetic mod a prime with 52-bit multiply-adds.
//!
//! A residue is an integer `0 <= a < 2^52` mod `p`, not necessarily reduced, known mod 2^52: a
//! lane's upper 12 bits are noise. A multiplication does not read them, and sums and differences
//! carry them along. So it is enough that every true value stays within `0..2^52`; only what is
//! compared or leaves the transform is masked.
//!
//! Bounds, for `2^52/8 < p < 2^52/7` ([`crate::model::primes::PRIMES`] are just above 2^49):
//! - [`Modulus::mul`] is Shoup's product: `w' = floor(w * 2^52 / p)`, `t = floor(a * w' / 2^52)`;
//!   `a*w/p - 1 - a/2^52 < t <= a*w/p`, so `0 <= a*w - t*p < (1 + a/2^52) p < 2p`.
//! - [`Modulus::reduce`] is the same with `w = 1`, whose `w'` is 7: the result is below
//!   `p + a * (1 - 7p/2^52)`, and so below `2^52 - 6p < 2p`.
//! - [`Modulus::montgomery`] divides a sum of products by 2^52 (Montgomery, "Modular multiplication
//!   without trial division", Math. Comp. 1985). With `low` congruent to the sum mod 2^52,
//!   `t = low / p mod 2^52` makes `sum - t*p` a multiple of 2^52, and the quotient is
//!   `sum_of_highs + (sum_of_lows >> 52) - floor(t*p / 2^52)`. For `ROWS` products of a residue by
//!   a key below p it is above `-p` and below `ROWS * p`.

use crate::model::primes::pow_mod;
use crate::model::simd::{Ifma, MASK_52};

/// A factor `w < p` and `floor(w * 2^52 / p)`.
pub(super) type Factor = [u64; 2];

/// A [`Factor`] of every lane.
pub(super) type Factors<S> = [<S as Ifma>::Vector; 2];

/// `w` with what [`Modulus::mul`] needs of it.
pub(super) const fn factor(w: u64, prime: u64) -> Factor {
    [w, (((w as u128) << 52) / prime as u128) as u64]
}

/// `2^52 mod prime`, which a key carries because [`Modulus::montgomery`] divides by it.
pub(super) const fn montgomery_factor(prime: u64) -> u64 {
    pow_mod(2, 52, prime)
}

/// A prime and what computing with it takes, in vectors.
#[derive(Clone, Copy)]
pub(super) struct Modulus<S: Ifma> {
    pub(super) simd: S,
    pub(super) zero: S::Vector,
    p: S::Vector,
    /// `2^52 - p`.
    minus_p: S::Vector,
    pub(super) two_p: S::Vector,
    pub(super) four_p: S::Vector,
    /// `1/p mod 2^52`.
    p_inverse: S::Vector,
    seven: S::Vector,
}

impl<S: Ifma> Modulus<S> {
    #[inline(always)]
    pub(super) fn new(simd: S, prime: u64) -> Self {
        // Newton's iteration doubles the correct bits; p is its own inverse mod 8.
        let mut inverse = prime;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(prime.wrapping_mul(inverse)));
        }
        Self {
            simd,
            zero: simd.splat(0),
            p: simd.splat(prime),
            minus_p: simd.splat((1 << 52) - prime),
            two_p: simd.splat(2 * prime),
            four_p: simd.splat(4 * prime),
            p_inverse: simd.splat(inverse & MASK_52),
            seven: simd.splat(7),
        }
    }

    /// The same factor for all lanes.
    #[inline(always)]
    pub(super) fn splat(self, [w, w_over_p]: Factor) -> Factors<S> {
        [self.simd.splat(w), self.simd.splat(w_over_p)]
    }

    /// `x + (a * w mod p)`, the product below 2p.
    #[inline(always)]
    pub(super) fn mul_add(
        self,
        x: S::Vector,
        a: S::Vector,
        [w, w_over_p]: Factors<S>,
    ) -> S::Vector {
        let s = self.simd;
        let quotient = s.madd_high(self.zero, a, w_over_p);
        s.madd_low(s.madd_low(x, a, w), quotient, self.minus_p)
    }

    /// `a * w mod p`, below `(1 + a/2^52) p`.
    #[inline(always)]
    pub(super) fn mul(self, a: S::Vector, w: Factors<S>) -> S::Vector {
        self.mul_add(self.zero, a, w)
    }

    /// The same residue, below `2^52 - 6p`.
    #[inline(always)]
    pub(super) fn reduce(self, a: S::Vector) -> S::Vector {
        let s = self.simd;
        let quotient = s.madd_high(self.zero, a, self.seven);
        s.madd_low(a, quotient, self.minus_p)
    }

    /// `a + p`, for a signed number not below `-p`.
    #[inline(always)]
    pub(super) fn lift(self, a: S::Vector) -> S::Vector {
        self.simd.add(a, self.p)
    }

    /// The residue in `0..p` of one below 2p, without noise.
    #[inline(always)]
    pub(super) fn canonical(self, a: S::Vector) -> S::Vector {
        let s = self.simd;
        let a = s.and(a, s.splat(MASK_52));
        s.min(a, s.sub(a, self.p))
    }

    /// The sum of `ROWS` products over 2^52 mod p, at most 9 of them, without noise. `low` is the
    /// sum of the products' low halves, `high` that of the high halves. For two residues of at most
    /// A below `2 * A/2^52 * p`, else below 1.75 p.
    #[inline(always)]
    pub(super) fn montgomery<const ROWS: usize>(
        self,
        low: S::Vector,
        high: S::Vector,
    ) -> S::Vector {
        let s = self.simd;
        let t = s.madd_low(self.zero, low, self.p_inverse);
        let carried = s.add(high, s.shift_right::<52>(low));
        let quotient = s.sub(carried, s.madd_high(self.zero, t, self.p));
        // From above -p to below ROWS * p; a negative number is large as an unsigned one.
        let mut residue = s.min(quotient, s.add(quotient, self.p));
        if ROWS > 6 {
            residue = s.min(residue, s.sub(residue, self.four_p));
        }
        if ROWS > 2 {
            residue = self.reduce(residue);
        }
        residue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::primes::{PRIMES, mul_mod};
    use crate::model::simd::{IFMA_LANES, Work, ifma_instruction_sets};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Checks all operations on one residue `a < 2^52`, with noise above, and a factor `w < p`.
    struct Check {
        prime: u64,
        a: u64,
        w: u64,
    }

    impl<S: Ifma> Work<S> for Check {
        type Output = ();

        #[inline(always)]
        fn run(self, s: S) {
            let Self { prime, a, w } = self;
            let m = Modulus::new(s, prime);
            let first = |x: S::Vector| {
                let mut words = [0; IFMA_LANES];
                s.store(x, &mut words);
                assert_eq!(words, [words[0]; IFMA_LANES]);
                words[0]
            };
            let noisy = s.splat(a | a << 60 | 5 << 52);
            let factors = m.splat(factor(w, prime));

            let product = first(m.mul(noisy, factors)) & MASK_52;
            assert_eq!(
                product % prime,
                mul_mod(a, w, prime),
                "{a} * {w} mod {prime}"
            );
            let bound = (u128::from(prime) * ((1 << 52) + u128::from(a))) >> 52;
            assert!(u128::from(product) <= bound && product < 2 * prime);
            let sum = first(m.mul_add(s.splat(9), noisy, factors)) & MASK_52;
            assert_eq!(sum, product + 9);
            let canonical = first(m.canonical(m.mul(noisy, factors)));
            assert_eq!(canonical, product % prime);

            let reduced = first(m.reduce(noisy)) & MASK_52;
            assert_eq!(reduced % prime, a % prime);
            assert!(reduced < (1 << 52) - 6 * prime);

            for digit in [0, 1, -1, i64::from(i32::MAX), i64::from(i32::MIN)] {
                let residue = first(m.lift(s.splat(digit.cast_unsigned())));
                assert_eq!(i128::from(residue), i128::from(prime) + i128::from(digit));
            }
            check_montgomery::<S, 2>(m, noisy, a, w, prime);
            check_montgomery::<S, 3>(m, noisy, a, w, prime);
            check_montgomery::<S, 4>(m, noisy, a, w, prime);
            check_montgomery::<S, 6>(m, noisy, a, w, prime);
            check_montgomery::<S, 9>(m, noisy, a, w, prime);
        }
    }

    /// `ROWS` products of `a * w` over 2^52.
    #[inline(always)]
    fn check_montgomery<S: Ifma, const ROWS: usize>(
        m: Modulus<S>,
        noisy: S::Vector,
        a: u64,
        w: u64,
        prime: u64,
    ) {
        let s = m.simd;
        let (mut low, mut high) = (m.zero, m.zero);
        for _ in 0..ROWS {
            low = s.madd_low(low, noisy, s.splat(w));
            high = s.madd_high(high, noisy, s.splat(w));
        }
        let mut words = [0; IFMA_LANES];
        s.store(m.montgomery::<ROWS>(low, high), &mut words);
        let result = words[0] & MASK_52;
        let expected = mul_mod(mul_mod(a, w, prime), ROWS as u64, prime);
        assert_eq!(mul_mod(result, montgomery_factor(prime), prime), expected);
        if ROWS == 2 {
            // Only the largest residues make it as large as that.
            assert_eq!(result, words[0]);
            assert!(
                u128::from(result)
                    <= ((2 * u128::from(a) * u128::from(prime)) >> 52).max(prime.into())
            );
        } else {
            assert!(4 * result < 7 * prime);
        }
    }

    #[test]
    fn operations_are_exact_at_the_ends_of_their_range() {
        for prime in PRIMES {
            assert!(prime > (1 << 52) / 8 && prime < (1 << 52) / 7);
            let edges = (0..8).flat_map(|multiple| {
                let a = multiple * prime;
                [a.saturating_sub(1), a, a + 1, a.max(1 << 50) + (1 << 49)]
            });
            let edges: Vec<u64> = edges
                .chain([MASK_52 - 1, MASK_52])
                .filter(|&a| a <= MASK_52)
                .collect();
            let mut random = ChaCha8Rng::seed_from_u64(prime);
            let mut pairs = vec![];
            for &a in &edges {
                let ends = [0, 1, 2, prime / 2, prime / 2 + 1, prime - 2, prime - 1];
                pairs.extend(ends.map(|w| (a, w)));
                pairs.push((a, random.next_u64() % prime));
            }
            for _ in 0..2000 {
                pairs.push((random.next_u64() & MASK_52, random.next_u64() % prime));
            }
            for dispatch in ifma_instruction_sets() {
                for &(a, w) in &pairs {
                    dispatch
                        .run_ifma(Check { prime, a, w })
                        .expect("IFMA, or plain");
                }
            }
        }
    }
}

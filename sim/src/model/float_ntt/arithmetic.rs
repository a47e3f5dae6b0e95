//! Exact arithmetic mod two primes in double precision.
//!
//! A residue is an integer in a double, positive or negative, not necessarily reduced. All
//! integers below 2^53 are exact, and an FMA gives the exact low half of a product:
//! `h = RN(a*w)`, `l = RN(a*w - h)` has `h + l = a*w` (Ogita, Rump, Oishi, "Accurate sum and dot
//! product", SIAM J. Sci. Comput. 2005). With `t` near `a*w/p`, `r = (h - t*p) + l` is the
//! residue `a*w - t*p`; both additions are exact, because their results are small integers.
//!
//! Bounds, for `2^49 < p < 2^49 * (1 + 2^-13)`, `|a| <= A*p` with `A < 7.99`, so `|a| < 2^52`:
//! - Rounding to an integer adds and subtracts `1.5 * 2^52`, exact to within 1/2 of numbers below
//!   2^51 in size. `a*w/p` is such a number, as `|w| <= p/2`.
//! - [`Modulus::mul_twiddle`], with `w/p` rounded to a double: `t` is within
//!   `1/2 + |a| * 2^-54` of `a*w/p`, so `|r| <= (1/2 + A/31) p`.
//! - [`Modulus::mul_key`], which only knows `1/p`: `h * RN(1/p)` is within `|a*w/p| * 2^-52` of
//!   `a*w/p`, so `|r| <= (1/2 + A/15.9) p`.
//! - `|h - t*p| <= p + |l|`, and `|l| <= ulp(h)/2 <= 2^47` for `|h| < 2^101`: an integer far
//!   below 2^53.
//! - [`Modulus::reduce`] of `|a| <= 9p` gives `|r| <= (1/2 + 2^-49) p`, and the one residue in
//!   `-(p-1)/2..=(p-1)/2` when `|a| <= 2p`: there the rounding error, `2^-52`, is below the
//!   distance of `a/p` from any half-integer, `1/(2p)`.

use crate::model::simd::Simd;

/// `1.5 * 2^52`: doubles near it are the integers near it.
pub(super) const MAGIC: f64 = 6_755_399_441_055_744.0;

/// A prime and what computing with it takes, in vectors.
#[derive(Clone, Copy)]
pub(super) struct Modulus<S: Simd> {
    pub(super) simd: S,
    p: S::Float,
    p_inverse: S::Float,
    pub(super) magic: S::Float,
}

impl<S: Simd> Modulus<S> {
    #[inline(always)]
    pub(super) fn new(simd: S, prime: u64) -> Self {
        let p = prime as f64;
        Self {
            simd,
            p: simd.splat(p),
            p_inverse: simd.splat(1.0 / p),
            magic: simd.splat(MAGIC),
        }
    }

    /// `a * w mod p`, given `w` centred and `w / p`.
    #[inline(always)]
    pub(super) fn mul_twiddle(self, a: S::Float, w: S::Float, w_over_p: S::Float) -> S::Float {
        let s = self.simd;
        let high = s.mul(a, w);
        let low = s.mul_sub(a, w, high);
        let quotient = s.sub(s.mul_add(a, w_over_p, self.magic), self.magic);
        s.add(s.neg_mul_add(quotient, self.p, high), low)
    }

    /// `a * w mod p`, given `w` centred.
    #[inline(always)]
    pub(super) fn mul_key(self, a: S::Float, w: S::Float) -> S::Float {
        let s = self.simd;
        let high = s.mul(a, w);
        let low = s.mul_sub(a, w, high);
        let quotient = s.sub(s.mul_add(high, self.p_inverse, self.magic), self.magic);
        s.add(s.neg_mul_add(quotient, self.p, high), low)
    }

    /// The same residue, about the smallest.
    #[inline(always)]
    pub(super) fn reduce(self, a: S::Float) -> S::Float {
        let s = self.simd;
        let quotient = s.sub(s.mul_add(a, self.p_inverse, self.magic), self.magic);
        s.neg_mul_add(quotient, self.p, a)
    }
}

/// A residue `0..prime` as a double in `-(prime-1)/2..=(prime-1)/2`.
pub(super) const fn centred(residue: u64, prime: u64) -> f64 {
    if residue > prime / 2 {
        -((prime - residue) as f64)
    } else {
        residue as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::primes::PRIMES;
    use crate::model::simd::Plain;
    use proptest::prelude::*;

    fn residue(x: f64, prime: u64) -> u64 {
        (x as i128).rem_euclid(i128::from(prime)) as u64
    }

    fn check_products(a: f64, w: f64, prime: u64) {
        let modulus = Modulus::new(Plain, prime);
        let p = prime as f64;
        let expected = (a as i128 * w as i128).rem_euclid(i128::from(prime)) as u64;
        let size = a.abs() / p;
        let [product, ..] = modulus.mul_twiddle([a; 8], [w; 8], [w / p; 8]);
        assert_eq!(residue(product, prime), expected, "{a} * {w} mod {prime}");
        assert!(product.abs() <= (0.5 + size / 31.0) * p);
        let [product, ..] = modulus.mul_key([a; 8], [w; 8]);
        assert_eq!(residue(product, prime), expected, "{a} * {w} mod {prime}");
        assert!(product.abs() <= (0.5 + size / 15.9) * p);
        let [reduced, ..] = modulus.reduce([a; 8]);
        assert_eq!(residue(reduced, prime), residue(a, prime));
        assert!(reduced.abs() <= p / 2.0 + 1.0);
        if size <= 2.0 {
            assert_eq!(reduced, centred(residue(a, prime), prime));
        }
    }

    #[test]
    fn products_are_exact_at_the_ends_of_their_range() {
        for prime in PRIMES {
            let p = prime as f64;
            let half = ((prime - 1) / 2) as f64;
            let top = (7.99 * p).floor();
            let edges = [
                0.0,
                1.0,
                half - 1.0,
                half,
                half + 1.0,
                p,
                2.0 * p - 1.0,
                4.0 * p,
                top - 1.0,
                top,
            ];
            for a in edges.into_iter().flat_map(|a| [a, -a]) {
                for w in [0.0, 1.0, 2.0, half - 1.0, half]
                    .into_iter()
                    .flat_map(|w| [w, -w])
                {
                    check_products(a, w, prime);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn products_are_exact(
            a in -4_498_000_000_000_000_i64..4_498_000_000_000_000,
            w in 0..PRIMES[0],
            which in 0..2_usize,
        ) {
            let prime = PRIMES[which];
            check_products(a as f64, centred(w, prime), prime);
        }
    }
}

//! From residues mod the two primes to a rounded word mod 2^64, in integers.
//!
//! The sum of products S, made positive by an added `p1*h`, `h = (p2 + 1)/2`, is
//! `S + p1*h = r1 + p1*y` with `y = (r2 - r1 + p1*h)/p1 mod p2` in `0..p2`, for any representative
//! `0 <= r1 < 2*p1` (Garner's form of the Chinese remainder theorem). With `d = p1*h mod q`,
//! `U = r1 + p1*y - d` is S plus a multiple of q, so that `v = U mod q = S mod q`, and the result is
//! [`crate::model::goldilocks::to_torus`] of it. `|S| + q + 2*p1 <= p1*(p2 - 1)/2` ensures
//! `0 <= S + p1*h - r1 < p1*p2` and `U >= 0`.
//!
//! - `F = floor(y*K / 2^52) + 4 - floor(d * 2^14 / q)`, with `K = floor(p1 * 2^66 / q) < 2^52`, is
//!   just above `U * 2^14 / q`: the first term lacks less than `1 + y/2^52 < 1.2` of
//!   `y*p1 * 2^14 / q`, `r1 * 2^14 / q < 1`, and the last term lacks less than 1. So
//!   `0 < F - U * 2^14 / q < 5`, and with `c = F >> 14`, `v = U - c*q` is above `-5 * 2^-14 * q`, and
//!   below q.
//! - The 64 bits of this v are ambiguous: bit 63 is set for `v < 0`, which needs another q, and for
//!   `v >= 2^63 > q/2`. Then `F mod 2^14` tells: below 5 if `v < 0`, and above 2^13 if `v > q/2`.
//!   So q is added when bit 63 of v is set and bit 13 of F is not.
//! - Mod 2^64, `p1*y - c*q = (f*y + c << 32) + y - c`, with `p1 = f*2^32 + 1`.
//! - For `v` in `0..q` the word is `v + ((v + 2^31 - 1) >> 32)`.

use super::arithmetic::{Factors, Modulus, factor};
use crate::model::goldilocks;
use crate::model::primes::{FACTORS, FIRST_INVERSE, PRIMES};
use crate::model::simd::{Ifma, MASK_52};

/// `p1 * h`.
const SHIFT: u128 = PRIMES[0] as u128 * PRIMES[1].div_ceil(2) as u128;

/// `p1 * h mod q`.
const SHIFT_MOD_Q: u64 = (SHIFT % goldilocks::MODULUS as u128) as u64;

/// `p1 * h mod p2` plus a multiple of p2, at least `2*p1` and less than `2*p1 + p2`.
const OFFSET: u64 = {
    let p2 = PRIMES[1] as u128;
    let minimum = 2 * PRIMES[0] as u128;
    (minimum + (SHIFT - minimum) % p2) as u64
};

/// `4 - floor(d * 2^14 / q)`, wrapped.
const FRACTION: u64 =
    4_u64.wrapping_sub((((SHIFT_MOD_Q as u128) << 14) / goldilocks::MODULUS as u128) as u64);

/// `floor(p1 * 2^66 / q)`.
const QUOTIENT: u64 = (((PRIMES[0] as u128) << 66) / goldilocks::MODULUS as u128) as u64;

/// Constants in vectors.
#[derive(Clone, Copy)]
pub(super) struct Combine<S: Ifma> {
    second: Modulus<S>,
    inverse: Factors<S>,
    mask: S::Vector,
    offset: S::Vector,
    quotient: S::Vector,
    fraction: S::Vector,
    shift: S::Vector,
    low_factor: S::Vector,
    q: S::Vector,
    half: S::Vector,
}

impl<S: Ifma> Combine<S> {
    #[inline(always)]
    pub(super) fn new(simd: S) -> Self {
        let second = Modulus::new(simd, PRIMES[1]);
        Self {
            second,
            inverse: second.splat(const { factor(FIRST_INVERSE, PRIMES[1]) }),
            mask: simd.splat(MASK_52),
            offset: simd.splat(OFFSET),
            quotient: simd.splat(QUOTIENT),
            fraction: simd.splat(FRACTION),
            shift: simd.splat(SHIFT_MOD_Q),
            low_factor: simd.splat(FACTORS[0]),
            q: simd.splat(goldilocks::MODULUS),
            half: simd.splat(0x7FFF_FFFF),
        }
    }

    /// The rounded word of residues below 2p, mod 2^64.
    #[inline(always)]
    pub(super) fn word(self, r1: S::Vector, r2: S::Vector) -> S::Vector {
        let s = self.second.simd;
        let difference = s.add(s.sub(r2, r1), self.offset);
        let y = self
            .second
            .canonical(self.second.mul(difference, self.inverse));
        let fraction = s.madd_high(self.fraction, y, self.quotient);
        let c = s.shift_right::<14>(fraction);
        let high = s.shift_left::<32>(s.madd_low(c, y, self.low_factor));
        let low = s.add(s.sub(s.and(r1, self.mask), self.shift), s.sub(y, c));
        let v = s.add_if_negative_unless(s.add(low, high), s.shift_left::<50>(fraction), self.q);
        s.add(v, s.shift_right::<32>(s.add(v, self.half)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::primes::mul_mod;
    use crate::model::simd::{Work, ifma_instruction_sets};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Sums and the multiples of the primes by which their residues are unreduced.
    struct Check<'a>(&'a [i128]);

    /// `round(sum mod q * 2^64 / q)`.
    fn expected(sum: i128) -> u64 {
        let q = i128::from(goldilocks::MODULUS);
        let v = sum.rem_euclid(q) as u128;
        (((v << 64) | (q as u128 / 2)) / q as u128) as u64
    }

    impl<S: Ifma> Work<S> for Check<'_> {
        type Output = ();

        #[inline(always)]
        fn run(self, s: S) {
            let combine = Combine::new(s);
            for &sum in self.0 {
                // Lane by lane: both residues as they are, or plus p, with and without noise.
                let residue = |prime: u64, unreduced: bool, noise: u64| {
                    let r = sum.rem_euclid(i128::from(prime)) as u64;
                    r + if unreduced { prime } else { 0 } + (noise << 52)
                };
                let lanes = |which: usize| {
                    s.load(&std::array::from_fn(|lane| {
                        residue(
                            PRIMES[which],
                            lane >> which & 1 == 1,
                            (lane as u64 >> 2) * 0xABC,
                        )
                    }))
                };
                let mut words = [0; 8];
                s.store(combine.word(lanes(0), lanes(1)), &mut words);
                assert_eq!(words, [expected(sum); 8], "{sum}");
            }
        }
    }

    #[test]
    fn sums_are_combined_and_rounded() {
        let q = i128::from(goldilocks::MODULUS);
        let [p1, p2] = PRIMES.map(i128::from);
        let limit = p1 * ((p2 - 1) / 2) - q - 2 * p1;
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut sums = vec![];
        // Around multiples of q and of q/2 and of p1, over the whole range, and anywhere.
        for multiple in [0, 1, 2, 3, (1 << 32) - 1, 1 << 32, limit / q - 1, limit / q] {
            for unit in [q, q / 2, q / 4, p1, p2] {
                let centre = (multiple * unit).min(limit);
                for offset in -70..70_i128 {
                    let near = (1_i128 << (offset.abs() % 64)) * offset.signum() + offset % 3;
                    sums.extend([centre + near, -centre + near]);
                }
            }
        }
        for _ in 0..20_000 {
            let wide = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
            let sum = (wide % (2 * limit as u128)) as i128 - limit;
            // Also with a fraction of q that is all but zero.
            sums.extend([sum, sum / q * q + i128::from(random.next_u32() as i32)]);
        }
        sums.extend([limit, -limit]);
        sums.retain(|sum| sum.abs() <= limit);
        for dispatch in ifma_instruction_sets() {
            dispatch.run_ifma(Check(&sums)).expect("IFMA, or plain");
        }
    }

    #[test]
    fn constants_are_what_the_documentation_says() {
        let [p1, p2] = PRIMES;
        const { assert!(QUOTIENT < 1 << 52) };
        assert_eq!(p2 % 2, 1);
        assert_eq!(u128::from(OFFSET % p2), SHIFT % u128::from(p2));
        assert!((2 * p1..2 * p1 + p2).contains(&OFFSET));
        // The difference of residues below 2p stays below 2^52.
        assert!(2 * p2 + OFFSET < 1 << 52);
        assert_eq!(mul_mod(FIRST_INVERSE, p1, p2), 1);
    }
}

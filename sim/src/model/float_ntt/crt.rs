//! From residues mod the two primes to a rounded word mod 2^64.
//!
//! The sum of products S, `|S| + 2*p1 <= p1*(p2 - 1)/2`, is `S = r1 + p1*y` with
//! `y = (r2 - r1)/p1 mod p2` centred, for any representative `|r1| <= 2*p1` (Garner's form of the
//! Chinese remainder theorem). Then `S' = S - c*q`, `c = round(S/q)`, is `S mod q` centred, and
//! the result is [`crate::model::goldilocks::to_torus`] of it.
//!
//! - `|y| < 2^48.001`, so `|c| < 2^34` and `S/q = y * (p1/q) + r1/q`. `p1/q` rounded to a double
//!   is off by less than 2^-95: `p1 = f*2^32 + 1` and `1/q = 2^-64 * (1 + 2^-32 - ..)` make
//!   `p1/q = 2^-64 * (f*2^32 + f + 1 + 2^-32 - ..)`, and `f*2^32 + f + 1` is a double. So an FMA gives
//!   the fraction of S/q to within 2^-46, and `|S'| <= q/2 + 2^18 < 2^63`: the low 64 bits of S',
//!   read as a signed number, are S'.
//! - Mod 2^64, `p1*y = (f*y << 32) + y` and `-c*q = (c << 32) - c`.
//! - `v = S'`, plus q where it is negative, is in `0..q`, and the word is `v + ((v + 2^31 - 1) >> 32)`.

use super::arithmetic::{MAGIC, Modulus, centred};
use crate::model::goldilocks;
use crate::model::primes::{FACTORS, FIRST_INVERSE, PRIMES};
use crate::model::simd::{Simd, Work};

/// Adds the rounded sums to `output`.
pub(super) struct Combine<'a, S: Simd> {
    /// Residues mod the first prime, of size at most 1.16.
    pub(super) first: &'a [S::Float],
    /// Residues mod the second prime, of size at most 1.16.
    pub(super) second: &'a [S::Float],
    /// Coefficients mod 2^64.
    pub(super) output: &'a mut [u64],
}

impl<S: Simd> Work<S> for Combine<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        let modulus = Modulus::new(s, PRIMES[1]);
        let magic = modulus.magic;
        let inverse = centred(FIRST_INVERSE, PRIMES[1]);
        let inverse_over_p = s.splat(inverse / PRIMES[1] as f64);
        let inverse = s.splat(inverse);
        let two_to_64 = 18_446_744_073_709_551_616.0;
        let ratio = s.splat(((FACTORS[0] << 32) + FACTORS[0] + 1) as f64 / two_to_64);
        let q_inverse = s.splat(1.0 / two_to_64);
        let magic_bits = s.int_splat(MAGIC.to_bits());
        let factor = s.int_splat(FACTORS[0]);
        let q = s.int_splat(goldilocks::MODULUS);
        let half = s.int_splat(0x7FFF_FFFF);
        for ((&r1, &r2), words) in self
            .first
            .iter()
            .zip(self.second)
            .zip(S::words(self.output))
        {
            let y = modulus.reduce(modulus.mul_twiddle(s.sub(r2, r1), inverse, inverse_over_p));
            let c = s.sub(s.mul_add(y, ratio, magic), magic);
            let fraction = s.mul_add(r1, q_inverse, s.mul_sub(y, ratio, c));
            // Integers in the low bits of doubles: `bits(MAGIC + x) = bits(MAGIC) + x`, and the
            // low 32 bits of `bits(MAGIC)` are 0. The nearest integer to the fraction corrects c.
            let c = s.bits(s.add(c, s.add(fraction, magic)));
            let y = s.bits(s.add(y, magic));
            let r1 = s.bits(s.add(r1, magic));
            let low = s.int_sub(s.int_add(r1, s.int_sub(y, c)), magic_bits);
            let high = s.int_shl32(s.int_add(s.int_mul_low(y, factor), c));
            let v = s.int_add_if_negative(s.int_add(low, high), q);
            let rounding = s.int_shr32(s.int_add(v, half));
            let word = s.int_add(s.int_load(words), s.int_add(v, rounding));
            s.int_store(word, words);
        }
    }
}

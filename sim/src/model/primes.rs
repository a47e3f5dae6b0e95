//! The two 50-bit primes that the vector kernels compute with, and number theory for their tables.

use gyrus_interface::ParameterSet;

use super::goldilocks;

/// Low factor of the primes `factor * 2^32 + 1`: the two smallest of that form above 2^49. Any
/// primes above 2^49 would do; this form makes a product by a prime mod 2^64 a 32-bit one.
pub(super) const FACTORS: [u64; 2] = [0x2_0005, 0x2_000A];

/// The primes. Both are 1 mod `2N` for every N.
pub(super) const PRIMES: [u64; 2] = [(FACTORS[0] << 32) + 1, (FACTORS[1] << 32) + 1];

/// `1/p1 mod p2`.
pub(super) const FIRST_INVERSE: u64 = pow_mod(PRIMES[0], PRIMES[1] - 2, PRIMES[1]);

/// True when no sum of digits times key words of this set, and a kernel's `safety`, is too large for
/// the two primes: `(k+1) * l * N * 2^(base_log - 1) * (q-1)/2 + safety <= p1 * (p2 - 1)/2`.
pub(super) fn hold(set: &ParameterSet, safety: u128) -> bool {
    let terms = set.pbs.level_count.0 * set.glwe_size() * set.polynomial_size.0;
    let largest_digit = 1_u128 << (set.pbs.base_log.0 - 1);
    let largest_key_word = u128::from(goldilocks::MODULUS / 2);
    let [p1, p2] = PRIMES.map(u128::from);
    terms as u128 * largest_digit * largest_key_word + safety <= p1 * ((p2 - 1) / 2)
}

/// `a * b mod prime`.
pub(super) const fn mul_mod(a: u64, b: u64, prime: u64) -> u64 {
    ((a as u128 * b as u128) % prime as u128) as u64
}

/// `base^exponent mod prime`.
pub(super) const fn pow_mod(base: u64, mut exponent: u64, prime: u64) -> u64 {
    let mut square = base % prime;
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul_mod(result, square, prime);
        }
        square = mul_mod(square, square, prime);
        exponent >>= 1;
    }
    result
}

/// A primitive `2^log2_order`-th root of unity, `1 <= log2_order <= 32`: a power of the smallest
/// quadratic non-residue.
pub(super) const fn root_of_unity(log2_order: u32, prime: u64) -> u64 {
    let mut candidate = 2;
    while pow_mod(candidate, (prime - 1) / 2, prime) != prime - 1 {
        candidate += 1;
    }
    pow_mod(candidate, (prime - 1) >> log2_order, prime)
}

/// `base^bit_reversed(j) mod prime` for `j` in `0..size`, `size` a power of two: twiddles in the
/// order in which the levels of a transform use them.
pub(super) fn bit_reversed_powers(base: u64, size: usize, prime: u64) -> Vec<u64> {
    let mut table = vec![0; size];
    let mut power = 1;
    for j in 0..size {
        table[j.reverse_bits() >> (usize::BITS - size.ilog2())] = power;
        power = mul_mod(power, base, prime);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proth's theorem: `a * 2^32 + 1` with `a < 2^32` is prime when some x has
    /// `x^((p-1)/2) = -1`.
    #[test]
    fn primes_are_prime_and_in_the_range_of_the_bounds() {
        for (factor, prime) in FACTORS.into_iter().zip(PRIMES) {
            assert!(factor < 1 << 32);
            assert!((2..100).any(|x| pow_mod(x, (prime - 1) / 2, prime) == prime - 1));
            assert!(prime > 1 << 49 && prime - (1 << 49) < 1 << 36);
        }
        assert_ne!(PRIMES[0], PRIMES[1]);
    }

    #[test]
    fn roots_have_their_order() {
        for prime in PRIMES {
            for log2 in 1..=13 {
                let root = root_of_unity(log2, prime);
                assert_eq!(pow_mod(root, 1 << (log2 - 1), prime), prime - 1);
            }
        }
    }
}

//! The field of integers mod `q = 2^64 - 2^32 + 1`, and the switches between mod 2^64 and mod q.
//!
//! Every function takes and returns canonical values `0..q` unless it says otherwise. Because
//! `2^64 = 2^32 - 1 (mod q)` and `2^96 = -1 (mod q)`, a 128-bit product is reduced with shifts
//! and additions (M. Hamburg, "Ed448-Goldilocks", 2015, section on the golden-ratio prime's form).

/// The modulus `q`.
pub const MODULUS: u64 = 0xFFFF_FFFF_0000_0001;
/// `2^64 - q`, and also `2^64 mod q`.
const EPSILON: u64 = 0xFFFF_FFFF;
/// Generates the multiplicative group, whose order is `2^32 * 3 * 5 * 17 * 257 * 65537`.
const GENERATOR: u64 = 7;

/// `a + b mod q`.
#[inline(always)]
#[must_use]
pub const fn add(a: u64, b: u64) -> u64 {
    // a - (q - b) borrows exactly when a + b < q.
    let (difference, borrow) = a.overflowing_sub(MODULUS - b);
    if borrow {
        difference.wrapping_add(MODULUS)
    } else {
        difference
    }
}

/// `a - b mod q`.
#[inline(always)]
#[must_use]
pub const fn sub(a: u64, b: u64) -> u64 {
    let (difference, borrow) = a.overflowing_sub(b);
    if borrow {
        difference.wrapping_add(MODULUS)
    } else {
        difference
    }
}

/// A value below 2^128, mod q.
#[inline(always)]
#[must_use]
pub const fn reduce(x: u128) -> u64 {
    let low = x as u64;
    let middle = (x >> 64) as u64 & EPSILON;
    let high = (x >> 96) as u64;
    // high * 2^96 = -high.
    let (mut sum, borrow) = low.overflowing_sub(high);
    if borrow {
        sum = sum.wrapping_sub(EPSILON);
    }
    // middle * 2^64 = middle * (2^32 - 1), below 2^64.
    let (mut sum, carry) = sum.overflowing_add(middle * EPSILON);
    if carry {
        sum = sum.wrapping_add(EPSILON);
    }
    if sum >= MODULUS { sum - MODULUS } else { sum }
}

/// `a * b mod q`, for any 64-bit `a` and `b`.
#[inline(always)]
#[must_use]
pub const fn mul(a: u64, b: u64) -> u64 {
    reduce(a as u128 * b as u128)
}

/// `base^exponent mod q`.
#[must_use]
pub const fn pow(base: u64, mut exponent: u64) -> u64 {
    let mut square = base;
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, square);
        }
        square = mul(square, square);
        exponent >>= 1;
    }
    result
}

/// `1 / a mod q`; 0 for 0.
#[must_use]
pub const fn inverse(a: u64) -> u64 {
    pow(a, MODULUS - 2)
}

/// A primitive `2^log2_order`-th root of unity, `log2_order <= 32`.
#[must_use]
pub const fn root_of_unity(log2_order: u32) -> u64 {
    pow(GENERATOR, (MODULUS - 1) >> log2_order)
}

/// The root psi of order 2N, `N = 2^log2_n`, with which hardware transforms: `psi^(N/32) = 8` and
/// `psi^N = -1`, so that the top five stages of its transform are shifts. `log2_n` from 5 to 31.
#[must_use]
pub const fn psi(log2_n: usize) -> u64 {
    let root = root_of_unity(log2_n as u32 + 1);
    let sixty_fourth = pow(root, 1 << (log2_n - 5));
    // An odd power of a root of order 64 is one too, and 8 is one of these.
    let mut exponent = 1;
    while exponent < 64 && pow(sixty_fourth, exponent) != 8 {
        exponent += 2;
    }
    pow(root, exponent)
}

/// A signed number, `|x| < q`, mod q.
#[inline(always)]
#[must_use]
pub const fn from_signed(x: i64) -> u64 {
    if x < 0 {
        MODULUS.wrapping_add(x as u64)
    } else {
        x as u64
    }
}

/// From mod 2^64 to mod q: `round(x * q / 2^64)`, ties up. How tfhe-rs' BNF path loads the
/// bootstrapping key.
#[inline(always)]
#[must_use]
pub const fn from_torus(x: u64) -> u64 {
    ((x as u128 * MODULUS as u128 + (1 << 63)) >> 64) as u64
}

/// From mod q to mod 2^64: `round(v * 2^64 / q) mod 2^64` of a canonical `v`, without a division.
///
/// With `E = 2^32 - 1`, `2^64 = q + E` and `E / q = 2^-32 * (1 - 1/q)`, so the result is
/// `v + floor(v / 2^32 + 1/2 - v / (2^32 q))`. As `0 < v/q < 1` for `v > 0` and the rest of the
/// numerator is an integer, the floor is `(v + 2^31 - 1) >> 32`; `v = 0` agrees. There are no
/// ties, because q is odd.
#[inline(always)]
#[must_use]
pub const fn to_torus(v: u64) -> u64 {
    v.wrapping_add((v + 0x7FFF_FFFF) >> 32)
}

/// The smallest word that [`from_torus`] takes to a canonical `v`.
///
/// The real numbers that it takes to `v` are half a step of `2^64 / q` on either side of
/// `v * 2^64 / q`, and a step is a little more than 1. So [`to_torus`], the nearest word, is one
/// of them, and the one below may be.
#[inline(always)]
#[must_use]
pub const fn least_torus(v: u64) -> u64 {
    let nearest = to_torus(v);
    if nearest > 0 && from_torus(nearest - 1) == v {
        nearest - 1
    } else {
        nearest
    }
}

//! Roots of unity modulo q, calculated when a datapath is built.
//!
//! 8 has order 64. psi is the root of order 2 N with psi^(N / 32) = 8, so that the coarse
//! butterflies of the negacyclic transform are shifts.

use crate::arith::Q;

/// Generates the multiplicative group modulo q.
const GENERATOR: u64 = 7;

/// a * b mod q.
#[must_use]
pub const fn mul(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) % Q as u128) as u64
}

/// base^exponent mod q.
#[must_use]
pub const fn pow(base: u64, mut exponent: u64) -> u64 {
    let (mut square, mut result) = (base, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, square);
        }
        square = mul(square, square);
        exponent >>= 1;
    }
    result
}

/// 1 / a mod q; 0 for 0.
#[must_use]
pub const fn inverse(a: u64) -> u64 {
    pow(a, Q - 2)
}

/// psi for N = 2^log2_n: psi^(N / 32) = 8 and psi^N = -1; `log2_n` from 5 to 31.
#[must_use]
pub fn psi(log2_n: usize) -> u64 {
    let root = pow(GENERATOR, (Q - 1) >> (log2_n + 1));
    let sixty_fourth = pow(root, 1 << (log2_n - 5));
    // An odd power of a root of order 64 is one too, and 8 is one of these.
    let exponent = (1..64_u64)
        .step_by(2)
        .find(|&exponent| pow(sixty_fourth, exponent) == 8)
        .unwrap_or(1);
    pow(root, exponent)
}

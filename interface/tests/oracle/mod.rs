//! Arithmetic mod q by its definition, with `%`, and random words.
#![allow(dead_code, reason = "not every test needs everything")]

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// 2^64 - 2^32 + 1, written out independently of the crate.
pub(crate) const Q: u128 = (1 << 64) - (1 << 32) + 1;

pub(crate) fn power(base: u128, exponent: u128) -> u128 {
    (0..u128::BITS).rev().fold(1, |result, bit| {
        let square = result * result % Q;
        if (exponent >> bit) & 1 == 1 {
            square * base % Q
        } else {
            square
        }
    })
}

/// The powers psi^0 .. psi^(2N - 1) of a root of order 2N with psi^(N/32) = 8, found by search.
pub(crate) fn psi_powers(size: usize) -> Vec<u128> {
    // 7 generates the group, so this has order 2N and so have its odd powers.
    let root = power(7, (Q - 1) / (2 * size as u128));
    let psi = (1..2 * size as u128)
        .step_by(2)
        .map(|exponent| power(root, exponent))
        .find(|&psi| power(psi, size as u128 / 32) == 8)
        .expect("8 is a power of every root of order 64");
    let mut powers = vec![1];
    for i in 1..2 * size {
        powers.push(powers[i - 1] * psi % Q);
    }
    assert_eq!(powers[size], Q - 1, "psi^N = -1");
    powers
}

/// round(x q / 2^64), ties up.
pub(crate) fn rounded(x: u64) -> u128 {
    (u128::from(x) * Q + (1 << 63)) >> 64
}

/// Uniform words with extremes among them.
pub(crate) fn words(seed: u8, count: usize) -> Vec<u64> {
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut word = || match rng.next_u32() % 16 {
        0 => 0,
        1 => u64::MAX,
        2 => 1 << 63,
        3 => u64::from(rng.next_u32()) << 32,
        _ => rng.next_u64(),
    };
    (0..count).map(|_| word()).collect()
}

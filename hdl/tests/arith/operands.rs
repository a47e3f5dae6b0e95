//! Operands and the schoolbook arithmetic that results are compared with.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// 2^64 - 2^32 + 1, written out independently of the crate.
pub(crate) const Q: u128 = (1 << 64) - (1 << 32) + 1;

/// Values below q at which a carry, a borrow or a word boundary turns.
pub(crate) const CANONICAL_EDGES: [u128; 16] = [
    0,
    1,
    2,
    (1 << 31) - 1,
    (1 << 32) - 2,
    (1 << 32) - 1,
    1 << 32,
    (1 << 32) + 1,
    (1 << 33) - 1,
    (Q - 1) / 2,
    Q.div_ceil(2),
    (1 << 63) - 1,
    1 << 63,
    Q - (1 << 32),
    Q - 2,
    Q - 1,
];

/// The edges of all 64-bit words: those below q, and the lazy representatives above it.
pub(crate) fn word_edges() -> Vec<u128> {
    let mut edges = CANONICAL_EDGES.to_vec();
    edges.extend([
        Q,
        Q + 1,
        (1 << 64) - (1 << 31),
        (1 << 64) - 2,
        (1 << 64) - 1,
    ]);
    edges
}

/// A seeded source of operands; each test names its own seed.
pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A number of so many bits: uniform, or with each 32-bit word uniform, all zeros or all ones,
/// which makes long carries likely.
pub(crate) fn random_bits(rng: &mut ChaCha8Rng, width: usize) -> u128 {
    let mut x: u128 = rng.random();
    if rng.random() {
        for word in 0..4 {
            let mask = 0xffff_ffff << (32 * word);
            match rng.random_range(0..3) {
                0 => x &= !mask,
                1 => x |= mask,
                _ => {}
            }
        }
    }
    x >> (128 - width)
}

/// A residue: [`random_bits`] below q.
pub(crate) fn random_canonical(rng: &mut ChaCha8Rng) -> u128 {
    random_bits(rng, 64) % Q
}

/// All pairs of the edges, then random pairs.
pub(crate) fn pairs(
    edges: &[u128],
    count: usize,
    mut random: impl FnMut() -> u128,
) -> Vec<Vec<u128>> {
    let mut pairs: Vec<Vec<u128>> = edges
        .iter()
        .flat_map(|&a| edges.iter().map(move |&b| vec![a, b]))
        .collect();
    pairs.extend((0..count).map(|_| vec![random(), random()]));
    pairs
}

/// 2^exponent mod q by repeated doubling.
pub(crate) fn power_of_two(exponent: usize) -> u128 {
    (0..exponent).fold(1, |power, _| 2 * power % Q)
}

/// a * b mod q for any two 64-bit words.
pub(crate) fn product(a: u128, b: u128) -> u128 {
    (a * b) % Q
}

//! The twiddles of the negacyclic number-theoretic transform mod one of the primes.
//!
//! As in the portable kernel, `psi^j` is merged into the twiddles: Cooley-Tukey butterflies
//! `(x + w*y, x - w*y)` forward, Gentleman-Sande ones `(x + y, (x - y) * w)` back. The levels are
//! taken in groups, each in registers: one or two of 2 or 3 levels, then for every 64 consecutive
//! coefficients three levels between their 8 vectors and, transposed, three within 8 coefficients.

use super::arithmetic::{Factor, Factors, factor};
use crate::model::primes::{bit_reversed_powers, pow_mod, root_of_unity};
use crate::model::simd::{IFMA_LANES, Ifma};

/// Coefficients of a block, whose last levels are done in registers.
pub(super) const BLOCK: usize = IFMA_LANES * IFMA_LANES;

/// Twiddles of three levels: level s, part i at `2^s - 1 + i`.
pub(super) type Octet = [Factor; 7];

/// Twiddles of two levels, in the same order.
pub(super) type Quartet = [Factor; 3];

/// Twiddles of a group of levels, one set for each part of the polynomial.
pub(super) enum Group {
    /// Two levels on parts of four vectors' stride.
    Four(Vec<Quartet>),
    /// Three levels on parts of eight vectors' stride.
    Eight(Vec<Octet>),
}

/// Twiddles of a block.
pub(super) struct BlockTwiddles<S: Ifma> {
    /// Of the levels between vectors.
    pub(super) vectors: Octet,
    /// Of the levels within 8 coefficients, for each of the eight.
    pub(super) lanes: [Factors<S>; 7],
}

/// Twiddles for one direction.
pub(super) struct Twiddles<S: Ifma> {
    /// The first group of the forward order, of one part.
    pub(super) first: Group,
    /// The second, where there is one.
    pub(super) second: Option<Group>,
    pub(super) blocks: Vec<BlockTwiddles<S>>,
}

impl<S: Ifma> Twiddles<S> {
    /// From the table of `psi^bit_reversed(j)`.
    fn new(simd: S, prime: u64, powers: &[u64]) -> Self {
        let twiddle = |index: usize| factor(powers[index], prime);
        // Entry `2^s - 1 + i` of the part with this index among `parts`.
        let entry = |index: usize, entry: usize| {
            let level = (entry + 1).ilog2();
            (index << level) + entry + 1 - (1 << level)
        };
        let group = |levels: u32, parts: usize| {
            if levels == 2 {
                let part = |part| std::array::from_fn(|i| twiddle(entry(parts + part, i)));
                Group::Four((0..parts).map(part).collect())
            } else {
                let part = |part| std::array::from_fn(|i| twiddle(entry(parts + part, i)));
                Group::Eight((0..parts).map(part).collect())
            }
        };
        let blocks = powers.len() / BLOCK;
        let levels = blocks.ilog2();
        let first_levels = if levels <= 3 { levels } else { levels / 2 };
        let block = |block: usize| BlockTwiddles {
            vectors: std::array::from_fn(|i| twiddle(entry(blocks + block, i))),
            lanes: std::array::from_fn(|i| {
                let first = IFMA_LANES * (blocks + block);
                [0, 1].map(|which| {
                    simd.load(&std::array::from_fn(|lane| {
                        twiddle(entry(first + lane, i))[which]
                    }))
                })
            }),
        };
        Self {
            first: group(first_levels, 1),
            second: (levels > first_levels)
                .then(|| group(levels - first_levels, 1 << first_levels)),
            blocks: (0..blocks).map(block).collect(),
        }
    }
}

/// The transform of `N` coefficients mod one prime.
pub(super) struct Plan<S: Ifma> {
    pub(super) prime: u64,
    pub(super) forward: Twiddles<S>,
    pub(super) backward: Twiddles<S>,
}

impl<S: Ifma> Plan<S> {
    /// Of `size` coefficients, a power of two from 256 to 4096.
    pub(super) fn new(simd: S, prime: u64, size: usize) -> Self {
        let psi = root_of_unity(size.ilog2() + 1, prime);
        let twiddles =
            |base: u64| Twiddles::new(simd, prime, &bit_reversed_powers(base, size, prime));
        Self {
            prime,
            forward: twiddles(psi),
            backward: twiddles(pow_mod(psi, prime - 2, prime)),
        }
    }
}

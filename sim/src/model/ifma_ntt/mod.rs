//! Kernel "avx512ifma": the external product mod two primes of 50 bits in 52-bit integers, then
//! the Chinese remainder theorem.
//!
//! The plan is that of [`super::float_ntt`]; a product by a known factor takes three 52-bit
//! multiply-adds, and one by the key two, since a sum over the rows is reduced only once.
//!
//! The key holds 16 bytes per coefficient (a word for each prime), in the order
//! `[n][prime][block of 64][vector][column][row][level]`: one sequential stream.

mod arithmetic;
mod crt;
mod decompose;
mod multiply;
mod plan;
#[cfg(test)]
mod tests;
mod transform;

use gyrus_interface::ParameterSet;
use gyrus_interface::layout::ggsw_words;
use rayon::prelude::*;

use super::goldilocks;
use super::key::{BootstrapKey, PolynomialShape, Worker};
use super::memory::{self, Lines};
use super::primes::{self, PRIMES, mul_mod, pow_mod};
use super::simd::{Dispatch, IFMA_LANES, Ifma, Work};
use arithmetic::{Modulus, factor, montgomery_factor};
use multiply::{ExternalProduct, Source};
use plan::Plan;
use transform::{first_group, forward_block, forward_group};

/// True when this kernel's remainder theorem, which needs a margin of `q + 2*p1`, holds for this set.
fn is_exact(set: &ParameterSet) -> bool {
    primes::hold(
        set,
        u128::from(goldilocks::MODULUS) + 2 * u128::from(PRIMES[0]),
    )
}

/// The bootstrapping key for the instruction set of `dispatch`, from words mod 2^64 whose number
/// fits `set`; in parallel on the current rayon pool. `None` when this kernel would not be exact
/// for `set`.
pub(super) fn new_key(
    dispatch: Dispatch,
    set: &ParameterSet,
    bsk: &[u64],
) -> Option<Box<dyn BootstrapKey>> {
    is_exact(set)
        .then(|| dispatch.run_ifma(Prepare { set, bsk }))
        .flatten()
}

/// Makes a key for an instruction set.
struct Prepare<'a> {
    set: &'a ParameterSet,
    bsk: &'a [u64],
}

impl<S: Ifma> Work<S> for Prepare<'_> {
    type Output = Box<dyn BootstrapKey>;

    #[inline(always)]
    fn run(self, simd: S) -> Self::Output {
        Box::new(IfmaKey::new(simd, self.set, self.bsk))
    }
}

struct IfmaKey<S: Ifma> {
    simd: S,
    shape: PolynomialShape,
    plans: [Plan<S>; 2],
    /// `[n][prime][N/64][8][k+1][k+1][l]`, times `2^52 / N`, in `0..p`.
    residues: Vec<S::Vector>,
}

impl<S: Ifma> IfmaKey<S> {
    fn new(simd: S, set: &ParameterSet, bsk: &[u64]) -> Self {
        let shape = PolynomialShape::new(set);
        let plans = PRIMES.map(|prime| Plan::new(simd, prime, shape.size));
        let mut residues =
            memory::on_huge_pages(simd.splat(0), PRIMES.len() * bsk.len() / IFMA_LANES);
        let ggsw_words = ggsw_words(set);
        residues
            .par_chunks_exact_mut(PRIMES.len() * ggsw_words / IFMA_LANES)
            .zip(bsk.par_chunks_exact(ggsw_words))
            .for_each_init(
                || vec![simd.splat(0); shape.size / IFMA_LANES],
                |values, (to, words)| {
                    let per_prime = to.chunks_exact_mut(ggsw_words / IFMA_LANES);
                    for (to, plan) in per_prime.zip(&plans) {
                        load_ggsw(simd, plan, &shape, words, values, to);
                    }
                },
            );
        Self {
            simd,
            shape,
            plans,
            residues,
        }
    }
}

/// Transforms a GGSW ciphertext, whose polynomials mod 2^64 are `words`, mod the plan's prime,
/// and interleaves its polynomials in `residues`. `values` has room for one polynomial.
fn load_ggsw<S: Ifma>(
    simd: S,
    plan: &Plan<S>,
    shape: &PolynomialShape,
    words: &[u64],
    values: &mut [S::Vector],
    residues: &mut [S::Vector],
) {
    let prime = plan.prime;
    let (columns, levels) = (shape.glwe_size, shape.gadget.levels());
    let rows = columns * levels;
    for (index, polynomial) in words.chunks_exact(shape.size).enumerate() {
        for (value, words) in values.iter_mut().zip(polynomial.as_chunks().0) {
            *value = simd.load(&words.map(|word| {
                let word = goldilocks::from_torus(word);
                if word > goldilocks::MODULUS / 2 {
                    prime - (goldilocks::MODULUS - word) % prime
                } else {
                    word % prime
                }
            }));
        }
        simd.run_ifma(TransformKey { plan, values });
        // From [level][row][column] to [vector][column][row][level].
        let (level, row, column) = (
            index / (columns * columns),
            index / columns % columns,
            index % columns,
        );
        let place = column * rows + row * levels + level;
        for (&value, point) in values.iter().zip(residues.chunks_exact_mut(columns * rows)) {
            point[place] = value;
        }
    }
}

/// Transforms a polynomial of a key.
struct TransformKey<'a, S: Ifma> {
    plan: &'a Plan<S>,
    values: &'a mut [S::Vector],
}

impl<S: Ifma> Work<S> for TransformKey<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        let Self { plan, values } = self;
        let prime = plan.prime;
        let modulus = Modulus::new(s, prime);
        let size = (values.len() * IFMA_LANES) as u64;
        let scale = mul_mod(
            pow_mod(size, prime - 2, prime),
            montgomery_factor(prime),
            prime,
        );
        let scale = modulus.splat(factor(scale, prime));
        first_group(modulus, values, &plan.forward.first);
        if let Some(group) = &plan.forward.second {
            forward_group(modulus, values, group);
        }
        let blocks = values.as_chunks_mut::<IFMA_LANES>().0;
        for (block, w) in blocks
            .as_chunks_mut::<1>()
            .0
            .iter_mut()
            .zip(&plan.forward.blocks)
        {
            forward_block(modulus, block, w);
            for value in block.as_flattened_mut() {
                *value = modulus.canonical(modulus.mul(*value, scale));
            }
        }
    }
}

impl<S: Ifma> IfmaKey<S> {
    /// GGSW ciphertext `index`, or nothing beyond the last.
    fn ggsw(&self, index: usize) -> &[S::Vector] {
        let PolynomialShape {
            size,
            glwe_size,
            gadget,
        } = self.shape;
        let vectors = PRIMES.len() * gadget.levels() * glwe_size * glwe_size * size / IFMA_LANES;
        self.residues
            .chunks_exact(vectors)
            .nth(index)
            .unwrap_or_default()
    }
}

impl<S: Ifma> BootstrapKey for IfmaKey<S> {
    fn bytes(&self) -> usize {
        size_of_val(self.residues.as_slice())
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        let PolynomialShape {
            size,
            glwe_size,
            gadget,
        } = self.shape;
        let rows = gadget.levels() * glwe_size;
        Box::new(IfmaWorker {
            key: self,
            words: Lines::new(size),
            values: vec![self.simd.splat(0); PRIMES.len() * rows * size / IFMA_LANES],
            ahead: Ahead::default(),
        })
    }
}

struct IfmaWorker<'a, S: Ifma> {
    key: &'a IfmaKey<S>,
    /// One polynomial, before decomposition.
    words: Lines<u64>,
    /// Transformed digits, `[prime][k+1][l][N/8]`; later the transformed sums in the first `k+1`
    /// polynomials of each prime.
    values: Vec<S::Vector>,
    ahead: Ahead,
}

/// Which part of the next GGSW to ask memory for during a product with the present one. A group
/// of ciphertexts uses each GGSW as often as the one before, so each use takes an equal part.
#[derive(Default)]
struct Ahead {
    index: usize,
    /// Uses of the present GGSW before this one.
    uses: usize,
    /// Uses of the GGSW before it, if known.
    expected: usize,
}

impl Ahead {
    /// The part, as a number and how many there are, for the next use of GGSW `index`.
    fn part(&mut self, index: usize) -> (usize, usize) {
        if index != self.index {
            *self = Self {
                index,
                uses: 0,
                expected: self.uses,
            };
        }
        let part = (self.uses, self.expected.max(1));
        self.uses += 1;
        part
    }
}

impl<S: Ifma> Worker for IfmaWorker<'_, S> {
    fn cmux(&mut self, index: usize, degree: usize, accumulator: &mut [u64]) {
        self.add_product(index, Source::Difference(degree), accumulator);
    }

    fn external_product(&mut self, index: usize, glwe: &[u64], output: &mut [u64]) {
        self.add_product(index, Source::Glwe(glwe), output);
    }
}

impl<S: Ifma> IfmaWorker<'_, S> {
    fn add_product(&mut self, index: usize, source: Source<'_>, output: &mut [u64]) {
        let PolynomialShape {
            glwe_size, gadget, ..
        } = self.key.shape;
        let next = self.key.ggsw(index + 1);
        let (part, parts) = self.ahead.part(index);
        let ahead = next
            .chunks(next.len().div_ceil(parts).max(1))
            .nth(part)
            .unwrap_or_default();
        macro_rules! multiply {
            ($columns:literal, $rows:literal) => {
                self.key
                    .simd
                    .run_ifma(ExternalProduct::<S, $columns, $rows> {
                        plans: &self.key.plans,
                        gadget,
                        source,
                        ggsw: self.key.ggsw(index),
                        ahead,
                        words: &mut self.words,
                        values: &mut self.values,
                        output,
                    })
            };
        }
        match (glwe_size, gadget.levels()) {
            (2, 1) => multiply!(2, 2),
            (2, 2) => multiply!(2, 4),
            (2, _) => multiply!(2, 6),
            (_, 1) => multiply!(3, 3),
            (_, 2) => multiply!(3, 6),
            (_, _) => multiply!(3, 9),
        }
    }
}

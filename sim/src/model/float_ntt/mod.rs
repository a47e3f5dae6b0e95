//! Kernels "neon", "avx2" and "avx512": the external product mod two primes of 50 bits in double
//! precision, then the Chinese remainder theorem.
//!
//! CPUs multiply doubles, with the exact low half through FMA, faster than 64-bit integers. The
//! sum of digits times centred key words is one integer, known exactly from its residues mod
//! `p1*p2` as long as it is smaller than half of that; [`is_exact`] decides this for the worst
//! case. It is then rounded as if it had been computed mod q.
//!
//! The key holds 16 bytes per coefficient (a double for each prime), in the order
//! `[n][prime][point][row][level][column]`: one sequential stream.

mod arithmetic;
mod crt;
mod plan;
#[cfg(test)]
mod tests;

use gyrus_interface::ParameterSet;
use gyrus_interface::layout::ggsw_words;
use rayon::prelude::*;

use super::decompose::{Gadget, decompose_polynomial};
use super::goldilocks;
use super::key::{BootstrapKey, PolynomialShape, Worker};
use super::memory::{self, Lines};
use super::primes::{self, PRIMES, pow_mod};
use super::rotate::rotate_and_subtract;
use super::simd::{Dispatch, Simd, Work};
use arithmetic::{Modulus, centred};
use crt::Combine;
use plan::Plan;

/// True when these kernels' remainder theorem, which needs a margin of `2*p1`, holds for this set.
fn is_exact(set: &ParameterSet) -> bool {
    primes::hold(set, 2 * u128::from(PRIMES[0]))
}

/// The bootstrapping key for the instruction set of `dispatch`, from words mod 2^64 whose number
/// fits `set`; in parallel on the current rayon pool. `None` when these kernels would not be
/// exact for `set`.
pub(super) fn new_key(
    dispatch: Dispatch,
    set: &ParameterSet,
    bsk: &[u64],
) -> Option<Box<dyn BootstrapKey>> {
    is_exact(set)
        .then(|| dispatch.run_doubles(Prepare { set, bsk }))
        .flatten()
}

/// Makes a key for an instruction set.
struct Prepare<'a> {
    set: &'a ParameterSet,
    bsk: &'a [u64],
}

impl<S: Simd> Work<S> for Prepare<'_> {
    type Output = Box<dyn BootstrapKey>;

    #[inline(always)]
    fn run(self, simd: S) -> Self::Output {
        Box::new(FloatKey::new(simd, self.set, self.bsk))
    }
}

struct FloatKey<S: Simd> {
    simd: S,
    shape: PolynomialShape,
    plans: [Plan<S>; 2],
    /// `[n][prime][N/LANES][k+1][l][k+1]`, times `N^-1`, centred.
    residues: Vec<S::Float>,
}

impl<S: Simd> FloatKey<S> {
    fn new(simd: S, set: &ParameterSet, bsk: &[u64]) -> Self {
        let shape = PolynomialShape::new(set);
        let plans = PRIMES.map(|prime| Plan::new(simd, prime, shape.size));
        let mut residues =
            memory::on_huge_pages(simd.splat(0.0), PRIMES.len() * bsk.len() / S::LANES);
        let ggsw_words = ggsw_words(set);
        residues
            .par_chunks_exact_mut(PRIMES.len() * ggsw_words / S::LANES)
            .zip(bsk.par_chunks_exact(ggsw_words))
            .for_each_init(
                || vec![simd.splat(0.0); shape.size / S::LANES],
                |values, (to, words)| {
                    let per_prime = to.chunks_exact_mut(ggsw_words / S::LANES);
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
fn load_ggsw<S: Simd>(
    simd: S,
    plan: &Plan<S>,
    shape: &PolynomialShape,
    words: &[u64],
    values: &mut [S::Float],
    residues: &mut [S::Float],
) {
    let prime = plan.prime();
    let PolynomialShape {
        size,
        glwe_size,
        gadget,
    } = *shape;
    let polynomials = words.len() / size;
    let size_inverse = centred(pow_mod(size as u64, prime - 2, prime), prime);
    for (index, polynomial) in words.chunks_exact(size).enumerate() {
        for (value, words) in values.iter_mut().zip(polynomial.chunks_exact(S::LANES)) {
            *value = simd.lanes(|lane| {
                let word = goldilocks::from_torus(words[lane]);
                let folded = if word > goldilocks::MODULUS / 2 {
                    prime - (goldilocks::MODULUS - word) % prime
                } else {
                    word
                };
                centred(folded % prime, prime)
            });
        }
        plan.forward(values);
        simd.run(Scale {
            prime,
            factor: size_inverse,
            values,
        });
        // From [level][row][column] to [row][level][column].
        let (level, row) = (
            index / (glwe_size * glwe_size),
            index / glwe_size % glwe_size,
        );
        let place = (row * gadget.levels() + level) * glwe_size + index % glwe_size;
        for (&value, point) in values.iter().zip(residues.chunks_exact_mut(polynomials)) {
            point[place] = value;
        }
    }
}

/// Multiplies by `factor` (centred) mod `prime` and centres.
struct Scale<'a, S: Simd> {
    prime: u64,
    factor: f64,
    values: &'a mut [S::Float],
}

impl<S: Simd> Work<S> for Scale<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        let modulus = Modulus::new(s, self.prime);
        let factor_over_p = s.splat(self.factor / self.prime as f64);
        let factor = s.splat(self.factor);
        for value in self.values {
            *value = modulus.reduce(modulus.mul_twiddle(*value, factor, factor_over_p));
        }
    }
}

impl<S: Simd> BootstrapKey for FloatKey<S> {
    fn bytes(&self) -> usize {
        size_of_val(self.residues.as_slice())
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        let PolynomialShape {
            size,
            glwe_size,
            gadget,
        } = self.shape;
        let vectors = size / S::LANES;
        let rows = gadget.levels() * glwe_size;
        let zero = self.simd.splat(0.0);
        Box::new(FloatWorker {
            key: self,
            words: Lines::new(size),
            digits: Lines::new(rows * size),
            values: vec![zero; rows * vectors],
            sums: vec![zero; PRIMES.len() * glwe_size * vectors],
        })
    }
}

struct FloatWorker<'a, S: Simd> {
    key: &'a FloatKey<S>,
    /// One polynomial, before decomposition.
    words: Lines<u64>,
    /// `[k+1][l][N]`.
    digits: Lines<i32>,
    /// Transformed digits for one prime, `[k+1][l][N/LANES]`.
    values: Vec<S::Float>,
    /// `[prime][k+1][N/LANES]`.
    sums: Vec<S::Float>,
}

impl<S: Simd> Worker for FloatWorker<'_, S> {
    fn cmux(&mut self, index: usize, degree: usize, accumulator: &mut [u64]) {
        self.decompose(accumulator, Some(degree));
        self.multiply(index, accumulator);
    }

    fn external_product(&mut self, index: usize, glwe: &[u64], output: &mut [u64]) {
        self.decompose(glwe, None);
        self.multiply(index, output);
    }
}

impl<S: Simd> FloatWorker<'_, S> {
    /// Sets `self.digits` to those of `X^degree * glwe - glwe`, or of `glwe` without a degree.
    fn decompose(&mut self, glwe: &[u64], degree: Option<usize>) {
        let PolynomialShape { size, gadget, .. } = self.key.shape;
        let digits = self.digits.chunks_exact_mut(gadget.levels() * size);
        for (polynomial, digits) in glwe.chunks_exact(size).zip(digits) {
            let words = &mut self.words;
            self.key.simd.run(Decompose {
                gadget,
                polynomial,
                degree,
                words,
                digits,
            });
        }
    }

    /// Adds the product of `self.digits` and GGSW `index` to `output`.
    fn multiply(&mut self, index: usize, output: &mut [u64]) {
        let FloatKey {
            simd,
            shape,
            plans,
            residues,
        } = self.key;
        let PolynomialShape {
            size,
            glwe_size,
            gadget,
        } = *shape;
        let vectors = size / S::LANES;
        let prime_vectors = gadget.levels() * glwe_size * glwe_size * vectors;
        let keys = residues
            .chunks_exact(prime_vectors)
            .skip(PRIMES.len() * index);
        let sums = self.sums.chunks_exact_mut(glwe_size * vectors);
        for ((plan, key), sums) in plans.iter().zip(keys).zip(sums) {
            let rows = self.values.chunks_exact_mut(vectors);
            for (values, digits) in rows.zip(self.digits.chunks_exact(size)) {
                simd.run(Load { digits, values });
                plan.forward(values);
            }
            let values = &self.values;
            macro_rules! multiply_accumulate {
                ($columns:literal, $rows:literal) => {
                    simd.run(MultiplyAccumulate::<S, $columns, $rows> {
                        prime: plan.prime(),
                        values,
                        key,
                        sums,
                    })
                };
            }
            match (glwe_size, gadget.levels()) {
                (2, 1) => multiply_accumulate!(2, 2),
                (2, 2) => multiply_accumulate!(2, 4),
                (2, _) => multiply_accumulate!(2, 6),
                (_, 1) => multiply_accumulate!(3, 3),
                (_, 2) => multiply_accumulate!(3, 6),
                (_, _) => multiply_accumulate!(3, 9),
            }
            for sum in sums.chunks_exact_mut(vectors) {
                plan.backward(sum);
            }
        }
        let (first, second) = self.sums.split_at(glwe_size * vectors);
        let columns = first
            .chunks_exact(vectors)
            .zip(second.chunks_exact(vectors));
        for ((first, second), output) in columns.zip(output.chunks_exact_mut(size)) {
            simd.run(Combine {
                first,
                second,
                output,
            });
        }
    }
}

/// Decomposes `X^degree * polynomial - polynomial`, or `polynomial` without a degree.
struct Decompose<'a> {
    gadget: Gadget,
    polynomial: &'a [u64],
    degree: Option<usize>,
    /// Room for one polynomial.
    words: &'a mut [u64],
    /// `[l][N]`.
    digits: &'a mut [i32],
}

impl<S: Simd> Work<S> for Decompose<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _simd: S) {
        let Self {
            gadget,
            polynomial,
            degree,
            words,
            digits,
        } = self;
        match degree {
            Some(degree) => rotate_and_subtract(words, polynomial, degree),
            None => words.copy_from_slice(polynomial),
        }
        decompose_polynomial(&gadget, words, digits);
    }
}

/// Digits to doubles.
struct Load<'a, S: Simd> {
    digits: &'a [i32],
    values: &'a mut [S::Float],
}

impl<S: Simd> Work<S> for Load<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        for (value, digits) in self.values.iter_mut().zip(S::narrow(self.digits)) {
            *value = s.load_narrow(digits);
        }
    }
}

/// `sums[column] = sum over rows of values[row] * key[row][column]` at each point, reduced; here a
/// row is one of a polynomial's digits. Up to 9 products of size at most 1/2 + 7.19/15.9 stay
/// below 9 p.
struct MultiplyAccumulate<'a, S: Simd, const COLUMNS: usize, const ROWS: usize> {
    prime: u64,
    values: &'a [S::Float],
    key: &'a [S::Float],
    sums: &'a mut [S::Float],
}

impl<S: Simd, const COLUMNS: usize, const ROWS: usize> Work<S>
    for MultiplyAccumulate<'_, S, COLUMNS, ROWS>
{
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        let modulus = Modulus::new(s, self.prime);
        let vectors = self.sums.len() / COLUMNS;
        let mut rows = self.values.chunks_exact(vectors);
        let rows: [&[S::Float]; ROWS] = std::array::from_fn(|_| rows.next().unwrap_or_default());
        let mut columns = self.sums.chunks_exact_mut(vectors);
        let mut columns: [&mut [S::Float]; COLUMNS] =
            std::array::from_fn(|_| columns.next().unwrap_or_default());
        let keys = self.key.as_chunks::<COLUMNS>().0.as_chunks::<ROWS>().0;
        for (point, keys) in keys.iter().enumerate().take(vectors) {
            let mut sums = [s.splat(0.0); COLUMNS];
            for (row, keys) in rows.iter().zip(keys) {
                for (sum, &key) in sums.iter_mut().zip(keys) {
                    *sum = s.add(*sum, modulus.mul_key(row[point], key));
                }
            }
            for (column, sum) in columns.iter_mut().zip(sums) {
                column[point] = modulus.reduce(sum);
            }
        }
    }
}

//! Kernel "portable": the external product with a fast scalar transform mod q.
//!
//! The transform is [`gyrus_interface::transform`]'s, whose values nothing here reorders. `N^-1`
//! is folded into the key.

use gyrus_interface::ParameterSet;
use gyrus_interface::layout::ggsw_words;
use gyrus_interface::transform::Transform;
use rayon::prelude::*;

use super::decompose::decompose_polynomial;
use super::goldilocks::{MODULUS, from_signed, from_torus, inverse, mul, reduce, to_torus};
use super::key::{BootstrapKey, PolynomialShape, Worker};
use super::memory;
use super::rotate::rotate_and_subtract;

/// The bootstrapping key in the transform domain, mod q, times `N^-1`.
pub(super) struct PortableKey {
    shape: PolynomialShape,
    transform: Transform,
    /// `[n][l][k+1][k+1][N]`.
    words: Vec<u64>,
    ggsw_words: usize,
}

impl PortableKey {
    /// Of words mod 2^64, whose number fits `set`; in parallel on the current rayon pool.
    pub(super) fn new(set: &ParameterSet, bsk: &[u64]) -> Self {
        let size = set.polynomial_size.0;
        let transform = Transform::new(size.ilog2() as usize);
        let size_inverse = inverse(size as u64);
        let mut words = memory::on_huge_pages(0, bsk.len());
        words
            .par_chunks_exact_mut(size)
            .zip(bsk.par_chunks_exact(size))
            .for_each(|(to, from)| {
                for (to, &from) in to.iter_mut().zip(from) {
                    *to = mul(from_torus(from), size_inverse);
                }
                transform.forward(to);
            });
        Self {
            shape: PolynomialShape::new(set),
            transform,
            words,
            ggsw_words: ggsw_words(set),
        }
    }
}

impl BootstrapKey for PortableKey {
    fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        let PolynomialShape {
            size,
            glwe_size,
            gadget,
        } = self.shape;
        Box::new(PortableWorker {
            key: self,
            words: vec![0; size],
            digits: vec![0; gadget.levels() * size],
            values: vec![0; gadget.levels() * glwe_size * size],
            sum: vec![0; size],
        })
    }
}

struct PortableWorker<'a> {
    key: &'a PortableKey,
    /// One polynomial, before decomposition.
    words: Vec<u64>,
    /// Digits of one polynomial, `[l][N]`.
    digits: Vec<i32>,
    /// Transformed digits, `[l][k+1][N]`.
    values: Vec<u64>,
    sum: Vec<u64>,
}

impl PortableWorker<'_> {
    /// Decomposes `self.words`, the polynomial `row` of a GLWE ciphertext, and transforms the
    /// digits.
    fn transform_digits(&mut self, row: usize) {
        let PolynomialShape {
            size,
            glwe_size,
            gadget,
        } = self.key.shape;
        decompose_polynomial(&gadget, &mut self.words, &mut self.digits);
        let levels = self.values.chunks_exact_mut(glwe_size * size);
        for (values, digits) in levels.zip(self.digits.chunks_exact(size)) {
            let Some(values) = values.chunks_exact_mut(size).nth(row) else {
                continue;
            };
            for (value, &digit) in values.iter_mut().zip(digits) {
                *value = from_signed(i64::from(digit));
            }
            self.key.transform.forward(values);
        }
    }

    /// Adds the product of the transformed digits and GGSW `index` to `output`.
    fn multiply(&mut self, index: usize, output: &mut [u64]) {
        let PolynomialShape {
            size, glwe_size, ..
        } = self.key.shape;
        let Some(ggsw) = self.key.words.chunks_exact(self.key.ggsw_words).nth(index) else {
            return;
        };
        for (column, output) in output.chunks_exact_mut(size).enumerate() {
            self.sum.fill(0);
            let rows = ggsw.chunks_exact(glwe_size * size);
            for (row, values) in rows.zip(self.values.chunks_exact(size)) {
                let Some(key) = row.chunks_exact(size).nth(column) else {
                    continue;
                };
                for ((sum, &key), &value) in self.sum.iter_mut().zip(key).zip(values) {
                    // At most (q-1)^2 + q - 1, which is below 2^128.
                    *sum = reduce(u128::from(key) * u128::from(value) + u128::from(*sum));
                }
            }
            self.key.transform.backward(&mut self.sum);
            for (word, &sum) in output.iter_mut().zip(&self.sum) {
                debug_assert!(sum < MODULUS);
                *word = word.wrapping_add(to_torus(sum));
            }
        }
    }
}

impl Worker for PortableWorker<'_> {
    fn cmux(&mut self, index: usize, degree: usize, accumulator: &mut [u64]) {
        let PolynomialShape { size, .. } = self.key.shape;
        for (row, polynomial) in accumulator.chunks_exact(size).enumerate() {
            rotate_and_subtract(&mut self.words, polynomial, degree);
            self.transform_digits(row);
        }
        self.multiply(index, accumulator);
    }

    fn external_product(&mut self, index: usize, glwe: &[u64], output: &mut [u64]) {
        let PolynomialShape { size, .. } = self.key.shape;
        for (row, polynomial) in glwe.chunks_exact(size).enumerate() {
            self.words.copy_from_slice(polynomial);
            self.transform_digits(row);
        }
        self.multiply(index, output);
    }
}

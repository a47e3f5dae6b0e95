//! Kernel "reference": the external product with a textbook transform mod q.
//!
//! Nothing here is optimised. A negacyclic product is a cyclic one after multiplying coefficient
//! j by `psi^j`, `psi` a primitive 2N-th root of unity (`psi^N = -1`); the cyclic transform is
//! the radix-2 one of Cooley and Tukey (1965).

use gyrus_interface::ParameterSet;
use gyrus_interface::layout::ggsw_words;

use super::goldilocks::{
    add, from_signed, from_torus, inverse, mul, pow, root_of_unity, sub, to_torus,
};
use super::key::{BootstrapKey, PolynomialShape, Worker};
use super::rotate::rotate_and_subtract;

/// The negacyclic number-theoretic transform of `N` coefficients mod q, in natural order:
/// point i is the value at `psi^(2i + 1)`.
#[derive(Debug, Clone)]
pub struct NegacyclicNtt {
    psi: u64,
    size: usize,
}

impl NegacyclicNtt {
    /// Of `2^log2_size` coefficients, `log2_size < 32`.
    #[must_use]
    pub const fn new(log2_size: u32) -> Self {
        Self {
            psi: root_of_unity(log2_size + 1),
            size: 1 << log2_size,
        }
    }

    /// Number of coefficients `N`.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Coefficients mod q to values, in place; the length is `N`.
    pub fn forward(&self, polynomial: &mut [u64]) {
        scale_by_powers(polynomial, self.psi);
        cyclic_transform(polynomial, mul(self.psi, self.psi));
    }

    /// Values to coefficients, in place; the exact inverse of [`NegacyclicNtt::forward`].
    pub fn inverse(&self, values: &mut [u64]) {
        let psi_inverse = inverse(self.psi);
        cyclic_transform(values, mul(psi_inverse, psi_inverse));
        scale_by_powers(values, psi_inverse);
        let size_inverse = inverse(self.size as u64);
        for value in values {
            *value = mul(*value, size_inverse);
        }
    }
}

/// Coefficient j times `base^j`.
fn scale_by_powers(polynomial: &mut [u64], base: u64) {
    let mut power = 1;
    for coefficient in polynomial {
        *coefficient = mul(*coefficient, power);
        power = mul(power, base);
    }
}

/// `x_i <- sum_j x_j * omega^(i*j)`, with `omega` a primitive root of unity of order `x.len()`.
fn cyclic_transform(x: &mut [u64], omega: u64) {
    let log2_size = x.len().ilog2();
    if log2_size > 0 {
        for i in 0..x.len() {
            let reversed = i.reverse_bits() >> (usize::BITS - log2_size);
            if i < reversed {
                x.swap(i, reversed);
            }
        }
    }
    for stage in 1..=log2_size {
        let length = 1 << stage;
        let root = pow(omega, (x.len() / length) as u64);
        for block in x.chunks_exact_mut(length) {
            let (even, odd) = block.split_at_mut(length / 2);
            let mut twiddle = 1;
            for (even, odd) in even.iter_mut().zip(odd) {
                let product = mul(*odd, twiddle);
                (*even, *odd) = (add(*even, product), sub(*even, product));
                twiddle = mul(twiddle, root);
            }
        }
    }
}

/// The bootstrapping key in the reference's transform domain, mod q.
pub(super) struct ReferenceKey {
    shape: PolynomialShape,
    ntt: NegacyclicNtt,
    /// `[n][l][k+1][k+1][N]`.
    words: Vec<u64>,
    ggsw_words: usize,
}

impl ReferenceKey {
    /// Of words mod 2^64, whose number fits `set`.
    pub(super) fn new(set: &ParameterSet, bsk: &[u64]) -> Self {
        let ntt = NegacyclicNtt::new(set.polynomial_size.0.ilog2());
        let mut words: Vec<u64> = bsk.iter().map(|&word| from_torus(word)).collect();
        for polynomial in words.chunks_exact_mut(ntt.size()) {
            ntt.forward(polynomial);
        }
        Self {
            shape: PolynomialShape::new(set),
            ntt,
            words,
            ggsw_words: ggsw_words(set),
        }
    }
}

impl BootstrapKey for ReferenceKey {
    fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(ReferenceWorker(self))
    }
}

struct ReferenceWorker<'a>(&'a ReferenceKey);

impl Worker for ReferenceWorker<'_> {
    fn cmux(&mut self, index: usize, degree: usize, accumulator: &mut [u64]) {
        let mut difference = vec![0; accumulator.len()];
        let size = self.0.shape.size;
        for (to, from) in difference
            .chunks_exact_mut(size)
            .zip(accumulator.chunks_exact(size))
        {
            rotate_and_subtract(to, from, degree);
        }
        self.external_product(index, &difference, accumulator);
    }

    fn external_product(&mut self, index: usize, glwe: &[u64], output: &mut [u64]) {
        let ReferenceKey {
            shape,
            ntt,
            words,
            ggsw_words,
        } = self.0;
        let PolynomialShape {
            size,
            glwe_size,
            gadget,
        } = *shape;
        let Some(ggsw) = words.chunks_exact(*ggsw_words).nth(index) else {
            return;
        };
        let mut sums = vec![0; output.len()];
        let mut digits = vec![0; gadget.levels()];
        let mut digit_polynomial = vec![0; size];
        for (level, matrix) in ggsw.chunks_exact(glwe_size * glwe_size * size).enumerate() {
            for (row, polynomial) in matrix
                .chunks_exact(glwe_size * size)
                .zip(glwe.chunks_exact(size))
            {
                for (to, &word) in digit_polynomial.iter_mut().zip(polynomial) {
                    gadget.decompose(word, &mut digits);
                    *to = from_signed(i64::from(digits[level]));
                }
                ntt.forward(&mut digit_polynomial);
                for (sum, key) in sums.chunks_exact_mut(size).zip(row.chunks_exact(size)) {
                    for ((sum, &key), &digit) in sum.iter_mut().zip(key).zip(&digit_polynomial) {
                        *sum = add(*sum, mul(key, digit));
                    }
                }
            }
        }
        for (sum, output) in sums
            .chunks_exact_mut(size)
            .zip(output.chunks_exact_mut(size))
        {
            ntt.inverse(sum);
            for (word, &sum) in output.iter_mut().zip(sum.iter()) {
                *word = word.wrapping_add(to_torus(sum));
            }
        }
    }
}

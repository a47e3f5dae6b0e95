//! The negacyclic number-theoretic transform mod q, in software.
//!
//! The factors `psi^j` of the negacyclic product are merged into the twiddles (Poppelmann,
//! Oder, Guneysu, "High-performance ideal lattice-based cryptography on 8-bit ATxmega
//! microcontrollers", 2015): forward from natural to bit-reversed order with Cooley-Tukey
//! butterflies, back with Gentleman-Sande ones, so nothing is ever reordered.

use crate::field::{add, inverse, mul, psi, sub};

/// Twiddles for polynomials of one size `N`; psi is [`psi`]'s, hardware's. Entry `m + i` of a table
/// is for block i of the level with m blocks.
#[derive(Debug, Clone)]
pub struct Transform {
    log2_n: usize,
    forward: Vec<u64>,
    backward: Vec<u64>,
}

impl Transform {
    /// For `N = 2^log2_n`, `log2_n` from 5 to 31.
    #[must_use]
    pub fn new(log2_n: usize) -> Self {
        let powers = |base: u64| {
            let mut table = vec![0; 1 << log2_n];
            let mut power = 1;
            for j in 0..table.len() {
                table[bit_reversed(log2_n, j)] = power;
                power = mul(power, base);
            }
            table
        };
        let psi = psi(log2_n);
        Self {
            log2_n,
            forward: powers(psi),
            backward: powers(inverse(psi)),
        }
    }

    /// Where [`Transform::forward`] leaves the value at `psi^(2 point + 1)`, `point` below N.
    #[must_use]
    pub const fn place(&self, point: usize) -> usize {
        bit_reversed(self.log2_n, point)
    }

    /// N canonical coefficients to canonical values, in place.
    pub fn forward(&self, polynomial: &mut [u64]) {
        let mut half = polynomial.len() / 2;
        let mut blocks = 1;
        while half > 0 {
            let twiddles = self.forward.iter().skip(blocks);
            for (block, &twiddle) in polynomial.chunks_exact_mut(2 * half).zip(twiddles) {
                let (low, high) = block.split_at_mut(half);
                for (low, high) in low.iter_mut().zip(high) {
                    let product = mul(*high, twiddle);
                    (*low, *high) = (add(*low, product), sub(*low, product));
                }
            }
            half /= 2;
            blocks *= 2;
        }
    }

    /// N values, as [`Transform::forward`] leaves them, to coefficients times N mod q, in place.
    pub fn backward(&self, values: &mut [u64]) {
        let mut half = 1;
        let mut blocks = values.len() / 2;
        while blocks > 0 {
            let twiddles = self.backward.iter().skip(blocks);
            for (block, &twiddle) in values.chunks_exact_mut(2 * half).zip(twiddles) {
                let (low, high) = block.split_at_mut(half);
                for (low, high) in low.iter_mut().zip(high) {
                    let difference = sub(*low, *high);
                    (*low, *high) = (add(*low, *high), mul(difference, twiddle));
                }
            }
            half *= 2;
            blocks /= 2;
        }
    }
}

/// The number with the lowest `bits` bits of `x` in opposite order.
const fn bit_reversed(bits: usize, x: usize) -> usize {
    x.reverse_bits() >> (usize::BITS as usize - bits)
}

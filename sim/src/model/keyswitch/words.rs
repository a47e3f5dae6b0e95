//! The key switch as a sum of digits times words, with no more than every CPU has: for bases
//! and CPUs that [`super::packed`] is not for.
//!
//! It makes the digits non-negative by adding `B/2` to each, and takes the excess
//! `B/2 * (sum of all rows)`, known from the key alone, off at the end. So a 64-bit product needs
//! two 32-bit multiplications of a vector lane and no sign.

use std::sync::atomic::{AtomicBool, Ordering};

use gyrus_interface::ParameterSet;

use super::super::decompose::Gadget;
use super::super::error::ModelError;
use super::super::simd::{Simd, Work};
use super::{Ciphertexts, Word};

/// Digits of one mask word, at most: `ParameterSet::validate` admits 16 levels.
const MAX_LEVELS: usize = 16;

/// A key switching key's words as they came, and their column sums.
pub(super) struct WordKey<W> {
    rows: Vec<W>,
    /// `B/2 * (sum of all rows)`, `n + 1` words.
    excess: Vec<W>,
    gadget: Gadget,
}

impl<W: Word> WordKey<W> {
    /// Copies `rows`, whose length fits `set`.
    pub(super) fn new(set: &ParameterSet, rows: &[W]) -> Self {
        let gadget = Gadget::new(set.keyswitch);
        let mut excess = vec![W::ZERO; set.small_lwe_size()];
        for row in rows.chunks_exact(set.small_lwe_size()) {
            for (sum, &word) in excess.iter_mut().zip(row) {
                *sum = sum.wrapping_add(word);
            }
        }
        let half_base = W::from_i32(1 << (gadget.base_log() - 1));
        for sum in &mut excess {
            *sum = sum.wrapping_mul(half_base);
        }
        Self {
            rows: rows.to_vec(),
            excess,
            gadget,
        }
    }

    /// Bytes of memory that the key takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.rows.as_slice()) + size_of_val(self.excess.as_slice())
    }
}

/// The key switch of a batch but for the bodies, compiled once per instruction set.
pub(super) struct Batch<'a, W> {
    pub(super) key: &'a WordKey<W>,
    pub(super) ciphertexts: Ciphertexts<'a>,
    pub(super) cancel: &'a AtomicBool,
}

impl<S: Simd, W: Word> Work<S> for Batch<'_, W> {
    type Output = Result<Vec<Vec<W>>, ModelError>;

    #[inline(always)]
    fn run(self, _simd: S) -> Self::Output {
        let WordKey {
            rows,
            excess,
            gadget,
        } = self.key;
        let small_size = excess.len();
        let half_base = 1 << (gadget.base_log() - 1);
        // Sums of (digit + B/2) * row.
        let mut sums = vec![vec![W::ZERO; small_size]; self.ciphertexts.len()];
        let mut digits = [0; MAX_LEVELS];
        for (i, block) in rows.chunks_exact(small_size * gadget.levels()).enumerate() {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(ModelError::Cancelled);
            }
            for (sum, ciphertext) in sums.iter_mut().zip(self.ciphertexts.iter()) {
                let Some(&word) = ciphertext.get(i) else {
                    continue;
                };
                let digits = &mut digits[..gadget.levels()];
                gadget.decompose(word, digits);
                for digit in digits.iter_mut() {
                    *digit += half_base;
                }
                add_rows(sum, digits, block);
            }
        }
        for sum in &mut sums {
            for (word, &excess) in sum.iter_mut().zip(excess) {
                *word = excess.wrapping_sub(*word);
            }
        }
        Ok(sums)
    }
}

/// `sum += digits * rows`, four rows at a time to save loads and stores of the sum.
#[inline(always)]
fn add_rows<W: Word>(sum: &mut [W], digits: &[i32], rows: &[W]) {
    let size = sum.len();
    let (fours, other_digits) = digits.as_chunks::<4>();
    let mut row_fours = rows.chunks_exact(4 * size);
    for (digits, rows) in fours.iter().zip(row_fours.by_ref()) {
        let &[d0, d1, d2, d3] = digits;
        let (d0, d1) = (W::from_i32(d0), W::from_i32(d1));
        let (d2, d3) = (W::from_i32(d2), W::from_i32(d3));
        let (r0, rest) = rows.split_at(size);
        let (r1, rest) = rest.split_at(size);
        let (r2, r3) = rest.split_at(size);
        for ((((word, &r0), &r1), &r2), &r3) in sum.iter_mut().zip(r0).zip(r1).zip(r2).zip(r3) {
            *word = word
                .multiply_add(d0, r0)
                .multiply_add(d1, r1)
                .multiply_add(d2, r2)
                .multiply_add(d3, r3);
        }
    }
    for (&digit, row) in other_digits
        .iter()
        .zip(row_fours.remainder().chunks_exact(size))
    {
        let digit = W::from_i32(digit);
        for (word, &row) in sum.iter_mut().zip(row) {
            *word = word.multiply_add(digit, row);
        }
    }
}

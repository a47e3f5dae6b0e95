//! The LWE key switch: from dimension `k*N` mod 2^64 to dimension `n` mod `2^w`, word for word as
//! tfhe-rs' `keyswitch_lwe_ciphertext` and `keyswitch_lwe_ciphertext_with_scalar_change`.
//!
//! `result = (0, .., 0, body) - sum over i, level of digit_level(a_i) * row(i, level)`, wrapping
//! in the key's word. The digits are always those of the 64-bit mask word.
//!
//! The fast version makes the digits non-negative by adding `B/2` to each, and takes the excess
//! `B/2 * (sum of all rows)`, known from the key alone, off at the end. So a 64-bit product needs
//! two 32-bit multiplications of a vector lane and no sign.

use std::sync::atomic::{AtomicBool, Ordering};

use gyrus_interface::layout::{KeyswitchKeyWords, keyswitch_key_words};
use gyrus_interface::{KeyswitchModulus, ParameterSet};

use super::decompose::Gadget;
use super::error::{ModelError, check_shape};
use super::modulus_switch::SmallLwe;
use super::simd::{Dispatch, Simd, Work};

/// Digits of one mask word, at most: `ParameterSet::validate` admits 16 levels.
const MAX_LEVELS: usize = 16;

/// Words that the key switch ends in.
pub(super) trait Word: Copy + Send + Sync + 'static {
    const ZERO: Self;
    /// Of a small number, mod 2^BITS.
    fn from_i32(x: i32) -> Self;
    /// The `body` of a ciphertext mod 2^64, rounded to `modulus`.
    fn from_body(body: u64, modulus: KeyswitchModulus) -> Self;
    fn wrapping_add(self, other: Self) -> Self;
    fn wrapping_sub(self, other: Self) -> Self;
    fn wrapping_mul(self, other: Self) -> Self;
    /// `self + digit * row`; only the low 32 bits of `digit` count.
    fn multiply_add(self, digit: Self, row: Self) -> Self;
}

impl Word for u64 {
    const ZERO: Self = 0;
    #[inline(always)]
    fn from_i32(x: i32) -> Self {
        i64::from(x) as Self
    }
    #[inline(always)]
    fn from_body(body: u64, _modulus: KeyswitchModulus) -> Self {
        body
    }
    #[inline(always)]
    fn wrapping_add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn wrapping_sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
    #[inline(always)]
    fn wrapping_mul(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
    #[inline(always)]
    fn multiply_add(self, digit: Self, row: Self) -> Self {
        // Spelt out, so that the compiler sees a 32-bit factor.
        self.wrapping_add((digit & 0xFFFF_FFFF).wrapping_mul(row))
    }
}

impl Word for u32 {
    const ZERO: Self = 0;
    #[inline(always)]
    fn from_i32(x: i32) -> Self {
        x as Self
    }
    #[inline(always)]
    fn from_body(body: u64, modulus: KeyswitchModulus) -> Self {
        let log2 = match modulus {
            KeyswitchModulus::Native64 => 32,
            KeyswitchModulus::PowerOfTwo32 { log2 } => log2,
        };
        let shift = 63 - log2;
        let rounded = (((body >> shift) + 1) & !1) << shift;
        (rounded >> 32) as Self
    }
    #[inline(always)]
    fn wrapping_add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn wrapping_sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
    #[inline(always)]
    fn wrapping_mul(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
    #[inline(always)]
    fn multiply_add(self, digit: Self, row: Self) -> Self {
        self.wrapping_add(digit.wrapping_mul(row))
    }
}

/// The key switch by its definition, on a key's words in the order of
/// [`gyrus_interface::layout`]. `input` is an LWE ciphertext of `k*N + 1` words mod 2^64.
///
/// # Errors
/// [`ModelError::Parameters`], [`ModelError::KeySize`], [`ModelError::KeyWidth`] or
/// [`ModelError::Shape`] when the arguments do not fit each other.
pub fn keyswitch(
    set: &ParameterSet,
    key: KeyswitchKeyWords<'_>,
    input: &[u64],
) -> Result<SmallLwe, ModelError> {
    set.validate()?;
    check_key(set, key)?;
    check_shape("input LWE ciphertext", set.big_lwe_size(), input.len())?;
    Ok(match key {
        KeyswitchKeyWords::U64(rows) => SmallLwe::U64(by_definition(set, rows, input)),
        KeyswitchKeyWords::U32(rows) => SmallLwe::U32(by_definition(set, rows, input)),
    })
}

/// Checks width and number of a key's words.
pub(super) fn check_key(set: &ParameterSet, key: KeyswitchKeyWords<'_>) -> Result<(), ModelError> {
    if !key.matches(set.keyswitch_modulus) {
        return Err(ModelError::KeyWidth {
            expected: set.keyswitch_modulus.word_bits(),
        });
    }
    let expected = keyswitch_key_words(set);
    if key.len() == expected {
        Ok(())
    } else {
        Err(ModelError::KeySize {
            key: "key switching key",
            expected,
            actual: key.len(),
        })
    }
}

fn by_definition<W: Word>(set: &ParameterSet, key: &[W], input: &[u64]) -> Vec<W> {
    let gadget = Gadget::new(set.keyswitch);
    let small_size = set.small_lwe_size();
    let mut output = vec![W::ZERO; small_size];
    let Some((&body, mask)) = input.split_last() else {
        return output;
    };
    if let Some(last) = output.last_mut() {
        *last = W::from_body(body, set.keyswitch_modulus);
    }
    let mut digits = vec![0; gadget.levels()];
    for (&word, rows) in mask
        .iter()
        .zip(key.chunks_exact(small_size * gadget.levels()))
    {
        gadget.decompose(word, &mut digits);
        for (&digit, row) in digits.iter().zip(rows.chunks_exact(small_size)) {
            for (to, &from) in output.iter_mut().zip(row) {
                *to = to.wrapping_sub(W::from_i32(digit).wrapping_mul(from));
            }
        }
    }
    output
}

/// A key switching key as the engine holds it: the words as they came, and their column sums.
pub(super) struct KeyswitchKey<W> {
    rows: Vec<W>,
    /// `B/2 * (sum of all rows)`, `n + 1` words.
    excess: Vec<W>,
    gadget: Gadget,
    modulus: KeyswitchModulus,
}

impl<W: Word> KeyswitchKey<W> {
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
            modulus: set.keyswitch_modulus,
        }
    }

    /// Bytes of memory that the key takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.rows.as_slice()) + size_of_val(self.excess.as_slice())
    }

    /// Switches `inputs.len() / input_size` ciphertexts of `input_size` words; the key is read
    /// once. Gives up soon after `cancel` was set.
    pub(super) fn switch(
        &self,
        dispatch: Dispatch,
        inputs: &[u64],
        input_size: usize,
        cancel: &AtomicBool,
    ) -> Result<Vec<Vec<W>>, ModelError> {
        dispatch.run(Batch {
            key: self,
            inputs,
            input_size,
            cancel,
        })
    }
}

/// The fast key switch of a batch, compiled once per instruction set.
struct Batch<'a, W> {
    key: &'a KeyswitchKey<W>,
    inputs: &'a [u64],
    input_size: usize,
    cancel: &'a AtomicBool,
}

impl<S: Simd, W: Word> Work<S> for Batch<'_, W> {
    type Output = Result<Vec<Vec<W>>, ModelError>;

    #[inline(always)]
    fn run(self, _simd: S) -> Self::Output {
        let KeyswitchKey {
            rows,
            excess,
            gadget,
            modulus,
        } = self.key;
        let small_size = excess.len();
        let half_base = 1 << (gadget.base_log() - 1);
        let ciphertexts = self.inputs.chunks_exact(self.input_size);
        // Sums of (digit + B/2) * row.
        let mut sums = vec![vec![W::ZERO; small_size]; ciphertexts.len()];
        let mut digits = [0; MAX_LEVELS];
        for (i, block) in rows.chunks_exact(small_size * gadget.levels()).enumerate() {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(ModelError::Cancelled);
            }
            for (sum, ciphertext) in sums.iter_mut().zip(ciphertexts.clone()) {
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
        for (sum, ciphertext) in sums.iter_mut().zip(ciphertexts) {
            for (word, &excess) in sum.iter_mut().zip(excess) {
                *word = excess.wrapping_sub(*word);
            }
            if let (Some(last), Some(&body)) = (sum.last_mut(), ciphertext.last()) {
                *last = last.wrapping_add(W::from_body(body, *modulus));
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

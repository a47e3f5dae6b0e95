//! How the key switching key lies in card memory: beats of packed words, and their checksum.
//!
//! # Fields
//!
//! A 64-bit word holds as many of the key's words as fit its modulus, the first in the lowest bits:
//!
//! | modulus | fields of a word | a field |
//! |---|---|---|
//! | 2^64 | 1 | the word |
//! | 2^22 to 2^32 | 2 | the 32-bit word |
//! | up to 2^21 | 3 | the upper 21 bits of the 32-bit word, whose others are 0 |
//!
//! # Order
//!
//! `[k*N][level][n+1]` as in [`crate::layout`], the most refined level first. The n + 1 words of a
//! row and level begin with a new beat and fill beats of any number of words; the rest of the last
//! one is 0. Behind the last beat comes one more, whose first word is the CRC-64 of
//! [`crate::key_slice`] over all words, as that of a slice 0, followed by zeros.

use crate::image::{ImageError, ImageFault};
use crate::key_slice::{check_checksum_beat, push_checksum_beat};
use crate::layout::{KeyswitchKey, KeyswitchKeyWords, keyswitch_key_words};
use crate::params::{KeyswitchModulus, ParameterSet};

/// Bits of a 32-bit key word that a field of 21 bits leaves out.
const UNUSED: u32 = 11;

/// Key words in a 64-bit word: 1, 2 or 3.
#[must_use]
pub const fn fields(modulus: KeyswitchModulus) -> usize {
    match modulus {
        KeyswitchModulus::Native64 => 1,
        KeyswitchModulus::PowerOfTwo32 { log2 } => {
            if log2 <= 32 - UNUSED {
                3
            } else {
                2
            }
        }
    }
}

/// Beats of `beat_words` words that a level of a row takes.
#[must_use]
pub fn beats_of_level(set: &ParameterSet, beat_words: usize) -> usize {
    set.small_lwe_size()
        .div_ceil(fields(set.keyswitch_modulus) * beat_words)
}

/// Words of the whole key in beats of `beat_words` words, the checksum's included.
#[must_use]
pub fn image_words(set: &ParameterSet, beat_words: usize) -> usize {
    let levels = set.big_lwe_dimension().0 * set.keyswitch.level_count.0;
    (levels * beats_of_level(set, beat_words) + 1) * beat_words
}

/// A whole key in beats of `beat_words` words, the checksum's last.
///
/// # Errors
/// [`ImageError`] for beats without words, and for a key that is not the set's, by its words' width
/// or number.
pub fn pack_keyswitch_key(
    set: &ParameterSet,
    beat_words: usize,
    key: KeyswitchKeyWords<'_>,
) -> Result<Vec<u64>, ImageError> {
    ImageError::check_beat(beat_words)?;
    if !key.matches(set.keyswitch_modulus) {
        return Err(ImageError::Width);
    }
    let expected = keyswitch_key_words(set);
    ImageError::check_length("a key switching key", expected, key.len())?;
    let columns = set.small_lwe_size();
    let level_words = beats_of_level(set, beat_words) * beat_words;
    let mut image = Vec::with_capacity(image_words(set, beat_words));
    match key {
        KeyswitchKeyWords::U64(key) => {
            for level in key.chunks_exact(columns) {
                let end = image.len() + level_words;
                image.extend_from_slice(level);
                image.resize(end, 0);
            }
        }
        KeyswitchKeyWords::U32(key) => {
            let fields = Fields::new(set.keyswitch_modulus);
            for level in key.chunks_exact(columns) {
                let end = image.len() + level_words;
                image.extend(level.chunks(fields.count).map(|level| fields.word(level)));
                image.resize(end, 0);
            }
        }
    }
    push_checksum_beat(0, beat_words, 0, &mut image);
    Ok(image)
}

/// The key that [`pack_keyswitch_key`] makes this image of; where fields have 21 bits, the others
/// of the 32-bit words are 0.
///
/// # Errors
/// [`ImageError`] for beats without words, an image of another length than [`image_words`], a
/// checksum that its words do not have, and ones in bits that belong to no field.
pub fn unpack_keyswitch_key(
    set: &ParameterSet,
    beat_words: usize,
    image: &[u64],
) -> Result<KeyswitchKey, ImageError> {
    ImageError::check_beat(beat_words)?;
    let expected = image_words(set, beat_words);
    ImageError::check_length("the image of a key switching key", expected, image.len())?;
    let (words, checksum_beat) = image.split_at(expected - beat_words);
    check_checksum_beat(0, words, checksum_beat).map_err(ImageError::KeyswitchKey)?;
    let columns = set.small_lwe_size();
    let level_words = beats_of_level(set, beat_words) * beat_words;
    let count = keyswitch_key_words(set);
    if set.keyswitch_modulus == KeyswitchModulus::Native64 {
        let mut key = Vec::with_capacity(count);
        for (number, level) in words.chunks_exact(level_words).enumerate() {
            let (level, rest) = level.split_at(columns);
            check_zeros(number * level_words + columns, rest)?;
            key.extend_from_slice(level);
        }
        return Ok(KeyswitchKey::U64(key));
    }
    let fields = Fields::new(set.keyswitch_modulus);
    let mut key = Vec::with_capacity(count);
    for (number, level) in words.chunks_exact(level_words).enumerate() {
        let start = number * level_words;
        let (level, rest) = level.split_at(columns.div_ceil(fields.count));
        check_zeros(start + level.len(), rest)?;
        for (place, &word) in level.iter().enumerate() {
            let count = fields.count.min(columns - place * fields.count);
            let before = key.len();
            key.extend((0..count).map(|field| fields.field(word, field)));
            if fields.word(&key[before..]) != word {
                return Err(padding(start + place, word));
            }
        }
    }
    Ok(KeyswitchKey::U32(key))
}

/// Checks the words that fill a level's last beat; `first` is the number of the first.
fn check_zeros(first: usize, words: &[u64]) -> Result<(), ImageError> {
    (first..)
        .zip(words)
        .find(|&(_, &word)| word != 0)
        .map_or(Ok(()), |(place, &word)| Err(padding(place, word)))
}

const fn padding(word: usize, value: u64) -> ImageError {
    ImageError::KeyswitchKey(ImageFault::Padding { word, value })
}

/// How 32-bit words lie in a 64-bit one.
struct Fields {
    /// Of a word.
    count: usize,
    /// Of a field.
    bits: u32,
    /// Lowest bits of a 32-bit word that a field leaves out.
    unused: u32,
}

impl Fields {
    const fn new(modulus: KeyswitchModulus) -> Self {
        let count = fields(modulus);
        let unused = if count == 3 { UNUSED } else { 0 };
        Self {
            count,
            bits: 32 - unused,
            unused,
        }
    }

    /// The word of up to `count` 32-bit words.
    fn word(&self, words: &[u32]) -> u64 {
        words.iter().rev().fold(0, |word, &field| {
            word << self.bits | u64::from(field >> self.unused)
        })
    }

    /// The 32-bit word at a place below `count`.
    const fn field(&self, word: u64, place: usize) -> u32 {
        ((word >> (self.bits as usize * place)) as u32) << self.unused
    }
}

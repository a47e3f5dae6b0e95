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

use crate::key_slice::slice_checksum;
use crate::layout::KeyswitchKeyWords;
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

/// A whole key in beats of `beat_words` words, the checksum's last.
#[must_use]
pub fn pack_keyswitch_key(
    set: &ParameterSet,
    beat_words: usize,
    key: KeyswitchKeyWords<'_>,
) -> Vec<u64> {
    let columns = set.small_lwe_size();
    let level_words = beats_of_level(set, beat_words) * beat_words;
    let mut words = Vec::new();
    match key {
        KeyswitchKeyWords::U64(key) => {
            for level in key.chunks(columns) {
                words.extend_from_slice(level);
                words.resize(words.len().next_multiple_of(level_words), 0);
            }
        }
        KeyswitchKeyWords::U32(key) => {
            let count = fields(set.keyswitch_modulus);
            let (bits, unused) = if count == 3 {
                (32 - UNUSED, UNUSED)
            } else {
                (32, 0)
            };
            for level in key.chunks(columns) {
                words.extend(level.chunks(count).map(|fields| {
                    fields
                        .iter()
                        .rev()
                        .fold(0, |word, &field| word << bits | u64::from(field >> unused))
                }));
                words.resize(words.len().next_multiple_of(level_words), 0);
            }
        }
    }
    words.push(slice_checksum(0, &words));
    words.resize(words.len() + beat_words.saturating_sub(1), 0);
    words
}

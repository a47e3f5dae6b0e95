//! How the bootstrapping key lies in card memory for the blind rotation: slices, and their
//! checksum.
//!
//! # What a slice is
//!
//! The part of the key that one iteration of the blind rotation multiplies with, transformed: the
//! forward NTT modulo q = 2^64 - 2^32 + 1 of one GGSW ciphertext whose words mod 2^64 were rounded
//! to mod q, each word times N^-1 mod q (so the inverse transform need not scale). Iterations
//! 0 .. n-1 have a slice each, in this order in memory.
//!
//! A point of the transform has a 2 x 2 matrix of such words, y_rc: row r is the accumulator's row
//! that the digits come from (0 mask, 1 body), column c the row that the product goes to. The
//! product of digits x0, x1 with column c is Winograd's inner product,
//!
//! x0 y_0c + x1 y_1c = (x0 + y_1c)(x1 + y_0c) - x0 x1 - y_0c y_1c,
//!
//! whose last term the key brings along. So a point has [`POINT_WORDS`] words, canonical (below q):
//!
//! | word | 0 | 1 | 2 | 3 | 4 | 5 |
//! |---|---|---|---|---|---|---|
//! | | y_00 | y_10 | y_01 | y_11 | -y_00 y_10 | -y_01 y_11 |
//!
//! # Order of words
//!
//! `[level][time][pair][6]`, slowest first: the levels in the order of the passes, the cycles of a
//! pass over one level, the pair lanes that multiply in the same cycle. Memory delivers a slice in
//! beats of some number of words that divides the `6 * pairs` words of a cycle, then one beat more:
//! the checksum, followed by zeros. In memory that beat follows its slice.
//!
//! # Checksum
//!
//! CRC-64 over the words as coefficients, most significant bit first: with
//! p = x^64 + x^4 + x^3 + x + 1 over GF(2), s = [`seed`] of the slice's number before the first word
//! and s := s x^64 + word mod p for each, the checksum is s x^64 mod p. So after the checksum's word
//! the same step gives s = 0, and any zeros that follow keep it there: a receiver has nothing to
//! compare, whatever its beats. p is primitive, x has order 2^64 - 1. So these are always found:
//! every error within one word, every pair of flipped bits, every exchange of two different words,
//! and a slice in the place of another.
//! What shifts the words behind it (a beat missing or twice), or anything else, passes with
//! probability 2^-64. The seed makes a memory that reads as zeros fail.

use crate::image::ImageFault;

/// Words of one point of the transformed key.
pub const POINT_WORDS: usize = 6;

/// Most decomposition levels of a key.
pub const MOST_LEVELS: usize = 3;

/// Words of a slice of a key with `N = 2^log2_n`, without its checksum.
#[must_use]
pub const fn slice_words(log2_n: usize, levels: usize) -> usize {
    (POINT_WORDS * levels) << log2_n
}

/// The checksum's state before the first word of slice 0.
pub const CHECKSUM_SEED: u64 = u64::MAX;

/// The checksum's state before the first word of a slice.
#[must_use]
pub const fn seed(slice: u64) -> u64 {
    CHECKSUM_SEED ^ slice
}

/// `state * x^(64 * words)` mod p: what the checksum's state becomes over that many zero words.
#[must_use]
pub const fn advance(mut state: u64, words: usize) -> u64 {
    let mut word = 0;
    while word < words {
        // x^64 = x^4 + x^3 + x + 1; the product's bits from 64 on go round once more.
        let above = state >> 60 ^ state >> 61 ^ state >> 63;
        state = times_tail(state) ^ times_tail(above);
        word += 1;
    }
    state
}

/// `word * (x^4 + x^3 + x + 1)` without the bits from 64 on.
const fn times_tail(word: u64) -> u64 {
    word ^ word << 1 ^ word << 3 ^ word << 4
}

/// The checksum of a slice's words, in their order; `slice` is its number.
#[must_use]
pub fn slice_checksum(slice: u64, words: &[u64]) -> u64 {
    let state = words
        .iter()
        .fold(seed(slice), |state, word| advance(state, 1) ^ word);
    advance(state, 1)
}

/// Appends the checksum's beat of `beat_words` words, at least one: for the words of `image` from
/// `start` on, as those of this slice.
pub(crate) fn push_checksum_beat(
    slice: u64,
    beat_words: usize,
    start: usize,
    image: &mut Vec<u64>,
) {
    let end = image.len();
    image.push(slice_checksum(slice, &image[start..]));
    image.resize(end + beat_words, 0);
}

/// Checks the checksum's beat behind the words of this slice.
pub(crate) fn check_checksum_beat(
    slice: u64,
    words: &[u64],
    beat: &[u64],
) -> Result<(), ImageFault> {
    let expected = slice_checksum(slice, words);
    for (place, &found) in beat.iter().enumerate() {
        if place == 0 && found != expected {
            return Err(ImageFault::Checksum { expected, found });
        }
        if place > 0 && found != 0 {
            return Err(ImageFault::Padding {
                word: words.len() + place,
                value: found,
            });
        }
    }
    Ok(())
}

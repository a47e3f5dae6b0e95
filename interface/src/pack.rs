//! A bootstrapping key in the order in which the core reads it: slices, see [`crate::key_slice`].
//!
//! Software, run once for a key: words mod 2^64 are rounded to mod q, transformed, multiplied by
//! N^-1 and put where and when the multiply-accumulate meets them ([`Arrangement::of_values`]).
//! [`unpack_key`] goes the way back.
//!
//! There are fewer residues than words, so the rounding takes some pairs of words to one residue. The
//! way back ends in the smallest words that round to the same residues; no datapath can tell such a
//! key from the original.

use crate::arrangement::{Arrangement, MIN_LOG2_N, Shape};
use crate::field::{MODULUS, from_torus, inverse, least_torus, mul, sub};
use crate::image::{ImageError, ImageFault};
use crate::key_slice::{
    MOST_LEVELS, POINT_WORDS, check_checksum_beat, push_checksum_beat, slice_words,
};
use crate::transform::Transform;

/// Polynomials of one level of a GGSW ciphertext with k = 1: two rows of two.
const POLYNOMIALS: usize = 4;

/// The slice of one GGSW ciphertext with k = 1, without its checksum.
///
/// `ggsw` is `[level][row][column][N]` mod 2^64, the most refined level first, as in
/// [`crate::layout`]; its length over 4 N is the number of levels.
///
/// # Errors
/// [`ImageError`] for an N that the shape does not have, or for words that are not those of one to
/// three levels.
pub fn pack_slice(shape: &Shape, log2_n: usize, ggsw: &[u64]) -> Result<Vec<u64>, ImageError> {
    let codec = Codec::new(shape, log2_n)?;
    let levels = ggsw.len() / codec.level_words();
    ImageError::check_multiple("a GGSW ciphertext", codec.level_words(), ggsw.len())?;
    check_levels(levels)?;
    let mut slice = Vec::with_capacity(slice_words(log2_n, levels));
    codec.pack(ggsw, &mut slice);
    Ok(slice)
}

/// A whole key, `[n]` GGSW ciphertexts of `levels` levels: for each its slice and the checksum's
/// beat of `beat_words` words. n follows from the length of `key`.
///
/// # Errors
/// [`ImageError`] for an N that the shape does not have, levels other than 1, 2 or 3, beats that do
/// not divide a slice, or words that are not whole GGSW ciphertexts.
pub fn pack_key(
    shape: &Shape,
    log2_n: usize,
    levels: usize,
    beat_words: usize,
    key: &[u64],
) -> Result<Vec<u64>, ImageError> {
    pack_slices(shape, log2_n, levels, beat_words, 0, key)
}

/// As [`pack_key`], for the part of a key that begins with GGSW ciphertext `first`.
///
/// # Errors
/// As [`pack_key`].
pub fn pack_slices(
    shape: &Shape,
    log2_n: usize,
    levels: usize,
    beat_words: usize,
    first: usize,
    key: &[u64],
) -> Result<Vec<u64>, ImageError> {
    let codec = Codec::new(shape, log2_n)?;
    let slice_words = check_beat(log2_n, levels, beat_words)?;
    let ggsw_words = levels * codec.level_words();
    ImageError::check_multiple("a bootstrapping key", ggsw_words, key.len())?;
    let mut image = Vec::with_capacity(key.len() / ggsw_words * (slice_words + beat_words));
    for (slice, ggsw) in (first as u64..).zip(key.chunks_exact(ggsw_words)) {
        let start = image.len();
        codec.pack(ggsw, &mut image);
        push_checksum_beat(slice, beat_words, start, &mut image);
    }
    Ok(image)
}

/// A key `[n][level][row][column][N]` mod 2^64 that [`pack_key`] makes this very image of: the one
/// with the smallest words, and the same as the original's when rounded to mod q.
///
/// # Errors
/// [`ImageError`] for the sizes that [`pack_key`] refuses, for an image that has not the words of n
/// slices, and for the first slice in which something is wrong: the checksum is looked at first,
/// then that words are below q, then the products that the key brings along.
pub fn unpack_key(
    shape: &Shape,
    log2_n: usize,
    levels: usize,
    beat_words: usize,
    n: usize,
    image: &[u64],
) -> Result<Vec<u64>, ImageError> {
    unpack_slices(shape, log2_n, levels, beat_words, 0..n, image)
}

/// As [`unpack_key`], for the part of an image with these slices.
///
/// # Errors
/// As [`unpack_key`].
pub fn unpack_slices(
    shape: &Shape,
    log2_n: usize,
    levels: usize,
    beat_words: usize,
    slices: std::ops::Range<usize>,
    image: &[u64],
) -> Result<Vec<u64>, ImageError> {
    let codec = Codec::new(shape, log2_n)?;
    let slice_words = check_beat(log2_n, levels, beat_words)?;
    let expected = slices.len().saturating_mul(slice_words + beat_words);
    ImageError::check_length("the image of a bootstrapping key", expected, image.len())?;
    let mut key = Vec::with_capacity(slices.len() * levels * codec.level_words());
    for (number, slice) in slices.zip(image.chunks_exact(slice_words + beat_words)) {
        let (slice, checksum_beat) = slice.split_at(slice_words);
        check_checksum_beat(number as u64, slice, checksum_beat)
            .and_then(|()| check_points(slice))
            .map_err(|fault| ImageError::Slice {
                slice: number,
                fault,
            })?;
        codec.unpack(slice, &mut key);
    }
    Ok(key)
}

fn check_levels(levels: usize) -> Result<(), ImageError> {
    if (1..=MOST_LEVELS).contains(&levels) {
        Ok(())
    } else {
        Err(ImageError::Levels(levels))
    }
}

/// The words of a slice, if levels and beats are possible.
fn check_beat(log2_n: usize, levels: usize, beat_words: usize) -> Result<usize, ImageError> {
    check_levels(levels)?;
    ImageError::check_beat(beat_words)?;
    let slice_words = slice_words(log2_n, levels);
    if slice_words.is_multiple_of(beat_words) {
        Ok(slice_words)
    } else {
        Err(ImageError::Beat {
            beat_words,
            slice_words,
        })
    }
}

/// Checks that all words are residues and that each point's last two are its products.
fn check_points(slice: &[u64]) -> Result<(), ImageFault> {
    if let Some(word) = slice.iter().position(|&value| value >= MODULUS) {
        let value = slice[word];
        return Err(ImageFault::NotCanonical { word, value });
    }
    for (number, point) in slice.chunks_exact(POINT_WORDS).enumerate() {
        let expected = products(point);
        for (word, (&found, expected)) in (4..).zip(point[4..].iter().zip(expected)) {
            if found != expected {
                return Err(ImageFault::Product {
                    word: number * POINT_WORDS + word,
                    expected,
                    found,
                });
            }
        }
    }
    Ok(())
}

/// -y_00 y_10 and -y_01 y_11 of a point that begins with y_00, y_10, y_01, y_11.
fn products(point: &[u64]) -> [u64; 2] {
    [
        sub(0, mul(point[0], point[1])),
        sub(0, mul(point[2], point[3])),
    ]
}

/// Both ways between a level of a GGSW ciphertext and its part of a slice.
struct Codec {
    size: usize,
    /// N^-1.
    size_inverse: u64,
    transform: Transform,
    /// For each point in a slice's order, where the transform has its value.
    places: Vec<usize>,
}

impl Codec {
    fn new(shape: &Shape, log2_n: usize) -> Result<Self, ImageError> {
        let (least, most) = (MIN_LOG2_N, shape.max_log2_n());
        if !(least..=most).contains(&log2_n) {
            return Err(ImageError::PolynomialSize {
                log2_n,
                least,
                most,
            });
        }
        let transform = Transform::new(log2_n);
        let arrangement = Arrangement::of_values(shape, log2_n);
        let places = (0..shape.pass_cycles(log2_n))
            .flat_map(|time| (0..shape.pairs()).map(move |pair| (pair, time)))
            .map(|(pair, time)| transform.place(arrangement.point(log2_n, pair, time)))
            .collect();
        Ok(Self {
            size: 1 << log2_n,
            size_inverse: inverse(1 << log2_n),
            transform,
            places,
        })
    }

    /// Words of one level of a GGSW ciphertext.
    const fn level_words(&self) -> usize {
        POLYNOMIALS * self.size
    }

    /// Appends the slice of whole levels.
    fn pack(&self, ggsw: &[u64], slice: &mut Vec<u64>) {
        let mut values = vec![0; self.level_words()];
        for level in ggsw.chunks_exact(self.level_words()) {
            for (value, &word) in values.iter_mut().zip(level) {
                *value = mul(from_torus(word), self.size_inverse);
            }
            for polynomial in values.chunks_exact_mut(self.size) {
                self.transform.forward(polynomial);
            }
            // [row][column][N] to columns of two rows.
            let (mask, body) = values.split_at(2 * self.size);
            let (mask, body) = (mask.split_at(self.size), body.split_at(self.size));
            slice.extend(self.places.iter().flat_map(|&place| {
                let mut point = [
                    mask.0[place],
                    body.0[place],
                    mask.1[place],
                    body.1[place],
                    0,
                    0,
                ];
                [point[4], point[5]] = products(&point);
                point
            }));
        }
    }

    /// Appends the words of whole levels; the slice is a right one.
    fn unpack(&self, slice: &[u64], ggsw: &mut Vec<u64>) {
        let mut values = vec![0; self.level_words()];
        for level in slice.chunks_exact(POINT_WORDS * self.size) {
            for (point, &place) in level.chunks_exact(POINT_WORDS).zip(&self.places) {
                for (word, polynomial) in point.iter().zip([0, 2, 1, 3]) {
                    values[polynomial * self.size + place] = *word;
                }
            }
            for polynomial in values.chunks_exact_mut(self.size) {
                // The values' N^-1 makes up for the transform's N.
                self.transform.backward(polynomial);
            }
            ggsw.extend(values.iter().map(|&residue| least_torus(residue)));
        }
    }
}

//! Packed bootstrapping keys against sums of powers of psi, and the way back.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod oracle;

use gyrus_interface::arrangement::{Arrangement, Shape};
use gyrus_interface::image::{ImageError, ImageFault};
use gyrus_interface::key_slice::{slice_checksum, slice_words};
use gyrus_interface::pack::{pack_key, pack_slice, pack_slices, unpack_key, unpack_slices};
use oracle::{Q, power, psi_powers, rounded, words};
use proptest::prelude::*;
use std::time::Instant;

fn shape(lanes: usize, max_log2_n: usize) -> Shape {
    Shape::new(lanes, max_log2_n).expect("a shape")
}

/// Every word of a slice of random words.
fn check_slice(shape: &Shape, log2_n: usize, levels: usize) {
    let size = 1 << log2_n;
    let ggsw = words(shape.lanes() as u8, 4 * levels * size);
    let slice = pack_slice(shape, log2_n, &ggsw).expect("a slice");
    assert_eq!(slice.len(), slice_words(log2_n, levels));
    let powers = psi_powers(size);
    let size_inverse = power(size as u128, Q - 2);
    let arrangement = Arrangement::of_values(shape, log2_n);
    let mut found = slice.iter().map(|&word| u128::from(word));
    for level in ggsw.chunks_exact(4 * size) {
        for time in 0..shape.pass_cycles(log2_n) {
            for pair in 0..shape.pairs() {
                let k = arrangement.point(log2_n, pair, time);
                let y = |row: usize, column: usize| {
                    let polynomial = &level[(2 * row + column) * size..][..size];
                    let terms = polynomial
                        .iter()
                        .enumerate()
                        .map(|(j, &x)| rounded(x) * powers[j * (2 * k + 1) % (2 * size)] % Q);
                    terms.sum::<u128>() % Q * size_inverse % Q
                };
                let y = [y(0, 0), y(1, 0), y(0, 1), y(1, 1)];
                for y in y {
                    assert_eq!(found.next(), Some(y), "cycle {time}, pair {pair}");
                }
                for product in [y[0] * y[1] % Q, y[2] * y[3] % Q] {
                    let negated = (Q - product) % Q;
                    assert_eq!(found.next(), Some(negated), "cycle {time}, pair {pair}");
                }
            }
        }
    }
    assert_eq!(found.next(), None);
}

#[test]
fn slices_for_all_lanes() {
    for log2_lanes in 1..=7 {
        let (lanes, levels) = (1 << log2_lanes, 1 + log2_lanes % 3);
        for max_log2_n in [8, 11] {
            check_slice(&shape(lanes, max_log2_n), 8, levels);
        }
    }
}

#[test]
fn slices_of_the_largest_size() {
    check_slice(&shape(16, 11), 11, 1);
}

/// Checksums' beats between the slices of a key.
#[test]
fn keys_are_slices_and_checksums() {
    let shape = shape(8, 9);
    let (levels, beat_words) = (2, 12);
    let key = words(1, 3 * 4 * levels * 512);
    let image = pack_key(&shape, 9, levels, beat_words, &key).expect("an image");
    let mut expected = Vec::new();
    for (number, ggsw) in (0..).zip(key.chunks(4 * levels * 512)) {
        let slice = pack_slice(&shape, 9, ggsw).expect("a slice");
        let checksum = slice_checksum(number, &slice);
        expected.extend(slice);
        expected.push(checksum);
        expected.extend([0; 11]);
    }
    assert_eq!(image, expected);
    assert_eq!(pack_key(&shape, 9, levels, beat_words, &[]), Ok(Vec::new()));
}

#[test]
fn a_key_can_be_packed_and_unpacked_in_parts() {
    let shape = shape(8, 9);
    let (levels, beat_words, words) = (2, 16, 2 * 4 * 256);
    let key: Vec<u64> = (0..5 * words as u64)
        .map(|i| (i << 33).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    let image = pack_key(&shape, 8, levels, beat_words, &key).expect("an image");
    let (low, high) = key.split_at(2 * words);
    let part = |first, key| pack_slices(&shape, 8, levels, beat_words, first, key);
    let parts = [
        part(0, low).expect("a part"),
        part(2, high).expect("a part"),
    ];
    assert_eq!(parts.concat(), image);
    let unpack = |slices, part| unpack_slices(&shape, 8, levels, beat_words, slices, part);
    let whole = unpack_key(&shape, 8, levels, beat_words, 5, &image).expect("a key");
    let back = [
        unpack(0..2, &parts[0]).expect("a key"),
        unpack(2..5, &parts[1]).expect("a key"),
    ];
    assert_eq!(back.concat(), whole);
    let misplaced = unpack(1..4, &parts[1]).expect_err("slices of other places");
    assert!(matches!(misplaced, ImageError::Slice { slice: 1, .. }));
}

/// The way back ends in the smallest words with the same residues.
fn check_way_back(shape: &Shape, log2_n: usize, levels: usize, beat_words: usize, key: &[u64]) {
    let n = key.len() / ((4 * levels) << log2_n);
    let pack = |key: &[u64]| pack_key(shape, log2_n, levels, beat_words, key).expect("an image");
    let begin = Instant::now();
    let image = pack(key);
    let packed = begin.elapsed();
    let begin = Instant::now();
    let back = unpack_key(shape, log2_n, levels, beat_words, n, &image).expect("a key");
    println!(
        "P = {}, n = {n}, N = {}, l = {levels}: packed in {packed:.0?}, unpacked in {:.0?}",
        shape.lanes(),
        1 << log2_n,
        begin.elapsed()
    );
    assert_eq!(back.len(), key.len());
    for (&back, &word) in back.iter().zip(key) {
        assert_eq!(rounded(back), rounded(word));
        assert!(back <= word);
        assert!(back == 0 || rounded(back - 1) != rounded(word));
    }
    assert!(pack(&back) == image, "the same image");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_way_back(
        log2_lanes in 1..=7_usize,
        max_log2_n in 8..=11_usize,
        size: prop::sample::Index,
        levels in 1..=3_usize,
        beat_words in prop::sample::select(vec![1, 2, 3, 6, 16, 48, 128]),
        n in 1..=3_usize,
        seed: u8,
    ) {
        let log2_n = 8 + size.index(max_log2_n - 7);
        let key = words(seed, (4 * n * levels) << log2_n);
        check_way_back(&shape(1 << log2_lanes, max_log2_n), log2_n, levels, beat_words, &key);
    }

    /// Whatever is wrong anywhere is found.
    #[test]
    fn any_wrong_word_is_found(at: prop::sample::Index, error in 1..=u64::MAX) {
        let (shape, mut image) = small_image();
        *at.get_mut(&mut image) ^= error;
        let place = at.index(image.len());
        let result = unpack_key(&shape, 8, 1, BEAT_WORDS, SLICES, &image);
        let Err(ImageError::Slice { slice, fault }) = result else {
            panic!("{result:?}");
        };
        prop_assert_eq!(slice, place / STRIDE);
        // Zeros behind the checksum are not part of it.
        let padding = place % STRIDE > 1536;
        prop_assert_eq!(matches!(fault, ImageFault::Padding { .. }), padding, "{}", fault);
        prop_assert_eq!(matches!(fault, ImageFault::Checksum { .. }), !padding, "{}", fault);
    }
}

/// A real key's size; prints how long both ways take.
#[test]
fn a_production_key() {
    let key = words(2, 879 * 4 * 2048);
    for (lanes, beat_words) in [(16, 6), (128, 48)] {
        check_way_back(&shape(lanes, 11), 11, 1, beat_words, &key);
    }
}

const BEAT_WORDS: usize = 3;
const SLICES: usize = 3;
/// From slice to slice.
const STRIDE: usize = 1536 + BEAT_WORDS;

/// Three slices of one level with N = 256.
fn small_image() -> (Shape, Vec<u64>) {
    let shape = shape(4, 8);
    let key = words(3, SLICES * 4 * 256);
    let image = pack_key(&shape, 8, 1, BEAT_WORDS, &key).expect("an image");
    (shape, image)
}

/// What is wrong with the second slice after this change, under a right checksum.
fn fault(change: impl Fn(&mut [u64])) -> (String, ImageFault) {
    let (shape, mut image) = small_image();
    let (slice, checksum) = image[STRIDE..2 * STRIDE].split_at_mut(1536);
    change(slice);
    checksum[0] = slice_checksum(1, slice);
    let error = unpack_key(&shape, 8, 1, BEAT_WORDS, SLICES, &image).expect_err("a wrong image");
    let ImageError::Slice { slice: 1, fault } = error else {
        panic!("{error}");
    };
    (error.to_string(), fault)
}

#[test]
fn words_have_to_be_residues() {
    for (word, value) in [(0, Q as u64), (700, u64::MAX), (1535, Q as u64 + 1)] {
        let (text, fault) = fault(|slice| slice[word] = value);
        assert_eq!(fault, ImageFault::NotCanonical { word, value });
        assert_eq!(
            text,
            format!("slice 1 of the bootstrapping key: word {word} is {value:#x}, not below q")
        );
    }
}

#[test]
fn products_have_to_be_right() {
    for (word, product) in [(5, 5), (6 * 100 + 4, 6 * 100 + 4), (12, 16), (15, 17)] {
        let (_, fault) =
            fault(|slice| slice[word] = (u128::from(slice[word]) + 1).rem_euclid(Q) as u64);
        assert!(
            matches!(fault, ImageFault::Product { word, expected, found }
                if word == product && expected != found),
            "{fault}"
        );
    }
}

#[test]
fn another_slice_in_its_place_is_found() {
    let (shape, mut image) = small_image();
    image.copy_within(..STRIDE, STRIDE);
    let error = unpack_key(&shape, 8, 1, BEAT_WORDS, SLICES, &image).expect_err("a wrong image");
    assert!(
        matches!(
            error,
            ImageError::Slice {
                slice: 1,
                fault: ImageFault::Checksum { .. }
            }
        ),
        "{error}"
    );
}

#[test]
fn impossible_sizes_are_refused() {
    let shape = shape(8, 9);
    let ggsw = vec![0; 4 * 512];
    let wrong = [
        (
            (7, 1, 2),
            ImageError::PolynomialSize {
                log2_n: 7,
                least: 8,
                most: 9,
            },
        ),
        (
            (10, 1, 2),
            ImageError::PolynomialSize {
                log2_n: 10,
                least: 8,
                most: 9,
            },
        ),
        ((9, 0, 2), ImageError::Levels(0)),
        ((9, 4, 2), ImageError::Levels(4)),
        ((9, 1, 0), ImageError::EmptyBeat),
        (
            (9, 1, 5),
            ImageError::Beat {
                beat_words: 5,
                slice_words: 3072,
            },
        ),
    ];
    for ((log2_n, levels, beat_words), error) in wrong {
        let packed = pack_key(&shape, log2_n, levels, beat_words, &ggsw);
        assert_eq!(packed, Err(error));
        let unpacked = unpack_key(&shape, log2_n, levels, beat_words, 1, &ggsw);
        assert_eq!(unpacked, Err(error));
    }
    let multiple = |what, unit, found| Err(ImageError::Multiple { what, unit, found });
    assert_eq!(
        pack_key(&shape, 9, 2, 2, &ggsw),
        multiple("a bootstrapping key", 4096, 2048)
    );
    assert_eq!(
        pack_slice(&shape, 9, &ggsw[1..]),
        multiple("a GGSW ciphertext", 2048, 2047)
    );
    assert_eq!(pack_slice(&shape, 9, &[]), Err(ImageError::Levels(0)));
    assert_eq!(
        pack_slice(&shape, 9, &[0; 4 * 2048]),
        Err(ImageError::Levels(4))
    );
}

#[test]
fn images_of_another_length_are_refused() {
    let (shape, image) = small_image();
    for (n, image) in [
        (2, &image[..]),
        (4, &image),
        (usize::MAX, &image),
        (3, &image[1..]),
    ] {
        let error = unpack_key(&shape, 8, 1, BEAT_WORDS, n, image).expect_err("a wrong length");
        assert_eq!(
            error,
            ImageError::Length {
                what: "the image of a bootstrapping key",
                expected: n.saturating_mul(STRIDE),
                found: image.len(),
            }
        );
    }
    assert_eq!(unpack_key(&shape, 8, 1, BEAT_WORDS, 0, &[]), Ok(Vec::new()));
}

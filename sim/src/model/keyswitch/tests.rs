//! Every form of the key switch on every instruction set of this CPU, against the definition.

use std::collections::BTreeSet;
use std::io::Write;
use std::ops::BitAnd;
use std::sync::Once;

use gyrus_interface::{Decomposition, LweDimension, PolynomialSize, catalogue};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::definition::by_definition;
use super::dot::{COLUMNS, Digits, Dot, LARGEST_BASE_LOG, PANEL_ROWS, ROWS, Sums, Vector};
use super::*;
use crate::model::simd::instruction_sets;

/// [`Dot`] by its definition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain;

impl Dot for Plain {
    const TILE: usize = 8;

    fn dot<const PLANES: usize, const CIPHERTEXTS: usize>(
        self,
        panel: &[[Vector; PLANES]],
        digits: &[[Digits; CIPHERTEXTS]],
        _base_log: u32,
        sums: &mut Sums<PLANES, CIPHERTEXTS>,
    ) {
        *sums = [[[0; COLUMNS]; PLANES]; CIPHERTEXTS];
        for (vectors, digits) in panel.iter().zip(digits) {
            for (sums, digits) in sums.iter_mut().zip(digits) {
                for (sums, Vector(bytes)) in sums.iter_mut().zip(vectors) {
                    for (sum, bytes) in sums.iter_mut().zip(bytes.chunks_exact(ROWS)) {
                        for (&byte, &digit) in bytes.iter().zip(digits) {
                            *sum += i32::from(byte) * i32::from(digit);
                        }
                    }
                }
            }
        }
    }
}

/// The implementations of [`Dot`] that this CPU can run; the first call names the others on
/// stdout, past the test harness.
fn instructions() -> Vec<Instructions> {
    static SAID: Once = Once::new();
    #[cfg(target_arch = "x86_64")]
    let candidates = [
        (
            "AVX-512 VNNI",
            dot_avx512::Avx512Vnni::detect().map(Instructions::Avx512Vnni),
        ),
        (
            "AVX-VNNI",
            dot_avx2::AvxVnni::detect().map(Instructions::AvxVnni),
        ),
        ("AVX2", dot_avx2::Avx2::detect().map(Instructions::Avx2)),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let candidates = ["AVX-512 VNNI", "AVX-VNNI", "AVX2"].map(|name| (name, None));
    SAID.call_once(|| {
        for (name, _) in candidates.iter().filter(|(_, present)| present.is_none()) {
            writeln!(
                std::io::stdout(),
                "NOT TESTED: this CPU lacks {name}, for the key switch"
            )
            .expect("a standard output");
        }
    });
    let present = candidates.into_iter().filter_map(|(_, present)| present);
    std::iter::once(Instructions::Plain(Plain))
        .chain(present)
        .collect()
}

fn check_dot<const PLANES: usize, const CIPHERTEXTS: usize>(
    dot: impl Dot,
    base_log: u32,
    bytes: &mut impl FnMut() -> u8,
    digits: &mut impl FnMut() -> i8,
) {
    for groups in [0, 1, PANEL_ROWS / ROWS - 3, PANEL_ROWS / ROWS] {
        let panel: Vec<[Vector; PLANES]> = (0..groups)
            .map(|_| [(); PLANES].map(|()| Vector([(); ROWS * COLUMNS].map(|()| bytes()))))
            .collect();
        let digits: Vec<[Digits; CIPHERTEXTS]> = (0..groups)
            .map(|_| [(); CIPHERTEXTS].map(|()| [(); ROWS].map(|()| digits())))
            .collect();
        let mut expected = [[[1; COLUMNS]; PLANES]; CIPHERTEXTS];
        let mut actual = [[[-1; COLUMNS]; PLANES]; CIPHERTEXTS];
        Plain.dot(&panel, &digits, base_log, &mut expected);
        dot.dot(&panel, &digits, base_log, &mut actual);
        assert_eq!(actual, expected, "{PLANES} {CIPHERTEXTS} {base_log}");
    }
}

fn check_dots(
    dot: impl Dot,
    base_log: u32,
    bytes: &mut impl FnMut() -> u8,
    digits: &mut impl FnMut() -> i8,
) {
    check_dot::<1, 1>(dot, base_log, bytes, digits);
    check_dot::<1, 2>(dot, base_log, bytes, digits);
    check_dot::<1, 4>(dot, base_log, bytes, digits);
    check_dot::<1, 8>(dot, base_log, bytes, digits);
    check_dot::<2, 1>(dot, base_log, bytes, digits);
    check_dot::<2, 2>(dot, base_log, bytes, digits);
    check_dot::<2, 4>(dot, base_log, bytes, digits);
    check_dot::<2, 8>(dot, base_log, bytes, digits);
    check_dot::<3, 1>(dot, base_log, bytes, digits);
    check_dot::<3, 2>(dot, base_log, bytes, digits);
    check_dot::<3, 4>(dot, base_log, bytes, digits);
    check_dot::<3, 8>(dot, base_log, bytes, digits);
}

/// Random and largest bytes and digits of every base: no sum overflows, saturates or is lost.
#[test]
fn products_of_bytes_and_digits() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut first, mut second) = (random.clone(), ChaCha8Rng::seed_from_u64(2));
    for base_log in 1..=LARGEST_BASE_LOG {
        let half = 1_i8 << (base_log - 1);
        let width = 2 * i64::from(half) + 1;
        let mut any_byte = || first.next_u32() as u8;
        let mut any_digit = || ((i64::from(second.next_u32()) % width) - i64::from(half)) as i8;
        let mut of_either_sign = || {
            if random.next_u32() & 1 == 0 {
                half
            } else {
                -half
            }
        };
        for instructions in instructions() {
            macro_rules! check {
                ($bytes:expr, $digits:expr) => {
                    match instructions {
                        #[cfg(target_arch = "x86_64")]
                        Instructions::Avx512Vnni(dot) => {
                            check_dots(dot, base_log, $bytes, $digits);
                        }
                        #[cfg(target_arch = "x86_64")]
                        Instructions::AvxVnni(dot) => check_dots(dot, base_log, $bytes, $digits),
                        #[cfg(target_arch = "x86_64")]
                        Instructions::Avx2(dot) => check_dots(dot, base_log, $bytes, $digits),
                        Instructions::Plain(dot) => check_dots(dot, base_log, $bytes, $digits),
                    }
                };
            }
            check!(&mut any_byte, &mut any_digit);
            check!(&mut || 255, &mut || half);
            check!(&mut || 255, &mut || -half);
            check!(&mut || 255, &mut of_either_sign);
        }
    }
}

/// The plain sum is checked against numbers that were worked out by hand.
#[test]
fn plain_products_are_what_they_are_defined_as() {
    let mut vector = Vector([0; ROWS * COLUMNS]);
    // Column 2, rows 0 to 3.
    vector.0[8..12].copy_from_slice(&[1, 10, 100, 255]);
    let mut sums = [[[7; COLUMNS]; 2]; 1];
    let zero = Vector([0; ROWS * COLUMNS]);
    let panel = [[zero, vector], [zero, vector]];
    Plain.dot(&panel, &[[[1, -2, 3, -64]], [[0, 1, 0, 0]]], 7, &mut sums);
    let mut expected = [[[0; COLUMNS]; 2]; 1];
    expected[0][1][2] = 1 - 20 + 300 - 64 * 255 + 10;
    assert_eq!(sums, expected);
}

/// A set whose mask has `mask_words` words, with dimension `n` after the switch. Its mask may
/// be shorter than `ParameterSet::validate` admits.
fn set(mask_words: usize, n: usize, keyswitch: Decomposition, log2: Option<u32>) -> ParameterSet {
    ParameterSet {
        lwe_dimension: LweDimension(n),
        polynomial_size: PolynomialSize(mask_words),
        keyswitch,
        keyswitch_modulus: log2.map_or(KeyswitchModulus::Native64, |log2| {
            KeyswitchModulus::PowerOfTwo32 { log2 }
        }),
        ..catalogue::toy()
    }
}

/// Mask words with all sorts of digits, ties of the rounding among them.
fn inputs(set: &ParameterSet, count: usize, random: &mut ChaCha8Rng) -> Vec<u64> {
    let tie = 1_u64 << (63 - set.keyswitch.represented_bits());
    (0..count)
        .flat_map(|i| {
            let word: Box<dyn FnMut(usize) -> u64> = match i {
                1 => Box::new(|_| u64::MAX),
                2 => Box::new(|_| 1 << 63),
                3 => Box::new(|_| (1 << 63) - 1),
                4 => Box::new(move |j| (j as u64) << 55 | tie),
                // Digits of the largest size, as far as there are words with such.
                5 => Box::new(|_| 0x5555_5555_5555_5555),
                6 => Box::new(|_| 0x8888_8888_8888_8888),
                7 => Box::new(|_| 0x7777_7777_7777_7777),
                _ => Box::new(|_| random.next_u64()),
            };
            (0..set.big_lwe_size()).map(word).collect::<Vec<_>>()
        })
        .collect()
}

/// Compares all forms of a key with the definition; `all` with every set of vector instructions
/// around the products, too.
fn check<W: Word + PartialEq>(set: &ParameterSet, rows: &[W], inputs: &[u64], all: bool) {
    let size = set.big_lwe_size();
    let expected: Vec<Vec<W>> = inputs
        .chunks_exact(size)
        .map(|input| by_definition(set, rows, input))
        .collect();
    let forms = instructions().into_iter().map(Some).chain([None]);
    for instructions in forms {
        let key = KeyswitchKey::with_instructions(set, rows, instructions);
        let dispatches = instruction_sets();
        let first = if all { 0 } else { dispatches.len() - 1 };
        for dispatch in dispatches.into_iter().skip(first) {
            let switched = key
                .switch(dispatch, inputs, size, &AtomicBool::new(false))
                .expect("nothing cancels it");
            assert!(
                switched == expected,
                "{instructions:?}: {} ciphertexts of {set:?}",
                expected.len()
            );
        }
    }
}

/// Random words of a key of which only the bits of `mask` are set.
fn key<W: BitAnd<Output = W> + Copy>(
    set: &ParameterSet,
    mask: W,
    mut word: impl FnMut() -> W,
) -> Vec<W> {
    let words = set.big_lwe_dimension().0 * set.keyswitch.level_count.0 * set.small_lwe_size();
    (0..words).map(|_| word() & mask).collect()
}

#[test]
fn keys_with_any_bits_set() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let base = Decomposition::new(4, 4);
    let set32 = |log2| set(66, 37, base, Some(log2));
    let masks = [
        0,
        1,
        1 << 31,
        0x8000_0001,
        0xFF,
        0x100,
        0x1FF,
        0xFFFF_F800,
        0xFFFF_FC00,
        0x00FF_FF00,
        0x01FF_FF00,
        0xFF00_00FF,
        u32::MAX,
    ];
    for log2 in [21, 22, 32] {
        let set = set32(log2);
        let inputs = inputs(&set, 9, &mut random);
        for mask in masks {
            check(&set, &key(&set, mask, || random.next_u32()), &inputs, true);
            check(&set, &key(&set, mask, || u32::MAX), &inputs, false);
        }
    }
    let set = set(66, 37, base, None);
    let inputs = inputs(&set, 9, &mut random);
    for bits in 1..=64 {
        for shift in [0, 1, 7, 8, 64 - bits] {
            let mask = (u64::MAX >> (64 - bits)) << shift;
            check(&set, &key(&set, mask, || random.next_u64()), &inputs, false);
        }
    }
    check(&set, &key(&set, 0, || 0_u64), &inputs, true);
    check(&set, &key(&set, u64::MAX, || u64::MAX), &inputs, true);
}

#[test]
fn masks_dimensions_and_batches_of_any_size() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut seen = BTreeSet::new();
    for (mask_words, n) in [
        (1, 1),
        (3, 14),
        (4, 15),
        (5, 16),
        (63, 17),
        (258, 31),
        (259, 5),
    ] {
        for (base_log, levels) in [(2, 8), (2, 7), (4, 4), (7, 1), (1, 16), (5, 5)] {
            for (count, log2) in [
                (0, 21),
                (1, 21),
                (2, 32),
                (7, 21),
                (8, 21),
                (16, 21),
                (17, 32),
            ] {
                let keyswitch = Decomposition::new(base_log, levels);
                let set = set(mask_words, n, keyswitch, Some(log2));
                let inputs = inputs(&set, count, &mut random);
                let mask = u32::MAX << (32 - log2);
                check(&set, &key(&set, mask, || random.next_u32()), &inputs, false);
                seen.insert((mask_words * levels % PANEL_ROWS, count));
            }
        }
    }
    assert!(seen.len() > 100, "the shapes differ");
}

/// Bases up to the largest, whether they fit the packed form or not.
#[test]
fn all_gadgets() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for base_log in 1..=16 {
        for levels in 1..=(31 / base_log).min(16) {
            let keyswitch = Decomposition::new(base_log, levels);
            let set32 = set(256, 18, keyswitch, Some(32));
            let inputs = inputs(&set32, 11, &mut random);
            let rows = key(&set32, u32::MAX, || random.next_u32());
            check(&set32, &rows, &inputs, false);
            let set64 = set(256, 18, keyswitch, None);
            let rows = key(&set64, u64::MAX, || random.next_u64());
            check(&set64, &rows, &inputs, false);
        }
    }
}

/// The sets that matter, in full size.
#[test]
fn sets_of_the_catalogue() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for set in catalogue::secure_sets()
        .into_iter()
        .chain([catalogue::toy()])
    {
        let inputs = inputs(&set, 10, &mut random);
        match set.keyswitch_modulus {
            KeyswitchModulus::Native64 => {
                check(
                    &set,
                    &key(&set, u64::MAX, || random.next_u64()),
                    &inputs,
                    false,
                );
            }
            KeyswitchModulus::PowerOfTwo32 { log2 } => {
                let mask = u32::MAX << (32 - log2);
                check(&set, &key(&set, mask, || random.next_u32()), &inputs, false);
                // One of the bits below the modulus spoils the alignment.
                let mut rows = key(&set, mask, || u32::MAX);
                rows[1234] |= 1;
                check(&set, &rows, &inputs, false);
            }
        }
    }
}

/// The packed form is smaller than the words by the bytes that are zero in all of them.
#[test]
fn packed_keys_take_a_byte_for_each_plane() {
    // 256 * 4 rows of 33 words, padded to 48.
    let set = catalogue::toy();
    for (mask, planes) in [
        (0_u32, 0),
        (0xFFFF_F800, 3),
        (0xFFFF_FF00, 3),
        (0xFFFF_FF80, 4),
    ] {
        let rows = key(&set, mask, || u32::MAX);
        let packed = KeyswitchKey::with_instructions(&set, &rows, Some(Instructions::Plain(Plain)));
        assert_eq!(packed.bytes(), 256 * 4 * 48 * planes);
        let words = KeyswitchKey::with_instructions(&set, &rows, None);
        assert_eq!(words.bytes(), (256 * 4 + 1) * 33 * 4);
    }
}

#[test]
fn a_cancelled_switch_ends() {
    let set = catalogue::toy();
    let rows = key(&set, u32::MAX, || 1);
    for instructions in instructions().into_iter().map(Some).chain([None]) {
        let key = KeyswitchKey::with_instructions(&set, &rows, instructions);
        let inputs = vec![0; 3 * set.big_lwe_size()];
        let switched = key.switch(
            Dispatch::scalar(),
            &inputs,
            set.big_lwe_size(),
            &AtomicBool::new(true),
        );
        assert!(matches!(switched, Err(ModelError::Cancelled)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_key_switch(
        (base_log, levels) in (1_usize..=16).prop_flat_map(|base_log| {
            (Just(base_log), 1..=(31 / base_log).min(16))
        }),
        mask_words in 1_usize..600,
        n in 1_usize..50,
        count in 1_usize..18,
        mask in any::<u64>(),
        log2 in prop::option::of(10_u32..=32),
        seed in any::<u64>(),
    ) {
        let set = set(mask_words, n, Decomposition::new(base_log, levels), log2);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let words: Vec<u64> = (0..count * set.big_lwe_size()).map(|_| random.next_u64()).collect();
        if log2.is_some() {
            check(&set, &key(&set, mask as u32, || random.next_u32()), &words, false);
        } else {
            check(&set, &key(&set, mask, || random.next_u64()), &words, false);
        }
    }
}

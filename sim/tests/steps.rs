//! Key switch, external product, CMUX, blind rotation and sample extraction on every kernel,
//! against the schoolbook.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod common;

use std::num::NonZeroUsize;

use common::{Keys, kernels, rng, set, words};
use gyrus_interface::{Decomposition, KeyswitchModulus, ParameterSet};
use gyrus_sim::model::{Engine, EvaluationKey, Kernel, SmallLwe, keyswitch, sample_extract};
use rand::Rng;

fn prepare(kernel: Kernel, set: &ParameterSet, keys: &Keys) -> EvaluationKey {
    let engine = Engine::new(NonZeroUsize::new(2), kernel).unwrap();
    engine.prepare_key(set, &keys.bsk, keys.ksk()).unwrap()
}

/// Compares the external product of all kernels with the schoolbook, at the last key index.
fn check_external_product(set: &ParameterSet, keys: &Keys, glwe: &[u64], expect_kernel: bool) {
    let output = vec![0x0123_4567_89AB_CDEF; glwe.len()];
    let index = set.lwe_dimension.0 - 1;
    let mut expected = output.clone();
    common::external_product(set, &keys.bsk, index, glwe, &mut expected);
    for kernel in kernels() {
        let key = prepare(kernel, set, keys);
        if expect_kernel {
            assert_eq!(key.kernel(), kernel);
        }
        let mut actual = output.clone();
        key.external_product(index, glwe, &mut actual).unwrap();
        assert_eq!(actual, expected, "{kernel}: {set:?}");
    }
}

#[test]
fn external_product_of_random_words_in_all_shapes() {
    let shapes = [
        (1, 256, 23, 1),
        (1, 512, 23, 1),
        (1, 1024, 23, 1),
        (1, 2048, 23, 1),
        (1, 4096, 22, 1),
        (1, 512, 15, 2),
        (1, 256, 10, 3),
        (2, 512, 23, 1),
        (2, 256, 15, 2),
        (2, 256, 12, 3),
        (2, 1024, 7, 3),
        (1, 256, 1, 1),
    ];
    for (k, size, base_log, levels) in shapes {
        let mut random = rng(size as u64);
        let set = set(2, k, size, base_log, levels);
        let keys = Keys::random(&set, &mut random);
        let glwe = words(&mut random, set.glwe_size() * size);
        check_external_product(&set, &keys, &glwe, true);
    }
}

/// Words whose only digit is the largest possible, and key words of the largest size, all with
/// the same sign, alternating, and in the pattern that adds up in the highest coefficient.
#[test]
fn external_product_of_largest_digits_and_key_words() {
    for (k, size, base_log) in [(1, 256, 23), (1, 2048, 23), (2, 1024, 23), (1, 4096, 22)] {
        let set = set(1, k, size, base_log, 1);
        let glwe_words = set.glwe_size() * size;
        let mut random = rng(7);
        let mut keys = Keys::random(&set, &mut random);
        // -B/2 is what 2^63 decomposes to after a rounding up, +B/2 without; key words next to
        // 2^63 become +-(q-1)/2.
        let least = (1_u64 << 63) - (1 << (62 - base_log));
        let most = 1_u64 << 63;
        assert_eq!(common::digits(least, set.pbs), [-(1 << (base_log - 1))]);
        assert_eq!(common::digits(most, set.pbs), [1 << (base_log - 1)]);
        let below = (1_u64 << 63) - 1;
        let above = (1_u64 << 63) + 1;
        let largest = (common::Q / 2) as i128;
        assert!((common::centred_key_word(below) - largest).abs() <= 1);
        assert!((common::centred_key_word(above) + largest).abs() <= 1);
        let patterns: [fn(usize, usize) -> bool; 4] = [
            |_, _| false,
            |i, _| i % 2 == 0,
            |i, size| i < size / 2,
            |i, size| i == size - 1,
        ];
        for digit_pattern in patterns {
            for key_pattern in patterns {
                let glwe: Vec<u64> = (0..glwe_words)
                    .map(|i| {
                        if digit_pattern(i % size, size) {
                            most
                        } else {
                            least
                        }
                    })
                    .collect();
                for (i, word) in keys.bsk.iter_mut().enumerate() {
                    *word = if key_pattern(i % size, size) {
                        above
                    } else {
                        below
                    };
                }
                check_external_product(&set, &keys, &glwe, true);
                if size > 1024 {
                    break;
                }
            }
        }
    }
}

/// Digits and key whose signs follow those of a root's powers, so that single values of the
/// transform are as large as they can be.
#[test]
fn external_product_in_line_with_roots() {
    let size = 512;
    let set = set(1, 1, size, 23, 1);
    let mut random = rng(8);
    let mut keys = Keys::random(&set, &mut random);
    for frequency in [1, 3, 127, 255, 511, 1021] {
        let sign = |i: usize| {
            let angle = std::f64::consts::PI * (frequency * (i % size)) as f64 / size as f64;
            angle.cos() < 0.0
        };
        let glwe: Vec<u64> = (0..2 * size)
            .map(|i| {
                if sign(i) {
                    (1 << 63) - (1 << 39)
                } else {
                    1 << 63
                }
            })
            .collect();
        for (i, word) in keys.bsk.iter_mut().enumerate() {
            *word = if sign(i) {
                (1 << 63) + 1
            } else {
                (1 << 63) - 1
            };
        }
        check_external_product(&set, &keys, &glwe, true);
    }
}

#[test]
fn external_product_of_special_words() {
    let set = set(1, 1, 256, 23, 1);
    let mut random = rng(9);
    let mut keys = Keys::random(&set, &mut random);
    for word in [0, 1, u64::MAX, 1 << 63, 1 << 40, 1 << 41, (1 << 40) - 1] {
        check_external_product(&set, &keys, &[word; 512], true);
    }
    // Constant key and digit polynomials give sums at every place near a multiple of q.
    for key_word in [
        0,
        1,
        2,
        u64::MAX,
        1 << 63,
        (1 << 63) + 1,
        1 << 32,
        0xFFFF_FFFF,
    ] {
        keys.bsk.fill(key_word);
        let mut glwe = vec![0; 512];
        glwe[0] = 1 << 41;
        glwe[3] = (1_u64 << 41).wrapping_neg();
        glwe[300] = 3 << 41;
        check_external_product(&set, &keys, &glwe, true);
    }
}

/// Outside the range in which two primes are enough, the vector kernels hand over.
#[test]
fn sets_beyond_two_primes_are_computed_by_the_portable_kernel() {
    for (k, size, base_log, levels) in [(1, 4096, 23, 1), (1, 256, 31, 2), (2, 256, 28, 1)] {
        let set = set(1, k, size, base_log, levels);
        let mut random = rng(10);
        let keys = Keys::random(&set, &mut random);
        let glwe = words(&mut random, set.glwe_size() * size);
        check_external_product(&set, &keys, &glwe, false);
        for kernel in Kernel::ALL
            .into_iter()
            .filter(|&kernel| kernel > Kernel::Portable)
        {
            if Kernel::available().contains(&kernel) {
                assert_eq!(prepare(kernel, &set, &keys).kernel(), Kernel::Portable);
            }
        }
    }
}

#[test]
fn cmux_and_blind_rotation() {
    for (k, size, base_log, levels) in [(1, 256, 23, 1), (2, 256, 8, 3), (1, 512, 15, 2)] {
        let set = set(6, k, size, base_log, levels);
        let mut random = rng(11);
        let keys = Keys::random(&set, &mut random);
        let two_n = 2 * size as u32;
        let switched = [
            vec![0; 7],
            vec![
                0,
                size as u32,
                two_n - 1,
                1,
                size as u32 - 1,
                size as u32 + 1,
                0,
            ],
            vec![0, 0, 0, 0, 0, 5, two_n - 1],
            (0..7).map(|_| random.next_u32() % two_n).collect(),
        ];
        let accumulator = words(&mut random, set.glwe_size() * size);
        for switched in switched {
            let mut expected = accumulator.clone();
            common::blind_rotate(&set, &keys.bsk, &switched, &mut expected);
            for kernel in kernels() {
                let key = prepare(kernel, &set, &keys);
                let mut actual = accumulator.clone();
                key.blind_rotate(&switched, &mut actual).unwrap();
                assert_eq!(actual, expected, "{kernel}");
                let mut steps = accumulator.clone();
                for (index, &degree) in switched.iter().take(6).enumerate() {
                    key.cmux(index, degree as usize, &mut steps).unwrap();
                }
                let body = switched[6] as usize;
                let degree = (2 * size - body) % (2 * size);
                assert_eq!(
                    common::rotate_glwe(&steps, size, degree),
                    expected,
                    "{kernel}"
                );
            }
        }
    }
}

#[test]
fn sample_extraction_at_every_degree() {
    for k in [1, 2] {
        let size = 256;
        let glwe = words(&mut rng(12), (k + 1) * size);
        for degree in 0..size {
            let mut lwe = vec![0; k * size + 1];
            sample_extract(&glwe, size, degree, &mut lwe).unwrap();
            assert_eq!(lwe, common::sample_extract(&glwe, size, degree));
        }
    }
}

#[test]
fn key_switch_in_all_shapes() {
    let shapes = [
        (
            KeyswitchModulus::PowerOfTwo32 { log2: 21 },
            Decomposition::new(2, 8),
        ),
        (
            KeyswitchModulus::PowerOfTwo32 { log2: 21 },
            Decomposition::new(2, 7),
        ),
        (
            KeyswitchModulus::PowerOfTwo32 { log2: 32 },
            Decomposition::new(4, 4),
        ),
        (KeyswitchModulus::Native64, Decomposition::new(4, 4)),
        (KeyswitchModulus::Native64, Decomposition::new(15, 2)),
        (KeyswitchModulus::Native64, Decomposition::new(1, 16)),
        (
            KeyswitchModulus::PowerOfTwo32 { log2: 32 },
            Decomposition::new(16, 1),
        ),
        (
            KeyswitchModulus::PowerOfTwo32 { log2: 10 },
            Decomposition::new(3, 5),
        ),
    ];
    for (keyswitch_modulus, decomposition) in shapes {
        let set = ParameterSet {
            keyswitch_modulus,
            keyswitch: decomposition,
            ..set(37, 1, 256, 23, 1)
        };
        let mut random = rng(13);
        let mut keys = Keys::random(&set, &mut random);
        let tie = 1_u64 << (63 - decomposition.represented_bits());
        let mut inputs = words(&mut random, 3 * 257);
        inputs.extend([0; 257]);
        inputs.extend([u64::MAX; 257]);
        inputs.extend([1 << 63; 257]);
        inputs.extend((0..257).map(|i| (i << 55) + tie));
        let mut trivial = vec![0; 256];
        trivial.push(0x8000_0400_0000_0000);
        inputs.extend(trivial);
        for largest_key in [false, true] {
            if largest_key {
                keys.ksk64.fill(u64::MAX);
                if let KeyswitchModulus::PowerOfTwo32 { log2 } = keyswitch_modulus {
                    keys.ksk32.fill(u32::MAX << (32 - log2));
                }
            }
            let expected: Vec<Vec<u64>> = inputs
                .chunks_exact(257)
                .map(|input| common::keyswitch(&set, &keys, input))
                .collect();
            for (input, expected) in inputs.chunks_exact(257).zip(&expected) {
                assert_eq!(
                    &wide(&keyswitch(&set, keys.ksk(), input).unwrap()),
                    expected
                );
            }
            for kernel in kernels() {
                let switched = prepare(kernel, &set, &keys).keyswitch(&inputs).unwrap();
                assert!(
                    switched.iter().map(wide).eq(expected.iter().cloned()),
                    "{kernel}"
                );
            }
        }
    }
}

fn wide(lwe: &SmallLwe) -> Vec<u64> {
    match lwe {
        SmallLwe::U64(words) => words.clone(),
        SmallLwe::U32(words) => words.iter().copied().map(u64::from).collect(),
    }
}

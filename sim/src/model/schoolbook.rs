//! The external product by its definition, for the tests of the kernels mod two primes.

use gyrus_interface::layout::ggsw_words;
use gyrus_interface::{
    Decomposition, GlweDimension, LweDimension, ParameterSet, PolynomialSize, catalogue,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::decompose::Gadget;
use super::goldilocks;
use super::key::BootstrapKey;
use super::simd::Dispatch;

/// An insecure set of one small key bit.
pub(super) fn set(k: usize, size: usize, base_log: usize, levels: usize) -> ParameterSet {
    ParameterSet {
        lwe_dimension: LweDimension(1),
        glwe_dimension: GlweDimension(k),
        polynomial_size: PolynomialSize(size),
        pbs: Decomposition::new(base_log, levels),
        ..catalogue::toy()
    }
}

/// `output += GGSW * glwe` in wide integers; the digits are checked elsewhere.
fn schoolbook(set: &ParameterSet, bsk: &[u64], glwe: &[u64], output: &mut [u64]) {
    let q = i128::from(goldilocks::MODULUS);
    let (size, columns) = (set.polynomial_size.0, set.glwe_size());
    let gadget = Gadget::new(set.pbs);
    let mut digits = vec![0; gadget.levels()];
    for column in 0..columns {
        let mut sums = vec![0_i128; size];
        for (i, &word) in glwe.iter().enumerate() {
            gadget.decompose(word, &mut digits);
            let (row, i) = (i / size, i % size);
            for (level, &digit) in digits.iter().enumerate() {
                let start = ((level * columns + row) * columns + column) * size;
                for (j, &key) in bsk[start..start + size].iter().enumerate() {
                    let key = ((u128::from(key) * q as u128 + (1 << 63)) >> 64) as i128;
                    let key = if key > q / 2 { key - q } else { key };
                    let product = i128::from(digit) * key;
                    sums[(i + j) % size] += if i + j < size { product } else { -product };
                }
            }
        }
        for (word, sum) in output[column * size..].iter_mut().zip(sums) {
            let rounded = ((sum.rem_euclid(q) as u128) << 64 | (q as u128 / 2)) / q as u128;
            *word = word.wrapping_add(rounded as u64);
        }
    }
}

/// Checks a kernel in every shape that it has code for, on random words and on the extremes of
/// digits and key words, whose products line up in one coefficient.
pub(super) fn check_external_products(
    instruction_sets: &[Dispatch],
    new_key: impl Fn(Dispatch, &ParameterSet, &[u64]) -> Option<Box<dyn BootstrapKey>>,
) {
    for (k, size, base_log, levels) in [
        (1, 256, 23, 1),
        (1, 512, 23, 1),
        (1, 1024, 23, 1),
        (1, 2048, 23, 1),
        (1, 4096, 22, 1),
        (1, 256, 15, 2),
        (1, 256, 9, 3),
        (2, 256, 23, 1),
        (2, 256, 15, 2),
        (2, 256, 9, 3),
    ] {
        let set = set(k, size, base_log, levels);
        let mut random = ChaCha8Rng::seed_from_u64(size as u64);
        let mut words =
            |count: usize| -> Vec<u64> { (0..count).map(|_| random.next_u64()).collect() };
        let (bsk, glwe) = (words(ggsw_words(&set)), words((k + 1) * size));
        let output = words((k + 1) * size);
        let mut cases = vec![(bsk, glwe)];
        // The first word's digits are all as large as they get, the second's as small; the key
        // words are the centred ones of either end.
        let half_unit = 1_u64 << (63 - base_log * levels);
        let large = (1..=levels).fold(0, |sum, level| {
            sum + (1_u64 << (64 - base_log * level + base_log - 1))
        });
        for glwe in [1 << 63, (1 << 63) - half_unit, large, large.wrapping_neg()] {
            for key in [(1 << 63) - 1, (1 << 63) + 1] {
                cases.push((vec![key; ggsw_words(&set)], vec![glwe; (k + 1) * size]));
            }
        }
        for (bsk, glwe) in cases {
            let mut expected = output.clone();
            schoolbook(&set, &bsk, &glwe, &mut expected);
            for &dispatch in instruction_sets {
                let key = new_key(dispatch, &set, &bsk).expect("a set in the exact range");
                let mut actual = output.clone();
                key.worker().external_product(0, &glwe, &mut actual);
                assert!(actual == expected, "{k} {size} {base_log} {levels}");
            }
        }
    }
}

//! Gadget, modulus switch and reference transform against their definitions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod common;

use common::{Q, rng, words};
use gyrus_interface::{Decomposition, ModulusSwitch};
use gyrus_sim::model::{Gadget, NegacyclicNtt, SmallLwe, goldilocks, modulus_switch};
use proptest::prelude::*;

/// Words around everything that arithmetic mod q and mod 2^64 may trip over.
fn edges() -> Vec<u64> {
    let q = goldilocks::MODULUS;
    let centres = [
        0,
        1 << 31,
        1 << 32,
        1 << 33,
        1 << 62,
        1 << 63,
        q / 2,
        q,
        u64::MAX,
    ];
    centres
        .into_iter()
        .flat_map(|x| (0..5).map(move |i| x.wrapping_add(i).wrapping_sub(2)))
        .collect()
}

fn check_digits(x: u64, base_log: usize, levels: usize) {
    let decomposition = Decomposition::new(base_log, levels);
    let gadget = Gadget::new(decomposition);
    let mut digits = vec![0; levels];
    gadget.decompose(x, &mut digits);
    let digits: Vec<i128> = digits.into_iter().map(i128::from).collect();
    assert_eq!(
        digits,
        common::digits(x, decomposition),
        "{x:#x} in {levels} x {base_log} bits"
    );
    assert!(
        digits
            .iter()
            .all(|digit| digit.abs() <= 1 << (base_log - 1))
    );
    // They recompose to the closest representable word; ties are rounded up.
    let represented = base_log * levels;
    let sum: i128 = digits
        .iter()
        .enumerate()
        .map(|(i, digit)| digit << (i * base_log))
        .sum();
    let error = ((sum << (64 - represented)) - i128::from(x)).rem_euclid(1 << 64);
    let half = 1 << (63 - represented);
    assert!(error <= half || error > (1 << 64) - half);
}

#[test]
fn decomposition_at_edges_and_ties() {
    for (base_log, levels) in [
        (23, 1),
        (2, 8),
        (4, 4),
        (15, 2),
        (8, 3),
        (1, 1),
        (1, 3),
        (20, 3),
        (31, 2),
        (31, 1),
    ] {
        for x in edges() {
            check_digits(x, base_log, levels);
        }
        // Every rounding tie and digit tie near the ends and the middle of the range.
        let unit = 1_u64 << (64 - base_log * levels);
        for start in [
            0,
            1 << 63,
            1 << (63 - base_log),
            (1 << (64 - base_log)) + (1 << (63 - base_log)),
        ] {
            for steps in 0..16_u64 {
                let x = unit.wrapping_mul(steps.wrapping_sub(8)).wrapping_add(start);
                for tie in [0, unit / 2, unit / 2 - 1, unit / 2 + 1] {
                    check_digits(x.wrapping_add(tie), base_log, levels);
                }
            }
        }
    }
}

fn check_modulus_switch(words: &[u64], log2_two_n: u32) {
    for mode in [
        ModulusSwitch::Standard,
        ModulusSwitch::CenteredMeanNoiseReduction,
    ] {
        let mut switched = vec![0; words.len()];
        modulus_switch(
            &SmallLwe::U64(words.to_vec()),
            mode,
            log2_two_n,
            &mut switched,
        )
        .unwrap();
        assert_eq!(
            switched,
            common::modulus_switch(words, 64, mode, 1 << log2_two_n)
        );
        let words32: Vec<u32> = words.iter().map(|word| (word >> 32) as u32).collect();
        let words: Vec<u64> = words32.iter().copied().map(u64::from).collect();
        modulus_switch(&SmallLwe::U32(words32), mode, log2_two_n, &mut switched).unwrap();
        assert_eq!(
            switched,
            common::modulus_switch(&words, 32, mode, 1 << log2_two_n)
        );
    }
}

#[test]
fn modulus_switch_at_edges() {
    for log2_two_n in 9..=13 {
        let step = 1_u64 << (64 - log2_two_n);
        check_modulus_switch(&edges(), log2_two_n);
        for word in [
            0,
            1,
            step / 2,
            step / 2 - 1,
            step / 2 + 1,
            u64::MAX,
            step.wrapping_neg(),
        ] {
            check_modulus_switch(&vec![word; 880], log2_two_n);
            for body in edges() {
                check_modulus_switch(&[word, word, body], log2_two_n);
            }
        }
        // tfhe-rs' own example: both masks 1 give the correction -1 - half a step.
        let mut switched = [9; 3];
        let lwe = SmallLwe::U64(vec![1, 1, step + 1]);
        let mode = ModulusSwitch::CenteredMeanNoiseReduction;
        modulus_switch(&lwe, mode, log2_two_n, &mut switched).unwrap();
        assert_eq!(switched, [0, 0, 1]);
        let lwe = SmallLwe::U64(vec![1, 1, step]);
        modulus_switch(&lwe, mode, log2_two_n, &mut switched).unwrap();
        assert_eq!(switched, [0, 0, 0]);
    }
}

#[test]
fn reference_transform_multiplies_negacyclically() {
    for log2_size in [2, 5, 8] {
        let ntt = NegacyclicNtt::new(log2_size);
        let size = ntt.size();
        let mut random = rng(u64::from(log2_size));
        let mut residues = || -> Vec<u64> {
            words(&mut random, size)
                .iter()
                .map(|&x| (u128::from(x) % Q) as u64)
                .collect()
        };
        let (a, b) = (residues(), residues());
        let mut expected = vec![0_u128; size];
        for i in 0..size {
            for j in 0..size {
                let product = u128::from(a[i]) * u128::from(b[j]) % Q;
                let term = if i + j < size { product } else { Q - product };
                let sum = &mut expected[(i + j) % size];
                *sum = (*sum + term) % Q;
            }
        }
        let (mut values_a, mut values_b) = (a.clone(), b);
        ntt.forward(&mut values_a);
        ntt.forward(&mut values_b);
        let mut product: Vec<u64> = values_a
            .iter()
            .zip(&values_b)
            .map(|(&x, &y)| goldilocks::mul(x, y))
            .collect();
        ntt.inverse(&mut product);
        assert!(product.iter().copied().map(u128::from).eq(expected));
        ntt.inverse(&mut values_a);
        assert_eq!(values_a, a);
    }
}

proptest! {
    #[test]
    fn decomposition(x: u64, base_log in 1..=31_usize, levels in 1..=3_usize) {
        prop_assume!(base_log * levels <= 62);
        check_digits(x, base_log, levels);
    }

    #[test]
    fn switch_to_two_n(words in prop::collection::vec(any::<u64>(), 2..100), log2 in 9..=13_u32) {
        check_modulus_switch(&words, log2);
    }
}

//! The slices' checksum against long division of polynomials, and what it has to find.

use gyrus_interface::key_slice::{advance, slice_checksum};
use proptest::prelude::*;

/// The remainder of the polynomial with these words as coefficients (the highest first) divided by
/// x^64 + x^4 + x^3 + x + 1: one subtraction of the divisor for each leading bit.
fn remainder(words: &[u64]) -> u64 {
    let mut bits: Vec<bool> = words
        .iter()
        .flat_map(|word| (0..64).rev().map(move |bit| word >> bit & 1 == 1))
        .collect();
    let tail = bits.len() - 64;
    for lead in 0..tail {
        if bits[lead] {
            for power in [64, 4, 3, 1, 0] {
                bits[lead + 64 - power] ^= true;
            }
        }
    }
    bits[tail..]
        .iter()
        .fold(0, |word, &bit| word << 1 | u64::from(bit))
}

/// a b mod p.
fn product(a: u64, b: u64) -> u64 {
    let wide = (0..64)
        .filter(|bit| b >> bit & 1 == 1)
        .fold(0, |sum, bit| sum ^ u128::from(a) << bit);
    remainder(&[(wide >> 64) as u64, wide as u64])
}

fn power(base: u64, exponent: u64) -> u64 {
    (0..64).rev().fold(1, |mut result, bit| {
        result = product(result, result);
        if exponent >> bit & 1 == 1 {
            product(result, base)
        } else {
            result
        }
    })
}

/// x has order 2^64 - 1: two different positions are never worth the same.
#[test]
fn the_polynomial_is_primitive() {
    let factors: [u64; 7] = [3, 5, 17, 257, 641, 65_537, 6_700_417];
    assert_eq!(
        factors.iter().map(|&f| u128::from(f)).product::<u128>(),
        u64::MAX.into()
    );
    assert_eq!(power(2, u64::MAX), 1);
    for factor in factors {
        assert_ne!(power(2, u64::MAX / factor), 1, "factor {factor}");
    }
}

/// Fixed for all time: keys on disk and in cards carry it.
#[test]
fn known_checksums() {
    // x^64 times the seed's 64 ones.
    assert_eq!(slice_checksum(0, &[]), remainder(&[u64::MAX, 0]));
    assert_eq!(slice_checksum(0, &[]), 0xca);
    // The seed cancels, nothing is left.
    assert_eq!(slice_checksum(0, &[0xca]), 0);
    assert_eq!(slice_checksum(0, &[0xcb]), 0x1b);
}

proptest! {
    #[test]
    fn is_the_remainder_of_a_division(
        slice: u64,
        words in prop::collection::vec(any::<u64>(), 0..20),
    ) {
        let mut dividend = vec![u64::MAX ^ slice];
        dividend.extend(&words);
        dividend.push(0);
        prop_assert_eq!(slice_checksum(slice, &words), remainder(&dividend));
    }

    #[test]
    fn advancing_is_a_product(state: u64, words in 0_usize..100) {
        prop_assert_eq!(advance(state, words), product(state, power(2, 64 * words as u64)));
    }

    /// A receiver ends at zero, with or without zeros behind the checksum.
    #[test]
    fn the_checksum_ends_at_zero(words in prop::collection::vec(any::<u64>(), 0..20)) {
        let mut received = words.clone();
        received.push(slice_checksum(0, &words));
        prop_assert_eq!(slice_checksum(0, &received), 0);
        received.extend([0; 5]);
        prop_assert_eq!(slice_checksum(0, &received), 0);
    }

    #[test]
    fn another_slice_is_found(
        slices: (u64, u64),
        words in prop::collection::vec(any::<u64>(), 0..50),
    ) {
        prop_assume!(slices.0 != slices.1);
        prop_assert_ne!(slice_checksum(slices.0, &words), slice_checksum(slices.1, &words));
    }

    #[test]
    fn one_wrong_word_is_found(
        words in prop::collection::vec(any::<u64>(), 1..50),
        at: prop::sample::Index,
        error in 1..=u64::MAX,
    ) {
        let mut wrong = words.clone();
        *at.get_mut(&mut wrong) ^= error;
        prop_assert_ne!(slice_checksum(0, &wrong), slice_checksum(0, &words));
    }

    #[test]
    fn two_flipped_bits_are_found(
        words in prop::collection::vec(any::<u64>(), 1..50),
        at: (prop::sample::Index, prop::sample::Index),
        bits in (0..64_u32, 0..64_u32),
    ) {
        let mut wrong = words.clone();
        *at.0.get_mut(&mut wrong) ^= 1_u64 << bits.0;
        *at.1.get_mut(&mut wrong) ^= 1_u64 << bits.1;
        prop_assume!(wrong != words);
        prop_assert_ne!(slice_checksum(0, &wrong), slice_checksum(0, &words));
    }

    #[test]
    fn exchanged_words_are_found(
        words in prop::collection::vec(any::<u64>(), 2..50),
        at: (prop::sample::Index, prop::sample::Index),
    ) {
        let mut wrong = words.clone();
        wrong.swap(at.0.index(words.len()), at.1.index(words.len()));
        prop_assume!(wrong != words);
        prop_assert_ne!(slice_checksum(0, &wrong), slice_checksum(0, &words));
    }

    #[test]
    fn missing_and_doubled_beats_are_found(
        words in prop::collection::vec(any::<u64>(), 8..50),
        beat in 1_usize..=4,
        at: prop::sample::Index,
    ) {
        let at = at.index(words.len() - beat + 1);
        let mut missing = words.clone();
        missing.drain(at..at + beat);
        prop_assert_ne!(slice_checksum(0, &missing), slice_checksum(0, &words));
        let mut doubled = words.clone();
        doubled.splice(at..at, words[at..at + beat].iter().copied());
        prop_assert_ne!(slice_checksum(0, &doubled), slice_checksum(0, &words));
    }
}

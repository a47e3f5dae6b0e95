//! Packed key switching keys against the description of the layout, and the way back.
#![allow(
    clippy::expect_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod oracle;

use gyrus_interface::image::{ImageError, ImageFault};
use gyrus_interface::key_slice::slice_checksum;
use gyrus_interface::keyswitch_rows::{
    beats_of_level, fields, image_words, pack_keyswitch_key, unpack_keyswitch_key,
};
use gyrus_interface::layout::{KeyswitchKey, KeyswitchKeyWords, keyswitch_key_words};
use gyrus_interface::{Decomposition, KeyswitchModulus, LweDimension, ParameterSet, catalogue};
use oracle::words;
use proptest::prelude::*;

fn set(n: usize, levels: usize, keyswitch_modulus: KeyswitchModulus) -> ParameterSet {
    let set = ParameterSet {
        name: "INSECURE_TEST".to_owned(),
        lwe_dimension: LweDimension(n),
        keyswitch: Decomposition::new(3, levels),
        keyswitch_modulus,
        ..catalogue::toy()
    };
    set.validate().expect("a parameter set");
    set
}

/// Words below the set's modulus.
fn key(set: &ParameterSet, seed: u8) -> KeyswitchKey {
    let words = words(seed, keyswitch_key_words(set));
    match set.keyswitch_modulus {
        KeyswitchModulus::Native64 => KeyswitchKey::U64(words),
        KeyswitchModulus::PowerOfTwo32 { log2 } => {
            let unused = 32 - log2;
            let narrow = |word: u64| ((word >> 32) as u32) >> unused << unused;
            KeyswitchKey::U32(words.into_iter().map(narrow).collect())
        }
    }
}

fn modulus() -> impl Strategy<Value = KeyswitchModulus> {
    prop_oneof![
        Just(KeyswitchModulus::Native64),
        (10..=32_u32).prop_map(|log2| KeyswitchModulus::PowerOfTwo32 { log2 }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every key word is where the module says, and everything else is 0.
    #[test]
    fn words_lie_where_the_layout_says(
        n in 1..=40_usize,
        levels in 1..=4_usize,
        modulus in modulus(),
        beat_words in 1..=9_usize,
        seed: u8,
    ) {
        let set = set(n, levels, modulus);
        let key = key(&set, seed);
        let mut image = pack_keyswitch_key(&set, beat_words, key.words()).expect("an image");
        prop_assert_eq!(image.len(), image_words(&set, beat_words));
        prop_assert_eq!(unpack_keyswitch_key(&set, beat_words, &image), Ok(key.clone()));

        let checksum = image.len() - beat_words;
        prop_assert_eq!(image[checksum], slice_checksum(0, &image[..checksum]));
        image[checksum] = 0;
        let (fields, level_words) = (fields(modulus), beats_of_level(&set, beat_words) * beat_words);
        let count = key.words().len();
        for i in 0..count {
            let (level, column) = (i / (n + 1), i % (n + 1));
            let word = &mut image[level * level_words + column / fields];
            // The lowest field's word, which leaves the others'.
            let expected = match (&key, fields) {
                (KeyswitchKey::U64(key), _) => std::mem::take(word) == key[i],
                (KeyswitchKey::U32(key), 2) => {
                    let field = *word as u32;
                    *word >>= 32;
                    field == key[i]
                }
                (KeyswitchKey::U32(key), _) => {
                    let field = (*word & 0x1f_ffff) as u32;
                    *word >>= 21;
                    field == key[i] >> 11
                }
            };
            prop_assert!(expected, "word {} of {}", i, count);
        }
        prop_assert!(image.iter().all(|&word| word == 0));
    }

    #[test]
    fn any_wrong_word_is_found(
        modulus in modulus(),
        at: prop::sample::Index,
        error in 1..=u64::MAX,
    ) {
        let set = set(6, 1, modulus);
        let mut image = pack_keyswitch_key(&set, 5, key(&set, 1).words()).expect("an image");
        *at.get_mut(&mut image) ^= error;
        let (place, length) = (at.index(image.len()), image.len());
        let result = unpack_keyswitch_key(&set, 5, &image);
        let Err(ImageError::KeyswitchKey(fault)) = result else {
            panic!("{result:?}");
        };
        let padding = place > length - 5;
        prop_assert_eq!(matches!(fault, ImageFault::Padding { .. }), padding, "{}", fault);
        prop_assert_eq!(matches!(fault, ImageFault::Checksum { .. }), !padding, "{}", fault);
    }
}

/// Ones beside the fields, under a right checksum.
#[test]
fn padding_has_to_be_zero() {
    let narrow = |log2| KeyswitchModulus::PowerOfTwo32 { log2 };
    // n + 1 = 7 words in beats of 5, so in 10, 5 and 5 words: modulus, word, bit.
    let ones = [
        (KeyswitchModulus::Native64, 7, 0),
        (KeyswitchModulus::Native64, 19, 63),
        (narrow(32), 4, 63),
        (narrow(32), 3, 32),
        (narrow(32), 8, 40),
        (narrow(21), 2, 21),
        (narrow(21), 0, 63),
        (narrow(21), 9, 0),
    ];
    for (modulus, word, bit) in ones {
        let set = set(6, 1, modulus);
        let mut image = pack_keyswitch_key(&set, 5, key(&set, 1).words()).expect("an image");
        image[word] |= 1 << bit;
        let end = image.len() - 5;
        image[end] = slice_checksum(0, &image[..end]);
        let error = unpack_keyswitch_key(&set, 5, &image).expect_err("a wrong image");
        let value = image[word];
        let expected = ImageError::KeyswitchKey(ImageFault::Padding { word, value });
        assert_eq!(error, expected, "{modulus:?}, word {word}, bit {bit}");
        assert!(
            error.to_string().contains(&format!("word {word} ")),
            "{error}"
        );
    }
}

#[test]
fn keys_that_are_not_the_sets_are_refused() {
    let set = set(6, 1, KeyswitchModulus::Native64);
    let key = vec![0; keyswitch_key_words(&set)];
    let pack = |beat_words, key| pack_keyswitch_key(&set, beat_words, key);
    assert_eq!(
        pack(0, KeyswitchKeyWords::U64(&key)),
        Err(ImageError::EmptyBeat)
    );
    let narrow = vec![0; key.len()];
    assert_eq!(
        pack(2, KeyswitchKeyWords::U32(&narrow)),
        Err(ImageError::Width)
    );
    let length = |what, expected, found| ImageError::Length {
        what,
        expected,
        found,
    };
    assert_eq!(
        pack(2, KeyswitchKeyWords::U64(&key[1..])),
        Err(length("a key switching key", key.len(), key.len() - 1))
    );
    let image = pack(2, KeyswitchKeyWords::U64(&key)).expect("an image");
    assert_eq!(
        unpack_keyswitch_key(&set, 0, &image),
        Err(ImageError::EmptyBeat)
    );
    let what = "the image of a key switching key";
    assert_eq!(
        unpack_keyswitch_key(&set, 2, &image[1..]),
        Err(length(what, image.len(), image.len() - 1))
    );
    assert_eq!(
        unpack_keyswitch_key(&set, 2, &[]),
        Err(length(what, image.len(), 0))
    );
}

//! Images over channels.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use gyrus_interface::channels::{stripe, unstripe};
use gyrus_interface::image::ImageError;
use proptest::prelude::*;

#[test]
fn two_channels_by_hand() {
    let image: Vec<u64> = (0..12).collect();
    let striped = stripe(&image, 2, 3).expect("two beats");
    assert_eq!(striped, [vec![0, 1, 2, 6, 7, 8], vec![3, 4, 5, 9, 10, 11]]);
    assert_eq!(stripe(&[], 2, 3), Ok(vec![vec![]; 2]));
}

proptest! {
    #[test]
    fn there_and_back(channels in 1..9_usize, channel_words in 1..9_usize, beats in 0..9_usize) {
        let beat_words = channels * channel_words;
        let image: Vec<u64> = (0..(beats * beat_words) as u64).collect();
        let striped = stripe(&image, channels, channel_words).expect("whole beats");
        prop_assert_eq!(striped.len(), channels);
        for (c, channel) in striped.iter().enumerate() {
            prop_assert_eq!(channel.len(), beats * channel_words);
            for (i, &word) in channel.iter().enumerate() {
                let (beat, w) = (i / channel_words, i % channel_words);
                prop_assert_eq!(word as usize, beat * beat_words + c * channel_words + w);
            }
        }
        prop_assert_eq!(unstripe(&striped, channel_words), Ok(image));
    }
}

#[test]
fn other_lengths_are_refused() {
    let multiple = |what, unit, found| ImageError::Multiple { what, unit, found };
    assert_eq!(stripe(&[0; 7], 2, 3), Err(multiple("an image", 6, 7)));
    assert_eq!(
        unstripe(&[[0; 4], [0; 4]], 3),
        Err(multiple("a channel", 3, 4))
    );
    let uneven = [vec![0; 6], vec![0; 3]];
    let length = ImageError::Length {
        what: "a channel",
        expected: 6,
        found: 3,
    };
    assert_eq!(unstripe(&uneven, 3), Err(length));
    for (channels, channel_words) in [(0, 3), (3, 0), (usize::MAX, 2)] {
        let error = ImageError::Channels {
            channels,
            channel_words,
        };
        assert_eq!(stripe(&[], channels, channel_words), Err(error));
    }
    let none: [Vec<u64>; 0] = [];
    assert!(unstripe(&none, 3).is_err());
    assert!(unstripe(&[[0; 4]], 0).is_err());
}

//! What can be wrong with a key's image in card memory, or with what one is to be made of.

use thiserror::Error;

/// Why a key cannot be packed, or an image not be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ImageError {
    /// A polynomial size that the datapath is not built for.
    #[error("N = 2^{log2_n}: the datapath takes 2^{least} to 2^{most}")]
    PolynomialSize {
        /// log2 N.
        log2_n: usize,
        /// log2 of the smallest.
        least: usize,
        /// log2 of the largest.
        most: usize,
    },
    /// Decomposition levels.
    #[error("{0} decomposition levels: must be 1, 2 or 3")]
    Levels(usize),
    /// Beats that would begin in one slice and end in the next.
    #[error("beats of {beat_words} words: must divide the {slice_words} words of a slice")]
    Beat {
        /// Words of a beat.
        beat_words: usize,
        /// Words that have to be a whole number of beats.
        slice_words: usize,
    },
    /// Beats of no words.
    #[error("beats of no words")]
    EmptyBeat,
    /// No channels, or channels of no words.
    #[error("{channels} channels of {channel_words} words: must be at least one of one")]
    Channels {
        /// Channels.
        channels: usize,
        /// Words of a channel in a beat.
        channel_words: usize,
    },
    /// Too many words, or too few.
    #[error("{what} of {found} words instead of {expected}")]
    Length {
        /// Of what.
        what: &'static str,
        /// How many there have to be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// No whole number of something.
    #[error("{what} of {found} words: must be a multiple of {unit}")]
    Multiple {
        /// What.
        what: &'static str,
        /// The words that it has to be a multiple of.
        unit: usize,
        /// How many there are.
        found: usize,
    },
    /// A key switching key in 64-bit words for a modulus up to 2^32, or the other way round.
    #[error("a key switching key in words of another width than its modulus asks for")]
    Width,
    /// A slice of a bootstrapping key's image.
    #[error("slice {slice} of the bootstrapping key: {fault}")]
    Slice {
        /// Its number, from 0.
        slice: usize,
        /// What is wrong with it.
        fault: ImageFault,
    },
    /// A key switching key's image.
    #[error("key switching key: {0}")]
    KeyswitchKey(ImageFault),
}

impl ImageError {
    /// That a beat has words.
    pub(crate) const fn check_beat(beat_words: usize) -> Result<(), Self> {
        if beat_words > 0 {
            Ok(())
        } else {
            Err(Self::EmptyBeat)
        }
    }

    /// That there are whole numbers of `unit` words of something.
    pub(crate) const fn check_multiple(
        what: &'static str,
        unit: usize,
        found: usize,
    ) -> Result<(), Self> {
        if found.is_multiple_of(unit) {
            Ok(())
        } else {
            Err(Self::Multiple { what, unit, found })
        }
    }

    /// That there are just so many words of something.
    pub(crate) const fn check_length(
        what: &'static str,
        expected: usize,
        found: usize,
    ) -> Result<(), Self> {
        if found == expected {
            Ok(())
        } else {
            Err(Self::Length {
                what,
                expected,
                found,
            })
        }
    }
}

/// What is wrong with the words of an image. Words are counted from the slice's first, or from the
/// key switching key's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ImageFault {
    /// The words are not those that the checksum was made of.
    #[error("checksum {found:#018x}, its words have {expected:#018x}")]
    Checksum {
        /// That of the words.
        expected: u64,
        /// What stands behind them.
        found: u64,
    },
    /// A residue of q or above.
    #[error("word {word} is {value:#018x}, not below q")]
    NotCanonical {
        /// Which word.
        word: usize,
        /// What it is.
        value: u64,
    },
    /// A point's fifth or sixth word is not minus the product of the others in its column.
    #[error("word {word} is {found:#018x}, the product of its column is {expected:#018x}")]
    Product {
        /// Which word.
        word: usize,
        /// What it has to be.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// Bits that stand for nothing.
    #[error("word {word} is {value:#018x}, with ones where there has to be nothing but zeros")]
    Padding {
        /// Which word.
        word: usize,
        /// What it is.
        value: u64,
    },
}

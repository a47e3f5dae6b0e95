//! What a card is built with.

use crate::blind_rotate::{BuildError, CoreParameters};
use crate::bus::KeyReaderError;
use crate::key_store::MOST_BEAT_WORDS;
use crate::keyswitch::{self, KeySwitchError};
use gyrus_interface::INTERFACE_VERSION;
use gyrus_interface::card::{Capabilities, Channels};
use thiserror::Error;

/// Widest beat of a memory channel: 512 bits.
const MOST_CHANNEL_WORDS: u32 = 8;

/// Why a card cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CardError {
    /// The core.
    #[error(transparent)]
    Core(#[from] BuildError),
    /// The key switch.
    #[error(transparent)]
    KeySwitch(#[from] KeySwitchError),
    /// A key reader.
    #[error(transparent)]
    KeyReader(#[from] KeyReaderError),
    /// A beat that the channels do not make up.
    #[error("{0} channels of {1} words do not make a beat of {2} words")]
    Beat(u32, u32, usize),
    /// A size that a register has no room for.
    #[error("{what}: {value}, must be {least} to {most}")]
    Size {
        /// Of what.
        what: &'static str,
        /// The size.
        value: u32,
        /// The least that can be.
        least: u32,
        /// The most.
        most: u32,
    },
}

/// The sizes of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardParameters {
    /// The blind rotation.
    pub core: CoreParameters,
    /// How the bootstrapping key is read; its beat is the core's.
    pub key: Channels,
    /// How the key switching key is read; its beat is the key switch's width.
    pub keyswitch: Channels,
    /// Beats that each channel reads ahead.
    pub read_ahead: usize,
    /// Look-up table slots.
    pub lut_slots: u32,
    /// Most ciphertexts in, and out, of a job.
    pub max_batch: u32,
    /// log2 of the bytes from one channel's memory to the next one's.
    pub bank_log2: u32,
    /// Card memory in pages of 4 KiB.
    pub memory_pages: u32,
    /// The clock that the build is meant for, in kHz.
    pub clock_khz: u32,
}

/// As few channels as there can be for beats of at least so many words.
fn channels(words: usize, exactly: bool) -> Channels {
    let words = u32::try_from(words).unwrap_or(u32::MAX);
    let widest = words.next_power_of_two().min(MOST_CHANNEL_WORDS);
    let fits = |width: &u32| !exactly || words.is_multiple_of(*width);
    let width = (0..=widest.ilog2()).rev().map(|log2| 1 << log2).find(fits);
    let width = width.unwrap_or(1);
    Channels {
        count: words.div_ceil(width),
        words: width,
    }
}

impl CardParameters {
    /// The sizes that go with a number of lanes: the core's of [`CoreParameters::for_lanes`], a key
    /// switch that it never waits for, and 8 GiB of memory at 300 MHz.
    ///
    /// # Errors
    /// [`CardError`] for a number of lanes that there is no core for.
    pub fn for_lanes(lanes: usize) -> Result<Self, CardError> {
        Self::for_core(CoreParameters::for_lanes(lanes)?)
    }

    /// The sizes that go with a core.
    ///
    /// # Errors
    /// [`CardError`] for lanes or sizes that there are not.
    pub fn for_core(core: CoreParameters) -> Result<Self, CardError> {
        let keyswitch_words = keyswitch::key_words(&core)?;
        Ok(Self {
            core,
            key: channels(core.beat_words, true),
            keyswitch: channels(keyswitch_words, false),
            read_ahead: 256,
            lut_slots: 1024,
            max_batch: 256,
            bank_log2: 28,
            memory_pages: 1 << 21,
            clock_khz: 300_000,
        })
    }

    /// What the card says of itself.
    #[must_use]
    pub fn capabilities(&self, build: u32) -> Capabilities {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Capabilities {
            version: INTERFACE_VERSION,
            build,
            clock_khz: self.clock_khz,
            lanes: number(self.core.lanes),
            max_log2_n: number(self.core.max_log2_n),
            max_k: 1,
            max_levels: number(self.core.levels),
            slots: number(self.core.slots),
            lut_slots: self.lut_slots,
            max_batch: self.max_batch,
            key: self.key,
            keyswitch: self.keyswitch,
            bank_log2: self.bank_log2,
            memory_pages: self.memory_pages,
        }
    }

    /// Checks what the parts do not check themselves.
    pub(super) fn check(&self) -> Result<(), CardError> {
        let beat = self.core.beat_words;
        if self.key.beat_words() != beat {
            return Err(CardError::Beat(self.key.count, self.key.words, beat));
        }
        let most_beat = u32::try_from(MOST_BEAT_WORDS).unwrap_or(u32::MAX);
        let keyswitch_beat = self.keyswitch.count.saturating_mul(self.keyswitch.words);
        let sizes = [
            (
                "words of a key switching beat",
                keyswitch_beat,
                1,
                most_beat,
            ),
            // A transfer has at most 2^24 - 1 words.
            ("look-up table slots", self.lut_slots, 1, 4096),
            ("ciphertexts of a job", self.max_batch, 1, 4096),
            ("log2 of a bank's bytes", self.bank_log2, 12, 40),
            ("pages of memory", self.memory_pages, 1, u32::MAX),
        ];
        for (what, value, least, most) in sizes {
            if !(least..=most).contains(&value) {
                return Err(CardError::Size {
                    what,
                    value,
                    least,
                    most,
                });
            }
        }
        Ok(())
    }
}

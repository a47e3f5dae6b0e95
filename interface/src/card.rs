//! What a card was built for: the typed side of the constant [`crate::registers`].
//!
//! # Card memory
//!
//! Each key is read by channels of its own. A beat of D = channels * words 64-bit words is spread over
//! them: channel c holds words c W .. c W + W of every beat, one beat behind the other, from byte
//! `address + c * 2^bank_log2` on. Look-up tables lie one behind the other from their address on, slot 0
//! first, N words each. What [`crate::Job::UploadKey`] calls an offset is a byte's place from the key's
//! address on: `c * 2^bank_log2` plus the place within the channel.

use crate::layout::WORD_BYTES;
use crate::registers::{MAGIC, Register};
use crate::{DeviceError, INTERFACE_VERSION, InterfaceVersion};

/// Smallest log2 N.
pub const MIN_LOG2_N: u32 = 8;

/// Bytes to which addresses in card memory are aligned.
pub const PAGE_BYTES: u64 = 4096;

/// How one key is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channels {
    /// Channels.
    pub count: u32,
    /// 64-bit words of a channel's beat.
    pub words: u32,
}

impl Channels {
    /// Words of a beat of all channels.
    #[must_use]
    pub const fn beat_words(self) -> usize {
        self.count as usize * self.words as usize
    }

    /// Bytes of a channel's share of an image of so many beats.
    #[must_use]
    pub const fn bytes(self, beats: u32) -> u64 {
        beats as u64 * self.words as u64 * WORD_BYTES as u64
    }
}

/// What a card says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Interface version.
    pub version: InterfaceVersion,
    /// Tells builds apart.
    pub build: u32,
    /// Clock in kHz.
    pub clock_khz: u32,
    /// P: coefficients a cycle.
    pub lanes: u32,
    /// Greatest log2 N.
    pub max_log2_n: u32,
    /// Greatest k.
    pub max_k: u32,
    /// Most levels of the bootstrap's gadget.
    pub max_levels: u32,
    /// Ciphertexts of a hardware batch.
    pub slots: u32,
    /// Look-up table slots.
    pub lut_slots: u32,
    /// Most ciphertexts in, and out, of a job.
    pub max_batch: u32,
    /// How the bootstrapping key is read.
    pub key: Channels,
    /// How the key switching key is read.
    pub keyswitch: Channels,
    /// log2 of the bytes from one channel's memory to the next one's.
    pub bank_log2: u32,
    /// Card memory in pages of [`PAGE_BYTES`].
    pub memory_pages: u32,
}

impl Capabilities {
    /// The registers that say so.
    #[must_use]
    pub fn registers(&self) -> [(Register, u32); 12] {
        let InterfaceVersion { major, minor } = self.version;
        let limits = self.max_log2_n | self.max_k << 8 | self.max_levels << 16 | self.slots << 24;
        let channels = |channels: Channels| channels.count | channels.words << 16;
        [
            (Register::Magic, MAGIC),
            (Register::Version, u32::from(major) << 16 | u32::from(minor)),
            (Register::Build, self.build),
            (Register::Clock, self.clock_khz),
            (Register::Lanes, self.lanes),
            (Register::Limits, limits),
            (Register::LutSlots, self.lut_slots),
            (Register::MaxBatch, self.max_batch),
            (Register::KeyChannels, channels(self.key)),
            (Register::KeyswitchChannels, channels(self.keyswitch)),
            (Register::BankLog2, self.bank_log2),
            (Register::MemoryPages, self.memory_pages),
        ]
    }

    /// Reads them; a card that is not there reads as ones.
    ///
    /// # Errors
    /// [`DeviceError::Removed`] if all bits are ones, [`DeviceError::Protocol`] if it is no Gyrus card or
    /// says something that cannot be, [`DeviceError::InterfaceVersion`] if it speaks another version.
    pub fn read(
        mut read: impl FnMut(Register) -> Result<u32, DeviceError>,
    ) -> Result<Self, DeviceError> {
        let magic = read(Register::Magic)?;
        if magic == u32::MAX {
            let text = "its registers read as ones";
            return Err(DeviceError::Removed(text.to_owned()));
        }
        if magic != MAGIC {
            let text = format!("the first register reads {magic:#010x}, not {MAGIC:#010x}");
            return Err(DeviceError::Protocol(text));
        }
        let version = read(Register::Version)?;
        let version = InterfaceVersion {
            major: (version >> 16) as u16,
            minor: (version & 0xffff) as u16,
        };
        if version.major != INTERFACE_VERSION.major || version.minor < INTERFACE_VERSION.minor {
            return Err(DeviceError::InterfaceVersion {
                device: version,
                driver: INTERFACE_VERSION,
            });
        }
        let limits = read(Register::Limits)?;
        let mut channels = |register| {
            read(register).map(|value| Channels {
                count: value & 0xffff,
                words: value >> 16,
            })
        };
        let (key, keyswitch) = (
            channels(Register::KeyChannels)?,
            channels(Register::KeyswitchChannels)?,
        );
        let capabilities = Self {
            version,
            build: read(Register::Build)?,
            clock_khz: read(Register::Clock)?,
            lanes: read(Register::Lanes)?,
            max_log2_n: limits & 0xff,
            max_k: limits >> 8 & 0xff,
            max_levels: limits >> 16 & 0xff,
            slots: limits >> 24,
            lut_slots: read(Register::LutSlots)?,
            max_batch: read(Register::MaxBatch)?,
            key,
            keyswitch,
            bank_log2: read(Register::BankLog2)?,
            memory_pages: read(Register::MemoryPages)?,
        };
        capabilities.validate()?;
        Ok(capabilities)
    }

    /// Checks that the figures can be: a device's word is not trusted with sizes.
    fn validate(&self) -> Result<(), DeviceError> {
        let figures = [
            ("kHz of clock", self.clock_khz, 1, 100_000_000),
            ("lanes", self.lanes, 2, 128),
            ("as log2 N", self.max_log2_n, MIN_LOG2_N, 11),
            ("as k", self.max_k, 1, 1),
            ("levels", self.max_levels, 1, 3),
            ("ciphertexts a hardware batch", self.slots, 1, 16),
            ("look-up table slots", self.lut_slots, 1, 1 << 16),
            ("ciphertexts a job", self.max_batch, 1, 1 << 16),
            ("key channels", self.key.count, 1, 128),
            ("words a key channel", self.key.words, 1, 128),
            ("key switching channels", self.keyswitch.count, 1, 128),
            (
                "words a key switching channel",
                self.keyswitch.words,
                1,
                128,
            ),
            ("as log2 of a bank's bytes", self.bank_log2, 12, 48),
            ("pages of memory", self.memory_pages, 1, u32::MAX),
        ];
        let wrong = figures
            .iter()
            .find(|(_, value, least, most)| !(least..=most).contains(&value));
        match wrong {
            None if self.lanes.is_power_of_two() => Ok(()),
            None => Err(DeviceError::Protocol(format!(
                "the card says that it has {} lanes, no power of two",
                self.lanes
            ))),
            Some((what, value, least, most)) => Err(DeviceError::Protocol(format!(
                "the card says that it has {value} {what}; {least} to {most} can be"
            ))),
        }
    }

    /// Bytes of card memory.
    #[must_use]
    pub const fn memory_bytes(&self) -> u64 {
        self.memory_pages as u64 * PAGE_BYTES
    }

    /// Bytes from one channel's memory to the next one's.
    #[must_use]
    pub const fn bank_bytes(&self) -> u64 {
        1 << self.bank_log2
    }
}

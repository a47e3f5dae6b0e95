//! How a card is set up for a parameter set: the typed side of the settings among the
//! [`crate::registers`], and what a card checks before it takes them.

use crate::card::{Capabilities, Channels, MIN_LOG2_N, PAGE_BYTES};
use crate::key_slice::POINT_WORDS;
use crate::keyswitch_rows::{beats_of_level, fields};
use crate::layout::WORD_BYTES;
use crate::params::{KeyswitchModulus, ModulusSwitch, ParameterSet};
use crate::registers::Register;
use crate::ring::RingLayout;
use crate::{DeviceError, JobStatus};

/// Largest n: degrees and body lie in 1024 places.
pub const MAX_LWE_DIMENSION: u32 = 1023;

/// Greatest log2 of the key switch's base.
pub const MAX_KEYSWITCH_BASE_LOG: u32 = 4;

/// Most levels of the key switch.
pub const MAX_KEYSWITCH_LEVELS: u32 = 16;

/// Most entries of a ring.
pub const MAX_RING_ENTRIES: u32 = 1 << 16;

/// Bytes to which rings are aligned.
pub const RING_ALIGNMENT: u64 = 64;

/// Everything that [`crate::registers::Control::CONFIGURE`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// log2 N.
    pub log2_n: u32,
    /// n.
    pub lwe_dimension: u32,
    /// log2 of the bootstrap's base.
    pub base_log: u32,
    /// Its levels.
    pub level_count: u32,
    /// log2 of the key switch's base.
    pub keyswitch_base_log: u32,
    /// Its levels.
    pub keyswitch_level_count: u32,
    /// log2 of the key switch's modulus.
    pub keyswitch_modulus_log2: u32,
    /// 1: centred modulus switch.
    pub modulus_switch: u32,
    /// Beats of a level of a row of the key switching key.
    pub keyswitch_groups: u32,
    /// Beats of the bootstrapping key.
    pub key_beats: u32,
    /// Beats of the key switching key.
    pub keyswitch_beats: u32,
    /// Entries of each ring.
    pub ring_entries: u32,
    /// Channel 0 of the bootstrapping key in card memory.
    pub key_address: u64,
    /// Channel 0 of the key switching key.
    pub keyswitch_address: u64,
    /// Slot 0 of the look-up tables.
    pub lut_address: u64,
    /// First byte of host memory that jobs may name.
    pub window_start: u64,
    /// The byte behind the last.
    pub window_end: u64,
    /// Submission ring in host memory.
    pub submission_ring: u64,
    /// Completion ring.
    pub completion_ring: u64,
}

/// Registers of the 64-bit settings, in the order of [`Settings::wide`].
const WIDE: [(Register, Register); 7] = [
    (Register::KeyAddressLow, Register::KeyAddressHigh),
    (
        Register::KeyswitchAddressLow,
        Register::KeyswitchAddressHigh,
    ),
    (Register::LutAddressLow, Register::LutAddressHigh),
    (Register::WindowStartLow, Register::WindowStartHigh),
    (Register::WindowEndLow, Register::WindowEndHigh),
    (Register::SubmissionRingLow, Register::SubmissionRingHigh),
    (Register::CompletionRingLow, Register::CompletionRingHigh),
];

impl Settings {
    /// For a parameter set on this card, with keys and tables placed in card memory: banks of their
    /// own for each where there are enough, one behind the other in the first ones otherwise.
    ///
    /// # Errors
    /// [`DeviceError::Request`] if the card was not built for the set or has too little memory.
    pub fn new(
        card: &Capabilities,
        set: &ParameterSet,
        rings: RingLayout,
        window: std::ops::Range<u64>,
    ) -> Result<Self, DeviceError> {
        let refuse = |why: &str| DeviceError::Request(format!("{}: {why}", set.name));
        set.validate()?;
        if set.glwe_dimension.0 > card.max_k as usize {
            return Err(refuse("this card is built for a GLWE dimension of 1"));
        }
        let log2_n = set.polynomial_size.0.ilog2();
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let slice_words = POINT_WORDS * set.polynomial_size.0 * set.pbs.level_count.0;
        let slice_beats = slice_words.div_ceil(card.key.beat_words()) + 1;
        let groups = beats_of_level(set, card.keyswitch.beat_words());
        let rows = set.big_lwe_dimension().0 * set.keyswitch.level_count.0;
        let mut settings = Self {
            log2_n,
            lwe_dimension: number(set.lwe_dimension.0),
            base_log: number(set.pbs.base_log.0),
            level_count: number(set.pbs.level_count.0),
            keyswitch_base_log: number(set.keyswitch.base_log.0),
            keyswitch_level_count: number(set.keyswitch.level_count.0),
            keyswitch_modulus_log2: match set.keyswitch_modulus {
                KeyswitchModulus::Native64 => 64,
                KeyswitchModulus::PowerOfTwo32 { log2 } => log2,
            },
            modulus_switch: u32::from(
                set.modulus_switch == ModulusSwitch::CenteredMeanNoiseReduction,
            ),
            keyswitch_groups: number(groups),
            key_beats: number(set.lwe_dimension.0 * slice_beats),
            keyswitch_beats: number(rows * groups + 1),
            ring_entries: rings.entries,
            window_start: window.start,
            window_end: window.end,
            submission_ring: rings.submission,
            completion_ring: rings.completion,
            ..Self::default()
        };
        settings.place(card);
        settings
            .check(card)
            .map_err(|status| refuse(&format!("this card does not take the set ({status})")))?;
        Ok(settings)
    }

    /// Places keys and tables.
    fn place(&mut self, card: &Capabilities) {
        let page = |bytes: u64| bytes.next_multiple_of(PAGE_BYTES);
        let banks = card.memory_bytes() >> card.bank_log2;
        let (keys, switches) = (u64::from(card.key.count), u64::from(card.keyswitch.count));
        let mut behind = page(card.key.bytes(self.key_beats));
        self.key_address = 0;
        if banks >= keys + switches {
            self.keyswitch_address = keys << card.bank_log2;
        } else {
            self.keyswitch_address = behind;
            behind += page(card.keyswitch.bytes(self.keyswitch_beats));
        }
        self.lut_address = if banks > keys + switches {
            (keys + switches) << card.bank_log2
        } else {
            behind
        };
    }

    /// What the card checks before it takes the settings, in its order.
    ///
    /// # Errors
    /// The status that [`crate::registers::Status::result`] then shows.
    pub fn check(&self, card: &Capabilities) -> Result<(), JobStatus> {
        let within = |value: u32, least: u32, most: u32| (least..=most).contains(&value);
        let modulus = self.keyswitch_modulus_log2;
        let groups = 1024_u32.div_ceil(card.keyswitch.count * card.keyswitch.words);
        let columns = (self.keyswitch_fields() * card.keyswitch.beat_words()) as u64;
        let ok = within(self.log2_n, MIN_LOG2_N, card.max_log2_n)
            && within(self.lwe_dimension, 1, MAX_LWE_DIMENSION)
            && within(self.base_log, 1, 31)
            && within(self.level_count, 1, card.max_levels)
            && self.base_log * self.level_count <= 62
            && within(self.keyswitch_base_log, 1, MAX_KEYSWITCH_BASE_LOG)
            && within(self.keyswitch_level_count, 1, MAX_KEYSWITCH_LEVELS)
            && self.keyswitch_base_log * self.keyswitch_level_count <= 31
            && (within(modulus, self.log2_n + 2, 32) || modulus == 64)
            && self.modulus_switch <= 1
            && within(self.keyswitch_groups, 1, groups)
            && u64::from(self.keyswitch_groups) * columns > self.lwe_dimension.into()
            && within(self.key_beats, 1, (1 << 26) - 1)
            && within(self.keyswitch_beats, 1, (1 << 26) - 1);
        if !ok {
            return Err(JobStatus::UnsupportedParameters);
        }
        if !within(self.ring_entries, 2, MAX_RING_ENTRIES) {
            return Err(JobStatus::LengthOverflow);
        }
        let pages = self.key_address | self.keyswitch_address | self.lut_address;
        let rings = self.submission_ring | self.completion_ring;
        let words = self.window_start | self.window_end;
        if !pages.is_multiple_of(PAGE_BYTES)
            || !rings.is_multiple_of(RING_ALIGNMENT)
            || !words.is_multiple_of(WORD_BYTES as u64)
        {
            return Err(JobStatus::MisalignedAddress);
        }
        let memory = 0..card.memory_bytes();
        let window = self.window_start..self.window_end;
        let entries = u64::from(self.ring_entries);
        let (key, keyswitch) = (card.key, card.keyswitch);
        let (key_bytes, keyswitch_bytes) = (
            key.bytes(self.key_beats),
            keyswitch.bytes(self.keyswitch_beats),
        );
        let last = |channels: Channels| u64::from(channels.count - 1) << card.bank_log2;
        let ok = inside(&memory, self.key_address, last(key) + key_bytes)
            && inside(
                &memory,
                self.keyswitch_address,
                last(keyswitch) + keyswitch_bytes,
            )
            && key_bytes <= card.bank_bytes()
            && keyswitch_bytes <= card.bank_bytes()
            && inside(
                &memory,
                self.lut_address,
                u64::from(card.lut_slots) << (self.log2_n + 3),
            )
            && inside(&window, self.submission_ring, entries * 64)
            && inside(&window, self.completion_ring, entries * 32);
        if ok {
            Ok(())
        } else {
            Err(JobStatus::AddressOutOfRange)
        }
    }

    fn narrow(&mut self) -> [(Register, &mut u32); 10] {
        [
            (Register::PolynomialSizeLog2, &mut self.log2_n),
            (Register::LweDimension, &mut self.lwe_dimension),
            (
                Register::KeyswitchModulusLog2,
                &mut self.keyswitch_modulus_log2,
            ),
            (Register::ModulusSwitch, &mut self.modulus_switch),
            (Register::KeyswitchGroups, &mut self.keyswitch_groups),
            (Register::KeyBeats, &mut self.key_beats),
            (Register::KeyswitchBeats, &mut self.keyswitch_beats),
            (Register::RingEntries, &mut self.ring_entries),
            // Two fields each, taken apart by the callers.
            (Register::PbsGadget, &mut self.base_log),
            (Register::KeyswitchGadget, &mut self.keyswitch_base_log),
        ]
    }

    fn wide(&mut self) -> [&mut u64; 7] {
        [
            &mut self.key_address,
            &mut self.keyswitch_address,
            &mut self.lut_address,
            &mut self.window_start,
            &mut self.window_end,
            &mut self.submission_ring,
            &mut self.completion_ring,
        ]
    }

    /// What to write into which register.
    #[must_use]
    pub fn registers(&self) -> Vec<(Register, u32)> {
        let mut joined = *self;
        joined.base_log |= self.level_count << 8;
        joined.keyswitch_base_log |= self.keyswitch_level_count << 8;
        let mut registers: Vec<(Register, u32)> = joined
            .narrow()
            .map(|(register, value)| (register, *value))
            .to_vec();
        for ((low, high), value) in WIDE.into_iter().zip(joined.wide()) {
            registers.push((low, (*value & 0xffff_ffff) as u32));
            registers.push((high, (*value >> 32) as u32));
        }
        registers
    }

    /// The settings that registers hold.
    #[must_use]
    pub fn from_registers(read: impl Fn(Register) -> u32) -> Self {
        let mut settings = Self::default();
        for (register, value) in settings.narrow() {
            *value = read(register);
        }
        settings.level_count = settings.base_log >> 8;
        settings.base_log &= 0xff;
        settings.keyswitch_level_count = settings.keyswitch_base_log >> 8;
        settings.keyswitch_base_log &= 0xff;
        for ((low, high), value) in WIDE.into_iter().zip(settings.wide()) {
            *value = u64::from(read(high)) << 32 | u64::from(read(low));
        }
        settings
    }

    /// Fields of a 64-bit word of the key switching key.
    #[must_use]
    pub const fn keyswitch_fields(&self) -> usize {
        fields(match self.keyswitch_modulus_log2 {
            64 => KeyswitchModulus::Native64,
            log2 => KeyswitchModulus::PowerOfTwo32 { log2 },
        })
    }

    /// Words of a big LWE ciphertext, k N + 1.
    #[must_use]
    pub const fn big_lwe_size(&self) -> u64 {
        (1 << self.log2_n) + 1
    }
}

/// Whether so many bytes from `address` on lie in a range of addresses.
#[must_use]
pub fn inside(range: &std::ops::Range<u64>, address: u64, bytes: u64) -> bool {
    let end = address.checked_add(bytes);
    address >= range.start && end.is_some_and(|end| end <= range.end)
}

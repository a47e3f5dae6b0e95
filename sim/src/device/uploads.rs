//! Keys: pieces come into card memory in order; a complete key is read from there, checked, and
//! brought into the form that the engine computes with.

use super::bus::Failure;
use super::jobs::{fail, whole_words};
use super::worker::Worker;
use crate::model::EvaluationKey;
use gyrus_interface::arrangement::Shape;
use gyrus_interface::card::Channels;
use gyrus_interface::channels::unstripe;
use gyrus_interface::job::{KeyKind, MAX_COPY_WORDS};
use gyrus_interface::keyswitch_rows::{beats_of_level, unpack_keyswitch_key};
use gyrus_interface::layout::KeyswitchKey;
use gyrus_interface::pack::unpack_slices;
use gyrus_interface::registers::Bus;
use gyrus_interface::{ImageError, JobStatus};
use rayon::prelude::*;

/// Slices that a thread unpacks in one go.
const SLICES_OF_A_PART: usize = 16;

/// How far a key's upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Progress {
    /// Nothing of it counts: it has to begin with offset 0.
    #[default]
    Nothing,
    /// The next piece has this offset.
    Until(u64),
    /// It is complete.
    Loaded,
}

/// One key in card memory.
#[derive(Debug, Default)]
pub(super) struct Upload(Progress);

impl Upload {
    pub(super) fn is_loaded(&self) -> bool {
        self.0 == Progress::Loaded
    }
}

/// Both keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) bootstrapping: Upload,
    pub(super) keyswitch: Upload,
    /// As the engine computes with them, once they are complete and right.
    prepared: Option<EvaluationKey>,
}

impl Keys {
    pub(super) const fn prepared(&self) -> Option<&EvaluationKey> {
        self.prepared.as_ref()
    }

    const fn upload(&mut self, kind: KeyKind) -> &mut Upload {
        match kind {
            KeyKind::Bootstrapping => &mut self.bootstrapping,
            KeyKind::Keyswitch => &mut self.keyswitch,
        }
    }
}

/// Where a key lies in card memory.
#[derive(Clone, Copy)]
struct Place {
    address: u64,
    channels: Channels,
    beats: u32,
}

impl Place {
    /// Words of a channel's part.
    const fn channel_words(self) -> usize {
        self.beats as usize * self.channels.words as usize
    }
}

impl Worker {
    const fn place(&self, kind: KeyKind) -> Place {
        match kind {
            KeyKind::Bootstrapping => Place {
                address: self.settings.key_address,
                channels: self.capabilities.key,
                beats: self.settings.key_beats,
            },
            KeyKind::Keyswitch => Place {
                address: self.settings.keyswitch_address,
                channels: self.capabilities.keyswitch,
                beats: self.settings.keyswitch_beats,
            },
        }
    }

    pub(super) fn upload_key(
        &mut self,
        kind: KeyKind,
        source: u64,
        offset: u64,
        length: u64,
        checksum: u32,
    ) -> Result<(), Failure> {
        let place = self.place(kind);
        let words = whole_words(length)?;
        if offset != 0 && self.keys.upload(kind).0 != Progress::Until(offset) {
            return fail(JobStatus::MalformedDescriptor, offset);
        }
        let within = offset & (self.capabilities.bank_bytes() - 1);
        let channel_bytes = place.channels.bytes(place.beats);
        if length == 0 || length > channel_bytes.saturating_sub(within) || words > MAX_COPY_WORDS {
            return fail(JobStatus::LengthOverflow, length);
        }
        self.in_window(source, words)?;
        *self.keys.upload(kind) = Upload::default();
        self.keys.prepared = None;
        self.show_keys();
        self.load(source, words, place.address + offset, checksum)?;
        let channel = offset >> self.capabilities.bank_log2;
        let progress = if within + length < channel_bytes {
            Progress::Until(offset + length)
        } else if channel + 1 < u64::from(place.channels.count) {
            Progress::Until((channel + 1) << self.capabilities.bank_log2)
        } else {
            Progress::Loaded
        };
        *self.keys.upload(kind) = Upload(progress);
        if self.keys.bootstrapping.is_loaded() && self.keys.keyswitch.is_loaded() {
            // That a key is wrong shows when it is used.
            self.unpack_keys().ok();
        }
        self.show_keys();
        Ok(())
    }

    /// Takes what lies in card memory as the key.
    pub(super) fn adopt_key(&mut self, kind: KeyKind) {
        self.keys.prepared = None;
        *self.keys.upload(kind) = Upload(Progress::Loaded);
        if self.keys.bootstrapping.is_loaded() && self.keys.keyswitch.is_loaded() {
            // That a key is wrong shows when it is used.
            self.unpack_keys().ok();
        }
        self.show_keys();
    }

    /// Sees to it that the engine has the keys, which are complete.
    pub(super) fn prepare_key(&mut self) -> Result<(), Failure> {
        for kind in [KeyKind::Bootstrapping, KeyKind::Keyswitch] {
            match self.reach_key(kind) {
                Err(Failure::Job(status, _)) => {
                    self.lose_key(kind);
                    return fail(status, 0);
                }
                reached => reached?,
            }
        }
        let written = std::mem::take(&mut self.bus.card_memory().written_behind_its_back);
        if (written || self.keys.prepared.is_none())
            && let Err(kind) = self.unpack_keys()
        {
            self.lose_key(kind);
            return fail(JobStatus::ChecksumMismatch, 0);
        }
        Ok(())
    }

    /// A key that proved wrong counts as not loaded.
    fn lose_key(&mut self, kind: KeyKind) {
        *self.keys.upload(kind) = Upload::default();
        self.show_keys();
    }

    /// Looks whether the bus gives all of a key: the engine has it in a form of its own, but a card reads
    /// it for each batch.
    fn reach_key(&mut self, kind: KeyKind) -> Result<(), Failure> {
        let place = self.place(kind);
        let bus = match kind {
            KeyKind::Bootstrapping => Bus::Key,
            KeyKind::Keyswitch => Bus::Keyswitch,
        };
        for channel in 0..u64::from(place.channels.count) {
            let address = place.address + (channel << self.capabilities.bank_log2);
            self.bus.probe_card(address, place.channel_words(), bus)?;
        }
        Ok(())
    }

    /// Brings both keys into the engine's form, or says which one is wrong.
    fn unpack_keys(&mut self) -> Result<(), KeyKind> {
        self.keys.prepared = None;
        let bootstrapping = self
            .bootstrapping_key()
            .map_err(|_| KeyKind::Bootstrapping)?;
        let keyswitch = self.keyswitch_key().map_err(|_| KeyKind::Keyswitch)?;
        let key = self
            .engine
            .prepare_key(&self.set, &bootstrapping, keyswitch.words());
        self.keys.prepared = Some(key.map_err(|_| KeyKind::Bootstrapping)?);
        Ok(())
    }

    fn bootstrapping_key(&self) -> Result<Vec<u64>, ImageError> {
        let image = self.image(self.place(KeyKind::Bootstrapping))?;
        let beat_words = self.capabilities.key.beat_words();
        let (log2_n, levels) = (self.settings.log2_n as usize, self.set.pbs.level_count.0);
        let n = self.set.lwe_dimension.0;
        let shape = Shape::new(
            self.capabilities.lanes as usize,
            self.capabilities.max_log2_n as usize,
        )
        // The capabilities were checked.
        .map_err(|_| ImageError::Levels(levels))?;
        let slice = image.len() / n;
        let part = slice * SLICES_OF_A_PART;
        let parts = self.engine.install(|| {
            image
                .par_chunks(part.max(1))
                .enumerate()
                .map(|(number, part)| {
                    let first = number * SLICES_OF_A_PART;
                    let slices = first..(first + SLICES_OF_A_PART).min(n);
                    unpack_slices(&shape, log2_n, levels, beat_words, slices, part)
                })
                .collect::<Result<Vec<_>, _>>()
        })?;
        Ok(parts.concat())
    }

    fn keyswitch_key(&self) -> Result<KeyswitchKey, ImageError> {
        let beat_words = self.capabilities.keyswitch.beat_words();
        let groups = self.settings.keyswitch_groups as usize;
        let image = self.image(self.place(KeyKind::Keyswitch))?;
        let expected = beats_of_level(&self.set, beat_words);
        if groups != expected {
            return Err(ImageError::Length {
                what: "a level of a row",
                expected,
                found: groups,
            });
        }
        unpack_keyswitch_key(&self.set, beat_words, &image)
    }

    /// A key's image as it lies in card memory.
    fn image(&self, place: Place) -> Result<Vec<u64>, ImageError> {
        let memory = self.bus.card_memory();
        let words = place.channel_words();
        let channels = (0..u64::from(place.channels.count)).map(|channel| {
            let mut part = vec![0; words];
            let address = place.address + (channel << self.capabilities.bank_log2);
            // The settings were checked: channels lie in card memory.
            memory
                .read(address, &mut part)
                .map(|()| part)
                .unwrap_or_default()
        });
        let channels: Vec<Vec<u64>> = channels.collect();
        unstripe(&channels, place.channels.words as usize)
    }
}

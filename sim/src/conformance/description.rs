//! What jobs do, written down once more: one after the other, on a copy of host memory. Written from
//! [`gyrus_interface::job`] alone, so that no card's own reading of it is what it is compared with.

use super::ConformanceError;
use super::material::Material;
use super::rig::{End, OK};
use crate::device::HostMemory;
use gyrus_interface::JobStatus::{
    self, AddressOutOfRange, BusError, ChecksumMismatch, LengthOverflow, LutNotLoaded,
    MalformedDescriptor, MisalignedAddress,
};
use gyrus_interface::card::Capabilities;
use gyrus_interface::job::{Job, KeyKind, LutSelection, MAX_COPY_WORDS};
use gyrus_interface::layout::{Checksum, unpack_u32};
use gyrus_interface::settings::Settings;

/// A card with both keys loaded, and the memory that it reaches.
pub(super) struct Description<'a> {
    pub(super) material: &'a Material,
    pub(super) capabilities: Capabilities,
    pub(super) settings: Settings,
    /// Words from [`HostMemory::BASE`] on.
    pub(super) memory: Vec<u64>,
    /// What each slot holds.
    pub(super) tables: Vec<Option<Vec<u64>>>,
}

/// An early end, or what was asked for.
type Step<T> = Result<T, End>;

impl Description<'_> {
    /// Does a job.
    pub(super) fn run(&mut self, job: Job) -> Result<End, ConformanceError> {
        match job {
            Job::KeyswitchBootstrap {
                source,
                destination,
                count,
                luts,
                samples,
                stride,
            } => {
                let shape = (count, samples, stride);
                let checked = self.bootstrap(source, destination, luts, shape);
                let (inputs, tables) = match checked {
                    Ok(checked) => checked,
                    Err(end) => return Ok(end),
                };
                let luts: Vec<&[u64]> = tables.iter().map(Vec::as_slice).collect();
                let (samples, stride) = (usize::from(samples), stride as usize);
                let results = self.material.results(&inputs, &luts, samples, stride)?;
                Ok(self.write(destination, &results).err().unwrap_or(OK))
            }
            Job::UploadKey {
                kind,
                source,
                offset,
                length,
                ..
            } => Ok(self.key(kind, source, offset, length)),
            Job::UploadLuts {
                source,
                slot,
                count,
                checksum,
            } => Ok(self
                .upload(source, slot, count, checksum)
                .err()
                .unwrap_or(OK)),
            Job::Copy {
                source,
                destination,
                length,
            } => Ok(self.copy(source, destination, length).err().unwrap_or(OK)),
            // Whether it is a key shows when it is used.
            Job::AdoptKey { .. } | Job::Barrier => Ok(OK),
        }
    }

    fn window(&self, address: u64, words: u64) -> Step<()> {
        if !address.is_multiple_of(8) {
            return Err((MisalignedAddress, address));
        }
        let end = u128::from(address) + 8 * u128::from(words);
        if address < self.settings.window_start || end > u128::from(self.settings.window_end) {
            return Err((AddressOutOfRange, address));
        }
        Ok(())
    }

    /// Index of a word; one that is not there is a bus error.
    fn index(&self, address: u64) -> Step<usize> {
        address
            .checked_sub(HostMemory::BASE)
            .and_then(|offset| usize::try_from(offset / 8).ok())
            .filter(|&index| index < self.memory.len())
            .ok_or((BusError, address))
    }

    fn read(&self, address: u64, words: u64) -> Step<Vec<u64>> {
        (0..words)
            .map(|word| self.index(address + 8 * word).map(|at| self.memory[at]))
            .collect()
    }

    /// Words up to the first that cannot be read.
    fn readable(&self, address: u64, words: u64) -> Vec<u64> {
        let places = (0..words).map(|word| self.index(address + 8 * word));
        let places = places.map_while(Result::ok);
        places.map(|at| self.memory[at]).collect()
    }

    fn write(&mut self, address: u64, words: &[u64]) -> Step<()> {
        for (at, word) in (address..).step_by(8).zip(words) {
            let index = self.index(at)?;
            self.memory[index] = *word;
        }
        Ok(())
    }

    fn bootstrap(
        &self,
        source: u64,
        destination: u64,
        luts: LutSelection,
        (count, samples, stride): (u32, u16, u32),
    ) -> Step<(Vec<u64>, Vec<Vec<u64>>)> {
        let size = (1_u64 << self.settings.log2_n) + 1;
        let most = u64::from(self.capabilities.max_batch);
        let (inputs, samples) = (u64::from(count), u64::from(samples));
        let possible = |number: u64| (1..=most).contains(&number);
        if ![inputs, samples, inputs * samples]
            .map(possible)
            .iter()
            .all(|&is| is)
        {
            return Err((LengthOverflow, inputs));
        }
        if (samples - 1) * u64::from(stride) > size - 2 {
            return Err((MalformedDescriptor, u64::from(stride)));
        }
        self.window(destination, inputs * samples * size)?;
        let slots: Vec<u32> = match luts {
            LutSelection::One { slot } => vec![slot; count as usize],
            LutSelection::Each { list } => {
                self.window(list, inputs.div_ceil(2))?;
                let words = self.read(list, inputs.div_ceil(2))?;
                unpack_u32(&words).take(count as usize).collect()
            }
        };
        let table = |&slot: &u32| {
            let held = self.tables.get(slot as usize).and_then(Option::clone);
            held.ok_or((LutNotLoaded, u64::from(slot)))
        };
        let tables = slots.iter().map(table).collect::<Step<Vec<_>>>()?;
        self.window(source, inputs * size)?;
        Ok((self.read(source, inputs * size)?, tables))
    }

    /// Pieces that do not begin a key: both are complete, so none goes on.
    fn key(&self, kind: KeyKind, source: u64, offset: u64, length: u64) -> End {
        if !length.is_multiple_of(8) {
            return (MisalignedAddress, length);
        }
        if offset != 0 {
            return (MalformedDescriptor, offset);
        }
        let channel = match kind {
            KeyKind::Bootstrapping => self.capabilities.key.bytes(self.settings.key_beats),
            KeyKind::Keyswitch => {
                let beats = self.settings.keyswitch_beats;
                self.capabilities.keyswitch.bytes(beats)
            }
        };
        if length == 0 || length > channel || length / 8 > MAX_COPY_WORDS {
            return (LengthOverflow, length);
        }
        // Only such ones are asked for.
        self.window(source, length / 8)
            .err()
            .unwrap_or((JobStatus::Internal, 0))
    }

    fn upload(&mut self, source: u64, slot: u32, count: u32, checksum: u32) -> Step<()> {
        let end = u64::from(slot) + u64::from(count);
        if count == 0 || end > u64::from(self.capabilities.lut_slots) {
            return Err((LengthOverflow, end));
        }
        let size = 1_usize << self.settings.log2_n;
        let words = u64::from(count) * size as u64;
        self.window(source, words)?;
        let words = self.read(source, words)?;
        let found = Checksum::default().u64_words(&words).value();
        let slots = self.tables.iter_mut().skip(slot as usize);
        for (slot, table) in slots.zip(words.chunks(size)) {
            *slot = (found == checksum).then(|| table.to_vec());
        }
        if found == checksum {
            return Ok(());
        }
        Err((ChecksumMismatch, u64::from(found)))
    }

    fn copy(&mut self, source: u64, destination: u64, length: u64) -> Step<()> {
        if !length.is_multiple_of(8) {
            return Err((MisalignedAddress, length));
        }
        if length / 8 > MAX_COPY_WORDS {
            return Err((LengthOverflow, length));
        }
        self.window(destination, length / 8)?;
        self.window(source, length / 8)?;
        if source.abs_diff(destination) < length {
            return Err((MalformedDescriptor, destination));
        }
        // The words before one that cannot be read are copied.
        let words = self.readable(source, length / 8);
        let end = self.read(source, length / 8).map(drop);
        self.write(destination, &words).and(end)
    }
}

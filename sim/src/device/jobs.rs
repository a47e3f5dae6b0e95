//! What jobs do, and the checks before it, in the order of [`gyrus_interface::job`].

use super::bus::Failure;
use super::registers::Counter;
use super::worker::Worker;
use crate::model::{Batch, ModelError};
use gyrus_interface::JobStatus;
use gyrus_interface::job::{Job, LutSelection, MAX_COPY_WORDS};
use gyrus_interface::layout::{self, Checksum, WORD_BYTES};
use gyrus_interface::settings::inside;
use std::time::Instant;

const WORD: u64 = WORD_BYTES as u64;

/// Words that a transfer moves before it looks whether it has to give up.
pub(super) const TRANSFER_WORDS: usize = 1 << 16;

/// One run of bootstraps, as its descriptor names it.
#[derive(Clone, Copy)]
struct Run {
    source: u64,
    destination: u64,
    count: u32,
    luts: LutSelection,
    samples: u16,
    stride: u32,
}

/// A job's end with this status and detail.
pub(super) const fn fail<T>(status: JobStatus, detail: u64) -> Result<T, Failure> {
    Err(Failure::Job(status, detail))
}

/// The words of a byte length that is a multiple of the word.
pub(super) fn whole_words(length: u64) -> Result<u64, Failure> {
    if length.is_multiple_of(WORD) {
        Ok(length / WORD)
    } else {
        fail(JobStatus::MisalignedAddress, length)
    }
}

/// Byte addresses from `address` on in steps of a transfer, with the words of each.
pub(super) fn transfers(address: u64, words: u64) -> impl Iterator<Item = (u64, usize)> {
    (0..words).step_by(TRANSFER_WORDS).map(move |start| {
        let left = usize::try_from(words - start).unwrap_or(TRANSFER_WORDS);
        (address + start * WORD, left.min(TRANSFER_WORDS))
    })
}

impl Worker {
    pub(super) fn execute(&mut self, job: Job) -> Result<(), Failure> {
        match job {
            Job::KeyswitchBootstrap {
                source,
                destination,
                count,
                luts,
                samples,
                stride,
            } => self.bootstrap(Run {
                source,
                destination,
                count,
                luts,
                samples,
                stride,
            }),
            Job::UploadKey {
                kind,
                source,
                offset,
                length,
                checksum,
            } => self.upload_key(kind, source, offset, length, checksum),
            Job::AdoptKey { kind } => {
                self.adopt_key(kind);
                Ok(())
            }
            Job::UploadLuts {
                source,
                slot,
                count,
                checksum,
            } => self.upload_luts(source, slot, count, checksum),
            Job::Copy {
                source,
                destination,
                length,
            } => self.copy(source, destination, length),
            // Jobs are done one after the other, so all before it have completed.
            Job::Barrier => Ok(()),
        }
    }

    /// Checks that words lie where jobs may reach.
    pub(super) fn in_window(&self, address: u64, words: u64) -> Result<(), Failure> {
        if !address.is_multiple_of(WORD) {
            return fail(JobStatus::MisalignedAddress, address);
        }
        let window = self.settings.window_start..self.settings.window_end;
        if !inside(&window, address, words.saturating_mul(WORD)) {
            return fail(JobStatus::AddressOutOfRange, address);
        }
        Ok(())
    }

    /// Gives up when that was asked for.
    pub(super) fn go_on(&self) -> Result<(), Failure> {
        if self.shared.cancelled() {
            return Err(Failure::GivenUp);
        }
        Ok(())
    }

    fn bootstrap(&mut self, run: Run) -> Result<(), Failure> {
        let Run {
            source,
            destination,
            count,
            samples,
            stride,
            ..
        } = run;
        if !self.keys.bootstrapping.is_loaded() || !self.keys.keyswitch.is_loaded() {
            return fail(JobStatus::KeysNotLoaded, 0);
        }
        let size = self.settings.big_lwe_size();
        let outputs = u64::from(count) * u64::from(samples);
        let most = u64::from(self.capabilities.max_batch);
        // Both factors are at most their product, as neither is 0.
        if outputs == 0 || outputs > most {
            return fail(JobStatus::LengthOverflow, count.into());
        }
        if (u64::from(samples) - 1) * u64::from(stride) >= 1 << self.settings.log2_n {
            return fail(JobStatus::MalformedDescriptor, stride.into());
        }
        self.in_window(destination, outputs * size)?;
        let slots = self.slots(run)?;
        self.in_window(source, u64::from(count) * size)?;
        let words = |ciphertexts: u64| vec![0; usize::try_from(ciphertexts * size).unwrap_or(0)];
        let mut inputs = words(count.into());
        self.bus.read(source, &mut inputs)?;
        let tables = self.tables(&slots)?;
        self.prepare_key()?;
        let Some(key) = self.keys.prepared() else {
            return fail(JobStatus::Internal, 0);
        };
        let luts: Vec<&[u64]> = tables.iter().map(Vec::as_slice).collect();
        let mut results = words(outputs);
        let batch = Batch {
            inputs: &inputs,
            luts: &luts,
            samples: samples.into(),
            stride: stride as usize,
        };
        let start = Instant::now();
        self.engine
            .keyswitch_bootstrap(key, batch, &mut results, self.shared.cancel())
            .map_err(|error| match error {
                ModelError::Cancelled => Failure::GivenUp,
                _ => Failure::Job(JobStatus::Internal, 0),
            })?;
        let busy = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.bus.write(destination, &results)?;
        self.shared.with(|registers| {
            registers.count(&Counter::BUSY, busy);
            registers.count(&Counter::BOOTSTRAPS, count.into());
        });
        Ok(())
    }

    /// The slot of each ciphertext's table.
    fn slots(&mut self, run: Run) -> Result<Vec<u32>, Failure> {
        let count = run.count as usize;
        let slots = match run.luts {
            LutSelection::One { slot } => vec![slot; count],
            LutSelection::Each { list } => {
                let mut words = vec![0; count.div_ceil(2)];
                self.in_window(list, words.len() as u64)?;
                self.bus.read(list, &mut words)?;
                layout::unpack_u32(&words).take(count).collect()
            }
        };
        let empty = |&&slot: &&u32| self.tables.get(slot as usize) != Some(&true);
        match slots.iter().find(empty) {
            None => Ok(slots),
            Some(&slot) => fail(JobStatus::LutNotLoaded, slot.into()),
        }
    }

    /// The tables in these slots.
    fn tables(&mut self, slots: &[u32]) -> Result<Vec<Vec<u64>>, Failure> {
        let table = |&slot: &u32| {
            let mut table = vec![0; layout::lut_words(&self.set)];
            let address = self.table_address(slot);
            self.bus.read_card(address, &mut table)?;
            Ok(table)
        };
        slots.iter().map(table).collect()
    }

    fn table_address(&self, slot: u32) -> u64 {
        self.settings.lut_address + (u64::from(slot) << self.settings.log2_n) * WORD
    }

    fn upload_luts(
        &mut self,
        source: u64,
        slot: u32,
        count: u32,
        checksum: u32,
    ) -> Result<(), Failure> {
        let end = u64::from(slot) + u64::from(count);
        if count == 0 || end > u64::from(self.capabilities.lut_slots) {
            return fail(JobStatus::LengthOverflow, end);
        }
        let words = u64::from(count) << self.settings.log2_n;
        self.in_window(source, words)?;
        let slots = slot as usize..(slot + count) as usize;
        self.tables[slots.clone()].fill(false);
        self.load(source, words, self.table_address(slot), checksum)?;
        self.tables[slots].fill(true);
        Ok(())
    }

    /// Moves words from host memory to card memory, and compares their checksum.
    pub(super) fn load(
        &mut self,
        source: u64,
        words: u64,
        to: u64,
        checksum: u32,
    ) -> Result<(), Failure> {
        let mut sum = Checksum::default();
        let mut piece = Vec::new();
        for (address, count) in transfers(source, words) {
            self.go_on()?;
            piece.resize(count, 0);
            self.bus.read(address, &mut piece)?;
            sum = sum.u64_words(&piece);
            self.bus.write_card(to + (address - source), &piece)?;
        }
        if sum.value() == checksum {
            Ok(())
        } else {
            fail(JobStatus::ChecksumMismatch, sum.value().into())
        }
    }

    fn copy(&mut self, source: u64, destination: u64, length: u64) -> Result<(), Failure> {
        let words = whole_words(length)?;
        if words > MAX_COPY_WORDS {
            return fail(JobStatus::LengthOverflow, length);
        }
        self.in_window(destination, words)?;
        self.in_window(source, words)?;
        if source < destination + length && destination < source + length {
            return fail(JobStatus::MalformedDescriptor, destination);
        }
        let mut piece = Vec::new();
        for (address, count) in transfers(source, words) {
            self.go_on()?;
            piece.resize(count, 0);
            let read = self.bus.read(address, &mut piece);
            if let Err(Failure::Job(_, at)) = read {
                // The words before one that cannot be read are copied.
                piece.truncate(((at - address) / WORD) as usize);
            }
            self.bus.write(destination + (address - source), &piece)?;
            read?;
        }
        Ok(())
    }
}

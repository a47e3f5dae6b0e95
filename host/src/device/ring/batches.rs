//! Batches: what is checked, how they get into shared memory, and how their outputs come out of it.
//!
//! A ciphertext is copied once on each way. To map the callers' buffers for the card instead would copy nothing, but:
//!
//! - A job has one source and one destination, with its ciphertexts one behind the other, of 2049 words at N = 2048.
//!   Callers have them in buffers of their own, and no mapping of pages moves those together.
//! - What lies beside a buffer in its pages would be the card's to read and to write.
//! - It costs more, for buffers of one ciphertext: 0.3 to 0.4 us is what the copy takes, 1.1 us to pin the pages and to
//!   release them, without the tables of the IOMMU and the flush at the end. Twelve in one buffer take 3.6 to 11 us to
//!   copy, depending on the caches, and 4.7 to 5.6 us to pin: there mapping might gain some microseconds of the
//!   driver's, in about a thousand that a card computes for.
//!
//! `cargo bench -p gyrus --bench ring` prints the figures.

use super::super::plan::Buffer;
use super::super::{Batch, BatchTag, Finished, Transport};
use super::{InFlight, RingDevice};
use gyrus_interface::job::LutSelection;
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::{DeviceError, Job};
use std::time::Instant;

/// A batch that the card has been told of.
#[derive(Debug)]
pub(super) struct InFlightBatch {
    pub(super) buffer: Buffer,
    pub(super) inputs: usize,
    /// Ciphertexts.
    pub(super) outputs: usize,
    pub(super) since: Instant,
    /// Nobody waits for its outputs.
    pub(super) cancelled: bool,
}

impl<T: Transport> RingDevice<T> {
    /// Hands over a batch that was checked. If that fails nothing has changed.
    pub(super) fn hand_over(&mut self, batch: &Batch) -> Result<BatchTag, DeviceError> {
        let size = self.loaded()?.set.big_lwe_size();
        let inputs = batch.luts.len();
        let outputs = inputs * usize::from(batch.samples);
        let bytes = Buffer::bytes(inputs, outputs, size);
        let room = self.has_room()? && self.load.batches() < self.identity.max_in_flight;
        let Some(range) = room.then(|| self.arena.take(bytes)).flatten() else {
            return Err(DeviceError::RingFull(self.in_flight.len()));
        };
        let buffer = Buffer::within(range.clone(), inputs, size);
        let since = Instant::now();
        let tag = self.write(batch, &buffer).and_then(|job| {
            let in_flight = InFlightBatch {
                buffer,
                inputs,
                outputs,
                since,
                cancelled: false,
            };
            self.enqueue(job, InFlight::Batch(in_flight))
        });
        match tag {
            Ok(tag) => {
                self.load.change(self.load.batches() + 1, since);
                self.statistics.bytes_in += (inputs * size * WORD_BYTES) as u64;
                Ok(BatchTag(tag))
            }
            Err(error) => {
                // The card has not been told of it.
                self.arena.give(range);
                Err(error)
            }
        }
    }

    /// Writes what the card reads of a batch.
    fn write(&self, batch: &Batch, buffer: &Buffer) -> Result<Job, DeviceError> {
        let transport = &self.driver.transport;
        let mut at = buffer.inputs;
        for part in &batch.inputs {
            transport.write(at, part)?;
            at += (part.len() * WORD_BYTES) as u64;
        }
        let slots: Vec<u32> = batch.luts.iter().map(|slot| slot.0).collect();
        transport.write(buffer.list, &layout::pack_u32(&slots))?;
        Ok(Job::KeyswitchBootstrap {
            source: buffer.inputs,
            destination: buffer.outputs,
            count: u32::try_from(slots.len()).unwrap_or(u32::MAX),
            luts: LutSelection::Each { list: buffer.list },
            samples: batch.samples,
            stride: batch.stride,
        })
    }

    /// A batch has ended: keeps its outputs, and frees its buffer.
    pub(super) fn finish_batch(
        &mut self,
        tag: u64,
        batch: InFlightBatch,
        result: Result<(), DeviceError>,
    ) {
        let now = Instant::now();
        let outputs = result.and_then(|()| {
            if batch.cancelled {
                return Err(DeviceError::Cancelled);
            }
            self.outputs(&batch)
        });
        self.statistics.latency.record(now - batch.since);
        self.arena.give(batch.buffer.range);
        self.load.change(self.load.batches().saturating_sub(1), now);
        match &outputs {
            Ok(outputs) => {
                let words: usize = outputs.iter().map(Vec::len).sum();
                self.statistics.batches += 1;
                self.statistics.bootstraps += batch.inputs as u64;
                self.statistics.bytes_out += (words * WORD_BYTES) as u64;
            }
            Err(DeviceError::Cancelled) => (),
            Err(_) => self.statistics.errors += 1,
        }
        let tag = BatchTag(tag);
        self.finished.push_back(Finished { tag, outputs });
    }

    /// Reads the outputs of a batch, each to where it stays.
    fn outputs(&self, batch: &InFlightBatch) -> Result<Vec<Vec<u64>>, DeviceError> {
        let size = self.plan()?.set.big_lwe_size();
        let addresses = (batch.buffer.outputs..).step_by(size * WORD_BYTES);
        addresses
            .take(batch.outputs)
            .map(|address| {
                let mut output = vec![0; size];
                self.driver.transport.read(address, &mut output)?;
                Ok(output)
            })
            .collect()
    }
}

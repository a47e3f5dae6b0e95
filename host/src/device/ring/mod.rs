//! The ring engine: a [`Device`] over any [`Transport`].
//!
//! Descriptors go into the submission ring in shared memory, completions come out of the other one,
//! in the order of the jobs or any other. Batches and look-up tables are handed over without waiting;
//! keys are uploaded piece by piece, since nothing can run without them.
//!
//! What a job holds, a buffer or a place, is taken when the card has been told of it and given back with
//! its completion, whatever that says; until then the job counts as in flight.

mod finish;
mod upload;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod halts;
#[cfg(test)]
mod tests;

use super::driver::Driver;
use super::image::KeyImage;
use super::plan::{BATCHES_IN_FLIGHT, Buffer, Plan, RING_ENTRIES};
use super::{
    Batch, BatchTag, Counters, Device, Finished, Identity, LutSlot, Progress, Statistics, Transport,
};
use crate::key::EvaluationKey;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor, LutSelection};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::ring::Cursor;
use gyrus_interface::settings::Settings;
use gyrus_interface::{DeviceError, Job, ParameterSet};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime};

/// Longest reset of a card that another process has left behind.
const TAKEOVER: Duration = Duration::from_secs(10);

/// A tag that no job of a former owner of the card had: none submits more than one a nanosecond.
fn first_tag() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX / 2)
    })
}

/// What is in flight under a tag.
#[derive(Debug, Clone, Copy)]
enum InFlight {
    Batch {
        buffer: Buffer,
        bootstraps: usize,
        /// Words of its outputs.
        words: usize,
    },
    /// A look-up table, at a place in the staging area.
    Lut {
        place: usize,
    },
    KeyPiece,
}

/// A device that is driven through descriptor and completion rings.
#[derive(Debug)]
pub struct RingDevice<T> {
    driver: Driver<T>,
    identity: Identity,
    plan: Option<Plan>,
    submission: Cursor,
    completion: Cursor,
    next_tag: u64,
    in_flight: HashMap<u64, InFlight>,
    free_buffers: Vec<Buffer>,
    free_lut_places: Vec<usize>,
    /// Batches that finished while something else was waited for.
    finished: VecDeque<Finished>,
    /// What went wrong behind the completion that was taken last.
    fault: Option<DeviceError>,
    keys_loaded: bool,
    /// Since when batches are in flight.
    busy_since: Option<Instant>,
    /// Without the time since then.
    statistics: Statistics,
}

impl<T: Transport> RingDevice<T> {
    /// Takes a card over. What another process may have left on it is reset.
    ///
    /// # Errors
    /// [`DeviceError::InterfaceVersion`] when it speaks another version, [`DeviceError::Protocol`]
    /// when it is none, or what it says of itself cannot be, [`DeviceError::Removed`] when it is gone,
    /// [`DeviceError::Timeout`] or [`DeviceError::Stuck`] when a reset does not help.
    pub fn new(transport: T) -> Result<Self, DeviceError> {
        Self::take_over(transport, Instant::now() + TAKEOVER)
    }

    fn take_over(transport: T, deadline: Instant) -> Result<Self, DeviceError> {
        let driver = Driver::open(transport, deadline)?;
        let card = &driver.capabilities;
        let identity = Identity {
            name: driver.transport.name().to_owned(),
            simulated: driver.transport.simulated(),
            clock_hz: u64::from(card.clock_khz) * 1000,
            interface: card.version,
            lut_slots: card.lut_slots,
            max_batch: card.max_batch as usize,
            max_in_flight: BATCHES_IN_FLIGHT,
            preferred_batch: card.slots.min(card.max_batch) as usize,
        };
        Ok(Self {
            driver,
            identity,
            plan: None,
            submission: Cursor::start(RING_ENTRIES as usize),
            completion: Cursor::start(RING_ENTRIES as usize),
            next_tag: first_tag(),
            in_flight: HashMap::new(),
            free_buffers: Vec::new(),
            free_lut_places: Vec::new(),
            finished: VecDeque::new(),
            fault: None,
            keys_loaded: false,
            busy_since: None,
            statistics: Statistics::default(),
        })
    }

    fn plan(&self) -> Result<&Plan, DeviceError> {
        self.plan
            .as_ref()
            .ok_or_else(|| DeviceError::Request("no evaluation key is loaded".to_owned()))
    }

    /// The plan, if keys are there too.
    fn loaded(&self) -> Result<&Plan, DeviceError> {
        self.plan().and_then(|plan| {
            if self.keys_loaded {
                Ok(plan)
            } else {
                let text = "no evaluation key is loaded completely";
                Err(DeviceError::Request(text.to_owned()))
            }
        })
    }

    /// Whether another job may be in flight.
    fn has_room(&self) -> Result<bool, DeviceError> {
        Ok(self.in_flight.len() + 1 < self.plan()?.rings.entries as usize)
    }

    /// Hands a job over. If that fails the card has not been told of it, and nothing has changed.
    fn enqueue(&mut self, job: Job, in_flight: InFlight) -> Result<u64, DeviceError> {
        if !self.has_room()? {
            return Err(DeviceError::RingFull(self.in_flight.len()));
        }
        let rings = self.plan()?.rings;
        // A tag is not used twice, not even if the doorbell fails.
        let tag = self.next_tag;
        self.next_tag += 1;
        let phase = self.submission.phase();
        let bytes = Descriptor { tag, phase, job }.encode();
        let words: [u64; DESCRIPTOR_BYTES / WORD_BYTES] = layout::to_words(&bytes);
        let at = rings.submission + (self.submission.index() * DESCRIPTOR_BYTES) as u64;
        self.driver.transport.write(at, &words)?;
        let mut next = self.submission;
        next.advance();
        self.driver.submitted(next.index())?;
        self.submission = next;
        self.in_flight.insert(tag, in_flight);
        Ok(tag)
    }

    /// Waits for uploads, whatever becomes of them; batches in flight are the caller's to wait for.
    fn idle(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        while !self.in_flight.is_empty() && !self.has_batches() {
            match self.absorb(deadline) {
                Ok(()) | Err(DeviceError::Job { .. }) => (),
                Err(error) => return Err(error),
            }
        }
        if self.has_batches() || !self.finished.is_empty() {
            let text = "batches in flight have to be waited for first";
            return Err(DeviceError::Request(text.to_owned()));
        }
        Ok(())
    }

    /// Forgets what is in flight and what the card was set up for.
    fn forget(&mut self) {
        self.plan = None;
        self.keys_loaded = false;
        self.in_flight.clear();
        self.rest_if_idle();
        self.free_buffers.clear();
        self.free_lut_places.clear();
        self.finished.clear();
        self.fault = None;
        self.statistics.key_bytes = 0;
    }

    /// Clears the rings and sets the card up for `set`.
    fn configure(
        &mut self,
        set: &ParameterSet,
        deadline: Instant,
    ) -> Result<Settings, DeviceError> {
        let (base, bytes) = self.driver.transport.shared_memory();
        let plan = Plan::new(set, &self.identity, (base, bytes))?;
        let window = base..base + bytes as u64;
        let settings = Settings::new(&self.driver.capabilities, set, plan.rings, window)?;
        let entries = plan.rings.entries as usize;
        self.forget();
        // Before that, the card might still write to the rings.
        self.driver.settle(deadline)?;
        for (ring, entry) in [
            (plan.rings.submission, DESCRIPTOR_BYTES),
            (plan.rings.completion, COMPLETION_BYTES),
        ] {
            let zeros = vec![0; entries * entry / WORD_BYTES];
            self.driver.transport.write(ring, &zeros)?;
        }
        self.driver.configure(&settings, deadline)?;
        self.submission = Cursor::start(entries);
        self.completion = Cursor::start(entries);
        self.free_buffers.clone_from(&plan.buffers);
        self.free_lut_places = (0..plan.staged_luts).collect();
        self.plan = Some(plan);
        Ok(settings)
    }
}

impl<T: Transport> Device for RingDevice<T> {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn load_keys(
        &mut self,
        key: &EvaluationKey,
        progress: Progress<'_>,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        self.idle(deadline)?;
        let settings = self.configure(key.parameters(), deadline)?;
        let images = KeyImage::pack(&self.driver.capabilities, &settings, key)?;
        let total = images.iter().map(|image| image.bytes() as u64).sum();
        let mut sent = 0;
        let mut done = |bytes| {
            sent += bytes;
            progress(sent, total);
        };
        for image in &images {
            if self.driver.transport.reaches_card_memory() {
                self.put(image, &settings, deadline, &mut done)?;
            } else {
                self.upload(image, deadline, &mut done)?;
            }
        }
        self.keys_loaded = true;
        self.statistics.key_bytes = total;
        Ok(())
    }

    fn parameters(&self) -> Option<&ParameterSet> {
        self.plan
            .as_ref()
            .filter(|_| self.keys_loaded)
            .map(|plan| &plan.set)
    }

    fn load_luts(
        &mut self,
        first: LutSlot,
        luts: &[&[u64]],
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        self.check_luts(first, luts)?;
        for (lut, slot) in luts.iter().zip(first.0..) {
            self.load_lut(slot, lut, deadline)?;
        }
        Ok(())
    }

    fn submit(&mut self, batch: Batch) -> Result<BatchTag, DeviceError> {
        let max_batch = self.identity.max_batch;
        let lut_slots = self.identity.lut_slots;
        let plan = self.loaded()?;
        let count = batch.luts.len();
        let outputs = count.saturating_mul(usize::from(batch.samples));
        if batch.inputs.len() != count * plan.set.big_lwe_size() {
            return Err(DeviceError::Request(format!(
                "{} words are not {count} ciphertexts of {} words",
                batch.inputs.len(),
                plan.set.big_lwe_size()
            )));
        }
        if outputs == 0 || count > max_batch || outputs > max_batch {
            return Err(DeviceError::Request(format!(
                "a batch of {count} inputs and {outputs} outputs; the device takes 1 to {max_batch}"
            )));
        }
        if let Some(LutSlot(slot)) = batch.luts.iter().find(|slot| slot.0 >= lut_slots) {
            return Err(DeviceError::Request(format!(
                "look-up table slot {slot}; the device has {lut_slots}"
            )));
        }
        let words = outputs * plan.set.big_lwe_size();
        let Some(&buffer) = self.free_buffers.last() else {
            return Err(DeviceError::RingFull(self.in_flight.len()));
        };
        let slots: Vec<u32> = batch.luts.iter().map(|slot| slot.0).collect();
        self.driver.transport.write(buffer.inputs, &batch.inputs)?;
        self.driver
            .transport
            .write(buffer.list, &layout::pack_u32(&slots))?;
        let job = Job::KeyswitchBootstrap {
            source: buffer.inputs,
            destination: buffer.outputs,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            luts: LutSelection::Each { list: buffer.list },
            samples: batch.samples,
            stride: batch.stride,
        };
        let in_flight = InFlight::Batch {
            buffer,
            bootstraps: count,
            words,
        };
        let tag = self.enqueue(job, in_flight)?;
        // It is free until the card has been told of it.
        self.free_buffers.pop();
        self.work();
        self.statistics.bytes_in += (batch.inputs.len() * WORD_BYTES) as u64;
        Ok(BatchTag(tag))
    }

    fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError> {
        if let Some(finished) = self.finished.pop_front() {
            return Ok(finished);
        }
        while self.has_batches() {
            self.absorb(deadline)?;
            if let Some(finished) = self.finished.pop_front() {
                return Ok(finished);
            }
        }
        Err(DeviceError::Request("no batch is in flight".to_owned()))
    }

    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        self.forget();
        self.driver.reset(deadline)?;
        self.statistics.resets += 1;
        Ok(())
    }

    fn statistics(&self) -> Statistics {
        let since = self.busy_since.map(|since| since.elapsed());
        Statistics {
            busy: self.statistics.busy + since.unwrap_or_default(),
            ..self.statistics
        }
    }

    fn counters(&mut self) -> Result<Counters, DeviceError> {
        self.driver.counters()
    }
}

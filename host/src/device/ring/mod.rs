//! The ring engine: a [`Device`] over any [`Transport`].
//!
//! Descriptors go into the submission ring in shared memory, completions come out of the other one,
//! in the order of the jobs or any other. Batches and look-up tables are handed over without waiting;
//! keys are uploaded piece by piece, since nothing can run without them.
//!
//! What a job holds, a buffer or a place, is taken when the card has been told of it and given back with
//! its completion, whatever that says; until then the job counts as in flight.

mod batches;
mod finish;
mod load;
mod pace;
mod upload;

#[cfg(test)]
mod exhaustive;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod garbage;
#[cfg(test)]
mod halts;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod resumes;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod waits;

use super::arena::Arena;
use super::checks::{check_batch, check_luts};
use super::driver::Driver;
use super::image::KeyImage;
use super::plan::{Plan, RING_ENTRIES, batches_in_flight};
use super::{
    Batch, BatchTag, Counters, Device, Finished, Identity, LutSlot, Progress, Statistics, Transport,
};
use crate::key::EvaluationKey;
use batches::InFlightBatch;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::registers::Status;
use gyrus_interface::ring::Cursor;
use gyrus_interface::settings::Settings;
use gyrus_interface::{DeviceError, Job, ParameterSet};
use load::Load;
use pace::Pace;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime};
use upload::{KeyPiece, Uploaded};

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
#[derive(Debug)]
enum InFlight {
    Batch(InFlightBatch),
    /// A look-up table, at a place in the staging area.
    Lut {
        place: usize,
    },
    KeyPiece(KeyPiece),
    /// Of a key that is in card memory already.
    Adoption,
}

/// A device that is driven through descriptor and completion rings.
#[derive(Debug)]
pub struct RingDevice<T> {
    driver: Driver<T>,
    identity: Identity,
    /// Of each ring.
    entries: u32,
    plan: Option<Plan>,
    submission: Cursor,
    completion: Cursor,
    next_tag: u64,
    in_flight: HashMap<u64, InFlight>,
    /// Memory for batches.
    arena: Arena,
    free_lut_places: Vec<usize>,
    /// Batches that finished while something else was waited for.
    finished: VecDeque<Finished>,
    /// What went wrong behind the completion that was taken last.
    fault: Option<DeviceError>,
    keys_loaded: bool,
    /// Of the keys, as long as they are not complete.
    uploaded: Option<Uploaded>,
    pace: Pace,
    load: Load,
    /// Since when something has been waiting for room.
    stalled: Option<Instant>,
    /// Without what `load` knows.
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
        Self::take_over(transport, RING_ENTRIES, Instant::now() + TAKEOVER)
    }

    /// With rings of so many entries, at least 2.
    fn take_over(transport: T, entries: u32, deadline: Instant) -> Result<Self, DeviceError> {
        let driver = Driver::open(transport, deadline)?;
        let card = &driver.capabilities;
        let identity = Identity {
            name: driver.transport.name().to_owned(),
            simulated: driver.transport.simulated(),
            clock_hz: u64::from(card.clock_khz) * 1000,
            interface: card.version,
            lut_slots: card.lut_slots,
            max_batch: card.max_batch as usize,
            max_in_flight: batches_in_flight(entries),
            preferred_batch: card.slots.min(card.max_batch) as usize,
            devices: 1,
        };
        Ok(Self {
            driver,
            identity,
            entries,
            plan: None,
            submission: Cursor::start(entries as usize),
            completion: Cursor::start(entries as usize),
            next_tag: first_tag(),
            in_flight: HashMap::new(),
            arena: Arena::default(),
            free_lut_places: Vec::new(),
            finished: VecDeque::new(),
            fault: None,
            keys_loaded: false,
            uploaded: None,
            pace: Pace::default(),
            load: Load::default(),
            stalled: None,
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
        while !self.in_flight.is_empty() && self.load.batches() == 0 {
            match self.absorb(deadline) {
                Ok(()) | Err(DeviceError::Job { .. }) => (),
                Err(error) => return Err(error),
            }
        }
        if self.load.batches() > 0 || !self.finished.is_empty() {
            let text = "batches in flight have to be waited for first";
            return Err(DeviceError::Request(text.to_owned()));
        }
        Ok(())
    }

    /// Forgets what is in flight and what the card was set up for.
    fn forget(&mut self) {
        self.plan = None;
        self.keys_loaded = false;
        self.uploaded = None;
        self.in_flight.clear();
        self.load.change(0, Instant::now());
        self.unstall();
        self.arena = Arena::default();
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
        let plan = Plan::new(set, &self.identity, (base, bytes), self.entries)?;
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
        self.arena = Arena::new(plan.batches.clone());
        self.free_lut_places = (0..plan.staged_luts).collect();
        self.plan = Some(plan);
        self.uploaded = Some(Uploaded::none_of(settings));
        Ok(settings)
    }

    /// The settings of a card that is set up for `set` and waits for keys.
    fn begun(
        &mut self,
        set: &ParameterSet,
        deadline: Instant,
    ) -> Result<Option<Settings>, DeviceError> {
        let (Some(plan), Some(uploaded)) = (&self.plan, &self.uploaded) else {
            return Ok(None);
        };
        if self.keys_loaded || plan.set != *set {
            return Ok(None);
        }
        let settings = uploaded.settings;
        let status = self.driver.settle(deadline)?;
        Ok(status.has(Status::CONFIGURED).then_some(settings))
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
        let begun = self.begun(key.parameters(), deadline)?;
        let settings = match begun {
            Some(settings) => settings,
            None => self.configure(key.parameters(), deadline)?,
        };
        let images = KeyImage::pack(&self.driver.capabilities, &settings, key)?;
        if begun.is_some() && !self.resumes(&images) {
            self.configure(key.parameters(), deadline)?;
        }
        let total = images.iter().map(|image| image.bytes() as u64).sum();
        let mut before = 0;
        for image in &images {
            let mut done = |bytes| progress(before + bytes, total);
            if self.driver.transport.reaches_card_memory() {
                self.put(image, &settings, deadline, &mut done)?;
            } else {
                self.upload(image, deadline, &mut done)?;
            }
            before += image.bytes() as u64;
        }
        self.uploaded = None;
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
        check_luts(&self.identity, &self.loaded()?.set, first, luts)?;
        for (lut, slot) in luts.iter().zip(first.0..) {
            self.load_lut(slot, lut, deadline)?;
        }
        Ok(())
    }

    fn submit(&mut self, batch: Batch) -> Result<BatchTag, DeviceError> {
        check_batch(&self.identity, &self.loaded()?.set, &batch)?;
        self.hand_over(&batch).inspect_err(|error| {
            if matches!(error, DeviceError::RingFull(_)) {
                self.stall();
            }
        })
    }

    fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError> {
        if let Some(finished) = self.finished.pop_front() {
            return Ok(finished);
        }
        while self.load.batches() > 0 {
            self.absorb(deadline)?;
            if let Some(finished) = self.finished.pop_front() {
                return Ok(finished);
            }
        }
        Err(DeviceError::Request("no batch is in flight".to_owned()))
    }

    fn cancel(&mut self, tag: BatchTag) {
        if let Some(InFlight::Batch(batch)) = self.in_flight.get_mut(&tag.0) {
            batch.cancelled = true;
        }
    }

    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        self.forget();
        self.driver.reset(deadline)?;
        self.statistics.resets += 1;
        Ok(())
    }

    fn check(&mut self) -> Result<(), DeviceError> {
        self.driver.check()
    }

    fn statistics(&self) -> Statistics {
        let mut statistics = self.statistics.clone();
        self.load.report(&mut statistics);
        statistics
    }

    fn counters(&mut self) -> Result<Counters, DeviceError> {
        self.driver.counters()
    }
}

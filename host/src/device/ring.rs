//! The ring engine: a [`Device`] over any [`Transport`].
//!
//! Descriptors go into the submission ring in shared memory, completions come out of the other one,
//! in the order of the jobs or any other. Batches and look-up tables are handed over without waiting;
//! keys are uploaded piece by piece, since nothing can run without them.

use super::driver::Driver;
use super::image::KeyImage;
use super::plan::{BATCHES_IN_FLIGHT, PIECE_BYTES, Plan, RING_ENTRIES, STAGED_PIECES};
use super::{
    Batch, BatchTag, Counters, Device, Finished, Identity, LutSlot, Progress, Statistics, Transport,
};
use crate::key::EvaluationKey;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor, KeyKind, LutSelection};
use gyrus_interface::layout::{self, Checksum, WORD_BYTES};
use gyrus_interface::ring::Cursor;
use gyrus_interface::settings::Settings;
use gyrus_interface::{Completion, DeviceError, Job, JobStatus, ParameterSet};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// What is in flight under a tag.
#[derive(Debug, Clone, Copy)]
enum InFlight {
    Batch {
        buffer: usize,
        bootstraps: usize,
        outputs: usize,
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
    free_buffers: Vec<usize>,
    free_lut_places: Vec<usize>,
    /// Batches that finished while something else was waited for.
    finished: VecDeque<Finished>,
    keys_loaded: bool,
    statistics: Statistics,
}

impl<T: Transport> RingDevice<T> {
    /// Takes a card over.
    ///
    /// # Errors
    /// [`DeviceError::InterfaceVersion`] when it speaks another version, [`DeviceError::Protocol`]
    /// when it is none, or what it says of itself cannot be, [`DeviceError::Removed`] when it is gone.
    pub fn new(transport: T) -> Result<Self, DeviceError> {
        let driver = Driver::open(transport)?;
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
            next_tag: 1,
            in_flight: HashMap::new(),
            free_buffers: Vec::new(),
            free_lut_places: Vec::new(),
            finished: VecDeque::new(),
            keys_loaded: false,
            statistics: Statistics::default(),
        })
    }

    fn plan(&self) -> Result<&Plan, DeviceError> {
        self.plan
            .as_ref()
            .ok_or_else(|| DeviceError::Request("no evaluation key is loaded".to_owned()))
    }

    fn enqueue(&mut self, job: Job, in_flight: InFlight) -> Result<u64, DeviceError> {
        let rings = self.plan()?.rings;
        if self.in_flight.len() + 1 >= rings.entries as usize {
            return Err(DeviceError::RingFull(self.in_flight.len()));
        }
        let tag = self.next_tag;
        let phase = self.submission.phase();
        let bytes = Descriptor { tag, phase, job }.encode();
        let words: [u64; DESCRIPTOR_BYTES / WORD_BYTES] = layout::to_words(&bytes);
        let at = rings.submission + (self.submission.index() * DESCRIPTOR_BYTES) as u64;
        self.driver.transport.write(at, &words)?;
        self.submission.advance();
        self.next_tag += 1;
        self.in_flight.insert(tag, in_flight);
        self.driver.submitted(self.submission.index())?;
        Ok(tag)
    }

    /// The next completion, if one is there.
    fn poll(&mut self) -> Result<Option<Completion>, DeviceError> {
        let rings = self.plan()?.rings;
        let at = rings.completion + (self.completion.index() * COMPLETION_BYTES) as u64;
        let mut words = [0; COMPLETION_BYTES / WORD_BYTES];
        self.driver.transport.read(at, &mut words)?;
        let bytes = layout::to_bytes(&words);
        if Completion::phase_of(&bytes) != self.completion.phase() {
            return Ok(None);
        }
        self.completion.advance();
        self.driver.taken(self.completion.index())?;
        Completion::decode(&bytes).map(Some).map_err(|code| {
            DeviceError::Protocol(format!("a completion has the undefined status {code}"))
        })
    }

    fn next_completion(
        &mut self,
        deadline: Instant,
    ) -> Result<(Completion, InFlight), DeviceError> {
        let start = Instant::now();
        // A completion that comes after the interrupt causes were cleared is seen by the second look
        // or raises the interrupt.
        let mut acknowledged = false;
        loop {
            if let Some(completion) = self.poll()? {
                let in_flight = self.in_flight.remove(&completion.tag).ok_or_else(|| {
                    let tag = completion.tag;
                    DeviceError::Protocol(format!("a completion for job {tag}, not in flight"))
                })?;
                return Ok((completion, in_flight));
            }
            if !acknowledged {
                self.driver.acknowledge()?;
                acknowledged = true;
                continue;
            }
            if Instant::now() >= deadline {
                return Err(DeviceError::Timeout(start.elapsed()));
            }
            self.driver.wait(deadline)?;
            acknowledged = false;
        }
    }

    /// Turns a batch's completion into its outputs, and frees its buffer.
    fn finish(
        &mut self,
        completion: Completion,
        buffer: usize,
        bootstraps: usize,
        outputs: usize,
    ) -> Result<Finished, DeviceError> {
        let tag = BatchTag(completion.tag);
        let plan = self.plan()?;
        let from = plan.buffers.get(buffer).copied();
        let words = outputs * plan.set.big_lwe_size();
        self.free_buffers.push(buffer);
        if let Err(error) = check(&completion) {
            self.statistics.errors += 1;
            return Ok(Finished {
                tag,
                outputs: Err(error),
            });
        }
        let from = from.ok_or_else(|| DeviceError::Protocol(format!("no buffer {buffer}")))?;
        let mut results = vec![0; words];
        self.driver.transport.read(from.outputs, &mut results)?;
        self.statistics.batches += 1;
        self.statistics.bootstraps += bootstraps as u64;
        let seconds = completion.cycles as f64 / self.identity.clock_hz as f64;
        self.statistics.busy += Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.statistics.bytes_out += (words * WORD_BYTES) as u64;
        Ok(Finished {
            tag,
            outputs: Ok(results),
        })
    }

    /// Takes the next completion, whose tag it returns: keeps a finished batch, frees the place of
    /// a look-up table. An upload that failed is an error.
    fn absorb(&mut self, deadline: Instant) -> Result<u64, DeviceError> {
        let (completion, in_flight) = self.next_completion(deadline)?;
        match in_flight {
            InFlight::Batch {
                buffer,
                bootstraps,
                outputs,
            } => {
                let finished = self.finish(completion, buffer, bootstraps, outputs)?;
                self.finished.push_back(finished);
                return Ok(completion.tag);
            }
            InFlight::Lut { place } => self.free_lut_places.push(place),
            InFlight::KeyPiece => (),
        }
        check(&completion).inspect_err(|_| self.statistics.errors += 1)?;
        Ok(completion.tag)
    }

    /// Uploads an image piece by piece, one made ready while the card takes the other.
    fn upload(
        &mut self,
        image: &KeyImage,
        deadline: Instant,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), DeviceError> {
        let mut under_way = VecDeque::new();
        for (number, piece) in image.pieces(PIECE_BYTES).enumerate() {
            if under_way.len() == STAGED_PIECES {
                self.piece_taken(&mut under_way, deadline, done)?;
            }
            let source = self.plan()?.staged_piece(number);
            let words = image.words(piece);
            self.driver.transport.write(source, &words)?;
            let bytes = (words.len() * WORD_BYTES) as u64;
            let job = Job::UploadKey {
                kind: image.kind,
                source,
                offset: piece.offset,
                length: bytes,
                checksum: Checksum::default().u64_words(&words).value(),
            };
            let tag = self.enqueue(job, InFlight::KeyPiece)?;
            under_way.push_back((tag, bytes));
        }
        while !under_way.is_empty() {
            self.piece_taken(&mut under_way, deadline, done)?;
        }
        Ok(())
    }

    /// Puts a key into card memory past the card, which then adopts it.
    fn put(
        &mut self,
        image: &KeyImage,
        settings: &Settings,
        deadline: Instant,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), DeviceError> {
        let address = match image.kind {
            KeyKind::Bootstrapping => settings.key_address,
            KeyKind::Keyswitch => settings.keyswitch_address,
        };
        for piece in image.pieces(PIECE_BYTES) {
            let words = image.words(piece);
            let transport = &mut self.driver.transport;
            transport.write_card_memory(address + piece.offset, &words)?;
            done((words.len() * WORD_BYTES) as u64);
        }
        let tag = self.enqueue(Job::AdoptKey { kind: image.kind }, InFlight::KeyPiece)?;
        while self.absorb(deadline)? != tag {}
        Ok(())
    }

    /// Waits for the first of the pieces under way.
    fn piece_taken(
        &mut self,
        under_way: &mut VecDeque<(u64, u64)>,
        deadline: Instant,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), DeviceError> {
        if let Some((tag, bytes)) = under_way.pop_front() {
            while self.absorb(deadline)? != tag {}
            self.statistics.bytes_in += bytes;
            done(bytes);
        }
        Ok(())
    }

    /// Waits for uploads; batches in flight are the caller's to wait for.
    fn idle(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        while !self.in_flight.is_empty() && !self.has_batches() {
            self.absorb(deadline)?;
        }
        if self.has_batches() || !self.finished.is_empty() {
            let text = "batches in flight have to be waited for first";
            return Err(DeviceError::Request(text.to_owned()));
        }
        Ok(())
    }

    fn has_batches(&self) -> bool {
        let batch = |in_flight: &InFlight| matches!(in_flight, InFlight::Batch { .. });
        self.in_flight.values().any(batch)
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
        self.free_buffers = (0..plan.buffers.len()).collect();
        self.free_lut_places = (0..plan.staged_luts).collect();
        self.plan = Some(plan);
        Ok(settings)
    }
}

fn check(completion: &Completion) -> Result<(), DeviceError> {
    match completion.status {
        JobStatus::Ok => Ok(()),
        status => Err(DeviceError::Job {
            tag: completion.tag,
            status,
            detail: completion.detail,
        }),
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
        self.keys_loaded = false;
        self.statistics.key_bytes = 0;
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
        let size = layout::lut_words(&self.plan()?.set);
        for (lut, slot) in luts.iter().zip(first.0..) {
            if lut.len() != size {
                return Err(DeviceError::Request(format!(
                    "a look-up table has {} words, the parameters ask for {size}",
                    lut.len()
                )));
            }
            let place = loop {
                match self.free_lut_places.pop() {
                    Some(place) => break place,
                    None => self.absorb(deadline)?,
                };
            };
            let source = self.plan()?.staged_lut(place);
            self.driver.transport.write(source, lut)?;
            let checksum = Checksum::default().u64_words(lut).value();
            let job = Job::UploadLuts {
                source,
                slot,
                count: 1,
                checksum,
            };
            self.enqueue(job, InFlight::Lut { place })?;
            self.statistics.bytes_in += (size * WORD_BYTES) as u64;
        }
        Ok(())
    }

    fn submit(&mut self, batch: Batch) -> Result<BatchTag, DeviceError> {
        let max_batch = self.identity.max_batch;
        let plan = self.plan()?;
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
        let Some(&index) = self.free_buffers.last() else {
            return Err(DeviceError::RingFull(self.in_flight.len()));
        };
        let buffer = *plan
            .buffers
            .get(index)
            .ok_or_else(|| DeviceError::Protocol(format!("no buffer {index}")))?;
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
            buffer: index,
            bootstraps: count,
            outputs,
        };
        let tag = self.enqueue(job, in_flight)?;
        self.free_buffers.pop();
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
        self.driver.reset(deadline)?;
        self.plan = None;
        self.keys_loaded = false;
        self.in_flight.clear();
        self.free_buffers.clear();
        self.free_lut_places.clear();
        self.finished.clear();
        self.statistics.resets += 1;
        self.statistics.key_bytes = 0;
        Ok(())
    }

    fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn counters(&mut self) -> Result<Counters, DeviceError> {
        self.driver.counters()
    }
}

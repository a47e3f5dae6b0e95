//! The card's worker: takes descriptors in order, does the jobs, writes completions.

use super::card::CardOptions;
use super::memory::{AccessError, HostMemory};
use crate::model::{Batch, Engine, EvaluationKey, ModelError};
use crossbeam_channel::{Receiver, Sender};
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor, KeyKind, LutSelection};
use gyrus_interface::layout::{self, Checksum, KeyswitchKeyWords, WORD_BYTES};
use gyrus_interface::ring::{Cursor, RingLayout};
use gyrus_interface::{Completion, Job, JobStatus, KeyswitchModulus, ParameterSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// What the driver's side of the card asks of the worker.
pub(super) enum Command {
    Configure {
        set: Box<ParameterSet>,
        rings: RingLayout,
        reply: Sender<Result<(), JobStatus>>,
    },
    Doorbell {
        tail: u32,
    },
    Reset {
        reply: Sender<()>,
    },
    PowerOff,
}

/// Both rings, as far as the card has worked through them.
struct Rings {
    layout: RingLayout,
    submission: Cursor,
    completion: Cursor,
    consumed: u32,
}

/// An image that comes in pieces.
#[derive(Default)]
struct Upload {
    words: Vec<u64>,
    /// Words that the whole image has.
    total: usize,
}

pub(super) struct Worker {
    engine: Engine,
    memory: Arc<HostMemory>,
    cancel: Arc<AtomicBool>,
    key_bytes: Arc<AtomicU64>,
    interrupt: Sender<()>,
    max_batch: usize,
    lut_slots: usize,
    set: Option<ParameterSet>,
    rings: Option<Rings>,
    bootstrapping: Upload,
    keyswitch: Upload,
    key: Option<EvaluationKey>,
    luts: Vec<Option<Box<[u64]>>>,
}

/// Reads `words` words after checking that they are there, so that no length allocates more than
/// the memory holds.
fn fetch(memory: &HostMemory, address: u64, words: usize) -> Result<Vec<u64>, AccessError> {
    memory.check(address, words)?;
    let mut fetched = vec![0; words];
    memory.read(address, &mut fetched)?;
    Ok(fetched)
}

impl Worker {
    pub(super) fn new(
        engine: Engine,
        memory: Arc<HostMemory>,
        cancel: Arc<AtomicBool>,
        key_bytes: Arc<AtomicU64>,
        interrupt: Sender<()>,
        options: &CardOptions,
    ) -> Self {
        Self {
            engine,
            memory,
            cancel,
            key_bytes,
            interrupt,
            max_batch: options.max_batch as usize,
            lut_slots: options.lut_slots as usize,
            set: None,
            rings: None,
            bootstrapping: Upload::default(),
            keyswitch: Upload::default(),
            key: None,
            luts: Vec::new(),
        }
    }

    /// Works until it is told to stop or nobody can tell it anything any more.
    pub(super) fn run(mut self, inbox: &Receiver<Command>) {
        while let Ok(command) = inbox.recv() {
            match command {
                Command::Configure { set, rings, reply } => {
                    // Nobody waiting for the answer any more is no reason to stop.
                    let _ = reply.send(self.configure(*set, rings));
                }
                Command::Doorbell { tail } => self.consume(tail as usize),
                Command::Reset { reply } => {
                    self.forget();
                    self.rings = None;
                    self.cancel.store(false, Ordering::Relaxed);
                    let _ = reply.send(());
                }
                Command::PowerOff => break,
            }
        }
    }

    /// Drops keys, tables and parameters.
    fn forget(&mut self) {
        self.set = None;
        self.key = None;
        self.key_bytes.store(0, Ordering::Relaxed);
        self.luts = Vec::new();
        self.bootstrapping = Upload::default();
        self.keyswitch = Upload::default();
    }

    fn configure(&mut self, set: ParameterSet, layout: RingLayout) -> Result<(), JobStatus> {
        set.validate()
            .map_err(|_| JobStatus::UnsupportedParameters)?;
        if layout.entries < 2 {
            return Err(JobStatus::LengthOverflow);
        }
        let entries = layout.entries as usize;
        let ring = |address, entry| {
            let words = entries.saturating_mul(entry) / WORD_BYTES;
            self.memory
                .check(address, words)
                .map_err(|(status, _)| status)
        };
        ring(layout.submission, DESCRIPTOR_BYTES)?;
        ring(layout.completion, COMPLETION_BYTES)?;
        self.forget();
        let total = layout::bootstrapping_key_words(&set);
        self.bootstrapping = Upload {
            words: Vec::new(),
            total,
        };
        let total = layout::keyswitch_key_bytes(&set).div_ceil(WORD_BYTES);
        self.keyswitch = Upload {
            words: Vec::new(),
            total,
        };
        self.luts = vec![None; self.lut_slots];
        self.set = Some(set);
        self.rings = Some(Rings {
            layout,
            submission: Cursor::start(entries),
            completion: Cursor::start(entries),
            consumed: 0,
        });
        Ok(())
    }

    /// Does every job whose descriptor lies before `tail`. A tail outside of the ring does nothing.
    fn consume(&mut self, tail: usize) {
        while !self.cancel.load(Ordering::Relaxed) {
            let Some(rings) = &mut self.rings else { return };
            if tail >= rings.layout.entries as usize || rings.submission.index() == tail {
                return;
            }
            let at = rings.layout.submission + (rings.submission.index() * DESCRIPTOR_BYTES) as u64;
            let mut words = [0; DESCRIPTOR_BYTES / WORD_BYTES];
            // `configure` checked the whole ring; a ring that is out of reach all the same has
            // nowhere to report to either.
            if self.memory.read(at, &mut words).is_err() {
                return;
            }
            let bytes = layout::to_bytes(&words);
            let stale = Descriptor::phase_of(&bytes) != rings.submission.phase();
            rings.submission.advance();
            rings.consumed = rings.consumed.wrapping_add(1);
            let start = Instant::now();
            let result = if stale {
                Err((JobStatus::MalformedDescriptor, at))
            } else {
                Descriptor::decode(&bytes)
                    .map_err(|status| (status, at))
                    .and_then(|descriptor| self.execute(descriptor.job))
            };
            self.complete(Descriptor::tag_of(&bytes), start, result);
        }
    }

    fn complete(&mut self, tag: u64, start: Instant, result: Result<(), AccessError>) {
        let Some(rings) = &mut self.rings else { return };
        let (status, detail) = result.err().unwrap_or((JobStatus::Ok, 0));
        let completion = Completion {
            tag,
            cycles: u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
            detail,
            status,
            phase: rings.completion.phase(),
            consumed: rings.consumed,
        };
        let at = rings.layout.completion + (rings.completion.index() * COMPLETION_BYTES) as u64;
        let words: [u64; COMPLETION_BYTES / WORD_BYTES] = layout::to_words(&completion.encode());
        if self.memory.write(at, &words).is_ok() {
            rings.completion.advance();
        }
        // Full means that an interrupt is pending already.
        let _ = self.interrupt.try_send(());
    }

    fn execute(&mut self, job: Job) -> Result<(), AccessError> {
        match job {
            Job::KeyswitchBootstrap {
                source,
                destination,
                count,
                luts,
                samples,
                stride,
            } => self.bootstrap(source, destination, count, luts, samples, stride),
            Job::UploadKey {
                kind,
                source,
                offset,
                length,
                checksum,
            } => self.upload_key(kind, source, offset, length, checksum),
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
            } => {
                let words = whole_words(length)?;
                self.memory.check(destination, words)?;
                let copied = fetch(&self.memory, source, words)?;
                self.memory.write(destination, &copied)
            }
            // Jobs are done one after the other, so all before it have completed.
            Job::Barrier => Ok(()),
        }
    }

    fn bootstrap(
        &self,
        source: u64,
        destination: u64,
        count: u32,
        luts: LutSelection,
        samples: u16,
        stride: u32,
    ) -> Result<(), AccessError> {
        let key = self.key.as_ref().ok_or((JobStatus::KeysNotLoaded, 0))?;
        let size = key.parameters().big_lwe_size();
        let (count, samples) = (count as usize, usize::from(samples));
        let outputs = count.saturating_mul(samples);
        if count == 0 || samples == 0 || count > self.max_batch || outputs > self.max_batch {
            return Err((JobStatus::LengthOverflow, outputs as u64));
        }
        let reach = (samples as u64 - 1).saturating_mul(u64::from(stride));
        if reach >= key.parameters().polynomial_size.0 as u64 {
            return Err((JobStatus::MalformedDescriptor, reach));
        }
        self.memory.check(destination, outputs * size)?;
        let slots = self.slots(luts, count)?;
        let inputs = fetch(&self.memory, source, count * size)?;
        let mut results = vec![0; outputs * size];
        let batch = Batch {
            inputs: &inputs,
            luts: &slots,
            samples,
            stride: stride as usize,
        };
        self.engine
            .keyswitch_bootstrap(key, batch, &mut results, &self.cancel)
            .map_err(|error| match error {
                ModelError::Cancelled => (JobStatus::Aborted, 0),
                _ => (JobStatus::Internal, 0),
            })?;
        self.memory.write(destination, &results)
    }

    /// The look-up table of each of `count` ciphertexts.
    fn slots(&self, luts: LutSelection, count: usize) -> Result<Vec<&[u64]>, AccessError> {
        let table = |slot: u32| {
            let missing = (JobStatus::LutNotLoaded, u64::from(slot));
            self.luts
                .get(slot as usize)
                .and_then(Option::as_deref)
                .ok_or(missing)
        };
        match luts {
            LutSelection::One { slot } => Ok(vec![table(slot)?; count]),
            LutSelection::Each { list } => {
                let words = fetch(&self.memory, list, count.div_ceil(2))?;
                layout::unpack_u32(&words).take(count).map(table).collect()
            }
        }
    }

    fn upload_key(
        &mut self,
        kind: KeyKind,
        source: u64,
        offset: u64,
        length: u64,
        checksum: u32,
    ) -> Result<(), AccessError> {
        let set = self
            .set
            .clone()
            .ok_or((JobStatus::UnsupportedParameters, 0))?;
        let words = whole_words(length)?;
        let upload = match kind {
            KeyKind::Bootstrapping => &mut self.bootstrapping,
            KeyKind::Keyswitch => &mut self.keyswitch,
        };
        if offset == 0 {
            upload.words.clear();
        }
        if offset != (upload.words.len() * WORD_BYTES) as u64 {
            return Err((JobStatus::MalformedDescriptor, offset));
        }
        if words > upload.total - upload.words.len() {
            return Err((JobStatus::LengthOverflow, length));
        }
        let piece = fetch(&self.memory, source, words)?;
        check_sum(&piece, checksum)?;
        upload
            .words
            .reserve_exact(upload.total - upload.words.len());
        upload.words.extend_from_slice(&piece);
        let complete = |upload: &Upload| upload.words.len() == upload.total;
        if complete(&self.bootstrapping) && complete(&self.keyswitch) {
            self.finish_key(&set)?;
        }
        Ok(())
    }

    /// Both images are here: transforms them, then gives their memory back.
    fn finish_key(&mut self, set: &ParameterSet) -> Result<(), AccessError> {
        self.key = None;
        let bootstrapping = std::mem::take(&mut self.bootstrapping.words);
        let keyswitch = std::mem::take(&mut self.keyswitch.words);
        let halves: Vec<u32>;
        let keyswitch = match set.keyswitch_modulus {
            KeyswitchModulus::Native64 => KeyswitchKeyWords::U64(&keyswitch),
            KeyswitchModulus::PowerOfTwo32 { .. } => {
                halves = layout::unpack_u32(&keyswitch)
                    .take(layout::keyswitch_key_words(set))
                    .collect();
                KeyswitchKeyWords::U32(&halves)
            }
        };
        let key = self
            .engine
            .prepare_key(set, &bootstrapping, keyswitch)
            .map_err(|_| (JobStatus::UnsupportedParameters, 0))?;
        let bytes = key.bootstrapping_key_bytes() + key.keyswitch_key_bytes();
        self.key_bytes.store(bytes as u64, Ordering::Relaxed);
        self.key = Some(key);
        Ok(())
    }

    fn upload_luts(
        &mut self,
        source: u64,
        slot: u32,
        count: u32,
        checksum: u32,
    ) -> Result<(), AccessError> {
        let set = self
            .set
            .as_ref()
            .ok_or((JobStatus::UnsupportedParameters, 0))?;
        let (first, count) = (slot as usize, count as usize);
        let end = first.saturating_add(count);
        if count == 0 || end > self.luts.len() {
            return Err((JobStatus::LengthOverflow, end as u64));
        }
        let size = layout::lut_words(set);
        let tables = fetch(&self.memory, source, count * size)?;
        check_sum(&tables, checksum)?;
        for (slot, table) in self.luts[first..end]
            .iter_mut()
            .zip(tables.chunks_exact(size))
        {
            *slot = Some(table.into());
        }
        Ok(())
    }
}

/// A byte length as a number of words.
fn whole_words(length: u64) -> Result<usize, AccessError> {
    if !length.is_multiple_of(WORD_BYTES as u64) {
        return Err((JobStatus::MisalignedAddress, length));
    }
    usize::try_from(length / WORD_BYTES as u64).map_err(|_| (JobStatus::LengthOverflow, length))
}

fn check_sum(words: &[u64], expected: u32) -> Result<(), AccessError> {
    let found = Checksum::default().u64_words(words).value();
    if found == expected {
        Ok(())
    } else {
        Err((JobStatus::ChecksumMismatch, u64::from(found)))
    }
}

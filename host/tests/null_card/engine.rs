//! The card's side: settings, rings, jobs.

use super::faults::{Faults, Injected};
use super::{Shared, answer};
use gyrus::interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor, LutSelection};
use gyrus::interface::layout::{self, Checksum, WORD_BYTES};
use gyrus::interface::registers::{Control, Fault, Interrupt, Register, Status};
use gyrus::interface::ring::Cursor;
use gyrus::interface::settings::Settings;
use gyrus::interface::{Completion, Job, JobStatus};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A bootstrap whose completion is held back.
struct Held {
    tag: u64,
    status: JobStatus,
}

/// What works behind the registers.
pub(super) struct Engine {
    shared: Arc<Shared>,
    /// Computes answers; without that it only completes jobs.
    computes: bool,
    settings: Option<Settings>,
    submission: Cursor,
    completion: Cursor,
    consumed: u32,
    tables: Vec<Option<Vec<u64>>>,
    keys: [bool; 2],
    held: Vec<Held>,
    faults: Option<Faults>,
}

impl Engine {
    pub(super) fn new(
        shared: Arc<Shared>,
        slots: u32,
        computes: bool,
        faults: Option<Faults>,
    ) -> Self {
        Self {
            shared,
            computes,
            settings: None,
            submission: Cursor::start(1),
            completion: Cursor::start(1),
            consumed: 0,
            tables: vec![None; slots as usize],
            keys: [false; 2],
            held: Vec::new(),
            faults,
        }
    }

    fn forget(&mut self) {
        self.settings = None;
        self.tables.fill(None);
        self.keys = [false; 2];
        self.held.clear();
    }

    /// Does one thing, if there is one to do.
    pub(super) fn step(&mut self) -> bool {
        match self.shared.registers[Register::Control.index()].swap(0, Ordering::AcqRel) {
            0 => self.job(),
            Control::RESET => {
                self.forget();
                self.shared.set(Register::Error, 0);
                self.shared.set(Register::InterruptCause, 0);
                self.shared.set(Register::InterruptEnable, 0);
                self.shared.set(Register::Status, 0);
                true
            }
            _ => {
                self.forget();
                let settings = Settings::from_registers(|register| self.shared.get(register));
                let entries = settings.ring_entries as usize;
                self.submission = Cursor::start(entries);
                self.completion = Cursor::start(entries);
                self.consumed = 0;
                self.shared.set(Register::SubmissionTail, 0);
                self.shared.set(Register::CompletionHead, 0);
                self.settings = Some(settings);
                self.shared.set(Register::Status, Status::CONFIGURED);
                true
            }
        }
    }

    fn job(&mut self) -> bool {
        let rang = self.shared.rang.swap(false, Ordering::AcqRel);
        if self.shared.get(Register::Status) & Status::HALTED != 0 {
            return false;
        }
        let Some(settings) = self.settings else {
            if rang {
                self.shared.fault(Fault::BadDoorbell);
            }
            return rang;
        };
        if self.submission.index() == self.shared.get(Register::SubmissionTail) as usize {
            let held = !self.held.is_empty();
            self.release();
            return held;
        }
        let injected = self.faults.as_mut().and_then(Faults::next);
        match injected {
            Some(Injected::Halt) => {
                self.shared.fault(Fault::BusDeadline);
                return true;
            }
            Some(Injected::ResetBehindTheBack) => {
                self.forget();
                self.shared.set(Register::Status, 0);
                self.shared.set(Register::InterruptEnable, 0);
                return true;
            }
            _ => (),
        }
        let index = self.submission.index();
        let at = settings.submission_ring + (index * DESCRIPTOR_BYTES) as u64;
        let words = self.shared.load(at, DESCRIPTOR_BYTES / WORD_BYTES);
        let bytes: [u8; DESCRIPTOR_BYTES] = layout::to_bytes(&words);
        let descriptor = Descriptor::decode(&bytes).unwrap();
        assert_eq!(descriptor.phase, self.submission.phase());
        self.submission.advance();
        self.consumed = self.consumed.wrapping_add(1);
        let mut status = self.execute(descriptor.job, &settings);
        let tag = descriptor.tag;
        let is_bootstrap = matches!(descriptor.job, Job::KeyswitchBootstrap { .. });
        match injected {
            Some(Injected::BusError) => status = JobStatus::BusError,
            Some(Injected::OutOfOrder) if is_bootstrap => {
                self.held.push(Held { tag, status });
                return true;
            }
            _ => (),
        }
        self.complete(tag, status as u16, injected);
        match injected {
            Some(Injected::Duplicate) => self.complete(tag, status as u16, None),
            Some(Injected::SpuriousInterrupt) => self.shared.interrupt(),
            _ => (),
        }
        self.release();
        true
    }

    /// Completes what was held back.
    fn release(&mut self) {
        for held in std::mem::take(&mut self.held) {
            self.complete(held.tag, held.status as u16, None);
        }
    }

    fn execute(&mut self, job: Job, settings: &Settings) -> JobStatus {
        match job {
            Job::KeyswitchBootstrap {
                source,
                destination,
                count,
                luts,
                samples,
                ..
            } if self.computes => {
                if self.keys != [true; 2] {
                    return JobStatus::KeysNotLoaded;
                }
                let size = usize::try_from(settings.big_lwe_size()).unwrap();
                let LutSelection::Each { list } = luts else {
                    return JobStatus::MalformedDescriptor;
                };
                let slots = self.shared.load(list, count.div_ceil(2) as usize);
                let slots: Vec<u32> = layout::unpack_u32(&slots).take(count as usize).collect();
                let inputs = self.shared.load(source, count as usize * size);
                let mut to = destination;
                for (input, slot) in inputs.chunks_exact(size).zip(slots) {
                    let Some(table) = &self.tables[slot as usize] else {
                        return JobStatus::LutNotLoaded;
                    };
                    for sample in 0..samples {
                        let output = answer(input, table, u32::from(sample));
                        self.shared.store(to, &output);
                        to += (size * WORD_BYTES) as u64;
                    }
                }
                JobStatus::Ok
            }
            Job::UploadLuts {
                source,
                slot,
                checksum,
                ..
            } => {
                let table = self.shared.load(source, 1 << settings.log2_n);
                if Checksum::default().u64_words(&table).value() != checksum {
                    return JobStatus::ChecksumMismatch;
                }
                self.tables[slot as usize] = Some(table);
                JobStatus::Ok
            }
            // The pieces come in order, so the last one that came counts.
            Job::UploadKey { kind, .. } | Job::AdoptKey { kind } => {
                self.keys[kind as usize] = true;
                JobStatus::Ok
            }
            _ => JobStatus::Ok,
        }
    }

    fn complete(&mut self, tag: u64, code: u16, injected: Option<Injected>) {
        let Some(settings) = self.settings else {
            return;
        };
        let mut next = self.completion;
        next.advance();
        while self.shared.get(Register::CompletionHead) as usize == next.index() {
            let asked = self.shared.get(Register::Control) == Control::RESET;
            if asked || self.shared.off.load(Ordering::Relaxed) {
                return;
            }
            std::thread::yield_now();
        }
        let completion = Completion {
            tag,
            cycles: 1,
            detail: 0,
            status: JobStatus::Ok,
            phase: self.completion.phase(),
            consumed: self.consumed,
        };
        let mut bytes = completion.encode();
        bytes[24..26].copy_from_slice(&code.to_le_bytes());
        match injected {
            Some(Injected::UndefinedStatus) => bytes[24..26].fill(0x77),
            Some(Injected::WrongTag) => bytes[5] ^= 0x80,
            _ => (),
        }
        let words: [u64; COMPLETION_BYTES / WORD_BYTES] = layout::to_words(&bytes);
        let at = settings.completion_ring + (self.completion.index() * COMPLETION_BYTES) as u64;
        let entry = self.shared.words(at, words.len()).unwrap();
        for (word, value) in entry.iter().zip(words) {
            // The last one is that with the phase: whoever sees it sees all before it.
            word.store(value, Ordering::Release);
        }
        self.completion = next;
        if !matches!(injected, Some(Injected::LostInterrupt)) {
            self.shared.raise(Interrupt::COMPLETION);
        }
    }

    /// Works until the card is switched off.
    pub(super) fn run(mut self) {
        let mut idle = 0_u32;
        while !self.shared.off.load(Ordering::Relaxed) {
            if self.step() {
                idle = 0;
                continue;
            }
            idle = idle.saturating_add(1);
            match idle {
                0..2_000 => std::hint::spin_loop(),
                2_000..10_000 => std::thread::yield_now(),
                _ => std::thread::sleep(Duration::from_micros(20)),
            }
        }
    }
}

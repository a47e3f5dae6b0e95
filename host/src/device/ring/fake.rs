//! A transport with nothing behind it: tests say what the card does, and when.

use crate::device::Transport;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::registers::{Access, Control, Interrupt, Register, Status};
use gyrus_interface::ring::Cursor;
use gyrus_interface::{Completion, DeviceError, Job, JobStatus};
use gyrus_sim::device::CardOptions;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// First byte of its memory.
pub(super) const BASE: u64 = 1 << 32;
const MEMORY_BYTES: usize = 4 << 20;

/// How a job ends; the number is [`State::spoils`].
pub(super) type Verdict = Box<dyn FnMut(Job, &mut usize) -> JobStatus + Send>;

/// Something that the card does.
pub(super) type Step = Box<dyn FnOnce(&mut State) + Send>;

/// The card.
pub(super) struct State {
    registers: HashMap<Register, u32>,
    pub(super) memory: Vec<u64>,
    /// How often the driver has read a register.
    pub(super) reads: usize,
    /// What the driver has written to registers.
    pub(super) log: Vec<(Register, u32)>,
    /// Tags of the jobs that were submitted.
    pub(super) submitted: Vec<u64>,
    submission: Cursor,
    completion: Cursor,
    /// What it does, one step a wait of the driver's.
    pub(super) steps: VecDeque<Step>,
    /// What it does just after the driver has read this register.
    pub(super) after_reading: Option<(Register, Step)>,
    /// What it does while the driver reads a completion.
    pub(super) between_reads: Option<Step>,
    /// Ends jobs as soon as they are submitted, so many at a time, the last one first.
    pub(super) prompt: Option<usize>,
    /// How many more jobs it ends so; any number if there is none.
    pub(super) patience: Option<usize>,
    /// How they end.
    pub(super) on_job: Option<Verdict>,
    /// Pieces of keys still to arrive spoilt.
    pub(super) spoils: usize,
    jobs: HashMap<u64, Job>,
    /// Jobs with these tags fail then.
    pub(super) failing: Vec<u64>,
    /// Writes that fail.
    pub(super) unwritable: Range<u64>,
    /// Reads that fail.
    pub(super) unreadable: Range<u64>,
    /// A register whose writes fail.
    pub(super) broken: Option<Register>,
    /// A reset does not end.
    pub(super) resets_for_ever: bool,
    /// It does not take settings, and does not say so.
    pub(super) ignores_settings: bool,
    /// Past the card, and how long that takes a piece.
    pub(super) past_the_card: Option<Duration>,
}

impl State {
    pub(super) fn get(&self, register: Register) -> u32 {
        self.registers.get(&register).copied().unwrap_or(0)
    }

    pub(super) fn set(&mut self, register: Register, value: u32) {
        self.registers.insert(register, value);
    }

    /// Sets or clears bits of the status.
    pub(super) fn status(&mut self, bits: u32, set: bool) {
        let status = self.get(Register::Status);
        let status = if set { status | bits } else { status & !bits };
        self.set(Register::Status, status);
    }

    /// Keeps an error, as a card does.
    pub(super) fn error(&mut self, code: u32) {
        self.set(Register::Error, code);
        self.raise(Interrupt::ERROR);
    }

    fn raise(&mut self, cause: u32) {
        let causes = self.get(Register::InterruptCause);
        self.set(Register::InterruptCause, causes | cause);
    }

    fn wide(&self, low: Register, high: Register) -> u64 {
        u64::from(self.get(high)) << 32 | u64::from(self.get(low))
    }

    /// Writes words past all checks.
    pub(super) fn store(&mut self, address: u64, words: &[u64]) {
        let at = usize::try_from(address - BASE).unwrap() / WORD_BYTES;
        self.memory[at..at + words.len()].copy_from_slice(words);
    }

    /// Reads words past all checks.
    pub(super) fn load(&self, address: u64, count: usize) -> Vec<u64> {
        let at = usize::try_from(address - BASE).unwrap() / WORD_BYTES;
        self.memory[at..at + count].to_vec()
    }

    /// Where the next completion goes.
    pub(super) fn next_completion(&self) -> u64 {
        let low = Register::CompletionRingLow;
        let ring = self.wide(low, Register::CompletionRingHigh);
        ring + (self.completion.index() * COMPLETION_BYTES) as u64
    }

    /// Writes a completion with any status.
    pub(super) fn complete_with(&mut self, tag: u64, code: u16) {
        let completion = Completion {
            tag,
            // 30 ms, were they added up.
            cycles: u64::from(self.get(Register::Clock)) * 30,
            detail: 0,
            status: JobStatus::Ok,
            phase: self.completion.phase(),
            consumed: 0,
        };
        let mut bytes = completion.encode();
        bytes[24..26].copy_from_slice(&code.to_le_bytes());
        let words: [u64; COMPLETION_BYTES / WORD_BYTES] = layout::to_words(&bytes);
        let at = self.next_completion();
        self.store(at, &words);
        self.completion.advance();
        self.raise(Interrupt::COMPLETION);
    }

    pub(super) fn complete(&mut self, tag: u64) {
        self.complete_with(tag, 0);
    }

    /// How often the driver has written this register.
    pub(super) fn writes(&self, register: Register) -> usize {
        self.log.iter().filter(|(at, _)| *at == register).count()
    }

    /// Reads the descriptors before `tail`.
    fn submit(&mut self, tail: u32) {
        let low = Register::SubmissionRingLow;
        let ring = self.wide(low, Register::SubmissionRingHigh);
        while self.submission.index() != tail as usize {
            let at = ring - BASE + (self.submission.index() * DESCRIPTOR_BYTES) as u64;
            let at = usize::try_from(at).unwrap() / WORD_BYTES;
            let words = &self.memory[at..at + DESCRIPTOR_BYTES / WORD_BYTES];
            let bytes: [u8; DESCRIPTOR_BYTES] = layout::to_bytes(words);
            let descriptor = Descriptor::decode(&bytes).unwrap();
            assert_eq!(descriptor.phase, self.submission.phase());
            self.submission.advance();
            self.submitted.push(descriptor.tag);
            self.jobs.insert(descriptor.tag, descriptor.job);
        }
    }

    /// Ends the last `count` jobs, the last one first.
    fn end(&mut self, count: usize) {
        let last = self.submitted.len() - count;
        for tag in self.submitted.split_off(last).into_iter().rev() {
            self.end_job(tag);
        }
    }

    /// Ends all jobs in their order.
    pub(super) fn end_all(&mut self) {
        for tag in std::mem::take(&mut self.submitted) {
            self.end_job(tag);
        }
    }

    fn end_job(&mut self, tag: u64) {
        let status = match (&mut self.on_job, self.jobs.remove(&tag)) {
            _ if self.failing.contains(&tag) => JobStatus::BusError,
            (Some(verdict), Some(job)) => verdict(job, &mut self.spoils),
            _ => JobStatus::Ok,
        };
        self.complete_with(tag, status as u16);
    }

    fn write(&mut self, register: Register, value: u32) {
        self.log.push((register, value));
        let resetting = self.get(Register::Status) & Status::RESETTING != 0;
        match register {
            Register::InterruptCause => {
                let causes = self.get(register);
                self.set(register, causes & !value);
            }
            Register::SubmissionTail => self.submit(value),
            Register::Control if value == Control::RESET => {
                let status = if self.resets_for_ever {
                    Status::RESETTING
                } else {
                    0
                };
                self.set(Register::Status, status);
                self.submitted.clear();
            }
            Register::Control if !resetting => {
                let entries = self.get(Register::RingEntries) as usize;
                (self.submission, self.completion) =
                    (Cursor::start(entries), Cursor::start(entries));
                self.status(Status::CONFIGURED, !self.ignores_settings);
            }
            // A reset forgets what is written meanwhile.
            _ if register.access() == Access::Setting && resetting => (),
            _ => self.set(register, value),
        }
    }
}

/// The way to it; clones lead to the same card.
#[derive(Clone)]
pub(super) struct Fake(Arc<Mutex<State>>);

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    pub(super) fn new() -> Self {
        let mut capabilities = CardOptions::default().capabilities;
        capabilities.max_batch = 8;
        Self(Arc::new(Mutex::new(State {
            registers: capabilities.registers().into_iter().collect(),
            memory: vec![0; MEMORY_BYTES / WORD_BYTES],
            reads: 0,
            log: Vec::new(),
            submitted: Vec::new(),
            submission: Cursor::start(1),
            completion: Cursor::start(1),
            steps: VecDeque::new(),
            after_reading: None,
            between_reads: None,
            prompt: None,
            patience: None,
            on_job: None,
            spoils: 0,
            jobs: HashMap::new(),
            failing: Vec::new(),
            unwritable: 0..0,
            unreadable: 0..0,
            broken: None,
            resets_for_ever: false,
            ignores_settings: false,
            past_the_card: None,
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What the card does at the next wait of the driver's for which nothing is planned.
    pub(super) fn then(&self, step: impl FnOnce(&mut State) + Send + 'static) {
        self.state().steps.push_back(Box::new(step));
    }
}

fn refused(address: u64) -> DeviceError {
    DeviceError::Request(format!("no memory at {address:#x}"))
}

impl Transport for Fake {
    fn name(&self) -> &str {
        "fake"
    }

    fn simulated(&self) -> bool {
        true
    }

    fn read_register(&mut self, register: Register) -> Result<u32, DeviceError> {
        let mut state = self.state();
        state.reads += 1;
        let value = state.get(register);
        if let Some((_, step)) = state.after_reading.take_if(|(at, _)| *at == register) {
            step(&mut state);
        }
        Ok(value)
    }

    fn write_register(&mut self, register: Register, value: u32) -> Result<(), DeviceError> {
        let mut state = self.state();
        if state.broken == Some(register) {
            return Err(DeviceError::Removed("unplugged".to_owned()));
        }
        state.write(register, value);
        match state.prompt {
            Some(count) if state.submitted.len() >= count && state.patience != Some(0) => {
                state.patience = state.patience.map(|left| left - 1);
                state.end(count);
            }
            _ => (),
        }
        Ok(())
    }

    fn shared_memory(&self) -> (u64, usize) {
        (BASE, MEMORY_BYTES)
    }

    /// Word by word, the last one of a completion after what the card does meanwhile.
    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError> {
        let mut state = self.state();
        if state.unreadable.contains(&address) {
            return Err(refused(address));
        }
        let at = usize::try_from(address - BASE).unwrap() / WORD_BYTES;
        for (number, word) in into.iter_mut().enumerate() {
            if number == COMPLETION_BYTES / WORD_BYTES - 1
                && let Some(step) = state.between_reads.take()
            {
                step(&mut state);
            }
            *word = state.memory[at + number];
        }
        Ok(())
    }

    /// What the card does meanwhile comes just before it.
    fn load_acquire(&self, address: u64) -> Result<u64, DeviceError> {
        let mut state = self.state();
        if let Some(step) = state.between_reads.take() {
            step(&mut state);
        }
        drop(state);
        let mut word = [0];
        self.read(address, &mut word)?;
        Ok(word[0])
    }

    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError> {
        let mut state = self.state();
        if state.unwritable.contains(&address) {
            return Err(refused(address));
        }
        state.store(address, from);
        Ok(())
    }

    fn reaches_card_memory(&self) -> bool {
        self.state().past_the_card.is_some()
    }

    fn write_card_memory(&mut self, _: u64, _: &[u64]) -> Result<(), DeviceError> {
        let takes = self.state().past_the_card.unwrap();
        std::thread::sleep(takes);
        Ok(())
    }

    fn wait_interrupt(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        let step = self.state().steps.pop_front();
        match step {
            Some(step) => step(&mut self.state()),
            None => {
                let left = deadline.saturating_duration_since(Instant::now());
                std::thread::sleep(left.min(Duration::from_millis(1)));
            }
        }
        Ok(())
    }
}

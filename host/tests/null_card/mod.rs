//! A card that does the rings for real and computes next to nothing: what the driver costs and what it gets
//! wrong shows, and nothing else does.
//!
//! A bootstrap's output is its input, turned bit by bit and masked with its look-up table ([`answer`]): who
//! gives an answer to the wrong request, mixes up tables or reads results too early is found out.

// Not every test or bench uses all of it.
#![allow(dead_code, unused_imports)]

mod engine;
mod faults;

pub(crate) use faults::{Counts, Faults, Injected, RATES};

use engine::Engine;
use gyrus::device::Transport;
use gyrus::interface::DeviceError;
use gyrus::interface::layout::WORD_BYTES;
use gyrus::interface::registers::{Control, Fault, Interrupt, REGISTERS, Register, Status};
use gyrus_sim::device::CardOptions;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

/// First byte of the memory that it shares with the driver.
const BASE: u64 = 1 << 32;
const MEMORY_BYTES: usize = 64 << 20;

/// One output of a bootstrap.
pub(crate) fn answer(input: &[u64], table: &[u64], sample: u32) -> Vec<u64> {
    let masks = table.iter().cycle();
    let turned = input.iter().map(|word| word.rotate_left(sample + 1));
    turned.zip(masks).map(|(word, mask)| word ^ mask).collect()
}

/// Registers, memory and the interrupt line.
pub(crate) struct Shared {
    registers: [AtomicU32; REGISTERS],
    memory: Box<[AtomicU64]>,
    /// A doorbell of the submission ring that the card has not looked at.
    rang: AtomicBool,
    /// Set while an interrupt is on its way to a driver that waits.
    line: Mutex<bool>,
    raised: Condvar,
    off: AtomicBool,
}

impl Shared {
    fn get(&self, register: Register) -> u32 {
        self.registers[register.index()].load(Ordering::Acquire)
    }

    fn set(&self, register: Register, value: u32) {
        self.registers[register.index()].store(value, Ordering::Release);
    }

    fn status(&self, bits: u32, set: bool) {
        let status = &self.registers[Register::Status.index()];
        if set {
            status.fetch_or(bits, Ordering::AcqRel);
        } else {
            status.fetch_and(!bits, Ordering::AcqRel);
        }
    }

    /// Raises an interrupt cause, and the interrupt.
    fn raise(&self, cause: u32) {
        let causes = &self.registers[Register::InterruptCause.index()];
        if causes.fetch_or(cause, Ordering::AcqRel) == 0 {
            self.interrupt();
        }
    }

    fn interrupt(&self) {
        *self.line.lock().unwrap() = true;
        self.raised.notify_all();
    }

    /// Keeps a fault of the card.
    fn fault(&self, fault: Fault) {
        self.set(Register::Error, fault as u32);
        if fault.halts() {
            self.status(Status::HALTED, true);
        }
        self.raise(Interrupt::ERROR);
    }

    fn words(&self, address: u64, count: usize) -> Option<&[AtomicU64]> {
        let at = usize::try_from(address.checked_sub(BASE)?).ok()? / WORD_BYTES;
        self.memory.get(at..at.checked_add(count)?)
    }

    fn load(&self, address: u64, count: usize) -> Vec<u64> {
        let words = self.words(address, count).unwrap();
        words
            .iter()
            .map(|word| word.load(Ordering::Relaxed))
            .collect()
    }

    fn store(&self, address: u64, from: &[u64]) {
        for (word, value) in self.words(address, from.len()).unwrap().iter().zip(from) {
            word.store(*value, Ordering::Relaxed);
        }
    }
}

/// The card, as the driver reaches it.
pub(crate) struct NullCard {
    shared: Arc<Shared>,
    /// A card without a thread works while its driver rings.
    inline: Option<Engine>,
    thread: Option<JoinHandle<()>>,
}

impl NullCard {
    fn build(max_batch: u32, computes: bool, faults: Option<Faults>) -> (Arc<Shared>, Engine) {
        let mut capabilities = CardOptions::default().capabilities;
        capabilities.slots = max_batch.min(12);
        capabilities.max_batch = max_batch;
        let shared = Arc::new(Shared {
            registers: std::array::from_fn(|_| AtomicU32::new(0)),
            memory: (0..MEMORY_BYTES / WORD_BYTES)
                .map(|_| AtomicU64::new(0))
                .collect(),
            rang: AtomicBool::new(false),
            line: Mutex::new(false),
            raised: Condvar::new(),
            off: AtomicBool::new(false),
        });
        for (register, value) in capabilities.registers() {
            shared.set(register, value);
        }
        let slots = capabilities.lut_slots;
        let engine = Engine::new(Arc::clone(&shared), slots, computes, faults);
        (shared, engine)
    }

    /// A card that does all of a job while the driver rings for it, and nothing but complete it.
    pub(crate) fn inline() -> Self {
        let (shared, engine) = Self::build(64, false, None);
        Self {
            shared,
            inline: Some(engine),
            thread: None,
        }
    }

    /// A card with a thread of its own.
    pub(crate) fn threaded(computes: bool) -> Self {
        Self::with_thread(Self::build(64, computes, None))
    }

    /// One that computes, in small jobs, and has faults.
    pub(crate) fn faulty(faults: Faults) -> Self {
        Self::with_thread(Self::build(4, true, Some(faults)))
    }

    fn with_thread((shared, engine): (Arc<Shared>, Engine)) -> Self {
        let thread = std::thread::spawn(move || engine.run());
        Self {
            shared,
            inline: None,
            thread: Some(thread),
        }
    }

    fn work(&mut self) {
        if let Some(engine) = &mut self.inline {
            while engine.step() {}
        }
    }
}

impl Drop for NullCard {
    fn drop(&mut self) {
        self.shared.off.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A card that panicked has made its driver fail already.
            let _ = thread.join();
        }
    }
}

fn nowhere(address: u64) -> DeviceError {
    DeviceError::Request(format!("no memory at {address:#x}"))
}

impl Transport for NullCard {
    fn name(&self) -> &str {
        "null card"
    }

    fn simulated(&self) -> bool {
        true
    }

    fn read_register(&mut self, register: Register) -> Result<u32, DeviceError> {
        if self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
            return Err(DeviceError::Removed("its thread has ended".to_owned()));
        }
        Ok(self.shared.get(register))
    }

    fn write_register(&mut self, register: Register, value: u32) -> Result<(), DeviceError> {
        match register {
            Register::InterruptCause => {
                let causes = &self.shared.registers[register.index()];
                causes.fetch_and(!value, Ordering::AcqRel);
            }
            Register::Control => {
                let status = if value == Control::RESET {
                    Status::RESETTING
                } else {
                    Status::CONFIGURING
                };
                self.shared.status(status, true);
                self.shared.set(register, value);
                self.work();
            }
            Register::SubmissionTail => {
                self.shared.set(register, value);
                self.shared.rang.store(true, Ordering::Release);
                self.work();
            }
            _ => self.shared.set(register, value),
        }
        Ok(())
    }

    fn shared_memory(&self) -> (u64, usize) {
        (BASE, MEMORY_BYTES)
    }

    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError> {
        let words = self.shared.words(address, into.len());
        let words = words.ok_or_else(|| nowhere(address))?;
        for (to, word) in into.iter_mut().zip(words) {
            *to = word.load(Ordering::Relaxed);
        }
        Ok(())
    }

    fn load_acquire(&self, address: u64) -> Result<u64, DeviceError> {
        let word = self.shared.words(address, 1).and_then(<[_]>::first);
        let word = word.ok_or_else(|| nowhere(address))?;
        Ok(word.load(Ordering::Acquire))
    }

    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError> {
        let words = self.shared.words(address, from.len());
        let words = words.ok_or_else(|| nowhere(address))?;
        for (word, value) in words.iter().zip(from) {
            word.store(*value, Ordering::Relaxed);
        }
        Ok(())
    }

    fn wait_interrupt(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        let enabled = self.shared.get(Register::InterruptEnable);
        let mut line = self.shared.line.lock().unwrap();
        while !*line && self.shared.get(Register::InterruptCause) & enabled == 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (line, _) = self.shared.raised.wait_timeout(line, left).unwrap();
        }
        *line = false;
        Ok(())
    }
}

//! The ring engine and a card on threads of their own, in many interleavings of their accesses to the memory and
//! the registers that they share. Shuttle picks who goes on at each access, at random.
//!
//! Shuttle's memory is sequentially consistent: what these tests find is wrong orders of accesses in the program, on
//! either side, and no missing barrier: those are for [`super::exhaustive`]. Of long runs of words only the first and
//! the last access can be interrupted: in between there is nothing that the other side waits for. An interrupt is a
//! message, sent when the first enabled cause comes to stand; who waits for one that does not come waits for ever,
//! which Shuttle finds.

use super::{InFlight, RingDevice};
use crate::device::{Batch, BatchTag, Device, LutSlot, Transport};
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::registers::{Control, Interrupt, REGISTERS, Register, Status};
use gyrus_interface::ring::Cursor;
use gyrus_interface::settings::Settings;
use gyrus_interface::{Completion, DeviceError, Job, JobStatus, catalogue};
use gyrus_sim::device::CardOptions;
use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use shuttle::sync::{Arc, Condvar, Mutex};
use std::sync::atomic::AtomicU64 as Plain;
use std::time::{Duration, Instant};

const BASE: u64 = 1 << 32;
const MEMORY_BYTES: usize = 2 << 20;
/// A ring that wraps soon.
const ENTRIES: u32 = 4;
const JOBS: u64 = 7;

/// What is wrong with a card, or with its driver.
#[derive(Clone, Copy, PartialEq)]
enum Bug {
    None,
    /// The card completes a job before it writes the results.
    CompletesFirst,
    /// The card writes the phase of a completion before the rest.
    PhaseFirst,
    /// The driver gives a buffer to the next batch while the card has it.
    FreesEarly,
    /// The driver clears the interrupt's cause behind its last look at the ring.
    ClearsLate,
}

struct Shared {
    registers: Vec<AtomicU32>,
    memory: Vec<Plain>,
    /// What the scheduler sees of the memory: every access to an end of a run of words is one to this.
    fence: AtomicU64,
    /// A message has been sent and not been taken.
    message: Mutex<bool>,
    sent: Condvar,
    off: AtomicBool,
}

impl Shared {
    /// A completion was written: a cause stands.
    fn raise(&self) {
        let causes = &self.registers[Register::InterruptCause.index()];
        let before = causes.fetch_or(Interrupt::COMPLETION, Ordering::SeqCst);
        let enabled = self.get(Register::InterruptEnable);
        if before & enabled == 0 && Interrupt::COMPLETION & enabled != 0 {
            *self.message.lock().unwrap() = true;
            self.sent.notify_one();
        }
    }

    /// Waits for a message and takes it.
    fn await_message(&self) {
        let mut message = self.message.lock().unwrap();
        while !*message {
            message = self.sent.wait(message).unwrap();
        }
        *message = false;
    }

    fn get(&self, register: Register) -> u32 {
        self.registers[register.index()].load(Ordering::SeqCst)
    }

    fn set(&self, register: Register, value: u32) {
        self.registers[register.index()].store(value, Ordering::SeqCst);
    }

    /// Lets the other side go on between the ends of a run of words.
    fn each(&self, address: u64, count: usize, mut access: impl FnMut(usize, &Plain)) {
        let at = usize::try_from(address - BASE).unwrap() / WORD_BYTES;
        for (number, word) in self.memory[at..at + count].iter().enumerate() {
            if number == 0 || number + 1 == count || count <= 8 {
                self.fence.load(Ordering::SeqCst);
            }
            access(number, word);
        }
    }

    fn load(&self, address: u64, into: &mut [u64]) {
        self.each(address, into.len(), |number, word| {
            into[number] = word.load(Ordering::SeqCst);
        });
    }

    fn store(&self, address: u64, from: &[u64]) {
        self.each(address, from.len(), |number, word| {
            word.store(from[number], Ordering::SeqCst);
        });
    }
}

/// The card's thread: the least that does all of it.
fn card(shared: &Shared, bug: Bug) {
    let (mut submission, mut completion) = (Cursor::start(1), Cursor::start(1));
    let mut settings = Settings::default();
    let mut last: Option<(u64, Vec<u64>)> = None;
    while !shared.off.load(Ordering::SeqCst) {
        let control = shared.registers[Register::Control.index()].swap(0, Ordering::SeqCst);
        if control == Control::RESET {
            settings = Settings::default();
            shared.set(Register::InterruptCause, 0);
            shared.set(Register::Status, 0);
        } else if control != 0 {
            settings = Settings::from_registers(|register| shared.get(register));
            submission = Cursor::start(settings.ring_entries as usize);
            completion = submission;
            shared.set(Register::SubmissionTail, 0);
            shared.set(Register::CompletionHead, 0);
            shared.set(Register::Status, Status::CONFIGURED);
        }
        let tail = shared.get(Register::SubmissionTail) as usize;
        let mut next = completion;
        next.advance();
        let full = shared.get(Register::CompletionHead) as usize == next.index();
        if settings.ring_entries == 0 || submission.index() == tail || full {
            shuttle::thread::yield_now();
            continue;
        }
        let mut words = [0; DESCRIPTOR_BYTES / WORD_BYTES];
        let at = settings.submission_ring + (submission.index() * DESCRIPTOR_BYTES) as u64;
        shared.load(at, &mut words);
        let descriptor = Descriptor::decode(&layout::to_bytes(&words)).unwrap();
        assert_eq!(descriptor.phase, submission.phase());
        submission.advance();
        let Job::KeyswitchBootstrap {
            source,
            destination,
            ..
        } = descriptor.job
        else {
            panic!("no other job was submitted");
        };
        let mut input = vec![0; catalogue::toy().big_lwe_size()];
        shared.load(source, &mut input);
        let output: Vec<u64> = input.iter().map(|word| !word).collect();
        if bug == Bug::CompletesFirst {
            last = Some((destination, output));
        } else {
            shared.store(destination, &output);
        }
        let bytes = Completion {
            tag: descriptor.tag,
            cycles: 1,
            detail: 0,
            status: JobStatus::Ok,
            phase: completion.phase(),
            consumed: 0,
        }
        .encode();
        let words: [u64; COMPLETION_BYTES / WORD_BYTES] = layout::to_words(&bytes);
        let at = settings.completion_ring + (completion.index() * COMPLETION_BYTES) as u64;
        if bug == Bug::PhaseFirst {
            shared.store(at + 24, &words[3..]);
        }
        shared.store(at, &words);
        completion = next;
        shared.raise();
        if let Some((destination, output)) = last.take() {
            shared.store(destination, &output);
        }
    }
}

struct Way {
    shared: Arc<Shared>,
    bug: Bug,
    /// Causes that are to be cleared, too late.
    late: u32,
}

/// Shorter waits are for something else than an interrupt.
const FOR_INTERRUPTS: Duration = Duration::from_millis(5);

impl Transport for Way {
    fn name(&self) -> &str {
        "interleaved"
    }
    fn simulated(&self) -> bool {
        true
    }
    fn read_register(&mut self, register: Register) -> Result<u32, DeviceError> {
        Ok(self.shared.get(register))
    }
    fn write_register(&mut self, register: Register, value: u32) -> Result<(), DeviceError> {
        match register {
            Register::InterruptCause if self.bug == Bug::ClearsLate => self.late |= value,
            Register::InterruptCause => self.clear(value),
            Register::Control => {
                let status = if value == Control::RESET {
                    Status::RESETTING
                } else {
                    Status::CONFIGURING
                };
                self.shared.set(Register::Status, status);
                self.shared.set(register, value);
            }
            _ => self.shared.set(register, value),
        }
        Ok(())
    }
    fn shared_memory(&self) -> (u64, usize) {
        (BASE, MEMORY_BYTES)
    }
    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError> {
        self.shared.load(address, into);
        Ok(())
    }
    fn load_acquire(&self, address: u64) -> Result<u64, DeviceError> {
        let mut word = [0];
        self.shared.load(address, &mut word);
        Ok(word[0])
    }
    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError> {
        self.shared.store(address, from);
        Ok(())
    }
    fn wait_interrupt(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        let late = std::mem::take(&mut self.late);
        self.clear(late);
        if deadline.saturating_duration_since(Instant::now()) < FOR_INTERRUPTS {
            // It may end early; so the scheduler decides how long it is.
            shuttle::thread::yield_now();
        } else {
            // Without a deadline: a message that is lost is never made good.
            self.shared.await_message();
        }
        Ok(())
    }
}

impl Way {
    fn clear(&self, causes: u32) {
        let standing = &self.shared.registers[Register::InterruptCause.index()];
        standing.fetch_and(!causes, Ordering::SeqCst);
    }
}

fn input(number: u64) -> Vec<u64> {
    let size = catalogue::toy().big_lwe_size() as u64;
    (0..size).map(|at| number << 32 | at).collect()
}

/// Some jobs, a reset with jobs in flight, and some more; all that comes back has to be right.
fn drive(bug: Bug) {
    let deadline = || Instant::now() + Duration::from_secs(60);
    let mut capabilities = CardOptions::default().capabilities;
    capabilities.max_batch = 2;
    let shared = Arc::new(Shared {
        registers: (0..REGISTERS).map(|_| AtomicU32::new(0)).collect(),
        memory: (0..MEMORY_BYTES / WORD_BYTES)
            .map(|_| Plain::new(0))
            .collect(),
        fence: AtomicU64::new(0),
        message: Mutex::new(false),
        sent: Condvar::new(),
        off: AtomicBool::new(false),
    });
    for (register, value) in capabilities.registers() {
        shared.set(register, value);
    }
    let engine = {
        let shared = Arc::clone(&shared);
        shuttle::thread::spawn(move || card(&shared, bug))
    };
    let way = Way {
        shared: Arc::clone(&shared),
        bug,
        late: 0,
    };
    let mut device = RingDevice::take_over(way, ENTRIES, deadline()).unwrap();
    for in_flight_at_reset in [2, 0] {
        device.configure(&catalogue::toy(), deadline()).unwrap();
        device.keys_loaded = true;
        let mut expected = std::collections::HashMap::new();
        for number in 0..JOBS {
            let tag = loop {
                match submit(&mut device, number, bug) {
                    Ok(tag) => break tag,
                    Err(DeviceError::RingFull(_)) => take(&mut device, &mut expected),
                    Err(error) => panic!("{error}"),
                }
            };
            assert!(expected.insert(tag, number).is_none());
        }
        while expected.len() > in_flight_at_reset {
            take(&mut device, &mut expected);
        }
        if in_flight_at_reset > 0 {
            device.reset(deadline()).unwrap();
        }
    }
    shared.off.store(true, Ordering::SeqCst);
    engine.join().unwrap();
}

fn submit(device: &mut RingDevice<Way>, number: u64, bug: Bug) -> Result<BatchTag, DeviceError> {
    let tag = device.submit(Batch {
        inputs: vec![input(number).into()],
        luts: vec![LutSlot(0)],
        samples: 1,
        stride: 0,
    })?;
    if bug == Bug::FreesEarly
        && let InFlight::Batch(batch) = &device.in_flight[&tag.0]
    {
        device.arena.give(batch.buffer.range.clone());
    }
    Ok(tag)
}

fn take(device: &mut RingDevice<Way>, expected: &mut std::collections::HashMap<BatchTag, u64>) {
    let finished = device
        .wait(Instant::now() + Duration::from_secs(60))
        .unwrap();
    let number = expected.remove(&finished.tag).unwrap();
    let right: Vec<u64> = input(number).iter().map(|word| !word).collect();
    let found = finished.outputs.unwrap().concat();
    assert!(found == right, "job {number} has other outputs");
}

#[test]
fn no_interleaving_loses_or_mixes_up_a_job() {
    let start = Instant::now();
    let schedules = 10_000;
    shuttle::check_random(|| drive(Bug::None), schedules);
    println!("{schedules} schedules in {:?}", start.elapsed());
}

#[test]
fn interleavings_show_what_is_wrong_with_a_card_or_a_driver() {
    for bug in [
        Bug::CompletesFirst,
        Bug::PhaseFirst,
        Bug::FreesEarly,
        Bug::ClearsLate,
    ] {
        let found = std::panic::catch_unwind(|| shuttle::check_random(move || drive(bug), 2_000));
        assert!(found.is_err(), "bug {} was not found", bug as u8);
    }
}

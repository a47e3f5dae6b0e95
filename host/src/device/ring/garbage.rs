//! The ring engine over a card that says anything at all, in its registers and in shared memory. Whatever it says,
//! calls end in their time, with an answer or a typed error.

use super::RingDevice;
use super::fake::BASE;
use crate::device::{Batch, Device, LutSlot, Transport};
use gyrus_interface::card::Capabilities;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::registers::{Fault, Register, Status};
use gyrus_interface::{Completion, DeviceError, JobStatus, catalogue};
use gyrus_sim::device::CardOptions;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Words, records and registers that are decoded, and devices that are driven.
const RECORDS: u64 = 200_000;
const DEVICES: u64 = 20_000;

/// Longest call.
const CALL: Duration = Duration::from_micros(300);
/// What a busy machine may take more.
const SLACK: Duration = Duration::from_secs(2);

/// A word that is often one of those that matter.
fn word(rng: &mut ChaCha8Rng) -> u64 {
    let bits = rng.next_u64();
    match rng.next_u32() % 8 {
        0 => 0,
        1 => u64::MAX,
        2 => bits & 0xff,
        3 => bits & 0x0101_0000_0000_ffff,
        4 => 1 << (bits % 64),
        5 => bits >> 32,
        _ => bits,
    }
}

struct Garbage {
    rng: RefCell<ChaCha8Rng>,
    registers: HashMap<Register, u32>,
    memory: RefCell<Vec<u64>>,
    /// One register in so many reads as something else.
    liar: u32,
    /// One access in so many fails.
    breaks: u32,
    tail: u32,
    head: u32,
}

impl Garbage {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut capabilities = CardOptions::default().capabilities;
        capabilities.max_batch = 2;
        let mut registers: HashMap<Register, u32> = capabilities.registers().into_iter().collect();
        // Every fourth card lies about what it is.
        if seed.is_multiple_of(4) {
            for value in registers.values_mut() {
                if rng.next_u32().is_multiple_of(4) {
                    *value = word(&mut rng) as u32;
                }
            }
        }
        let odds = [0, 10, 50, 500];
        Self {
            liar: odds[(rng.next_u32() % 4) as usize],
            breaks: odds[(rng.next_u32() % 4) as usize] * 5,
            rng: RefCell::new(rng),
            registers,
            memory: RefCell::new(vec![0; (2 << 20) / WORD_BYTES]),
            tail: 0,
            head: 0,
        }
    }

    /// One time in so many; never for 0.
    fn once_in(&self, many: u32) -> bool {
        many != 0 && self.rng.borrow_mut().next_u32().is_multiple_of(many)
    }

    fn may_break(&self) -> Result<(), DeviceError> {
        if self.once_in(self.breaks) {
            return Err(DeviceError::Removed("as luck would have it".to_owned()));
        }
        Ok(())
    }

    fn place(&self, address: u64, words: usize) -> Result<usize, DeviceError> {
        let at = address
            .checked_sub(BASE)
            .and_then(|at| usize::try_from(at / WORD_BYTES as u64).ok())
            .filter(|at| at.saturating_add(words) <= self.memory.borrow().len());
        // The driver never asks for what is not there.
        Ok(at.unwrap_or_else(|| panic!("{words} words at {address:#x} are not shared")))
    }

    /// The card writes into shared memory: often something like a completion, anywhere.
    fn scribble(&self) {
        let mut rng = self.rng.borrow_mut();
        let mut memory = self.memory.borrow_mut();
        let rings = 64 * (DESCRIPTOR_BYTES + COMPLETION_BYTES) / WORD_BYTES;
        for _ in 0..rng.next_u32() % 40 {
            let at = rng.next_u32() as usize % rings;
            memory[at] = word(&mut rng);
        }
        // A completion where the driver looks for one, often of a job that there is.
        if rng.next_u32().is_multiple_of(2) {
            let back = 1 + rng.next_u32() % 4;
            let from = self.tail.wrapping_sub(back) as usize % 64 * DESCRIPTOR_BYTES / WORD_BYTES;
            let entry = 64 * DESCRIPTOR_BYTES + self.head as usize * COMPLETION_BYTES;
            let to = entry / WORD_BYTES;
            memory[to] = memory[from + 1];
            memory[to + 3] = u64::from(rng.next_u32() % 2) << 16;
            if rng.next_u32().is_multiple_of(4) {
                memory[to + 3] ^= word(&mut rng) & 0xffff;
            }
        }
    }
}

impl Transport for Garbage {
    fn name(&self) -> &str {
        "garbage"
    }
    fn simulated(&self) -> bool {
        true
    }
    fn read_register(&mut self, register: Register) -> Result<u32, DeviceError> {
        self.may_break()?;
        self.scribble();
        if self.once_in(self.liar) {
            return Ok(word(&mut self.rng.borrow_mut()) as u32);
        }
        Ok(self.registers.get(&register).copied().unwrap_or(0))
    }
    fn write_register(&mut self, register: Register, value: u32) -> Result<(), DeviceError> {
        self.may_break()?;
        self.scribble();
        match register {
            Register::Control => {
                let status = if value == 1 { Status::CONFIGURED } else { 0 };
                (self.tail, self.head) = (0, 0);
                self.registers.insert(Register::Status, status);
            }
            Register::SubmissionTail => {
                assert!(value < 64, "a doorbell of a ring of 64 entries: {value}");
                self.tail = value;
            }
            Register::CompletionHead => {
                assert!(value < 64, "a doorbell of a ring of 64 entries: {value}");
                self.head = value;
            }
            _ => {
                self.registers.insert(register, value);
            }
        }
        Ok(())
    }
    fn shared_memory(&self) -> (u64, usize) {
        (BASE, self.memory.borrow().len() * WORD_BYTES)
    }
    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError> {
        self.may_break()?;
        let at = self.place(address, into.len())?;
        into.copy_from_slice(&self.memory.borrow()[at..at + into.len()]);
        Ok(())
    }
    fn load_acquire(&self, address: u64) -> Result<u64, DeviceError> {
        let mut word = [0];
        self.read(address, &mut word)?;
        Ok(word[0])
    }
    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError> {
        self.may_break()?;
        let at = self.place(address, from.len())?;
        self.memory.borrow_mut()[at..at + from.len()].copy_from_slice(from);
        Ok(())
    }
    fn wait_interrupt(&mut self, _: Instant) -> Result<(), DeviceError> {
        self.may_break()?;
        self.scribble();
        Ok(())
    }
}

/// Calls of a device that may do anything but panic or take too long.
fn drive(seed: u64, ends: &mut HashMap<&'static str, u64>) {
    let deadline = || Instant::now() + CALL;
    let Ok(mut device) = RingDevice::take_over(Garbage::new(seed), 64, deadline()) else {
        *ends.entry("not opened").or_default() += 1;
        return;
    };
    device.identity().validate().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(!seed);
    let set = catalogue::toy();
    let table = vec![1; layout::lut_words(&set)];
    for _ in 0..12 {
        let start = Instant::now();
        let (what, result) = match rng.next_u32() % 8 {
            0 if device.plan.is_none() || rng.next_u32().is_multiple_of(4) => {
                let configured = device.configure(&set, deadline()).map(drop);
                device.keys_loaded = configured.is_ok();
                ("configured", configured)
            }
            0 | 1 => (
                "loaded a table",
                device.load_luts(LutSlot(1), &[&table, &table], deadline()),
            ),
            2..=4 => {
                let batch = Batch {
                    inputs: vec![vec![7; set.big_lwe_size()].into()],
                    luts: vec![LutSlot(0)],
                    samples: 1,
                    stride: 0,
                };
                ("submitted", device.submit(batch).map(drop))
            }
            5 => ("counted", device.counters().map(drop)),
            6 if rng.next_u32().is_multiple_of(4) => ("reset", device.reset(deadline())),
            _ => match device.wait(deadline()) {
                Ok(finished) => ("finished", finished.outputs.map(drop)),
                Err(error) => ("waited", Err(error)),
            },
        };
        let took = start.elapsed();
        assert!(took < CALL + SLACK, "seed {seed}: {what} in {took:?}");
        let count = ends.entry(if result.is_ok() { what } else { "an error" });
        *count.or_default() += 1;
        if device.plan.is_none() {
            let configured = device.configure(&set, deadline()).map(drop);
            device.keys_loaded = configured.is_ok();
        }
    }
    device.statistics();
}

#[test]
fn a_device_over_garbage_ends_every_call_in_time() {
    let mut ends = HashMap::new();
    for seed in 0..DEVICES {
        drive(seed, &mut ends);
    }
    println!("{ends:?}");
    // The cases are worth something: much works, and much does not.
    for end in [
        "not opened",
        "an error",
        "configured",
        "submitted",
        "finished",
        "loaded a table",
        "counted",
        "reset",
    ] {
        assert!(
            ends.get(end).is_some_and(|count| *count > 20),
            "{end}: {ends:?}"
        );
    }
}

#[test]
fn whatever_is_decoded_is_what_was_there_or_an_error() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut descriptors, mut completions, mut cards) = (0, 0, 0);
    let mut honest = CardOptions::default().capabilities.registers();
    for _ in 0..RECORDS {
        let words: [u64; 8] = std::array::from_fn(|_| word(&mut rng));
        // Most bits of most words are zero in what is well-formed.
        let mut sparse = words.map(|word| word & word.rotate_left(32));
        sparse[0] = words[0] & 0xff_0001_0307;
        sparse[6] &= 0xffff_ffff;
        sparse[7] = u64::from(words[7] == 1);
        let bytes: [u8; DESCRIPTOR_BYTES] = layout::to_bytes(&sparse);
        if let Ok(descriptor) = Descriptor::decode(&bytes) {
            assert_eq!(descriptor.encode(), bytes);
            descriptors += 1;
        }
        let bytes: [u8; COMPLETION_BYTES] = layout::to_bytes(&words);
        match Completion::decode(&bytes) {
            Ok(completion) => {
                let again = completion.encode();
                assert_eq!(again[..26], bytes[..26]);
                assert_eq!(again[28..], bytes[28..]);
                assert_eq!(completion.phase, Completion::phase_of(&bytes));
                completions += 1;
            }
            Err(code) => assert_eq!(JobStatus::from_code(code), None),
        }
        let code = words[0] as u32;
        assert!(Fault::from_code(code).is_none_or(|fault| fault as u32 == code));
        assert!(Register::at(code).is_none_or(|register| register.offset() == code));
        // One register of a card that is honest otherwise.
        let at = (words[1] % 12) as usize;
        let before = honest[at].1;
        honest[at].1 = words[2] as u32;
        let read = Capabilities::read(|register| {
            Ok(honest.iter().find(|(at, _)| *at == register).unwrap().1)
        });
        if let Ok(card) = read {
            assert!(card.lanes.is_power_of_two() && card.slots <= 16);
            assert!(card.max_batch >= 1 && card.max_batch <= 1 << 16);
            assert!(card.memory_bytes() > 0 && card.bank_log2 < 64);
            cards += 1;
        }
        honest[at].1 = before;
    }
    assert!(
        descriptors > 1000 && completions > 1000 && cards > 1000,
        "{descriptors} {completions} {cards}"
    );
}

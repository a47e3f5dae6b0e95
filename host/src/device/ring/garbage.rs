//! The ring engine over a card that says anything at all, in its registers and in shared memory. Whatever it says,
//! calls end in their time, with an answer or a typed error.
//!
//! Keys are some dozens of jobs that all have to end well; so there are cards that do what they are told, but for a
//! lie now and then, to load real keys to. The others are told that they have some.

use super::RingDevice;
use super::fake::BASE;
use crate::device::{Batch, Device, LutSlot, Transport};
use crate::key::{EvaluationKey, KeyswitchKey};
use gyrus_interface::card::Capabilities;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor};
use gyrus_interface::layout::{self, Checksum, WORD_BYTES};
use gyrus_interface::registers::{Control, Fault, Register, Status};
use gyrus_interface::ring::Cursor;
use gyrus_interface::{Completion, DeviceError, Job, JobStatus, catalogue};
use gyrus_sim::device::CardOptions;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Words, records and registers that are decoded, and devices that are driven.
const RECORDS: u64 = 200_000;
const DEVICES: u64 = 20_000;
/// One card in so many does what it is told.
const DUTIFUL: u64 = 16;
/// Of each ring.
const ENTRIES: u32 = 64;

/// Longest call.
const CALL: Duration = Duration::from_micros(300);
/// Longest upload of keys, which are packed in that time, too.
const LOAD: Duration = Duration::from_millis(50);
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
    /// It does its jobs, as soon as it is told of them.
    dutiful: bool,
    /// The driver reaches its memory past it.
    past_the_card: bool,
    /// Bytes of that memory, if the driver knows how many that are.
    card_bytes: Option<u64>,
    /// Where a dutiful card is in its rings.
    submission: Cursor,
    completion: Cursor,
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
        let liar = odds[(rng.next_u32() % 4) as usize];
        let honest = liar == 0 && !seed.is_multiple_of(4);
        Self {
            liar,
            dutiful: seed % DUTIFUL == 1,
            past_the_card: seed % (2 * DUTIFUL) == 1,
            card_bytes: honest.then(|| capabilities.memory_bytes()),
            submission: Cursor::start(ENTRIES as usize),
            completion: Cursor::start(ENTRIES as usize),
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

    /// Where in the shared memory so many words are.
    fn find(&self, address: u64, words: usize) -> Option<usize> {
        let at = address.checked_sub(BASE)? / WORD_BYTES as u64;
        let at = usize::try_from(at).ok()?;
        (at.saturating_add(words) <= self.memory.borrow().len()).then_some(at)
    }

    /// The same for the driver, which never asks for what is not there.
    fn place(&self, address: u64, words: usize) -> usize {
        let at = self.find(address, words);
        at.unwrap_or_else(|| panic!("{words} words at {address:#x} are not shared"))
    }

    /// What becomes of a job, by what the interface says of pieces of keys.
    fn verdict(&self, descriptor: &[u64; DESCRIPTOR_BYTES / WORD_BYTES]) -> JobStatus {
        let Ok(descriptor) = Descriptor::decode(&layout::to_bytes(descriptor)) else {
            return JobStatus::MalformedDescriptor;
        };
        let Job::UploadKey {
            source,
            length,
            checksum,
            ..
        } = descriptor.job
        else {
            return JobStatus::Ok;
        };
        let words = length as usize / WORD_BYTES;
        let Some(at) = self.find(source, words) else {
            return JobStatus::AddressOutOfRange;
        };
        let found = Checksum::default().u64_words(&self.memory.borrow()[at..at + words]);
        if found.value() == checksum {
            JobStatus::Ok
        } else {
            JobStatus::ChecksumMismatch
        }
    }

    /// A dutiful card does what it has been told of, and lies at times about how that went.
    fn serve(&mut self) {
        while self.submission.index() != self.tail as usize {
            let at = self.submission.index() * DESCRIPTOR_BYTES / WORD_BYTES;
            let descriptor: [u64; DESCRIPTOR_BYTES / WORD_BYTES] =
                std::array::from_fn(|word| self.memory.borrow()[at + word]);
            self.submission.advance();
            let mut code = self.verdict(&descriptor) as u16;
            if self.once_in(self.liar) {
                let bits = self.rng.borrow_mut().next_u32();
                code = match bits % 8 {
                    // It forgets it.
                    0 => continue,
                    1..=4 => JobStatus::ChecksumMismatch as u16,
                    _ => (bits >> 16) as u16,
                };
            }
            let rings = ENTRIES as usize * DESCRIPTOR_BYTES;
            let at = (rings + self.completion.index() * COMPLETION_BYTES) / WORD_BYTES;
            let phase = u64::from(self.completion.phase());
            let completion = [descriptor[1], 1, 0, phase << 16 | u64::from(code)];
            self.memory.borrow_mut()[at..at + 4].copy_from_slice(&completion);
            self.completion.advance();
        }
    }

    /// What the card does while the driver is at its registers.
    fn meanwhile(&self) {
        if !self.dutiful || self.once_in(self.liar) {
            self.scribble();
        }
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
        self.meanwhile();
        if self.once_in(self.liar) {
            return Ok(word(&mut self.rng.borrow_mut()) as u32);
        }
        Ok(self.registers.get(&register).copied().unwrap_or(0))
    }
    fn write_register(&mut self, register: Register, value: u32) -> Result<(), DeviceError> {
        self.may_break()?;
        self.meanwhile();
        match register {
            Register::Control => {
                let configures = value == Control::CONFIGURE;
                let status = if configures { Status::CONFIGURED } else { 0 };
                (self.tail, self.head) = (0, 0);
                self.submission = Cursor::start(ENTRIES as usize);
                self.completion = self.submission;
                self.registers.insert(Register::Status, status);
            }
            Register::SubmissionTail => {
                assert!(
                    value < ENTRIES,
                    "a doorbell of a ring of 64 entries: {value}"
                );
                self.tail = value;
                if self.dutiful {
                    self.serve();
                }
            }
            Register::CompletionHead => {
                assert!(
                    value < ENTRIES,
                    "a doorbell of a ring of 64 entries: {value}"
                );
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
        let at = self.place(address, into.len());
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
        let at = self.place(address, from.len());
        self.memory.borrow_mut()[at..at + from.len()].copy_from_slice(from);
        Ok(())
    }
    fn reaches_card_memory(&self) -> bool {
        self.past_the_card
    }
    fn write_card_memory(&mut self, address: u64, words: &[u64]) -> Result<(), DeviceError> {
        self.may_break()?;
        let end = address + (words.len() * WORD_BYTES) as u64;
        assert!(self.card_bytes.is_none_or(|bytes| end <= bytes));
        Ok(())
    }
    fn wait_interrupt(&mut self, _: Instant) -> Result<(), DeviceError> {
        self.may_break()?;
        self.meanwhile();
        Ok(())
    }
}

/// A key none of whose pieces is like another.
fn key() -> EvaluationKey {
    let set = catalogue::toy();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let bootstrapping = (0..layout::bootstrapping_key_words(&set)).map(|_| rng.next_u64());
    let bootstrapping = bootstrapping.collect();
    // Of each word the upper 21 bits.
    let keyswitch = (0..layout::keyswitch_key_words(&set)).map(|_| rng.next_u32() & !0x7ff);
    EvaluationKey::new(set, bootstrapping, KeyswitchKey::U32(keyswitch.collect())).unwrap()
}

/// Loads keys, and says how that ended.
fn load(
    device: &mut RingDevice<Garbage>,
    key: &EvaluationKey,
) -> (&'static str, Result<(), DeviceError>) {
    let before = device.statistics.bytes_in;
    let busy = device.load.batches() > 0 || !device.finished.is_empty();
    let mut progress = (0, 0);
    let loaded = device.load_keys(
        key,
        &mut |bytes, total| {
            assert!(bytes <= total);
            progress = (bytes, total);
        },
        Instant::now() + LOAD,
    );
    let card = &device.driver.transport;
    if let Err(error) = loaded {
        let late = matches!(error, DeviceError::Timeout(_));
        let reliable = card.breaks == 0 && card.card_bytes.is_some();
        assert!(busy || late || !reliable, "{error}");
        return ("failed to load keys", Err(error));
    }
    let (bytes, total) = progress;
    assert!(total > 0 && bytes == total);
    let what = if card.past_the_card {
        "adopted keys"
    } else if device.statistics.bytes_in - before < total {
        "resumed keys"
    } else {
        "loaded keys"
    };
    (what, Ok(()))
}

/// Calls of a device that may do anything but panic or take too long.
fn drive(seed: u64, key: &EvaluationKey, ends: &mut HashMap<&'static str, u64>) {
    let deadline = || Instant::now() + CALL;
    let Ok(mut device) = RingDevice::take_over(Garbage::new(seed), ENTRIES, deadline()) else {
        *ends.entry("not opened").or_default() += 1;
        return;
    };
    device.identity().validate().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(!seed);
    let set = catalogue::toy();
    let dutiful = device.driver.transport.dutiful;
    let table = vec![1; layout::lut_words(&set)];
    for _ in 0..12 {
        let start = Instant::now();
        let (what, result) = match rng.next_u32() % 8 {
            0..4 if dutiful && device.parameters().is_none() => load(&mut device, key),
            0 if dutiful && rng.next_u32().is_multiple_of(4) => load(&mut device, key),
            0 if dutiful => ("reset", device.reset(deadline())),
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
        let most = if dutiful { LOAD } else { CALL };
        assert!(took < most + SLACK, "seed {seed}: {what} in {took:?}");
        let failed = if what == "failed to load keys" {
            what
        } else {
            "an error"
        };
        let count = ends.entry(if result.is_ok() { what } else { failed });
        *count.or_default() += 1;
        if device.plan.is_none() && !dutiful {
            let configured = device.configure(&set, deadline()).map(drop);
            device.keys_loaded = configured.is_ok();
        }
    }
    device.statistics();
}

#[test]
fn a_device_over_garbage_ends_every_call_in_time() {
    let mut ends = HashMap::new();
    let key = key();
    for seed in 0..DEVICES {
        drive(seed, &key, &mut ends);
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
        "loaded keys",
        "resumed keys",
        "adopted keys",
        "failed to load keys",
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

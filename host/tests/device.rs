//! Devices over cards of several builds, and over cards that break.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{expected, random_key, rng, toy_key, words};
use gyrus::device::{Batch, CardTransport, Device, LutSlot, RingDevice};
use gyrus::interface::card::Channels;
use gyrus::interface::registers::{Register, Status};
use gyrus::interface::{
    Decomposition, DeviceError, JobStatus, KeyswitchModulus, LweDimension, ParameterSet, catalogue,
};
use gyrus::key::EvaluationKey;
use gyrus_sim::device::{Card, CardError, CardOptions, HostMemory, MemoryFault, ModelCard};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn device(card: impl Card + 'static) -> RingDevice<CardTransport> {
    RingDevice::new(CardTransport::new(Box::new(card))).unwrap()
}

fn model(options: &CardOptions) -> ModelCard {
    ModelCard::power_on(options).unwrap()
}

fn batch(inputs: Vec<u64>) -> Batch {
    Batch {
        inputs: vec![inputs.into()],
        luts: vec![LutSlot(0)],
        samples: 1,
        stride: 0,
    }
}

/// Loads everything, does a batch and compares.
fn works(device: &mut dyn Device, key: &EvaluationKey) {
    let mut rng = rng(5);
    let mut last = (0, 0);
    device
        .load_keys(key, &mut |done, total| last = (done, total), soon())
        .unwrap();
    assert_eq!(last.0, last.1);
    assert_eq!(last.1, device.statistics().key_bytes);
    bootstraps(device, key, &mut rng);
}

/// Does a batch with the keys that are loaded and compares.
fn bootstraps(device: &mut dyn Device, key: &EvaluationKey, rng: &mut ChaCha8Rng) {
    let set = key.parameters();
    let table = words(rng, set.polynomial_size.0);
    device.load_luts(LutSlot(0), &[&table], soon()).unwrap();
    let input = words(rng, set.big_lwe_size());
    let tag = device.submit(batch(input.clone())).unwrap();
    let finished = device.wait(soon()).unwrap();
    assert_eq!(finished.tag, tag);
    let right = expected(key, &input, &table, 1, 0);
    assert_eq!(finished.outputs.unwrap().concat(), right);
}

#[test]
fn cards_of_several_builds_take_the_same_keys() {
    let other = ParameterSet {
        name: "INSECURE_OTHER".to_owned(),
        lwe_dimension: LweDimension(70),
        pbs: Decomposition::new(10, 2),
        keyswitch_modulus: KeyswitchModulus::Native64,
        ..catalogue::toy()
    };
    let keys = [toy_key(1), random_key(other, 2)];
    for (lanes, max_log2_n, key, keyswitch) in [
        (128, 11, (16, 8), (6, 8)),
        (2, 8, (1, 2), (1, 1)),
        (16, 9, (2, 8), (3, 4)),
        (64, 10, (4, 16), (5, 8)),
    ] {
        let mut options = CardOptions::default();
        let channels = |(count, words)| Channels { count, words };
        let build = &mut options.capabilities;
        (build.lanes, build.max_log2_n) = (lanes, max_log2_n);
        (build.key, build.keyswitch) = (channels(key), channels(keyswitch));
        build.slots = 3;
        let mut device = device(model(&options));
        assert_eq!(device.identity().preferred_batch, 3);
        // One after the other on the same card.
        for key in &keys {
            works(&mut device, key);
        }
    }
}

#[test]
fn keys_that_do_not_fit_the_channels_or_the_memory_are_refused() {
    let key = toy_key(1);
    let refused = |options: &CardOptions| {
        let mut device = device(model(options));
        let error = device.load_keys(&key, &mut |_, _| (), soon()).unwrap_err();
        assert!(matches!(error, DeviceError::Request(_)), "{error}");
        error.to_string()
    };
    let mut options = CardOptions::default();
    // Beats that begin in one slice and end in the next.
    options.capabilities.key = Channels { count: 7, words: 8 };
    assert!(refused(&options).contains("beats of 56 words"));
    options = CardOptions::default();
    options.capabilities.memory_pages = 16;
    assert!(refused(&options).contains("does not take the set"));
    options = CardOptions::default();
    options.memory_bytes = 1 << 20;
    assert!(refused(&options).contains("shared memory"));
}

#[test]
fn a_production_key_is_loaded_in_little_time() {
    let key = random_key(catalogue::find(catalogue::PRIMARY).unwrap(), 3);
    let mut device = device(model(&CardOptions::default()));
    for _ in 0..2 {
        let start = Instant::now();
        device.load_keys(&key, &mut |_, _| (), soon()).unwrap();
        let took = start.elapsed();
        println!("a production key is loaded in {took:?}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

/// How a card breaks.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Break {
    /// A register reads so.
    Reads(Register, u32),
    /// All registers read as ones.
    Gone,
    /// Each doorbell takes so long.
    Slow(Duration),
}

/// A model that breaks; clones are the same card.
#[derive(Clone)]
struct Broken {
    card: Arc<Mutex<ModelCard>>,
    memory: Arc<HostMemory>,
    how: Arc<Mutex<Option<Break>>>,
}

impl Broken {
    fn new(how: Option<Break>) -> Self {
        let card = model(&CardOptions::default());
        Self {
            memory: Arc::clone(card.memory()),
            card: Arc::new(Mutex::new(card)),
            how: Arc::new(Mutex::new(how)),
        }
    }

    fn card(&self) -> MutexGuard<'_, ModelCard> {
        self.card.lock().unwrap()
    }

    /// Breaks it from now on.
    fn breaks(&self, how: Break) {
        *self.how.lock().unwrap() = Some(how);
    }
}

impl Card for Broken {
    fn name(&self) -> &str {
        "broken"
    }
    fn read_register(&mut self, offset: u32) -> Result<u32, CardError> {
        match *self.how.lock().unwrap() {
            Some(Break::Reads(register, value)) if register.offset() == offset => Ok(value),
            Some(Break::Gone) => Ok(u32::MAX),
            _ => self.card().read_register(offset),
        }
    }
    fn write_register(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        match *self.how.lock().unwrap() {
            Some(Break::Slow(time)) if offset == Register::SubmissionTail.offset() => {
                std::thread::sleep(time);
            }
            _ => (),
        }
        self.card().write_register(offset, value)
    }
    fn memory(&self) -> &Arc<HostMemory> {
        &self.memory
    }
    fn wait_interrupt(&mut self, deadline: Instant) -> Result<bool, CardError> {
        self.card().wait_interrupt(deadline)
    }
    fn read_card_memory(&mut self, address: u64, words: &mut [u64]) -> Result<(), CardError> {
        self.card().read_card_memory(address, words)
    }
    fn write_card_memory(&mut self, address: u64, words: &[u64]) -> Result<(), CardError> {
        self.card().write_card_memory(address, words)
    }
    fn fail_card_memory(&mut self, range: Range<u64>, fault: MemoryFault) {
        self.card().fail_card_memory(range, fault);
    }
    fn reset_buses(&mut self) {
        self.card().reset_buses();
    }
    fn mend_card_memory(&mut self) {
        self.card().mend_card_memory();
    }
}

fn broken(how: Break) -> CardTransport {
    CardTransport::new(Box::new(Broken::new(Some(how))))
}

/// One that breaks when it has been opened.
fn breaking(how: Break) -> RingDevice<CardTransport> {
    let card = Broken::new(None);
    let device = device(card.clone());
    card.breaks(how);
    device
}

#[test]
fn cards_that_cannot_be_are_refused() {
    for (register, value) in [
        (Register::Magic, 0),
        (Register::LutSlots, 0),
        (Register::LutSlots, u32::MAX),
        (Register::MaxBatch, u32::MAX),
        (Register::Clock, 0),
        (Register::Lanes, 3),
        (Register::KeyChannels, 0),
        (Register::BankLog2, 63),
    ] {
        let error = RingDevice::new(broken(Break::Reads(register, value))).unwrap_err();
        assert!(matches!(error, DeviceError::Protocol(_)), "{error}");
    }
    let error = RingDevice::new(broken(Break::Reads(Register::Version, 7 << 16))).unwrap_err();
    assert!(
        matches!(error, DeviceError::InterfaceVersion { .. }),
        "{error}"
    );
    let error = RingDevice::new(broken(Break::Gone)).unwrap_err();
    assert!(matches!(error, DeviceError::Removed(_)), "{error}");
}

#[test]
fn a_card_that_stays_in_a_state_is_given_up_in_time() {
    let key = toy_key(1);
    let states = [
        (Status::CONFIGURING, "did not answer"),
        (Status::HALTED, "has stopped"),
        (6 << 16, "refuses its settings"),
        (99 << 16, "undefined code 99"),
        (u32::MAX, "is gone"),
    ];
    for (status, text) in states {
        let mut device = breaking(Break::Reads(Register::Status, status));
        let deadline = Instant::now() + Duration::from_millis(50);
        let error = device
            .load_keys(&key, &mut |_, _| (), deadline)
            .unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    for (status, text) in [
        (Status::RESETTING, "did not answer"),
        (Status::STUCK, "reset of the whole function"),
    ] {
        let mut device = breaking(Break::Reads(Register::Status, status));
        let error = device
            .reset(Instant::now() + Duration::from_millis(50))
            .unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
}

/// Whoever had it before died with a job in flight, or left it halted.
#[test]
fn a_card_that_was_left_behind_works_for_the_next_owner() {
    let key = toy_key(1);
    let card = Broken::new(None);
    let size = key.parameters().big_lwe_size();
    for halts in [false, true] {
        let mut dead = device(card.clone());
        works(&mut dead, &key);
        if halts {
            let base = HostMemory::BASE;
            let inputs = base + 0x10_0000..base + (64 << 20);
            card.memory.fail(inputs, MemoryFault::Dead);
        }
        dead.submit(batch(vec![3; size])).unwrap();
        if halts {
            let error = dead.wait(soon()).unwrap_err();
            assert!(matches!(error, DeviceError::Halted(_)), "{error}");
            card.memory.mend();
        }
        drop(dead);
        let mut next = device(card.clone());
        assert_eq!(card.clone().read(Register::Status).unwrap(), 0);
        works(&mut next, &key);
    }
}

#[test]
fn a_bus_that_does_not_answer_stops_the_card_and_a_reset_brings_it_back() {
    let key = toy_key(1);
    let card = model(&CardOptions::default());
    let memory = Arc::clone(card.memory());
    let mut device = device(card);
    works(&mut device, &key);
    // All of what follows the rings.
    let base = HostMemory::BASE;
    let inputs = base + 0x10_0000..base + (64 << 20);
    memory.fail(inputs, MemoryFault::Dead);
    let size = key.parameters().big_lwe_size();
    device.submit(batch(vec![3; size])).unwrap();
    let start = Instant::now();
    let error = device.wait(soon()).unwrap_err();
    assert!(matches!(error, DeviceError::Halted(_)), "{error}");
    assert!(
        error.to_string().contains("a bus does not answer"),
        "{error}"
    );
    let took = start.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    // It stays so until it is reset, and a reset ends badly while the bus is silent.
    let error = device.load_keys(&key, &mut |_, _| (), soon());
    assert!(error.is_err());
    assert_eq!(device.reset(soon()).unwrap_err(), DeviceError::Stuck);
    memory.mend();
    device.reset(soon()).unwrap();
    works(&mut device, &key);
    assert_eq!(device.statistics().resets, 1);
}

#[test]
fn bus_errors_fail_their_batch_alone() {
    let key = toy_key(1);
    let card = model(&CardOptions::default());
    let memory = Arc::clone(card.memory());
    let mut device = device(card);
    works(&mut device, &key);
    let base = HostMemory::BASE;
    memory.fail(base + 0x10_0000..base + (64 << 20), MemoryFault::Error);
    let size = key.parameters().big_lwe_size();
    device.submit(batch(vec![3; size])).unwrap();
    let finished = device.wait(soon()).unwrap();
    let status = JobStatus::BusError;
    assert!(
        matches!(finished.outputs, Err(DeviceError::Job { status: s, .. }) if s == status),
        "{finished:?}"
    );
    memory.mend();
    device.submit(batch(vec![3; size])).unwrap();
    assert!(device.wait(soon()).unwrap().outputs.is_ok());
    assert_eq!(device.statistics().errors, 1);
    // The rings themselves.
    memory.fail(base..base + 0x1000, MemoryFault::Error);
    device.submit(batch(vec![3; size])).unwrap();
    let error = device.wait(soon()).unwrap_err();
    assert!(
        error.to_string().contains("submission ring cannot be read"),
        "{error}"
    );
}

/// A look through the trait, as those who own a device idly take it.
#[test]
fn a_look_tells_whether_a_card_is_well_halted_or_gone() {
    let key = toy_key(1);
    let card = Broken::new(None);
    let mut ring = device(card.clone());
    let device: &mut dyn Device = &mut ring;
    // Before there are keys, with them, and after a batch.
    device.check().unwrap();
    works(device, &key);
    device.check().unwrap();
    card.memory.fail(
        HostMemory::BASE..HostMemory::BASE + 0x1000,
        MemoryFault::Error,
    );
    let size = key.parameters().big_lwe_size();
    device.submit(batch(vec![3; size])).unwrap();
    let end = soon();
    let error = loop {
        match device.check() {
            Ok(()) => assert!(Instant::now() < end, "it does not halt"),
            Err(error) => break error,
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(matches!(&error, DeviceError::Halted(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("submission ring cannot be read"), "{text}");
    // It stays so, whoever looks, until it is reset.
    assert_eq!(device.check().unwrap_err(), error);
    card.memory.mend();
    assert_eq!(device.check().unwrap_err(), error);
    device.reset(soon()).unwrap();
    device.check().unwrap();
    works(device, &key);
    card.breaks(Break::Gone);
    let error = device.check().unwrap_err();
    assert!(matches!(error, DeviceError::Removed(_)), "{error}");
    card.breaks(Break::Reads(Register::Status, Status::STUCK));
    assert_eq!(device.check().unwrap_err(), DeviceError::Stuck);
}

/// A job's error that stands does not hide why the card stopped behind it, and neither does a look at it.
#[test]
fn a_halt_behind_a_failed_job_is_told() {
    let key = toy_key(1);
    let card = model(&CardOptions::default());
    let memory = Arc::clone(card.memory());
    let mut device = device(card);
    works(&mut device, &key);
    let base = HostMemory::BASE;
    let size = key.parameters().big_lwe_size();
    memory.fail(base + 0x10_0000..base + (64 << 20), MemoryFault::Error);
    for _ in 0..2 {
        device.submit(batch(vec![3; size])).unwrap();
        assert!(device.wait(soon()).unwrap().outputs.is_err());
    }
    // The completion ring, which lies behind the other one.
    memory.fail(base + 0x1000..base + 0x1800, MemoryFault::Error);
    device.submit(batch(vec![3; size])).unwrap();
    for _ in 0..2 {
        let error = device.wait(soon()).unwrap_err().to_string();
        assert!(
            error.contains("completion ring cannot be written"),
            "{error}"
        );
    }
    memory.mend();
    device.reset(soon()).unwrap();
    works(&mut device, &key);
}

/// The card checks that pieces come in order: what it has is not sent again, and nothing is left out.
#[test]
fn an_interrupted_key_is_sent_once_in_all() {
    let key = toy_key(8);
    let card = Broken::new(None);
    let mut device = device(card.clone());
    card.breaks(Break::Slow(Duration::from_millis(20)));
    let mut interruptions = 0;
    let mut most = 0;
    while device.parameters().is_none() {
        let deadline = Instant::now() + Duration::from_millis(150);
        let before = most;
        let loaded = device.load_keys(&key, &mut |done, _| most = most.max(done), deadline);
        match loaded {
            Ok(()) => break,
            Err(DeviceError::Timeout(_)) => interruptions += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(most > before || interruptions < 20, "it does not go on");
    }
    assert!(interruptions > 0);
    let statistics = device.statistics();
    assert_eq!(statistics.bytes_in, statistics.key_bytes);
    assert_eq!(statistics.errors, 0);
    bootstraps(&mut device, &key, &mut rng(8));
}

#[test]
fn device_time_is_no_longer_than_time() {
    let key = toy_key(1);
    let mut device = device(model(&CardOptions::default()));
    let start = Instant::now();
    works(&mut device, &key);
    let size = key.parameters().big_lwe_size();
    let most = device.identity().max_in_flight;
    for _ in 0..5 {
        for _ in 0..most {
            let mut many = batch(vec![3; 8 * size]);
            many.luts = vec![LutSlot(0); 8];
            device.submit(many).unwrap();
        }
        for _ in 0..most {
            device.wait(soon()).unwrap().outputs.unwrap();
        }
    }
    let (busy, most) = (device.statistics().busy, start.elapsed());
    assert!(
        busy > Duration::ZERO && busy <= most,
        "{busy:?} of {most:?}"
    );
}

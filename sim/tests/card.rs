//! What the model card does beyond what every card has to do: how fast it gives up, and what it can
//! be built as.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod common;

use common::{Keys, rng, words};
use gyrus_interface::arrangement::Shape;
use gyrus_interface::channels::stripe;
use gyrus_interface::job::{Descriptor, KeyKind, LutSelection};
use gyrus_interface::keyswitch_rows::pack_keyswitch_key;
use gyrus_interface::layout::{self, Checksum};
use gyrus_interface::pack::pack_key;
use gyrus_interface::registers::{Control, Register, Status};
use gyrus_interface::ring::RingLayout;
use gyrus_interface::settings::Settings;
use gyrus_interface::{Job, LweDimension, ParameterSet, catalogue};
use gyrus_sim::device::{Card, CardError, CardOptions, HostMemory, MemoryFault, ModelCard};
use std::time::{Duration, Instant};

const BASE: u64 = HostMemory::BASE;
const RINGS: RingLayout = RingLayout {
    submission: BASE,
    completion: BASE + 0x1_0000,
    entries: 1024,
};
const DATA: u64 = BASE + 0x10_0000;

fn wait(card: &mut ModelCard, bit: u32) {
    let give_up = Instant::now() + Duration::from_secs(30);
    while Status(card.read(Register::Status).unwrap()).has(bit) {
        assert!(Instant::now() < give_up, "status {bit:#x} stays");
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// A card that is set up, and the jobs that it has had.
struct Driver {
    card: ModelCard,
    settings: Settings,
    jobs: usize,
}

impl Driver {
    fn new(options: &CardOptions, set: &ParameterSet) -> Self {
        let mut card = ModelCard::power_on(options).unwrap();
        let window = BASE..BASE + card.memory().bytes() as u64;
        let settings = Settings::new(&options.capabilities, set, RINGS, window).unwrap();
        for (register, value) in settings.registers() {
            card.write(register, value).unwrap();
        }
        card.write(Register::Control, Control::CONFIGURE).unwrap();
        wait(&mut card, Status::CONFIGURING);
        assert_eq!(
            card.read(Register::Status).unwrap(),
            Status::CONFIGURED,
            "settings are refused"
        );
        Self {
            card,
            settings,
            jobs: 0,
        }
    }

    fn submit(&mut self, job: Job) {
        let bytes = Descriptor {
            tag: 1,
            phase: true,
            job,
        };
        let words: [u64; 8] = layout::to_words(&bytes.encode());
        let at = RINGS.submission + self.jobs as u64 * 64;
        self.card.memory().write(at, &words).unwrap();
        self.jobs += 1;
        self.card
            .write(Register::SubmissionTail, self.jobs as u32)
            .unwrap();
    }

    fn upload(&mut self, kind: KeyKind, channels: &[Vec<u64>]) {
        for (channel, words) in (0_u64..).zip(channels) {
            self.card.memory().write(DATA, words).unwrap();
            self.submit(Job::UploadKey {
                kind,
                source: DATA,
                offset: channel << CardOptions::default().capabilities.bank_log2,
                length: words.len() as u64 * 8,
                checksum: Checksum::default().u64_words(words).value(),
            });
            wait(&mut self.card, Status::BUSY);
        }
    }
}

/// A set whose bootstraps take long.
fn long() -> ParameterSet {
    ParameterSet {
        name: "INSECURE_LONG".to_owned(),
        lwe_dimension: LweDimension(1023),
        ..catalogue::toy()
    }
}

/// A card that has just begun with a job that takes long.
fn busy() -> Driver {
    let (options, set) = (CardOptions::default(), long());
    let build = options.capabilities;
    let mut driver = Driver::new(&options, &set);
    let keys = Keys::random(&set, &mut rng(1));
    let shape = Shape::new(128, 11).unwrap();
    let image = pack_key(&shape, 8, 1, build.key.beat_words(), &keys.bsk).unwrap();
    driver.upload(KeyKind::Bootstrapping, &stripe(&image, 16, 8).unwrap());
    let image = pack_keyswitch_key(&set, build.keyswitch.beat_words(), keys.ksk()).unwrap();
    driver.upload(KeyKind::Keyswitch, &stripe(&image, 6, 8).unwrap());
    let table = words(&mut rng(2), 256);
    driver.card.memory().write(DATA, &table).unwrap();
    driver.submit(Job::UploadLuts {
        source: DATA,
        slot: 4,
        count: 1,
        checksum: Checksum::default().u64_words(&table).value(),
    });
    wait(&mut driver.card, Status::BUSY);
    assert_eq!(driver.card.read(Register::Error).unwrap(), 0);
    let inputs = words(&mut rng(3), 64 * 257);
    driver.card.memory().write(DATA, &inputs).unwrap();
    for _ in 0..20 {
        driver.submit(Job::KeyswitchBootstrap {
            source: DATA,
            destination: DATA + 0x10_0000,
            count: 64,
            luts: LutSelection::One { slot: 4 },
            samples: 1,
            stride: 0,
        });
    }
    std::thread::sleep(Duration::from_millis(5));
    let status = Status(driver.card.read(Register::Status).unwrap());
    assert!(status.has(Status::BUSY));
    driver
}

#[test]
fn a_reset_ends_long_jobs_at_once() {
    let mut driver = busy();
    let start = Instant::now();
    driver
        .card
        .write(Register::Control, Control::RESET)
        .unwrap();
    wait(&mut driver.card, Status::RESETTING);
    let took = start.elapsed();
    println!("a reset took {took:?}");
    assert!(took < Duration::from_millis(500), "{took:?}");
    assert_eq!(driver.card.read(Register::Status).unwrap(), 0);
}

#[test]
fn a_card_that_is_dropped_ends_at_once() {
    let driver = busy();
    let start = Instant::now();
    drop(driver);
    let took = start.elapsed();
    assert!(took < Duration::from_millis(500), "{took:?}");

    // A bus without an answer does not hold it.
    let mut driver = Driver::new(&CardOptions::default(), &catalogue::toy());
    driver.card.write(Register::BusDeadline, u32::MAX).unwrap();
    let ring = RINGS.submission..RINGS.submission + 64;
    driver.card.memory().fail(ring, MemoryFault::Dead);
    driver.submit(Job::Barrier);
    std::thread::sleep(Duration::from_millis(5));
    let start = Instant::now();
    drop(driver);
    let took = start.elapsed();
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[test]
fn every_secure_set_has_its_place() {
    for set in catalogue::secure_sets() {
        let driver = Driver::new(&CardOptions::default(), &set);
        assert_eq!(driver.settings.log2_n, 11);
    }
}

#[test]
fn no_card_is_built_that_cannot_be() {
    let mut options = CardOptions::default();
    options.capabilities.lanes = 24;
    let error = ModelCard::power_on(&options).unwrap_err();
    assert!(matches!(error, CardError::Capabilities(_)), "{error}");
    assert!(error.to_string().contains("24 lanes"), "{error}");
}

#[test]
fn there_are_no_registers_between_words_or_behind_the_last() {
    let mut card = ModelCard::power_on(&CardOptions::default()).unwrap();
    for offset in [1, 2, 0x1000, u32::MAX] {
        assert!(matches!(
            card.read_register(offset),
            Err(CardError::NoRegister(at)) if at == offset
        ));
        assert!(card.write_register(offset, 1).is_err());
    }
}

//! The model card, driven by hand-written descriptors: what it does, and what it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor, KeyKind, LutSelection};
use gyrus_interface::layout::{self, Checksum};
use gyrus_interface::ring::{Cursor, RingLayout};
use gyrus_interface::{Completion, Job, JobStatus, ParameterSet, catalogue};
use gyrus_sim::device::{CardOptions, HostMemory, ModelCard};
use std::time::{Duration, Instant};

const ENTRIES: u32 = 8;
const SUBMISSION: u64 = HostMemory::BASE;
const COMPLETION: u64 = SUBMISSION + 0x1000;
const DATA: u64 = SUBMISSION + 0x10_0000;

struct Driver {
    card: ModelCard,
    submission: Cursor,
    completion: Cursor,
    tag: u64,
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

impl Driver {
    fn new() -> Self {
        let card = ModelCard::power_on(&CardOptions::default()).unwrap();
        let mut driver = Self {
            card,
            submission: Cursor::start(ENTRIES as usize),
            completion: Cursor::start(ENTRIES as usize),
            tag: 0,
        };
        driver.configure(&catalogue::toy());
        driver
    }

    fn configure(&mut self, set: &ParameterSet) {
        let memory = self.card.memory();
        memory
            .write(SUBMISSION, &[0; ENTRIES as usize * DESCRIPTOR_BYTES / 8])
            .unwrap();
        memory
            .write(COMPLETION, &[0; ENTRIES as usize * COMPLETION_BYTES / 8])
            .unwrap();
        let rings = RingLayout {
            submission: SUBMISSION,
            completion: COMPLETION,
            entries: ENTRIES,
        };
        self.card.configure(set, rings, soon()).unwrap();
        self.submission = Cursor::start(ENTRIES as usize);
        self.completion = Cursor::start(ENTRIES as usize);
    }

    fn submit(&mut self, bytes: [u8; DESCRIPTOR_BYTES]) {
        let words: Vec<u64> = bytes
            .chunks(8)
            .map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap()))
            .collect();
        let at = SUBMISSION + (self.submission.index() * DESCRIPTOR_BYTES) as u64;
        self.card.memory().write(at, &words).unwrap();
        self.submission.advance();
        self.card.doorbell(self.submission.index() as u32).unwrap();
    }

    fn completion(&mut self) -> Completion {
        let give_up = soon();
        loop {
            let at = COMPLETION + (self.completion.index() * COMPLETION_BYTES) as u64;
            let mut words = [0_u64; COMPLETION_BYTES / 8];
            self.card.memory().read(at, &mut words).unwrap();
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let bytes: [u8; COMPLETION_BYTES] = bytes.try_into().unwrap();
            if Completion::phase_of(&bytes) == self.completion.phase() {
                self.completion.advance();
                return Completion::decode(&bytes).unwrap();
            }
            assert!(Instant::now() < give_up, "no completion");
            let soon = Instant::now() + Duration::from_millis(100);
            self.card.wait_interrupt(soon).unwrap();
        }
    }

    fn run(&mut self, job: Job) -> (JobStatus, u64) {
        self.tag += 1;
        let phase = self.submission.phase();
        self.submit(
            Descriptor {
                tag: self.tag,
                phase,
                job,
            }
            .encode(),
        );
        let completion = self.completion();
        assert_eq!(completion.tag, self.tag);
        (completion.status, completion.detail)
    }

    fn upload_key(&mut self, kind: KeyKind, words: &[u64]) -> (JobStatus, u64) {
        self.card.memory().write(DATA, words).unwrap();
        let checksum = Checksum::default().u64_words(words).value();
        let length = words.len() as u64 * 8;
        self.run(Job::UploadKey {
            kind,
            source: DATA,
            offset: 0,
            length,
            checksum,
        })
    }

    fn load_everything(&mut self) {
        let set = catalogue::toy();
        let bootstrapping = vec![3; layout::bootstrapping_key_words(&set)];
        assert_eq!(
            self.upload_key(KeyKind::Bootstrapping, &bootstrapping).0,
            JobStatus::Ok
        );
        let keyswitch = vec![0; layout::keyswitch_key_bytes(&set).div_ceil(8)];
        assert_eq!(
            self.upload_key(KeyKind::Keyswitch, &keyswitch).0,
            JobStatus::Ok
        );
        let table = vec![5; 256];
        self.card.memory().write(DATA, &table).unwrap();
        let checksum = Checksum::default().u64_words(&table).value();
        let job = Job::UploadLuts {
            source: DATA,
            slot: 4,
            count: 1,
            checksum,
        };
        assert_eq!(self.run(job).0, JobStatus::Ok);
    }
}

fn bootstrap() -> Job {
    Job::KeyswitchBootstrap {
        source: DATA,
        destination: DATA + 0x1_0000,
        count: 1,
        luts: LutSelection::One { slot: 4 },
        samples: 1,
        stride: 0,
    }
}

#[test]
fn jobs_run_in_order_over_many_wraps_of_the_rings() {
    let mut driver = Driver::new();
    driver.load_everything();
    // An all-zero ciphertext rotates by nothing: the sample is (0, .., 0, table[0]).
    driver.card.memory().write(DATA, &[0; 257]).unwrap();
    for _ in 0..3 * ENTRIES {
        driver
            .card
            .memory()
            .write(DATA + 0x1_0000, &[9; 257])
            .unwrap();
        assert_eq!(driver.run(bootstrap()), (JobStatus::Ok, 0));
        let mut output = [1; 257];
        driver
            .card
            .memory()
            .read(DATA + 0x1_0000, &mut output)
            .unwrap();
        // The centred switch moves a zero body by half a step: 0 - half rounds to 0.
        let mut expected = [0; 257];
        expected[256] = 5;
        assert_eq!(output, expected);
    }
}

#[test]
fn copies_and_barriers() {
    let mut driver = Driver::new();
    driver.card.memory().write(DATA, &[1, 2, 3]).unwrap();
    let job = Job::Copy {
        source: DATA,
        destination: DATA + 0x100,
        length: 24,
    };
    assert_eq!(driver.run(job).0, JobStatus::Ok);
    assert_eq!(driver.run(Job::Barrier).0, JobStatus::Ok);
    let mut copied = [0; 3];
    driver
        .card
        .memory()
        .read(DATA + 0x100, &mut copied)
        .unwrap();
    assert_eq!(copied, [1, 2, 3]);
}

#[test]
fn every_bad_job_ends_in_its_status_and_the_next_one_works() {
    let mut driver = Driver::new();
    assert_eq!(driver.run(bootstrap()).0, JobStatus::KeysNotLoaded);
    driver.load_everything();
    let far = HostMemory::BASE + (driver.card.memory().bytes() as u64) - 8;
    let one = LutSelection::One { slot: 4 };
    let job = |source, destination, count, luts, (samples, stride)| Job::KeyswitchBootstrap {
        source,
        destination,
        count,
        luts,
        samples,
        stride,
    };
    let out = DATA + 0x1_0000;
    let slot = |slot| LutSelection::One { slot };
    let upload = |offset, length, checksum| Job::UploadKey {
        kind: KeyKind::Bootstrapping,
        source: DATA,
        offset,
        length,
        checksum,
    };
    let tables = |slot, count| Job::UploadLuts {
        source: DATA,
        slot,
        count,
        checksum: 1,
    };
    let whole = layout::bootstrapping_key_words(&catalogue::toy()) as u64 * 8;
    let cases = [
        (
            job(DATA + 4, out, 1, one, (1, 0)),
            JobStatus::MisalignedAddress,
        ),
        (job(0, out, 1, one, (1, 0)), JobStatus::AddressOutOfRange),
        (job(far, out, 1, one, (1, 0)), JobStatus::AddressOutOfRange),
        (
            job(u64::MAX - 7, out, 1, one, (1, 0)),
            JobStatus::AddressOutOfRange,
        ),
        (
            job(DATA, out + 1, 1, one, (1, 0)),
            JobStatus::MisalignedAddress,
        ),
        (job(DATA, far, 1, one, (1, 0)), JobStatus::AddressOutOfRange),
        (job(DATA, out, 0, one, (1, 0)), JobStatus::LengthOverflow),
        (
            job(DATA, out, u32::MAX, one, (1, 0)),
            JobStatus::LengthOverflow,
        ),
        (job(DATA, out, 1, one, (0, 0)), JobStatus::LengthOverflow),
        (
            job(DATA, out, 1, one, (u16::MAX, 0)),
            JobStatus::LengthOverflow,
        ),
        (
            job(DATA, out, 1, one, (2, 256)),
            JobStatus::MalformedDescriptor,
        ),
        (job(DATA, out, 1, slot(3), (1, 0)), JobStatus::LutNotLoaded),
        (
            job(DATA, out, 1, slot(u32::MAX), (1, 0)),
            JobStatus::LutNotLoaded,
        ),
        (
            job(DATA, out, 1, LutSelection::Each { list: 8 }, (1, 0)),
            JobStatus::AddressOutOfRange,
        ),
        (upload(8, 8, 0), JobStatus::MalformedDescriptor),
        (upload(0, 12, 0), JobStatus::MisalignedAddress),
        (upload(0, whole + 8, 0), JobStatus::LengthOverflow),
        (upload(0, 64, 0xbad), JobStatus::ChecksumMismatch),
        (tables(4, 0), JobStatus::LengthOverflow),
        (tables(1024, 1), JobStatus::LengthOverflow),
        (tables(u32::MAX, u32::MAX), JobStatus::LengthOverflow),
        (tables(5, 1), JobStatus::ChecksumMismatch),
        (
            Job::Copy {
                source: DATA,
                destination: 8,
                length: 8,
            },
            JobStatus::AddressOutOfRange,
        ),
        (
            Job::Copy {
                source: DATA,
                destination: DATA,
                length: u64::MAX - 7,
            },
            JobStatus::AddressOutOfRange,
        ),
    ];
    for (job, status) in cases {
        assert_eq!(driver.run(job).0, status, "{job:?}");
        assert_eq!(driver.run(bootstrap()).0, JobStatus::Ok, "after {job:?}");
    }
    let phase = driver.submission.phase();
    let mut undefined = Descriptor {
        tag: 77,
        phase,
        job: Job::Barrier,
    }
    .encode();
    undefined[0] = 99;
    driver.submit(undefined);
    let completion = driver.completion();
    assert_eq!(
        (completion.tag, completion.status),
        (77, JobStatus::UnknownOpcode)
    );
}

#[test]
fn a_reset_ends_a_long_job_and_forgets_the_keys() {
    let mut driver = Driver::new();
    let set = ParameterSet {
        name: "INSECURE_LONG".to_owned(),
        lwe_dimension: gyrus_interface::LweDimension(2000),
        ..catalogue::toy()
    };
    driver.configure(&set);
    let bootstrapping = vec![3; layout::bootstrapping_key_words(&set)];
    // Larger than the first megabytes of data: in two pieces.
    let half = bootstrapping.len() / 2;
    for (offset, piece) in [(0, &bootstrapping[..half]), (half, &bootstrapping[half..])] {
        driver.card.memory().write(DATA, piece).unwrap();
        let job = Job::UploadKey {
            kind: KeyKind::Bootstrapping,
            source: DATA,
            offset: offset as u64 * 8,
            length: piece.len() as u64 * 8,
            checksum: Checksum::default().u64_words(piece).value(),
        };
        assert_eq!(driver.run(job).0, JobStatus::Ok);
    }
    let keyswitch = vec![0x0123_4567_89ab_cdef; layout::keyswitch_key_bytes(&set).div_ceil(8)];
    assert_eq!(
        driver.upload_key(KeyKind::Keyswitch, &keyswitch).0,
        JobStatus::Ok
    );
    let table = vec![5; 256];
    driver.card.memory().write(DATA, &table).unwrap();
    let checksum = Checksum::default().u64_words(&table).value();
    assert_eq!(
        driver
            .run(Job::UploadLuts {
                source: DATA,
                slot: 4,
                count: 1,
                checksum
            })
            .0,
        JobStatus::Ok
    );
    let many = Job::KeyswitchBootstrap {
        source: DATA,
        destination: DATA + 0x10_0000,
        count: 64,
        luts: LutSelection::One { slot: 4 },
        samples: 1,
        stride: 0,
    };
    let phase = driver.submission.phase();
    driver
        .card
        .memory()
        .write(DATA, &vec![0x1234_5678_9abc_def1; 64 * 257])
        .unwrap();
    let start = Instant::now();
    driver.submit(
        Descriptor {
            tag: 1,
            phase,
            job: many,
        }
        .encode(),
    );
    std::thread::sleep(Duration::from_millis(5));
    driver
        .card
        .reset(Instant::now() + Duration::from_secs(5))
        .unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(driver.completion().status, JobStatus::Aborted);
    driver.configure(&catalogue::toy());
    assert_eq!(driver.run(bootstrap()).0, JobStatus::KeysNotLoaded);
    driver.load_everything();
    assert_eq!(driver.run(bootstrap()).0, JobStatus::Ok);
}

//! A card under simulation with keys and tables, and how long jobs take on it.

use gyrus_interface::arrangement::Shape;
use gyrus_interface::channels::stripe;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor, KeyKind, LutSelection};
use gyrus_interface::keyswitch_rows::pack_keyswitch_key;
use gyrus_interface::layout::{
    self, Checksum, KeyswitchKey, WORD_BYTES, bootstrapping_key_words, keyswitch_key_words,
};
use gyrus_interface::pack::pack_key;
use gyrus_interface::registers::{Control, Register, Status};
use gyrus_interface::ring::RingLayout;
use gyrus_interface::settings::Settings;
use gyrus_interface::{Completion, Job, JobStatus, KeyswitchModulus, ParameterSet};
use gyrus_sim::device::{Card, HostMemory};
use gyrus_sim::rtl::{CardParameters, CoreParameters, Pace, RtlCard, RtlOptions};
use gyrus_sim::timing::Work;
use std::path::Path;

/// Places in host memory.
const SUBMISSION: u64 = HostMemory::BASE;
const COMPLETION: u64 = SUBMISSION + 0x4000;
const STAGING: u64 = SUBMISSION + 0x8000;
const LIST: u64 = SUBMISSION + 0x8_0000;
const INPUTS: u64 = SUBMISSION + 0x10_0000;
const OUTPUTS: u64 = SUBMISSION + 0x80_0000;
const MEMORY_BYTES: usize = 16 << 20;
const ENTRIES: u32 = 64;
const PIECE_WORDS: usize = 1 << 15;
const TABLES: usize = 8;

/// Cycles in which a card comes to rest, its keys read ahead.
const REST: u64 = 10_000;

/// Counters that are compared.
pub(crate) const COUNTERS: [Register; 8] = [
    Register::TurnCyclesLow,
    Register::KeyWaitCyclesLow,
    Register::KeyswitchWaitCyclesLow,
    Register::KeyBeatsReadLow,
    Register::KeyswitchBeatsReadLow,
    Register::BootstrapsLow,
    Register::HostWordsReadLow,
    Register::HostWordsWrittenLow,
];

/// Four lanes, batches of four, and a key that comes at half the pace at which it is used, as with the
/// greater cards.
pub(crate) fn parameters() -> CardParameters {
    let core = CoreParameters {
        lanes: 4,
        max_log2_n: 9,
        slots: 4,
        levels: 3,
        beat_words: 6,
    };
    CardParameters {
        lut_slots: 16,
        max_batch: 32,
        bank_log2: 22,
        memory_pages: 1 << 13,
        ..CardParameters::for_core(core).expect("a card")
    }
}

/// What is measured, and how.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) set: ParameterSet,
    pub(crate) host: Pace,
    pub(crate) card: Pace,
    pub(crate) jobs: Vec<Work>,
    /// Jobs that are handed over before the first completes; then one for each that does.
    pub(crate) in_flight: usize,
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn words(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.word()).collect()
    }
}

/// A card with keys and tables, ready for jobs.
struct Rig {
    card: RtlCard,
    entry: usize,
    completed: usize,
}

impl Rig {
    fn new(workload: &Workload) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("timing-4");
        let mut options = RtlOptions::new(parameters(), directory);
        options.memory_bytes = MEMORY_BYTES;
        options.host = workload.host;
        options.card = workload.card;
        let card = RtlCard::power_on(&options).expect("a simulation");
        let mut rig = Self {
            card,
            entry: 0,
            completed: 0,
        };
        rig.configure(&workload.set);
        rig.load(&workload.set);
        rig.card.run(REST);
        rig
    }

    fn configure(&mut self, set: &ParameterSet) {
        let rings = RingLayout {
            submission: SUBMISSION,
            completion: COMPLETION,
            entries: ENTRIES,
        };
        let window = HostMemory::BASE..HostMemory::BASE + MEMORY_BYTES as u64;
        let capabilities = parameters().capabilities(0);
        let settings = Settings::new(&capabilities, set, rings, window).expect("settings");
        // The reset after power-on forgets settings.
        let resetting = |status| Status(status).has(Status::RESETTING);
        while resetting(self.card.read(Register::Status).expect("a register")) {
            assert!(
                self.card.cycles() < 10_000,
                "no end of the reset after power-on"
            );
        }
        for (register, value) in settings.registers() {
            self.card.write(register, value).expect("a register");
        }
        self.card
            .write(Register::Control, Control::CONFIGURE)
            .expect("a register");
        loop {
            let status = Status(self.card.read(Register::Status).expect("a register"));
            if !status.has(Status::CONFIGURING) {
                assert_eq!(status.result(), JobStatus::Ok as u16, "settings");
                return;
            }
        }
    }

    fn load(&mut self, set: &ParameterSet) {
        let mut random = Random(1);
        let capabilities = parameters().capabilities(0);
        let shape = Shape::new(4, 9).expect("a shape");
        let words = random.words(bootstrapping_key_words(set));
        let log2_n = set.polynomial_size.0.ilog2() as usize;
        let levels = set.pbs.level_count.0;
        let image = pack_key(
            &shape,
            log2_n,
            levels,
            capabilities.key.beat_words(),
            &words,
        )
        .expect("a key");
        self.upload(KeyKind::Bootstrapping, &image);
        let count = keyswitch_key_words(set);
        let key = match set.keyswitch_modulus {
            KeyswitchModulus::Native64 => KeyswitchKey::U64(random.words(count)),
            KeyswitchModulus::PowerOfTwo32 { log2 } => {
                let word = |_| ((random.word() >> 32) as u32) >> (32 - log2) << (32 - log2);
                KeyswitchKey::U32((0..count).map(word).collect())
            }
        };
        let beat_words = capabilities.keyswitch.beat_words();
        let image = pack_keyswitch_key(set, beat_words, key.words()).expect("a key");
        self.upload(KeyKind::Keyswitch, &image);
        let tables = random.words(TABLES << log2_n);
        self.write(STAGING, &tables);
        self.finish(Job::UploadLuts {
            source: STAGING,
            slot: 0,
            count: TABLES as u32,
            checksum: Checksum::default().u64_words(&tables).value(),
        });
        let inputs = random.words((OUTPUTS - INPUTS) as usize / WORD_BYTES);
        self.write(INPUTS, &inputs);
        // Slots 0, 1, .. of the tables, two to a word.
        let slot = |i: u64| ((2 * i) % TABLES as u64) | (((2 * i + 1) % TABLES as u64) << 32);
        let list: Vec<u64> = (0..32).map(slot).collect();
        self.write(LIST, &list);
    }

    fn write(&self, address: u64, words: &[u64]) {
        self.card
            .memory()
            .write(address, words)
            .expect("host memory");
    }

    fn upload(&mut self, kind: KeyKind, image: &[u64]) {
        let capabilities = parameters().capabilities(0);
        let channels = match kind {
            KeyKind::Bootstrapping => capabilities.key,
            KeyKind::Keyswitch => capabilities.keyswitch,
        };
        let channels =
            stripe(image, channels.count as usize, channels.words as usize).expect("channels");
        for (channel, words) in (0_u64..).zip(&channels) {
            for (number, piece) in (0_u64..).zip(words.chunks(PIECE_WORDS)) {
                self.write(STAGING, piece);
                self.finish(Job::UploadKey {
                    kind,
                    source: STAGING,
                    offset: (channel << capabilities.bank_log2)
                        + number * (PIECE_WORDS * WORD_BYTES) as u64,
                    length: (piece.len() * WORD_BYTES) as u64,
                    checksum: Checksum::default().u64_words(piece).value(),
                });
            }
        }
    }

    /// Puts a job into the ring.
    fn enqueue(&mut self, job: Job) {
        let place = self.entry % ENTRIES as usize;
        let descriptor = Descriptor {
            tag: self.entry as u64,
            phase: (self.entry / ENTRIES as usize).is_multiple_of(2),
            job,
        };
        let words: [u64; DESCRIPTOR_BYTES / WORD_BYTES] = layout::to_words(&descriptor.encode());
        self.write(SUBMISSION + (place * DESCRIPTOR_BYTES) as u64, &words);
        self.entry += 1;
    }

    fn ring(&mut self, entry: usize) {
        let tail = (entry % ENTRIES as usize) as u32;
        self.card
            .write(Register::SubmissionTail, tail)
            .expect("a register");
    }

    /// Runs until the next completion is in memory, with a look there every so many cycles.
    fn completion(&mut self, look: u64) -> u64 {
        let place = self.completed % ENTRIES as usize;
        let phase = (self.completed / ENTRIES as usize).is_multiple_of(2);
        let address = COMPLETION + (place * COMPLETION_BYTES) as u64;
        let begin = self.card.cycles();
        let mut words = [0; COMPLETION_BYTES / WORD_BYTES];
        loop {
            self.card
                .memory()
                .read(address, &mut words)
                .expect("host memory");
            let bytes = layout::to_bytes(&words);
            if Completion::phase_of(&bytes) == phase {
                let completion = Completion::decode(&bytes).expect("a completion");
                assert_eq!(completion.status, JobStatus::Ok);
                self.completed += 1;
                return self.card.cycles();
            }
            assert!(self.card.cycles() - begin < 10_000_000, "a job is late");
            self.card.run(look);
        }
    }

    fn finish(&mut self, job: Job) {
        self.enqueue(job);
        self.ring(self.entry);
        self.completion(64);
        // All completions so far were read.
        let head = (self.completed % ENTRIES as usize) as u32;
        self.card
            .write(Register::CompletionHead, head)
            .expect("a register");
    }

    fn counters(&mut self) -> [u64; COUNTERS.len()] {
        COUNTERS.map(|register| self.card.read(register).expect("a counter").into())
    }
}

fn job(work: &Work, first: u64, set: &ParameterSet) -> Job {
    let size = (set.big_lwe_size() * WORD_BYTES) as u64;
    let luts = if work.own_tables {
        LutSelection::Each { list: LIST }
    } else {
        LutSelection::One { slot: 0 }
    };
    Job::KeyswitchBootstrap {
        source: INPUTS + first * size,
        destination: OUTPUTS + first * size,
        count: work.ciphertexts as u32,
        luts,
        samples: work.samples as u16,
        stride: 1,
    }
}

/// What was measured.
pub(crate) struct Measured {
    pub(crate) completions: Vec<u64>,
    /// Cycles from a completion to the next doorbell.
    pub(crate) gap: u64,
    /// By how much [`COUNTERS`] went up.
    pub(crate) counters: [u64; COUNTERS.len()],
}

/// Runs jobs on a card of its own.
pub(crate) fn measure(workload: &Workload) -> Measured {
    let mut rig = Rig::new(workload);
    let before = rig.counters();
    let first = rig.entry;
    let mut at = 0;
    for work in &workload.jobs {
        rig.enqueue(job(work, at, &workload.set));
        at += work.ciphertexts * work.samples;
    }
    let jobs = workload.jobs.len();
    let begin = rig.card.cycles();
    let mut handed_over = workload.in_flight.min(jobs);
    rig.ring(first + handed_over);
    let gap = rig.card.cycles() - begin;
    let begin = rig.card.cycles();
    let completions = (0..jobs).map(|_| {
        let completed = rig.completion(4);
        if handed_over < jobs {
            handed_over += 1;
            rig.ring(first + handed_over);
        }
        completed - begin
    });
    let completions = completions.collect();
    rig.card.run(REST);
    let after = rig.counters();
    let mut counters = after;
    for (counter, before) in counters.iter_mut().zip(before) {
        *counter -= before;
    }
    Measured {
        completions,
        gap,
        counters,
    }
}

//! The card's worker: takes settings and resets, and one job of the ring after the other.

use super::bus::{Buses, Failure};
use super::registers::{Counter, Task};
use super::shared::Shared;
use super::uploads::Keys;
use crate::model::Engine;
use gyrus_interface::card::Capabilities;
use gyrus_interface::catalogue;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::registers::{Bus, Fault, Status};
use gyrus_interface::ring::Cursor;
use gyrus_interface::settings::Settings;
use gyrus_interface::{
    Completion, Decomposition, GlweDimension, JobStatus, KeyswitchModulus, LweDimension,
    ModulusSwitch, ParameterSet, PolynomialSize,
};
use std::sync::Arc;
use std::time::Instant;

/// Both rings, as far as the card has worked through them.
struct Rings {
    submission: Cursor,
    completion: Cursor,
    /// Submission entries consumed.
    consumed: u32,
}

impl Rings {
    const fn start(entries: u32) -> Self {
        Self {
            submission: Cursor::start(entries as usize),
            completion: Cursor::start(entries as usize),
            consumed: 0,
        }
    }
}

/// What the card knows of its memory, and how it computes.
pub(super) struct Worker {
    pub(super) engine: Engine,
    pub(super) shared: Arc<Shared>,
    pub(super) bus: Buses,
    pub(super) capabilities: Capabilities,
    pub(super) settings: Settings,
    pub(super) set: ParameterSet,
    pub(super) keys: Keys,
    /// For each slot whether it holds a table.
    pub(super) tables: Vec<bool>,
    rings: Rings,
}

/// The parameters that settings stand for; noise and messages, which no card knows of, are a toy's.
fn parameters(settings: &Settings) -> ParameterSet {
    let gadget = |base_log, levels| Decomposition::new(base_log as usize, levels as usize);
    ParameterSet {
        name: "INSECURE_ON_A_CARD".to_owned(),
        lwe_dimension: LweDimension(settings.lwe_dimension as usize),
        glwe_dimension: GlweDimension(1),
        polynomial_size: PolynomialSize(1 << settings.log2_n),
        pbs: gadget(settings.base_log, settings.level_count),
        keyswitch: gadget(settings.keyswitch_base_log, settings.keyswitch_level_count),
        keyswitch_modulus: match settings.keyswitch_modulus_log2 {
            64 => KeyswitchModulus::Native64,
            log2 => KeyswitchModulus::PowerOfTwo32 { log2 },
        },
        modulus_switch: if settings.modulus_switch == 0 {
            ModulusSwitch::Standard
        } else {
            ModulusSwitch::CenteredMeanNoiseReduction
        },
        ..catalogue::toy()
    }
}

impl Worker {
    pub(super) fn new(
        engine: Engine,
        shared: Arc<Shared>,
        bus: Buses,
        capabilities: Capabilities,
    ) -> Self {
        Self {
            engine,
            shared,
            bus,
            capabilities,
            settings: Settings::default(),
            set: catalogue::toy(),
            keys: Keys::default(),
            tables: Vec::new(),
            rings: Rings::start(0),
        }
    }

    /// Works until it is told to end.
    pub(super) fn run(mut self) {
        loop {
            match self.shared.next_task() {
                Task::PowerOff => return,
                Task::Reset => {
                    let stuck = self.bus.settle();
                    self.forget();
                    self.shared.reset(stuck);
                }
                Task::Configure => self.configure(),
                Task::Job => self.next_job(),
            }
        }
    }

    fn forget(&mut self) {
        self.keys = Keys::default();
        self.tables = vec![false; self.capabilities.lut_slots as usize];
    }

    fn configure(&mut self) {
        let settings = self.shared.with(|registers| registers.settings());
        let checked = settings.check(&self.capabilities);
        self.forget();
        if checked.is_ok() {
            self.rings = Rings::start(settings.ring_entries);
            self.set = parameters(&settings);
            self.settings = settings;
        }
        self.shared
            .with(|registers| registers.configured(checked.map(|()| settings)));
    }

    /// Takes the next descriptor, does what it says, writes the completion.
    fn next_job(&mut self) {
        let index = self.rings.submission.index();
        let at = self.settings.submission_ring + (index * DESCRIPTOR_BYTES) as u64;
        let mut words = [0; DESCRIPTOR_BYTES / WORD_BYTES];
        match self.bus.read(at, &mut words) {
            Ok(()) => (),
            Err(Failure::Job(..)) => return self.halt(Fault::SubmissionRingUnreachable, at),
            Err(Failure::Dead(bus)) => return self.dead(bus),
            Err(Failure::GivenUp) => return,
        }
        let start = Instant::now();
        let bytes = layout::to_bytes(&words);
        let tag = Descriptor::tag_of(&bytes);
        let stale = Descriptor::phase_of(&bytes) != self.rings.submission.phase();
        self.rings.submission.advance();
        self.rings.consumed = self.rings.consumed.wrapping_add(1);
        let result = if stale {
            Err(Failure::Job(JobStatus::MalformedDescriptor, at))
        } else {
            Descriptor::decode(&bytes)
                .map_err(|status| Failure::Job(status, at))
                .and_then(|descriptor| self.execute(descriptor.job))
        };
        match result {
            Ok(()) => self.complete(tag, start, JobStatus::Ok, 0),
            Err(Failure::Job(status, detail)) => self.complete(tag, start, status, detail),
            Err(Failure::Dead(bus)) => self.dead(bus),
            Err(Failure::GivenUp) => (),
        }
    }

    fn halt(&self, fault: Fault, detail: u64) {
        self.shared.with(|registers| registers.halt(fault, detail));
    }

    fn dead(&self, bus: Bus) {
        self.halt(Fault::BusDeadline, bus as u64);
    }

    fn complete(&mut self, tag: u64, start: Instant, status: JobStatus, detail: u64) {
        let at = self.rings.completion;
        let mut next = at;
        next.advance();
        let address = self.settings.completion_ring + (at.index() * COMPLETION_BYTES) as u64;
        if status != JobStatus::Ok {
            self.shared
                .with(|registers| registers.report(status as u32, tag, detail));
        }
        if !self.shared.wait_for_room(index(next), address) {
            return;
        }
        let completion = Completion {
            tag,
            cycles: u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
            detail,
            status,
            phase: at.phase(),
            consumed: self.rings.consumed,
        };
        let words: [u64; COMPLETION_BYTES / WORD_BYTES] = layout::to_words(&completion.encode());
        let consumed = index(self.rings.submission);
        self.shared.with(|registers| registers.consume(consumed));
        match self.bus.write(address, &words) {
            Ok(()) => (),
            Err(Failure::Job(..)) => {
                return self.halt(Fault::CompletionRingUnreachable, address);
            }
            Err(Failure::Dead(bus)) => return self.dead(bus),
            Err(Failure::GivenUp) => return,
        }
        self.rings.completion = next;
        self.shared.with(|registers| {
            registers.count(&Counter::JOBS, 1);
            registers.completed();
        });
    }

    /// Says which keys are complete.
    pub(super) fn show_keys(&self) {
        let keys = [
            (Status::KEY_LOADED, self.keys.bootstrapping.is_loaded()),
            (
                Status::KEYSWITCH_KEY_LOADED,
                self.keys.keyswitch.is_loaded(),
            ),
        ];
        self.shared.with(|registers| {
            for (bit, loaded) in keys {
                registers.set_status(bit, loaded);
            }
        });
    }
}

/// A ring has at most 2^16 entries.
fn index(cursor: Cursor) -> u32 {
    u32::try_from(cursor.index()).unwrap_or(u32::MAX)
}

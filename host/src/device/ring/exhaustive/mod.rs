//! The ring engine and a card on threads of their own, in all interleavings of their accesses to what they share,
//! and with the values that the memory model of C11 lets a load see. Loom finds them, but for what only a store that
//! is executed later than the load could give. Longer runs are explored up to a number of preemptions: of switches
//! away from a thread that could go on.
//!
//! A weak memory is the difference to [`super::interleavings`], which tries longer runs at random in a memory
//! that is sequentially consistent. What one side writes for the other, descriptors, ciphertexts and completions,
//! lies in cells whose accesses have to be ordered by something: loom reports those that are not. There is what
//! [`crate::device::Transport`] promises: doorbells are stores that release, and the phase of a completion is loaded
//! to acquire; a read of a register comes behind the writes to registers before it, and what is read of memory or
//! written to it next comes behind what the card had written when it answered. Without the last, resets and sleep
//! would not work.
//!
//! Taking the card over and the first configuration are no part of what is explored: the card's thread starts
//! behind them. The driver reads the clock. So that this does not change what it accesses, it either *sleeps*,
//! until an interrupt comes, for ever if none does, which loom finds; or it *looks*, and then asks the engine for a
//! completion only once one is there, found by a load that orders nothing.

mod shared;

use super::{InFlight, RingDevice};
use crate::device::{Batch, BatchTag, Device, LutSlot};
use gyrus_interface::job::{COMPLETION_BYTES, COMPLETION_PHASE_WORD, DESCRIPTOR_BYTES, Descriptor};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::registers::Status;
use gyrus_interface::ring::Cursor;
use gyrus_interface::settings::Settings;
use gyrus_interface::{Completion, DeviceError, Job, JobStatus, catalogue};
use loom::sync::atomic::Ordering;
use loom::thread;
use shared::{Shared, Way};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU64 as Plain;
use std::time::{Duration, Instant};

const BASE: u64 = 1 << 32;

/// What is wrong with a card, its driver, or the way between them.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bug {
    None,
    /// The card completes a job before it writes the results.
    CompletesFirst,
    /// The card writes the phase of a completion before the rest.
    PhaseFirst,
    /// The card writes the phase of a completion in no order with what it wrote before.
    RelaxedCompletion,
    /// The card says that a reset has ended while a completion is still on its way to memory.
    ResetsEarly,
    /// The driver gives a buffer to the next batch while the card has it.
    FreesEarly,
    /// The driver clears the interrupt's cause behind its last look at the ring.
    ClearsLate,
    /// Doorbells come in no order with what the driver wrote before.
    RelaxedDoorbell,
    /// The phase of a completion is loaded in no order with what is read next.
    RelaxedPhase,
    /// Reads of registers come in no order with anything.
    ReadsPass,
}

/// How the driver learns of a completion.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Waits {
    Looks,
    Sleeps,
}

/// What is explored.
#[derive(Debug, Clone, Copy)]
struct Trial {
    /// Of each ring.
    entries: u32,
    jobs: u64,
    /// Jobs that were in flight when the card was reset, before all these.
    given_up: u64,
    waits: Waits,
    /// Times that a thread is left that could go on, at most.
    preemptions: Option<usize>,
    bug: Bug,
}

/// The driver has asked for a reset.
struct Reset;

/// The card, from one configuration to the next reset.
struct Life<'a> {
    shared: &'a Shared,
    trial: Trial,
    settings: Settings,
    submission: Cursor,
    completion: Cursor,
    /// It will be reset.
    resets: bool,
    /// A completion that is not in memory yet: where it goes, and its words.
    owed: Option<(u64, [u64; COMPLETION_BYTES / WORD_BYTES])>,
}

impl Life<'_> {
    /// A moment in which the card may be reset.
    fn go_on(&self) -> Result<(), Reset> {
        if self.resets && self.shared.status().has(Status::RESETTING) {
            return Err(Reset);
        }
        Ok(())
    }

    /// Waits for the other side; it might be slow.
    fn until(&self, done: impl Fn() -> bool) -> Result<(), Reset> {
        while !done() {
            self.go_on()?;
            thread::yield_now();
        }
        Ok(())
    }

    fn next_descriptor(&mut self) -> Result<Descriptor, Reset> {
        let index = self.submission.index();
        self.until(|| self.shared.tail() != index)?;
        let mut words = [0; DESCRIPTOR_BYTES / WORD_BYTES];
        let at = self.settings.submission_ring + (index * DESCRIPTOR_BYTES) as u64;
        self.shared.read(at, &mut words);
        let descriptor = Descriptor::decode(&layout::to_bytes(&words)).unwrap();
        assert_eq!(descriptor.phase, self.submission.phase());
        self.submission.advance();
        Ok(descriptor)
    }

    fn job(&mut self) -> Result<(), Reset> {
        let descriptor = self.next_descriptor()?;
        let Job::KeyswitchBootstrap {
            source,
            destination,
            ..
        } = descriptor.job
        else {
            panic!("no other job was submitted");
        };
        let mut input = vec![0; catalogue::toy().big_lwe_size()];
        self.shared.read(source, &mut input);
        let output: Vec<u64> = input.iter().map(|word| !word).collect();
        self.go_on()?;
        let late = self.trial.bug == Bug::CompletesFirst;
        if !late {
            self.shared.write(destination, &output);
        }
        self.complete(descriptor.tag)?;
        if late {
            self.shared.write(destination, &output);
        }
        Ok(())
    }

    fn complete(&mut self, tag: u64) -> Result<(), Reset> {
        let mut next = self.completion;
        next.advance();
        self.until(|| self.shared.head() != next.index())?;
        let bytes = Completion {
            tag,
            cycles: 1,
            detail: 0,
            status: JobStatus::Ok,
            phase: self.completion.phase(),
            consumed: 0,
        }
        .encode();
        let at =
            self.settings.completion_ring + (self.completion.index() * COMPLETION_BYTES) as u64;
        self.owed = Some((at, layout::to_words(&bytes)));
        self.go_on()?;
        self.write_owed();
        self.completion = next;
        self.shared.raise();
        Ok(())
    }

    fn write_owed(&mut self) {
        let Some((at, words)) = self.owed.take() else {
            return;
        };
        let (rest, phase) = words.split_at(COMPLETION_PHASE_WORD / WORD_BYTES);
        let first = self.trial.bug == Bug::PhaseFirst;
        let order = match self.trial.bug {
            Bug::RelaxedCompletion => Ordering::Relaxed,
            _ => Ordering::Release,
        };
        if !first {
            self.shared.write(at, rest);
        }
        let place = self.shared.phase(at + COMPLETION_PHASE_WORD as u64);
        place.store(phase[0], order);
        if first {
            self.shared.write(at, rest);
        }
    }
}

/// The card's thread: the least that does all of it.
fn card(shared: &Shared, trial: Trial) {
    for resets in [true, false] {
        if resets && trial.given_up == 0 {
            continue;
        }
        let settings = Settings::from_registers(|register| shared.plain(register));
        let start = Cursor::start(settings.ring_entries as usize);
        let mut life = Life {
            shared,
            trial,
            settings,
            submission: start,
            completion: start,
            resets,
            owed: None,
        };
        if !resets {
            for _ in 0..trial.jobs {
                assert!(life.job().is_ok());
            }
            return;
        }
        while life.job().is_ok() {}
        shared.end_reset();
        if trial.bug == Bug::ResetsEarly {
            life.write_owed();
        }
        while !shared.status().has(Status::CONFIGURING) {
            thread::yield_now();
        }
        shared.end_configuration();
    }
}

fn input(number: u64) -> Vec<u64> {
    let size = catalogue::toy().big_lwe_size() as u64;
    (0..size).map(|at| number << 32 | at).collect()
}

/// No time passes that matters.
fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(3600)
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

fn take(device: &mut RingDevice<Way>, expected: &mut HashMap<BatchTag, u64>, waits: Waits) {
    if waits == Waits::Looks {
        let next = device.completion;
        let entry = device.plan.as_ref().unwrap().rings.completion
            + (next.index() * COMPLETION_BYTES) as u64;
        let shared = Arc::clone(&device.driver.transport.shared);
        let phase = shared.phase(entry + COMPLETION_PHASE_WORD as u64);
        let mut words = [0; COMPLETION_BYTES / WORD_BYTES];
        loop {
            words[COMPLETION_PHASE_WORD / WORD_BYTES] = phase.load(Ordering::Relaxed);
            if Completion::phase_of(&layout::to_bytes(&words)) == next.phase() {
                break;
            }
            thread::yield_now();
        }
    }
    let finished = device.wait(deadline()).unwrap();
    let number = expected.remove(&finished.tag).unwrap();
    let right: Vec<u64> = input(number).iter().map(|word| !word).collect();
    let found = finished.outputs.unwrap().concat();
    assert!(found == right, "job {number} has other outputs");
}

/// One execution: all that comes back has to be right.
fn drive(trial: Trial) {
    let mut device = RingDevice::take_over(Way::new(trial), trial.entries, deadline()).unwrap();
    device.configure(&catalogue::toy(), deadline()).unwrap();
    device.keys_loaded = true;
    device.driver.transport.card_runs = true;
    let card = {
        let shared = Arc::clone(&device.driver.transport.shared);
        thread::spawn(move || card(&shared, trial))
    };
    if trial.given_up > 0 {
        for number in 0..trial.given_up {
            submit(&mut device, !number, trial.bug).unwrap();
        }
        device.reset(deadline()).unwrap();
        device.configure(&catalogue::toy(), deadline()).unwrap();
        device.keys_loaded = true;
    }
    let mut expected = HashMap::new();
    let mut refused = 0;
    for number in 0..trial.jobs {
        let tag = loop {
            match submit(&mut device, number, trial.bug) {
                Ok(tag) => break tag,
                Err(DeviceError::RingFull(in_flight)) => {
                    assert_eq!(in_flight, expected.len());
                    refused += 1;
                    take(&mut device, &mut expected, trial.waits);
                }
                Err(error) => panic!("{error}"),
            }
        };
        assert!(expected.insert(tag, number).is_none());
    }
    let most = device.identity().max_in_flight as u64;
    assert_eq!(refused, trial.jobs.saturating_sub(most));
    while !expected.is_empty() {
        take(&mut device, &mut expected, trial.waits);
    }
    card.join().unwrap();
}

/// Runs all executions there are; how many that were, or what went wrong in the last one.
fn explore(trial: Trial) -> Result<u64, String> {
    let executions = Arc::new(Plain::new(0));
    let mut model = loom::model::Builder::new();
    model.preemption_bound = trial.preemptions;
    // An execution that takes longer is a failure.
    model.max_branches = 10_000;
    let counted = Arc::clone(&executions);
    let explored = catch_unwind(AssertUnwindSafe(|| {
        model.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            drive(trial);
        });
    }));
    let count = executions.load(Ordering::Relaxed);
    match explored {
        Ok(()) => Ok(count),
        Err(panic) => Err(match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => panic.downcast_ref::<&str>().unwrap().to_string(),
        }),
    }
}

/// One job, in every execution there is.
const ONE: Trial = Trial {
    entries: 4,
    jobs: 1,
    given_up: 0,
    waits: Waits::Looks,
    preemptions: None,
    bug: Bug::None,
};

/// So many entries and jobs, with a driver that looks and with one that sleeps, each up to a bound of its own.
fn both_ways(entries: u32, jobs: u64, looks: Option<usize>, sleeps: Option<usize>) -> [Trial; 2] {
    [(Waits::Looks, looks), (Waits::Sleeps, sleeps)].map(|(waits, preemptions)| Trial {
        entries,
        jobs,
        waits,
        preemptions,
        ..ONE
    })
}

fn nothing_is_wrong_with(trials: impl IntoIterator<Item = Trial>) {
    for trial in trials {
        let start = Instant::now();
        let executions = explore(trial).unwrap_or_else(|wrong| panic!("{trial:?}: {wrong}"));
        println!(
            "{executions} executions in {:?}: {trial:?}",
            start.elapsed()
        );
        assert!(executions > 50, "there is more to explore");
    }
}

/// One job: all there is. Two in flight: all there is for a driver that looks, four preemptions for one that sleeps.
#[test]
fn jobs_complete_in_every_execution() {
    nothing_is_wrong_with(both_ways(4, 1, None, None));
    nothing_is_wrong_with(both_ways(4, 2, None, Some(4)));
}

/// Rings of two entries are full with one job in flight, and two jobs are a pass: so there are five to turn both
/// phases. Up to four preemptions for a driver that looks, three for one that sleeps; of three jobs, all there is.
#[test]
fn rings_wrap_and_fill_up_in_every_execution() {
    nothing_is_wrong_with([Trial {
        entries: 2,
        jobs: 3,
        ..ONE
    }]);
    nothing_is_wrong_with(both_ways(2, 5, Some(4), Some(3)));
}

/// Passes that end in the midst of what is in flight: up to two preemptions, and three where one is in flight
/// and the driver looks.
#[test]
fn rings_of_more_entries_wrap_in_every_execution() {
    nothing_is_wrong_with(both_ways(3, 7, Some(3), Some(2)));
    nothing_is_wrong_with(both_ways(4, 5, Some(2), Some(2)));
}

/// One job in flight at the reset: up to one preemption for a driver that looks then, two for one that sleeps. Two in
/// flight: one.
#[test]
fn nothing_of_a_former_life_comes_back_in_any_execution() {
    let given_up = |trial| Trial {
        given_up: 1,
        ..trial
    };
    nothing_is_wrong_with(both_ways(2, 1, Some(1), Some(2)).map(given_up));
    nothing_is_wrong_with([Trial {
        jobs: 2,
        given_up: 2,
        waits: Waits::Sleeps,
        preemptions: Some(1),
        ..ONE
    }]);
}

/// One preemption is enough for each of them. Those of the orders that are weaker than promised do not exist in a
/// memory that is sequentially consistent.
#[test]
fn what_is_wrong_is_found() {
    let (race, deadlock) = ("Causality violation", "deadlock");
    for (bug, waits, given_up, complaint) in [
        (Bug::CompletesFirst, Waits::Looks, 0, race),
        (Bug::PhaseFirst, Waits::Looks, 0, race),
        (Bug::RelaxedCompletion, Waits::Looks, 0, race),
        (Bug::ResetsEarly, Waits::Looks, 1, race),
        (Bug::FreesEarly, Waits::Looks, 0, race),
        (Bug::ClearsLate, Waits::Sleeps, 0, deadlock),
        (Bug::RelaxedDoorbell, Waits::Looks, 0, race),
        (Bug::RelaxedPhase, Waits::Looks, 0, race),
        (Bug::ReadsPass, Waits::Sleeps, 0, deadlock),
        (Bug::ReadsPass, Waits::Looks, 1, race),
    ] {
        let trial = Trial {
            jobs: 2,
            given_up,
            waits,
            preemptions: Some(1),
            bug,
            ..ONE
        };
        let found = explore(trial).expect_err("this is wrong");
        println!("{bug:?}: {found}");
        assert!(found.starts_with(complaint), "{trial:?}: {found}");
    }
}

//! Buses that do not answer, or do not take an address, each of them in each way: the card waits until the deadline, then halts and
//! names the bus; a reset helps once the bus answered.

use super::bench::{Bench, ready};
use super::buses::{halts, recovers};
use super::card_buses::{key_address, key_word};
use super::rig::{OK, Rig};
use super::{ConformanceError, Options, same};
use crate::device::{Card, MemoryFault};
use gyrus_interface::JobStatus;
use gyrus_interface::job::{Job, KeyKind};
use gyrus_interface::registers::{Bus, Control, Fault, Register, Status};
use std::ops::Range;

/// The bus that reads a key.
const fn key_bus(kind: KeyKind) -> Bus {
    match kind {
        KeyKind::Bootstrapping => Bus::Key,
        KeyKind::Keyswitch => Bus::Keyswitch,
    }
}

/// Where a bus falls silent.
struct Silence {
    what: &'static str,
    bus: Bus,
    fault: MemoryFault,
    range: Range<u64>,
    /// A job that comes there.
    job: Job,
}

impl Silence {
    /// The `number`-th of them.
    fn new(
        rig: &mut Rig<'_>,
        bench: &Bench,
        number: usize,
    ) -> Result<Option<Self>, ConformanceError> {
        let table = rig.settings.lut_address;
        let word = |address: u64| address..address + 8;
        let kind = if number.is_multiple_of(2) {
            KeyKind::Bootstrapping
        } else {
            KeyKind::Keyswitch
        };
        let job = bench.job();
        let (what, bus, fault, range, job) = match number {
            0..6 => {
                let address = key_word(rig, bench, kind, number / 2);
                (
                    "a key",
                    key_bus(kind),
                    MemoryFault::Dead,
                    word(address),
                    job,
                )
            }
            6 | 7 => {
                let first = bench.channels(kind).first().cloned().unwrap_or_default();
                let (before, words) = first.split_at_checked(64).unwrap_or_default();
                let words = words.get(..100).unwrap_or(words);
                // With this the key is lost, and nobody reads there any more.
                let job = rig.piece(kind, 0, before)?;
                rig.expect(job, OK)?;
                let behind = before.len() as u64 * 8;
                let job = rig.piece(kind, behind, words)?;
                let last = key_address(rig, kind) + behind + (words.len() as u64 - 1) * 8;
                let fault = MemoryFault::Dead;
                ("a piece of a key", Bus::CardWrite, fault, word(last), job)
            }
            8 => {
                let range = word(table + 1024);
                ("a table", Bus::CardRead, MemoryFault::Dead, range, job)
            }
            9 | 10 => {
                let job = rig.tables(0, &bench.table)?;
                let fault = if number == 9 {
                    MemoryFault::Dead
                } else {
                    MemoryFault::Mute
                };
                let what = "an upload of a table";
                (what, Bus::CardWrite, fault, word(table), job)
            }
            11 => {
                let range = word(bench.destination);
                let what = "a destination";
                (what, Bus::HostWrite, MemoryFault::Mute, range, job)
            }
            12 => {
                let range = word(rig.next_completion() + 24);
                let what = "a completion";
                (what, Bus::HostWrite, MemoryFault::Mute, range, job)
            }
            13 => {
                // The bus that writes waits for the card all the while.
                let (source, destination) = (bench.source, bench.destination);
                let job = Job::Copy {
                    source,
                    destination,
                    length: bench.input.len() as u64 * 8,
                };
                let range = word(source + 96);
                let what = "a copy's source";
                (what, Bus::HostRead, MemoryFault::Dead, range, job)
            }
            14 => {
                let job = rig.tables(0, &bench.table)?;
                let Job::UploadLuts { source, .. } = job else {
                    return Ok(None);
                };
                let range = word(source + 800);
                let what = "an upload's source";
                (what, Bus::HostRead, MemoryFault::Dead, range, job)
            }
            15..19 => {
                let address = key_word(rig, bench, kind, (number - 15) / 2);
                let what = "the address of a key";
                (what, key_bus(kind), MemoryFault::Deaf, word(address), job)
            }
            19.. => return Self::deaf(rig, bench, number - 19),
        };
        Ok(Some(Self {
            what,
            bus,
            fault,
            range,
            job,
        }))
    }

    /// The `number`-th of those that do not take an address, but for keys.
    fn deaf(
        rig: &mut Rig<'_>,
        bench: &Bench,
        number: usize,
    ) -> Result<Option<Self>, ConformanceError> {
        let table = rig.settings.lut_address;
        let job = bench.job();
        let (what, bus, address, job) = match number {
            0 => ("the address of a table", Bus::CardRead, table + 1024, job),
            1 => {
                let job = rig.tables(0, &bench.table)?;
                let what = "the address of an upload";
                (what, Bus::CardWrite, table + 1024, job)
            }
            2 => {
                let first = bench.destination;
                ("the address of a destination", Bus::HostWrite, first, job)
            }
            3 => {
                let entry = rig.next_completion();
                ("the address of a completion", Bus::HostWrite, entry, job)
            }
            4 => {
                let middle = bench.source + 400;
                ("the address of a source", Bus::HostRead, middle, job)
            }
            5 => {
                let entry = rig.next_entry();
                ("the address of a descriptor", Bus::HostRead, entry, job)
            }
            _ => return Ok(None),
        };
        Ok(Some(Self {
            what,
            bus,
            fault: MemoryFault::Deaf,
            range: address..address + 8,
            job,
        }))
    }

    /// Lets the bus fall silent.
    fn begin(&self, rig: &mut Rig<'_>) {
        let (range, fault) = (self.range.clone(), self.fault);
        match self.bus {
            Bus::HostRead | Bus::HostWrite => rig.card.memory().fail(range, fault),
            _ => rig.card.fail_card_memory(range, fault),
        }
    }

    /// Hands over jobs that come there; their number. Of bootstraps a full ring, as keys are read ahead, and as all
    /// stages are to wait.
    fn submit(&self, rig: &mut Rig<'_>) -> Result<usize, ConformanceError> {
        let jobs = match self.job {
            Job::KeyswitchBootstrap { .. } => rig.room() - 1,
            _ => 1,
        };
        for _ in 0..jobs {
            rig.enqueue(rig.descriptor(self.job).encode())?;
        }
        rig.ring()?;
        Ok(jobs)
    }
}

/// Buses that are slow, but come to life: nothing is lost.
///
/// # Errors
/// A job ends otherwise than without.
pub fn slow_buses(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let begin = rig.area(0);
    for number in 0.. {
        bench.prepare(&rig)?;
        let Some(silence) = Silence::new(&mut rig, &bench, number)? else {
            break;
        };
        silence.begin(&mut rig);
        let jobs = silence.submit(&mut rig)?;
        rig.pass_cycles(options.bus_deadline)?;
        let mut done = 0;
        while let Some(completion) = rig.look()? {
            same(silence.what, completion.status, JobStatus::Ok)?;
            done += 1;
        }
        rig.acknowledge()?;
        let waits = format!("{}: job {done} of {jobs} waits", silence.what);
        same(&waits, done < jobs, true)?;
        rig.card.memory().mend();
        rig.card.mend_card_memory();
        for _ in done..jobs {
            same(silence.what, rig.next_end()?, OK)?;
        }
        if let Job::UploadKey { kind, .. } = silence.job {
            rig.upload(kind, bench.channels(kind))?;
        }
        bench.works(&mut rig)?;
        rig.rewind(begin);
    }
    Ok(())
}

/// Buses that are dead.
///
/// # Errors
/// The card does not halt, or names another bus, or a reset does not help.
pub fn silent_buses(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    for number in 0.. {
        rig.card.write(Register::Error, 0)?;
        bench.prepare(&rig)?;
        let Some(silence) = Silence::new(&mut rig, &bench, number)? else {
            break;
        };
        rig.card
            .write(Register::BusDeadline, options.bus_deadline)?;
        silence.begin(&mut rig);
        silence.submit(&mut rig)?;
        let bus = silence.bus as u64;
        halts(&mut rig, silence.what, Fault::BusDeadline, bus)?;
        // The others wait for it, or for the card: they are not dead.
        rig.pass_cycles(2 * options.bus_deadline)?;
        halts(&mut rig, silence.what, Fault::BusDeadline, bus)?;
        if number % 3 == 1 {
            // A reset while it is silent.
            rig.reset()?;
            let stuck = rig.status()?.has(Status::STUCK);
            same(&format!("stuck on {}", silence.what), stuck, true)?;
        }
        recovers(&mut rig, &mut bench)?;
    }
    Ok(())
}

/// Buses that are reset while they owe something, before the card halts for it and behind: it is owed no more, and
/// the card comes back.
///
/// # Errors
/// It does not, or is stuck.
pub fn resets_of_the_buses(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    for number in 0.. {
        bench.prepare(&rig)?;
        let Some(silence) = Silence::new(&mut rig, &bench, number)? else {
            break;
        };
        rig.card
            .write(Register::BusDeadline, options.bus_deadline)?;
        silence.begin(&mut rig);
        silence.submit(&mut rig)?;
        if number % 3 == 0 {
            let bus = silence.bus as u64;
            halts(&mut rig, silence.what, Fault::BusDeadline, bus)?;
        } else {
            rig.pass_cycles(options.bus_deadline / 2)?;
        }
        if number % 4 == 3 {
            // In the middle of a reset that waits for the bus.
            rig.card.write(Register::Control, Control::RESET)?;
        }
        rig.card.reset_buses();
        let status = rig.wait_status("the end of a reset of the buses", |status| {
            !status.has(Status::RESETTING)
        })?;
        same(&format!("status with {}", silence.what), status.0, 0)?;
        recovers(&mut rig, &mut bench)?;
    }
    Ok(())
}

/// A deadline that becomes shorter than what a bus has been silent for already: it counts at once.
///
/// # Errors
/// The card does not halt.
pub fn shorter_deadlines(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    rig.card.write(Register::Error, 0)?;
    bench.prepare(&rig)?;
    let source = bench.source;
    let memory = rig.card.memory();
    memory.fail(source..source + 8, MemoryFault::Dead);
    rig.submit(bench.job())?;
    rig.pass_cycles(2 * options.bus_deadline)?;
    let halted = rig.status()?.has(Status::HALTED);
    same("halted before the deadline", halted, false)?;
    rig.card
        .write(Register::BusDeadline, options.bus_deadline)?;
    let bus = Bus::HostRead as u64;
    halts(&mut rig, "a source", Fault::BusDeadline, bus)?;
    recovers(&mut rig, &mut bench)
}

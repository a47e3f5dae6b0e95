//! Host memory that answers with errors, or not at all.

use super::bench::{Bench, ready};
use super::rig::{OK, Rig};
use super::{ConformanceError, Options, same, same_words};
use crate::device::{Card, HostMemory, MemoryFault};
use gyrus_interface::JobStatus::{self, BusError};
use gyrus_interface::job::{Job, KeyKind, LutSelection};
use gyrus_interface::layout::pack_u32;
use gyrus_interface::registers::{Bus, Fault, Register, Status};
use std::ops::Range;

/// The bench's job with a list, which lies at an address of its own.
fn with_list(rig: &mut Rig<'_>, bench: &Bench) -> Result<(u64, Job), ConformanceError> {
    let list = rig.place(&pack_u32(&[0]))?;
    let job = Job::KeyswitchBootstrap {
        source: bench.source,
        destination: bench.destination,
        count: 1,
        luts: LutSelection::Each { list },
        samples: 1,
        stride: 0,
    };
    Ok((list, job))
}

/// Errors of each kind of address end the job that met them, with the word's address.
///
/// # Errors
/// A job ends otherwise, or later ones are harmed.
pub fn bus_errors(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let (list, listed) = with_list(&mut rig, &bench)?;
    let bytes = bench.input.len() as u64 * 8;
    let (source, destination) = (bench.source, bench.destination);
    let table = rig.tables(0, &bench.table)?;
    let Job::UploadLuts {
        source: table_source,
        ..
    } = table
    else {
        return Ok(());
    };
    let piece = rig.piece(KeyKind::Keyswitch, 0, &[1, 2, 3])?;
    let Job::UploadKey {
        source: piece_source,
        ..
    } = piece
    else {
        return Ok(());
    };
    let from = rig.place(&[7; 100])?;
    let to = rig.place(&[0; 100])?;
    let copy = Job::Copy {
        source: from,
        destination: to,
        length: 800,
    };
    let word = |address: u64| address..address + 1;
    let cases: [(Job, Range<u64>, u64); 9] = [
        (bench.job(), word(source), source),
        (bench.job(), word(source + 803), source + 800),
        (bench.job(), word(source + bytes - 8), source + bytes - 8),
        (bench.job(), destination..destination + bytes, destination),
        (listed, word(list), list),
        (copy, word(from + 792), from + 792),
        (copy, to..to + 800, to),
        (table, word(table_source + 64), table_source + 64),
        (piece, word(piece_source + 16), piece_source + 16),
    ];
    for (job, range, address) in cases {
        bench.prepare(&rig)?;
        rig.card.memory().fail(range, MemoryFault::Error);
        rig.submit(job)?;
        rig.submit(Job::Barrier)?;
        let end = rig.next_end()?;
        same(&format!("{job:x?}"), end, (BusError, address))?;
        same("the job behind", rig.next_end()?, OK)?;
        rig.card.memory().mend();
        match job {
            Job::UploadLuts { .. } => bench.load_table(&mut rig)?,
            Job::UploadKey { kind, .. } => {
                let end = rig.run(bench.job())?;
                same("without a key", end, (JobStatus::KeysNotLoaded, 0))?;
                rig.upload(kind, bench.channels(kind))?;
            }
            _ => (),
        }
        bench.works(&mut rig)?;
    }
    // Addresses in the window where there is no memory.
    let mut settings = rig.settings;
    let end = HostMemory::BASE + rig.card.memory().bytes() as u64;
    settings.window_end = end + (1 << 20);
    rig.take(&settings)?;
    let set = bench.material.set.clone();
    let bench = Bench::new(&mut rig, &set)?;
    bench.load(&mut rig)?;
    let at = |source, destination| Job::KeyswitchBootstrap {
        source,
        destination,
        count: 1,
        luts: LutSelection::One { slot: 0 },
        samples: 1,
        stride: 0,
    };
    for (job, address) in [
        (at(end, bench.destination), end),
        (at(end - 80, bench.destination), end),
        (at(end + 4096, bench.destination), end + 4096),
        (at(bench.source, end), end),
    ] {
        bench.refused(&mut rig, job, (BusError, address))?;
    }
    bench.works(&mut rig)
}

/// Waits for a halt, whose reason this is; the card takes nothing then but a reset.
pub(super) fn halts(
    rig: &mut Rig<'_>,
    what: &str,
    fault: Fault,
    expected: u64,
) -> Result<(), ConformanceError> {
    rig.wait_status(&format!("a halt because of {what}"), |status| {
        status.has(Status::HALTED)
    })?;
    let (code, _, detail) = rig.first_error()?;
    let what = format!("error because of {what}");
    same(&what, (code, detail), (fault as u32, expected))
}

/// Brings a card that halted back, and shows that it works.
pub(super) fn recovers(rig: &mut Rig<'_>, bench: &mut Bench) -> Result<(), ConformanceError> {
    let entry = rig.next_completion();
    let before = rig.read(entry, 4)?;
    rig.submit(Job::Barrier)?;
    rig.pass_time()?;
    same(
        "a completion of a card that halted",
        rig.read(entry, 4)?,
        before,
    )?;
    rig.card.memory().mend();
    rig.card.mend_card_memory();
    rig.reset()?;
    same("status after a reset", rig.status()?.0, 0)?;
    let set = bench.material.set.clone();
    rig.configure(&set)?;
    bench.areas(rig);
    bench.load(rig)?;
    bench.works(rig)
}

/// Rings that answer with errors: there is nowhere to tell it but in the registers.
///
/// # Errors
/// The card does not halt, or does not say why, or a reset does not help.
pub fn unreachable_rings(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    rig.card.write(Register::Error, 0)?;
    let entry = rig.next_entry();
    rig.card
        .memory()
        .fail(entry + 8..entry + 16, MemoryFault::Error);
    rig.submit(Job::Barrier)?;
    let fault = Fault::SubmissionRingUnreachable;
    halts(&mut rig, "the submission ring", fault, entry)?;
    recovers(&mut rig, &mut bench)?;
    let entry = rig.next_completion();
    rig.card
        .memory()
        .fail(entry..entry + 32, MemoryFault::Error);
    rig.submit(bench.job())?;
    let fault = Fault::CompletionRingUnreachable;
    halts(&mut rig, "the completion ring", fault, entry)?;
    recovers(&mut rig, &mut bench)
}

/// Addresses that do not answer: the card halts after the bus deadline, and a reset helps once the
/// bus has answered. Until the deadline it waits.
///
/// # Errors
/// It does not.
pub fn dead_buses(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    // Slow is not dead.
    bench.prepare(&rig)?;
    let middle = bench.source + 400;
    rig.card
        .memory()
        .fail(middle..middle + 8, MemoryFault::Dead);
    rig.submit(bench.job())?;
    for _ in 0..3 {
        rig.pass_time()?;
    }
    rig.card.memory().mend();
    same("the end of a slow job", rig.next_end()?, OK)?;
    bench.check(&rig)?;

    for place in 0..5 {
        rig.card.write(Register::Error, 0)?;
        rig.card
            .write(Register::BusDeadline, options.bus_deadline)?;
        bench.prepare(&rig)?;
        let (list, job) = with_list(&mut rig, &bench)?;
        let (what, dead, bus) = match place {
            0 => (
                "a source",
                bench.source + 64..bench.source + 72,
                Bus::HostRead,
            ),
            1 => (
                "a destination",
                bench.destination..bench.destination + 4096,
                Bus::HostWrite,
            ),
            2 => ("a list", list..list + 8, Bus::HostRead),
            3 => {
                let entry = rig.next_entry();
                ("a descriptor", entry..entry + 64, Bus::HostRead)
            }
            _ => {
                let entry = rig.next_completion();
                ("a completion", entry..entry + 32, Bus::HostWrite)
            }
        };
        rig.card.memory().fail(dead, MemoryFault::Dead);
        rig.submit(job)?;
        halts(&mut rig, what, Fault::BusDeadline, bus as u64)?;
        recovers(&mut rig, &mut bench)?;
    }
    Ok(())
}

/// A bus that waits for the card is not dead: full rings of bootstraps, single ones and batches, with uploads and
/// copies between them, under a deadline that is shorter than what a batch takes.
///
/// # Errors
/// The card halts, or a job goes wrong.
pub fn buses_that_wait(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    rig.card
        .write(Register::BusDeadline, options.bus_deadline / 8)?;
    let most = options.batch.min(rig.capabilities.max_batch);
    let inputs = bench.input.repeat(most as usize);
    let source = rig.place(&inputs)?;
    let destination = rig.area(inputs.len());
    let copied = rig.area(inputs.len());
    let batch = Job::KeyswitchBootstrap {
        source,
        destination,
        count: most,
        luts: LutSelection::One { slot: 0 },
        samples: 1,
        stride: 0,
    };
    let copy = Job::Copy {
        source,
        destination: copied,
        length: inputs.len() as u64 * 8,
    };
    let upload = rig.tables(1, &bench.table)?;
    // A batch among any three.
    let jobs = [batch, upload, bench.job(), batch, copy, upload, batch];
    let mut next = jobs.into_iter().cycle();
    for _ in 0..4 {
        bench.prepare(&rig)?;
        rig.card
            .memory()
            .write(destination, &vec![0; inputs.len()])?;
        let count = rig.room();
        for job in next.by_ref().take(count) {
            rig.enqueue(rig.descriptor(job).encode())?;
        }
        rig.ring()?;
        for _ in 0..count {
            same("end", rig.next_end()?, OK)?;
        }
        let expected = bench.result().repeat(most as usize);
        let found = rig.read(destination, expected.len())?;
        same_words("results of a batch", &found, &expected)?;
    }
    same_words("a copy", &rig.read(copied, inputs.len())?, &inputs)?;
    bench.works(&mut rig)
}

/// A bus that owes an answer even after a reset: the card says so, and works once it was answered and
/// reset again.
///
/// # Errors
/// It does not.
pub fn silence_after_a_reset(
    card: &mut dyn Card,
    options: &Options,
) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    rig.card.write(Register::Error, 0)?;
    rig.card
        .write(Register::BusDeadline, options.bus_deadline)?;
    bench.prepare(&rig)?;
    let source = bench.source;
    rig.card
        .memory()
        .fail(source..source + 8, MemoryFault::Dead);
    rig.submit(bench.job())?;
    let bus = Bus::HostRead as u64;
    halts(&mut rig, "a source", Fault::BusDeadline, bus)?;
    rig.reset()?;
    let status = rig.status()?;
    same("stuck", status.has(Status::STUCK), true)?;
    rig.card.memory().mend();
    rig.reset()?;
    same("status after another reset", rig.status()?.0, 0)?;
    let set = bench.material.set.clone();
    rig.configure(&set)?;
    bench.areas(&mut rig);
    bench.load(&mut rig)?;
    bench.works(&mut rig)
}

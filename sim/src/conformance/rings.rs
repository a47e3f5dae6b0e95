//! Doorbells, phases, wrap-around, and a completion ring that nobody reads.

use super::bench::{first_set, ready};
use super::rig::{OK, Rig, SUBMISSION, capabilities};
use super::{ConformanceError, Options, same};
use crate::device::{Card, MemoryFault};
use gyrus_interface::JobStatus;
use gyrus_interface::job::{DESCRIPTOR_BYTES, Job};
use gyrus_interface::registers::{Fault, Register, Status};

/// Doorbells that name no entry are ignored, and told.
///
/// # Errors
/// They are not.
pub fn bad_doorbells(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let set = first_set(&capabilities(card)?)?;
    let mut rig = Rig::new(card, options, &set)?;
    rig.reset()?;
    let doorbells = [Register::SubmissionTail, Register::CompletionHead];
    let bad = Fault::BadDoorbell as u32;
    for doorbell in doorbells {
        for index in [0, 1, 77] {
            rig.card.write(Register::Error, 0)?;
            rig.card.write(doorbell, index)?;
            let (code, _, detail) = rig.first_error()?;
            let what = format!("error of {doorbell:?} {index} before the rings");
            same(&what, (code, detail), (bad, index.into()))?;
        }
    }
    rig.configure(&set)?;
    for doorbell in doorbells {
        for index in [rig.settings.ring_entries, 1 << 16, u32::MAX] {
            rig.card.write(Register::Error, 0)?;
            rig.card.write(doorbell, index)?;
            rig.card.write(doorbell, u32::MAX - 1)?;
            let (code, _, detail) = rig.first_error()?;
            let what = format!("error of {doorbell:?} {index}");
            same(&what, (code, detail), (bad, index.into()))?;
            rig.expect(Job::Barrier, OK)?;
        }
    }
    Ok(())
}

/// Tails that take descriptors back, or go past those that the card has not read: ignored, and told; what was
/// handed over before is done.
///
/// # Errors
/// It is not.
pub fn tails_that_go_back(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let set = first_set(&capabilities(card)?)?;
    let mut rig = Rig::new(card, options, &set)?;
    let entries = rig.settings.ring_entries;
    rig.card.write(Register::BusDeadline, u32::MAX)?;
    for begin in 0..3 {
        // From other places in the ring.
        for _ in 0..begin {
            rig.expect(Job::Barrier, OK)?;
        }
        let source = rig.place(&[5; 4])?;
        let destination = rig.place(&[0; 4])?;
        rig.card
            .memory()
            .fail(source..source + 8, MemoryFault::Dead);
        let copy = Job::Copy {
            source,
            destination,
            length: 32,
        };
        let first = (rig.next_entry() - SUBMISSION) / DESCRIPTOR_BYTES as u64;
        rig.submit(copy)?;
        let jobs = 1 + rig.generator.below(u32::try_from(rig.room()).unwrap_or(1));
        for _ in 1..jobs {
            rig.submit(Job::Barrier)?;
        }
        // The copy waits, so that the card is at the first of them; `jobs` are valid.
        for valid in 0..jobs {
            let tail = (u32::try_from(first).unwrap_or(0) + valid) % entries;
            rig.card.write(Register::Error, 0)?;
            rig.card.write(Register::SubmissionTail, tail)?;
            let (code, _, detail) = rig.first_error()?;
            let bad = (Fault::BadDoorbell as u32, u64::from(tail));
            let what = format!("error of a tail with {valid} of {jobs} valid");
            same(&what, (code, detail), bad)?;
        }
        rig.card.write(Register::Error, 0)?;
        // The same once more is none.
        rig.ring()?;
        same("error of the same tail", rig.first_error()?.0, 0)?;
        rig.card.memory().mend();
        for _ in 0..jobs {
            same("a job", rig.next_end()?, OK)?;
        }
        same("copied", rig.read(destination, 4)?, vec![5; 4])?;
        rig.expect(Job::Barrier, OK)?;
    }
    Ok(())
}

/// Many passes over the rings, with one and with many descriptors a doorbell, and entries of an
/// older pass among them.
///
/// # Errors
/// A job is lost, done twice, or done though it is of an older pass.
pub fn wrap_around(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let entries = rig.settings.ring_entries;
    let mut jobs = 0;
    while jobs < 5 * entries {
        let most = u32::try_from(rig.room()).unwrap_or(1);
        let count = 1 + rig.generator.below(most);
        let every = rig.generator.below(2) == 0;
        let mut ends = Vec::new();
        bench.prepare(&rig)?;
        let mut bootstraps = 0;
        for _ in 0..count {
            let entry = rig.next_entry();
            match rig.generator.below(4) {
                0 if rig.enqueue_stale()? => {
                    ends.push((JobStatus::MalformedDescriptor, entry));
                }
                1 => {
                    rig.enqueue(rig.descriptor(bench.job()).encode())?;
                    ends.push(OK);
                    bootstraps += 1;
                }
                _ => {
                    rig.enqueue(rig.descriptor(Job::Barrier).encode())?;
                    ends.push(OK);
                }
            }
            if every {
                rig.ring()?;
            }
        }
        rig.ring()?;
        for end in ends {
            same("end", rig.next_end()?, end)?;
        }
        if bootstraps > 0 {
            bench.check(&rig)?;
        }
        jobs += count;
    }
    bench.works(&mut rig)
}

/// A completion ring that nobody reads fills up to one entry, and jobs wait then; a reset helps as
/// well as reading does.
///
/// # Errors
/// A completion is overwritten or lost, or nothing is told.
pub fn full_completion_ring(
    card: &mut dyn Card,
    options: &Options,
) -> Result<(), ConformanceError> {
    let set = first_set(&capabilities(card)?)?;
    let mut rig = Rig::new(card, options, &set)?;
    for number in 0..4 {
        // From the middle of the ring, from its begin after settings were taken, and once with a reset
        // in the end.
        if number == 2 {
            rig.configure(&set)?;
        } else {
            rig.expect(Job::Barrier, OK)?;
        }
        rig.card.write(Register::Error, 0)?;
        for _ in 1..rig.settings.ring_entries {
            rig.submit(Job::Barrier)?;
        }
        for _ in 1..rig.settings.ring_entries {
            same("status", rig.take_unread()?.status, JobStatus::Ok)?;
        }
        same("error", rig.first_error()?.0, 0)?;
        let entry = rig.next_completion();
        let before = rig.read(entry, 4)?;
        rig.submit(Job::Barrier)?;
        rig.wait_error()?;
        let (code, _, detail) = rig.first_error()?;
        let full = Fault::CompletionRingFull as u32;
        same("error of a full ring", (code, detail), (full, entry))?;
        let status = rig.status()?;
        same("busy", status.has(Status::BUSY), true)?;
        same("halted", status.has(Status::HALTED), false)?;
        for _ in 0..3 {
            rig.pass_time()?;
        }
        same("the entry that is not free", rig.read(entry, 4)?, before)?;
        if number < 3 {
            rig.acknowledge()?;
            same("the end of waiting", rig.next_end()?, OK)?;
        } else {
            rig.reset()?;
            rig.configure(&set)?;
        }
        rig.expect(Job::Barrier, OK)?;
    }
    Ok(())
}

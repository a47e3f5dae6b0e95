//! Which error the registers keep: a fault rather than a job's error, and one that halts rather than
//! all others.

use super::bench::first_set;
use super::rig::{OK, Rig, capabilities};
use super::{ConformanceError, Options, same};
use crate::device::{Card, MemoryFault};
use gyrus_interface::JobStatus::MisalignedAddress;
use gyrus_interface::job::Job;
use gyrus_interface::registers::{Fault, Interrupt, Register, Status};
use std::time::Instant;

/// What the registers keep: code, tag, detail.
type Kept = (u32, u64, u64);

/// A job that ends with this as its detail.
const fn bad(detail: u64) -> Job {
    Job::Copy {
        source: 1,
        destination: 1,
        length: detail,
    }
}

/// A fault of the card, as it is kept.
const fn kept(fault: Fault, detail: u64) -> Kept {
    (fault as u32, 0, detail)
}

/// Does a job that fails; gives what is kept if nothing else was.
fn fail(rig: &mut Rig<'_>, detail: u64) -> Result<Kept, ConformanceError> {
    let tag = rig.descriptor(bad(detail)).tag;
    rig.expect(bad(detail), (MisalignedAddress, detail))?;
    // The error may be kept a little after the completion, but not after rest.
    rig.wait_status("rest", |status| !status.has(Status::BUSY))?;
    Ok((MisalignedAddress as u32, tag, detail))
}

/// Rings a doorbell that names no entry.
fn ring_badly(rig: &mut Rig<'_>, doorbell: Register, more: u32) -> Result<u32, ConformanceError> {
    let index = rig.settings.ring_entries + more;
    rig.card.write(doorbell, index)?;
    Ok(index)
}

/// This is kept, the cause of an interrupt for it stands or does not, and is cleared.
fn keeps(
    rig: &mut Rig<'_>,
    what: &str,
    expected: Kept,
    raised: bool,
) -> Result<(), ConformanceError> {
    let causes = rig.card.read(Register::InterruptCause)?;
    same(what, rig.first_error()?, expected)?;
    let found = causes & Interrupt::ERROR != 0;
    same(&format!("an interrupt for {what}"), found, raised)?;
    Ok(rig.card.write(Register::InterruptCause, causes)?)
}

/// Waits until an error is kept anew.
fn wait_for_error(rig: &mut Rig<'_>) -> Result<(), ConformanceError> {
    let give_up = Instant::now() + rig.options.patience;
    while rig.card.read(Register::InterruptCause)? & Interrupt::ERROR == 0 {
        if Instant::now() > give_up {
            return Err(ConformanceError::Late("another error".to_owned()));
        }
        rig.pass_time()?;
    }
    Ok(())
}

/// The first job's error is kept, until a fault replaces it; the first fault is, until it is cleared.
///
/// # Errors
/// Something else is kept, or the interrupt is not raised when it has to be.
pub fn errors_of_jobs_and_faults(
    card: &mut dyn Card,
    options: &Options,
) -> Result<(), ConformanceError> {
    let set = first_set(&capabilities(card)?)?;
    let mut rig = Rig::new(card, options, &set)?;
    for doorbell in [Register::SubmissionTail, Register::CompletionHead] {
        let first = fail(&mut rig, 4)?;
        keeps(&mut rig, "a job's error", first, true)?;
        fail(&mut rig, 12)?;
        keeps(&mut rig, "the first job's error", first, false)?;
        let index = ring_badly(&mut rig, doorbell, 1)?;
        let fault = kept(Fault::BadDoorbell, index.into());
        keeps(&mut rig, "a fault behind a job's error", fault, true)?;
        ring_badly(&mut rig, doorbell, 2)?;
        fail(&mut rig, 4)?;
        keeps(&mut rig, "the first fault", fault, false)?;
        rig.card.write(Register::Error, 1)?;
        keeps(&mut rig, "no error", (0, 0, 0), false)?;
        let first = fail(&mut rig, 20)?;
        keeps(&mut rig, "an error after clearing", first, true)?;
        rig.card.write(Register::Error, 0)?;
    }
    // A ring that is full, behind a job's error, is told once.
    fail(&mut rig, 4)?;
    for _ in 1..rig.settings.ring_entries {
        rig.submit(Job::Barrier)?;
    }
    for _ in 1..rig.settings.ring_entries {
        same("status", rig.take_unread()?.status, OK.0)?;
    }
    let causes = Interrupt::ERROR | Interrupt::COMPLETION;
    rig.card.write(Register::InterruptCause, causes)?;
    let entry = rig.next_completion();
    rig.submit(bad(28))?;
    wait_for_error(&mut rig)?;
    let full = kept(Fault::CompletionRingFull, entry);
    keeps(&mut rig, "a full ring behind a job's error", full, true)?;
    rig.card.write(Register::Error, 0)?;
    rig.pass_time()?;
    let (code, ..) = rig.first_error()?;
    let again = code == Fault::CompletionRingFull as u32;
    same("a full ring told twice", again, false)?;
    rig.acknowledge()?;
    let end = rig.next_end()?;
    same("the end of waiting", end, (MisalignedAddress, 28))?;
    rig.expect(Job::Barrier, OK)
}

/// A fault that halts replaces whatever is kept, and stays until a reset.
///
/// # Errors
/// It does not.
pub fn faults_that_halt(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let set = first_set(&capabilities(card)?)?;
    let mut rig = Rig::new(card, options, &set)?;
    for round in 0..4 {
        let before = if round % 2 == 0 {
            fail(&mut rig, 4)?
        } else {
            let index = ring_badly(&mut rig, Register::SubmissionTail, 3)?;
            kept(Fault::BadDoorbell, index.into())
        };
        keeps(&mut rig, "what is kept before a halt", before, true)?;
        let (entry, bytes, fault) = if round < 2 {
            let fault = Fault::SubmissionRingUnreachable;
            (rig.next_entry(), 64, fault)
        } else {
            let fault = Fault::CompletionRingUnreachable;
            (rig.next_completion(), 32, fault)
        };
        let memory = rig.card.memory();
        memory.fail(entry..entry + bytes, MemoryFault::Error);
        // It fails, which is not what matters.
        rig.submit(bad(12))?;
        rig.wait_status("a halt", |status| status.has(Status::HALTED))?;
        let halt = kept(fault, entry);
        keeps(&mut rig, "a fault that halts", halt, true)?;
        rig.card.write(Register::Error, 0)?;
        keeps(&mut rig, "a fault that halts, cleared", halt, false)?;
        ring_badly(&mut rig, Register::CompletionHead, 0)?;
        rig.pass_time()?;
        keeps(
            &mut rig,
            "a fault that halts, before another one",
            halt,
            false,
        )?;
        rig.card.memory().mend();
        rig.reset()?;
        same("status after a reset", rig.status()?.0, 0)?;
        keeps(&mut rig, "an error after a reset", (0, 0, 0), false)?;
        rig.configure(&set)?;
        let first = fail(&mut rig, 4)?;
        keeps(&mut rig, "an error after a halt", first, true)?;
        rig.card.write(Register::Error, 0)?;
    }
    Ok(())
}

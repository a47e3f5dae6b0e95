//! Tests of the driver on a card that fails: an error of the right kind in bounded time, or none; and
//! afterwards a card that works.

use super::card::TestCard;
use super::driver::{Job, opened, soon};
use super::runner::{Outcome, Runner, last_panic};
use crate::contract::Fault;
use gyrus::device::Device;
use gyrus::interface::{DeviceError, JobStatus};
use gyrus::session::{Session, SessionOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The deadline of who waits for what does not come.
const PATIENCE: Duration = Duration::from_secs(1);
/// What anything else may take, with an emulated processor on a busy machine.
const BOUND: Duration = Duration::from_secs(30);
const CARD: TestCard = TestCard(0);

/// How a batch has to end.
type Expected = fn(&Result<(), DeviceError>) -> bool;

fn right(result: &Result<(), DeviceError>) -> bool {
    result.is_ok()
}

fn removed(result: &Result<(), DeviceError>) -> bool {
    matches!(result, Err(DeviceError::Removed(_)))
}

fn halted(result: &Result<(), DeviceError>) -> bool {
    matches!(result, Err(DeviceError::Halted(_)))
}

fn protocol(result: &Result<(), DeviceError>) -> bool {
    matches!(result, Err(DeviceError::Protocol(_)))
}

fn timeout(result: &Result<(), DeviceError>) -> bool {
    matches!(result, Err(DeviceError::Timeout(_)))
}

/// The card says that there is no such ring, or the driver finds that its settings are gone.
fn lost(result: &Result<(), DeviceError>) -> bool {
    protocol(result) || halted(result)
}

fn failed(result: &Result<(), DeviceError>) -> bool {
    let Err(DeviceError::Job { status, .. }) = result else {
        return false;
    };
    *status == JobStatus::BusError
}

/// Faults that come between loading and a batch: name, fault, its argument, the end of two batches.
const IN_BATCHES: &[(&str, Fault, u32, [Expected; 2])] = &[
    (
        "no card answers any more",
        Fault::Dead,
        0,
        [removed, removed],
    ),
    (
        "the card is pulled out",
        Fault::Removed,
        0,
        [removed, removed],
    ),
    ("the card hangs", Fault::Hang, 0, [timeout, timeout]),
    (
        "an interrupt has no cause",
        Fault::SpuriousInterrupt,
        0,
        [right, right],
    ),
    (
        "a completion has no status",
        Fault::BadStatus,
        0,
        [protocol, right],
    ),
    (
        "a completion is for no job",
        Fault::BadTag,
        0,
        [protocol, right],
    ),
    (
        "a completion comes twice",
        Fault::Repeated,
        0,
        [right, protocol],
    ),
    (
        "completions change places",
        Fault::Reordered,
        0,
        [right, right],
    ),
    (
        "a completion has the old phase",
        Fault::WrongPhase,
        0,
        [timeout, timeout],
    ),
    (
        "the rings are not reached",
        Fault::Refused,
        0,
        [halted, halted],
    ),
    (
        "a batch's data are not reached",
        Fault::Refused,
        1,
        [failed, right],
    ),
    ("memory does not answer", Fault::Silent, 1, [halted, halted]),
    ("somebody resets the card", Fault::Reset, 0, [lost, lost]),
];

/// Those that do not look the same without interrupts and without an IOMMU.
pub(super) fn run_over_sysfs(runner: &mut Runner) {
    for &(name, fault, argument, ends) in IN_BATCHES {
        if matches!(
            fault,
            Fault::Dead | Fault::Removed | Fault::Hang | Fault::Refused | Fault::Reset
        ) {
            runner.test(&format!("sysfs fault: {name}"), move || {
                in_batches(fault, argument, ends)
            });
        }
    }
}

pub(super) fn run(runner: &mut Runner) {
    for &(name, fault, argument, ends) in IN_BATCHES {
        runner.test(&format!("vfio fault: {name}"), move || {
            in_batches(fault, argument, ends)
        });
    }
    runner.test("vfio fault: interrupts are lost", lost_interrupts);
    runner.test("vfio fault: a key is damaged on its way", damaged_key);
    runner.test("vfio fault: the card is a newer one", newer_card);
    runner.test(
        "vfio fault: the card hangs while it is reset",
        hangs_in_reset,
    );
    runner.test("vfio fault: a bus owes an answer for ever", owed_for_ever);
    for (name, fault) in [("hangs", Fault::Hang), ("is owed an answer", Fault::Silent)] {
        let name = format!("vfio fault: a session goes on when its card {name}");
        runner.test(&name, move || session_goes_on(fault));
    }
    runner.test("vfio fault: the kernel takes the card back", taken_back);
}

/// Asks for a fault until this ends.
struct Failing;

impl Failing {
    fn with(fault: Fault, argument: u32) -> std::io::Result<Self> {
        CARD.fail(fault, argument)?;
        Ok(Self)
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        CARD.fail(Fault::None, 0).unwrap();
    }
}

fn in_batches(fault: Fault, argument: u32, ends: [Expected; 2]) -> Outcome {
    let job = Job::new(11);
    let mut device = opened(CARD)?;
    job.load(&mut *device)?;
    // The batch whose completion follows the upload of the table ends that, too.
    job.submit(&mut *device)?;
    job.wait(&mut *device, soon())?;
    let (_, messages) = CARD.counts()?;
    let failing = Failing::with(fault, argument)?;
    if fault == Fault::SpuriousInterrupt {
        let sent = CARD.counts()?.1.wrapping_sub(messages);
        assert!(sent > 0, "no interrupt without a cause");
    }
    let start = Instant::now();
    let submitted: Vec<_> = ends.iter().map(|_| job.submit(&mut *device)).collect();
    for (submitted, is_so) in submitted.into_iter().zip(ends) {
        let never = is_so(&Err(DeviceError::Timeout(PATIENCE)));
        let patience = if never { PATIENCE } else { BOUND };
        let end = submitted.and_then(|()| job.wait(&mut *device, Instant::now() + patience));
        assert!(is_so(&end), "a batch ends so: {end:?}");
    }
    assert!(start.elapsed() < BOUND, "took {:?}", start.elapsed());
    if comes_once(fault) {
        has_come()?;
    }
    drop(failing);
    afterwards(device, &job)
}

/// Whether a fault ends by itself.
const fn comes_once(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::BadStatus
            | Fault::BadTag
            | Fault::Repeated
            | Fault::Reordered
            | Fault::WrongPhase
            | Fault::Refused
    )
}

/// Makes sure that the test met the fault it asked for.
fn has_come() -> Outcome {
    let give_up = Instant::now() + PATIENCE;
    while CARD.pending()? != Some(Fault::None) {
        assert!(Instant::now() < give_up, "the fault has not come");
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The card works again: after a reset by the driver, or when it is opened anew.
fn afterwards(mut device: Box<dyn Device>, job: &Job) -> Outcome {
    device.reset(soon())?;
    job.works(&mut *device)?;
    drop(device);
    let mut device = opened(CARD)?;
    Ok(job.works(&mut *device)?)
}

/// A completion that is found before its interrupt is waited for needs none; so batches are submitted until as many
/// interrupts as were to be have been lost.
fn lost_interrupts() -> Outcome {
    let job = Job::new(15);
    let mut device = opened(CARD)?;
    job.load(&mut *device)?;
    let failing = Failing::with(Fault::LostInterrupts, 3)?;
    let start = Instant::now();
    while CARD.pending()? != Some(Fault::None) {
        job.submit(&mut *device)?;
        job.wait(&mut *device, soon())?;
        assert!(start.elapsed() < BOUND, "the interrupts were not lost");
    }
    drop(failing);
    afterwards(device, &job)
}

fn damaged_key() -> Outcome {
    let job = Job::new(12);
    let mut device = opened(CARD)?;
    // Once: it is sent again.
    let failing = Failing::with(Fault::FlippedBit, 1)?;
    job.works(&mut *device)?;
    drop(failing);
    // Whenever it is sent.
    let failing = Failing::with(Fault::FlippedBit, u32::MAX)?;
    let end = job.load(&mut *device);
    drop(failing);
    let Err(DeviceError::Job { status, .. }) = end else {
        return Err(format!("loading ends so: {end:?}").into());
    };
    assert_eq!(status, JobStatus::ChecksumMismatch);
    afterwards(device, &job)
}

fn newer_card() -> Outcome {
    let failing = Failing::with(Fault::NewerInterface, 0)?;
    let end = opened(CARD).map(drop);
    drop(failing);
    assert!(
        matches!(end, Err(DeviceError::InterfaceVersion { .. })),
        "{end:?}"
    );
    let device = opened(CARD)?;
    afterwards(device, &Job::new(13))
}

/// The reset of the function, when the next one opens the card, helps.
fn hangs_in_reset() -> Outcome {
    let job = Job::new(14);
    let mut device = opened(CARD)?;
    job.load(&mut *device)?;
    CARD.fail(Fault::Hang, 0)?;
    let end = device.reset(Instant::now() + PATIENCE);
    assert!(matches!(end, Err(DeviceError::Timeout(_))), "{end:?}");
    drop(device);
    let mut device = opened(CARD)?;
    Ok(job.works(&mut *device)?)
}

/// The card's own reset cannot help; the next one is a reset of the function, which can.
fn owed_for_ever() -> Outcome {
    let job = Job::new(16);
    let mut device = opened(CARD)?;
    job.load(&mut *device)?;
    let failing = Failing::with(Fault::Silent, 0)?;
    job.submit(&mut *device)?;
    let end = job.wait(&mut *device, soon());
    assert!(halted(&end), "{end:?}");
    let end = device.reset(soon());
    assert!(matches!(end, Err(DeviceError::Stuck)), "{end:?}");
    device.reset(soon())?;
    drop(failing);
    afterwards(device, &job)
}

/// A reset of the function helps, which the session comes to by itself.
fn session_goes_on(fault: Fault) -> Outcome {
    let job = Job::new(17);
    let options = SessionOptions {
        deadline: Duration::from_secs(2),
        key_deadline: BOUND,
        insecure_parameters: true,
        ..SessionOptions::default()
    };
    let session = Session::open(opened(CARD)?, Arc::clone(&job.key), options, &mut |_, _| ())?;
    job.answered_by(&session)?;
    let failing = Failing::with(fault, 0)?;
    job.answered_by(&session)?;
    drop(failing);
    assert_eq!(session.statistics().recoveries, 1);
    job.answered_by(&session)?;
    Ok(())
}

/// A driver that is told to lets the card go, and the kernel finds it anew.
fn taken_back() -> Outcome {
    let job = Job::new(15);
    let mut device = opened(CARD)?;
    job.load(&mut *device)?;
    // A batch that does not end, until the function is reset when it is closed.
    CARD.fail(Fault::Hang, 0)?;
    job.submit(&mut *device)?;
    // Ends when the card is not open any more.
    let remove = std::thread::spawn(|| CARD.set("remove", "1"));
    let end = job.wait(&mut *device, soon());
    assert!(matches!(end, Err(DeviceError::Removed(_))), "{end:?}");
    drop(device);
    remove.join().map_err(|_| last_panic())??;
    assert!(!CARD.directory().exists());
    std::fs::write("/sys/bus/pci/rescan", "1")?;
    CARD.bind()?;
    let mut device = opened(CARD)?;
    Ok(job.works(&mut *device)?)
}

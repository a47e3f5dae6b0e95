//! Sessions whose callers give up, and whose device has less room than it hoped for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "this test needs no more of it")]
mod common;
mod null_card;

use common::{rng, toy_key, words};
use gyrus::device::{
    Batch, BatchTag, Device, Finished, Identity, LutSlot, Progress, RingDevice, Statistics,
};
use gyrus::interface::{DeviceError, ParameterSet};
use gyrus::key::EvaluationKey;
use gyrus::session::{Session, SessionError, SessionOptions};
use null_card::{NullCard, answer};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a test does to its device, and sees of it.
#[derive(Clone, Default)]
struct Control {
    /// Nothing comes back meanwhile.
    holds: Arc<AtomicBool>,
    cancelled: Arc<Mutex<Vec<BatchTag>>>,
    submitted: Arc<AtomicUsize>,
    /// Times that there was no room.
    refused: Arc<AtomicUsize>,
}

/// A null card behind a device that has room for so many batches.
struct Narrow {
    device: RingDevice<NullCard>,
    room: usize,
    in_flight: usize,
    control: Control,
}

impl Device for Narrow {
    fn identity(&self) -> &Identity {
        self.device.identity()
    }
    fn load_keys(
        &mut self,
        key: &EvaluationKey,
        progress: Progress<'_>,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        self.device.load_keys(key, progress, deadline)
    }
    fn parameters(&self) -> Option<&ParameterSet> {
        self.device.parameters()
    }
    fn load_luts(
        &mut self,
        first: LutSlot,
        luts: &[&[u64]],
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        self.device.load_luts(first, luts, deadline)
    }
    fn submit(&mut self, batch: Batch) -> Result<BatchTag, DeviceError> {
        if self.in_flight == self.room {
            self.control.refused.fetch_add(1, Ordering::Relaxed);
            return Err(DeviceError::RingFull(self.in_flight));
        }
        let tag = self.device.submit(batch)?;
        self.in_flight += 1;
        self.control.submitted.fetch_add(1, Ordering::Relaxed);
        Ok(tag)
    }
    fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError> {
        if self.control.holds.load(Ordering::Relaxed) {
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
            return Err(DeviceError::Timeout(Duration::ZERO));
        }
        let finished = self.device.wait(deadline)?;
        self.in_flight -= 1;
        Ok(finished)
    }
    fn cancel(&mut self, tag: BatchTag) {
        self.control.cancelled.lock().unwrap().push(tag);
        self.device.cancel(tag);
    }
    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        self.in_flight = 0;
        self.device.reset(deadline)
    }
    fn statistics(&self) -> Statistics {
        self.device.statistics()
    }
}

fn open(room: usize) -> (Session, Control) {
    let control = Control::default();
    let device = Narrow {
        device: RingDevice::new(NullCard::threaded(true)).unwrap(),
        room,
        in_flight: 0,
        control: control.clone(),
    };
    let options = SessionOptions {
        insecure_parameters: true,
        ..SessionOptions::default()
    };
    let session = Session::open(Box::new(device), toy_key(1), options, &mut |_, _| ());
    (session.unwrap(), control)
}

/// Waits for something that other threads do.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn requests_wait_for_room_and_lose_no_attempt_by_it() {
    let (session, control) = open(1);
    let size = session.parameters().big_lwe_size();
    let mut rng = rng(1);
    let tables = [words(&mut rng, 256), words(&mut rng, 256)];
    let inputs: Vec<Arc<[u64]>> = (0..1000).map(|_| words(&mut rng, size).into()).collect();
    let luts: Vec<_> = (0..1000)
        .map(|i| session.lut(&tables[i % 2]).unwrap())
        .collect();
    let outputs = session
        .bootstrap_shared(inputs.clone(), &luts, &mut |_| ())
        .unwrap();
    for (i, output) in outputs.iter().enumerate() {
        assert_eq!(
            *output,
            answer(&inputs[i], &tables[i % 2], 0),
            "request {i}"
        );
    }
    let statistics = session.statistics();
    assert_eq!((statistics.requests, statistics.recoveries), (1000, 0));
    assert_eq!(statistics.lut_uploads, 2);
    assert!(control.refused.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_caller_s_deadline_ends_its_call_and_cancels_its_batch_alone() {
    let (session, control) = open(4);
    let size = session.parameters().big_lwe_size();
    let table = vec![7; 256];
    let (lut, input) = (session.lut(&table).unwrap(), vec![9; size]);
    control.holds.store(true, Ordering::Relaxed);
    // One who waits for as long as it takes.
    let patient = {
        let (session, lut, input) = (session.clone(), lut.clone(), input.clone());
        std::thread::spawn(move || session.bootstrap(&input, &lut))
    };
    eventually("a batch is in flight", || {
        control.submitted.load(Ordering::Relaxed) == 1
    });
    let limit = Duration::from_millis(50);
    let start = Instant::now();
    let hasty = session.within(limit);
    // More than a batch, so that it is submitted.
    let error = hasty.bootstrap_all(&vec![&input[..]; 64], &vec![lut.clone(); 64], &mut |_| ());
    assert_eq!(error.unwrap_err(), SessionError::Deadline(limit));
    assert!(start.elapsed() >= limit && start.elapsed() < Duration::from_secs(10));
    eventually("the hasty caller's batch is cancelled", || {
        control.cancelled.lock().unwrap().len() == 1
    });
    control.holds.store(false, Ordering::Relaxed);
    let right = answer(&input, &table, 0);
    assert_eq!(patient.join().unwrap().unwrap(), right);
    assert_eq!(
        hasty.within(Duration::MAX).bootstrap(&input, &lut).unwrap(),
        right
    );
    let statistics = session.statistics();
    assert_eq!(statistics.recoveries, 0);
    // Those of 64 were done for nobody: they are no bootstraps that went well.
    assert_eq!(statistics.device.bootstraps, 2);
    assert_eq!(control.cancelled.lock().unwrap().len(), 1);
}

#[test]
fn what_nobody_waits_for_any_more_is_not_submitted() {
    let (session, control) = open(1);
    let size = session.parameters().big_lwe_size();
    let (lut, input) = (session.lut(&[7; 256]).unwrap(), vec![9; size]);
    control.holds.store(true, Ordering::Relaxed);
    let hasty = session.within(Duration::from_millis(20));
    for _ in 0..5 {
        let error = hasty.bootstrap(&input, &lut).unwrap_err();
        assert!(matches!(error, SessionError::Deadline(_)), "{error}");
    }
    control.holds.store(false, Ordering::Relaxed);
    session.bootstrap(&input, &lut).unwrap();
    // The first one was handed over, the last one too.
    assert_eq!(control.submitted.load(Ordering::Relaxed), 2);
}

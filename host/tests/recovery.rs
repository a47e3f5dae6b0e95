//! Devices that fail in their own ways under a session or a pool: nobody waits longer than for what he asked.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "this test needs no more of it")]
mod common;

use common::toy_key;
use gyrus::device::{
    Batch, BatchTag, Device, Finished, Identity, LutSlot, Pool, PoolOptions, Progress, Statistics,
};
use gyrus::interface::{DeviceError, INTERFACE_VERSION, ParameterSet, catalogue};
use gyrus::key::EvaluationKey;
use gyrus::session::{Session, SessionError, SessionOptions};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// What a test does to its device, and sees of it.
#[derive(Clone, Default)]
struct Control {
    /// How long each wait takes.
    pace: Duration,
    /// Waits, and resets, stand still meanwhile.
    waits_stand: Arc<AtomicBool>,
    resets_stand: Arc<AtomicBool>,
    /// Resets leave it stuck.
    stuck: bool,
    /// At least 1.
    max_batch: usize,
    /// The next wait fails.
    fails: Arc<AtomicBool>,
    /// It is gone, and so it says.
    removed: Arc<AtomicBool>,
    /// Batches that never come back.
    holds: Arc<AtomicU32>,
    finished: Arc<AtomicU32>,
    /// Batches that had come back at each reset.
    resets: Arc<Mutex<Vec<u32>>>,
    loads: Arc<AtomicU32>,
    dropped: Arc<AtomicBool>,
}

/// Stands still, for a time that no test takes.
fn stand(still: &AtomicBool) {
    let end = Instant::now() + Duration::from_secs(60);
    while still.load(Ordering::Relaxed) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A device whose outputs are its inputs.
struct Puppet {
    identity: Identity,
    set: ParameterSet,
    control: Control,
    next_tag: u64,
    batches: VecDeque<(BatchTag, Batch)>,
}

fn puppet(control: &Control) -> Box<dyn Device> {
    Box::new(Puppet {
        identity: Identity {
            name: "puppet".to_owned(),
            simulated: true,
            clock_hz: 1,
            interface: INTERFACE_VERSION,
            lut_slots: 4,
            max_batch: control.max_batch.max(1),
            max_in_flight: 64,
            preferred_batch: 1,
            devices: 1,
        },
        set: catalogue::toy(),
        control: control.clone(),
        next_tag: 1,
        batches: VecDeque::new(),
    })
}

impl Puppet {
    fn present(&self) -> Result<(), DeviceError> {
        if self.control.removed.load(Ordering::Relaxed) {
            return Err(DeviceError::Removed("pulled out".to_owned()));
        }
        Ok(())
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        self.control.dropped.store(true, Ordering::Relaxed);
    }
}

impl Device for Puppet {
    fn identity(&self) -> &Identity {
        &self.identity
    }
    fn load_keys(
        &mut self,
        _: &EvaluationKey,
        _: Progress<'_>,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        self.control.loads.fetch_add(1, Ordering::Relaxed);
        if Instant::now() > deadline {
            return Err(DeviceError::Timeout(Duration::ZERO));
        }
        self.present()
    }
    fn parameters(&self) -> Option<&ParameterSet> {
        Some(&self.set)
    }
    fn load_luts(&mut self, _: LutSlot, _: &[&[u64]], _: Instant) -> Result<(), DeviceError> {
        self.present()
    }
    fn submit(&mut self, batch: Batch) -> Result<BatchTag, DeviceError> {
        let tag = BatchTag(self.next_tag);
        self.next_tag += 1;
        let holds = &self.control.holds;
        let held = holds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        if held.is_err() {
            self.batches.push_back((tag, batch));
        }
        Ok(tag)
    }
    fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError> {
        std::thread::sleep(self.control.pace);
        stand(&self.control.waits_stand);
        self.present()?;
        if self.control.fails.swap(false, Ordering::Relaxed) {
            return Err(DeviceError::Stuck);
        }
        let Some((tag, batch)) = self.batches.pop_front() else {
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
            return Err(DeviceError::Timeout(Duration::ZERO));
        };
        self.control.finished.fetch_add(1, Ordering::Relaxed);
        let outputs = batch.inputs.iter().map(|input| input.to_vec()).collect();
        Ok(Finished {
            tag,
            outputs: Ok(outputs),
        })
    }
    fn reset(&mut self, _: Instant) -> Result<(), DeviceError> {
        self.batches.clear();
        let finished = self.control.finished.load(Ordering::Relaxed);
        self.control.resets.lock().unwrap().push(finished);
        stand(&self.control.resets_stand);
        if self.control.stuck {
            return Err(DeviceError::Stuck);
        }
        self.present()
    }
    fn check(&mut self) -> Result<(), DeviceError> {
        self.present()
    }
    fn statistics(&self) -> Statistics {
        Statistics::default()
    }
}

/// Longest time of a batch: far more than any takes that ends, on a busy machine, too.
const DEADLINE: Duration = Duration::from_secs(1);

fn open(device: Box<dyn Device>) -> Session {
    let options = SessionOptions {
        deadline: DEADLINE,
        insecure_parameters: true,
        ..SessionOptions::default()
    };
    Session::open(device, toy_key(1), options, &mut |_, _| ()).unwrap()
}

/// With a key.
fn pool(controls: &[&Control]) -> Pool {
    let options = PoolOptions {
        deadline: DEADLINE,
        ..PoolOptions::default()
    };
    let devices = controls.iter().map(|control| puppet(control)).collect();
    let mut pool = Pool::new(devices, options).unwrap();
    pool.load_keys(&toy_key(1), &mut |_, _| (), soon()).unwrap();
    pool
}

fn submit(pool: &mut Pool) {
    let input = vec![7; catalogue::toy().big_lwe_size()];
    let batch = Batch {
        inputs: vec![input.into()],
        luts: vec![LutSlot(0)],
        samples: 1,
        stride: 0,
    };
    pool.submit(batch).unwrap();
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = soon();
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// One that has answered before the other has anything is not given both parts.
#[test]
fn one_call_makes_all_members_work() {
    let wide = || Control {
        max_batch: 64,
        ..Control::default()
    };
    let (one, other) = (wide(), wide());
    let session = open(Box::new(pool(&[&one, &other])));
    let input = vec![7; session.parameters().big_lwe_size()];
    let lut = session.lut(&[5; 256]).unwrap();
    let inputs = vec![input.as_slice(); 64];
    let outputs = session.bootstrap_all(&inputs, &vec![lut; 64], &mut |_| ());
    assert_eq!(outputs.unwrap(), vec![input; 64]);
    assert_eq!(session.statistics().largest_batch, 32);
    for control in [one, other] {
        assert_eq!(control.finished.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_batch_that_never_ends_is_found_while_others_do() {
    let control = Control {
        pace: Duration::from_millis(1),
        holds: Arc::new(AtomicU32::new(1)),
        ..Control::default()
    };
    let session = open(puppet(&control));
    let input = vec![7; session.parameters().big_lwe_size()];
    let lut = session.lut(&[5; 256]).unwrap();
    let inputs = vec![input.as_slice(); 2000];
    let outputs = session.bootstrap_all(&inputs, &vec![lut; 2000], &mut |_| ());
    assert_eq!(outputs.unwrap(), vec![input; 2000]);
    let resets = control.resets.lock().unwrap();
    assert!(resets.len() == 1 && resets[0] < 1500, "{resets:?}");
}

#[test]
fn a_member_s_batch_that_never_ends_is_found_while_others_do() {
    let control = Control {
        pace: Duration::from_millis(1),
        holds: Arc::new(AtomicU32::new(1)),
        ..Control::default()
    };
    let mut pool = pool(&[&control]);
    for _ in 0..32 {
        submit(&mut pool);
    }
    for _ in 0..2000 {
        pool.wait(soon()).unwrap().outputs.unwrap();
        submit(&mut pool);
    }
    let resets = control.resets.lock().unwrap();
    assert!(resets.len() == 1 && resets[0] < 1500, "{resets:?}");
}

fn set(still: &AtomicBool, to: bool) {
    still.store(to, Ordering::Relaxed);
}

#[test]
fn what_waits_for_a_failing_member_is_done_elsewhere_at_once() {
    let bad = Control {
        fails: Arc::new(AtomicBool::new(true)),
        ..Control::default()
    };
    let other = Control::default();
    let mut pool = pool(&[&bad, &other]);
    let stands = [&bad.waits_stand, &other.waits_stand, &bad.resets_stand];
    stands.iter().for_each(|still| set(still, true));
    // Half of them lie before it when it fails.
    for _ in 0..8 {
        submit(&mut pool);
    }
    set(&bad.waits_stand, false);
    eventually("it is reset", || bad.resets.lock().unwrap().len() == 1);
    set(&other.waits_stand, false);
    // Its reset never ends meanwhile.
    for _ in 0..8 {
        pool.wait(soon()).unwrap().outputs.unwrap();
    }
    assert_eq!(other.finished.load(Ordering::Relaxed), 8);
    set(&bad.resets_stand, false);
}

#[test]
fn a_member_that_was_given_up_while_it_recovers_stays_out() {
    let bad = Control {
        fails: Arc::new(AtomicBool::new(true)),
        resets_stand: Arc::new(AtomicBool::new(true)),
        ..Control::default()
    };
    let mut pool = pool(&[&bad, &Control::default()]);
    submit(&mut pool);
    pool.wait(soon()).unwrap().outputs.unwrap();
    let deadline = Instant::now() + Duration::from_millis(50);
    pool.load_keys(&toy_key(2), &mut |_, _| (), deadline)
        .unwrap();
    assert_eq!(pool.working(), 1);
    set(&bad.resets_stand, false);
    // The first key, the same again, and the one that comes too late.
    eventually("it goes on", || bad.loads.load(Ordering::Relaxed) == 3);
    for _ in 0..4 {
        submit(&mut pool);
        pool.wait(soon()).unwrap().outputs.unwrap();
    }
    assert_eq!(pool.working(), 1);
}

#[test]
fn a_session_that_is_dropped_waits_for_one_reset_and_no_other() {
    let control = Control {
        fails: Arc::new(AtomicBool::new(true)),
        resets_stand: Arc::new(AtomicBool::new(true)),
        stuck: true,
        ..Control::default()
    };
    let session = open(puppet(&control));
    let input = vec![7; session.parameters().big_lwe_size()];
    let lut = session.lut(&[5; 256]).unwrap();
    let resets = || control.resets.lock().unwrap().len();
    let hasty = session.within(Duration::from_millis(50));
    // Who gives up before the device has got his request has asked for nothing.
    eventually("it is reset", || {
        hasty.bootstrap(&input, &lut).unwrap_err();
        resets() == 1
    });
    drop(hasty);
    let (sender, gone) = std::sync::mpsc::channel();
    let dropping = std::thread::spawn(move || {
        drop(session);
        sender.send(()).unwrap();
    });
    // Time enough to begin with it; it cannot end before the reset does.
    let early = gone.recv_timeout(Duration::from_secs(1));
    assert!(early.is_err() && !control.dropped.load(Ordering::Relaxed));
    set(&control.resets_stand, false);
    gone.recv_timeout(Duration::from_secs(20)).unwrap();
    dropping.join().unwrap();
    assert_eq!(resets(), 1);
    assert!(control.dropped.load(Ordering::Relaxed));
}

#[test]
fn a_device_that_is_gone_is_let_go_though_nobody_asks_for_it() {
    let (alone, member, other) = (Control::default(), Control::default(), Control::default());
    let (session, pool) = (open(puppet(&alone)), pool(&[&member, &other]));
    for control in [&alone, &member] {
        control.removed.store(true, Ordering::Relaxed);
        eventually("it is let go", || control.dropped.load(Ordering::Relaxed));
    }
    assert!(!other.dropped.load(Ordering::Relaxed));
    let input = vec![7; session.parameters().big_lwe_size()];
    let lut = session.lut(&[5; 256]).unwrap();
    let error = session.bootstrap(&input, &lut).unwrap_err();
    let removed = matches!(error, SessionError::Device(DeviceError::Removed(_)));
    assert!(removed, "{error}");
    let mut pool = pool;
    assert!(pool.check().is_ok());
    assert_eq!(pool.working(), 1);
}

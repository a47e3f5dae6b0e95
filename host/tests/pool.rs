//! Pools of devices: batches are spread, no failure loses or doubles one, and the last device's failure is told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;
mod null_card;

use common::{expected, random_key, rng, toy_key, words};
use gyrus::device::{
    Batch, BatchTag, CardTransport, Device, Finished, Identity, LutSlot, Pool, PoolOptions,
    Progress, RingDevice, Statistics,
};
use gyrus::interface::{DeviceError, ParameterSet, PolynomialSize, catalogue};
use gyrus::key::EvaluationKey;
use gyrus::session::{Session, SessionOptions};
use gyrus_sim::device::{Card, CardOptions, HostMemory, MemoryFault, ModelCard};
use null_card::{NullCard, answer};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn null() -> Box<dyn Device> {
    Box::new(RingDevice::new(NullCard::threaded(true)).unwrap())
}

fn pool(devices: Vec<Box<dyn Device>>) -> Pool {
    pool_with(devices, Duration::from_secs(5))
}

/// With the longest time of a batch.
fn pool_with(devices: Vec<Box<dyn Device>>, deadline: Duration) -> Pool {
    let options = PoolOptions {
        deadline,
        ..PoolOptions::default()
    };
    Pool::new(devices, options).unwrap()
}

/// With a key and one table.
fn load(pool: &mut Pool, key: &EvaluationKey, table: &[u64]) {
    pool.load_keys(key, &mut |_, _| (), soon()).unwrap();
    pool.load_luts(LutSlot(3), &[table], soon()).unwrap();
}

fn batch(input: &[u64]) -> Batch {
    Batch {
        inputs: vec![input.into()],
        luts: vec![LutSlot(3)],
        samples: 1,
        stride: 0,
    }
}

/// Submits one batch for each input, waiting where there is no room; the outputs in the order of the inputs.
/// `each` is called behind every submission.
fn run(pool: &mut Pool, inputs: &[Vec<u64>], mut each: impl FnMut(usize)) -> Vec<Vec<u64>> {
    let mut tags = BTreeMap::new();
    let mut outputs = vec![None; inputs.len()];
    let mut answered = |tags: &BTreeMap<u64, usize>, finished: Finished| {
        let place = &mut outputs[tags[&finished.tag.0]];
        assert!(place.is_none(), "answered twice");
        *place = Some(finished.outputs.unwrap().concat());
    };
    let mut left = inputs.len();
    for (number, input) in inputs.iter().enumerate() {
        let tag = loop {
            match pool.submit(batch(input)) {
                Ok(tag) => break tag,
                Err(DeviceError::RingFull(_)) => {
                    answered(&tags, pool.wait(soon()).unwrap());
                    left -= 1;
                }
                Err(error) => panic!("{error}"),
            }
        };
        tags.insert(tag.0, number);
        each(number);
    }
    for _ in 0..left {
        answered(&tags, pool.wait(soon()).unwrap());
    }
    let error = pool.wait(soon()).unwrap_err();
    assert!(
        error.to_string().contains("no batch is in flight"),
        "{error}"
    );
    outputs.into_iter().map(Option::unwrap).collect()
}

/// What a test does to a device.
#[derive(Clone, Default)]
struct Control {
    /// Failures still to come, at a batch that comes back.
    fails: Arc<AtomicU32>,
    resets_fail: bool,
    /// Resets that leave it stuck.
    resets_stick: Arc<AtomicU32>,
    /// Resets that have begun.
    resets: Arc<AtomicU32>,
    /// Resets do not end meanwhile, whatever their deadline.
    resets_stand: Arc<AtomicBool>,
    /// How long each batch takes more.
    slow: Duration,
    /// Nothing comes back meanwhile.
    holds: Arc<AtomicBool>,
    cancelled: Arc<AtomicU32>,
    loads: Arc<AtomicU32>,
}

struct Faulty {
    device: Box<dyn Device>,
    control: Control,
}

impl Device for Faulty {
    fn identity(&self) -> &Identity {
        self.device.identity()
    }
    fn load_keys(
        &mut self,
        key: &EvaluationKey,
        progress: Progress<'_>,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        self.control.loads.fetch_add(1, Ordering::Relaxed);
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
        self.device.submit(batch)
    }
    fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError> {
        if self.control.holds.load(Ordering::Relaxed) {
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
            return Err(DeviceError::Timeout(Duration::ZERO));
        }
        let finished = self.device.wait(deadline)?;
        std::thread::sleep(self.control.slow);
        let fails = &self.control.fails;
        let left = fails.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        match left {
            Ok(_) => Err(DeviceError::Removed("pulled out".to_owned())),
            Err(_) => Ok(finished),
        }
    }
    fn cancel(&mut self, tag: BatchTag) {
        self.device.cancel(tag);
        self.control.cancelled.fetch_add(1, Ordering::Relaxed);
    }
    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        self.control.resets.fetch_add(1, Ordering::Relaxed);
        let end = Instant::now() + Duration::from_secs(60);
        while self.control.resets_stand.load(Ordering::Relaxed) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
        let stick = &self.control.resets_stick;
        let left = stick.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        if self.control.resets_fail || left.is_ok() {
            return Err(DeviceError::Stuck);
        }
        self.device.reset(deadline)
    }
    fn statistics(&self) -> Statistics {
        self.device.statistics()
    }
}

fn faulty(control: &Control) -> Box<dyn Device> {
    Box::new(Faulty {
        device: null(),
        control: control.clone(),
    })
}

fn inputs(count: usize) -> Vec<Vec<u64>> {
    let mut rng = rng(7);
    let size = catalogue::toy().big_lwe_size();
    (0..count).map(|_| words(&mut rng, size)).collect()
}

fn all_right(inputs: &[Vec<u64>], outputs: &[Vec<u64>], table: &[u64]) {
    assert_eq!(inputs.len(), outputs.len());
    for (input, output) in inputs.iter().zip(outputs) {
        assert_eq!(*output, answer(input, table, 0));
    }
}

#[test]
fn batches_are_spread_and_answered_once() {
    let mut pool = pool(vec![null(), null(), null()]);
    let one = null().identity().clone();
    assert_eq!(pool.identity().max_in_flight, 3 * one.max_in_flight);
    assert_eq!(pool.identity().preferred_batch, one.preferred_batch);
    let key = toy_key(1);
    let mut last = (0, 0);
    let progress = &mut |done, total| last = (done, total);
    pool.load_keys(&key, progress, soon()).unwrap();
    assert_eq!((last.0, last.1), (pool.statistics().key_bytes, last.0));
    let table = words(&mut rng(2), 256);
    pool.load_luts(LutSlot(3), &[&table], soon()).unwrap();
    let inputs = inputs(3000);
    let outputs = run(&mut pool, &inputs, |_| ());
    all_right(&inputs, &outputs, &table);
    for device in pool.each() {
        assert!(device.bootstraps > 0, "{:?}", pool.each());
    }
    assert_eq!(pool.statistics().bootstraps, 3000);
}

/// A card that is so quick that each batch has come back before the next one is submitted is the least loaded again.
#[test]
fn members_that_are_alike_take_turns() {
    let mut pool = pool(vec![null(), null(), null()]);
    load(&mut pool, &toy_key(1), &[5; 256]);
    for input in &inputs(30) {
        pool.submit(batch(input)).unwrap();
        pool.wait(soon()).unwrap().outputs.unwrap();
    }
    let done: Vec<u64> = pool.each().iter().map(|device| device.batches).collect();
    assert_eq!(done, [10; 3]);
}

/// A device that only its second reset frees.
#[test]
fn a_member_comes_back_with_its_second_reset() {
    let control = Control {
        resets_stick: Arc::new(AtomicU32::new(1)),
        ..Control::default()
    };
    let mut pool = pool(vec![faulty(&control), null()]);
    load(&mut pool, &toy_key(1), &[5; 256]);
    control.fails.store(1, Ordering::Relaxed);
    let inputs = inputs(100);
    let outputs = run(&mut pool, &inputs, |_| ());
    all_right(&inputs, &outputs, &[5; 256]);
    let end = soon();
    while control.loads.load(Ordering::Relaxed) < 2 {
        assert!(Instant::now() < end, "it was given up");
        std::thread::yield_now();
    }
    assert_eq!(pool.working(), 2);
}

#[test]
fn a_pool_that_is_dropped_waits_for_one_reset_and_no_other() {
    let control = Control {
        resets_stand: Arc::new(AtomicBool::new(true)),
        resets_stick: Arc::new(AtomicU32::new(3)),
        ..Control::default()
    };
    let mut pool = pool(vec![faulty(&control)]);
    load(&mut pool, &toy_key(1), &[5; 256]);
    control.fails.store(1, Ordering::Relaxed);
    pool.submit(batch(&inputs(1)[0])).unwrap();
    let end = soon();
    while control.resets.load(Ordering::Relaxed) == 0 {
        assert!(Instant::now() < end, "it is not reset");
        std::thread::yield_now();
    }
    let (sender, gone) = std::sync::mpsc::channel();
    let dropping = std::thread::spawn(move || {
        drop(pool);
        sender.send(()).unwrap();
    });
    // Time enough to begin with it; it cannot end before the reset does.
    assert!(gone.recv_timeout(Duration::from_secs(1)).is_err());
    control.resets_stand.store(false, Ordering::Relaxed);
    gone.recv_timeout(Duration::from_secs(20)).unwrap();
    dropping.join().unwrap();
    assert_eq!(control.resets.load(Ordering::Relaxed), 1);
}

/// A device that does nothing: what it has got is all that is missing in the end.
#[test]
fn a_slow_device_does_not_hold_up_the_others() {
    let slow = Control::default();
    slow.holds.store(true, Ordering::Relaxed);
    // Nothing is done elsewhere since it takes too long.
    let mut pool = pool_with(vec![faulty(&slow), null()], Duration::from_secs(300));
    load(&mut pool, &toy_key(1), &[5; 256]);
    let most = null().identity().max_in_flight;
    let (mut tags, mut quick) = (0, 0);
    for input in &inputs(400) {
        while let Err(error) = pool.submit(batch(input)) {
            assert!(matches!(error, DeviceError::RingFull(_)), "{error}");
            pool.wait(soon()).unwrap().outputs.unwrap();
            quick += 1;
        }
        tags += 1;
    }
    while quick < tags - most {
        pool.wait(soon()).unwrap().outputs.unwrap();
        quick += 1;
    }
    pool.reset(soon()).unwrap();
}

#[test]
fn a_device_that_fails_once_comes_back_and_one_that_fails_again_is_out() {
    let table = vec![5; 256];
    let inputs = inputs(500);
    for (fails, resets_fail, working, loads) in
        [(1, false, 2, 2), (2, false, 1, 2), (1, true, 1, 1)]
    {
        let control = Control {
            resets_fail,
            // So that what is in flight when it fails is more than one batch.
            slow: Duration::from_millis(1),
            ..Control::default()
        };
        // As slow, so that it does not do all the rest meanwhile.
        let other = Control {
            slow: control.slow,
            ..Control::default()
        };
        let mut pool = pool(vec![faulty(&control), faulty(&other)]);
        load(&mut pool, &toy_key(1), &table);
        let outputs = run(&mut pool, &inputs, |number| {
            if number == 100 {
                control.fails.store(fails, Ordering::Relaxed);
            }
        });
        all_right(&inputs, &outputs, &table);
        assert_eq!(pool.working(), working, "{fails} failures");
        assert_eq!(control.loads.load(Ordering::Relaxed), loads);
        // A reset gives it another chance.
        if !resets_fail {
            pool.reset(soon()).unwrap();
            assert_eq!(pool.working(), 2);
            load(&mut pool, &toy_key(1), &table);
            let outputs = run(&mut pool, &inputs, |_| ());
            all_right(&inputs, &outputs, &table);
        }
    }
}

#[test]
fn a_device_that_hangs_in_its_reset_is_left_out() {
    let hangs = Control {
        resets_stand: Arc::new(AtomicBool::new(true)),
        ..Control::default()
    };
    let mut pool = pool(vec![faulty(&hangs), null()]);
    let table = vec![5; 256];
    load(&mut pool, &toy_key(1), &table);
    let deadline = Instant::now() + Duration::from_millis(50);
    pool.reset(deadline).unwrap();
    assert_eq!(pool.working(), 1);
    load(&mut pool, &toy_key(1), &table);
    let inputs = inputs(100);
    let outputs = run(&mut pool, &inputs, |_| ());
    all_right(&inputs, &outputs, &table);
    hangs.resets_stand.store(false, Ordering::Relaxed);
}

#[test]
fn the_failure_of_the_last_device_comes_out() {
    let control = Control {
        resets_fail: true,
        ..Control::default()
    };
    let mut pool = pool(vec![faulty(&control), faulty(&control)]);
    load(&mut pool, &toy_key(1), &[5; 256]);
    control.fails.store(2, Ordering::Relaxed);
    let inputs = inputs(2);
    for input in &inputs {
        // Both may have failed before the last one.
        if let Err(error) = pool.submit(batch(input)) {
            assert_eq!(error, DeviceError::Stuck);
        }
    }
    let error = loop {
        match pool.wait(soon()) {
            Ok(_) => (),
            Err(error) => break error,
        }
    };
    assert_eq!(error, DeviceError::Stuck);
    assert_eq!(pool.working(), 0);
    assert_eq!(
        pool.submit(batch(&inputs[0])).unwrap_err(),
        DeviceError::Stuck
    );
    assert!(pool.reset(soon()).is_err());
}

#[test]
fn keys_that_no_card_takes_and_batches_that_do_not_fit_are_refused() {
    let mut pool = pool(vec![null(), null()]);
    let error = pool.submit(batch(&[1, 2])).unwrap_err();
    assert!(matches!(error, DeviceError::Request(_)), "{error}");
    let larger = ParameterSet {
        name: "INSECURE_LARGER".to_owned(),
        polynomial_size: PolynomialSize(4096),
        ..catalogue::toy()
    };
    let error = pool.load_keys(&random_key(larger, 1), &mut |_, _| (), soon());
    assert!(matches!(error, Err(DeviceError::Request(_))), "{error:?}");
    load(&mut pool, &toy_key(1), &[5; 256]);
    let error = pool.submit(batch(&[1, 2])).unwrap_err();
    assert!(matches!(error, DeviceError::Request(_)), "{error}");
    let slots = pool.identity().lut_slots;
    let error = pool.load_luts(LutSlot(slots), &[&[5; 256]], soon());
    assert!(matches!(error, Err(DeviceError::Request(_))), "{error:?}");
    assert!(Pool::new(Vec::new(), PoolOptions::default()).is_err());
}

#[test]
fn a_cancelled_batch_comes_back_as_such() {
    let control = Control::default();
    control.holds.store(true, Ordering::Relaxed);
    let mut pool = pool(vec![faulty(&control), faulty(&control)]);
    load(&mut pool, &toy_key(1), &[5; 256]);
    let inputs = inputs(6);
    let tags: Vec<BatchTag> = inputs
        .iter()
        .map(|input| pool.submit(batch(input)).unwrap())
        .collect();
    pool.cancel(tags[5]);
    pool.cancel(BatchTag(999));
    while control.cancelled.load(Ordering::Relaxed) == 0 {
        std::thread::yield_now();
    }
    control.holds.store(false, Ordering::Relaxed);
    let mut seen = BTreeMap::new();
    for _ in &tags {
        let finished = pool.wait(soon()).unwrap();
        assert!(seen.insert(finished.tag.0, finished.outputs).is_none());
    }
    assert_eq!(seen[&tags[5].0], Err(DeviceError::Cancelled));
    assert!(tags[..5].iter().all(|tag| seen[&tag.0].is_ok()));
}

/// Two models, one of which dies in the middle: its bus answers no more, not even after a reset.
#[test]
fn a_card_that_dies_loses_nothing() {
    let key = toy_key(4);
    let mut rng = rng(4);
    let card = ModelCard::power_on(&CardOptions::default()).unwrap();
    let memory = Arc::clone(card.memory());
    let device = |card: ModelCard| -> Box<dyn Device> {
        Box::new(RingDevice::new(CardTransport::new(Box::new(card))).unwrap())
    };
    let other = ModelCard::power_on(&CardOptions::default()).unwrap();
    let pool = pool(vec![device(card), device(other)]);
    let options = SessionOptions {
        insecure_parameters: true,
        ..SessionOptions::default()
    };
    let session = Session::open(Box::new(pool), Arc::clone(&key), options, &mut |_, _| ()).unwrap();
    let table = words(&mut rng, 256);
    let lut = session.lut(&table).unwrap();
    let size = key.parameters().big_lwe_size();
    let inputs: Vec<Vec<u64>> = (0..24).map(|_| words(&mut rng, size)).collect();
    let right: Vec<Vec<u64>> = inputs
        .iter()
        .map(|input| expected(&key, input, &table, 1, 0))
        .collect();
    for round in 0..40 {
        let borrowed: Vec<&[u64]> = inputs.iter().map(Vec::as_slice).collect();
        let luts = vec![lut.clone(); inputs.len()];
        let mut answers = 0;
        let outputs = session.bootstrap_all(&borrowed, &luts, &mut |_| answers += 1);
        assert_eq!(outputs.unwrap(), right, "round {round}");
        assert_eq!(answers, inputs.len());
        if round == 10 {
            let base = HostMemory::BASE;
            memory.fail(base + 0x10_0000..base + (64 << 20), MemoryFault::Dead);
        }
    }
    let statistics = session.statistics();
    assert_eq!(statistics.requests, 40 * 24);
    // The pool did without the dead card; nobody had to reset it as a whole.
    assert_eq!(statistics.recoveries, 0);
}

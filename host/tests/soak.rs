//! A million jobs through sessions over cards on which everything goes wrong, now and then: each is answered
//! once, and right. Some ten seconds; `--nocapture` shows the counts.
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
    Batch, BatchTag, Device, Finished, Identity, LutSlot, Pool, PoolOptions, Progress, RingDevice,
    Statistics,
};
use gyrus::interface::{DeviceError, ParameterSet};
use gyrus::key::EvaluationKey;
use gyrus::session::{Session, SessionOptions};
use null_card::{Counts, Faults, Injected, NullCard, answer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CALLERS: u64 = 4;
/// Requests of a call.
const CALL: u64 = 1000;
const TABLES: usize = 5;

/// A device over a card with the faults of a seed.
fn faulty(seed: u64) -> (Box<dyn Device>, Counts) {
    let (faults, counts) = Faults::new(seed);
    let device = RingDevice::new(NullCard::faulty(faults)).unwrap();
    (Box::new(device), counts)
}

/// A ciphertext that no other request has.
fn input(number: u64, size: usize) -> Vec<u64> {
    let first = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..size as u64).map(|at| first ^ at << 48).collect()
}

/// As many requests as are asked for, from several callers at once; looks at each answer.
fn soak(device: Box<dyn Device>, requests: u64) -> Session {
    let options = SessionOptions {
        deadline: Duration::from_secs(10),
        // A request may meet several faults.
        attempts: 20,
        insecure_parameters: true,
        ..SessionOptions::default()
    };
    let session = Session::open(device, toy_key(1), options, &mut |_, _| ()).unwrap();
    let size = session.parameters().big_lwe_size();
    let mut rng = rng(1);
    let tables: Vec<Vec<u64>> = (0..TABLES).map(|_| words(&mut rng, 256)).collect();
    let luts: Vec<_> = tables
        .iter()
        .map(|table| session.lut(table).unwrap())
        .collect();
    let answered = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (session, tables, luts, answered) = (&session, &tables, &luts, &answered);
            scope.spawn(move || {
                for call in 0..requests / CALLERS / CALL {
                    let first = (call * CALLERS + caller) * CALL;
                    let which = |number: u64| usize::try_from(number).unwrap() % TABLES;
                    let inputs: Vec<Arc<[u64]>> = (first..first + CALL)
                        .map(|number| input(number, size).into())
                        .collect();
                    let chosen: Vec<_> = (first..first + CALL)
                        .map(|number| luts[which(number)].clone())
                        .collect();
                    let mut counted = 0;
                    let outputs = session
                        .bootstrap_shared(inputs.clone(), &chosen, &mut |_| counted += 1)
                        .unwrap();
                    assert_eq!(counted, CALL);
                    assert_eq!(outputs.len(), inputs.len());
                    for ((number, input), output) in (first..).zip(&inputs).zip(&outputs) {
                        assert_eq!(*output, answer(input, &tables[which(number)], 0));
                    }
                    answered.fetch_add(counted, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(answered.into_inner(), requests);
    assert_eq!(session.statistics().requests, requests);
    session
}

fn print(name: &str, session: &Session, counts: &[Counts], start: Instant) {
    let statistics = session.statistics();
    let device = &statistics.device;
    println!(
        "{name}: {} requests in {:.1?}; {} batches done, {} errors, {} recoveries, {} resets",
        statistics.requests,
        start.elapsed(),
        device.batches,
        device.errors,
        statistics.recoveries,
        device.resets
    );
    println!(
        "  latency {:?} the median, {:?} 99 %, {:?} the longest; {:.1} in flight; {} waits, {} spurious, {} lost",
        device.latency.percentile(50),
        device.latency.percentile(99),
        device.latency.longest(),
        device.mean_depth(),
        device.interrupt_waits.times,
        device.spurious_interrupts,
        device.lost_interrupts
    );
    for counts in counts {
        println!("  {:?}", counts.lock().unwrap());
    }
}

/// Every kind of fault came up.
fn all_met(counts: &Counts) {
    let counts = counts.lock().unwrap();
    for (fault, _) in null_card::RATES {
        assert!(counts.contains_key(&fault), "{fault:?} never came up");
    }
}

#[test]
fn a_million_jobs_over_a_card_with_faults_are_answered_once_and_right() {
    let start = Instant::now();
    let (device, counts) = faulty(1);
    let session = soak(device, 1_000_000);
    print("one card", &session, std::slice::from_ref(&counts), start);
    all_met(&counts);
    let statistics = session.statistics();
    let met = |fault| counts.lock().unwrap()[&fault];
    // Not every fault needs a reset, and one may be in the shadow of another.
    assert!(statistics.recoveries >= met(Injected::Halt));
    assert!(statistics.device.bootstraps >= 1_000_000);
}

/// A member of a pool, and the bootstraps that it hands back well.
struct Counting {
    device: Box<dyn Device>,
    done: Arc<AtomicU64>,
}

impl Device for Counting {
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
        self.device.submit(batch)
    }
    fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError> {
        let finished = self.device.wait(deadline)?;
        if let Ok(outputs) = &finished.outputs {
            self.done.fetch_add(outputs.len() as u64, Ordering::Relaxed);
        }
        Ok(finished)
    }
    fn cancel(&mut self, tag: BatchTag) {
        self.device.cancel(tag);
    }
    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        self.device.reset(deadline)
    }
    fn check(&mut self) -> Result<(), DeviceError> {
        self.device.check()
    }
    fn statistics(&self) -> Statistics {
        self.device.statistics()
    }
}

#[test]
fn a_pool_of_cards_with_faults_answers_once_and_right() {
    const REQUESTS: u64 = 200_000;
    let start = Instant::now();
    let (cards, counts): (Vec<_>, Vec<_>) = [2, 3].map(faulty).into_iter().unzip();
    let (members, done): (Vec<Box<dyn Device>>, Vec<_>) = cards
        .into_iter()
        .map(|device| {
            let done = Arc::new(AtomicU64::new(0));
            let member = Counting {
                device,
                done: Arc::clone(&done),
            };
            (Box::new(member) as Box<dyn Device>, done)
        })
        .unzip();
    let pool = Pool::new(members, PoolOptions::default()).unwrap();
    let session = soak(Box::new(pool), REQUESTS);
    print("two cards", &session, &counts, start);
    for counts in counts {
        assert!(!counts.lock().unwrap().is_empty());
    }
    let done: Vec<u64> = done
        .iter()
        .map(|done| done.load(Ordering::Relaxed))
        .collect();
    println!("  bootstraps of each {done:?}");
    // A member that fails twice in a row does nothing more, but not as early as that.
    assert!(done.iter().all(|done| *done > REQUESTS / 100), "{done:?}");
    // What a member hands back nobody does again; only when the whole pool is reset does some of it count for nothing.
    let sum = done.iter().sum::<u64>();
    assert!(sum >= REQUESTS, "{done:?}");
    if session.statistics().recoveries == 0 {
        assert_eq!(sum, REQUESTS, "{done:?}");
    }
}

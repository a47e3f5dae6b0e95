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
use gyrus::device::{Device, Pool, PoolOptions, RingDevice};
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

#[test]
fn a_pool_of_cards_with_faults_answers_once_and_right() {
    let start = Instant::now();
    let ((one, first), (other, second)) = (faulty(2), faulty(3));
    let pool = Pool::new(vec![one, other], PoolOptions::default()).unwrap();
    let session = soak(Box::new(pool), 200_000);
    print(
        "two cards",
        &session,
        &[first.clone(), second.clone()],
        start,
    );
    // Both took part.
    for counts in [first, second] {
        assert!(!counts.lock().unwrap().is_empty());
    }
}

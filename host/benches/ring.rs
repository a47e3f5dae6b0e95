//! What the ring engine costs: processor time of the driver's thread, through a card that does the rings for
//! real and computes nothing.
//!
//! `cargo bench -p gyrus --bench ring`, some seconds. With a card *inline* the driver's thread does the card's
//! part too: jobs by processor time are jobs a second of one core in all. A *threaded* card takes another core, and
//! the caches move words between the two; the driver's time then is its own, with what it spends on waiting.
//!
//! A job is one descriptor with its batch, and the bars are for batches of one ciphertext. A batch of twelve is
//! held to them per ciphertext, as moving words is what it takes.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

#[path = "../tests/null_card/mod.rs"]
mod null_card;

use gyrus::device::{Batch, Device, LutSlot, RingDevice};
use gyrus::key::{EvaluationKey, KeyswitchKey};
use gyrus_interface::{KeyswitchModulus, ParameterSet, catalogue, layout};
use null_card::NullCard;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Time of a measurement, at least.
const TIME: Duration = Duration::from_millis(500);
/// The bars: jobs that one core does in a second, and processor time of a job.
const LEAST_RATE: f64 = 200_000.0;
const MOST_MICROSECONDS: f64 = 5.0;

/// Processor time of this thread.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).expect("not negative"),
        u32::try_from(time.tv_nsec).expect("below a second"),
    )
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A key of zeros.
fn key(set: ParameterSet) -> EvaluationKey {
    let bootstrapping = vec![0; layout::bootstrapping_key_words(&set)];
    let words = layout::keyswitch_key_words(&set);
    let keyswitch = match set.keyswitch_modulus {
        KeyswitchModulus::Native64 => KeyswitchKey::U64(vec![0; words]),
        KeyswitchModulus::PowerOfTwo32 { .. } => KeyswitchKey::U32(vec![0; words]),
    };
    EvaluationKey::new(set, bootstrapping, keyswitch).expect("a key")
}

/// Jobs done, processor time of this thread, and time.
fn measure(device: &mut dyn Device, batch: &Batch) -> (u32, Duration, Duration) {
    let depth = device.identity().max_in_flight;
    let (start, processor) = (Instant::now(), thread_time());
    let (mut jobs, mut in_flight) = (0, 0);
    while start.elapsed() < TIME || in_flight > 0 {
        while in_flight < depth && start.elapsed() < TIME {
            device.submit(batch.clone()).expect("room");
            in_flight += 1;
        }
        let finished = device.wait(soon()).expect("an answer");
        std::hint::black_box(finished.outputs.expect("results"));
        in_flight -= 1;
        jobs += 1;
    }
    (jobs, thread_time() - processor, start.elapsed())
}

fn main() {
    let sets = [
        catalogue::toy(),
        catalogue::find(catalogue::PRIMARY).expect("in the catalogue"),
    ];
    println!(
        "bars: {LEAST_RATE} jobs a second of a core (inline), {MOST_MICROSECONDS} us of processor time a job"
    );
    println!("    card     N batch     jobs/s  us a job  us a ciphertext  ciphertexts/s of a core");
    for set in sets {
        let key = key(set.clone());
        for threaded in [false, true] {
            let card = if threaded {
                NullCard::threaded(false)
            } else {
                NullCard::inline()
            };
            let mut device = RingDevice::new(card).expect("a card");
            device
                .load_keys(&key, &mut |_, _| (), soon())
                .expect("a key that fits");
            for count in [1_u32, 12] {
                let batch = Batch {
                    inputs: vec![vec![3; set.big_lwe_size()].into(); count as usize],
                    luts: vec![LutSlot(0); count as usize],
                    samples: 1,
                    stride: 0,
                };
                measure(&mut device, &batch);
                let (jobs, processor, time) = measure(&mut device, &batch);
                let each = processor.as_secs_f64() / f64::from(jobs);
                let microseconds = each * 1e6 / f64::from(count);
                let rate = f64::from(count) / each;
                let held = microseconds <= MOST_MICROSECONDS && (threaded || rate >= LEAST_RATE);
                println!(
                    "{:>8} {:>5} {count:>5} {:>10.0} {:>9.2} {microseconds:>16.2} {rate:>24.0}  {}",
                    if threaded { "threaded" } else { "inline" },
                    set.polynomial_size,
                    f64::from(jobs) / time.as_secs_f64(),
                    each * 1e6,
                    if held { "held" } else { "MISSED" },
                );
            }
        }
    }
}

//! What the ring engine costs: processor time of the driver's thread, through a card that does the rings for
//! real and computes nothing.
//!
//! `cargo bench -p gyrus --bench ring`, some seconds. With a card *inline* the driver's thread does the card's
//! part too: jobs by processor time are jobs a second of one core in all. A *threaded* card takes another core, and
//! the caches move words between the two; the driver's time then is its own, with what it spends on waiting.
//!
//! A job is one descriptor with its batch, and the bars are for batches of one ciphertext. A batch of twelve is
//! held to them per ciphertext, as moving words is what it takes. The rate is one of inline cards only: with a threaded
//! one, jobs wait for another core. Whoever runs this learns of a bar that was missed by how it ends.
//!
//! Behind that stands what the driver's copies take, and a part of what would be there in their place if it mapped its
//! callers' buffers for the card: to pin their pages. The kernel does that with the same function when buffers are
//! registered with io_uring, which needs no card.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

#[path = "../tests/null_card/mod.rs"]
mod null_card;

use gyrus::device::{Batch, Device, LutSlot, RingDevice};
use gyrus::key::{EvaluationKey, KeyswitchKey};
use gyrus_interface::{KeyswitchModulus, ParameterSet, catalogue, layout};
use null_card::NullCard;
use rustix::fd::OwnedFd;
use rustix::io_uring::{
    IoringRegisterOp, io_uring_params, io_uring_register, io_uring_setup, iovec,
};
use rustix::time::{ClockId, clock_gettime};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time of a measurement, at least.
const TIME: Duration = Duration::from_millis(500);
/// Ciphertexts of the batches that are measured.
const BATCHES: [u32; 2] = [1, 12];
/// Buffers that a measurement of copies takes in turn: of these together the caches hold few, or all.
const BUFFERS: [usize; 2] = [256, 1];
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

/// What the kernel pins pages for.
struct Pins(OwnedFd);

impl Pins {
    /// # Errors
    /// There is no io_uring here, or it is forbidden.
    fn new() -> rustix::io::Result<Self> {
        // SAFETY: no flag is set, so that no file is attached to.
        unsafe { io_uring_setup(1, &mut io_uring_params::default()) }.map(Self)
    }

    /// Pins all pages of some words, and releases them.
    fn pin_and_release(&self, words: &mut [u64]) {
        let buffer = iovec {
            iov_base: words.as_mut_ptr().cast(),
            iov_len: size_of_val(words),
        };
        let (pin, release) = (
            IoringRegisterOp::RegisterBuffers,
            IoringRegisterOp::UnregisterBuffers,
        );
        let (buffer, none) = (&raw const buffer, std::ptr::null());
        // SAFETY: one buffer, which is borrowed until it is released, and nothing is submitted that writes to it.
        let ended = unsafe {
            io_uring_register(&self.0, pin, buffer.cast(), 1)
                .and_then(|_| io_uring_register(&self.0, release, none, 0))
        };
        ended.expect("so few pages can be pinned");
    }
}

/// Microseconds of this thread that `work` takes, called with 0 to `rounds` in turn.
fn each(rounds: usize, mut work: impl FnMut(usize)) -> f64 {
    let mut calls = 0;
    let (start, processor) = (Instant::now(), thread_time());
    while start.elapsed() < TIME {
        (0..rounds).for_each(&mut work);
        calls += rounds;
    }
    (thread_time() - processor).as_secs_f64() * 1e6 / calls as f64
}

/// What it takes to copy batches of ciphertexts of so many words to where a card reads them, and back, word by word as
/// the driver does; and to pin and to release as many pages of a caller's memory.
fn transfers(words: usize) {
    let pins = Pins::new();
    println!("\n us a batch of ciphertexts of {words} words:");
    println!(" batch buffers   copy in  copy out  pin and release");
    for count in BATCHES {
        let length = count as usize * words;
        for buffers in BUFFERS {
            let mut theirs = vec![vec![3_u64; length]; buffers];
            let shared: Vec<Vec<AtomicU64>> = theirs
                .iter()
                .map(|words| words.iter().map(|&word| AtomicU64::new(word)).collect())
                .collect();
            let copy_in = each(buffers, |buffer| {
                for (to, from) in shared[buffer].iter().zip(&theirs[buffer]) {
                    to.store(*from, Ordering::Relaxed);
                }
            });
            let copy_out = each(buffers, |buffer| {
                for (to, from) in theirs[buffer].iter_mut().zip(&shared[buffer]) {
                    *to = from.load(Ordering::Relaxed);
                }
                std::hint::black_box(&mut theirs[buffer]);
            });
            let pinned = pins
                .as_ref()
                .map(|pins| each(buffers, |buffer| pins.pin_and_release(&mut theirs[buffer])));
            let pinned = pinned.map_or_else(|_| "?".to_owned(), |time| format!("{time:.2}"));
            println!("{count:>6} {buffers:>7} {copy_in:>9.2} {copy_out:>9.2} {pinned:>16}");
        }
    }
    if let Err(error) = pins {
        println!(" No io_uring to pin pages with: {error}");
    }
    println!(
        " To map a buffer takes entries in the tables of the IOMMU as well, and to end that a flush of what it has"
    );
    println!(" cached of them; neither is in the last column.");
}

fn main() -> ExitCode {
    let mut all_held = true;
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
            for count in BATCHES {
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
                all_held &= held;
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
    let primary = catalogue::find(catalogue::PRIMARY).expect("in the catalogue");
    transfers(primary.big_lwe_size());
    if all_held {
        ExitCode::SUCCESS
    } else {
        eprintln!("a bar was missed");
        ExitCode::FAILURE
    }
}

//! The RTL card against what every card has to do, against the model, and against the timing model.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod timing;
mod workload;

use gyrus_interface::card::Channels;
use gyrus_sim::conformance::{
    CHECKS, MEMORY_BYTES, Options, capture, random_jobs, replay, run_one,
};
use gyrus_sim::device::{CardOptions, ModelCard};
use gyrus_sim::rtl::{CardParameters, CoreParameters, Jitter, Pace, RtlCard, RtlOptions};
use std::path::Path;
use std::time::{Duration, Instant};

/// Random jobs of each of two tests, with every kind of parameters.
const RANDOM_JOBS: usize = 5_000;

/// Four lanes, batches of eight, two channels for each key.
fn parameters() -> CardParameters {
    let core = CoreParameters {
        lanes: 4,
        max_log2_n: 9,
        slots: 8,
        levels: 3,
        beat_words: 4,
    };
    CardParameters {
        lut_slots: 16,
        max_batch: 32,
        bank_log2: 22,
        memory_pages: 1 << 13,
        read_ahead: 64,
        key: Channels { count: 2, words: 2 },
        keyswitch: Channels { count: 2, words: 4 },
        ..CardParameters::for_core(core).expect("a card")
    }
}

/// With memories about this far away; nothing is told by when they answer.
fn power_on(latency: u64) -> RtlCard {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rtl-4");
    let pace = |latency| Pace {
        latency,
        beat_cycles: 1,
    };
    let card = RtlCard::power_on(&RtlOptions {
        memory_bytes: MEMORY_BYTES,
        host: pace(latency),
        card: pace(latency / 3),
        jitter: Some(Jitter {
            seed: latency,
            latency: latency / 2,
            one_in: 24,
            stall: 20,
        }),
        ..RtlOptions::new(parameters(), directory)
    })
    .expect("a simulation");
    println!("built in {:.1?}", card.build_time());
    card
}

fn options() -> Options {
    Options {
        bus_deadline: 20_000,
        batch: 8,
        random_jobs: 100,
        resets: 20,
        patience: Duration::from_secs(60),
        ..Options::default()
    }
}

/// The model with the RTL's sizes.
fn model() -> ModelCard {
    let options = CardOptions {
        capabilities: parameters().capabilities(0),
        ..CardOptions::default()
    };
    ModelCard::power_on(&options).expect("a model")
}

/// Everything that a card has to do, with memories that are far away. The longest of these tests, and
/// by its name the first to start.
#[test]
fn conformance_of_the_rtl() {
    let mut card = power_on(300);
    let (begin, from) = (Instant::now(), card.cycles());
    for &(name, check) in CHECKS {
        let (begin, from) = (Instant::now(), card.cycles());
        run_one(&mut card, &options(), name, check).unwrap_or_else(|error| panic!("{error}"));
        let (cycles, seconds) = (card.cycles() - from, begin.elapsed().as_secs_f64());
        println!("{name}: {cycles} cycles, {seconds:.1} s");
    }
    let (cycles, seconds) = (card.cycles() - from, begin.elapsed().as_secs_f64());
    println!("{:.0} cycles a second", cycles as f64 / seconds);
}

/// Jobs of every kind, bad ones among them, with memories that are close.
fn random(seed: u64) {
    let mut card = power_on(12);
    let options = Options {
        random_jobs: RANDOM_JOBS,
        seed,
        ..options()
    };
    let begin = Instant::now();
    run_one(&mut card, &options, "random jobs", random_jobs)
        .unwrap_or_else(|error| panic!("{error}"));
    let (cycles, seconds) = (card.cycles(), begin.elapsed().as_secs_f64());
    println!("{RANDOM_JOBS} jobs: {cycles} cycles, {seconds:.1} s");
}

#[test]
fn random_jobs_of_every_kind() {
    random(2);
}

#[test]
fn more_random_jobs() {
    random(3);
}

/// Keys, tables, rings and inputs of one card give the same bytes on the other.
#[test]
fn what_the_model_did_the_rtl_does_again() {
    let options = options();
    let captured = capture(&mut model(), &options).expect("what the model did");
    replay(&mut power_on(100), &options, &captured).expect("the same on the RTL");
    let captured = capture(&mut power_on(100), &options).expect("what the RTL did");
    replay(&mut model(), &options, &captured).expect("the same on the model");
}

//! The timing model by itself: figures that are known otherwise, its speed, what it refuses.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use gyrus_interface::card::Channels;
use gyrus_interface::{ParameterSet, catalogue, find};
use gyrus_sim::rtl::CardParameters;
use gyrus_sim::timing::{Pace, Submission, TimingError, TimingModel, Work};
use std::time::Instant;

const HOST: Pace = Pace {
    latency: 300,
    beat_cycles: 1,
};
const CARD: Pace = Pace {
    latency: 100,
    beat_cycles: 1,
};

fn model(lanes: usize) -> TimingModel {
    let parameters = CardParameters::for_lanes(lanes).expect("a card");
    TimingModel::new(&parameters, HOST, CARD).expect("a model")
}

fn primary() -> ParameterSet {
    find(catalogue::PRIMARY).expect("the primary set")
}

/// The mean over all degrees that `gyrus-hdl report` gives, which goes by another formula.
#[test]
fn alone_in_flight() {
    for (lanes, cycles) in [(8, 1367.0), (32, 396.0), (128, 150.0)] {
        let alone = model(lanes).alone(&primary()).expect("a set");
        assert!((alone - cycles).abs() < 0.1, "{lanes} lanes: {alone}");
    }
}

/// Two in flight, as the emitted core was measured with the primary set: 1425.8 and 151.3 cycles.
#[test]
fn two_in_flight() {
    for (lanes, cycles) in [(8, 1425.8), (128, 151.3)] {
        // A key switch that takes as long for any n.
        let mut parameters = CardParameters::for_lanes(lanes).expect("a card");
        parameters.keyswitch = Channels {
            count: 16,
            words: 8,
        };
        let model = TimingModel::new(&parameters, HOST, CARD).expect("a model");
        let run = |iterations: usize| {
            let mut set = primary();
            set.lwe_dimension.0 = iterations;
            let jobs = [Work::of(2)];
            let run = model.run(&set, &jobs, Submission::AtOnce);
            run.expect("a prediction").cycles as f64
        };
        // Of the key switch it is n words of two ciphertexts that are left.
        let each = (run(879) - run(479)) / 400.0 - 2.0;
        let error = each / cycles - 1.0;
        assert!(error.abs() < 0.01, "{lanes} lanes: {each} cycles");
    }
}

/// Full batches that are queued follow each other without a gap: (n l + 2) 2 N / P cycles for each
/// ciphertext.
#[test]
fn queued_batches() {
    for lanes in [8, 32, 128] {
        let model = model(lanes);
        let slots = model.parameters().core.slots as u64;
        let run = |jobs: usize| {
            let jobs = vec![Work::of(slots); jobs];
            let run = model.run(&primary(), &jobs, Submission::AtOnce);
            run.expect("a prediction").cycles
        };
        let batches = 20;
        let each = (run(10 + batches) - run(10)) as f64 / (batches as f64 * slots as f64);
        let expected = (879.0 + 2.0) * 4096.0 / lanes as f64;
        let error = each / expected - 1.0;
        assert!(error.abs() < 0.002, "{lanes} lanes: {each}, not {expected}");
    }
}

#[test]
fn speed() {
    let model = model(128);
    let jobs = vec![Work::of(6); 2000];
    let begin = Instant::now();
    let run = model.run(&primary(), &jobs, Submission::AtOnce);
    let seconds = begin.elapsed().as_secs_f64();
    let run = run.expect("a prediction");
    println!(
        "2000 jobs of 6 at production size: {} cycles in {:.0} ms",
        run.cycles,
        1e3 * seconds
    );
    assert_eq!(run.completions.len(), 2000);
    assert!(run.utilisation() > 0.99, "{}", run.utilisation());
    assert!(seconds < 5.0, "{seconds} s");
}

/// The same question, the same answer.
#[test]
fn repeatable() {
    let model = model(32);
    let jobs = [Work::of(2), Work::of(7), Work::of(1)];
    let run = || {
        let run = model.run(&primary(), &jobs, Submission::OneByOne { gap: 10 });
        run.expect("a prediction")
    };
    assert_eq!(run(), run());
    let none = model.run(&primary(), &[], Submission::AtOnce);
    assert_eq!(none.expect("a prediction").cycles, 0);
}

#[test]
fn refusals() {
    let model = model(32);
    for ciphertexts in [0, 257, u64::MAX] {
        let job = Work {
            samples: 2,
            ..Work::of(ciphertexts)
        };
        let run = model.run(&primary(), &[job], Submission::AtOnce);
        assert!(matches!(run, Err(TimingError::Work { .. })), "{run:?}");
    }
    let mut set = primary();
    set.lwe_dimension.0 = 1024;
    let run = model.run(&set, &[Work::of(1)], Submission::AtOnce);
    assert!(matches!(run, Err(TimingError::Settings(_))), "{run:?}");
}

//! Outputs a second of a linear layer on ciphertexts, 64 inputs wide, as in a small language model. Each
//! would go through a bootstrap next: the bar keeps the host from being what inference waits for.
//!
//! `cargo bench -p gyrus --bench linear`, some seconds. Whoever runs this learns of a bar that was missed by
//! how it ends.

#![allow(clippy::expect_used)]

use gyrus::model::Linear;
use gyrus_interface::catalogue;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Inputs and outputs of the layer.
const WIDTH: usize = 64;
/// Largest weight: of five bits.
const LARGEST: i32 = 15;
/// Time of a measurement, at least.
const TIME: Duration = Duration::from_secs(2);
/// The bar, with all CPUs of the machine, for two of them.
const LEAST_RATE: f64 = 30_000.0;

fn main() -> ExitCode {
    let set = catalogue::find(catalogue::PRIMARY).expect("the primary set");
    let size = set.big_lwe_size();
    let mut state = 1_u64;
    let mut word = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state ^ state >> 29
    };
    let weights = (0..WIDTH * WIDTH)
        .map(|_| (word() % (2 * LARGEST as u64 + 1)) as i32 - LARGEST)
        .collect();
    let layer = Linear::new("layer", WIDTH, weights, vec![0; WIDTH]).expect("a layer");
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    println!(
        "layer: {WIDTH} to {WIDTH}, weights to {LARGEST}, ciphertexts of {size} words, bar {LEAST_RATE}"
    );
    let mut held = true;
    for images in [1, 8] {
        let inputs: Vec<u64> = (0..images * WIDTH * size).map(|_| word()).collect();
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < TIME {
            std::hint::black_box(layer.apply(&inputs, size).expect("ciphertexts"));
            calls += 1;
        }
        let outputs = (calls * images * WIDTH) as f64;
        let rate = outputs / start.elapsed().as_secs_f64();
        held &= rate >= LEAST_RATE;
        println!(
            "{images} input(s) at a time, {cores} CPU(s): {rate:.0} outputs a second, {:.2} times the bar",
            rate / LEAST_RATE
        );
    }
    if held {
        ExitCode::SUCCESS
    } else {
        eprintln!("the bar was missed");
        ExitCode::FAILURE
    }
}

//! The RTL card against what every card has to do.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use gyrus_sim::conformance::{CHECKS, MEMORY_BYTES, Options, run_one};
use gyrus_sim::device::Card;
use gyrus_sim::rtl::{CardParameters, CoreParameters, RtlCard, RtlOptions};
use std::path::Path;
use std::time::{Duration, Instant};

/// Four lanes, batches of three.
fn parameters() -> CardParameters {
    let core = CoreParameters {
        lanes: 4,
        max_log2_n: 9,
        slots: 3,
        levels: 3,
        beat_words: 4,
    };
    CardParameters {
        lut_slots: 16,
        max_batch: 32,
        bank_log2: 22,
        memory_pages: 1 << 13,
        read_ahead: 64,
        ..CardParameters::for_core(core).expect("a card")
    }
}

#[test]
fn conformance() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rtl-4");
    let mut options = RtlOptions::new(parameters(), directory);
    options.memory_bytes = MEMORY_BYTES;
    options.trace = std::env::var_os("GYRUS_TRACE").map(Into::into);
    let checks = Options {
        bus_deadline: 20_000,
        batch: 8,
        random_jobs: 300,
        resets: 10,
        patience: Duration::from_secs(30),
        ..Options::default()
    };
    let wanted = std::env::var("GYRUS_CHECK").unwrap_or_default();
    let mut failures = Vec::new();
    for &(name, check) in CHECKS {
        if !name.contains(&wanted) {
            continue;
        }
        let mut card = RtlCard::power_on(&options).expect("a simulation");
        let begin = Instant::now();
        let result = run_one(&mut card, &checks, name, check);
        let (cycles, seconds) = (card.cycles(), begin.elapsed().as_secs_f64());
        println!("{name}: {cycles} cycles, {seconds:.1} s: {result:?}");
        if result.is_err() {
            let status = card.read(gyrus_interface::registers::Register::Status);
            println!("  status {status:x?}");
        }
        failures.extend(result.err());
    }
    assert!(failures.is_empty(), "{} checks failed", failures.len());
}

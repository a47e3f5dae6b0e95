//! Delay lines, RAM and ROM against queues and arrays, in the Rust-HDL simulation and as emitted
//! Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "../support/mod.rs"]
mod support;

use gyrus_hdl::memory::{Delay, Ram, Rom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_hdl::prelude::ToBits;
use support::bench::Bench;

dut!(Delay<72> { d => q });
dut!(Ram<40> { read_address, write_enable, write_address, write_data => read_data });
dut!(Rom<64> { address => data });

/// Depths of both kinds of line, and at the change from one to the other.
#[test]
fn delay() {
    for depth in [1, 2, 3, 16, 17, 18, 33, 100] {
        let mut rng = ChaCha8Rng::seed_from_u64(depth as u64);
        let mut bench = Bench::new(Delay::<72>::new(depth));
        let words: Vec<u128> = (0..3 * depth + 20)
            .map(|_| rng.random::<u128>() >> 56)
            .collect();
        for (i, &word) in words.iter().enumerate() {
            let expected = i.checked_sub(depth).map_or(0, |at| words[at]);
            assert_eq!(bench.cycle(&[word]), [expected], "depth {depth}, cycle {i}");
        }
        bench.replay(&format!("delay_{depth}"));
    }
}

/// Reads see what was written in earlier cycles, and the old word in the cycle of the write.
#[test]
fn ram() {
    for depth in [1_usize, 2, 37, 64] {
        let mut rng = ChaCha8Rng::seed_from_u64(depth as u64);
        let mut bench = Bench::new(Ram::<40>::new(depth));
        let mut words = vec![0; depth];
        let mut expected = 0;
        for i in 0..500 {
            let read = rng.random_range(0..depth);
            // Half of the writes go where this cycle reads.
            let write = if rng.random() {
                read
            } else {
                rng.random_range(0..depth)
            };
            let (enable, data) = (rng.random::<bool>(), rng.random::<u128>() >> 88);
            let sample = bench.cycle(&[read as u128, enable.into(), write as u128, data]);
            assert_eq!(sample, [expected], "depth {depth}, cycle {i}");
            expected = words[read];
            if enable {
                words[write] = data;
            }
        }
        bench.replay(&format!("ram_{depth}"));
    }
}

/// Beyond the table lie zeros.
#[test]
fn rom() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let table: Vec<u128> = (0..21).map(|_| u128::from(rng.random::<u64>())).collect();
    let mut bench = Bench::new(Rom::<64>::new(
        table.iter().map(|&word| word.to_bits()).collect(),
    ));
    let mut expected = 0;
    for i in 0..200 {
        let address = rng.random_range(0..32_usize);
        assert_eq!(bench.cycle(&[address as u128]), [expected], "cycle {i}");
        expected = table.get(address).copied().unwrap_or(0);
    }
    bench.replay("rom");
}

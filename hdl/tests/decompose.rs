//! The decomposition's digits against the functional engine's: fields at and beside every tie,
//! both ends of the word, seeded random words, levels in any order; in the Rust-HDL simulation and
//! as emitted Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "support/mod.rs"]
mod support;

use gyrus_hdl::decompose::{Constants, Decompose};
use gyrus_interface::Decomposition;
use gyrus_sim::model::Gadget;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::bench::Bench;

dut!(Decompose { base_log, level_count, x, level => digit });

/// `(base_log, level_count)`.
const GADGETS: [(usize, usize); 14] = [
    (23, 1),
    (15, 2),
    (12, 3),
    (1, 1),
    (31, 2),
    (20, 3),
    (31, 1),
    (2, 1),
    (1, 2),
    (2, 2),
    (1, 3),
    (2, 3),
    (7, 3),
    (22, 2),
];

/// Words whose digits' fields lie at or next to 0, B/2 and B, with either rounding bit and both
/// ends of what is below it.
fn edges(base_log: usize, levels: usize) -> Vec<u64> {
    let base = 1_u64 << base_log;
    let mut fields = vec![0, 1, base / 2 - 1, base / 2, base / 2 + 1, base - 1];
    fields.retain(|&field| field < base);
    fields.sort_unstable();
    fields.dedup();
    let represented = base_log * levels;
    let mut words = vec![0, u64::MAX, 1 << 63, (1 << 63) - 1];
    for choice in 0..fields.len().pow(levels as u32) {
        let top = (0..levels).fold(0, |top, level| {
            let field = fields[choice / fields.len().pow(level as u32) % fields.len()];
            (top << base_log) | field
        });
        let rest = 1_u64 << (63 - represented);
        for below in [0, rest - 1, rest, 2 * rest - 1] {
            words.push((top << (64 - represented)) + below);
        }
    }
    words
}

/// The stimulus of a cycle and the digit that has to come of it.
struct Cycle {
    base_log: usize,
    levels: usize,
    x: u64,
    level: usize,
    digit: i32,
}

#[test]
fn digits() {
    let mut rng = ChaCha8Rng::seed_from_u64(0x6469_6769);
    let mut bench = Bench::new(Decompose::default());
    for (base_log, levels) in GADGETS {
        let gadget = Gadget::new(Decomposition::new(base_log, levels));
        let mut stimuli = Vec::new();
        for x in edges(base_log, levels) {
            stimuli.extend((0..levels).map(|level| (x, level)));
        }
        for _ in 0..300 {
            stimuli.push((rng.random(), rng.random_range(0..levels)));
        }
        let cycles: Vec<Cycle> = stimuli
            .into_iter()
            .map(|(x, level)| {
                let mut digits = [0; 3];
                gadget.decompose(x, &mut digits[..levels]);
                let digit = digits[level];
                Cycle {
                    base_log,
                    levels,
                    x,
                    level,
                    digit,
                }
            })
            .collect();
        for _ in 0..Constants::SETTLING {
            let x = u128::from(rng.random::<u64>());
            bench.cycle(&[base_log as u128, levels as u128, x, 0]);
        }
        // The last words leave while the first are repeated.
        let again = cycles.iter().take(Decompose::LATENCY);
        for (i, cycle) in cycles.iter().chain(again).enumerate() {
            let sample = bench.cycle(&[
                cycle.base_log as u128,
                cycle.levels as u128,
                cycle.x.into(),
                cycle.level as u128,
            ]);
            if let Some(entered) = i.checked_sub(Decompose::LATENCY).map(|at| &cycles[at]) {
                let digit = i128::from(entered.digit).cast_unsigned() & ((1 << 72) - 1);
                assert_eq!(
                    sample,
                    [digit],
                    "digit {} of {:#x}, base_log {base_log}, {levels} levels",
                    entered.level,
                    entered.x
                );
            }
        }
    }
    bench.replay("decompose");
}

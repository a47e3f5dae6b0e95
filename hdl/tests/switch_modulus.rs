//! The switch from mod q to mod 2^64 and the normalisation of a lazy residue against 128-bit
//! division: both ends of the ranges, multiples of q, every threshold of the rounding, seeded random
//! numbers; in the Rust-HDL simulation and as emitted Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "support/mod.rs"]
mod support;

use gyrus_hdl::arith::{Normalise, Q};
use gyrus_hdl::switch_modulus::SwitchModulus;
use gyrus_sim::model::goldilocks::to_torus;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::bench::Bench;

dut!(SwitchModulus { residue => word, round_up });
dut!(Normalise { residue, addend => result });

/// -2^71 and 2^71: the range of a lazy residue.
const LEAST: i128 = -(1 << 71);
const BOUND: i128 = 1 << 71;

fn port(residue: i128) -> u128 {
    residue.cast_unsigned() & ((1 << 72) - 1)
}

fn canonical(residue: i128) -> u64 {
    residue.rem_euclid(Q.into()) as u64
}

/// Lazy residues at and next to the ends of every range that the units tell apart.
fn residues(rng: &mut ChaCha8Rng) -> Vec<i128> {
    let near = |at: i128| (at - 3)..=(at + 3);
    let mut residues = Vec::new();
    // Multiples of q and of 2^64, and rounding thresholds next to them.
    for multiple in -130..=130 {
        for unit in [i128::from(Q), 1 << 64] {
            for offset in [0, 1 << 31, 1 << 32, i128::from(Q) - (1 << 31)] {
                residues.extend(near(multiple * unit + offset));
            }
        }
    }
    residues.extend(near(LEAST));
    residues.extend(near(BOUND));
    for _ in 0..1000 {
        // Canonical values at 2^31 modulo 2^32, where the rounding changes.
        let v = (i128::from(rng.random::<u32>()) << 32) + (1 << 31) + rng.random_range(-2..=2);
        residues.push(v + rng.random_range(-127..=127) * i128::from(Q));
    }
    for _ in 0..2000 {
        // Any length.
        let x = rng.random_range(LEAST..BOUND);
        residues.push(x >> rng.random_range(0..72));
        residues.push(x);
    }
    residues.retain(|residue| (LEAST..BOUND).contains(residue));
    residues
}

#[test]
fn switch_modulus() {
    let mut rng = ChaCha8Rng::seed_from_u64(0x0073_7769);
    let residues = residues(&mut rng);
    let mut bench = Bench::new(SwitchModulus::default());
    let flush = std::iter::repeat_n(&0, SwitchModulus::LATENCY);
    for (i, &x) in residues.iter().chain(flush).enumerate() {
        let sample = bench.cycle(&[port(x)]);
        if let Some(at) = i.checked_sub(SwitchModulus::LATENCY) {
            let v = canonical(residues[at]);
            let word = ((u128::from(v) << 64) + u128::from(Q / 2)) / u128::from(Q);
            assert_eq!(word as u64, to_torus(v), "the engine for {v:#x}");
            let sum = (sample[0] as u64).wrapping_add(sample[1] as u64);
            assert_eq!(sum, word as u64, "{:#x}", residues[at]);
        }
    }
    bench.replay("switch_modulus");
}

#[test]
fn normalise() {
    const E: u64 = 0xffff_ffff;
    let mut rng = ChaCha8Rng::seed_from_u64(0x6e6f_726d);
    let mut operands = Vec::new();
    for residue in residues(&mut rng) {
        operands.push((residue, rng.random::<u64>() >> rng.random_range(0..64)));
        operands.push((residue, [0, 1, Q - 1, Q, u64::MAX][rng.random_range(0..5)]));
        // The sum of the low words, with and without some E, at a multiple of 2^64.
        let excess = E.wrapping_mul(rng.random_range(-130_i64..=130).cast_unsigned());
        let near = rng.random_range(-2_i64..=2).cast_unsigned();
        let complement = (residue as u64).wrapping_neg();
        operands.push((residue, complement.wrapping_add(excess).wrapping_add(near)));
        let own = ((residue >> 64) as u64).wrapping_mul(E);
        operands.push((residue, complement.wrapping_sub(own).wrapping_add(near)));
        operands.push((
            residue,
            complement
                .wrapping_sub(own)
                .wrapping_sub(E)
                .wrapping_add(near),
        ));
    }
    let mut bench = Bench::new(Normalise::default());
    let flush = std::iter::repeat_n(&(0, 0), Normalise::LATENCY);
    for (i, &(x, addend)) in operands.iter().chain(flush).enumerate() {
        let sample = bench.cycle(&[port(x), addend.into()]);
        if let Some(at) = i.checked_sub(Normalise::LATENCY) {
            let (x, addend) = operands[at];
            assert_eq!(
                sample[0] % u128::from(Q),
                u128::from(canonical(x + i128::from(addend))),
                "{x:#x} + {addend:#x} gives {:#x}",
                sample[0]
            );
        }
    }
    bench.replay("normalise");
}

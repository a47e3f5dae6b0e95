//! Netlists of gates, as Yosys makes them of the emitted Verilog, against the same vectors as the emitted Verilog
//! itself: the multiplier, a butterfly, a whole transform and a small blind rotation.
//!
//! Synthesis is for the 7 series, whose LUTs, carry chains, flip-flops and DSP blocks Yosys brings models of, DSP48E1
//! among them. Memories stay as emitted: what a block RAM does is the vendor's to say.
//!
//! The rotation, some 39,000 cells, runs by a command of its own:
//! `cargo test --release -p gyrus-hdl --test gate_level -- --ignored`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "benches serve other tests, too")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../blind_rotate/batch.rs"]
mod batch;
#[path = "../blind_rotate/rig.rs"]
mod rig;

#[path = "../ntt/passes.rs"]
mod passes;
#[path = "../ntt/schoolbook.rs"]
mod schoolbook;

mod netlist;

use batch::Sizes;
use gyrus_hdl::arith::MulMod;
use gyrus_hdl::blind_rotate::CoreParameters;
use gyrus_hdl::ntt::{Direction, ForwardButterfly, Shape, Transform};
use netlist::{faulty, netlist};
use passes::{Glwe, Passes, random_glwe};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rig::{FAILED, Rig};
use schoolbook::Q;
use support::bench::Bench;

crate::dut!(MulMod { valid_in, x, y => valid_out, result });
crate::dut!(ForwardButterfly { enable, index, a, b => sum, difference });

/// Every pair of edges and random factors, a pair a cycle; products from 128-bit arithmetic.
#[test]
fn multiplier() {
    let mut rng = ChaCha8Rng::seed_from_u64(30);
    let edges = [0, 1, Q as u64 - 1, 1 << 32, u64::MAX >> 32, 1 << 63];
    let mut factors: Vec<(u64, u64)> = edges.iter().flat_map(|x| edges.map(|y| (*x, y))).collect();
    let random = |rng: &mut ChaCha8Rng| rng.next_u64() % Q as u64;
    factors.extend((0..2000).map(|_| (random(&mut rng), random(&mut rng))));
    let mut bench = Bench::new(MulMod::default());
    let gap = vec![[0, 0, 0]; MulMod::LATENCY];
    let words = factors.iter().map(|(x, y)| [1, (*x).into(), (*y).into()]);
    for words in words.chain(gap) {
        bench.cycle(&words);
    }
    let gates = bench.replay_on("gate_multiplier", netlist);
    for (at, (x, y)) in factors.iter().enumerate() {
        let expected = u128::from(*x) * u128::from(*y) % Q;
        assert_eq!(gates[at + MulMod::LATENCY], [1, expected], "{x:x} * {y:x}");
    }
}

/// All exponents, with operands of all magnitudes.
fn butterfly_bench() -> Bench<ForwardButterfly> {
    let mut rng = ChaCha8Rng::seed_from_u64(31);
    let mut bench = Bench::new(ForwardButterfly::new(true));
    let mut lazy = move || {
        let word = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
        let magnitude: u32 = rng.random_range(0..70);
        (word.cast_signed() >> (127 - magnitude)).cast_unsigned() & ((1 << 72) - 1)
    };
    for cycle in 0..1000 {
        let (enable, index) = (u128::from(cycle % 17 != 3), cycle % 32);
        bench.cycle(&[enable, index, lazy(), lazy()]);
    }
    bench
}

#[test]
fn butterfly() {
    butterfly_bench().replay_on("gate_butterfly", netlist);
}

/// A single wrong bit of a netlist shows.
#[test]
#[should_panic(expected = "gate_faulty: Verilator and Rust-HDL differ")]
fn faulty_butterfly() {
    butterfly_bench().replay_on("gate_faulty", faulty);
}

/// Every kind of stage (constant, varying and without factors), the exchanges between them and the multiplications by
/// tables: ciphertexts without a gap and with one, whose transforms follow from the definition.
#[test]
fn transform() {
    let mut rng = ChaCha8Rng::seed_from_u64(32);
    let (log2_n, direction) = (8, Direction::Forward);
    let shape = Shape::new(2, log2_n).expect("a shape");
    let passes = Passes {
        shape,
        log2_n,
        direction,
    };
    let glwes: Vec<Glwe> = (0..3)
        .map(|_| random_glwe(direction, 1 << log2_n, &mut rng))
        .collect();
    let transform = Transform::new(&shape, direction);
    let latency = transform.latency();
    let stimuli = passes.stimuli(&glwes, &[0, 0, 11], latency, &mut rng);
    let mut bench = Bench::new(transform);
    for inputs in &stimuli {
        bench.cycle(inputs);
    }
    let gates = bench.replay_on("gate_transform", netlist);
    passes.check(&glwes, &stimuli, latency, &gates);
}

/// The smallest core, both transforms in it; the words that come out are the engine's.
#[test]
#[ignore = "over four minutes, most of them synthesis and compiling C++"]
fn blind_rotation() {
    let mut rig = Rig::in_rust(CoreParameters {
        lanes: 2,
        max_log2_n: 8,
        slots: 1,
        levels: 1,
        beat_words: 1,
    });
    let batch = rig.batch(
        Sizes {
            log2_n: 8,
            n: 3,
            base_log: 23,
            levels: 1,
            ciphertexts: 1,
            centred: false,
            narrow: false,
        },
        0,
    );
    let (results, sample) = rig.run(&batch, false);
    assert_eq!(sample[FAILED], 0, "the batch is whole");
    assert_eq!(results, batch.expected);
    rig.replay_on("gate_rotation", netlist);
}

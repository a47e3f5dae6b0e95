//! Whole passes through the transforms.

use super::passes::{Glwe, Passes, random_glwe};
use super::schoolbook::{Q, lazy, residue};
use super::support::bench::Bench;
use gyrus_hdl::ntt::{Direction, Shape, Transform};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Where a datapath runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    /// In the Rust-HDL simulation and, cycle by cycle the same, as emitted Verilog.
    Both,
    /// As emitted Verilog: faster for many cycles.
    Verilog,
    /// In the Rust-HDL simulation: faster for many lanes, whose C++ takes minutes to compile.
    Rust,
}

/// Both directions.
fn run(lanes: usize, max_log2_n: usize, sizes: &[usize], count: usize, simulation: In) {
    for direction in [Direction::Forward, Direction::Inverse] {
        run_direction(direction, lanes, max_log2_n, sizes, count, simulation);
    }
}

/// Ciphertexts of each size, without a gap between them, then some with gaps of all kinds, on one
/// datapath.
fn run_direction(
    direction: Direction,
    lanes: usize,
    max_log2_n: usize,
    sizes: &[usize],
    count: usize,
    simulation: In,
) {
    let mut rng = ChaCha8Rng::seed_from_u64((lanes * 100 + max_log2_n) as u64);
    let shape = Shape::new(lanes, max_log2_n).expect("a shape");
    let mut parts = Vec::new();
    for &log2_n in sizes {
        let passes = Passes {
            shape,
            log2_n,
            direction,
        };
        let glwes: Vec<Glwe> = (0..count)
            .map(|_| random_glwe(direction, 1 << log2_n, &mut rng))
            .collect();
        let cycles = shape.pass_cycles(log2_n);
        let gaps: Vec<usize> = (0..count)
            .map(|i| match i {
                0 | 1 => 0,
                _ => rng.random_range(0..cycles + 3),
            })
            .collect();
        let latency = Transform::new(&shape, direction).latency();
        let stimuli = passes.stimuli(&glwes, &gaps, latency + 2, &mut rng);
        parts.push((passes, glwes, stimuli, latency));
    }
    let stimuli: Vec<Vec<u128>> = parts
        .iter()
        .flat_map(|(_, _, stimuli, _)| stimuli.iter().cloned())
        .collect();
    let mut bench = Bench::new(Transform::new(&shape, direction));
    let name = format!("transform_{lanes}_{max_log2_n}_{direction:?}");
    let check = |samples: &[Vec<u128>]| {
        let mut rest = samples;
        for (passes, glwes, stimuli, latency) in &parts {
            let (samples, behind) = rest.split_at(stimuli.len());
            passes.check(glwes, stimuli, *latency, samples);
            rest = behind;
        }
    };
    if simulation == In::Verilog {
        check(&bench.verilog_only(&name, &stimuli));
        return;
    }
    let samples: Vec<Vec<u128>> = stimuli.iter().map(|inputs| bench.cycle(inputs)).collect();
    check(&samples);
    if simulation == In::Both {
        bench.replay(&name);
    }
}

#[test]
fn two_lanes() {
    run(2, 8, &[8], 3, In::Both);
}

#[test]
fn four_lanes() {
    run(4, 8, &[8], 3, In::Both);
}

#[test]
fn eight_lanes_below_the_largest_size() {
    run(8, 9, &[8], 4, In::Both);
}

/// The widest datapath. As emitted Verilog, its inverse transform runs in the whole core alone.
#[test]
fn all_lanes_small() {
    run_direction(Direction::Forward, 128, 9, &[9], 2, In::Both);
    run_direction(Direction::Inverse, 128, 9, &[9], 2, In::Rust);
}

/// Production size, and all smaller sizes on the same datapath, as emitted Verilog.
#[test]
fn production_size() {
    run(8, 11, &[11, 8, 10, 9], 3, In::Verilog);
}

/// One direction for each number of lanes: building the simulation takes most of the time.
fn run_each(cases: [(usize, Direction); 2]) {
    for (lanes, direction) in cases {
        run_direction(direction, lanes, 11, &[11], 2, In::Verilog);
    }
}

// Two tests, which run side by side.
#[test]
fn two_and_sixty_four_lanes() {
    run_each([(2, Direction::Forward), (64, Direction::Inverse)]);
}

#[test]
fn sixteen_and_thirty_two_lanes() {
    run_each([(16, Direction::Inverse), (32, Direction::Forward)]);
}

#[test]
fn residues_of_negative_numbers() {
    assert_eq!(residue(lazy(-1)), Q - 1);
    assert_eq!(residue(lazy(-(1 << 71))), (Q * (1 << 9) - (1 << 71)) % Q);
}

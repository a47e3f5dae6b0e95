//! Whole passes through the transforms.

use super::schoolbook::{Q, forward, inverse_times_size, lazy, psi_powers, residue};
use super::support::bench::Bench;
use gyrus_hdl::ntt::{Arrangement, Direction, Shape, Transform};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

crate::dut!(Transform { pass_cycles, fine_bits, valid_in, time_in, x => valid_out, time_out, y, valid_early, time_early });

/// A mask and a body polynomial, as they enter.
type Glwe = [Vec<i128>; 2];

struct Passes {
    shape: Shape,
    log2_n: usize,
    direction: Direction,
}

impl Passes {
    /// Where element (row, index) lies: (lane, time).
    fn places(&self, entering: bool) -> Vec<(usize, usize, usize, usize)> {
        let of_coefficients = entering == (self.direction == Direction::Forward);
        let arrangement = if of_coefficients {
            Arrangement::of_coefficients(&self.shape)
        } else {
            Arrangement::of_values(&self.shape, self.log2_n)
        };
        let mut places = Vec::new();
        for time in 0..self.shape.pass_cycles(self.log2_n) {
            for lane in 0..self.shape.lanes() {
                let index = if of_coefficients {
                    arrangement.coefficient(self.log2_n, lane, time)
                } else {
                    arrangement.point(self.log2_n, lane, time)
                };
                places.push((time, lane, arrangement.row(lane, time), index));
            }
        }
        places
    }

    /// The inputs of a cycle: configuration, control, then `x`.
    fn cycle(&self, time: Option<usize>, x: &[u128]) -> Vec<u128> {
        let cycles = self.shape.pass_cycles(self.log2_n) as u128;
        let fine_bits = (1 << (self.log2_n - 8)) - 1;
        let mut words = vec![cycles, fine_bits, time.is_some().into()];
        // What stands beside no element must not matter.
        words.push(time.map_or(0xabc, |time| time as u128));
        words.extend_from_slice(x);
        words
    }

    /// All cycles for these ciphertexts, with gaps in front of some of them and room behind.
    fn stimuli(
        &self,
        glwes: &[Glwe],
        gaps: &[usize],
        room: usize,
        rng: &mut impl Rng,
    ) -> Vec<Vec<u128>> {
        let places = self.places(true);
        let mut stimuli = Vec::new();
        for (glwe, &gap) in glwes.iter().zip(gaps) {
            for _ in 0..gap {
                let x: Vec<u128> = (0..self.shape.lanes())
                    .map(|_| rng.random::<u128>() >> 56)
                    .collect();
                stimuli.push(self.cycle(None, &x));
            }
            for group in places.chunks(self.shape.lanes()) {
                let x: Vec<u128> = group
                    .iter()
                    .map(|&(_, _, row, index)| lazy(glwe[row][index]))
                    .collect();
                stimuli.push(self.cycle(Some(group[0].0), &x));
            }
        }
        for _ in 0..room {
            stimuli.push(self.cycle(None, &vec![0; self.shape.lanes()]));
        }
        stimuli
    }

    /// Every element is congruent to the expected one, `latency` cycles after its place in the stimuli.
    fn check(&self, glwes: &[Glwe], stimuli: &[Vec<u128>], latency: usize, samples: &[Vec<u128>]) {
        let powers = psi_powers(1 << self.log2_n);
        let mut expected = glwes.iter().map(|glwe| {
            glwe.each_ref().map(|polynomial| {
                let x: Vec<u128> = polynomial.iter().map(|&x| residue(lazy(x))).collect();
                match self.direction {
                    Direction::Forward => forward(&x, &powers),
                    Direction::Inverse => inverse_times_size(&x, &powers),
                }
            })
        });
        let places = self.places(false);
        let limit: u128 = match self.direction {
            Direction::Forward => 1 << 70,
            Direction::Inverse => 1 << 67,
        };
        let lanes = self.shape.lanes();
        for (i, pair) in samples.windows(2).enumerate() {
            assert_eq!(
                pair[0][2 + lanes..],
                pair[1][..2],
                "ahead of cycle {}",
                i + 1
            );
        }
        let mut current = None;
        for (i, sample) in samples.iter().enumerate() {
            let entered = i.checked_sub(latency).and_then(|at| stimuli.get(at));
            let valid = entered.is_some_and(|cycle| cycle[2] == 1);
            assert_eq!(sample[0], valid.into(), "valid in cycle {i}");
            let Some(entered) = entered.filter(|_| valid) else {
                continue;
            };
            let time = entered[3] as usize;
            assert_eq!(sample[1], time as u128, "time in cycle {i}");
            if time == 0 {
                current = expected.next();
            }
            let polynomials = current.as_ref().expect("a ciphertext");
            for &(_, lane, row, index) in &places[time * self.shape.lanes()..][..self.shape.lanes()]
            {
                let y = sample[2 + lane];
                assert_eq!(
                    residue(y),
                    polynomials[row][index],
                    "P = {}, N = 2^{}: row {row}, element {index}, cycle {i}",
                    self.shape.lanes(),
                    self.log2_n
                );
                let magnitude = if y >> 71 == 0 { y } else { (1 << 72) - y };
                assert!(
                    magnitude < limit,
                    "{magnitude:#x} in lane {lane}, cycle {i}"
                );
            }
        }
        assert!(expected.next().is_none(), "all ciphertexts came out");
    }
}

/// What enters: digits, or values in the range of the multiply-accumulate; extremes among them.
fn random_glwe(direction: Direction, size: usize, rng: &mut impl Rng) -> Glwe {
    let limit = match direction {
        Direction::Forward => 1_i128 << 30,
        Direction::Inverse => (1 << 70) - 1,
    };
    [0, 1].map(|_| {
        let extreme = rng.random_ratio(1, 4);
        (0..size)
            .map(|_| {
                if extreme {
                    [-limit, limit, 0, 1 - limit][rng.random_range(0..4)]
                } else {
                    rng.random_range(-limit..=limit)
                }
            })
            .collect()
    })
}

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

//! No turn that is granted reads what is not written yet: every degree, by brute force.

use super::support::bench::Bench;
use gyrus_hdl::accumulator::layout::coefficient;
use gyrus_hdl::blind_rotate::{Configuration, Latencies, Slack, Slots};
use gyrus_hdl::ntt::Shape;
use gyrus_hdl::structure;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_hdl::prelude::*;

/// The parts of the core that decide when a turn begins, wired as there.
#[derive(LogicBlock)]
struct Gate {
    clock: Signal<In, Clock>,
    log2_n: Signal<In, Bits<4>>,
    degree: Signal<In, Bits<12>>,
    slot: Signal<In, Bits<4>>,
    grant: Signal<In, Bit>,
    turn: Signal<In, Bits<16>>,
    allowance: Signal<Out, Bits<16>>,
    ready: Signal<Out, Bit>,
    settled: Signal<Out, Bit>,
    configuration: Configuration,
    slack: Slack,
    slots: Slots,
}

impl Gate {
    /// Cycles that log2 N has to be static before anything is right.
    const SETTLING: usize = 2;

    fn new(shape: &Shape, slots: usize) -> Self {
        Self {
            clock: Signal::default(),
            log2_n: Signal::default(),
            degree: Signal::default(),
            slot: Signal::default(),
            grant: Signal::default(),
            turn: Signal::default(),
            allowance: Signal::default(),
            ready: Signal::default(),
            settled: Signal::default(),
            configuration: Configuration::new(shape),
            slack: Slack::new(shape),
            slots: Slots::new(slots),
        }
    }
}

impl Logic for Gate {
    structure! { this =>
        wire!(configuration.clock <= clock);
        wire!(configuration.log2_n <= log2_n);
        wire!(slack.degree <= degree);
        wire!(slack.fine_mask <= configuration.fine_mask);
        wire!(slots.clock <= clock);
        wire!(slots.slot <= slot);
        wire!(slots.slack <= slack.cycles);
        wire!(slots.grant <= grant);
        wire!(slots.turn <= turn);
        wire!(allowance <= slack.cycles);
        wire!(ready <= slots.ready);
        wire!(settled <= slots.settled);
    }
}

crate::dut!(Gate { log2_n, degree, slot, grant, turn => allowance, ready, settled });

/// Times at which a pass over `2^log2_n` coefficients reads and writes.
struct Passes {
    log2_n: usize,
    cycles: usize,
    /// The time of coefficient j of a row.
    time_of: [Vec<usize>; 2],
}

impl Passes {
    fn new(lanes: usize, log2_n: usize) -> Self {
        let cycles = (2 << log2_n) / lanes;
        let mut time_of = [0, 1].map(|_| vec![usize::MAX; 1 << log2_n]);
        for time in 0..cycles {
            for lane in 0..lanes {
                let (row, j) = coefficient(lanes, log2_n, lane, time);
                time_of[row][j] = time;
            }
        }
        Self {
            log2_n,
            cycles,
            time_of,
        }
    }

    /// Pairs of the time of a read of X^a acc and the time at which the coefficient that it needs
    /// is written: coefficient j of X^a acc is +-coefficient j - a of acc.
    fn reads(&self, degree: usize) -> impl Iterator<Item = (usize, usize)> {
        let mask = (1 << self.log2_n) - 1;
        self.time_of.iter().flat_map(move |times| {
            times.iter().enumerate().flat_map(move |(j, &time)| {
                let source = (j + (mask + 1) * 2 - degree) & mask;
                // acc itself is read, too.
                [(time, times[source]), (time, time)]
            })
        })
    }

    /// By how many cycles a turn may overlap with the one before.
    fn most_overlap(&self, degree: usize) -> usize {
        let behind = self
            .reads(degree)
            .map(|(read, write)| write.saturating_sub(read));
        self.cycles - 1 - behind.max().unwrap_or(0)
    }
}

/// For every number of lanes, size and degree: the overlap is allowed, and none is given away
/// except where the text of [`Slack`] says so.
#[test]
fn no_degree_overlaps_too_far() {
    for lanes in [2, 4, 8, 16, 32, 64, 128] {
        let shape = Shape::new(lanes, 11).expect("a shape");
        let mut bench = Bench::new(Gate::new(&shape, 1));
        for log2_n in 8..=11 {
            let passes = Passes::new(lanes, log2_n);
            let (mut allowed, mut possible) = (0, 0);
            for _ in 0..Gate::SETTLING {
                bench.cycle(&[log2_n as u128, 0, 0, 0, 0]);
            }
            for degree in 0..2 << log2_n {
                let inputs = [log2_n as u128, degree as u128, 0, 0, 0];
                // All of them with N = 2^8 go to the Verilog, too.
                let sample = if log2_n == 8 {
                    bench.cycle(&inputs)
                } else {
                    bench.peek(&inputs)
                };
                let slack = sample[0] as usize;
                let most = passes.most_overlap(degree);
                assert!(
                    slack <= most,
                    "P = {lanes}, N = 2^{log2_n}, a = {degree}: {slack}, but at most {most}"
                );
                allowed += slack;
                possible += most;
            }
            // A degree that moves nothing in time may overlap by all but one cycle.
            assert!(2 * allowed >= possible, "{allowed} of {possible} cycles");
            // What the core says of a ciphertext alone in flight, less the datapath.
            let datapath = Latencies {
                read: 0,
                decompose: 0,
                forward: 0,
                mac: 0,
                inverse: 0,
                add: 0,
            };
            let average = allowed as f64 / (2 << log2_n) as f64;
            let held_back = (passes.cycles - 1) as f64 - average;
            assert!((datapath.alone(&shape, log2_n) - held_back).abs() < 1e-9);
        }
        bench.replay(&format!("slack_{lanes}"));
    }
}

/// Turns granted at the first cycle that is ready, as the core does: each read comes when its word
/// is visible.
#[test]
fn granted_turns_read_what_is_written() {
    const SLOTS: usize = 3;
    for (lanes, log2_n, levels, latency) in [
        (2, 8, 1, 40),
        (4, 8, 1, 300),
        (8, 9, 2, 150),
        (16, 8, 3, 7),
        (64, 8, 1, 90),
        (128, 8, 1, 20),
        (128, 11, 2, 150),
    ] {
        let shape = Shape::new(lanes, 11).expect("a shape");
        let passes = Passes::new(lanes, log2_n);
        let mut rng = ChaCha8Rng::seed_from_u64((lanes + log2_n) as u64);
        let mut bench = Bench::new(Gate::new(&shape, SLOTS));
        // As the controller says it: see `Sequence::new`.
        let turn = levels * passes.cycles + latency - 2;
        for _ in 0..Gate::SETTLING {
            bench.cycle(&[log2_n as u128, 0, 0, 0, turn as u128]);
        }
        // From which cycle on the word of each time is visible, by slot.
        let mut visible = vec![vec![0; passes.cycles]; SLOTS];
        let (mut granted, mut waited, mut busy_until) = (0, 0, 0);
        let mut wanted = (0, 1);
        for cycle in 0..40 * (turn + 1) {
            let (slot, degree) = wanted;
            // The turn before ends in cycle `busy_until`: see `Sequence`.
            let free = cycle >= busy_until;
            let mut inputs = [
                log2_n as u128,
                degree as u128,
                slot as u128,
                0,
                turn as u128,
            ];
            let ready = bench.peek(&inputs)[1] == 1;
            let grant = free && ready;
            inputs[3] = grant.into();
            let sample = bench.cycle(&inputs);
            let last = visible.iter().flatten().max().copied().unwrap_or(0);
            // All results are in place if a turn granted now would see them all.
            assert_eq!(
                sample[2] == 1,
                last <= cycle + 1,
                "settled in cycle {cycle}"
            );
            waited += usize::from(free && !ready);
            if !grant {
                continue;
            }
            granted += 1;
            let begin = cycle + 1;
            for (read, write) in passes.reads(degree) {
                assert!(
                    visible[slot][write] <= begin + read,
                    "P = {lanes}, N = 2^{log2_n}, a = {degree}: word {write} is read at {read} too early"
                );
            }
            busy_until = cycle + levels * passes.cycles;
            for (time, visible) in visible[slot].iter_mut().enumerate() {
                *visible = begin + (levels - 1) * passes.cycles + time + latency;
            }
            // Often the same slot again, with any degree.
            let slot = if rng.random() {
                slot
            } else {
                rng.random_range(0..SLOTS)
            };
            wanted = (slot, rng.random_range(1..2 << log2_n));
        }
        assert!(
            granted >= 20 && waited > 0,
            "{granted} turns, {waited} cycles"
        );
        bench.replay(&format!("gate_{lanes}_{log2_n}"));
    }
}

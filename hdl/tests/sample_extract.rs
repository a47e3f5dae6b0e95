//! The sample extraction against a schoolbook rotation and the functional engine's extraction: all
//! edge degrees, every N, slots, starts without a gap, readers that stall at random and for long;
//! in the Rust-HDL simulation and as emitted Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "support/mod.rs"]
mod support;

use gyrus_hdl::sample_extract::SampleExtract;
use gyrus_sim::model::sample_extract;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use support::bench::Bench;

dut!(SampleExtract {
    start, slot, body, log2_n, word_valid, word, lwe_ready
    => busy, extract_valid, extract_slot, extract_row, extract_index, lwe_valid, lwe_word, lwe_last
});

const SLOTS: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Job {
    slot: usize,
    body: usize,
}

/// How the reader behaves.
#[derive(Clone, Copy, Debug)]
enum Reader {
    Ready,
    /// Not ready in one cycle of so many.
    Random(u32),
    /// Not ready for so many cycles, then ready for as many.
    Bursts(usize),
}

/// X^-degree times the polynomial, term by term.
fn divide_by_monomial(polynomial: &[u64], degree: usize) -> Vec<u64> {
    let size = polynomial.len();
    let mut result = vec![0; size];
    for (m, &coefficient) in polynomial.iter().enumerate() {
        let to = (m + 2 * size - degree) % (2 * size);
        result[to % size] = if to < size {
            coefficient
        } else {
            coefficient.wrapping_neg()
        };
    }
    result
}

fn expected(accumulator: &[u64], size: usize, degree: usize) -> Vec<u64> {
    let rotated: Vec<u64> = accumulator
        .chunks_exact(size)
        .flat_map(|polynomial| divide_by_monomial(polynomial, degree))
        .collect();
    let mut lwe = vec![0; size + 1];
    sample_extract(&rotated, size, 0, &mut lwe).expect("lengths that fit");
    lwe
}

/// A unit, the memory that it reads and who reads from it.
struct Setup {
    bench: Bench<SampleExtract>,
    latency: usize,
    memory_latency: usize,
    rng: ChaCha8Rng,
}

impl Setup {
    fn new(memory_latency: usize) -> Self {
        let block = SampleExtract::new(memory_latency);
        Self {
            latency: block.latency(),
            bench: Bench::new(block),
            memory_latency,
            rng: ChaCha8Rng::seed_from_u64(memory_latency as u64),
        }
    }

    /// Extracts all jobs, started as soon as the unit heeds it or up to `idle` cycles later;
    /// returns the cycles from the first start to the last word.
    fn run(&mut self, log2_n: usize, jobs: &[Job], reader: Reader, idle: usize) -> usize {
        let rng = &mut self.rng;
        let size = 1 << log2_n;
        let accumulators: Vec<Vec<u64>> = (0..SLOTS)
            .map(|_| (0..2 * size).map(|_| rng.random()).collect())
            .collect();
        let expected: Vec<(u64, bool)> = jobs
            .iter()
            .flat_map(|job| {
                let lwe = expected(&accumulators[job.slot], size, job.body);
                lwe.into_iter()
                    .enumerate()
                    .map(|(i, word)| (word, i == size))
            })
            .collect();
        let mut answers: VecDeque<Option<u64>> =
            std::iter::repeat_n(None, self.memory_latency).collect();
        let mut jobs = jobs.iter().copied().peekable();
        let (mut taken, mut cycles, mut wait) = (0, 0, 0);
        while taken < expected.len() {
            assert!(cycles < 20 * expected.len() + 1000, "{reader:?} stands");
            let job = jobs.peek().copied().filter(|_| wait == 0);
            // Without a start the ports may hold anything.
            let shown = job.unwrap_or_else(|| Job {
                slot: rng.random_range(0..SLOTS),
                body: rng.random_range(0..2 * size),
            });
            let ready = match reader {
                Reader::Ready => true,
                Reader::Random(one_in) => !rng.random_ratio(1, one_in),
                Reader::Bursts(length) => cycles / length % 2 == 1,
            };
            let answer = answers.pop_front().flatten();
            let log2 = if job.is_some() {
                log2_n
            } else {
                rng.random_range(8..12)
            };
            let sample = self.bench.cycle(&[
                job.is_some().into(),
                shown.slot as u128,
                shown.body as u128,
                log2 as u128,
                answer.is_some().into(),
                answer.unwrap_or_else(|| rng.random()).into(),
                ready.into(),
            ]);
            let &[busy, asks, slot, row, index, valid, word, last] = &sample[..] else {
                panic!("eight outputs");
            };
            wait = usize::saturating_sub(wait, 1);
            if job.is_some() && busy == 0 {
                jobs.next();
                wait = rng.random_range(0..=idle);
            }
            answers.push_back((asks == 1).then(|| {
                assert!((index as usize) < size, "coefficient {index}");
                accumulators[slot as usize][row as usize * size + index as usize]
            }));
            if valid == 1 && ready {
                let (expected, body) = expected[taken];
                assert_eq!(
                    (word as u64, last == 1),
                    (expected, body),
                    "word {taken}, N = {size}, {reader:?}"
                );
                taken += 1;
            }
            cycles += 1;
        }
        assert!(jobs.next().is_none() && answers.iter().all(Option::is_none));
        cycles
    }

    fn job(&mut self, size: usize) -> Job {
        Job {
            slot: self.rng.random_range(0..SLOTS),
            body: self.rng.random_range(0..2 * size),
        }
    }
}

#[test]
fn edge_degrees_and_stalls() {
    for memory_latency in [1, 3, 6] {
        let mut setup = Setup::new(memory_latency);
        let size = 256;
        let edges: Vec<Job> = [0, 1, size - 1, size, size + 1, 2 * size - 1]
            .into_iter()
            .enumerate()
            .map(|(i, body)| Job {
                slot: SLOTS - 1 - i,
                body,
            })
            .collect();
        let cycles = setup.run(8, &edges, Reader::Ready, 0);
        assert_eq!(
            cycles,
            edges.len() * (size + 1) + setup.latency,
            "a word a cycle, memory latency {memory_latency}"
        );
        for (reader, idle) in [
            (Reader::Random(2), 0),
            (Reader::Random(5), 400),
            (Reader::Bursts(40), 0),
            (Reader::Bursts(1), 10),
            (Reader::Ready, 300),
        ] {
            let jobs = [setup.job(size), setup.job(size)];
            setup.run(8, &jobs, reader, idle);
        }
        setup
            .bench
            .replay(&format!("sample_extract_{memory_latency}"));
    }
}

#[test]
fn every_size() {
    let mut setup = Setup::new(4);
    for log2_n in 9..=11 {
        let size = 1 << log2_n;
        let jobs = [
            Job {
                slot: 3,
                body: 2 * size - 1,
            },
            Job { slot: 4, body: 0 },
            setup.job(size),
        ];
        let cycles = setup.run(log2_n, &jobs, Reader::Ready, 0);
        assert_eq!(cycles, 3 * (size + 1) + setup.latency, "a word a cycle");
    }
    setup.bench.replay("sample_extract_sizes");
}

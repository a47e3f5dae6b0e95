//! The accumulators against polynomials in plain vectors, in the Rust-HDL simulation and as emitted
//! Verilog.
//!
//! The model knows coefficients by row and index only; it multiplies by X^a term by term.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "support/mod.rs"]
mod support;

use gyrus_hdl::accumulator::{Accumulator, Results, Tables, Unsupported, layout::coefficient};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use support::bench::Bench;

dut!(Accumulator {
    log2_n, read_valid, read_slot, read_time, read_degree, read_alone, add_valid, add_slot, add_time,
    load, addend, carry, load_words
    => difference_valid, difference_time, difference_slot, difference_alone, difference
});

/// Requests of one cycle.
#[derive(Default)]
struct Requests {
    /// Slot, time, degree, whether X^a * acc alone.
    read: Option<(usize, usize, usize, bool)>,
    /// Slot, time, a word for each lane, whether to load it.
    add: Option<(usize, usize, Vec<u64>, bool)>,
}

/// A change of one coefficient.
struct Change {
    seen_from: usize,
    at: (usize, usize, usize),
    /// The old word counts, that is: an accumulation.
    adds: bool,
    word: u64,
}

/// The bench and the model beside it.
struct Driver {
    bench: Bench<Accumulator>,
    lanes: usize,
    slots: usize,
    log2_n: usize,
    rng: ChaCha8Rng,
    /// By slot, row and index.
    polynomials: Vec<[Vec<u64>; 2]>,
    changes: Vec<Change>,
    /// What the accumulations or loads that were asked for in the last two cycles write, the oldest first.
    addends: [Option<(Vec<u64>, bool)>; 2],
    cycle: usize,
    /// Time, slot, kind and words, by the cycle of the sample.
    differences: HashMap<usize, (usize, usize, bool, Vec<u64>)>,
}

impl Driver {
    fn new(lanes: usize, max_log2_n: usize, slots: usize, log2_n: usize) -> Self {
        let block = Accumulator::new(lanes, max_log2_n, slots);
        Self {
            bench: Bench::new(block.expect("a supported size")),
            lanes,
            slots,
            log2_n,
            rng: ChaCha8Rng::seed_from_u64((lanes * 100 + log2_n) as u64),
            polynomials: (0..slots)
                .map(|_| std::array::from_fn(|_| vec![0; 1 << log2_n]))
                .collect(),
            changes: Vec::new(),
            addends: [None, None],
            cycle: 0,
            differences: HashMap::new(),
        }
    }

    fn n(&self) -> usize {
        1 << self.log2_n
    }

    fn times(&self) -> usize {
        2 * self.n() / self.lanes
    }

    /// X^a * p, and p off it unless `alone`.
    fn rotate(polynomial: &[u64], degree: usize, alone: bool) -> Vec<u64> {
        let n = polynomial.len();
        let mut result: Vec<u64> = polynomial
            .iter()
            .map(|word| if alone { 0 } else { word.wrapping_neg() })
            .collect();
        for (j, &word) in polynomial.iter().enumerate() {
            let target = (j + degree) % (2 * n);
            if target < n {
                result[target] = result[target].wrapping_add(word);
            } else {
                result[target - n] = result[target - n].wrapping_sub(word);
            }
        }
        result
    }

    /// One cycle, its outputs checked.
    fn cycle(&mut self, requests: Requests) {
        let now = self.cycle;
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|change| change.seen_from <= now);
        self.changes = later;
        for Change { at, adds, word, .. } in due {
            let (slot, row, index) = at;
            let to = &mut self.polynomials[slot][row][index];
            *to = if adds { to.wrapping_add(word) } else { word };
        }

        // What no request says is noise.
        let rng = &mut self.rng;
        let mut noise = |bits: u32| u128::from(rng.random::<u64>() >> (64 - bits));
        let mut inputs = vec![self.log2_n as u128];
        if let Some((slot, time, degree, alone)) = requests.read {
            inputs.extend([1, slot as u128, time as u128, degree as u128, alone.into()]);
            let rows = [0, 1].map(|row| Self::rotate(&self.polynomials[slot][row], degree, alone));
            let words = (0..self.lanes).map(|lane| {
                let (row, index) = coefficient(self.lanes, self.log2_n, lane, time);
                rows[row][index]
            });
            let answer = (time, slot, alone, words.collect());
            self.differences
                .insert(now + Accumulator::READ_LATENCY, answer);
        } else {
            inputs.extend([0, noise(4), noise(12), noise(12), noise(1)]);
        }
        let seen_from = now + Accumulator::ADD_LATENCY;
        if let Some((slot, time, words, load)) = &requests.add {
            inputs.extend([1, *slot as u128, *time as u128, u128::from(*load)]);
            for (lane, &word) in words.iter().enumerate() {
                let (row, index) = coefficient(self.lanes, self.log2_n, lane, *time);
                let at = (*slot, row, index);
                self.changes.push(Change {
                    seen_from,
                    at,
                    adds: !load,
                    word,
                });
            }
        } else {
            inputs.extend([0, noise(4), noise(12), noise(1)]);
        }
        // What the request of the cycle before the last writes: the addend, with a part of it as carry, or the load.
        let (mut addends, mut carries, mut loads) = (Vec::new(), Vec::new(), Vec::new());
        for lane in 0..self.lanes {
            let carry = noise(1);
            carries.push(carry);
            let (mut addend, mut loaded) = (noise(64), noise(64));
            match &self.addends[0] {
                Some((words, true)) => loaded = words[lane].into(),
                Some((words, false)) => addend = words[lane].wrapping_sub(carry as u64).into(),
                None => {}
            }
            addends.push(addend);
            loads.push(loaded);
        }
        inputs.extend(addends);
        inputs.extend(carries);
        inputs.extend(loads);
        self.addends.swap(0, 1);
        self.addends[1] = requests.add.map(|(_, _, words, load)| (words, load));

        let outputs = self.bench.cycle(&inputs);
        let (lanes, log2_n) = (self.lanes, self.log2_n);
        let what = format!("{lanes} lanes, N = 2^{log2_n}, cycle {now}");
        let difference = self.differences.remove(&now);
        assert_eq!(
            outputs[0],
            difference.is_some().into(),
            "{what}: difference_valid"
        );
        if let Some((time, slot, alone, words)) = difference {
            assert_eq!(
                outputs[1..4],
                [time as u128, slot as u128, alone.into()],
                "{what}: time, slot and kind"
            );
            let words: Vec<u128> = words.into_iter().map(u128::from).collect();
            assert_eq!(outputs[4..], words, "{what}: difference");
        }
        self.cycle += 1;
    }

    fn idle(&mut self, cycles: usize) {
        for _ in 0..cycles {
            self.cycle(Requests::default());
        }
    }

    /// Until every answer is out.
    fn drain(&mut self) {
        self.idle(Accumulator::READ_LATENCY + 1);
        assert!(self.differences.is_empty());
    }

    fn random_words(&mut self) -> Vec<u64> {
        (0..self.lanes).map(|_| self.rng.random()).collect()
    }

    /// Random words into all coefficients of all slots, by accumulation.
    fn fill(&mut self) {
        for slot in 0..self.slots {
            for time in 0..self.times() {
                let words = self.random_words();
                self.cycle(Requests {
                    add: Some((slot, time, words, false)),
                    read: None,
                });
            }
        }
        self.idle(Accumulator::ADD_LATENCY);
    }

    /// Reads these times, in order and without a bubble, while another slot is accumulated into.
    fn pass(&mut self, slot: usize, degree: usize, times: &[usize]) {
        for &time in times {
            let words = self.random_words();
            let (load, alone) = (self.rng.random(), self.rng.random());
            let add = (self.slots > 1).then(|| ((slot + 1) % self.slots, time, words, load));
            self.cycle(Requests {
                read: Some((slot, time, degree, alone)),
                add,
            });
        }
    }

    /// At most so many times, the first and the last among them.
    fn some_times(&mut self, most: usize) -> Vec<usize> {
        let last = self.times() - 1;
        let mut times: Vec<usize> = (1..last).collect();
        times.shuffle(&mut self.rng);
        times.truncate(most - 2);
        times.extend([0, last]);
        times.sort_unstable();
        times
    }

    /// Passes by the degrees at which something wraps and by random ones, with gaps.
    fn passes(&mut self, random: usize, most: usize) {
        let (n, m) = (self.n(), self.n() / 32);
        let mut degrees = vec![0, 1, m - 1, m, m + 1, n - 1, n, n + 1, 2 * n - 1];
        degrees.extend((0..random).map(|_| self.rng.random_range(0..2 * n)));
        for degree in degrees {
            let slot = self.rng.random_range(0..self.slots);
            let times = self.some_times(most);
            self.pass(slot, degree, &times);
            let gap = self.rng.random_range(0..4);
            self.idle(gap);
        }
        self.drain();
    }

    /// Everything at once, at random.
    fn mix(&mut self, cycles: usize) {
        let n = self.n();
        // Few times, so that reads meet fresh words.
        let times = self.times().min(4);
        // Cycles of the last change, by slot and time.
        let mut changed: HashMap<(usize, usize), usize> = HashMap::new();
        for _ in 0..cycles {
            let now = self.cycle;
            let mut requests = Requests::default();
            let place = (
                self.rng.random_range(0..self.slots),
                self.rng.random_range(0..times),
            );
            let rests = changed
                .get(&place)
                .is_none_or(|&at| now - at >= Accumulator::ADD_SPACING);
            if rests && self.rng.random() {
                changed.insert(place, now);
                let load = self.rng.random();
                requests.add = Some((place.0, place.1, self.random_words(), load));
            }
            let slot = self.rng.random_range(0..self.slots);
            if self.rng.random() {
                let time = self.rng.random_range(0..times);
                let (degree, alone) = (self.rng.random_range(0..2 * n), self.rng.random());
                requests.read = Some((slot, time, degree, alone));
            }
            self.cycle(requests);
        }
        self.drain();
    }

    fn replay(self) {
        let lanes = self.lanes;
        self.bench.replay(&format!("accumulator_{lanes}"));
    }
}

/// Every coefficient lies in exactly one place.
#[test]
fn layout_is_a_bijection() {
    for lanes in [2, 4, 8, 16, 32, 64, 128] {
        for log2_n in 8..=11 {
            let n = 1 << log2_n;
            let mut seen = vec![[false; 2]; n];
            for time in 0..2 * n / lanes {
                for lane in 0..lanes {
                    let (row, index) = coefficient(lanes, log2_n, lane, time);
                    let seen = &mut seen[index][row];
                    assert!(!*seen, "{lanes} lanes, {n}: row {row}, {index}");
                    *seen = true;
                }
            }
        }
    }
}

#[test]
fn sizes_are_checked() {
    for lanes in [0, 1, 3, 6, 127, 256] {
        let error = Accumulator::new(lanes, 11, 1).err();
        assert_eq!(error, Some(Unsupported::Lanes(lanes)));
    }
    for slots in [0, 17] {
        let error = Accumulator::new(2, 11, slots).err();
        assert_eq!(error, Some(Unsupported::Slots(slots)));
    }
    for max_log2_n in [7, 12] {
        let error = Accumulator::new(2, max_log2_n, 1).err();
        assert_eq!(error, Some(Unsupported::Log2N(max_log2_n)));
    }
    assert!(Accumulator::new(128, 11, 16).is_ok());
}

/// Builds for smaller polynomials, with all that their memories hold in use; a fine bit in the lane among them.
#[test]
fn smaller_builds() {
    for (lanes, max_log2_n, log2_n) in
        [(2, 10, 10), (2, 10, 8), (8, 8, 8), (128, 9, 9), (128, 9, 8)]
    {
        let mut driver = Driver::new(lanes, max_log2_n, 2, log2_n);
        driver.fill();
        driver.passes(2, 20);
        driver.mix(50);
        if lanes == 2 {
            driver.replay();
        }
    }
}

/// The largest N of a build with so many lanes, by its logarithm: a smaller one for some.
const fn most(lanes: usize) -> usize {
    if lanes == 64 { 10 } else { 11 }
}

/// All that an accumulator does, at each N, and in Verilog.
fn everything(lanes: usize, slots: usize, random: usize, most: usize) {
    // Cycles of the wide ones take long.
    let mixed = if lanes < 64 { 150 } else { 50 };
    for log2_n in 8..=11 {
        let mut driver = Driver::new(lanes, 11, slots, log2_n);
        driver.fill();
        driver.passes(random, most);
        driver.mix(mixed);
        driver.replay();
    }
}

#[test]
fn lanes_2() {
    everything(2, 2, 4, 64);
}

#[test]
fn lanes_4() {
    everything(4, 3, 4, 64);
}

#[test]
fn lanes_8() {
    everything(8, 2, 4, 64);
}

#[test]
fn lanes_16() {
    everything(16, 2, 4, 32);
}

#[test]
fn lanes_64() {
    everything(64, 2, 2, 16);
}

#[test]
fn lanes_128() {
    everything(128, 2, 2, 16);
}

/// Every degree at every time.
#[test]
fn all_degrees() {
    let mut driver = Driver::new(32, 11, 1, 8);
    driver.fill();
    let times: Vec<usize> = (0..driver.times()).collect();
    for degree in 0..2 * driver.n() {
        driver.pass(0, degree, &times);
    }
    driver.mix(100);
}

dut!(Tables {
    log2_n, write_valid, write_slot, write_index, write_word, read_slot, read_time => words
});
dut!(Results {
    log2_n, write_valid, write_slot, write_time, words, read_valid, read_slot, read_row, read_index
    => word_valid, word
});

/// A table is written in any order and read by times; the mask reads 0.
#[test]
fn tables() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for (lanes, slots, log2_n) in [(2, 2, 8), (4, 1, 9), (8, 3, 8), (64, 2, 10), (128, 2, 11)] {
        let mut bench =
            Bench::new(Tables::new(lanes, most(lanes), slots).expect("a supported size"));
        let n = 1 << log2_n;
        let tables: Vec<Vec<u64>> = (0..slots)
            .map(|_| (0..n).map(|_| rng.random()).collect())
            .collect();
        let mut places: Vec<(usize, usize)> =
            (0..slots * n).map(|i| (i % slots, i / slots)).collect();
        places.shuffle(&mut rng);
        for (slot, index) in places {
            let word = tables[slot][index].into();
            bench.cycle(&[log2_n, 1, slot as u128, index as u128, word, 0, 0]);
        }
        bench.cycle(&[log2_n, 0, 0, 0, 7, 0, 0]);
        bench.cycle(&[log2_n, 0, 0, 0, 7, 0, 0]);
        let times = 2 * n / lanes;
        let reads: Vec<(usize, usize)> =
            (0..slots * times).map(|i| (i % slots, i / slots)).collect();
        for at in 0..reads.len() + Tables::LATENCY {
            let (slot, time) = reads.get(at).copied().unwrap_or((0, 0));
            let sample = bench.cycle(&[log2_n, 0, 0, 1, 7, slot as u128, time as u128]);
            let Some(&(slot, time)) = at.checked_sub(Tables::LATENCY).and_then(|at| reads.get(at))
            else {
                continue;
            };
            for (lane, &word) in sample.iter().enumerate() {
                let (row, index) = coefficient(lanes, log2_n as usize, lane, time);
                let expected = if row == 1 { tables[slot][index] } else { 0 };
                assert_eq!(word, expected.into(), "{lanes} lanes, row {row}, {index}");
            }
        }
        if lanes < 64 {
            bench.replay(&format!("tables_{lanes}"));
        }
    }
}

/// Masks and bodies are written by times and read in any order, with gaps.
#[test]
fn results() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for (lanes, slots, log2_n) in [(2, 2, 8), (4, 1, 9), (8, 3, 8), (64, 2, 10), (128, 2, 11)] {
        let mut bench =
            Bench::new(Results::new(lanes, most(lanes), slots).expect("a supported size"));
        let n = 1 << log2_n;
        let glwes: Vec<[Vec<u64>; 2]> = (0..slots)
            .map(|_| [0, 1].map(|_| (0..n).map(|_| rng.random()).collect()))
            .collect();
        let cycle = |write: Option<(usize, usize)>, read: Option<(usize, usize, usize)>| {
            let mut inputs: Vec<u128> = vec![log2_n, write.is_some().into()];
            let (slot, time) = write.unwrap_or((0, 1));
            inputs.extend([slot as u128, time as u128]);
            inputs.extend((0..lanes).map(|lane| {
                let (row, index) = coefficient(lanes, log2_n as usize, lane, time);
                u128::from(if write.is_some() {
                    glwes[slot][row][index]
                } else {
                    9
                })
            }));
            inputs.push(read.is_some().into());
            let (slot, row, index) = read.unwrap_or((0, 0, 3));
            inputs.extend([slot as u128, row as u128, index as u128]);
            inputs
        };
        for slot in 0..slots {
            for time in 0..2 * n / lanes {
                bench.cycle(&cycle(Some((slot, time)), None));
            }
        }
        let mut reads: Vec<Option<(usize, usize, usize)>> = (0..2 * slots * n)
            .map(|i| Some((i % slots, i / slots % 2, i / slots / 2)))
            .chain((0..50).map(|_| None))
            .collect();
        reads.shuffle(&mut rng);
        for at in 0..reads.len() + Results::LATENCY {
            let sample = bench.cycle(&cycle(None, reads.get(at).copied().flatten()));
            let asked = at.checked_sub(Results::LATENCY).and_then(|at| reads[at]);
            assert_eq!(sample[0], asked.is_some().into());
            if let Some((slot, row, index)) = asked {
                assert_eq!(sample[1], glwes[slot][row][index].into(), "{lanes} lanes");
            }
        }
        if lanes < 64 {
            bench.replay(&format!("results_{lanes}"));
        }
    }
}

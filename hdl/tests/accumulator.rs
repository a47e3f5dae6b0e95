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

use gyrus_hdl::accumulator::{Accumulator, Unsupported, layout::coefficient};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use support::bench::Bench;

dut!(Accumulator {
    log2_n, read_valid, read_slot, read_time, read_degree, add_valid, add_slot, add_time,
    load_valid, load_slot, load_row, load_index, load_word,
    extract_valid, extract_slot, extract_row, extract_index, addend, carry
    => difference_valid, difference_time, extract_word_valid, load_conflict, extract_word,
    difference
});

/// Requests of one cycle.
#[derive(Default)]
struct Requests {
    /// Slot, time, degree.
    read: Option<(usize, usize, usize)>,
    /// Slot, time, a word for each lane.
    add: Option<(usize, usize, Vec<u64>)>,
    /// Slot, row, index, word.
    load: Option<(usize, usize, usize, u64)>,
    /// Slot, row, index.
    extract: Option<(usize, usize, usize)>,
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
    conflict_from: usize,
    /// What the accumulation that was asked for in the last cycle adds.
    addend: Option<Vec<u64>>,
    cycle: usize,
    /// Time and words, by the cycle of the sample.
    differences: HashMap<usize, (usize, Vec<u64>)>,
    extracted: HashMap<usize, u64>,
}

impl Driver {
    fn new(lanes: usize, slots: usize, log2_n: usize) -> Self {
        Self {
            bench: Bench::new(Accumulator::new(lanes, slots).expect("a supported size")),
            lanes,
            slots,
            log2_n,
            rng: ChaCha8Rng::seed_from_u64((lanes * 100 + log2_n) as u64),
            polynomials: (0..slots)
                .map(|_| std::array::from_fn(|_| vec![0; 1 << log2_n]))
                .collect(),
            changes: Vec::new(),
            conflict_from: usize::MAX,
            addend: None,
            cycle: 0,
            differences: HashMap::new(),
            extracted: HashMap::new(),
        }
    }

    fn n(&self) -> usize {
        1 << self.log2_n
    }

    fn times(&self) -> usize {
        2 * self.n() / self.lanes
    }

    /// X^a * p - p.
    fn rotate_subtract(polynomial: &[u64], degree: usize) -> Vec<u64> {
        let n = polynomial.len();
        let mut difference: Vec<u64> = polynomial.iter().map(|word| word.wrapping_neg()).collect();
        for (j, &word) in polynomial.iter().enumerate() {
            let target = (j + degree) % (2 * n);
            if target < n {
                difference[target] = difference[target].wrapping_add(word);
            } else {
                difference[target - n] = difference[target - n].wrapping_sub(word);
            }
        }
        difference
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
        if let Some((slot, time, degree)) = requests.read {
            inputs.extend([1, slot as u128, time as u128, degree as u128]);
            let rows =
                [0, 1].map(|row| Self::rotate_subtract(&self.polynomials[slot][row], degree));
            let words = (0..self.lanes).map(|lane| {
                let (row, index) = coefficient(self.lanes, self.log2_n, lane, time);
                rows[row][index]
            });
            let answer = (time, words.collect());
            self.differences
                .insert(now + Accumulator::READ_LATENCY, answer);
        } else {
            inputs.extend([0, noise(4), noise(12), noise(12)]);
        }
        let seen_from = now + Accumulator::ADD_LATENCY;
        if let Some((slot, time, words)) = &requests.add {
            inputs.extend([1, *slot as u128, *time as u128]);
            for (lane, &word) in words.iter().enumerate() {
                let (row, index) = coefficient(self.lanes, self.log2_n, lane, *time);
                let at = (*slot, row, index);
                self.changes.push(Change {
                    seen_from,
                    at,
                    adds: true,
                    word,
                });
            }
        } else {
            inputs.extend([0, noise(4), noise(12)]);
        }
        if let Some((slot, row, index, word)) = requests.load {
            inputs.extend([1, slot as u128, row as u128, index as u128, word.into()]);
            if requests.add.is_some() {
                self.conflict_from = self.conflict_from.min(now + 1);
            } else {
                let at = (slot, row, index);
                self.changes.push(Change {
                    seen_from,
                    at,
                    adds: false,
                    word,
                });
            }
        } else {
            inputs.extend([0, noise(4), noise(1), noise(11), noise(64)]);
        }
        if let Some((slot, row, index)) = requests.extract {
            inputs.extend([1, slot as u128, row as u128, index as u128]);
            if requests.read.is_none() {
                let word = self.polynomials[slot][row][index];
                self.extracted
                    .insert(now + Accumulator::EXTRACT_LATENCY, word);
            }
        } else {
            inputs.extend([0, noise(4), noise(1), noise(11)]);
        }
        // The addend of the last cycle's request, with a part of it as carry.
        let mut carries = Vec::new();
        for lane in 0..self.lanes {
            let carry = noise(1);
            carries.push(carry);
            inputs.push(match &self.addend {
                Some(words) => words[lane].wrapping_sub(carry as u64).into(),
                None => noise(64),
            });
        }
        inputs.extend(carries);
        self.addend = requests.add.map(|(_, _, words)| words);

        let outputs = self.bench.cycle(&inputs);
        let (lanes, log2_n) = (self.lanes, self.log2_n);
        let what = format!("{lanes} lanes, N = 2^{log2_n}, cycle {now}");
        let difference = self.differences.remove(&now);
        assert_eq!(
            outputs[0],
            difference.is_some().into(),
            "{what}: difference_valid"
        );
        if let Some((time, words)) = difference {
            assert_eq!(outputs[1], time as u128, "{what}: difference_time");
            let words: Vec<u128> = words.into_iter().map(u128::from).collect();
            assert_eq!(outputs[5..], words, "{what}: difference");
        }
        let extracted = self.extracted.remove(&now);
        assert_eq!(
            outputs[2],
            extracted.is_some().into(),
            "{what}: extract_word_valid"
        );
        if let Some(word) = extracted {
            assert_eq!(outputs[4], word.into(), "{what}: extract_word");
        }
        assert_eq!(
            outputs[3],
            (now >= self.conflict_from).into(),
            "{what}: load_conflict"
        );
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
        assert!(self.differences.is_empty() && self.extracted.is_empty());
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
                    add: Some((slot, time, words)),
                    ..Requests::default()
                });
            }
        }
        self.idle(Accumulator::ADD_LATENCY);
    }

    /// Reads these times, in order and without a bubble, while another slot is accumulated into.
    fn pass(&mut self, slot: usize, degree: usize, times: &[usize]) {
        for &time in times {
            let words = self.random_words();
            let add = (self.slots > 1).then(|| ((slot + 1) % self.slots, time, words));
            self.cycle(Requests {
                read: Some((slot, time, degree)),
                add,
                ..Requests::default()
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

    /// Everything at once, at random; loads and accumulations, reads and extractions also in the
    /// same cycle if `conflicts`.
    fn mix(&mut self, cycles: usize, conflicts: bool) {
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
                requests.add = Some((place.0, place.1, self.random_words()));
            }
            if self.rng.random() && (conflicts || requests.add.is_none()) {
                let slot = self.rng.random_range(0..self.slots);
                let time = self.rng.random_range(0..times);
                let lane = self.rng.random_range(0..self.lanes);
                let (row, index) = coefficient(self.lanes, self.log2_n, lane, time);
                if requests.add.is_none() {
                    changed.insert((slot, time), now);
                }
                requests.load = Some((slot, row, index, self.rng.random()));
            }
            let slot = self.rng.random_range(0..self.slots);
            if self.rng.random() {
                let time = self.rng.random_range(0..times);
                requests.read = Some((slot, time, self.rng.random_range(0..2 * n)));
            }
            if self.rng.random() && (conflicts || requests.read.is_none()) {
                let lane = self.rng.random_range(0..self.lanes);
                let time = self.rng.random_range(0..times);
                let (row, index) = coefficient(self.lanes, self.log2_n, lane, time);
                requests.extract = Some((slot, row, index));
            }
            self.cycle(requests);
        }
        self.drain();
    }

    /// Loads every coefficient of a slot, in random order, and extracts them in another.
    fn load_and_extract(&mut self, slot: usize) {
        let mut all: Vec<(usize, usize)> = (0..2 * self.n()).map(|i| (i % 2, i / 2)).collect();
        all.shuffle(&mut self.rng);
        for &(row, index) in &all {
            let word = self.rng.random();
            self.cycle(Requests {
                load: Some((slot, row, index, word)),
                ..Requests::default()
            });
        }
        self.idle(Accumulator::ADD_LATENCY);
        all.shuffle(&mut self.rng);
        for &(row, index) in &all {
            self.cycle(Requests {
                extract: Some((slot, row, index)),
                ..Requests::default()
            });
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
        let error = Accumulator::new(lanes, 1).err();
        assert_eq!(error, Some(Unsupported::Lanes(lanes)));
    }
    for slots in [0, 17] {
        let error = Accumulator::new(2, slots).err();
        assert_eq!(error, Some(Unsupported::Slots(slots)));
    }
    assert!(Accumulator::new(128, 16).is_ok());
}

/// All that an accumulator does, at each N, and in Verilog.
fn everything(lanes: usize, slots: usize, random: usize, most: usize) {
    // Cycles of the wide ones take long.
    let mixed = if lanes < 64 { 150 } else { 50 };
    for log2_n in 8..=11 {
        let mut driver = Driver::new(lanes, slots, log2_n);
        if log2_n == 8 {
            driver.load_and_extract(slots - 1);
        }
        driver.fill();
        driver.passes(random, most);
        driver.mix(mixed, false);
        driver.mix(mixed / 3, true);
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
    let mut driver = Driver::new(32, 1, 8);
    driver.load_and_extract(0);
    let times: Vec<usize> = (0..driver.times()).collect();
    for degree in 0..2 * driver.n() {
        driver.pass(0, degree, &times);
    }
    driver.mix(100, true);
}

//! A key store with a memory at its one side; the tests are the controller and the multipliers.

use crate::dut;
use crate::support::bench::Bench;
use gyrus_hdl::key_store::KeyStore;
use gyrus_interface::key_slice::slice_checksum;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

dut!(KeyStore {
    lwe_dimension, cycles_per_pass, level_count, start, stop, request_ready, data_valid, data,
    read_half, read_level, read_time, slice_wanted, slice_take, slice_release
    => idle, request_valid, request_slice, data_ready, slice_ready, slice_half, checksum_error,
    error_slice, protocol_error, underrun, underrun_cycles, key
});

/// Sizes of a store and of the key in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) pairs: usize,
    pub(crate) beat_words: usize,
    /// Rows that the halves are built for.
    pub(crate) built_rows: usize,
    pub(crate) cycles: usize,
    pub(crate) levels: usize,
    pub(crate) slices: usize,
}

impl Shape {
    pub(crate) fn rows(&self) -> usize {
        self.cycles * self.levels
    }

    pub(crate) fn row_words(&self) -> usize {
        6 * self.pairs
    }

    /// Beats of a slice without its checksum's.
    pub(crate) fn beats(&self) -> usize {
        self.rows() * self.row_words() / self.beat_words
    }
}

/// What the test drives in a cycle.
#[derive(Clone, Copy, Default)]
pub(crate) struct Drive {
    pub(crate) start: bool,
    pub(crate) stop: bool,
    /// Half and row.
    pub(crate) read: (bool, usize),
    pub(crate) wanted: bool,
    pub(crate) take: bool,
    pub(crate) release: bool,
}

/// What the store says in a cycle.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) idle: bool,
    pub(crate) request_valid: bool,
    pub(crate) request_slice: usize,
    pub(crate) data_ready: bool,
    pub(crate) slice_ready: bool,
    pub(crate) slice_half: bool,
    pub(crate) checksum_error: bool,
    pub(crate) error_slice: usize,
    pub(crate) protocol_error: bool,
    pub(crate) underrun: bool,
    pub(crate) underrun_cycles: u128,
    pub(crate) key: Vec<u64>,
}

/// Changes the beats of a slice on their way.
pub(crate) type Fault = Box<dyn Fn(&mut Vec<Vec<u64>>)>;

/// When beats may leave memory.
pub(crate) enum Pace {
    /// Any beat with this probability in a cycle, and requests taken with it.
    Random(f64),
    /// Whatever the test has put into `allowed`; requests taken at once.
    Allowed,
}

pub(crate) struct Rig {
    bench: Bench<KeyStore>,
    pub(crate) shape: Shape,
    pub(crate) rng: ChaCha8Rng,
    /// The key in memory, a slice a vector.
    pub(crate) key: Vec<Vec<u64>>,
    /// Slice that is spoiled on its way, and how.
    pub(crate) fault: Option<(usize, Fault)>,
    pub(crate) pace: Pace,
    /// Beats in memory's reader that may leave now, with [`Pace::Allowed`].
    pub(crate) allowed: usize,
    /// Beats on their way.
    pub(crate) beats: VecDeque<Vec<u64>>,
    /// The first beat is shown and stays until it is taken.
    shown: bool,
    /// Beats that have moved.
    pub(crate) moved: usize,
    /// Slices that were asked for.
    pub(crate) requests: Vec<usize>,
    /// The last cycle's request, where it did not move.
    waiting: Option<usize>,
    /// What `key` has to be in the next cycles.
    expected: VecDeque<Option<Vec<u64>>>,
    /// Registers, for tests that spoil them.
    pub(crate) registers: [usize; 3],
}

impl Rig {
    pub(crate) fn new(shape: Shape, seed: u64) -> Self {
        let store = KeyStore::new(shape.pairs, shape.built_rows, shape.beat_words)
            .expect("a size that can be built");
        let mut rig = Self {
            bench: Bench::new(store),
            shape,
            rng: ChaCha8Rng::seed_from_u64(seed),
            key: Vec::new(),
            fault: None,
            pace: Pace::Random(1.0),
            allowed: 0,
            beats: VecDeque::new(),
            shown: false,
            moved: 0,
            requests: Vec::new(),
            waiting: None,
            expected: vec![None; KeyStore::READ_LATENCY].into(),
            registers: [shape.slices, shape.cycles, shape.levels],
        };
        rig.new_key();
        rig
    }

    /// Puts another key into memory.
    pub(crate) fn new_key(&mut self) {
        let words = self.shape.rows() * self.shape.row_words();
        self.key = (0..self.shape.slices)
            .map(|_| (0..words).map(|_| self.rng.random()).collect())
            .collect();
    }

    /// A slice as memory delivers it.
    pub(crate) fn delivery(&self, slice: usize) -> Vec<Vec<u64>> {
        let words = &self.key[slice];
        let mut beats: Vec<Vec<u64>> = words
            .chunks(self.shape.beat_words)
            .map(<[u64]>::to_vec)
            .collect();
        let mut last = vec![0; self.shape.beat_words];
        last[0] = slice_checksum(slice as u64, words);
        beats.push(last);
        if let Some((at, fault)) = &self.fault
            && *at == slice
        {
            fault(&mut beats);
        }
        beats
    }

    /// The words of a row of a slice.
    pub(crate) fn row(&self, slice: usize, row: usize) -> Vec<u64> {
        let words = self.shape.row_words();
        self.key[slice][row * words..(row + 1) * words].to_vec()
    }

    /// A cycle in which what is read does not matter.
    pub(crate) fn cycle(&mut self, drive: Drive) -> Said {
        self.cycle_reading(drive, None)
    }

    /// A cycle whose read has to give these words, if any.
    pub(crate) fn cycle_reading(&mut self, drive: Drive, words: Option<Vec<u64>>) -> Said {
        let (request_ready, go) = match self.pace {
            Pace::Random(chance) => (self.rng.random_bool(chance), self.rng.random_bool(chance)),
            Pace::Allowed => (true, self.allowed > 0),
        };
        self.shown = !self.beats.is_empty() && (self.shown || go);
        let data = match self.beats.front() {
            Some(beat) if self.shown => beat.clone(),
            // What is not valid must not matter.
            _ => (0..self.shape.beat_words)
                .map(|_| self.rng.random())
                .collect(),
        };
        let (half, row) = drive.read;
        let mut inputs: Vec<u128> = self.registers.iter().map(|&r| r as u128).collect();
        inputs.extend([drive.start, drive.stop, request_ready, self.shown].map(u128::from));
        inputs.extend(data.iter().map(|&word| u128::from(word)));
        inputs.push(half.into());
        inputs.push((row / self.shape.cycles) as u128);
        inputs.push((row % self.shape.cycles) as u128);
        inputs.extend([drive.wanted, drive.take, drive.release].map(u128::from));
        let said = Self::said(&self.bench.cycle(&inputs));

        self.expected.push_back(words);
        if let Some(words) = self.expected.pop_front().flatten() {
            assert_eq!(said.key, words, "what was read");
        }
        if let Some(slice) = self.waiting {
            assert!(
                said.request_valid && said.request_slice == slice,
                "a request stays until it moves"
            );
        }
        self.waiting = said.request_valid.then_some(said.request_slice);
        if said.request_valid && request_ready {
            self.waiting = None;
            self.requests.push(said.request_slice);
            self.beats.extend(self.delivery(said.request_slice));
        }
        if self.shown && said.data_ready {
            self.shown = false;
            self.beats.pop_front();
            self.moved += 1;
            self.allowed = self.allowed.saturating_sub(1);
        }
        said
    }

    fn said(outputs: &[u128]) -> Said {
        Said {
            idle: outputs[0] != 0,
            request_valid: outputs[1] != 0,
            request_slice: outputs[2] as usize,
            data_ready: outputs[3] != 0,
            slice_ready: outputs[4] != 0,
            slice_half: outputs[5] != 0,
            checksum_error: outputs[6] != 0,
            error_slice: outputs[7] as usize,
            protocol_error: outputs[8] != 0,
            underrun: outputs[9] != 0,
            underrun_cycles: outputs[10],
            key: outputs[11..].iter().map(|&word| word as u64).collect(),
        }
    }

    /// One cycle of `start`, after those for the registers to be taken in.
    pub(crate) fn start(&mut self) {
        self.wait(KeyStore::SETTLING);
        self.cycle(Drive {
            start: true,
            ..Drive::default()
        });
    }

    /// Cycles with nothing to do for the controller.
    pub(crate) fn wait(&mut self, cycles: usize) -> Said {
        (0..cycles).fold(Said::default(), |_, _| self.cycle(Drive::default()))
    }

    /// Waits until this holds.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&Said) -> bool) -> Said {
        for _ in 0..5000 {
            let said = self.cycle(Drive::default());
            if holds(&said) {
                return said;
            }
        }
        panic!("{what}: not in 5000 cycles");
    }

    /// Takes, reads and releases this many slices at random, from number `first` after the start
    /// on; all their rows have to be right.
    pub(crate) fn use_slices(&mut self, first: usize, count: usize) {
        struct InUse {
            slice: usize,
            half: bool,
            unread: Vec<usize>,
        }
        let mut in_use: VecDeque<InUse> = VecDeque::new();
        let (mut taken, mut released) = (0, 0);
        let mut said = self.cycle(Drive::default());
        let mut cycles = 0;
        while released < count {
            cycles += 1;
            assert!(cycles < 2000 * count, "slices stop after {released}");
            let mut drive = Drive::default();
            let mut words = None;
            // The younger slice in use is read, too, and so are rows that were read before.
            let at = self.rng.random_range(0..2);
            let rows = self.shape.rows();
            drive.read = (self.rng.random(), self.rng.random_range(0..rows));
            if let Some(slice) = in_use.get_mut(at) {
                let row = slice.unread.pop().unwrap_or(drive.read.1);
                drive.read = (slice.half, row);
                let slice = slice.slice;
                words = Some(self.row(slice, row));
            }
            if in_use.front().is_some_and(|slice| slice.unread.is_empty())
                && self.rng.random_bool(0.7)
            {
                // In the cycle of the last read, or later.
                drive.release = true;
                in_use.pop_front();
                released += 1;
            }
            if said.slice_ready && taken < count && self.rng.random_bool(0.5) {
                drive.take = true;
                let mut unread: Vec<usize> = (0..rows).collect();
                for i in 0..rows {
                    unread.swap(i, self.rng.random_range(0..rows));
                }
                let index = first + taken;
                assert_eq!(said.slice_half, index % 2 == 1, "halves go round");
                in_use.push_back(InUse {
                    slice: index % self.shape.slices,
                    half: said.slice_half,
                    unread,
                });
                taken += 1;
            }
            let took = drive.take;
            said = self.cycle_reading(drive, words);
            assert!(!said.checksum_error && !said.protocol_error);
            // The sample is from before the take.
            said.slice_ready &= !took;
        }
        for _ in 0..KeyStore::READ_LATENCY {
            self.cycle(Drive::default());
        }
    }

    pub(crate) fn replay(self, name: &str) {
        self.bench.replay(name);
    }
}

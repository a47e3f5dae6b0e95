//! A core in one of the two simulations, and the world around it: streams, and a memory for the key.

use super::batch::{Batch, Sizes};
use super::support::bench::{Bench, Verilated};
use gyrus_hdl::blind_rotate::{BlindRotate, CoreParameters};
use gyrus_hdl::ntt::Shape;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

crate::dut!(BlindRotate {
    log2_n, lwe_dimension, base_log, level_count, centred, narrow, batch, start, drop,
    lwe_out_enable, lwe_out_samples, lwe_out_stride, lwe_in_valid, lwe_in_word, table_valid, table_word, lwe_out_ready,
    key_start, key_stop, key_request_ready, key_data_valid, key_data
    => busy, failed, lwe_in_ready, table_ready, lwe_out_valid, lwe_out_word, lwe_out_last,
    key_idle, key_request_valid, key_request_slice, key_data_ready,
    checksum_error, error_slice, protocol_error, underrun, underrun_cycles, start_ready,
    turning, key_waiting
});

/// Places of the outputs in a sample.
const BUSY: usize = 0;
pub(crate) const FAILED: usize = 1;
const LWE_IN_READY: usize = 2;
const TABLE_READY: usize = 3;
const LWE_OUT_VALID: usize = 4;
const LWE_OUT_WORD: usize = 5;
const LWE_OUT_LAST: usize = 6;
const KEY_IDLE: usize = 7;
const KEY_REQUEST_VALID: usize = 8;
const KEY_REQUEST_SLICE: usize = 9;
const KEY_DATA_READY: usize = 10;
pub(crate) const CHECKSUM_ERROR: usize = 11;
pub(crate) const ERROR_SLICE: usize = 12;
const PROTOCOL_ERROR: usize = 13;
const START_READY: usize = 16;

/// Where a core runs.
enum Simulation {
    Rust(Box<Bench<BlindRotate>>),
    Verilog(Verilated),
}

/// A core with streams and a memory that holds the key.
pub(crate) struct Rig {
    simulation: Simulation,
    shape: Shape,
    beat_words: usize,
    rng: ChaCha8Rng,
    /// Beats on their way from memory.
    beats: VecDeque<Vec<u128>>,
    pub(crate) cycles: usize,
    /// Of each ciphertext, as [`Batch::sampled`] has them.
    pub(crate) samples: u32,
    pub(crate) stride: u32,
}

impl Rig {
    /// In the Rust-HDL simulation; [`Rig::replay`] then runs the emitted Verilog.
    pub(crate) fn in_rust(parameters: CoreParameters) -> Self {
        Self::new(parameters, |bench| Simulation::Rust(Box::new(bench)))
    }

    /// The emitted Verilog alone: faster, once it is built.
    pub(crate) fn in_verilog(parameters: CoreParameters, name: &str) -> Self {
        Self::new(parameters, |bench| {
            Simulation::Verilog(bench.verilated(name))
        })
    }

    fn new(
        parameters: CoreParameters,
        simulation: impl FnOnce(Bench<BlindRotate>) -> Simulation,
    ) -> Self {
        let core = parameters.build().expect("a core");
        Self {
            simulation: simulation(Bench::new(core)),
            shape: parameters.shape().expect("a shape"),
            beat_words: parameters.beat_words,
            rng: ChaCha8Rng::seed_from_u64(77),
            beats: VecDeque::new(),
            cycles: 0,
            samples: 1,
            stride: 0,
        }
    }

    /// A random batch for this core.
    pub(crate) fn batch(&self, sizes: Sizes, seed: u64) -> Batch {
        Batch::random(sizes, &self.shape, self.beat_words, seed)
    }

    /// The other simulation, cycle by cycle the same.
    pub(crate) fn replay(self, name: &str) {
        match self.simulation {
            Simulation::Rust(bench) => bench.replay(name),
            Simulation::Verilog(_) => panic!("the other simulation did not run"),
        }
    }

    /// The same on what is made of the emitted Verilog.
    pub(crate) fn replay_on(self, name: &str, change: fn(&str, &str) -> String) {
        match self.simulation {
            Simulation::Rust(bench) => drop(bench.replay_on(name, change)),
            Simulation::Verilog(_) => panic!("the other simulation did not run"),
        }
    }

    /// The inputs of a cycle in which only parameters and the key's memory say something.
    fn inputs(&self, sizes: Sizes) -> Inputs {
        Inputs {
            sizes,
            batch: 0,
            start: false,
            drop: false,
            out_enable: true,
            lwe: None,
            table: None,
            out_ready: false,
            key_start: false,
            key_stop: false,
            request_ready: true,
            data_valid: !self.beats.is_empty(),
        }
    }

    /// One cycle; takes the beat from memory if the core does, and answers a request from `key`.
    fn cycle(&mut self, inputs: &Inputs, key: &[u64]) -> Vec<u128> {
        let sizes = inputs.sizes;
        let mut words: Vec<u128> = vec![
            sizes.log2_n as u128,
            sizes.n as u128,
            sizes.base_log as u128,
            sizes.levels as u128,
            sizes.centred.into(),
            sizes.narrow.into(),
            inputs.batch as u128,
            inputs.start.into(),
            inputs.drop.into(),
            inputs.out_enable.into(),
            self.samples.into(),
            self.stride.into(),
            inputs.lwe.is_some().into(),
            inputs.lwe.unwrap_or(0).into(),
            inputs.table.is_some().into(),
            inputs.table.unwrap_or(0).into(),
            inputs.out_ready.into(),
            inputs.key_start.into(),
            inputs.key_stop.into(),
            inputs.request_ready.into(),
            inputs.data_valid.into(),
        ];
        match self.beats.front() {
            Some(beat) => words.extend(beat),
            None => words.extend(vec![0; self.beat_words]),
        }
        let sample = match &mut self.simulation {
            Simulation::Rust(bench) => bench.cycle(&words),
            Simulation::Verilog(verilated) => verilated.cycle(&words),
        };
        self.cycles += 1;
        if inputs.data_valid && sample[KEY_DATA_READY] == 1 {
            self.beats.pop_front();
        }
        if inputs.request_ready && sample[KEY_REQUEST_VALID] == 1 {
            let slice_words = key.len() / sizes.n;
            let slice = sample[KEY_REQUEST_SLICE] as usize;
            let words = &key[slice * slice_words..][..slice_words];
            for beat in words.chunks_exact(self.beat_words) {
                let beat = beat.iter().map(|&word| word.into()).collect();
                self.beats.push_back(beat);
            }
        }
        assert_eq!(
            sample[PROTOCOL_ERROR], 0,
            "the key store is used as it should be"
        );
        sample
    }

    /// Lets the slices that were asked for come in and be dropped, so that parameters may change.
    pub(crate) fn flush(&mut self, batch: &Batch) {
        let mut inputs = self.inputs(batch.sizes);
        inputs.key_stop = true;
        inputs.key_start = true;
        for _ in 0..100_000 {
            let sample = self.cycle(&inputs, &batch.key);
            inputs = self.inputs(batch.sizes);
            inputs.key_stop = true;
            if sample[KEY_IDLE] == 1 && self.beats.is_empty() {
                return;
            }
        }
        panic!("slices stay under way");
    }

    /// Runs a batch with a new key; returns the words that come out and the last sample.
    pub(crate) fn run(&mut self, batch: &Batch, stalls: bool) -> (Vec<u64>, Vec<u128>) {
        self.run_row(&[batch], stalls)
    }

    /// Runs batches of any sizes in a row, with the parameters and the key of the first, each
    /// started as soon as it may be.
    pub(crate) fn run_row(&mut self, batches: &[&Batch], stalls: bool) -> (Vec<u64>, Vec<u128>) {
        self.run_until(batches, stalls, None)
    }

    /// The same, but from one cycle on all batches are dropped.
    pub(crate) fn run_until(
        &mut self,
        batches: &[&Batch],
        stalls: bool,
        dropped: Option<usize>,
    ) -> (Vec<u64>, Vec<u128>) {
        let (sizes, key) = (batches[0].sizes, &batches[0].key);
        let mut lwe = batches.iter().flat_map(|batch| batch.lwe.iter().copied());
        let mut table = batches
            .iter()
            .flat_map(|batch| batch.tables.iter().copied());
        let (mut lwe_word, mut table_word) = (lwe.next(), table.next());
        let mut results = Vec::new();
        let mut started = 0;
        let settle = BlindRotate::SETTLING;
        let limit = 200_000;
        for cycle in 0..limit {
            let running = cycle > settle;
            let mut inputs = self.inputs(sizes);
            let rng = &mut self.rng;
            if let Some(batch) = batches.get(started) {
                inputs.batch = batch.sizes.ciphertexts;
                inputs.start = running
                    && dropped.is_none_or(|dropped| cycle < dropped)
                    && Batch::coin(rng, stalls);
            }
            inputs.key_start = cycle == settle;
            let feeding = running && dropped.is_none_or(|dropped| cycle < dropped);
            inputs.lwe = lwe_word.filter(|_| feeding && Batch::coin(rng, stalls));
            inputs.table = table_word.filter(|_| feeding && Batch::coin(rng, stalls));
            inputs.out_ready = Batch::coin(rng, stalls);
            inputs.out_enable = Batch::coin(rng, stalls);
            inputs.drop = dropped.is_some_and(|dropped| cycle >= dropped);
            inputs.request_ready = running && Batch::coin(rng, stalls);
            inputs.data_valid &= Batch::coin(rng, stalls);
            let sample = self.cycle(&inputs, key);
            let high = |place: usize| sample[place] == 1;
            if inputs.start && high(START_READY) {
                started += 1;
            }
            if inputs.lwe.is_some() && high(LWE_IN_READY) {
                lwe_word = lwe.next();
            }
            if inputs.table.is_some() && high(TABLE_READY) {
                table_word = table.next();
            }
            if inputs.out_ready && high(LWE_OUT_VALID) {
                results.push(sample[LWE_OUT_WORD] as u64);
                let last = results.len() % ((1 << sizes.log2_n) + 1) == 0;
                assert_eq!(high(LWE_OUT_LAST), last, "last word of a ciphertext");
            }
            // What the batch before ended with shows until a start has been heeded.
            let over = started == batches.len()
                || (started > 0 && high(FAILED))
                || dropped.is_some_and(|dropped| cycle > dropped);
            if over && !high(BUSY) && !inputs.start {
                return (results, sample);
            }
        }
        panic!("no end within {limit} cycles: {} words", results.len());
    }
}

/// What the world says in a cycle.
struct Inputs {
    sizes: Sizes,
    batch: usize,
    start: bool,
    drop: bool,
    out_enable: bool,
    lwe: Option<u64>,
    table: Option<u64>,
    out_ready: bool,
    key_start: bool,
    key_stop: bool,
    request_ready: bool,
    data_valid: bool,
}

//! Batches through the core in the Rust-HDL simulation, replayed under Verilator.

use super::batch::{Batch, Sizes};
use super::support::bench::Bench;
use gyrus_hdl::blind_rotate::BlindRotate;
use gyrus_hdl::ntt::Shape;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

crate::dut!(BlindRotate {
    log2_n, lwe_dimension, base_log, level_count, centred, narrow, batch, start,
    lwe_in_valid, lwe_in_word, glwe_valid, glwe_word, lwe_out_ready,
    key_start, key_stop, key_request_ready, key_data_valid, key_data
    => busy, failed, lwe_in_ready, glwe_ready, lwe_out_valid, lwe_out_word, lwe_out_last,
    key_idle, key_request_valid, key_request_slice, key_data_ready,
    checksum_error, error_slice, protocol_error, underrun, underrun_cycles
});

/// Places of the outputs in a sample.
const BUSY: usize = 0;
const FAILED: usize = 1;
const LWE_IN_READY: usize = 2;
const GLWE_READY: usize = 3;
const LWE_OUT_VALID: usize = 4;
const LWE_OUT_WORD: usize = 5;
const LWE_OUT_LAST: usize = 6;
const KEY_IDLE: usize = 7;
const KEY_REQUEST_VALID: usize = 8;
const KEY_REQUEST_SLICE: usize = 9;
const KEY_DATA_READY: usize = 10;
const CHECKSUM_ERROR: usize = 11;
const ERROR_SLICE: usize = 12;
const PROTOCOL_ERROR: usize = 13;

/// The world around a core: streams, and a memory that holds the key.
struct Rig {
    bench: Bench<BlindRotate>,
    beat_words: usize,
    rng: ChaCha8Rng,
    /// Beats on their way from memory.
    beats: std::collections::VecDeque<Vec<u128>>,
    cycles: usize,
}

impl Rig {
    fn new(core: BlindRotate, beat_words: usize, seed: u64) -> Self {
        Self {
            bench: Bench::new(core),
            beat_words,
            rng: ChaCha8Rng::seed_from_u64(seed),
            beats: std::collections::VecDeque::new(),
            cycles: 0,
        }
    }

    /// The inputs of a cycle in which only parameters and the key's memory say something.
    fn inputs(&self, sizes: Sizes) -> Inputs {
        Inputs {
            sizes,
            start: false,
            lwe: None,
            glwe: None,
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
            sizes.ciphertexts as u128,
            inputs.start.into(),
            inputs.lwe.is_some().into(),
            inputs.lwe.unwrap_or(0).into(),
            inputs.glwe.is_some().into(),
            inputs.glwe.unwrap_or(0).into(),
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
        let sample = self.bench.cycle(&words);
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
    fn flush(&mut self, batch: &Batch) {
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
    fn run(&mut self, batch: &Batch, stalls: bool) -> (Vec<u64>, Vec<u128>) {
        let sizes = batch.sizes;
        let (mut lwe, mut glwe) = (batch.lwe.iter().copied(), batch.glwe.iter().copied());
        let (mut lwe_word, mut glwe_word) = (lwe.next(), glwe.next());
        let mut results = Vec::new();
        let settle = BlindRotate::SETTLING;
        let limit = 100_000;
        for cycle in 0..limit {
            let running = cycle > settle;
            let mut inputs = self.inputs(sizes);
            let rng = &mut self.rng;
            inputs.start = cycle == settle;
            inputs.key_start = cycle == settle;
            inputs.lwe = lwe_word.filter(|_| running && Batch::coin(rng, stalls));
            inputs.glwe = glwe_word.filter(|_| running && Batch::coin(rng, stalls));
            inputs.out_ready = Batch::coin(rng, stalls);
            inputs.request_ready = running && Batch::coin(rng, stalls);
            inputs.data_valid &= Batch::coin(rng, stalls);
            let sample = self.cycle(&inputs, &batch.key);
            let high = |place: usize| sample[place] == 1;
            if inputs.lwe.is_some() && high(LWE_IN_READY) {
                lwe_word = lwe.next();
            }
            if inputs.glwe.is_some() && high(GLWE_READY) {
                glwe_word = glwe.next();
            }
            if inputs.out_ready && high(LWE_OUT_VALID) {
                results.push(sample[LWE_OUT_WORD] as u64);
                let last = results.len() % ((1 << sizes.log2_n) + 1) == 0;
                assert_eq!(high(LWE_OUT_LAST), last, "last word of a ciphertext");
            }
            if cycle > settle + 1 && !high(BUSY) {
                return (results, sample);
            }
        }
        panic!("the batch does not end within {limit} cycles");
    }
}

/// What the world says in a cycle.
struct Inputs {
    sizes: Sizes,
    start: bool,
    lwe: Option<u64>,
    glwe: Option<u64>,
    out_ready: bool,
    key_start: bool,
    key_stop: bool,
    request_ready: bool,
    data_valid: bool,
}

fn rig(lanes: usize, slots: usize, beat_words: usize, batches: &[Sizes]) -> (Shape, Rig) {
    let largest = |size: fn(&Sizes) -> usize| batches.iter().map(size).max().expect("a batch");
    let shape = Shape::new(lanes, largest(|sizes| sizes.log2_n)).expect("a shape");
    let levels = largest(|sizes| sizes.levels);
    let core = BlindRotate::new(&shape, slots, levels, beat_words).expect("a core");
    (shape, Rig::new(core, beat_words, 77))
}

/// Batches one after the other on the same core, each with a key of its own.
fn rotate(
    lanes: usize,
    slots: usize,
    beat_words: usize,
    batches: &[Sizes],
    stalls: bool,
    name: &str,
) {
    let (shape, mut rig) = rig(lanes, slots, beat_words, batches);
    for (i, &sizes) in batches.iter().enumerate() {
        let batch = Batch::random(sizes, &shape, beat_words, i as u64);
        let (results, sample) = rig.run(&batch, stalls);
        assert_eq!(sample[CHECKSUM_ERROR], 0, "the key is right");
        assert_eq!(sample[FAILED], 0, "the batch is whole");
        assert_eq!(results, batch.expected, "{name}: {sizes:?}");
        rig.flush(&batch);
    }
    rig.bench.replay(name);
}

const SMALL: Sizes = Sizes {
    log2_n: 8,
    n: 8,
    base_log: 23,
    levels: 1,
    ciphertexts: 3,
    centred: true,
    narrow: true,
};

/// The reduced parameters of the project's issue: one level, then two with stalls everywhere.
#[test]
fn one_level() {
    rotate(4, 3, 12, &[SMALL], false, "rotate_one_level");
}

#[test]
fn two_levels_with_stalls() {
    let two = Sizes {
        base_log: 15,
        levels: 2,
        ..SMALL
    };
    rotate(4, 3, 12, &[two], true, "rotate_two_levels");
}

/// Other parameters from batch to batch: levels, base, size, switch, words, ciphertexts, n.
#[test]
fn batch_after_batch() {
    let batches = [
        Sizes {
            n: 2,
            base_log: 12,
            levels: 3,
            ciphertexts: 1,
            ..SMALL
        },
        Sizes {
            log2_n: 9,
            n: 3,
            ciphertexts: 2,
            centred: false,
            narrow: false,
            ..SMALL
        },
        Sizes {
            n: 1,
            ciphertexts: 1,
            narrow: false,
            ..SMALL
        },
    ];
    rotate(8, 2, 24, &batches, false, "rotate_batches");
}

#[test]
fn two_lanes() {
    let sizes = Sizes {
        n: 3,
        ciphertexts: 2,
        centred: false,
        ..SMALL
    };
    rotate(2, 2, 6, &[sizes], false, "rotate_two_lanes");
}

/// A flipped bit in the key: no result, the error says where, and the next batch is right.
#[test]
fn a_wrong_slice_drops_the_batch() {
    let sizes = Sizes {
        n: 3,
        ciphertexts: 2,
        ..SMALL
    };
    let (shape, mut rig) = rig(4, 2, 12, &[sizes]);
    let mut batch = Batch::random(sizes, &shape, 12, 5);
    let place = batch.key.len() / 2;
    batch.key[place] ^= 1 << 40;
    let (results, sample) = rig.run(&batch, false);
    assert!(results.is_empty(), "no word of a dropped batch comes out");
    assert_eq!(sample[FAILED], 1);
    assert_eq!(sample[CHECKSUM_ERROR], 1);
    assert_eq!(sample[ERROR_SLICE], 1, "the middle of three slices");
    rig.flush(&batch);
    batch.key[place] ^= 1 << 40;
    let (results, sample) = rig.run(&batch, false);
    assert_eq!(sample[FAILED], 0);
    assert_eq!(results, batch.expected);
    rig.bench.replay("rotate_wrong_slice");
}

/// From the latencies of the parts, which the tests above hold the core to, and the mean of what
/// degrees hold a turn back, which `slack` compares with the block.
#[test]
fn latency_floor_at_128_lanes() {
    let shape = Shape::new(128, 11).expect("a shape");
    let core = BlindRotate::new(&shape, 16, 3, 64).expect("a core");
    let latencies = core.latencies();
    let average = latencies.alone(&shape, 11);
    println!("P = 128: {latencies:?}: {average:.1} cycles a CMUX with one ciphertext in flight");
    assert!(average <= 160.0);
}

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
    => busy, lwe_in_ready, glwe_ready, lwe_out_valid, lwe_out_word, lwe_out_last,
    key_idle, key_request_valid, key_request_slice, key_data_ready,
    checksum_error, error_slice, protocol_error, underrun, underrun_cycles
});

/// Places of the outputs in a sample.
const BUSY: usize = 0;
const LWE_IN_READY: usize = 1;
const GLWE_READY: usize = 2;
const LWE_OUT_VALID: usize = 3;
const LWE_OUT_WORD: usize = 4;
const LWE_OUT_LAST: usize = 5;
const KEY_REQUEST_VALID: usize = 7;
const KEY_REQUEST_SLICE: usize = 8;
const KEY_DATA_READY: usize = 9;
const CHECKSUM_ERROR: usize = 10;
const PROTOCOL_ERROR: usize = 12;

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

    /// Runs a batch; returns the words that come out and the cycles that it took.
    fn run(&mut self, batch: &Batch, key_start: bool, stalls: bool) -> (Vec<u64>, usize) {
        let sizes = batch.sizes;
        let slice_words = batch.key.len() / sizes.n;
        let (mut lwe, mut glwe) = (batch.lwe.iter(), batch.glwe.iter());
        let (mut lwe_word, mut glwe_word) = (lwe.next(), glwe.next());
        let mut results = Vec::new();
        let begun = self.cycles;
        let settle = BlindRotate::SETTLING;
        let limit = 400_000;
        for cycle in 0..limit {
            let start = cycle == settle;
            let running = cycle > settle;
            let offer = |rng: &mut ChaCha8Rng| running && Batch::coin(rng, stalls);
            let lwe_valid = lwe_word.is_some() && offer(&mut self.rng);
            let glwe_valid = glwe_word.is_some() && offer(&mut self.rng);
            let out_ready = offer(&mut self.rng);
            let request_ready = offer(&mut self.rng);
            let data_valid = !self.beats.is_empty() && offer(&mut self.rng);
            let mut inputs: Vec<u128> = vec![
                sizes.log2_n as u128,
                sizes.n as u128,
                sizes.base_log as u128,
                sizes.levels as u128,
                sizes.centred.into(),
                sizes.narrow.into(),
                sizes.ciphertexts as u128,
                start.into(),
                lwe_valid.into(),
                lwe_word.copied().unwrap_or(0).into(),
                glwe_valid.into(),
                glwe_word.copied().unwrap_or(0).into(),
                out_ready.into(),
                (key_start && start).into(),
                0,
                request_ready.into(),
                data_valid.into(),
            ];
            match self.beats.front() {
                Some(beat) => inputs.extend(beat),
                None => inputs.extend(vec![0; self.beat_words]),
            }
            let sample = self.bench.cycle(&inputs);
            self.cycles += 1;
            let high = |place: usize| sample[place] == 1;
            if lwe_valid && high(LWE_IN_READY) {
                lwe_word = lwe.next();
            }
            if glwe_valid && high(GLWE_READY) {
                glwe_word = glwe.next();
            }
            if data_valid && high(KEY_DATA_READY) {
                self.beats.pop_front();
            }
            if request_ready && high(KEY_REQUEST_VALID) {
                let slice = sample[KEY_REQUEST_SLICE] as usize;
                let words = &batch.key[slice * slice_words..][..slice_words];
                for beat in words.chunks_exact(self.beat_words) {
                    self.beats
                        .push_back(beat.iter().map(|&word| word.into()).collect());
                }
            }
            if out_ready && high(LWE_OUT_VALID) {
                results.push(sample[LWE_OUT_WORD] as u64);
                let last = results.len() % ((1 << sizes.log2_n) + 1) == 0;
                assert_eq!(high(LWE_OUT_LAST), last, "last word of a ciphertext");
            }
            assert!(
                !high(PROTOCOL_ERROR),
                "the key store is used as it should be"
            );
            assert!(!high(CHECKSUM_ERROR), "the key is right");
            if cycle > settle + 1 && !high(BUSY) {
                return (results, self.cycles - begun);
            }
        }
        panic!("the batch does not end within {limit} cycles");
    }
}

fn rotate(
    lanes: usize,
    slots: usize,
    beat_words: usize,
    batches: &[Sizes],
    stalls: bool,
    name: &str,
) {
    let max_log2_n = batches
        .iter()
        .map(|sizes| sizes.log2_n)
        .max()
        .expect("a batch");
    let levels = batches
        .iter()
        .map(|sizes| sizes.levels)
        .max()
        .expect("a batch");
    let shape = Shape::new(lanes, max_log2_n).expect("a shape");
    let core = BlindRotate::new(&shape, slots, levels, beat_words).expect("a core");
    println!(
        "{name}: {:?}, total {}",
        core.latencies(),
        core.latencies().total()
    );
    let mut rig = Rig::new(core, beat_words, 77);
    for (i, &sizes) in batches.iter().enumerate() {
        let batch = Batch::random(sizes, &shape, beat_words, i as u64);
        let (results, cycles) = rig.run(&batch, true, stalls);
        println!("{name}: {sizes:?}: {cycles} cycles");
        assert_eq!(results, batch.expected, "{name}: {sizes:?}");
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

#[test]
fn one_level() {
    rotate(4, 3, 12, &[SMALL], false, "rotate_one_level");
}

/// From the latencies of the parts, which the tests above hold the core to: a ciphertext alone in
/// flight takes a turn every `total` cycles plus those by which its degree holds it back, on
/// average (M - 1) / 2 of the M fine values.
#[test]
fn latency_floor_at_128_lanes() {
    let shape = Shape::new(128, 11).expect("a shape");
    let core = BlindRotate::new(&shape, 16, 3, 64).expect("a core");
    let latencies = core.latencies();
    let average = latencies.total() as f64 + 15.5;
    println!("P = 128: {latencies:?}: {average} cycles a CMUX with one ciphertext in flight");
    assert!(average <= 160.0);
}

//! Batches through the core: some in the Rust-HDL simulation, replayed under Verilator, the others as
//! emitted Verilog alone.

use super::batch::{Batch, Sizes};
use super::rig::{CHECKSUM_ERROR, ERROR_SLICE, FAILED, Rig};
use gyrus_hdl::blind_rotate::{BlindRotate, CoreParameters};
use gyrus_hdl::ntt::Shape;

const FOUR_LANES: CoreParameters = CoreParameters {
    lanes: 4,
    max_log2_n: 8,
    slots: 3,
    levels: 2,
    beat_words: 12,
};

const SMALL: Sizes = Sizes {
    log2_n: 8,
    n: 8,
    base_log: 23,
    levels: 1,
    ciphertexts: 3,
    centred: true,
    narrow: true,
};

const TWO_LEVELS: Sizes = Sizes {
    base_log: 15,
    levels: 2,
    ..SMALL
};

const THREE_LEVELS: Sizes = Sizes {
    base_log: 12,
    levels: 3,
    ..SMALL
};

/// 64-bit words and the standard modulus switch.
const WIDE: Sizes = Sizes {
    centred: false,
    narrow: false,
    ..SMALL
};

/// One ciphertext, whose turns begin as early as each degree allows, for a hundred degrees.
const ALONE: Sizes = Sizes {
    n: 103,
    ciphertexts: 1,
    ..WIDE
};

/// Batches one after the other on the same core, each with a key of its own; the second of a pair:
/// with pauses of all streams.
fn rotate(rig: &mut Rig, batches: &[(Sizes, bool)]) {
    for (i, &(sizes, stalls)) in batches.iter().enumerate() {
        let batch = rig.batch(sizes, i as u64);
        let (results, sample) = rig.run(&batch, stalls);
        assert_eq!(sample[CHECKSUM_ERROR], 0, "the key is right");
        assert_eq!(sample[FAILED], 0, "the batch is whole");
        assert_eq!(results, batch.expected, "batch {i}: {sizes:?}");
        rig.flush(&batch);
    }
}

/// One level, then two with stalls everywhere, in both simulations.
#[test]
fn one_and_two_levels_in_four_lanes() {
    let mut rig = Rig::in_rust(FOUR_LANES);
    rotate(&mut rig, &[(SMALL, false), (TWO_LEVELS, true)]);
    rig.replay("rotate_4");
}

/// Several samples of each ciphertext, as far as the last coefficient; in both simulations.
#[test]
fn many_samples() {
    let mut rig = Rig::in_rust(FOUR_LANES);
    for (samples, stride, stalls) in [(2, 128, false), (3, 5, true), (2, 255, false), (1, 9, true)]
    {
        let batch = rig.batch(SMALL, samples as u64);
        (rig.samples, rig.stride) = (samples, stride);
        let (results, _) = rig.run(&batch, stalls);
        let expected = batch.sampled(samples as usize, stride as usize);
        let wrong = (0..expected.len()).find(|&i| results.get(i) != Some(&expected[i]));
        assert_eq!(
            wrong,
            None,
            "{samples} samples {stride} apart, {} words",
            results.len()
        );
        rig.flush(&batch);
    }
    rig.replay("rotate_samples");
}

/// All batches are dropped at any time: the core comes to rest, what came out before is right, and so is the next
/// batch.
#[test]
fn dropped_at_any_time() {
    let mut rig = Rig::in_verilog(FOUR_LANES, "rotate_dropped");
    let batch = rig.batch(TWO_LEVELS, 3);
    for at in [
        9, 20, 100, 300, 790, 1000, 2000, 3500, 4500, 5000, 5200, 5500,
    ] {
        let (results, _) = rig.run_until(&[&batch, &batch], at % 3 == 0, Some(at));
        let expected = batch.expected.iter().cycle();
        assert!(
            results.iter().zip(expected).all(|(a, b)| a == b),
            "dropped at {at}"
        );
        rig.flush(&batch);
        let (results, _) = rig.run(&batch, false);
        assert!(results == batch.expected, "after a drop at {at}");
        rig.flush(&batch);
    }
}

/// A drop in the middle of many samples of a ciphertext: those that are left are not extracted.
#[test]
fn samples_of_a_dropped_batch() {
    let mut rig = Rig::in_verilog(FOUR_LANES, "rotate_dropped_samples");
    let batch = rig.batch(SMALL, 3);
    let size = (1 << SMALL.log2_n) + 1;
    (rig.samples, rig.stride) = (200, 1);
    for at in [8000, 12_345, 20_000] {
        let begin = rig.cycles;
        let (results, _) = rig.run_until(&[&batch], false, Some(at));
        let behind = rig.cycles - begin - at;
        assert!(results.len() > 10 * size, "samples before the drop at {at}");
        // The present sample, and one of each ciphertext behind it.
        let most = (SMALL.ciphertexts + 1) * size + 200;
        assert!(behind < most, "{behind} cycles behind a drop at {at}");
        let expected = batch.sampled(200, 1);
        let first = results.len().min(10 * size);
        assert_eq!(results[..first], expected[..first]);
        rig.flush(&batch);
    }
}

/// The smallest of everything, in both simulations.
#[test]
fn two_lanes() {
    let parameters = CoreParameters {
        lanes: 2,
        slots: 1,
        levels: 1,
        beat_words: 1,
        ..FOUR_LANES
    };
    let sizes = Sizes {
        n: 3,
        ciphertexts: 1,
        ..WIDE
    };
    let mut rig = Rig::in_rust(parameters);
    rotate(&mut rig, &[(sizes, false)]);
    rig.replay("rotate_2");
}

/// From batch to batch everything changes: levels, base, size, switch, words, ciphertexts, n.
#[test]
fn batch_after_batch() {
    let parameters = CoreParameters {
        lanes: 8,
        max_log2_n: 9,
        slots: 5,
        levels: 3,
        beat_words: 24,
    };
    let five = Sizes {
        ciphertexts: 5,
        ..SMALL
    };
    let one_iteration = Sizes {
        n: 1,
        ciphertexts: 1,
        ..WIDE
    };
    let larger = Sizes { log2_n: 9, ..WIDE };
    let mut rig = Rig::in_verilog(parameters, "rotate_8");
    rotate(
        &mut rig,
        &[
            (TWO_LEVELS, false),
            (THREE_LEVELS, false),
            (larger, false),
            (five, false),
            (WIDE, true),
            (one_iteration, false),
            (ALONE, false),
            (
                Sizes {
                    log2_n: 9,
                    ..THREE_LEVELS
                },
                true,
            ),
            (Sizes { n: 40, ..SMALL }, false),
            (ALONE, true),
            (five, true),
        ],
    );
}

/// Batches of different sizes follow each other without a pause, with one key.
#[test]
fn batches_in_a_row() {
    let parameters = CoreParameters {
        slots: 4,
        ..FOUR_LANES
    };
    let mut rig = Rig::in_verilog(parameters, "rotate_row");
    for (set, stalls) in [
        (SMALL, false),
        (TWO_LEVELS, true),
        (Sizes { n: 1, ..WIDE }, false),
    ] {
        // The key is what a seed gives first, so it is the same for all.
        let batches: Vec<Batch> = [4, 1, 3, 1, 1, 2, 4]
            .into_iter()
            .map(|ciphertexts| rig.batch(Sizes { ciphertexts, ..set }, 9))
            .collect();
        let row: Vec<&Batch> = batches.iter().collect();
        let expected: Vec<u64> = batches
            .iter()
            .flat_map(|batch| batch.expected.iter().copied())
            .collect();
        let (results, sample) = rig.run_row(&row, stalls);
        assert_eq!(sample[FAILED], 0);
        assert_eq!(results.len(), expected.len());
        assert!(results == expected, "{set:?}");
        rig.flush(&batches[0]);
    }
}

/// A flipped bit in the key: no result, the error says where, and the next batch is right.
#[test]
fn a_wrong_slice_drops_the_batch() {
    let mut rig = Rig::in_verilog(FOUR_LANES, "rotate_wrong_slice");
    let sizes = Sizes {
        n: 3,
        ciphertexts: 2,
        ..SMALL
    };
    let mut batch = rig.batch(sizes, 5);
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
    rig.flush(&batch);
    rotate(&mut rig, &[(ALONE, true), (TWO_LEVELS, false)]);
}

/// From the latencies of the parts, which the tests above hold the core to, and the mean of what
/// degrees hold a turn back, which `overlap` compares with the block.
#[test]
fn latency_floor_at_128_lanes() {
    let shape = Shape::new(128, 11).expect("a shape");
    let core = BlindRotate::new(&shape, 16, 3, 64).expect("a core");
    let latencies = core.latencies();
    let average = latencies.alone(&shape, 11);
    println!("P = 128: {latencies:?}: {average:.1} cycles a CMUX with one ciphertext in flight");
    assert!(average <= 160.0);
}

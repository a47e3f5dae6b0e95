//! What is read equals what memory holds.

use crate::rig::{Pace, Rig, Shape};

/// Three batches over the whole key, with stalls everywhere.
fn contents(name: &str, shape: Shape, chance: f64) {
    let mut rig = Rig::new(shape, shape.beats() as u64);
    rig.pace = Pace::Random(chance);
    rig.start();
    let count = 3 * shape.slices;
    rig.use_slices(0, count);
    // In order, and on into the next batch.
    let order: Vec<usize> = (0..shape.slices).cycle().take(count).collect();
    assert_eq!(rig.requests[..count], order);
    rig.replay(&format!("key_store_{name}"));
}

#[test]
fn one_pair() {
    let shape = Shape {
        pairs: 1,
        beat_words: 2,
        built_rows: 32,
        cycles: 8,
        levels: 3,
        slices: 5,
    };
    contents("one_pair", shape, 0.7);
}

/// A store of exactly the key's size, no power of two; a beat with a half-empty tree.
#[test]
fn two_pairs() {
    let shape = Shape {
        pairs: 2,
        beat_words: 3,
        built_rows: 6,
        cycles: 2,
        levels: 3,
        slices: 3,
    };
    contents("two_pairs", shape, 0.4);
}

/// Rows of a single beat.
#[test]
fn four_pairs() {
    let shape = Shape {
        pairs: 4,
        beat_words: 24,
        built_rows: 16,
        cycles: 8,
        levels: 2,
        slices: 4,
    };
    contents("four_pairs", shape, 0.8);
}

/// Slices of one row and beats of one word: several checksums are under way at once.
#[test]
fn smallest() {
    let shape = Shape {
        pairs: 1,
        beat_words: 6,
        built_rows: 1,
        cycles: 1,
        levels: 1,
        slices: 1,
    };
    contents("smallest_slice", shape, 1.0);
    let shape = Shape {
        beat_words: 1,
        built_rows: 4,
        cycles: 2,
        levels: 1,
        slices: 2,
        ..shape
    };
    contents("smallest_beat", shape, 0.9);
}

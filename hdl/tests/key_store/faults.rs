//! Wrong slices are found and never offered.

use crate::rig::{Drive, Fault, Pace, Rig, Shape};
use rand::RngExt;

const SHAPE: Shape = Shape {
    pairs: 2,
    beat_words: 3,
    built_rows: 4,
    cycles: 2,
    levels: 2,
    slices: 4,
};

/// Four beats to a row, eight to a level, then the checksum's.
const LAST: usize = 15;
const CHECKSUM: usize = 16;

/// Starts with this fault in a slice; the slices before are offered, then the error is reported,
/// and nothing more comes. Takes and releases nothing but what is offered.
fn finds(rig: &mut Rig, what: &str, fault: Fault) {
    let bad = rig.rng.random_range(0..SHAPE.slices);
    rig.fault = Some((bad, fault));
    finds_at(rig, what, bad);
}

/// The same with the fault set already.
fn finds_at(rig: &mut Rig, what: &str, bad: usize) {
    rig.start();
    let mut offered = 0;
    let mut late = 0;
    let mut ready = false;
    let mut in_use = false;
    for _ in 0..1500 {
        let drive = Drive {
            take: ready,
            release: in_use && rig.rng.random_bool(0.3),
            wanted: true,
            ..Drive::default()
        };
        offered += usize::from(drive.take);
        in_use = (in_use && !drive.release) || drive.take;
        let said = rig.cycle(drive);
        ready = said.slice_ready && !drive.take && !in_use;
        assert!(!said.protocol_error, "{what}");
        if said.checksum_error {
            assert_eq!(said.error_slice, bad, "{what}");
            late += 1;
        } else {
            assert_eq!((late, said.error_slice), (0, 0), "{what}: errors stay");
        }
        // Long enough for everything under way to come in.
        if late == 80 {
            assert!(said.idle, "{what}: no more is asked for");
            break;
        }
    }
    assert_eq!(late, 80, "{what}: not found");
    assert_eq!(offered, bad, "{what}: the slices before it, no other");
    rig.fault = None;
}

fn flip(beat: usize, word: usize, bit: usize) -> Fault {
    Box::new(move |beats| beats[beat][word] ^= 1 << bit)
}

fn exchange(one: (usize, usize), other: (usize, usize)) -> Fault {
    Box::new(move |beats| {
        let word = beats[one.0][one.1];
        beats[one.0][one.1] = beats[other.0][other.1];
        beats[other.0][other.1] = word;
    })
}

#[test]
fn wrong_words() {
    let mut rig = Rig::new(SHAPE, 3);
    rig.pace = Pace::Random(0.9);
    // The first and last beats of the slice, of a row and of a level, and the checksum's with the
    // zeros behind it.
    for beat in [0, 3, 4, 7, 8, LAST, CHECKSUM] {
        for word in 0..SHAPE.beat_words {
            let bit = [0, 31, 32, 63][(beat + word) % 4];
            let what = format!("bit {bit} of word {word} of beat {beat}");
            finds(&mut rig, &what, flip(beat, word, bit));
        }
    }
    for bit in [0, 1, 62, 63] {
        finds(
            &mut rig,
            &format!("checksum bit {bit}"),
            flip(CHECKSUM, 0, bit),
        );
    }
    // Bits that a sum or a parity over words would let cancel.
    finds(
        &mut rig,
        "the same bit of neighbours",
        Box::new(|beats| {
            beats[5][0] ^= 1 << 40;
            beats[5][1] ^= 1 << 40;
        }),
    );
    finds(
        &mut rig,
        "bits along a diagonal",
        Box::new(|beats| {
            beats[5][0] ^= 1 << 40;
            beats[5][1] ^= 1 << 41;
        }),
    );
    for (what, one, other) in [
        ("words of a beat", (2, 0), (2, 1)),
        ("a word of two beats", (2, 1), (3, 1)),
        ("a word of two rows", (2, 2), (6, 2)),
        ("a word of two levels", (1, 0), (9, 0)),
        ("the first and the last word", (0, 0), (LAST, 2)),
        ("the last word and the checksum", (LAST, 2), (CHECKSUM, 0)),
    ] {
        finds(&mut rig, what, exchange(one, other));
    }
    finds(
        &mut rig,
        "two beats exchanged",
        Box::new(|beats| beats.swap(4, 5)),
    );
    // Whole and right, but another one.
    let other = rig.delivery(1);
    rig.fault = Some((2, Box::new(move |beats| beats.clone_from(&other))));
    finds_at(&mut rig, "another slice", 2);
    finds(
        &mut rig,
        "a slice of zeros",
        Box::new(|beats| beats.iter_mut().for_each(|beat| beat.fill(0))),
    );
    finds(
        &mut rig,
        "a slice of ones",
        Box::new(|beats| beats.iter_mut().for_each(|beat| beat.fill(u64::MAX))),
    );
    // A start is all it takes to go on.
    rig.start();
    rig.use_slices(0, 3);
    rig.replay("key_store_wrong_words");
}

/// A beat too few or too many shifts the rest of the slice.
#[test]
fn missing_and_doubled_beats() {
    for beat in [0, 6, LAST, CHECKSUM] {
        let mut rig = Rig::new(SHAPE, 5);
        finds_shifted(
            &mut rig,
            &format!("beat {beat} missing"),
            Box::new(move |beats| {
                beats.remove(beat);
            }),
        );
    }
    for beat in [0, 6, LAST] {
        let mut rig = Rig::new(SHAPE, 6);
        finds_shifted(
            &mut rig,
            &format!("beat {beat} twice"),
            Box::new(move |beats| beats.insert(beat, beats[beat].clone())),
        );
    }
}

/// As [`finds`], in slice 0 and without more after it: store and memory are out of step.
fn finds_shifted(rig: &mut Rig, what: &str, fault: Fault) {
    rig.fault = Some((0, fault));
    rig.start();
    for cycle in 0.. {
        assert!(cycle < 1000, "{what}: not found");
        let said = rig.cycle(Drive::default());
        assert!(!said.slice_ready, "{what}");
        if said.checksum_error {
            assert_eq!(said.error_slice, 0, "{what}");
            break;
        }
    }
    for _ in 0..80 {
        let said = rig.cycle(Drive::default());
        assert!(said.checksum_error && !said.slice_ready, "{what}");
    }
}

//! A memory of the bandwidth that the design computes never makes the multipliers wait.

use crate::rig::{Drive, Pace, Rig, Said, Shape};
use rand::RngExt;
use std::collections::VecDeque;

const SHAPE: Shape = Shape {
    pairs: 1,
    beat_words: 2,
    built_rows: 16,
    cycles: 8,
    levels: 2,
    slices: 5,
};

/// Ciphertexts in flight, and the cycles of an iteration.
const BATCH: usize = 4;
const ITERATION: usize = BATCH * 16;

/// Edges from a checksum's beat to the offer, with beats of two words.
const VERIFY: usize = 4;

/// Which cycles of a window the beats of a slice arrive in: runs and gaps of random length.
fn bursts(rig: &mut Rig, window: usize) -> VecDeque<bool> {
    let beats = SHAPE.beats() + 1;
    let mut arrivals = VecDeque::new();
    let (mut beats, mut gaps) = (beats, window - beats);
    while beats + gaps > 0 {
        let run = rig.rng.random_range(0..=beats.min(20));
        let gap = rig.rng.random_range(0..=gaps.min(20));
        arrivals.extend(std::iter::repeat_n(true, run));
        arrivals.extend(std::iter::repeat_n(false, gap));
        beats -= run;
        gaps -= gap;
    }
    arrivals
}

/// What a run came to.
struct Run {
    said: Said,
    /// Cycles that the controller waited after the first slice.
    waited: u128,
    /// Most beats in memory's reader.
    backlog: usize,
}

/// Iterations with a memory that delivers a slice in every `window` cycles; the multipliers begin
/// `ahead` cycles after the controller took the slice.
fn run(rig: &mut Rig, window: usize, ahead: usize, iterations: usize) -> Run {
    rig.pace = Pace::Allowed;
    rig.start();
    // The first slice in one go; the windows begin with its end.
    rig.allowed = SHAPE.beats() + 1;
    let begin = rig.moved;
    let mut arrivals: VecDeque<bool> = VecDeque::new();
    // Cycles until the iteration's end, and reads to come: when, of which slice.
    let mut left = 0;
    let mut reads: VecDeque<(usize, usize, bool)> = VecDeque::new();
    let (mut taken, mut waited, mut backlog) = (0, 0, 0);
    let mut said = Said::default();
    for cycle in 0.. {
        if rig.moved - begin > SHAPE.beats() {
            if arrivals.is_empty() {
                arrivals = bursts(rig, window);
            }
            rig.allowed += usize::from(arrivals.pop_front().expect("a window"));
            backlog = backlog.max(rig.allowed);
        }
        let mut drive = Drive::default();
        if left == 0 {
            drive.wanted = true;
            if said.slice_ready {
                drive.take = true;
                left = ITERATION;
                for read in 0..ITERATION {
                    reads.push_back((cycle + ahead + read, taken, said.slice_half));
                }
                taken += 1;
            }
        }
        let mut words = None;
        if let Some(&(at, slice, half)) = reads.front()
            && at == cycle
        {
            reads.pop_front();
            let row = (at + slice) % SHAPE.rows();
            drive.read = (half, row);
            words = Some(rig.row(slice % SHAPE.slices, row));
            drive.release = reads.front().is_none_or(|&(_, next, _)| next != slice);
        }
        left = left.saturating_sub(1);
        let took = drive.take;
        said = rig.cycle_reading(drive, words);
        if drive.wanted && !said.slice_ready && taken > 0 {
            waited += 1;
        }
        said.slice_ready &= !took;
        assert!(!said.protocol_error && !said.checksum_error);
        assert!(cycle < 4 * ITERATION * iterations, "slices stop");
        if taken == iterations {
            break;
        }
    }
    rig.wait(1);
    let said = rig.wait(1);
    // Whatever is under way leaves memory at once.
    rig.pace = Pace::Random(1.0);
    Run {
        said,
        waited,
        backlog,
    }
}

#[test]
fn never_waits_for_a_memory_that_is_fast_enough() {
    let mut rig = Rig::new(SHAPE, 11);
    // The largest lead that leaves room for the beats.
    let most = ITERATION - VERIFY - (SHAPE.beats() + 1);
    for ahead in [0, 3, most] {
        for _ in 0..3 {
            let Run {
                said,
                waited,
                backlog,
            } = run(&mut rig, ITERATION, ahead, 12);
            assert_eq!(waited, 0, "{ahead} cycles ahead");
            assert!(!said.underrun && said.underrun_cycles == 0);
            assert!(
                backlog <= ahead + VERIFY + 1,
                "{backlog} beats wait, {ahead} cycles ahead"
            );
        }
    }
    rig.replay("key_store_fast_memory");
}

/// With less, every cycle that the controller waits is counted.
#[test]
fn counts_the_wait_for_a_slower_memory() {
    let mut rig = Rig::new(SHAPE, 12);
    for (window, ahead) in [(ITERATION + 1, 0), (ITERATION + 9, 0), (2 * ITERATION, 5)] {
        let iterations = 12;
        let Run { said, waited, .. } = run(&mut rig, window, ahead, iterations);
        assert!(said.underrun);
        assert_eq!(said.underrun_cycles, waited, "window {window}");
        // The last slice is in not before the end of its window but for a window's gaps, and the
        // controller could have been done with the ones before in their iterations.
        let owed = (iterations - 1) * (window - ITERATION);
        let gaps = window - SHAPE.beats() - 1;
        assert!(
            waited as usize + gaps >= owed,
            "{waited} cycles for window {window}"
        );
        // A start begins to count anew.
        rig.start();
        let said = rig.wait(1);
        assert!(!said.underrun && said.underrun_cycles == 0);
    }
    rig.replay("key_store_slow_memory");
}

//! The emitted core under Verilator against the functional engine, at N = 2048 and below, and how
//! many cycles an iteration takes.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "batches serve other tests, too")]

#[path = "blind_rotate/batch.rs"]
mod batch;

use batch::{Batch, Sizes};
use gyrus_hdl::ntt::Shape;
use gyrus_hdl::verilate::{
    self, Core, CoreParameters, Job, Memory, Options, Outcome, Turns, VerilateError, Wave,
};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

const PARAMETERS: CoreParameters = CoreParameters {
    lanes: 8,
    max_log2_n: 11,
    slots: 4,
    levels: 2,
    beat_words: 24,
};

/// One for all tests.
static CORE: LazyLock<Core> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verilated-8");
    let core = Core::build(&PARAMETERS, &directory, &Options::default()).expect("a program");
    println!("build: {:?}", core.build_time());
    core
});

const SIZES: Sizes = Sizes {
    log2_n: 11,
    n: 6,
    base_log: 23,
    levels: 1,
    ciphertexts: 3,
    centred: true,
    narrow: true,
};

fn batch(sizes: Sizes, seed: u64) -> Batch {
    let shape = Shape::new(PARAMETERS.lanes, PARAMETERS.max_log2_n).expect("a shape");
    Batch::random(sizes, &shape, PARAMETERS.beat_words, seed)
}

fn job(batch: &Batch) -> Job<'_> {
    let sizes = batch.sizes;
    Job {
        log2_n: sizes.log2_n,
        n: sizes.n,
        base_log: sizes.base_log,
        levels: sizes.levels,
        centred: sizes.centred,
        narrow: sizes.narrow,
        lwe: &batch.lwe,
        tables: &batch.tables,
        repeat: 1,
        key: &batch.key,
        memory: Memory::default(),
        wave: None,
        deadline: Duration::from_secs(120),
    }
}

/// Runs a batch and compares its words.
fn rotate(batch: &Batch, memory: Memory) -> Outcome {
    let job = Job {
        memory,
        ..job(batch)
    };
    let outcome = CORE.run(&job).expect("a run");
    assert!(outcome.words == batch.expected, "{:?}: words", batch.sizes);
    outcome
}

#[test]
fn words_of_the_engine() {
    let (mut seed, memory) = (0, Memory::default());
    for (log2_n, levels, base_log) in [(11, 1, 23), (11, 2, 15), (9, 1, 23), (9, 2, 15)] {
        for (ciphertexts, centred, narrow) in [(3, true, true), (1, false, false)] {
            let sizes = Sizes {
                log2_n,
                n: 6,
                base_log,
                levels,
                ciphertexts,
                centred,
                narrow,
            };
            let outcome = rotate(&batch(sizes, seed), memory);
            println!(
                "{sizes:?}: {} cycles, {:.0} a second",
                outcome.cycles,
                outcome.cycles as f64 / outcome.seconds
            );
            seed += 1;
        }
    }
}

/// Memory that is too slow makes the core wait, and nothing worse.
#[test]
fn slow_memory() {
    let sizes = Sizes { n: 8, ..SIZES };
    let batch = batch(sizes, 20);
    let fast = rotate(&batch, Memory::default());
    let slow = Memory {
        latency: 700,
        beat_cycles: 4,
    };
    let slow = rotate(&batch, slow);
    println!(
        "underruns: {} and {} cycles",
        fast.underrun_cycles, slow.underrun_cycles
    );
    assert!(slow.underrun_cycles > fast.underrun_cycles);
    assert!(slow.rotation_cycles > fast.rotation_cycles);
}

/// What so many iterations more take.
fn turns(sizes: Sizes, n: [usize; 2]) -> Turns {
    let sizes = verilate::Sizes {
        log2_n: sizes.log2_n,
        n: 0,
        base_log: sizes.base_log,
        levels: sizes.levels,
        ciphertexts: sizes.ciphertexts,
    };
    let deadline = Duration::from_secs(120);
    CORE.turns(sizes, n, deadline).expect("two runs")
}

/// With enough ciphertexts in flight the datapath works in every cycle: a turn takes
/// (k+1) l N / P cycles, with k = 1.
#[test]
fn steady_state() {
    for (log2_n, levels, base_log, ciphertexts) in [(11, 1, 23, 4), (11, 2, 15, 3), (11, 2, 15, 4)]
    {
        let sizes = Sizes {
            log2_n,
            levels,
            base_log,
            ciphertexts,
            ..SIZES
        };
        let expected = (2 * levels as u64) << log2_n >> PARAMETERS.lanes.ilog2();
        assert!(
            expected as usize * (ciphertexts - 1) >= CORE.latency(),
            "the batch hides the latency"
        );
        let turns = turns(sizes, [4, 12]);
        println!("{sizes:?}: {turns:?} of {expected} cycles");
        assert_eq!(turns.turns, 8 * ciphertexts as u64);
        assert_eq!(turns.cycles, turns.turns * expected, "{sizes:?}");
    }
}

/// Batches that wait are loaded beside, and their turns follow without a gap: two of a pass for each
/// ciphertext, besides those of the iterations.
#[test]
fn batches_in_a_row() {
    for (levels, base_log) in [(1, 23), (2, 15)] {
        let sizes = Sizes {
            levels,
            base_log,
            ciphertexts: 4,
            ..SIZES
        };
        let batch = batch(sizes, 80);
        // Words that switch to 0 would leave turns out.
        let lwe: Vec<u64> = batch
            .lwe
            .iter()
            .map(|word| (word >> 1) + (1 << 62))
            .collect();
        let cycles = [2, 6].map(|repeat| {
            let job = Job {
                lwe: &lwe,
                repeat,
                ..job(&batch)
            };
            let outcome = CORE.run(&job).expect("a run");
            let (first, rest) = outcome.words.split_at(outcome.words.len() / repeat);
            assert!(rest.chunks(first.len()).all(|words| words == first));
            outcome.cycles
        });
        let pass = 2 << 11 >> PARAMETERS.lanes.ilog2();
        let turns = 4 * (sizes.n * levels + 2) as u64;
        println!("l = {levels}: {cycles:?} cycles of 2 and 6 batches");
        assert_eq!(cycles[1] - cycles[0], 4 * turns * pass);
    }
}

/// Alone, a ciphertext waits for its own results; how long depends on the degrees.
#[test]
fn one_ciphertext() {
    for (levels, base_log) in [(1, 23), (2, 15)] {
        let sizes = Sizes {
            levels,
            base_log,
            ciphertexts: 1,
            ..SIZES
        };
        let Turns { turns, cycles, .. } = turns(sizes, [4, 68]);
        let turn = (2 * levels as u64) << 11 >> PARAMETERS.lanes.ilog2();
        println!(
            "l = {levels}: {:.1} cycles a turn of {turn}, latency {}",
            cycles as f64 / turns as f64,
            CORE.latency()
        );
        // The mean over all degrees; 64 random ones come this close.
        let shape = Shape::new(PARAMETERS.lanes, PARAMETERS.max_log2_n).expect("a shape");
        let core = PARAMETERS.build().expect("a core");
        let pass = shape.pass_cycles(11);
        let expected = core.latencies().alone(&shape, 11) + ((levels - 1) * pass) as f64;
        let measured = cycles as f64 / turns as f64;
        assert!(
            (measured / expected - 1.0).abs() < 0.05,
            "not {expected:.1}"
        );
    }
}

#[test]
fn jobs_that_do_not_fit() {
    let right = batch(SIZES, 50);
    let right = job(&right);
    let wave = Wave {
        path: Path::new("unused.fst"),
        from: 0,
        to: 1,
    };
    for (job, says) in [
        (
            Job {
                log2_n: 12,
                ..right
            },
            "log2 N is 12",
        ),
        (Job { n: 5, ..right }, "LWE words"),
        (Job { levels: 3, ..right }, "levels is 3"),
        (Job { levels: 2, ..right }, "words of key"),
        (
            Job {
                tables: &right.tables[1..],
                ..right
            },
            "words of tables",
        ),
        (
            Job {
                wave: Some(wave),
                ..right
            },
            "waveform",
        ),
    ] {
        let error = CORE.run(&job).expect_err("refused");
        assert!(matches!(error, VerilateError::Job(_)), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// A key that was damaged in memory ends the run with the core's own finding.
#[test]
fn wrong_key() {
    let batch = batch(SIZES, 60);
    let mut key = batch.key.clone();
    let slice = key.len() / SIZES.n;
    key[2 * slice + 5] ^= 1 << 40;
    let error = CORE
        .run(&Job {
            key: &key,
            ..job(&batch)
        })
        .expect_err("a wrong checksum");
    assert!(
        error.to_string().contains("checksum_error in slice 2"),
        "{error}"
    );
}

/// A waveform of some cycles of a small core.
#[test]
fn waveform() {
    let parameters = CoreParameters {
        lanes: 4,
        max_log2_n: 8,
        slots: 1,
        levels: 1,
        beat_words: 12,
    };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verilated-trace");
    let options = Options {
        trace: true,
        ..Options::default()
    };
    let core = Core::build(&parameters, &directory, &options).expect("a program");
    let sizes = Sizes {
        log2_n: 8,
        n: 2,
        ciphertexts: 1,
        ..SIZES
    };
    let shape = Shape::new(parameters.lanes, parameters.max_log2_n).expect("a shape");
    let batch = Batch::random(sizes, &shape, parameters.beat_words, 70);
    let lengths = [100, 300].map(|to| {
        let path = directory.join(format!("{to}.fst"));
        let wave = Wave {
            path: &path,
            from: 0,
            to,
        };
        let job = Job {
            wave: Some(wave),
            ..job(&batch)
        };
        let outcome = core.run(&job).expect("a run");
        assert!(outcome.words == batch.expected, "words of the traced core");
        let wave = std::fs::read(&path).expect("a waveform");
        // A header block (type 0) of 329 bytes, then the times of the first and the last change.
        assert_eq!(wave[..9], [0, 0, 0, 0, 0, 0, 0, 1, 73], "an FST file");
        let time = |at: usize| u64::from_be_bytes(wave[at..at + 8].try_into().expect("8 bytes"));
        assert_eq!([time(9), time(17)], [0, 2 * to - 1], "half cycles");
        wave.len()
    });
    assert!(lengths[0] < lengths[1], "{lengths:?}");

    // The command's waveform is a whole rotation's.
    let path = directory.join("deep").join("rotation.fst");
    verilate::trace(&parameters, &directory, u64::MAX / 2, 1, &path).expect("a waveform");
    let wave = std::fs::read(&path).expect("a waveform");
    let end = u64::from_be_bytes(wave[17..25].try_into().expect("8 bytes"));
    let rotation = 4 * (2 * 256 / parameters.lanes);
    assert!(end > 2 * rotation as u64, "{end} half cycles");
}

//! The timing model against the emitted card's cycles.

use crate::workload::{Workload, measure, parameters};
use gyrus_interface::{
    Decomposition, KeyswitchModulus, LweDimension, ParameterSet, PolynomialSize, catalogue,
};
use gyrus_sim::rtl::{Pace, RtlOptions};
use gyrus_sim::timing::{Submission, TimingModel, Work};
use std::time::Instant;

/// Greatest relative error of a prediction.
const TOLERANCE: f64 = 0.03;

fn set(n: usize, size: usize, levels: usize, keyswitch: (usize, usize)) -> ParameterSet {
    ParameterSet {
        name: format!("INSECURE_TIMING_{n}_{size}_{levels}"),
        lwe_dimension: LweDimension(n),
        polynomial_size: PolynomialSize(size),
        pbs: Decomposition::new(10, levels),
        keyswitch: Decomposition::new(keyswitch.0, keyswitch.1),
        ..catalogue::toy()
    }
}

fn workload(name: &'static str, set: ParameterSet, jobs: &[Work]) -> Workload {
    let options = RtlOptions::new(parameters(), ".".into());
    Workload {
        name,
        set,
        host: options.host,
        card: options.card,
        jobs: jobs.to_vec(),
        in_flight: usize::MAX,
    }
}

fn workloads() -> Vec<Workload> {
    let small = || set(48, 256, 1, (4, 4));
    let large = || set(60, 512, 1, (4, 4));
    let one = Work::of(1);
    let each = |ciphertexts| Work {
        own_tables: true,
        ..Work::of(ciphertexts)
    };
    let mix = [
        Work::of(5),
        one,
        each(4),
        Work {
            samples: 3,
            ..Work::of(2)
        },
        each(7),
        one,
        Work::of(12),
    ];
    vec![
        workload("batch of 1", large(), &[one]),
        workload("batch of 2", large(), &[Work::of(2)]),
        workload("batch of all slots", large(), &[Work::of(4)]),
        workload(
            "8 full batches queued",
            large(),
            &[Work::of(24), Work::of(8)],
        ),
        workload("jobs of all sizes queued", small(), &mix),
        workload("l = 2", set(40, 512, 2, (4, 4)), &[Work::of(4); 4]),
        Workload {
            card: Pace {
                latency: 100,
                beat_cycles: 3,
            },
            ..workload("slow card memory", large(), &[Work::of(4); 4])
        },
        Workload {
            card: Pace {
                latency: 400,
                beat_cycles: 1,
            },
            ..workload("distant card memory", large(), &[Work::of(4); 4])
        },
        Workload {
            host: Pace {
                latency: 1000,
                beat_cycles: 8,
            },
            ..workload("slow host memory", small(), &[Work::of(4); 6])
        },
        Workload {
            in_flight: 1,
            ..workload("one by one", small(), &[one; 8])
        },
        workload("ones queued", small(), &[one; 12]),
        Workload {
            set: ParameterSet {
                keyswitch_modulus: KeyswitchModulus::Native64,
                ..set(100, 256, 1, (2, 8))
            },
            ..workload("wide key switch", small(), &[Work::of(4); 4])
        },
    ]
}

/// Relative error of a prediction.
fn error(predicted: u64, measured: u64) -> f64 {
    (predicted as f64 - measured as f64) / measured.max(1) as f64
}

/// Runs a workload on model and card, prints both and says what does not agree.
fn compare(workload: &Workload) -> Vec<String> {
    let begin = Instant::now();
    let measured = measure(workload);
    let seconds = begin.elapsed().as_secs_f64();
    let model = TimingModel::new(&parameters(), workload.host, workload.card).expect("a model");
    let submission = if workload.in_flight == 1 {
        Submission::OneByOne { gap: measured.gap }
    } else {
        Submission::AtOnce
    };
    let predicted = model
        .run(&workload.set, &workload.jobs, submission)
        .expect("a prediction");
    let cycles = measured.completions.last().copied().unwrap_or(0);
    let wrong = error(predicted.cycles, cycles);
    let jobs = predicted.completions.iter().zip(&measured.completions);
    let worst = jobs
        .map(|(&predicted, &measured)| error(predicted, measured))
        .max_by(|a, b| a.abs().total_cmp(&b.abs()))
        .unwrap_or(0.0);
    let [
        turns,
        key_wait,
        switch_wait,
        key_beats,
        switch_beats,
        bootstraps,
        read,
        written,
    ] = measured.counters;
    let utilisation = turns as f64 / cycles as f64;
    println!(
        "{:<26} {:>9} {cycles:>9} {:>6.2}% {:>6.2}% {:>6.1}% {:>5.1}% {:>8} {key_wait:>6} {:>8} {switch_wait:>6} {:>8} {key_beats:>7} {:>8} {switch_beats:>7} {seconds:>6.1} s",
        workload.name,
        predicted.cycles,
        100.0 * wrong,
        100.0 * worst,
        100.0 * predicted.utilisation(),
        100.0 * utilisation,
        predicted.key_wait_cycles,
        predicted.keyswitch_wait_cycles,
        predicted.key_beats,
        predicted.keyswitch_beats,
    );
    // Waits are part of the cycles, and as exact as these.
    let close = |predicted: u64, measured: u64| {
        predicted.abs_diff(measured) as f64 <= TOLERANCE * cycles as f64
    };
    let checks = [
        ("cycles", wrong.abs() < TOLERANCE),
        ("a job's cycles", worst.abs() < TOLERANCE),
        (
            "utilisation",
            (predicted.utilisation() / utilisation - 1.0).abs() < TOLERANCE,
        ),
        (
            "cycles waited for the key",
            close(predicted.key_wait_cycles, key_wait),
        ),
        (
            "cycles waited for the key switching key",
            close(predicted.keyswitch_wait_cycles, switch_wait),
        ),
        ("beats of the key", predicted.key_beats == key_beats),
        (
            "beats of the key switching key",
            predicted.keyswitch_beats == switch_beats,
        ),
        ("bootstraps", predicted.bootstraps == bootstraps),
        ("words read", predicted.host_words_read == read),
        ("words written", predicted.host_words_written == written),
    ];
    let wrong = checks.iter().filter(|(_, right)| !right);
    wrong
        .map(|(what, _)| format!("{}: {what}", workload.name))
        .collect()
}

#[test]
fn predictions() {
    println!(
        "{:<26} {:>9} {:>9} {:>7} {:>7} {:>13} {:>15} {:>15} {:>16} {:>16}",
        "predicted, measured",
        "cycles",
        "",
        "error",
        "worst",
        "utilisation",
        "key wait",
        "switch wait",
        "key beats",
        "switch beats"
    );
    let failures: Vec<String> = workloads().iter().flat_map(compare).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Least share of cycles in which the rotation takes coefficients, with four batches queued.
const LEAST_IN_USE: f64 = 0.97;

/// Between the completions of batches in the middle of a queue the rotation never waits, going by the cycles
/// that its turns take in theory: (n l + 2) turns of 2 N / P for each ciphertext.
#[test]
fn four_batches_in_flight_keep_the_rotation_at_work() {
    let set = set(60, 512, 1, (4, 4));
    let slots = parameters().core.slots as u64;
    let jobs = [Work::of(slots); 10];
    let measured = measure(&Workload {
        in_flight: 4,
        ..workload("four in flight", set.clone(), &jobs)
    });
    let completions = &measured.completions;
    let (first, last) = (completions[2], completions[8]);
    let cycles = (last - first) / 6;
    let turns = (set.lwe_dimension.0 * set.pbs.level_count.0 + 2) as u64;
    let turn = (2 * set.polynomial_size.0 / parameters().core.lanes) as u64;
    // A turn whose degree is 0 is left out: one of 2 N.
    let [counted, ..] = measured.counters;
    let all = jobs.len() as u64 * slots * turns * turn;
    let left_out = all - counted;
    let expected = (all / turn) as f64 / (2 * set.polynomial_size.0) as f64;
    assert!(
        left_out.is_multiple_of(turn) && ((left_out / turn) as f64) < 6.0 * expected,
        "{left_out} cycles of turns left out, {expected} turns expected"
    );
    let in_use = counted as f64 / jobs.len() as f64 / cycles as f64;
    println!(
        "a batch each {cycles} cycles: {:.2}% in use, {} turns left out",
        100.0 * in_use,
        left_out / turn
    );
    // The first completion may have come some hundred cycles later to host memory than the last.
    assert!(
        (LEAST_IN_USE..1.01).contains(&in_use),
        "{in_use} of the cycles"
    );
}

//! Instructions of a CMUX with AVX2, by valgrind: our kernel, and tfhe-rs' NTT path. Valgrind shows
//! programs a CPU without AVX-512, so both take what they have for AVX2, whatever machine this is. Counts
//! are the same in every run, and say less than times: instructions differ in what they cost.
//!
//! `cargo bench -p gyrus --bench instructions`, a minute. Whoever runs this learns of a missed bar by how it
//! ends; without valgrind it says so, and other benchmarks go on.

#![allow(clippy::expect_used)]

// The rest is for the bit-exactness tests.
#[allow(dead_code)]
#[path = "../tests/tfhe_support/mod.rs"]
mod tfhe_support;

use gyrus_interface::{LweDimension, ParameterSet, catalogue};
use gyrus_sim::model::{Engine, Kernel};
use std::num::NonZeroUsize;
use std::process::{Command, ExitCode};
use tfhe_support::{Reference, Source};

/// What a child process is to count: an implementation, and how often.
const CHILD: &str = "GYRUS_COUNT";
/// CMUXes of a blind rotation here.
const CMUXES: usize = 4;
/// Instructions to those of tfhe-rs, at most.
const BAR: f64 = 0.5;

/// Rotates `rounds` times, within valgrind.
fn rotate(which: &str, rounds: usize) {
    let set = ParameterSet {
        lwe_dimension: LweDimension(CMUXES),
        ..catalogue::find(catalogue::PRIMARY).expect("the primary set")
    };
    let mut source = Source::new(1);
    let (bootstrapping, keyswitch) = source.keys(&set);
    let mut accumulator = source.words(set.glwe_size() * set.polynomial_size.0);
    let switched = [vec![777; CMUXES], vec![0]].concat();
    if which == "tfhe" {
        let key = Reference::new(&set, &bootstrapping, &keyswitch);
        for _ in 0..rounds {
            key.blind_rotate(&switched, &mut accumulator);
        }
    } else {
        let engine = Engine::new(NonZeroUsize::new(1), Kernel::best()).expect("starts");
        assert_eq!(engine.kernel(), Kernel::Avx2, "valgrind shows AVX2");
        let key = engine
            .prepare_key(&set, &bootstrapping, keyswitch.words())
            .expect("a key of this set");
        for _ in 0..rounds {
            key.blind_rotate(&switched, &mut accumulator)
                .expect("rotates");
        }
    }
    std::hint::black_box(accumulator);
}

/// Instructions of this program while it rotates `rounds` times; what went wrong otherwise.
fn count(which: &str, rounds: usize) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .env(CHILD, format!("{which} {rounds}"))
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let count = said
        .lines()
        .find_map(|line| line.split_once("Collected :"))
        .and_then(|(_, count)| count.trim().parse().ok());
    match count {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(said),
    }
}

/// Of one CMUX: what three rotations take more than one.
fn count_cmux(which: &str) -> Result<f64, String> {
    let (one, three) = (count(which, 1)?, count(which, 3)?);
    Ok(three.saturating_sub(one) as f64 / (2 * CMUXES) as f64)
}

fn main() -> ExitCode {
    if let Ok(child) = std::env::var(CHILD) {
        let (which, rounds) = child
            .split_once(' ')
            .expect("an implementation and a number");
        rotate(which, rounds.parse().expect("a number"));
        return ExitCode::SUCCESS;
    }
    if let Err(error) = Command::new("valgrind").arg("--version").output() {
        println!("NOT MEASURED: valgrind does not start ({error}); install it");
        return ExitCode::SUCCESS;
    }
    let counts = count_cmux("gyrus").and_then(|ours| Ok((ours, count_cmux("tfhe")?)));
    match counts {
        Err(error) => {
            eprintln!("NOT MEASURED: {error}");
            ExitCode::FAILURE
        }
        Ok((ours, theirs)) => {
            let ratio = ours / theirs;
            let verdict = if ratio <= BAR { "held" } else { "MISSED" };
            println!("instructions of a CMUX with AVX2, N = 2048, k = l = 1:");
            println!("  tfhe-rs NTT   {theirs:>10.0}");
            println!("  gyrus avx2    {ours:>10.0}   {ratio:.3} of it, bar {BAR}: {verdict}");
            if ratio <= BAR {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

//! `gyrus plan`: what it predicts, and what it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

mod cli_support;

use cli_support::{gyrus, gyrus_fails, gyrus_ok};
use serde_json::Value;

fn plan(arguments: &str) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let run = gyrus_ok(directory.path(), &format!("plan --json {arguments}"));
    serde_json::from_str(&run.stdout).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn a_table_beside_what_hpu_does() {
    let directory = tempfile::tempdir().unwrap();
    let run = gyrus_ok(directory.path(), "plan");
    for part in [
        "AMD Alveo V80",
        "128 lanes at 300 MHz (assumed)",
        "V1_7_HPU_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M128: n = 879, N = 2048, l = 1",
        "predicted",
        "HPU, published",
        "14,167 PBS/s",
        "847 us for 12",
        "611 us at the least",
        "GB/s of 819.2 GB/s",
        "GB/s of 31.5 GB/s",
        "4 jobs of 6 at once",
        "within 3% of the RTL in simulation for 4 lanes, N up to 512",
        "32 and 128 lanes",
        "Nothing was measured on silicon",
        "docs.zama.org",
    ] {
        assert!(run.stdout.contains(part), "no '{part}' in:\n{}", run.stdout);
    }
    assert!(run.stderr.is_empty(), "{}", run.stderr);
}

/// Queued batches follow each other without a gap: (n l + 2) 2 N / P cycles for each ciphertext.
#[test]
fn as_many_bootstraps_as_the_core_has_cycles_for() {
    for (lanes, clock) in [(32, 250), (128, 400)] {
        let plan = plan(&format!("--board custom --lanes {lanes} --clock {clock}"));
        let sustained = &plan["sustained"];
        let most = f64::from(clock) * 1e6 * f64::from(lanes) / (881.0 * 4096.0);
        let share = number(&sustained["pbs_per_second"]) / most;
        assert!((0.995..1.005).contains(&share), "{sustained}");
        assert!(number(&sustained["utilisation"]) > 0.99, "{sustained}");
        assert!(sustained["memory_gb_per_second"].is_null(), "{sustained}");
        assert_eq!(plan["jobs"]["count"], 4);
        assert_eq!(number(&plan["clock_mhz"]), f64::from(clock));
    }
}

#[test]
fn jobs_and_batches_as_given() {
    let few = plan("--board u280 --lanes 32 --jobs 1 --batch 1");
    assert_eq!(few["jobs"]["cycles"], few["single"]["cycles"]);
    assert_eq!(few["batch"], 1);
    let many = plan("--board u280 --lanes 32 --jobs 30 --batch 8");
    assert_eq!(many["jobs"]["count"], 30);
    let utilisation = |plan: &Value| number(&plan["jobs"]["utilisation"]);
    assert!(utilisation(&many) > 0.97 && utilisation(&few) < 0.5);
}

/// A small board's memory is what the card waits for, and it is not asked for more than it has.
#[test]
fn a_board_with_little_memory() {
    let plan = plan("--board acorn");
    let sustained = &plan["sustained"];
    let used = number(&sustained["bootstrapping_key_gb_per_second"])
        + number(&sustained["keyswitch_key_gb_per_second"]);
    assert!(used <= number(&sustained["memory_gb_per_second"]));
    assert!(number(&sustained["utilisation"]) < 0.9, "{sustained}");
    assert!(number(&plan["assumed"]["card_beat_cycles"]) > 1.0);
    assert!(number(&plan["jobs"]["key_wait_cycles"]) > 0.0);
}

#[test]
fn every_board_and_every_set() {
    for board in ["u280", "u55c", "f2", "v80", "acorn", "custom"] {
        assert_eq!(plan(&format!("--board {board}"))["board"], board);
    }
    for set in [
        "V1_7_HPU_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M64",
        "V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128",
        "V1_8_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M128",
        "INSECURE_TOY_N256",
    ] {
        assert_eq!(plan(&format!("--set {set}"))["parameter_set"], set);
    }
}

#[test]
fn unknown_names_and_impossible_sizes() {
    let directory = tempfile::tempdir().unwrap();
    let fails = |arguments: &str, says: &[&str]| {
        gyrus_fails(directory.path(), &format!("plan {arguments}"), says);
    };
    fails(
        "--board u250",
        &["no board 'u250'", "u280, u55c, f2, v80, acorn, custom"],
    );
    fails(
        "--set TFHE",
        &[
            "no parameter set 'TFHE'",
            "V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128",
        ],
    );
    fails("--lanes 48", &["48 lanes", "power of two"]);
    fails("--lanes 4294967295", &["4294967295 lanes"]);
    for wrong in [
        "--batch 0",
        "--batch 257",
        "--jobs 0",
        "--clock 0",
        "--lanes 0",
    ] {
        let run = gyrus(directory.path(), &format!("plan {wrong}"));
        assert_eq!(run.code, Some(2), "{wrong}: {}", run.stderr);
    }
}

//! `gyrus demo` on all held-out images, as a process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

mod cli_support;

use cli_support::{demo_table, gyrus_ok, held_out};

/// The numbers in the first line of `stdout` that starts with `word`.
fn numbers(stdout: &str, word: &str) -> Vec<f64> {
    let line = stdout.lines().find(|line| line.starts_with(word)).unwrap();
    line.split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|number| number.parse().ok())
        .collect()
}

#[test]
fn at_least_49_of_50_answers_equal_the_plaintext_model_s() {
    let directory = tempfile::tempdir().unwrap();
    let run = gyrus_ok(directory.path(), "demo --images 50");
    let (demo, held_out) = (&run.stdout, held_out());
    let table = demo_table(demo);
    assert_eq!((table.len(), held_out.len()), (50, 50), "{demo}");
    // The first columns, against the committed file.
    for (i, ([number, truth, plain, _], image)) in table.iter().zip(&held_out).enumerate() {
        assert_eq!((*number, *truth, *plain), (i, image.label, image.plain));
    }
    let count = |holds: &dyn Fn(&[usize; 4]) -> bool| table.iter().filter(|row| holds(row)).count();
    let agree = count(&|[_, _, plain, decrypted]| plain == decrypted);
    let correct = count(&|[_, truth, _, decrypted]| truth == decrypted);
    let plain_correct = count(&|[_, truth, plain, _]| truth == plain);
    assert!(agree >= 49, "only {agree} of 50 agree:\n{demo}");

    // What is printed below the table is what stands in the table.
    assert_eq!(numbers(demo, "agreement")[..2], [agree as f64, 50.0]);
    let percent = |part: usize| 2.0 * part as f64;
    assert_eq!(
        numbers(demo, "accuracy"),
        [
            correct as f64,
            50.0,
            percent(correct),
            plain_correct as f64,
            50.0,
            percent(plain_correct)
        ]
    );
    // 32 bootstraps an image, and a rate that fits the time to the digits shown.
    let bootstraps = numbers(demo, "bootstraps");
    assert_eq!(bootstraps[0], 1600.0, "{demo}");
    let time = numbers(demo, "time")[0];
    let range = (1599.0 / (time + 0.06) - 0.06)..(1601.0 / (time - 0.06) + 0.06);
    assert!(range.contains(&bootstraps[1]), "{demo}");
    let [.., ratio] = numbers(demo, "noise")[..] else {
        panic!("{demo}")
    };
    assert!(
        (0.7..1.4).contains(&ratio),
        "measured noise is {ratio} of the calculated"
    );
    println!("{}", demo.split("\n\n").last().unwrap());
}

#[test]
fn keys_for_another_set_than_the_model_s_get_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let set = gyrus_interface::catalogue::CPU_DEFAULT_KS32;
    let other = format!("demo --images 1 --parameters {set}");
    let warning = "warning: model 'digits-64-32-10'";
    let run = gyrus_ok(directory.path(), &other);
    for part in [warning, gyrus_interface::PRIMARY, set] {
        assert!(run.stderr.contains(part), "no '{part}' in: {}", run.stderr);
    }
    let run = gyrus_ok(directory.path(), "demo --images 1");
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

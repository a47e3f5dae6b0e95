//! keygen, encrypt, infer and decrypt as four processes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

mod cli_support;

use cli_support::{TOY_IMAGES, gyrus, gyrus_ok, listing, split, toy_files};
use std::path::Path;

/// Classes in the output of `decrypt`.
fn decrypted_classes(stdout: &str) -> Vec<usize> {
    stdout
        .lines()
        .filter(|line| line.starts_with("image "))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect()
}

/// Labels of the held-out images, from the committed file.
fn held_out() -> Vec<(usize, Vec<i64>, usize)> {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits/heldout.json"),
    );
    let file: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
    let integers = |value: &serde_json::Value| -> Vec<i64> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|x| x.as_i64().unwrap())
            .collect()
    };
    file["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| {
            let logits = integers(&image["plaintext_logits"]);
            let best = (0..logits.len()).max_by_key(|&i| logits[i]).unwrap();
            (
                image["label"].as_u64().unwrap() as usize,
                integers(&image["pixels"]),
                best,
            )
        })
        .collect()
}

/// No window of 16 bytes of the client key's payload occurs in `file`.
fn assert_key_absent(key: &[u8], file: &Path) {
    let content = std::fs::read(file).unwrap();
    let windows: std::collections::HashSet<&[u8]> = key.windows(16).collect();
    let leaked = content.windows(16).any(|window| windows.contains(window));
    assert!(!leaked, "{} holds a part of the client key", file.display());
}

#[test]
fn four_processes_at_the_primary_parameters_agree_with_the_plaintext_model_and_the_demo() {
    let client = tempfile::tempdir().unwrap();
    let server = tempfile::tempdir().unwrap();
    gyrus_ok(
        client.path(),
        &[
            "keygen",
            "--client-key",
            "client.key",
            "--evaluation-key",
            "evaluation.key",
        ],
    );
    gyrus_ok(
        client.path(),
        &[
            "encrypt",
            "--client-key",
            "client.key",
            "--index",
            "0",
            "1",
            "2",
            "--out",
            "input.gyr",
        ],
    );
    for file in ["evaluation.key", "input.gyr"] {
        std::fs::copy(client.path().join(file), server.path().join(file)).unwrap();
    }
    gyrus_ok(
        server.path(),
        &[
            "infer",
            "--evaluation-key",
            "evaluation.key",
            "--input",
            "input.gyr",
            "--out",
            "output.gyr",
        ],
    );
    let left: Vec<_> = listing(server.path())
        .iter()
        .map(|f| f.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(left, ["evaluation.key", "input.gyr", "output.gyr"]);
    std::fs::copy(
        server.path().join("output.gyr"),
        client.path().join("output.gyr"),
    )
    .unwrap();
    let run = gyrus_ok(
        client.path(),
        &[
            "decrypt",
            "--client-key",
            "client.key",
            "--input",
            "output.gyr",
        ],
    );
    let classes = decrypted_classes(&run.stdout);
    let expected: Vec<usize> = held_out()
        .iter()
        .take(3)
        .map(|(_, _, plain)| *plain)
        .collect();
    assert_eq!(classes, expected);

    let demo = gyrus_ok(client.path(), &["demo", "--images", "3"]).stdout;
    let table: Vec<Vec<usize>> = demo
        .lines()
        .skip_while(|line| !line.starts_with("image  truth"))
        .skip(1)
        .take(3)
        .map(|line| {
            line.split_whitespace()
                .map(|field| field.parse().unwrap())
                .collect()
        })
        .collect();
    let wanted: Vec<Vec<usize>> = held_out()
        .iter()
        .take(3)
        .enumerate()
        .map(|(i, (label, _, plain))| vec![i, *label, *plain, classes[i]])
        .collect();
    assert_eq!(table, wanted, "{demo}");
    for part in [
        "agreement   3/3",
        "accuracy",
        "PBS/s",
        "measured 2^",
        "simulator",
        "n = 879",
    ] {
        assert!(
            demo.contains(part),
            "the demo does not say '{part}':\n{demo}"
        );
    }

    let (_, key) = split(&std::fs::read(client.path().join("client.key")).unwrap());
    assert_eq!(key.len(), (2048_usize + 879).div_ceil(8));
    for file in ["evaluation.key", "input.gyr", "output.gyr"] {
        assert_key_absent(&key, &client.path().join(file));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(client.path().join("client.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o600);
    }
}

#[test]
fn images_from_text_and_from_json_give_the_same_classes() {
    let directory = tempfile::tempdir().unwrap();
    toy_files(directory.path());
    let images: Vec<_> = TOY_IMAGES
        .iter()
        .map(|pixels| serde_json::json!({ "pixels": pixels }))
        .collect();
    let json = serde_json::json!({ "format": "gyrus-images", "version": 1, "images": images });
    std::fs::write(directory.path().join("images.json"), json.to_string()).unwrap();
    gyrus_ok(
        directory.path(),
        &[
            "encrypt",
            "--insecure-parameters",
            "--client-key",
            "client.key",
            "--model",
            "model.json",
            "--images",
            "images.json",
            "--out",
            "input2.gyr",
        ],
    );
    let expected: Vec<usize> = TOY_IMAGES.iter().map(|[a, b]| usize::from(a < b)).collect();
    for input in ["input.gyr", "input2.gyr"] {
        gyrus_ok(
            directory.path(),
            &[
                "--quiet",
                "infer",
                "--insecure-parameters",
                "--evaluation-key",
                "evaluation.key",
                "--model",
                "model.json",
                "--input",
                input,
                "--out",
                "output.gyr",
                "--force",
                "--threads",
                "1",
                "--device",
                "model",
            ],
        );
        let run = gyrus_ok(
            directory.path(),
            &[
                "decrypt",
                "--insecure-parameters",
                "--client-key",
                "client.key",
                "--input",
                "output.gyr",
            ],
        );
        assert_eq!(decrypted_classes(&run.stdout), expected);
    }
}

#[test]
fn nothing_is_overwritten_without_force() {
    let directory = tempfile::tempdir().unwrap();
    toy_files(directory.path());
    let before = std::fs::read(directory.path().join("client.key")).unwrap();
    let keygen = [
        "keygen",
        "--parameters",
        "INSECURE_TOY_N256",
        "--insecure-parameters",
        "--client-key",
        "client.key",
        "--evaluation-key",
        "evaluation.key",
    ];
    let run = gyrus(directory.path(), &keygen);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("'client.key' exists already"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--force"), "{}", run.stderr);
    assert_eq!(
        std::fs::read(directory.path().join("client.key")).unwrap(),
        before
    );
    gyrus_ok(directory.path(), &[&keygen[..], &["--force"]].concat());
    assert_ne!(
        std::fs::read(directory.path().join("client.key")).unwrap(),
        before
    );
}

#[cfg(unix)]
#[test]
fn a_client_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    toy_files(directory.path());
    let key = directory.path().join("client.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let run = gyrus(
        directory.path(),
        &[
            "encrypt",
            "--insecure-parameters",
            "--client-key",
            "client.key",
            "--model",
            "model.json",
            "--images",
            "images.csv",
            "--out",
            "input2.gyr",
        ],
    );
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("too open (0640)"), "{}", run.stderr);
    assert!(
        run.stderr.contains("chmod 600 'client.key'"),
        "{}",
        run.stderr
    );
    assert!(!directory.path().join("input2.gyr").exists());
}

#[test]
fn bad_images_are_named() {
    let directory = tempfile::tempdir().unwrap();
    toy_files(directory.path());
    let images = |text: &str, fragment: &str| {
        std::fs::write(directory.path().join("bad.csv"), text).unwrap();
        let run = gyrus(
            directory.path(),
            &[
                "encrypt",
                "--insecure-parameters",
                "--client-key",
                "client.key",
                "--model",
                "model.json",
                "--images",
                "bad.csv",
                "--out",
                "input2.gyr",
            ],
        );
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.stderr.contains(fragment), "{}", run.stderr);
        assert!(run.stderr.contains("help: "), "{}", run.stderr);
    };
    images("", "there is no image");
    images("1, 2\n3, x\n", "line 2: 'x' is not an integer");
    images(
        "1, 2\n3\n",
        "image 1: the model takes 2 values per image, not 1",
    );
    images(
        "1, 17\n",
        "image 0: value 17 at position 1 is outside of the model's range 0..=16",
    );
    images("{\"format\": \"gyrus-images\"", "EOF while parsing");
    images(
        "{\"format\": \"x\", \"version\": 1, \"images\": []}",
        "not 'gyrus-images 1'",
    );
    let run = gyrus(
        directory.path(),
        &[
            "encrypt",
            "--insecure-parameters",
            "--client-key",
            "client.key",
            "--index",
            "50",
            "--out",
            "input2.gyr",
        ],
    );
    assert!(
        run.stderr.contains("no held-out image 50"),
        "{}",
        run.stderr
    );
}

#[test]
fn info_and_help_work_and_usage_errors_exit_with_2() {
    let directory = tempfile::tempdir().unwrap();
    let info = gyrus_ok(directory.path(), &["info"]).stdout;
    for part in [
        "model (",
        "n = 879",
        "n = 918",
        "INSECURE_TOY_N256",
        "28.9 MB",
        "digits-64-32-10",
    ] {
        assert!(info.contains(part), "info does not say '{part}':\n{info}");
    }
    gyrus_ok(directory.path(), &["--help"]);
    gyrus_ok(directory.path(), &["infer", "--help"]);
    for arguments in [
        &["nothing"][..],
        &["infer"],
        &["encrypt", "--client-key", "x", "--out", "y"],
    ] {
        let run = gyrus(directory.path(), arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
    }
}

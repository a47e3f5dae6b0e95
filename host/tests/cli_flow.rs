//! keygen, encrypt, infer and decrypt as four processes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

mod cli_support;

use cli_support::{
    DECRYPT, ENCRYPT, INFER, KEYGEN, TOY_IMAGES, demo_table, gyrus, gyrus_fails, gyrus_ok,
    held_out, listing, split, toy_files,
};
use gyrus::model::DIGITS;
use std::path::Path;

/// Classes in the output of `decrypt`.
fn decrypted_classes(stdout: &str) -> Vec<usize> {
    stdout
        .lines()
        .filter(|line| line.starts_with("image "))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
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
        "keygen --client-key client.key --evaluation-key evaluation.key",
    );
    gyrus_ok(
        client.path(),
        "encrypt --client-key client.key --index 0 1 2 --out input.gyr",
    );
    for file in ["evaluation.key", "input.gyr"] {
        std::fs::copy(client.path().join(file), server.path().join(file)).unwrap();
    }
    gyrus_ok(
        server.path(),
        "infer --evaluation-key evaluation.key --input input.gyr --out output.gyr",
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
        "decrypt --client-key client.key --input output.gyr",
    );
    let classes = decrypted_classes(&run.stdout);
    let held_out = held_out();
    let expected: Vec<usize> = held_out[..3].iter().map(|image| image.plain).collect();
    assert_eq!(classes, expected);

    let demo = gyrus_ok(client.path(), "demo --images 3").stdout;
    let wanted: Vec<[usize; 4]> = (0..3)
        .map(|i| [i, held_out[i].label, held_out[i].plain, classes[i]])
        .collect();
    assert_eq!(demo_table(&demo), wanted, "{demo}");
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
    let path = directory.path();
    toy_files(path);
    let images: Vec<_> = TOY_IMAGES
        .iter()
        .map(|pixels| serde_json::json!({ "pixels": pixels }))
        .collect();
    let json = serde_json::json!({ "format": "gyrus-images", "version": 1, "images": images });
    std::fs::write(path.join("images.json"), json.to_string()).unwrap();
    let encrypt = format!("{ENCRYPT} --model model.json --images images.json");
    gyrus_ok(path, &format!("{encrypt} --out input2.gyr"));
    let expected: Vec<usize> = TOY_IMAGES.iter().map(|[a, b]| usize::from(a < b)).collect();
    for input in ["input.gyr", "input2.gyr"] {
        let infer = INFER.replace("input.gyr", input);
        let options = "--out output.gyr --force --threads 1 --device model";
        gyrus_ok(path, &format!("--quiet {infer} {options}"));
        let run = gyrus_ok(path, DECRYPT);
        assert_eq!(decrypted_classes(&run.stdout), expected);
    }

    // With names of classes and images.
    let named = gyrus_ok(
        path,
        &format!("--quiet {DECRYPT} --model model.json --index 7 3 5 8 2 9"),
    );
    let lines: Vec<String> = std::iter::zip([7, 3, 5, 8, 2, 9], &expected)
        .map(|(number, class)| format!("image {number}: {}", ["first", "second"][*class]))
        .collect();
    assert_eq!(named.stdout.lines().collect::<Vec<_>>(), lines);
    gyrus_fails(
        path,
        &format!("{DECRYPT} --index 1 2"),
        &["have 6 images, --index names 2"],
    );
    std::fs::write(path.join("other.json"), DIGITS).unwrap();
    gyrus_fails(
        path,
        &format!("{DECRYPT} --model other.json"),
        &["was made for model 'toy-comparison'", "not for 'digits"],
    );
}

#[test]
fn nothing_is_overwritten_without_force() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    toy_files(path);
    let key = || std::fs::read(path.join("client.key")).unwrap();
    let before = key();
    gyrus_fails(path, KEYGEN, &["'client.key' exists already", "--force"]);
    assert_eq!(key(), before);
    gyrus_ok(path, &format!("{KEYGEN} --force"));
    assert_ne!(key(), before);
}

#[test]
fn both_keys_in_one_file_are_refused_under_any_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::create_dir(path.join("sub")).unwrap();
    let keygen = |client: &str, evaluation: &str| {
        let line = KEYGEN.replace("client.key", client);
        format!("{} --force", line.replace("evaluation.key", evaluation))
    };
    // Of a file that is not there yet.
    for other in ["a", "./a", "sub/../a"] {
        gyrus_fails(path, &keygen("a", other), &["are the same file"]);
    }
    // Of one that is there: whatever it holds, and through links.
    std::fs::write(path.join("a"), b"precious").unwrap();
    std::fs::hard_link(path.join("a"), path.join("hard")).unwrap();
    let mut others = vec!["./a", "hard"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("a", path.join("soft")).unwrap();
        std::os::unix::fs::symlink("sub", path.join("link")).unwrap();
        others.extend(["soft", "link/../a"]);
    }
    for other in others {
        gyrus_fails(path, &keygen("a", other), &["are the same file"]);
        gyrus_fails(path, &keygen(other, "a"), &["are the same file"]);
    }
    assert_eq!(std::fs::read(path.join("a")).unwrap(), b"precious");
    assert!(!path.join("sub/a").exists());
}

#[test]
fn force_spares_client_keys_and_the_command_s_own_inputs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    toy_files(path);
    std::fs::copy(path.join("client.key"), path.join("old.key")).unwrap();
    std::fs::hard_link(path.join("input.gyr"), path.join("hard.gyr")).unwrap();
    let read = |file: &std::path::PathBuf| std::fs::read(file).unwrap();
    let files = || listing(path).iter().map(read).collect::<Vec<_>>();
    let before = files();
    let encrypt = format!("{ENCRYPT} --model model.json --images images.csv");
    let key = "is a client key, which nothing but a new client key may replace";
    let same = "are the same file";
    for (command, out, says) in [
        (encrypt.as_str(), "client.key", key),
        (&encrypt, "old.key", key),
        (&encrypt, "./model.json", same),
        (&encrypt, "images.csv", same),
        (INFER, "client.key", key),
        (INFER, "evaluation.key", same),
        (INFER, "input.gyr", same),
        (INFER, "hard.gyr", same),
        (INFER, "model.json", same),
    ] {
        gyrus_fails(path, &format!("{command} --force --out {out}"), &[says]);
    }
    let keygen = KEYGEN.replace("client.key", "new.key");
    let keygen = keygen.replace("evaluation.key", "old.key");
    gyrus_fails(path, &format!("{keygen} --force"), &[key]);
    assert!(files() == before, "a file was changed");
    // What is neither is replaced.
    std::fs::write(path.join("output.gyr"), b"old").unwrap();
    gyrus_ok(path, &format!("{INFER} --force --out output.gyr"));
    gyrus_ok(path, &format!("{encrypt} --force --out input.gyr"));
    assert_eq!(decrypted_classes(&gyrus_ok(path, DECRYPT).stdout).len(), 6);
}

#[cfg(unix)]
#[test]
fn a_client_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    toy_files(path);
    let key = path.join("client.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    gyrus_fails(
        path,
        &format!("{ENCRYPT} --model model.json --images images.csv --out input2.gyr"),
        &["too open (0640)", "chmod 600 'client.key'"],
    );
    assert!(!path.join("input2.gyr").exists());
}

#[test]
fn bad_images_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    toy_files(path);
    let images = |text: &str, fragment: &str| {
        std::fs::write(path.join("bad.csv"), text).unwrap();
        gyrus_fails(
            path,
            &format!("{ENCRYPT} --model model.json --images bad.csv --out input2.gyr"),
            &[fragment],
        );
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
    gyrus_fails(
        path,
        &format!("{ENCRYPT} --index 50 --out input2.gyr"),
        &["no held-out image 50"],
    );
}

#[test]
fn info_and_help_work_and_usage_errors_exit_with_2() {
    let directory = tempfile::tempdir().unwrap();
    let info = gyrus_ok(directory.path(), "info").stdout;
    for part in [
        "cards on PCIe",
        "model (",
        "n = 879",
        "n = 918",
        "INSECURE_TOY_N256",
        "28.9 MB",
        "digits-64-32-10",
    ] {
        assert!(info.contains(part), "info does not say '{part}':\n{info}");
    }
    gyrus_ok(directory.path(), "--help");
    gyrus_ok(directory.path(), "infer --help");
    for arguments in ["nothing", "infer", "encrypt --client-key x --out y"] {
        let run = gyrus(directory.path(), arguments);
        assert_eq!(run.code, Some(2), "{arguments}: {}", run.stderr);
    }
}

#[test]
fn bench_says_what_it_measured() {
    let directory = tempfile::tempdir().unwrap();
    let bench = "bench --seconds 1 --threads 1 --parameters INSECURE_TOY_N256";
    let run = gyrus_ok(directory.path(), &format!("{bench} --insecure-parameters"));
    for part in [
        "kernel",
        "threads     1",
        "INSECURE_TOY_N256: n = ",
        "batch ",
        "the median of 9 after a warm-up",
        "PBS/s",
    ] {
        assert!(run.stdout.contains(part), "no '{part}' in:\n{}", run.stdout);
    }
    assert!(run.stderr.contains("protects nothing"), "{}", run.stderr);
}

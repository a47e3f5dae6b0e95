//! Running the `gyrus` binary, and files made by hand.
#![allow(dead_code, reason = "every test binary uses its own part of this")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a process left behind.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `gyrus` in `directory`, for ten minutes at most. `arguments` are separated by spaces.
pub(crate) fn gyrus(directory: &Path, arguments: &str) -> Run {
    gyrus_with(directory, arguments, &[])
}

/// As [`gyrus`], with these environment variables.
pub(crate) fn gyrus_with(directory: &Path, arguments: &str, variables: &[(&str, &Path)]) -> Run {
    let (out, err) = (
        tempfile::NamedTempFile::new().unwrap(),
        tempfile::NamedTempFile::new().unwrap(),
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_gyrus"))
        .args(arguments.split_whitespace())
        .current_dir(directory)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(out.reopen().unwrap())
        .stderr(err.reopen().unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(600);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("gyrus {arguments} did not end in ten minutes");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = |file: &Path| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
    Run {
        code: status.code(),
        stdout: text(out.path()),
        stderr: text(err.path()),
    }
}

/// As [`gyrus`], for a command that has to work.
pub(crate) fn gyrus_ok(directory: &Path, arguments: &str) -> Run {
    let run = gyrus(directory, arguments);
    assert_eq!(
        run.code,
        Some(0),
        "gyrus {arguments}:\n{}{}",
        run.stdout,
        run.stderr
    );
    run
}

/// As [`gyrus`], for a command that has to fail with all of `says` in its message, and with advice.
pub(crate) fn gyrus_fails(directory: &Path, arguments: &str, says: &[&str]) -> Run {
    let run = gyrus(directory, arguments);
    assert_eq!(run.code, Some(1), "gyrus {arguments}: {}", run.stderr);
    for part in says.iter().chain(&["error: ", "help: "]) {
        let found = run.stderr.contains(part);
        assert!(found, "no '{part}' from gyrus {arguments}: {}", run.stderr);
    }
    run
}

/// Makes keys for the toy parameters: client.key, evaluation.key.
pub(crate) const KEYGEN: &str = "keygen --parameters INSECURE_TOY_N256 --insecure-parameters \
     --client-key client.key --evaluation-key evaluation.key";

/// Encrypts for the toy keys; images and output are to be added.
pub(crate) const ENCRYPT: &str = "encrypt --insecure-parameters --client-key client.key";

/// Runs the toy model on input.gyr; the output is to be added.
pub(crate) const INFER: &str = "infer --insecure-parameters --evaluation-key evaluation.key \
     --model model.json --input input.gyr";

/// Decrypts output.gyr with the toy key.
pub(crate) const DECRYPT: &str =
    "decrypt --insecure-parameters --client-key client.key --input output.gyr";

/// A held-out image of the digits model, from the committed file.
pub(crate) struct HeldOut {
    pub(crate) label: usize,
    /// The class that the committed logits of the plaintext model name.
    pub(crate) plain: usize,
}

/// The committed held-out images.
pub(crate) fn held_out() -> Vec<HeldOut> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits/heldout.json");
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let images = file["images"].as_array().unwrap();
    images
        .iter()
        .map(|image| {
            let logits = image["plaintext_logits"].as_array().unwrap();
            let logit = |class: &usize| logits[*class].as_i64().unwrap();
            HeldOut {
                label: image["label"].as_u64().unwrap() as usize,
                plain: (0..logits.len()).max_by_key(logit).unwrap(),
            }
        })
        .collect()
}

/// The rows of the demo's table: image, truth, plaintext, decrypted.
pub(crate) fn demo_table(stdout: &str) -> Vec<[usize; 4]> {
    let lines = stdout
        .lines()
        .skip_while(|line| !line.starts_with("image  truth"));
    lines
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let mut fields = line.split_whitespace();
            [(); 4].map(|()| fields.next().unwrap().parse().unwrap())
        })
        .collect()
}

/// Bytes before the header of a file.
pub(crate) const PREFIX: usize = 24;

/// Header and payload of a file, by the documented layout.
pub(crate) fn split(file: &[u8]) -> (serde_json::Value, Vec<u8>) {
    let header = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    let payload = u64::from_le_bytes(file[16..24].try_into().unwrap()) as usize;
    assert_eq!(file.len(), PREFIX + header + payload + 32);
    let (header, rest) = file[PREFIX..].split_at(header);
    (
        serde_json::from_slice(header).unwrap(),
        rest[..payload].to_vec(),
    )
}

/// A file with these parts and a sound checksum, by the documented layout.
pub(crate) fn join(kind: u16, header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut file = b"\x89GYRUS\r\n".to_vec();
    file.extend(1_u16.to_le_bytes());
    file.extend(kind.to_le_bytes());
    file.extend((header.len() as u32).to_le_bytes());
    file.extend((payload.len() as u64).to_le_bytes());
    file.extend(header);
    file.extend(payload);
    file.extend(blake3::hash(&file).as_bytes());
    file
}

/// The file with its header changed, and a sound checksum again.
pub(crate) fn with_header(file: &[u8], change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let (mut header, payload) = split(file);
    change(&mut header);
    let kind = u16::from_le_bytes(file[10..12].try_into().unwrap());
    join(kind, &serde_json::to_vec(&header).unwrap(), &payload)
}

/// A model for the toy parameters (N = 256): two inputs of 0..=16, class 0 when the first one is
/// larger. Returns its JSON.
pub(crate) fn toy_model() -> serde_json::Value {
    // In units of 2^50; the sum of two entries stays below 0.45 of the torus.
    let table: Vec<i64> = (0..256)
        .map(|i| (3000.0 * (std::f64::consts::PI * f64::from(i) / 256.0).sin()).round() as i64)
        .collect();
    serde_json::json!({
        "format": "gyrus-model",
        "version": 1,
        "name": "toy-comparison",
        "parameter_set": "INSECURE_TOY_N256",
        "input": { "shape": [2], "min": 0, "max": 16, "delta_log2": 55 },
        "layers": [
            { "type": "linear", "inputs": 2, "outputs": 2, "weights": [[6, -6], [-6, 6]], "bias": [0, 0] },
            { "type": "lut", "count": 2, "output_delta_log2": 50, "table": table },
            { "type": "linear", "inputs": 2, "outputs": 2, "weights": [[1, -1], [-1, 1]], "bias": [0, 0] }
        ],
        "output": { "decision": "argmax", "classes": ["first", "second"], "max_abs": 6000 }
    })
}

/// Toy keys, model, images and encrypted input in `directory`: client.key, evaluation.key,
/// model.json, images.csv, input.gyr.
pub(crate) fn toy_files(directory: &Path) {
    let write = |name: &str, text: String| std::fs::write(directory.join(name), text).unwrap();
    write("model.json", toy_model().to_string());
    write(
        "images.csv",
        TOY_IMAGES.map(|[a, b]| format!("{a}, {b}\n")).concat(),
    );
    gyrus_ok(directory, KEYGEN);
    let encrypt = format!("{ENCRYPT} --model model.json --images images.csv --out input.gyr");
    gyrus_ok(directory, &encrypt);
}

/// Images of [`toy_files`]: far enough from equality for the toy's noise.
pub(crate) const TOY_IMAGES: [[i64; 2]; 6] = [[16, 0], [0, 16], [12, 3], [2, 9], [15, 5], [4, 14]];

/// Files in `directory`, hidden ones too.
pub(crate) fn listing(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

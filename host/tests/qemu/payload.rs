//! What the guest computes with: keys, an encrypted image and its encrypted answer, made here, where that is
//! fast.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the guest finds it.
pub(crate) const DIRECTORY: &str = "/data";
/// Number of the held-out image.
pub(crate) const IMAGE: &str = "1";

pub(crate) const CLIENT_KEY: &str = "client.key";
pub(crate) const EVALUATION_KEY: &str = "evaluation.key";
pub(crate) const INPUT: &str = "input.gyrus";
/// The simulator's answer.
pub(crate) const ANSWER: &str = "answer.gyrus";
/// What `gyrus decrypt` says of it.
pub(crate) const DECRYPTED: &str = "decrypted.txt";

/// Makes everything and returns names and contents. The parameters are the primary set, the model is the
/// digits model that comes with the program.
pub(crate) fn make(directory: &Path) -> io::Result<Vec<(&'static str, Vec<u8>)>> {
    let gyrus = |arguments: &[&str]| gyrus(directory, arguments);
    gyrus(&[
        "keygen",
        "--client-key",
        CLIENT_KEY,
        "--evaluation-key",
        EVALUATION_KEY,
    ])?;
    let encrypt = ["encrypt", "--client-key", CLIENT_KEY, "--index", IMAGE];
    gyrus(&[&encrypt[..], &["--out", INPUT]].concat())?;
    let infer = [
        "infer",
        "--device",
        "model",
        "--evaluation-key",
        EVALUATION_KEY,
    ];
    gyrus(&[&infer[..], &["--input", INPUT, "--out", ANSWER]].concat())?;
    let decrypted = gyrus(&["decrypt", "--client-key", CLIENT_KEY, "--input", ANSWER])?;
    fs::write(directory.join(DECRYPTED), decrypted)?;
    [CLIENT_KEY, EVALUATION_KEY, INPUT, ANSWER, DECRYPTED]
        .into_iter()
        .map(|name| Ok((name, fs::read(directory.join(name))?)))
        .collect()
}

/// Runs the command; what it prints.
fn gyrus(directory: &Path, arguments: &[&str]) -> io::Result<Vec<u8>> {
    let run = Command::new(env!("CARGO_BIN_EXE_gyrus"))
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()?;
    if run.status.success() {
        return Ok(run.stdout);
    }
    let text = String::from_utf8_lossy(&run.stderr);
    Err(io::Error::other(format!(
        "gyrus {}: {text}",
        arguments.join(" ")
    )))
}

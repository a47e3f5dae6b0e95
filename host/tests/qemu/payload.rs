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
/// A card's answer.
pub(crate) const OUTPUT: &str = "output.gyrus";
/// The commands of the README for a machine with a board.
pub(crate) const README: &str = "readme.sh";
/// The card's address in them.
pub(crate) const README_ADDRESS: &str = "0000:03:00.0";
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
    fs::write(directory.join(README), readme()?)?;
    [CLIENT_KEY, EVALUATION_KEY, INPUT, ANSWER, DECRYPTED, README]
        .into_iter()
        .map(|name| Ok((name, fs::read(directory.join(name))?)))
        .collect()
}

/// The first commands of the README's section for who has a board, without comments.
fn readme() -> io::Result<String> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"))?;
    let commands = readme
        .split_once("\n## With a board\n")
        .and_then(|(_, section)| section.split_once("```sh\n"))
        .and_then(|(_, commands)| commands.split_once("```"))
        .map(|(commands, _)| commands)
        .ok_or_else(|| io::Error::other("the README does not say what to do with a board"))?;
    for part in ["gyrus info", "scripts/bind", "--unbind", README_ADDRESS] {
        if !commands.contains(part) {
            return Err(io::Error::other(format!("no {part} in {commands}")));
        }
    }
    let lines = commands.lines();
    let lines = lines.map(|line| line.split(" #").next().unwrap_or(line).trim_end());
    Ok(lines.fold(String::new(), |text, line| text + line + "\n"))
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

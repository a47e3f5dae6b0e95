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
/// The commands of the README for a machine with a board: by way of VFIO, and of sysfs.
pub(crate) const README_VFIO: &str = "readme-vfio.sh";
pub(crate) const README_SYSFS: &str = "readme-sysfs.sh";
/// The card's address in them, and its group's file.
pub(crate) const README_ADDRESS: &str = "0000:03:00.0";
pub(crate) const README_GROUP: &str = "/dev/vfio/14";
/// The simulator's answer.
pub(crate) const ANSWER: &str = "answer.gyrus";
/// What `gyrus decrypt` says of it.
pub(crate) const DECRYPTED: &str = "decrypted.txt";

/// What comes out of a batch whose key, table and inputs the guest makes itself.
pub(crate) const PRODUCTION: &str = "production.words";

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
    let [vfio, sysfs] = readme()?;
    fs::write(directory.join(README_VFIO), vfio)?;
    fs::write(directory.join(README_SYSFS), sysfs)?;
    fs::write(
        directory.join(PRODUCTION),
        crate::guest::production_outputs(),
    )?;
    let made = [
        CLIENT_KEY,
        EVALUATION_KEY,
        INPUT,
        ANSWER,
        DECRYPTED,
        PRODUCTION,
        README_VFIO,
        README_SYSFS,
    ];
    made.into_iter()
        .map(|name| Ok((name, fs::read(directory.join(name))?)))
        .collect()
}

/// The first two blocks of commands of the README's section for who has a board, without comments.
fn readme() -> io::Result<[String; 2]> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"))?;
    let section = readme
        .split_once("\n## With a board\n")
        .and_then(|(_, section)| section.split("\n## ").next())
        .unwrap_or_default();
    let mut blocks = section
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next());
    let vfio = [
        "gyrus info",
        "sudo scripts/bind",
        "sudo chown",
        README_GROUP,
        "sudo prlimit",
        "gyrus infer",
        README_ADDRESS,
        "--unbind",
    ];
    let sysfs = ["sudo tee /proc/sys/vm/nr_hugepages", "sudo gyrus info"];
    Ok([
        commands(blocks.next(), &vfio)?,
        commands(blocks.next(), &sysfs)?,
    ])
}

/// The commands of a block, which has to have these parts.
fn commands(block: Option<&str>, parts: &[&str]) -> io::Result<String> {
    let block = block.unwrap_or_default();
    if let Some(part) = parts.iter().find(|part| !block.contains(**part)) {
        let text = format!("the README does not say '{part}' to who has a board: {block}");
        return Err(io::Error::other(text));
    }
    let lines = block.lines();
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

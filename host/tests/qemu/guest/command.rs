//! Tests of the `gyrus` command in the guest: a user's way to a card.

use super::card::TestCard;
use super::runner::{Outcome, Runner};
use crate::payload::{ANSWER, CLIENT_KEY, DECRYPTED, DIRECTORY, EVALUATION_KEY, INPUT};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

const OUTPUT: &str = "/tmp/output.gyrus";

pub(super) fn run(runner: &mut Runner) {
    runner.test("gyrus info shows both cards", shows_cards);
    runner.test("gyrus infer on a card, production parameters", infers);
}

/// Runs the command in the directory of its files; what it prints.
fn gyrus(arguments: &[&str]) -> Result<String, Box<dyn Error + Send + Sync>> {
    let run = Command::new("/bin/gyrus")
        .args(arguments)
        .current_dir(DIRECTORY)
        .output()?;
    if run.status.success() {
        return Ok(String::from_utf8(run.stdout)?);
    }
    let text = String::from_utf8_lossy(&run.stderr);
    Err(format!("gyrus {}: {text}", arguments.join(" ")).into())
}

fn shows_cards() -> Outcome {
    let shown = gyrus(&["info"])?;
    for card in TestCard::ALL {
        let line = format!("pcie:{} (10ee:6779), driver vfio-pci", card.address());
        assert!(shown.contains(&line), "no '{line}' in {shown}");
    }
    assert!(
        shown.contains("128 lanes") && !shown.contains("cannot be used"),
        "{shown}"
    );
    Ok(())
}

/// The same ciphertexts, word for word, as from the simulator outside; and they decrypt to the same class.
fn infers() -> Outcome {
    let device = format!("pcie:{}", TestCard(1).address());
    let infer = [
        "infer",
        "--device",
        &device,
        "--evaluation-key",
        EVALUATION_KEY,
    ];
    let said = gyrus(&[&infer[..], &["--input", INPUT, "--out", OUTPUT]].concat())?;
    assert!(!said.contains("simulator"), "{said}");
    let answer = fs::read(Path::new(DIRECTORY).join(ANSWER))?;
    assert!(
        fs::read(OUTPUT)? == answer,
        "the card's answer is not the simulator's"
    );
    let decrypted = gyrus(&["decrypt", "--client-key", CLIENT_KEY, "--input", OUTPUT])?;
    let right = fs::read_to_string(Path::new(DIRECTORY).join(DECRYPTED))?;
    assert_eq!(decrypted, right);
    Ok(())
}

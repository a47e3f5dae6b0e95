//! Tests of the `gyrus` command in the guest: a user's way to a card.

use super::card::TestCard;
use super::runner::{Outcome, Runner};
use crate::payload::{ANSWER, CLIENT_KEY, DECRYPTED, DIRECTORY, OUTPUT, README, README_ADDRESS};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

pub(super) fn run(runner: &mut Runner) {
    runner.test("gyrus info shows both cards", shows_cards);
    runner.test(
        "what the README says, with production parameters",
        as_the_readme_says,
    );
}

/// Runs a program in the directory of the files; what it prints.
fn run_in_data(program: &str, arguments: &[&str]) -> Result<String, Box<dyn Error + Send + Sync>> {
    let run = Command::new(program)
        .args(arguments)
        .env("PATH", "/bin:/usr/bin")
        .current_dir(DIRECTORY)
        .output()?;
    if run.status.success() {
        return Ok(String::from_utf8(run.stdout)?);
    }
    let text = String::from_utf8_lossy(&run.stderr);
    Err(format!("{program} {}: {text}", arguments.join(" ")).into())
}

fn gyrus(arguments: &[&str]) -> Result<String, Box<dyn Error + Send + Sync>> {
    run_in_data("/bin/gyrus", arguments)
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

/// The commands of the README, line by line: they bind the cards, infer on one, and give them back. The answer has
/// the same ciphertexts, word for word, as the simulator's outside; and they decrypt to the same class.
fn as_the_readme_says() -> Outcome {
    TestCard::ALL.into_iter().try_for_each(TestCard::release)?;
    for line in fs::read_to_string(Path::new(DIRECTORY).join(README))?.lines() {
        let line = line
            .replace("sudo ", "")
            .replace(README_ADDRESS, &TestCard(1).address());
        let said = run_in_data("/bin/bash", &["-c", &line])?;
        if line.starts_with("gyrus infer") {
            let name = format!("device      pcie {} (vfio)", TestCard(1).address());
            assert!(said.contains(&name), "{line}: no '{name}' in {said}");
        }
    }
    for card in TestCard::ALL {
        assert!(!card.directory().join("driver").exists(), "{card:?}");
        card.bind()?;
    }
    let file = |name| fs::read(Path::new(DIRECTORY).join(name));
    assert!(
        file(OUTPUT)? == file(ANSWER)?,
        "the card's answer is not the simulator's"
    );
    let decrypted = gyrus(&["decrypt", "--client-key", CLIENT_KEY, "--input", OUTPUT])?;
    let right = fs::read_to_string(Path::new(DIRECTORY).join(DECRYPTED))?;
    assert_eq!(decrypted, right);
    Ok(())
}

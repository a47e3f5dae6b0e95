//! Tests of the `gyrus` command in the guest: a user's way to a card.

use super::card::TestCard;
use super::runner::{Outcome, Runner};
use super::user::Shell;
use crate::payload::{
    ANSWER, CLIENT_KEY, DECRYPTED, DIRECTORY, OUTPUT, README_ADDRESS, README_GROUP, README_SYSFS,
    README_VFIO,
};
use gyrus::pcie::AccessPath;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The card that the README's commands are for.
const CARD: TestCard = TestCard(1);
/// Huge pages that the kernel is to keep.
const HUGE_PAGES: &str = "/proc/sys/vm/nr_hugepages";
/// The kernel's default of what a user may pin, in kB (`MLOCK_LIMIT`).
const DEFAULT_LIMIT: &str = "8192";

pub(super) fn run_over_sysfs(runner: &mut Runner) {
    runner.test("sysfs: what the README says", as_the_readme_says_over_sysfs);
}

pub(super) fn run(runner: &mut Runner) {
    runner.test("gyrus info shows both cards", shows_cards);
    runner.test(
        "what the README says, with production parameters",
        as_the_readme_says,
    );
}

fn shows_cards() -> Outcome {
    let shown = Shell::start()?.does("sudo gyrus info")?;
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

/// A file of the payload's directory.
fn file(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

/// The README's commands, for the guest's card.
fn commands(name: &str) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
    let group = fs::read_link(CARD.directory().join("iommu_group"))?;
    let group = Path::new("/dev/vfio").join(group.file_name().unwrap_or_default());
    let commands = fs::read_to_string(file(name))?;
    let commands = commands
        .replace(README_ADDRESS, &CARD.address())
        .replace(README_GROUP, &group.to_string_lossy());
    Ok(commands.lines().map(str::to_owned).collect())
}

/// Opens the card as `gyrus infer` does, without a key that it would have to read first.
fn small() -> String {
    format!(
        "gyrus cycles --device pcie:{} --parameters INSECURE_TOY_N256 --insecure-parameters",
        CARD.address()
    )
}

/// Looks whether it was the card that computed, by way of `path`.
fn computed(said: &str, path: AccessPath) {
    let name = format!("device      pcie {} ({path})", CARD.address());
    assert!(said.contains(&name), "no '{name}' in {said}");
}

/// The commands of the README for a machine without an IOMMU. Without the first one errors name it.
fn as_the_readme_says_over_sysfs() -> Outcome {
    fs::write(HUGE_PAGES, "0")?;
    let mut user = Shell::start()?;
    let remedy = format!("| sudo tee {HUGE_PAGES}");
    let said = user.does("sudo gyrus info")?;
    assert!(said.contains(&remedy), "no '{remedy}' in {said}");
    let small = format!("sudo {}", small());
    user.fails(&small, &remedy)?;
    for line in &commands(README_SYSFS)? {
        let said = user.does(line)?;
        let missing = line.contains("gyrus info") && said.contains("cannot be used");
        assert!(!missing, "{line}: {said}");
    }
    computed(&user.does(&small)?, AccessPath::Sysfs);
    Ok(())
}

/// The commands of the README, line by line, by a user who is not root and may pin little: they bind the cards, infer
/// on one, and give them back. What a command is for shows before it runs, by an error that names it. The answer has
/// the same ciphertexts, word for word, as the simulator's outside; and they decrypt to the same class.
fn as_the_readme_says() -> Outcome {
    TestCard::ALL.into_iter().try_for_each(TestCard::release)?;
    let mut user = Shell::start()?;
    user.does(&format!("ulimit -l {DEFAULT_LIMIT}"))?;
    for line in &commands(README_VFIO)? {
        if line.contains("scripts/bind") && !line.contains("--unbind") {
            user.fails(&small(), &format!("sudo scripts/bind {}", CARD.address()))?;
        } else if line.contains("chown") {
            user.fails(&small(), line)?;
            let said = user.does("gyrus info")?;
            assert!(said.contains(line), "no '{line}' in {said}");
        } else if line.contains("prlimit") {
            user.fails(&small(), "ulimit -l")?;
        }
        let said = user.does(line)?;
        if line.starts_with("gyrus infer") {
            computed(&said, AccessPath::Vfio);
        }
    }
    for card in TestCard::ALL {
        assert!(!card.directory().join("driver").exists(), "{card:?}");
        card.bind()?;
    }
    assert!(
        fs::read(file(OUTPUT))? == fs::read(file(ANSWER))?,
        "the card's answer is not the simulator's"
    );
    let decrypt = format!("gyrus decrypt --client-key {CLIENT_KEY} --input {OUTPUT}");
    let said = user.does(&decrypt)?;
    let right = fs::read_to_string(file(DECRYPTED))?;
    assert!(said.contains(&right), "no '{right}' in {said}");
    Ok(())
}

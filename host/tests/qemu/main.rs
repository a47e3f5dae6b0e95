//! The PCIe driver on a real Linux kernel, in QEMU without KVM: VFIO and sysfs, an IOMMU that refuses, MSI-X,
//! resets, and cards that fail in every way that a test can ask for.
//!
//! One program plays all parts. Started by `cargo test`, it boots a guest and is the cards behind it: their
//! registers, their interrupts, and their accesses to the guest's memory ([`device`]). In the guest it is the
//! first process, and runs the tests ([`guest`]), with the `gyrus` command beside it.
//!
//! | module | what it is |
//! |---|---|
//! | [`kernel`] | QEMU and the kernel that `scripts/setup --qemu` brings |
//! | [`initramfs`] | the guest's files |
//! | [`machine`] | QEMU as a child with cards behind it |
//! | [`qtest`] | reads and writes of the guest's physical addresses |
//! | [`payload`] | keys, an encrypted image and its answer, for the guest to compute with |
//! | [`contract`] | what guest and device side have agreed on |
//!
//! An argument without a dash runs only the guest's tests whose name has it in it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod contract;
mod device;
mod guest;
mod initramfs;
mod kernel;
mod machine;
mod payload;
mod qtest;

use crate::initramfs::Initramfs;
use crate::kernel::Kernel;
use crate::machine::{MachineError, SUMMARY};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The argument of a process in the guest that opens a card, to be killed.
const HOLD: &str = "--hold-a-card";
/// A file in the guest: the text that names of tests have to have in them.
const FILTER: &str = "/filter";
/// Tests that others need.
const ALWAYS: [&str; 3] = ["boot", "modules", "the cards go to vfio-pci"];
/// What the guest may take in all.
const LIMIT: Duration = Duration::from_secs(600);

fn main() -> ExitCode {
    if std::process::id() == 1 {
        guest::init();
    }
    let called = std::env::args_os().next().map(PathBuf::from);
    if called.is_some_and(|path| path.ends_with(guest::SUDO)) {
        guest::sudo();
    }
    if std::env::args().nth(1).as_deref() == Some(HOLD) {
        guest::hold();
    }
    if std::env::args().any(|argument| argument == "--list") {
        // The guest alone knows its tests.
        return ExitCode::SUCCESS;
    }
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    match run(&filter.unwrap_or_default()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the guest's tests: whether all passed.
fn run(filter: &str) -> Result<bool, Box<dyn Error>> {
    let start = Instant::now();
    let directory = tempfile::tempdir()?;
    let kernel = Kernel::find()?;
    fs::write(directory.path().join("vmlinux"), &kernel.vmlinux)?;
    fs::write(directory.path().join("initramfs"), files(&kernel, filter)?)?;
    println!(
        "the guest's files took {:.1} s",
        start.elapsed().as_secs_f64()
    );
    match boot(directory.path()) {
        Err(MachineError::BeforeBoot) => {
            println!("QEMU ended before the guest ran; once more");
            Ok(boot(directory.path())?)
        }
        other => Ok(other?),
    }
}

fn files(kernel: &Kernel, filter: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut archive = Initramfs::new()?;
    archive.program("/init", &std::env::current_exe()?)?;
    archive.program("/bin/gyrus", Path::new(env!("CARGO_BIN_EXE_gyrus")))?;
    // What `scripts/bind` and the README's commands need.
    for tool in [
        "/bin/bash",
        "/bin/basename",
        "/bin/readlink",
        "/usr/bin/env",
        "/usr/bin/tee",
        "/usr/bin/chown",
        "/usr/bin/prlimit",
    ] {
        archive.program(tool, Path::new(tool))?;
    }
    let bind = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/bind");
    archive.script(
        &format!("{}/scripts/bind", payload::DIRECTORY),
        &fs::read(bind)?,
    )?;
    for (name, content) in &kernel.modules {
        archive.file(&format!("{}/{name}", guest::MODULE_DIRECTORY), content)?;
    }
    let payload = tempfile::tempdir()?;
    for (name, content) in payload::make(payload.path())? {
        archive.file(&format!("{}/{name}", payload::DIRECTORY), &content)?;
    }
    archive.file(FILTER, filter.as_bytes())?;
    Ok(archive.finish()?)
}

/// Boots a guest and prints what it says; whether it ended with a summary without failures.
fn boot(directory: &Path) -> Result<bool, MachineError> {
    let mut counts = String::new();
    let mut took = Duration::ZERO;
    machine::run(directory, LIMIT, |line, time| {
        println!("{:6.1} {line}", time.as_secs_f64());
        took = time;
        if let Some(summary) = line.strip_prefix(SUMMARY) {
            summary.clone_into(&mut counts);
        }
    })?;
    let passed = counts.contains(" passed; 0 failed; ");
    let result = if passed { "ok" } else { "FAILED" };
    // As other tests of Cargo's end, for whoever reads that.
    println!(
        "\ntest result: {result}. {counts}; finished in {:.2}s\n",
        took.as_secs_f64()
    );
    Ok(passed)
}

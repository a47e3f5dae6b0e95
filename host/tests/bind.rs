//! `scripts/bind`, over files that look like sysfs. Nothing binds there: what the script writes is looked
//! at, and what it says when it was for nothing.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const AT: &str = "0000:03:00.0";

struct Machine(TempDir);

impl Machine {
    /// With a card, whose driver is `other`, and a function that is none.
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        for driver in ["other", "vfio-pci"] {
            fs::create_dir_all(machine.path("drivers").join(driver)).unwrap();
        }
        for (address, device) in [(AT, "0x6779\n"), ("0000:04:00.0", "0x6780\n")] {
            let function = machine.path("devices").join(address);
            fs::create_dir_all(&function).unwrap();
            fs::write(function.join("vendor"), "0x10ee\n").unwrap();
            fs::write(function.join("device"), device).unwrap();
            symlink(
                "../../../kernel/iommu_groups/14",
                function.join("iommu_group"),
            )
            .unwrap();
        }
        let group = machine.0.path().join("kernel/iommu_groups/14");
        fs::create_dir_all(group).unwrap();
        // Where the links lead to from a function's directory.
        symlink("../kernel", machine.0.path().join("bus/kernel")).unwrap();
        machine.driver("other");
        machine
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join("bus/pci").join(below)
    }

    fn card(&self, file: &str) -> PathBuf {
        self.path("devices").join(AT).join(file)
    }

    fn driver(&self, driver: &str) {
        let link = self.card("driver");
        let _ = fs::remove_file(&link);
        symlink(self.path("drivers").join(driver), link).unwrap();
    }

    /// Whether it succeeded, and everything that it says.
    fn bind(&self, arguments: &[&str]) -> (bool, String) {
        self.bind_with(arguments, &[])
    }

    /// Likewise, with some variables set.
    fn bind_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/bind");
        let run = Command::new(script)
            .args(arguments)
            .env("GYRUS_SYSFS", self.0.path())
            .env_remove("GYRUS_PCI_IDS")
            .env_remove("SUDO_USER")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = [run.stdout, run.stderr].concat();
        (run.status.success(), String::from_utf8(text).unwrap())
    }

    fn read(&self, file: &Path) -> String {
        fs::read_to_string(file).unwrap_or_default()
    }
}

#[test]
fn takes_the_card_from_its_driver_and_says_when_that_did_not_help() {
    let machine = Machine::new();
    for arguments in [&[][..], &[AT], &["03:00.0"]] {
        let (success, text) = machine.bind(arguments);
        assert!(
            !success && text.contains("has other and not vfio-pci"),
            "{text}"
        );
        // Taken back, so that another driver may have it.
        assert_eq!(machine.read(&machine.card("driver_override")), "\n");
        assert_eq!(
            machine.read(&machine.card("driver/unbind")),
            format!("{AT}\n")
        );
        assert_eq!(
            machine.read(&machine.path("drivers_probe")),
            format!("{AT}\n")
        );
        fs::remove_file(machine.card("driver_override")).unwrap();
        fs::remove_file(machine.card("driver/unbind")).unwrap();
        fs::remove_file(machine.path("drivers_probe")).unwrap();
    }
}

#[test]
fn a_card_that_is_bound_stays_so() {
    let machine = Machine::new();
    machine.driver("vfio-pci");
    let (success, text) = machine.bind(&[]);
    assert!(success, "{text}");
    assert!(
        text.contains(&format!("{AT} has vfio-pci already")),
        "{text}"
    );
    assert!(text.contains("sudo chown \"$USER\" /dev/vfio/14"), "{text}");
    assert!(!machine.card("driver_override").exists());
}

#[test]
fn gives_a_card_back() {
    let machine = Machine::new();
    machine.driver("vfio-pci");
    let (success, text) = machine.bind(&["--unbind", AT]);
    assert!(success, "{text}");
    assert_eq!(machine.read(&machine.card("driver_override")), "\n");
    assert_eq!(
        machine.read(&machine.card("driver/unbind")),
        format!("{AT}\n")
    );
    assert_eq!(
        machine.read(&machine.path("drivers_probe")),
        format!("{AT}\n")
    );
    // Another driver is not taken from it.
    machine.driver("other");
    let (success, text) = machine.bind(&["--unbind"]);
    assert!(success && text.contains("has other"), "{text}");
    assert!(!machine.card("driver/unbind").exists());
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn says_why_the_driver_cannot_be_loaded() {
    let machine = Machine::new();
    fs::remove_dir(machine.path("drivers/vfio-pci")).unwrap();
    let tools = machine.0.path().join("tools");
    fs::create_dir(&tools).unwrap();
    let modprobe = tools.join("modprobe");
    fs::write(
        &modprobe,
        "#!/bin/sh\necho 'modprobe: ERROR: Not permitted' >&2; exit 1\n",
    )
    .unwrap();
    fs::set_permissions(&modprobe, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let (success, text) = machine.bind_with(&[], &[("PATH", &path)]);
    assert!(
        !success && text.contains("cannot load vfio-pci (Not permitted)"),
        "{text}"
    );
    assert_eq!(text.contains("it takes root"), !is_root(), "{text}");
}

#[test]
fn refuses_what_it_cannot_bind() {
    let machine = Machine::new();
    for (arguments, part) in [
        (
            &["0000:05:00.0"][..],
            "there is no PCI function 0000:05:00.0",
        ),
        (&["04:00.0"], "GYRUS_PCI_IDS=10ee:6780"),
        (&["--all"], "unknown option --all"),
    ] {
        let (success, text) = machine.bind(arguments);
        assert!(!success && text.contains(part), "{arguments:?}: {text}");
        assert!(
            text.starts_with("bind: ") && text.lines().count() == 1,
            "{text}"
        );
    }
    fs::create_dir(machine.card("driver_override")).unwrap();
    let (success, text) = machine.bind(&[AT]);
    assert!(
        !success && text.contains("driver_override (Is a directory)"),
        "{text}"
    );
    assert_eq!(text.contains("it takes root"), !is_root(), "{text}");
    fs::remove_file(machine.card("iommu_group")).unwrap();
    let (success, text) = machine.bind(&[AT]);
    assert!(!success && text.contains("intel_iommu=on"), "{text}");
    fs::remove_dir_all(machine.path("devices").join(AT)).unwrap();
    let (success, text) = machine.bind(&[]);
    assert!(
        !success && text.contains("no PCI function has an ID of 10ee:6779"),
        "{text}"
    );
}

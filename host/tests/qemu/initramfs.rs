//! The guest's files: an archive that the kernel unpacks into memory.

use cpio::newc;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
/// Its owner's alone: keys may not be anybody else's to read.
const DATA: u32 = 0o100_600;
const TERMINAL: u32 = 0o020_600;

/// The dynamic linker, as programs name it.
const LINKER: &str = "/lib64/ld-linux-x86-64.so.2";

/// An archive under way.
pub(crate) struct Initramfs {
    archive: Vec<u8>,
    directories: BTreeSet<PathBuf>,
    libraries: BTreeSet<PathBuf>,
}

impl Initramfs {
    /// With what a program needs before anything is mounted.
    pub(crate) fn new() -> io::Result<Self> {
        let mut archive = Self {
            archive: Vec::new(),
            directories: BTreeSet::new(),
            libraries: BTreeSet::new(),
        };
        for directory in ["proc", "sys", "tmp"] {
            archive.directory(Path::new(directory))?;
        }
        archive.directory(Path::new("dev"))?;
        let device = |name, minor| {
            let entry = newc::Builder::new(name).mode(TERMINAL);
            entry
                .rdev_major(if minor == 3 { 1 } else { 5 })
                .rdev_minor(minor)
        };
        archive.put(device("dev/console", 1), &[])?;
        archive.put(device("dev/null", 3), &[])?;
        Ok(archive)
    }

    fn put(&mut self, entry: newc::Builder, content: &[u8]) -> io::Result<()> {
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        let mut writer = entry.nlink(1).write(&mut self.archive, length);
        writer.write_all(content)?;
        writer.finish().map(drop)
    }

    fn directory(&mut self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || !self.directories.insert(path.to_owned()) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.directory(parent)?;
        }
        let name = path.to_string_lossy();
        self.put(newc::Builder::new(&name).mode(DIRECTORY), &[])
    }

    /// Adds a file of data with the directories above it.
    pub(crate) fn file(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.regular(path, DATA, content)
    }

    fn regular(&mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        let path = path.trim_start_matches('/');
        if let Some(parent) = Path::new(path).parent() {
            self.directory(parent)?;
        }
        self.put(newc::Builder::new(path).mode(mode), content)
    }

    /// Adds a program that is a text.
    pub(crate) fn script(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.regular(path, PROGRAM, content)
    }

    /// Adds a program of this machine with the libraries that it loads.
    pub(crate) fn program(&mut self, path: &str, program: &Path) -> io::Result<()> {
        self.regular(path, PROGRAM, &fs::read(program)?)?;
        self.library(Path::new(LINKER))?;
        // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)`
        let listing = Command::new(LINKER).arg("--list").arg(program).output()?;
        if !listing.status.success() {
            let text = String::from_utf8_lossy(&listing.stderr).into_owned();
            return Err(io::Error::other(text));
        }
        for line in String::from_utf8_lossy(&listing.stdout).lines() {
            let found = line
                .split_once(" => ")
                .and_then(|(_, found)| found.split(" (").next());
            if let Some(found) = found {
                self.library(Path::new(found.trim()))?;
            }
        }
        Ok(())
    }

    fn library(&mut self, path: &Path) -> io::Result<()> {
        if self.libraries.insert(path.to_owned()) {
            self.regular(&path.to_string_lossy(), PROGRAM, &fs::read(path)?)?;
        }
        Ok(())
    }

    /// The whole archive.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        newc::trailer(self.archive)
    }
}

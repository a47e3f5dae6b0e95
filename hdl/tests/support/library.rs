//! Verilator's own run-time library, whose object files are compiled in the first bench and copied
//! to the others: it takes longer than most units.

use super::verilator::finish;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The library.
pub(super) struct Library {
    directory: PathBuf,
}

impl Library {
    const OBJECTS: [&str; 2] = ["verilated.o", "verilated_threads.o"];

    /// For benches built by this Verilator: objects of one version do not fit the code of another.
    pub(super) fn new(bench: &Path) -> Self {
        let mut version = Command::new("verilator");
        version.arg("--version");
        let version = finish(bench, "version", version);
        let version: Vec<&str> = version.split_whitespace().take(2).collect();
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(version.join("-"));
        std::fs::create_dir_all(&directory).expect("a directory for object files");
        Self { directory }
    }

    pub(super) fn put_into(&self, build: &Path) {
        for object in Self::OBJECTS {
            if let (Ok(bytes), false) = (
                std::fs::read(self.directory.join(object)),
                build.join(object).exists(),
            ) {
                std::fs::write(build.join(object), bytes).expect("a writable directory");
            }
        }
    }

    pub(super) fn take_from(&self, build: &Path) {
        for object in Self::OBJECTS {
            let to = self.directory.join(object);
            if let (Ok(bytes), false) = (std::fs::read(build.join(object)), to.exists()) {
                // Tests run side by side: the file appears whole or not at all.
                let part = to.with_extension(format!("{:?}", std::thread::current().id()));
                std::fs::write(&part, bytes).expect("a writable directory");
                std::fs::rename(part, to).expect("a writable directory");
            }
        }
    }
}

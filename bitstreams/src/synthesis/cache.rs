//! What has been synthesised before.

use super::MemoryShape;
use super::variant::Use;
use crate::netlist::{Count, Path};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::PathBuf;

/// What a unit takes, and what stands inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cells {
    pub(super) own: Count,
    pub(super) path: Path,
    pub(super) memories: Vec<(MemoryShape, u64)>,
    /// Modules that are synthesised by themselves: their hash, how they are used, how often.
    pub(super) inside: Vec<(String, Use, u64)>,
}

/// A directory with a file for each unit.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
}

impl Cache {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    fn path(&self, key: &blake3::Hash) -> PathBuf {
        self.directory.join(format!("{key}.json"))
    }

    /// What is known; a file that cannot be read is as good as none.
    pub(super) fn get(&self, key: &blake3::Hash) -> Option<Cells> {
        let text = fs::read(self.path(key)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    pub(super) fn put(&self, key: &blake3::Hash, cells: &Cells) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        // Whole or not at all: somebody else may be reading.
        let partial = self
            .path(key)
            .with_extension(std::process::id().to_string());
        fs::write(&partial, serde_json::to_vec(cells)?)?;
        fs::rename(&partial, self.path(key))
    }
}

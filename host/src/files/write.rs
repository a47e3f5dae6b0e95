//! Writing a file whole or not at all.

use super::container::{self, Kind};
use super::error::FileError;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What to do when the destination exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it alone and fail.
    Refuse,
    /// Replace it, at the moment when the new content is complete.
    Replace,
}

/// A place that a file can be written to. Checked before the work that makes the content, so that
/// an hour's computation is not lost to a typing error.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    overwrite: Overwrite,
}

/// A complete file that does not have its name yet; removed when dropped. Files that belong
/// together are staged one after the other and published when all are complete.
#[must_use = "the file gets its name by `publish`"]
pub struct Staged<'a> {
    destination: &'a Destination,
    temporary: Temporary,
    bytes: u64,
}

impl Staged<'_> {
    /// Gives the file its name; returns its size in bytes.
    ///
    /// # Errors
    /// The name was taken in the meantime, or the file system refuses.
    pub fn publish(self) -> Result<u64, FileError> {
        self.destination.publish(&self.temporary.path)?;
        Ok(self.bytes)
    }
}

/// Removes the temporary file unless it has become the real one.
struct Temporary {
    path: PathBuf,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove, and nobody to report to.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Destination {
    /// Checks that `path` can be written to.
    ///
    /// # Errors
    /// Its directory is missing, it is a directory itself, or it exists and is not to be replaced.
    pub fn new(path: &Path, overwrite: Overwrite) -> Result<Self, FileError> {
        if path.is_dir() || path.file_name().is_none() {
            return Err(FileError::NotAFile {
                path: path.to_path_buf(),
            });
        }
        if !directory(path).is_dir() {
            return Err(FileError::NoDirectory {
                path: path.to_path_buf(),
            });
        }
        if overwrite == Overwrite::Refuse && path.symlink_metadata().is_ok() {
            return Err(FileError::Exists {
                path: path.to_path_buf(),
            });
        }
        Ok(Self {
            path: path.to_path_buf(),
            overwrite,
        })
    }

    /// Refuses to replace what must not be lost: a client key, or one of the files `kept`, under
    /// this or another name. For files that are not client keys themselves.
    ///
    /// # Errors
    /// [`FileError::ReplacesKey`] or [`FileError::SameFile`]; also when the file cannot be examined.
    pub fn sparing(self, kept: &[&Path]) -> Result<Self, FileError> {
        if container::is_client_key(&self.path)? {
            let path = self.path;
            return Err(FileError::ReplacesKey { path });
        }
        match kept.iter().find(|other| same_file(&self.path, other)) {
            None => Ok(self),
            Some(other) => Err(FileError::SameFile {
                path: self.path,
                other: other.to_path_buf(),
            }),
        }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file of `kind` into a temporary file next to its name, flushed to the disk. Client
    /// keys are readable by their owner only, from the first byte on.
    pub(super) fn stage(
        &self,
        kind: Kind,
        header: &[u8],
        payload: &[u8],
    ) -> Result<Staged<'_>, FileError> {
        if kind != Kind::ClientKey && container::is_client_key(&self.path)? {
            let path = self.path.clone();
            return Err(FileError::ReplacesKey { path });
        }
        let parts = container::parts(kind, header, payload)?;
        let error = |action| {
            let path = self.path.clone();
            move |source| FileError::Io {
                action,
                path,
                source,
            }
        };
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let path = directory(&self.path).join(format!(".{name}.{}.tmp", std::process::id()));
        let mut file = create(&path, kind).map_err(error("create"))?;
        let temporary = Temporary { path };
        let mut bytes = 0;
        for part in &parts {
            file.write_all(part.bytes()).map_err(error("write"))?;
            bytes += part.bytes().len() as u64;
        }
        file.sync_all().map_err(error("write"))?;
        Ok(Staged {
            destination: self,
            temporary,
            bytes,
        })
    }

    /// Gives the finished temporary file its name.
    fn publish(&self, temporary: &Path) -> Result<(), FileError> {
        if self.overwrite == Overwrite::Refuse {
            // A hard link, unlike a rename, fails when the name was taken in the meantime.
            match std::fs::hard_link(temporary, &self.path) {
                Ok(()) => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(FileError::Exists {
                        path: self.path.clone(),
                    });
                }
                // File systems without hard links: the check in `new` has to do.
                Err(_) => {}
            }
        }
        std::fs::rename(temporary, &self.path).map_err(|source| FileError::Io {
            action: "write",
            path: self.path.clone(),
            source,
        })
    }
}

/// True when both paths name the same file, whether it exists or not: by the same name in the same
/// directory, or through links.
fn same_file(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        Some((
            directory(path).canonicalize().ok()?,
            path.file_name()?.into(),
        ))
    };
    let same_place = |a: Option<(PathBuf, OsString)>, b| a.is_some() && a == b;
    same_place(place(a), place(b)) || linked(a, b)
}

/// True when both paths lead to the same existing file.
#[cfg(unix)]
fn linked(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (a.metadata(), b.metadata()) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// True when both paths lead to the same existing file. Hard links are not seen here.
#[cfg(not(unix))]
fn linked(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn create(path: &Path, kind: Kind) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if kind == Kind::ClientKey {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = kind;
    options.open(path)
}

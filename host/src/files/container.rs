//! The envelope of every file: prefix, header, payload, checksum.

use super::error::FileError;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// First bytes of every file.
pub const MAGIC: [u8; 8] = *b"\x89GYRUS\r\n";
/// Version of the format; files of another version are refused.
pub const FORMAT_VERSION: u16 = 1;
/// Bytes before the header.
pub const PREFIX_BYTES: usize = 24;
/// Bytes of the checksum at the end.
pub const CHECKSUM_BYTES: usize = 32;
/// Largest number of images in one file, encrypted input and output alike.
pub const IMAGE_LIMIT: usize = 10_000;
/// Headers are a few hundred bytes.
const HEADER_LIMIT: u64 = 1 << 16;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Kind {
    /// The secret key.
    ClientKey = 1,
    /// What the server needs to compute; no secret.
    EvaluationKey = 2,
    /// Encrypted inputs of a model.
    EncryptedInput = 3,
    /// Encrypted outputs of a model.
    EncryptedOutput = 4,
}

impl Kind {
    fn from_number(number: u16) -> Option<Self> {
        [
            Self::ClientKey,
            Self::EvaluationKey,
            Self::EncryptedInput,
            Self::EncryptedOutput,
        ]
        .into_iter()
        .find(|kind| *kind as u16 == number)
    }

    /// Largest accepted payload in bytes: above what the largest parameters (keys) or
    /// [`IMAGE_LIMIT`] images of the digits model (data) need.
    const fn payload_limit(self) -> u64 {
        match self {
            Self::ClientKey => 1 << 16,
            Self::EvaluationKey => 3 << 30,
            Self::EncryptedInput => 1 << 28,
            Self::EncryptedOutput => 2 << 30,
        }
    }

    /// The command that makes such a file.
    #[must_use]
    pub const fn made_by(self) -> &'static str {
        match self {
            Self::ClientKey | Self::EvaluationKey => "'gyrus keygen'",
            Self::EncryptedInput => "'gyrus encrypt'",
            Self::EncryptedOutput => "'gyrus infer'",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ClientKey => "a client key",
            Self::EvaluationKey => "an evaluation key",
            Self::EncryptedInput => "an encrypted input",
            Self::EncryptedOutput => "an encrypted output",
        })
    }
}

/// The first bytes of a file, decoded.
struct Prefix {
    header_bytes: u64,
    payload_bytes: u64,
}

impl Prefix {
    fn decode(bytes: &[u8; PREFIX_BYTES], path: &Path, wanted: Kind) -> Result<Self, FileError> {
        let path = path.to_path_buf();
        let field = |from: usize| <[u8; 8]>::try_from(&bytes[from..from + 8]).unwrap_or_default();
        if field(0) != MAGIC {
            return Err(FileError::NotGyrus { path });
        }
        let [v0, v1, k0, k1, h0, h1, h2, h3] = field(8);
        let found = u16::from_le_bytes([v0, v1]);
        if found != FORMAT_VERSION {
            return Err(FileError::Version { path, found });
        }
        let number = u16::from_le_bytes([k0, k1]);
        match Kind::from_number(number) {
            None => return Err(FileError::UnknownKind { path, number }),
            Some(kind) if kind == wanted => {}
            Some(Kind::ClientKey) => return Err(FileError::SecretKey { path, wanted }),
            Some(found) => {
                return Err(FileError::WrongKind {
                    path,
                    found,
                    wanted,
                });
            }
        }
        let header_bytes = u64::from(u32::from_le_bytes([h0, h1, h2, h3]));
        let payload_bytes = u64::from_le_bytes(field(16));
        for (part, declared, limit) in [
            ("header", header_bytes, HEADER_LIMIT),
            ("payload", payload_bytes, wanted.payload_limit()),
        ] {
            if declared > limit {
                return Err(FileError::Oversized {
                    path,
                    part,
                    declared,
                    limit,
                });
            }
        }
        Ok(Self {
            header_bytes,
            payload_bytes,
        })
    }

    fn encode(kind: Kind, header_bytes: u32, payload_bytes: u64) -> [u8; PREFIX_BYTES] {
        let mut bytes = [0; PREFIX_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[10..12].copy_from_slice(&(kind as u16).to_le_bytes());
        bytes[12..16].copy_from_slice(&header_bytes.to_le_bytes());
        bytes[16..].copy_from_slice(&payload_bytes.to_le_bytes());
        bytes
    }

    const fn file_bytes(&self) -> u64 {
        PREFIX_BYTES as u64 + self.header_bytes + self.payload_bytes + CHECKSUM_BYTES as u64
    }
}

/// Header and payload of a file whose envelope is sound. Erased when dropped, whatever it holds.
pub(super) struct Content {
    pub(super) header: Zeroizing<Vec<u8>>,
    pub(super) payload: Zeroizing<Vec<u8>>,
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    move |source| FileError::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}

/// Reads `path` and checks everything that does not depend on the header.
///
/// No more memory is taken than the file is long, and never more than its kind's limit.
pub(super) fn read(path: &Path, wanted: Kind) -> Result<Content, FileError> {
    // Looked at by name first: opening a pipe would block until someone writes to it.
    let metadata = std::fs::metadata(path).map_err(io_error("open", path))?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile {
            path: path.to_path_buf(),
        });
    }
    let mut file = File::open(path).map_err(io_error("open", path))?;
    let metadata = file.metadata().map_err(io_error("read", path))?;
    if wanted == Kind::ClientKey {
        refuse_open_permissions(path, &metadata)?;
    }
    let found = metadata.len();
    if found == 0 {
        return Err(FileError::Empty {
            path: path.to_path_buf(),
        });
    }
    let mut prefix_bytes = [0; PREFIX_BYTES];
    let least = MAGIC
        .len()
        .min(usize::try_from(found).unwrap_or(usize::MAX));
    file.read_exact(&mut prefix_bytes[..least])
        .map_err(io_error("read", path))?;
    if prefix_bytes[..least] != MAGIC[..least] {
        return Err(FileError::NotGyrus {
            path: path.to_path_buf(),
        });
    }
    let shortest = (PREFIX_BYTES + CHECKSUM_BYTES) as u64;
    if found < shortest {
        return Err(FileError::Truncated {
            path: path.to_path_buf(),
            found,
            expected: shortest,
        });
    }
    file.read_exact(&mut prefix_bytes[least..])
        .map_err(io_error("read", path))?;
    let prefix = Prefix::decode(&prefix_bytes, path, wanted)?;
    let expected = prefix.file_bytes();
    if found < expected {
        return Err(FileError::Truncated {
            path: path.to_path_buf(),
            found,
            expected,
        });
    }
    if found > expected {
        return Err(FileError::TrailingBytes {
            path: path.to_path_buf(),
            extra: found - expected,
        });
    }
    // Lengths are now within the limits and backed by bytes of the file.
    let mut part = |bytes: u64| -> Result<Zeroizing<Vec<u8>>, FileError> {
        let bytes = usize::try_from(bytes).map_err(|_| FileError::Oversized {
            path: path.to_path_buf(),
            part: "payload",
            declared: bytes,
            limit: usize::MAX as u64,
        })?;
        let mut part = Zeroizing::new(vec![0; bytes]);
        file.read_exact(&mut part).map_err(io_error("read", path))?;
        Ok(part)
    };
    let header = part(prefix.header_bytes)?;
    let payload = part(prefix.payload_bytes)?;
    let checksum = part(CHECKSUM_BYTES as u64)?;
    if checksum.as_slice() != checksum_of(&prefix_bytes, &header, &payload).as_bytes() {
        return Err(FileError::Corrupted {
            path: path.to_path_buf(),
        });
    }
    Ok(Content { header, payload })
}

/// Checks that a file of `kind` can have a header and a payload of so many bytes.
pub(super) fn check_sizes(kind: Kind, header: u64, payload: u64) -> Result<(), FileError> {
    let limit = kind.payload_limit();
    for (part, found, limit) in [
        ("header", header, HEADER_LIMIT),
        ("payload", payload, limit),
    ] {
        if found > limit {
            return Err(FileError::TooLarge {
                kind,
                part,
                found,
                limit,
            });
        }
    }
    Ok(())
}

/// True when `path` names a file that begins as a client key does, whatever its version; false when
/// nothing is there.
pub(super) fn is_client_key(path: &Path) -> Result<bool, FileError> {
    match std::fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(io_error("examine", path)(e)),
        Ok(metadata) if !metadata.is_file() => return Ok(false),
        Ok(_) => {}
    }
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(12).read_to_end(&mut start))
        .map_err(io_error("examine", path))?;
    let kind = (Kind::ClientKey as u16).to_le_bytes();
    Ok(start.starts_with(&MAGIC) && start.ends_with(&kind) && start.len() == 12)
}

/// The parts of a file, in order, ready to be written.
pub(super) fn parts<'a>(
    kind: Kind,
    header: &'a [u8],
    payload: &'a [u8],
) -> Result<[Part<'a>; 4], FileError> {
    check_sizes(kind, header.len() as u64, payload.len() as u64)?;
    let prefix = Prefix::encode(kind, header.len() as u32, payload.len() as u64);
    let checksum = checksum_of(&prefix, header, payload);
    Ok([
        Part::Prefix(prefix),
        Part::Slice(header),
        Part::Slice(payload),
        Part::Checksum(checksum.into()),
    ])
}

/// A piece of a file to be written.
pub(super) enum Part<'a> {
    Prefix([u8; PREFIX_BYTES]),
    Slice(&'a [u8]),
    Checksum([u8; CHECKSUM_BYTES]),
}

impl Part<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Prefix(bytes) => bytes,
            Self::Slice(bytes) => bytes,
            Self::Checksum(bytes) => bytes,
        }
    }
}

fn checksum_of(prefix: &[u8; PREFIX_BYTES], header: &[u8], payload: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(prefix).update(header).update(payload);
    hasher.finalize()
}

#[cfg(unix)]
fn refuse_open_permissions(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(FileError::TooOpen {
            path: path.to_path_buf(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn refuse_open_permissions(_: &Path, _: &Metadata) -> Result<(), FileError> {
    Ok(())
}

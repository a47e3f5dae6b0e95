//! The files that the `gyrus` command reads and writes: keys and encrypted data.
//!
//! Every file has the same envelope, little-endian:
//!
//! | bytes | field |
//! |---|---|
//! | 0..8 | magic `\x89GYRUS\r\n` (a transfer in text mode breaks it, which is the intention) |
//! | 8..10 | version of the format, [`FORMAT_VERSION`] |
//! | 10..12 | [`Kind`] |
//! | 12..16 | `H`, bytes of the header |
//! | 16..24 | `P`, bytes of the payload |
//! | 24..24+H | header, JSON: tool, full parameter set, key id, counts, model |
//! | ..+P | payload |
//! | last 32 | BLAKE3 of everything before |
//!
//! Payloads are plain little-endian words, whose number follows from the header, so a length can
//! be checked before anything is interpreted:
//!
//! | kind | payload |
//! |---|---|
//! | client key | the binary coefficients, 8 to a byte: big key (`k*N`), then small key (`n`) |
//! | evaluation key | seeds of both keys (2 x 16 bytes), then the bodies only: bootstrapping key `[n][level][k+1][N]` u64, key switching key `[k*N][level]` u64 or u32 (tfhe-rs' seeded entities) |
//! | encrypted input | per image: seed (16 bytes), then one body (u64) per value |
//! | encrypted output | big LWE ciphertexts, `[images][outputs][k*N + 1]` u64 |
//!
//! All masks of seeded data follow from the seed by tfhe-rs' AES-CTR generator.
//!
//! Reading checks, in this order: file type and permissions, magic, version, kind, lengths against
//! the limit of the kind and the size of the file, checksum, header, parameters, payload. The
//! checksum guards against damage, not against forgery.

mod ciphertexts;
mod container;
mod error;
mod header;
mod keys;
mod seed;
mod write;

pub use ciphertexts::{EncryptedInput, EncryptedOutput};
pub(crate) use ciphertexts::{list_from_bytes, list_to_bytes};
pub use container::{CHECKSUM_BYTES, FORMAT_VERSION, IMAGE_LIMIT, Kind, MAGIC, PREFIX_BYTES};
pub use error::FileError;
pub use header::{KeyId, ModelReference};
pub use keys::{ClientSecret, EvaluationKeyFile, generate_keys, stored_key_bytes};
pub(crate) use seed::SEED_BYTES;
pub use write::{Destination, Overwrite, Staged};

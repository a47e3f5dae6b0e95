//! The JSON headers.

use super::container::Content;
use super::error::FileError;
use gyrus_interface::ParameterSet;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::Path;

/// Names a key pair: the first 16 bytes of the BLAKE3 hash of its evaluation key's payload. Shown
/// and stored in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// The id of the key pair with this evaluation key payload.
    pub(super) fn of(payload: &[u8]) -> Self {
        let mut id = [0; 16];
        blake3::Hasher::new()
            .update(payload)
            .finalize_xof()
            .fill(&mut id);
        Self(id)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let value = u128::from_str_radix(&text, 16).map_err(D::Error::custom)?;
        let id = Self(value.to_be_bytes());
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(D::Error::custom("malformed key id"))
        }
    }
}

/// Says which model data belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelReference {
    /// The model's name.
    pub name: String,
    /// BLAKE3 of the model file, hexadecimal.
    pub hash: String,
}

impl std::fmt::Display for ModelReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "'{}' ({})",
            self.name,
            self.hash.get(..16).unwrap_or(&self.hash)
        )
    }
}

/// What every header says: the writing program, the parameters and the key pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyHeader {
    pub(super) tool: String,
    pub(super) parameters: ParameterSet,
    pub(super) key_id: KeyId,
}

/// Header of encrypted data: `rows` runs of the model, `columns` values each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataHeader {
    pub(super) tool: String,
    pub(super) parameters: ParameterSet,
    pub(super) key_id: KeyId,
    pub(super) model: ModelReference,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// Program and version, as it stands in headers.
pub(super) fn tool() -> String {
    concat!("gyrus ", env!("CARGO_PKG_VERSION")).to_owned()
}

pub(super) fn encode<H: Serialize>(header: &H) -> Result<Vec<u8>, FileError> {
    serde_json::to_vec(header)
        .map_err(|e| FileError::Unsupported(format!("a header that is not JSON: {e}")))
}

pub(super) fn decode<H: DeserializeOwned>(content: &Content, path: &Path) -> Result<H, FileError> {
    serde_json::from_slice(&content.header).map_err(|source| FileError::Header {
        path: path.to_path_buf(),
        source,
    })
}

/// Refuses parameter sets that may not be used.
pub(super) fn admit(
    parameters: &ParameterSet,
    allow_insecure: bool,
    path: &Path,
) -> Result<(), FileError> {
    parameters
        .admit(allow_insecure)
        .map_err(|source| FileError::Parameters {
            path: path.to_path_buf(),
            source,
        })
}

//! Encrypted input and encrypted output files.

use super::container::{self, Content, IMAGE_LIMIT, Kind};
use super::error::FileError;
use super::header::{self, DataHeader, KeyId, ModelReference, tool};
use super::keys::words_u64;
use super::seed::{self, SEED_BYTES};
use super::write::Destination;
use gyrus_interface::{ParameterSet, layout};
use std::path::Path;
use tfhe::core_crypto::prelude::{CiphertextModulus, LweSize, SeededLweCiphertextListOwned};

/// Seeded encryptions of a model's inputs under the big key: one list, with a seed of its own, per
/// image, so that images can be expanded one group at a time.
#[derive(Debug)]
pub struct EncryptedInput {
    header: DataHeader,
    lists: Vec<SeededLweCiphertextListOwned<u64>>,
}

/// Encryptions of a model's outputs, `[images][outputs]`, under the big key.
#[derive(Debug)]
pub struct EncryptedOutput {
    header: DataHeader,
    words: Vec<u64>,
}

macro_rules! data_accessors {
    ($columns:ident, $columns_doc:literal) => {
        /// Parameter set of the key pair.
        #[must_use]
        pub const fn parameters(&self) -> &ParameterSet {
            &self.header.parameters
        }

        /// Id of the key pair.
        #[must_use]
        pub const fn key_id(&self) -> KeyId {
            self.header.key_id
        }

        /// The model that the data belong to.
        #[must_use]
        pub const fn model(&self) -> &ModelReference {
            &self.header.model
        }

        /// Number of images.
        #[must_use]
        pub const fn images(&self) -> usize {
            self.header.rows
        }

        #[doc = $columns_doc]
        #[must_use]
        pub const fn $columns(&self) -> usize {
            self.header.columns
        }

        /// Checks that the data belong to the key pair `key_id` with `parameters`; `path` is for
        /// the message.
        ///
        /// # Errors
        /// [`FileError::OtherParameters`] or [`FileError::OtherKey`].
        pub fn check_key(
            &self,
            path: &Path,
            parameters: &ParameterSet,
            key_id: KeyId,
        ) -> Result<(), FileError> {
            let path = path.to_path_buf();
            if self.header.parameters != *parameters {
                return Err(FileError::OtherParameters {
                    path,
                    found: self.header.parameters.name.clone(),
                    wanted: parameters.name.clone(),
                });
            }
            if self.header.key_id != key_id {
                let (found, wanted) = (self.header.key_id, key_id);
                return Err(FileError::OtherKey {
                    path,
                    found,
                    wanted,
                });
            }
            Ok(())
        }

        /// Checks that the data were made for `model`; `path` is for the message.
        ///
        /// # Errors
        /// [`FileError::OtherModel`].
        pub fn check_model(&self, path: &Path, model: &ModelReference) -> Result<(), FileError> {
            if self.header.model == *model {
                return Ok(());
            }
            Err(FileError::OtherModel {
                path: path.to_path_buf(),
                found: self.header.model.to_string(),
                wanted: model.to_string(),
            })
        }
    };
}

impl EncryptedInput {
    data_accessors!(inputs, "Values per image.");

    /// Takes one list of ciphertexts per image, made with the key pair `key_id`.
    ///
    /// # Errors
    /// There is no list, or more than [`IMAGE_LIMIT`], or they are not of one length, or not of the
    /// size of `parameters`.
    pub fn new(
        parameters: ParameterSet,
        key_id: KeyId,
        model: ModelReference,
        lists: Vec<SeededLweCiphertextListOwned<u64>>,
    ) -> Result<Self, FileError> {
        let columns = lists
            .first()
            .map_or(0, |list| list.lwe_ciphertext_count().0);
        let fits = |list: &SeededLweCiphertextListOwned<u64>| {
            list.lwe_ciphertext_count().0 == columns
                && list.lwe_size().0 == parameters.big_lwe_size()
        };
        if columns == 0 || !lists.iter().all(fits) {
            return Err(FileError::Unsupported(
                "encrypted images of unequal size".into(),
            ));
        }
        let rows = lists.len();
        check_images(rows)?;
        let header = DataHeader {
            tool: tool(),
            parameters,
            key_id,
            model,
            rows,
            columns,
        };
        Ok(Self { header, lists })
    }

    /// One list of ciphertexts per image.
    #[must_use]
    pub fn lists(&self) -> &[SeededLweCiphertextListOwned<u64>] {
        &self.lists
    }

    /// Reads an encrypted input.
    ///
    /// # Errors
    /// Anything that [`FileError`] lists.
    pub fn read(path: &Path, allow_insecure: bool) -> Result<Self, FileError> {
        let content = container::read(path, Kind::EncryptedInput)?;
        let header = data_header(&content, path, allow_insecure)?;
        let bytes = header
            .columns
            .checked_mul(layout::WORD_BYTES)
            .and_then(|bytes| bytes.checked_add(SEED_BYTES));
        let wanted = bytes.and_then(|bytes| bytes.checked_mul(header.rows));
        check_length(&header, &content, wanted, path)?;
        // The payload is not empty and a whole number of such pieces, so none of them is empty.
        let images = content.payload.chunks_exact(bytes.unwrap_or(usize::MAX));
        let lists = images
            .filter_map(|image| list_from_bytes(image, &header.parameters))
            .collect();
        Ok(Self { header, lists })
    }

    /// Writes the file; returns its size in bytes.
    ///
    /// # Errors
    /// The destination cannot be written.
    pub fn write(&self, destination: &Destination) -> Result<u64, FileError> {
        let mut payload = Vec::new();
        for list in &self.lists {
            payload.extend(list_to_bytes(list)?);
        }
        let header = header::encode(&self.header)?;
        destination
            .stage(Kind::EncryptedInput, &header, &payload)?
            .publish()
    }
}

impl EncryptedOutput {
    data_accessors!(outputs, "Values per image.");

    /// Checks that a file can hold the outputs of `images` images, `outputs` each: to be known
    /// before the work, not after it.
    ///
    /// # Errors
    /// [`FileError::TooManyImages`] or [`FileError::TooLarge`].
    pub fn check_size(
        parameters: &ParameterSet,
        key_id: KeyId,
        model: &ModelReference,
        images: usize,
        outputs: usize,
    ) -> Result<(), FileError> {
        check_images(images)?;
        let header = DataHeader {
            tool: tool(),
            parameters: parameters.clone(),
            key_id,
            model: model.clone(),
            rows: images,
            columns: outputs,
        };
        let payload = payload_bytes(&header, parameters.big_lwe_size());
        container::check_sizes(
            Kind::EncryptedOutput,
            header::encode(&header)?.len() as u64,
            payload.map_or(u64::MAX, |bytes| bytes as u64),
        )
    }

    /// Takes the words of big LWE ciphertexts, `[images][outputs][k*N + 1]`, that were computed
    /// from `input`.
    ///
    /// # Errors
    /// Their number is not the one of the arguments.
    pub fn new(input: &EncryptedInput, outputs: usize, words: Vec<u64>) -> Result<Self, FileError> {
        let header = DataHeader {
            tool: tool(),
            columns: outputs,
            ..input.header.clone()
        };
        let wanted = payload_bytes(&header, header.parameters.big_lwe_size());
        if wanted != Some(words.len() * layout::WORD_BYTES) {
            return Err(FileError::Unsupported(format!(
                "{} words for {} images of {outputs} values",
                words.len(),
                header.rows
            )));
        }
        Ok(Self { header, words })
    }

    /// The ciphertexts' words, `[images][outputs][k*N + 1]`.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Reads an encrypted output.
    ///
    /// # Errors
    /// Anything that [`FileError`] lists.
    pub fn read(path: &Path, allow_insecure: bool) -> Result<Self, FileError> {
        let content = container::read(path, Kind::EncryptedOutput)?;
        let header = data_header(&content, path, allow_insecure)?;
        let wanted = payload_bytes(&header, header.parameters.big_lwe_size());
        check_length(&header, &content, wanted, path)?;
        let words = words_u64(&content.payload);
        Ok(Self { header, words })
    }

    /// Writes the file; returns its size in bytes.
    ///
    /// # Errors
    /// The destination cannot be written.
    pub fn write(&self, destination: &Destination) -> Result<u64, FileError> {
        let payload: Vec<u8> = self
            .words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        let header = header::encode(&self.header)?;
        destination
            .stage(Kind::EncryptedOutput, &header, &payload)?
            .publish()
    }
}

/// A list as it is stored: its seed, then one body per ciphertext.
pub(crate) fn list_to_bytes(
    list: &SeededLweCiphertextListOwned<u64>,
) -> Result<Vec<u8>, FileError> {
    let mut bytes = seed::encode(&list.compression_seed())?.to_vec();
    bytes.extend(list.as_ref().iter().flat_map(|word| word.to_le_bytes()));
    Ok(bytes)
}

/// A list as [`list_to_bytes`] stores it.
pub(crate) fn list_from_bytes(
    bytes: &[u8],
    set: &ParameterSet,
) -> Option<SeededLweCiphertextListOwned<u64>> {
    let (seed, words) = bytes.split_first_chunk()?;
    words.len().is_multiple_of(layout::WORD_BYTES).then(|| {
        SeededLweCiphertextListOwned::from_container(
            words_u64(words),
            LweSize(set.big_lwe_size()),
            seed::decode(*seed),
            CiphertextModulus::new_native(),
        )
    })
}

fn check_images(found: usize) -> Result<(), FileError> {
    if found > IMAGE_LIMIT {
        return Err(FileError::TooManyImages { found });
    }
    Ok(())
}

/// Bytes of `rows * columns` ciphertexts of `words` words, if that is a number.
fn payload_bytes(header: &DataHeader, words: usize) -> Option<usize> {
    header
        .rows
        .checked_mul(header.columns)?
        .checked_mul(words)?
        .checked_mul(layout::WORD_BYTES)
}

fn data_header(
    content: &Content,
    path: &Path,
    allow_insecure: bool,
) -> Result<DataHeader, FileError> {
    let header: DataHeader = header::decode(content, path)?;
    header::admit(&header.parameters, allow_insecure, path)?;
    if header.rows == 0 || header.columns == 0 {
        return Err(FileError::Inconsistent {
            path: path.to_path_buf(),
            reason: "it declares no values".into(),
        });
    }
    Ok(header)
}

fn check_length(
    header: &DataHeader,
    content: &Content,
    wanted: Option<usize>,
    path: &Path,
) -> Result<(), FileError> {
    if wanted == Some(content.payload.len()) {
        return check_images(header.rows).map_err(|error| FileError::Inconsistent {
            path: path.to_path_buf(),
            reason: error.to_string(),
        });
    }
    let (rows, columns) = (header.rows, header.columns);
    Err(FileError::Inconsistent {
        path: path.to_path_buf(),
        reason: format!(
            "{} bytes of ciphertext do not make {rows} images of {columns} values",
            content.payload.len()
        ),
    })
}

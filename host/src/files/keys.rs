//! Client key and evaluation key files.

use super::container::{self, Kind};
use super::error::FileError;
use super::header::{self, KeyHeader, KeyId, tool};
use super::seed::{self, SEED_BYTES};
use super::write::{Destination, Staged};
use crate::tfhe::to_tfhe;
use gyrus_interface::{ModulusSwitch, ParameterSet, layout};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use tfhe::conformance::ParameterSetConformant;
use tfhe::core_crypto::commons::numeric::UnsignedInteger;
use tfhe::core_crypto::prelude::{
    GlweSecretKeyOwned, LweSecretKeyOwned, LweSize, SeededLweBootstrapKeyOwned,
    SeededLweKeyswitchKeyOwned,
};
use tfhe::shortint::atomic_pattern::compressed::{
    CompressedAtomicPatternServerKey, CompressedKS32AtomicPatternServerKey,
    CompressedStandardAtomicPatternServerKey,
};
use tfhe::shortint::ciphertext::MaxDegree;
use tfhe::shortint::client_key::GenericClientKey;
use tfhe::shortint::client_key::atomic_pattern::{
    AtomicPatternClientKey, KS32AtomicPatternClientKey, StandardAtomicPatternClientKey,
};
use tfhe::shortint::server_key::{
    CompressedModulusSwitchConfiguration, ShortintCompressedBootstrappingKey,
};
use tfhe::shortint::{AtomicPatternParameters, ClientKey, CompressedServerKey, PBSOrder};
use zeroize::{Zeroize, Zeroizing};

/// Makes a client key and its evaluation key.
///
/// # Errors
/// tfhe-rs made a key that the format has no place for.
pub fn generate_keys(
    parameters: &ParameterSet,
) -> Result<(ClientSecret, EvaluationKeyFile), FileError> {
    let tfhe_parameters = tfhe_parameters(parameters)?;
    let client_key = ClientKey::new(tfhe_parameters);
    let compressed = CompressedServerKey::new(&client_key);
    let evaluation = EvaluationKeyFile::new(parameters.clone(), compressed);
    // Taken apart before an error is looked at: the key is erased in any case.
    let (big, small) = take_apart(client_key);
    let evaluation = evaluation?;
    let secret = ClientSecret {
        parameters: parameters.clone(),
        tfhe_parameters,
        key_id: evaluation.key_id,
        big,
        small,
    };
    Ok((secret, evaluation))
}

/// The binary coefficients of a client key: big key (`k*N`) and small key (`n`). Erased when
/// dropped, and never printed.
pub struct ClientSecret {
    parameters: ParameterSet,
    tfhe_parameters: AtomicPatternParameters,
    key_id: KeyId,
    big: Zeroizing<Vec<u64>>,
    small: Zeroizing<Vec<u64>>,
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSecret")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

impl ClientSecret {
    /// Parameter set of the key pair.
    #[must_use]
    pub const fn parameters(&self) -> &ParameterSet {
        &self.parameters
    }

    /// Id of the key pair.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Lends the key in tfhe-rs' form; that copy is erased before this returns, and also when
    /// `use_key` panics.
    pub fn with_key<R>(&self, use_key: impl FnOnce(&ClientKey) -> R) -> R {
        let key = self.to_client_key();
        // The panic goes on below; nothing is looked at that it may have left half done.
        let result = catch_unwind(AssertUnwindSafe(|| use_key(&key)));
        drop(take_apart(key));
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn to_client_key(&self) -> ClientKey {
        let size = self.tfhe_parameters.polynomial_size();
        let big = GlweSecretKeyOwned::from_container(self.big.to_vec(), size);
        let atomic_pattern = match self.tfhe_parameters {
            AtomicPatternParameters::Standard(parameters) => {
                let small = LweSecretKeyOwned::from_container(self.small.to_vec());
                AtomicPatternClientKey::Standard(StandardAtomicPatternClientKey::from_raw_parts(
                    big, small, parameters, None,
                ))
            }
            AtomicPatternParameters::KeySwitch32(parameters) => {
                // Coefficients are 0 or 1.
                let small = self.small.iter().map(|&bit| bit as u32).collect();
                let small = LweSecretKeyOwned::from_container(small);
                AtomicPatternClientKey::KeySwitch32(KS32AtomicPatternClientKey::from_raw_parts(
                    big, small, parameters,
                ))
            }
        };
        GenericClientKey { atomic_pattern }
    }

    /// Reads a client key.
    ///
    /// # Errors
    /// Anything that [`FileError`] lists, among it permissions that let others read the file.
    pub fn read(path: &Path, allow_insecure: bool) -> Result<Self, FileError> {
        let content = container::read(path, Kind::ClientKey)?;
        let KeyHeader {
            parameters, key_id, ..
        } = header::decode(&content, path)?;
        header::admit(&parameters, allow_insecure, path)?;
        let (big, small) = (parameters.big_lwe_dimension().0, parameters.lwe_dimension.0);
        let inconsistent = |reason: String| FileError::Inconsistent {
            path: path.to_path_buf(),
            reason,
        };
        let wanted = (big + small).div_ceil(8);
        if content.payload.len() != wanted {
            let found = content.payload.len();
            return Err(inconsistent(format!(
                "{found} bytes of key where {wanted} belong"
            )));
        }
        let mut bits = Zeroizing::new(Vec::with_capacity(8 * wanted));
        bits.extend(
            content
                .payload
                .iter()
                .flat_map(|byte| (0..8).map(move |i| u64::from(byte >> i & 1))),
        );
        let (key, padding) = bits.split_at(big + small);
        if padding.iter().any(|&bit| bit != 0) {
            return Err(inconsistent(
                "the key goes on after its last coefficient".into(),
            ));
        }
        let (big, small) = key.split_at(big);
        let (big, small) = (Zeroizing::new(big.to_vec()), Zeroizing::new(small.to_vec()));
        let tfhe_parameters = tfhe_parameters(&parameters)?;
        Ok(Self {
            parameters,
            tfhe_parameters,
            key_id,
            big,
            small,
        })
    }

    /// Writes the key, readable by its owner only; returns the file's size in bytes.
    ///
    /// # Errors
    /// As [`Self::stage`].
    pub fn write(&self, destination: &Destination) -> Result<u64, FileError> {
        self.stage(destination)?.publish()
    }

    /// Writes the key, readable by its owner only, without giving the file its name.
    ///
    /// # Errors
    /// The coefficients are not binary, or the destination cannot be written.
    pub fn stage<'a>(&self, destination: &'a Destination) -> Result<Staged<'a>, FileError> {
        if self.big.iter().chain(self.small.iter()).any(|&bit| bit > 1) {
            return Err(FileError::Unsupported(
                "a client key that is not binary".into(),
            ));
        }
        let count = self.big.len() + self.small.len();
        let mut payload = Zeroizing::new(vec![0_u8; count.div_ceil(8)]);
        for (i, &bit) in self.big.iter().chain(self.small.iter()).enumerate() {
            if let Some(byte) = payload.get_mut(i / 8) {
                *byte |= (bit as u8) << (i % 8);
            }
        }
        let header = KeyHeader {
            tool: tool(),
            parameters: self.parameters.clone(),
            key_id: self.key_id,
        };
        destination.stage(Kind::ClientKey, &header::encode(&header)?, &payload)
    }
}

/// Coefficients of big and small key; whatever else held them is erased.
fn take_apart(key: ClientKey) -> (Zeroizing<Vec<u64>>, Zeroizing<Vec<u64>>) {
    match key.atomic_pattern {
        AtomicPatternClientKey::Standard(key) => {
            let (big, small, ..) = key.into_raw_parts();
            (
                Zeroizing::new(big.into_container()),
                Zeroizing::new(small.into_container()),
            )
        }
        AtomicPatternClientKey::KeySwitch32(key) => {
            let (big, small, _) = key.into_raw_parts();
            let mut narrow = small.into_container();
            let small = Zeroizing::new(narrow.iter().map(|&word| u64::from(word)).collect());
            narrow.zeroize();
            (Zeroizing::new(big.into_container()), small)
        }
    }
}

/// A seeded evaluation key with its parameters and id.
#[derive(Debug)]
pub struct EvaluationKeyFile {
    parameters: ParameterSet,
    key_id: KeyId,
    compressed: CompressedServerKey,
}

impl EvaluationKeyFile {
    /// Takes a key that was made for `parameters`.
    ///
    /// # Errors
    /// The format has no place for such a key.
    pub fn new(
        parameters: ParameterSet,
        compressed: CompressedServerKey,
    ) -> Result<Self, FileError> {
        if !compressed.is_conformant(&conformance(tfhe_parameters(&parameters)?)) {
            return Err(FileError::Unsupported(format!(
                "an evaluation key that was not made for {}",
                parameters.name
            )));
        }
        let key_id = KeyId::of(&encode_evaluation(&compressed)?);
        Ok(Self {
            parameters,
            key_id,
            compressed,
        })
    }

    /// Parameter set of the key pair.
    #[must_use]
    pub const fn parameters(&self) -> &ParameterSet {
        &self.parameters
    }

    /// Id of the key pair.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The key in tfhe-rs' form.
    #[must_use]
    pub const fn compressed(&self) -> &CompressedServerKey {
        &self.compressed
    }

    /// Reads an evaluation key.
    ///
    /// # Errors
    /// Anything that [`FileError`] lists.
    pub fn read(path: &Path, allow_insecure: bool) -> Result<Self, FileError> {
        let content = container::read(path, Kind::EvaluationKey)?;
        let KeyHeader {
            parameters, key_id, ..
        } = header::decode(&content, path)?;
        header::admit(&parameters, allow_insecure, path)?;
        let inconsistent = |reason: String| FileError::Inconsistent {
            path: path.to_path_buf(),
            reason,
        };
        if KeyId::of(&content.payload) != key_id {
            return Err(inconsistent(
                "the key is not the one that its id names".into(),
            ));
        }
        let tfhe_set = tfhe_parameters(&parameters)?;
        let compressed =
            decode_evaluation(&parameters, tfhe_set, &content.payload).map_err(inconsistent)?;
        if !compressed.is_conformant(&conformance(tfhe_set)) {
            return Err(inconsistent(
                "the key does not conform to its parameters".into(),
            ));
        }
        Ok(Self {
            parameters,
            key_id,
            compressed,
        })
    }

    /// Writes the key; returns the file's size in bytes.
    ///
    /// # Errors
    /// As [`Self::stage`].
    pub fn write(&self, destination: &Destination) -> Result<u64, FileError> {
        self.stage(destination)?.publish()
    }

    /// Writes the key without giving the file its name.
    ///
    /// # Errors
    /// The destination cannot be written.
    pub fn stage<'a>(&self, destination: &'a Destination) -> Result<Staged<'a>, FileError> {
        let header = KeyHeader {
            tool: tool(),
            parameters: self.parameters.clone(),
            key_id: self.key_id,
        };
        let payload = encode_evaluation(&self.compressed)?;
        destination.stage(Kind::EvaluationKey, &header::encode(&header)?, &payload)
    }
}

fn tfhe_parameters(parameters: &ParameterSet) -> Result<AtomicPatternParameters, FileError> {
    to_tfhe(parameters).map_err(|e| FileError::Unsupported(e.to_string()))
}

/// What a key made for `parameters` conforms to.
fn conformance(parameters: AtomicPatternParameters) -> (AtomicPatternParameters, MaxDegree) {
    let degree =
        MaxDegree::from_msg_carry_modulus(parameters.message_modulus(), parameters.carry_modulus());
    (parameters, degree)
}

fn encode_evaluation(key: &CompressedServerKey) -> Result<Vec<u8>, FileError> {
    match &key.compressed_ap_server_key {
        CompressedAtomicPatternServerKey::Standard(key) => encode_parts(
            key.bootstrapping_key(),
            key.key_switching_key(),
            u64::to_le_bytes,
        ),
        CompressedAtomicPatternServerKey::KeySwitch32(key) => encode_parts(
            key.bootstrapping_key(),
            key.key_switching_key(),
            u32::to_le_bytes,
        ),
    }
}

fn encode_parts<W: UnsignedInteger, const B: usize>(
    bootstrapping: &ShortintCompressedBootstrappingKey<W>,
    keyswitch: &SeededLweKeyswitchKeyOwned<W>,
    word_bytes: fn(W) -> [u8; B],
) -> Result<Vec<u8>, FileError> {
    let ShortintCompressedBootstrappingKey::Classic { bsk, .. } = bootstrapping else {
        return Err(FileError::Unsupported(
            "a multi-bit bootstrapping key".into(),
        ));
    };
    let (bodies, switch) = (
        bsk.as_view().into_container(),
        keyswitch.as_view().into_container(),
    );
    let mut payload =
        Vec::with_capacity(2 * SEED_BYTES + bodies.len() * layout::WORD_BYTES + switch.len() * B);
    payload.extend_from_slice(&seed::encode(&bsk.compression_seed())?);
    payload.extend_from_slice(&seed::encode(&keyswitch.compression_seed())?);
    payload.extend(bodies.iter().flat_map(|word| word.to_le_bytes()));
    payload.extend(switch.iter().flat_map(|&word| word_bytes(word)));
    Ok(payload)
}

/// Bytes of the payload of an evaluation key's file.
#[must_use]
pub fn stored_key_bytes(set: &ParameterSet) -> usize {
    let (bodies, switch) = stored_parts(set);
    2 * SEED_BYTES + bodies + switch
}

/// Bytes of the bootstrapping key and of the key switching key in a file: of each GLWE row only the
/// body polynomial is stored, of each LWE row only the body.
fn stored_parts(set: &ParameterSet) -> (usize, usize) {
    let bodies = layout::bootstrapping_key_words(set) / set.glwe_size() * layout::WORD_BYTES;
    (
        bodies,
        layout::keyswitch_key_bytes(set) / set.small_lwe_size(),
    )
}

fn decode_evaluation(
    set: &ParameterSet,
    tfhe_set: AtomicPatternParameters,
    payload: &[u8],
) -> Result<CompressedServerKey, String> {
    let (bodies, _) = stored_parts(set);
    let wanted = stored_key_bytes(set);
    let (seeds, words) = payload
        .split_at_checked(2 * SEED_BYTES)
        .filter(|_| payload.len() == wanted)
        .ok_or_else(|| format!("{} bytes of key where {wanted} belong", payload.len()))?;
    let (bodies, switch) = words.split_at(bodies);
    let seed_at = |i: usize| {
        let bytes = seeds.iter().skip(i * SEED_BYTES).copied();
        let mut seed = [0; SEED_BYTES];
        seed.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        seed::decode(seed)
    };
    let bsk = SeededLweBootstrapKeyOwned::from_container(
        words_u64(bodies),
        tfhe_set.glwe_dimension().to_glwe_size(),
        tfhe_set.polynomial_size(),
        tfhe_set.pbs_base_log(),
        tfhe_set.pbs_level(),
        seed_at(0),
        tfhe_set.ciphertext_modulus(),
    );
    let output = LweSize(set.small_lwe_size());
    let key = match tfhe_set {
        AtomicPatternParameters::Standard(parameters) => {
            let keyswitch = SeededLweKeyswitchKeyOwned::from_container(
                words_u64(switch),
                parameters.ks_base_log(),
                parameters.ks_level(),
                output,
                seed_at(1),
                parameters.ciphertext_modulus(),
            );
            CompressedAtomicPatternServerKey::Standard(
                CompressedStandardAtomicPatternServerKey::from_raw_parts(
                    keyswitch,
                    classic(bsk, set.modulus_switch),
                    PBSOrder::KeyswitchBootstrap,
                ),
            )
        }
        AtomicPatternParameters::KeySwitch32(parameters) => {
            let keyswitch = SeededLweKeyswitchKeyOwned::from_container(
                words_u32(switch),
                parameters.ks_base_log(),
                parameters.ks_level(),
                output,
                seed_at(1),
                parameters.post_keyswitch_ciphertext_modulus(),
            );
            CompressedAtomicPatternServerKey::KeySwitch32(
                CompressedKS32AtomicPatternServerKey::from_raw_parts(
                    keyswitch,
                    classic(bsk, set.modulus_switch),
                ),
            )
        }
    };
    let (_, degree) = conformance(tfhe_set);
    Ok(CompressedServerKey::from_raw_parts(
        key,
        tfhe_set.message_modulus(),
        tfhe_set.carry_modulus(),
        degree,
        tfhe_set.max_noise_level(),
    ))
}

fn classic<W: UnsignedInteger>(
    bsk: SeededLweBootstrapKeyOwned<u64>,
    modulus_switch: ModulusSwitch,
) -> ShortintCompressedBootstrappingKey<W> {
    ShortintCompressedBootstrappingKey::Classic {
        bsk,
        modulus_switch_noise_reduction_key: match modulus_switch {
            ModulusSwitch::Standard => CompressedModulusSwitchConfiguration::Standard,
            ModulusSwitch::CenteredMeanNoiseReduction => {
                CompressedModulusSwitchConfiguration::CenteredMeanNoiseReduction
            }
        },
    }
}

/// Little-endian words; a rest shorter than a word, which callers rule out, is left out.
pub(super) fn words_u64(bytes: &[u8]) -> Vec<u64> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&word| u64::from_le_bytes(word))
        .collect()
}

fn words_u32(bytes: &[u8]) -> Vec<u32> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&word| u32::from_le_bytes(word))
        .collect()
}

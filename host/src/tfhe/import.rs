//! From a tfhe-rs `CompressedServerKey` to a [`EvaluationKey`], without any client key.
//!
//! The compressed key holds the bodies of the key's ciphertexts and the public seeds of their
//! masks; expanding it gives both keys in the coefficient domain, mod 2^64 (bootstrapping key) and
//! mod the key switch's modulus. All shapes and lengths are checked before anything is expanded.

use crate::key::{EvaluationKey, KeyswitchKey};
use gyrus_interface::{
    DeviceError, KeyswitchModulus, ModulusSwitch, ParameterError, ParameterSet, catalogue,
};
use std::fmt;
use tfhe::core_crypto::prelude::{
    CiphertextModulus, PBSOrder, SeededLweBootstrapKeyOwned, SeededLweKeyswitchKeyOwned,
    UnsignedInteger,
};
use tfhe::shortint::atomic_pattern::compressed::CompressedAtomicPatternServerKey;
use tfhe::shortint::server_key::{
    CompressedModulusSwitchConfiguration, CompressedServerKey, ShortintCompressedBootstrappingKey,
};
use thiserror::Error;

/// Why a tfhe-rs key cannot be used with Gyrus.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImportError {
    /// A multi-bit bootstrapping key.
    #[error("multi-bit bootstrapping keys are not supported; make the key with classic parameters")]
    MultiBit,
    /// A key for the drift technique.
    #[error(
        "the drift technique's noise reduction is not supported; make the key with standard or \
         centred modulus switch (tfhe-rs 1.4 or later)"
    )]
    DriftTechnique,
    /// A key for bootstrap, then key switch.
    #[error(
        "the key is for bootstrap, then key switch (ciphertexts under the small key); \
         Gyrus does key switch, then bootstrap"
    )]
    PbsOrder,
    /// A modulus that is no power of two, or not the native one where it has to be.
    #[error("the {part} has modulus {modulus}, which is not supported")]
    Modulus {
        /// Which key.
        part: &'static str,
        /// Its modulus.
        modulus: String,
    },
    /// A key of no shape that the catalogue's secure sets have.
    #[error("no secure parameter set that Gyrus knows has this key's shape: {0}")]
    UnknownParameters(String),
    /// A key of another shape than the parameter set asked for.
    #[error("the key does not fit {set}: its shape is {found}, expected {expected}")]
    OtherParameters {
        /// Name of the parameter set.
        set: String,
        /// Shape of the key.
        found: String,
        /// Shape of the parameter set.
        expected: String,
    },
    /// A key of another client than the session's.
    #[error("the key is not the one that the session was opened with")]
    OtherKey,
    /// A part of the key is shorter or longer than its dimensions say.
    #[error("the {part} has {found} words, expected {expected}")]
    Length {
        /// Which key.
        part: &'static str,
        /// Words found.
        found: usize,
        /// Words expected.
        expected: usize,
    },
    /// The parameter set itself is out of range.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The expanded words do not make an evaluation key.
    #[error(transparent)]
    Key(#[from] DeviceError),
}

/// Expands `key` to an evaluation key; its parameter set, a secure one, is recognised by its shape.
/// A key of an insecure set goes through [`import_evaluation_key_as`].
///
/// The compressed key is left as it is: 28.8 MB for the primary set, which expands to 115 MB.
///
/// # Errors
/// The key is of a kind that Gyrus does not support, of no known secure set, or inconsistent.
pub fn import_evaluation_key(key: &CompressedServerKey) -> Result<EvaluationKey, ImportError> {
    import_evaluation_key_as(key, recognise(key)?)
}

/// Expands `key` to an evaluation key for `set`, whose every field has to fit.
///
/// # Errors
/// The key is of a kind that Gyrus does not support, of other parameters, or inconsistent.
pub fn import_evaluation_key_as(
    key: &CompressedServerKey,
    set: ParameterSet,
) -> Result<EvaluationKey, ImportError> {
    set.validate()?;
    let (found, expected) = (Shape::of_key(key)?, Shape::of_set(&set));
    if found != expected {
        return Err(ImportError::OtherParameters {
            set: set.name,
            found: found.to_string(),
            expected: expected.to_string(),
        });
    }
    let (bootstrapping, keyswitch) = match &key.compressed_ap_server_key {
        CompressedAtomicPatternServerKey::Standard(ap) => {
            let bootstrapping = classic(ap.bootstrapping_key())?.0;
            let keyswitch = ap.key_switching_key();
            check_lengths(&set, bootstrapping, keyswitch)?;
            let expanded = keyswitch.as_view().par_decompress_into_lwe_keyswitch_key();
            (bootstrapping, KeyswitchKey::U64(expanded.into_container()))
        }
        CompressedAtomicPatternServerKey::KeySwitch32(ap) => {
            let bootstrapping = classic(ap.bootstrapping_key())?.0;
            let keyswitch = ap.key_switching_key();
            check_lengths(&set, bootstrapping, keyswitch)?;
            let expanded = keyswitch.as_view().par_decompress_into_lwe_keyswitch_key();
            (bootstrapping, KeyswitchKey::U32(expanded.into_container()))
        }
    };
    let bootstrapping = bootstrapping
        .as_view()
        .par_decompress_into_lwe_bootstrap_key();
    Ok(EvaluationKey::new(
        set,
        bootstrapping.into_container(),
        keyswitch,
    )?)
}

/// The secure catalogue set that `key` has the shape of.
///
/// # Errors
/// The key is of a kind that Gyrus does not support, or of none of these sets.
pub fn recognise(key: &CompressedServerKey) -> Result<ParameterSet, ImportError> {
    recognise_among(key, catalogue::secure_sets())
}

/// The first of `sets` that `key` has the shape of.
pub(super) fn recognise_among(
    key: &CompressedServerKey,
    sets: impl IntoIterator<Item = ParameterSet>,
) -> Result<ParameterSet, ImportError> {
    let shape = Shape::of_key(key)?;
    sets.into_iter()
        .find(|set| Shape::of_set(set) == shape)
        .ok_or_else(|| ImportError::UnknownParameters(shape.to_string()))
}

/// All of a parameter set that can be read off an evaluation key: everything but the noise.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shape {
    lwe_dimension: usize,
    glwe_dimension: usize,
    polynomial_size: usize,
    pbs: (usize, usize),
    keyswitch: (usize, usize),
    keyswitch_modulus: KeyswitchModulus,
    modulus_switch: ModulusSwitch,
    message_modulus: u64,
    carry_modulus: u64,
    max_noise_level: u64,
}

impl Shape {
    fn of_set(set: &ParameterSet) -> Self {
        Self {
            lwe_dimension: set.lwe_dimension.0,
            glwe_dimension: set.glwe_dimension.0,
            polynomial_size: set.polynomial_size.0,
            pbs: (set.pbs.base_log.0, set.pbs.level_count.0),
            keyswitch: (set.keyswitch.base_log.0, set.keyswitch.level_count.0),
            keyswitch_modulus: set.keyswitch_modulus,
            modulus_switch: set.modulus_switch,
            message_modulus: set.message_modulus,
            carry_modulus: set.carry_modulus,
            max_noise_level: set.max_noise_level,
        }
    }

    fn of_key(key: &CompressedServerKey) -> Result<Self, ImportError> {
        match &key.compressed_ap_server_key {
            CompressedAtomicPatternServerKey::Standard(ap) => {
                if ap.pbs_order() != PBSOrder::KeyswitchBootstrap {
                    return Err(ImportError::PbsOrder);
                }
                let ksk = ap.key_switching_key();
                check_native("key switching key", ksk.ciphertext_modulus())?;
                Self::of_parts(key, ap.bootstrapping_key(), ksk, KeyswitchModulus::Native64)
            }
            CompressedAtomicPatternServerKey::KeySwitch32(ap) => {
                let ksk = ap.key_switching_key();
                let log2 = log2_of_modulus32(ksk.ciphertext_modulus())?;
                let modulus = KeyswitchModulus::PowerOfTwo32 { log2 };
                Self::of_parts(key, ap.bootstrapping_key(), ksk, modulus)
            }
        }
    }

    fn of_parts<Word: UnsignedInteger>(
        key: &CompressedServerKey,
        bootstrapping: &ShortintCompressedBootstrappingKey<Word>,
        keyswitch: &SeededLweKeyswitchKeyOwned<Word>,
        keyswitch_modulus: KeyswitchModulus,
    ) -> Result<Self, ImportError> {
        let (bsk, modulus_switch) = classic(bootstrapping)?;
        check_native("bootstrapping key", bsk.ciphertext_modulus())?;
        Ok(Self {
            // Not from the bootstrapping key, which would divide its length by its dimensions.
            lwe_dimension: keyswitch.output_lwe_size().0.saturating_sub(1),
            glwe_dimension: bsk.glwe_size().0.saturating_sub(1),
            polynomial_size: bsk.polynomial_size().0,
            pbs: (
                bsk.decomposition_base_log().0,
                bsk.decomposition_level_count().0,
            ),
            keyswitch: (
                keyswitch.decomposition_base_log().0,
                keyswitch.decomposition_level_count().0,
            ),
            keyswitch_modulus,
            modulus_switch,
            message_modulus: key.message_modulus.0,
            carry_modulus: key.carry_modulus.0,
            max_noise_level: key.max_noise_level.get(),
        })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "n = {}, k = {}, N = {}, bootstrap base 2^{} x {}, key switch base 2^{} x {} to ",
            self.lwe_dimension,
            self.glwe_dimension,
            self.polynomial_size,
            self.pbs.0,
            self.pbs.1,
            self.keyswitch.0,
            self.keyswitch.1,
        )?;
        match self.keyswitch_modulus {
            KeyswitchModulus::Native64 => f.write_str("2^64")?,
            KeyswitchModulus::PowerOfTwo32 { log2 } => write!(f, "2^{log2} (32-bit)")?,
        }
        f.write_str(match self.modulus_switch {
            ModulusSwitch::Standard => ", standard modulus switch",
            ModulusSwitch::CenteredMeanNoiseReduction => ", centred modulus switch",
        })?;
        write!(
            f,
            ", message modulus {}, carry modulus {}, noise level {}",
            self.message_modulus, self.carry_modulus, self.max_noise_level
        )
    }
}

/// The one-bit-at-a-time bootstrapping key and its modulus switch, or why there is none.
fn classic<Word: UnsignedInteger>(
    key: &ShortintCompressedBootstrappingKey<Word>,
) -> Result<(&SeededLweBootstrapKeyOwned<u64>, ModulusSwitch), ImportError> {
    use CompressedModulusSwitchConfiguration as Configuration;
    match key {
        ShortintCompressedBootstrappingKey::MultiBit { .. } => Err(ImportError::MultiBit),
        ShortintCompressedBootstrappingKey::Classic {
            bsk,
            modulus_switch_noise_reduction_key,
        } => match modulus_switch_noise_reduction_key {
            Configuration::Standard => Ok((bsk, ModulusSwitch::Standard)),
            Configuration::CenteredMeanNoiseReduction => {
                Ok((bsk, ModulusSwitch::CenteredMeanNoiseReduction))
            }
            Configuration::DriftTechniqueNoiseReduction(_) => Err(ImportError::DriftTechnique),
        },
    }
}

fn check_native(part: &'static str, modulus: CiphertextModulus<u64>) -> Result<(), ImportError> {
    if modulus.is_native_modulus() {
        Ok(())
    } else {
        Err(ImportError::Modulus {
            part,
            modulus: modulus.to_string(),
        })
    }
}

fn log2_of_modulus32(modulus: CiphertextModulus<u32>) -> Result<u32, ImportError> {
    if modulus.is_native_modulus() {
        Ok(32)
    } else if modulus.is_power_of_two() {
        Ok(modulus.get_custom_modulus().ilog2())
    } else {
        Err(ImportError::Modulus {
            part: "key switching key",
            modulus: modulus.to_string(),
        })
    }
}

/// tfhe-rs trusts these lengths when it expands a key, and a file may lie.
fn check_lengths<Word: UnsignedInteger>(
    set: &ParameterSet,
    bootstrapping: &SeededLweBootstrapKeyOwned<u64>,
    keyswitch: &SeededLweKeyswitchKeyOwned<Word>,
) -> Result<(), ImportError> {
    let check = |part, found, expected| {
        if found == expected {
            Ok(())
        } else {
            Err(ImportError::Length {
                part,
                found,
                expected,
            })
        }
    };
    // Only bodies are stored: one polynomial per GGSW row, one word per key switching ciphertext.
    check(
        "bootstrapping key",
        bootstrapping.as_view().into_container().len(),
        set.lwe_dimension.0 * set.pbs.level_count.0 * set.glwe_size() * set.polynomial_size.0,
    )?;
    check(
        "key switching key",
        keyswitch.as_view().into_container().len(),
        set.big_lwe_dimension().0 * set.keyswitch.level_count.0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfhe::parameters::known_sets;

    #[test]
    fn catalogue_sets_have_different_shapes() {
        let shapes: Vec<_> = known_sets().map(|set| Shape::of_set(&set)).collect();
        for (i, shape) in shapes.iter().enumerate() {
            assert!(!shapes[..i].contains(shape), "{shape}");
        }
    }
}

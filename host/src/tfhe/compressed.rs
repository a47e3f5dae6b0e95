//! tfhe-rs' modulus-switched compressed ciphertexts, which have no public fields, through their
//! serde form: the small LWE ciphertext mod `2N`, packed to `log2(2N)` bits a word.

use crate::session::SessionError;
use gyrus_interface::ParameterSet;
use serde::{Deserialize, Serialize};
use tfhe::core_crypto::prelude::packed_integers::PackedIntegers;
use tfhe::core_crypto::prelude::{CiphertextModulusLog, LweDimension};
use tfhe::shortint::ciphertext::{CompressedModulusSwitchedCiphertext, Degree};
use tfhe::shortint::parameters::AtomicPatternKind;
use tfhe::shortint::{CarryModulus, Ciphertext, MessageModulus};

/// The fields of [`CompressedModulusSwitchedCiphertext`] in tfhe-rs 1.8.2.
#[derive(Serialize, Deserialize)]
struct Mirror {
    compressed_modulus_switched_lwe_ciphertext: Internal,
    degree: Degree,
    message_modulus: MessageModulus,
    carry_modulus: CarryModulus,
    atomic_pattern: AtomicPatternKind,
}

#[derive(Serialize, Deserialize)]
enum Internal {
    Classic(PackedLwe),
}

#[derive(Serialize, Deserialize)]
struct PackedLwe {
    packed_integers: PackedIntegers<u64>,
    lwe_dimension: LweDimension,
}

/// A compressed ciphertext, opened: words mod `2N` (mask, then body) and what the message is.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) switched: Vec<u32>,
    pub(super) message_modulus: MessageModulus,
    pub(super) carry_modulus: CarryModulus,
    pub(super) atomic_pattern: AtomicPatternKind,
}

/// Packs `switched`, the modulus switch of `source`.
pub(super) fn pack(
    switched: &[u32],
    source: &Ciphertext,
    set: &ParameterSet,
) -> Result<CompressedModulusSwitchedCiphertext, SessionError> {
    let log2 = CiphertextModulusLog(set.log2_two_n() as usize);
    let mirror = Mirror {
        compressed_modulus_switched_lwe_ciphertext: Internal::Classic(PackedLwe {
            packed_integers: PackedIntegers::pack(switched, log2),
            lwe_dimension: LweDimension(set.lwe_dimension.0),
        }),
        degree: source.degree,
        message_modulus: source.message_modulus,
        carry_modulus: source.carry_modulus,
        atomic_pattern: source.atomic_pattern,
    };
    serde_json::to_value(mirror)
        .and_then(serde_json::from_value)
        .map_err(|error| {
            SessionError::Request(format!(
                "tfhe-rs does not take the packed ciphertext: {error}"
            ))
        })
}

/// Unpacks a compressed ciphertext, which has to be one for `set`.
pub(super) fn unpack(
    compressed: &CompressedModulusSwitchedCiphertext,
    set: &ParameterSet,
) -> Result<Opened, SessionError> {
    let mirror: Mirror = serde_json::to_value(compressed)
        .and_then(serde_json::from_value)
        .map_err(|error| {
            SessionError::Request(format!(
                "the compressed ciphertext is not one for a classic bootstrap: {error}"
            ))
        })?;
    let Internal::Classic(lwe) = mirror.compressed_modulus_switched_lwe_ciphertext;
    let (dimension, log2) = (lwe.lwe_dimension.0, lwe.packed_integers.log_modulus().0);
    let (words, packed) = (
        lwe.packed_integers.initial_len(),
        lwe.packed_integers.packed_coeffs().len(),
    );
    let (expected, expected_log2) = (set.small_lwe_size(), set.log2_two_n() as usize);
    if dimension != set.lwe_dimension.0
        || log2 != expected_log2
        || words != expected
        || packed != (words * log2).div_ceil(64)
    {
        return Err(SessionError::Request(format!(
            "the compressed ciphertext has {words} words of {log2} bits, {} asks for {expected} \
             of {expected_log2}",
            set.name
        )));
    }
    let switched = lwe.packed_integers.unpack::<u32>().collect();
    Ok(Opened {
        switched,
        message_modulus: mirror.message_modulus,
        carry_modulus: mirror.carry_modulus,
        atomic_pattern: mirror.atomic_pattern,
    })
}

//! tfhe-rs server keys whose every bootstrap runs on a Gyrus session.

use super::pattern::GyrusAtomicPattern;
use crate::key::EvaluationKey;
use crate::session::{Session, SessionError};
use std::sync::Arc;
use tfhe::shortint::atomic_pattern::AtomicPatternServerKey;
use tfhe::shortint::ciphertext::MaxDegree;
use tfhe::shortint::{CarryModulus, MaxNoiseLevel, MessageModulus, ServerKey};

/// A `shortint` server key on `session`, which was opened with `key`. Clones are cheap: they share
/// both.
///
/// Operations that cannot report an error unwind with a [`SessionError`] when the session fails,
/// see [`GyrusAtomicPattern`].
///
/// # Errors
/// The key has other parameters than the session.
pub fn server_key(session: &Session, key: &Arc<EvaluationKey>) -> Result<ServerKey, SessionError> {
    let pattern = GyrusAtomicPattern::new(session.clone(), Arc::clone(key))?;
    let set = key.parameters();
    let message_modulus = MessageModulus(set.message_modulus);
    let carry_modulus = CarryModulus(set.carry_modulus);
    Ok(ServerKey::from_raw_parts(
        AtomicPatternServerKey::Dynamic(Box::new(pattern)),
        message_modulus,
        carry_modulus,
        MaxDegree::from_msg_carry_modulus(message_modulus, carry_modulus),
        MaxNoiseLevel::new(set.max_noise_level),
    ))
}

/// An `integer` server key for radix ciphertexts, see [`server_key`].
///
/// # Errors
/// As [`server_key`].
#[cfg(feature = "integer")]
pub fn integer_server_key(
    session: &Session,
    key: &Arc<EvaluationKey>,
) -> Result<tfhe::integer::ServerKey, SessionError> {
    let key = server_key(session, key)?;
    Ok(tfhe::integer::ServerKey::new_radix_server_key_from_shortint(key))
}

/// A server key for `tfhe::set_server_key`: with it, a program of `FheUint`, `FheInt` and `FheBool`
/// operations runs on the session as it is. See [`server_key`].
///
/// tfhe-rs asks for one bootstrap per thread of rayon's global pool at a time, and these threads
/// only wait: with more of them than CPUs (`rayon::ThreadPoolBuilder::build_global`) the session's
/// batches are fuller.
///
/// `set_server_key` counts for one thread, and for rayon's threads only inside of tfhe-rs' own
/// operations; a program with threads of its own calls it in each (`tfhe::ServerKey` is cheap to
/// clone).
///
/// # Errors
/// As [`server_key`].
#[cfg(feature = "integer")]
pub fn high_level_server_key(
    session: &Session,
    key: &Arc<EvaluationKey>,
) -> Result<tfhe::ServerKey, SessionError> {
    let key = integer_server_key(session, key)?;
    Ok(tfhe::ServerKey::from_raw_parts(
        key,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        tfhe::Tag::default(),
    ))
}

/// As [`high_level_server_key`], with the keys for other purposes that `compressed` may hold
/// (ciphertext lists, compact public keys, noise squashing, random numbers) and its tag. What
/// these keys are for, tfhe-rs does itself on the CPU; of it, casting compact public keys'
/// ciphertexts is what it cannot do with a server key on a session.
///
/// `session` and `key` have to stem from the same client key as `compressed`.
///
/// # Errors
/// As [`server_key`].
#[cfg(feature = "integer")]
pub fn high_level_server_key_with(
    session: &Session,
    key: &Arc<EvaluationKey>,
    compressed: tfhe::CompressedServerKey,
) -> Result<tfhe::ServerKey, SessionError> {
    let integer = integer_server_key(session, key)?;
    let (
        _on_the_session,
        casting,
        compression,
        decompression,
        noise_squashing,
        noise_squashing_compression,
        re_randomization,
        oprf,
        transciphering,
        tag,
    ) = compressed.into_raw_parts();
    Ok(tfhe::ServerKey::from_raw_parts(
        integer,
        casting.map(|key| key.decompress()),
        compression.map(|key| key.decompress()),
        decompression.map(|key| key.decompress()),
        noise_squashing.map(|key| key.decompress()),
        noise_squashing_compression.map(|key| key.decompress()),
        re_randomization.map(|key| key.decompress()),
        oprf.map(|key| key.expand().to_fourier()),
        transciphering.map(|key| key.expand().to_fourier()),
        tag,
    ))
}

/// The compressed `shortint` key inside of a high-level one: what
/// [`super::import_evaluation_key`] takes. Keys for other purposes are dropped; they go to
/// [`high_level_server_key_with`].
#[cfg(feature = "integer")]
#[must_use]
pub fn shortint_key(key: tfhe::CompressedServerKey) -> tfhe::shortint::CompressedServerKey {
    key.into_raw_parts().0.into_raw_parts()
}

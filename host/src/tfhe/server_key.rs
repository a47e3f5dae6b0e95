//! tfhe-rs server keys whose every bootstrap runs on a Gyrus session.

#[cfg(feature = "integer")]
use super::import::{ImportError, import_evaluation_key_as};
use super::pattern::GyrusAtomicPattern;
use crate::session::Session;
use tfhe::shortint::atomic_pattern::AtomicPatternServerKey;
use tfhe::shortint::ciphertext::MaxDegree;
use tfhe::shortint::{CarryModulus, MaxNoiseLevel, MessageModulus, ServerKey};

/// A `shortint` server key on `session`. Clones are cheap: they share the session.
///
/// Operations that cannot report an error unwind with a [`crate::session::SessionError`] when the
/// session fails, see [`GyrusAtomicPattern`].
///
/// # Limits
/// tfhe-rs does some things with its own keys only, not through an atomic pattern. With this key,
/// - casting with a `KeySwitchingKey` panics;
/// - pseudo-random ciphertexts (OPRF) panic;
/// - noise squashing returns an error;
/// - serialising the key returns an error.
#[must_use]
pub fn server_key(session: &Session) -> ServerKey {
    let set = session.parameters();
    let message_modulus = MessageModulus(set.message_modulus);
    let carry_modulus = CarryModulus(set.carry_modulus);
    let max_noise_level = MaxNoiseLevel::new(set.max_noise_level);
    let pattern = GyrusAtomicPattern::new(session.clone());
    ServerKey::from_raw_parts(
        AtomicPatternServerKey::Dynamic(Box::new(pattern)),
        message_modulus,
        carry_modulus,
        MaxDegree::from_msg_carry_modulus(message_modulus, carry_modulus),
        max_noise_level,
    )
}

/// An `integer` server key for radix ciphertexts, see [`server_key`].
#[cfg(feature = "integer")]
#[must_use]
pub fn integer_server_key(session: &Session) -> tfhe::integer::ServerKey {
    tfhe::integer::ServerKey::new_radix_server_key_from_shortint(server_key(session))
}

/// A server key for `tfhe::set_server_key`: with it, a program of `FheUint`, `FheInt` and `FheBool`
/// operations runs on the session as it is. See [`server_key`].
///
/// tfhe-rs asks for one bootstrap per thread of rayon's global pool at a time, and these threads
/// only wait: with more of them than CPUs (`rayon::ThreadPoolBuilder::build_global`, before keys are
/// made or expanded, which starts the pool) the session's batches are fuller.
///
/// `set_server_key` counts for one thread, and for rayon's threads only inside of tfhe-rs' own
/// operations; a program with threads of its own calls it in each (`tfhe::ServerKey` is cheap to
/// clone).
///
/// # Limits
/// Those of [`server_key`]: of the high-level API, pseudo-random integers
/// (`generate_oblivious_pseudo_random` and its kin) panic.
#[cfg(feature = "integer")]
#[must_use]
pub fn high_level_server_key(session: &Session) -> tfhe::ServerKey {
    tfhe::ServerKey::from_raw_parts(
        integer_server_key(session),
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        tfhe::Tag::default(),
    )
}

/// As [`high_level_server_key`], with the keys for other purposes that `compressed` may hold, and
/// its tag. What these keys are for, tfhe-rs does itself on the CPU; compressed ciphertext lists
/// work so.
///
/// # Limits
/// Where tfhe-rs needs its own form of the evaluation key beside them (see [`server_key`]), they
/// are of no use:
/// - Expanding a list encrypted with a compact public key that has parameters of its own casts its
///   ciphertexts, and panics. Compact public keys with the parameters of the evaluation key need
///   no cast.
/// - Pseudo-random integers, and the transciphering keys drawn from the same function, panic,
///   whether there is a key of their own for them or not.
/// - Noise squashing returns an error.
///
/// # Errors
/// The evaluation key in `compressed` is not the one that the session was opened with. To find
/// out, it is expanded once more.
#[cfg(feature = "integer")]
pub fn high_level_server_key_with(
    session: &Session,
    compressed: tfhe::CompressedServerKey,
) -> Result<tfhe::ServerKey, ImportError> {
    let (key, server_key) = split(compressed);
    let key = import_evaluation_key_as(&key, session.parameters().clone())?;
    if key != **session.key() {
        return Err(ImportError::OtherKey);
    }
    Ok(server_key(session))
}

/// The evaluation key in `compressed`, and how the rest of it and a session opened with that key
/// become a server key.
#[cfg(feature = "integer")]
pub(super) fn split(
    compressed: tfhe::CompressedServerKey,
) -> (
    tfhe::shortint::CompressedServerKey,
    impl FnOnce(&Session) -> tfhe::ServerKey,
) {
    let (
        evaluation,
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
    let on_session = move |session: &Session| {
        tfhe::ServerKey::from_raw_parts(
            integer_server_key(session),
            casting.map(|key| key.decompress()),
            compression.map(|key| key.decompress()),
            decompression.map(|key| key.decompress()),
            noise_squashing.map(|key| key.decompress()),
            noise_squashing_compression.map(|key| key.decompress()),
            re_randomization.map(|key| key.decompress()),
            oprf.map(|key| key.expand().to_fourier()),
            transciphering.map(|key| key.expand().to_fourier()),
            tag,
        )
    };
    (evaluation.into_raw_parts(), on_session)
}

/// The compressed `shortint` key inside of a high-level one: what
/// [`super::import_evaluation_key`] takes. Keys for other purposes are dropped; they go to
/// [`high_level_server_key_with`].
#[cfg(feature = "integer")]
#[must_use]
pub fn shortint_key(key: tfhe::CompressedServerKey) -> tfhe::shortint::CompressedServerKey {
    key.into_raw_parts().0.into_raw_parts()
}

//! An evaluation key in the standard domain, as devices take it.

use gyrus_interface::layout;
pub use gyrus_interface::layout::KeyswitchKey;
use gyrus_interface::{DeviceError, KeyswitchModulus, ParameterSet};

/// Bootstrapping and key switching key in the standard domain (mod 2^64, and mod the key switch's
/// modulus), in the order of [`gyrus_interface::layout`]. Public material: it holds no secret in
/// the clear.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationKey {
    parameters: ParameterSet,
    bootstrapping: Vec<u64>,
    keyswitch: KeyswitchKey,
}

impl EvaluationKey {
    /// Takes the words of both keys.
    ///
    /// # Errors
    /// [`DeviceError::Request`] when a length or a width is not the one of `parameters`.
    pub fn new(
        parameters: ParameterSet,
        bootstrapping: Vec<u64>,
        keyswitch: KeyswitchKey,
    ) -> Result<Self, DeviceError> {
        parameters.validate()?;
        let wanted = layout::bootstrapping_key_words(&parameters);
        if bootstrapping.len() != wanted {
            return Err(DeviceError::Request(format!(
                "the bootstrapping key has {} words, {} asks for {wanted}",
                bootstrapping.len(),
                parameters.name
            )));
        }
        let wanted = layout::keyswitch_key_words(&parameters);
        if keyswitch.words().len() != wanted {
            return Err(DeviceError::Request(format!(
                "the key switching key has {} words, {} asks for {wanted}",
                keyswitch.words().len(),
                parameters.name
            )));
        }
        if !keyswitch.words().matches(parameters.keyswitch_modulus) {
            let bits = parameters.keyswitch_modulus.word_bits();
            return Err(DeviceError::Request(format!(
                "{} asks for {bits}-bit key switching key words",
                parameters.name
            )));
        }
        Ok(Self {
            parameters,
            bootstrapping,
            keyswitch,
        })
    }

    /// The parameter set both keys were made for.
    #[must_use]
    pub const fn parameters(&self) -> &ParameterSet {
        &self.parameters
    }

    /// Words of the bootstrapping key, mod 2^64.
    #[must_use]
    pub fn bootstrapping(&self) -> &[u64] {
        &self.bootstrapping
    }

    /// Words of the key switching key.
    #[must_use]
    pub const fn keyswitch(&self) -> &KeyswitchKey {
        &self.keyswitch
    }

    /// Bytes of both keys as they are uploaded.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bootstrapping.len() * layout::WORD_BYTES
            + self.keyswitch.words().len() * (self.parameters.keyswitch_modulus.word_bits() / 8)
    }

    /// True when key switching ends in 32-bit words.
    #[must_use]
    pub const fn is_keyswitch32(&self) -> bool {
        matches!(
            self.parameters.keyswitch_modulus,
            KeyswitchModulus::PowerOfTwo32 { .. }
        )
    }
}

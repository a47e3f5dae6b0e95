//! The parameters of one "key switch, then programmable bootstrap" (KS + PBS), and their validity.
//!
//! Notation as in Chillotti et al., "TFHE: Fast Fully Homomorphic Encryption over the Torus"
//! (J. Cryptology 2020): a *big* LWE ciphertext has dimension `k*N`, the *small* one dimension `n`.
//! All ciphertext words are integers mod 2^64; the key switch may end in a smaller power of two.

use serde::{Deserialize, Serialize};
use thiserror::Error;

macro_rules! dimension {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub usize);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

dimension!(
    /// Number of mask words of an LWE ciphertext (which has one word more, its body).
    LweDimension
);
dimension!(
    /// Number of mask polynomials `k` of a GLWE ciphertext (which has one polynomial more).
    GlweDimension
);
dimension!(
    /// Number of coefficients `N` of a polynomial mod `X^N + 1`; a power of two.
    PolynomialSize
);
dimension!(
    /// Base-2 logarithm of a gadget decomposition's base.
    DecompositionBaseLog
);
dimension!(
    /// Number of digits of a gadget decomposition.
    DecompositionLevelCount
);

/// A signed gadget decomposition: `level_count` balanced digits in base `2^base_log`, of the
/// `base_log * level_count` most significant bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decomposition {
    /// Base-2 logarithm of the base.
    pub base_log: DecompositionBaseLog,
    /// Number of digits.
    pub level_count: DecompositionLevelCount,
}

impl Decomposition {
    /// `base_log` bits a digit, `level_count` digits.
    #[must_use]
    pub const fn new(base_log: usize, level_count: usize) -> Self {
        Self {
            base_log: DecompositionBaseLog(base_log),
            level_count: DecompositionLevelCount(level_count),
        }
    }

    /// Bits of the input that the digits represent.
    #[must_use]
    pub const fn represented_bits(&self) -> usize {
        self.base_log.0.saturating_mul(self.level_count.0)
    }
}

/// The modulus that the key switch ends in. Moduli below the word's are kept in the word's most
/// significant bits, as tfhe-rs does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyswitchModulus {
    /// 2^64, 64-bit words: tfhe-rs' standard atomic pattern.
    Native64,
    /// `2^log2` in 32-bit words: tfhe-rs' `KeySwitch32` atomic pattern (`log2` from 1 to 32).
    PowerOfTwo32 {
        /// Base-2 logarithm of the modulus.
        log2: u32,
    },
}

impl KeyswitchModulus {
    /// Bits of one word of the key switching key and of the switched ciphertext.
    #[must_use]
    pub const fn word_bits(&self) -> usize {
        match self {
            Self::Native64 => 64,
            Self::PowerOfTwo32 { .. } => 32,
        }
    }
}

/// How the small ciphertext is switched from the key switch's modulus to `2N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModulusSwitch {
    /// Every word rounded to the nearest multiple of `2^w / 2N`.
    Standard,
    /// As `Standard`, after the expected rounding error of the mask (for a binary key) was taken
    /// off the body: tfhe-rs' `CenteredMeanNoiseReduction`.
    CenteredMeanNoiseReduction,
}

/// A noise distribution, in units of the ciphertext word's least significant bit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseDistribution {
    /// Uniform over `[-2^bound_log2, 2^bound_log2]`, the two ends with half weight; scaled by
    /// the key switch's modulus where that is below the word's.
    TUniform {
        /// Base-2 logarithm of the bound.
        bound_log2: u32,
    },
}

/// One complete set of cryptographic parameters.
///
/// Deserialising validates; a value built by hand is checked with [`ParameterSet::validate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedParameterSet", into = "UncheckedParameterSet")]
pub struct ParameterSet {
    /// tfhe-rs' name, or one that starts with `INSECURE_`.
    pub name: String,
    /// `n`, the small LWE dimension: iterations of the blind rotation.
    pub lwe_dimension: LweDimension,
    /// `k`, mask polynomials of the accumulator.
    pub glwe_dimension: GlweDimension,
    /// `N`, coefficients of a polynomial.
    pub polynomial_size: PolynomialSize,
    /// Gadget of the bootstrapping key.
    pub pbs: Decomposition,
    /// Gadget of the key switching key.
    pub keyswitch: Decomposition,
    /// Modulus that the key switch ends in.
    pub keyswitch_modulus: KeyswitchModulus,
    /// Switch to `2N`.
    pub modulus_switch: ModulusSwitch,
    /// Noise of the small key's encryptions (key switching key), in units of the key switch's
    /// modulus.
    pub lwe_noise: NoiseDistribution,
    /// Noise of the GLWE encryptions (bootstrapping key, fresh ciphertexts), mod 2^64.
    pub glwe_noise: NoiseDistribution,
    /// Number of messages in the message part of a tfhe-rs ciphertext.
    pub message_modulus: u64,
    /// Number of messages in the carry part.
    pub carry_modulus: u64,
    /// Largest noise level tfhe-rs allows before a bootstrap.
    pub max_noise_level: u64,
    /// Base-2 logarithm of the failure probability of one KS + PBS on tfhe-rs messages.
    pub log2_p_fail: f64,
}

/// What is wrong with a parameter set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParameterError {
    /// A field is outside the range that Gyrus supports.
    #[error("parameter set '{set}': {field} = {value} is outside {range}")]
    OutOfRange {
        /// Name of the set.
        set: String,
        /// Field at fault.
        field: &'static str,
        /// Its value.
        value: u64,
        /// Accepted values.
        range: &'static str,
    },
    /// The name is neither in the catalogue nor marked insecure.
    #[error(
        "parameter set '{0}' is not one that Gyrus knows; \
         sets of your own must be named INSECURE_... and need --insecure-parameters"
    )]
    Unknown(String),
    /// The name is in the catalogue, with other values.
    #[error("parameter set '{0}' does not have the values that this name stands for")]
    Altered(String),
    /// An insecure set, without the explicit permission to use it.
    #[error("parameter set '{0}' is insecure: refused without --insecure-parameters (tests only)")]
    Insecure(String),
}

/// Range of `N` that all backends are built for.
pub const POLYNOMIAL_SIZE_RANGE: std::ops::RangeInclusive<usize> = 256..=4096;
/// Prefix of sets that protect nothing and exist for tests.
pub const INSECURE_PREFIX: &str = "INSECURE_";

impl ParameterSet {
    /// Dimension `k*N` of the ciphertexts that go in and come out.
    #[must_use]
    pub const fn big_lwe_dimension(&self) -> LweDimension {
        LweDimension(self.glwe_dimension.0 * self.polynomial_size.0)
    }

    /// Words of a big LWE ciphertext: `k*N + 1`.
    #[must_use]
    pub const fn big_lwe_size(&self) -> usize {
        self.big_lwe_dimension().0 + 1
    }

    /// Words of a small LWE ciphertext: `n + 1`.
    #[must_use]
    pub const fn small_lwe_size(&self) -> usize {
        self.lwe_dimension.0 + 1
    }

    /// Polynomials of a GLWE ciphertext: `k + 1`.
    #[must_use]
    pub const fn glwe_size(&self) -> usize {
        self.glwe_dimension.0 + 1
    }

    /// `log2(2N)`: bits of a modulus-switched word.
    #[must_use]
    pub const fn log2_two_n(&self) -> u32 {
        self.polynomial_size.0.ilog2() + 1
    }

    /// True when the name says that the set protects nothing.
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.name.starts_with(INSECURE_PREFIX)
    }

    /// Checks every field against what all backends support.
    ///
    /// # Errors
    /// [`ParameterError::OutOfRange`] names the first field at fault.
    pub fn validate(&self) -> Result<(), ParameterError> {
        let check = |ok: bool, field, value: usize, range| {
            if ok {
                Ok(())
            } else {
                Err(ParameterError::OutOfRange {
                    set: self.name.clone(),
                    field,
                    value: value as u64,
                    range,
                })
            }
        };
        let (n, k, size) = (
            self.lwe_dimension.0,
            self.glwe_dimension.0,
            self.polynomial_size.0,
        );
        check((1..=4096).contains(&n), "lwe_dimension", n, "1..=4096")?;
        check((1..=2).contains(&k), "glwe_dimension", k, "1..=2")?;
        check(
            POLYNOMIAL_SIZE_RANGE.contains(&size) && size.is_power_of_two(),
            "polynomial_size",
            size,
            "the powers of two 256..=4096",
        )?;
        let level = self.pbs.level_count.0;
        check((1..=3).contains(&level), "pbs.level_count", level, "1..=3")?;
        let base = self.pbs.base_log.0;
        check((1..=31).contains(&base), "pbs.base_log", base, "1..=31")?;
        let bits = self.pbs.represented_bits();
        check(bits <= 62, "pbs.base_log * pbs.level_count", bits, "1..=62")?;
        let base = self.keyswitch.base_log.0;
        check(
            (1..=16).contains(&base),
            "keyswitch.base_log",
            base,
            "1..=16",
        )?;
        let level = self.keyswitch.level_count.0;
        check(
            (1..=16).contains(&level),
            "keyswitch.level_count",
            level,
            "1..=16",
        )?;
        let bits = self.keyswitch.represented_bits();
        check(
            bits <= 31,
            "keyswitch.base_log * keyswitch.level_count",
            bits,
            "1..=31",
        )?;
        if let KeyswitchModulus::PowerOfTwo32 { log2 } = self.keyswitch_modulus {
            // The switch to 2N rounds, so it needs a bit below the ones it keeps.
            let least = self.log2_two_n() + 1;
            check(
                (least..=32).contains(&log2),
                "keyswitch_modulus",
                log2 as usize,
                "2^(log2(2N)+1)..=2^32",
            )?;
        }
        for (field, NoiseDistribution::TUniform { bound_log2 }, range) in [
            ("lwe_noise", self.lwe_noise, "0..=60"),
            ("glwe_noise", self.glwe_noise, "0..=60"),
        ] {
            check(bound_log2 <= 60, field, bound_log2 as usize, range)?;
        }
        let space = self.message_modulus.saturating_mul(self.carry_modulus);
        check(
            self.message_modulus >= 2
                && self.carry_modulus >= 1
                && space.is_power_of_two()
                && space <= size as u64,
            "message_modulus * carry_modulus",
            usize::try_from(space).unwrap_or(usize::MAX),
            "the powers of two 2..=N",
        )
    }

    /// Decides whether this set may be used: catalogue sets always, `INSECURE_` ones only when
    /// `allow_insecure`, anything else never.
    ///
    /// # Errors
    /// Says which of the rules was broken.
    pub fn admit(&self, allow_insecure: bool) -> Result<(), ParameterError> {
        self.validate()?;
        if self.is_insecure() {
            return if allow_insecure {
                Ok(())
            } else {
                Err(ParameterError::Insecure(self.name.clone()))
            };
        }
        match crate::catalogue::find(&self.name) {
            None => Err(ParameterError::Unknown(self.name.clone())),
            Some(known) if known == *self => Ok(()),
            Some(_) => Err(ParameterError::Altered(self.name.clone())),
        }
    }
}

/// Mirror of [`ParameterSet`] that serde fills before the check.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedParameterSet {
    name: String,
    lwe_dimension: LweDimension,
    glwe_dimension: GlweDimension,
    polynomial_size: PolynomialSize,
    pbs: Decomposition,
    keyswitch: Decomposition,
    keyswitch_modulus: KeyswitchModulus,
    modulus_switch: ModulusSwitch,
    lwe_noise: NoiseDistribution,
    glwe_noise: NoiseDistribution,
    message_modulus: u64,
    carry_modulus: u64,
    max_noise_level: u64,
    log2_p_fail: f64,
}

macro_rules! convert_fields {
    ($from:expr, $to:ident) => {{
        let set = $from;
        $to {
            name: set.name,
            lwe_dimension: set.lwe_dimension,
            glwe_dimension: set.glwe_dimension,
            polynomial_size: set.polynomial_size,
            pbs: set.pbs,
            keyswitch: set.keyswitch,
            keyswitch_modulus: set.keyswitch_modulus,
            modulus_switch: set.modulus_switch,
            lwe_noise: set.lwe_noise,
            glwe_noise: set.glwe_noise,
            message_modulus: set.message_modulus,
            carry_modulus: set.carry_modulus,
            max_noise_level: set.max_noise_level,
            log2_p_fail: set.log2_p_fail,
        }
    }};
}

impl TryFrom<UncheckedParameterSet> for ParameterSet {
    type Error = ParameterError;

    fn try_from(unchecked: UncheckedParameterSet) -> Result<Self, Self::Error> {
        let set = convert_fields!(unchecked, ParameterSet);
        set.validate()?;
        Ok(set)
    }
}

impl From<ParameterSet> for UncheckedParameterSet {
    fn from(set: ParameterSet) -> Self {
        convert_fields!(set, UncheckedParameterSet)
    }
}

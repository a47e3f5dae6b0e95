//! The named parameter sets, field by field as in tfhe-rs 1.8.2 (`shortint::parameters`).

use crate::params::{
    Decomposition, GlweDimension, KeyswitchModulus, LweDimension, ModulusSwitch, NoiseDistribution,
    ParameterSet, PolynomialSize,
};

/// Name of the primary set: HPU's, 132 bits of security, failure probability 2^-128.
pub const PRIMARY: &str = "V1_7_HPU_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M128";
/// HPU's set with failure probability 2^-64.
pub const HPU_2M64: &str = "V1_7_HPU_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M64";
/// What tfhe-rs 1.8 uses by default on a CPU (`PARAM_MESSAGE_2_CARRY_2_KS_PBS`).
pub const CPU_DEFAULT: &str = "V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128";
/// The CPU default with the 32-bit key switch.
pub const CPU_DEFAULT_KS32: &str = "V1_8_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M128";
/// The primary set with a gadget of two levels: no set of tfhe-rs, but as secure as the primary, whose keys' dimensions
/// and noise it has. A bootstrap takes about twice as long, and what is added to its output is 2^-22 of the torus, not
/// 2^-15: for sums with large weights.
pub const TWO_LEVELS: &str = "GYRUS_KS32_PBS_TUNIFORM_2_LEVELS";
/// A toy set with the primary's structure (centred switch, 2^21 key switch): protects nothing.
pub const TOY: &str = "INSECURE_TOY_N256";

fn two_bit_set(
    name: &str,
    n: usize,
    keyswitch: Decomposition,
    keyswitch_modulus: KeyswitchModulus,
    modulus_switch: ModulusSwitch,
    lwe_bound_log2: u32,
    log2_p_fail: f64,
) -> ParameterSet {
    ParameterSet {
        name: name.to_owned(),
        lwe_dimension: LweDimension(n),
        glwe_dimension: GlweDimension(1),
        polynomial_size: PolynomialSize(2048),
        pbs: Decomposition::new(23, 1),
        keyswitch,
        keyswitch_modulus,
        modulus_switch,
        lwe_noise: NoiseDistribution::TUniform {
            bound_log2: lwe_bound_log2,
        },
        glwe_noise: NoiseDistribution::TUniform { bound_log2: 17 },
        message_modulus: 4,
        carry_modulus: 4,
        max_noise_level: 5,
        log2_p_fail,
    }
}

/// The secure sets of tfhe-rs, the primary one first.
#[must_use]
pub fn secure_sets() -> Vec<ParameterSet> {
    let hpu = KeyswitchModulus::PowerOfTwo32 { log2: 21 };
    let full32 = KeyswitchModulus::PowerOfTwo32 { log2: 32 };
    let centred = ModulusSwitch::CenteredMeanNoiseReduction;
    vec![
        two_bit_set(
            PRIMARY,
            879,
            Decomposition::new(2, 8),
            hpu,
            centred,
            3,
            -128.0,
        ),
        two_bit_set(
            HPU_2M64,
            839,
            Decomposition::new(2, 7),
            hpu,
            ModulusSwitch::Standard,
            4,
            -64.0,
        ),
        two_bit_set(
            CPU_DEFAULT,
            918,
            Decomposition::new(4, 4),
            KeyswitchModulus::Native64,
            centred,
            45,
            -129.581,
        ),
        two_bit_set(
            CPU_DEFAULT_KS32,
            918,
            Decomposition::new(4, 4),
            full32,
            centred,
            13,
            -129.581,
        ),
    ]
}

/// The fields of [`TWO_LEVELS`].
#[must_use]
pub fn two_levels() -> ParameterSet {
    ParameterSet {
        pbs: Decomposition::new(15, 2),
        ..two_bit_set(
            TWO_LEVELS,
            879,
            Decomposition::new(2, 8),
            KeyswitchModulus::PowerOfTwo32 { log2: 21 },
            ModulusSwitch::CenteredMeanNoiseReduction,
            3,
            -128.0,
        )
    }
}

/// The toy set's fields: the primary's structure at a size that tests run through quickly.
#[must_use]
pub fn toy() -> ParameterSet {
    ParameterSet {
        lwe_dimension: LweDimension(32),
        polynomial_size: PolynomialSize(256),
        ..two_bit_set(
            TOY,
            32,
            Decomposition::new(4, 4),
            KeyswitchModulus::PowerOfTwo32 { log2: 21 },
            ModulusSwitch::CenteredMeanNoiseReduction,
            1,
            0.0,
        )
    }
}

/// All sets: those of tfhe-rs, the primary one first, then this project's.
#[must_use]
pub fn all_sets() -> Vec<ParameterSet> {
    let own = [two_levels(), toy()];
    secure_sets().into_iter().chain(own).collect()
}

/// The set of that name, secure or toy.
#[must_use]
pub fn find(name: &str) -> Option<ParameterSet> {
    all_sets().into_iter().find(|set| set.name == name)
}

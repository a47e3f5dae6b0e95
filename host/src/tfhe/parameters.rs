//! Parameter sets of Gyrus and of tfhe-rs, in both directions.

use super::ImportError;
use gyrus_interface::params::NoiseDistribution;
use gyrus_interface::{KeyswitchModulus, ModulusSwitch, ParameterError, ParameterSet, catalogue};
use tfhe::core_crypto::prelude::{
    CiphertextModulus, DecompositionBaseLog, DecompositionLevelCount, DynamicDistribution,
    EncryptionKeyChoice, GlweDimension, LweDimension, PolynomialSize, UnsignedInteger,
};
use tfhe::shortint::atomic_pattern::AtomicPatternParameters;
use tfhe::shortint::parameters::{KeySwitch32PBSParameters, ModulusSwitchType};
use tfhe::shortint::{
    CarryModulus, ClassicPBSParameters, ClientKey, MaxNoiseLevel, MessageModulus,
};

/// The tfhe-rs parameters of `set`: `KeySwitch32` where the key switch ends in 32-bit words, else
/// `Standard` with the key switch before the bootstrap. Client keys are made from these.
///
/// # Errors
/// `set` is out of the range that Gyrus and tfhe-rs support.
pub fn to_tfhe(set: &ParameterSet) -> Result<AtomicPatternParameters, ParameterError> {
    set.validate()?;
    let glwe_noise_distribution = noise::<u64>(set, "glwe_noise", set.glwe_noise)?;
    let modulus_switch_noise_reduction_params = match set.modulus_switch {
        ModulusSwitch::Standard => ModulusSwitchType::Standard,
        ModulusSwitch::CenteredMeanNoiseReduction => ModulusSwitchType::CenteredMeanNoiseReduction,
    };
    let lwe_dimension = LweDimension(set.lwe_dimension.0);
    let glwe_dimension = GlweDimension(set.glwe_dimension.0);
    let polynomial_size = PolynomialSize(set.polynomial_size.0);
    let pbs_base_log = DecompositionBaseLog(set.pbs.base_log.0);
    let pbs_level = DecompositionLevelCount(set.pbs.level_count.0);
    let ks_base_log = DecompositionBaseLog(set.keyswitch.base_log.0);
    let ks_level = DecompositionLevelCount(set.keyswitch.level_count.0);
    let message_modulus = MessageModulus(set.message_modulus);
    let carry_modulus = CarryModulus(set.carry_modulus);
    let max_noise_level = MaxNoiseLevel::new(set.max_noise_level);
    let ciphertext_modulus = CiphertextModulus::new_native();
    let log2_p_fail = set.log2_p_fail;
    Ok(match set.keyswitch_modulus {
        KeyswitchModulus::Native64 => ClassicPBSParameters {
            lwe_dimension,
            glwe_dimension,
            polynomial_size,
            lwe_noise_distribution: noise::<u64>(set, "lwe_noise", set.lwe_noise)?,
            glwe_noise_distribution,
            pbs_base_log,
            pbs_level,
            ks_base_log,
            ks_level,
            message_modulus,
            carry_modulus,
            max_noise_level,
            log2_p_fail,
            ciphertext_modulus,
            encryption_key_choice: EncryptionKeyChoice::Big,
            modulus_switch_noise_reduction_params,
        }
        .into(),
        KeyswitchModulus::PowerOfTwo32 { log2 } => KeySwitch32PBSParameters {
            lwe_dimension,
            glwe_dimension,
            polynomial_size,
            lwe_noise_distribution: noise::<u32>(set, "lwe_noise", set.lwe_noise)?,
            glwe_noise_distribution,
            pbs_base_log,
            pbs_level,
            ks_base_log,
            ks_level,
            message_modulus,
            carry_modulus,
            max_noise_level,
            log2_p_fail,
            post_keyswitch_ciphertext_modulus: modulus32(set, log2)?,
            ciphertext_modulus,
            modulus_switch_noise_reduction_params,
        }
        .into(),
    })
}

fn noise<Word: UnsignedInteger>(
    set: &ParameterSet,
    field: &'static str,
    distribution: NoiseDistribution,
) -> Result<DynamicDistribution<Word>, ParameterError> {
    let NoiseDistribution::TUniform { bound_log2 } = distribution;
    DynamicDistribution::try_new_t_uniform(bound_log2).map_err(|_| ParameterError::OutOfRange {
        set: set.name.clone(),
        field,
        value: u64::from(bound_log2),
        range: "0..=word bits - 2",
    })
}

fn modulus32(set: &ParameterSet, log2: u32) -> Result<CiphertextModulus<u32>, ParameterError> {
    CiphertextModulus::try_new_power_of_2(log2 as usize).map_err(|_| ParameterError::OutOfRange {
        set: set.name.clone(),
        field: "keyswitch_modulus",
        value: u64::from(log2),
        range: "2^1..=2^32",
    })
}

/// The catalogue set, toy included, that these tfhe-rs parameters are, in every field.
///
/// # Errors
/// [`ImportError::UnknownParameters`] when there is none.
pub fn from_tfhe(parameters: AtomicPatternParameters) -> Result<ParameterSet, ImportError> {
    known_sets()
        .find(|set| to_tfhe(set) == Ok(parameters))
        .ok_or_else(|| ImportError::UnknownParameters(format!("{parameters:?}")))
}

/// The catalogue set that `client` was made for.
///
/// # Errors
/// [`ImportError::UnknownParameters`] when it is for none of them.
pub fn client_parameters(client: &ClientKey) -> Result<ParameterSet, ImportError> {
    let parameters = client.parameters();
    match parameters.ap_parameters() {
        Some(parameters) => from_tfhe(parameters),
        None => Err(ImportError::UnknownParameters("a WoP-PBS key".to_owned())),
    }
}

/// Every set with a name, secure ones first, the toy set last.
pub(super) fn known_sets() -> impl Iterator<Item = ParameterSet> {
    catalogue::all_sets().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfhe::shortint::parameters::v1_8::{
        V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128,
        V1_8_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M128,
    };
    use tfhe::shortint::parameters::{
        PARAM_MESSAGE_2_CARRY_2_KS_PBS, PARAM_MESSAGE_3_CARRY_3_KS_PBS_GAUSSIAN_2M128,
    };

    fn find(name: &str) -> ParameterSet {
        catalogue::find(name).expect("in the catalogue")
    }

    #[test]
    fn default_sets_equal_the_constants_of_tfhe() {
        assert_eq!(
            to_tfhe(&find(catalogue::CPU_DEFAULT)),
            Ok(V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128.into())
        );
        assert_eq!(
            to_tfhe(&find(catalogue::CPU_DEFAULT_KS32)),
            Ok(V1_8_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M128.into())
        );
        assert_eq!(
            from_tfhe(PARAM_MESSAGE_2_CARRY_2_KS_PBS.into())
                .map(|set| set.name)
                .as_deref(),
            Ok(catalogue::CPU_DEFAULT)
        );
    }

    /// tfhe-rs has the HPU sets only behind its feature `hpu`; these are the fields of
    /// `shortint/parameters/v1_7/hpu.rs` in 1.8.2.
    #[test]
    fn hpu_sets_have_the_fields_of_tfhe() {
        let expected = KeySwitch32PBSParameters {
            lwe_dimension: LweDimension(879),
            glwe_dimension: GlweDimension(1),
            polynomial_size: PolynomialSize(2048),
            lwe_noise_distribution: DynamicDistribution::new_t_uniform(3),
            glwe_noise_distribution: DynamicDistribution::new_t_uniform(17),
            pbs_base_log: DecompositionBaseLog(23),
            pbs_level: DecompositionLevelCount(1),
            ks_base_log: DecompositionBaseLog(2),
            ks_level: DecompositionLevelCount(8),
            message_modulus: MessageModulus(4),
            carry_modulus: CarryModulus(4),
            max_noise_level: MaxNoiseLevel::new(5),
            log2_p_fail: -128.0,
            post_keyswitch_ciphertext_modulus: CiphertextModulus::new(1 << 21),
            ciphertext_modulus: CiphertextModulus::new_native(),
            modulus_switch_noise_reduction_params: ModulusSwitchType::CenteredMeanNoiseReduction,
        };
        assert_eq!(to_tfhe(&find(catalogue::PRIMARY)), Ok(expected.into()));
        let expected = KeySwitch32PBSParameters {
            lwe_dimension: LweDimension(839),
            lwe_noise_distribution: DynamicDistribution::new_t_uniform(4),
            ks_level: DecompositionLevelCount(7),
            log2_p_fail: -64.0,
            modulus_switch_noise_reduction_params: ModulusSwitchType::Standard,
            ..expected
        };
        assert_eq!(to_tfhe(&find(catalogue::HPU_2M64)), Ok(expected.into()));
    }

    #[test]
    fn every_known_set_is_found_again() {
        for set in known_sets() {
            let parameters = to_tfhe(&set).expect("a tfhe-rs set");
            assert_eq!(from_tfhe(parameters), Ok(set));
        }
    }

    #[test]
    fn a_set_that_tfhe_cannot_take_is_refused() {
        let mut set = find(catalogue::PRIMARY);
        set.lwe_noise = NoiseDistribution::TUniform { bound_log2: 31 };
        assert!(matches!(
            to_tfhe(&set),
            Err(ParameterError::OutOfRange {
                field: "lwe_noise",
                value: 31,
                ..
            })
        ));
        set.polynomial_size.0 = 1000;
        assert!(to_tfhe(&set).is_err());
    }

    #[test]
    fn parameters_out_of_the_catalogue_are_unknown() {
        let mut parameters = V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128;
        parameters.lwe_dimension = LweDimension(917);
        assert!(matches!(
            from_tfhe(parameters.into()),
            Err(ImportError::UnknownParameters(_))
        ));
        assert!(from_tfhe(PARAM_MESSAGE_3_CARRY_3_KS_PBS_GAUSSIAN_2M128.into()).is_err());
    }
}

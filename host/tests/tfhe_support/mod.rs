//! tfhe-rs' core functions behind the word layout of Gyrus: the reference of the bit-exactness
//! tests. Nothing here uses Gyrus' arithmetic.

pub(crate) mod cases;

use gyrus::key::KeyswitchKey;
use gyrus_interface::{KeyswitchModulus, ModulusSwitch, ParameterSet, layout};
use gyrus_sim::model::SmallLwe;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tfhe::core_crypto::prelude::*;

/// q = 2^64 - 2^32 + 1.
pub(crate) const NTT_MODULUS: u128 = (1 << 64) - (1 << 32) + 1;

/// Reproducible uniform words.
pub(crate) struct Source(ChaCha8Rng);

impl Source {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(limit)) >> 32) as u32
    }

    pub(crate) fn words(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.word()).collect()
    }

    /// Uniform keys of the shape of `set`. Encryptions are uniform words, and no step of the
    /// evaluation treats others differently.
    pub(crate) fn keys(&mut self, set: &ParameterSet) -> (Vec<u64>, KeyswitchKey) {
        let bootstrapping = self.words(layout::bootstrapping_key_words(set));
        let count = layout::keyswitch_key_words(set);
        let keyswitch = match set.keyswitch_modulus {
            KeyswitchModulus::Native64 => KeyswitchKey::U64(self.words(count)),
            KeyswitchModulus::PowerOfTwo32 { log2 } => {
                // A modulus below 2^32 sits in the most significant bits.
                let mask = u32::MAX << (32 - log2);
                KeyswitchKey::U32((0..count).map(|_| self.word() as u32 & mask).collect())
            }
        };
        (bootstrapping, keyswitch)
    }
}

enum Ksk {
    U64(LweKeyswitchKeyOwned<u64>),
    U32(LweKeyswitchKeyOwned<u32>),
}

/// The keys of one parameter set in tfhe-rs' types.
pub(crate) struct Reference {
    set: ParameterSet,
    bsk: NttLweBootstrapKeyOwned<u64>,
    ksk: Ksk,
}

/// Any words mod 2N as input of tfhe-rs' blind rotation.
struct Switched<'a> {
    words: &'a [u32],
    log2: usize,
}

impl ModulusSwitchedLweCiphertext<usize> for Switched<'_> {
    fn log_modulus(&self) -> CiphertextModulusLog {
        CiphertextModulusLog(self.log2)
    }
    fn lwe_dimension(&self) -> LweDimension {
        LweDimension(self.words.len() - 1)
    }
    fn body(&self) -> usize {
        self.words[self.words.len() - 1] as usize
    }
    fn mask(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.words[..self.words.len() - 1]
            .iter()
            .map(|&word| word as usize)
    }
}

impl Reference {
    pub(crate) fn new(set: &ParameterSet, bootstrapping: &[u64], keyswitch: &KeyswitchKey) -> Self {
        let standard = standard_key(set, bootstrapping);
        let mut bsk = NttLweBootstrapKey::new(
            0,
            standard.input_lwe_dimension(),
            standard.glwe_size(),
            standard.polynomial_size(),
            standard.decomposition_base_log(),
            standard.decomposition_level_count(),
            CiphertextModulus::new(NTT_MODULUS),
        );
        // Not normalised: the BNF functions divide by N on the way back.
        par_convert_standard_lwe_bootstrap_key_to_ntt64(
            &standard,
            &mut bsk,
            NttLweBootstrapKeyOption::Raw,
        );
        let (base_log, levels) = (
            DecompositionBaseLog(set.keyswitch.base_log.0),
            DecompositionLevelCount(set.keyswitch.level_count.0),
        );
        let size = LweSize(set.small_lwe_size());
        let ksk = match keyswitch {
            KeyswitchKey::U64(words) => Ksk::U64(LweKeyswitchKey::from_container(
                words.clone(),
                base_log,
                levels,
                size,
                CiphertextModulus::new_native(),
            )),
            KeyswitchKey::U32(words) => Ksk::U32(LweKeyswitchKey::from_container(
                words.clone(),
                base_log,
                levels,
                size,
                modulus32(set),
            )),
        };
        Self {
            set: set.clone(),
            bsk,
            ksk,
        }
    }

    pub(crate) fn keyswitch(&self, input: &[u64]) -> SmallLwe {
        let input = LweCiphertext::from_container(input, CiphertextModulus::new_native());
        let size = LweSize(self.set.small_lwe_size());
        match &self.ksk {
            Ksk::U64(ksk) => {
                let mut small = LweCiphertext::new(0u64, size, CiphertextModulus::new_native());
                keyswitch_lwe_ciphertext(ksk, &input, &mut small);
                SmallLwe::U64(small.into_container())
            }
            Ksk::U32(ksk) => {
                let mut small = LweCiphertext::new(0u32, size, modulus32(&self.set));
                keyswitch_lwe_ciphertext_with_scalar_change(ksk, &input, &mut small);
                SmallLwe::U32(small.into_container())
            }
        }
    }

    pub(crate) fn modulus_switch(&self, small: &SmallLwe) -> Vec<u32> {
        modulus_switch(&self.set, self.set.modulus_switch, small)
    }

    pub(crate) fn blind_rotate(&self, switched: &[u32], accumulator: &mut [u64]) {
        let mut glwe = GlweCiphertext::from_container(
            accumulator,
            PolynomialSize(self.set.polynomial_size.0),
            CiphertextModulus::new_native(),
        );
        let log2 = self.set.log2_two_n() as usize;
        blind_rotate_ntt64_bnf_assign(
            &Switched {
                words: switched,
                log2,
            },
            &mut glwe,
            &self.bsk,
        );
    }

    pub(crate) fn sample_extract(&self, accumulator: &[u64], degree: usize) -> Vec<u64> {
        sample_extract(&self.set, accumulator, degree)
    }

    /// All of it: `samples` ciphertexts, one after the other.
    pub(crate) fn keyswitch_bootstrap(
        &self,
        input: &[u64],
        lut: &[u64],
        samples: usize,
        stride: usize,
    ) -> Vec<u64> {
        let mut accumulator = trivial(&self.set, lut);
        let switched = self.modulus_switch(&self.keyswitch(input));
        self.blind_rotate(&switched, &mut accumulator);
        (0..samples)
            .flat_map(|j| self.sample_extract(&accumulator, j * stride))
            .collect()
    }

    /// tfhe-rs' one-call bootstrap of a small ciphertext mod 2^64, with the standard switch.
    pub(crate) fn bootstrap_in_one_call(&self, small: &[u64], lut: &[u64]) -> Vec<u64> {
        let native = CiphertextModulus::new_native();
        let accumulator = GlweCiphertext::from_container(
            trivial(&self.set, lut),
            PolynomialSize(self.set.polynomial_size.0),
            native,
        );
        let mut output = LweCiphertext::new(0, LweSize(self.set.big_lwe_size()), native);
        programmable_bootstrap_ntt64_bnf_lwe_ciphertext(
            &LweCiphertext::from_container(small, native),
            &mut output,
            &accumulator,
            &self.bsk,
        );
        output.into_container()
    }
}

/// A bootstrapping key of tfhe-rs from words in Gyrus' layout.
pub(crate) fn standard_key<'a>(set: &ParameterSet, words: &'a [u64]) -> LweBootstrapKey<&'a [u64]> {
    LweBootstrapKey::from_container(
        words,
        GlweSize(set.glwe_size()),
        PolynomialSize(set.polynomial_size.0),
        DecompositionBaseLog(set.pbs.base_log.0),
        DecompositionLevelCount(set.pbs.level_count.0),
        CiphertextModulus::new_native(),
    )
}

pub(crate) fn modulus32(set: &ParameterSet) -> CiphertextModulus<u32> {
    match set.keyswitch_modulus {
        KeyswitchModulus::PowerOfTwo32 { log2 } => CiphertextModulus::new(1 << log2),
        KeyswitchModulus::Native64 => unreachable!("not a 32-bit set"),
    }
}

/// The trivial GLWE ciphertext with this body.
pub(crate) fn trivial(set: &ParameterSet, lut: &[u64]) -> Vec<u64> {
    let mut glwe = vec![0; set.big_lwe_dimension().0];
    glwe.extend_from_slice(lut);
    glwe
}

pub(crate) fn sample_extract(set: &ParameterSet, accumulator: &[u64], degree: usize) -> Vec<u64> {
    let native = CiphertextModulus::new_native();
    let glwe =
        GlweCiphertext::from_container(accumulator, PolynomialSize(set.polynomial_size.0), native);
    let mut output = LweCiphertext::new(0, LweSize(set.big_lwe_size()), native);
    extract_lwe_sample_from_glwe_ciphertext(&glwe, &mut output, MonomialDegree(degree));
    output.into_container()
}

/// tfhe-rs' modulus switch in the small ciphertext's own word.
pub(crate) fn modulus_switch(
    set: &ParameterSet,
    mode: ModulusSwitch,
    small: &SmallLwe,
) -> Vec<u32> {
    fn switch<Word>(words: &[Word], mode: ModulusSwitch, log2: CiphertextModulusLog) -> Vec<u32>
    where
        Word: UnsignedInteger + CastInto<u64>,
    {
        let lwe = LweCiphertext::from_container(words, CiphertextModulus::new_native());
        let switched = match mode {
            ModulusSwitch::Standard => lwe_ciphertext_modulus_switch::<Word, u64, _>(lwe, log2),
            ModulusSwitch::CenteredMeanNoiseReduction => {
                lwe_ciphertext_centered_binary_modulus_switch::<Word, u64, _>(lwe, log2)
            }
        };
        switched
            .mask()
            .chain([switched.body()])
            .map(|word| word as u32)
            .collect()
    }
    let log2 = CiphertextModulusLog(set.log2_two_n() as usize);
    match small {
        SmallLwe::U64(words) => switch(words, mode, log2),
        // The tests' 32-bit words fill their modulus from the top, so the word's own will do.
        SmallLwe::U32(words) => switch(words, mode, log2),
    }
}

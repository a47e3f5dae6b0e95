//! Shared by the tests: keys of uniform words (valid, if meaningless, evaluation keys) at toy size.

use gyrus::interface::{KeyswitchModulus, ParameterSet, catalogue, layout};
use gyrus::key::{EvaluationKey, KeyswitchKey};
use gyrus_sim::model::{Batch, Engine, Kernel};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn words(rng: &mut impl Rng, count: usize) -> Vec<u64> {
    (0..count).map(|_| rng.next_u64()).collect()
}

pub(crate) fn toy_key(seed: u64) -> Arc<EvaluationKey> {
    random_key(catalogue::toy(), seed)
}

pub(crate) fn random_key(set: ParameterSet, seed: u64) -> Arc<EvaluationKey> {
    key_of(set, &mut rng(seed))
}

pub(crate) fn key_of(set: ParameterSet, rng: &mut impl Rng) -> Arc<EvaluationKey> {
    let bootstrapping = words(rng, layout::bootstrapping_key_words(&set));
    let count = layout::keyswitch_key_words(&set);
    let keyswitch = match set.keyswitch_modulus {
        KeyswitchModulus::Native64 => KeyswitchKey::U64(words(rng, count)),
        KeyswitchModulus::PowerOfTwo32 { log2 } => KeyswitchKey::U32(
            (0..count)
                .map(|_| rng.next_u32() >> (32 - log2) << (32 - log2))
                .collect(),
        ),
    };
    Arc::new(EvaluationKey::new(set, bootstrapping, keyswitch).unwrap())
}

/// The same run, straight on the reference kernel, one ciphertext at a time.
pub(crate) fn expected(
    key: &EvaluationKey,
    input: &[u64],
    lut: &[u64],
    samples: usize,
    stride: usize,
) -> Vec<u64> {
    let engine = Engine::new(Some(std::num::NonZeroUsize::MIN), Kernel::Reference).unwrap();
    let prepared = engine
        .prepare_key(
            key.parameters(),
            key.bootstrapping(),
            key.keyswitch().words(),
        )
        .unwrap();
    let mut outputs = vec![0; samples * key.parameters().big_lwe_size()];
    let batch = Batch {
        inputs: input,
        luts: &[lut],
        samples,
        stride,
    };
    engine
        .keyswitch_bootstrap(&prepared, batch, &mut outputs, &AtomicBool::new(false))
        .unwrap();
    outputs
}

//! A batch at production size whose key is made in no time, even on an emulated processor: to read and expand a
//! key of tfhe-rs takes that ten seconds and more. The outputs are computed outside.

use super::common::{expected, key_of, words};
use super::driver::Job;
use crate::payload::{DIRECTORY, PRODUCTION};
use gyrus::interface::{catalogue, layout};
use gyrus::key::EvaluationKey;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Ciphertexts.
const COUNT: usize = 2;

/// The key, a table and ciphertexts: the same words outside and in the guest.
fn parts() -> (Arc<EvaluationKey>, Vec<u64>, Vec<u64>) {
    let mut rng = SmallRng::seed_from_u64(6);
    let set = catalogue::find(catalogue::PRIMARY).unwrap();
    let table = words(&mut rng, layout::lut_words(&set));
    let inputs = words(&mut rng, COUNT * set.big_lwe_size());
    (key_of(set, &mut rng), table, inputs)
}

/// What comes out, of the engine: little-endian words.
pub(crate) fn outputs() -> Vec<u8> {
    let (key, table, inputs) = parts();
    let inputs = inputs.chunks(key.parameters().big_lwe_size());
    let outputs = inputs.flat_map(|input| expected(&key, input, &table, 1, 0));
    outputs.flat_map(u64::to_le_bytes).collect()
}

/// The batch.
pub(super) fn job() -> io::Result<Job> {
    let (key, table, inputs) = parts();
    let bytes = std::fs::read(Path::new(DIRECTORY).join(PRODUCTION))?;
    let (outputs, _) = bytes.as_chunks();
    Ok(Job {
        key,
        table,
        inputs,
        outputs: outputs
            .iter()
            .map(|word| u64::from_le_bytes(*word))
            .collect(),
    })
}

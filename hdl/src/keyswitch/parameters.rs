//! How wide a key switch has to be so that it is never what a core waits for.

use super::{MAX_ROWS, steps::LEAST_STEPS};
use crate::blind_rotate::{BuildError, CoreParameters};
use crate::key_store::MOST_BEAT_WORDS;
use gyrus_interface::keyswitch_rows::beats_of_level;
use gyrus_interface::{ParameterSet, secure_sets};

/// Cycles at both ends of a pass over the key.
const ENDS: usize = 32;

/// Cycles from one batch of `ciphertexts` to the next: they are loaded, a word a cycle, and the key
/// passes by, a beat of `key_words` a cycle. The results go out beside the loading.
#[must_use]
pub fn batch_cycles(set: &ParameterSet, ciphertexts: usize, key_words: usize) -> usize {
    let rows = set.big_lwe_dimension().0;
    let steps = beats_of_level(set, key_words).max(LEAST_STEPS as usize);
    ciphertexts * (rows + 1) + rows * set.keyswitch.level_count.0 * steps + ENDS
}

/// The narrowest beat with which, for every secure set that the core can rotate, a full batch is
/// switched in the time in which the core rotates one; the widest there is if none is.
///
/// # Errors
/// [`BuildError`] for lanes or sizes that there are not.
pub fn key_words(core: &CoreParameters) -> Result<usize, BuildError> {
    let shape = core.shape()?;
    let sets: Vec<ParameterSet> = secure_sets()
        .into_iter()
        .filter(|set| set.big_lwe_dimension().0 <= MAX_ROWS)
        .collect();
    let in_time = |words: &usize| {
        sets.iter().all(|set| {
            let log2_n = set.polynomial_size.0.ilog2() as usize;
            let turns = set.lwe_dimension.0 * set.pbs.level_count.0;
            let rotation = core.slots * turns * shape.pass_cycles(log2_n);
            batch_cycles(set, core.slots, *words) <= rotation
        })
    };
    Ok((1..=MOST_BEAT_WORDS)
        .find(in_time)
        .unwrap_or(MOST_BEAT_WORDS))
}

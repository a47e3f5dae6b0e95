//! The key switch by its definition, and the checks of its arguments.

use gyrus_interface::ParameterSet;
use gyrus_interface::layout::{KeyswitchKeyWords, keyswitch_key_words};

use super::super::decompose::Gadget;
use super::super::error::{ModelError, check_shape};
use super::super::modulus_switch::SmallLwe;
use super::Word;

/// The key switch by its definition, on a key's words in the order of
/// [`gyrus_interface::layout`]. `input` is an LWE ciphertext of `k*N + 1` words mod 2^64.
///
/// # Errors
/// [`ModelError::Parameters`], [`ModelError::KeySize`], [`ModelError::KeyWidth`] or
/// [`ModelError::Shape`] when the arguments do not fit each other.
pub fn keyswitch(
    set: &ParameterSet,
    key: KeyswitchKeyWords<'_>,
    input: &[u64],
) -> Result<SmallLwe, ModelError> {
    set.validate()?;
    check_key(set, key)?;
    check_shape("input LWE ciphertext", set.big_lwe_size(), input.len())?;
    Ok(match key {
        KeyswitchKeyWords::U64(rows) => SmallLwe::U64(by_definition(set, rows, input)),
        KeyswitchKeyWords::U32(rows) => SmallLwe::U32(by_definition(set, rows, input)),
    })
}

/// Checks width and number of a key's words.
pub(in super::super) fn check_key(
    set: &ParameterSet,
    key: KeyswitchKeyWords<'_>,
) -> Result<(), ModelError> {
    if !key.matches(set.keyswitch_modulus) {
        return Err(ModelError::KeyWidth {
            expected: set.keyswitch_modulus.word_bits(),
        });
    }
    let expected = keyswitch_key_words(set);
    if key.len() == expected {
        Ok(())
    } else {
        Err(ModelError::KeySize {
            key: "key switching key",
            expected,
            actual: key.len(),
        })
    }
}

pub(super) fn by_definition<W: Word>(set: &ParameterSet, key: &[W], input: &[u64]) -> Vec<W> {
    let gadget = Gadget::new(set.keyswitch);
    let small_size = set.small_lwe_size();
    let mut output = vec![W::ZERO; small_size];
    let Some((&body, mask)) = input.split_last() else {
        return output;
    };
    if let Some(last) = output.last_mut() {
        *last = W::from_body(body, set.keyswitch_modulus);
    }
    let mut digits = vec![0; gadget.levels()];
    for (&word, rows) in mask
        .iter()
        .zip(key.chunks_exact(small_size * gadget.levels()))
    {
        gadget.decompose(word, &mut digits);
        for (&digit, row) in digits.iter().zip(rows.chunks_exact(small_size)) {
            for (to, &from) in output.iter_mut().zip(row) {
                *to = to.wrapping_sub(W::from_i32(digit).wrapping_mul(from));
            }
        }
    }
    output
}

//! Raw LWE ciphertexts of 64-bit torus words, without tfhe-rs' message encoding: what encrypted
//! models are fed with and answer with.
//!
//! A ciphertext is `k*N` mask words and a body, mod 2^64, under the key that tfhe-rs derives from
//! the GLWE key. What is encrypted is the word itself: encoding it, and leaving room for the noise,
//! is the caller's business. Inputs travel *seeded*: 8 bytes a ciphertext instead of `8*(k*N+1)`,
//! since the masks are expanded from a public seed (AES-CTR, tfhe-rs' `CompressionSeed`).

use gyrus_interface::ParameterSet;
use tfhe::core_crypto::prelude::{
    CiphertextModulus, EncryptionKeyChoice, LweCiphertext, LweCiphertextCount, LweDimension,
    PlaintextList, SeededLweCiphertextList, SeededLweCiphertextListOwned, decrypt_lwe_ciphertext,
    new_seeder, par_encrypt_seeded_lwe_ciphertext_list,
};
use tfhe::shortint::ClientKey;
use thiserror::Error;
use zeroize::Zeroizing;

/// What is wrong with raw ciphertexts, or with the key for them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WordsError {
    /// The client key encrypts under the small key, which Gyrus does not take.
    #[error(
        "this client key encrypts under the small LWE key (bootstrap, then key switch); \
         Gyrus takes keys for key switch, then bootstrap"
    )]
    SmallKey,
    /// Ciphertexts are not mod 2^64.
    #[error("the ciphertexts are mod {0}, not mod 2^64")]
    Modulus(String),
    /// Ciphertexts of another dimension than the key's or the parameter set's.
    #[error("the ciphertexts have LWE dimension {found}, expected {expected}")]
    Dimension {
        /// Dimension of the ciphertexts.
        found: usize,
        /// Dimension of the key or the parameter set.
        expected: usize,
    },
    /// A number of words that is not a whole number of ciphertexts.
    #[error("{found} words are no whole number of ciphertexts of {size} words")]
    Length {
        /// Words given.
        found: usize,
        /// Words of one ciphertext.
        size: usize,
    },
}

/// Checks that `client` encrypts under the big key, mod 2^64; returns that key's dimension.
fn big_dimension(client: &ClientKey) -> Result<LweDimension, WordsError> {
    let parameters = client.parameters();
    if parameters.encryption_key_choice() != EncryptionKeyChoice::Big {
        return Err(WordsError::SmallKey);
    }
    check_modulus(parameters.ciphertext_modulus())?;
    Ok(client.encryption_key().lwe_dimension())
}

fn check_modulus(modulus: CiphertextModulus<u64>) -> Result<(), WordsError> {
    if modulus.is_native_modulus() {
        Ok(())
    } else {
        Err(WordsError::Modulus(modulus.to_string()))
    }
}

/// Encrypts torus words under the big key of `client`, with fresh noise of its GLWE distribution
/// and masks from a fresh seed. Returns one body per word, and the seed.
///
/// # Errors
/// The key is not one that Gyrus takes.
pub fn encrypt_words(
    client: &ClientKey,
    words: &[u64],
) -> Result<SeededLweCiphertextListOwned<u64>, WordsError> {
    let dimension = big_dimension(client)?;
    let (key, noise) = client.encryption_key_and_noise();
    let mut seeder = new_seeder();
    let mut list = SeededLweCiphertextList::new(
        0,
        dimension.to_lwe_size(),
        LweCiphertextCount(words.len()),
        seeder.seed().into(),
        CiphertextModulus::new_native(),
    );
    if !words.is_empty() {
        par_encrypt_seeded_lwe_ciphertext_list(
            &key,
            &mut list,
            &PlaintextList::from_container(words),
            noise,
            seeder.as_mut(),
        );
    }
    Ok(list)
}

/// Expands the seed of `list` to whole ciphertexts: `count * (k*N + 1)` words, mask before body.
/// Needs no key.
///
/// # Errors
/// The list is not of `set`'s dimension, or not mod 2^64.
pub fn expand(
    list: &SeededLweCiphertextListOwned<u64>,
    set: &ParameterSet,
) -> Result<Vec<u64>, WordsError> {
    check_modulus(list.ciphertext_modulus())?;
    let size = list.lwe_size().0;
    if size != set.big_lwe_size() {
        return Err(WordsError::Dimension {
            found: size.saturating_sub(1),
            expected: set.big_lwe_dimension().0,
        });
    }
    if list.lwe_ciphertext_count().0 == 0 {
        return Ok(Vec::new());
    }
    Ok(list
        .as_view()
        .par_decompress_into_lwe_ciphertext_list()
        .into_container())
}

/// Decrypts whole ciphertexts (`count * (k*N + 1)` words) to their phases: the encrypted words
/// plus noise, mod 2^64. The phases are wiped when they are dropped.
///
/// A phase tells more than the message it encodes: it must not be handed on (IND-CPA^D, Li and
/// Micciancio, EUROCRYPT 2021).
///
/// # Errors
/// The key is not one that Gyrus takes, or the number of words is no whole number of ciphertexts.
pub fn decrypt_phases(
    client: &ClientKey,
    ciphertexts: &[u64],
) -> Result<Zeroizing<Vec<u64>>, WordsError> {
    let size = big_dimension(client)?.to_lwe_size().0;
    if !ciphertexts.len().is_multiple_of(size) {
        return Err(WordsError::Length {
            found: ciphertexts.len(),
            size,
        });
    }
    let key = client.encryption_key();
    let mut phases = Zeroizing::new(Vec::with_capacity(ciphertexts.len() / size));
    phases.extend(ciphertexts.chunks_exact(size).map(|words| {
        let ciphertext = LweCiphertext::from_container(words, CiphertextModulus::new_native());
        decrypt_lwe_ciphertext(&key, &ciphertext).0
    }));
    Ok(phases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfhe::parameters::to_tfhe;
    use gyrus_interface::catalogue;
    use tfhe::shortint::ClassicPBSParameters;
    use tfhe::shortint::parameters::PARAM_MESSAGE_2_CARRY_2_KS_PBS;

    fn client(name: &str) -> (ParameterSet, ClientKey) {
        let set = catalogue::find(name).expect("in the catalogue");
        let client = ClientKey::new(to_tfhe(&set).expect("a tfhe-rs set"));
        (set, client)
    }

    #[test]
    fn words_come_back_within_the_noise_bound() {
        let (set, client) = client(catalogue::PRIMARY);
        let words = [0, 1 << 63, u64::MAX, 0x0123_4567_89ab_cdef];
        let list = encrypt_words(&client, &words).expect("encrypts");
        assert_eq!(list.as_view().into_container().len(), words.len());
        let expanded = expand(&list, &set).expect("expands");
        assert_eq!(expanded.len(), words.len() * set.big_lwe_size());
        let phases = decrypt_phases(&client, &expanded).expect("decrypts");
        for (phase, word) in phases.iter().zip(words) {
            // The bound of the TUniform distribution: 2^17.
            assert!(phase.wrapping_sub(word).cast_signed().unsigned_abs() <= 1 << 17);
        }
    }

    #[test]
    fn equal_words_get_unequal_ciphertexts() {
        let (set, client) = client(catalogue::TOY);
        let list = encrypt_words(&client, &[7, 7]).expect("encrypts");
        let again = encrypt_words(&client, &[7, 7]).expect("encrypts");
        let (first, second) = (expand(&list, &set), expand(&again, &set));
        assert_ne!(first, second);
        let first = first.expect("expands");
        let (a, b) = first.split_at(set.big_lwe_size());
        assert_ne!(a, b);
    }

    #[test]
    fn nothing_stays_nothing() {
        let (set, client) = client(catalogue::TOY);
        let list = encrypt_words(&client, &[]).expect("encrypts");
        assert_eq!(expand(&list, &set), Ok(Vec::new()));
        assert!(decrypt_phases(&client, &[]).expect("decrypts").is_empty());
    }

    #[test]
    fn other_shapes_are_refused() {
        let (set, client) = client(catalogue::TOY);
        let primary = catalogue::find(catalogue::PRIMARY).expect("in the catalogue");
        let list = encrypt_words(&client, &[1]).expect("encrypts");
        assert_eq!(
            expand(&list, &primary),
            Err(WordsError::Dimension {
                found: 256,
                expected: 2048
            })
        );
        let size = set.big_lwe_size();
        assert_eq!(
            decrypt_phases(&client, &vec![0; size + 1]).err(),
            Some(WordsError::Length {
                found: size + 1,
                size
            })
        );
        let small = ClientKey::new(ClassicPBSParameters {
            encryption_key_choice: EncryptionKeyChoice::Small,
            ..PARAM_MESSAGE_2_CARRY_2_KS_PBS
        });
        assert_eq!(
            encrypt_words(&small, &[1]).err(),
            Some(WordsError::SmallKey)
        );
    }
}

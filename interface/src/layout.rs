//! How keys, look-up tables and ciphertexts lie in memory, and their checksum.
//!
//! Every image is a sequence of little-endian words without gaps. Index order, slowest first:
//!
//! | image | word | index |
//! |---|---|---|
//! | bootstrapping key (standard domain, mod 2^64) | u64 | `[n][level][k+1 rows][k+1 polynomials][N]`, the most refined level (`l`) first |
//! | key switching key | u64 or u32 | `[k*N][level][n+1]`, the most refined level first |
//! | LWE ciphertext | u64 | mask, then body |
//! | GLWE ciphertext | u64 | mask polynomials, then body polynomial |
//! | look-up table | u64 | the body polynomial of a trivial GLWE ciphertext, `[N]` |

use crate::params::{KeyswitchModulus, ParameterSet};

/// Bytes of a u64 word; addresses of images are multiples of it.
pub const WORD_BYTES: usize = 8;

/// Words of the bootstrapping key: `n * l * (k+1)^2 * N`.
#[must_use]
pub fn bootstrapping_key_words(set: &ParameterSet) -> usize {
    set.lwe_dimension.0 * ggsw_words(set)
}

/// Words of one GGSW ciphertext: `l * (k+1)^2 * N`.
#[must_use]
pub fn ggsw_words(set: &ParameterSet) -> usize {
    set.pbs.level_count.0 * set.glwe_size() * set.glwe_size() * set.polynomial_size.0
}

/// Words of the key switching key: `k*N * levels * (n+1)`; their width is
/// [`KeyswitchModulus::word_bits`].
#[must_use]
pub fn keyswitch_key_words(set: &ParameterSet) -> usize {
    set.big_lwe_dimension().0 * set.keyswitch.level_count.0 * set.small_lwe_size()
}

/// Bytes of the key switching key's image.
#[must_use]
pub fn keyswitch_key_bytes(set: &ParameterSet) -> usize {
    keyswitch_key_words(set) * (set.keyswitch_modulus.word_bits() / 8)
}

/// Words of one look-up table.
#[must_use]
pub fn lut_words(set: &ParameterSet) -> usize {
    set.polynomial_size.0
}

/// A key switching key's words, in the width that its modulus asks for.
#[derive(Debug, Clone, Copy)]
pub enum KeyswitchKeyWords<'a> {
    /// For [`KeyswitchModulus::Native64`].
    U64(&'a [u64]),
    /// For [`KeyswitchModulus::PowerOfTwo32`].
    U32(&'a [u32]),
}

impl KeyswitchKeyWords<'_> {
    /// Number of words.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U64(words) => words.len(),
            Self::U32(words) => words.len(),
        }
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True when the width is the one that `modulus` asks for.
    #[must_use]
    pub const fn matches(&self, modulus: KeyswitchModulus) -> bool {
        matches!(
            (self, modulus),
            (Self::U64(_), KeyswitchModulus::Native64)
                | (Self::U32(_), KeyswitchModulus::PowerOfTwo32 { .. })
        )
    }
}

/// A key switching key, in the width that its modulus asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyswitchKey {
    /// For [`KeyswitchModulus::Native64`].
    U64(Vec<u64>),
    /// For [`KeyswitchModulus::PowerOfTwo32`].
    U32(Vec<u32>),
}

impl KeyswitchKey {
    /// The words, borrowed.
    #[must_use]
    pub fn words(&self) -> KeyswitchKeyWords<'_> {
        match self {
            Self::U64(words) => KeyswitchKeyWords::U64(words),
            Self::U32(words) => KeyswitchKeyWords::U32(words),
        }
    }
}

/// Words that the checksum takes in at a time.
const CHECKSUM_BLOCK: usize = 256;

/// Checksum of an uploaded image: CRC-32C (Castagnoli, RFC 3720) of its little-endian bytes. It
/// guards against transfer faults and is cheap in hardware; it is no protection against forgery.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checksum(u32);

impl Checksum {
    /// Takes in `words` as little-endian u64.
    #[must_use]
    pub fn u64_words(self, words: &[u64]) -> Self {
        // Long runs of bytes are several times as fast as single words.
        words.chunks(CHECKSUM_BLOCK).fold(self, |sum, block| {
            let bytes: [u8; CHECKSUM_BLOCK * WORD_BYTES] = to_bytes(block);
            sum.bytes(bytes.get(..block.len() * WORD_BYTES).unwrap_or_default())
        })
    }

    /// Takes in `bytes`.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        Self(crc32c::crc32c_append(self.0, bytes))
    }

    /// The checksum of all that was taken in.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }
}

/// `WORDS` little-endian words of `bytes`; missing bytes are 0.
#[must_use]
pub fn to_words<const WORDS: usize>(bytes: &[u8]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks(WORD_BYTES)) {
        *word = chunk
            .iter()
            .rev()
            .fold(0, |word, &byte| word << 8 | u64::from(byte));
    }
    words
}

/// `BYTES` bytes of little-endian `words`; missing words are 0.
#[must_use]
pub fn to_bytes<const BYTES: usize>(words: &[u64]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (chunk, word) in bytes.chunks_mut(WORD_BYTES).zip(words) {
        for (byte, value) in chunk.iter_mut().zip(word.to_le_bytes()) {
            *byte = value;
        }
    }
    bytes
}

/// Packs 32-bit words by two into 64-bit ones, the first in the low half; a last odd one is
/// followed by 0. How key switching keys and lists of slots lie in memory.
#[must_use]
pub fn pack_u32(halves: &[u32]) -> Vec<u64> {
    halves
        .chunks(2)
        .map(|pair| {
            pair.iter()
                .rev()
                .fold(0, |word, &half| word << 32 | u64::from(half))
        })
        .collect()
}

/// The 32-bit words that [`pack_u32`] packed (and a last 0, where their number was odd).
pub fn unpack_u32(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    words
        .iter()
        .flat_map(|&word| [(word & 0xffff_ffff) as u32, (word >> 32) as u32])
}

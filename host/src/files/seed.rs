//! The 16-byte seeds of tfhe-rs' seeded entities.

use super::error::FileError;
use serde::Deserialize;
use tfhe::core_crypto::commons::math::random::{CompressionSeed, Seed};

/// Bytes of a seed in a payload.
pub(crate) const SEED_BYTES: usize = 16;

/// Mirror of [`CompressionSeed`]'s serialised form, as far as files can hold it. The type of its
/// field is not public in tfhe-rs, so its serialised form is the only way to the value.
#[derive(Deserialize)]
struct Mirror {
    inner: Parameters,
}

#[derive(Deserialize)]
struct Parameters {
    seed: SeedKind,
}

#[derive(Deserialize)]
enum SeedKind {
    Ctr(u128),
}

/// The bytes of `seed`.
///
/// # Errors
/// It is not a plain 128-bit AES-CTR seed that starts at the first block.
pub(super) fn encode(seed: &CompressionSeed) -> Result<[u8; SEED_BYTES], FileError> {
    let value = serde_json::to_string(seed)
        .and_then(|text| serde_json::from_str::<Mirror>(&text))
        .map(
            |Mirror {
                 inner:
                     Parameters {
                         seed: SeedKind::Ctr(value),
                     },
             }| value,
        )
        .map_err(|_| FileError::Unsupported("a mask seed that is not a 128-bit number".into()))?;
    let bytes = value.to_le_bytes();
    if decode(bytes) != *seed {
        return Err(FileError::Unsupported(
            "a mask seed that does not start at zero".into(),
        ));
    }
    Ok(bytes)
}

/// The seed of these bytes; every value is one.
pub(super) fn decode(bytes: [u8; SEED_BYTES]) -> CompressionSeed {
    CompressionSeed::from(Seed(u128::from_le_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfhe::core_crypto::commons::math::random::XofSeed;

    #[test]
    fn seeds_survive() {
        for value in [0, 1, u128::from(u64::MAX) + 1, u128::MAX] {
            let seed = CompressionSeed::from(Seed(value));
            let bytes = encode(&seed).unwrap();
            assert_eq!(bytes, value.to_le_bytes());
            assert_eq!(decode(bytes), seed);
        }
    }

    #[test]
    fn other_seeds_are_refused() {
        let seed = CompressionSeed {
            inner: XofSeed::new_u128(7, *b"TFHE_GYR").into(),
        };
        assert!(matches!(encode(&seed), Err(FileError::Unsupported(_))));
    }
}

//! The switch of a small LWE ciphertext from the key switch's word to `2N`, word for word as
//! tfhe-rs' `lwe_ciphertext_modulus_switch` and `lwe_ciphertext_centered_binary_modulus_switch`.

use gyrus_interface::ModulusSwitch;

use super::error::{ModelError, check_range, check_shape};

/// A small LWE ciphertext (`n` mask words, then the body) in the word of its key switch. A
/// modulus below the word's lies in the most significant bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmallLwe {
    /// Mod 2^64.
    U64(Vec<u64>),
    /// Mod 2^w, `w <= 32`.
    U32(Vec<u32>),
}

impl SmallLwe {
    /// Number of words, `n + 1`.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U64(words) => words.len(),
            Self::U32(words) => words.len(),
        }
    }

    /// True when there are no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Words in which a modulus switch is computed.
pub(super) trait SwitchedFrom: Copy {
    /// Switches mask and body, see [`modulus_switch`]; equal lengths, `1 <= log2 < BITS`.
    fn switch(words: &[Self], mode: ModulusSwitch, log2: u32, switched: &mut [u32]);
}

macro_rules! switched_from {
    ($word:ty, $signed:ty) => {
        impl SwitchedFrom for $word {
            fn switch(words: &[Self], mode: ModulusSwitch, log2: u32, switched: &mut [u32]) {
                let shift = <$word>::BITS - log2;
                let half_step: $word = 1 << (shift - 1);
                let round = |word: $word| word.wrapping_add(half_step) >> shift;
                let Some((body, mask)) = words.split_last() else {
                    return;
                };
                let correction = match mode {
                    ModulusSwitch::Standard => 0,
                    // The mask's rounding errors, times a key bit of mean 1/2, are expected in the
                    // phase; half a step more centres the phase in the table's boxes.
                    ModulusSwitch::CenteredMeanNoiseReduction => {
                        let mut halves: $word = 0;
                        // Twice what was lost in halving: each term is -1, 0 or 1.
                        let mut lost: $signed = 0;
                        for &word in mask {
                            let error = (round(word) << shift).wrapping_sub(word) as $signed;
                            let half = error / 2;
                            halves = halves.wrapping_add(half as $word);
                            lost += 2 * half - error;
                        }
                        halves
                            .wrapping_sub((lost / 2) as $word)
                            .wrapping_sub(half_step)
                    }
                };
                for (to, &word) in switched.iter_mut().zip(mask) {
                    *to = round(word) as u32;
                }
                if let Some(last) = switched.last_mut() {
                    *last = round(body.wrapping_add(correction)) as u32;
                }
            }
        }
    };
}

switched_from!(u32, i32);
switched_from!(u64, i64);

/// Switches `lwe` to modulus `2N = 2^log2_two_n`: into `switched`, `n` mask words and the body,
/// each in `0..2N`. Computed in the ciphertext's own word width.
///
/// # Errors
/// [`ModelError::Shape`] when `switched` is not as long as `lwe`, [`ModelError::Range`] unless
/// `0 < log2_two_n < 32`.
pub fn modulus_switch(
    lwe: &SmallLwe,
    mode: ModulusSwitch,
    log2_two_n: u32,
    switched: &mut [u32],
) -> Result<(), ModelError> {
    check_shape("switched LWE ciphertext", lwe.len(), switched.len())?;
    // Shifted so that 0 is out of range, too.
    check_range("log2(2N) - 1", 31, (log2_two_n as usize).wrapping_sub(1))?;
    match lwe {
        SmallLwe::U64(words) => u64::switch(words, mode, log2_two_n, switched),
        SmallLwe::U32(words) => u32::switch(words, mode, log2_two_n, switched),
    }
    Ok(())
}

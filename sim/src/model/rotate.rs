//! Monomial multiplications mod `X^N + 1` and the sample extraction, on words mod 2^64.

use super::error::{ModelError, check_range, check_shape};

/// How the coefficients of `X^degree * p` (`0 <= degree < 2N`) come from those of `p`: the first
/// `wrapped` of the result are the last `wrapped` of `p`, the others follow, each negated or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rotation {
    /// Coefficients that went over the degree N.
    pub(super) wrapped: usize,
    /// All ones when the wrapped coefficients are negated, else 0.
    pub(super) wrapped_sign: u64,
    /// The same for the others.
    pub(super) straight_sign: u64,
}

impl Rotation {
    /// For a polynomial of `size` coefficients and `degree < 2 * size`.
    #[inline(always)]
    pub(super) const fn new(size: usize, degree: usize) -> Self {
        if degree < size {
            Self {
                wrapped: degree,
                wrapped_sign: u64::MAX,
                straight_sign: 0,
            }
        } else {
            Self {
                wrapped: degree - size,
                wrapped_sign: 0,
                straight_sign: u64::MAX,
            }
        }
    }
}

/// `difference = X^degree * polynomial - polynomial mod (X^N + 1, 2^64)`, for `degree < 2N`.
#[inline(always)]
pub(super) fn rotate_and_subtract(difference: &mut [u64], polynomial: &[u64], degree: usize) {
    let rotation = Rotation::new(polynomial.len(), degree);
    let (straight, wrapped) = polynomial.split_at(polynomial.len() - rotation.wrapped);
    let (low, high) = difference.split_at_mut(rotation.wrapped);
    let (original_low, original_high) = polynomial.split_at(rotation.wrapped);
    for (part, source, original, sign) in [
        (low, wrapped, original_low, rotation.wrapped_sign),
        (high, straight, original_high, rotation.straight_sign),
    ] {
        for ((word, &rotated), &original) in part.iter_mut().zip(source).zip(original) {
            *word = (rotated ^ sign).wrapping_sub(sign).wrapping_sub(original);
        }
    }
}

/// `polynomial = X^-degree * polynomial mod (X^N + 1, 2^64)`, for `degree < 2N`.
pub(super) fn divide_by_monomial(polynomial: &mut [u64], degree: usize) {
    let size = polynomial.len();
    // X^-degree = X^(2N - degree).
    let rotation = Rotation::new(size, (2 * size - degree) % (2 * size));
    polynomial.rotate_right(rotation.wrapped);
    let (wrapped, straight) = polynomial.split_at_mut(rotation.wrapped);
    for (part, sign) in [
        (wrapped, rotation.wrapped_sign),
        (straight, rotation.straight_sign),
    ] {
        for word in part {
            *word = (*word ^ sign).wrapping_sub(sign);
        }
    }
}

/// Extracts coefficient `degree` of a GLWE ciphertext mod 2^64 as an LWE ciphertext of dimension
/// `k*N` under the flattened key (Chillotti et al., J. Cryptology 2020, section 4.2).
///
/// `glwe` is `[k+1][N]`, body last; `lwe` gets `k*N` mask words and the body.
///
/// # Errors
/// [`ModelError::Shape`] when the lengths do not fit each other, [`ModelError::Range`] when
/// `degree >= N`.
pub fn sample_extract(
    glwe: &[u64],
    polynomial_size: usize,
    degree: usize,
    lwe: &mut [u64],
) -> Result<(), ModelError> {
    check_range("degree", polynomial_size, degree)?;
    let mask_words = glwe.len().saturating_sub(polynomial_size);
    check_shape(
        "GLWE ciphertext",
        mask_words.next_multiple_of(polynomial_size) + polynomial_size,
        glwe.len(),
    )?;
    check_shape("LWE ciphertext", mask_words + 1, lwe.len())?;
    let (mask, body) = glwe.split_at(mask_words);
    let (lwe_mask, lwe_body) = lwe.split_at_mut(mask_words);
    for (to, word) in lwe_body.iter_mut().zip(body.iter().skip(degree)) {
        *to = *word;
    }
    for (to, from) in lwe_mask
        .chunks_exact_mut(polynomial_size)
        .zip(mask.chunks_exact(polynomial_size))
    {
        // Key coefficient j meets mask coefficient degree - j, or minus N + degree - j.
        let (low, high) = to.split_at_mut(degree + 1);
        let (from_low, from_high) = from.split_at(degree + 1);
        for (word, &coefficient) in low.iter_mut().zip(from_low.iter().rev()) {
            *word = coefficient;
        }
        for (word, &coefficient) in high.iter_mut().zip(from_high.iter().rev()) {
            *word = coefficient.wrapping_neg();
        }
    }
    Ok(())
}

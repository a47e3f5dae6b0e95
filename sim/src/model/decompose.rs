//! The signed gadget decomposition, digit for digit as tfhe-rs' `SignedDecomposer<u64>`.
//!
//! A word `x` mod 2^64 is rounded to its `base_log * levels` most significant bits, ties up, read
//! as a signed number (the half of the range takes the sign that the rounding bit balances), and
//! written as `sum_i digit_i * 2^(64 - base_log * i)` with `|digit| <= 2^(base_log - 1)`
//! (Joye, "Balanced non-adjacent forms", eprint 2021/1161). Digits come least significant (level
//! `l`) first: the order of the rows of a key.

use gyrus_interface::Decomposition;

/// A decomposition's constants.
#[derive(Debug, Clone, Copy)]
pub struct Gadget {
    base_log: u32,
    levels: usize,
    represented: u32,
}

impl Gadget {
    /// Of a decomposition in the range that [`gyrus_interface::ParameterSet::validate`] accepts:
    /// `1 <= base_log <= 31`, at most 62 represented bits.
    #[must_use]
    pub const fn new(decomposition: Decomposition) -> Self {
        Self {
            base_log: decomposition.base_log.0 as u32,
            levels: decomposition.level_count.0,
            represented: decomposition.represented_bits() as u32,
        }
    }

    /// Number of digits.
    #[must_use]
    pub const fn levels(&self) -> usize {
        self.levels
    }

    /// Base-2 logarithm of the base.
    #[must_use]
    pub const fn base_log(&self) -> u32 {
        self.base_log
    }

    /// `base_log * levels`.
    pub(super) const fn represented_bits(&self) -> u32 {
        self.represented
    }

    /// The signed number that the digits of `x` add up to, in units of
    /// `2^(64 - base_log * levels)`; `-2^(r-1) <= state <= 2^(r-1)` for `r` represented bits.
    #[inline(always)]
    #[must_use]
    pub const fn state(&self, x: u64) -> i64 {
        let represented = self.represented;
        let shifted = x >> (63 - represented);
        let rounding_bit = shifted & 1;
        let rounded = ((shifted + 1) >> 1) & (u64::MAX >> (64 - represented));
        // 1 when rounded > 2^(r-1), or equal to it and rounded up.
        let balance = ((rounded.wrapping_sub(1) | (rounding_bit << (represented - 1))) & rounded)
            >> (represented - 1);
        rounded.wrapping_sub(balance << represented) as i64
    }

    /// Takes the least significant digit off `state`, which is divided by the base. Not for the
    /// last digit, which is the whole remaining state.
    #[inline(always)]
    #[must_use]
    pub const fn split(&self, state: i64) -> (i32, i64) {
        let residue = state & ((1 << self.base_log) - 1);
        let rest = state >> self.base_log;
        // 1 when residue > B/2, or equal to it and the rest is odd enough to round away.
        let carry = (((residue - 1) | rest) & residue) >> (self.base_log - 1);
        ((residue - (carry << self.base_log)) as i32, rest + carry)
    }

    /// The digits of `x`, least significant first, into `digits[..levels]`.
    #[inline(always)]
    pub fn decompose(&self, x: u64, digits: &mut [i32]) {
        let mut state = self.state(x);
        if let Some((last, others)) = digits.split_last_mut() {
            for digit in others {
                (*digit, state) = self.split(state);
            }
            *last = state as i32;
        }
    }
}

/// Decomposes a polynomial: `words` are mod 2^64 and are used up; `digits` is `[levels][N]`.
#[inline(always)]
pub(super) fn decompose_polynomial(gadget: &Gadget, words: &mut [u64], digits: &mut [i32]) {
    for word in words.iter_mut() {
        *word = gadget.state(*word).cast_unsigned();
    }
    let mut levels = digits.chunks_exact_mut(words.len());
    for _ in 1..gadget.levels {
        if let Some(level) = levels.next() {
            for (digit, word) in level.iter_mut().zip(words.iter_mut()) {
                let (low, rest) = gadget.split(word.cast_signed());
                (*digit, *word) = (low, rest.cast_unsigned());
            }
        }
    }
    if let Some(level) = levels.next() {
        for (digit, &word) in level.iter_mut().zip(words.iter()) {
            *digit = word as i32;
        }
    }
}

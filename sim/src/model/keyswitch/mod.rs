//! The LWE key switch: from dimension `k*N` mod 2^64 to dimension `n` mod `2^w`, word for word as
//! tfhe-rs' `keyswitch_lwe_ciphertext` and `keyswitch_lwe_ciphertext_with_scalar_change`.
//!
//! `result = (0, .., 0, body) - sum over i, level of digit_level(a_i) * row(i, level)`, wrapping
//! in the key's word. The digits are always those of the 64-bit mask word.
//!
//! [`keyswitch()`] is this formula. A key in the engine has one of two forms: byte planes
//! ([`packed`]) when the CPU can multiply bytes and the base is small, as it is in practice; else
//! the words as they came ([`words`]).

mod definition;
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(
        dead_code,
        reason = "no other CPU's instructions are used yet, but in tests"
    )
)]
mod dot;
#[cfg(target_arch = "x86_64")]
mod dot_avx2;
#[cfg(target_arch = "x86_64")]
mod dot_avx512;
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(
        dead_code,
        reason = "no other CPU's instructions are used yet, but in tests"
    )
)]
mod packed;
#[cfg(test)]
mod tests;
mod words;

use std::marker::PhantomData;
use std::ops::Shl;
use std::slice::ChunksExact;
use std::sync::atomic::AtomicBool;

use gyrus_interface::{KeyswitchModulus, ParameterSet};

pub(super) use self::definition::check_key;
pub use self::definition::keyswitch;
use self::dot::Instructions;
use self::packed::PackedKey;
use self::words::WordKey;
use super::error::ModelError;
use super::kernel::Kernel;
use super::simd::Dispatch;

/// Words that the key switch ends in.
pub(super) trait Word:
    Copy + Send + Sync + Into<u64> + Shl<u32, Output = Self> + 'static
{
    const ZERO: Self;
    /// Of a small number, mod 2^BITS.
    fn from_i32(x: i32) -> Self;
    /// The `body` of a ciphertext mod 2^64, rounded to `modulus`.
    fn from_body(body: u64, modulus: KeyswitchModulus) -> Self;
    fn wrapping_add(self, other: Self) -> Self;
    fn wrapping_sub(self, other: Self) -> Self;
    fn wrapping_mul(self, other: Self) -> Self;
    /// `self + digit * row`; only the low 32 bits of `digit` count.
    fn multiply_add(self, digit: Self, row: Self) -> Self;
}

impl Word for u64 {
    const ZERO: Self = 0;
    #[inline(always)]
    fn from_i32(x: i32) -> Self {
        i64::from(x) as Self
    }
    #[inline(always)]
    fn from_body(body: u64, _modulus: KeyswitchModulus) -> Self {
        body
    }
    #[inline(always)]
    fn wrapping_add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn wrapping_sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
    #[inline(always)]
    fn wrapping_mul(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
    #[inline(always)]
    fn multiply_add(self, digit: Self, row: Self) -> Self {
        // Spelt out, so that the compiler sees a 32-bit factor.
        self.wrapping_add((digit & 0xFFFF_FFFF).wrapping_mul(row))
    }
}

impl Word for u32 {
    const ZERO: Self = 0;
    #[inline(always)]
    fn from_i32(x: i32) -> Self {
        x as Self
    }
    #[inline(always)]
    fn from_body(body: u64, modulus: KeyswitchModulus) -> Self {
        let log2 = match modulus {
            KeyswitchModulus::Native64 => 32,
            KeyswitchModulus::PowerOfTwo32 { log2 } => log2,
        };
        let shift = 63 - log2;
        let rounded = (((body >> shift) + 1) & !1) << shift;
        (rounded >> 32) as Self
    }
    #[inline(always)]
    fn wrapping_add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn wrapping_sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
    #[inline(always)]
    fn wrapping_mul(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
    #[inline(always)]
    fn multiply_add(self, digit: Self, row: Self) -> Self {
        self.wrapping_add(digit.wrapping_mul(row))
    }
}

/// LWE ciphertexts of one size, one after the other.
#[derive(Clone, Copy)]
struct Ciphertexts<'a> {
    words: &'a [u64],
    size: usize,
}

impl<'a> Ciphertexts<'a> {
    fn iter(self) -> ChunksExact<'a, u64> {
        self.words.chunks_exact(self.size)
    }

    fn len(self) -> usize {
        self.iter().len()
    }
}

/// A key switching key as the engine holds it.
pub(super) struct KeyswitchKey<W> {
    form: Form<W>,
    modulus: KeyswitchModulus,
}

enum Form<W> {
    Words(WordKey<W>),
    Packed(PackedKey),
}

impl<W: Word> KeyswitchKey<W> {
    /// Brings `rows`, whose length fits `set`, into the form that is best for `kernel`'s
    /// instruction set; in parallel on the current rayon pool.
    pub(super) fn new(set: &ParameterSet, rows: &[W], kernel: Kernel) -> Self {
        Self::with_instructions(set, rows, Instructions::best(kernel))
    }

    fn with_instructions(
        set: &ParameterSet,
        rows: &[W],
        instructions: Option<Instructions>,
    ) -> Self {
        let form = match instructions.filter(|_| PackedKey::fits(set)) {
            Some(instructions) => Form::Packed(PackedKey::new(set, rows, instructions)),
            None => Form::Words(WordKey::new(set, rows)),
        };
        Self {
            form,
            modulus: set.keyswitch_modulus,
        }
    }

    /// Bytes of memory that the key takes.
    pub(super) fn bytes(&self) -> usize {
        match &self.form {
            Form::Words(key) => key.bytes(),
            Form::Packed(key) => key.bytes(),
        }
    }

    /// Switches `inputs.len() / input_size` ciphertexts of `input_size` words; the key is read
    /// once. Gives up soon after `cancel` was set.
    pub(super) fn switch(
        &self,
        dispatch: Dispatch,
        inputs: &[u64],
        input_size: usize,
        cancel: &AtomicBool,
    ) -> Result<Vec<Vec<W>>, ModelError> {
        let ciphertexts = Ciphertexts {
            words: inputs,
            size: input_size,
        };
        let mut switched = match &self.form {
            Form::Words(key) => dispatch.run(words::Batch {
                key,
                ciphertexts,
                cancel,
            }),
            Form::Packed(key) => dispatch.run(packed::Batch {
                key,
                ciphertexts,
                cancel,
                word: PhantomData,
            }),
        }?;
        for (switched, ciphertext) in switched.iter_mut().zip(ciphertexts.iter()) {
            if let (Some(last), Some(&body)) = (switched.last_mut(), ciphertext.last()) {
                *last = last.wrapping_add(W::from_body(body, self.modulus));
            }
        }
        Ok(switched)
    }
}

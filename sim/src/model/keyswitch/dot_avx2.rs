//! [`Dot`] with 256-bit vectors: a [`Vector`] is two of 8 columns each.

use std::arch::x86_64::*;

use super::dot::{COLUMNS, Digits, Dot, ROWS, Sums, Vector, prefetch};

/// Proof that the CPU has AVX2.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// Asks the CPU.
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

/// Proof that the CPU has AVX2 and AVX-VNNI.
#[derive(Debug, Clone, Copy)]
pub(super) struct AvxVnni(());

impl AvxVnni {
    /// Asks the CPU.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni"))
            .then_some(Self(()))
    }
}

impl Dot for AvxVnni {
    const TILE: usize = 2;

    fn dot<const PLANES: usize, const CIPHERTEXTS: usize>(
        self,
        panel: &[[Vector; PLANES]],
        digits: &[[Digits; CIPHERTEXTS]],
        _base_log: u32,
        sums: &mut Sums<PLANES, CIPHERTEXTS>,
    ) {
        // SAFETY: the token proves that the CPU has AVX2 and AVX-VNNI.
        unsafe { dot_vnni(panel, digits, sums) }
    }
}

impl Dot for Avx2 {
    const TILE: usize = 2;

    fn dot<const PLANES: usize, const CIPHERTEXTS: usize>(
        self,
        panel: &[[Vector; PLANES]],
        digits: &[[Digits; CIPHERTEXTS]],
        base_log: u32,
        sums: &mut Sums<PLANES, CIPHERTEXTS>,
    ) {
        // SAFETY: the token proves that the CPU has AVX2.
        unsafe { dot_avx2(panel, digits, base_log, sums) }
    }
}

/// Sums in registers: `[plane][half a vector][ciphertext]`. With 3 planes and 2 ciphertexts they
/// take 12 of 16; two more hold digits, one a half of the key's vector.
type Registers<const PLANES: usize, const CIPHERTEXTS: usize> =
    [[[__m256i; CIPHERTEXTS]; 2]; PLANES];

#[inline]
#[target_feature(enable = "avx2")]
fn zero<const PLANES: usize, const CIPHERTEXTS: usize>() -> Registers<PLANES, CIPHERTEXTS> {
    [[[_mm256_setzero_si256(); CIPHERTEXTS]; 2]; PLANES]
}

/// [`Dot::dot`] with `vpdpbusd`.
#[target_feature(enable = "avx2,avxvnni")]
fn dot_vnni<const PLANES: usize, const CIPHERTEXTS: usize>(
    panel: &[[Vector; PLANES]],
    digits: &[[Digits; CIPHERTEXTS]],
    sums: &mut Sums<PLANES, CIPHERTEXTS>,
) {
    let mut totals = zero::<PLANES, CIPHERTEXTS>();
    for (vectors, digits) in panel.iter().zip(digits) {
        prefetch(vectors, panel);
        let digits = splat(digits);
        for (totals, vector) in totals.iter_mut().zip(vectors) {
            for (totals, key) in totals.iter_mut().zip(load(vector)) {
                for (total, &digits) in totals.iter_mut().zip(&digits) {
                    *total = _mm256_dpbusd_avx_epi32(*total, key, digits);
                }
            }
        }
    }
    store(&totals, sums);
}

/// [`Dot::dot`] with `vpmaddubsw`, which adds two products of a byte and a digit in 16 bits. They
/// are at most `2 * 255 * 2^(base_log - 1)` in size, so `64 >> (base_log - 1)` such sums are at
/// most `2 * 255 * 64 = 32640` and need no more bits. Then `vpmaddwd` by ones brings them into 32.
#[target_feature(enable = "avx2")]
fn dot_avx2<const PLANES: usize, const CIPHERTEXTS: usize>(
    panel: &[[Vector; PLANES]],
    digits: &[[Digits; CIPHERTEXTS]],
    base_log: u32,
    sums: &mut Sums<PLANES, CIPHERTEXTS>,
) {
    let run = (64_usize >> (base_log - 1)).max(1);
    let ones = _mm256_set1_epi16(1);
    let mut totals = zero::<PLANES, CIPHERTEXTS>();
    for (of_run, digits) in panel.chunks(run).zip(digits.chunks(run)) {
        let mut pairs = zero::<PLANES, CIPHERTEXTS>();
        for (vectors, digits) in of_run.iter().zip(digits) {
            prefetch(vectors, panel);
            let digits = splat(digits);
            for (pairs, vector) in pairs.iter_mut().zip(vectors) {
                for (pairs, key) in pairs.iter_mut().zip(load(vector)) {
                    for (pair, &digits) in pairs.iter_mut().zip(&digits) {
                        *pair = _mm256_add_epi16(*pair, _mm256_maddubs_epi16(key, digits));
                    }
                }
            }
        }
        let totals = totals.as_flattened_mut().as_flattened_mut();
        for (total, &pair) in totals.iter_mut().zip(pairs.as_flattened().as_flattened()) {
            *total = _mm256_add_epi32(*total, _mm256_madd_epi16(pair, ones));
        }
    }
    store(&totals, sums);
}

/// The halves of a vector.
#[inline]
#[target_feature(enable = "avx2")]
fn load(vector: &Vector) -> [__m256i; 2] {
    let (low, high) = vector.0.split_at(ROWS * COLUMNS / 2);
    // SAFETY: half a `Vector` is 32 bytes, aligned to 32.
    unsafe {
        [
            _mm256_load_si256(low.as_ptr().cast()),
            _mm256_load_si256(high.as_ptr().cast()),
        ]
    }
}

/// Each ciphertext's four digits, eight times.
#[inline]
#[target_feature(enable = "avx2")]
fn splat<const CIPHERTEXTS: usize>(digits: &[Digits; CIPHERTEXTS]) -> [__m256i; CIPHERTEXTS] {
    let mut vectors = [_mm256_setzero_si256(); CIPHERTEXTS];
    for (vector, digits) in vectors.iter_mut().zip(digits) {
        *vector = _mm256_set1_epi32(i32::from_le_bytes(digits.map(i8::cast_unsigned)));
    }
    vectors
}

#[inline]
#[target_feature(enable = "avx2")]
fn store<const PLANES: usize, const CIPHERTEXTS: usize>(
    totals: &Registers<PLANES, CIPHERTEXTS>,
    sums: &mut Sums<PLANES, CIPHERTEXTS>,
) {
    for (plane, halves) in totals.iter().enumerate() {
        for (half, totals) in halves.iter().enumerate() {
            for (sums, &total) in sums.iter_mut().zip(totals) {
                let half = sums[plane].as_chunks_mut::<{ COLUMNS / 2 }>().0[half].as_mut_ptr();
                // SAFETY: 8 sums are 32 bytes; the store needs no alignment.
                unsafe { _mm256_storeu_si256(half.cast(), total) };
            }
        }
    }
}

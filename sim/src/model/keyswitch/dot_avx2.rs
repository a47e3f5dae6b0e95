//! [`Dot`] with 256-bit vectors: a [`Vector`] is two of 8 columns each, taken one after the other.

use std::arch::x86_64::*;

use super::dot::{COLUMNS, Digits, Dot, ROWS, Sums, Vector};

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
    // 12 of 16 registers for sums, three for the key, one for digits.
    const TILE: usize = 4;

    fn dot<const PLANES: usize, const CIPHERTEXTS: usize>(
        self,
        panel: &[[Vector; PLANES]],
        digits: &[[Digits; CIPHERTEXTS]],
        _base_log: u32,
        sums: &mut Sums<PLANES, CIPHERTEXTS>,
    ) {
        // SAFETY: the token proves that the CPU has AVX2 and AVX-VNNI.
        unsafe {
            dot_vnni::<0, PLANES, CIPHERTEXTS>(panel, digits, sums);
            dot_vnni::<1, PLANES, CIPHERTEXTS>(panel, digits, sums);
        }
    }
}

impl Dot for Avx2 {
    const TILE: usize = 4;

    fn dot<const PLANES: usize, const CIPHERTEXTS: usize>(
        self,
        panel: &[[Vector; PLANES]],
        digits: &[[Digits; CIPHERTEXTS]],
        base_log: u32,
        sums: &mut Sums<PLANES, CIPHERTEXTS>,
    ) {
        // SAFETY: the token proves that the CPU has AVX2.
        unsafe {
            dot_avx2::<0, PLANES, CIPHERTEXTS>(panel, digits, base_log, sums);
            dot_avx2::<1, PLANES, CIPHERTEXTS>(panel, digits, base_log, sums);
        }
    }
}

/// Columns `8 * HALF ..` of [`Dot::dot`].
#[target_feature(enable = "avx2,avxvnni")]
fn dot_vnni<const HALF: usize, const PLANES: usize, const CIPHERTEXTS: usize>(
    panel: &[[Vector; PLANES]],
    digits: &[[Digits; CIPHERTEXTS]],
    sums: &mut Sums<PLANES, CIPHERTEXTS>,
) {
    let mut totals = [[_mm256_setzero_si256(); PLANES]; CIPHERTEXTS];
    for (vectors, digits) in panel.iter().zip(digits) {
        let key = load::<HALF, PLANES>(vectors);
        for (totals, digits) in totals.iter_mut().zip(digits) {
            let digits = splat(digits);
            for (total, &key) in totals.iter_mut().zip(&key) {
                *total = _mm256_dpbusd_avx_epi32(*total, key, digits);
            }
        }
    }
    store::<HALF, PLANES, CIPHERTEXTS>(&totals, sums);
}

/// Columns `8 * HALF ..` of [`Dot::dot`].
///
/// `vpmaddubsw` adds two products of a byte and a digit in 16 bits, at most
/// `2 * 255 * 2^(base_log - 1)` in size: `64 >> (base_log - 1)` of these sums are at most
/// `2 * 255 * 64 = 32640` and need no more bits. Then `vpmaddwd` by ones brings them into 32.
#[target_feature(enable = "avx2")]
fn dot_avx2<const HALF: usize, const PLANES: usize, const CIPHERTEXTS: usize>(
    panel: &[[Vector; PLANES]],
    digits: &[[Digits; CIPHERTEXTS]],
    base_log: u32,
    sums: &mut Sums<PLANES, CIPHERTEXTS>,
) {
    let run = (64_usize >> (base_log - 1)).max(1);
    let ones = _mm256_set1_epi16(1);
    let mut totals = [[_mm256_setzero_si256(); PLANES]; CIPHERTEXTS];
    for (panel, digits) in panel.chunks(run).zip(digits.chunks(run)) {
        let mut pairs = [[_mm256_setzero_si256(); PLANES]; CIPHERTEXTS];
        for (vectors, digits) in panel.iter().zip(digits) {
            let key = load::<HALF, PLANES>(vectors);
            for (pairs, digits) in pairs.iter_mut().zip(digits) {
                let digits = splat(digits);
                for (pair, &key) in pairs.iter_mut().zip(&key) {
                    *pair = _mm256_add_epi16(*pair, _mm256_maddubs_epi16(key, digits));
                }
            }
        }
        for (totals, pairs) in totals.iter_mut().zip(&pairs) {
            for (total, &pair) in totals.iter_mut().zip(pairs) {
                *total = _mm256_add_epi32(*total, _mm256_madd_epi16(pair, ones));
            }
        }
    }
    store::<HALF, PLANES, CIPHERTEXTS>(&totals, sums);
}

/// The halves of vectors.
#[inline]
#[target_feature(enable = "avx2")]
fn load<const HALF: usize, const PLANES: usize>(vectors: &[Vector; PLANES]) -> [__m256i; PLANES] {
    let mut key = [_mm256_setzero_si256(); PLANES];
    for (to, from) in key.iter_mut().zip(vectors) {
        let (low, high) = from.0.split_at(ROWS * COLUMNS / 2);
        let half = if HALF == 0 { low } else { high };
        // SAFETY: half a `Vector` is 32 bytes, aligned to 32.
        *to = unsafe { _mm256_load_si256(half.as_ptr().cast()) };
    }
    key
}

/// Four digits, eight times.
#[inline]
#[target_feature(enable = "avx2")]
fn splat(digits: &Digits) -> __m256i {
    _mm256_set1_epi32(i32::from_le_bytes(digits.map(i8::cast_unsigned)))
}

/// Into the halves of sums.
#[inline]
#[target_feature(enable = "avx2")]
fn store<const HALF: usize, const PLANES: usize, const CIPHERTEXTS: usize>(
    totals: &[[__m256i; PLANES]; CIPHERTEXTS],
    sums: &mut Sums<PLANES, CIPHERTEXTS>,
) {
    for (to, from) in sums.iter_mut().zip(totals) {
        for (to, &from) in to.iter_mut().zip(from) {
            let (low, high) = to.split_at_mut(COLUMNS / 2);
            let half = if HALF == 0 { low } else { high };
            // SAFETY: half the sums are 32 bytes; the store needs no alignment.
            unsafe { _mm256_storeu_si256(half.as_mut_ptr().cast(), from) };
        }
    }
}

//! [`Dot`] with AVX-512 VNNI: `vpdpbusd` multiplies 64 bytes by 64 digits and adds each four
//! products to one of 16 sums.

use std::arch::x86_64::*;

use super::dot::{Digits, Dot, Sums, Vector, prefetch};

/// Proof that the CPU has AVX-512 F and VNNI.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512Vnni(());

impl Avx512Vnni {
    /// Asks the CPU.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni"))
            .then_some(Self(()))
    }
}

impl Dot for Avx512Vnni {
    // 24 of 32 registers for sums, three for the key, one for digits.
    const TILE: usize = 8;

    fn dot<const PLANES: usize, const CIPHERTEXTS: usize>(
        self,
        panel: &[[Vector; PLANES]],
        digits: &[[Digits; CIPHERTEXTS]],
        _base_log: u32,
        sums: &mut Sums<PLANES, CIPHERTEXTS>,
    ) {
        // SAFETY: the token proves that the CPU has AVX-512 F and VNNI.
        unsafe { compiled(panel, digits, sums) }
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn compiled<const PLANES: usize, const CIPHERTEXTS: usize>(
    panel: &[[Vector; PLANES]],
    digits: &[[Digits; CIPHERTEXTS]],
    sums: &mut Sums<PLANES, CIPHERTEXTS>,
) {
    let mut totals = [[_mm512_setzero_si512(); PLANES]; CIPHERTEXTS];
    for (vectors, digits) in panel.iter().zip(digits) {
        prefetch(vectors, panel);
        let mut key = [_mm512_setzero_si512(); PLANES];
        for (to, from) in key.iter_mut().zip(vectors) {
            // SAFETY: a `Vector` is 64 bytes, aligned to 64.
            *to = unsafe { _mm512_load_si512(from.0.as_ptr().cast()) };
        }
        for (totals, digits) in totals.iter_mut().zip(digits) {
            let digits = _mm512_set1_epi32(i32::from_le_bytes(digits.map(i8::cast_unsigned)));
            for (total, &key) in totals.iter_mut().zip(&key) {
                *total = _mm512_dpbusd_epi32(*total, key, digits);
            }
        }
    }
    for (to, from) in sums.iter_mut().zip(&totals) {
        for (to, &from) in to.iter_mut().zip(from) {
            // SAFETY: 16 sums are 64 bytes; the store needs no alignment.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), from) };
        }
    }
}

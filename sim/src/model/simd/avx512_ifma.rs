//! [`Ifma`] with AVX-512 F, BW, DQ, VL and IFMA.

use std::arch::x86_64::*;

use super::avx512::Avx512;
use super::ifma::{IFMA_LANES, Ifma};
use super::{Simd, Work};

/// Proof that the CPU has AVX-512 F, BW, DQ, VL and IFMA.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Avx512Ifma {
    /// Its part without IFMA.
    pub(super) base: Avx512,
}

impl Avx512Ifma {
    /// Asks the CPU.
    pub(super) fn detect() -> Option<Self> {
        let base = Avx512::detect()?;
        (is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512ifma"))
        .then_some(Self { base })
    }
}

/// Methods that are one expression of intrinsics.
macro_rules! intrinsics {
    ($(fn $name:ident $(<const $bits:ident: u32>)? ($($argument:ident: $type:ty),*) -> $result:ty = $body:expr;)*) => {
        $(
            #[inline(always)]
            fn $name $(<const $bits: u32>)? (self, $($argument: $type),*) -> $result {
                // SAFETY: the token proves that the CPU has AVX-512 F, BW, DQ, VL and IFMA; memory is
                // only touched through references to whole vectors, without an alignment requirement.
                unsafe { $body }
            }
        )*
    };
}

impl Ifma for Avx512Ifma {
    type Vector = __m512i;

    #[inline(always)]
    fn run_ifma<W: Work<Self>>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
        fn compiled<W: Work<Avx512Ifma>>(simd: Avx512Ifma, work: W) -> W::Output {
            work.run(simd)
        }
        // SAFETY: the token proves that the CPU has these features.
        unsafe { compiled(self, work) }
    }

    #[inline(always)]
    fn transpose_ifma(self, block: &mut [__m512i; IFMA_LANES]) {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = *block;
        // SAFETY: the token proves AVX-512 F; no memory is touched, and the casts change no bit.
        let mut rows = unsafe {
            [
                _mm512_castsi512_pd(r0),
                _mm512_castsi512_pd(r1),
                _mm512_castsi512_pd(r2),
                _mm512_castsi512_pd(r3),
                _mm512_castsi512_pd(r4),
                _mm512_castsi512_pd(r5),
                _mm512_castsi512_pd(r6),
                _mm512_castsi512_pd(r7),
            ]
        };
        self.base.transpose(&mut rows);
        let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
        // SAFETY: as above.
        *block = unsafe {
            [
                _mm512_castpd_si512(r0),
                _mm512_castpd_si512(r1),
                _mm512_castpd_si512(r2),
                _mm512_castpd_si512(r3),
                _mm512_castpd_si512(r4),
                _mm512_castpd_si512(r5),
                _mm512_castpd_si512(r6),
                _mm512_castpd_si512(r7),
            ]
        };
    }

    intrinsics! {
        fn splat(x: u64) -> __m512i = _mm512_set1_epi64(x.cast_signed());
        fn load(words: &[u64; IFMA_LANES]) -> __m512i = _mm512_loadu_si512(words.as_ptr().cast());
        fn store(x: __m512i, words: &mut [u64; IFMA_LANES]) -> () =
            _mm512_storeu_si512(words.as_mut_ptr().cast(), x);
        fn add(a: __m512i, b: __m512i) -> __m512i = _mm512_add_epi64(a, b);
        fn sub(a: __m512i, b: __m512i) -> __m512i = _mm512_sub_epi64(a, b);
        fn and(a: __m512i, b: __m512i) -> __m512i = _mm512_and_si512(a, b);
        fn or(a: __m512i, b: __m512i) -> __m512i = _mm512_or_si512(a, b);
        fn min(a: __m512i, b: __m512i) -> __m512i = _mm512_min_epu64(a, b);
        fn shift_left<const BITS: u32>(x: __m512i) -> __m512i = _mm512_slli_epi64::<BITS>(x);
        fn shift_right<const BITS: u32>(x: __m512i) -> __m512i = _mm512_srli_epi64::<BITS>(x);
        fn shift_left_by(x: __m512i, bits: u32) -> __m512i =
            _mm512_sll_epi64(x, _mm_cvtsi32_si128(bits.cast_signed()));
        fn shift_right_signed(x: __m512i, bits: u32) -> __m512i =
            _mm512_sra_epi64(x, _mm_cvtsi32_si128(bits.cast_signed()));
        fn madd_low(sum: __m512i, a: __m512i, b: __m512i) -> __m512i =
            _mm512_madd52lo_epu64(sum, a, b);
        fn madd_high(sum: __m512i, a: __m512i, b: __m512i) -> __m512i =
            _mm512_madd52hi_epu64(sum, a, b);
        fn add_if_negative_unless(x: __m512i, unless: __m512i, y: __m512i) -> __m512i = {
            // Not a mask register: moving to one takes a multiplier's turn.
            let chosen = _mm512_srai_epi64::<63>(_mm512_andnot_si512(unless, x));
            _mm512_add_epi64(x, _mm512_and_si512(chosen, y))
        };
        fn add_if_equal(x: __m512i, a: __m512i, b: __m512i, y: __m512i) -> __m512i =
            _mm512_mask_add_epi64(x, _mm512_cmpeq_epi64_mask(a, b), x, y);
        fn prefetch(memory: &__m512i) -> () =
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(memory).cast());
    }
}

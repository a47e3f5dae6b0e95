//! [`Simd`] with AVX-512 F and DQ: 8 lanes.

use std::arch::x86_64::*;

use super::{BLOCK, Simd, Work};

/// Proof that the CPU has AVX-512 F and DQ.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Avx512(());

impl Avx512 {
    /// Asks the CPU.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq"))
            .then_some(Self(()))
    }
}

/// Methods that are one expression of intrinsics.
macro_rules! intrinsics {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $body:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($argument: $type),*) -> $result {
                // SAFETY: the token proves that the CPU has AVX-512 F and DQ; memory is only
                // touched through references to whole vectors, without an alignment requirement.
                unsafe { $body }
            }
        )*
    };
}

impl Simd for Avx512 {
    type Float = __m512d;
    type Int = __m512i;
    type Words = [u64; 8];
    type Narrow = [i32; 8];
    const LANES: usize = 8;

    #[inline(always)]
    fn run<W: Work<Self>>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx512f,avx512dq")]
        fn compiled<W: Work<Avx512>>(simd: Avx512, work: W) -> W::Output {
            work.run(simd)
        }
        // SAFETY: the token proves that the CPU has AVX-512 F and DQ.
        unsafe { compiled(self, work) }
    }

    #[inline(always)]
    fn words(words: &mut [u64]) -> &mut [Self::Words] {
        words.as_chunks_mut().0
    }

    #[inline(always)]
    fn narrow(numbers: &[i32]) -> &[Self::Narrow] {
        numbers.as_chunks().0
    }

    #[inline(always)]
    fn lanes(self, lane: impl FnMut(usize) -> f64) -> __m512d {
        let lanes: [f64; 8] = std::array::from_fn(lane);
        // SAFETY: the token proves AVX-512 F; `lanes` holds the eight doubles that are read.
        unsafe { _mm512_loadu_pd(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn transpose(self, block: &mut [__m512d; BLOCK]) {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = *block;
        // SAFETY: the token proves AVX-512 F; no memory is touched.
        *block = unsafe {
            // 2 x 2 blocks within the 128-bit quarters: quarter j of `even_ab` has columns 2j of
            // rows a and b, of `odd_ab` columns 2j + 1.
            let even01 = _mm512_unpacklo_pd(r0, r1);
            let odd01 = _mm512_unpackhi_pd(r0, r1);
            let even23 = _mm512_unpacklo_pd(r2, r3);
            let odd23 = _mm512_unpackhi_pd(r2, r3);
            let even45 = _mm512_unpacklo_pd(r4, r5);
            let odd45 = _mm512_unpackhi_pd(r4, r5);
            let even67 = _mm512_unpacklo_pd(r6, r7);
            let odd67 = _mm512_unpackhi_pd(r6, r7);
            // Quarters (0, 2) of both operands, or (1, 3).
            let c0_4_low = _mm512_shuffle_f64x2::<0b10_00_10_00>(even01, even23);
            let c0_4_high = _mm512_shuffle_f64x2::<0b10_00_10_00>(even45, even67);
            let c2_6_low = _mm512_shuffle_f64x2::<0b11_01_11_01>(even01, even23);
            let c2_6_high = _mm512_shuffle_f64x2::<0b11_01_11_01>(even45, even67);
            let c1_5_low = _mm512_shuffle_f64x2::<0b10_00_10_00>(odd01, odd23);
            let c1_5_high = _mm512_shuffle_f64x2::<0b10_00_10_00>(odd45, odd67);
            let c3_7_low = _mm512_shuffle_f64x2::<0b11_01_11_01>(odd01, odd23);
            let c3_7_high = _mm512_shuffle_f64x2::<0b11_01_11_01>(odd45, odd67);
            [
                _mm512_shuffle_f64x2::<0b10_00_10_00>(c0_4_low, c0_4_high),
                _mm512_shuffle_f64x2::<0b10_00_10_00>(c1_5_low, c1_5_high),
                _mm512_shuffle_f64x2::<0b10_00_10_00>(c2_6_low, c2_6_high),
                _mm512_shuffle_f64x2::<0b10_00_10_00>(c3_7_low, c3_7_high),
                _mm512_shuffle_f64x2::<0b11_01_11_01>(c0_4_low, c0_4_high),
                _mm512_shuffle_f64x2::<0b11_01_11_01>(c1_5_low, c1_5_high),
                _mm512_shuffle_f64x2::<0b11_01_11_01>(c2_6_low, c2_6_high),
                _mm512_shuffle_f64x2::<0b11_01_11_01>(c3_7_low, c3_7_high),
            ]
        };
    }

    #[inline(always)]
    fn untranspose(self, block: &mut [__m512d; BLOCK]) {
        self.transpose(block);
    }

    intrinsics! {
        fn splat(x: f64) -> __m512d = _mm512_set1_pd(x);
        fn load_narrow(x: &[i32; 8]) -> __m512d =
            _mm512_cvtepi32_pd(_mm256_loadu_si256(x.as_ptr().cast()));
        fn add(a: __m512d, b: __m512d) -> __m512d = _mm512_add_pd(a, b);
        fn sub(a: __m512d, b: __m512d) -> __m512d = _mm512_sub_pd(a, b);
        fn mul(a: __m512d, b: __m512d) -> __m512d = _mm512_mul_pd(a, b);
        fn mul_add(a: __m512d, b: __m512d, c: __m512d) -> __m512d = _mm512_fmadd_pd(a, b, c);
        fn mul_sub(a: __m512d, b: __m512d, c: __m512d) -> __m512d = _mm512_fmsub_pd(a, b, c);
        fn neg_mul_add(a: __m512d, b: __m512d, c: __m512d) -> __m512d = _mm512_fnmadd_pd(a, b, c);
        fn bits(x: __m512d) -> __m512i = _mm512_castpd_si512(x);
        fn int_splat(x: u64) -> __m512i = _mm512_set1_epi64(x.cast_signed());
        fn int_load(words: &[u64; 8]) -> __m512i = _mm512_loadu_si512(words.as_ptr().cast());
        fn int_store(x: __m512i, words: &mut [u64; 8]) -> () =
            _mm512_storeu_si512(words.as_mut_ptr().cast(), x);
        fn int_add(a: __m512i, b: __m512i) -> __m512i = _mm512_add_epi64(a, b);
        fn int_sub(a: __m512i, b: __m512i) -> __m512i = _mm512_sub_epi64(a, b);
        fn int_mul_low(a: __m512i, b: __m512i) -> __m512i = _mm512_mul_epu32(a, b);
        fn int_shl32(x: __m512i) -> __m512i = _mm512_slli_epi64::<32>(x);
        fn int_shr32(x: __m512i) -> __m512i = _mm512_srli_epi64::<32>(x);
        fn int_add_if_negative(x: __m512i, y: __m512i) -> __m512i = {
            let negative = _mm512_movepi64_mask(x);
            _mm512_mask_add_epi64(x, negative, x, y)
        };
    }
}

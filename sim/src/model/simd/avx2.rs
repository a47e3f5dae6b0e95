//! [`Simd`] with AVX2 and FMA: 4 lanes.

use std::arch::x86_64::*;

use super::{BLOCK, Simd, Work};

/// Proof that the CPU has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Avx2(());

impl Avx2 {
    /// Asks the CPU.
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

/// Transposes a 4 x 4 matrix of rows.
#[inline(always)]
fn transpose4(rows: [__m256d; 4]) -> [__m256d; 4] {
    let [r0, r1, r2, r3] = rows;
    // SAFETY: only called by methods of the token `Avx2`, which proves that the CPU has AVX2.
    unsafe {
        let low01 = _mm256_unpacklo_pd(r0, r1);
        let high01 = _mm256_unpackhi_pd(r0, r1);
        let low23 = _mm256_unpacklo_pd(r2, r3);
        let high23 = _mm256_unpackhi_pd(r2, r3);
        [
            _mm256_permute2f128_pd::<0x20>(low01, low23),
            _mm256_permute2f128_pd::<0x20>(high01, high23),
            _mm256_permute2f128_pd::<0x31>(low01, low23),
            _mm256_permute2f128_pd::<0x31>(high01, high23),
        ]
    }
}

/// Methods that are one expression of intrinsics.
macro_rules! intrinsics {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $body:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($argument: $type),*) -> $result {
                // SAFETY: the token proves that the CPU has AVX2 and FMA; memory is only touched
                // through references to whole vectors, without an alignment requirement.
                unsafe { $body }
            }
        )*
    };
}

impl Simd for Avx2 {
    type Float = __m256d;
    type Int = __m256i;
    type Words = [u64; 4];
    type Narrow = [i32; 4];
    const LANES: usize = 4;

    #[inline(always)]
    fn run<W: Work<Self>>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx2,fma")]
        fn compiled<W: Work<Avx2>>(simd: Avx2, work: W) -> W::Output {
            work.run(simd)
        }
        // SAFETY: the token proves that the CPU has AVX2 and FMA.
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
    fn lanes(self, lane: impl FnMut(usize) -> f64) -> __m256d {
        let lanes: [f64; 4] = std::array::from_fn(lane);
        // SAFETY: the token proves AVX2; `lanes` holds the four doubles that are read.
        unsafe { _mm256_loadu_pd(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn transpose(self, block: &mut [__m256d; BLOCK]) {
        let [a0, b0, a1, b1, a2, b2, a3, b3] = *block;
        let [a0, a1, a2, a3] = transpose4([a0, a1, a2, a3]);
        let [b0, b1, b2, b3] = transpose4([b0, b1, b2, b3]);
        *block = [a0, a1, a2, a3, b0, b1, b2, b3];
    }

    #[inline(always)]
    fn untranspose(self, block: &mut [__m256d; BLOCK]) {
        let [a0, a1, a2, a3, b0, b1, b2, b3] = *block;
        let [a0, a1, a2, a3] = transpose4([a0, a1, a2, a3]);
        let [b0, b1, b2, b3] = transpose4([b0, b1, b2, b3]);
        *block = [a0, b0, a1, b1, a2, b2, a3, b3];
    }

    intrinsics! {
        fn splat(x: f64) -> __m256d = _mm256_set1_pd(x);
        fn load_narrow(x: &[i32; 4]) -> __m256d =
            _mm256_cvtepi32_pd(_mm_loadu_si128(x.as_ptr().cast()));
        fn add(a: __m256d, b: __m256d) -> __m256d = _mm256_add_pd(a, b);
        fn sub(a: __m256d, b: __m256d) -> __m256d = _mm256_sub_pd(a, b);
        fn mul(a: __m256d, b: __m256d) -> __m256d = _mm256_mul_pd(a, b);
        fn mul_add(a: __m256d, b: __m256d, c: __m256d) -> __m256d = _mm256_fmadd_pd(a, b, c);
        fn mul_sub(a: __m256d, b: __m256d, c: __m256d) -> __m256d = _mm256_fmsub_pd(a, b, c);
        fn neg_mul_add(a: __m256d, b: __m256d, c: __m256d) -> __m256d = _mm256_fnmadd_pd(a, b, c);
        fn bits(x: __m256d) -> __m256i = _mm256_castpd_si256(x);
        fn int_splat(x: u64) -> __m256i = _mm256_set1_epi64x(x.cast_signed());
        fn int_load(words: &[u64; 4]) -> __m256i = _mm256_loadu_si256(words.as_ptr().cast());
        fn int_store(x: __m256i, words: &mut [u64; 4]) -> () =
            _mm256_storeu_si256(words.as_mut_ptr().cast(), x);
        fn int_add(a: __m256i, b: __m256i) -> __m256i = _mm256_add_epi64(a, b);
        fn int_sub(a: __m256i, b: __m256i) -> __m256i = _mm256_sub_epi64(a, b);
        fn int_mul_low(a: __m256i, b: __m256i) -> __m256i = _mm256_mul_epu32(a, b);
        fn int_shl32(x: __m256i) -> __m256i = _mm256_slli_epi64::<32>(x);
        fn int_shr32(x: __m256i) -> __m256i = _mm256_srli_epi64::<32>(x);
        fn int_add_if_negative(x: __m256i, y: __m256i) -> __m256i = {
            let negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), x);
            _mm256_add_epi64(x, _mm256_and_si256(negative, y))
        };
    }
}

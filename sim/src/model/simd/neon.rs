//! [`Simd`] with NEON: 2 lanes. Every aarch64 CPU that Linux runs on has it, fused multiply-add
//! included.

use std::arch::aarch64::*;

use super::{BLOCK, Simd, Work};

/// Proof that the CPU has NEON.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Neon(());

impl Neon {
    /// Asks the CPU.
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

/// Methods that are one expression of intrinsics.
macro_rules! intrinsics {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $body:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($argument: $type),*) -> $result {
                // SAFETY: the token proves that the CPU has NEON; memory is only touched through
                // references to whole vectors, without an alignment requirement.
                unsafe { $body }
            }
        )*
    };
}

impl Simd for Neon {
    type Float = float64x2_t;
    type Int = uint64x2_t;
    type Words = [u64; 2];
    type Narrow = [i32; 2];
    const LANES: usize = 2;

    #[inline(always)]
    fn run<W: Work<Self>>(self, work: W) -> W::Output {
        #[target_feature(enable = "neon")]
        fn compiled<W: Work<Neon>>(simd: Neon, work: W) -> W::Output {
            work.run(simd)
        }
        // SAFETY: the token proves that the CPU has NEON.
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
    fn lanes(self, lane: impl FnMut(usize) -> f64) -> float64x2_t {
        let lanes: [f64; 2] = std::array::from_fn(lane);
        // SAFETY: the token proves NEON; `lanes` holds the two doubles that are read.
        unsafe { vld1q_f64(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn transpose(self, block: &mut [float64x2_t; BLOCK]) {
        let [a0, a1, a2, a3, b0, b1, b2, b3] = *block;
        // SAFETY: the token proves NEON; no memory is touched.
        *block = unsafe {
            [
                vzip1q_f64(a0, b0),
                vzip2q_f64(a0, b0),
                vzip1q_f64(a1, b1),
                vzip2q_f64(a1, b1),
                vzip1q_f64(a2, b2),
                vzip2q_f64(a2, b2),
                vzip1q_f64(a3, b3),
                vzip2q_f64(a3, b3),
            ]
        };
    }

    #[inline(always)]
    fn untranspose(self, block: &mut [float64x2_t; BLOCK]) {
        let [x0, x1, x2, x3, x4, x5, x6, x7] = *block;
        // SAFETY: the token proves NEON; no memory is touched.
        *block = unsafe {
            [
                vzip1q_f64(x0, x1),
                vzip1q_f64(x2, x3),
                vzip1q_f64(x4, x5),
                vzip1q_f64(x6, x7),
                vzip2q_f64(x0, x1),
                vzip2q_f64(x2, x3),
                vzip2q_f64(x4, x5),
                vzip2q_f64(x6, x7),
            ]
        };
    }

    intrinsics! {
        fn splat(x: f64) -> float64x2_t = vdupq_n_f64(x);
        fn load_narrow(x: &[i32; 2]) -> float64x2_t =
            vcvtq_f64_s64(vmovl_s32(vld1_s32(x.as_ptr())));
        fn add(a: float64x2_t, b: float64x2_t) -> float64x2_t = vaddq_f64(a, b);
        fn sub(a: float64x2_t, b: float64x2_t) -> float64x2_t = vsubq_f64(a, b);
        fn mul(a: float64x2_t, b: float64x2_t) -> float64x2_t = vmulq_f64(a, b);
        fn mul_add(a: float64x2_t, b: float64x2_t, c: float64x2_t) -> float64x2_t =
            vfmaq_f64(c, a, b);
        fn mul_sub(a: float64x2_t, b: float64x2_t, c: float64x2_t) -> float64x2_t =
            vnegq_f64(vfmsq_f64(c, a, b));
        fn neg_mul_add(a: float64x2_t, b: float64x2_t, c: float64x2_t) -> float64x2_t =
            vfmsq_f64(c, a, b);
        fn bits(x: float64x2_t) -> uint64x2_t = vreinterpretq_u64_f64(x);
        fn int_splat(x: u64) -> uint64x2_t = vdupq_n_u64(x);
        fn int_load(words: &[u64; 2]) -> uint64x2_t = vld1q_u64(words.as_ptr());
        fn int_store(x: uint64x2_t, words: &mut [u64; 2]) -> () =
            vst1q_u64(words.as_mut_ptr(), x);
        fn int_add(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t = vaddq_u64(a, b);
        fn int_sub(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t = vsubq_u64(a, b);
        fn int_mul_low(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t =
            vmull_u32(vmovn_u64(a), vmovn_u64(b));
        fn int_shl32(x: uint64x2_t) -> uint64x2_t = vshlq_n_u64::<32>(x);
        fn int_shr32(x: uint64x2_t) -> uint64x2_t = vshrq_n_u64::<32>(x);
        fn int_add_if_negative(x: uint64x2_t, y: uint64x2_t) -> uint64x2_t = {
            let sign = vshrq_n_s64::<63>(vreinterpretq_s64_u64(x));
            vaddq_u64(x, vandq_u64(vreinterpretq_u64_s64(sign), y))
        };
    }
}

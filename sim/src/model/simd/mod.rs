//! The vector operations that the fast kernels are written in, once for every instruction set.
//!
//! A value of a [`Simd`] type proves that the CPU has the instructions, because it only comes out
//! of a check; so its operations are safe. Code that is generic over it must be inlined into
//! [`Simd::run`], the one function compiled for that instruction set: implementations of
//! [`Work::run`] and all they call on the hot path are `#[inline(always)]`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_ifma;
mod ifma;
#[cfg(target_arch = "aarch64")]
mod neon;
mod plain;

pub(super) use ifma::{IFMA_LANES, Ifma, MASK_52};
pub(super) use plain::Plain;

/// Vectors of a transposed block, see [`Simd::transpose`].
pub(super) const BLOCK: usize = 8;

/// A computation to be compiled for the instruction set `S`.
pub(super) trait Work<S> {
    type Output;
    /// The computation; `#[inline(always)]`.
    fn run(self, simd: S) -> Self::Output;
}

/// Vectors of `LANES` doubles or 64-bit integers, and the operations that the kernels need.
/// All operations on doubles round to nearest, ties to even; integers wrap.
pub(super) trait Simd: Copy + Send + Sync + 'static {
    /// `LANES` doubles.
    type Float: Copy + Send + Sync + 'static;
    /// `LANES` 64-bit integers.
    type Int: Copy;
    /// As many words of memory.
    type Words;
    /// As many 32-bit numbers of memory.
    type Narrow;
    const LANES: usize;

    /// Runs `work`, compiled with these instructions.
    fn run<W: Work<Self>>(self, work: W) -> W::Output;

    /// Whole vectors of a slice.
    fn words(words: &mut [u64]) -> &mut [Self::Words];
    /// Whole vectors of a slice.
    fn narrow(numbers: &[i32]) -> &[Self::Narrow];

    fn splat(self, x: f64) -> Self::Float;
    /// Lane i gets `lane(i)`.
    fn lanes(self, lane: impl FnMut(usize) -> f64) -> Self::Float;
    fn load_narrow(self, x: &Self::Narrow) -> Self::Float;
    fn add(self, a: Self::Float, b: Self::Float) -> Self::Float;
    fn sub(self, a: Self::Float, b: Self::Float) -> Self::Float;
    fn mul(self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    /// `a * b - c`, rounded once.
    fn mul_sub(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    /// `c - a * b`, rounded once.
    fn neg_mul_add(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    /// Of `LANES` consecutive blocks of 8 doubles in natural order: afterwards lane b of vector e
    /// is element e of block b.
    fn transpose(self, block: &mut [Self::Float; BLOCK]);
    /// The inverse of [`Simd::transpose`].
    fn untranspose(self, block: &mut [Self::Float; BLOCK]);

    /// The doubles' bit patterns.
    fn bits(self, x: Self::Float) -> Self::Int;
    fn int_splat(self, x: u64) -> Self::Int;
    fn int_load(self, words: &Self::Words) -> Self::Int;
    fn int_store(self, x: Self::Int, words: &mut Self::Words);
    fn int_add(self, a: Self::Int, b: Self::Int) -> Self::Int;
    fn int_sub(self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// Product of the low 32 bits of the lanes.
    fn int_mul_low(self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// `x << 32`.
    fn int_shl32(self, x: Self::Int) -> Self::Int;
    /// `x >> 32`, unsigned.
    fn int_shr32(self, x: Self::Int) -> Self::Int;
    /// `x + y` in lanes where `x` is negative as a signed number, else `x`.
    fn int_add_if_negative(self, x: Self::Int, y: Self::Int) -> Self::Int;
}

/// An instruction set that this CPU has.
#[derive(Clone, Copy)]
pub(super) struct Dispatch(Set);

#[derive(Clone, Copy)]
enum Set {
    Scalar,
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx512Ifma(avx512_ifma::Avx512Ifma),
}

impl Dispatch {
    /// What every CPU has.
    pub(super) const fn scalar() -> Self {
        Self(Set::Scalar)
    }

    /// NEON.
    pub(super) fn neon() -> Option<Self> {
        #[cfg(target_arch = "aarch64")]
        return neon::Neon::detect().map(|simd| Self(Set::Neon(simd)));
        #[cfg(not(target_arch = "aarch64"))]
        None
    }

    /// AVX2 and FMA.
    pub(super) fn avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        return avx2::Avx2::detect().map(|simd| Self(Set::Avx2(simd)));
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    /// AVX-512 F and DQ.
    pub(super) fn avx512() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        return avx512::Avx512::detect().map(|simd| Self(Set::Avx512(simd)));
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    /// AVX-512 F, BW, DQ, VL and IFMA.
    pub(super) fn avx512_ifma() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        return avx512_ifma::Avx512Ifma::detect().map(|simd| Self(Set::Avx512Ifma(simd)));
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    /// Runs `work` with this instruction set.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn run<O, W>(self, work: W) -> O
    where
        W: Work<Plain, Output = O>
            + Work<avx2::Avx2, Output = O>
            + Work<avx512::Avx512, Output = O>,
    {
        match self.0 {
            Set::Scalar => Plain.run(work),
            Set::Avx2(simd) => simd.run(work),
            Set::Avx512(simd) => simd.run(work),
            Set::Avx512Ifma(simd) => simd.base.run(work),
        }
    }

    /// Runs `work` if this instruction set has vectors of doubles: without them, only tests have a
    /// use for it, and compilers much to do.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn run_doubles<O, W>(self, work: W) -> Option<O>
    where
        W: Work<Plain, Output = O>
            + Work<avx2::Avx2, Output = O>
            + Work<avx512::Avx512, Output = O>,
    {
        match self.0 {
            #[cfg(test)]
            Set::Scalar => Some(Plain.run(work)),
            #[cfg(not(test))]
            Set::Scalar => None,
            Set::Avx2(simd) => Some(simd.run(work)),
            Set::Avx512(simd) => Some(simd.run(work)),
            Set::Avx512Ifma(simd) => Some(simd.base.run(work)),
        }
    }

    /// Runs `work` if this instruction set has IFMA; in tests also without vector instructions.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn run_ifma<O, W>(self, work: W) -> Option<O>
    where
        W: Work<Plain, Output = O> + Work<avx512_ifma::Avx512Ifma, Output = O>,
    {
        match self.0 {
            Set::Avx512Ifma(simd) => Some(simd.run_ifma(work)),
            #[cfg(test)]
            Set::Scalar => Some(Plain.run_ifma(work)),
            _ => None,
        }
    }

    /// Runs `work` with this instruction set.
    #[cfg(target_arch = "aarch64")]
    pub(super) fn run<O, W>(self, work: W) -> O
    where
        W: Work<Plain, Output = O> + Work<neon::Neon, Output = O>,
    {
        match self.0 {
            Set::Scalar => Plain.run(work),
            Set::Neon(simd) => simd.run(work),
        }
    }

    /// Runs `work` if this instruction set has vectors of doubles: without them, only tests have a
    /// use for it, and compilers much to do.
    #[cfg(target_arch = "aarch64")]
    pub(super) fn run_doubles<O, W>(self, work: W) -> Option<O>
    where
        W: Work<Plain, Output = O> + Work<neon::Neon, Output = O>,
    {
        match self.0 {
            #[cfg(test)]
            Set::Scalar => Some(Plain.run(work)),
            #[cfg(not(test))]
            Set::Scalar => None,
            Set::Neon(simd) => Some(simd.run(work)),
        }
    }

    /// Runs `work` with this instruction set.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(super) fn run<O, W: Work<Plain, Output = O>>(self, work: W) -> O {
        match self.0 {
            Set::Scalar => Plain.run(work),
        }
    }

    /// Runs `work` in tests; there are no vectors here.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(super) fn run_doubles<O, W: Work<Plain, Output = O>>(self, work: W) -> Option<O> {
        cfg!(test).then(|| Plain.run(work))
    }

    /// Runs `work` in tests, without vector instructions; there is no IFMA here.
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn run_ifma<O, W: Work<Plain, Output = O>>(self, work: W) -> Option<O> {
        cfg!(test).then(|| Plain.run_ifma(work))
    }
}

/// The instruction sets that this CPU has for kernels in doubles, for tests; the first call names
/// on stdout (past the test harness, which hides what passing tests print) those that it has not.
#[cfg(test)]
pub(super) fn instruction_sets() -> Vec<Dispatch> {
    static SAID: std::sync::Once = std::sync::Once::new();
    let candidates = [
        ("NEON", Dispatch::neon()),
        ("AVX2 with FMA", Dispatch::avx2()),
        ("AVX-512 F with DQ", Dispatch::avx512()),
    ];
    SAID.call_once(|| name_missing(&candidates));
    let present = candidates.into_iter().filter_map(|(_, set)| set);
    std::iter::once(Dispatch::scalar()).chain(present).collect()
}

/// The same for the kernel in 52-bit integers.
#[cfg(test)]
pub(super) fn ifma_instruction_sets() -> Vec<Dispatch> {
    static SAID: std::sync::Once = std::sync::Once::new();
    let candidate = Dispatch::avx512_ifma();
    SAID.call_once(|| name_missing(&[("AVX-512 F with BW, DQ, VL and IFMA", candidate)]));
    std::iter::once(Dispatch::scalar())
        .chain(candidate)
        .collect()
}

#[cfg(test)]
fn name_missing(candidates: &[(&str, Option<Dispatch>)]) {
    use std::io::Write;
    for (name, _) in candidates.iter().filter(|(_, set)| set.is_none()) {
        writeln!(std::io::stdout(), "NOT TESTED: this CPU lacks {name}")
            .expect("a standard output");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the operations whose lanes move or whose arguments are easily swapped.
    struct Check;

    impl<S: Simd> Work<S> for Check {
        type Output = ();

        #[inline(always)]
        fn run(self, s: S) {
            let doubles = |x: S::Float| {
                let mut words = [0; 8];
                s.int_store(s.bits(x), &mut S::words(&mut words)[0]);
                words[..S::LANES]
                    .iter()
                    .map(|&word| f64::from_bits(word))
                    .collect::<Vec<_>>()
            };
            // Element e of block b is 8 b + e.
            let natural: [S::Float; BLOCK] =
                std::array::from_fn(|v| s.lanes(|lane| (v * S::LANES + lane) as f64));
            let mut block = natural;
            s.transpose(&mut block);
            for (e, &vector) in block.iter().enumerate() {
                let expected: Vec<f64> = (0..S::LANES).map(|b| (8 * b + e) as f64).collect();
                assert_eq!(doubles(vector), expected);
            }
            s.untranspose(&mut block);
            assert!(
                block
                    .iter()
                    .zip(&natural)
                    .all(|(&a, &b)| doubles(a) == doubles(b))
            );

            let [a, b, c] = [3.0, 5.0, 7.0].map(|x| s.splat(x));
            for (actual, expected) in [
                (s.add(a, b), 8.0),
                (s.sub(a, b), -2.0),
                (s.mul(a, b), 15.0),
                (s.mul_add(a, b, c), 22.0),
                (s.mul_sub(a, b, c), 8.0),
                (s.neg_mul_add(a, b, c), -8.0),
                // Rounded once: (2^52 + 1)^2 = 2^104 + 2^53 + 1.
                (
                    s.mul_sub(
                        s.splat(4_503_599_627_370_497.0),
                        s.splat(4_503_599_627_370_497.0),
                        s.splat((1_u128 << 104) as f64),
                    ),
                    9_007_199_254_740_992.0,
                ),
                (s.load_narrow(&S::narrow(&[-9; 8])[0]), -9.0),
            ] {
                assert_eq!(doubles(actual), vec![expected; S::LANES]);
            }
            let int = |x: S::Int| {
                let mut words = [0; 8];
                s.int_store(x, &mut S::words(&mut words)[0]);
                assert!(words[..S::LANES].iter().all(|&word| word == words[0]));
                words[0]
            };
            let load = |x: u64| s.int_load(&S::words(&mut [x; 8])[0]);
            let (x, y) = (0xFEDC_BA98_7654_3210, 0x0123_4567_89AB_CDEF);
            assert_eq!(int(s.int_splat(x)), x);
            assert_eq!(int(s.int_add(load(x), load(x))), x.wrapping_add(x));
            assert_eq!(int(s.int_sub(load(y), load(x))), y.wrapping_sub(x));
            assert_eq!(
                int(s.int_mul_low(load(x), load(y))),
                0x7654_3210 * 0x89AB_CDEF
            );
            assert_eq!(int(s.int_shl32(load(x))), x << 32);
            assert_eq!(int(s.int_shr32(load(x))), x >> 32);
            assert_eq!(
                int(s.int_add_if_negative(load(x), load(y))),
                x.wrapping_add(y)
            );
            assert_eq!(int(s.int_add_if_negative(load(y), load(x))), y);
        }
    }

    #[test]
    fn operations_do_what_their_names_say() {
        for dispatch in instruction_sets() {
            dispatch.run(Check);
        }
    }
}

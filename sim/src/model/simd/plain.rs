//! [`Simd`] on arrays of 8, without vector instructions: proves the 8-lane geometry on machines
//! that lack AVX-512, and is what scalar code is compiled with. Without an FMA instruction its
//! `mul_add` is exact but slow.

use super::{BLOCK, Ifma, MASK_52, Simd, Work};

/// The instruction set that every CPU has.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Plain;

const LANES: usize = 8;

#[inline(always)]
fn map2<T: Copy, U>(a: [T; LANES], b: [T; LANES], f: impl Fn(T, T) -> U) -> [U; LANES] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

impl Simd for Plain {
    type Float = [f64; LANES];
    type Int = [u64; LANES];
    type Words = [u64; LANES];
    type Narrow = [i32; LANES];
    const LANES: usize = LANES;

    #[inline(always)]
    fn run<W: Work<Self>>(self, work: W) -> W::Output {
        work.run(self)
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
    fn splat(self, x: f64) -> Self::Float {
        [x; LANES]
    }

    #[inline(always)]
    fn lanes(self, lane: impl FnMut(usize) -> f64) -> Self::Float {
        std::array::from_fn(lane)
    }

    #[inline(always)]
    fn load_narrow(self, x: &Self::Narrow) -> Self::Float {
        x.map(f64::from)
    }

    #[inline(always)]
    fn add(self, a: Self::Float, b: Self::Float) -> Self::Float {
        map2(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::Float, b: Self::Float) -> Self::Float {
        map2(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::Float, b: Self::Float) -> Self::Float {
        map2(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
    }

    #[inline(always)]
    fn mul_sub(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        std::array::from_fn(|i| a[i].mul_add(b[i], -c[i]))
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        std::array::from_fn(|i| (-a[i]).mul_add(b[i], c[i]))
    }

    #[inline(always)]
    fn transpose(self, block: &mut [Self::Float; BLOCK]) {
        let source = *block;
        *block = std::array::from_fn(|e| std::array::from_fn(|b| source[b][e]));
    }

    #[inline(always)]
    fn untranspose(self, block: &mut [Self::Float; BLOCK]) {
        self.transpose(block);
    }

    #[inline(always)]
    fn bits(self, x: Self::Float) -> Self::Int {
        x.map(f64::to_bits)
    }

    #[inline(always)]
    fn int_splat(self, x: u64) -> Self::Int {
        [x; LANES]
    }

    #[inline(always)]
    fn int_load(self, words: &Self::Words) -> Self::Int {
        *words
    }

    #[inline(always)]
    fn int_store(self, x: Self::Int, words: &mut Self::Words) {
        *words = x;
    }

    #[inline(always)]
    fn int_add(self, a: Self::Int, b: Self::Int) -> Self::Int {
        map2(a, b, u64::wrapping_add)
    }

    #[inline(always)]
    fn int_sub(self, a: Self::Int, b: Self::Int) -> Self::Int {
        map2(a, b, u64::wrapping_sub)
    }

    #[inline(always)]
    fn int_mul_low(self, a: Self::Int, b: Self::Int) -> Self::Int {
        map2(a, b, |a, b| (a & 0xFFFF_FFFF) * (b & 0xFFFF_FFFF))
    }

    #[inline(always)]
    fn int_shl32(self, x: Self::Int) -> Self::Int {
        x.map(|x| x << 32)
    }

    #[inline(always)]
    fn int_shr32(self, x: Self::Int) -> Self::Int {
        x.map(|x| x >> 32)
    }

    #[inline(always)]
    fn int_add_if_negative(self, x: Self::Int, y: Self::Int) -> Self::Int {
        map2(
            x,
            y,
            |x, y| if (x as i64) < 0 { x.wrapping_add(y) } else { x },
        )
    }
}

/// The 104-bit product of the low 52 bits.
#[inline(always)]
fn product(a: u64, b: u64) -> u128 {
    u128::from(a & MASK_52) * u128::from(b & MASK_52)
}

impl Ifma for Plain {
    type Vector = [u64; LANES];

    #[inline(always)]
    fn run_ifma<W: Work<Self>>(self, work: W) -> W::Output {
        work.run(self)
    }

    #[inline(always)]
    fn splat(self, x: u64) -> Self::Vector {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, words: &[u64; LANES]) -> Self::Vector {
        *words
    }

    #[inline(always)]
    fn store(self, x: Self::Vector, words: &mut [u64; LANES]) {
        *words = x;
    }

    #[inline(always)]
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, u64::wrapping_add)
    }

    #[inline(always)]
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, u64::wrapping_sub)
    }

    #[inline(always)]
    fn and(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, |a, b| a & b)
    }

    #[inline(always)]
    fn or(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, |a, b| a | b)
    }

    #[inline(always)]
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        map2(a, b, u64::min)
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, x: Self::Vector) -> Self::Vector {
        x.map(|x| x << BITS)
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, x: Self::Vector) -> Self::Vector {
        x.map(|x| x >> BITS)
    }

    #[inline(always)]
    fn shift_left_by(self, x: Self::Vector, bits: u32) -> Self::Vector {
        x.map(|x| x << bits)
    }

    #[inline(always)]
    fn shift_right_signed(self, x: Self::Vector, bits: u32) -> Self::Vector {
        x.map(|x| (x.cast_signed() >> bits).cast_unsigned())
    }

    #[inline(always)]
    fn madd_low(self, sum: Self::Vector, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        std::array::from_fn(|i| sum[i].wrapping_add(product(a[i], b[i]) as u64 & MASK_52))
    }

    #[inline(always)]
    fn madd_high(self, sum: Self::Vector, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        std::array::from_fn(|i| sum[i].wrapping_add((product(a[i], b[i]) >> 52) as u64))
    }

    #[inline(always)]
    fn add_if_negative_unless(
        self,
        x: Self::Vector,
        unless: Self::Vector,
        y: Self::Vector,
    ) -> Self::Vector {
        std::array::from_fn(|i| {
            let chosen = (x[i] & !unless[i]) >> 63;
            x[i].wrapping_add(y[i] * chosen)
        })
    }

    #[inline(always)]
    fn add_if_equal(
        self,
        x: Self::Vector,
        a: Self::Vector,
        b: Self::Vector,
        y: Self::Vector,
    ) -> Self::Vector {
        std::array::from_fn(|i| x[i].wrapping_add(if a[i] == b[i] { y[i] } else { 0 }))
    }

    #[inline(always)]
    fn prefetch(self, _memory: &Self::Vector) {}

    #[inline(always)]
    fn transpose_ifma(self, block: &mut [Self::Vector; LANES]) {
        let source = *block;
        *block = std::array::from_fn(|e| std::array::from_fn(|b| source[b][e]));
    }
}

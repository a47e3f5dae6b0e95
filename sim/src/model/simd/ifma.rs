//! The vector operations of the integer kernel: 64-bit lanes and a 52-bit multiply-add.

use super::Work;

/// Lanes of a vector; a block of the transposition is as many vectors.
pub(in crate::model) const IFMA_LANES: usize = 8;

/// The low 52 bits, all that a multiplication reads of its factors.
pub(in crate::model) const MASK_52: u64 = (1 << 52) - 1;

/// Vectors of eight 64-bit integers, which wrap. As with [`super::Simd`], a value proves that the
/// CPU has the instructions, and code generic over it must be inlined into [`Ifma::run_ifma`].
pub(in crate::model) trait Ifma: Copy + Send + Sync + 'static {
    type Vector: Copy + Send + Sync + 'static;

    /// Runs `work`, compiled with these instructions.
    fn run_ifma<W: Work<Self>>(self, work: W) -> W::Output;

    fn splat(self, x: u64) -> Self::Vector;
    fn load(self, words: &[u64; IFMA_LANES]) -> Self::Vector;
    fn store(self, x: Self::Vector, words: &mut [u64; IFMA_LANES]);
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn and(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn or(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller of two unsigned numbers.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn shift_left<const BITS: u32>(self, x: Self::Vector) -> Self::Vector;
    /// Unsigned.
    fn shift_right<const BITS: u32>(self, x: Self::Vector) -> Self::Vector;
    /// By fewer than 64 bits.
    fn shift_left_by(self, x: Self::Vector, bits: u32) -> Self::Vector;
    /// By fewer than 64 bits, keeping the sign.
    fn shift_right_signed(self, x: Self::Vector, bits: u32) -> Self::Vector;
    /// `sum` plus the low 52 bits of the product of the low 52 bits of `a` and `b`.
    fn madd_low(self, sum: Self::Vector, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `sum` plus the high 52 bits of the 104-bit product of the low 52 bits of `a` and `b`.
    fn madd_high(self, sum: Self::Vector, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `x + y` in lanes where bit 63 of `x` is set and that of `unless` is not, else `x`.
    fn add_if_negative_unless(
        self,
        x: Self::Vector,
        unless: Self::Vector,
        y: Self::Vector,
    ) -> Self::Vector;
    /// `x + y` in lanes where `a == b`, else `x`.
    fn add_if_equal(
        self,
        x: Self::Vector,
        a: Self::Vector,
        b: Self::Vector,
        y: Self::Vector,
    ) -> Self::Vector;
    /// Asks for the memory to come into the caches.
    fn prefetch(self, memory: &Self::Vector);
    /// Lane b of vector e becomes lane e of vector b; its own inverse.
    fn transpose_ifma(self, block: &mut [Self::Vector; IFMA_LANES]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::simd::{Work, ifma_instruction_sets};

    /// Checks every operation on lanes that differ.
    struct Check;

    impl<S: Ifma> Work<S> for Check {
        type Output = ();

        #[inline(always)]
        fn run(self, s: S) {
            let a: [u64; 8] = [
                0,
                1,
                MASK_52,
                u64::MAX,
                1 << 63,
                0xFEDC_BA98_7654_3210,
                0x000F_1234_5678_9ABC,
                (1 << 49) + 1,
            ];
            let b: [u64; 8] = std::array::from_fn(|lane| a[(lane + 3) % 8].rotate_left(7) ^ 5);
            let c: [u64; 8] = std::array::from_fn(|lane| a[(lane + 5) % 8] ^ b[lane]);
            let [x, y, z] = [&a, &b, &c].map(|words| s.load(words));
            let words = |x: S::Vector| {
                let mut words = [0; 8];
                s.store(x, &mut words);
                words
            };
            let each = |f: &dyn Fn(u64, u64, u64) -> u64| -> [u64; 8] {
                std::array::from_fn(|lane| f(a[lane], b[lane], c[lane]))
            };
            let product = |a: u64, b: u64| u128::from(a & MASK_52) * u128::from(b & MASK_52);
            for (actual, expected) in [
                (s.splat(7), [7; 8]),
                (x, a),
                (s.add(x, y), each(&|a, b, _| a.wrapping_add(b))),
                (s.sub(x, y), each(&|a, b, _| a.wrapping_sub(b))),
                (s.and(x, y), each(&|a, b, _| a & b)),
                (s.min(x, y), each(&|a, b, _| a.min(b))),
                (s.shift_left::<32>(x), each(&|a, _, _| a << 32)),
                (s.shift_right::<52>(x), each(&|a, _, _| a >> 52)),
                (
                    s.madd_low(z, x, y),
                    each(&|a, b, c| c.wrapping_add(product(a, b) as u64 & MASK_52)),
                ),
                (
                    s.madd_high(z, x, y),
                    each(&|a, b, c| c.wrapping_add((product(a, b) >> 52) as u64)),
                ),
                (
                    s.add_if_negative_unless(x, y, z),
                    each(&|a, b, c| {
                        let chosen = a >> 63 == 1 && b >> 63 == 0;
                        a.wrapping_add(if chosen { c } else { 0 })
                    }),
                ),
                (s.or(x, y), each(&|a, b, _| a | b)),
                (s.shift_left_by(x, 13), each(&|a, _, _| a << 13)),
                (
                    s.shift_right_signed(x, 41),
                    each(&|a, _, _| (a.cast_signed() >> 41).cast_unsigned()),
                ),
                (
                    s.add_if_equal(y, x, s.splat(1 << 63), z),
                    each(&|a, b, c| b.wrapping_add(if a == 1 << 63 { c } else { 0 })),
                ),
            ] {
                assert_eq!(words(actual), expected);
            }
            let natural: [S::Vector; 8] =
                std::array::from_fn(|v| s.load(&std::array::from_fn(|lane| (8 * v + lane) as u64)));
            let mut block = natural;
            s.transpose_ifma(&mut block);
            for (e, &vector) in block.iter().enumerate() {
                let expected: [u64; 8] = std::array::from_fn(|b| (8 * b + e) as u64);
                assert_eq!(words(vector), expected);
            }
        }
    }

    #[test]
    fn operations_do_what_their_names_say() {
        for dispatch in ifma_instruction_sets() {
            dispatch.run_ifma(Check);
        }
    }
}

//! The signed gadget decomposition of [`Gadget`] on vectors.
//!
//! With r represented bits and `h = 2^(63-r)`, half a unit, the state of a word x is the top r bits
//! of `y = x + h mod 2^64` as a signed number. One case is different: when y is in
//! `2^63 + h .. 2^63 + 2h`, x was rounded down to `2^63`, and the state is `+2^(r-1)`, not
//! `-2^(r-1)`. Then the top `r + 1` bits of y are those of `2^63 + h`.

use crate::model::decompose::Gadget;
use crate::model::simd::Ifma;

/// A [`Gadget`] in vectors.
#[derive(Clone, Copy)]
pub(super) struct VectorGadget<S: Ifma> {
    pub(super) simd: S,
    unit_bits: u32,
    base_log: u32,
    half: S::Vector,
    one: S::Vector,
    digit_mask: S::Vector,
    /// The top `r + 1` bits of `2^63 + h`, as a signed number.
    rounded_down: S::Vector,
    /// `2^r`.
    range: S::Vector,
}

impl<S: Ifma> VectorGadget<S> {
    #[inline(always)]
    pub(super) fn new(simd: S, gadget: &Gadget) -> Self {
        let represented = gadget.represented_bits();
        let range = 1_i64 << represented;
        Self {
            simd,
            unit_bits: 64 - represented,
            base_log: gadget.base_log(),
            half: simd.splat(1 << (63 - represented)),
            one: simd.splat(1),
            digit_mask: simd.splat((1 << gadget.base_log()) - 1),
            rounded_down: simd.splat((1 - range).cast_unsigned()),
            range: simd.splat(range.cast_unsigned()),
        }
    }

    /// [`Gadget::state`].
    #[inline(always)]
    pub(super) fn state(self, x: S::Vector) -> S::Vector {
        let s = self.simd;
        let rounded = s.add(x, self.half);
        let state = s.shift_right_signed(rounded, self.unit_bits);
        let finer = s.shift_right_signed(rounded, self.unit_bits - 1);
        s.add_if_equal(state, finer, self.rounded_down, self.range)
    }

    /// [`Gadget::split`]: the least significant digit and the rest.
    #[inline(always)]
    pub(super) fn split(self, state: S::Vector) -> (S::Vector, S::Vector) {
        let s = self.simd;
        let residue = s.and(state, self.digit_mask);
        let rest = s.shift_right_signed(state, self.base_log);
        let tied = s.or(s.sub(residue, self.one), rest);
        // The residue has base_log bits, so a signed shift leaves 0 or 1.
        let carry = s.shift_right_signed(s.and(tied, residue), self.base_log - 1);
        let borrowed = s.shift_left_by(carry, self.base_log);
        (s.sub(residue, borrowed), s.add(rest, carry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::simd::{IFMA_LANES, Work, ifma_instruction_sets};
    use gyrus_interface::Decomposition;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    struct Check<'a> {
        gadget: Gadget,
        words: &'a [[u64; IFMA_LANES]],
    }

    impl<S: Ifma> Work<S> for Check<'_> {
        type Output = ();

        #[inline(always)]
        fn run(self, s: S) {
            let vector_gadget = VectorGadget::new(s, &self.gadget);
            let signed = |x: S::Vector| {
                let mut words = [0; IFMA_LANES];
                s.store(x, &mut words);
                words.map(u64::cast_signed)
            };
            for words in self.words {
                let mut state = vector_gadget.state(s.load(words));
                let mut expected = words.map(|word| self.gadget.state(word));
                assert_eq!(signed(state), expected, "{words:x?}");
                for _ in 1..self.gadget.levels() {
                    let (digit, rest) = vector_gadget.split(state);
                    let pairs = expected.map(|state| self.gadget.split(state));
                    assert_eq!(signed(digit), pairs.map(|(digit, _)| i64::from(digit)));
                    state = rest;
                    expected = pairs.map(|(_, rest)| rest);
                    assert_eq!(signed(state), expected, "{words:x?}");
                }
            }
        }
    }

    #[test]
    fn digits_equal_those_of_the_scalar_gadget() {
        for (base_log, levels) in [(23, 1), (22, 1), (1, 1), (15, 2), (9, 3), (20, 3), (31, 2)] {
            let gadget = Gadget::new(Decomposition::new(base_log, levels));
            let represented = base_log * levels;
            let mut random = ChaCha8Rng::seed_from_u64(7);
            let mut words: Vec<u64> = (0..4000).map(|_| random.next_u64()).collect();
            // Around every power of two, and halves of the unit around the middle and the ends.
            let half = 1_u64 << (63 - represented);
            for centre in (0..64).map(|bit| 1_u64 << bit).chain([0, 1 << 63]) {
                for multiple in 0..8 {
                    for near in 0..3 {
                        let offset = half.wrapping_mul(multiple).wrapping_add(near);
                        words.extend([
                            centre.wrapping_add(offset).wrapping_sub(1),
                            centre.wrapping_sub(offset).wrapping_add(1),
                        ]);
                    }
                }
            }
            let (words, _) = words.as_chunks();
            for dispatch in ifma_instruction_sets() {
                dispatch
                    .run_ifma(Check { gadget, words })
                    .expect("IFMA, or plain");
            }
        }
    }
}

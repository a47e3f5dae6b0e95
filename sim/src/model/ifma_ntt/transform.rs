//! The levels of the transform, in groups that stay in registers.
//!
//! Sizes of the residues, in units of p, by the bounds of [`super::arithmetic`]; 2^52 is
//! L = 7.9993 or 7.9996, and a reduction takes X to at most `1 + X * (1 - 7/L)`, below 2:
//! - Forward, a level adds less than 2 to the size of its first operand; the second one, a factor,
//!   may be anything below L. Digits start from 1 and a bit, and the first operands of every later
//!   group are reduced, so that up to three levels stay below L: at most 7.9978 in the end.
//! - Back, a group starts from at most 1.9996 (of two rows: `2 * 7.9978/L`). Sums of two reach
//!   3.9992, sums of four 7.9984, which are reduced. The product of a difference D is at most
//!   `1 + D/L`: an offset of 2 or 4 makes D positive, and `D <= 1.9996 + 2` gives 1.50,
//!   `D <= 3.9992 + 4` gives 2.
//! - Three levels end, with sums reduced, at 1.8751: that is the product of the difference of two
//!   sums of products (3.0 + 4). From that, two levels end at 1.9679, and three at 1.8711. So any
//!   sequence that begins with three levels stays in these bounds, and ends below 2.
//!
//! A test recomputes these numbers.

use super::arithmetic::{Factors, Modulus};
use super::plan::{BlockTwiddles, Group, Octet, Quartet};
use crate::model::simd::{IFMA_LANES, Ifma};

/// Operands of `WAYS` independent transforms with the same twiddles. Their operations alternate, so
/// that the CPU finds enough to do while it waits for a product.
pub(super) type Ways<S, const POINTS: usize, const WAYS: usize> =
    [[<S as Ifma>::Vector; POINTS]; WAYS];

/// `(x, y) <- (x + w*y, x - w*y)` of operands i and j, each below `x + 2p`.
#[inline(always)]
fn butterfly<S: Ifma, const POINTS: usize, const WAYS: usize>(
    m: Modulus<S>,
    ways: &mut Ways<S, POINTS, WAYS>,
    [i, j]: [usize; 2],
    w: Factors<S>,
) {
    let s = m.simd;
    for x in ways {
        let sum = m.mul_add(x[i], x[j], w);
        x[j] = s.sub(s.add(s.add(x[i], x[i]), m.two_p), sum);
        x[i] = sum;
    }
}

/// `(x, y) <- (x + y, (x - y + offset) * w)` of operands i and j; `offset` is a multiple of p not
/// below y.
#[inline(always)]
fn butterfly_back<S: Ifma, const POINTS: usize, const WAYS: usize>(
    m: Modulus<S>,
    ways: &mut Ways<S, POINTS, WAYS>,
    [i, j]: [usize; 2],
    w: Factors<S>,
    offset: S::Vector,
) {
    let s = m.simd;
    for x in ways {
        let difference = s.add(s.sub(x[i], x[j]), offset);
        x[i] = s.add(x[i], x[j]);
        x[j] = m.mul(difference, w);
    }
}

/// Reduces operand i.
#[inline(always)]
fn reduce<S: Ifma, const POINTS: usize, const WAYS: usize>(
    m: Modulus<S>,
    ways: &mut Ways<S, POINTS, WAYS>,
    i: usize,
) {
    for x in ways {
        x[i] = m.reduce(x[i]);
    }
}

/// Reduces the first operands of the first level of a group.
#[inline(always)]
fn reduce_half<S: Ifma, const POINTS: usize, const WAYS: usize>(
    m: Modulus<S>,
    ways: &mut Ways<S, POINTS, WAYS>,
) {
    for i in 0..POINTS / 2 {
        reduce(m, ways, i);
    }
}

/// Two levels forward; first operands below `2^52 - 6p`.
#[inline(always)]
pub(super) fn forward_four<S: Ifma, const WAYS: usize>(
    m: Modulus<S>,
    x: &mut Ways<S, 4, WAYS>,
    w: [Factors<S>; 3],
) {
    butterfly(m, x, [0, 2], w[0]);
    butterfly(m, x, [1, 3], w[0]);
    butterfly(m, x, [0, 1], w[1]);
    butterfly(m, x, [2, 3], w[2]);
}

/// Three levels forward; first operands below `2^52 - 6p`.
#[inline(always)]
pub(super) fn forward_eight<S: Ifma, const WAYS: usize>(
    m: Modulus<S>,
    x: &mut Ways<S, 8, WAYS>,
    w: [Factors<S>; 7],
) {
    butterfly(m, x, [0, 4], w[0]);
    butterfly(m, x, [1, 5], w[0]);
    butterfly(m, x, [2, 6], w[0]);
    butterfly(m, x, [3, 7], w[0]);
    butterfly(m, x, [0, 2], w[1]);
    butterfly(m, x, [1, 3], w[1]);
    butterfly(m, x, [4, 6], w[2]);
    butterfly(m, x, [5, 7], w[2]);
    butterfly(m, x, [0, 1], w[3]);
    butterfly(m, x, [2, 3], w[4]);
    butterfly(m, x, [4, 5], w[5]);
    butterfly(m, x, [6, 7], w[6]);
}

/// Two levels back.
#[inline(always)]
fn backward_four<S: Ifma, const WAYS: usize>(
    m: Modulus<S>,
    x: &mut Ways<S, 4, WAYS>,
    w: [Factors<S>; 3],
) {
    butterfly_back(m, x, [0, 1], w[1], m.two_p);
    butterfly_back(m, x, [2, 3], w[2], m.two_p);
    butterfly_back(m, x, [0, 2], w[0], m.four_p);
    butterfly_back(m, x, [1, 3], w[0], m.two_p);
    reduce(m, x, 0);
    reduce(m, x, 1);
}

/// Three levels back.
#[inline(always)]
fn backward_eight<S: Ifma, const WAYS: usize>(
    m: Modulus<S>,
    x: &mut Ways<S, 8, WAYS>,
    w: [Factors<S>; 7],
) {
    butterfly_back(m, x, [0, 1], w[3], m.two_p);
    butterfly_back(m, x, [2, 3], w[4], m.two_p);
    butterfly_back(m, x, [4, 5], w[5], m.two_p);
    butterfly_back(m, x, [6, 7], w[6], m.two_p);
    butterfly_back(m, x, [0, 2], w[1], m.four_p);
    butterfly_back(m, x, [1, 3], w[1], m.two_p);
    butterfly_back(m, x, [4, 6], w[2], m.four_p);
    butterfly_back(m, x, [5, 7], w[2], m.two_p);
    reduce(m, x, 0);
    reduce(m, x, 4);
    butterfly_back(m, x, [0, 4], w[0], m.two_p);
    butterfly_back(m, x, [1, 5], w[0], m.four_p);
    butterfly_back(m, x, [2, 6], w[0], m.two_p);
    butterfly_back(m, x, [3, 7], w[0], m.two_p);
    reduce(m, x, 0);
    reduce(m, x, 1);
    reduce(m, x, 2);
    reduce(m, x, 3);
}

/// The same twiddles in all lanes.
#[inline(always)]
pub(super) fn splat_eight<S: Ifma>(m: Modulus<S>, w: &Octet) -> [Factors<S>; 7] {
    let [w0, w1, w2, w3, w4, w5, w6] = *w;
    [
        m.splat(w0),
        m.splat(w1),
        m.splat(w2),
        m.splat(w3),
        m.splat(w4),
        m.splat(w5),
        m.splat(w6),
    ]
}

/// The same twiddles in all lanes.
#[inline(always)]
pub(super) fn splat_four<S: Ifma>(m: Modulus<S>, w: &Quartet) -> [Factors<S>; 3] {
    let [w0, w1, w2] = *w;
    [m.splat(w0), m.splat(w1), m.splat(w2)]
}

/// The last six levels, on a block; its values come transposed.
#[inline(always)]
pub(super) fn forward_block<S: Ifma, const WAYS: usize>(
    m: Modulus<S>,
    x: &mut Ways<S, IFMA_LANES, WAYS>,
    w: &BlockTwiddles<S>,
) {
    reduce_half(m, x);
    forward_eight(m, x, splat_eight(m, &w.vectors));
    for x in &mut *x {
        m.simd.transpose_ifma(x);
    }
    reduce_half(m, x);
    forward_eight(m, x, w.lanes);
}

/// The first six levels back, from transposed values.
#[inline(always)]
pub(super) fn backward_block<S: Ifma, const WAYS: usize>(
    m: Modulus<S>,
    x: &mut Ways<S, IFMA_LANES, WAYS>,
    w: &BlockTwiddles<S>,
) {
    backward_eight(m, x, w.lanes);
    for x in &mut *x {
        m.simd.transpose_ifma(x);
    }
    backward_eight(m, x, splat_eight(m, &w.vectors));
}

/// `PARTS` parts of a slice, for the operands of groups of levels.
#[inline(always)]
pub(super) fn strided<const PARTS: usize, T>(data: &mut [T]) -> [&mut [T]; PARTS] {
    let mut parts = data.chunks_exact_mut((data.len() / PARTS).max(1));
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// A group of levels on whole polynomials.
macro_rules! in_place {
    ($(#[$comment:meta])* $name:ident, $four:ident, $eight:ident, $prepare:ident) => {
        $(#[$comment])*
        #[inline(always)]
        pub(super) fn $name<S: Ifma>(m: Modulus<S>, data: &mut [S::Vector], group: &Group) {
            match group {
                Group::Four(parts) => {
                    let length = data.len() / parts.len();
                    for (part, w) in data.chunks_exact_mut(length).zip(parts) {
                        let w = splat_four(m, w);
                        let [a, b, c, d] = strided::<4, _>(part);
                        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
                            let mut x = [[*a, *b, *c, *d]];
                            $prepare(m, &mut x);
                            $four(m, &mut x, w);
                            [[*a, *b, *c, *d]] = x;
                        }
                    }
                }
                Group::Eight(parts) => {
                    let length = data.len() / parts.len();
                    for (part, w) in data.chunks_exact_mut(length).zip(parts) {
                        let w = splat_eight(m, w);
                        let [a, b, c, d, e, f, g, h] = strided::<8, _>(part);
                        let low = a.iter_mut().zip(b).zip(c.iter_mut().zip(d));
                        let high = e.iter_mut().zip(f).zip(g.iter_mut().zip(h));
                        for (((a, b), (c, d)), ((e, f), (g, h))) in low.zip(high) {
                            let mut x = [[*a, *b, *c, *d, *e, *f, *g, *h]];
                            $prepare(m, &mut x);
                            $eight(m, &mut x, w);
                            [[*a, *b, *c, *d, *e, *f, *g, *h]] = x;
                        }
                    }
                }
            }
        }
    };
}

/// Nothing to prepare.
#[inline(always)]
fn keep<S: Ifma, const POINTS: usize, const WAYS: usize>(
    _: Modulus<S>,
    _: &mut Ways<S, POINTS, WAYS>,
) {
}

in_place!(
    /// A group forward, from any residues.
    forward_group, forward_four, forward_eight, reduce_half
);
in_place!(
    /// A group forward, from residues below `2^52 - 6p`.
    first_group, forward_four, forward_eight, keep
);
in_place!(
    /// A group back.
    backward_group, backward_four, backward_eight, keep
);

//! The negacyclic number-theoretic transform mod one of the primes, on vectors of doubles.
//!
//! As in the portable kernel, `psi^j` is merged into the twiddles: Cooley-Tukey butterflies
//! `(x + w*y, x - w*y)` forward, Gentleman-Sande ones `(x + y, (x - y) * w)` back. Levels are
//! taken two at a time. The three levels within 8 consecutive coefficients are done on `LANES`
//! such blocks at once, transposed; their values stay in that order, which the key shares.
//!
//! Sizes of the residues, in units of p, by the bounds of [`super::arithmetic`]:
//! - Forward, a level takes sizes up to A to `A + 1/2 + A/31`. From 1/2 (a key) 12 levels
//!   (N = 4096) reach 7.92, from 2^-19 (digits) 7.19; 11 levels are always below. All stay
//!   below 7.99 without a reduction.
//! - Back, from 1/2 + 2^-49: in the block levels, sums of two, four, eight reach 1, 2 and 4, and
//!   products at most `1/2 + 4/31`. Of the eight results, the sum of all and the one that is a
//!   product, then a sum, then a sum (2.13) are reduced; the others are at most 1.13 (a product,
//!   at most 0.57, doubled).
//! - Then from A <= 1.16 a pass of two levels gives the sum of four (4.64, which is reduced),
//!   sums of two products, each `1/2 + 2A/31` (1.15), and products (`1/2 + 4A/31`, 0.65). So all
//!   inputs and outputs of passes stay below 1.16. A single level gives a sum (2.32, reduced) and
//!   a product (0.58).

use super::arithmetic::{Modulus, centred};
use crate::model::primes::{bit_reversed_powers, pow_mod, root_of_unity};
use crate::model::simd::{BLOCK, Simd, Work};

/// `w` centred and `w / p`.
type Twiddle = [f64; 2];

/// Twiddles of the three block levels of `LANES` blocks: level s, block part i at `2^s - 1 + i`.
type BlockTwiddles<S> = [[<S as Simd>::Float; 2]; BLOCK - 1];

/// Twiddles for one prime, direction and N.
struct Twiddles<S: Simd> {
    /// Of the level with one block, when the number of levels above the blocks is odd.
    single: Option<Twiddle>,
    /// Of the passes of two levels, in forward order: per block that of the first level and the
    /// two of the second.
    pairs: Vec<[Twiddle; 3]>,
    blocks: Vec<BlockTwiddles<S>>,
}

impl<S: Simd> Twiddles<S> {
    /// From the table of `psi^bit_reversed(j)`.
    fn new(simd: S, prime: u64, powers: &[u64]) -> Self {
        let twiddle = |index: usize| {
            let w = centred(powers[index], prime);
            [w, w / prime as f64]
        };
        let size = powers.len();
        let upper_levels = size.ilog2() - BLOCK.ilog2();
        let single = (upper_levels % 2 == 1).then(|| twiddle(1));
        let mut pairs = Vec::new();
        let mut blocks = if single.is_some() { 2 } else { 1 };
        while blocks < size / BLOCK {
            pairs.extend(
                (0..blocks)
                    .map(|i| [blocks + i, 2 * (blocks + i), 2 * (blocks + i) + 1].map(twiddle)),
            );
            blocks *= 4;
        }
        let block_twiddles = |first: usize| {
            std::array::from_fn(|entry| {
                let level = (entry + 1).ilog2();
                let part = entry + 1 - (1 << level);
                [0, 1].map(|which| {
                    simd.lanes(|lane| twiddle(((blocks + first + lane) << level) + part)[which])
                })
            })
        };
        let blocks = (0..blocks).step_by(S::LANES).map(block_twiddles).collect();
        Self {
            single,
            pairs,
            blocks,
        }
    }
}

/// The transform of `N` coefficients mod one prime.
pub(super) struct Plan<S: Simd> {
    simd: S,
    prime: u64,
    forward: Twiddles<S>,
    backward: Twiddles<S>,
}

impl<S: Simd> Plan<S> {
    /// Of `size` coefficients, a power of two from 256 to 4096.
    pub(super) fn new(simd: S, prime: u64, size: usize) -> Self {
        let psi = root_of_unity(size.ilog2() + 1, prime);
        let twiddles =
            |base: u64| Twiddles::new(simd, prime, &bit_reversed_powers(base, size, prime));
        let psi_inverse = pow_mod(psi, prime - 2, prime);
        Self {
            simd,
            prime,
            forward: twiddles(psi),
            backward: twiddles(psi_inverse),
        }
    }

    pub(super) const fn prime(&self) -> u64 {
        self.prime
    }

    /// Coefficients, in natural order and of size at most 1/2, to values.
    pub(super) fn forward(&self, data: &mut [S::Float]) {
        self.simd.run(Forward { plan: self, data });
    }

    /// Values of size at most 1/2 + 2^-49 to `N` times the coefficients, of size below 1.16.
    pub(super) fn backward(&self, data: &mut [S::Float]) {
        self.simd.run(Backward { plan: self, data });
    }
}

struct Forward<'a, S: Simd> {
    plan: &'a Plan<S>,
    data: &'a mut [S::Float],
}

impl<S: Simd> Work<S> for Forward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        let Self { plan, data } = self;
        let modulus = Modulus::new(s, plan.prime);
        let twiddles = &plan.forward;
        let mut length = data.len();
        if let Some(w) = twiddles.single {
            let w = splat(s, w);
            length /= 2;
            let (low, high) = data.split_at_mut(length);
            for (x, y) in low.iter_mut().zip(high) {
                butterfly(modulus, x, y, w);
            }
        }
        let mut pairs = twiddles.pairs.iter();
        while length > BLOCK / S::LANES {
            for (block, &[w1, w2, w3]) in data.chunks_exact_mut(length).zip(pairs.by_ref()) {
                let [w1, w2, w3] = [splat(s, w1), splat(s, w2), splat(s, w3)];
                let (x0, rest) = block.split_at_mut(length / 4);
                let (x1, rest) = rest.split_at_mut(length / 4);
                let (x2, x3) = rest.split_at_mut(length / 4);
                for (((x0, x1), x2), x3) in x0.iter_mut().zip(x1).zip(x2).zip(x3) {
                    // In locals, so that the compiler keeps them in registers.
                    let (mut y0, mut y1, mut y2, mut y3) = (*x0, *x1, *x2, *x3);
                    butterfly(modulus, &mut y0, &mut y2, w1);
                    butterfly(modulus, &mut y1, &mut y3, w1);
                    butterfly(modulus, &mut y0, &mut y1, w2);
                    butterfly(modulus, &mut y2, &mut y3, w3);
                    (*x0, *x1, *x2, *x3) = (y0, y1, y2, y3);
                }
            }
            length /= 4;
        }
        let (blocks, _) = data.as_chunks_mut::<BLOCK>();
        for (memory, w) in blocks.iter_mut().zip(&twiddles.blocks) {
            let mut x = *memory;
            s.transpose(&mut x);
            let [x0, x1, x2, x3, x4, x5, x6, x7] = &mut x;
            butterfly(modulus, x0, x4, w[0]);
            butterfly(modulus, x1, x5, w[0]);
            butterfly(modulus, x2, x6, w[0]);
            butterfly(modulus, x3, x7, w[0]);
            butterfly(modulus, x0, x2, w[1]);
            butterfly(modulus, x1, x3, w[1]);
            butterfly(modulus, x4, x6, w[2]);
            butterfly(modulus, x5, x7, w[2]);
            butterfly(modulus, x0, x1, w[3]);
            butterfly(modulus, x2, x3, w[4]);
            butterfly(modulus, x4, x5, w[5]);
            butterfly(modulus, x6, x7, w[6]);
            *memory = x;
        }
    }
}

struct Backward<'a, S: Simd> {
    plan: &'a Plan<S>,
    data: &'a mut [S::Float],
}

impl<S: Simd> Work<S> for Backward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        let Self { plan, data } = self;
        let modulus = Modulus::new(s, plan.prime);
        let twiddles = &plan.backward;
        let (blocks, _) = data.as_chunks_mut::<BLOCK>();
        for (memory, w) in blocks.iter_mut().zip(&twiddles.blocks) {
            let mut x = *memory;
            let [x0, x1, x2, x3, x4, x5, x6, x7] = &mut x;
            butterfly_back(modulus, x0, x1, w[3]);
            butterfly_back(modulus, x2, x3, w[4]);
            butterfly_back(modulus, x4, x5, w[5]);
            butterfly_back(modulus, x6, x7, w[6]);
            butterfly_back(modulus, x0, x2, w[1]);
            butterfly_back(modulus, x1, x3, w[1]);
            butterfly_back(modulus, x4, x6, w[2]);
            butterfly_back(modulus, x5, x7, w[2]);
            butterfly_back(modulus, x0, x4, w[0]);
            butterfly_back(modulus, x1, x5, w[0]);
            butterfly_back(modulus, x2, x6, w[0]);
            butterfly_back(modulus, x3, x7, w[0]);
            *x0 = modulus.reduce(*x0);
            *x1 = modulus.reduce(*x1);
            s.untranspose(&mut x);
            *memory = x;
        }
        let full_length = data.len();
        let pass_limit = if twiddles.single.is_some() {
            full_length / 2
        } else {
            full_length
        };
        let mut length = 4 * BLOCK / S::LANES;
        let mut pairs = twiddles.pairs.as_slice();
        while length <= pass_limit {
            let (earlier, current) = pairs.split_at(pairs.len() - full_length / length);
            pairs = earlier;
            for (block, &[w1, w2, w3]) in data.chunks_exact_mut(length).zip(current) {
                let [w1, w2, w3] = [splat(s, w1), splat(s, w2), splat(s, w3)];
                let (x0, rest) = block.split_at_mut(length / 4);
                let (x1, rest) = rest.split_at_mut(length / 4);
                let (x2, x3) = rest.split_at_mut(length / 4);
                for (((x0, x1), x2), x3) in x0.iter_mut().zip(x1).zip(x2).zip(x3) {
                    let (mut y0, mut y1, mut y2, mut y3) = (*x0, *x1, *x2, *x3);
                    butterfly_back(modulus, &mut y0, &mut y1, w2);
                    butterfly_back(modulus, &mut y2, &mut y3, w3);
                    butterfly_back(modulus, &mut y0, &mut y2, w1);
                    butterfly_back(modulus, &mut y1, &mut y3, w1);
                    (*x0, *x1, *x2, *x3) = (modulus.reduce(y0), y1, y2, y3);
                }
            }
            length *= 4;
        }
        if let Some(w) = twiddles.single {
            let w = splat(s, w);
            let (low, high) = data.split_at_mut(full_length / 2);
            for (x, y) in low.iter_mut().zip(high) {
                butterfly_back(modulus, x, y, w);
                *x = modulus.reduce(*x);
            }
        }
    }
}

/// The same twiddle in all lanes. (Closures would not be inlined into code for `S`.)
#[inline(always)]
fn splat<S: Simd>(simd: S, [w, w_over_p]: Twiddle) -> [S::Float; 2] {
    [simd.splat(w), simd.splat(w_over_p)]
}

/// `(x, y) <- (x + w*y, x - w*y)`.
#[inline(always)]
fn butterfly<S: Simd>(
    modulus: Modulus<S>,
    x: &mut S::Float,
    y: &mut S::Float,
    [w, w_over_p]: [S::Float; 2],
) {
    let product = modulus.mul_twiddle(*y, w, w_over_p);
    (*x, *y) = (modulus.simd.add(*x, product), modulus.simd.sub(*x, product));
}

/// `(x, y) <- (x + y, (x - y) * w)`.
#[inline(always)]
fn butterfly_back<S: Simd>(
    modulus: Modulus<S>,
    x: &mut S::Float,
    y: &mut S::Float,
    [w, w_over_p]: [S::Float; 2],
) {
    let difference = modulus.simd.sub(*x, *y);
    *x = modulus.simd.add(*x, *y);
    *y = modulus.mul_twiddle(difference, w, w_over_p);
}

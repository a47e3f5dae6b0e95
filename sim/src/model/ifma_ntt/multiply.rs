//! The external product, from words to words.

use super::arithmetic::Modulus;
use super::crt::Combine;
use super::decompose::VectorGadget;
use super::plan::{Group, Plan};
use super::transform::{
    backward_block, backward_group, forward_block, forward_eight, forward_four, forward_group,
    splat_eight, splat_four, strided,
};
use crate::model::decompose::Gadget;
use crate::model::primes::PRIMES;
use crate::model::rotate::rotate_and_subtract;
use crate::model::simd::{IFMA_LANES, Ifma, Work};
use std::slice::Chunks;

/// The GLWE ciphertext that is multiplied, `[k+1][N]` mod 2^64.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Glwe(&'a [u64]),
    /// `X^degree * output - output`, of the output before the product is added.
    Difference(usize),
}

/// Adds the product of a GGSW and the source to `output`, for `COLUMNS = k + 1` and
/// `ROWS = (k+1) * l`.
pub(super) struct ExternalProduct<'a, S: Ifma, const COLUMNS: usize, const ROWS: usize> {
    pub(super) plans: &'a [Plan<S>; 2],
    pub(super) gadget: Gadget,
    pub(super) source: Source<'a>,
    pub(super) ggsw: &'a [S::Vector],
    /// What memory should fetch meanwhile. A core waits for few cache lines at a time, so they are
    /// asked for all along: a quarter with the first levels, half with the products, a quarter with
    /// the remainder theorem, as these steps take time.
    pub(super) ahead: &'a [S::Vector],
    /// Room for one polynomial.
    pub(super) words: &'a mut [u64],
    /// Room for `[prime][row][N/8]`.
    pub(super) values: &'a mut [S::Vector],
    /// `[column][N]`.
    pub(super) output: &'a mut [u64],
}

impl<S: Ifma, const COLUMNS: usize, const ROWS: usize> Work<S>
    for ExternalProduct<'_, S, COLUMNS, ROWS>
{
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        let Self {
            plans,
            gadget,
            source,
            ggsw,
            ahead,
            words,
            values,
            output,
        } = self;
        let size = words.len();
        let vectors = size / IFMA_LANES;
        let (first, second) = values.split_at_mut(ROWS * vectors);

        let (early, rest) = ahead.split_at(ahead.len() / 4);
        let (middle, late) = rest.split_at(rest.len() * 2 / 3);

        let mut early = pieces(early, ROWS);
        let vector_gadget = VectorGadget::new(s, &gadget);
        let levels = ROWS / COLUMNS;
        for column in 0..COLUMNS {
            let part = column * size..(column + 1) * size;
            match source {
                Source::Glwe(glwe) => words.copy_from_slice(&glwe[part]),
                Source::Difference(degree) => rotate_and_subtract(words, &output[part], degree),
            }
            let words = words.as_chunks_mut().0;
            for level in 0..levels {
                let start = (column * levels + level) * vectors;
                let rows = [
                    &mut first[start..start + vectors],
                    &mut second[start..start + vectors],
                ];
                let ahead = early.next().unwrap_or_default();
                macro_rules! start_row {
                    ($first:literal, $last:literal) => {
                        start_row::<S, $first, $last>(plans, vector_gadget, words, rows, ahead)
                    };
                }
                match (level == 0, level + 1 == levels) {
                    (true, true) => start_row!(true, true),
                    (true, false) => start_row!(true, false),
                    (false, false) => start_row!(false, false),
                    (false, true) => start_row!(false, true),
                }
            }
        }

        let mut middle = pieces(middle, PRIMES.len());
        let keys = ggsw.chunks_exact(ROWS * COLUMNS * vectors);
        for ((plan, values), key) in plans.iter().zip([&mut *first, &mut *second]).zip(keys) {
            let modulus = Modulus::new(s, plan.prime);
            if let Some(group) = &plan.forward.second {
                for row in values.chunks_exact_mut(vectors) {
                    forward_group(modulus, row, group);
                }
            }
            let ahead = middle.next().unwrap_or_default();
            multiply_blocks::<S, COLUMNS, ROWS>(modulus, plan, values, key, ahead);
            for column in values.chunks_exact_mut(vectors).take(COLUMNS) {
                if let Some(group) = &plan.backward.second {
                    backward_group(modulus, column, group);
                }
                backward_group(modulus, column, &plan.backward.first);
            }
        }

        let combine = Combine::new(s);
        let words = output.as_chunks_mut().0;
        let mut late = pieces(late, vectors * COLUMNS);
        for ((&r1, &r2), words) in first.iter().zip(&*second).zip(words) {
            fetch(s, &mut late);
            s.store(s.add(s.load(words), combine.word(r1, r2)), words);
        }
    }
}

/// `memory` in pieces for so many steps.
#[inline(always)]
fn pieces<V>(memory: &[V], steps: usize) -> Chunks<'_, V> {
    memory.chunks(memory.len().div_ceil(steps).max(1))
}

/// Asks memory for the next piece.
#[inline(always)]
fn fetch<S: Ifma>(s: S, pieces: &mut Chunks<'_, S::Vector>) {
    for memory in pieces.next().unwrap_or_default() {
        s.prefetch(memory);
    }
}

/// The next digits of a polynomial, and the first levels of their transforms mod both primes.
/// `words` are mod 2^64 for the `FIRST` digit and the rest of the decomposition afterwards; the
/// `LAST` digit is that whole rest. Meanwhile memory fetches `ahead`.
#[inline(always)]
fn start_row<S: Ifma, const FIRST: bool, const LAST: bool>(
    plans: &[Plan<S>; 2],
    gadget: VectorGadget<S>,
    words: &mut [[u64; IFMA_LANES]],
    [first, second]: [&mut [S::Vector]; 2],
    ahead: &[S::Vector],
) {
    let s = gadget.simd;
    let [m1, m2] = [
        Modulus::new(s, plans[0].prime),
        Modulus::new(s, plans[1].prime),
    ];
    macro_rules! levels {
        ($points:literal, $splat:ident, $forward:ident, $w1:expr, $w2:expr) => {{
            let (w1, w2) = ($splat(m1, &$w1[0]), $splat(m2, &$w2[0]));
            let first: [&mut [S::Vector]; $points] = strided(first);
            let second: [&mut [S::Vector]; $points] = strided(second);
            let words: [&mut [[u64; IFMA_LANES]]; $points] = strided(words);
            let mut ahead = pieces(ahead, words[0].len());
            for index in 0..words[0].len() {
                fetch(s, &mut ahead);
                let mut r1 = [[m1.zero; $points]];
                let mut r2 = [[m1.zero; $points]];
                for point in 0..$points {
                    let mut digit = s.load(&words[point][index]);
                    if FIRST {
                        digit = gadget.state(digit);
                    }
                    if !LAST {
                        let (low, rest) = gadget.split(digit);
                        s.store(rest, &mut words[point][index]);
                        digit = low;
                    }
                    r1[0][point] = m1.lift(digit);
                    r2[0][point] = m2.lift(digit);
                }
                $forward(m1, &mut r1, w1);
                $forward(m2, &mut r2, w2);
                for point in 0..$points {
                    first[point][index] = r1[0][point];
                    second[point][index] = r2[0][point];
                }
            }
        }};
    }
    match (&plans[0].forward.first, &plans[1].forward.first) {
        (Group::Four(w1), Group::Four(w2)) => levels!(4, splat_four, forward_four, w1, w2),
        (Group::Eight(w1), Group::Eight(w2)) => levels!(8, splat_eight, forward_eight, w1, w2),
        _ => {}
    }
}

/// Applies a transform to all polynomials, two at a time.
macro_rules! in_twos {
    ($transform:ident, $modulus:expr, $polynomials:expr, $twiddles:expr) => {{
        let (twos, rest) = $polynomials.as_chunks_mut::<2>();
        for two in twos {
            $transform($modulus, two, $twiddles);
        }
        for one in rest.as_chunks_mut::<1>().0 {
            $transform($modulus, one, $twiddles);
        }
    }};
}

/// The last six levels of all rows, the products by the key, and the first six levels back of
/// the sums, which take the place of the first rows. Meanwhile memory fetches `ahead`.
#[inline(always)]
fn multiply_blocks<S: Ifma, const COLUMNS: usize, const ROWS: usize>(
    modulus: Modulus<S>,
    plan: &Plan<S>,
    values: &mut [S::Vector],
    ggsw: &[S::Vector],
    ahead: &[S::Vector],
) {
    let s = modulus.simd;
    let rows: [&mut [S::Vector]; ROWS] = strided(values);
    let mut rows = rows.map(|row| row.as_chunks_mut::<IFMA_LANES>().0);
    let (keys, _) = ggsw.as_chunks::<ROWS>();
    let (keys, _) = keys.as_chunks::<COLUMNS>();
    let (keys, _) = keys.as_chunks::<IFMA_LANES>();
    let twiddles = plan.forward.blocks.iter().zip(&plan.backward.blocks);
    let mut ahead = pieces(ahead, plan.forward.blocks.len());
    for (index, ((forward, backward), keys)) in twiddles.zip(keys).enumerate() {
        fetch(s, &mut ahead);
        let mut x = [[modulus.zero; IFMA_LANES]; ROWS];
        for (x, row) in x.iter_mut().zip(&rows) {
            *x = row[index];
        }
        in_twos!(forward_block, modulus, &mut x, forward);
        let mut sums = [[modulus.zero; IFMA_LANES]; COLUMNS];
        for (point, keys) in keys.iter().enumerate() {
            for (sums, keys) in sums.iter_mut().zip(keys) {
                let (mut low, mut high) = (modulus.zero, modulus.zero);
                for (x, &key) in x.iter().zip(keys) {
                    low = s.madd_low(low, x[point], key);
                    high = s.madd_high(high, x[point], key);
                }
                sums[point] = modulus.montgomery::<ROWS>(low, high);
            }
        }
        in_twos!(backward_block, modulus, &mut sums, backward);
        for (sums, row) in sums.iter().zip(&mut rows) {
            row[index] = *sums;
        }
    }
}

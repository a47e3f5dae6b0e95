//! A bootstrapping key in the order in which the core reads it: slices, see
//! [`gyrus_interface::key_slice`].
//!
//! Software, run once for a key: words mod 2^64 are rounded to mod q, transformed, multiplied by
//! N^-1 and put where and when the multiply-accumulate meets them ([`Arrangement::of_values`]).

use crate::arith::Q;
use crate::ntt::roots::{inverse, mul, psi};
use crate::ntt::{Arrangement, Shape};
use gyrus_interface::key_slice::{POINT_WORDS, slice_checksum};

/// The slice of one GGSW ciphertext with k = 1, without its checksum.
///
/// `ggsw` is `[level][row][column][N]` mod 2^64, the most refined level first, as in
/// [`gyrus_interface::layout`]; its length over 4 N is the number of levels.
#[must_use]
pub fn pack_slice(shape: &Shape, log2_n: usize, ggsw: &[u64]) -> Vec<u64> {
    let size = 1 << log2_n;
    let transform = Values::new(log2_n);
    let arrangement = Arrangement::of_values(shape, log2_n);
    let order: Vec<usize> = (0..shape.pass_cycles(log2_n))
        .flat_map(|time| (0..shape.pairs()).map(move |pair| (pair, time)))
        .map(|(pair, time)| arrangement.point(log2_n, pair, time))
        .collect();
    let mut slice = Vec::with_capacity(ggsw.len() / 4 * POINT_WORDS);
    for level in ggsw.chunks_exact(4 * size) {
        let values: Vec<Vec<u64>> = level
            .chunks_exact(size)
            .map(|polynomial| transform.of(polynomial))
            .collect();
        for &point in &order {
            let word = |row: usize, column: usize| values[2 * row + column][point];
            for column in [0, 1] {
                slice.extend([word(0, column), word(1, column)]);
            }
            for column in [0, 1] {
                let product = mul(word(0, column), word(1, column));
                slice.push(if product == 0 { 0 } else { Q - product });
            }
        }
    }
    slice
}

/// A whole key, `[n]` GGSW ciphertexts of `levels` levels: for each its slice and the checksum's beat of
/// `beat_words` words.
#[must_use]
pub fn pack_key(
    shape: &Shape,
    log2_n: usize,
    levels: usize,
    beat_words: usize,
    key: &[u64],
) -> Vec<u64> {
    let mut words = Vec::new();
    for (number, ggsw) in (0..).zip(key.chunks_exact((4 * levels) << log2_n)) {
        let slice = pack_slice(shape, log2_n, ggsw);
        let checksum = slice_checksum(number, &slice);
        words.extend(slice);
        words.push(checksum);
        words.extend(std::iter::repeat_n(0, beat_words.saturating_sub(1)));
    }
    words
}

/// Values of polynomials at the odd powers of psi, times N^-1.
struct Values {
    log2_n: usize,
    /// psi^j N^-1.
    twist: Vec<u64>,
    /// Powers of psi^2.
    powers: Vec<u64>,
}

impl Values {
    fn new(log2_n: usize) -> Self {
        let size = 1_usize << log2_n;
        let psi = psi(log2_n);
        let run = |first: u64, ratio: u64| {
            std::iter::successors(Some(first), move |&power| Some(mul(power, ratio)))
                .take(size)
                .collect::<Vec<u64>>()
        };
        Self {
            log2_n,
            twist: run(inverse(size as u64), psi),
            powers: run(1, mul(psi, psi)),
        }
    }

    /// Of words mod 2^64; value k is that at psi^(2 k + 1).
    fn of(&self, polynomial: &[u64]) -> Vec<u64> {
        let size = polynomial.len();
        let mut x = vec![0; size];
        for (j, (&word, &twist)) in polynomial.iter().zip(&self.twist).enumerate() {
            // round(word q / 2^64), ties up.
            let rounded = ((u128::from(word) * u128::from(Q) + (1 << 63)) >> 64) as u64;
            x[j.reverse_bits() >> (usize::BITS as usize - self.log2_n)] = mul(rounded, twist);
        }
        // Cooley and Tukey (1965), from bit-reversed to natural order.
        for stage in 1..=self.log2_n {
            let length = 1 << stage;
            for block in x.chunks_exact_mut(length) {
                let (even, odd) = block.split_at_mut(length / 2);
                for (i, (even, odd)) in even.iter_mut().zip(odd).enumerate() {
                    let product = mul(*odd, self.powers[i * (size / length)]);
                    let difference = (u128::from(*even) + u128::from(Q - product)) % u128::from(Q);
                    let sum = (u128::from(*even) + u128::from(product)) % u128::from(Q);
                    (*even, *odd) = (sum as u64, difference as u64);
                }
            }
        }
        x
    }
}

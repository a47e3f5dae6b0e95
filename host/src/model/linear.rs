//! Linear layers on encrypted values: sums of LWE ciphertexts with small integer weights. The
//! server adds words mod 2^64; no key and no bootstrap is involved.
//!
//! It is a product of a matrix of weights and one of words. [`TILE`] outputs are summed at a time, over
//! [`TILE`] inputs a pass, so that a word is loaded once for all of them and a sum once for all inputs.
//! Weights are shifted to be positive: then the product of a word and a weight is two products of 32-bit
//! numbers for CPUs without one of 64 (AVX2), and what the shift added is the same for all outputs.

use super::error::ModelError;
use super::network::{Linear, WEIGHT_LIMIT};
use pulp::Arch;
use rayon::prelude::*;

/// Words that are summed at a time: a tile's sums and inputs, 16 KiB, stay in the first-level cache.
const BLOCK: usize = 256;
/// Outputs of a tile, and inputs of a pass over it.
const TILE: usize = 4;
/// What is added to every weight.
const SHIFT: i32 = WEIGHT_LIMIT;

/// A part of each sum of a tile.
type Sums = [[u64; BLOCK]; TILE];

impl Linear {
    /// Applies the layer to LWE ciphertexts of `size` words mod 2^64, `[image][inputs][size]`; returns
    /// `[image][outputs][size]`. Runs on the rayon pool that it is called in.
    ///
    /// # Errors
    /// [`ModelError::InputCount`] when these are not whole images.
    pub fn apply(&self, ciphertexts: &[u64], size: usize) -> Result<Vec<u64>, ModelError> {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        if size == 0 || !ciphertexts.len().is_multiple_of(inputs * size) {
            return Err(ModelError::InputCount {
                found: ciphertexts.len() / size.max(1),
                wanted: inputs,
            });
        }
        let rows: Vec<(&[i32], u64)> = self.rows().collect();
        let tiles: Vec<Tile> = rows
            .chunks(TILE)
            .map(|rows| Tile::new(rows, inputs))
            .collect();
        let arch = Arch::new();
        let mut sums = vec![0; ciphertexts.len() / inputs * outputs];
        ciphertexts
            .par_chunks_exact(inputs * size)
            .zip(sums.par_chunks_exact_mut(outputs * size))
            .for_each(|(image, sums)| {
                let sums = sums.par_chunks_mut(TILE * size);
                sums.zip(&tiles)
                    .for_each(|(sums, tile)| arch.dispatch(|| tile.apply(image, size, sums)));
            });
        Ok(sums)
    }
}

/// Up to [`TILE`] outputs of a layer.
struct Tile<'a> {
    /// Shifted weights, `[inputs / TILE][input][output]`, zero beyond the last input or output.
    weights: Vec<[[u32; TILE]; TILE]>,
    rows: &'a [(&'a [i32], u64)],
}

impl<'a> Tile<'a> {
    fn new(rows: &'a [(&'a [i32], u64)], inputs: usize) -> Self {
        let weight = |input: usize, output: usize| {
            let weight = rows.get(output).and_then(|(weights, _)| weights.get(input));
            weight.map_or(0, |weight| (weight + SHIFT).cast_unsigned())
        };
        let weights = (0..inputs)
            .step_by(TILE)
            .map(|first| {
                std::array::from_fn(|i| std::array::from_fn(|output| weight(first + i, output)))
            })
            .collect();
        Self { weights, rows }
    }

    /// Sets `sums`, `[output][size]`, to those of the ciphertexts of `image`, `[input][size]`.
    #[inline(always)]
    fn apply(&self, image: &[u64], size: usize, sums: &mut [u64]) {
        for from in (0..size).step_by(BLOCK) {
            let length = BLOCK.min(size - from);
            let mut block: Sums = [[0; BLOCK]; TILE];
            let mut shift = [0; BLOCK];
            for (weights, ciphertexts) in self.weights.iter().zip(image.chunks(TILE * size)) {
                let mut words = [[0; BLOCK]; TILE];
                for (words, ciphertext) in words.iter_mut().zip(ciphertexts.chunks_exact(size)) {
                    let part = ciphertext.get(from..from + length).unwrap_or_default();
                    if let Some(words) = words.get_mut(..length) {
                        words.copy_from_slice(part);
                    }
                }
                add_products(weights, &words, &mut block, &mut shift);
            }
            for (sum, block) in sums.chunks_exact_mut(size).zip(&block) {
                let sum = sum.get_mut(from..from + length).unwrap_or_default();
                for ((sum, &word), &shift) in sum.iter_mut().zip(block).zip(&shift) {
                    *sum = word.wrapping_sub(shift);
                }
            }
        }
        for (sum, (_, bias)) in sums.chunks_exact_mut(size).zip(self.rows) {
            if let Some(body) = sum.last_mut() {
                *body = body.wrapping_add(*bias);
            }
        }
    }
}

/// Adds the products of some inputs' words to the sums, and what the shift of weights adds to each to
/// `shift`.
#[inline(always)]
fn add_products(
    weights: &[[u32; TILE]; TILE],
    [a, b, c, d]: &[[u64; BLOCK]; TILE],
    sums: &mut Sums,
    shift: &mut [u64; BLOCK],
) {
    let [a_weights, b_weights, c_weights, d_weights] = weights.map(|row| row.map(u64::from));
    let [s0, s1, s2, s3] = sums;
    for i in 0..BLOCK {
        let words = [a[i], b[i], c[i], d[i]];
        let sum = |output: usize, sum: u64| {
            let weights = [a_weights, b_weights, c_weights, d_weights].map(|row| row[output]);
            std::iter::zip(words, weights).fold(sum, |sum, (word, weight)| {
                sum.wrapping_add(word.wrapping_mul(weight))
            })
        };
        s0[i] = sum(0, s0[i]);
        s1[i] = sum(1, s1[i]);
        s2[i] = sum(2, s2[i]);
        s3[i] = sum(3, s3[i]);
        let all = words.into_iter().fold(0, u64::wrapping_add);
        shift[i] = shift[i].wrapping_add(all.wrapping_mul(SHIFT as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_sums_over_the_integers(
            seed in any::<u64>(),
            images in 1_usize..4,
            inputs in 1_usize..11,
            outputs in 1_usize..10,
            size in prop::sample::select(vec![1_usize, 7, 256, 257, 1025, 2049]),
        ) {
            let mut state = seed;
            let mut word = move || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state ^ state >> 29
            };
            let weights: Vec<i32> = (0..inputs * outputs).map(|_| (word() % 65_537) as i32 - 32_768).collect();
            let bias: Vec<u64> = (0..outputs).map(|_| word()).collect();
            let words: Vec<u64> = (0..images * inputs * size).map(|_| word()).collect();
            let layer = Linear::new("layer", inputs, weights.clone(), bias.clone()).unwrap();
            let found = layer.apply(&words, size).unwrap();
            prop_assert_eq!(found.len(), images * outputs * size);
            for image in 0..images {
                for output in 0..outputs {
                    for w in 0..size {
                        let mut sum = if w == size - 1 { i128::from(bias[output]) } else { 0 };
                        for input in 0..inputs {
                            let value = words[(image * inputs + input) * size + w];
                            sum += i128::from(weights[output * inputs + input]) * i128::from(value);
                        }
                        let expected = sum.rem_euclid(1 << 64) as u64;
                        prop_assert_eq!(found[(image * outputs + output) * size + w], expected);
                    }
                }
            }
        }
    }
    #[test]
    fn parts_of_an_image_are_refused() {
        let layer = Linear::new("layer", 2, vec![1, 1], vec![0]).unwrap();
        assert!(matches!(
            layer.apply(&[0; 15], 5),
            Err(ModelError::InputCount {
                found: 3,
                wanted: 2
            })
        ));
        assert!(layer.apply(&[], 0).is_err());
    }
}

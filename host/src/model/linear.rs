//! Linear layers on encrypted values: sums of LWE ciphertexts with small integer weights. The
//! server adds words mod 2^64; no key and no bootstrap is involved.

use super::network::Linear;
use rayon::prelude::*;

/// Words that are summed at a time: 8 KiB, so that the sum stays in the first-level cache while
/// the inputs stream by.
const BLOCK: usize = 1024;

/// Applies `layer` to `images` of `layer.inputs()` ciphertexts of `size` words each; returns the
/// same for `layer.outputs()`. Runs on the rayon pool that it is called in.
pub(super) fn apply(layer: &Linear, images: &[u64], size: usize) -> Vec<u64> {
    let (inputs, outputs) = (layer.inputs(), layer.outputs());
    let mut sums = vec![0; images.len() / inputs * outputs];
    let jobs = images
        .par_chunks_exact(inputs * size)
        .zip(sums.par_chunks_exact_mut(outputs * size))
        .flat_map(|(image, sums)| {
            let rows = layer
                .rows()
                .zip(sums.chunks_exact_mut(size))
                .collect::<Vec<_>>();
            rows.into_par_iter().map(move |row| (image, row))
        });
    jobs.for_each(|(image, ((weights, bias), sum))| {
        weighted_sum(weights, image, size, sum);
        if let Some(body) = sum.last_mut() {
            *body = body.wrapping_add(bias);
        }
    });
    sums
}

/// Adds `weights[i] * ciphertexts[i]` to `sum`, word by word, mod 2^64.
fn weighted_sum(weights: &[i32], ciphertexts: &[u64], size: usize, sum: &mut [u64]) {
    for (block, sum) in sum.chunks_mut(BLOCK).enumerate() {
        let from = block * BLOCK;
        for (&weight, ciphertext) in weights.iter().zip(ciphertexts.chunks_exact(size)) {
            if weight == 0 {
                continue;
            }
            let weight = i64::from(weight).cast_unsigned();
            let words = ciphertext.get(from..).unwrap_or_default();
            for (sum, &word) in sum.iter_mut().zip(words) {
                *sum = sum.wrapping_add(word.wrapping_mul(weight));
            }
        }
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
            inputs in 1_usize..6,
            outputs in 1_usize..5,
            size in prop::sample::select(vec![1_usize, 7, 257, 1024, 1025, 2049]),
        ) {
            let mut state = seed;
            let mut word = move || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state ^ state >> 29
            };
            let weights: Vec<i32> = (0..inputs * outputs).map(|_| (word() % 511) as i32 - 255).collect();
            let bias: Vec<u64> = (0..outputs).map(|_| word()).collect();
            let words: Vec<u64> = (0..images * inputs * size).map(|_| word()).collect();
            let layer = Linear::new("layer", inputs, weights.clone(), bias.clone()).unwrap();
            let found = apply(&layer, &words, size);
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
}

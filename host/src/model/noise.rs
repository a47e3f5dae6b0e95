//! The noise of encrypted inference, by calculation.
//!
//! All variances are in units of the torus squared (the torus has length 1, a word is `w / 2^64`).
//! Key coefficients are uniform in {0, 1}: mean 1/2, variance 1/4. Formulas: Chillotti et al.,
//! "TFHE" (J. Cryptology 2020), sections 3 and 4; Bergerat et al., "Parameter Optimization and
//! Larger Precision for (T)FHE" (J. Cryptology 2023) for the variance of binary keys; the centred
//! modulus switch replaces the key's second moment 1/2 by its variance 1/4.

use super::network::{Layer, Linear, Network};
use gyrus_interface::{KeyswitchModulus, ModulusSwitch, NoiseDistribution, ParameterSet};

/// Variance of a `TUniform` distribution in units of its modulus `2^modulus_log2` squared:
/// `(2^(2b+1) + 1) / 6`.
fn fresh_variance(noise: NoiseDistribution, modulus_log2: i32) -> f64 {
    let NoiseDistribution::TUniform { bound_log2 } = noise;
    (2_f64.powi(2 * bound_log2 as i32 + 1) + 1.0) / 6.0 * 2_f64.powi(-2 * modulus_log2)
}

/// Mean square of a balanced digit in base `2^base_log`.
fn digit_square(base_log: usize) -> f64 {
    (2_f64.powi(2 * base_log as i32) + 2.0) / 12.0
}

/// Variance of a value that is rounded to multiples of `2^-bits`.
fn rounding_variance(bits: usize) -> f64 {
    2_f64.powi(-2 * bits as i32) / 12.0
}

/// Variance of a fresh encryption under the big key.
#[must_use]
pub fn encryption_variance(set: &ParameterSet) -> f64 {
    fresh_variance(set.glwe_noise, 64)
}

/// Variance that key switch and modulus switch add to a phase before it selects an entry of the
/// look-up table, the rounding of the body to a whole entry included.
#[must_use]
pub fn switching_variance(set: &ParameterSet) -> f64 {
    mask_variance(set) + rounding_variance(set.log2_two_n() as usize)
}

/// The part of [`switching_variance`] that is there before the body is rounded.
#[must_use]
pub fn mask_variance(set: &ParameterSet) -> f64 {
    let big = set.big_lwe_dimension().0 as f64;
    let n = set.lwe_dimension.0 as f64;
    let modulus_log2 = match set.keyswitch_modulus {
        KeyswitchModulus::Native64 => 64,
        KeyswitchModulus::PowerOfTwo32 { log2 } => log2 as i32,
    };
    // The digits leave a rounding error that meets the big key; each digit meets a row's noise.
    let rounding = big / 2.0 * rounding_variance(set.keyswitch.represented_bits());
    let rows = big
        * set.keyswitch.level_count.0 as f64
        * digit_square(set.keyswitch.base_log.0)
        * fresh_variance(set.lwe_noise, modulus_log2);
    let moment = match set.modulus_switch {
        ModulusSwitch::Standard => 0.5,
        ModulusSwitch::CenteredMeanNoiseReduction => 0.25,
    };
    let switch = n * moment * rounding_variance(set.log2_two_n() as usize);
    rounding + rows + switch
}

/// Variance of the output of a bootstrap.
#[must_use]
pub fn bootstrap_variance(set: &ParameterSet) -> f64 {
    let n = set.lwe_dimension.0 as f64;
    let rows = (set.pbs.level_count.0 * set.glwe_size() * set.polynomial_size.0) as f64;
    let noise = rows * digit_square(set.pbs.base_log.0) * fresh_variance(set.glwe_noise, 64);
    // In half of the steps (key bit 1) the gadget's rounding errors of the accumulator remain: the
    // body's, and the masks' times the big key.
    let remain = 1.0 + set.big_lwe_dimension().0 as f64 / 2.0;
    n * (noise + remain / 2.0 * rounding_variance(set.pbs.represented_bits()))
}

/// Expected deviation of a decrypted value from the exact one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Deviation {
    mean: f64,
    variance: f64,
}

impl Deviation {
    fn mean_square(self) -> f64 {
        self.mean * self.mean + self.variance
    }
}

/// Expected mean square deviation (torus squared) of every output of `network` for the clear
/// `input`. Noises of different values are taken as independent.
#[must_use]
pub fn output_mean_squares(network: &Network, set: &ParameterSet, input: &[i64]) -> Vec<f64> {
    let fresh = Deviation {
        mean: 0.0,
        variance: encryption_variance(set),
    };
    let mut deviations = vec![fresh; input.len()];
    let mut values = network.encode(input);
    for layer in network.layers() {
        deviations = match layer {
            Layer::Linear(linear) => through_linear(linear, &deviations),
            Layer::Lookup(lookup) => {
                // Without the body's rounding, which `through_table` does step by step.
                let switching = mask_variance(set);
                let output = bootstrap_variance(set);
                std::iter::zip(&values, &deviations)
                    .map(|(&value, deviation)| {
                        let sigma = (deviation.variance + switching).sqrt();
                        let mut found = through_table(lookup.table(), value, deviation.mean, sigma);
                        found.variance += output;
                        found
                    })
                    .collect()
            }
        };
        values = layer.evaluate(&values);
    }
    deviations.into_iter().map(Deviation::mean_square).collect()
}

fn through_linear(linear: &Linear, deviations: &[Deviation]) -> Vec<Deviation> {
    linear
        .rows()
        .map(|(weights, _)| {
            std::iter::zip(weights, deviations).fold(Deviation::default(), |sum, (&weight, one)| {
                let weight = f64::from(weight);
                Deviation {
                    mean: sum.mean + weight * one.mean,
                    variance: sum.variance + weight * weight * one.variance,
                }
            })
        })
        .collect()
}

/// Mean and variance of `table(value + noise) - table(value)`, over noise of the given mean and
/// standard deviation: a sum over the table's steps within five standard deviations.
fn through_table(table: &[u64], value: u64, mean: f64, sigma: f64) -> Deviation {
    let steps = 2.0 * table.len() as f64;
    let (mean, sigma) = (mean * steps, sigma * steps);
    let exact = super::network::look_up(table, value);
    let shift = 64 - (2 * table.len()).ilog2();
    // Where in its step the exact phase stands, from -1/2 to 1/2.
    let within = value.wrapping_add(1 << (shift - 1)) % (1 << shift);
    let offset = within as f64 / 2_f64.powi(shift as i32) - 0.5 + mean;
    let reach = (offset.abs() + 5.0 * sigma).ceil() as i64 + 1;
    let mut deviation = Deviation::default();
    let (mut weight_sum, mut square) = (0.0, 0.0);
    for step in -reach..=reach {
        let edge = |side: f64| normal_cdf((step as f64 + side - offset) / sigma);
        let weight = edge(0.5) - edge(-0.5);
        let moved = value.wrapping_add(step.cast_unsigned() << shift);
        let change = super::network::look_up(table, moved)
            .wrapping_sub(exact)
            .cast_signed();
        let change = change as f64 / 2_f64.powi(64);
        weight_sum += weight;
        deviation.mean += weight * change;
        square += weight * change * change;
    }
    if weight_sum > 0.0 {
        deviation.mean /= weight_sum;
        square /= weight_sum;
    }
    deviation.variance = (square - deviation.mean * deviation.mean).max(0.0);
    deviation
}

/// Distribution function of the standard normal distribution, to 7.5e-8 (Abramowitz and Stegun,
/// "Handbook of Mathematical Functions", 26.2.17).
fn normal_cdf(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 5] = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let polynomial = COEFFICIENTS.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    let density = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let upper = density * polynomial;
    if x >= 0.0 { 1.0 - upper } else { upper }
}

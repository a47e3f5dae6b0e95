//! What a client does with logits: probabilities, the next token, the distance of two answers.

use rand::{Rng, RngExt};

/// Probabilities from logits at a temperature above 0.
#[must_use]
pub fn probabilities(logits: &[f64], temperature: f64) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logits
        .iter()
        .map(|logit| ((logit - largest) / temperature).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// The most probable token; the first one of equals.
#[must_use]
pub fn most_probable(logits: &[f64]) -> usize {
    let all = logits.iter().enumerate();
    all.reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map_or(0, |(token, _)| token)
}

/// A token drawn at a temperature; the most probable one at 0.
pub fn sample(logits: &[f64], temperature: f64, random: &mut impl Rng) -> usize {
    if temperature <= 0.0 {
        return most_probable(logits);
    }
    let mut left: f64 = random.random();
    let probabilities = probabilities(logits, temperature);
    for (token, probability) in probabilities.iter().enumerate() {
        left -= probability;
        if left < 0.0 {
            return token;
        }
    }
    most_probable(logits)
}

/// Kullback-Leibler divergence of the answer `found` from `exact`, in nats.
#[must_use]
pub fn divergence(exact: &[f64], found: &[f64]) -> f64 {
    let (p, q) = (probabilities(exact, 1.0), probabilities(found, 1.0));
    std::iter::zip(p, q)
        .map(|(p, q)| {
            if p > 0.0 {
                p * (p / q.max(f64::MIN_POSITIVE)).ln()
            } else {
                0.0
            }
        })
        .sum()
}

/// How far encrypted answers are from those of the model in the clear.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Agreement {
    /// Answers compared.
    pub tokens: usize,
    /// Those whose most probable token is the same.
    pub same: usize,
    /// Sum of the divergences.
    pub divergence: f64,
}

impl Agreement {
    /// Takes an answer in.
    pub fn add(&mut self, exact: &[f64], found: &[f64]) {
        self.tokens += 1;
        self.same += usize::from(most_probable(exact) == most_probable(found));
        self.divergence += divergence(exact, found);
    }

    /// Mean divergence.
    #[must_use]
    pub fn mean_divergence(&self) -> f64 {
        self.divergence / self.tokens.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn probabilities_are_a_softmax() {
        // e^0 : e^1 : e^2 = 1 : 2.718282 : 7.389056
        let found = probabilities(&[0.0, 1.0, 2.0], 1.0);
        for (found, wanted) in found.iter().zip([0.090_031, 0.244_728, 0.665_241]) {
            assert!((found - wanted).abs() < 1e-6);
        }
        let found = probabilities(&[1000.0, 1001.0], 0.5);
        assert!((found[1] - 0.880_797).abs() < 1e-6);
    }

    #[test]
    fn divergences_are_of_the_definition() {
        assert!(divergence(&[1.0, 2.0, 3.0], &[11.0, 12.0, 13.0]).abs() < 1e-12);
        // p = (1/2, 1/2), q = (1/4, 3/4): ln 2 / 2 + ln(2/3) / 2
        let found = divergence(&[0.0, 0.0], &[0.0, 3_f64.ln()]);
        assert!((found - 0.143_841).abs() < 1e-6);
    }

    #[test]
    fn tokens_are_drawn_as_often_as_they_should_be() {
        let mut random = StdRng::seed_from_u64(1);
        let logits = [0.0, 3_f64.ln()];
        let ones: usize = (0..4000).map(|_| sample(&logits, 1.0, &mut random)).sum();
        // 3000 expected, 27 is a standard deviation.
        assert!((2865..3135).contains(&ones), "{ones}");
        assert_eq!(sample(&[1.0, 5.0, 5.0], 0.0, &mut random), 1);
    }
}

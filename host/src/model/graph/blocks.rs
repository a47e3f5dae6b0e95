//! What models are made of, in sums, tables and products.

use super::{Element, Function, Graph, Part, TensorId, Weights};

/// Scores so far below the largest count as if they were there: e^-8 of it.
const LEAST_SCORE: f64 = -8.0;
/// Sums of exponentials up to this one have a logarithm of their own, as noise matters for them most.
const SMALL_TOTAL: f64 = 6.0;

/// One of the elements of tensors that are added with weights.
fn sparse(step: f64, rows: Vec<Vec<(Element, i32)>>) -> Part {
    Part {
        steps: vec![step],
        weights: Weights::Sparse(rows),
    }
}

impl Graph {
    /// Element by element `sum(weight * tensor)`; all tensors have one width.
    pub fn combination(&mut self, class: &str, terms: &[(TensorId, i32)]) -> TensorId {
        let width = terms.first().map_or(0, |(id, _)| self.width(*id));
        let rows = (0..width)
            .map(|index| {
                let row = terms.iter();
                row.map(|&(tensor, weight)| (Element { tensor, index }, weight))
                    .collect()
            })
            .collect();
        self.linear(class, vec![sparse(1.0, rows)], vec![0.0; width])
    }

    /// The sum of all elements of a tensor, times `step`.
    pub fn total(&mut self, class: &str, input: TensorId, step: f64) -> TensorId {
        let row = self.elements(input).map(|element| (element, 1)).collect();
        self.linear(class, vec![sparse(step, vec![row])], vec![0.0])
    }

    /// `max(a, b) = b + relu(a - b)`, element by element: a bootstrap each.
    pub fn maximum_of_two(&mut self, class: &str, a: TensorId, b: TensorId) -> TensorId {
        let difference = self.combination(&format!("{class}.difference"), &[(a, 1), (b, -1)]);
        let excess = self.table(&format!("{class}.excess"), difference, Function::Relu);
        self.combination(class, &[(b, 1), (excess, 1)])
    }

    /// The maximum of tensors, element by element, by a tournament: a bootstrap for each element of all but
    /// one, in as many levels as log2 of their number.
    pub fn maximum(&mut self, class: &str, tensors: &[TensorId]) -> Option<TensorId> {
        let mut left = tensors.to_vec();
        while left.len() > 1 {
            left = left
                .chunks(2)
                .map(|pair| match *pair {
                    [a, b] => self.maximum_of_two(class, a, b),
                    _ => pair[0],
                })
                .collect();
        }
        left.first().copied()
    }

    /// Softmax across tensors, element by element: of `scores[j]`, `exp(scores[j] - max)` over the sum of these,
    /// as `exp(scores[j] - max - ln(sum))`: with the logarithm no product with a reciprocal is needed.
    ///
    /// Bootstraps for each element: `3 j`, the logarithm's included. Of `wide` scores, whose range is much wider than that
    /// of scores that matter, those far below the largest are clipped: up to `j + 2` more.
    pub fn softmax(&mut self, class: &str, scores: &[TensorId], wide: bool) -> Vec<TensorId> {
        let Some(largest) = self.maximum(&format!("{class}.largest"), scores) else {
            return Vec::new();
        };
        let below = |graph: &mut Self, score: TensorId| {
            let below = graph.combination(&format!("{class}.below"), &[(score, 1), (largest, -1)]);
            if wide {
                graph.clip(&format!("{class}.near"), below, LEAST_SCORE, f64::INFINITY)
            } else {
                below
            }
        };
        let below: Vec<TensorId> = scores.iter().map(|&score| below(self, score)).collect();
        let shares: Vec<(TensorId, i32)> = below
            .iter()
            .map(|&below| (self.table(&format!("{class}.exp"), below, Function::Exp), 1))
            .collect();
        let total = self.combination(&format!("{class}.total"), &shares);
        let log = if wide {
            let small = self.clip(&format!("{class}.small"), total, 0.0, SMALL_TOTAL);
            let small = self.table(&format!("{class}.log"), small, Function::Log);
            let beyond = Function::LogBeyond { from: SMALL_TOTAL };
            let beyond = self.table(&format!("{class}.beyond"), total, beyond);
            vec![(small, -1), (beyond, -1)]
        } else {
            vec![(
                self.table(&format!("{class}.log"), total, Function::Log),
                -1,
            )]
        };
        below
            .iter()
            .map(|&below| {
                let terms: Vec<_> = log.iter().copied().chain([(below, 1)]).collect();
                let exponent = self.combination(&format!("{class}.exponent"), &terms);
                self.table(class, exponent, Function::Exp)
            })
            .collect()
    }

    /// RMSNorm without gains (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019):
    /// `x / sqrt(mean(x^2) + epsilon)`. Bootstraps: three for each value, and one.
    pub fn rms_norm(&mut self, class: &str, input: TensorId, epsilon: f64) -> TensorId {
        let width = self.width(input);
        let squares = self.table(&format!("{class}.square"), input, Function::Square);
        let mean = self.total(&format!("{class}.mean"), squares, 1.0 / width.max(1) as f64);
        let root = Function::InverseRoot { epsilon };
        let inverse = self.table(&format!("{class}.inverse"), mean, root);
        let scale = Element {
            tensor: inverse,
            index: 0,
        };
        let pairs = self.elements(input).map(|x| vec![(x, scale)]).collect();
        self.product(class, 1.0, pairs)
    }

    /// LayerNorm without gains and biases (Ba et al., 2016): RMSNorm of what deviates from the mean, which
    /// integers compute as `width * x - sum(x)`.
    pub fn layer_norm(&mut self, class: &str, input: TensorId, epsilon: f64) -> TensorId {
        let width = self.width(input);
        let elements: Vec<Element> = self.elements(input).collect();
        let rows = elements
            .iter()
            .map(|&own| {
                let weight = |e: Element| i32::from(e == own) * width as i32 - 1;
                elements.iter().map(|&e| (e, weight(e))).collect()
            })
            .collect();
        let step = 1.0 / width.max(1) as f64;
        let deviation = format!("{class}.deviation");
        let deviations = self.linear(&deviation, vec![sparse(step, rows)], vec![0.0; width]);
        // With weights as large as that, their noise has to be taken off.
        let fresh = self.table(&format!("{class}.fresh"), deviations, Function::Identity);
        self.rms_norm(class, fresh, epsilon)
    }
}

//! Blocks against their definitions, written out; graphs before and after they are taken apart.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const WIDTH: usize = 5;

/// A graph of some inputs of [`WIDTH`] values, and what it computes of given ones.
struct Case {
    graph: Graph,
    inputs: Vec<TensorId>,
}

impl Case {
    fn new(by_element: bool, inputs: usize) -> Self {
        let mut graph = Graph::new(by_element);
        let inputs = (0..inputs).map(|i| graph.input(&format!("in{i}"), WIDTH));
        let inputs = inputs.collect();
        Self { graph, inputs }
    }

    fn values(&self, graph: &Graph, given: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let inputs = graph.inputs().into_iter().zip(given.iter().cloned());
        graph.evaluate(&inputs.collect::<BTreeMap<_, _>>()).unwrap()
    }

    /// The graph with its products taken apart, calibrated with the given values alone.
    fn expanded(&self, given: &[Vec<f64>]) -> Graph {
        let mut ranges = Ranges::default();
        let values = self.values(&self.graph, given);
        self.graph.observe(&values, &mut ranges);
        self.graph
            .expand(&Balances::of(&[&self.graph], &ranges).unwrap())
    }
}

fn close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(
            (found - wanted).abs() < 1e-9 * (1.0 + wanted.abs()),
            "{found} {wanted}"
        );
    }
}

fn given(inputs: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    let value = prop_oneof![-4.0..-0.1_f64, 0.1..4.0_f64];
    prop::collection::vec(prop::collection::vec(value, WIDTH), inputs)
}

proptest! {
    #[test]
    fn softmax_is_its_definition(given in given(4), count in 1_usize..=4) {
        let mut case = Case::new(false, 4);
        let shares = case.graph.softmax("softmax", &case.inputs[..count], false);
        let values = case.values(&case.graph, &given);
        for index in 0..WIDTH {
            let total: f64 = given[..count].iter().map(|scores| scores[index].exp()).sum();
            for (share, scores) in shares.iter().zip(&given) {
                let wanted = scores[index].exp() / total;
                prop_assert!((values[share.0][index] - wanted).abs() < 1e-12);
            }
        }
        // A maximum is a bootstrap less than there are scores; a share takes two; the logarithm one.
        prop_assert_eq!(case.graph.bootstraps(), WIDTH * (count - 1 + 2 * count + 1));
    }

    #[test]
    fn norms_are_their_definitions(given in given(1), by_element: bool) {
        let mut case = Case::new(by_element, 1);
        let rms = case.graph.rms_norm("rms", case.inputs[0], 0.01);
        let layer = case.graph.layer_norm("layer", case.inputs[0], 0.01);
        let x = &given[0];
        let mean = |values: &[f64]| values.iter().sum::<f64>() / WIDTH as f64;
        let normed = |x: &[f64]| -> Vec<f64> {
            let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
            x.iter().map(|x| x / (mean(&squares) + 0.01).sqrt()).collect()
        };
        let deviations: Vec<f64> = x.iter().map(|value| value - mean(x)).collect();
        let values = case.values(&case.graph, &given);
        close(&values[rms.0], &normed(x));
        close(&values[layer.0], &normed(&deviations));
        prop_assert_eq!(case.graph.bootstraps(), 2 * (3 * WIDTH + 1) + WIDTH);
    }

    #[test]
    fn products_are_differences_of_squares(given in given(2), by_element: bool) {
        let mut case = Case::new(by_element, 2);
        let [a, b] = case.inputs[..] else { unreachable!() };
        // All products of a row, and one of each.
        let (left, right): (Vec<_>, Vec<_>) =
            case.graph.elements(a).zip(case.graph.elements(b)).unzip();
        let dot = std::iter::zip(left.clone(), right.clone()).collect();
        let pairs = std::iter::zip(left, right).map(|pair| vec![pair]);
        let dot = case.graph.product("dot", 0.5, vec![dot]);
        let each = case.graph.product("each", -2.0, pairs.collect());
        case.graph.output(dot);
        case.graph.output(each);
        let expanded = case.expanded(&given);
        prop_assert_eq!(case.graph.bootstraps(), expanded.bootstraps());
        prop_assert_eq!(expanded.bootstraps(), 2 * 2 * WIDTH);
        let values = case.values(&expanded, &given);
        let [dot, each] = expanded.outputs()[..] else { unreachable!() };
        let products: Vec<f64> = std::iter::zip(&given[0], &given[1]).map(|(a, b)| a * b).collect();
        close(&values[dot.0], &[0.5 * products.iter().sum::<f64>()]);
        close(&values[each.0], &products.iter().map(|p| -2.0 * p).collect::<Vec<_>>());
        // Both operands fill the tables alike: no sum reaches beyond twice of what the larger one does.
        let mut ranges = Ranges::default();
        expanded.observe(&values, &mut ranges);
        let reach = ranges.of("dot.plus", 0).unwrap().reach();
        let largest = given[0].iter().fold(0.0_f64, |largest, a| largest.max(a.abs()));
        prop_assert!(reach <= 2.0 * largest * 1.000_001);
    }

    #[test]
    fn a_part_of_a_graph_computes_the_same(given in given(2)) {
        let mut case = Case::new(true, 2);
        let first = case.graph.rms_norm("first", case.inputs[0], 0.1);
        let largest = case.graph.maximum_of_two("largest", case.inputs[0], case.inputs[1]);
        let other = case.graph.table("other", case.inputs[1], Function::Silu);
        for id in [first, largest, other] {
            case.graph.output(id);
        }
        let part = case.graph.of_outputs(&[largest]);
        prop_assert_eq!(part.bootstraps(), WIDTH);
        prop_assert_eq!(part.inputs().len(), 2);
        let (all, some) = (case.values(&case.graph, &given), case.values(&part, &given));
        close(&some[part.outputs()[0].0], &all[largest.0]);
        let wanted: Vec<f64> = std::iter::zip(&given[0], &given[1]).map(|(a, b)| a.max(*b)).collect();
        close(&all[largest.0], &wanted);
    }

    #[test]
    fn clipped_values_are_within_their_bounds(given in given(1), by_element: bool, low in -1.0..-0.5_f64) {
        let mut case = Case::new(by_element, 1);
        let clipped = case.graph.clip("clipped", case.inputs[0], low, 0.5);
        case.graph.output(clipped);
        let wanted: Vec<f64> = given[0].iter().map(|x| x.clamp(low, 0.5)).collect();
        close(&case.values(&case.graph, &given)[clipped.0], &wanted);
        // Calibrated with a far wider range, so that there is something to gain.
        let mut wide = given.clone();
        wide[0] = vec![-20.0; WIDTH];
        let mut ranges = Ranges::default();
        for given in [&given, &wide] {
            case.graph.observe(&case.values(&case.graph, given), &mut ranges);
        }
        let expanded = case.graph.expand(&Balances::of(&[&case.graph], &ranges).unwrap());
        prop_assert_eq!(expanded.bootstraps(), WIDTH);
        close(&case.values(&expanded, &given)[expanded.outputs()[0].0], &wanted);
        // With a range that is within the bounds it costs nothing.
        let mut narrow = Ranges::default();
        let small = vec![vec![0.1; WIDTH]];
        case.graph.observe(&case.values(&case.graph, &small), &mut narrow);
        let expanded = case.graph.expand(&Balances::of(&[&case.graph], &narrow).unwrap());
        prop_assert_eq!(expanded.bootstraps(), 0);
        close(&case.values(&expanded, &small)[expanded.outputs()[0].0], &small[0]);
    }
}

//! The arrangement of coefficients and values.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use gyrus_interface::arrangement::{Arrangement, Shape};
use std::collections::HashSet;

/// Every coefficient and every value has one place, for each row.
#[test]
fn arrangements_are_one_to_one() {
    for lanes in [2, 4, 8, 16, 32, 64, 128] {
        for max_log2_n in 8..=11 {
            let shape = Shape::new(lanes, max_log2_n).expect("a shape");
            for log2_n in 8..=max_log2_n {
                let coefficients = Arrangement::of_coefficients(&shape);
                let values = Arrangement::of_values(&shape, log2_n);
                let mut places = [HashSet::new(), HashSet::new()];
                for time in 0..shape.pass_cycles(log2_n) {
                    for lane in 0..lanes {
                        let j = coefficients.coefficient(log2_n, lane, time);
                        let k = values.point(log2_n, lane, time);
                        assert!(j < 1 << log2_n && k < 1 << log2_n);
                        assert!(places[0].insert((coefficients.row(lane, time), j)));
                        assert!(places[1].insert((values.row(lane, time), k)));
                        // Mask and body of one point lie side by side.
                        assert_eq!(values.row(lane, time), lane * 2 / lanes);
                        let partner = (lane + lanes / 2) % lanes;
                        assert_eq!(values.point(log2_n, partner, time), k);
                    }
                }
            }
        }
    }
}

#[test]
fn impossible_shapes_are_refused() {
    for (lanes, max_log2_n) in [(1, 11), (3, 11), (256, 11), (8, 7), (8, 12)] {
        let error = Shape::new(lanes, max_log2_n).expect_err("not a shape");
        let wrong = if max_log2_n == 11 { lanes } else { max_log2_n };
        assert!(error.to_string().contains(&wrong.to_string()), "{error}");
    }
}

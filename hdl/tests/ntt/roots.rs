//! Roots and the arrangement of elements.

use super::schoolbook::{Q, power, psi_powers};
use gyrus_hdl::accumulator;
use gyrus_hdl::ntt::{Arrangement, Shape, roots};
use std::collections::HashSet;

#[test]
fn psi_has_order_2n_and_a_power_8() {
    for log2_n in 8..=11 {
        let psi = u128::from(roots::psi(log2_n));
        assert_eq!(power(psi, 1 << log2_n), Q - 1, "N = 2^{log2_n}");
        assert_eq!(power(psi, 1 << (log2_n - 5)), 8, "N = 2^{log2_n}");
        assert_eq!(psi_powers(1 << log2_n)[1], psi, "N = 2^{log2_n}");
    }
}

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

/// The accumulators' memory has its own account of what lies where.
#[test]
fn accumulators_lie_as_the_transform_takes_them() {
    for lanes in [2, 4, 8, 16, 32, 64, 128] {
        let shape = Shape::new(lanes, 11).expect("a shape");
        let arrangement = Arrangement::of_coefficients(&shape);
        for log2_n in 8..=11 {
            for time in 0..shape.pass_cycles(log2_n) {
                for lane in 0..lanes {
                    let row = arrangement.row(lane, time);
                    let coefficient = arrangement.coefficient(log2_n, lane, time);
                    let place = accumulator::layout::coefficient(lanes, log2_n, lane, time);
                    assert_eq!(place, (row, coefficient), "P = {lanes}, N = 2^{log2_n}");
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

//! The arrangement of elements, whose own tests are the interface's.

use gyrus_hdl::accumulator;
use gyrus_hdl::ntt::{Arrangement, Shape};

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

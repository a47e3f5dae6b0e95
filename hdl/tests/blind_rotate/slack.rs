//! How far turns of one ciphertext overlap, against the places of coefficients one by one.

use gyrus_hdl::blind_rotate::{Latencies, Slack};
use gyrus_hdl::ntt::{Arrangement, Shape};
use rust_hdl::prelude::{Block, ToBits, simulate};

/// By how many cycles, at most, a read of X^a acc is ahead of the order of writes, for every a.
#[test]
fn no_read_overtakes_a_write() {
    for (lanes, log2_n) in [
        (2, 8),
        (4, 8),
        (8, 9),
        (32, 8),
        (64, 10),
        (128, 8),
        (128, 9),
        (128, 11),
    ] {
        let shape = Shape::new(lanes, 11).expect("a shape");
        let arrangement = Arrangement::of_coefficients(&shape);
        let (size, pass) = (1_usize << log2_n, shape.pass_cycles(log2_n));
        let mut time_of = vec![0; size];
        for time in 0..pass {
            for lane in 0..lanes {
                time_of[arrangement.coefficient(log2_n, lane, time)] = time;
            }
        }
        let mut slack = Slack::new(&shape);
        slack.connect_all();
        slack.fine_mask.next = (size / 32 - 1).to_bits();
        let mut overlaps = 0;
        for degree in 0..2 * size {
            slack.degree.next = degree.to_bits();
            assert!(simulate(&mut slack, 100), "the slack settles");
            let cycles = slack.cycles.val().to_u64() as usize;
            assert!(
                cycles < pass,
                "P = {lanes}, N = {size}, a = {degree}: {cycles} of {pass}"
            );
            overlaps += cycles;
            // A turn starts pass - 1 - slack cycles behind the first write of the one before.
            let behind = pass - 1 - cycles;
            for (target, &time) in time_of.iter().enumerate() {
                let source = (target + 2 * size - degree) % size;
                assert!(
                    time_of[source] <= time + behind,
                    "P = {lanes}, N = {size}, a = {degree}: {source} is read at {time} and written \
                     at {} - {behind}",
                    time_of[source]
                );
            }
        }
        // It is worth something: half of a pass on average, but for what a fine value takes, and
        // for the degrees that borrow from a fine bit in the lanes.
        let average = overlaps as f64 / (2 * size) as f64;
        let fine = (size / 32).min(pass) as f64;
        let mut expected = pass as f64 * (fine - 1.0) / (2.0 * fine);
        if lanes == 128 {
            expected -= (fine - 1.0) / (size / 32) as f64;
        }
        assert!(
            (average - expected).abs() < 1e-9,
            "P = {lanes}, N = {size}: {average}, not {expected} cycles"
        );
        // What the core says of a ciphertext alone in flight, less the datapath.
        let datapath = Latencies {
            read: 0,
            decompose: 0,
            forward: 0,
            mac: 0,
            inverse: 0,
            add: 0,
        };
        let held_back = (pass - 1) as f64 - average;
        assert!((datapath.alone(&shape, log2_n) - held_back).abs() < 1e-9);
    }
}

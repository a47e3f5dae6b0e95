//! The multiply-accumulate against sums of products with `%`, in the Rust-HDL simulation and as
//! emitted Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "support/mod.rs"]
mod support;

use gyrus_hdl::mac::{Mac, PairMac};
use gyrus_hdl::ntt::Shape;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::bench::Bench;

dut!(PairMac { x0, x1, y00, y10, y01, y11, minus0, minus1 => z0, z1 });
dut!(Mac { valid_in, time_in, first, last, x, key => valid_out, time_out, z });

/// 2^64 - 2^32 + 1, written out independently of the crate.
const Q: u128 = (1 << 64) - (1 << 32) + 1;

/// The residue of a 72-bit two's complement number.
fn residue(lazy: u128) -> u128 {
    let negative = (lazy >> 71) << 72;
    (lazy + Q * (1 << 9) - negative) % Q
}

/// A lazy residue: uniform, or an end of its range, or small.
fn lazy(rng: &mut ChaCha8Rng) -> u128 {
    let uniform = rng.random::<u128>() >> 56;
    match rng.random_range(0..4) {
        0 => [0, 1, (1 << 71) - 1, 1 << 71, (1 << 72) - 1][rng.random_range(0..5)],
        _ => uniform,
    }
}

/// A key point, canonical words, and what Winograd's product needs beside them.
fn point(rng: &mut ChaCha8Rng) -> [u128; 6] {
    let mut word = || match rng.random_range(0..8) {
        0 => [0, 1, Q - 1, 1 << 32][rng.random_range(0..4)],
        _ => u128::from(rng.random::<u64>()) % Q,
    };
    let [y00, y10, y01, y11] = [word(), word(), word(), word()];
    let minus = |a: u128, b: u128| (Q - a * b % Q) % Q;
    [y00, y10, y01, y11, minus(y00, y10), minus(y01, y11)]
}

fn products(x0: u128, x1: u128, y: &[u128]) -> [u128; 2] {
    let (x0, x1) = (residue(x0), residue(x1));
    [
        (x0 * y[0] % Q + x1 * y[1] % Q) % Q,
        (x0 * y[2] % Q + x1 * y[3] % Q) % Q,
    ]
}

/// |z| < bound.
fn within(z: u128, bound: u128) -> bool {
    z.min((1 << 72) - z) < bound
}

#[test]
fn pair() {
    let mut rng = ChaCha8Rng::seed_from_u64(31);
    let mut bench = Bench::new(PairMac::default());
    let operands: Vec<Vec<u128>> = (0..1500)
        .map(|_| {
            let mut words = vec![lazy(&mut rng), lazy(&mut rng)];
            words.extend(point(&mut rng));
            words
        })
        .collect();
    for i in 0..operands.len() + PairMac::LATENCY {
        let inputs = operands.get(i).unwrap_or(&operands[0]);
        let sample = bench.cycle(inputs);
        if let Some(at) = i.checked_sub(PairMac::LATENCY) {
            let words = &operands[at];
            let expected = products(words[0], words[1], &words[2..]);
            for column in [0, 1] {
                assert_eq!(residue(sample[column]), expected[column], "{words:x?}");
                assert!(within(sample[column], (1 << 68) + (1 << 64)));
            }
        }
    }
    bench.replay("pair_mac");
}

/// One to three levels, passes back to back and with gaps, at two widths.
#[test]
fn levels() {
    for (lanes, pass) in [(2, 8), (4, 16)] {
        let mut rng = ChaCha8Rng::seed_from_u64(lanes as u64);
        let shape = Shape::new(lanes, 8).expect("a shape");
        let pairs = shape.pairs();
        let mut bench = Bench::new(Mac::new(&shape));
        let mut expected = std::collections::VecDeque::new();
        let mut stimuli = Vec::new();
        for turn in 0..12 {
            let levels = turn % 3 + 1;
            let mut sums = vec![vec![0; lanes]; pass];
            for level in 0..levels {
                if rng.random_ratio(1, 3) {
                    for _ in 0..rng.random_range(1..20) {
                        // What stands beside no element must not matter.
                        let mut words = vec![0, 3, rng.random_range(0..2), rng.random_range(0..2)];
                        words.extend((0..lanes).map(|_| lazy(&mut rng)));
                        words.extend((0..pairs).flat_map(|_| point(&mut rng)));
                        stimuli.push(words);
                    }
                }
                for (time, sums) in sums.iter_mut().enumerate() {
                    let x: Vec<u128> = (0..lanes).map(|_| lazy(&mut rng)).collect();
                    let key: Vec<u128> = (0..pairs).flat_map(|_| point(&mut rng)).collect();
                    for pair in 0..pairs {
                        let z = products(x[pair], x[pair + pairs], &key[6 * pair..]);
                        sums[pair] = (sums[pair] + z[0]) % Q;
                        sums[pair + pairs] = (sums[pair + pairs] + z[1]) % Q;
                    }
                    let last = level + 1 == levels;
                    let mut words = vec![1, time as u128, (level == 0).into(), last.into()];
                    words.extend(x);
                    words.extend(key);
                    stimuli.push(words);
                    if last {
                        expected.push_back((stimuli.len() - 1, time, sums.clone()));
                    }
                }
            }
        }
        for i in 0..stimuli.len() + Mac::LATENCY {
            let idle = vec![0; stimuli[0].len()];
            let sample = bench.cycle(stimuli.get(i).unwrap_or(&idle));
            let due = expected
                .front()
                .is_some_and(|(entered, ..)| entered + Mac::LATENCY == i);
            assert_eq!(sample[0], due.into(), "P = {lanes}: valid in cycle {i}");
            if let Some((_, time, sums)) = expected.pop_front_if(|_| due) {
                assert_eq!(sample[1], time as u128, "P = {lanes}: time in cycle {i}");
                let z: Vec<u128> = sample[2..].iter().map(|&z| residue(z)).collect();
                assert_eq!(z, sums, "P = {lanes}: cycle {i}");
                assert!(sample[2..].iter().all(|&z| within(z, 1 << 70)));
            }
        }
        assert!(expected.is_empty(), "all sums came out");
        bench.replay(&format!("mac_{lanes}"));
    }
}

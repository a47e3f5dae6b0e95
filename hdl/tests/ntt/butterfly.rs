//! Butterflies and exchanges alone, against arithmetic modulo q and index swaps.

use super::schoolbook::{Q, lazy, power, residue};
use super::support::bench::{Bench, Dut};
use gyrus_hdl::ntt::{Exchange, ForwardButterfly, InverseButterfly, PlainButterfly, ShiftFold};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

crate::dut!(ForwardButterfly { enable, index, a, b => sum, difference });
crate::dut!(InverseButterfly { enable, index, a, b => sum, difference });
crate::dut!(PlainButterfly { enable, a, b => sum, difference });
crate::dut!(ShiftFold { index, negate, x => product });
crate::dut!(Exchange { enable, valid_in, time_in, x => valid_out, time_out, y, valid_early, time_early });

/// Largest operand: 2^70 - 1.
const LIMIT: i128 = (1 << 70) - 1;

/// Operands: all pairs of extremes, then random ones of all magnitudes.
fn operands(rng: &mut impl Rng) -> Vec<(i128, i128)> {
    let edges = [
        -LIMIT,
        -(1 << 64),
        -1,
        0,
        1,
        (1 << 64) - 1,
        Q as i128,
        LIMIT,
    ];
    let mut operands: Vec<(i128, i128)> =
        edges.iter().flat_map(|&a| edges.map(|b| (a, b))).collect();
    let random = |rng: &mut dyn Rng| {
        let magnitude = rng.next_u64() % 71;
        let word = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
        word.cast_signed() >> (127 - magnitude)
    };
    for _ in 0..16 {
        operands.push((random(rng).max(-LIMIT), random(rng).max(-LIMIT)));
    }
    operands
}

/// The number that a 72-bit word in two's complement is.
fn signed(word: u128) -> i128 {
    (word << 56).cast_signed() >> 56
}

/// What a butterfly should answer to (a, b): residues of sum and difference, and bounds.
type Expected = fn(index: usize, a: i128, b: i128) -> ([u128; 2], [i128; 2]);

/// The largest product with x: see `ShiftFold`.
fn product_bound(x: i128) -> i128 {
    (1 << 64) + (1 << 33) + x.abs() / 8
}

fn forward(index: usize, a: i128, b: i128) -> ([u128; 2], [i128; 2]) {
    let product = power(8, index) * residue(lazy(b)) % Q;
    let a_residue = residue(lazy(a));
    let bound = a.abs() + product_bound(b);
    let residues = [(a_residue + product) % Q, (a_residue + Q - product) % Q];
    (residues, [bound, bound])
}

fn inverse(index: usize, a: i128, b: i128) -> ([u128; 2], [i128; 2]) {
    let (a_residue, b_residue) = (residue(lazy(a)), residue(lazy(b)));
    // 8^64 = 1.
    let gap = (a_residue + Q - b_residue) % Q * power(8, 64 - index) % Q;
    let sum_bound = (1 << 64) + (1 << 40);
    (
        [(a_residue + b_residue) % Q, gap],
        [sum_bound, product_bound(a - b)],
    )
}

fn plain(_: usize, a: i128, b: i128) -> ([u128; 2], [i128; 2]) {
    let bound = a.abs() + b.abs();
    ([residue(lazy(a + b)), residue(lazy(a - b))], [bound, bound])
}

fn check<D: Dut>(block: D, latency: usize, expected: Expected, name: &str) {
    let mut rng = ChaCha8Rng::seed_from_u64(70);
    // A plain butterfly has no index.
    let block_inputs = block.inputs().len();
    let mut bench = Bench::new(block);
    for enable in [true, false] {
        let mut cycles = Vec::new();
        for index in 0..32 {
            cycles.extend(operands(&mut rng).into_iter().map(|(a, b)| (index, a, b)));
        }
        // Neighbours have different indices, in both directions.
        for at in (1..cycles.len()).rev() {
            cycles.swap(at, rng.random_range(0..=at));
        }
        for at in 0..cycles.len() + latency {
            let (index, a, b) = cycles.get(at).copied().unwrap_or((0, 0, 0));
            let mut inputs = vec![enable.into(), index as u128, lazy(a), lazy(b)];
            if block_inputs == 3 {
                inputs.remove(1);
            }
            let sample = bench.cycle(&inputs);
            let Some(&(index, a, b)) = at.checked_sub(latency).and_then(|at| cycles.get(at)) else {
                continue;
            };
            let (residues, bounds) = if enable {
                expected(index, a, b)
            } else {
                let bound = |x: i128| x.abs().max(product_bound(x));
                ([residue(lazy(a)), residue(lazy(b))], [bound(a), bound(b)])
            };
            for (place, &word) in sample.iter().enumerate() {
                let what = format!("{name}, output {place} for {a:#x}, {b:#x}, index {index}");
                assert_eq!(residue(word), residues[place], "{what}");
                let magnitude = signed(word).abs();
                assert!(magnitude <= bounds[place], "{what}: {magnitude:#x}");
            }
        }
    }
    bench.replay(name);
}

#[test]
fn forward_butterflies() {
    for varies in [false, true] {
        let latency = ForwardButterfly::latency(varies);
        let name = format!("forward_butterfly_{varies}");
        check(ForwardButterfly::new(varies), latency, forward, &name);
    }
}

#[test]
fn inverse_butterflies() {
    for varies in [false, true] {
        let latency = InverseButterfly::latency(varies);
        let name = format!("inverse_butterfly_{varies}");
        check(InverseButterfly::new(varies), latency, inverse, &name);
    }
}

#[test]
fn plain_butterflies() {
    let block = PlainButterfly::default();
    check(block, PlainButterfly::LATENCY, plain, "plain_butterfly");
}

/// All indices and, with index 0, the negated product.
#[test]
fn shifts() {
    let mut rng = ChaCha8Rng::seed_from_u64(72);
    for varies in [false, true] {
        let latency = 1 + usize::from(varies);
        let mut bench = Bench::new(ShiftFold::new(varies));
        let cycles: Vec<(usize, bool, i128)> = (0..=32)
            .flat_map(|index| {
                let operands = operands(&mut rng).into_iter();
                operands.map(move |(x, _)| (index % 32, index == 32, x))
            })
            .collect();
        for at in 0..cycles.len() + latency {
            let (index, negate, x) = cycles.get(at).copied().unwrap_or((0, false, 0));
            let sample = bench.cycle(&[index as u128, negate.into(), lazy(x)]);
            let Some(&(index, negate, x)) = at.checked_sub(latency).and_then(|at| cycles.get(at))
            else {
                continue;
            };
            let product = power(8, index) * residue(lazy(if negate { -x } else { x })) % Q;
            let what = format!("{x:#x}, index {index}, negate {negate}");
            assert_eq!(residue(sample[0]), product, "{what}");
            assert!(signed(sample[0]).abs() <= product_bound(x), "{what}");
        }
        bench.replay(&format!("shift_fold_{varies}"));
    }
}

/// With the time bit and the lane bit of (lane, time) exchanged.
fn exchanged(lane: usize, time: usize, lane_bit: usize, time_bit: usize) -> (usize, usize) {
    let differ = ((lane >> lane_bit) ^ (time >> time_bit)) & 1;
    (lane ^ (differ << lane_bit), time ^ (differ << time_bit))
}

#[test]
fn exchanges() {
    let mut rng = ChaCha8Rng::seed_from_u64(71);
    for (lanes, time_bit, lane_bit) in [(2, 0, 0), (2, 3, 0), (4, 1, 0), (4, 2, 1), (8, 5, 1)] {
        let exchange = Exchange::new(lanes, time_bit, lane_bit);
        let latency = exchange.latency();
        assert_eq!(latency, 1 << time_bit);
        let mut bench = Bench::new(exchange);
        let pass_cycles = 4 << time_bit;
        for enable in [true, false] {
            // Passes without a gap, then with gaps of all lengths up to two blocks and more.
            let gaps: Vec<usize> = (0..12)
                .map(|i| {
                    if i < 4 {
                        0
                    } else {
                        rng.random_range(0..=2 * latency + 1)
                    }
                })
                .collect();
            let mut cycles: Vec<Option<(usize, usize)>> = Vec::new();
            for (pass, &gap) in gaps.iter().enumerate() {
                cycles.extend(vec![None; gap]);
                cycles.extend((0..pass_cycles).map(|time| Some((pass, time))));
            }
            let word = |pass: usize, lane: usize, time: usize| {
                let number = (pass * pass_cycles + time) * lanes + lane + 1;
                (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c) & ((1 << 72) - 1)
            };
            let mut early = None;
            for at in 0..cycles.len() + latency {
                let entering = cycles.get(at).copied().flatten();
                let mut inputs: Vec<u128> = vec![enable.into(), entering.is_some().into()];
                inputs.push(entering.map_or(0xfff, |(_, time)| time as u128));
                inputs.extend((0..lanes).map(|lane| match entering {
                    Some((pass, time)) => word(pass, lane, time),
                    None => rng.random::<u128>() >> 56,
                }));
                let sample = bench.cycle(&inputs);
                let leaving = at.checked_sub(latency).and_then(|at| cycles[at]);
                assert_eq!(sample[0], leaving.is_some().into(), "valid in cycle {at}");
                let ahead = early.replace((sample[2 + lanes], sample[3 + lanes]));
                assert!(
                    ahead.is_none_or(|ahead| ahead == (sample[0], sample[1])),
                    "ahead of cycle {at}"
                );
                let Some((pass, time)) = leaving else {
                    continue;
                };
                assert_eq!(sample[1], time as u128, "time in cycle {at}");
                for lane in 0..lanes {
                    let (from_lane, from_time) = if enable {
                        exchanged(lane, time, lane_bit, time_bit)
                    } else {
                        (lane, time)
                    };
                    let expected = word(pass, from_lane, from_time);
                    assert_eq!(sample[2 + lane], expected, "lane {lane} in cycle {at}");
                }
            }
        }
        bench.replay(&format!("exchange_{lanes}_{time_bit}_{lane_bit}"));
    }
}

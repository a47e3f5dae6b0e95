//! The fold, the reduction and the multiplications by powers of two.

use super::operands::{
    CANONICAL_EDGES, Q, power_of_two, product, random_bits, random_canonical, rng, word_edges,
};
use super::support::{check, check_in_rust, with_bubbles};
use gyrus_hdl::arith::{Fold, MulPow2, MulRoot64, Reduce128};
use rand::RngExt;

crate::unit!(Fold, lo: 64, mid: 32, hi: 64, negate: 1);
crate::unit!(Reduce128, x: 128);
crate::unit!(MulRoot64, x: 64, index: 6);

const RANDOM: usize = 10_000;

/// The edges of a 32-bit word.
const MIDDLE_EDGES: [u128; 5] = [0, 1, 1 << 31, (1 << 32) - 2, (1 << 32) - 1];

#[test]
fn fold() {
    let mut rng = rng(10);
    let mut operands = Vec::new();
    for negate in [0, 1] {
        for lo in word_edges() {
            for mid in MIDDLE_EDGES {
                operands.extend(CANONICAL_EDGES.map(|hi| vec![lo, mid, hi, negate]));
            }
        }
    }
    operands.extend((0..RANDOM).map(|_| {
        let (lo, mid) = (random_bits(&mut rng, 64), random_bits(&mut rng, 32));
        vec![lo, mid, random_canonical(&mut rng), rng.random_range(0..2)]
    }));
    // With `negate` low, hi = q is in range too.
    operands.extend(word_edges().iter().map(|&lo| vec![lo, 0, Q, 0]));
    check::<Fold>("fold", &operands, |x| {
        let number = x[0] + product(x[1], power_of_two(64)) + product(x[2], power_of_two(96));
        let residue = number % Q;
        (if x[3] == 0 {
            residue
        } else {
            (Q - residue) % Q
        }) as u64
    });
}

#[test]
fn reduce() {
    let mut rng = rng(11);
    let mut operands: Vec<Vec<u128>> = Vec::new();
    for lo in word_edges() {
        operands.extend(word_edges().iter().map(|hi| vec![hi << 64 | lo]));
    }
    // Every word of 32 bits at an edge of its own.
    for word in 0..5_usize.pow(4) {
        let digit = |place: u32| MIDDLE_EDGES[word / 5_usize.pow(place) % 5] << (32 * place);
        operands.push(vec![(0..4).map(digit).sum()]);
    }
    operands.extend((0..RANDOM).map(|_| vec![random_bits(&mut rng, 128)]));
    check::<Reduce128>("reduce", &operands, |x| (x[0] % Q) as u64);
}

#[test]
fn multiply_by_a_root_chosen_at_run_time() {
    let mut rng = rng(12);
    let mut operands = Vec::new();
    for x in word_edges() {
        operands.extend((0..64).map(|index| vec![x, index]));
    }
    operands.extend((0..RANDOM).map(|_| vec![random_bits(&mut rng, 64), rng.random_range(0..64)]));
    let roots: Vec<u128> = (0..64).map(|index| power_of_two(3 * index)).collect();
    check::<MulRoot64>("root", &operands, |x| {
        product(x[0], roots[x[1] as usize]) as u64
    });
}

fn pow2_operands(exponent: usize, count: usize) -> Vec<Vec<u128>> {
    let mut rng = rng(1000 + exponent as u64);
    let mut operands: Vec<Vec<u128>> = word_edges().iter().map(|&x| vec![x]).collect();
    operands.extend((0..count).map(|_| vec![random_bits(&mut rng, 64)]));
    operands
}

/// Exponents checked in both simulations, and in the Rust-HDL simulation alone.
macro_rules! exponents {
    (both: $($both: literal),+; rust: $($rust: literal),+) => {
        $(crate::unit!(MulPow2<$both>, x: 64);)+
        $(crate::unit!(MulPow2<$rust>, x: 64);)+

        #[test]
        fn multiply_by_a_constant_power_of_two() {
            $({
                let power = power_of_two($both);
                let expected = |x: &[u128]| product(x[0], power) as u64;
                let name = concat!("pow2_", $both);
                check::<MulPow2<$both>>(name, &pow2_operands($both, 500), expected);
            })+
            $({
                let power = power_of_two($rust);
                let expected = |x: &[u128]| product(x[0], power) as u64;
                let name = concat!("pow2_", $rust);
                let operands = pow2_operands($rust, 100);
                let cycles = with_bubbles::<MulPow2<$rust>>(&operands, &mut rng($rust));
                check_in_rust::<MulPow2<$rust>>(name, &cycles, expected);
            })+
        }
    };
}

// In both: a shift that reaches the middle word, one that reaches bit 158, the largest with a sign.
exponents!(
    both: 39, 95, 191;
    rust: 0, 1, 3, 24, 31, 32, 33, 48, 63, 64, 65, 93, 96, 97, 99, 127, 128, 129, 159, 160, 189
);

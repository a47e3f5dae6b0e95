//! Addition, subtraction and the correction that ends most units.

use super::operands::{CANONICAL_EDGES, Q, pairs, random_canonical, rng};
use super::support::{check, emit, simulate_unit, verilator, with_bubbles};
use gyrus_hdl::arith::{AddMod, Correct, SubMod};
use rand::RngExt;

crate::unit!(AddMod, a: 64, b: 64);
crate::unit!(SubMod, a: 64, b: 64);
crate::unit!(Correct, sum: 66);

const RANDOM: usize = 20_000;

#[test]
fn the_modulus_is_the_one_tested() {
    assert_eq!(u128::from(gyrus_hdl::arith::Q), Q);
}

#[test]
fn add() {
    let mut rng = rng(1);
    let operands = pairs(&CANONICAL_EDGES, RANDOM, || random_canonical(&mut rng));
    check::<AddMod>("add", &operands, |x| ((x[0] + x[1]) % Q) as u64);
}

#[test]
fn subtract() {
    let mut rng = rng(2);
    let operands = pairs(&CANONICAL_EDGES, RANDOM, || random_canonical(&mut rng));
    check::<SubMod>("sub", &operands, |x| ((x[0] + Q - x[1]) % Q) as u64);
}

/// `sum` is a two's complement number in [-q, 2q): s + q is tested in place of s.
#[test]
fn correct() {
    let mut rng = rng(3);
    let mut shifted: Vec<u128> = CANONICAL_EDGES
        .iter()
        .flat_map(|&edge| [edge, edge + Q, edge + 2 * Q])
        .chain([(1 << 64) + Q - 1, (1 << 64) + Q, (1 << 64) + Q + 1])
        .collect();
    shifted.extend((0..RANDOM).map(|_| random_canonical(&mut rng) + rng.random_range(0..3) * Q));
    let word = |shifted: u128| shifted.wrapping_sub(Q) & ((1 << 66) - 1);
    let operands: Vec<Vec<u128>> = shifted.iter().map(|&shifted| vec![word(shifted)]).collect();
    check::<Correct>("correct", &operands, |x| {
        ((x[0] + Q) % (1 << 66) % Q) as u64
    });
}

/// The comparison with Verilator notices a wrong bit: here E is 2^32 - 2 in the Verilog alone.
#[test]
fn a_wrong_constant_in_the_verilog_is_noticed() {
    let mut rng = rng(4);
    let operands = pairs(&CANONICAL_EDGES, 0, || 0);
    let cycles = with_bubbles::<SubMod>(&operands, &mut rng);
    let verilog = emit::<SubMod>();
    let wrong = verilog.replace("e = 64'hffffffff;", "e = 64'hfffffffe;");
    assert_ne!(wrong, verilog, "the constant is in the text");
    let name = "sub_with_a_wrong_constant";
    assert_ne!(
        verilator::run::<SubMod>(name, &wrong, &cycles),
        simulate_unit::<SubMod>(&cycles)
    );
}

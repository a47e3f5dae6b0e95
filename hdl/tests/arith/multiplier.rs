//! The full modular multiplier.

use super::operands::{Q, pairs, product, random_bits, rng, word_edges};
use super::support::check;
use gyrus_hdl::arith::{MulLazy, MulMod};
use rust_hdl::prelude::{Block, ToBits, check_all, simulate};

crate::unit!(MulMod, x: 64, y: 64);

#[test]
fn multiply() {
    let mut rng = rng(20);
    let operands = pairs(&word_edges(), 20_000, || random_bits(&mut rng, 64));
    check::<MulMod>("mul", &operands, |x| product(x[0], x[1]) as u64);
}

/// The value of a 72-bit two's complement word.
fn signed(word: u128) -> i128 {
    (word << 56).cast_signed() >> 56
}

/// A new pair of factors enters in every cycle: the answer is some residue below 2^67 in absolute
/// value, after exactly `LATENCY` edges. (Through `MulMod`, Verilator checks the same logic.)
#[test]
fn multiply_lazily() {
    let mut rng = rng(21);
    let operands = pairs(&word_edges(), 5_000, || random_bits(&mut rng, 64));
    let mut unit = MulLazy::default();
    unit.connect_all();
    check_all(&unit).expect("a connected unit without loops");
    let mut checked = 0;
    for cycle in 0..operands.len() + MulLazy::LATENCY {
        let entering = operands.get(cycle).unwrap_or(&operands[0]);
        unit.x.next = entering[0].to_bits();
        unit.y.next = entering[1].to_bits();
        for level in [true, false] {
            unit.clock.next = level.into();
            assert!(simulate(&mut unit, 100), "the clock's edge settles");
        }
        let left = (cycle + 1).checked_sub(MulLazy::LATENCY);
        if let Some(factors) = left.and_then(|at| operands.get(at)) {
            let value = signed(unit.result.val().to_u128());
            assert!(value.abs() < 1 << 67, "{value:x} for {factors:x?}");
            let expected = product(factors[0], factors[1]);
            assert_eq!(
                value.rem_euclid(Q as i128) as u128,
                expected,
                "{factors:x?}"
            );
            checked += 1;
        }
    }
    assert_eq!(checked, operands.len());
}

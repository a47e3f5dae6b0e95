//! The full modular multiplier.

use super::operands::{pairs, product, random_bits, rng, word_edges};
use super::support::check;
use gyrus_hdl::arith::MulMod;

crate::unit!(MulMod, x: 64, y: 64);

#[test]
fn multiply() {
    let mut rng = rng(20);
    let operands = pairs(&word_edges(), 20_000, || random_bits(&mut rng, 64));
    check::<MulMod>("mul", &operands, |x| product(x[0], x[1]) as u64);
}

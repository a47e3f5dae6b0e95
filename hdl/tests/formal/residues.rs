//! Lazy residues: into words, through the multiply-accumulate, and off the modulus.

use super::prover::{
    Registers::{Collapsed, Cut},
    prove, refute,
};
use gyrus_hdl::arith::Normalise;
use gyrus_hdl::mac::PairMac;
use gyrus_hdl::switch_modulus::SwitchModulus;

/// x less q floor(x / 2^64), plus A, is congruent to x + A; the result is that but for a few q.
const NORMALISE: &str = "
wire signed [79:0] x = $signed(residue), a = addend, r = result, h = x >>> 64;
wire signed [79:0] y = x - (h << 64) + (h << 32) - h + a;
always @* assert(r == y + Q || r == y || r == y - Q || r == y - 2 * Q);";

/// round(v 2^64 / q) = v + floor((v + 2^31 - 1) / 2^32) for v = x mod q, which is x - m q in [0, q).
const SWITCH: &str = "
wire signed [79:0] x = $signed(residue);
wire signed [9:0] m;
wire [63:0] v;
wire signed [79:0] m_int = m, v_int = v;
wire [64:0] biased = v + 65'h7fff_ffff;
wire [63:0] rounded = v + (biased >> 32);
wire [63:0] given = truncated__d + (carry__d ? second__d : first__d);
always @* begin
    assume(v_int < Q && x == v_int + (m_int << 64) - (m_int << 32) + m_int);
    assert(given == rounded);
    assert(word == truncated__q && round_up == (carry__q ? second__q : first__q));
end";

/// The multipliers get the words of Winograd's product, and the sums are exact and below 2^69.
const PAIR: &str = "
wire signed [79:0] p0 = $signed(product0__result), p1 = $signed(product1__result);
wire signed [79:0] s = $signed(shared__result), m0 = minus0_later__q, m1 = minus1_later__q;
wire signed [79:0] limit = 80'sd1 << 67;
wire signed [79:0] z0_int = $signed(z0_register__d), z1_int = $signed(z1_register__d);
always @* begin
    assume(-limit < p0 && p0 < limit && -limit < p1 && p1 < limit && -limit < s && s < limit);
    assert(z0_int == p0 + m0 - s && z1_int == p1 + m1 - s);
    assert(-4 * limit < z0_int && z0_int < 4 * limit);
    assert(x0_alone__residue == x0 && x0_alone__addend == 0);
    assert(x1_alone__residue == x1 && x1_alone__addend == 0);
    assert(x0_y10__residue == x0 && x0_y10__addend == y10);
    assert(x1_y00__residue == x1 && x1_y00__addend == y00);
    assert(x0_y11__residue == x0 && x0_y11__addend == y11);
    assert(x1_y01__residue == x1 && x1_y01__addend == y01);
    assert(shared__x == x0_alone__result && shared__y == x1_alone__result);
    assert(product0__x == x0_y10__result && product0__y == x1_y00__result);
    assert(product1__x == x0_y11__result && product1__y == x1_y01__result);
    assert(minus0_later__d == minus0 && minus1_later__d == minus1);
end";

#[test]
fn pair_mac() {
    prove(PairMac::default(), "pair_mac", Cut, PAIR);
    let mutation = ("- shared__result", "+ shared__result");
    refute(PairMac::default(), "pair_mac_mutated", Cut, PAIR, mutation);
}

#[test]
fn normalise() {
    prove(Normalise::default(), "normalise", Collapsed, NORMALISE);
    let mutation = ("e = 64'hffffffff;", "e = 64'hfffffffe;");
    let name = "normalise_mutated";
    refute(Normalise::default(), name, Collapsed, NORMALISE, mutation);
}

#[test]
fn switch_modulus() {
    prove(SwitchModulus::default(), "switch", Cut, SWITCH);
    let mutation = ("half = 32'h80000000", "half = 32'h80000001");
    let name = "switch_mutated";
    refute(SwitchModulus::default(), name, Cut, SWITCH, mutation);
}

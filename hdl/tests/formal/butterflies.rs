//! Butterflies and their shifts.

use super::prover::{Registers::Cut, prove, refute};
use gyrus_hdl::ntt::{ForwardButterfly, InverseButterfly, PlainButterfly, ShiftFold};

/// The words are those of x 8^index, or of -x - 1, and none is lost.
const SHIFT: &str = "
wire signed [167:0] signed_x = negate ? ~$signed(x) : $signed(x);
wire signed [167:0] shifted = signed_x <<< (3 * index);
always @* begin
    assume(!negate || index == 0);
    assert(wide__d == shifted);
    assert(shifted >>> (3 * index) == signed_x);
    assert(one_more__d == negate);
end";

/// For all words that |x| < 2^71 gives.
const FOLD: &str = "
wire signed [79:0] l = wide__q[63:0], m = wide__q[95:64], h = $signed(wide__q[167:96]);
wire signed [79:0] p = $signed(product_register__d);
always @* begin
    assume(-(80'sd1 << 68) <= h && h < 80'sd1 << 68);
    assert(p == l + (m << 32) - m - h - Q + $signed({1'b0, one_more__q}));
    assert(product == product_register__q);
end";

#[test]
fn shift_and_fold() {
    prove(ShiftFold::new(true), "shift", Cut, SHIFT);
    let mutation = ("operand[71]", "operand[70]");
    refute(ShiftFold::new(true), "shift_mutated", Cut, SHIFT, mutation);
    prove(ShiftFold::new(true), "shift_fold", Cut, FOLD);
    let mutation = ("low & high", "low & low");
    refute(
        ShiftFold::new(true),
        "shift_fold_mutated",
        Cut,
        FOLD,
        mutation,
    );
}

const FORWARD: &str = "
wire signed [79:0] upper = $signed(a_sum__q), lower = $signed(a_difference__q);
wire signed [79:0] p = $signed(product__product);
wire signed [79:0] s = $signed(sum_register__d), d = $signed(difference_register__d);
always @* begin
    assume(-(80'sd1 << 70) <= upper && upper < 80'sd1 << 70);
    assume(-(80'sd1 << 70) <= lower && lower < 80'sd1 << 70);
    assume(-(80'sd1 << 69) <= p && p < 80'sd1 << 69);
    assert(s == (enable ? upper + p : upper));
    assert(d == (enable ? lower - p : lower));
    assert(product__x == b && product__index == index && !product__negate);
    assert(a_early__d == a && a_sum__d == a_early__q);
    assert(b_early__d == b && a_difference__d == (enable ? a_early__q : b_early__q));
    assert(sum == sum_register__q && difference == difference_register__q);
end";

#[test]
fn forward() {
    prove(ForwardButterfly::new(true), "forward", Cut, FORWARD);
    let mutation = ("a_difference__q - product", "a_difference__q + product");
    refute(
        ForwardButterfly::new(true),
        "forward_mutated",
        Cut,
        FORWARD,
        mutation,
    );
}

/// 1 / 8^index is -8^(32 - index), and 1 for index 0.
const INVERSE: &str = "
wire signed [79:0] a_int = $signed(a), b_int = $signed(b);
wire signed [79:0] t = $signed(total__d), g = $signed(gap__d);
wire signed [79:0] early = $signed(total_early__q), above = early >>> 64;
wire signed [79:0] r = $signed(reduced__d);
always @* begin
    assume(-(80'sd1 << 70) <= a_int && a_int < 80'sd1 << 70);
    assume(-(80'sd1 << 70) <= b_int && b_int < 80'sd1 << 70);
    assert(t == (enable ? a_int + b_int : a_int));
    assert(g == (enable ? b_int - a_int : b_int));
    assert(complement__d == (enable ? 6'd32 - index : 6'd0) % 32);
    assert(negate__d == (enable && index == 0));
    assert(product__x == gap__q && product__index == complement__q && product__negate == negate__q);
    assert(total_early__d == total__q);
    assert(r == early - above * Q);
    assert(-(80'sd1 << 40) <= r && r < (80'sd1 << 64) + (80'sd1 << 40));
    assert(sum == reduced__q && difference == product__product);
end";

#[test]
fn inverse() {
    prove(InverseButterfly::new(true), "inverse", Cut, INVERSE);
    let mutation = ("top << 32", "top << 31");
    refute(
        InverseButterfly::new(true),
        "inverse_mutated",
        Cut,
        INVERSE,
        mutation,
    );
}

const PLAIN: &str = "
wire signed [79:0] a_int = $signed(a), b_int = $signed(b);
wire signed [79:0] s = $signed(sum_register__d), d = $signed(difference_register__d);
always @* begin
    assume(-(80'sd1 << 70) <= a_int && a_int < 80'sd1 << 70);
    assume(-(80'sd1 << 70) <= b_int && b_int < 80'sd1 << 70);
    assert(s == (enable ? a_int + b_int : a_int));
    assert(d == (enable ? a_int - b_int : b_int));
    assert(sum == sum_register__q && difference == difference_register__q);
end";

#[test]
fn plain() {
    prove(PlainButterfly::default(), "plain", Cut, PLAIN);
    let mutation = ("a - b", "b - a");
    refute(
        PlainButterfly::default(),
        "plain_mutated",
        Cut,
        PLAIN,
        mutation,
    );
}

//! Addition, subtraction and the correction.

use super::prover::{
    Registers::{Collapsed, Cut},
    prove, refute,
};
use gyrus_hdl::arith::{AddMod, Correct, SubMod};

/// The sum is exact and in the range that the correction takes.
const ADD: &str = "
wire signed [79:0] a_int = a, b_int = b, sum_int = $signed(sum__d);
always @* begin
    assume(a_int < Q && b_int < Q);
    assert(sum_int == a_int + b_int);
    assert(sum_int < 2 * Q);
    assert(correct__sum == sum__q && result == correct__result);
end";

const SUB: &str = "
wire signed [79:0] a_int = a, b_int = b, result_int = result;
always @* begin
    assume(a_int < Q && b_int < Q);
    assert(result_int < Q);
    assert(result_int == a_int - b_int || result_int == a_int - b_int + Q);
end";

const CORRECT: &str = "
wire signed [79:0] s = $signed(sum), result_int = result;
always @* begin
    assume(-Q <= s && s < 2 * Q);
    assert(result_int < Q);
    assert(result_int == s || result_int == s + Q || result_int == s - Q);
end";

#[test]
fn add() {
    prove(AddMod::default(), "add", Cut, ADD);
    refute(
        AddMod::default(),
        "add_mutated",
        Cut,
        ADD,
        ("{2'b0, b}", "{2'b0, a}"),
    );
}

#[test]
fn subtract() {
    prove(SubMod::default(), "sub", Collapsed, SUB);
    let mutation = ("e = 64'hffffffff;", "e = 64'hfffffffe;");
    refute(SubMod::default(), "sub_mutated", Collapsed, SUB, mutation);
}

#[test]
fn correct() {
    prove(Correct::default(), "correct", Collapsed, CORRECT);
    let mutation = ("e = 64'hffffffff;", "e = 64'hfffffffe;");
    refute(
        Correct::default(),
        "correct_mutated",
        Collapsed,
        CORRECT,
        mutation,
    );
}

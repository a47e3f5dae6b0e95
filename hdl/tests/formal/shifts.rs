//! The fold, and what feeds it.

use super::prover::{
    Registers::{Collapsed, Cut},
    prove, refute,
};
use gyrus_hdl::arith::{Fold, MulPow2, MulRoot64, Reduce128};

/// Step 1: difference and m are +-(lo - hi) and mid E or q - mid E.
const FOLD_TERMS: &str = "
wire signed [79:0] lo_int = lo, hi_int = hi, product = (mid << 32) - mid;
wire signed [79:0] d = $signed(difference__d), m = middle__d, s = $signed(sum__d);
wire signed [79:0] d_reg = $signed(difference__q), m_reg = middle__q;
always @* begin
    assume(hi_int < Q || (hi_int == Q && !negate));
    assert(d == (negate ? hi_int - lo_int : lo_int - hi_int));
    assert(m == (negate ? Q - product : product));
end";

/// Step 2: their sum is exact, for whatever step 1 can leave, and in [-q, 2q).
const FOLD_SUM: &str = "
wire signed [79:0] lo_int = lo, hi_int = hi;
wire signed [79:0] d = $signed(difference__q), m = middle__q, s = $signed(sum__d);
always @* begin
    assume(hi_int < Q || (hi_int == Q && !negate));
    assume(d == (negate ? hi_int - lo_int : lo_int - hi_int));
    assume(negate ? m >= 80'sh1_0000_0000 && m <= Q : m <= 80'shffff_fffe_0000_0001);
    assert(s == d + m);
    assert(-Q <= s && s < 2 * Q);
    assert(correct__sum == sum__q && result == correct__result);
end";

#[test]
fn fold() {
    prove(Fold::default(), "fold_terms", Cut, FOLD_TERMS);
    prove(Fold::default(), "fold_sum", Cut, FOLD_SUM);
    refute(
        Fold::default(),
        "fold_terms_mutated",
        Cut,
        FOLD_TERMS,
        ("second_lower = mid ^ keep", "second_lower = mid ^ flip"),
    );
    refute(
        Fold::default(),
        "fold_sum_mutated",
        Cut,
        FOLD_SUM,
        (
            "difference__q + {2'b0, middle__q}",
            "difference__q - {2'b0, middle__q}",
        ),
    );
}

#[test]
fn reduce() {
    let body = "
always @* assert({32'b0, x} == {fold__hi, fold__mid, fold__lo} && !fold__negate && result == fold__result);";
    prove(Reduce128::default(), "reduce", Cut, body);
    refute(
        Reduce128::default(),
        "reduce_mutated",
        Cut,
        body,
        ("fold__negate = 1'h0", "fold__negate = 1'h1"),
    );
}

/// The words that the fold gets are those of the shifted number, and the upper one is below q.
fn power<const EXPONENT: usize>() -> String {
    format!(
        "
wire [159:0] shifted_int = {{96'b0, x}} << {};
wire signed [79:0] hi_int = fold__hi;
always @* begin
    assert({{fold__hi, fold__mid, fold__lo}} == shifted_int);
    assert(shifted_int >> {} == x);
    assert(fold__negate == {});
    assert(hi_int < Q);
    assert(result == fold__result);
end",
        EXPONENT % 96,
        EXPONENT % 96,
        EXPONENT / 96,
    )
}

macro_rules! powers {
    ($($exponent:literal),+) => {
        #[test]
        fn constant_powers_of_two() {
            $(prove(MulPow2::<$exponent>::default(), concat!("pow2_", $exponent),
                Cut,
                &power::<$exponent>(),
            );)+
            let mutation = ("shift = 7'b1011111", "shift = 7'b1011110");
            refute(MulPow2::<95>::default(), "pow2_mutated", Cut, &power::<95>(), mutation);
        }
    };
}

powers!(0, 1, 39, 64, 95, 96, 129, 191);

/// The same for a shift chosen at run time, over both of its steps.
const ROOT: &str = "
wire [159:0] shifted = {96'b0, x} << (3 * index[4:0]);
wire signed [79:0] hi_int = {fold__hi};
always @* begin
    assert({fold__hi, fold__mid, fold__lo} == shifted);
    assert(shifted >> (3 * index[4:0]) == x);
    assert(fold__negate == index[5]);
    assert(hi_int < Q);
end";

#[test]
fn root_chosen_at_run_time() {
    prove(MulRoot64::default(), "root", Collapsed, ROOT);
    refute(
        MulRoot64::default(),
        "root_mutated",
        Collapsed,
        ROOT,
        ("<< 24", "<< 23"),
    );
}

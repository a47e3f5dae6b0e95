//! The multiplier: lemmas about its steps, joined by polynomial arithmetic.

use super::polynomial::{Polynomial, constant, variable};
use super::prover::{
    Registers::{Collapsed, Cut},
    prove, refute,
};
use gyrus_hdl::arith::{Limbs, MulLazy, MulMod, Product};
use std::fmt::Write;

/// What the unit adds and subtracts in each digit: `'` is the lower 16 bits of a product, `''` the
/// rest. The lemmas' text and the polynomials are both made from this table.
const DIGITS: [(&str, &str); 4] = [
    ("Mc'' Ae' Ae'' Ao' Ao''", "Be' Mo' Mo'' Me'' Ac''"),
    ("Bc' Ae' Ae'' Ao' Ao''", "Be' Be'' Bo' Mo'' Ac'"),
    ("Bc'' Me' Me'' Mo' Mo''", "Be'' Bo' Bo'' Ae' Mc''"),
    ("Ac' Me' Me'' Mo' Mo''", "Bo'' Ae' Ae'' Ao' Mc'"),
];

/// The constants beside the subtracted sums: multiples of 1 and of R.
const CONSTANTS: [(i128, i128); 4] = [(2, 0), (18, 0), (12, 0), (12, 3)];

const PRODUCTS: [&str; 9] = ["Ae", "Ao", "Ac", "Be", "Bo", "Bc", "Me", "Mo", "Mc"];

fn r() -> Polynomial {
    variable("R")
}

/// What inverting the sign bit adds to the upper part of a cross product, in units of R.
fn offset(summand: &str) -> i128 {
    match summand {
        "Ac''" | "Bc''" => 1,
        "Mc''" => 4,
        _ => 0,
    }
}

/// The block that computes a product, in the Verilog.
fn block(product: &str) -> String {
    let (group, kind) = product.split_at(1);
    let kind = match kind {
        "e" => "even",
        "o" => "odd",
        _ => "cross",
    };
    format!("{}_{kind}", group.to_lowercase())
}

/// The first factor of a product as a polynomial in the limbs, whose names start with `word`.
fn factor(product: &str, word: char) -> Polynomial {
    let limb = |i: usize| variable(&format!("{word}{i}"));
    let (even, odd) = match &product[..1] {
        "A" => (limb(0), limb(1)),
        "B" => (limb(2), limb(3)),
        _ => (limb(0) + limb(2), limb(1) + limb(3)),
    };
    match &product[1..] {
        "e" => even,
        "o" => odd,
        _ => even - odd,
    }
}

fn product(name: &str) -> Polynomial {
    factor(name, 'x') * factor(name, 'y')
}

/// The registers of edge 3 as polynomials in R and the parts of the products.
fn sums(digit: usize) -> (Polynomial, Polynomial) {
    let sum = |summands: &str| {
        summands.split(' ').fold(constant(0), |sum, summand| {
            sum + variable(summand) + constant(offset(summand)) * r()
        })
    };
    let (plus, minus) = DIGITS[digit];
    let (ones, rs) = CONSTANTS[digit];
    (sum(plus), sum(minus) + constant(ones) + constant(rs) * r())
}

/// The register of edge 4, as an integer: complements are taken in 20 bits (16 R) and, at the top,
/// in all bits.
fn total() -> Polynomial {
    (0..4).rev().fold(constant(0), |total, digit| {
        let (plus, minus) = sums(digit);
        let complement = if digit == 3 {
            constant(0)
        } else {
            constant(16) * r()
        };
        total * r() + plus + complement - constant(1) - minus
    })
}

/// total = x y modulo q, for every width of limbs: the difference is divisible by R^4 - R^2 + 1.
#[test]
fn the_total_is_congruent_to_the_product() {
    let mut difference = total();
    for name in PRODUCTS {
        let upper = variable(&format!("{name}''"));
        difference = difference.replace(&format!("{name}'"), &(product(name) - upper * r()));
    }
    let word = |name: char| {
        (0..4).rev().fold(constant(0), |word, i| {
            word * r() + variable(&format!("{name}{i}"))
        })
    };
    let difference = difference - word('x') * word('y');
    assert_eq!(difference.clone().modulo_q(), constant(0));
    assert_ne!((difference + constant(1)).modulo_q(), constant(0));
}

/// |total| < 2^67. R total is a polynomial in the limbs and the lower parts, since R P'' = P - P'.
#[test]
fn the_total_fits() {
    let mut scaled = constant(0);
    for (digit, shift) in (0..4).map(|digit| (digit, (0..digit).fold(constant(1), |p, _| p * r())))
    {
        let (plus, minus) = DIGITS[digit];
        for (sign, summands) in [(1, plus), (-1, minus)] {
            for summand in summands.split(' ') {
                let name = &summand[..2];
                let lower = variable(&format!("{name}'"));
                let times_r = if summand.ends_with("''") {
                    product(name) - lower
                } else {
                    lower * r()
                };
                scaled = scaled + constant(sign) * shift.clone() * times_r;
            }
        }
    }
    // The rest of the total is a constant, with no part of a product in it.
    let mut rest = total();
    for name in PRODUCTS {
        rest = rest.replace(&format!("{name}'"), &constant(0));
        rest = rest.replace(&format!("{name}''"), &constant(0));
    }
    let q = constant((1 << 64) - (1 << 32) + 1);
    let number = constant(1 << 16);
    assert_eq!(rest.clone().replace("R", &number), constant(-3) * q);
    let scaled = (scaled + rest * r()).replace("R", &number);
    let (low, high) = scaled.bounds(|_| (0, (1 << 16) - 1));
    let limit = 1_i128 << (67 + 16);
    assert!(-limit < low && high < limit, "{low:x} to {high:x}");
    assert!(limit / 2 < high, "the bound is no more than twice too wide");
}

/// The factors are the limbs, their sums and their differences.
const LIMBS: &str = "
wire signed [79:0] x0 = x[15:0], x1 = x[31:16], x2 = x[47:32], x3 = x[63:48];
always @* begin
    assert($signed(low_even) == x0);
    assert($signed(low_odd) == x1);
    assert($signed(low_cross) == x0 - x1);
    assert($signed(high_even) == x2);
    assert($signed(high_odd) == x3);
    assert($signed(high_cross) == x2 - x3);
    assert($signed(sum_even) == x0 + x2);
    assert($signed(sum_odd) == x1 + x3);
    assert($signed(sum_cross) == x0 + x2 - x1 - x3);
end";

/// In the top module x0 is a signal of the unit's; the lemma's limbs have names of their own.
fn limbs() -> String {
    (0..4).fold(LIMBS.to_owned(), |text, i| {
        text.replace(&format!("x{i}"), &format!("limb{i}"))
    })
}

#[test]
fn factors() {
    prove(Limbs::default(), "limbs", Collapsed, &limbs());
    let mutation = ("low_difference__d = x0 - x1", "low_difference__d = x0 - x2");
    refute(
        Limbs::default(),
        "limbs_mutated",
        Collapsed,
        &limbs(),
        mutation,
    );
}

/// Yosys' own signed multiplication: the proof is structural.
#[test]
fn integer_product() {
    let body = "
wire signed [17:0] first = a, second = b;
wire signed [35:0] expected = first * second;
always @* assert(product == expected);";
    prove(Product::default(), "product", Collapsed, body);
    refute(
        Product::default(),
        "product_mutated",
        Collapsed,
        body,
        ("$signed(a)", "a"),
    );
}

/// Every product's factors are those that [`factor`] says.
fn wiring() -> String {
    let mut body = String::from("always @* begin\n");
    for name in PRODUCTS {
        let block = block(name);
        let port = block
            .replace("a_", "low_")
            .replace("b_", "high_")
            .replace("m_", "sum_");
        for (factor, limbs) in [("a", "x_limbs"), ("b", "y_limbs")] {
            writeln!(body, "assert({block}__{factor} == {limbs}__{port});").expect("a string");
        }
    }
    body + "assert(x_limbs__x == x && y_limbs__x == y && result == total__q);\nend"
}

/// Edge 3: the sums of the table are exact, for all products that limbs can have.
fn sums_lemma() -> String {
    let mut body = String::new();
    for name in PRODUCTS {
        let block = block(name);
        writeln!(
            body,
            "wire signed [79:0] {name} = $signed({block}__product);\n\
             wire signed [79:0] {name}_lower = {block}__product[15:0], {name}_upper = {name} >>> 16;"
        )
        .expect("a string");
    }
    body += "always @* begin\n";
    for name in PRODUCTS {
        // The largest factor in absolute value: a limb, or a sum of two.
        let largest = if name.starts_with('M') {
            131_070_u64
        } else {
            65_535
        };
        let low = if name.ends_with('c') { "-" } else { "0 * " };
        let square = largest * largest;
        writeln!(
            body,
            "assume({low}80'sd{square} <= {name} && {name} <= 80'sd{square});"
        )
        .expect("a string");
    }
    for (digit, ((plus, minus), (ones, rs))) in DIGITS.iter().zip(CONSTANTS).enumerate() {
        for (register, summands, constant) in
            [("plus", plus, 0), ("minus", minus, ones + (rs << 16))]
        {
            let mut sum = String::new();
            for summand in summands.split(' ') {
                let part = if summand.ends_with("''") {
                    "upper"
                } else {
                    "lower"
                };
                let offset = offset(summand) << 16;
                write!(sum, "({}_{part} + 80'sd{offset}) + ", &summand[..2]).expect("a string");
            }
            writeln!(
                body,
                "assert($signed({{1'b0, {register}_{digit}__d}}) == {sum}80'sd{constant});"
            )
            .expect("a string");
        }
    }
    body + "end"
}

/// Edge 4: [`total`], modulo 2^72.
const TOTAL: &str = "
wire [71:0] p0 = plus_0__q, p1 = plus_1__q, p2 = plus_2__q, p3 = plus_3__q;
wire [71:0] m0 = 20'hfffff - minus_0__q, m1 = 20'hfffff - minus_1__q, m2 = 20'hfffff - minus_2__q;
wire [71:0] m3 = -72'd1 - minus_3__q;
always @* assert(total__d ==
    (p0 + (p2 << 32)) + ((p1 << 16) + (p3 << 48)) + (m0 + (m2 << 32)) + ((m1 << 16) + (m3 << 48)));";

#[test]
fn lazy_steps() {
    prove(MulLazy::default(), "lazy_wiring", Cut, &wiring());
    let mutation = (
        "b_cross__a = x_limbs__high_cross",
        "b_cross__a = x_limbs__low_cross",
    );
    refute(
        MulLazy::default(),
        "lazy_wiring_mutated",
        Cut,
        &wiring(),
        mutation,
    );

    prove(MulLazy::default(), "lazy_sums", Cut, &sums_lemma());
    let mutation = ("bias_3 = 20'h3000c", "bias_3 = 20'h3000d");
    refute(
        MulLazy::default(),
        "lazy_sums_mutated",
        Cut,
        &sums_lemma(),
        mutation,
    );

    prove(MulLazy::default(), "lazy_total", Cut, TOTAL);
    let mutation = ("({52'b0, plus_3__q} << 48)", "({52'b0, plus_3__q} << 47)");
    refute(
        MulLazy::default(),
        "lazy_total_mutated",
        Cut,
        TOTAL,
        mutation,
    );
}

/// The fold subtracts q floor(v / 2^64) from v, exactly, and leaves what the correction takes.
const FOLDED: &str = "
wire signed [79:0] v = $signed(lazy__result), multiple = v >>> 64, f = $signed(folded__d);
always @* begin
    assume(v < 80'sd1 << 67 && v > -(80'sd1 << 67));
    assert(f == v - (multiple << 64) + (multiple << 32) - multiple);
    assert(-Q <= f && f < 2 * Q);
    assert(correct__sum == folded__q && result == correct__result && lazy__x == x && lazy__y == y);
end";

#[test]
fn canonical_result() {
    prove(MulMod::default(), "mul_folded", Cut, FOLDED);
    let mutation = ("(high << 32)", "(high << 31)");
    refute(
        MulMod::default(),
        "mul_folded_mutated",
        Cut,
        FOLDED,
        mutation,
    );
}

//! The field and the switches between mod q and mod 2^64 against their definitions.
#![allow(
    clippy::expect_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod oracle;

use gyrus_interface::field;
use oracle::{Q, power, psi_powers, rounded};
use proptest::prelude::*;

/// Words around everything that arithmetic mod q and mod 2^64 may trip over.
fn edges() -> Vec<u64> {
    let q = field::MODULUS;
    let centres = [
        0,
        1 << 31,
        1 << 32,
        1 << 33,
        1 << 62,
        1 << 63,
        q / 2,
        q,
        u64::MAX,
    ];
    centres
        .into_iter()
        .flat_map(|x| (0..5).map(move |i| x.wrapping_add(i).wrapping_sub(2)))
        .collect()
}

fn check_pair(a: u64, b: u64) {
    assert_eq!(
        u128::from(field::mul(a, b)),
        u128::from(a) * u128::from(b) % Q
    );
    let (a, b) = ((u128::from(a) % Q) as u64, (u128::from(b) % Q) as u64);
    let (wide_a, wide_b) = (u128::from(a), u128::from(b));
    assert_eq!(u128::from(field::add(a, b)), (wide_a + wide_b) % Q);
    assert_eq!(u128::from(field::sub(a, b)), (wide_a + Q - wide_b) % Q);
}

fn check_switches(x: u64) {
    assert_eq!(u128::from(field::from_torus(x)), rounded(x));
    let wide = u128::from(x) % Q;
    let v = wide as u64;
    assert_eq!(
        field::to_torus(v),
        (((wide << 64) | (Q >> 1)) / Q) as u64,
        "{v}"
    );
    // x q + 2^63 >= v 2^64 from this x on.
    let least = (wide << 64).saturating_sub(1 << 63).div_ceil(Q) as u64;
    assert_eq!(field::least_torus(v), least, "{v}");
    assert_eq!(rounded(least), wide, "{v}");
}

#[test]
fn field_and_switches_at_edges() {
    for a in edges() {
        check_switches(a);
        for b in edges() {
            check_pair(a, b);
            let wide = (u128::from(a) << 64) | u128::from(b);
            assert_eq!(u128::from(field::reduce(wide)), wide % Q);
        }
    }
    // Just around the roundings of the switch back, (j + 1/2) * 2^32 for many j.
    for j in 0..2000_u64 {
        for offset in 0..8 {
            check_switches(
                (j * 0x0008_3127_0000_0000).wrapping_add((1 << 31) + offset + j / 4 - 4),
            );
        }
    }
}

#[test]
fn constants() {
    assert_eq!(u128::from(field::MODULUS), Q);
    for log2 in 1..=32 {
        let root = field::root_of_unity(log2);
        assert_eq!(field::pow(root, 1 << (log2 - 1)), field::MODULUS - 1);
    }
    assert_eq!(field::from_signed(-1), field::MODULUS - 1);
    assert_eq!(field::mul(field::inverse(12345), 12345), 1);
    assert_eq!(field::inverse(0), 0);
}

#[test]
fn psi_has_order_2n_and_a_power_8() {
    for log2_n in 5..=12 {
        let psi = u128::from(field::psi(log2_n));
        assert_eq!(power(psi, 1 << log2_n), Q - 1, "N = 2^{log2_n}");
        assert_eq!(power(psi, 1 << (log2_n - 5)), 8, "N = 2^{log2_n}");
        assert_eq!(psi_powers(1 << log2_n)[1], psi, "N = 2^{log2_n}");
    }
}

proptest! {
    #[test]
    fn field(a: u64, b: u64) {
        check_pair(a, b);
    }

    #[test]
    fn reduction(x: u128) {
        prop_assert_eq!(u128::from(field::reduce(x)), x % Q);
    }

    #[test]
    fn switches(x: u64) {
        check_switches(x);
    }

    /// Where two words go to one residue, on both sides of the place.
    #[test]
    fn switches_at_shared_residues(period: u32, offset in 0..4_u64) {
        let shared = (u64::from(period) << 32) + (1 << 31);
        check_switches(shared.wrapping_add(offset).wrapping_sub(2));
    }
}

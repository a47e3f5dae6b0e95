//! Parameter sets: what is accepted, what is refused, and why.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use gyrus_interface::catalogue::{self, PRIMARY, TOY};
use gyrus_interface::{
    Decomposition, GlweDimension, KeyswitchModulus, LweDimension, ParameterError, ParameterSet,
    PolynomialSize, find, layout, secure_sets,
};

fn primary() -> ParameterSet {
    find(PRIMARY).unwrap()
}

#[test]
fn catalogue_sets_are_valid_and_admitted() {
    for set in secure_sets() {
        set.admit(false).unwrap();
        assert_eq!(find(&set.name), Some(set));
    }
    assert_eq!(secure_sets()[0].name, PRIMARY);
}

#[test]
fn insecure_sets_need_permission() {
    let toy = catalogue::toy();
    assert_eq!(
        toy.admit(false),
        Err(ParameterError::Insecure(TOY.to_owned()))
    );
    toy.admit(true).unwrap();
}

#[test]
fn a_known_name_with_other_values_is_refused() {
    let set = ParameterSet {
        lwe_dimension: LweDimension(500),
        ..primary()
    };
    assert_eq!(
        set.admit(true),
        Err(ParameterError::Altered(PRIMARY.to_owned()))
    );
    let set = ParameterSet {
        name: "MY_SET".to_owned(),
        ..primary()
    };
    assert_eq!(
        set.admit(true),
        Err(ParameterError::Unknown("MY_SET".to_owned()))
    );
}

#[test]
fn every_field_out_of_range_is_named() {
    let broken = [
        (
            "lwe_dimension",
            ParameterSet {
                lwe_dimension: LweDimension(0),
                ..primary()
            },
        ),
        (
            "glwe_dimension",
            ParameterSet {
                glwe_dimension: GlweDimension(3),
                ..primary()
            },
        ),
        (
            "polynomial_size",
            ParameterSet {
                polynomial_size: PolynomialSize(2047),
                ..primary()
            },
        ),
        (
            "polynomial_size",
            ParameterSet {
                polynomial_size: PolynomialSize(8192),
                ..primary()
            },
        ),
        (
            "pbs.level_count",
            ParameterSet {
                pbs: Decomposition::new(10, 4),
                ..primary()
            },
        ),
        (
            "pbs.base_log",
            ParameterSet {
                pbs: Decomposition::new(40, 1),
                ..primary()
            },
        ),
        (
            "pbs.base_log * pbs.level_count",
            ParameterSet {
                pbs: Decomposition::new(30, 3),
                ..primary()
            },
        ),
        (
            "keyswitch.base_log",
            ParameterSet {
                keyswitch: Decomposition::new(0, 3),
                ..primary()
            },
        ),
        (
            "keyswitch_modulus",
            ParameterSet {
                keyswitch_modulus: KeyswitchModulus::PowerOfTwo32 { log2: 12 },
                ..primary()
            },
        ),
        (
            "message_modulus * carry_modulus",
            ParameterSet {
                message_modulus: 3,
                ..primary()
            },
        ),
    ];
    for (expected, set) in broken {
        match set.validate() {
            Err(ParameterError::OutOfRange { field, .. }) => assert_eq!(field, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn json_is_checked_on_the_way_in() {
    let text = serde_json::to_string(&primary()).unwrap();
    assert_eq!(
        serde_json::from_str::<ParameterSet>(&text).unwrap(),
        primary()
    );
    let bad = text.replace("\"polynomial_size\":2048", "\"polynomial_size\":2047");
    let message = serde_json::from_str::<ParameterSet>(&bad)
        .unwrap_err()
        .to_string();
    assert!(message.contains("polynomial_size = 2047"), "{message}");
}

#[test]
fn key_sizes_are_those_of_the_design() {
    // 879 GGSW of 2 x 2 polynomials of 2048 words: 57.6 MB.
    assert_eq!(layout::bootstrapping_key_words(&primary()) * 8, 57_606_144);
    assert_eq!(layout::keyswitch_key_bytes(&primary()), 2048 * 8 * 880 * 4);
}

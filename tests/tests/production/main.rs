//! The emitted core and card with 8 lanes at production size, with keys and ciphertexts of tfhe-rs.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the reference serves other tests, too")]

mod card;
mod prove;
#[path = "../../../host/tests/tfhe_support/mod.rs"]
mod tfhe_support;

use gyrus_hdl::verilate::CoreParameters;

#[test]
fn eight_lanes_bootstrap_as_tfhe_rs() {
    prove::prove(&CoreParameters::for_lanes(8).expect("a core"));
}

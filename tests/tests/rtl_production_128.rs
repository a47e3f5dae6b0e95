//! The emitted core with 128 lanes at production size, with keys and ciphertexts of tfhe-rs. Not
//! part of a plain `cargo test`, since the C++ takes many minutes to compile. Run it with
//!
//! ```text
//! cargo test --release -p gyrus-tests --features lanes-128 --test rtl_production_128 -- --nocapture
//! ```
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the reference serves other tests, too")]

#[path = "production/prove.rs"]
mod prove;
#[path = "../../host/tests/tfhe_support/mod.rs"]
mod tfhe_support;

use gyrus_hdl::verilate::CoreParameters;

#[test]
fn a_hundred_and_twenty_eight_lanes_bootstrap_as_tfhe_rs() {
    prove::prove(&CoreParameters::for_lanes(128).expect("a core"));
}

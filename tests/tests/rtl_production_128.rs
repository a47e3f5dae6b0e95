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

mod production;
#[path = "../../host/tests/tfhe_support/mod.rs"]
mod tfhe_support;

use gyrus_hdl::verilate::CoreParameters;

/// The key comes in beats of 64 words, a sixth of what a cycle of the multiplication takes: so an
/// iteration is as long as its slice with fewer than 7 ciphertexts in flight, and 16 hide
/// everything.
#[test]
fn a_hundred_and_twenty_eight_lanes_bootstrap_as_tfhe_rs() {
    production::prove(&CoreParameters {
        lanes: 128,
        max_log2_n: 11,
        slots: 16,
        levels: 1,
        beat_words: 64,
    });
}

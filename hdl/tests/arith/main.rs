//! The units of `gyrus_hdl::arith` against 128-bit arithmetic with `%`: edge cases, seeded random
//! operands and random bubbles, in the Rust-HDL simulation and as emitted Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "../support/mod.rs"]
mod support;

mod linear;
mod multiplier;
mod operands;
mod shifts;

//! The streaming transform against sums of powers of psi, in the Rust-HDL simulation and as emitted
//! Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "../support/mod.rs"]
mod support;

mod arrangement;
mod butterfly;
mod passes;
mod schoolbook;
mod transform;

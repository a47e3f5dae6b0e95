//! The serial line, the bridge behind it, and a core behind that, driven through the two wires alone.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the benches serve other tests, too")]

#[path = "../blind_rotate/batch.rs"]
mod batch;
mod bridge;
mod line;
mod rotation;
#[path = "../support/mod.rs"]
mod support;
mod wire;

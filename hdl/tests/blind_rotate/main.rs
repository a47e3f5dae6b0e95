//! The core against the functional engine: whole batches of blind rotations at reduced size.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "../support/mod.rs"]
mod support;

mod batch;
mod overlap;
mod rig;
mod rotation;

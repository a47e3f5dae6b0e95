//! Emitted Verilog: shared modules, names, clock, counts, files, and that other tools take it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "emit/bank.rs"]
mod bank;
#[path = "emit/command.rs"]
mod command;
#[path = "emit/large.rs"]
mod large;
#[path = "emit/mixer.rs"]
mod mixer;
#[path = "emit/refused.rs"]
mod refused;
#[path = "emit/running.rs"]
mod running;
#[allow(dead_code, reason = "this test needs a part of it")]
mod support;
#[path = "emit/tools.rs"]
mod tools;

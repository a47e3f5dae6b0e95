//! The bus masters against a memory that stalls and fails at random and watches the protocol, in the
//! Rust-HDL simulation and as emitted Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

mod crc32c;
mod key_reader;
mod memory;
mod read;
#[path = "../support/mod.rs"]
mod support;
mod write;

/// Lengths of transfers around those of bursts.
const LENGTHS: [u64; 5] = [1, 63, 64, 65, 2049];

/// Starts around the ends of bursts and pages.
const STARTS: [u64; 6] = [0, 8, 504, 4096 - 8, 0x12_3456_7ff8, u64::MAX - 0xffff];

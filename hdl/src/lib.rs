//! The accelerator's logic, written in Rust-HDL.
//!
//! | module | what it is |
//! |---|---|
//! | [`arith`] | arithmetic modulo q = 2^64 - 2^32 + 1: the operators of every other unit |
//! | [`memory`] | delay lines, RAM and ROM with depths chosen when a block is built |
//! | [`report`] | cell counts and clock rates by open synthesis tools |
//! | [`mod@structure`] | wiring of many lanes, written once for simulation and Verilog |
//!
//! Every unit is a streaming pipeline with one clock: operands enter with `valid_in`, the result
//! leaves with `valid_out` exactly `LATENCY` rising edges later, and a new set of operands may
//! enter in every cycle. Nothing stalls inside, so units have no `ready`; whoever may have to wait
//! keeps a buffer in front. Registers start at zero.

pub mod arith;
pub mod memory;
pub mod report;
pub mod structure;

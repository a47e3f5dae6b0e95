//! The accelerator's logic, written in Rust-HDL.
//!
//! | module | what it is |
//! |---|---|
//! | [`arith`] | arithmetic modulo q = 2^64 - 2^32 + 1: the operators of every other unit |
//! | [`modulus_switch`] | an LWE ciphertext from the key switch's modulus to 2N |
//! | [`decompose`] | signed gadget digits of a word mod 2^64 |
//! | [`switch_modulus`] | from mod q back to mod 2^64 |
//! | [`sample_extract`] | an LWE ciphertext out of the rotated accumulator |
//! | [`memory`] | delay lines, RAM and ROM with depths chosen when a block is built |
//! | [`mod@structure`] | wiring of many lanes, written once for simulation and Verilog |
//!
//! Every unit is a streaming pipeline with one clock: operands enter with `valid_in`, the result
//! leaves with `valid_out` exactly `LATENCY` rising edges later, and a new set of operands may
//! enter in every cycle. Nothing stalls inside, so units have no `ready`; whoever may have to wait
//! keeps a buffer in front. Units of which there is one a lane leave the valid bits to a control
//! chain beside the lanes. The two units at the ends of the blind rotation, [`modulus_switch`] and
//! [`sample_extract`], face the outside with valid and ready. Registers start at zero.

pub mod arith;
pub mod decompose;
pub mod memory;
pub mod modulus_switch;
pub mod sample_extract;
pub mod structure;
pub mod switch_modulus;

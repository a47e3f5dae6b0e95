//! The accelerator's logic, written in Rust-HDL.
//!
//! | module | what it is |
//! |---|---|
//! | [`accumulator`] | the accumulators' memory, which multiplies by X^a and subtracts on reading |
//! | [`arith`] | arithmetic modulo q = 2^64 - 2^32 + 1: the operators of every other unit |
//! | [`blind_rotate`] | the core: a batch of blind rotations from LWE words to LWE words |
//! | [`bus`] | masters of the card's memory buses |
//! | [`card`] | jobs from rings in host memory to key switch and blind rotation and back |
//! | [`catalogue`] | the designs that the `gyrus-hdl` command knows |
//! | [`checksum`] | what tells wrong keys and images |
//! | [`decompose`] | signed gadget digits of a word mod 2^64 |
//! | [`emit`] | Verilog out of a block, and what is in it |
//! | [`key_store`] | the double buffer of bootstrapping-key slices between card memory and multipliers |
//! | [`keyswitch`] | LWE ciphertexts from the big dimension to the small one |
//! | [`mac`] | multiply-accumulate with the bootstrapping key |
//! | [`memory`] | delay lines, RAM and ROM with depths chosen when a block is built |
//! | [`mod@structure`] | wiring of many lanes, written once for simulation and Verilog |
//! | [`modulus_switch`] | an LWE ciphertext from the key switch's modulus to 2N |
//! | [`ntt`] | the streaming number-theoretic transform |
//! | [`registers`] | BAR0 behind AXI4-Lite |
//! | [`report`] | cell counts and clock rates by open synthesis tools |
//! | [`sample_extract`] | an LWE ciphertext out of the rotated accumulator |
//! | [`serial`] | the core behind a UART |
//! | [`switch_modulus`] | from mod q back to mod 2^64 |
//! | [`trace`] | waveforms |
//! | [`verilate`] | the emitted core as a fast program, for whole batches |
//!
//! Every unit is a streaming pipeline with one clock: operands enter with `valid_in`, the result
//! leaves with `valid_out` exactly `LATENCY` rising edges later, and a new set of operands may
//! enter in every cycle. Nothing stalls inside, so units have no `ready`; whoever may have to wait
//! keeps a buffer in front. Units of which there is one a lane leave the valid bits to a control
//! chain beside the lanes. The units at the ends, [`keyswitch`], [`modulus_switch`], [`key_store`]
//! and [`sample_extract`], face the outside with valid and ready. Registers start at zero.

pub mod accumulator;
pub mod arith;
pub mod blind_rotate;
pub mod bus;
pub mod card;
pub mod catalogue;
pub mod checksum;
pub mod decompose;
pub mod emit;
pub mod key_store;
pub mod keyswitch;
pub mod mac;
pub mod memory;
pub mod modulus_switch;
pub mod ntt;
pub mod registers;
pub mod report;
pub mod sample_extract;
pub mod serial;
pub mod structure;
pub mod switch_modulus;
pub mod trace;
pub mod verilate;

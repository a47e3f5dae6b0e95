//! Memories: a delay, a queue, a RAM and a ROM whose depth is chosen when the block is built.
//!
//! | block | computes | latency |
//! |---|---|---|
//! | [`Delay`] | its input, so many cycles later | its depth |
//! | [`Ram`] | one write and one read a cycle | 1 |
//! | [`Rom`] | one read a cycle of a fixed table | 1 |
//! | [`Fifo`] | a queue with promised places | 2 |
//! | [`OptionalRegister`] | its input | 1 or 0 |
//!
//! Rust-HDL's own `RAM` and `ROM` have a depth of 2^N with N in the type; here one type serves all
//! depths that a build asks for. Each is a `Verilog::Custom` body, but the queue, since Rust-HDL has no
//! arrays of registers; synthesis maps them to shift registers, distributed or block RAM by depth.
//! The body begins with its [`Shape`] as a comment.

mod delay;
mod fifo;
mod ram;
mod register;
mod rom;
mod shape;

pub use delay::Delay;
pub use fifo::Fifo;
pub use ram::Ram;
pub use register::OptionalRegister;
pub use rom::Rom;
pub use shape::Shape;

use rust_hdl::prelude::Bits;

/// Addresses of all memories: enough for the deepest table here, unused bits are zero.
pub const ADDRESS_BITS: usize = 16;

/// An address.
pub type Address = Bits<ADDRESS_BITS>;

/// Bits that an index below `count` takes, at least 1.
#[must_use]
pub fn index_bits(count: usize) -> usize {
    (usize::BITS - count.saturating_sub(1).leading_zeros()).max(1) as usize
}

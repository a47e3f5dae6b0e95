//! The card that the functional engine pretends to be: memory that it may reach, job rings, look-up
//! table slots, and a worker that takes one job after the other.
//!
//! It is driven as hardware is: descriptors go into a ring in [`HostMemory`], a doorbell tells the
//! new tail, completions come back through the other ring and an interrupt.

mod card;
mod memory;
mod worker;

pub use card::{CardError, CardOptions, ModelCard};
pub use memory::HostMemory;

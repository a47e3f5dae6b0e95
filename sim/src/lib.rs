//! Software that stands in for the Gyrus card.
//!
//! | module | what it is |
//! |---|---|
//! | [`conformance`] | what every card has to do, as checks of any [`device::Card`] |
//! | [`device`] | a card around the engine: registers, memory, job rings, a worker |
//! | [`model`] | the functional engine: every step of KS + PBS, bit-exact, no notion of a card |
//! | [`rtl`] | the emitted RTL as a card, under Verilator |
//! | [`timing`] | how many cycles the card takes, without any data |

pub mod conformance;
pub mod device;
pub mod model;
pub mod rtl;
pub mod timing;

//! Software that stands in for the Gyrus card.
//!
//! | module | what it is |
//! |---|---|
//! | [`device`] | a card around the engine: host memory, job rings, look-up table slots, a worker |
//! | [`model`] | the functional engine: every step of KS + PBS, bit-exact, no notion of a card |

pub mod device;
pub mod model;

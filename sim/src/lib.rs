//! Software that stands in for the Gyrus card.
//!
//! | module | what it is |
//! |---|---|
//! | [`model`] | the functional engine: every step of KS + PBS, bit-exact, no notion of a device |

pub mod model;

//! Blind rotations in batches, from LWE words and look-up tables in to LWE words out, for k = 1.
//!
//! ```text
//!  LWE words --modulus switch--> degrees -----------------.
//!                                                         v
//!  tables --> load --> accumulators ==rotate, subtract==> decompose ==> forward transform
//!                        ^      |                                            |
//!                        |      '==> results --sample extract--> LWE words   v
//!                switch modulus <== inverse transform <============ multiply-accumulate <== key store
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`BlindRotate`] | all of it |
//! | [`CoreParameters`] | the sizes of a build |
//! | [`Configuration`] | what the parameters mean for the datapath |
//! | [`Load`] | degrees and tables of two batches into their memories |
//! | [`Sequence`] | which ciphertext's turn it is: table in, n iterations, result out |
//! | [`Slots`] | when a ciphertext's last result is far enough for its next turn |
//! | [`Deliver`] | the results, one after the other |
//!
//! # Order of work
//!
//! In each of the n iterations every ciphertext of the batch takes its turn: l passes (one for each
//! digit) of 2 N / P cycles. Turns follow each other without a gap as long as there is a
//! ciphertext whose previous turn is through. A degree of 0 is no turn: the accumulator would not
//! change. So an iteration of a full batch takes (k+1) l N / P cycles a ciphertext.
//!
//! With few ciphertexts in flight the datapath's latency shows. A turn need not wait for the whole
//! result of the one before: X^a acc is read in the order in which it is written, from a place that
//! a says, so a turn starts as soon as no read overtakes a write ([`Slots`]).

mod configuration;
mod control;
mod core;
mod degree;
mod deliver;
mod latencies;
mod load;
mod parameters;
mod sequence;
mod slots;

pub use self::core::{BlindRotate, BuildError};
pub use configuration::Configuration;
pub use degree::{DegreeAddress, Slack};
pub use deliver::Deliver;
pub use latencies::Latencies;
pub use load::Load;
pub use parameters::CoreParameters;
pub use sequence::Sequence;
pub use slots::Slots;

/// Bits of an LWE index in the memory of degrees: n up to 1023 and the body.
pub const LWE_INDEX_BITS: usize = 10;

/// Largest n: the body lies behind the mask.
pub const MAX_LWE_DIMENSION: usize = (1 << LWE_INDEX_BITS) - 1;

/// Most ciphertexts in flight.
pub const MAX_SLOTS: usize = 16;

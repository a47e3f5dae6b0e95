//! The negacyclic number-theoretic transform, streaming P coefficients a cycle.
//!
//! N = 32 M. With j = M j1 + j2, k = k1 + 32 k2 and psi of order 2 N such that psi^M = 8:
//!
//! X_k = sum_j x_j psi^(j (2k + 1))
//!     = sum_j2 8^(64/M j2 k2) psi^(j2 (2 k1 + 1)) sum_j1 8^(j1 (2 k1 + 1)) x_j
//!
//! So the inner ("coarse") sums over 32 and the outer ("fine") ones over up to 64 points are
//! butterflies with shifts, and between them each value is multiplied once by a general factor.
//!
//! | module | what it is |
//! |---|---|
//! | [`arrangement`] | which element is where and when; the order of work |
//! | [`ShiftFold`] | times a power of 8 |
//! | [`ForwardButterfly`], [`InverseButterfly`], [`PlainButterfly`] | the arithmetic of one pair of lanes |
//! | [`Stage`] | butterflies over one bit of the lane number |
//! | [`ButterflyIndex`] | a butterfly's exponent from the cycle number |
//! | [`Exchange`] | a time bit becomes a lane bit: the transposition memories |
//! | [`Twiddle`] | the general factors |
//! | [`Transform`] | the whole pipeline, forward or inverse |
//!
//! Elements are lazy residues ([`crate::arith::Lazy`]) between the units. Passes over a ciphertext
//! (2 N / P cycles without a gap) may follow each other at once or with any gap.

mod control;
mod exchange;
mod forward_butterfly;
mod index;
mod inverse_butterfly;
mod plain_butterfly;
mod shift_fold;
mod stage;
mod transform;
mod twiddle;

pub use control::ControlDelay;
pub use exchange::Exchange;
pub use forward_butterfly::ForwardButterfly;
pub use index::ButterflyIndex;
pub use inverse_butterfly::InverseButterfly;
pub use plain_butterfly::PlainButterfly;
pub use shift_fold::ShiftFold;
pub use stage::Stage;
pub use transform::{Direction, Transform};
pub use twiddle::Twiddle;

pub use gyrus_interface::arrangement::{self, Arrangement, Shape, ShapeError};

use rust_hdl::prelude::Bits;

/// The number of a cycle within a pass.
pub type Time = Bits<TIME_BITS>;

/// Bits of [`Time`]: 2 N / P - 1 for N = 2048, P = 2, and one more for addresses.
pub const TIME_BITS: usize = 12;

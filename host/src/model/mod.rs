//! Encrypted inference: integer layers on the host, look-up tables on the device.
//!
//! The client encodes integers as multiples of `2^delta` and encrypts them as LWE ciphertexts; the
//! server adds ciphertexts with integer weights and sends every hidden value through a look-up
//! table, one KS + PBS each; the client decrypts and takes the largest output. A look-up table on
//! `N` coefficients is a noisy analogue function, so scales and margins are chosen by calculation
//! ([`noise`]).

mod error;
mod execute;
mod format;
pub mod graph;
mod linear;
pub mod machine;
mod network;
pub mod noise;
pub mod plan;
pub mod run;
pub mod scales;
pub mod transformer;

pub use error::ModelError;
pub use execute::{Executor, check_parameters};
pub use format::{FILE_LIMIT, parse};
pub use network::{Encoding, Layer, Linear, Lookup, Network, WEIGHT_LIMIT, WIDTH_LIMIT, classify};

/// The digits model, `models/digits/digits.json`.
pub const DIGITS: &str = include_str!("../../../models/digits/digits.json");
/// Held-out images of the digits model with their labels, `models/digits/heldout.json`.
pub const DIGITS_HELD_OUT: &str = include_str!("../../../models/digits/heldout.json");

/// The digits model that comes with the program.
///
/// # Errors
/// Never, unless the program was built from a damaged file.
pub fn digits() -> Result<Network, ModelError> {
    parse(DIGITS.as_bytes())
}

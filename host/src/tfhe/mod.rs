//! tfhe-rs keys and ciphertexts in and out, and tfhe-rs programs on a Gyrus session.
//!
//! | what | with |
//! |---|---|
//! | a client key for one of Gyrus' parameter sets | [`to_tfhe`], then `ClientKey::new` |
//! | a session for a `CompressedServerKey` | [`open_session`], or [`import_evaluation_key`] and [`crate::session::Session::open`] |
//! | `shortint` ciphertexts through a session | [`server_key`] |
//! | `FheUint` programs on a session (feature `integer`) | `open_high_level_session` |
//! | raw torus words in and out, for encrypted models | [`encrypt_words`], [`expand`], [`decrypt_phases`] |
//!
//! Pinned to tfhe 1.8.2: `AtomicPatternServerKey::Dynamic` and the raw parts of keys carry no
//! promise of stability.

mod compressed;
mod host_engine;
mod import;
mod open;
mod parameters;
mod pattern;
mod server_key;
mod words;

pub use import::{ImportError, import_evaluation_key, import_evaluation_key_as, recognise};
#[cfg(feature = "integer")]
pub use open::open_high_level_session;
pub use open::{OpenError, open_session};
pub use parameters::{client_parameters, from_tfhe, to_tfhe};
pub use pattern::GyrusAtomicPattern;
pub use server_key::server_key;
#[cfg(feature = "integer")]
pub use server_key::{
    high_level_server_key, high_level_server_key_with, integer_server_key, shortint_key,
};
pub use words::{WordsError, decrypt_phases, encrypt_words, expand};

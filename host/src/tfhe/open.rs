//! From a tfhe-rs key and a device to a session in one call.

use super::import::{ImportError, import_evaluation_key_as, recognise, recognise_among};
use super::parameters::known_sets;
use crate::device::Device;
use crate::session::{Session, SessionError, SessionOptions};
use std::sync::Arc;
use tfhe::shortint::CompressedServerKey;
use thiserror::Error;

/// Why no session could be opened with a tfhe-rs key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The key is not one for Gyrus.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The device did not take it.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Opens a session on `device` with the evaluation key that `key` expands to. Its parameter set is
/// recognised by its shape: a secure one, or the toy set too if
/// [`SessionOptions::insecure_parameters`] says so.
///
/// # Errors
/// The key is not one that Gyrus supports, or the device does not take it.
pub fn open_session(
    device: Box<dyn Device>,
    key: &CompressedServerKey,
    options: SessionOptions,
) -> Result<Session, OpenError> {
    let set = if options.insecure_parameters {
        recognise_among(key, known_sets())?
    } else {
        recognise(key)?
    };
    let key = Arc::new(import_evaluation_key_as(key, set)?);
    Ok(Session::open(device, key, options, &mut |_, _| ())?)
}

/// Opens a session as [`open_session`] does, with the key for `FheUint`, `FheInt` and `FheBool`
/// operations in `key`; gives the server key for `tfhe::set_server_key` that runs them on this
/// session, see [`super::high_level_server_key_with`].
///
/// # Errors
/// As [`open_session`].
#[cfg(feature = "integer")]
pub fn open_high_level_session(
    device: Box<dyn Device>,
    key: tfhe::CompressedServerKey,
    options: SessionOptions,
) -> Result<(Session, tfhe::ServerKey), OpenError> {
    let (key, server_key) = super::server_key::split(key);
    let session = open_session(device, &key, options)?;
    drop(key);
    let server_key = server_key(&session);
    Ok((session, server_key))
}

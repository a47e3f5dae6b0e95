//! What can go wrong in the engine.

use gyrus_interface::ParameterError;
use thiserror::Error;

use super::kernel::Kernel;

/// Error of the functional engine.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    /// The batch was given up because the caller asked for it; the outputs are unspecified.
    #[error("cancelled")]
    Cancelled,
    /// The parameter set is not one that the engine computes.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// A key does not have the number of words that the parameter set asks for.
    #[error("{key} has {actual} words, the parameter set asks for {expected}")]
    KeySize {
        /// Which key.
        key: &'static str,
        /// Words asked for.
        expected: usize,
        /// Words given.
        actual: usize,
    },
    /// The key switching key's words are not as wide as its modulus asks for.
    #[error("the key switching key's words must have {expected} bits")]
    KeyWidth {
        /// Bits asked for.
        expected: usize,
    },
    /// A ciphertext, look-up table or output does not have the expected length.
    #[error("{what}: {actual} instead of {expected} words")]
    Shape {
        /// What has the wrong length.
        what: &'static str,
        /// Words expected.
        expected: usize,
        /// Words given.
        actual: usize,
    },
    /// A number is outside its range.
    #[error("{what} = {value} is not below {limit}")]
    Range {
        /// What is outside.
        what: &'static str,
        /// Its value.
        value: usize,
        /// First value that is too large.
        limit: usize,
    },
    /// This CPU cannot run the kernel.
    #[error("this CPU cannot run kernel '{0}'")]
    KernelUnavailable(Kernel),
    /// No kernel has this name.
    #[error(
        "no kernel is called '{0}'; there are reference, portable, neon, avx2, avx512 and avx512ifma"
    )]
    UnknownKernel(String),
    /// The operating system refused the threads.
    #[error("cannot start the worker threads: {0}")]
    Threads(String),
}

/// `Ok` when `actual == expected`.
pub(super) const fn check_shape(
    what: &'static str,
    expected: usize,
    actual: usize,
) -> Result<(), ModelError> {
    if actual == expected {
        Ok(())
    } else {
        Err(ModelError::Shape {
            what,
            expected,
            actual,
        })
    }
}

/// `Ok` when `value < limit`.
pub(super) const fn check_range(
    what: &'static str,
    limit: usize,
    value: usize,
) -> Result<(), ModelError> {
    if value < limit {
        Ok(())
    } else {
        Err(ModelError::Range { what, value, limit })
    }
}

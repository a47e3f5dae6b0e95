//! The one definition of what hardware, simulator and host agree on.
//!
//! | module | what it fixes |
//! |---|---|
//! | [`params`] | the dimensions and decompositions of a TFHE parameter set, and what makes one valid |
//! | [`catalogue`] | the named sets, with tfhe-rs' names |
//! | [`layout`] | how keys, look-up tables and ciphertexts lie in memory, and their checksum |
//! | [`key_slice`] | the bootstrapping key as the blind rotation's hardware reads it |
//! | [`keyswitch_rows`] | the key switching key as the key switch's hardware reads it |
//! | [`job`] | the 64-byte job descriptor and the 32-byte completion |
//! | [`ring`] | how descriptors and completions queue in host memory |
//! | [`error`] | what a device can report |
//!
//! Nothing here computes on ciphertexts, and nothing depends on tfhe-rs.

pub mod catalogue;
pub mod error;
pub mod job;
pub mod key_slice;
pub mod keyswitch_rows;
pub mod layout;
pub mod params;
pub mod ring;

pub use catalogue::{PRIMARY, find, secure_sets};
pub use error::{DeviceError, JobStatus};
pub use job::{Completion, Job};
pub use params::{
    Decomposition, DecompositionBaseLog, DecompositionLevelCount, GlweDimension, KeyswitchModulus,
    LweDimension, ModulusSwitch, NoiseDistribution, ParameterError, ParameterSet, PolynomialSize,
};

/// Version of everything in this crate that crosses a device boundary. A device with another
/// major number is refused.
pub const INTERFACE_VERSION: InterfaceVersion = InterfaceVersion { major: 0, minor: 1 };

/// Version of the job, ring and memory formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InterfaceVersion {
    /// Changes when an older driver or device would misread something.
    pub major: u16,
    /// Changes when something was added that an older side may ignore.
    pub minor: u16,
}

impl std::fmt::Display for InterfaceVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

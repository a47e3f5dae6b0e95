//! The one definition of what hardware, simulator and host agree on.
//!
//! | module | what it fixes |
//! |---|---|
//! | [`params`] | the dimensions and decompositions of a TFHE parameter set, and what makes one valid |
//! | [`catalogue`] | the named sets, with tfhe-rs' names |
//! | [`layout`] | how keys, look-up tables and ciphertexts lie in memory, and their checksum |
//! | [`field`] | arithmetic mod q, and the switches between mod 2^64 and mod q |
//! | [`transform`] | the negacyclic transform mod q in software |
//! | [`arrangement`] | which coefficient or value hardware has where and when, and what shapes it comes in |
//! | [`key_slice`] | the bootstrapping key as the blind rotation's hardware reads it |
//! | [`pack`] | a bootstrapping key to slices, and back |
//! | [`keyswitch_rows`] | the key switching key as the key switch's hardware reads it, and the ways there and back |
//! | [`channels`] | how an image lies over the channels of card memory |
//! | [`image`] | what can be wrong with a key's image |
//! | [`job`] | the 64-byte job descriptor and the 32-byte completion |
//! | [`ring`] | how descriptors and completions queue in host memory |
//! | [`pci`] | the IDs that a card has on a PCI bus |
//! | [`registers`] | the registers of BAR0 |
//! | [`card`] | what a card can do |
//! | [`settings`] | how it is set up for a parameter set |
//! | [`error`] | what a device can report |
//!
//! Nothing here computes on ciphertexts, and nothing depends on tfhe-rs.

pub mod arrangement;
pub mod card;
pub mod catalogue;
pub mod channels;
pub mod error;
pub mod field;
pub mod image;
pub mod job;
pub mod key_slice;
pub mod keyswitch_rows;
pub mod layout;
pub mod pack;
pub mod params;
pub mod pci;
pub mod registers;
pub mod ring;
pub mod settings;
pub mod transform;

pub use catalogue::{PRIMARY, find, secure_sets};
pub use error::{DeviceError, JobStatus};
pub use image::{ImageError, ImageFault};
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

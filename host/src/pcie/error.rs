//! Why a card on PCIe cannot be used.

use super::{Address, IDS_VARIABLE, Id, Obstacle};
use gyrus_interface::DeviceError;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use thiserror::Error;
use vfio_ioctls::VfioError;

/// What can go wrong on the way to a card.
#[derive(Debug, Error)]
pub enum PcieError {
    /// No PCI address.
    #[error("'{0}' is no PCI address; they look like 0000:03:00.0 or 03:00.0")]
    Address(String),
    /// No vendor and device ID.
    #[error("'{0}' is no PCI ID; they look like 10ee:6779, with commas between several")]
    Id(String),
    /// Nothing is there.
    #[error("there is no PCI function {0}; 'lspci' lists those that there are")]
    NoFunction(Address),
    /// No function has the IDs of a card.
    #[error("no PCI function has the ID {}", list(.0))]
    NoCard(Vec<Id>),
    /// A function has other IDs than a card.
    #[error(
        "{address} is {id}, no {wanted}; if it is a Gyrus card: {variable}={id}",
        wanted = list(.wanted), variable = IDS_VARIABLE
    )]
    NotACard {
        /// The function.
        address: Address,
        /// What it is.
        id: Id,
        /// What cards are.
        wanted: Vec<Id>,
    },
    /// The function cannot be used as it is.
    #[error("{address} cannot be used: {obstacle}")]
    Blocked {
        /// The function.
        address: Address,
        /// Why not.
        obstacle: Obstacle,
    },
    /// A file of the kernel's did not do what it should.
    #[error("cannot {what} {path}", path = .path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// VFIO did not do what it should.
    #[error("VFIO cannot {what}")]
    Vfio {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: VfioError,
    },
    /// The kernel did not do what it should.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Memory that a card reaches has to stay where it is, and this process may not have so much of it.
    #[error(
        "{bytes} bytes of memory cannot be pinned for the card; raise the limit that `ulimit -l` shows: \
         sudo prlimit --pid $$ --memlock=unlimited"
    )]
    Pin {
        /// How much.
        bytes: usize,
        /// Why not.
        source: VfioError,
    },
    /// The IOMMU has no room.
    #[error("the IOMMU lets a card reach no {0} bytes in one piece")]
    NoBusAddresses(usize),
    /// The kernel hides physical addresses.
    #[error(
        "the kernel does not show physical addresses; run as root (CAP_SYS_ADMIN), or use VFIO"
    )]
    HiddenAddresses,
    /// A register of configuration space does not keep what is written to it.
    #[error("{address}: its command register keeps {kept:#06x} where {wanted:#06x} was written")]
    Command {
        /// The function.
        address: Address,
        /// What it should be.
        wanted: u16,
        /// What it is.
        kept: u16,
    },
    /// Not memory that the card reaches, or no whole words.
    #[error("{bytes} bytes from {address:#x} on are no words of the memory that the card reaches")]
    OutOfRange {
        /// First byte.
        address: u64,
        /// How many.
        bytes: usize,
    },
    /// The card is not on the bus any more.
    #[error("{address}: {reason}")]
    Removed {
        /// The function.
        address: Address,
        /// How that shows.
        reason: &'static str,
    },
    /// The card has to be reset.
    #[error("{address}: {reason}")]
    Halted {
        /// The function.
        address: Address,
        /// How that shows.
        reason: &'static str,
    },
    /// The order of accesses is known for one kind of processor only.
    #[error("cards are driven from x86-64 processors only")]
    Processor,
}

/// IDs for people.
fn list(ids: &[Id]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(" or ")
}

impl PcieError {
    /// For `map_err` of what is done with a file.
    pub(super) fn file(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }

    /// For `map_err` of what VFIO does.
    pub(super) fn vfio(what: &'static str) -> impl FnOnce(VfioError) -> Self {
        move |source| Self::Vfio { what, source }
    }

    /// For `map_err` of what the kernel does.
    pub(super) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}

impl From<PcieError> for DeviceError {
    fn from(error: PcieError) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text += &format!(": {error}");
            cause = error.source();
        }
        match error {
            PcieError::Removed { .. } => Self::Removed(text),
            PcieError::Halted { .. } => Self::Halted(text),
            PcieError::OutOfRange { .. } => Self::Request(text),
            _ => Self::Unavailable(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_keep_their_causes_and_become_what_the_device_says() {
        let address = "03:00.0".parse().unwrap();
        let error = PcieError::file("open", "/dev/null")(io::Error::other("why"));
        let DeviceError::Unavailable(text) = error.into() else {
            panic!("not unavailable");
        };
        assert_eq!(text, "cannot open /dev/null: why");
        let reason = "test";
        let removed: DeviceError = PcieError::Removed { address, reason }.into();
        assert_eq!(removed, DeviceError::Removed("0000:03:00.0: test".into()));
        let halted: DeviceError = PcieError::Halted { address, reason }.into();
        assert_eq!(halted, DeviceError::Halted("0000:03:00.0: test".into()));
    }
}

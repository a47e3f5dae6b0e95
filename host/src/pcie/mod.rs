//! Cards on PCI Express, driven from user space.
//!
//! | module | what it is |
//! |---|---|
//! | `access` | what a function lets a driver do, in whichever way it is reached |
//! | `address` | where a function sits: domain, bus, device, function |
//! | `ids` | the vendor and device IDs by which cards are found |
//! | `discover` | the functions that the kernel shows, and what stands between them and their use |
//! | `obstacle` | what that can be, and the command that removes it |
//! | `config` | the command register in configuration space |
//! | `mmio` | BAR0: the card's registers |
//! | `dma` | memory that the card reaches, at bus addresses |
//! | `vfio` | a function through the kernel's VFIO, behind an IOMMU: the safe way |
//! | `interrupts` | what VFIO tells through file descriptors |
//! | `iova` | which bus addresses an IOMMU lets us choose |
//! | `sysfs` | a function through the files that the kernel shows of it, without an IOMMU; needs root |
//! | `huge_pages` | memory at physical addresses that stay |
//! | `poll` | waiting without interrupts |
//! | `transport` | [`PcieTransport`]: the way of the ring engine to a card, over either access path |
//!
//! Keys that leave the host are evaluation keys, data are ciphertexts: no secret comes here.

mod access;
mod address;
mod config;
mod discover;
mod dma;
mod error;
mod huge_pages;
mod ids;
mod interrupts;
mod iova;
mod mmio;
mod obstacle;
mod poll;
mod sysfs;
mod transport;
mod vfio;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod transport_tests;

pub use access::AccessPath;
pub use address::Address;
pub use discover::{Function, Group, Roots, discover, find};
pub use error::PcieError;
pub use ids::{IDS_VARIABLE, Id, wanted};
pub use obstacle::Obstacle;
pub use transport::{PcieTransport, ask};

//! The device side: the register-level model of the card as a PCI function of the guest's machine.
//!
//! | module | what it is |
//! |---|---|
//! | `proxy` | how QEMU hands over what the guest does to a function |
//! | `function` | the card as a function |
//! | `config` | its configuration space |
//! | `msix` | its interrupts as messages |
//! | `bus` | its way to the guest's memory |
//! | `vtd` | the IOMMU on that way |
//! | `ram` | the guest's memory |
//! | `faults` | faults that a test asks for |

mod bus;
mod config;
mod faults;
mod function;
mod msix;
mod proxy;
mod ram;
mod vtd;

pub(crate) use function::{CardFunction, forward_interrupts};
pub(crate) use msix::Message;
pub(crate) use proxy::serve;
pub(crate) use ram::GuestRam;

/// A PCI function with one 32-bit BAR, to whatever forwards a guest's accesses.
pub(crate) trait PciFunction: Send + Sync {
    /// Reads 1, 2 or 4 bytes of configuration space.
    fn config_read(&self, offset: usize, length: usize) -> u32;

    /// Writes them.
    fn config_write(&self, offset: usize, value: u32, length: usize);

    /// Where BAR0 is.
    fn bar(&self) -> u64;

    /// Reads up to 8 bytes of BAR0.
    fn bar_read(&self, offset: u64, size: usize) -> u64;

    /// Writes them.
    fn bar_write(&self, offset: u64, value: u64, size: usize);

    /// Resets it with its bus.
    fn reset(&self);
}

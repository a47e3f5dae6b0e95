//! What a function lets a driver do, in whichever way it is reached.

use super::PcieError;
use super::dma::DmaMemory;
use super::mmio::Registers;
use std::fmt;
use std::time::Instant;

/// The two ways to a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessPath {
    /// The kernel's VFIO, behind an IOMMU.
    Vfio,
    /// Files in sysfs, without an IOMMU.
    Sysfs,
}

impl fmt::Display for AccessPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vfio => "vfio",
            Self::Sysfs => "sysfs",
        })
    }
}

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// The card interrupted.
    Interrupt,
    /// Time.
    Deadline,
    /// Nothing: there are no interrupts to wait for.
    NoInterrupts,
}

/// A function that this process alone has, which answers in BAR0 and is no bus master.
pub(super) trait Access: fmt::Debug + Send {
    /// The registers in BAR0.
    fn registers(&self) -> &Registers;

    /// Makes memory that the card can reach, zeroed.
    ///
    /// # Errors
    /// There is not so much of it, or the card cannot reach it.
    fn share(&mut self, bytes: usize) -> Result<DmaMemory, PcieError>;

    /// Lets the card reach memory and interrupt, or forbids it.
    ///
    /// # Errors
    /// It stays as it was; the card is gone.
    fn set_bus_master(&mut self, on: bool) -> Result<(), PcieError>;

    /// Resets the function, if it can be, and says whether it was; whether it is a bus master stays as it
    /// was.
    ///
    /// # Errors
    /// The kernel gave up.
    fn reset(&mut self) -> Result<bool, PcieError>;

    /// Forgets an interrupt that has come and was not waited for.
    fn forget_interrupt(&mut self);

    /// Waits for an interrupt.
    ///
    /// # Errors
    /// The card is gone, or will be soon, or has to be reset.
    fn wait(&mut self, deadline: Instant) -> Result<Woken, PcieError>;
}

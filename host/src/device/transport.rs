//! How the ring engine reaches a card: shared memory, configuration, a doorbell, an interrupt.

use super::Identity;
use gyrus_interface::ring::RingLayout;
use gyrus_interface::{DeviceError, ParameterSet};
use std::time::Instant;

/// The way to one card. Implemented by the functional model; register-level simulation and PCIe
/// come behind the same trait.
pub trait Transport: Send {
    /// What the card says of itself.
    fn identity(&self) -> &Identity;

    /// First byte address and number of bytes of the memory that host and card share.
    fn shared_memory(&self) -> (u64, usize);

    /// Reads words of shared memory from a byte address on.
    ///
    /// # Errors
    /// The range is not shared memory.
    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError>;

    /// Writes words of shared memory from a byte address on.
    ///
    /// # Errors
    /// The range is not shared memory.
    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError>;

    /// Sets parameters and the place of the rings, which have been cleared.
    ///
    /// # Errors
    /// The card does not take them, or did not answer before `deadline`.
    fn configure(
        &mut self,
        set: &ParameterSet,
        rings: RingLayout,
        deadline: Instant,
    ) -> Result<(), DeviceError>;

    /// Tells the card that the submission ring has new entries before index `tail`.
    ///
    /// # Errors
    /// The card is gone.
    fn doorbell(&mut self, tail: u32) -> Result<(), DeviceError>;

    /// Waits until the card interrupts or `deadline` passes; which of the two does not matter.
    ///
    /// # Errors
    /// The card is gone.
    fn wait_interrupt(&mut self, deadline: Instant) -> Result<(), DeviceError>;

    /// Brings the card back to its state after power-on.
    ///
    /// # Errors
    /// It did not come back before `deadline`.
    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError>;

    /// Resident bytes of the evaluation key in the form the card computes with.
    fn key_bytes(&self) -> u64;
}

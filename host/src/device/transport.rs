//! How the ring engine reaches a card: registers, shared memory, an interrupt.
//!
//! # Order
//!
//! A card writes results first and the phase of their completion last, and reads a descriptor once the
//! doorbell has passed it. For that to be enough, a transport keeps these accesses in order:
//!
//! - [`Transport::load_acquire`] comes before all [`Transport::read`]s that follow it. What the card wrote
//!   before the word that was loaded is what they read.
//! - [`Transport::write_register`] comes after all reads and writes of shared memory before it: the card
//!   sees what was written before a doorbell, and does not overwrite what is still being read.
//! - [`Transport::read_register`] comes after all writes of registers before it, and before all accesses to shared
//!   memory that follow it: a cause of an interrupt that was cleared before the status is read is clear by then, and
//!   what the card wrote before it said so in its status is there. (A read over PCIe pushes the writes before it.)
//!
//! Nothing else is ordered: the words of one `read` or `write` may move in any order, and each of them whole.
//! On a processor with a weak memory model a transport to hardware takes an acquire load or a read
//! barrier for the first, a barrier in front of the register's store for the second, and one behind the
//! register's load for the third.

use gyrus_interface::DeviceError;
use gyrus_interface::registers::Register;
use gyrus_sim::device::{AccessError, Card, CardError, HostMemory};
use std::time::Instant;

/// The way to one card. [`CardTransport`] is the one to all that stand in for hardware; PCIe comes
/// behind the same trait.
pub trait Transport: Send {
    /// Name of the backend and where it sits, for people.
    fn name(&self) -> &str;

    /// True for a backend that stands in for a card.
    fn simulated(&self) -> bool;

    /// Reads a register, after all writes of registers before it and before all accesses to memory that follow.
    ///
    /// # Errors
    /// The card is gone.
    fn read_register(&mut self, register: Register) -> Result<u32, DeviceError>;

    /// Writes a register, after all reads and writes of shared memory before it.
    ///
    /// # Errors
    /// The card is gone.
    fn write_register(&mut self, register: Register, value: u32) -> Result<(), DeviceError>;

    /// First byte address and number of bytes of the memory that host and card share.
    fn shared_memory(&self) -> (u64, usize);

    /// Reads words of shared memory from a byte address on.
    ///
    /// # Errors
    /// The range is not shared memory.
    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError>;

    /// Reads one word of shared memory, before all reads that follow.
    ///
    /// # Errors
    /// It is not shared memory.
    fn load_acquire(&self, address: u64) -> Result<u64, DeviceError>;

    /// Writes words of shared memory from a byte address on.
    ///
    /// # Errors
    /// The range is not shared memory.
    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError>;

    /// Whether the driver reaches card memory past the card.
    fn reaches_card_memory(&self) -> bool {
        false
    }

    /// Writes words of card memory from a byte address on, past the card.
    ///
    /// # Errors
    /// The driver does not reach it, or the range is not in it.
    fn write_card_memory(&mut self, address: u64, words: &[u64]) -> Result<(), DeviceError> {
        let count = words.len();
        Err(DeviceError::Request(format!(
            "no way past the card to {count} words of its memory at {address:#x}"
        )))
    }

    /// Waits until an interrupt cause stands that is enabled, or `deadline` passes; which of the two
    /// does not matter. Time may pass on a simulated card only here and while registers are read and
    /// written.
    ///
    /// # Errors
    /// The card is gone.
    fn wait_interrupt(&mut self, deadline: Instant) -> Result<(), DeviceError>;
}

/// Anything that stands in for a card.
pub struct CardTransport {
    card: Box<dyn Card>,
    reaches_card_memory: bool,
}

impl std::fmt::Debug for CardTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CardTransport")
            .field(&self.card.name())
            .finish()
    }
}

impl CardTransport {
    /// The way to a card that is switched on.
    #[must_use]
    pub fn new(card: Box<dyn Card>) -> Self {
        Self {
            card,
            reaches_card_memory: false,
        }
    }

    /// The same, with keys put into card memory past the card: as over a bus of their own, and in no time
    /// of the card's.
    #[must_use]
    pub fn past_the_card(self) -> Self {
        Self {
            reaches_card_memory: true,
            ..self
        }
    }
}

/// What a card's error is to who uses the device.
pub(super) fn device_error(error: CardError) -> DeviceError {
    match error {
        CardError::Gone(text) => DeviceError::Removed(text),
        CardError::Capabilities(error) => error,
        CardError::Model(_) | CardError::Spawn(_) => DeviceError::Unavailable(error.to_string()),
        CardError::NoRegister(_) | CardError::NoCardMemory { .. } => {
            DeviceError::Protocol(error.to_string())
        }
    }
}

fn access_error(error: AccessError) -> DeviceError {
    DeviceError::Request(error.to_string())
}

impl Transport for CardTransport {
    fn name(&self) -> &str {
        self.card.name()
    }

    fn simulated(&self) -> bool {
        true
    }

    fn read_register(&mut self, register: Register) -> Result<u32, DeviceError> {
        self.card.read(register).map_err(device_error)
    }

    fn write_register(&mut self, register: Register, value: u32) -> Result<(), DeviceError> {
        self.card.write(register, value).map_err(device_error)
    }

    fn shared_memory(&self) -> (u64, usize) {
        (HostMemory::BASE, self.card.memory().bytes())
    }

    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError> {
        self.card.memory().read(address, into).map_err(access_error)
    }

    fn load_acquire(&self, address: u64) -> Result<u64, DeviceError> {
        // Host memory is behind a lock, which both sides take for each access: that orders them.
        let mut word = [0];
        self.read(address, &mut word)?;
        Ok(word[0])
    }

    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError> {
        self.card
            .memory()
            .write(address, from)
            .map_err(access_error)
    }

    fn reaches_card_memory(&self) -> bool {
        self.reaches_card_memory
    }

    fn write_card_memory(&mut self, address: u64, words: &[u64]) -> Result<(), DeviceError> {
        let written = self.card.write_card_memory(address, words);
        written.map_err(device_error)
    }

    fn wait_interrupt(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        match self.card.wait_interrupt(deadline) {
            Ok(_) => Ok(()),
            Err(error) => Err(device_error(error)),
        }
    }
}

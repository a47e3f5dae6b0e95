//! Cards, as their driver sees them: registers, memory that both reach, an interrupt.
//!
//! [`Card`] is what every stand-in for hardware offers, be it the functional model or the RTL under
//! simulation; what stands behind it is defined in `gyrus-interface`. [`ModelCard`] is the functional
//! engine behind these registers:
//!
//! | module | what it is |
//! |---|---|
//! | `card` | the card as a whole: options, power on, power off |
//! | `registers` | the registers: what they read, and what a write does |
//! | `shared` | how driver and worker share them, and wait for each other |
//! | `worker` | the thread behind them: settings, rings, resets |
//! | `jobs` | bootstraps, tables, copies |
//! | `uploads` | keys: from pieces to the form the engine computes with |
//! | `bus` | the worker's way to both memories |
//! | `host_memory` | memory that driver and card reach |
//! | `card_memory` | memory of the card's own |
//! | `faults` | faults of either, for tests |

mod bus;
mod card;
mod card_memory;
mod faults;
mod host_memory;
mod jobs;
mod registers;
mod shared;
mod uploads;
mod worker;

pub use card::{CardOptions, Interrupts, ModelCard};
pub(crate) use card_memory::CardMemory;
pub use faults::MemoryFault;
pub use host_memory::{AccessError, HostBus, HostMemory};

use crate::model::ModelError;
use gyrus_interface::DeviceError;
use gyrus_interface::registers::Register;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;
use thiserror::Error;

/// Why a card did not answer.
#[derive(Debug, Error)]
pub enum CardError {
    /// The engine could not be built.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The card cannot have these capabilities.
    #[error("no card can be built so: {0}")]
    Capabilities(DeviceError),
    /// A thread could not be started.
    #[error("the card's worker thread did not start: {0}")]
    Spawn(#[from] std::io::Error),
    /// What stands in for the card has ended.
    #[error("the card is gone: {0}")]
    Gone(String),
    /// No register can be there.
    #[error("{0:#x} is no place of a register")]
    NoRegister(u32),
    /// Not a place in card memory.
    #[error("{words} words at {address:#x} are not in card memory")]
    NoCardMemory {
        /// The first byte's address.
        address: u64,
        /// How many words.
        words: usize,
    },
}

/// A card, or what stands in for one. Time may pass on it only within these calls: who waits for
/// something calls [`Card::wait_interrupt`], or reads a register now and then.
pub trait Card: Send {
    /// What it is, for people.
    fn name(&self) -> &str;

    /// Reads a register of BAR0.
    ///
    /// # Errors
    /// [`CardError::NoRegister`] outside of BAR0 or between words, [`CardError::Gone`].
    fn read_register(&mut self, offset: u32) -> Result<u32, CardError>;

    /// Writes one.
    ///
    /// # Errors
    /// As [`Card::read_register`].
    fn write_register(&mut self, offset: u32, value: u32) -> Result<(), CardError>;

    /// Memory of the host that the card reaches.
    fn memory(&self) -> &Arc<HostMemory>;

    /// Waits until an interrupt cause stands that is enabled; `false` when none did before
    /// `deadline`. It stands until the driver clears it.
    ///
    /// # Errors
    /// [`CardError::Gone`].
    fn wait_interrupt(&mut self, deadline: Instant) -> Result<bool, CardError>;

    /// Reads card memory behind the card's back.
    ///
    /// # Errors
    /// [`CardError::NoCardMemory`], [`CardError::Gone`].
    fn read_card_memory(&mut self, address: u64, words: &mut [u64]) -> Result<(), CardError>;

    /// Writes card memory behind the card's back.
    ///
    /// # Errors
    /// As [`Card::read_card_memory`].
    fn write_card_memory(&mut self, address: u64, words: &[u64]) -> Result<(), CardError>;

    /// Puts a fault on a range of card memory, in front of those that are there: the card meets it, on
    /// whatever bus it comes there.
    fn fail_card_memory(&mut self, range: Range<u64>, fault: MemoryFault);

    /// Removes all faults of card memory.
    fn mend_card_memory(&mut self);

    /// Resets the buses, as a host does that starts anew, and with them the card, which goes through a reset
    /// of its own then. What was owed on a bus is owed no more.
    fn reset_buses(&mut self);

    /// Reads a register by its name.
    ///
    /// # Errors
    /// As [`Card::read_register`].
    fn read(&mut self, register: Register) -> Result<u32, CardError> {
        self.read_register(register.offset())
    }

    /// Writes a register by its name.
    ///
    /// # Errors
    /// As [`Card::write_register`].
    fn write(&mut self, register: Register, value: u32) -> Result<(), CardError> {
        self.write_register(register.offset(), value)
    }
}

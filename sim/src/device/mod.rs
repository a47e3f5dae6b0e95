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
//! | `bus` | the worker's way to host memory |
//! | `host_memory` | memory that driver and card reach, with faults for tests |
//! | `card_memory` | memory of the card's own |

mod bus;
mod card;
mod card_memory;
mod host_memory;
mod jobs;
mod registers;
mod shared;
mod uploads;
mod worker;

pub use card::{CardOptions, ModelCard};
pub(crate) use card_memory::CardMemory;
pub use host_memory::{AccessError, HostMemory, MemoryFault};

use crate::model::ModelError;
use gyrus_interface::DeviceError;
use gyrus_interface::registers::Register;
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

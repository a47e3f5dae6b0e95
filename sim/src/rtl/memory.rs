//! What is behind a bus of the card: words by address, and how they answer.

use crate::device::{CardMemory, HostMemory, MemoryFault};
use std::sync::{Arc, Mutex, PoisonError};

/// Memory behind a bus.
#[derive(Debug, Clone)]
pub(super) enum Memory {
    /// Of the host.
    Host(Arc<HostMemory>),
    /// Of the card.
    Card(Arc<Mutex<CardMemory>>),
}

impl Memory {
    /// Reads words; why not, if it does not.
    pub(super) fn read(&self, address: u64, words: &mut [u64]) -> Option<MemoryFault> {
        match self {
            Self::Host(memory) => memory.bus_read(address, words).1,
            Self::Card(memory) => {
                let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                memory
                    .read(address, words)
                    .err()
                    .map(|_| MemoryFault::Error)
            }
        }
    }

    /// How a word answers that is not served.
    pub(super) fn fault(&self, address: u64) -> Option<MemoryFault> {
        match self {
            Self::Host(memory) => memory.fault(address),
            Self::Card(_) => None,
        }
    }

    /// Writes a word; why not, if it does not.
    pub(super) fn write(&self, address: u64, word: u64) -> Option<MemoryFault> {
        match self {
            Self::Host(memory) => memory.bus_write(address, &[word]).1,
            Self::Card(memory) => {
                let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                memory
                    .write(address, &[word])
                    .err()
                    .map(|_| MemoryFault::Error)
            }
        }
    }
}

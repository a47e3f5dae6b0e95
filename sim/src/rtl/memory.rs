//! What is behind a bus of the card: words by address, and how they answer.

use crate::device::{CardMemory, HostMemory, MemoryFault};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Memory behind a bus.
#[derive(Debug, Clone)]
pub(super) enum Memory {
    /// Of the host.
    Host(Arc<HostMemory>),
    /// Of the card.
    Card(Arc<Mutex<CardMemory>>),
}

fn lock(memory: &Mutex<CardMemory>) -> MutexGuard<'_, CardMemory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// Reads words; why not, if it does not.
    pub(super) fn read(&self, address: u64, words: &mut [u64]) -> Option<MemoryFault> {
        let fault = match self {
            Self::Host(memory) => memory.bus_read(address, words).1,
            Self::Card(memory) => lock(memory).bus_read(address, words).1,
        };
        match fault {
            // The worst that it can be with an error is right: nothing but the answer tells.
            Some(MemoryFault::Error) => {
                let read = match self {
                    Self::Host(memory) => memory.read(address, words).is_ok(),
                    Self::Card(memory) => lock(memory).read(address, words).is_ok(),
                };
                if !read {
                    words.fill(0);
                }
            }
            Some(MemoryFault::Nowhere) => words.fill(u64::MAX),
            _ => (),
        }
        fault
    }

    /// How a word answers that is not served.
    pub(super) fn fault(&self, address: u64) -> Option<MemoryFault> {
        match self {
            Self::Host(memory) => memory.fault(address),
            Self::Card(memory) => lock(memory).served(address, 1).1,
        }
    }

    /// Writes a word; what is wrong, if something is.
    pub(super) fn write(&self, address: u64, word: u64) -> Option<MemoryFault> {
        let fault = match self {
            Self::Host(memory) => memory.bus_write(address, &[word]).1,
            Self::Card(memory) => lock(memory).bus_write(address, &[word]).1,
        };
        if fault != Some(MemoryFault::Mute) {
            return fault;
        }
        // It is written all the same.
        let written = match self {
            Self::Host(memory) => memory.write(address, &[word]).is_ok(),
            Self::Card(memory) => lock(memory).write(address, &[word]).is_ok(),
        };
        if written {
            fault
        } else {
            Some(MemoryFault::Nowhere)
        }
    }
}

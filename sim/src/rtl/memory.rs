//! What is behind a bus of the card: words by address, and how they answer.

use crate::device::{CardMemory, HostBus, HostMemory, MemoryFault};
use std::ops::Range;
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
                if !self.fetch(address, words) {
                    words.fill(0);
                }
                fault
            }
            Some(MemoryFault::Nowhere) => {
                words.fill(u64::MAX);
                fault
            }
            // The bus heard the burst's address before.
            Some(MemoryFault::Deaf) if self.fetch(address, words) => None,
            Some(MemoryFault::Deaf) => Some(MemoryFault::Nowhere),
            Some(MemoryFault::Dead | MemoryFault::Mute) | None => fault,
        }
    }

    /// Reads words, whatever faults there are; `false` if they are not there.
    fn fetch(&self, address: u64, words: &mut [u64]) -> bool {
        match self {
            Self::Host(memory) => memory.read(address, words).is_ok(),
            Self::Card(memory) => lock(memory).read(address, words).is_ok(),
        }
    }

    /// Writes a word, whatever faults there are; `false` if it is not there.
    fn store(&self, address: u64, word: u64) -> bool {
        match self {
            Self::Host(memory) => memory.write(address, &[word]).is_ok(),
            Self::Card(memory) => lock(memory).write(address, &[word]).is_ok(),
        }
    }

    /// Whether the bus takes an address in a cycle before which it was offered this burst, or none.
    pub(super) fn hears(&self, burst: Option<Range<u64>>) -> bool {
        match self {
            Self::Host(memory) => memory.hears(burst),
            Self::Card(memory) => lock(memory).faults.hears(burst),
        }
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
        match fault {
            // It is written all the same.
            Some(MemoryFault::Mute) if self.store(address, word) => fault,
            Some(MemoryFault::Deaf) if self.store(address, word) => None,
            Some(MemoryFault::Mute | MemoryFault::Deaf) => Some(MemoryFault::Nowhere),
            _ => fault,
        }
    }
}

//! Memory of the host that the card reaches over its bus: the bus as the card sees it, and a block of memory
//! behind it with faults that tests can put there.
//!
//! The driver's accesses are checked and never meet a fault; the card's are answered as a bus answers:
//! word by word, with an error where there is no memory.

use super::faults::{Faults, MemoryFault};
use gyrus_interface::layout::WORD_BYTES;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};
use thiserror::Error;

const WORD: u64 = WORD_BYTES as u64;

/// An access of the driver to what is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccessError {
    /// Not a multiple of the word size.
    #[error("{0:#x} is no word's address")]
    Misaligned(u64),
    /// Outside of the memory.
    #[error("{words} words at {address:#x} are not in host memory")]
    OutOfRange {
        /// The first byte's address.
        address: u64,
        /// How many words.
        words: usize,
    },
}

/// A card's way to memory of the host: [`HostMemory`], or memory of a machine that the card is plugged into.
///
/// # Order
///
/// Somebody may look at this memory meanwhile. So words are written one after the other, each of them whole, and
/// whoever sees one of them sees all that were written before it, by this access or an earlier one. Words are
/// read likewise, each whole, and behind all words that were read before.
pub trait HostBus: std::fmt::Debug + Send + Sync {
    /// Reads words from a byte address on, up to the first one that is not served: their number, and the
    /// fault, if there is one.
    fn bus_read(&self, address: u64, into: &mut [u64]) -> (usize, Option<MemoryFault>);

    /// Writes words; as [`HostBus::bus_read`].
    fn bus_write(&self, address: u64, from: &[u64]) -> (usize, Option<MemoryFault>);

    /// How the word at this address answers a card that it does not serve.
    fn fault(&self, address: u64) -> Option<MemoryFault>;
}

/// A block of 64-bit words at a byte address.
#[derive(Debug)]
pub struct HostMemory {
    words: RwLock<Vec<u64>>,
    faults: RwLock<Faults>,
}

impl HostMemory {
    /// Byte address of the first word. Not 0, so that a forgotten address is an error.
    pub const BASE: u64 = 0x1_0000_0000;

    /// `bytes` of zeros, rounded up to whole words.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self {
            words: RwLock::new(vec![0; bytes.div_ceil(WORD_BYTES)]),
            faults: RwLock::default(),
        }
    }

    /// Bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let words = self.words.read().unwrap_or_else(PoisonError::into_inner);
        words.len() * WORD_BYTES
    }

    /// Reads words from a byte address on, as the driver does.
    ///
    /// # Errors
    /// Misaligned or out of range; nothing is read.
    pub fn read(&self, address: u64, into: &mut [u64]) -> Result<(), AccessError> {
        let words = self.words.read().unwrap_or_else(PoisonError::into_inner);
        let range = place(address, into.len(), words.len())?;
        into.copy_from_slice(&words[range]);
        Ok(())
    }

    /// Writes words from a byte address on, as the driver does.
    ///
    /// # Errors
    /// Misaligned or out of range; nothing is written.
    pub fn write(&self, address: u64, from: &[u64]) -> Result<(), AccessError> {
        let mut words = self.words.write().unwrap_or_else(PoisonError::into_inner);
        let range = place(address, from.len(), words.len())?;
        words[range].copy_from_slice(from);
        Ok(())
    }

    /// Puts a fault on a range of byte addresses, in front of those that are there.
    pub fn fail(&self, range: Range<u64>, fault: MemoryFault) {
        let mut faults = self.faults.write().unwrap_or_else(PoisonError::into_inner);
        faults.fail(range, fault);
    }

    /// Removes all faults.
    pub fn mend(&self) {
        let mut faults = self.faults.write().unwrap_or_else(PoisonError::into_inner);
        faults.mend();
    }

    /// Whether a bus takes an address, as [`Faults::hears`] says.
    pub(crate) fn hears(&self, burst: Option<Range<u64>>) -> bool {
        let faults = self.faults.read().unwrap_or_else(PoisonError::into_inner);
        faults.hears(burst)
    }

    /// How many words are served from this address on, and why not all.
    fn served(&self, address: u64, words: usize) -> (usize, Option<MemoryFault>) {
        let there = Self::BASE..Self::BASE + self.bytes() as u64;
        let faults = self.faults.read().unwrap_or_else(PoisonError::into_inner);
        faults.served(there, address, words)
    }
}

/// A lock around each access keeps their order.
impl HostBus for HostMemory {
    fn bus_read(&self, address: u64, into: &mut [u64]) -> (usize, Option<MemoryFault>) {
        let (served, fault) = self.served(address, into.len());
        // What is served is there.
        let done = self.read(address, into.get_mut(..served).unwrap_or_default());
        done.map_or((0, Some(MemoryFault::Nowhere)), |()| (served, fault))
    }

    fn bus_write(&self, address: u64, from: &[u64]) -> (usize, Option<MemoryFault>) {
        let (served, fault) = self.served(address, from.len());
        let done = self.write(address, from.get(..served).unwrap_or_default());
        done.map_or((0, Some(MemoryFault::Nowhere)), |()| (served, fault))
    }

    fn fault(&self, address: u64) -> Option<MemoryFault> {
        self.served(address, 1).1
    }
}

fn place(address: u64, words: usize, held: usize) -> Result<Range<usize>, AccessError> {
    if !address.is_multiple_of(WORD) {
        return Err(AccessError::Misaligned(address));
    }
    let start = address.checked_sub(HostMemory::BASE);
    start
        .and_then(|start| usize::try_from(start / WORD).ok())
        .and_then(|start| Some(start..start.checked_add(words)?))
        .filter(|range| range.end <= held)
        .ok_or(AccessError::OutOfRange { address, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u64 = HostMemory::BASE;

    #[test]
    fn a_card_reads_up_to_the_first_word_that_is_not_served() {
        let memory = HostMemory::new(80);
        memory.write(BASE, &[7; 10]).unwrap();
        let mut words = [0; 12];
        assert_eq!(
            memory.bus_read(BASE, &mut words),
            (10, Some(MemoryFault::Nowhere))
        );
        assert_eq!(words, [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0]);
        assert_eq!(memory.bus_read(BASE + 8, &mut words[..9]), (9, None));
        memory.fail(BASE + 20..BASE + 21, MemoryFault::Dead);
        assert_eq!(
            memory.bus_write(BASE, &[9; 10]),
            (2, Some(MemoryFault::Dead))
        );
        memory.fail(BASE + 8..BASE + 64, MemoryFault::Error);
        assert_eq!(
            memory.bus_read(BASE + 16, &mut words),
            (0, Some(MemoryFault::Error))
        );
        assert_eq!(
            memory.bus_read(BASE, &mut words),
            (1, Some(MemoryFault::Error))
        );
        memory.mend();
        assert_eq!(memory.bus_read(BASE, &mut words[..3]), (3, None));
        assert_eq!(words[..3], [9, 9, 7]);
        for address in [0, BASE - 8, BASE + 80, u64::MAX - 7] {
            let (served, fault) = memory.bus_read(address, &mut words[..1]);
            assert_eq!((served, fault), (0, Some(MemoryFault::Nowhere)));
        }
    }

    #[test]
    fn the_driver_is_told_what_is_not_there() {
        let memory = HostMemory::new(16);
        memory.fail(BASE..BASE + 16, MemoryFault::Error);
        assert_eq!(memory.write(BASE, &[1, 2]), Ok(()));
        assert_eq!(
            memory.write(BASE + 4, &[1]),
            Err(AccessError::Misaligned(BASE + 4))
        );
        for address in [0, BASE + 8, u64::MAX - 7] {
            let words = 2;
            let refused = Err(AccessError::OutOfRange { address, words });
            assert_eq!(memory.read(address, &mut [0; 2]), refused);
        }
    }
}

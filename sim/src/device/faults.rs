//! Faults that tests put on ranges of memory.

use gyrus_interface::layout::WORD_BYTES;
use std::ops::Range;

const WORD: u64 = WORD_BYTES as u64;

/// How memory answers a card that it does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryFault {
    /// With an error of the memory: AXI's SLVERR. Words that are read are there all the same.
    Error,
    /// With an error of the address, as where there is no memory: AXI's DECERR.
    Nowhere,
    /// Not at all: it takes and gives no word until the fault is removed.
    Dead,
    /// It takes words, but does not say that it has them, until the fault is removed; it gives none.
    Mute,
    /// Its bus takes no address of a burst that touches it, until the fault is removed. Bursts whose address was
    /// taken before are served.
    Deaf,
}

impl MemoryFault {
    /// Whether the bus does not answer.
    #[must_use]
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Dead | Self::Mute | Self::Deaf)
    }
}

/// Ranges of byte addresses with a fault; of several on a word, the one that came last counts.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(Range<u64>, MemoryFault)>);

impl Faults {
    /// Puts a fault on a range, in front of those that are there.
    pub(crate) fn fail(&mut self, range: Range<u64>, fault: MemoryFault) {
        self.0.insert(0, (range, fault));
    }

    /// Removes all faults.
    pub(crate) fn mend(&mut self) {
        self.0.clear();
    }

    /// The fault of the word at this address.
    pub(crate) fn at(&self, address: u64) -> Option<MemoryFault> {
        let end = address.saturating_add(WORD);
        let mut faults = self.0.iter();
        let found = faults.find(|(range, _)| range.start < end && address < range.end);
        found.map(|(_, fault)| *fault)
    }

    /// Whether a bus takes an address in a cycle before which it was offered this burst, or none: with a deaf
    /// place somewhere, it has to see an address before it takes it.
    pub(crate) fn hears(&self, burst: Option<Range<u64>>) -> bool {
        let deaf = |fault: Option<MemoryFault>| fault == Some(MemoryFault::Deaf);
        if !self.0.iter().any(|(_, fault)| deaf(Some(*fault))) {
            return true;
        }
        burst.is_some_and(|burst| !burst.step_by(WORD_BYTES).any(|at| deaf(self.at(at))))
    }

    /// The first word with a fault among those of a range that begins with a word: its address, and the
    /// fault.
    pub(crate) fn first(&self, range: Range<u64>) -> Option<(u64, MemoryFault)> {
        // Only the first word, or one that a fault begins with, can be the first with a fault.
        let starts = self.0.iter().map(|(fault, _)| fault.start / WORD * WORD);
        let words = starts.chain([range.start]).filter(|at| range.contains(at));
        words
            .filter_map(|at| self.at(at).map(|fault| (at, fault)))
            .min_by_key(|(at, _)| *at)
    }

    /// How many of some words from an address on are served, and why not all; `there` are the addresses
    /// of the memory.
    pub(crate) fn served(
        &self,
        there: Range<u64>,
        address: u64,
        words: usize,
    ) -> (usize, Option<MemoryFault>) {
        let nowhere = Some(MemoryFault::Nowhere);
        let end = address.checked_add(words as u64 * WORD);
        let Some(end) = end.filter(|_| address.is_multiple_of(WORD)) else {
            return (0, nowhere);
        };
        let outside = if address < there.start {
            address
        } else {
            there.end.max(address)
        };
        let fault = self.first(address..end);
        let fault = fault.filter(|(at, _)| *at <= outside);
        let (at, fault) = match fault {
            Some((at, fault)) => (at, Some(fault)),
            None if outside < end => (outside, nowhere),
            None => return (words, None),
        };
        (usize::try_from((at - address) / WORD).unwrap_or(0), fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MemoryFault::{Dead, Deaf, Error, Mute, Nowhere};

    #[test]
    fn words_are_served_up_to_the_first_with_a_fault() {
        let mut faults = Faults::default();
        let there = || 64..128;
        assert_eq!(faults.served(there(), 64, 8), (8, None));
        assert_eq!(faults.served(there(), 72, 8), (7, Some(Nowhere)));
        assert_eq!(faults.served(there(), 56, 2), (0, Some(Nowhere)));
        assert_eq!(faults.served(there(), 128, 0), (0, None));
        assert_eq!(faults.served(there(), 160, 1), (0, Some(Nowhere)));
        assert_eq!(faults.served(there(), 68, 1), (0, Some(Nowhere)));
        assert_eq!(faults.served(there(), u64::MAX - 7, 2), (0, Some(Nowhere)));
        faults.fail(100..101, Error);
        assert_eq!(faults.served(there(), 64, 8), (4, Some(Error)));
        assert_eq!(faults.served(there(), 104, 3), (3, None));
        faults.fail(80..120, Dead);
        assert_eq!(faults.served(there(), 64, 8), (2, Some(Dead)));
        assert_eq!(faults.served(there(), 96, 1), (0, Some(Dead)));
        faults.fail(96..104, Mute);
        assert_eq!(faults.at(96), Some(Mute));
        assert_eq!(faults.at(95), Some(Mute));
        assert_eq!(faults.at(88), Some(Dead));
        // A fault may be where no memory is.
        faults.fail(56..64, Error);
        assert_eq!(faults.served(there(), 56, 2), (0, Some(Error)));
        faults.mend();
        assert_eq!(faults.served(there(), 64, 8), (8, None));
    }

    #[test]
    fn a_bus_is_deaf_to_bursts_that_touch_a_fault_in_sight() {
        let mut faults = Faults::default();
        faults.fail(64..128, Dead);
        assert!(faults.hears(None) && faults.hears(Some(0..4096)));
        faults.fail(100..101, Deaf);
        assert!(!faults.hears(None));
        assert_eq!(faults.served(0..4096, 96, 1), (0, Some(Deaf)));
        for (burst, deaf) in [
            (64..96, false),
            (64..104, true),
            (96..104, true),
            (96..512, true),
            (104..512, false),
        ] {
            assert_eq!(faults.hears(Some(burst.clone())), !deaf, "{burst:?}");
        }
        // Another fault in front of it.
        faults.fail(96..104, Mute);
        assert!(!faults.hears(None) && faults.hears(Some(64..512)));
        faults.mend();
        assert!(faults.hears(None) && faults.hears(Some(64..512)));
    }
}

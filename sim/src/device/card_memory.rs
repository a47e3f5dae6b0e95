//! Memory of the card's own, with faults that tests can put there. What was never written reads as zeros and
//! takes no room.
//!
//! Accesses behind the card's back never meet a fault; the card's are answered as its buses answer.

use super::CardError;
use super::faults::{Faults, MemoryFault};
use gyrus_interface::layout::WORD_BYTES;
use std::collections::HashMap;

/// Words of a piece that takes room when something is written to it.
const PIECE_WORDS: usize = 1 << 13;

/// Words at byte addresses from 0 on.
#[derive(Debug)]
pub(crate) struct CardMemory {
    words: u64,
    pieces: HashMap<u64, Box<[u64]>>,
    /// Set when somebody else than the card wrote to it: keys may not be what they were.
    pub(crate) written_behind_its_back: bool,
    pub(crate) faults: Faults,
}

impl CardMemory {
    /// Zeros.
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            words: bytes / WORD_BYTES as u64,
            pieces: HashMap::new(),
            written_behind_its_back: false,
            faults: Faults::default(),
        }
    }

    /// Calls `take` with each piece that these words lie in, the place in it, and their range.
    fn pieces(
        &self,
        address: u64,
        words: usize,
    ) -> Result<impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> + use<>, CardError> {
        let first = address / WORD_BYTES as u64;
        let end = first.checked_add(words as u64);
        if !address.is_multiple_of(WORD_BYTES as u64) || end.is_none_or(|end| end > self.words) {
            return Err(CardError::NoCardMemory { address, words });
        }
        let mut done = 0;
        Ok(std::iter::from_fn(move || {
            let at = first + done as u64;
            let place = (at % PIECE_WORDS as u64) as usize;
            let count = (PIECE_WORDS - place).min(words - done);
            let range = done..done + count;
            done += count;
            (count > 0).then_some((at / PIECE_WORDS as u64, place, range))
        }))
    }

    /// Reads words from a byte address on.
    pub(crate) fn read(&self, address: u64, into: &mut [u64]) -> Result<(), CardError> {
        for (piece, place, range) in self.pieces(address, into.len())? {
            let into = &mut into[range];
            match self.pieces.get(&piece) {
                Some(piece) => into.copy_from_slice(&piece[place..place + into.len()]),
                None => into.fill(0),
            }
        }
        Ok(())
    }

    /// How many words the card is served from this address on, and why not all.
    pub(crate) fn served(&self, address: u64, words: usize) -> (usize, Option<MemoryFault>) {
        let there = 0..self.words * WORD_BYTES as u64;
        self.faults.served(there, address, words)
    }

    /// Reads words as the card does, up to the first one that is not served: their number, and the
    /// fault, if there is one.
    pub(crate) fn bus_read(&self, address: u64, into: &mut [u64]) -> (usize, Option<MemoryFault>) {
        let (served, fault) = self.served(address, into.len());
        // What is served is there.
        let done = self.read(address, into.get_mut(..served).unwrap_or_default());
        done.map_or((0, Some(MemoryFault::Nowhere)), |()| (served, fault))
    }

    /// Writes words as the card does; as [`CardMemory::bus_read`].
    pub(crate) fn bus_write(&mut self, address: u64, from: &[u64]) -> (usize, Option<MemoryFault>) {
        let (served, fault) = self.served(address, from.len());
        let done = self.write(address, from.get(..served).unwrap_or_default());
        done.map_or((0, Some(MemoryFault::Nowhere)), |()| (served, fault))
    }

    /// Writes words from a byte address on.
    pub(crate) fn write(&mut self, address: u64, from: &[u64]) -> Result<(), CardError> {
        for (piece, place, range) in self.pieces(address, from.len())? {
            let from = &from[range];
            let piece = self.pieces.entry(piece);
            let piece = piece.or_insert_with(|| vec![0; PIECE_WORDS].into_boxed_slice());
            piece[place..place + from.len()].copy_from_slice(from);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_across_pieces_and_the_rest_is_zero() {
        let bytes = 1 << 40;
        let mut memory = CardMemory::new(bytes);
        let words: Vec<u64> = (1..20_000).collect();
        let address = (1 << 39) - 8 * 777;
        memory.write(address, &words).unwrap();
        let mut read = vec![9; 20_001];
        memory.read(address - 8, &mut read).unwrap();
        assert_eq!(read[0], 0);
        assert_eq!(read[1..20_000], words);
        assert_eq!(read[20_000], 0);
        memory.write(bytes - 8, &[5]).unwrap();
        for (address, count) in [(bytes - 8, 2), (bytes, 1), (4, 1), (u64::MAX - 7, 2)] {
            assert!(memory.read(address, &mut vec![0; count]).is_err());
            assert!(memory.write(address, &vec![0; count]).is_err());
        }
        memory.read(bytes, &mut []).unwrap();
    }
}

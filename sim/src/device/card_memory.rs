//! Memory of the card's own. What was never written reads as zeros and takes no room.

use super::CardError;
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
}

impl CardMemory {
    /// Zeros.
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            words: bytes / WORD_BYTES as u64,
            pieces: HashMap::new(),
            written_behind_its_back: false,
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

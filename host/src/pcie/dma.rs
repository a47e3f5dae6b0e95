//! Memory that a card reaches: words at bus addresses.
//!
//! The card changes it at any time. Nothing ever refers to it but raw pointers, and each access is a
//! volatile one of a whole word.

use super::PcieError;
use gyrus_interface::layout::WORD_BYTES;
use memmap2::{Advice, MmapOptions, MmapRaw};
use std::io;
use std::sync::atomic::{Ordering, fence};

/// Bytes of a huge page.
pub(super) const HUGE_PAGE: usize = 1 << HUGE_PAGE_LOG2;
const HUGE_PAGE_LOG2: u8 = 21;

/// Memory of this process alone, zeroed and present, whose pages a child process does not get: one that
/// writes to a page it shares would leave the other with another page than the card has.
///
/// # Errors
/// There is not so much of it.
pub(super) fn pages(bytes: usize, huge: bool) -> io::Result<MmapRaw> {
    let mut options = MmapOptions::new();
    options.len(bytes).populate();
    if huge {
        options.huge(Some(HUGE_PAGE_LOG2));
    }
    let mapping = MmapRaw::from(options.map_anon()?);
    mapping.advise(Advice::DontFork)?;
    Ok(mapping)
}

/// Memory at consecutive bus addresses, in mappings of equal length.
#[derive(Debug)]
pub(super) struct DmaMemory {
    /// Bus address of the first byte.
    base: u64,
    /// Bytes of each mapping, a multiple of a word's.
    segment: usize,
    segments: Vec<MmapRaw>,
}

impl DmaMemory {
    /// Mappings of `segment` bytes each, whose first one the card finds at bus address `base`.
    pub(super) fn new(base: u64, segment: usize, segments: Vec<MmapRaw>) -> Self {
        debug_assert!(segment.is_multiple_of(WORD_BYTES));
        debug_assert!(segments.iter().all(|mapping| mapping.len() >= segment));
        Self {
            base,
            segment,
            segments,
        }
    }

    /// Bus address of the first byte.
    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    /// How much it is.
    pub(super) const fn bytes(&self) -> usize {
        self.segment * self.segments.len()
    }

    /// Where in it `words` words from bus address `address` on begin.
    fn offset(&self, address: u64, words: usize) -> Result<usize, PcieError> {
        let bytes = words.saturating_mul(WORD_BYTES);
        address
            .checked_sub(self.base)
            .and_then(|offset| usize::try_from(offset).ok())
            .filter(|offset| offset.is_multiple_of(WORD_BYTES))
            .filter(|offset| {
                let end = offset.checked_add(bytes);
                end.is_some_and(|end| end <= self.bytes())
            })
            .ok_or(PcieError::OutOfRange { address, bytes })
    }

    /// The longest run of words in one mapping: its first word, and how many there are.
    fn run(&self, offset: usize) -> (*mut u64, usize) {
        let (segment, within) = (offset / self.segment, offset % self.segment);
        let start = self.segments[segment].as_mut_ptr();
        // SAFETY: `within` is smaller than the mapping.
        let first = unsafe { start.add(within) }.cast();
        (first, (self.segment - within) / WORD_BYTES)
    }

    /// Reads words.
    ///
    /// # Errors
    /// They are not all in this memory.
    pub(super) fn read(&self, address: u64, into: &mut [u64]) -> Result<(), PcieError> {
        let mut offset = self.offset(address, into.len())?;
        let mut rest = into;
        while !rest.is_empty() {
            let (first, length) = self.run(offset);
            let (now, later) = rest.split_at_mut(length.min(rest.len()));
            for (index, word) in now.iter_mut().enumerate() {
                // SAFETY: `index` is below the words of the run, which lie in the mapping and are aligned.
                *word = u64::from_le(unsafe { first.add(index).read_volatile() });
            }
            offset += now.len() * WORD_BYTES;
            rest = later;
        }
        Ok(())
    }

    /// Reads a word before all reads that follow.
    ///
    /// # Errors
    /// It is not in this memory.
    pub(super) fn load_acquire(&self, address: u64) -> Result<u64, PcieError> {
        let mut word = [0];
        self.read(address, &mut word)?;
        fence(Ordering::Acquire);
        Ok(word[0])
    }

    /// Writes words.
    ///
    /// # Errors
    /// They are not all in this memory; nothing is written then.
    pub(super) fn write(&self, address: u64, from: &[u64]) -> Result<(), PcieError> {
        let mut offset = self.offset(address, from.len())?;
        let mut rest = from;
        while !rest.is_empty() {
            let (first, length) = self.run(offset);
            let (now, later) = rest.split_at(length.min(rest.len()));
            for (index, word) in now.iter().enumerate() {
                // SAFETY: as in `read`.
                unsafe { first.add(index).write_volatile(word.to_le()) };
            }
            offset += now.len() * WORD_BYTES;
            rest = later;
        }
        Ok(())
    }

    /// Zeroes everything.
    pub(super) fn clear(&self) {
        for segment in 0..self.segments.len() {
            let (first, length) = self.run(segment * self.segment);
            for index in 0..length {
                // SAFETY: as in `read`.
                unsafe { first.add(index).write_volatile(0) };
            }
        }
    }

    /// Keeps the memory for as long as the process lives: for a card that may still write to it.
    pub(super) fn leak(&mut self) {
        std::mem::take(&mut self.segments)
            .into_iter()
            .for_each(std::mem::forget);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: u64 = 0x4000_0000;
    const SEGMENT: usize = 4096;
    const WORDS: usize = SEGMENT / WORD_BYTES;

    fn memory(segments: usize) -> DmaMemory {
        let segments = (0..segments).map(|_| pages(SEGMENT, false).unwrap());
        DmaMemory::new(BASE, SEGMENT, segments.collect())
    }

    #[test]
    fn words_keep_across_mappings() {
        let memory = memory(3);
        let words: Vec<u64> = (0..2 * WORDS as u64)
            .map(|word| word * 0x1_0001_0001)
            .collect();
        let at = BASE + SEGMENT as u64 - 24;
        memory.write(at, &words).unwrap();
        let mut back = vec![0; words.len()];
        memory.read(at, &mut back).unwrap();
        assert_eq!(back, words);
        // The fourth word is the first one of the second mapping.
        assert_eq!(
            memory.load_acquire(BASE + SEGMENT as u64).unwrap(),
            words[3]
        );
        let (first, _) = memory.run(SEGMENT);
        // SAFETY: the first word of a mapping.
        assert_eq!(unsafe { first.read_volatile() }, words[3].to_le());
        memory.clear();
        memory.read(at, &mut back).unwrap();
        assert!(back.iter().all(|&word| word == 0));
    }

    #[test]
    fn what_is_outside_or_no_word_is_refused() {
        let memory = memory(2);
        let end = BASE + 2 * SEGMENT as u64;
        for (address, words) in [
            (BASE - 8, 1),
            (BASE + 4, 1),
            (end, 1),
            (end - 8, 2),
            (BASE, 2 * WORDS + 1),
            (u64::MAX - 7, 1),
            (0, 1),
        ] {
            let wrong = |error| matches!(error, Err(PcieError::OutOfRange { .. }));
            assert!(
                wrong(memory.read(address, &mut vec![0; words])),
                "{address:#x}"
            );
            assert!(
                wrong(memory.write(address, &vec![1; words])),
                "{address:#x}"
            );
            assert!(wrong(memory.load_acquire(address).map(|_| ())) || words > 1);
        }
        let mut all = vec![1; 2 * WORDS];
        memory.read(BASE, &mut all).unwrap();
        assert!(all.iter().all(|&word| word == 0), "something was written");
        assert!(memory.read(end, &mut []).is_ok());
    }

    proptest! {
        #[test]
        fn behaves_as_a_vector(
            writes in proptest::collection::vec((0usize..3 * WORDS, 0usize..700, any::<u64>()), 1..20)
        ) {
            let memory = memory(3);
            let mut expected = vec![0u64; 3 * WORDS];
            for (start, length, seed) in writes {
                let words: Vec<u64> = (0..length as u64).map(|i| seed.wrapping_mul(i + 1)).collect();
                let fits = start + length <= expected.len();
                let written = memory.write(BASE + (start * WORD_BYTES) as u64, &words);
                prop_assert_eq!(written.is_ok(), fits);
                if fits {
                    expected[start..start + length].copy_from_slice(&words);
                }
            }
            let mut all = vec![0; 3 * WORDS];
            memory.read(BASE, &mut all).unwrap();
            prop_assert_eq!(all, expected);
        }
    }
}

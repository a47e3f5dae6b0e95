//! Simulated host memory that the card may reach by DMA.

use gyrus_interface::JobStatus;
use gyrus_interface::layout::WORD_BYTES;
use std::sync::{PoisonError, RwLock};

/// A block of 64-bit words at a byte address. Every access is checked for alignment and bounds, as
/// an IOMMU would.
#[derive(Debug)]
pub struct HostMemory {
    base: u64,
    words: RwLock<Vec<u64>>,
}

/// An access that the memory refuses: why, and at which byte address.
pub(crate) type AccessError = (JobStatus, u64);

impl HostMemory {
    /// Byte address of the first word. Not 0, so that a forgotten address is an error.
    pub const BASE: u64 = 0x1_0000_0000;

    /// `bytes` of zeros, rounded up to whole words.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self {
            base: Self::BASE,
            words: RwLock::new(vec![0; bytes.div_ceil(WORD_BYTES)]),
        }
    }

    /// Bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.words
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
            * WORD_BYTES
    }

    fn range(
        &self,
        address: u64,
        words: usize,
        held: usize,
    ) -> Result<std::ops::Range<usize>, AccessError> {
        if !address.is_multiple_of(WORD_BYTES as u64) {
            return Err((JobStatus::MisalignedAddress, address));
        }
        let out_of_range = (JobStatus::AddressOutOfRange, address);
        let offset = address.checked_sub(self.base).ok_or(out_of_range)? / WORD_BYTES as u64;
        let start = usize::try_from(offset).map_err(|_| out_of_range)?;
        let end = start
            .checked_add(words)
            .filter(|&end| end <= held)
            .ok_or(out_of_range)?;
        Ok(start..end)
    }

    /// Reads words from a byte address on.
    ///
    /// # Errors
    /// Misaligned or out of range; nothing is read.
    pub fn read(&self, address: u64, into: &mut [u64]) -> Result<(), (JobStatus, u64)> {
        let words = self.words.read().unwrap_or_else(PoisonError::into_inner);
        let range = self.range(address, into.len(), words.len())?;
        into.copy_from_slice(&words[range]);
        Ok(())
    }

    /// Writes words from a byte address on.
    ///
    /// # Errors
    /// Misaligned or out of range; nothing is written.
    pub fn write(&self, address: u64, from: &[u64]) -> Result<(), (JobStatus, u64)> {
        let mut words = self.words.write().unwrap_or_else(PoisonError::into_inner);
        let range = self.range(address, from.len(), words.len())?;
        words[range].copy_from_slice(from);
        Ok(())
    }

    /// Checks a range without touching it.
    pub(crate) fn check(&self, address: u64, words: usize) -> Result<(), AccessError> {
        let held = self
            .words
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        self.range(address, words, held).map(drop)
    }
}

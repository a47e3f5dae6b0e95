//! The guest's memory, as QEMU shares it.

use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};

/// A run of guest-physical addresses that is memory.
#[derive(Debug)]
pub(crate) struct Region {
    start: u64,
    map: MmapRaw,
}

impl Region {
    /// Maps `bytes` of a file from `offset` on: what the guest has at the physical address `start`.
    pub(crate) fn map(file: &File, start: u64, bytes: usize, offset: u64) -> io::Result<Self> {
        let map = MmapOptions::new().offset(offset).len(bytes).map_raw(file)?;
        Ok(Self { start, map })
    }

    fn words(&self) -> &[AtomicU64] {
        let words = self.map.len() / size_of::<AtomicU64>();
        // SAFETY: the mapping lives as long as `self` and is readable and writable; it begins with a page, so
        // it is aligned; this process touches it only as these atomic words, and what another one does to it
        // is to this one what another thread's atomic accesses are.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast::<AtomicU64>(), words) }
    }
}

/// All memory at one time.
pub(crate) type Regions = Arc<Vec<Region>>;

/// `count` words of memory from a guest-physical address on; `None` if they are not all in one region, or not
/// words.
pub(crate) fn words(regions: &Regions, address: u64, count: usize) -> Option<&[AtomicU64]> {
    if !address.is_multiple_of(8) {
        return None;
    }
    regions.iter().find_map(|region| {
        let first = usize::try_from(address.checked_sub(region.start)? / 8).ok()?;
        region.words().get(first..first.checked_add(count)?)
    })
}

/// The guest's memory, which QEMU lays anew whenever the guest moves something.
#[derive(Debug, Default)]
pub(crate) struct GuestRam(RwLock<Regions>);

impl GuestRam {
    /// Takes a new layout.
    pub(crate) fn lay(&self, regions: Vec<Region>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(regions);
    }

    /// The layout of now. No lock is held behind it: QEMU waits while it gives a new one.
    pub(crate) fn regions(&self) -> Regions {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

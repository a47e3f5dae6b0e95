//! The card's way to the guest's memory: what the IOMMU lets through, word by word.

use super::faults::{Access, Faults};
use super::ram::{GuestRam, words};
use super::vtd::{Iommu, left_in_page};
use crate::qtest::Qtest;
use gyrus_sim::device::{HostBus, MemoryFault};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The way of one function.
#[derive(Debug)]
pub(crate) struct GuestBus {
    ram: Arc<GuestRam>,
    qtest: Arc<Qtest>,
    /// Bus, device and function number.
    function: u16,
    faults: Arc<Faults>,
    /// Held while words move: who takes it away knows that none move afterwards. Never held while QEMU is asked
    /// something, as QEMU may be waiting for who takes it away.
    master: RwLock<bool>,
    refused: AtomicU16,
}

impl GuestBus {
    pub(crate) fn new(
        ram: Arc<GuestRam>,
        qtest: Arc<Qtest>,
        function: u16,
        faults: Arc<Faults>,
    ) -> Self {
        Self {
            ram,
            qtest,
            function,
            faults,
            master: RwLock::new(false),
            refused: AtomicU16::new(0),
        }
    }

    /// Lets it reach memory, or not; then nothing moves any more.
    pub(crate) fn set_master(&self, is: bool) {
        *self.master.write().unwrap_or_else(PoisonError::into_inner) = is;
    }

    /// Accesses that the IOMMU has refused, mod 2^16.
    pub(crate) fn refused(&self) -> u16 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Calls `each` with words of memory, from a device's address on, and the number of the word.
    fn words(
        &self,
        address: u64,
        count: usize,
        write: bool,
        mut each: impl FnMut(&AtomicU64, usize),
    ) -> (usize, Option<MemoryFault>) {
        let nowhere = Some(MemoryFault::Nowhere);
        if !address.is_multiple_of(8) {
            return (0, nowhere);
        }
        match self.faults.access() {
            Access::Go => (),
            Access::Refuse => return (0, Some(MemoryFault::Error)),
            Access::Ignore => return (0, Some(MemoryFault::Dead)),
        }
        let Ok(iommu) = Iommu::read(&self.qtest) else {
            // QEMU has ended.
            return (0, nowhere);
        };
        let regions = self.ram.regions();
        let mut done = 0;
        while done < count {
            let Some(at) = address.checked_add(done as u64 * 8) else {
                return (done, nowhere);
            };
            let run = usize::try_from(left_in_page(at) / 8).unwrap_or(1);
            let run = run.min(count - done);
            let found = iommu.translate(&regions, self.function, at, write);
            let Some(found) = found.and_then(|at| words(&regions, at, run)) else {
                self.refused.fetch_add(1, Ordering::Relaxed);
                return (done, nowhere);
            };
            let master = self.master.read().unwrap_or_else(PoisonError::into_inner);
            if !*master {
                return (done, nowhere);
            }
            for (number, word) in found.iter().enumerate() {
                each(word, done + number);
            }
            done += run;
        }
        (done, None)
    }
}

impl HostBus for GuestBus {
    fn bus_read(&self, address: u64, into: &mut [u64]) -> (usize, Option<MemoryFault>) {
        let count = into.len();
        let result = self.words(address, count, false, |word, number| {
            into[number] = word.load(Ordering::Acquire);
        });
        self.faults.on_read(into);
        result
    }

    fn bus_write(&self, address: u64, from: &[u64]) -> (usize, Option<MemoryFault>) {
        for (address, words) in self.faults.on_write(address, from) {
            let result = self.words(address, words.len(), true, |word, number| {
                word.store(words[number], Ordering::Release);
            });
            if result.1.is_some() {
                return result;
            }
        }
        (from.len(), None)
    }

    /// Only a fault keeps memory from answering.
    fn fault(&self, _: u64) -> Option<MemoryFault> {
        self.faults.is_silent().then_some(MemoryFault::Dead)
    }
}

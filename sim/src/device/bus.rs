//! The worker's way to host memory: patience with a bus that does not answer, and counts.

use super::host_memory::{HostMemory, MemoryFault};
use super::registers::Counter;
use super::shared::Shared;
use gyrus_interface::JobStatus;
use gyrus_interface::layout::WORD_BYTES;
use gyrus_interface::registers::Bus;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a bus that does not answer is looked at.
const LOOK: Duration = Duration::from_micros(50);

/// Deadlines of a bus that a reset waits for what it owes.
const RESET_DEADLINES: u32 = 8;

/// Why a job was not done.
pub(super) enum Failure {
    /// With this status and detail.
    Job(JobStatus, u64),
    /// A bus did not answer in time: the card stops.
    Dead(Bus),
    /// A reset or the end was asked for.
    GivenUp,
}

/// Host memory, as the card reaches it.
pub(super) struct HostBus {
    memory: Arc<HostMemory>,
    shared: Arc<Shared>,
    /// An address that was not answered in time: the bus owes it still.
    owed: Option<u64>,
}

impl HostBus {
    pub(super) const fn new(memory: Arc<HostMemory>, shared: Arc<Shared>) -> Self {
        Self {
            memory,
            shared,
            owed: None,
        }
    }

    /// Reads words from a byte address on.
    pub(super) fn read(&mut self, address: u64, into: &mut [u64]) -> Result<(), Failure> {
        let memory = Arc::clone(&self.memory);
        let access = |at, done| memory.bus_read(at, into.get_mut(done..).unwrap_or_default());
        self.transfer(address, Bus::HostRead, access)?;
        let words = into.len() as u64;
        self.shared
            .with(|registers| registers.count(&Counter::HOST_READ, words));
        Ok(())
    }

    /// Writes words from a byte address on.
    pub(super) fn write(&mut self, address: u64, from: &[u64]) -> Result<(), Failure> {
        let memory = Arc::clone(&self.memory);
        let access = |at, done| memory.bus_write(at, from.get(done..).unwrap_or_default());
        self.transfer(address, Bus::HostWrite, access)?;
        let words = from.len() as u64;
        self.shared
            .with(|registers| registers.count(&Counter::HOST_WRITTEN, words));
        Ok(())
    }

    /// Calls `access` with an address and the words that are done, until all are.
    fn transfer(
        &mut self,
        address: u64,
        bus: Bus,
        mut access: impl FnMut(u64, usize) -> (usize, Option<MemoryFault>),
    ) -> Result<(), Failure> {
        let mut done = 0;
        loop {
            let (served, fault) = access(address + (done * WORD_BYTES) as u64, done);
            done += served;
            let at = address + (done * WORD_BYTES) as u64;
            match fault {
                None => return Ok(()),
                Some(MemoryFault::Error) => return Err(Failure::Job(JobStatus::BusError, at)),
                Some(MemoryFault::Dead) => self.wait_for(at, bus)?,
            }
        }
    }

    /// Waits until the word at this address is answered, as long as the bus may take.
    fn wait_for(&mut self, address: u64, bus: Bus) -> Result<(), Failure> {
        self.owed = Some(address);
        let start = Instant::now();
        while self.owes() {
            if self.shared.cancelled() {
                return Err(Failure::GivenUp);
            }
            let deadline = self.shared.with(|registers| registers.bus_deadline());
            if start.elapsed() >= deadline {
                return Err(Failure::Dead(bus));
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn owes(&mut self) -> bool {
        self.owed = self
            .owed
            .filter(|&at| self.memory.fault(at) == Some(MemoryFault::Dead));
        self.owed.is_some()
    }

    /// Waits, for a reset, until the bus owes nothing any more; `true` when it does still.
    pub(super) fn settle(&mut self) -> bool {
        let deadline = self.shared.with(|registers| registers.bus_deadline()) * RESET_DEADLINES;
        let start = Instant::now();
        while self.owes() && start.elapsed() < deadline && !self.shared.ending() {
            std::thread::sleep(LOOK);
        }
        self.owed.is_some()
    }
}

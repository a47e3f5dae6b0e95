//! The worker's way to both memories: patience with a bus that does not answer, and counts.

use super::card_memory::CardMemory;
use super::faults::MemoryFault;
use super::host_memory::HostBus;
use super::registers::Counter;
use super::shared::Shared;
use gyrus_interface::JobStatus;
use gyrus_interface::layout::WORD_BYTES;
use gyrus_interface::registers::Bus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// Memories, as the card reaches them.
pub(super) struct Buses {
    host: Arc<dyn HostBus>,
    card_memory: Arc<Mutex<CardMemory>>,
    shared: Arc<Shared>,
    /// What was not answered in time: the bus owes it still.
    owed: Option<(Bus, u64)>,
}

impl Buses {
    pub(super) const fn new(
        host: Arc<dyn HostBus>,
        card_memory: Arc<Mutex<CardMemory>>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            host,
            card_memory,
            shared,
            owed: None,
        }
    }

    /// Card memory, without a bus in front.
    pub(super) fn card_memory(&self) -> MutexGuard<'_, CardMemory> {
        lock(&self.card_memory)
    }

    /// Reads words of host memory from a byte address on.
    pub(super) fn read(&mut self, address: u64, into: &mut [u64]) -> Result<(), Failure> {
        let host = Arc::clone(&self.host);
        let access = |at, done| host.bus_read(at, into.get_mut(done..).unwrap_or_default());
        self.transfer(address, Bus::HostRead, access)?;
        let words = into.len() as u64;
        self.shared
            .with(|registers| registers.count(&Counter::HOST_READ, words));
        Ok(())
    }

    /// Writes words of host memory from a byte address on.
    pub(super) fn write(&mut self, address: u64, from: &[u64]) -> Result<(), Failure> {
        let host = Arc::clone(&self.host);
        let access = |at, done| host.bus_write(at, from.get(done..).unwrap_or_default());
        self.transfer(address, Bus::HostWrite, access)?;
        let words = from.len() as u64;
        self.shared
            .with(|registers| registers.count(&Counter::HOST_WRITTEN, words));
        Ok(())
    }

    /// Reads words of card memory from a byte address on.
    pub(super) fn read_card(&mut self, address: u64, into: &mut [u64]) -> Result<(), Failure> {
        let memory = Arc::clone(&self.card_memory);
        self.transfer(address, Bus::CardRead, |at, done| {
            lock(&memory).bus_read(at, into.get_mut(done..).unwrap_or_default())
        })
    }

    /// Writes words of card memory from a byte address on.
    pub(super) fn write_card(&mut self, address: u64, from: &[u64]) -> Result<(), Failure> {
        let memory = Arc::clone(&self.card_memory);
        self.transfer(address, Bus::CardWrite, |at, done| {
            lock(&memory).bus_write(at, from.get(done..).unwrap_or_default())
        })
    }

    /// Looks whether words of card memory can be read over one of its buses.
    pub(super) fn probe_card(
        &mut self,
        address: u64,
        words: usize,
        bus: Bus,
    ) -> Result<(), Failure> {
        let memory = Arc::clone(&self.card_memory);
        self.transfer(address, bus, |at, done| {
            lock(&memory).served(at, words.saturating_sub(done))
        })
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
                Some(MemoryFault::Error | MemoryFault::Nowhere) => {
                    return Err(Failure::Job(JobStatus::BusError, at));
                }
                Some(MemoryFault::Dead | MemoryFault::Mute | MemoryFault::Deaf) => {
                    self.wait_for(at, bus)?;
                }
            }
        }
    }

    /// Waits until the word at this address is answered, as long as the bus may take.
    fn wait_for(&mut self, address: u64, bus: Bus) -> Result<(), Failure> {
        self.owed = Some((bus, address));
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
        self.owed = self.owed.filter(|&(bus, at)| {
            let fault = match bus {
                Bus::HostRead | Bus::HostWrite => self.host.fault(at),
                _ => self.card_memory().faults.at(at),
            };
            fault.is_some_and(MemoryFault::is_silent)
        });
        self.owed.is_some()
    }

    fn still_owes(&mut self) -> bool {
        if self.shared.take_buses_reset() {
            self.owed = None;
        }
        self.owes()
    }

    /// Waits, for a reset, until the bus owes nothing any more; `true` when it does still.
    pub(super) fn settle(&mut self) -> bool {
        let deadline = self.shared.with(|registers| registers.bus_deadline()) * RESET_DEADLINES;
        let start = Instant::now();
        while self.still_owes() && start.elapsed() < deadline && !self.shared.ending() {
            std::thread::sleep(LOOK);
        }
        self.owed.is_some()
    }
}

fn lock(memory: &Mutex<CardMemory>) -> MutexGuard<'_, CardMemory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

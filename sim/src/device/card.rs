//! The model card as a whole: what it is built as, its threads, and its driver's side.

use super::bus::Buses;
use super::card_memory::CardMemory;
use super::faults::MemoryFault;
use super::host_memory::{HostBus, HostMemory};
use super::shared::Shared;
use super::worker::Worker;
use super::{Card, CardError};
use crate::model::{Engine, Kernel};
use gyrus_interface::INTERFACE_VERSION;
use gyrus_interface::card::{Capabilities, Channels};
use gyrus_interface::registers::{BAR_BYTES, Register};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often somebody who waits for an interrupt looks whether the card is there still.
const LOOK: Duration = Duration::from_millis(100);

/// How the card is built.
#[derive(Debug, Clone)]
pub struct CardOptions {
    /// Threads of the engine; one per core when `None`.
    pub threads: Option<NonZeroUsize>,
    /// Kernel of the engine.
    pub kernel: Kernel,
    /// Bytes of host memory that it may reach.
    pub memory_bytes: usize,
    /// What it says of itself, and is.
    pub capabilities: Capabilities,
}

impl Default for CardOptions {
    fn default() -> Self {
        Self {
            threads: None,
            kernel: Kernel::best(),
            memory_bytes: 64 << 20,
            capabilities: Capabilities {
                version: INTERFACE_VERSION,
                build: u32::from_le_bytes(*b"mode"),
                // Its cycles are nanoseconds.
                clock_khz: 1_000_000,
                lanes: 128,
                max_log2_n: 11,
                max_k: 1,
                max_levels: 3,
                // Two of the engine's groups.
                slots: 16,
                lut_slots: 1024,
                max_batch: 64,
                key: Channels {
                    count: 16,
                    words: 8,
                },
                keyswitch: Channels { count: 6, words: 8 },
                // 32 banks of 256 MiB, as a card with 8 GiB of HBM has them.
                bank_log2: 28,
                memory_pages: 32 << (28 - 12),
            },
        }
    }
}

/// A running card. Dropping it aborts what it is doing and ends its worker.
#[derive(Debug)]
pub struct ModelCard {
    name: String,
    memory: Arc<HostMemory>,
    card_memory: Arc<Mutex<CardMemory>>,
    shared: Arc<Shared>,
    worker: Option<JoinHandle<()>>,
}

impl ModelCard {
    /// Builds the engine and starts the worker.
    ///
    /// # Errors
    /// The kernel does not run on this CPU, a thread could not be started, or no card can have these
    /// capabilities.
    pub fn power_on(options: &CardOptions) -> Result<Self, CardError> {
        let memory = Arc::new(HostMemory::new(options.memory_bytes));
        let host = Arc::clone(&memory);
        Self::build(options, memory, host)
    }

    /// As [`ModelCard::power_on`], plugged into a machine whose memory it reaches over this bus.
    /// [`Card::memory`] is empty then.
    ///
    /// # Errors
    /// As [`ModelCard::power_on`].
    pub fn power_on_at(options: &CardOptions, host: Arc<dyn HostBus>) -> Result<Self, CardError> {
        Self::build(options, Arc::new(HostMemory::new(0)), host)
    }

    fn build(
        options: &CardOptions,
        memory: Arc<HostMemory>,
        host: Arc<dyn HostBus>,
    ) -> Result<Self, CardError> {
        let registers = options.capabilities.registers();
        let capabilities = Capabilities::read(|register| {
            let value = registers.iter().find(|(at, _)| *at == register);
            Ok(value.map_or(0, |(_, value)| *value))
        })
        .map_err(CardError::Capabilities)?;
        let engine = Engine::new(options.threads, options.kernel)?;
        let name = format!(
            "model ({} kernel, {} threads)",
            options.kernel,
            engine.threads()
        );
        let card_memory = Arc::new(Mutex::new(CardMemory::new(capabilities.memory_bytes())));
        let shared = Arc::new(Shared::new(&capabilities));
        let bus = Buses::new(host, Arc::clone(&card_memory), Arc::clone(&shared));
        let worker = Worker::new(engine, Arc::clone(&shared), bus, capabilities);
        let worker = std::thread::Builder::new()
            .name("gyrus-model-card".to_owned())
            .spawn(move || worker.run())?;
        Ok(Self {
            name,
            memory,
            card_memory,
            shared,
            worker: Some(worker),
        })
    }

    /// Its interrupt as messages, for who plugs it into a machine.
    #[must_use]
    pub fn interrupts(&self) -> Interrupts {
        Interrupts(Arc::clone(&self.shared))
    }

    fn check(&self) -> Result<(), CardError> {
        match &self.worker {
            Some(worker) if !worker.is_finished() => Ok(()),
            _ => Err(CardError::Gone("its worker thread has ended".to_owned())),
        }
    }

    fn card_memory(&self) -> MutexGuard<'_, CardMemory> {
        self.card_memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A card's interrupt as messages: one whenever an enabled cause comes to stand while none stood.
#[derive(Debug, Clone)]
pub struct Interrupts(Arc<Shared>);

impl Interrupts {
    /// Waits until the card has sent another number of messages, since it was switched on, than `seen`, or
    /// `deadline` passes: their number.
    #[must_use]
    pub fn wait(&self, seen: u64, deadline: Instant) -> u64 {
        self.0.wait_message(seen, deadline)
    }
}

/// The register at this offset, if one has been given it.
fn register(offset: u32) -> Result<Option<Register>, CardError> {
    if offset < BAR_BYTES && offset.is_multiple_of(4) {
        Ok(Register::at(offset))
    } else {
        Err(CardError::NoRegister(offset))
    }
}

impl Card for ModelCard {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_register(&mut self, offset: u32) -> Result<u32, CardError> {
        self.check()?;
        Ok(register(offset)?.map_or(0, |register| self.shared.read(register)))
    }

    fn write_register(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.check()?;
        if let Some(register) = register(offset)? {
            self.shared.write(register, value);
        }
        Ok(())
    }

    fn memory(&self) -> &Arc<HostMemory> {
        &self.memory
    }

    fn wait_interrupt(&mut self, deadline: Instant) -> Result<bool, CardError> {
        loop {
            self.check()?;
            let look = Instant::now() + LOOK;
            if self.shared.wait_interrupt(deadline.min(look)) {
                return Ok(true);
            }
            if deadline <= look {
                return Ok(false);
            }
        }
    }

    fn read_card_memory(&mut self, address: u64, words: &mut [u64]) -> Result<(), CardError> {
        self.card_memory().read(address, words)
    }

    fn write_card_memory(&mut self, address: u64, words: &[u64]) -> Result<(), CardError> {
        let mut memory = self.card_memory();
        memory.written_behind_its_back = true;
        memory.write(address, words)
    }

    fn fail_card_memory(&mut self, range: Range<u64>, fault: MemoryFault) {
        self.card_memory().faults.fail(range, fault);
    }

    fn reset_buses(&mut self) {
        self.shared.reset_buses();
    }

    fn mend_card_memory(&mut self) {
        self.card_memory().faults.mend();
    }
}

impl Drop for ModelCard {
    fn drop(&mut self) {
        self.shared.power_off();
        // The engine looks at the flag every few milliseconds; wait for it, but not for ever.
        let give_up = Instant::now() + Duration::from_secs(5);
        while let Some(worker) = &self.worker {
            if worker.is_finished() || Instant::now() > give_up {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(worker) = self.worker.take().filter(JoinHandle::is_finished) {
            // A worker that panicked has said so.
            worker.join().ok();
        }
    }
}

//! The card as its driver sees it.

use super::memory::HostMemory;
use super::worker::{Command, Worker};
use crate::model::{Engine, Kernel, ModelError};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use gyrus_interface::ring::RingLayout;
use gyrus_interface::{JobStatus, ParameterSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How the card is built.
#[derive(Debug, Clone)]
pub struct CardOptions {
    /// Threads of the engine; one per core when `None`.
    pub threads: Option<NonZeroUsize>,
    /// Kernel of the engine.
    pub kernel: Kernel,
    /// Look-up table slots.
    pub lut_slots: u32,
    /// Bytes of host memory that it may reach.
    pub memory_bytes: usize,
    /// Most input, and most output ciphertexts of a job.
    pub max_batch: u32,
}

impl Default for CardOptions {
    fn default() -> Self {
        Self {
            threads: None,
            kernel: Kernel::best(),
            lut_slots: 1024,
            memory_bytes: 64 << 20,
            max_batch: 64,
        }
    }
}

/// Why the card did not do what it was asked outside of a job.
#[derive(Debug, Error)]
pub enum CardError {
    /// The engine could not be built.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The worker thread could not be started.
    #[error("the card's worker thread did not start: {0}")]
    Spawn(#[from] std::io::Error),
    /// The worker did not answer in time.
    #[error("the card did not answer within {0:?}")]
    Timeout(Duration),
    /// The worker thread is gone.
    #[error("the card's worker thread has ended")]
    Gone,
    /// The card does not take this configuration.
    #[error("the card refuses the configuration: {0}")]
    Refused(JobStatus),
}

/// A running card. Dropping it aborts what it is doing and ends its worker.
#[derive(Debug)]
pub struct ModelCard {
    memory: Arc<HostMemory>,
    commands: Sender<Command>,
    interrupts: Receiver<()>,
    cancel: Arc<AtomicBool>,
    key_bytes: Arc<AtomicU64>,
    threads: usize,
    worker: Option<JoinHandle<()>>,
}

impl ModelCard {
    /// Builds the engine and starts the worker.
    ///
    /// # Errors
    /// The kernel does not run on this CPU, or a thread could not be started.
    pub fn power_on(options: &CardOptions) -> Result<Self, CardError> {
        let engine = Engine::new(options.threads, options.kernel)?;
        let threads = engine.threads();
        let memory = Arc::new(HostMemory::new(options.memory_bytes));
        let cancel = Arc::new(AtomicBool::new(false));
        let key_bytes = Arc::new(AtomicU64::new(0));
        let (commands, inbox) = unbounded();
        // One pending interrupt says all there is to say: look at the completion ring.
        let (raise, interrupts) = bounded(1);
        let worker = Worker::new(
            engine,
            Arc::clone(&memory),
            Arc::clone(&cancel),
            Arc::clone(&key_bytes),
            raise,
            options,
        );
        let worker = std::thread::Builder::new()
            .name("gyrus-model-card".to_owned())
            .spawn(move || worker.run(&inbox))?;
        Ok(Self {
            memory,
            commands,
            interrupts,
            cancel,
            key_bytes,
            threads,
            worker: Some(worker),
        })
    }

    /// Memory shared between driver and card.
    #[must_use]
    pub const fn memory(&self) -> &Arc<HostMemory> {
        &self.memory
    }

    /// Threads of the engine.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// Resident bytes of the evaluation key in the form the engine computes with; 0 without one.
    #[must_use]
    pub fn key_bytes(&self) -> u64 {
        self.key_bytes.load(Ordering::Relaxed)
    }

    /// Sets parameters and rings. Keys and tables of other parameters are dropped.
    ///
    /// # Errors
    /// [`CardError::Refused`] when the parameters or the rings' place are not possible.
    pub fn configure(
        &self,
        set: &ParameterSet,
        rings: RingLayout,
        deadline: Instant,
    ) -> Result<(), CardError> {
        let (reply, answer) = bounded(1);
        self.send(Command::Configure {
            set: Box::new(set.clone()),
            rings,
            reply,
        })?;
        await_reply(&answer, deadline)?.map_err(CardError::Refused)
    }

    /// Tells that the descriptors before index `tail` are in the submission ring.
    ///
    /// # Errors
    /// [`CardError::Gone`].
    pub fn doorbell(&self, tail: u32) -> Result<(), CardError> {
        self.send(Command::Doorbell { tail })
    }

    /// Waits for an interrupt; `false` when none came before `deadline`.
    ///
    /// # Errors
    /// [`CardError::Gone`].
    pub fn wait_interrupt(&self, deadline: Instant) -> Result<bool, CardError> {
        match self.interrupts.recv_deadline(deadline) {
            Ok(()) => Ok(true),
            Err(RecvTimeoutError::Timeout) => Ok(false),
            Err(RecvTimeoutError::Disconnected) => Err(CardError::Gone),
        }
    }

    /// Aborts the job at work, drops keys, tables and rings.
    ///
    /// # Errors
    /// [`CardError::Timeout`] when the card did not come back before `deadline`.
    pub fn reset(&self, deadline: Instant) -> Result<(), CardError> {
        self.cancel.store(true, Ordering::Relaxed);
        let (reply, answer) = bounded(1);
        self.send(Command::Reset { reply })?;
        await_reply(&answer, deadline)?;
        while self.interrupts.try_recv().is_ok() {}
        Ok(())
    }

    fn send(&self, command: Command) -> Result<(), CardError> {
        self.commands.send(command).map_err(|_| CardError::Gone)
    }
}

fn await_reply<T>(answer: &Receiver<T>, deadline: Instant) -> Result<T, CardError> {
    let start = Instant::now();
    answer.recv_deadline(deadline).map_err(|error| match error {
        RecvTimeoutError::Timeout => CardError::Timeout(start.elapsed()),
        RecvTimeoutError::Disconnected => CardError::Gone,
    })
}

impl Drop for ModelCard {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
        let _ = self.commands.send(Command::PowerOff);
        // The engine looks at `cancel` every few milliseconds; wait for it, but not for ever.
        let give_up = Instant::now() + Duration::from_secs(5);
        while let Some(worker) = &self.worker {
            if worker.is_finished() || Instant::now() > give_up {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(worker) = self.worker.take().filter(JoinHandle::is_finished) {
            let _ = worker.join();
        }
    }
}

//! The devices of a pool, as seen from outside of their threads.

use super::worker::{Command, Common, Worker};
use crate::device::{Device, Identity, Statistics};
use crossbeam_channel::{Sender, unbounded};
use gyrus_interface::DeviceError;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a pool waits for its devices.
#[derive(Debug, Clone, Copy)]
pub struct PoolOptions {
    /// Longest time of a batch, and of a reset, of one device.
    pub deadline: Duration,
    /// Longest time to load the evaluation key again.
    pub key_deadline: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            key_deadline: Duration::from_secs(300),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It takes batches.
    Up,
    /// Its thread resets and loads it.
    Recovering,
    /// It takes nothing but a reset.
    Out,
}

/// A device, as seen from outside of its thread.
pub(super) struct Member {
    pub(super) state: State,
    pub(super) preferred_batch: usize,
    pub(super) max_in_flight: usize,
    /// Batches that it has, and their inputs.
    pub(super) batches: usize,
    pub(super) inputs: usize,
    /// The batch that it got last.
    pub(super) latest: u64,
    /// What it said before the last reset does not count.
    pub(super) epoch: u64,
    pub(super) commands: Option<Sender<Command>>,
    pub(super) statistics: Arc<Mutex<Statistics>>,
    pub(super) thread: Option<JoinHandle<()>>,
}

impl Member {
    /// Starts the thread of a device.
    ///
    /// # Errors
    /// [`DeviceError::Unavailable`].
    pub(super) fn start(
        device: Box<dyn Device>,
        number: usize,
        common: &Common,
    ) -> Result<Self, DeviceError> {
        let (commands, inbox) = unbounded();
        let statistics = Arc::default();
        let identity = device.identity();
        let (preferred_batch, max_in_flight) = (identity.preferred_batch, identity.max_in_flight);
        let worker = Worker::new(
            device,
            number,
            common.clone(),
            inbox,
            Arc::clone(&statistics),
        );
        let thread = std::thread::Builder::new()
            .name(format!("gyrus-pool-{number}"))
            .spawn(move || worker.run())
            .map_err(|error| DeviceError::Unavailable(error.to_string()))?;
        Ok(Self {
            state: State::Up,
            preferred_batch,
            max_in_flight,
            batches: 0,
            inputs: 0,
            latest: 0,
            epoch: 0,
            commands: Some(commands),
            statistics,
            thread: Some(thread),
        })
    }

    /// Tells its thread something. A thread that has ended is a device that is out.
    pub(super) fn tell(&mut self, command: Command) -> bool {
        let told = self
            .commands
            .as_ref()
            .is_some_and(|commands| commands.send(command).is_ok());
        if !told {
            self.state = State::Out;
        }
        told
    }
}

/// What a pool of devices says of itself.
pub(super) fn joined(devices: &[Box<dyn Device>]) -> Result<Identity, DeviceError> {
    let identities: Vec<&Identity> = devices.iter().map(|device| device.identity()).collect();
    for identity in &identities {
        identity.validate()?;
    }
    let names: Vec<&str> = identities
        .iter()
        .map(|identity| identity.name.as_str())
        .collect();
    let name = format!("{} devices: {}", names.len(), names.join("; "));
    let mut identities = identities.into_iter();
    let Some(first) = identities.next() else {
        return Err(DeviceError::Request("a pool of no devices".to_owned()));
    };
    // What every member can do.
    Ok(identities.fold(
        Identity {
            name,
            ..first.clone()
        },
        |pool, member| Identity {
            simulated: pool.simulated || member.simulated,
            clock_hz: pool.clock_hz.min(member.clock_hz),
            lut_slots: pool.lut_slots.min(member.lut_slots),
            max_batch: pool.max_batch.min(member.max_batch),
            max_in_flight: pool.max_in_flight + member.max_in_flight,
            preferred_batch: pool.preferred_batch.min(member.preferred_batch),
            devices: pool.devices + member.devices,
            ..pool
        },
    ))
}

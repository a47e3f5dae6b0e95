//! The functional model as a card: [`gyrus_sim::device::ModelCard`] behind [`Transport`].

use super::{Identity, Transport};
use gyrus_interface::ring::RingLayout;
use gyrus_interface::{DeviceError, INTERFACE_VERSION, JobStatus, ParameterSet};
use gyrus_sim::device::{CardError, CardOptions, HostMemory, ModelCard};
use std::time::Instant;

/// The embedded simulator.
#[derive(Debug)]
pub struct ModelTransport {
    card: ModelCard,
    identity: Identity,
}

impl ModelTransport {
    /// Powers a simulated card on.
    ///
    /// # Errors
    /// The chosen kernel does not run on this CPU, or no thread could be started.
    pub fn new(options: &CardOptions) -> Result<Self, DeviceError> {
        let card = ModelCard::power_on(options).map_err(|error| device_error(&error))?;
        let threads = card.threads();
        let identity = Identity {
            name: format!("model ({} kernel, {threads} threads)", options.kernel),
            simulated: true,
            // The model counts nanoseconds.
            clock_hz: 1_000_000_000,
            interface: INTERFACE_VERSION,
            lut_slots: options.lut_slots,
            max_batch: options.max_batch as usize,
            max_in_flight: 4,
            preferred_batch: (threads * 8).min(options.max_batch as usize),
        };
        Ok(Self { card, identity })
    }
}

fn device_error(error: &CardError) -> DeviceError {
    match error {
        CardError::Timeout(after) => DeviceError::Timeout(*after),
        CardError::Refused(status) => {
            DeviceError::Request(format!("the card refuses the configuration: {status}"))
        }
        CardError::Model(_) | CardError::Spawn(_) => DeviceError::Unavailable(error.to_string()),
        CardError::Gone => DeviceError::Removed(error.to_string()),
    }
}

fn access_error((status, address): (JobStatus, u64)) -> DeviceError {
    DeviceError::Request(format!("{status} ({address:#x})"))
}

impl Transport for ModelTransport {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn shared_memory(&self) -> (u64, usize) {
        (HostMemory::BASE, self.card.memory().bytes())
    }

    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError> {
        self.card.memory().read(address, into).map_err(access_error)
    }

    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError> {
        self.card
            .memory()
            .write(address, from)
            .map_err(access_error)
    }

    fn configure(
        &mut self,
        set: &ParameterSet,
        rings: RingLayout,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        self.card
            .configure(set, rings, deadline)
            .map_err(|error| device_error(&error))
    }

    fn doorbell(&mut self, tail: u32) -> Result<(), DeviceError> {
        self.card
            .doorbell(tail)
            .map_err(|error| device_error(&error))
    }

    fn wait_interrupt(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        match self.card.wait_interrupt(deadline) {
            Ok(_) => Ok(()),
            Err(error) => Err(device_error(&error)),
        }
    }

    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        self.card
            .reset(deadline)
            .map_err(|error| device_error(&error))
    }

    fn key_bytes(&self) -> u64 {
        self.card.key_bytes()
    }
}

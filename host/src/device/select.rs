//! Which device to use, and opening it.

use super::transport::device_error;
use super::{CardTransport, Device, Identity, RingDevice};
use gyrus_interface::DeviceError;
use gyrus_sim::device::{CardOptions, ModelCard};
use gyrus_sim::model::Kernel;
use std::num::NonZeroUsize;
use std::str::FromStr;

/// What the user asks for with `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A card when there is one, the simulator otherwise.
    #[default]
    Auto,
    /// The embedded simulator (functional model).
    Model,
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "model" => Ok(Self::Model),
            _ => Err(format!(
                "unknown device '{text}'; this version knows 'auto' and 'model'"
            )),
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Model => "model",
        })
    }
}

/// How to open a device.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeviceOptions {
    /// Threads of the simulator; one per core when `None`.
    pub threads: Option<NonZeroUsize>,
    /// Arithmetic kernel of the simulator; the fastest this CPU runs when `None`.
    pub kernel: Option<Kernel>,
}

/// Opens a device. No driver for cards exists yet, so `auto` always opens the simulator.
///
/// # Errors
/// The device cannot be opened.
pub fn open(choice: DeviceChoice, options: DeviceOptions) -> Result<Box<dyn Device>, DeviceError> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Model => Ok(Box::new(model(options)?)),
    }
}

/// The devices that [`open`] can find on this machine.
///
/// # Errors
/// A device that is there does not answer.
pub fn list() -> Result<Vec<Identity>, DeviceError> {
    Ok(vec![model(DeviceOptions::default())?.identity().clone()])
}

fn model(options: DeviceOptions) -> Result<RingDevice<CardTransport>, DeviceError> {
    let kernel = options.kernel.unwrap_or_else(Kernel::best);
    let options = CardOptions {
        threads: options.threads,
        kernel,
        ..CardOptions::default()
    };
    let card = ModelCard::power_on(&options).map_err(device_error)?;
    RingDevice::new(CardTransport::new(Box::new(card)))
}

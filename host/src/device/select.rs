//! Which device to use, and opening it.

use super::transport::device_error;
use super::{CardTransport, Device, Identity, RingDevice};
use gyrus_interface::DeviceError;
use gyrus_sim::device::{CardOptions, ModelCard};
use gyrus_sim::model::Kernel;
use gyrus_sim::rtl::{CardParameters, RtlCard, RtlOptions};
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What the user asks for with `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A card when there is one, the simulator otherwise.
    #[default]
    Auto,
    /// The embedded simulator (functional model).
    Model,
    /// The card's RTL, simulated by Verilator.
    Rtl,
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "model" => Ok(Self::Model),
            "rtl" => Ok(Self::Rtl),
            _ => Err(format!(
                "unknown device '{text}'; this version knows 'auto', 'model' and 'rtl'"
            )),
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Model => "model",
            Self::Rtl => "rtl",
        })
    }
}

/// Lanes of the RTL unless said otherwise: built in a minute, some 100,000 cycles a second.
pub const RTL_LANES: usize = 8;

/// How to simulate the RTL.
#[derive(Debug, Clone)]
pub struct Rtl {
    /// Coefficients a cycle.
    pub lanes: usize,
    /// Where the simulation is built and kept.
    pub directory: PathBuf,
    /// A file for the waveform of everything, in GTKWave's format FST; slow, and large.
    pub trace: Option<PathBuf>,
    /// Keys go through the rings, as with a card, rather than straight into the simulated card memory: more than
    /// ten million cycles.
    pub upload_keys: bool,
    /// Counts the cycles done, for whoever shows progress.
    pub cycles: Arc<AtomicU64>,
}

impl Default for Rtl {
    /// In the user's cache directory, or that for temporary files if there is none.
    fn default() -> Self {
        let cache = dirs::cache_dir().unwrap_or_else(std::env::temp_dir);
        Self {
            lanes: RTL_LANES,
            directory: cache.join("gyrus").join("rtl"),
            trace: None,
            upload_keys: false,
            cycles: Arc::default(),
        }
    }
}

/// How to open a device.
#[derive(Debug, Clone, Default)]
pub struct DeviceOptions {
    /// Threads of the simulator; one per core when `None`.
    pub threads: Option<NonZeroUsize>,
    /// Arithmetic kernel of the simulator; the fastest this CPU runs when `None`.
    pub kernel: Option<Kernel>,
    /// Of the RTL.
    pub rtl: Rtl,
}

/// Opens a device. No driver for cards exists yet, so `auto` always opens the functional model.
///
/// # Errors
/// The device cannot be opened.
pub fn open(choice: DeviceChoice, options: DeviceOptions) -> Result<Box<dyn Device>, DeviceError> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Model => Ok(Box::new(model(options)?)),
        DeviceChoice::Rtl => Ok(Box::new(rtl(options.rtl)?)),
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

/// An error with everything that caused it.
fn unavailable(error: &dyn Error) -> DeviceError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    DeviceError::Unavailable(text)
}

fn rtl(options: Rtl) -> Result<RingDevice<CardTransport>, DeviceError> {
    let parameters =
        CardParameters::for_lanes(options.lanes).map_err(|error| unavailable(&error))?;
    // Small jobs, so that their progress shows.
    let parameters = CardParameters {
        max_batch: u32::try_from(parameters.core.slots).unwrap_or(1),
        ..parameters
    };
    let directory = options.directory.join(format!("{}-lanes", options.lanes));
    let card = RtlCard::power_on(&RtlOptions {
        trace: options.trace,
        cycles: options.cycles,
        ..RtlOptions::new(parameters, directory)
    })
    .map_err(|error| unavailable(&error))?;
    let transport = CardTransport::new(Box::new(card));
    RingDevice::new(if options.upload_keys {
        transport
    } else {
        transport.past_the_card()
    })
}

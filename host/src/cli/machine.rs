//! Opening a device and loading a key into it.

use super::Insecure;
use super::error::CliError;
use super::output::Output;
use crate::device::{self, Device, DeviceChoice, DeviceOptions, Identity, RTL_LANES, Rtl};
use crate::files::EvaluationKeyFile;
use crate::session::{Session, SessionOptions};
use crate::tfhe;
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a batch or a key on the simulated logic, which is slow.
const RTL_DEADLINE: Duration = Duration::from_secs(6 * 60 * 60);

#[derive(Debug, Clone, Args)]
pub(super) struct Machine {
    /// Device to use: `auto` (a card when there is one, else the simulator), `pcie:ADDRESS` (the card
    /// there; `pcie` alone for all that there are), `model` (the simulator) or `rtl` (the card's logic,
    /// simulated by Verilator: slow).
    #[arg(long, value_name = "DEVICE", default_value_t, value_parser = DeviceChoice::from_str)]
    pub(super) device: DeviceChoice,
    /// Threads of the simulator and of the host's part, up to 1024; one per core when left out.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Coefficients a cycle of the simulated logic: a power of two from 2 to 128. More than 16 take
    /// long to build.
    #[arg(long, value_name = "P", default_value_t = RTL_LANES)]
    lanes: usize,
    /// Write a waveform of the simulated logic to this file (FST, for GTKWave); slower, and large.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

impl Machine {
    /// Threads asked for.
    pub(super) fn threads(&self) -> Option<NonZeroUsize> {
        self.threads.map(usize::from).and_then(NonZeroUsize::new)
    }

    /// Threads that will be used.
    pub(super) fn thread_count(&self) -> usize {
        self.threads()
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get)
    }

    /// Opens the device.
    pub(super) fn device(&self, out: &Output) -> Result<Box<dyn Device>, CliError> {
        self.device_with(Rtl::default(), out)
    }

    /// Opens the device; `rtl` says what simulated logic is to be besides its lanes and waveform.
    pub(super) fn device_with(&self, rtl: Rtl, out: &Output) -> Result<Box<dyn Device>, CliError> {
        let options = DeviceOptions {
            threads: self.threads(),
            rtl: Rtl {
                lanes: self.lanes,
                trace: self.trace.clone(),
                ..rtl
            },
            ..DeviceOptions::default()
        };
        if self.device == DeviceChoice::Rtl {
            out.show_cycles(Arc::clone(&options.rtl.cycles));
            out.note("building the simulation of the card's logic, unless that was done before");
        } else if self.trace.is_some() {
            return Err(CliError::NoWaveform);
        }
        device::open_or_note(self.device, options, &mut |line| out.note(line)).map_err(|source| {
            CliError::Device {
                choice: self.device,
                source,
            }
        })
    }

    /// Opens the device and loads `key`.
    pub(super) fn open(
        &self,
        key: &EvaluationKeyFile,
        insecure: &Insecure,
        out: &Output,
    ) -> Result<Session, CliError> {
        let mut session_options = SessionOptions {
            insecure_parameters: insecure.allowed,
            ..SessionOptions::default()
        };
        if self.device == DeviceChoice::Rtl {
            session_options.deadline = RTL_DEADLINE;
            session_options.key_deadline = RTL_DEADLINE;
        }
        // What stands in the way of a card shows before the key is expanded, which takes a while.
        let device = self.device(out)?;
        let key = tfhe::import_evaluation_key_as(key.compressed(), key.parameters().clone())?;
        let mut progress = out.progress("loading the key", "bytes", 0);
        Ok(Session::open(
            device,
            Arc::new(key),
            session_options,
            &mut |done, total| progress.set_of(done, total),
        )?)
    }
}

/// Says what really computes.
pub(super) fn describe(identity: &Identity) -> String {
    if identity.simulated {
        format!(
            "{}: a simulator, standing in for the card that is not there",
            identity.name
        )
    } else {
        identity.name.clone()
    }
}

//! Opening a device and loading a key into it.

use super::Insecure;
use super::error::CliError;
use super::output::Output;
use crate::device::{self, DeviceChoice, DeviceOptions, Identity};
use crate::files::EvaluationKeyFile;
use crate::session::{Session, SessionOptions};
use crate::tfhe;
use clap::Args;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::Arc;

#[derive(Debug, Clone, Args)]
pub(super) struct Machine {
    /// Device to use: `auto` (a card when there is one, else the simulator) or `model` (the
    /// simulator).
    #[arg(long, value_name = "DEVICE", default_value_t, value_parser = DeviceChoice::from_str)]
    pub(super) device: DeviceChoice,
    /// Threads of the simulator and of the host's part, up to 1024; one per core when left out.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
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

    /// Opens the device and loads `key`.
    pub(super) fn open(
        &self,
        key: &EvaluationKeyFile,
        insecure: &Insecure,
        out: &Output,
    ) -> Result<Session, CliError> {
        let key = tfhe::import_evaluation_key_as(key.compressed(), key.parameters().clone())?;
        let options = DeviceOptions {
            threads: self.threads(),
            ..DeviceOptions::default()
        };
        let session_options = SessionOptions {
            insecure_parameters: insecure.allowed,
            ..SessionOptions::default()
        };
        let device = device::open(self.device, options).map_err(|source| CliError::Device {
            choice: self.device,
            source,
        })?;
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

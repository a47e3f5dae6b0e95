//! Opening a device and loading a key into it.

use super::Insecure;
use super::error::CliError;
use super::output::Output;
use crate::device::{self, Device, DeviceChoice, DeviceOptions, Identity, RTL_LANES, Rtl};
use crate::files::EvaluationKeyFile;
use crate::session::{Session, SessionOptions};
use crate::tfhe;
use clap::Args;
use gyrus_sim::rtl::Pace;
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
    /// Coefficients a cycle of the simulated logic: a power of two from 2 to 128, 8 when left out. More than 16
    /// take long to build.
    #[arg(long, value_name = "P")]
    lanes: Option<usize>,
    /// Write a waveform of the simulated logic to this file (FST, for GTKWave); slower, and large.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

/// What the simulated logic is to be besides its lanes and waveform.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Logic {
    /// Put the keys through the rings of the simulated logic, too, rather than straight into its card memory: takes
    /// minutes.
    #[arg(long)]
    pub(super) upload_keys: bool,
    /// Host memory of the simulated logic: cycles from an address to its first word, and from a word to the next;
    /// 300,1 when left out.
    #[arg(long, value_name = "LATENCY,PACE")]
    host_memory: Option<Pace>,
    /// Card memory of the simulated logic, likewise, for each channel's beats; 100,1 when left out.
    #[arg(long, value_name = "LATENCY,PACE")]
    card_memory: Option<Pace>,
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
        self.device_with(&Logic::default(), out)
    }

    /// What was asked for that only the simulated logic can do, if the device is another one.
    fn logic_alone(&self, logic: &Logic) -> Result<(), CliError> {
        let options = [
            ("--lanes", self.lanes.is_some()),
            ("--trace", self.trace.is_some()),
            ("--upload-keys", logic.upload_keys),
            ("--host-memory", logic.host_memory.is_some()),
            ("--card-memory", logic.card_memory.is_some()),
        ];
        let given = options.into_iter().filter(|(_, given)| *given);
        let given: Vec<&str> = given.map(|(option, _)| option).collect();
        if self.device == DeviceChoice::Rtl || given.is_empty() {
            return Ok(());
        }
        Err(CliError::NoLogic {
            options: given.join(", "),
            choice: self.device,
        })
    }

    /// Opens the device, as `logic` says if it is that.
    pub(super) fn device_with(
        &self,
        logic: &Logic,
        out: &Output,
    ) -> Result<Box<dyn Device>, CliError> {
        self.logic_alone(logic)?;
        let options = DeviceOptions {
            threads: self.threads(),
            rtl: Rtl {
                lanes: self.lanes.unwrap_or(RTL_LANES),
                trace: self.trace.clone(),
                upload_keys: logic.upload_keys,
                host_memory: logic.host_memory.unwrap_or(Pace::HOST),
                card_memory: logic.card_memory.unwrap_or(Pace::CARD),
                ..Rtl::default()
            },
            ..DeviceOptions::default()
        };
        if self.device == DeviceChoice::Rtl {
            out.show_cycles(Arc::clone(&options.rtl.cycles));
            out.note("building the simulation of the card's logic, unless that was done before");
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

//! What every backend of Gyrus looks like to the rest of the host.
//!
//! A [`Device`] takes an evaluation key, look-up tables and batches of bootstraps, and hands the
//! batches back in any order. It is driven by one thread at a time; [`crate::session::Session`]
//! shares it between many.

mod arena;
mod checks;
mod driver;
mod image;
mod plan;
mod pool;
mod recovery;
mod ring;
mod select;
mod statistics;
mod transport;

pub(crate) use checks::verdict;
pub use pool::{Pool, PoolOptions};
pub(crate) use recovery::{LOOK, bring_back, let_go_if_gone};
pub use ring::RingDevice;
pub use select::{
    DeviceChoice, DeviceOptions, Listing, OpenedCard, RTL_LANES, Rtl, list, open, open_cards,
    open_or_note,
};
pub use statistics::{Histogram, Statistics, Waits};
pub use transport::{CardTransport, Transport};

use crate::key::EvaluationKey;
use gyrus_interface::{DeviceError, InterfaceVersion, ParameterSet};
use std::sync::Arc;
use std::time::Instant;

/// What a device says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the backend and where it sits, e.g. `model (avx2, 2 threads)`.
    pub name: String,
    /// True for a backend that stands in for a card.
    pub simulated: bool,
    /// Cycles per second of the clock that its completions count in.
    pub clock_hz: u64,
    /// The interface version it speaks.
    pub interface: InterfaceVersion,
    /// Look-up table slots.
    pub lut_slots: u32,
    /// Largest number of input ciphertexts in one batch.
    pub max_batch: usize,
    /// Most batches in flight at once. Fewer, if they are large: [`Device::submit`] tells.
    pub max_in_flight: usize,
    /// Batch size at which it reaches its best throughput.
    pub preferred_batch: usize,
    /// Devices behind it that work on a batch each; sizes of batches are those of one.
    pub devices: usize,
}

impl Identity {
    /// Checks that the figures can be: a device's word is not trusted with sizes.
    ///
    /// # Errors
    /// [`DeviceError::Protocol`] names the figure.
    pub fn validate(&self) -> Result<(), DeviceError> {
        let figures = [
            ("look-up table slots", u64::from(self.lut_slots), 1 << 20),
            ("ciphertexts a batch", self.max_batch as u64, 1 << 16),
            (
                "preferred ciphertexts a batch",
                self.preferred_batch as u64,
                1 << 16,
            ),
            ("batches in flight", self.max_in_flight as u64, 1 << 16),
            ("devices", self.devices as u64, 1 << 16),
            ("clock cycles a second", self.clock_hz, 100_000_000_000),
        ];
        match figures
            .iter()
            .find(|(_, value, most)| !(1..=*most).contains(value))
        {
            None => Ok(()),
            Some((what, value, most)) => Err(DeviceError::Protocol(format!(
                "{} says that it has {value} {what}; 1 to {most} can be",
                self.name
            ))),
        }
    }
}

/// A slot that holds one look-up table on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LutSlot(pub u32);

/// A batch of KS + PBS. One look-up table per input; `samples` outputs per input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// `count` big LWE ciphertexts of `k*N + 1` words, mod 2^64, one behind the other in as many parts as the
    /// caller has them in. They are copied once, to where the device reads them.
    pub inputs: Vec<Arc<[u64]>>,
    /// One slot per input ciphertext.
    pub luts: Vec<LutSlot>,
    /// Ciphertexts extracted per input (many-LUT), at least 1.
    pub samples: u16,
    /// Coefficients between two extracted samples (ignored when `samples` is 1).
    pub stride: u32,
}

/// Names a batch in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchTag(pub u64);

/// A batch that came back.
#[derive(Debug)]
pub struct Finished {
    /// Which one.
    pub tag: BatchTag,
    /// `count * samples` big LWE ciphertexts, those of an input one behind the other, or why there are none.
    pub outputs: Result<Vec<Vec<u64>>, DeviceError>,
}

/// What a card has counted since it was switched on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Clock cycles.
    pub cycles: u64,
    /// Cycles in which the blind rotation took coefficients.
    pub turn_cycles: u64,
    /// Cycles in which a blind rotation was under way.
    pub busy_cycles: u64,
    /// Cycles in which it waited for its key.
    pub key_wait_cycles: u64,
    /// Cycles in which the key switch waited for its key.
    pub keyswitch_wait_cycles: u64,
    /// Jobs.
    pub jobs: u64,
    /// Bootstraps.
    pub bootstraps: u64,
    /// Bytes of the bootstrapping key read from card memory.
    pub key_bytes: u64,
    /// Bytes of the key switching key.
    pub keyswitch_key_bytes: u64,
    /// Bytes read from host memory.
    pub host_bytes_read: u64,
    /// Bytes written to it.
    pub host_bytes_written: u64,
}

impl Counters {
    /// What was counted since an earlier look.
    #[must_use]
    pub const fn since(&self, before: &Self) -> Self {
        Self {
            cycles: self.cycles.wrapping_sub(before.cycles),
            turn_cycles: self.turn_cycles.wrapping_sub(before.turn_cycles),
            busy_cycles: self.busy_cycles.wrapping_sub(before.busy_cycles),
            key_wait_cycles: self.key_wait_cycles.wrapping_sub(before.key_wait_cycles),
            keyswitch_wait_cycles: self
                .keyswitch_wait_cycles
                .wrapping_sub(before.keyswitch_wait_cycles),
            jobs: self.jobs.wrapping_sub(before.jobs),
            bootstraps: self.bootstraps.wrapping_sub(before.bootstraps),
            key_bytes: self.key_bytes.wrapping_sub(before.key_bytes),
            keyswitch_key_bytes: self
                .keyswitch_key_bytes
                .wrapping_sub(before.keyswitch_key_bytes),
            host_bytes_read: self.host_bytes_read.wrapping_sub(before.host_bytes_read),
            host_bytes_written: self
                .host_bytes_written
                .wrapping_sub(before.host_bytes_written),
        }
    }
}

/// Called with (bytes done, bytes in total) while keys are loaded. Bytes done become fewer where a part has to be
/// sent again, as its checksum was wrong.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// A backend: the functional model, the RTL under simulation, or a card.
pub trait Device: Send {
    /// What the device says of itself.
    fn identity(&self) -> &Identity;

    /// Loads an evaluation key in place of the present one. Batches in flight must be waited for
    /// first; look-up tables are lost.
    ///
    /// # Errors
    /// The device does not take the parameters, the upload failed, or `deadline` passed.
    fn load_keys(
        &mut self,
        key: &EvaluationKey,
        progress: Progress<'_>,
        deadline: Instant,
    ) -> Result<(), DeviceError>;

    /// Parameters of the loaded key, if there is one.
    fn parameters(&self) -> Option<&ParameterSet>;

    /// Hands over look-up tables (bodies of trivial GLWE ciphertexts, `N` words each, mod 2^64) for
    /// consecutive slots. They are there before any batch submitted later runs. No batch in flight
    /// may use these slots.
    ///
    /// # Errors
    /// Slot or length out of range: nothing was handed over then. `deadline` passed before there was
    /// room for the tables. An upload that fails later is an error of [`Device::wait`], or of another
    /// upload that waits for it.
    fn load_luts(
        &mut self,
        first: LutSlot,
        luts: &[&[u64]],
        deadline: Instant,
    ) -> Result<(), DeviceError>;

    /// Hands over a batch and returns at once.
    ///
    /// # Errors
    /// [`DeviceError::RingFull`] when there is no room for the batch before one in flight has come back, which
    /// it never says when none is; [`DeviceError::Request`] when the batch does not fit the loaded key.
    fn submit(&mut self, batch: Batch) -> Result<BatchTag, DeviceError>;

    /// The next batch that finishes, in any order.
    ///
    /// # Errors
    /// [`DeviceError::Timeout`] when none did before `deadline`; other errors mean that the device
    /// needs a reset.
    fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError>;

    /// Nobody waits for the outputs of a batch any more. It stays in flight, and [`Device::wait`] hands it back
    /// when the device is done with it, with [`DeviceError::Cancelled`] or what the device knows better. A tag that
    /// is not in flight is none to cancel.
    fn cancel(&mut self, tag: BatchTag) {
        let _ = tag;
    }

    /// Gives up everything in flight and returns the device to its state after opening: keys and
    /// tables have to be loaded again, even when the reset fails.
    ///
    /// # Errors
    /// The device did not come back before `deadline`.
    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError>;

    /// A cheap look at whether the device is still there and well, for when nothing is in flight.
    ///
    /// # Errors
    /// [`DeviceError::Removed`] when it is gone or wanted back; others mean that it needs a reset.
    fn check(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }

    /// Counters since it was opened.
    fn statistics(&self) -> Statistics;

    /// What the card itself has counted.
    ///
    /// # Errors
    /// [`DeviceError::Request`] when it has no such counters; the card is gone.
    fn counters(&mut self) -> Result<Counters, DeviceError> {
        Err(DeviceError::Request(format!(
            "{} has no counters",
            self.identity().name
        )))
    }
}

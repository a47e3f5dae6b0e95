//! How a device that has failed is brought back, and what becomes of one that is gone.

use super::{
    Batch, BatchTag, Device, DeviceError, Finished, Identity, LutSlot, Progress, Statistics,
};
use crate::key::EvaluationKey;
use gyrus_interface::ParameterSet;
use std::time::{Duration, Instant};

/// How often a device that nothing is asked of is looked at.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// Times that a reset and a reload are tried before a device is given up: what broke it may do so
/// while it is loaded, too, and some faults only end with the second reset.
const TRIES: u32 = 3;

/// Resets a device and loads it again with `load`. `proceed` is asked before each step; a reset may take
/// as long as `reset`.
///
/// # Errors
/// Those of the last try; [`DeviceError::Cancelled`] of `proceed` ends it at once.
pub(crate) fn bring_back(
    device: &mut dyn Device,
    reset: Duration,
    load: &mut dyn FnMut(&mut dyn Device) -> Result<(), DeviceError>,
    proceed: &mut dyn FnMut() -> Result<(), DeviceError>,
) -> Result<(), DeviceError> {
    let mut attempt = || {
        proceed()?;
        device.reset(Instant::now() + reset)?;
        proceed()?;
        load(device)
    };
    let mut result = attempt();
    for _ in 1..TRIES {
        match result {
            Ok(()) | Err(DeviceError::Cancelled) => break,
            Err(_) => result = attempt(),
        }
    }
    result
}

/// Lets a device go that could not be brought back, if that is since it is gone: whoever wants it back, or
/// puts another in its place, must not have to wait for this process to end.
pub(crate) fn let_go_if_gone(
    device: &mut Box<dyn Device>,
    cause: &DeviceError,
    failure: &DeviceError,
) {
    let gone = |error: &DeviceError| matches!(error, DeviceError::Removed(_));
    if gone(failure) || gone(cause) && *failure != DeviceError::Cancelled {
        *device = Box::new(Gone {
            identity: device.identity().clone(),
            statistics: device.statistics(),
            error: failure.clone(),
        });
    }
}

/// In place of a device that was let go.
struct Gone {
    identity: Identity,
    statistics: Statistics,
    error: DeviceError,
}

impl Device for Gone {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn load_keys(
        &mut self,
        _: &EvaluationKey,
        _: Progress<'_>,
        _: Instant,
    ) -> Result<(), DeviceError> {
        Err(self.error.clone())
    }

    fn parameters(&self) -> Option<&ParameterSet> {
        None
    }

    fn load_luts(&mut self, _: LutSlot, _: &[&[u64]], _: Instant) -> Result<(), DeviceError> {
        Err(self.error.clone())
    }

    fn submit(&mut self, _: Batch) -> Result<BatchTag, DeviceError> {
        Err(self.error.clone())
    }

    fn wait(&mut self, _: Instant) -> Result<Finished, DeviceError> {
        Err(self.error.clone())
    }

    fn reset(&mut self, _: Instant) -> Result<(), DeviceError> {
        Err(self.error.clone())
    }

    fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}

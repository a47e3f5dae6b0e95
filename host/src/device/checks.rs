//! What every device checks before it takes something, and what its errors mean to who uses it.

use super::{Batch, Identity, LutSlot};
use gyrus_interface::{DeviceError, JobStatus, ParameterSet, layout};

/// Checks that tables have their length and a slot each.
pub(super) fn check_luts(
    identity: &Identity,
    set: &ParameterSet,
    first: LutSlot,
    luts: &[&[u64]],
) -> Result<(), DeviceError> {
    let size = layout::lut_words(set);
    if let Some(lut) = luts.iter().find(|lut| lut.len() != size) {
        return Err(DeviceError::Request(format!(
            "a look-up table has {} words, the parameters ask for {size}",
            lut.len()
        )));
    }
    let (count, slots) = (luts.len(), identity.lut_slots);
    if u64::from(first.0) + count as u64 > u64::from(slots) {
        return Err(DeviceError::Request(format!(
            "{count} look-up tables from slot {} on; the device has {slots} slots",
            first.0
        )));
    }
    Ok(())
}

/// Checks that a batch fits the loaded key and the device.
pub(super) fn check_batch(
    identity: &Identity,
    set: &ParameterSet,
    batch: &Batch,
) -> Result<(), DeviceError> {
    let (most, slots, size) = (identity.max_batch, identity.lut_slots, set.big_lwe_size());
    let count = batch.luts.len();
    let outputs = count.saturating_mul(usize::from(batch.samples));
    let words: usize = batch.inputs.iter().map(|part| part.len()).sum();
    if words != count * size {
        return Err(DeviceError::Request(format!(
            "{words} words are not {count} ciphertexts of {size} words"
        )));
    }
    if outputs == 0 || count > most || outputs > most {
        return Err(DeviceError::Request(format!(
            "a batch of {count} inputs and {outputs} outputs; the device takes 1 to {most}"
        )));
    }
    if let Some(LutSlot(slot)) = batch.luts.iter().find(|slot| slot.0 >= slots) {
        return Err(DeviceError::Request(format!(
            "look-up table slot {slot}; the device has {slots}"
        )));
    }
    Ok(())
}

/// Whether a failed batch may be tried again, and whether the device has to be reset first.
pub(crate) fn verdict(error: &DeviceError) -> (bool, bool) {
    match error {
        DeviceError::Job { status, .. } => match status {
            // A wrong checksum at a bootstrap is the key's, which has to be loaded again.
            JobStatus::KeysNotLoaded
            | JobStatus::LutNotLoaded
            | JobStatus::ChecksumMismatch
            | JobStatus::Internal => (true, true),
            JobStatus::BusError | JobStatus::Aborted => (true, false),
            _ => (false, false),
        },
        DeviceError::Request(_) | DeviceError::Parameters(_) | DeviceError::Cancelled => {
            (false, false)
        }
        _ => (true, true),
    }
}

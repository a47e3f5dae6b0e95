//! `gyrus info`

use super::error::CliError;
use super::machine::describe;
use super::output::{Output, bytes};
use crate::device::{self, DeviceChoice};
use crate::files::stored_key_bytes;
use crate::model;
use clap::Args;
use gyrus_interface::key_slice::POINT_WORDS;
use gyrus_interface::keyswitch_rows::beats_of_level;
use gyrus_interface::{INTERFACE_VERSION, ParameterSet, catalogue, layout};

#[derive(Debug, Args)]
pub(super) struct Arguments {}

/// Bytes of the evaluation key's images on a card, but for what its channels' widths add.
fn device_key_bytes(set: &ParameterSet) -> u64 {
    let points = set.polynomial_size.0 * set.pbs.level_count.0;
    let bootstrapping = set.lwe_dimension.0 * POINT_WORDS * points;
    let keyswitch =
        set.big_lwe_dimension().0 * set.keyswitch.level_count.0 * beats_of_level(set, 1);
    ((bootstrapping + keyswitch) * layout::WORD_BYTES) as u64
}

pub(super) fn run(_: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let devices = device::list().map_err(|source| CliError::Device {
        choice: DeviceChoice::Auto,
        source,
    })?;
    out.result(format_args!(
        "gyrus {}, device interface {INTERFACE_VERSION}",
        env!("CARGO_PKG_VERSION")
    ))?;
    out.result("\ndevices")?;
    for identity in &devices {
        out.result(format_args!("  {}", describe(identity)))?;
        out.result(format_args!(
            "    {} look-up table slots, batches of up to {} bootstraps, {} in flight",
            identity.lut_slots, identity.max_batch, identity.max_in_flight
        ))?;
    }
    out.result("\nparameter sets (the first one is used unless --parameters says otherwise)")?;
    for set in catalogue::secure_sets().iter().chain(&[catalogue::toy()]) {
        let note = if set.is_insecure() {
            "  FOR TESTS ONLY, PROTECTS NOTHING"
        } else {
            ""
        };
        out.result(format_args!("  {}{note}", set.name))?;
        out.result(format_args!(
            "    n = {}, N = {}, k = {}, l = {}, base 2^{}; failure probability of a bootstrap \
             2^{:.0}",
            set.lwe_dimension,
            set.polynomial_size,
            set.glwe_dimension,
            set.pbs.level_count,
            set.pbs.base_log,
            set.log2_p_fail
        ))?;
        out.result(format_args!(
            "    evaluation key: {} on disk, {} on a card (or a little more); ciphertext {}",
            bytes(stored_key_bytes(set) as u64),
            bytes(device_key_bytes(set)),
            bytes((set.big_lwe_size() * layout::WORD_BYTES) as u64)
        ))?;
    }
    let network = model::digits().map_err(|source| CliError::Model {
        model: "digits".into(),
        source,
    })?;
    out.result("\nmodel in the program")?;
    out.result(format_args!(
        "  {}: {} inputs, {} classes, {} bootstraps an image",
        network.reference(),
        network.inputs(),
        network.outputs(),
        network.bootstraps()
    ))
}

//! `gyrus info`

use super::error::CliError;
use super::output::{Output, bytes};
use crate::device::{self, DeviceChoice, DeviceOptions};
use crate::files::stored_key_bytes;
use crate::model;
use crate::pcie::{Function, IDS_VARIABLE, PcieError, wanted};
use clap::Args;
use gyrus_interface::card::{Capabilities, Channels};
use gyrus_interface::key_slice::POINT_WORDS;
use gyrus_interface::keyswitch_rows::beats_of_level;
use gyrus_interface::{DeviceError, INTERFACE_VERSION, ParameterSet, catalogue, layout};

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

/// What the kernel and the card itself say of a card, and what has to be done before it can be used.
fn show_card(
    function: &Function,
    says: &Result<Capabilities, DeviceError>,
    out: &mut Output,
) -> Result<(), CliError> {
    let driver = function.driver.as_deref().unwrap_or("none");
    let group = function.group.as_ref().map_or("none".to_owned(), |group| {
        format!("{} {}", group.number, group.kind)
    });
    let node = function
        .numa_node
        .map_or_else(String::new, |node| format!(", NUMA node {node}"));
    out.result(format_args!(
        "  pcie:{} ({}), driver {driver}, IOMMU group {}, BAR0 of {}, {}{node}, by way of {}",
        function.address,
        function.id,
        group.trim_end(),
        bytes(function.bar_bytes),
        if function.enabled { "on" } else { "off" },
        function.path
    ))?;
    match says {
        Ok(card) => show_capabilities(card, out)?,
        Err(error) if function.obstacles.is_empty() => {
            out.result(format_args!("    cannot be used: {error}"))?;
        }
        Err(_) => (),
    }
    for obstacle in &function.obstacles {
        out.result(format_args!("    cannot be used: {obstacle}"))?;
    }
    Ok(())
}

fn show_capabilities(card: &Capabilities, out: &mut Output) -> Result<(), CliError> {
    out.result(format_args!(
        "    interface {}, build {:08x}, {} lanes at {} MHz, {} ciphertexts at a time",
        card.version,
        card.build,
        card.lanes,
        f64::from(card.clock_khz) / 1000.0,
        card.slots
    ))?;
    out.result(format_args!(
        "    N up to {}, k up to {}, l up to {}; {} look-up table slots, batches of up to {} bootstraps",
        1u64 << card.max_log2_n,
        card.max_k,
        card.max_levels,
        card.lut_slots,
        card.max_batch
    ))?;
    let channels = |channels: Channels| format!("{} x {} words", channels.count, channels.words);
    out.result(format_args!(
        "    {} of memory; channels: bootstrapping key {}, key switching key {}",
        bytes(card.memory_bytes()),
        channels(card.key),
        channels(card.keyswitch)
    ))
}

pub(super) fn run(_: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let devices = device::list(DeviceOptions::default()).map_err(|source| CliError::Device {
        choice: DeviceChoice::Auto,
        source,
    })?;
    out.result(format_args!(
        "gyrus {}, device interface {INTERFACE_VERSION}",
        env!("CARGO_PKG_VERSION")
    ))?;
    out.result("\ncards on PCIe")?;
    if devices.cards.is_empty() {
        let none = PcieError::NoCard(wanted(&[]).map_err(|error| CliError::Device {
            choice: DeviceChoice::Pcie(None),
            source: error.into(),
        })?);
        out.result(format_args!(
            "  none: {none} (others are named by {IDS_VARIABLE})"
        ))?;
    }
    for (function, says) in &devices.cards {
        show_card(function, says, out)?;
    }
    let identity = &devices.simulator;
    out.result("\nsimulator")?;
    out.result(format_args!("  {}", identity.name))?;
    out.result(format_args!(
        "    {} look-up table slots, batches of up to {} bootstraps, {} in flight",
        identity.lut_slots, identity.max_batch, identity.max_in_flight
    ))?;
    out.result("\nparameter sets (the first one is used unless --parameters says otherwise)")?;
    for set in &catalogue::all_sets() {
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

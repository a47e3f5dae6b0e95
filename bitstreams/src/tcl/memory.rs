//! Memory controllers whose pins are in a project of their own: that it is for this FPGA and these clocks, and has a
//! place for every pin of theirs.

use super::design::Design;
use super::{Parameters, Pin, TclError};
use crate::mig;
use std::collections::BTreeMap;
use std::path::Path;

/// The property with the project's file.
const PROJECT: &str = "XML_INPUT_FILE";

/// The bits of pins that projects place, each with the package's pin.
pub(super) fn place(
    design: &Design,
    parameters: &Parameters,
    pins: &[Pin],
) -> Result<BTreeMap<String, String>, TclError> {
    let mut placed = BTreeMap::new();
    for (name, cell) in &design.cells {
        let Some(file) = cell.properties.get(PROJECT) else {
            continue;
        };
        let object = format!("cell '{name}'");
        let mut project = mig::read(Path::new(file))?;
        agrees(&object, "part", &project.part, &parameters.part)?;
        let mhz = project
            .port_mhz()
            .map_or_else(|| "odd".to_owned(), |mhz| mhz.to_string());
        agrees(&object, "MHz", &mhz, &parameters.memory_mhz.to_string())?;
        let inside = |end: &str| {
            let cell = end.split_once('/').map(|(cell, _)| cell);
            cell == Some(name.as_str())
        };
        let ends = design.buses.iter().map(|(first, second)| (first, second));
        let outside = ends.filter_map(|(first, second)| {
            let port = if inside(first) { second } else { first };
            let between = inside(first) != inside(second);
            (between && design.bus_ports.contains_key(port)).then(|| format!("{port}_"))
        });
        for prefix in outside {
            for pin in pins.iter().filter(|pin| pin.port.starts_with(&prefix)) {
                for bit in pin.bits() {
                    // A bus of one bit is a plain port.
                    let pad = project.pads.remove(&bit);
                    let pad = pad.or_else(|| project.pads.remove(&format!("{bit}[0]")));
                    let pad = pad.ok_or_else(|| TclError::Unset {
                        object: object.clone(),
                        property: bit.clone(),
                    })?;
                    placed.insert(bit, pad);
                }
            }
        }
        if let Some(pad) = project.pads.into_keys().next() {
            return Err(TclError::Nothing(format!("port '{pad}' of {object}")));
        }
    }
    Ok(placed)
}

fn agrees(object: &str, property: &str, value: &str, wanted: &str) -> Result<(), TclError> {
    if value == wanted {
        return Ok(());
    }
    Err(TclError::Value {
        object: object.to_owned(),
        property: property.to_owned(),
        value: value.to_owned(),
        allowed: wanted.to_owned(),
    })
}

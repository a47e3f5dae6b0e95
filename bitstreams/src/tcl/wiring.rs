//! Nets and buses of a block design: every end there and used once, nothing left open.

use super::TclError;
use super::design::Design;
use super::list::{Direction, Mode, PinKind};
use std::collections::{BTreeMap, BTreeSet};

/// A pin or a port on a net.
struct End {
    /// Whether it drives the net.
    drives: bool,
    kind: PinKind,
    width: usize,
}

fn described(end: &str) -> String {
    let what = if end.contains('/') { "pin" } else { "port" };
    format!("{what} '{end}'")
}

/// Checks all of it.
pub(super) fn check(design: &Design) -> Result<(), TclError> {
    nets(design)?;
    buses(design)?;
    networks(design)
}

/// Every interface of a network belongs to one of its clocks.
fn networks(design: &Design) -> Result<(), TclError> {
    for (name, cell) in design.cells.iter().filter(|(_, cell)| cell.network) {
        let clocks = cell.shape.pins.keys().filter_map(|pin| {
            let properties = design.pin_properties.get(&format!("{name}/{pin}"))?;
            properties.get("ASSOCIATED_BUSIF")
        });
        let mut clocked = BTreeSet::new();
        for interface in clocks.flat_map(|list| list.split(':')) {
            let end = format!("{name}/{interface}");
            if !cell.shape.interfaces.contains_key(interface) {
                return Err(TclError::Nothing(described(&end)));
            }
            if !clocked.insert(end.clone()) {
                return Err(TclError::Twice(described(&end)));
            }
        }
        for (interface, shape) in &cell.shape.interfaces {
            let end = format!("{name}/{interface}");
            if shape.pads.is_none() && !clocked.contains(&end) {
                return Err(TclError::Clockless(end));
            }
        }
    }
    Ok(())
}

fn end(design: &Design, name: &str) -> Result<End, TclError> {
    let nothing = || TclError::Nothing(described(name));
    if let Some((cell, pin)) = name.split_once('/') {
        let cell = design.cells.get(cell).ok_or_else(nothing)?;
        let pin = cell.shape.pins.get(pin).ok_or_else(nothing)?;
        return Ok(End {
            drives: pin.direction == Direction::Out,
            kind: pin.kind,
            width: pin.width,
        });
    }
    let port = design.ports.get(name).ok_or_else(nothing)?;
    Ok(End {
        drives: port.direction == Direction::In,
        kind: port.kind,
        width: port.width,
    })
}

fn nets(design: &Design) -> Result<(), TclError> {
    // A net is named by its source, from which calls may lead on.
    let mut of_source: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut used = BTreeSet::new();
    for net in &design.nets {
        let mut sources = Vec::new();
        let mut sinks = Vec::new();
        for name in net {
            let end = end(design, name)?;
            if end.drives {
                sources.push((name.as_str(), end));
            } else {
                sinks.push((name.as_str(), end));
            }
        }
        let [(source, from)] = sources.as_slice() else {
            return Err(TclError::Sources {
                count: sources.len(),
                ends: net.join(", "),
            });
        };
        for (sink, wanted) in sinks {
            if !used.insert(sink) {
                return Err(TclError::Twice(described(sink)));
            }
            // A reset may come from any signal, a clock from a clock only.
            let clocks = (wanted.kind == PinKind::Clock) == (from.kind == PinKind::Clock);
            if !clocks || wanted.width != from.width {
                return Err(TclError::Bus {
                    first: described(source),
                    second: described(sink),
                });
            }
            of_source.entry(source).or_default().insert(sink);
        }
    }
    for (name, cell) in &design.cells {
        for (pin, shape) in &cell.shape.pins {
            let end = format!("{name}/{pin}");
            let there = match shape.direction {
                Direction::In => used.contains(end.as_str()),
                // What a cell says need not be heard.
                Direction::Out => true,
            };
            if !there && !shape.optional {
                return Err(TclError::Unconnected(described(&end)));
            }
        }
    }
    for (name, port) in &design.ports {
        let there = match port.direction {
            Direction::In => of_source.contains_key(name.as_str()),
            Direction::Out => used.contains(name.as_str()),
        };
        if !there {
            return Err(TclError::Unconnected(described(name)));
        }
    }
    Ok(())
}

/// An interface on a bus: whether it is the bus' master, and the bus' kind. A port of the design is the other way
/// round from inside.
pub(super) fn interface<'a>(design: &'a Design, name: &str) -> Result<(Mode, &'a str), TclError> {
    let nothing = || TclError::Nothing(described(name));
    if let Some((cell, interface)) = name.split_once('/') {
        let cell = design.cells.get(cell).ok_or_else(nothing)?;
        let interface = cell.shape.interfaces.get(interface).ok_or_else(nothing)?;
        return Ok((interface.mode, &interface.vlnv));
    }
    let port = design.bus_ports.get(name).ok_or_else(nothing)?;
    let inside = match port.mode {
        Mode::Master => Mode::Slave,
        Mode::Slave => Mode::Master,
    };
    Ok((inside, &port.vlnv))
}

fn buses(design: &Design) -> Result<(), TclError> {
    let mut used = BTreeSet::new();
    for (first, second) in &design.buses {
        let ((first_mode, first_kind), (second_mode, second_kind)) =
            (interface(design, first)?, interface(design, second)?);
        if first_mode == second_mode || first_kind != second_kind {
            return Err(TclError::Bus {
                first: described(first),
                second: described(second),
            });
        }
        for end in [first, second] {
            if !used.insert(end.clone()) {
                return Err(TclError::Twice(described(end)));
            }
        }
    }
    let cells = design.cells.iter().flat_map(|(name, cell)| {
        let interfaces = cell.shape.interfaces.iter();
        let needed = interfaces.filter(|(_, shape)| !shape.optional);
        needed.map(move |(interface, _)| format!("{name}/{interface}"))
    });
    for end in cells.chain(design.bus_ports.keys().cloned()) {
        if !used.contains(&end) {
            return Err(TclError::Unconnected(described(&end)));
        }
    }
    Ok(())
}

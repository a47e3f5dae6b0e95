//! Addresses of a block design: what a master reaches has a place for it, and no place is taken twice.

use super::TclError;
use super::design::{Assignment, Design};
use super::list::{Mode, words};
use super::wiring::interface;
use std::collections::BTreeMap;

/// A slave's segments: their names, 'cell/map/segment' or 'port/Reg', and bytes where these are given.
type Segments = Vec<(String, Option<u128>)>;

/// Checks all of it; buses have been checked before.
pub(super) fn check(design: &Design) -> Result<(), TclError> {
    let masters = masters(design)?;
    for assignment in &design.assignments {
        if !masters.contains_key(assignment.space.as_str()) {
            return Err(wrong(assignment, "is of no master"));
        }
    }
    for (space, segments) in &masters {
        let here: Vec<&Assignment> = {
            let assignments = design.assignments.iter();
            assignments.filter(|a| a.space == *space).collect()
        };
        for (segment, _) in segments {
            if !here.iter().any(|assignment| assignment.segment == *segment) {
                return Err(TclError::Address {
                    space: space.clone(),
                    segment: segment.clone(),
                    what: "has no address".to_owned(),
                });
            }
        }
        for (index, assignment) in here.iter().enumerate() {
            let known = segments.iter().find(|known| known.0 == assignment.segment);
            let known = known.ok_or_else(|| wrong(assignment, "is not reached"))?;
            place(assignment, known.1)?;
            for other in &here[..index] {
                let apart = assignment.offset + assignment.bytes <= other.offset
                    || other.offset + other.bytes <= assignment.offset;
                if !apart {
                    let what = format!("overlaps '{}'", other.segment);
                    return Err(wrong(assignment, &what));
                }
                if assignment.segment == other.segment {
                    return Err(wrong(assignment, "has two addresses"));
                }
            }
        }
    }
    Ok(())
}

fn wrong(assignment: &Assignment, what: &str) -> TclError {
    TclError::Address {
        space: assignment.space.clone(),
        segment: assignment.segment.clone(),
        what: what.to_owned(),
    }
}

fn place(assignment: &Assignment, bytes: Option<u128>) -> Result<(), TclError> {
    if !assignment.bytes.is_power_of_two() || !assignment.offset.is_multiple_of(assignment.bytes) {
        return Err(wrong(assignment, "is no power of two at a multiple of it"));
    }
    if assignment.offset + assignment.bytes > 1 << 64 {
        return Err(wrong(assignment, "ends above 64 bits"));
    }
    match bytes {
        Some(bytes) if bytes != assignment.bytes => {
            Err(wrong(assignment, &format!("has {bytes} bytes")))
        }
        _ => Ok(()),
    }
}

/// The masters that have addresses to give, with the segments that they reach.
fn masters(design: &Design) -> Result<BTreeMap<String, Segments>, TclError> {
    let mut masters = BTreeMap::new();
    for (first, second) in &design.buses {
        for (from, to) in [(first, second), (second, first)] {
            let passed = from
                .split_once('/')
                .is_some_and(|(cell, _)| passes(design, cell));
            if interface(design, from)?.0 == Mode::Master && !passed {
                let segments = reached(design, to, 0)?;
                if !segments.is_empty() {
                    masters.insert(from.clone(), segments);
                }
            }
        }
    }
    Ok(masters)
}

/// Whether a cell hands on what others ask for.
fn passes(design: &Design, cell: &str) -> bool {
    let cell = design.cells.get(cell);
    cell.is_some_and(|cell| cell.passes || cell.network)
}

/// Bytes of a pseudo channel of Versal's memory.
const PSEUDO_CHANNEL: u128 = 1 << 30;

/// What a slave of a network is joined to: pseudo channels of the memory, two ports each, and masters.
fn joined(design: &Design, name: &str, pin: &str, depth: usize) -> Result<Segments, TclError> {
    let slave = format!("{name}/{pin}");
    let nothing = || TclError::Nothing(format!("connection of '{slave}'"));
    let properties = design.pin_properties.get(&slave).ok_or_else(nothing)?;
    let connections = properties.get("CONNECTIONS").ok_or_else(nothing)?;
    let mut segments: Segments = Vec::new();
    for target in words(connections).iter().step_by(2) {
        let memory = target
            .strip_prefix("HBM")
            .and_then(|rest| rest.split_once("_PORT"));
        if let Some((controller, port)) = memory {
            let port: usize = port.parse().map_err(|_| nothing())?;
            let segment = format!("{slave}/HBM{controller}_PC{}", port / 2);
            segments.push((segment, Some(PSEUDO_CHANNEL)));
        } else {
            let other = behind(design, &format!("{name}/{target}")).ok_or_else(nothing)?;
            segments.extend(reached(design, other, depth + 1)?);
        }
    }
    Ok(segments)
}

/// What an interface is connected to.
fn behind<'a>(design: &'a Design, from: &str) -> Option<&'a String> {
    design.buses.iter().find_map(|(first, second)| {
        let second_of = (first == from).then_some(second);
        second_of.or_else(|| (second == from).then_some(first))
    })
}

/// The segments behind an interface of a slave.
fn reached(design: &Design, slave: &str, depth: usize) -> Result<Segments, TclError> {
    let Some((name, pin)) = slave.split_once('/') else {
        // A port, behind which there is something that has addresses.
        let port = design.bus_ports.get(slave);
        let addressed = port.is_some_and(|port| port.properties.contains_key("ADDR_WIDTH"));
        let segments = addressed.then(|| (format!("{slave}/Reg"), None));
        return Ok(segments.into_iter().collect());
    };
    let nothing = || TclError::Nothing(format!("pin '{slave}'"));
    let cell = design.cells.get(name).ok_or_else(nothing)?;
    if cell.network {
        let interface = cell.shape.interfaces.get(pin).ok_or_else(nothing)?;
        // Of the board's pins there is nothing behind.
        return match interface.pads {
            Some(_) => Ok(Segments::new()),
            None if depth > design.cells.len() => Err(nothing()),
            None => joined(design, name, pin, depth),
        };
    }
    if !cell.passes {
        let interface = cell.shape.interfaces.get(pin).ok_or_else(nothing)?;
        let segments = interface.segments.iter();
        return Ok(segments
            .map(|(segment, bytes)| (format!("{name}/{segment}"), *bytes))
            .collect());
    }
    // A ring of interconnects would be no design.
    if depth > design.cells.len() {
        return Err(nothing());
    }
    let mut segments = Vec::new();
    for (interface, shape) in &cell.shape.interfaces {
        if shape.mode == Mode::Master {
            let from = format!("{name}/{interface}");
            let other = behind(design, &from);
            segments.extend(reached(design, other.ok_or_else(nothing)?, depth + 1)?);
        }
    }
    Ok(segments)
}

//! Addresses of a block design: what a master reaches has a place for it, and no place is taken twice.

use super::TclError;
use super::design::{Assignment, Design};
use super::list::Mode;
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
                .is_some_and(|(cell, _)| design.cells.get(cell).is_some_and(|cell| cell.passes));
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
            let other = design.buses.iter().find_map(|(first, second)| {
                let second_of = (*first == from).then_some(second);
                second_of.or_else(|| (*second == from).then_some(first))
            });
            segments.extend(reached(design, other.ok_or_else(nothing)?, depth + 1)?);
        }
    }
    Ok(segments)
}

//! How deep logic is: the longest path between two registers, in LUTs and carry blocks.
//!
//! A level of LUTs costs a delay and wires, a carry block next to nothing beside; so a path is as long as its LUTs
//! first, and its carry blocks second. What a part's tools make of it, only they know.

use super::{Bit, Kind, Module, NetlistError};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Path {
    /// LUTs on it.
    pub luts: u32,
    /// Carry blocks on it.
    pub carries: u32,
}

/// A path goes through such cells.
const fn passes(kind: Kind) -> bool {
    matches!(kind, Kind::Lut | Kind::Carry | Kind::Free)
}

pub(super) fn longest(module: &Module) -> Result<Path, NetlistError> {
    let mut driver: HashMap<u64, usize> = HashMap::new();
    for (number, cell) in module.cells.iter().enumerate() {
        for bit in &cell.outputs {
            if let Bit::Net(net) = bit {
                driver.insert(*net, number);
            }
        }
    }
    // Cells in front of others first, without recursion: a carry chain can be long.
    let mut states = vec![State::New; module.cells.len()];
    let mut lengths = vec![Path::default(); module.cells.len()];
    for first in 0..module.cells.len() {
        let mut stack = vec![first];
        while let Some(&number) = stack.last() {
            let cell = &module.cells[number];
            if !passes(cell.kind) || states[number] == State::Done {
                states[number] = State::Done;
                stack.pop();
                continue;
            }
            let before = cell.inputs.iter().filter_map(|bit| match bit {
                Bit::Net(net) => driver.get(net).copied(),
                Bit::Constant(_) => None,
            });
            let before: Vec<usize> = before
                .filter(|driver| passes(module.cells[*driver].kind))
                .collect();
            let mut waits = false;
            for &other in &before {
                match states[other] {
                    State::Done => (),
                    State::New => {
                        stack.push(other);
                        waits = true;
                    }
                    State::Open => return Err(NetlistError::Loop(module.name.clone())),
                }
            }
            if waits {
                // All above it in the stack is in front of it: whoever meets it there has come round.
                states[number] = State::Open;
                continue;
            }
            let longest = before.iter().map(|other| lengths[*other]).max();
            let mut length = longest.unwrap_or_default();
            match cell.kind {
                Kind::Lut => length.luts += 1,
                Kind::Carry => length.carries += 1,
                _ => (),
            }
            lengths[number] = length;
            states[number] = State::Done;
            stack.pop();
        }
    }
    Ok(lengths.into_iter().max().unwrap_or_default())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

#[cfg(test)]
mod tests {
    use super::super::{NetlistError, parse};
    use super::*;

    /// A module of cells: kind, nets in, net out.
    fn module(cells: &[(&str, &[u64], u64)]) -> Module {
        let cells: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(number, (kind, inputs, output))| {
                format!(
                    r#""c{number}": {{"type": "{kind}", "port_directions": {{"I": "input", "O": "output"}},
                    "connections": {{"I": {inputs:?}, "O": [{output}]}}}}"#
                )
            })
            .collect();
        let text = format!(
            r#"{{"modules": {{"top": {{"cells": {{{}}}}}}}}}"#,
            cells.join(",")
        );
        parse(&text, |_| true).unwrap().remove(0)
    }

    #[test]
    fn paths_go_through_logic_and_end_at_registers() {
        let path = |cells: &[(&str, &[u64], u64)]| {
            let path = module(cells).longest_path().unwrap();
            (path.luts, path.carries)
        };
        assert_eq!(path(&[]), (0, 0));
        assert_eq!(
            path(&[("LUT2", &[1, 2], 3), ("CARRY4", &[3], 4), ("LUT1", &[4], 5)]),
            (2, 1)
        );
        // Behind a register a path begins anew; an instance of a module is as good as one.
        assert_eq!(
            path(&[("LUT1", &[1], 2), ("FDRE", &[2], 3), ("LUT1", &[3], 4)]),
            (1, 0)
        );
        assert_eq!(
            path(&[("LUT1", &[1], 2), ("gyrus_x", &[2], 3), ("LUT1", &[3], 4)]),
            (1, 0)
        );
        // A loop through a register is none; one without is.
        assert_eq!(path(&[("LUT1", &[1], 2), ("FDRE", &[2], 1)]), (1, 0));
        let round = module(&[("LUT1", &[1], 2), ("LUT1", &[2], 1)]).longest_path();
        assert!(matches!(round, Err(NetlistError::Loop(name)) if name == "top"));
    }

    #[test]
    fn unknown_cells_are_named() {
        let text =
            r#"{"modules": {"top": {"cells": {"c": {"type": "LATCH", "connections": {}}}}}}"#;
        let error = parse(text, |_| true).unwrap_err().to_string();
        assert!(error.contains("LATCH") && error.contains("top"), "{error}");
    }
}

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

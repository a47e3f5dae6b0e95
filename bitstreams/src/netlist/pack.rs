//! Two LUTs in one place.
//!
//! A LUT of the 7 series and of UltraScale+ is two LUTs of five inputs, the same ones, with an output each
//! (UG474 and UG574, "Look-Up Table"): two functions of at most five inputs together take one place. Synthesis
//! counts functions. Placement puts such pairs together, or does not where it would hurt the clock, so what is
//! found here is the least that a part needs, not what a vendor's tool will say.

use super::{Bit, Kind, Module};
use std::collections::{BTreeSet, HashMap};

/// Inputs of a place with two outputs.
const SHARED_INPUTS: usize = 5;

/// How many LUTs of a module find a partner: greedily, those with the most inputs in common first.
pub(super) fn paired(module: &Module) -> u64 {
    let inputs: Vec<BTreeSet<u64>> = module
        .cells
        .iter()
        .filter(|cell| cell.kind == Kind::Lut)
        .map(|cell| {
            let nets = cell.inputs.iter().filter_map(|bit| match bit {
                Bit::Net(net) => Some(*net),
                Bit::Constant(_) => None,
            });
            nets.collect()
        })
        .filter(|inputs: &BTreeSet<u64>| inputs.len() <= SHARED_INPUTS)
        .collect();
    let mut on_net: HashMap<u64, Vec<usize>> = HashMap::new();
    for (lut, nets) in inputs.iter().enumerate() {
        for net in nets {
            on_net.entry(*net).or_default().push(lut);
        }
    }
    let mut taken = vec![false; inputs.len()];
    let mut paired = 0;
    // With all inputs in common, or nearly: full adders, multiplexers of one selection.
    for least in (1..=SHARED_INPUTS).rev() {
        for lut in 0..inputs.len() {
            if taken[lut] || inputs[lut].len() < least {
                continue;
            }
            let partner = partner(lut, least, &inputs, &on_net, &taken);
            if let Some(partner) = partner {
                taken[lut] = true;
                taken[partner] = true;
                paired += 2;
            }
        }
    }
    paired
}

/// Most neighbours that are looked at on a net: a net of many is a selection or an enable.
const NEIGHBOURS: usize = 64;

/// A free LUT with at least so many inputs in common that fits beside this one.
fn partner(
    lut: usize,
    least: usize,
    inputs: &[BTreeSet<u64>],
    on_net: &HashMap<u64, Vec<usize>>,
    taken: &[bool],
) -> Option<usize> {
    let own = &inputs[lut];
    let neighbours = own.iter().filter_map(|net| on_net.get(net));
    neighbours
        .flat_map(|luts| {
            // Those that follow it in the module, where its like is.
            let from = luts.partition_point(|other| *other <= lut);
            luts[from..].iter().take(NEIGHBOURS).copied()
        })
        .find(|other| {
            let common = own.intersection(&inputs[*other]).count();
            let union = own.len() + inputs[*other].len() - common;
            !taken[*other] && common >= least && union <= SHARED_INPUTS
        })
}

#[cfg(test)]
mod tests {
    use super::super::Cell;
    use super::*;
    use std::collections::BTreeMap;

    fn lut(inputs: &[u64]) -> Cell {
        Cell {
            kind: Kind::Lut,
            name: format!("LUT{}", inputs.len()),
            inputs: inputs.iter().map(|net| Bit::Net(*net)).collect(),
            outputs: vec![Bit::Net(1000 + inputs[0])],
            ports: BTreeMap::new(),
        }
    }

    fn paired_of(luts: &[&[u64]]) -> u64 {
        paired(&Module {
            name: "test".to_owned(),
            cells: luts.iter().map(|inputs| lut(inputs)).collect(),
            outputs: Vec::new(),
        })
    }

    #[test]
    fn two_functions_of_five_inputs_are_one_place() {
        // A full adder.
        assert_eq!(paired_of(&[&[1, 2, 3], &[1, 2, 3]]), 2);
        // Five together, six together.
        assert_eq!(paired_of(&[&[1, 2, 3], &[3, 4, 5]]), 2);
        assert_eq!(paired_of(&[&[1, 2, 3], &[3, 4, 5, 6]]), 0);
        // Six inputs leave no room.
        assert_eq!(paired_of(&[&[1, 2, 3, 4, 5, 6], &[1]]), 0);
        // Nothing in common is not looked for: a place for two strangers is no help to the wires.
        assert_eq!(paired_of(&[&[1, 2], &[3, 4]]), 0);
        // The better partner is taken, and each only once.
        assert_eq!(paired_of(&[&[1, 2, 3], &[3, 4], &[1, 2, 3]]), 2);
        assert_eq!(paired_of(&[&[1, 2, 3], &[3, 4], &[1, 2, 3], &[3, 9, 4]]), 4);
    }
}

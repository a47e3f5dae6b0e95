//! What the units of a card take: the parts that synthesis found, put together by what they do.

use crate::synthesis::{Breakdown, Synthesis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Units in the order of the data's way, each with how the paths of its parts begin. The first that a part matches
/// has it, so what is inside another unit comes before it.
const UNITS: [(&str, &[&str]); 15] = [
    ("modulus switch", &["core/modulus_switch"]),
    (
        "tables and results",
        &[
            "core/tables",
            "core/table_",
            "core/results",
            "core/sample_extract",
            "core/deliver",
        ],
    ),
    ("accumulators", &["core/accumulator"]),
    ("decompose", &["core/decompose"]),
    ("forward: twiddle factors", &["core/forward/twiddle"]),
    ("forward: exchanges", &["core/forward/exchanges"]),
    ("forward: butterflies", &["core/forward"]),
    ("multiply-accumulate", &["core/mac"]),
    ("inverse: twiddle factors", &["core/inverse/twiddle"]),
    ("inverse: exchanges", &["core/inverse/exchanges"]),
    ("inverse: butterflies", &["core/inverse"]),
    (
        "switch back to 2^64",
        &["core/switch_modulus", "core/words"],
    ),
    ("key store", &["core/key_store"]),
    ("key switch", &["keyswitch/"]),
    ("control of the core", &["core/"]),
];

/// Everything else: registers, jobs, AXI.
const REST: &str = "registers, jobs, AXI";

/// A unit of a card that was synthesised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredUnit {
    /// What it is.
    pub name: String,
    /// Places for LUTs of all kinds.
    pub lut_places: u64,
    /// Flip-flops.
    pub ff: u64,
    /// DSP blocks.
    pub dsp: u64,
    /// Block RAMs of 36 kbit, if all larger memories are made of them.
    pub bram36: u64,
    /// LUTs one behind the other on the longest path.
    pub luts_deep: u64,
    /// Carry blocks on it.
    pub carries_deep: u64,
    /// The module that it is in.
    pub deepest: String,
}

impl MeasuredUnit {
    /// What was found of a unit.
    #[must_use]
    pub fn new(name: &str, found: &Synthesis) -> Self {
        let halves = found.memories.iter().map(|(shape, n)| n * shape.ram18());
        let deepest = found.deepest.as_ref();
        Self {
            name: name.to_owned(),
            lut_places: found.lut_places(),
            ff: found.ff,
            dsp: found.dsp,
            bram36: halves.sum::<u64>().div_ceil(2),
            luts_deep: deepest.map_or(0, |(path, _)| path.luts.into()),
            carries_deep: deepest.map_or(0, |(path, _)| path.carries.into()),
            deepest: deepest.map_or(String::new(), |(_, module)| module.clone()),
        }
    }
}

/// The unit that a part belongs to.
fn unit_of(path: &str) -> &'static str {
    let found = UNITS
        .iter()
        .find(|(_, begins)| begins.iter().any(|begin| path.starts_with(begin)));
    found.map_or(REST, |(name, _)| name)
}

/// The units of a card, in the order of the data's way.
#[must_use]
pub fn units(breakdown: &Breakdown) -> Vec<MeasuredUnit> {
    let mut sums: BTreeMap<&str, Synthesis> = BTreeMap::new();
    for (path, part) in &breakdown.parts {
        sums.entry(unit_of(path)).or_default().add(part, 1);
    }
    let names = UNITS.iter().map(|(name, _)| *name).chain([REST]);
    names
        .filter_map(|name| sums.get(name).map(|sum| MeasuredUnit::new(name, sum)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_belong_to_units() {
        for (path, unit) in [
            ("core/forward/twiddle_v2", "forward: twiddle factors"),
            ("core/forward/stages_v3", "forward: butterflies"),
            ("core/forward/(between)", "forward: butterflies"),
            ("core/inverse/exchanges", "inverse: exchanges"),
            ("core/key_store/digest_v2", "key store"),
            ("core/sequencer", "control of the core"),
            ("core/(between)", "control of the core"),
            ("keyswitch/sums", "key switch"),
            ("keyswitch_reader", REST),
            ("execute", REST),
            ("(between)", REST),
        ] {
            assert_eq!(unit_of(path), unit, "{path}");
        }
    }
}

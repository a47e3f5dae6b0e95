//! What units take, in one table: this repository's `bitstreams/UNITS.md`.

use super::FlowError;
use crate::resources::{ChooseError, MeasuredCard, MeasuredUnit, measured};
use serde::Deserialize;
use std::fmt::Write as _;

/// What is published of others.
const PUBLISHED: &str = include_str!("../../published.toml");

/// Lanes that the table has columns for, if they were measured.
const SHOWN: [u32; 4] = [2, 8, 32, 128];

/// The row of everything.
const ALL: &str = "all";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    unit: Vec<PublishedUnit>,
}

/// The structure of a unit elsewhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedUnit {
    name: String,
    #[serde(default)]
    hpu: String,
    #[serde(default)]
    tfhe_pu: String,
}

/// The text of UNITS.md.
///
/// # Errors
/// [`FlowError`] if the files of what was measured or published cannot be read, which the tests rule out.
pub fn units() -> Result<String, FlowError> {
    let measured = measured().map_err(ChooseError::from)?;
    let published: Published = toml::from_str(PUBLISHED).map_err(FlowError::Published)?;
    let mut text = format!(
        "# What units take

Printed by `scripts/bitstream units` from `measured.toml`, which `scripts/bitstream measure` makes: synthesis of whole
cards by unit, with all that is constant or unused where a unit stands, and memories by calculation.
{}.

A cell: places for LUTs (the least: all that can be are placed two by two, so fewer than the LUTs that a count of
cells says), flip-flops, DSP blocks, block RAMs of 36 kbit. Yosys puts no register into a DSP block of UltraScale+, but
for the 7 series it does: hence the flip-flops of a multiplication.

Deepest: the longest path of LUTs + carry blocks, of the card with the most lanes. It begins and ends at a register, a
memory, a DSP block or the edge of a module, and wires do not count, so it says what to look at first: the clock is
limited by the deepest of these or by a multiplication (a DSP block between two registers), whatever the vendor's tools
make of them. On the ECP5, where all of it was placed and routed, it is a multiplier ([report](ecp5/report.txt)).

The last two columns are structure as published; resources by unit are not, where we could read them. Their sources and
conditions: [published.toml](published.toml).
",
        measured.tool
    );
    let mut families: Vec<&str> = measured
        .card
        .iter()
        .map(|card| card.family.as_str())
        .collect();
    families.dedup();
    for family in families {
        let of_family = measured.card.iter().filter(|card| card.family == family);
        let cards: Vec<&MeasuredCard> = of_family
            .filter(|card| SHOWN.contains(&card.lanes))
            .collect();
        let alone = measured.alone.iter().filter(|alone| alone.family == family);
        let alone: Vec<&MeasuredUnit> = alone.map(|alone| &alone.unit).collect();
        let _ = write!(
            text,
            "\n## {}\n\n{}",
            title(family),
            table(&cards, &alone, &published)
        );
    }
    Ok(text)
}

fn title(family: &str) -> String {
    match family {
        "xcup" => "UltraScale+ (`synth_xilinx -family xcup`)".to_owned(),
        "xc7" => "7 series (`synth_xilinx -family xc7`)".to_owned(),
        other => format!("`synth_xilinx -family {other}`"),
    }
}

/// Rows of units, columns of cards.
fn table(cards: &[&MeasuredCard], alone: &[&MeasuredUnit], published: &Published) -> String {
    let mut text = "| unit |".to_owned();
    for card in cards {
        let _ = write!(text, " P = {} |", card.lanes);
    }
    text += " deepest | HPU | tfhe-PU |\n|---|";
    text += &"---|".repeat(cards.len() + 3);
    text.push('\n');
    let Some(last) = cards.last() else {
        return text;
    };
    let elsewhere = |name: &str| {
        let found = published.unit.iter().find(|unit| unit.name == name);
        found.map_or((String::new(), String::new()), |unit| {
            (unit.hpu.clone(), unit.tfhe_pu.clone())
        })
    };
    for unit in alone {
        let (hpu, tfhe_pu) = elsewhere(&unit.name);
        let same = cell(unit);
        let _ = write!(
            text,
            "| {} |{}",
            unit.name,
            format!(" {same} |").repeat(cards.len())
        );
        let _ = writeln!(text, " {} | {hpu} | {tfhe_pu} |", depth(unit));
    }
    for unit in &last.unit {
        let _ = write!(text, "| {} |", unit.name);
        for card in cards {
            let found = card.unit.iter().find(|found| found.name == unit.name);
            let _ = write!(text, " {} |", found.map_or("-".to_owned(), cell));
        }
        let (hpu, tfhe_pu) = elsewhere(&unit.name);
        let _ = writeln!(text, " {} | {hpu} | {tfhe_pu} |", depth(unit));
    }
    let _ = write!(text, "| {ALL} |");
    for card in cards {
        let blocks = card.unit.iter().map(|unit| unit.bram36).sum();
        let _ = write!(
            text,
            " {} |",
            figures(card.lut_places, card.ff, card.dsp, blocks)
        );
    }
    let deepest = last
        .unit
        .iter()
        .max_by_key(|unit| (unit.luts_deep, unit.carries_deep));
    let (hpu, tfhe_pu) = elsewhere(ALL);
    let deepest = deepest.map_or(String::new(), depth);
    let _ = writeln!(text, " {deepest} | {hpu} | {tfhe_pu} |");
    text
}

fn depth(unit: &MeasuredUnit) -> String {
    let MeasuredUnit {
        luts_deep,
        carries_deep,
        deepest,
        ..
    } = unit;
    format!("{luts_deep} + {carries_deep} in `{deepest}`")
}

fn cell(unit: &MeasuredUnit) -> String {
    figures(unit.lut_places, unit.ff, unit.dsp, unit.bram36)
}

fn figures(lut: u64, ff: u64, dsp: u64, bram: u64) -> String {
    format!("{lut}, {ff}, {dsp}, {bram}")
}

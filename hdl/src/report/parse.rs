//! The tools' JSON.

use super::{Cells, ReportError, Route};
use serde_json::Value;
use std::collections::BTreeMap;

fn json(what: &'static str, text: &str) -> Result<Value, ReportError> {
    serde_json::from_str(text).map_err(|error| ReportError::Output {
        what,
        why: error.to_string(),
    })
}

/// Reads what Yosys' `stat -json` says of a flattened design for an AMD part.
///
/// # Errors
///
/// If the text is not such JSON.
pub fn parse_cells(text: &str) -> Result<Cells, ReportError> {
    const WHAT: &str = "Yosys' cell counts";
    let bad = |why: &str| ReportError::Output {
        what: WHAT,
        why: why.into(),
    };
    let stat = json(WHAT, text)?;
    let types = stat
        .pointer("/design/num_cells_by_type")
        .and_then(Value::as_object)
        .ok_or_else(|| bad("no design/num_cells_by_type"))?;
    let mut counts = BTreeMap::new();
    for (name, count) in types {
        let count = count
            .as_u64()
            .ok_or_else(|| bad("a count that is no number"))?;
        counts.insert(name.clone(), count);
    }
    cells(&counts)
}

/// Sums up the cells of each kind.
pub(super) fn cells(counts: &BTreeMap<String, u64>) -> Result<Cells, ReportError> {
    let mut cells = Cells::default();
    for (name, count) in counts {
        match name.as_str() {
            "DSP48E1" | "DSP48E2" => cells.dsp += count,
            "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6" => cells.lut += count,
            "FDRE" | "FDSE" | "FDCE" | "FDPE" => cells.ff += count,
            "SRL16E" | "SRLC32E" => cells.memory_lut += count,
            "RAMB18E1" | "RAMB18E2" => cells.ram18 += count,
            "RAMB36E1" | "RAMB36E2" => cells.ram18 += 2 * count,
            "URAM288" => cells.ultraram += count,
            // The LUTs of each kind of distributed memory that Yosys maps to.
            "RAM64X1S" => cells.memory_lut += count,
            "RAM64X1D" | "RAM128X1S" => cells.memory_lut += 2 * count,
            "RAM32M" | "RAM64M" | "RAM128X1D" | "RAM256X1S" => cells.memory_lut += 4 * count,
            "RAM32M16" | "RAM64M8" | "RAM256X1D" | "RAM512X1S" | "RAM32X16DR8" | "RAM64X8SW" => {
                cells.memory_lut += 8 * count;
            }
            "INV" | "BUFG" | "IBUF" | "OBUF" | "CARRY4" | "CARRY8" | "MUXF7" | "MUXF8"
            | "MUXF9" => {}
            unknown => {
                return Err(ReportError::Output {
                    what: "Yosys' cell counts",
                    why: format!("the unknown cell {unknown}"),
                });
            }
        }
    }
    Ok(cells)
}

/// Reads nextpnr's `--report` for a design with one clock.
///
/// # Errors
///
/// If the text is not such JSON, or has another number of clocks.
pub fn parse_route(text: &str) -> Result<Route, ReportError> {
    const WHAT: &str = "nextpnr's report";
    let bad = |why: &str| ReportError::Output {
        what: WHAT,
        why: why.into(),
    };
    let report = json(WHAT, text)?;
    let clocks = report
        .get("fmax")
        .and_then(Value::as_object)
        .ok_or_else(|| bad("no fmax"))?;
    let mut rates = clocks.values().map(|clock| clock.get("achieved"));
    let (Some(rate), None) = (rates.next(), rates.next()) else {
        return Err(bad("the design has no clock or more than one"));
    };
    let used = |cell: &str| {
        report
            .pointer(&format!("/utilization/{cell}/used"))
            .and_then(Value::as_u64)
            .ok_or_else(|| bad(&format!("no use of {cell}")))
    };
    Ok(Route {
        mhz: rate
            .and_then(Value::as_f64)
            .ok_or_else(|| bad("no achieved rate"))?,
        multipliers: used("MULT18X18D")?,
        lut: used("TRELLIS_COMB")?,
        ff: used("TRELLIS_FF")?,
    })
}

//! What nextpnr says of a routed design: its `--report`.

use super::Ecp5Error;
use serde::Deserialize;
use std::collections::BTreeMap;

/// nextpnr's report, as much of it as is used.
#[derive(Clone, Debug, Deserialize)]
struct Text {
    fmax: BTreeMap<String, Rate>,
    utilization: BTreeMap<String, Use>,
    critical_paths: Vec<TextPath>,
}

#[derive(Clone, Debug, Deserialize)]
struct Rate {
    achieved: f64,
    constraint: f64,
}

/// Cells of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Use {
    /// The design's.
    pub used: u64,
    /// The FPGA's.
    pub available: u64,
}

#[derive(Clone, Debug, Deserialize)]
struct TextPath {
    from: String,
    to: String,
    path: Vec<TextStep>,
}

#[derive(Clone, Debug, Deserialize)]
struct TextStep {
    #[serde(rename = "type")]
    kind: String,
    delay: f64,
    to: End,
    from: End,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct End {
    cell: String,
    loc: (u32, u32),
    port: String,
}

/// Steps of one kind on the way of the slowest signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// `clk-to-q`, `routing`, `logic`, `carry`, `setup`.
    pub kind: String,
    /// Cells of a carry chain; else 1.
    pub cells: usize,
    /// Time, ns.
    pub nanoseconds: f64,
    /// Where it ends: cell and port.
    pub to: String,
}

/// The slowest way from register to register.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The first cell and its port.
    pub from: String,
    /// The last.
    pub to: String,
    /// What it consists of.
    pub steps: Vec<Step>,
    /// Time in cells, ns, the setup time among it.
    pub logic: f64,
    /// Time in wires, ns.
    pub routing: f64,
}

/// A routed design.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The clock's rate that the slowest way allows, MHz.
    pub achieved_mhz: f64,
    /// The rate that the PLL makes, MHz.
    pub clock_mhz: f64,
    /// Cells by kind, those that the design has.
    pub used: BTreeMap<String, Use>,
    /// What limits the clock.
    pub critical: Path,
}

impl Route {
    /// Reads nextpnr's report of a design with one clock.
    ///
    /// # Errors
    /// [`Ecp5Error::Output`] if it is no such report.
    pub fn parse(text: &str) -> Result<Self, Ecp5Error> {
        let bad = |why: String| Ecp5Error::Output {
            what: "nextpnr's report",
            why,
        };
        let text: Text = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        let mut rates = text.fmax.iter();
        let (Some((clock, rate)), None) = (rates.next(), rates.next()) else {
            return Err(bad(format!("{} clocks, must be one", text.fmax.len())));
        };
        let edge = format!("posedge {clock}");
        let inside = |path: &&TextPath| path.from == edge && path.to == edge;
        let path = text
            .critical_paths
            .iter()
            .find(inside)
            .ok_or_else(|| bad("no critical path".to_owned()))?;
        Ok(Self {
            achieved_mhz: rate.achieved,
            clock_mhz: rate.constraint,
            used: text
                .utilization
                .into_iter()
                .filter(|(_, cells)| cells.used > 0)
                .collect(),
            critical: Path::of(&path.path)
                .ok_or_else(|| bad("an empty critical path".to_owned()))?,
        })
    }

    /// Cells of a kind.
    #[must_use]
    pub fn used(&self, kind: &str) -> u64 {
        self.used.get(kind).map_or(0, |cells| cells.used)
    }

    /// Whether the design works at the PLL's rate.
    #[must_use]
    pub fn meets_timing(&self) -> bool {
        self.achieved_mhz >= self.clock_mhz
    }
}

impl Path {
    fn of(text: &[TextStep]) -> Option<Self> {
        let name = |end: &End| {
            let (x, y) = end.loc;
            format!("{}.{} ({x}, {y})", end.cell, end.port)
        };
        let mut steps: Vec<Step> = Vec::new();
        for step in text {
            // A carry goes from cell to cell by wires that take no time.
            let carries = step.to.port == "FCI" || step.to.port == "FCO";
            let kind = if carries { "carry" } else { step.kind.as_str() };
            match steps.last_mut() {
                Some(last) if carries && last.kind == kind => {
                    last.cells += usize::from(step.kind == "logic");
                    last.nanoseconds += step.delay;
                    last.to = name(&step.to);
                }
                _ => steps.push(Step {
                    kind: kind.to_owned(),
                    cells: 1,
                    nanoseconds: step.delay,
                    to: name(&step.to),
                }),
            }
        }
        let time = |routing: bool| {
            let of_kind = text
                .iter()
                .filter(|step| (step.kind == "routing") == routing);
            of_kind.map(|step| step.delay).sum()
        };
        Some(Self {
            from: name(&text.first()?.from),
            to: name(&text.last()?.to),
            steps,
            logic: time(false),
            routing: time(true),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// nextpnr 0.11.1's report of a counter of 32 bits behind the PLL; cut to a few kinds of cells.
    const COUNTER: &str = include_str!("route.json");

    /// As nextpnr's log says it of the same run: "2.44 ns logic, 0.96 ns routing".
    #[test]
    fn a_counter() {
        let route = Route::parse(COUNTER).unwrap();
        assert!(route.meets_timing());
        assert!((route.achieved_mhz - 293.77).abs() < 0.01);
        assert!((route.clock_mhz - 75.0).abs() < 0.01);
        assert_eq!(route.used("TRELLIS_FF"), 32);
        assert_eq!(route.used("EHXPLLL"), 1);
        assert_eq!(route.used("DP16KD"), 0);
        let critical = &route.critical;
        assert!((critical.logic - 2.44).abs() < 0.005);
        assert!((critical.routing - 0.96).abs() < 0.005);
        assert!((1000.0 / route.achieved_mhz - critical.logic - critical.routing).abs() < 0.001);
        // From the lowest bit through all carries to the top.
        let steps: Vec<(&str, usize)> = critical
            .steps
            .iter()
            .map(|step| (step.kind.as_str(), step.cells))
            .collect();
        let expected = [
            ("clk-to-q", 1),
            ("routing", 1),
            ("carry", 31),
            ("logic", 1),
            ("routing", 1),
            ("setup", 1),
        ];
        assert_eq!(steps, expected);
        assert_eq!(critical.from, "c_TRELLIS_FF_Q_31.Q (70, 24)");
        assert_eq!(critical.to, "c_TRELLIS_FF_Q.DI (74, 24)");
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let without = |what: &str| COUNTER.replacen(what, "\"other\"", 1);
        for text in [
            "{}".to_owned(),
            COUNTER[..COUNTER.len() / 2].to_owned(),
            without("\"fmax\""),
            without("\"critical_paths\""),
            COUNTER.replacen(
                "\"clock\":{",
                "\"clock\":{\"achieved\":1,\"constraint\":1},\"second\":{",
                1,
            ),
            COUNTER.replace("posedge clock", "posedge other"),
        ] {
            let refused = Route::parse(&text);
            assert!(
                matches!(refused, Err(Ecp5Error::Output { .. })),
                "{text:.40}"
            );
        }
    }

    /// The same design at a clock that it does not reach.
    #[test]
    fn too_slow() {
        let slow = COUNTER.replacen("75.00187683105469", "300.0", 1);
        assert!(!Route::parse(&slow).unwrap().meets_timing());
    }
}

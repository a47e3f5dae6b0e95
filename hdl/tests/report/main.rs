//! The report: parsers on output that the tools wrote, and one real run.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use gyrus_hdl::arith::{AddMod, MulLazy};
use gyrus_hdl::report::{
    Cells, Options, ReportError, Route, Unit, arithmetic, datapath, parse_cells, parse_hierarchy,
    parse_route, run, select,
};
use rust_hdl::prelude::Block;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Yosys 0.23 on an adder modulo q, UltraScale+.
const CELLS: &str = include_str!("cells.json");

/// nextpnr 0.11.1 on `MulLazy`, with most of the critical paths cut out.
const ROUTE: &str = include_str!("route.json");

fn directory(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("report")
        .join(name)
}

fn unit(name: &str, route: bool, block: impl Block) -> Unit {
    Unit::of(name, route, block).expect("a unit that can be written")
}

fn options(name: &str, units: Vec<Unit>) -> Options {
    Options::new(units, directory(name))
}

#[test]
fn cells_are_read() {
    let cells = Cells {
        lut: 128,
        ff: 131,
        ..Cells::default()
    };
    assert_eq!(parse_cells(CELLS).expect("Yosys' output"), cells);
}

#[test]
fn memories_and_dsp_blocks_are_counted() {
    let text = CELLS.replace(
        "\"LUT2\": 64",
        "\"DSP48E2\": 9, \"RAMB36E2\": 3, \"RAMB18E2\": 1, \"URAM288\": 2, \"SRL16E\": 5, \"RAM32M16\": 2",
    );
    let cells = Cells {
        dsp: 9,
        lut: 64,
        ff: 131,
        memory_lut: 5 + 2 * 8,
        ram18: 7,
        ultraram: 2,
    };
    assert_eq!(parse_cells(&text).expect("Yosys' output"), cells);
}

/// The totals of `stat -top`: memories that were left out of the synthesis are not cells.
#[test]
fn a_hierarchy_is_read() {
    let text = "=== top ===\n   Number of cells:                  1\n     LUT6                            1\n\n\
                === design hierarchy ===\n   top                               1\n\n   \
                Number of processes:              0\n   Number of cells:                 60\n     \
                CARRY4                          4\n     DSP48E2                        18\n     \
                FDRE                           20\n     LUT2                            7\n     \
                LUT6                            9\n     SRL16E                          2\n     \
                gyrus_ram_64x2048               1\n     gyrus_delay_72x31               1\n";
    let cells = Cells {
        dsp: 18,
        lut: 16,
        ff: 20,
        memory_lut: 2,
        ..Cells::default()
    };
    assert_eq!(parse_hierarchy(text).expect("Yosys' output"), cells);
    for wrong in [
        text.replace("design hierarchy", "design"),
        text.replace("CARRY4", "CARRY9"),
        text.replace("   18\n", "   eighteen\n"),
    ] {
        let error = parse_hierarchy(&wrong).expect_err("not Yosys' output");
        assert!(matches!(error, ReportError::Output { .. }), "{error}");
    }
}

#[test]
fn an_unknown_cell_is_an_error() {
    let error = parse_cells(&CELLS.replace("LUT2", "LUT9")).expect_err("no such cell");
    assert!(
        error.to_string().contains("the unknown cell LUT9"),
        "{error}"
    );
}

#[test]
fn a_route_is_read() {
    let route = parse_route(ROUTE).expect("nextpnr's output");
    let Route {
        mhz,
        multipliers,
        lut,
        ff,
    } = route;
    assert!((mhz - 154.774_810_791_015_62).abs() < 1e-9, "{mhz}");
    assert_eq!((multipliers, lut, ff), (9, 1449, 833));
}

#[test]
fn a_route_without_a_clock_is_an_error() {
    let text = ROUTE.replace("\"achieved\"", "\"reached\"");
    assert!(matches!(
        parse_route(&text),
        Err(ReportError::Output { .. })
    ));
    assert!(matches!(parse_route("{"), Err(ReportError::Output { .. })));
    assert!(matches!(
        parse_route("{\"fmax\": {}}"),
        Err(ReportError::Output { .. })
    ));
}

/// A 65-bit sum and a 64-bit result, each with a valid bit, are all that `AddMod` registers.
#[test]
fn an_adder_is_reported() {
    let options = options("adder", vec![unit("add", false, AddMod::default())]);
    let report = run(&options).expect("Yosys: run scripts/setup");
    let [row] = report.rows.as_slice() else {
        panic!("one row a unit: {report:?}");
    };
    for cells in [row.ultrascale_plus, row.series_7] {
        assert_eq!((cells.dsp, cells.ff), (0, 1 + 65 + 1 + 64));
        // At least one LUT a bit of the result, and not three.
        assert!((64..192).contains(&cells.lut), "{cells:?}");
    }
    let lut = row.ultrascale_plus.lut.to_string();
    assert_eq!(row.ecp5, None);
    let text = report.to_string();
    let row: Vec<&str> = text
        .lines()
        .nth(1)
        .expect("a row")
        .split_whitespace()
        .collect();
    assert_eq!(row[..5], ["add", "|", "0", lut.as_str(), "131"], "{text}");
}

/// The bound of a modular multiplier on every family that is counted, and the rate on ECP5.
#[test]
fn the_multiplier_stays_within_its_bounds() {
    let options = options(
        "multiplier",
        vec![unit("mul_lazy", true, MulLazy::default())],
    );
    let report = run(&options).expect("Yosys and nextpnr: run scripts/setup");
    println!("{report}");
    let row = &report.rows[0];
    assert_eq!((row.ultrascale_plus.dsp, row.series_7.dsp), (9, 9));
    let route = row.ecp5.expect("a routed unit");
    assert_eq!(route.multipliers, 9);
    assert!(route.mhz >= 160.0, "{} MHz", route.mhz);
}

/// The clock rate of butterflies in a row on ECP5.
#[test]
fn butterflies_stay_within_their_bounds() {
    let names = ["two_forward", "two_inverse"].map(str::to_owned);
    let units = select(datapath().expect("units"), &names).expect("units of the report");
    let report = run(&options("butterflies", units)).expect("Yosys and nextpnr: run scripts/setup");
    println!("{report}");
    for row in &report.rows {
        assert_eq!(row.ultrascale_plus.dsp, 0, "shifts only");
        let route = row.ecp5.expect("a routed unit");
        assert!(route.mhz >= 160.0, "{}: {} MHz", row.name, route.mhz);
    }
}

#[test]
fn a_unit_that_is_not_there() {
    let error = select(arithmetic().expect("units"), &["divider".to_owned()]).expect_err("none");
    assert!(error.to_string().contains("mul_lazy"), "{error}");
}

#[test]
fn a_missing_tool_says_what_installs_it() {
    let mut options = options("missing", vec![unit("add", false, AddMod::default())]);
    options.yosys = "/nowhere/yosys".into();
    let error = run(&options).expect_err("no such program");
    assert_eq!(
        error.to_string(),
        "/nowhere/yosys is missing: run scripts/setup"
    );
}

#[test]
fn a_failing_tool_is_an_error() {
    let mut unit = unit("add", false, AddMod::default());
    let half = unit.verilog.len() / 2;
    unit.verilog.truncate(half);
    let error = run(&options("failing", vec![unit])).expect_err("half a module");
    assert!(matches!(error, ReportError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("syntax error"), "{error}");
}

#[test]
fn a_slow_tool_is_stopped() {
    let mut options = options("slow", vec![unit("add", false, AddMod::default())]);
    options.deadline = Duration::ZERO;
    let start = Instant::now();
    let error = run(&options).expect_err("no time at all");
    assert!(matches!(error, ReportError::Deadline { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_name_is_no_path() {
    let mut unit = unit("add", false, AddMod::default());
    unit.name = "../add".into();
    let error = run(&options("name", vec![unit])).expect_err("a path");
    assert!(matches!(error, ReportError::Name(_)), "{error}");
}

#[test]
fn the_arithmetic_units_have_names_of_their_own() {
    let mut names: Vec<String> = arithmetic()
        .expect("units")
        .into_iter()
        .map(|unit| unit.name)
        .collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

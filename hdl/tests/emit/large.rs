//! A design of the size of the whole accelerator is written in seconds.

use gyrus_hdl::arith::MulMod;
use gyrus_hdl::emit::verilog;
use gyrus_hdl::structure::many;
use rust_hdl::prelude::*;
use std::time::{Duration, Instant};

/// Multipliers side by side in a row, and rows one after the other.
const LANES: usize = 128;
const ROWS: usize = 40;

/// Far above what it takes on a slow machine that does other things too; a printer that is
/// quadratic in anything takes longer.
const DEADLINE: Duration = Duration::from_secs(120);

/// Squares each lane.
#[derive(LogicBlock)]
struct Row {
    clock: Signal<In, Clock>,
    valid_in: Signal<In, Bit>,
    x: Vec<Signal<In, Bits<64>>>,
    valid_out: Signal<Out, Bit>,
    result: Vec<Signal<Out, Bits<64>>>,
    multiply: Vec<MulMod>,
}

impl Row {
    fn new() -> Self {
        Self {
            clock: Signal::default(),
            valid_in: Signal::default(),
            x: many(LANES, |_| Signal::default()),
            valid_out: Signal::default(),
            result: many(LANES, |_| Signal::default()),
            multiply: many(LANES, |_| MulMod::default()),
        }
    }
}

impl Logic for Row {
    gyrus_hdl::structure! { this =>
        for lane in 0..LANES {
            wire!(multiply[lane].clock <= clock);
            wire!(multiply[lane].valid_in <= valid_in);
            wire!(multiply[lane].x <= x[lane]);
            wire!(multiply[lane].y <= x[lane]);
            wire!(result[lane] <= multiply[lane].result);
        }
        wire!(valid_out <= multiply[0].valid_out);
    }
}

/// One row after the other, with the lanes in reverse.
#[derive(LogicBlock)]
struct Tower {
    clock: Signal<In, Clock>,
    valid_in: Signal<In, Bit>,
    x: Vec<Signal<In, Bits<64>>>,
    valid_out: Signal<Out, Bit>,
    result: Vec<Signal<Out, Bits<64>>>,
    row: Vec<Row>,
}

impl Logic for Tower {
    gyrus_hdl::structure! { this =>
        for row in 0..ROWS {
            wire!(row[row].clock <= clock);
        }
        wire!(row[0].valid_in <= valid_in);
        for lane in 0..LANES {
            wire!(row[0].x[lane] <= x[lane]);
            wire!(result[lane] <= row[ROWS - 1].result[lane]);
        }
        for row in 1..ROWS {
            wire!(row[row].valid_in <= row[row - 1].valid_out);
            for lane in 0..LANES {
                wire!(row[row].x[lane] <= row[row - 1].result[LANES - 1 - lane]);
            }
        }
        wire!(valid_out <= row[ROWS - 1].valid_out);
    }
}

#[test]
fn a_hundred_thousand_blocks() {
    let mut tower = Tower {
        clock: Signal::default(),
        valid_in: Signal::default(),
        x: many(LANES, |_| Signal::default()),
        valid_out: Signal::default(),
        result: many(LANES, |_| Signal::default()),
        row: many(ROWS, |_| Row::new()),
    };
    tower.connect_all();
    let start = Instant::now();
    let design = verilog(&tower, "tower").expect("a block that can be written");
    let text = design.verilog();
    let took = start.elapsed();
    let manifest = design.manifest();
    println!(
        "{} blocks: {took:?}, {} lines",
        manifest.instances, manifest.lines
    );
    let multipliers = (LANES * ROWS) as u64;
    assert_eq!(manifest.multipliers, multipliers);
    // A multiplier is 39 blocks.
    assert_eq!(manifest.instances, 1 + ROWS as u64 + 39 * multipliers);
    assert_eq!(manifest.modules, super::bank::modules(&text).len() as u64);
    // The tower, the row and the 13 modules of a multiplier.
    assert_eq!(manifest.modules, 15);
    assert!(took < DEADLINE, "{took:?}");
}

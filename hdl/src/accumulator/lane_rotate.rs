//! Turns the lanes of a row.
//!
//! `y[i]` = `x[i + turn]` modulo the lanes, with the turn of the group of lane i. If there are two
//! groups, bit 0 of the turn exchanges the lanes of a pair instead (and the rest, being even,
//! keeps the groups). Each level of 4:1 multiplexers takes two bits of the turn.
//!
//! Timing: edge 1 registers the first level, edge 2 the one or two that are left, with the turn
//! that comes one edge later. Latency 2.

use super::layout::Shape;
use super::select::Select4;
use crate::structure::many;
use rust_hdl::prelude::*;

/// A turn of the lanes of one row.
#[derive(LogicBlock)]
pub struct LaneRotate {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The words.
    pub x: Vec<Signal<In, Bits<64>>>,
    /// The turn of each group, with the words.
    pub turn: Vec<Signal<In, Bits<7>>>,
    /// The turn of each group, one edge later.
    pub turn_late: Vec<Signal<In, Bits<7>>>,
    /// The words that the lanes take.
    pub y: Vec<Signal<Out, Bits<64>>>,
    /// The multiplexers of all levels, level by level.
    level: Vec<Select4<64>>,
    middle: Vec<DFF<Bits<64>>>,
    last: Vec<DFF<Bits<64>>>,
    _shape: Shape,
}

/// The lane that input 0, 1, 2 or 3 of a multiplexer of a level shows to `lane`.
fn source(shape: &Shape, level: usize, lane: usize, input: usize) -> usize {
    let step = |lane: usize, bit: usize| {
        if bit >= shape.lane_bits {
            // Beyond the lanes lies the sign.
            lane
        } else if bit == 0 && shape.groups == 2 {
            lane ^ 1
        } else {
            (lane + (1 << bit)) % shape.row_lanes
        }
    };
    let far = if input >= 2 {
        step(lane, 2 * level + 1)
    } else {
        lane
    };
    if input % 2 == 1 {
        step(far, 2 * level)
    } else {
        far
    }
}

impl LaneRotate {
    /// Rising edges from `x` to `y`.
    pub const LATENCY: usize = 2;

    /// The block for a row of a shape.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        let lanes = shape.row_lanes;
        let levels = shape.lane_bits.div_ceil(2);
        Self {
            clock: Signal::default(),
            x: many(lanes, |_| Signal::default()),
            turn: many(shape.groups, |_| Signal::default()),
            turn_late: many(shape.groups, |_| Signal::default()),
            y: many(lanes, |_| Signal::default()),
            level: many(levels * lanes, |i| Select4::new(2 * (i / lanes))),
            middle: many(lanes, |_| DFF::default()),
            last: many(lanes, |_| DFF::default()),
            _shape: *shape,
        }
    }
}

impl Logic for LaneRotate {
    crate::structure! { this =>
        let shape = this._shape;
        let lanes = shape.row_lanes;
        for lane in 0..lanes {
            wire!(level[lane].lane <= turn[shape.group(lane)]);
            wire!(level[lane].x0 <= x[source(&shape, 0, lane, 0)]);
            wire!(level[lane].x1 <= x[source(&shape, 0, lane, 1)]);
            wire!(level[lane].x2 <= x[source(&shape, 0, lane, 2)]);
            wire!(level[lane].x3 <= x[source(&shape, 0, lane, 3)]);
            wire!(middle[lane].clock <= clock);
            wire!(middle[lane].d <= level[lane].y);
        }
        let levels = this.level.len() / lanes;
        for i in lanes..levels.min(2) * lanes {
            wire!(level[i].lane <= turn_late[shape.group(i % lanes)]);
            wire!(level[i].x0 <= middle[source(&shape, 1, i - lanes, 0)].q);
            wire!(level[i].x1 <= middle[source(&shape, 1, i - lanes, 1)].q);
            wire!(level[i].x2 <= middle[source(&shape, 1, i - lanes, 2)].q);
            wire!(level[i].x3 <= middle[source(&shape, 1, i - lanes, 3)].q);
        }
        for i in 2 * lanes..levels * lanes {
            wire!(level[i].lane <= turn_late[shape.group(i % lanes)]);
            wire!(level[i].x0 <= level[lanes + source(&shape, 2, i - 2 * lanes, 0)].y);
            wire!(level[i].x1 <= level[lanes + source(&shape, 2, i - 2 * lanes, 1)].y);
            wire!(level[i].x2 <= level[lanes + source(&shape, 2, i - 2 * lanes, 2)].y);
            wire!(level[i].x3 <= level[lanes + source(&shape, 2, i - 2 * lanes, 3)].y);
        }
        // With one level, nothing is left for the second edge.
        let unchanged = if levels == 1 { lanes } else { 0 };
        for lane in 0..unchanged {
            wire!(last[lane].d <= middle[lane].q);
        }
        for lane in unchanged..lanes {
            wire!(last[lane].d <= level[(levels - 1) * lanes + lane].y);
        }
        for lane in 0..lanes {
            wire!(last[lane].clock <= clock);
            wire!(y[lane] <= last[lane].q);
        }
    }
}

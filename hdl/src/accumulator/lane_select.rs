//! One lane's word out of all.
//!
//! Timing: edge 1 registers one word of every 16, by the low bits of `lane`; edge 2 the one of
//! those, by the high bits of `lane_late`, the lane one edge later. Latency 2.

use super::layout::Shape;
use super::select::Select16;
use crate::structure::many;
use rust_hdl::prelude::*;

/// A multiplexer over all lanes.
#[derive(LogicBlock)]
pub struct LaneSelect {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The words.
    pub x: Vec<Signal<In, Bits<64>>>,
    /// The lane to take, with the words.
    pub lane: Signal<In, Bits<7>>,
    /// The lane, one edge later.
    pub lane_late: Signal<In, Bits<7>>,
    /// The lane's word.
    pub y: Signal<Out, Bits<64>>,
    near: Select16<64>,
    middle: Vec<DFF<Bits<64>>>,
    far: Select16<64>,
    last: DFF<Bits<64>>,
}

impl LaneSelect {
    /// Rising edges from `x` to `y`.
    pub const LATENCY: usize = 2;

    /// The block for a shape.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        let middle = shape.lanes.div_ceil(16);
        Self {
            clock: Signal::default(),
            x: many(shape.lanes, |_| Signal::default()),
            lane: Signal::default(),
            lane_late: Signal::default(),
            y: Signal::default(),
            near: Select16::new(shape.lanes, 0),
            middle: many(middle, |_| DFF::default()),
            far: Select16::new(middle, 4),
            last: DFF::default(),
        }
    }
}

impl Logic for LaneSelect {
    crate::structure! { this =>
        wire!(near.lane <= lane);
        for lane in 0..this.x.len() {
            wire!(near.x[lane] <= x[lane]);
        }
        wire!(far.lane <= lane_late);
        for i in 0..this.middle.len() {
            wire!(middle[i].clock <= clock);
            wire!(middle[i].d <= near.y[i]);
            wire!(far.x[i] <= middle[i].q);
        }
        wire!(last.clock <= clock);
        wire!(last.d <= far.y[0]);
        wire!(y <= last.q);
    }
}

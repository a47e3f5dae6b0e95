//! The end of a run of inverse butterflies: each lane's pair of numbers becomes one.
//!
//! Timing: one subtraction. Latency 1.

use super::{ControlDelay, Time};
use crate::arith::Lazy;
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// y = x - x_minus in all lanes.
#[derive(LogicBlock)]
pub struct Settle {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `x` holds elements.
    pub valid_in: Signal<In, Bit>,
    /// The number of the cycle within the pass.
    pub time_in: Signal<In, Time>,
    /// An element for each lane.
    pub x: Vec<Signal<In, Lazy>>,
    /// What is to be taken off it.
    pub x_minus: Vec<Signal<In, Lazy>>,
    /// `y` holds elements.
    pub valid_out: Signal<Out, Bit>,
    /// The number of the cycle within the pass.
    pub time_out: Signal<Out, Time>,
    /// An element for each lane.
    pub y: Vec<Signal<Out, Lazy>>,
    control: ControlDelay,
    differences: Vec<Difference>,
}

impl Settle {
    /// Rising edges from `x` to `y`.
    pub const LATENCY: usize = 1;

    /// For so many lanes.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        Self {
            clock: Signal::default(),
            valid_in: Signal::default(),
            time_in: Signal::default(),
            x: many(lanes, |_| Signal::default()),
            x_minus: many(lanes, |_| Signal::default()),
            valid_out: Signal::default(),
            time_out: Signal::default(),
            y: many(lanes, |_| Signal::default()),
            control: ControlDelay::new(Self::LATENCY),
            differences: many(lanes, |_| Difference::default()),
        }
    }
}

impl Logic for Settle {
    structure! { this =>
        wire!(control.clock <= clock);
        wire!(control.valid_in <= valid_in);
        wire!(control.time_in <= time_in);
        wire!(valid_out <= control.valid_out);
        wire!(time_out <= control.time_out);
        for lane in 0..this.differences.len() {
            wire!(differences[lane].clock <= clock);
            wire!(differences[lane].x <= x[lane]);
            wire!(differences[lane].minus <= x_minus[lane]);
            wire!(y[lane] <= differences[lane].y);
        }
    }
}

/// One lane.
#[derive(LogicBlock, Default)]
struct Difference {
    clock: Signal<In, Clock>,
    x: Signal<In, Lazy>,
    minus: Signal<In, Lazy>,
    y: Signal<Out, Lazy>,
    register: DFF<Lazy>,
}

impl Logic for Difference {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, register);
        self.register.d.next = self.x.val() - self.minus.val();
        self.y.next = self.register.q.val();
    }
}

//! One stage of butterflies: all pairs of lanes that differ in one bit of the lane number.
//!
//! Timing: that of the butterfly, with a register in the shifter if an exponent of the stage
//! changes from cycle to cycle, and the plain butterfly's if all exponents are 0; see
//! [`Stage::latency`].

use super::arrangement::{INDEX_BITS, IndexSource, Shape};
use super::exchange::lower_lane;
use super::index::{ButterflyIndex, OPTIONAL_FINE_BITS};
use super::{ControlDelay, Direction, ForwardButterfly, InverseButterfly, PlainButterfly, Time};
use crate::arith::Lazy;
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// Butterflies over one lane bit.
#[derive(LogicBlock)]
pub struct Stage {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Compute; otherwise pass the elements on.
    pub enable: Signal<In, Bit>,
    /// Which of fine bits 3, 4, 5 the polynomial has.
    pub fine_bits: Signal<In, Bits<OPTIONAL_FINE_BITS>>,
    /// `x` holds elements.
    pub valid_in: Signal<In, Bit>,
    /// The number of the cycle within the pass.
    pub time_in: Signal<In, Time>,
    /// An element for each lane.
    pub x: Vec<Signal<In, Lazy>>,
    /// `y` holds elements.
    pub valid_out: Signal<Out, Bit>,
    /// The number of the cycle within the pass.
    pub time_out: Signal<Out, Time>,
    /// `valid_out` of the next cycle.
    pub valid_early: Signal<Out, Bit>,
    /// `time_out` of the next cycle.
    pub time_early: Signal<Out, Time>,
    /// An element for each lane.
    pub y: Vec<Signal<Out, Lazy>>,
    control: ControlDelay,
    indices: Vec<ButterflyIndex>,
    /// One for each pair, of one kind.
    plain: Vec<PlainButterfly>,
    forward: Vec<ForwardButterfly>,
    inverse: Vec<InverseButterfly>,
    _lane_bit: usize,
    _latency: usize,
}

impl Stage {
    /// Over the lane bit at position `lane_bit`, with exponents from there.
    #[must_use]
    pub fn new(
        shape: &Shape,
        direction: Direction,
        lane_bit: usize,
        index: &[IndexSource; INDEX_BITS],
    ) -> Self {
        let (lanes, pairs) = (shape.lanes(), shape.pairs());
        let varies = ButterflyIndex::varies(index);
        let (plain, forward, inverse, latency) = if ButterflyIndex::is_zero(index) {
            (pairs, 0, 0, PlainButterfly::LATENCY)
        } else {
            match direction {
                Direction::Forward => (0, pairs, 0, ForwardButterfly::latency(varies)),
                Direction::Inverse => (0, 0, pairs, InverseButterfly::latency(varies)),
            }
        };
        Self {
            clock: Signal::default(),
            enable: Signal::default(),
            fine_bits: Signal::default(),
            valid_in: Signal::default(),
            time_in: Signal::default(),
            x: many(lanes, |_| Signal::default()),
            valid_out: Signal::default(),
            time_out: Signal::default(),
            valid_early: Signal::default(),
            time_early: Signal::default(),
            y: many(lanes, |_| Signal::default()),
            control: ControlDelay::new(latency),
            indices: many(forward + inverse, |pair| {
                ButterflyIndex::new(index, lower_lane(pair, lane_bit))
            }),
            plain: many(plain, |_| PlainButterfly::default()),
            forward: many(forward, |_| ForwardButterfly::new(varies)),
            inverse: many(inverse, |_| InverseButterfly::new(varies)),
            _lane_bit: lane_bit,
            _latency: latency,
        }
    }

    /// Rising edges from `x` to `y`.
    #[must_use]
    pub const fn latency(&self) -> usize {
        self._latency
    }
}

impl Logic for Stage {
    structure! { this =>
        wire!(control.clock <= clock);
        wire!(control.valid_in <= valid_in);
        wire!(control.time_in <= time_in);
        wire!(valid_out <= control.valid_out);
        wire!(time_out <= control.time_out);
        wire!(valid_early <= control.valid_early);
        wire!(time_early <= control.time_early);
        for pair in 0..this.indices.len() {
            wire!(indices[pair].cycle <= time_in);
            wire!(indices[pair].fine_bits <= fine_bits);
        }
        for pair in 0..this.plain.len() {
            let lower = lower_lane(pair, this._lane_bit);
            let upper = lower + (1 << this._lane_bit);
            wire!(plain[pair].clock <= clock);
            wire!(plain[pair].enable <= enable);
            wire!(plain[pair].a <= x[lower]);
            wire!(plain[pair].b <= x[upper]);
            wire!(y[lower] <= plain[pair].sum);
            wire!(y[upper] <= plain[pair].difference);
        }
        for pair in 0..this.forward.len() {
            let lower = lower_lane(pair, this._lane_bit);
            let upper = lower + (1 << this._lane_bit);
            wire!(forward[pair].clock <= clock);
            wire!(forward[pair].enable <= enable);
            wire!(forward[pair].index <= indices[pair].index);
            wire!(forward[pair].a <= x[lower]);
            wire!(forward[pair].b <= x[upper]);
            wire!(y[lower] <= forward[pair].sum);
            wire!(y[upper] <= forward[pair].difference);
        }
        for pair in 0..this.inverse.len() {
            let lower = lower_lane(pair, this._lane_bit);
            let upper = lower + (1 << this._lane_bit);
            wire!(inverse[pair].clock <= clock);
            wire!(inverse[pair].enable <= enable);
            wire!(inverse[pair].index <= indices[pair].index);
            wire!(inverse[pair].a <= x[lower]);
            wire!(inverse[pair].b <= x[upper]);
            wire!(y[lower] <= inverse[pair].sum);
            wire!(y[upper] <= inverse[pair].difference);
        }
    }
}

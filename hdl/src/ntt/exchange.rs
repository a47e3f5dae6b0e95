//! Exchange of a time bit with a lane bit: one of the transposition memories.
//!
//! With D = 2^(time bit), elements come in blocks of D cycles. Of the two lanes that differ in the
//! lane bit, the upper one is delayed by D; then a switch crosses the lanes during every second block;
//! then the lower one is delayed by D. What was in the upper lane in even blocks changes places
//! with what was in the lower lane in odd blocks (the delay commutator of pipelined Fourier
//! transforms, Rabiner and Gold, 1975).
//!
//! With `enable` low nothing is exchanged and the delay is the same. Between passes there may be gaps
//! of any length: lanes cross in valid cycles only, and what is left in the upper delay goes straight.
//!
//! Timing: latency D. Memory: P words in D cycles, half of them before and half behind the switch.

use super::{ControlDelay, Time};
use crate::arith::Lazy;
use crate::memory::Delay;
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// A time bit becomes a lane bit and the lane bit a time bit.
#[derive(LogicBlock)]
pub struct Exchange {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Exchange; otherwise only delay.
    pub enable: Signal<In, Bit>,
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
    crossing: Crossing,
    control: ControlDelay,
    delays_in: Vec<Delay<72>>,
    switches: Vec<Switch>,
    delays_out: Vec<Delay<72>>,
    _lane_bit: usize,
    _latency: usize,
}

impl Exchange {
    /// Exchanges `time_bit` with `lane_bit` of the numbers of `lanes` lanes.
    #[must_use]
    pub fn new(lanes: usize, time_bit: usize, lane_bit: usize) -> Self {
        let delay = 1 << time_bit;
        Self {
            clock: Signal::default(),
            enable: Signal::default(),
            valid_in: Signal::default(),
            time_in: Signal::default(),
            x: many(lanes, |_| Signal::default()),
            valid_out: Signal::default(),
            time_out: Signal::default(),
            valid_early: Signal::default(),
            time_early: Signal::default(),
            y: many(lanes, |_| Signal::default()),
            crossing: Crossing::new(time_bit),
            control: ControlDelay::new(delay),
            delays_in: many(lanes / 2, |_| Delay::new(delay)),
            switches: many(lanes / 2, |_| Switch::default()),
            delays_out: many(lanes / 2, |_| Delay::new(delay)),
            _lane_bit: lane_bit,
            _latency: delay,
        }
    }

    /// Rising edges from `x` to `y`.
    #[must_use]
    pub const fn latency(&self) -> usize {
        self._latency
    }
}

/// The lane with the bit at `position` clear, of pair number `pair`; its partner is `1 << position`
/// lanes further.
#[must_use]
pub(super) const fn lower_lane(pair: usize, position: usize) -> usize {
    let low = pair & ((1 << position) - 1);
    ((pair >> position) << (position + 1)) | low
}

impl Logic for Exchange {
    structure! { this =>
        wire!(control.clock <= clock);
        wire!(crossing.enable <= enable);
        wire!(crossing.valid <= valid_in);
        wire!(crossing.cycle <= time_in);
        wire!(control.valid_in <= valid_in);
        wire!(control.time_in <= time_in);
        for pair in 0..this.switches.len() {
            let lower = lower_lane(pair, this._lane_bit);
            let upper = lower + (1 << this._lane_bit);
            wire!(delays_in[pair].clock <= clock);
            wire!(delays_out[pair].clock <= clock);
            wire!(delays_in[pair].d <= x[upper]);
            wire!(switches[pair].crossed <= crossing.crossed);
            wire!(switches[pair].lower_in <= x[lower]);
            wire!(switches[pair].upper_in <= delays_in[pair].q);
            wire!(delays_out[pair].d <= switches[pair].lower_out);
            wire!(y[lower] <= delays_out[pair].q);
            wire!(y[upper] <= switches[pair].upper_out);
        }
        wire!(valid_out <= control.valid_out);
        wire!(time_out <= control.time_out);
        wire!(valid_early <= control.valid_early);
        wire!(time_early <= control.time_early);
    }
}

/// When to cross.
#[derive(LogicBlock)]
struct Crossing {
    enable: Signal<In, Bit>,
    valid: Signal<In, Bit>,
    cycle: Signal<In, Time>,
    crossed: Signal<Out, Bit>,
    odd_block: Constant<Time>,
}

impl Crossing {
    fn new(time_bit: usize) -> Self {
        Self {
            enable: Signal::default(),
            valid: Signal::default(),
            cycle: Signal::default(),
            crossed: Signal::default(),
            odd_block: Constant::new((1_usize << time_bit).to_bits()),
        }
    }
}

impl Logic for Crossing {
    #[hdl_gen]
    fn update(&mut self) {
        self.crossed.next =
            self.enable.val() & self.valid.val() & ((self.cycle.val() & self.odd_block.val()) != 0);
    }
}

/// Straight or crossed.
#[derive(LogicBlock, Default)]
struct Switch {
    crossed: Signal<In, Bit>,
    lower_in: Signal<In, Lazy>,
    upper_in: Signal<In, Lazy>,
    lower_out: Signal<Out, Lazy>,
    upper_out: Signal<Out, Lazy>,
}

impl Logic for Switch {
    #[hdl_gen]
    fn update(&mut self) {
        self.lower_out.next = self.lower_in.val();
        self.upper_out.next = self.upper_in.val();
        if self.crossed.val() {
            self.lower_out.next = self.upper_in.val();
            self.upper_out.next = self.lower_in.val();
        }
    }
}

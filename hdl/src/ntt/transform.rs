//! The whole transform: the steps of [`arrangement::steps`](super::arrangement::steps), each a block, in a row.
//!
//! Forward: coefficients (digits) in the arrangement of
//! [`Arrangement::of_coefficients`](super::Arrangement::of_coefficients) to values in that of
//! [`Arrangement::of_values`](super::Arrangement::of_values). Inverse: back, times N (the key
//! carries N^-1).
//!
//! Ranges: forward in, |digit| < 2^31; out, below 2^70. Inverse in, below 2^70; out, below 2^67.
//!
//! Timing: the sum of the steps' latencies, 2 N_max / P - 1 of it for the exchanges; see
//! [`Transform::latency`]. Passes follow each other without a bubble or with gaps. `fine_bits` rest
//! while words are inside. They go from step to step through registers, a cycle each and so never
//! behind the words: no wire of theirs has to cross the whole transform in a cycle.

use super::arrangement::IndexBit;
use super::arrangement::{Shape, Step, steps};
use super::index::{FIRST_OPTIONAL_FINE_BIT, OPTIONAL_FINE_BITS};
use super::{Exchange, Stage, Time, Twiddle};
use crate::arith::Lazy;
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Coefficients to values.
    Forward,
    /// Values to coefficients, times N.
    Inverse,
}

/// The kind and number of the block of a step, and the number of the one that says whether
/// polynomials have the index bit that the step works on, if some have not.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Exchange(usize, Option<usize>),
    Stage(usize, Option<usize>),
    Twiddle,
}

/// The bit of `fine_bits` that says whether polynomials have an index bit; `None` if all have it.
const fn optional(bit: IndexBit) -> Option<usize> {
    match bit {
        IndexBit::Fine(i) => i.checked_sub(FIRST_OPTIONAL_FINE_BIT),
        IndexBit::Row | IndexBit::Coarse(_) => None,
    }
}

/// The streaming transform.
#[derive(LogicBlock)]
pub struct Transform {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// 2 N / P.
    pub pass_cycles: Signal<In, Time>,
    /// Which of fine bits 3, 4, 5 the polynomial has: N at least 2^9, 2^10, 2^11.
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
    /// `fine_bits` for step s + 1.
    fine: Vec<DFF<Bits<OPTIONAL_FINE_BITS>>>,
    presence: Vec<FineBit>,
    exchanges: Vec<Exchange>,
    stages: Vec<Stage>,
    twiddle: Twiddle,
    /// Between steps: bus s of lane i is `bus[s * lanes + i]`.
    bus: Vec<Signal<Local, Lazy>>,
    bus_valid: Vec<Signal<Local, Bit>>,
    bus_time: Vec<Signal<Local, Time>>,
    _units: Vec<Unit>,
    _latency: usize,
}

impl Transform {
    /// The transform in one direction.
    #[must_use]
    pub fn new(shape: &Shape, direction: Direction) -> Self {
        let lanes = shape.lanes();
        let mut plan = steps(shape);
        if direction == Direction::Inverse {
            plan.reverse();
        }
        let mut exchanges = Vec::new();
        let mut stages = Vec::new();
        let mut twiddle = None;
        let mut units = Vec::new();
        let mut presence = Vec::new();
        let mut present = |bit| {
            optional(bit).map(|bit| {
                presence.push(FineBit::new(bit));
                presence.len() - 1
            })
        };
        let mut latency = 0;
        for step in &plan {
            match step {
                Step::Exchange { time, lane, bit } => {
                    let exchange = Exchange::new(lanes, *time, *lane);
                    latency += exchange.latency();
                    units.push(Unit::Exchange(exchanges.len(), present(*bit)));
                    exchanges.push(exchange);
                }
                Step::Butterfly { lane, bit, index } => {
                    let stage = Stage::new(shape, direction, *lane, index);
                    latency += stage.latency();
                    units.push(Unit::Stage(stages.len(), present(*bit)));
                    stages.push(stage);
                }
                Step::Twiddle { arrangement } => {
                    latency += Twiddle::LATENCY;
                    units.push(Unit::Twiddle);
                    twiddle = Some(Twiddle::new(shape, arrangement, direction));
                }
            }
        }
        let buses = units.len() + 1;
        Self {
            clock: Signal::default(),
            pass_cycles: Signal::default(),
            fine_bits: Signal::default(),
            valid_in: Signal::default(),
            time_in: Signal::default(),
            x: many(lanes, |_| Signal::default()),
            valid_out: Signal::default(),
            time_out: Signal::default(),
            valid_early: Signal::default(),
            time_early: Signal::default(),
            y: many(lanes, |_| Signal::default()),
            fine: many(units.len().saturating_sub(1), |_| DFF::default()),
            presence,
            exchanges,
            stages,
            twiddle: twiddle.unwrap_or_else(|| {
                let arrangement = super::Arrangement::of_coefficients(shape);
                Twiddle::new(shape, &arrangement, direction)
            }),
            bus: many(buses * lanes, |_| Signal::default()),
            bus_valid: many(buses, |_| Signal::default()),
            bus_time: many(buses, |_| Signal::default()),
            _units: units,
            _latency: latency,
        }
    }

    /// Rising edges from `x` to `y`.
    #[must_use]
    pub const fn latency(&self) -> usize {
        self._latency
    }
}

impl Logic for Transform {
    structure! { this =>
        let lanes = this.x.len();
        for step in 0..this.fine.len() {
            wire!(fine[step].clock <= clock);
            if step == 0 {
                wire!(fine[step].d <= fine_bits);
            } else {
                wire!(fine[step].d <= fine[step - 1].q);
            }
        }
        wire!(bus_valid[0] <= valid_in);
        wire!(bus_time[0] <= time_in);
        for lane in 0..lanes {
            wire!(bus[lane] <= x[lane]);
        }
        for step in 0..this._units.len() {
            let (from, to) = (step * lanes, (step + 1) * lanes);
            match this._units[step] {
                Unit::Exchange(unit, presence) => {
                    wire!(exchanges[unit].clock <= clock);
                    match presence {
                        None => constant!(exchanges[unit].enable <= true),
                        Some(number) => {
                            wire!(exchanges[unit].enable <= presence[number].present);
                            if step == 0 {
                                wire!(presence[number].fine_bits <= fine_bits);
                            } else {
                                wire!(presence[number].fine_bits <= fine[step - 1].q);
                            }
                        }
                    }
                    wire!(exchanges[unit].valid_in <= bus_valid[step]);
                    wire!(exchanges[unit].time_in <= bus_time[step]);
                    wire!(bus_valid[step + 1] <= exchanges[unit].valid_out);
                    wire!(bus_time[step + 1] <= exchanges[unit].time_out);
                    for lane in 0..lanes {
                        wire!(exchanges[unit].x[lane] <= bus[from + lane]);
                        wire!(bus[to + lane] <= exchanges[unit].y[lane]);
                    }
                }
                Unit::Stage(unit, presence) => {
                    wire!(stages[unit].clock <= clock);
                    if step == 0 {
                        wire!(stages[unit].fine_bits <= fine_bits);
                    } else {
                        wire!(stages[unit].fine_bits <= fine[step - 1].q);
                    }
                    match presence {
                        None => constant!(stages[unit].enable <= true),
                        Some(number) => {
                            wire!(stages[unit].enable <= presence[number].present);
                            if step == 0 {
                                wire!(presence[number].fine_bits <= fine_bits);
                            } else {
                                wire!(presence[number].fine_bits <= fine[step - 1].q);
                            }
                        }
                    }
                    wire!(stages[unit].valid_in <= bus_valid[step]);
                    wire!(stages[unit].time_in <= bus_time[step]);
                    wire!(bus_valid[step + 1] <= stages[unit].valid_out);
                    wire!(bus_time[step + 1] <= stages[unit].time_out);
                    for lane in 0..lanes {
                        wire!(stages[unit].x[lane] <= bus[from + lane]);
                        wire!(bus[to + lane] <= stages[unit].y[lane]);
                    }
                }
                Unit::Twiddle => {
                    wire!(twiddle.clock <= clock);
                    wire!(twiddle.pass_cycles <= pass_cycles);
                    wire!(twiddle.valid_in <= bus_valid[step]);
                    wire!(twiddle.time_in <= bus_time[step]);
                    wire!(bus_valid[step + 1] <= twiddle.valid_out);
                    wire!(bus_time[step + 1] <= twiddle.time_out);
                    for lane in 0..lanes {
                        wire!(twiddle.x[lane] <= bus[from + lane]);
                        wire!(bus[to + lane] <= twiddle.y[lane]);
                    }
                }
            }
        }
        let last = this._units.len();
        wire!(valid_out <= bus_valid[last]);
        wire!(time_out <= bus_time[last]);
        match this._units.last() {
            Some(&Unit::Exchange(unit, _)) => {
                wire!(valid_early <= exchanges[unit].valid_early);
                wire!(time_early <= exchanges[unit].time_early);
            }
            Some(&Unit::Stage(unit, _)) => {
                wire!(valid_early <= stages[unit].valid_early);
                wire!(time_early <= stages[unit].time_early);
            }
            Some(Unit::Twiddle) | None => {
                wire!(valid_early <= twiddle.valid_early);
                wire!(time_early <= twiddle.time_early);
            }
        }
        for lane in 0..lanes {
            wire!(y[lane] <= bus[last * lanes + lane]);
        }
    }
}

/// One of the bits that say which fine bits there are.
#[derive(LogicBlock)]
struct FineBit {
    fine_bits: Signal<In, Bits<OPTIONAL_FINE_BITS>>,
    present: Signal<Out, Bit>,
    number: Constant<Bits<OPTIONAL_FINE_BITS>>,
}

impl FineBit {
    fn new(bit: usize) -> Self {
        Self {
            fine_bits: Signal::default(),
            present: Signal::default(),
            number: Constant::new((1_usize << bit).to_bits()),
        }
    }
}

impl Logic for FineBit {
    #[hdl_gen]
    fn update(&mut self) {
        self.present.next = (self.fine_bits.val() & self.number.val()) != 0;
    }
}

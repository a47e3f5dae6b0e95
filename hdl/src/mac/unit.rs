//! The multiply-accumulate of all lanes.
//!
//! Lane i < P / 2 of `x` holds a mask digit, lane i + P / 2 the body digit of the same point; lane i
//! of `z` the mask's and lane i + P / 2 the body's result.
//!
//! Timing: latency [`Mac::LATENCY`]. `valid_out` is high in passes with `last` only.

use super::{LevelSum, POINT_WORDS, PairMac};
use crate::arith::Lazy;
use crate::memory::Delay;
use crate::ntt::{ControlDelay, Shape, Time};
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// Digits times key, summed over levels.
#[derive(LogicBlock)]
pub struct Mac {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `x` and `key` hold a group of points.
    pub valid_in: Signal<In, Bit>,
    /// The number of the cycle within the pass.
    pub time_in: Signal<In, Time>,
    /// The pass is the ciphertext's first level.
    pub first: Signal<In, Bit>,
    /// The pass is the ciphertext's last level.
    pub last: Signal<In, Bit>,
    /// A digit for each lane.
    pub x: Vec<Signal<In, Lazy>>,
    /// [`POINT_WORDS`] words for each pair.
    pub key: Vec<Signal<In, Bits<64>>>,
    /// `z` holds sums over all levels.
    pub valid_out: Signal<Out, Bit>,
    /// The number of the cycle within the pass.
    pub time_out: Signal<Out, Time>,
    /// A result for each lane.
    pub z: Vec<Signal<Out, Lazy>>,
    control: ControlDelay,
    sum_control: SumControl,
    pairs: Vec<PairMac>,
    sums: Vec<LevelSum>,
}

impl Mac {
    /// Rising edges from `x` to `z`.
    pub const LATENCY: usize = PairMac::LATENCY + LevelSum::LATENCY;

    /// For this datapath.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        let (lanes, pairs) = (shape.lanes(), shape.pairs());
        let pass_cycles = shape.pass_cycles(shape.max_log2_n());
        Self {
            clock: Signal::default(),
            valid_in: Signal::default(),
            time_in: Signal::default(),
            first: Signal::default(),
            last: Signal::default(),
            x: many(lanes, |_| Signal::default()),
            key: many(POINT_WORDS * pairs, |_| Signal::default()),
            valid_out: Signal::default(),
            time_out: Signal::default(),
            z: many(lanes, |_| Signal::default()),
            control: ControlDelay::new(Self::LATENCY),
            sum_control: SumControl::default(),
            pairs: many(pairs, |_| PairMac::default()),
            sums: many(lanes, |_| LevelSum::new(pass_cycles)),
        }
    }
}

impl Logic for Mac {
    structure! { this =>
        wire!(control.clock <= clock);
        wire!(control.valid_in <= sum_control.leaving);
        wire!(control.time_in <= time_in);
        wire!(valid_out <= control.valid_out);
        wire!(time_out <= control.time_out);
        wire!(sum_control.clock <= clock);
        wire!(sum_control.valid_in <= valid_in);
        wire!(sum_control.first_in <= first);
        wire!(sum_control.last_in <= last);
        wire!(sum_control.time_in <= time_in);
        let pairs = this.pairs.len();
        for pair in 0..pairs {
            wire!(pairs[pair].clock <= clock);
            wire!(pairs[pair].x0 <= x[pair]);
            wire!(pairs[pair].x1 <= x[pair + pairs]);
            let word = POINT_WORDS * pair;
            wire!(pairs[pair].y00 <= key[word]);
            wire!(pairs[pair].y10 <= key[word + 1]);
            wire!(pairs[pair].y01 <= key[word + 2]);
            wire!(pairs[pair].y11 <= key[word + 3]);
            wire!(pairs[pair].minus0 <= key[word + 4]);
            wire!(pairs[pair].minus1 <= key[word + 5]);
            wire!(sums[pair].z <= pairs[pair].z0);
            wire!(sums[pair + pairs].z <= pairs[pair].z1);
        }
        for lane in 0..this.sums.len() {
            wire!(sums[lane].clock <= clock);
            wire!(sums[lane].valid <= sum_control.valid);
            wire!(sums[lane].first <= sum_control.first);
            wire!(sums[lane].cycle <= sum_control.cycle);
            wire!(z[lane] <= sums[lane].sum);
        }
    }
}

/// Control of the level sums, two cycles ahead of the products.
#[derive(LogicBlock)]
struct SumControl {
    clock: Signal<In, Clock>,
    valid_in: Signal<In, Bit>,
    first_in: Signal<In, Bit>,
    last_in: Signal<In, Bit>,
    time_in: Signal<In, Time>,
    /// Valid and of the last level, not delayed.
    leaving: Signal<Out, Bit>,
    valid: Signal<Out, Bit>,
    first: Signal<Out, Bit>,
    cycle: Signal<Out, Bits<16>>,
    valid_line: Delay<1>,
    first_line: Delay<1>,
    time_line: Delay<12>,
}

impl Default for SumControl {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            first_in: Default::default(),
            last_in: Default::default(),
            time_in: Default::default(),
            leaving: Default::default(),
            valid: Default::default(),
            first: Default::default(),
            cycle: Default::default(),
            valid_line: Delay::new(PairMac::LATENCY - 2),
            first_line: Delay::new(PairMac::LATENCY - 2),
            time_line: Delay::new(PairMac::LATENCY - 2),
        }
    }
}

impl Logic for SumControl {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, valid_line, first_line, time_line);
        self.leaving.next = self.valid_in.val() & self.last_in.val();
        self.valid_line.d.next = 0.into();
        if self.valid_in.val() {
            self.valid_line.d.next = 1.into();
        }
        self.first_line.d.next = 0.into();
        if self.first_in.val() {
            self.first_line.d.next = 1.into();
        }
        self.time_line.d.next = self.time_in.val();
        self.valid.next = self.valid_line.q.val().any();
        self.first.next = self.first_line.q.val().any();
        self.cycle.next = bit_cast::<16, 12>(self.time_line.q.val());
    }
}

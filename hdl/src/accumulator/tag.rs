//! What goes beside the words: valid bits, times and lanes, and the flag of a conflict.

use super::Accumulator;
use crate::memory::Delay;
use rust_hdl::prelude::*;

/// Valid bit and time of a rotate-subtract read. Latency [`Accumulator::READ_LATENCY`].
#[derive(LogicBlock)]
pub struct ReadTag {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// A read begins.
    pub valid: Signal<In, Bit>,
    /// Its time.
    pub time_in: Signal<In, Bits<12>>,
    /// The read ends.
    pub valid_out: Signal<Out, Bit>,
    /// Its time.
    pub time_out: Signal<Out, Bits<12>>,
    valids: Delay<1>,
    times: Delay<12>,
    low: Constant<Bits<1>>,
    high: Constant<Bits<1>>,
}

impl Default for ReadTag {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            valid: Signal::default(),
            time_in: Signal::default(),
            valid_out: Signal::default(),
            time_out: Signal::default(),
            valids: Delay::new(Accumulator::READ_LATENCY),
            times: Delay::new(Accumulator::READ_LATENCY),
            low: Constant::new(Bits::default()),
            high: Constant::new(1_usize.to_bits()),
        }
    }
}

impl Logic for ReadTag {
    #[hdl_gen]
    fn update(&mut self) {
        self.valids.clock.next = self.clock.val();
        self.valids.d.next = self.low.val();
        if self.valid.val() {
            self.valids.d.next = self.high.val();
        }
        self.valid_out.next = self.valids.q.val() == self.high.val();
        self.times.clock.next = self.clock.val();
        self.times.d.next = self.time_in.val();
        self.time_out.next = self.times.q.val();
    }
}

/// Valid bit and lane of an extraction. An extraction that is blocked is forgotten.
#[derive(LogicBlock)]
pub struct ExtractTag {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// An extraction begins.
    pub valid: Signal<In, Bit>,
    /// A pass needs the address in this cycle.
    pub blocked: Signal<In, Bit>,
    /// The lane.
    pub lane: Signal<In, Bits<7>>,
    /// The lane, with the words as they leave the RAM: two edges later.
    pub lane_out: Signal<Out, Bits<7>>,
    /// The lane, one edge after that.
    pub lane_late: Signal<Out, Bits<7>>,
    /// The extraction ends, [`Accumulator::EXTRACT_LATENCY`] edges later.
    pub valid_out: Signal<Out, Bit>,
    valids: Delay<1>,
    lanes: Delay<7>,
    late: DFF<Bits<7>>,
    low: Constant<Bits<1>>,
    high: Constant<Bits<1>>,
}

impl Default for ExtractTag {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            valid: Signal::default(),
            blocked: Signal::default(),
            lane: Signal::default(),
            lane_out: Signal::default(),
            lane_late: Signal::default(),
            valid_out: Signal::default(),
            valids: Delay::new(Accumulator::EXTRACT_LATENCY),
            lanes: Delay::new(Accumulator::WORDS_AFTER),
            late: DFF::default(),
            low: Constant::new(Bits::default()),
            high: Constant::new(1_usize.to_bits()),
        }
    }
}

impl Logic for ExtractTag {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, late);
        self.valids.clock.next = self.clock.val();
        self.valids.d.next = self.low.val();
        if self.valid.val() & !self.blocked.val() {
            self.valids.d.next = self.high.val();
        }
        self.valid_out.next = self.valids.q.val() == self.high.val();
        self.lanes.clock.next = self.clock.val();
        self.lanes.d.next = self.lane.val();
        self.lane_out.next = self.lanes.q.val();
        self.late.d.next = self.lanes.q.val();
        self.lane_late.next = self.late.q.val();
    }
}

/// High from the edge after both inputs were high, for good.
#[derive(LogicBlock, Default)]
pub struct LoadConflict {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// An accumulation.
    pub add_valid: Signal<In, Bit>,
    /// A load.
    pub load_valid: Signal<In, Bit>,
    /// Whether both ever came together.
    pub conflict: Signal<Out, Bit>,
    seen: DFF<Bit>,
}

impl Logic for LoadConflict {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, seen);
        self.seen.d.next = self.seen.q.val() | (self.add_valid.val() & self.load_valid.val());
        self.conflict.next = self.seen.q.val();
    }
}

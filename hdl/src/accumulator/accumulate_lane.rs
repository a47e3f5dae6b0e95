//! What one lane writes: the sum of an accumulation, or a word that is loaded.
//!
//! A load takes the way of an accumulation on which the old word counts as zero, so the memory has
//! one kind of write. An accumulation in the same cycle wins.
//!
//! Timing: edge 1 registers the request while the RAM reads `old`; `addend` comes in the next cycle
//! and edge 2 registers the sum. Latency 2 from the request, 1 from `addend`.

use rust_hdl::prelude::*;

/// The writes of one lane.
#[derive(LogicBlock)]
pub struct AccumulateLane {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Accumulate what comes in the next cycle.
    pub add_valid: Signal<In, Bit>,
    /// What to add, one edge later.
    pub addend: Signal<In, Bits<64>>,
    /// Add one more.
    pub carry: Signal<In, Bit>,
    /// Load `load_word` if this is the lane.
    pub load_valid: Signal<In, Bit>,
    /// The lane to load.
    pub load_lane: Signal<In, Bits<7>>,
    /// What to load.
    pub load_word: Signal<In, Bits<64>>,
    /// The word to add to, one edge later.
    pub old: Signal<In, Bits<64>>,
    /// Write in this cycle.
    pub write_enable: Signal<Out, Bit>,
    /// What to write.
    pub write_data: Signal<Out, Bits<64>>,
    base: Signal<Local, Bits<64>>,
    summand: Signal<Local, Bits<64>>,
    /// One more, only when adding.
    one: Signal<Local, Bit>,
    adds: DFF<Bit>,
    writes: DFF<Bit>,
    loaded: DFF<Bits<64>>,
    enable: DFF<Bit>,
    sum: DFF<Bits<64>>,
    lane: Constant<Bits<7>>,
    zero: Constant<Bits<64>>,
}

impl AccumulateLane {
    /// Rising edges from `add_valid` to `write_data`.
    pub const LATENCY: usize = 2;

    /// The block for a lane.
    #[must_use]
    pub fn new(lane: usize) -> Self {
        Self {
            clock: Signal::default(),
            add_valid: Signal::default(),
            addend: Signal::default(),
            carry: Signal::default(),
            load_valid: Signal::default(),
            load_lane: Signal::default(),
            load_word: Signal::default(),
            old: Signal::default(),
            write_enable: Signal::default(),
            write_data: Signal::default(),
            base: Signal::default(),
            summand: Signal::default(),
            one: Signal::default(),
            adds: DFF::default(),
            writes: DFF::default(),
            loaded: DFF::default(),
            enable: DFF::default(),
            sum: DFF::default(),
            lane: Constant::new(lane.to_bits()),
            zero: Constant::new(Bits::default()),
        }
    }
}

impl Logic for AccumulateLane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, adds, writes, loaded, enable, sum);
        self.adds.d.next = self.add_valid.val();
        self.writes.d.next = self.add_valid.val()
            | (self.load_valid.val() & (self.load_lane.val() == self.lane.val()));
        self.loaded.d.next = self.load_word.val();
        self.summand.next = self.loaded.q.val();
        self.base.next = self.zero.val();
        if self.adds.q.val() {
            self.summand.next = self.addend.val();
            self.base.next = self.old.val();
        }
        self.one.next = self.carry.val() & self.adds.q.val();
        self.enable.d.next = self.writes.q.val();
        self.sum.d.next = self.base.val() + self.summand.val() + self.one.val();
        self.write_enable.next = self.enable.q.val();
        self.write_data.next = self.sum.q.val();
    }
}

//! What one lane writes: the sum of an accumulation, or a word that is loaded instead.
//!
//! Timing: edge 1 registers the request while the RAM reads `old`, which edge 2 registers; `addend`
//! comes in the cycle behind it and edge 3 registers the sum. Latency 3 from the request, 1 from
//! `addend`.

use rust_hdl::prelude::*;

/// The writes of one lane.
#[derive(LogicBlock)]
pub struct AccumulateLane {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Accumulate what comes in the cycle after the next.
    pub add_valid: Signal<In, Bit>,
    /// What to add, two edges later.
    pub addend: Signal<In, Bits<64>>,
    /// Add one more, likewise.
    pub carry: Signal<In, Bit>,
    /// With `add_valid`: load instead.
    pub load: Signal<In, Bit>,
    /// What to load, two edges later.
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
    writes: DFF<Bit>,
    loads: DFF<Bit>,
    late_writes: DFF<Bit>,
    late_loads: DFF<Bit>,
    /// Block RAM answers late in the cycle.
    held: DFF<Bits<64>>,
    enable: DFF<Bit>,
    sum: DFF<Bits<64>>,
    zero: Constant<Bits<64>>,
}

impl AccumulateLane {
    /// Rising edges from `add_valid` to `write_data`.
    pub const LATENCY: usize = 3;
}

impl Default for AccumulateLane {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            add_valid: Signal::default(),
            addend: Signal::default(),
            carry: Signal::default(),
            load: Signal::default(),
            load_word: Signal::default(),
            old: Signal::default(),
            write_enable: Signal::default(),
            write_data: Signal::default(),
            base: Signal::default(),
            summand: Signal::default(),
            one: Signal::default(),
            writes: DFF::default(),
            loads: DFF::default(),
            late_writes: DFF::default(),
            late_loads: DFF::default(),
            held: DFF::default(),
            enable: DFF::default(),
            sum: DFF::default(),
            zero: Constant::new(Bits::default()),
        }
    }
}

impl Logic for AccumulateLane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            writes,
            loads,
            late_writes,
            late_loads,
            held,
            enable,
            sum
        );
        self.writes.d.next = self.add_valid.val();
        self.loads.d.next = self.load.val();
        self.late_writes.d.next = self.writes.q.val();
        self.late_loads.d.next = self.loads.q.val();
        self.held.d.next = self.old.val();
        self.summand.next = self.addend.val();
        self.base.next = self.held.q.val();
        if self.late_loads.q.val() {
            self.summand.next = self.load_word.val();
            self.base.next = self.zero.val();
        }
        self.one.next = self.carry.val() & !self.late_loads.q.val();
        self.enable.d.next = self.late_writes.q.val();
        self.sum.d.next = self.base.val() + self.summand.val() + self.one.val();
        self.write_enable.next = self.enable.q.val();
        self.write_data.next = self.sum.q.val();
    }
}

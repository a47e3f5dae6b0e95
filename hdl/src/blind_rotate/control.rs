//! What happens to batches when the key is wrong, and tags that travel beside the data.
//!
//! Timing: [`Control`] answers `start`, `key_error` and `drop` in the same cycle; after a `flush` no batch is
//! opened for [`EMPTYING`] cycles in which `settled` is high. Tags come out as many cycles later as they are
//! built with.

use crate::memory::Delay;
use crate::ntt::Time;
use rust_hdl::prelude::*;

/// Cycles in which what is in the datapath besides turns that count comes to an end.
const EMPTYING: u64 = 31;

/// A wrong key slice, or the word to drop everything, ends the rotation: all batches that are not through are
/// dropped, and the core is free again when the datapath has run empty. Results that are on their way out are right.
#[derive(LogicBlock)]
pub(super) struct Control {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// A batch is to be opened.
    pub start: Signal<In, Bit>,
    /// It can be.
    pub start_ready: Signal<Out, Bit>,
    /// Open it.
    pub load_start: Signal<Out, Bit>,
    /// There is a free half for it.
    pub load_ready: Signal<In, Bit>,
    /// No batch is open.
    pub closed: Signal<In, Bit>,
    /// The rotation rests.
    pub rests: Signal<In, Bit>,
    /// Results are under way.
    pub delivering: Signal<In, Bit>,
    /// Anything is under way.
    pub busy: Signal<Out, Bit>,
    /// The key is wrong.
    pub key_error: Signal<In, Bit>,
    /// All batches are to be dropped.
    pub drop: Signal<In, Bit>,
    /// Forget all batches.
    pub flush: Signal<Out, Bit>,
    /// Grant no turns.
    pub abort: Signal<Out, Bit>,
    /// Nothing is under way in the datapath.
    pub settled: Signal<In, Bit>,
    /// Batches were dropped; until the next start.
    pub failed: Signal<Out, Bit>,
    /// A result's word is there.
    pub lwe_valid: Signal<In, Bit>,
    /// It is taken.
    pub lwe_ready: Signal<In, Bit>,
    /// It is a body.
    pub lwe_last: Signal<In, Bit>,
    /// The last word of a result is taken.
    pub word_last: Signal<Out, Bit>,
    able: Signal<Local, Bit>,
    flushing: Signal<Local, Bit>,
    dropping: Signal<Local, Bit>,
    dropped: DFF<Bit>,
    emptying: DFF<Bits<6>>,
    cycles: Constant<Bits<6>>,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            start_ready: Default::default(),
            load_start: Default::default(),
            load_ready: Default::default(),
            closed: Default::default(),
            rests: Default::default(),
            delivering: Default::default(),
            busy: Default::default(),
            key_error: Default::default(),
            drop: Default::default(),
            dropping: Default::default(),
            flush: Default::default(),
            abort: Default::default(),
            settled: Default::default(),
            failed: Default::default(),
            lwe_valid: Default::default(),
            lwe_ready: Default::default(),
            lwe_last: Default::default(),
            word_last: Default::default(),
            able: Default::default(),
            flushing: Default::default(),
            dropped: Default::default(),
            emptying: Default::default(),
            cycles: Constant::new(EMPTYING.into()),
        }
    }
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, dropped, emptying);
        self.word_last.next = self.lwe_valid.val() & self.lwe_ready.val() & self.lwe_last.val();
        self.dropping.next = self.key_error.val() | self.drop.val();
        self.able.next =
            self.load_ready.val() & (self.emptying.q.val() == 0) & !self.dropping.val();
        self.start_ready.next = self.able.val();
        self.load_start.next = self.start.val() & self.able.val();
        self.flushing.next = self.dropping.val()
            & (self.emptying.q.val() == 0)
            & (!self.closed.val() | !self.rests.val());
        self.flush.next = self.flushing.val();
        self.abort.next = self.flushing.val() | (self.emptying.q.val() != 0);
        self.failed.next = self.dropped.q.val();
        if self.start.val() & self.able.val() {
            self.dropped.d.next = false;
        }
        if (self.emptying.q.val() != 0) & self.settled.val() {
            self.emptying.d.next = self.emptying.q.val() - 1;
        }
        if self.flushing.val() {
            self.dropped.d.next = true;
            self.emptying.d.next = self.cycles.val();
        }
        self.busy.next = !self.closed.val()
            | !self.rests.val()
            | self.delivering.val()
            | (self.emptying.q.val() != 0);
    }
}

/// Whether the datapath is empty because a slice is missing.
#[derive(LogicBlock, Default)]
pub(super) struct KeyWait {
    /// A slice is wanted.
    pub(super) wanted: Signal<In, Bit>,
    /// It is there.
    pub(super) ready: Signal<In, Bit>,
    /// A turn runs.
    pub(super) turning: Signal<In, Bit>,
    /// None does, for want of a slice.
    pub(super) waiting: Signal<Out, Bit>,
}

impl Logic for KeyWait {
    #[hdl_gen]
    fn update(&mut self) {
        self.waiting.next = self.wanted.val() & !self.ready.val() & !self.turning.val();
    }
}

/// Which row of the key a read will meet, as much later as the key is read.
#[derive(LogicBlock)]
pub(super) struct KeyTag {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The number of the cycle within the pass.
    pub cycle_in: Signal<In, Time>,
    /// The level.
    pub level_in: Signal<In, Bits<2>>,
    /// The half of the key store.
    pub half_in: Signal<In, Bit>,
    /// The turn's last cycle.
    pub end_in: Signal<In, Bit>,
    /// The same, later.
    pub cycle_out: Signal<Out, Time>,
    /// The same, later.
    pub level_out: Signal<Out, Bits<2>>,
    /// The same, later.
    pub half_out: Signal<Out, Bit>,
    /// The same, later.
    pub end_out: Signal<Out, Bit>,
    line: Delay<16>,
    cycle_wide: Signal<Local, Bits<16>>,
    level_wide: Signal<Local, Bits<16>>,
    flags: Signal<Local, Bits<16>>,
}

impl KeyTag {
    /// So many cycles later.
    #[must_use]
    pub(super) fn new(latency: usize) -> Self {
        Self {
            clock: Default::default(),
            cycle_in: Default::default(),
            level_in: Default::default(),
            half_in: Default::default(),
            end_in: Default::default(),
            cycle_out: Default::default(),
            level_out: Default::default(),
            half_out: Default::default(),
            end_out: Default::default(),
            line: Delay::new(latency),
            cycle_wide: Default::default(),
            level_wide: Default::default(),
            flags: Default::default(),
        }
    }
}

impl Logic for KeyTag {
    #[hdl_gen]
    fn update(&mut self) {
        self.line.clock.next = self.clock.val();
        self.cycle_wide.next = bit_cast::<16, 12>(self.cycle_in.val()) << 4;
        self.level_wide.next = bit_cast::<16, 2>(self.level_in.val()) << 2;
        self.flags.next = 0.into();
        if self.half_in.val() & !self.end_in.val() {
            self.flags.next = 1.into();
        }
        if !self.half_in.val() & self.end_in.val() {
            self.flags.next = 2.into();
        }
        if self.half_in.val() & self.end_in.val() {
            self.flags.next = 3.into();
        }
        self.line.d.next = self.cycle_wide.val() | self.level_wide.val() | self.flags.val();
        self.half_out.next = self.line.q.val().get_bit(0);
        self.end_out.next = self.line.q.val().get_bit(1);
        self.level_out.next = self.line.q.val().get_bits::<2>(2);
        self.cycle_out.next = self.line.q.val().get_bits::<12>(4);
    }
}

/// What a read's result is: where it goes, and how.
#[derive(LogicBlock)]
pub(super) struct ResultTag {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The read's slot.
    pub slot_in: Signal<In, Bits<4>>,
    /// A table is written in its place.
    pub load_in: Signal<In, Bit>,
    /// It is for the results, not for the accumulator.
    pub alone_in: Signal<In, Bit>,
    /// The datapath's result is about to be there.
    pub result_valid: Signal<In, Bit>,
    /// Write it, or the table.
    pub add_valid: Signal<Out, Bit>,
    /// The slot, as much later as the result.
    pub slot_out: Signal<Out, Bits<4>>,
    /// Write the table.
    pub load_out: Signal<Out, Bit>,
    line: Delay<6>,
    flags: Signal<Local, Bits<6>>,
}

impl ResultTag {
    /// So many cycles later.
    #[must_use]
    pub(super) fn new(latency: usize) -> Self {
        Self {
            clock: Default::default(),
            slot_in: Default::default(),
            load_in: Default::default(),
            alone_in: Default::default(),
            result_valid: Default::default(),
            add_valid: Default::default(),
            slot_out: Default::default(),
            load_out: Default::default(),
            line: Delay::new(latency),
            flags: Default::default(),
        }
    }
}

impl Logic for ResultTag {
    #[hdl_gen]
    fn update(&mut self) {
        self.line.clock.next = self.clock.val();
        self.flags.next = 0.into();
        if self.load_in.val() {
            self.flags.next = 1.into();
        }
        if self.alone_in.val() {
            self.flags.next = 2.into();
        }
        self.line.d.next = (bit_cast::<6, 4>(self.slot_in.val()) << 2) | self.flags.val();
        self.add_valid.next = self.result_valid.val() & !self.line.q.val().get_bit(1);
        self.slot_out.next = self.line.q.val().get_bits::<4>(2);
        self.load_out.next = self.line.q.val().get_bit(0);
    }
}

/// The read of the table that a load's result makes room for.
#[derive(LogicBlock)]
pub(super) struct TableTag {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The read's slot.
    pub slot_in: Signal<In, Bits<4>>,
    /// The number of the cycle within the pass.
    pub cycle_in: Signal<In, Time>,
    /// The turn is a load.
    pub load_in: Signal<In, Bit>,
    /// The pass' last cycle.
    pub last_in: Signal<In, Bit>,
    /// The same, later.
    pub slot_out: Signal<Out, Bits<4>>,
    /// The same, later.
    pub cycle_out: Signal<Out, Time>,
    /// The table's last words are read.
    pub done: Signal<Out, Bit>,
    line: Delay<17>,
}

impl TableTag {
    /// So many cycles later.
    #[must_use]
    pub(super) fn new(latency: usize) -> Self {
        Self {
            clock: Default::default(),
            slot_in: Default::default(),
            cycle_in: Default::default(),
            load_in: Default::default(),
            last_in: Default::default(),
            slot_out: Default::default(),
            cycle_out: Default::default(),
            done: Default::default(),
            line: Delay::new(latency),
        }
    }
}

impl Logic for TableTag {
    #[hdl_gen]
    fn update(&mut self) {
        self.line.clock.next = self.clock.val();
        self.line.d.next = (bit_cast::<17, 12>(self.cycle_in.val()) << 5)
            | (bit_cast::<17, 4>(self.slot_in.val()) << 1);
        if self.load_in.val() & self.last_in.val() {
            self.line.d.next = (bit_cast::<17, 12>(self.cycle_in.val()) << 5)
                | (bit_cast::<17, 4>(self.slot_in.val()) << 1)
                | 1;
        }
        self.done.next = self.line.q.val().get_bit(0);
        self.slot_out.next = self.line.q.val().get_bits::<4>(1);
        self.cycle_out.next = self.line.q.val().get_bits::<12>(5);
    }
}

/// The end of a result's turn, at the results.
#[derive(LogicBlock, Default)]
pub(super) struct ResultEnd {
    /// The accumulators' words are there.
    pub valid: Signal<In, Bit>,
    /// They are a result.
    pub alone: Signal<In, Bit>,
    /// The number of the cycle within the pass.
    pub cycle: Signal<In, Time>,
    /// 2 N / P - 1.
    pub last_time: Signal<In, Time>,
    /// Write them.
    pub write: Signal<Out, Bit>,
    /// They are the last.
    pub written: Signal<Out, Bit>,
}

impl Logic for ResultEnd {
    #[hdl_gen]
    fn update(&mut self) {
        self.write.next = self.valid.val() & self.alone.val();
        self.written.next =
            self.valid.val() & self.alone.val() & (self.cycle.val() == self.last_time.val());
    }
}

/// Whether a read's pass is the first or the last level, when it reaches the multipliers.
#[derive(LogicBlock)]
pub(super) struct MacTag {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The level.
    pub level_in: Signal<In, Bits<2>>,
    /// It is the last.
    pub last_in: Signal<In, Bit>,
    /// The pass is the first level.
    pub first_out: Signal<Out, Bit>,
    /// The pass is the last level.
    pub last_out: Signal<Out, Bit>,
    first_line: Delay<1>,
    last_line: Delay<1>,
}

impl MacTag {
    /// So many cycles later.
    #[must_use]
    pub(super) fn new(latency: usize) -> Self {
        Self {
            clock: Default::default(),
            level_in: Default::default(),
            last_in: Default::default(),
            first_out: Default::default(),
            last_out: Default::default(),
            first_line: Delay::new(latency),
            last_line: Delay::new(latency),
        }
    }
}

impl Logic for MacTag {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, first_line, last_line);
        self.first_line.d.next = 0.into();
        if self.level_in.val() == 0 {
            self.first_line.d.next = 1.into();
        }
        self.last_line.d.next = 0.into();
        if self.last_in.val() {
            self.last_line.d.next = 1.into();
        }
        self.first_out.next = self.first_line.q.val().any();
        self.last_out.next = self.last_line.q.val().any();
    }
}

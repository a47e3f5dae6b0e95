//! A 64-bit counter of cycles, read in halves.
//!
//! Reading the low half keeps the high one as it is at that moment, for the next read of it.
//!
//! Timing: counts one edge behind `count`; `high` follows a read of `low` by one edge.

use gyrus_interface::registers::Register;
use rust_hdl::prelude::*;

/// Counts cycles in which `count` is high.
#[derive(LogicBlock)]
pub struct Counter {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Count this cycle.
    pub count: Signal<In, Bit>,
    /// A register is read.
    pub read: Signal<In, Bit>,
    /// Its number.
    pub read_index: Signal<In, Bits<7>>,
    /// The low half.
    pub low: Signal<Out, Bits<32>>,
    /// The high half as of the last read of the low one.
    pub high: Signal<Out, Bits<32>>,
    /// Both, as of now.
    pub value: Signal<Out, Bits<64>>,
    sum: DFF<Bits<64>>,
    kept: DFF<Bits<32>>,
    own: Constant<Bits<7>>,
}

impl Counter {
    /// The counter whose low half is this register.
    #[must_use]
    pub fn new(low: Register) -> Self {
        Self {
            clock: Signal::default(),
            count: Signal::default(),
            read: Signal::default(),
            read_index: Signal::default(),
            low: Signal::default(),
            high: Signal::default(),
            value: Signal::default(),
            sum: DFF::default(),
            kept: DFF::default(),
            own: Constant::new(low.index().to_bits()),
        }
    }
}

impl Logic for Counter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum, kept);
        if self.count.val() {
            self.sum.d.next = self.sum.q.val() + 1;
        }
        if self.read.val() & (self.read_index.val() == self.own.val()) {
            self.kept.d.next = self.sum.q.val().get_bits::<32>(32);
        }
        self.low.next = self.sum.q.val().get_bits::<32>(0);
        self.high.next = self.kept.q.val();
        self.value.next = self.sum.q.val();
    }
}

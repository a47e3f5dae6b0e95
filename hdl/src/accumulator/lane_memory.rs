//! The words of one lane.
//!
//! Three reads take place in a cycle: that of the turned operand, that of the straight one and that
//! of an accumulation. Each has a RAM with one read port, and all get the same writes.
//!
//! Timing: see [`Ram`]. Latency 1; a read in the cycle of a write still gives the old word.

use super::layout::Shape;
use crate::memory::{Address, Ram};
use rust_hdl::prelude::*;

/// Three equal RAMs.
#[derive(LogicBlock)]
pub struct LaneMemory {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Where to read `turned`.
    pub turned_address: Signal<In, Address>,
    /// Where to read `straight`.
    pub straight_address: Signal<In, Address>,
    /// Where to read `old`.
    pub old_address: Signal<In, Address>,
    /// Write in this cycle.
    pub write_enable: Signal<In, Bit>,
    /// Where to write.
    pub write_address: Signal<In, Address>,
    /// What to write.
    pub write_data: Signal<In, Bits<64>>,
    /// The word for another lane's X^a * acc.
    pub turned: Signal<Out, Bits<64>>,
    /// The word of this lane's acc.
    pub straight: Signal<Out, Bits<64>>,
    /// The word to add to.
    pub old: Signal<Out, Bits<64>>,
    turned_copy: Ram<64>,
    straight_copy: Ram<64>,
    old_copy: Ram<64>,
}

impl LaneMemory {
    /// Rising edges from an address to its word.
    pub const LATENCY: usize = Ram::<64>::LATENCY;

    /// The memory of a lane of a shape, for so many ciphertexts.
    #[must_use]
    pub fn new(shape: &Shape, slots: usize) -> Self {
        let copy = || Ram::new(slots * shape.depth());
        Self {
            clock: Signal::default(),
            turned_address: Signal::default(),
            straight_address: Signal::default(),
            old_address: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            turned: Signal::default(),
            straight: Signal::default(),
            old: Signal::default(),
            turned_copy: copy(),
            straight_copy: copy(),
            old_copy: copy(),
        }
    }
}

impl Logic for LaneMemory {
    #[hdl_gen]
    fn update(&mut self) {
        self.turned_copy.clock.next = self.clock.val();
        self.turned_copy.read_address.next = self.turned_address.val();
        self.turned_copy.write_enable.next = self.write_enable.val();
        self.turned_copy.write_address.next = self.write_address.val();
        self.turned_copy.write_data.next = self.write_data.val();
        self.turned.next = self.turned_copy.read_data.val();
        self.straight_copy.clock.next = self.clock.val();
        self.straight_copy.read_address.next = self.straight_address.val();
        self.straight_copy.write_enable.next = self.write_enable.val();
        self.straight_copy.write_address.next = self.write_address.val();
        self.straight_copy.write_data.next = self.write_data.val();
        self.straight.next = self.straight_copy.read_data.val();
        self.old_copy.clock.next = self.clock.val();
        self.old_copy.read_address.next = self.old_address.val();
        self.old_copy.write_enable.next = self.write_enable.val();
        self.old_copy.write_address.next = self.write_address.val();
        self.old_copy.write_data.next = self.write_data.val();
        self.old.next = self.old_copy.read_data.val();
    }
}

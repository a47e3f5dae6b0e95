//! The address of a group's lanes, given by a time or by a coefficient.
//!
//! The time wins: a pass goes on whatever single coefficients are asked for.
//!
//! Timing: `time_address` has no register; `address` has one. Latency 1.

use super::layout::Shape;
use super::position::{JoinAddress, TimePosition};
use crate::memory::Address;
use rust_hdl::prelude::*;

/// An address from two sides.
#[derive(LogicBlock)]
pub struct GroupAddress {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Log2 of N.
    pub log2_n: Signal<In, Bits<4>>,
    /// Go by the time.
    pub time_valid: Signal<In, Bit>,
    /// The slot that goes with the time.
    pub time_slot: Signal<In, Bits<4>>,
    /// The time.
    pub time_in: Signal<In, Bits<12>>,
    /// The slot that goes with the coefficient.
    pub index_slot: Signal<In, Bits<4>>,
    /// The coefficient's position.
    pub index_position: Signal<In, Bits<12>>,
    /// The coefficient's row, if the address says it.
    pub index_row: Signal<In, Bit>,
    /// The address of the time, in the same cycle.
    pub time_address: Signal<Out, Address>,
    /// The address of the time if that was valid, else of the coefficient.
    pub address: Signal<Out, Address>,
    position: TimePosition,
    by_time: JoinAddress,
    by_index: JoinAddress,
    held: DFF<Address>,
    group: Constant<Bit>,
}

impl GroupAddress {
    /// Rising edges from the inputs to `address`.
    pub const LATENCY: usize = 1;

    /// The block for a group of a shape.
    #[must_use]
    pub fn new(shape: &Shape, group: usize) -> Self {
        Self {
            clock: Signal::default(),
            log2_n: Signal::default(),
            time_valid: Signal::default(),
            time_slot: Signal::default(),
            time_in: Signal::default(),
            index_slot: Signal::default(),
            index_position: Signal::default(),
            index_row: Signal::default(),
            time_address: Signal::default(),
            address: Signal::default(),
            position: TimePosition::new(shape),
            by_time: JoinAddress::new(shape),
            by_index: JoinAddress::new(shape),
            held: DFF::default(),
            group: Constant::new(group == 1),
        }
    }
}

impl Logic for GroupAddress {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        self.position.log2_n.next = self.log2_n.val();
        self.position.time_in.next = self.time_in.val();
        self.position.group.next = self.group.val();
        self.by_time.slot.next = self.time_slot.val();
        self.by_time.position.next = self.position.position.val();
        self.by_time.row.next = self.position.row.val();
        self.by_index.slot.next = self.index_slot.val();
        self.by_index.position.next = self.index_position.val();
        self.by_index.row.next = self.index_row.val();
        self.held.d.next = self.by_index.address.val();
        if self.time_valid.val() {
            self.held.d.next = self.by_time.address.val();
        }
        self.time_address.next = self.by_time.address.val();
        self.address.next = self.held.q.val();
    }
}

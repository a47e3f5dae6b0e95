//! The address of a group's lanes at a time.
//!
//! Timing: `time_address` has no register; `address` has one. Latency 1.

use super::layout::Shape;
use super::position::{JoinAddress, TimePosition};
use crate::memory::Address;
use rust_hdl::prelude::*;

/// An address from a time.
#[derive(LogicBlock)]
pub struct GroupAddress {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Log2 of N.
    pub log2_n: Signal<In, Bits<4>>,
    /// The slot.
    pub slot: Signal<In, Bits<4>>,
    /// The time.
    pub time_in: Signal<In, Bits<12>>,
    /// The address, in the same cycle.
    pub time_address: Signal<Out, Address>,
    /// The address, one edge later.
    pub address: Signal<Out, Address>,
    position: TimePosition,
    joined: JoinAddress,
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
            slot: Signal::default(),
            time_in: Signal::default(),
            time_address: Signal::default(),
            address: Signal::default(),
            position: TimePosition::new(shape),
            joined: JoinAddress::new(shape),
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
        self.joined.slot.next = self.slot.val();
        self.joined.position.next = self.position.position.val();
        self.joined.row.next = self.position.row.val();
        self.held.d.next = self.joined.address.val();
        self.time_address.next = self.joined.address.val();
        self.address.next = self.held.q.val();
    }
}

//! The address from which a group of banks is read for X^a * acc, and what it says of the lanes.
//!
//! Coefficient j of X^a * acc is coefficient j - a (mod 2N) of acc, negated if that is N or more.
//! In positions this is one subtraction: its low bits are the address, its high bits say from
//! which lane the first lane of the group takes its word, the sign on top.
//!
//! With two groups (bit 0 of the fine index in the lane) bank group h serves target group
//! h ^ (a mod 2), so the time becomes the position of that group.
//!
//! Timing: edge 1 registers the difference; latency 1.

use super::layout::Shape;
use super::position::{JoinAddress, Scale, TimePosition};
use crate::memory::Address;
use rust_hdl::prelude::*;

/// Address and source position for one group of banks.
#[derive(LogicBlock)]
pub struct RotateAddress {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Log2 of N.
    pub log2_n: Signal<In, Bits<4>>,
    /// The slot.
    pub slot: Signal<In, Bits<4>>,
    /// The time of the targets.
    pub time_in: Signal<In, Bits<12>>,
    /// a, below 2N.
    pub degree: Signal<In, Bits<12>>,
    /// Where to read this group's banks.
    pub address: Signal<Out, Address>,
    /// The position, modulo 2^12, of what the target group's first lane takes.
    pub source: Signal<Out, Bits<12>>,
    /// Whether the targets are in the other group.
    pub crossed: Signal<Out, Bit>,
    target: TimePosition,
    scale: Scale,
    joined: JoinAddress,
    difference: DFF<Bits<12>>,
    at_slot: DFF<Bits<4>>,
    at_row: DFF<Bit>,
    crosses: DFF<Bit>,
    crossing: Signal<Local, Bit>,
    group: Constant<Bit>,
    pairs: Constant<Bit>,
}

impl RotateAddress {
    /// Rising edges from the inputs to the outputs.
    pub const LATENCY: usize = 1;

    /// The block for bank group `group` of a shape.
    #[must_use]
    pub fn new(shape: &Shape, group: usize) -> Self {
        Self {
            clock: Signal::default(),
            log2_n: Signal::default(),
            slot: Signal::default(),
            time_in: Signal::default(),
            degree: Signal::default(),
            address: Signal::default(),
            source: Signal::default(),
            crossed: Signal::default(),
            target: TimePosition::new(shape),
            scale: Scale::default(),
            joined: JoinAddress::new(shape),
            difference: DFF::default(),
            at_slot: DFF::default(),
            at_row: DFF::default(),
            crosses: DFF::default(),
            crossing: Signal::default(),
            group: Constant::new(group == 1),
            pairs: Constant::new(shape.groups == 2),
        }
    }
}

impl Logic for RotateAddress {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, difference, at_slot, at_row, crosses);
        self.crossing.next = self.degree.val().get_bit(0) & self.pairs.val();
        self.target.log2_n.next = self.log2_n.val();
        self.target.time_in.next = self.time_in.val();
        self.target.group.next = self.group.val() ^ self.crossing.val();
        self.scale.log2_n.next = self.log2_n.val();
        self.scale.value.next = self.degree.val();
        self.difference.d.next = self.target.position.val() - self.scale.scaled.val();
        self.at_slot.d.next = self.slot.val();
        self.at_row.d.next = self.target.row.val();
        self.crosses.d.next = self.crossing.val();
        self.joined.slot.next = self.at_slot.q.val();
        self.joined.position.next = self.difference.q.val();
        self.joined.row.next = self.at_row.q.val();
        self.address.next = self.joined.address.val();
        self.source.next = self.difference.q.val();
        self.crossed.next = self.crosses.q.val();
    }
}

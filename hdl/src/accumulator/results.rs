//! Rotated accumulators on their way out: written by times, read by coefficients.
//!
//! Each slot holds both polynomials of one: sample extractions read the mask, and any coefficient of the body.
//!
//! Timing: words are written in the cycle of `write_valid`; `word` answers the read of
//! [`Results::LATENCY`] edges ago.

use super::layout::{Shape, Unsupported};
use super::{GroupAddress, IndexPlace, JoinAddress, LaneSelect};
use crate::memory::{Address, Delay, Ram};
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// A read's place: the address, registered, and the lane, with the words and one edge later.
#[derive(LogicBlock)]
struct Place {
    clock: Signal<In, Clock>,
    log2_n: Signal<In, Bits<4>>,
    valid: Signal<In, Bit>,
    slot: Signal<In, Bits<4>>,
    row: Signal<In, Bit>,
    index: Signal<In, Bits<11>>,
    address: Signal<Out, Address>,
    lane: Signal<Out, Bits<7>>,
    lane_late: Signal<Out, Bits<7>>,
    valid_late: Signal<Out, Bit>,
    place: IndexPlace,
    joined: JoinAddress,
    address_register: DFF<Address>,
    lanes: Delay<7>,
    late: Delay<7>,
    valids: Delay<1>,
}

impl Place {
    fn new(shape: &Shape) -> Self {
        Self {
            clock: Default::default(),
            log2_n: Default::default(),
            valid: Default::default(),
            slot: Default::default(),
            row: Default::default(),
            index: Default::default(),
            address: Default::default(),
            lane: Default::default(),
            lane_late: Default::default(),
            valid_late: Default::default(),
            place: IndexPlace::new(shape),
            joined: JoinAddress::new(shape),
            address_register: Default::default(),
            lanes: Delay::new(1 + Ram::<64>::LATENCY),
            late: Delay::new(1),
            valids: Delay::new(Results::LATENCY),
        }
    }
}

impl Logic for Place {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, address_register);
        clock!(self, clock, lanes, late, valids);
        self.place.log2_n.next = self.log2_n.val();
        self.place.index.next = self.index.val();
        self.place.row.next = self.row.val();
        self.joined.slot.next = self.slot.val();
        self.joined.position.next = self.place.position.val();
        self.joined.row.next = self.place.address_row.val();
        self.address_register.d.next = self.joined.address.val();
        self.address.next = self.address_register.q.val();
        self.lanes.d.next = self.place.lane.val();
        self.late.d.next = self.lanes.q.val();
        self.lane.next = self.lanes.q.val();
        self.lane_late.next = self.late.q.val();
        self.valids.d.next = 0.into();
        if self.valid.val() {
            self.valids.d.next = 1.into();
        }
        self.valid_late.next = self.valids.q.val().any();
    }
}

/// A rotated accumulator for each slot.
#[derive(LogicBlock)]
pub struct Results {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Log2 of N: 8, 9, 10 or 11.
    pub log2_n: Signal<In, Bits<4>>,
    /// Write the lanes' words.
    pub write_valid: Signal<In, Bit>,
    /// The slot.
    pub write_slot: Signal<In, Bits<4>>,
    /// The time.
    pub write_time: Signal<In, Bits<12>>,
    /// The words.
    pub words: Vec<Signal<In, Bits<64>>>,
    /// Read a coefficient.
    pub read_valid: Signal<In, Bit>,
    /// The slot.
    pub read_slot: Signal<In, Bits<4>>,
    /// The row.
    pub read_row: Signal<In, Bit>,
    /// Which coefficient, below N.
    pub read_index: Signal<In, Bits<11>>,
    /// `word` answers a read.
    pub word_valid: Signal<Out, Bit>,
    /// The coefficient.
    pub word: Signal<Out, Bits<64>>,
    write_to: Vec<GroupAddress>,
    place: Place,
    banks: Vec<Ram<64>>,
    select: LaneSelect,
    _shape: Shape,
}

impl Results {
    /// Rising edges from `read_valid` to `word_valid`.
    pub const LATENCY: usize = 1 + Ram::<64>::LATENCY + LaneSelect::LATENCY;

    /// For `slots` ciphertexts of N up to 2^`max_log2_n` in `lanes` lanes.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] unless `lanes` is 2, 4, .., 128, `max_log2_n` in 8..=11 and `slots` in 1..=16.
    pub fn new(lanes: usize, max_log2_n: usize, slots: usize) -> Result<Self, Unsupported> {
        let shape = Shape::new(lanes, max_log2_n)?;
        if !(1..=16).contains(&slots) {
            return Err(Unsupported::Slots(slots));
        }
        Ok(Self {
            clock: Signal::default(),
            log2_n: Signal::default(),
            write_valid: Signal::default(),
            write_slot: Signal::default(),
            write_time: Signal::default(),
            words: many(lanes, |_| Signal::default()),
            read_valid: Signal::default(),
            read_slot: Signal::default(),
            read_row: Signal::default(),
            read_index: Signal::default(),
            word_valid: Signal::default(),
            word: Signal::default(),
            write_to: many(shape.groups, |group| GroupAddress::new(&shape, group)),
            place: Place::new(&shape),
            banks: many(lanes, |_| Ram::new(slots * shape.depth())),
            select: LaneSelect::new(&shape),
            _shape: shape,
        })
    }
}

impl Logic for Results {
    structure! { this =>
        let shape = this._shape;
        for group in 0..shape.groups {
            wire!(write_to[group].clock <= clock);
            wire!(write_to[group].log2_n <= log2_n);
            wire!(write_to[group].slot <= write_slot);
            wire!(write_to[group].time_in <= write_time);
        }
        wire!(place.clock <= clock);
        wire!(place.log2_n <= log2_n);
        wire!(place.valid <= read_valid);
        wire!(place.slot <= read_slot);
        wire!(place.row <= read_row);
        wire!(place.index <= read_index);
        wire!(select.clock <= clock);
        wire!(select.lane <= place.lane);
        wire!(select.lane_late <= place.lane_late);
        for lane in 0..shape.lanes {
            wire!(banks[lane].clock <= clock);
            wire!(banks[lane].write_enable <= write_valid);
            wire!(banks[lane].write_address <= write_to[shape.group(lane)].time_address);
            wire!(banks[lane].write_data <= words[lane]);
            wire!(banks[lane].read_address <= place.address);
            wire!(select.x[lane] <= banks[lane].read_data);
        }
        wire!(word_valid <= place.valid_late);
        wire!(word <= select.y);
    }
}

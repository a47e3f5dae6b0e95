//! Look-up tables on their way into accumulators: written by coefficients, read by times.
//!
//! Each slot holds one, the body of a ciphertext whose mask is 0. Lanes of the mask read 0.
//!
//! Timing: a word is written two edges after `write_valid`; `words` answer the read of
//! [`Tables::LATENCY`] edges ago.

use super::layout::{Shape, Unsupported};
use super::{GroupAddress, IndexPlace, JoinAddress};
use crate::memory::{Address, Ram};
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// A write's place, registered.
#[derive(LogicBlock)]
struct Place {
    clock: Signal<In, Clock>,
    log2_n: Signal<In, Bits<4>>,
    valid: Signal<In, Bit>,
    slot: Signal<In, Bits<4>>,
    index: Signal<In, Bits<11>>,
    word: Signal<In, Bits<64>>,
    enable: Signal<Out, Bit>,
    lane: Signal<Out, Bits<7>>,
    address: Signal<Out, Address>,
    data: Signal<Out, Bits<64>>,
    place: IndexPlace,
    joined: JoinAddress,
    enable_register: DFF<Bit>,
    lane_register: DFF<Bits<7>>,
    address_register: DFF<Address>,
    data_register: DFF<Bits<64>>,
}

impl Place {
    fn new(shape: &Shape) -> Self {
        Self {
            clock: Default::default(),
            log2_n: Default::default(),
            valid: Default::default(),
            slot: Default::default(),
            index: Default::default(),
            word: Default::default(),
            enable: Default::default(),
            lane: Default::default(),
            address: Default::default(),
            data: Default::default(),
            place: IndexPlace::new(shape),
            joined: JoinAddress::new(shape),
            enable_register: Default::default(),
            lane_register: Default::default(),
            address_register: Default::default(),
            data_register: Default::default(),
        }
    }
}

impl Logic for Place {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            enable_register,
            lane_register,
            address_register,
            data_register
        );
        self.place.log2_n.next = self.log2_n.val();
        self.place.index.next = self.index.val();
        self.place.row.next = true;
        self.joined.slot.next = self.slot.val();
        self.joined.position.next = self.place.position.val();
        self.joined.row.next = self.place.address_row.val();
        self.enable_register.d.next = self.valid.val();
        self.lane_register.d.next = self.place.lane.val();
        self.address_register.d.next = self.joined.address.val();
        self.data_register.d.next = self.word.val();
        self.enable.next = self.enable_register.q.val();
        self.lane.next = self.lane_register.q.val();
        self.address.next = self.address_register.q.val();
        self.data.next = self.data_register.q.val();
    }
}

/// A lane's write enable.
#[derive(LogicBlock)]
struct Strobe {
    enable: Signal<In, Bit>,
    lane: Signal<In, Bits<7>>,
    write: Signal<Out, Bit>,
    own: Constant<Bits<7>>,
}

impl Strobe {
    fn new(lane: usize) -> Self {
        Self {
            enable: Signal::default(),
            lane: Signal::default(),
            write: Signal::default(),
            own: Constant::new(lane.to_bits()),
        }
    }
}

impl Logic for Strobe {
    #[hdl_gen]
    fn update(&mut self) {
        self.write.next = self.enable.val() & (self.lane.val() == self.own.val());
    }
}

/// A table for each slot.
#[derive(LogicBlock)]
pub struct Tables {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Log2 of N: 8, 9, 10 or 11.
    pub log2_n: Signal<In, Bits<4>>,
    /// Write a word.
    pub write_valid: Signal<In, Bit>,
    /// Of this slot's table.
    pub write_slot: Signal<In, Bits<4>>,
    /// Its coefficient.
    pub write_index: Signal<In, Bits<11>>,
    /// The word.
    pub write_word: Signal<In, Bits<64>>,
    /// Read this slot's table.
    pub read_slot: Signal<In, Bits<4>>,
    /// At this time.
    pub read_time: Signal<In, Bits<12>>,
    /// The lanes' words.
    pub words: Vec<Signal<Out, Bits<64>>>,
    place: Place,
    read_from: Vec<GroupAddress>,
    strobes: Vec<Strobe>,
    /// Of the lanes from `_first` on.
    banks: Vec<Ram<64>>,
    read_words: Vec<DFF<Bits<64>>>,
    _shape: Shape,
    _first: usize,
}

impl Tables {
    /// Rising edges from `read_slot` and `read_time` to `words`.
    pub const LATENCY: usize = GroupAddress::LATENCY + Ram::<64>::LATENCY + 1;

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
        // With both rows in a lane, its words of the mask are never written.
        let first = if shape.rows == 2 { shape.row_lanes } else { 0 };
        Ok(Self {
            clock: Signal::default(),
            log2_n: Signal::default(),
            write_valid: Signal::default(),
            write_slot: Signal::default(),
            write_index: Signal::default(),
            write_word: Signal::default(),
            read_slot: Signal::default(),
            read_time: Signal::default(),
            words: many(lanes, |_| Signal::default()),
            place: Place::new(&shape),
            read_from: many(shape.groups, |group| GroupAddress::new(&shape, group)),
            strobes: many(lanes - first, |bank| Strobe::new(first + bank)),
            banks: many(lanes - first, |_| Ram::new(slots * shape.depth())),
            read_words: many(lanes - first, |_| DFF::default()),
            _shape: shape,
            _first: first,
        })
    }
}

impl Logic for Tables {
    structure! { this =>
        let (shape, first) = (this._shape, this._first);
        wire!(place.clock <= clock);
        wire!(place.log2_n <= log2_n);
        wire!(place.valid <= write_valid);
        wire!(place.slot <= write_slot);
        wire!(place.index <= write_index);
        wire!(place.word <= write_word);
        for group in 0..shape.groups {
            wire!(read_from[group].clock <= clock);
            wire!(read_from[group].log2_n <= log2_n);
            wire!(read_from[group].slot <= read_slot);
            wire!(read_from[group].time_in <= read_time);
        }
        for lane in 0..first {
            constant!(words[lane] <= Bits::<64>::default());
        }
        for bank in 0..this.banks.len() {
            wire!(strobes[bank].enable <= place.enable);
            wire!(strobes[bank].lane <= place.lane);
            wire!(banks[bank].clock <= clock);
            wire!(banks[bank].write_enable <= strobes[bank].write);
            wire!(banks[bank].write_address <= place.address);
            wire!(banks[bank].write_data <= place.data);
            wire!(banks[bank].read_address <= read_from[shape.group(first + bank)].address);
            wire!(read_words[bank].clock <= clock);
            wire!(read_words[bank].d <= banks[bank].read_data);
            wire!(words[first + bank] <= read_words[bank].q);
        }
    }
}

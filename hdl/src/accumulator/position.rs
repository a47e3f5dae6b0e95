//! From times and indices to positions and addresses; no registers.
//!
//! A position is j * 2048 / N: the coarse index in bits 6 to 10, the fine one left-aligned below.
//! An address is {slot, row if the time says it, the bits of the position that no lane says}: it
//! has gaps for N below the build's largest, in exchange for which nothing behind the subtraction of
//! a degree depends on N.

use super::layout::Shape;
use crate::memory::Address;
use rust_hdl::prelude::*;

/// value * 2048 / N, modulo 2^12.
#[derive(LogicBlock, Default)]
pub struct Scale {
    /// Log2 of N: 8, 9, 10 or 11. Only the two low bits are looked at.
    pub log2_n: Signal<In, Bits<4>>,
    /// An index below 2N.
    pub value: Signal<In, Bits<12>>,
    /// The index as a position.
    pub scaled: Signal<Out, Bits<12>>,
    half: Signal<Local, Bits<12>>,
}

impl Logic for Scale {
    #[hdl_gen]
    fn update(&mut self) {
        // The shift is 11 - log2_n, whose two bits are the complements of those of log2_n.
        self.half.next = self.value.val() << 2;
        if self.log2_n.val().get_bit(1) {
            self.half.next = self.value.val();
        }
        self.scaled.next = self.half.val() << 1;
        if self.log2_n.val().get_bit(0) {
            self.scaled.next = self.half.val();
        }
    }
}

/// The position that the first lane of a group has at a time, and the row.
#[derive(LogicBlock)]
pub struct TimePosition {
    /// Log2 of N.
    pub log2_n: Signal<In, Bits<4>>,
    /// The time, below 2N / lanes.
    pub time_in: Signal<In, Bits<12>>,
    /// Which group; low if there is but one.
    pub group: Signal<In, Bit>,
    /// The position.
    pub position: Signal<Out, Bits<12>>,
    /// The row, if the time says it; else low.
    pub row: Signal<Out, Bit>,
    lifted: Signal<Local, Bits<12>>,
    row_part: Signal<Local, Bits<12>>,
    scale: Scale,
    up: Constant<Bits<4>>,
    down: Constant<Bits<4>>,
    low_from: Constant<Bits<4>>,
    low_mask: Constant<Bits<12>>,
    row_mask: Constant<Bits<12>>,
}

impl TimePosition {
    /// The block for a shape.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        let (low, row) = (shape.low_bits, shape.row_bits());
        Self {
            log2_n: Signal::default(),
            time_in: Signal::default(),
            group: Signal::default(),
            position: Signal::default(),
            row: Signal::default(),
            lifted: Signal::default(),
            row_part: Signal::default(),
            scale: Scale::default(),
            up: Constant::new(shape.group_bits().to_bits()),
            down: Constant::new((low + row).to_bits()),
            low_from: Constant::new(row.to_bits()),
            low_mask: Constant::new(((1_usize << low) - 1).to_bits()),
            row_mask: Constant::new(row.to_bits()),
        }
    }
}

impl Logic for TimePosition {
    #[hdl_gen]
    fn update(&mut self) {
        self.lifted.next = self.time_in.val() << self.up.val();
        if self.group.val() {
            self.lifted.next = (self.time_in.val() << self.up.val()) | 1;
        }
        self.scale.log2_n.next = self.log2_n.val();
        self.scale.value.next = self.lifted.val() >> self.down.val();
        self.position.next = self.scale.scaled.val()
            | (((self.time_in.val() >> self.low_from.val()) & self.low_mask.val()) << 6);
        self.row_part.next = self.time_in.val() & self.row_mask.val();
        self.row.next = self.row_part.val().get_bit(0);
    }
}

/// The position and the lane of coefficient j of a row.
#[derive(LogicBlock)]
pub struct IndexPlace {
    /// Log2 of N.
    pub log2_n: Signal<In, Bits<4>>,
    /// j, below N.
    pub index: Signal<In, Bits<11>>,
    /// The row.
    pub row: Signal<In, Bit>,
    /// The position.
    pub position: Signal<Out, Bits<12>>,
    /// The lane.
    pub lane: Signal<Out, Bits<7>>,
    /// The row, if the address says it; else low.
    pub address_row: Signal<Out, Bit>,
    of_row: Signal<Local, Bits<12>>,
    scale: Scale,
    lane_shift: Constant<Bits<4>>,
    up: Constant<Bits<4>>,
    group_mask: Constant<Bits<12>>,
    row_lane: Constant<Bits<12>>,
    zero: Constant<Bits<12>>,
    row_in_address: Constant<Bit>,
}

impl IndexPlace {
    /// The block for a shape.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        let row_lane = if shape.rows == 2 { shape.row_lanes } else { 0 };
        Self {
            log2_n: Signal::default(),
            index: Signal::default(),
            row: Signal::default(),
            position: Signal::default(),
            lane: Signal::default(),
            address_row: Signal::default(),
            of_row: Signal::default(),
            scale: Scale::default(),
            lane_shift: Constant::new(shape.lane_shift().to_bits()),
            up: Constant::new(shape.group_bits().to_bits()),
            group_mask: Constant::new(shape.group_bits().to_bits()),
            row_lane: Constant::new(row_lane.to_bits()),
            zero: Constant::new(Bits::default()),
            row_in_address: Constant::new(shape.rows == 1),
        }
    }
}

impl Logic for IndexPlace {
    #[hdl_gen]
    fn update(&mut self) {
        self.scale.log2_n.next = self.log2_n.val();
        self.scale.value.next = bit_cast::<12, 11>(self.index.val());
        self.position.next = self.scale.scaled.val();
        self.of_row.next = self.zero.val();
        if self.row.val() {
            self.of_row.next = self.row_lane.val();
        }
        self.lane.next = bit_cast::<7, 12>(
            ((self.scale.scaled.val() >> self.lane_shift.val()) << self.up.val())
                | (bit_cast::<12, 11>(self.index.val()) & self.group_mask.val())
                | self.of_row.val(),
        );
        self.address_row.next = self.row.val() & self.row_in_address.val();
    }
}

/// The address of a position in a slot. Bits of the position that say the lane are dropped.
#[derive(LogicBlock)]
pub struct JoinAddress {
    /// The slot.
    pub slot: Signal<In, Bits<4>>,
    /// The position.
    pub position: Signal<In, Bits<12>>,
    /// The row; low if the lane says it.
    pub row: Signal<In, Bit>,
    /// The address.
    pub address: Signal<Out, Address>,
    place: Signal<Local, Bits<12>>,
    row_part: Signal<Local, Address>,
    mask: Constant<Bits<12>>,
    drop: Constant<Bits<4>>,
    slot_shift: Constant<Bits<4>>,
    row_bit: Constant<Address>,
    zero: Constant<Address>,
}

impl JoinAddress {
    /// The block for a shape.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        let row_bit = shape.row_bits() << shape.place_bits();
        Self {
            slot: Signal::default(),
            position: Signal::default(),
            row: Signal::default(),
            address: Signal::default(),
            place: Signal::default(),
            row_part: Signal::default(),
            mask: Constant::new(((1_usize << shape.lane_shift()) - 1).to_bits()),
            drop: Constant::new(shape.dropped_bits().to_bits()),
            slot_shift: Constant::new((shape.place_bits() + shape.row_bits()).to_bits()),
            row_bit: Constant::new(row_bit.to_bits()),
            zero: Constant::new(Bits::default()),
        }
    }
}

impl Logic for JoinAddress {
    #[hdl_gen]
    fn update(&mut self) {
        self.place.next = (self.position.val() & self.mask.val()) >> self.drop.val();
        self.row_part.next = self.zero.val();
        if self.row.val() {
            self.row_part.next = self.row_bit.val();
        }
        self.address.next = bit_cast::<16, 12>(self.place.val())
            | self.row_part.val()
            | (bit_cast::<16, 4>(self.slot.val()) << self.slot_shift.val());
    }
}

//! The memory side: asks for slices in order, takes their beats and says where they go.
//!
//! Up to two slices are under way, from the moment they are asked for until their checksum is in.
//! So memory can begin with the next slice while the last beats of one arrive, and its latency does
//! not count. A beat is taken only when a half is free for it. After `start` the slices under way
//! belong to the past: their beats are taken and dropped. After a wrong checksum all are.
//!
//! Timing: `data_ready` depends on registers only; `legal` is two cycles behind what it judges. A
//! beat's word, row and strobes are registered once before the RAMs.

use crate::memory::Address;
use rust_hdl::prelude::*;

/// Requests, and the way of beats into halves.
#[derive(LogicBlock)]
pub(super) struct Fill {
    pub(super) clock: Signal<In, Clock>,
    pub(super) start: Signal<In, Bit>,
    pub(super) stop: Signal<In, Bit>,
    pub(super) lwe_dimension: Signal<In, Bits<12>>,
    pub(super) cycles_per_pass: Signal<In, Bits<12>>,
    pub(super) level_count: Signal<In, Bits<2>>,
    pub(super) request_valid: Signal<Out, Bit>,
    pub(super) request_ready: Signal<In, Bit>,
    pub(super) request_slice: Signal<Out, Bits<12>>,
    pub(super) data_valid: Signal<In, Bit>,
    pub(super) data_ready: Signal<Out, Bit>,
    /// No slice is under way.
    pub(super) idle: Signal<Out, Bit>,
    /// The registers have values that the store can work with.
    pub(super) legal: Signal<Out, Bit>,
    /// A slice had a wrong checksum.
    pub(super) broken: Signal<In, Bit>,
    /// A half is free.
    pub(super) half_free: Signal<In, Bit>,
    /// A beat is taken; it is the first of its slice.
    pub(super) beat: Signal<Out, Bit>,
    pub(super) first: Signal<Out, Bit>,
    /// The number of the slice that comes in, if it counts.
    pub(super) number: Signal<Out, Bits<12>>,
    /// The checksum of a slice that counts is taken.
    pub(super) received: Signal<Out, Bit>,
    /// The beat is a part of row `write_address` of the next cycle; which part.
    pub(super) write: Signal<Out, Bit>,
    pub(super) part: Signal<Out, Bits<8>>,
    pub(super) write_address: Signal<Out, Address>,
    rows: DFF<Bits<16>>,
    ask: Signal<Local, Bit>,
    /// Memory knows of a slice under way.
    accepted: Signal<Local, Bit>,
    dropping: Signal<Local, Bit>,
    /// The beat is a checksum.
    closing: Signal<Local, Bit>,
    successor: Signal<Local, Bits<12>>,
    /// Slices under way after this cycle's checksum.
    remaining: Signal<Local, Bits<2>>,
    active: DFF<Bit>,
    asking: DFF<Bit>,
    asked_slice: DFF<Bits<12>>,
    next_slice: DFF<Bits<12>>,
    arriving: DFF<Bits<12>>,
    arrived: Signal<Local, Bits<12>>,
    under_way: DFF<Bits<2>>,
    /// Of those, the ones from before `start`.
    stale: DFF<Bits<2>>,
    possible: DFF<Bit>,
    last_row: DFF<Bits<16>>,
    at_row: DFF<Bits<16>>,
    at_part: DFF<Bits<8>>,
    begun: DFF<Bit>,
    at_checksum: DFF<Bit>,
    half: DFF<Bit>,
    address: DFF<Address>,
    most_rows: Constant<Bits<16>>,
    last_part: Constant<Bits<8>>,
}

impl Fill {
    /// Halves of at most `rows` rows, each of `parts` beats.
    pub(super) fn new(rows: u16, parts: u8) -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            stop: Default::default(),
            lwe_dimension: Default::default(),
            cycles_per_pass: Default::default(),
            level_count: Default::default(),
            request_valid: Default::default(),
            request_ready: Default::default(),
            request_slice: Default::default(),
            data_valid: Default::default(),
            data_ready: Default::default(),
            idle: Default::default(),
            legal: Default::default(),
            broken: Default::default(),
            half_free: Default::default(),
            beat: Default::default(),
            first: Default::default(),
            number: Default::default(),
            received: Default::default(),
            write: Default::default(),
            part: Default::default(),
            write_address: Default::default(),
            rows: Default::default(),
            ask: Default::default(),
            accepted: Default::default(),
            dropping: Default::default(),
            closing: Default::default(),
            successor: Default::default(),
            remaining: Default::default(),
            active: Default::default(),
            asking: Default::default(),
            asked_slice: Default::default(),
            next_slice: Default::default(),
            arriving: Default::default(),
            arrived: Default::default(),
            under_way: Default::default(),
            stale: Default::default(),
            possible: Default::default(),
            last_row: Default::default(),
            at_row: Default::default(),
            at_part: Default::default(),
            begun: Default::default(),
            at_checksum: Default::default(),
            half: Default::default(),
            address: Default::default(),
            most_rows: Constant::new(u64::from(rows).into()),
            last_part: Constant::new(u64::from(parts.saturating_sub(1)).into()),
        }
    }
}

impl Logic for Fill {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            active,
            asking,
            asked_slice,
            next_slice,
            arriving,
            under_way,
            stale,
            rows,
            possible,
            last_row,
            at_row,
            at_part,
            begun,
            at_checksum,
            half,
            address
        );
        // cycles_per_pass * level_count.
        self.rows.d.next = 0.into();
        if self.level_count.val() == 1 {
            self.rows.d.next = bit_cast::<16, 12>(self.cycles_per_pass.val());
        } else if self.level_count.val() == 2 {
            self.rows.d.next = bit_cast::<16, 12>(self.cycles_per_pass.val()) << 1;
        } else if self.level_count.val() == 3 {
            self.rows.d.next = bit_cast::<16, 12>(self.cycles_per_pass.val())
                + (bit_cast::<16, 12>(self.cycles_per_pass.val()) << 1);
        }
        self.last_row.d.next = self.rows.q.val() - 1;
        self.possible.d.next = (self.rows.q.val() != 0)
            & (self.rows.q.val() <= self.most_rows.val())
            & (self.lwe_dimension.val() != 0);
        self.legal.next = self.possible.q.val();

        // Beats.
        self.accepted.next =
            (self.under_way.q.val() == 2) | ((self.under_way.q.val() == 1) & !self.asking.q.val());
        self.dropping.next = (self.stale.q.val() != 0) | self.broken.val();
        self.data_ready.next = self.accepted.val() & (self.dropping.val() | self.half_free.val());
        self.beat.next = self.data_valid.val() & self.data_ready.val();
        self.first.next = !self.begun.q.val();
        self.closing.next = self.beat.val() & self.at_checksum.q.val();
        self.received.next = self.closing.val() & !self.dropping.val();
        self.write.next = self.beat.val() & !self.at_checksum.q.val() & !self.dropping.val();
        self.part.next = self.at_part.q.val();
        // The half is the address' lowest bit: no adder, whatever the number of rows.
        self.address.d.next = self.at_row.q.val() << 1;
        if self.half.q.val() {
            self.address.d.next = (self.at_row.q.val() << 1) | 1;
        }
        self.write_address.next = self.address.q.val();

        if self.closing.val() {
            self.begun.d.next = false;
            self.at_checksum.d.next = false;
            self.at_row.d.next = 0.into();
        } else if self.beat.val() {
            self.begun.d.next = true;
            self.at_part.d.next = self.at_part.q.val() + 1;
            if self.at_part.q.val() == self.last_part.val() {
                self.at_part.d.next = 0.into();
                self.at_row.d.next = self.at_row.q.val() + 1;
                self.at_checksum.d.next = self.at_row.q.val() == self.last_row.q.val();
            }
        }
        self.number.next = self.arriving.q.val();
        self.arrived.next = self.arriving.q.val() + 1;
        if self.received.val() {
            self.half.d.next = !self.half.q.val();
            self.arriving.d.next = self.arrived.val();
            if self.arrived.val() == self.lwe_dimension.val() {
                self.arriving.d.next = 0.into();
            }
        }

        // Requests. Once asked, a slice is not taken back.
        self.ask.next = self.active.q.val()
            & !self.asking.q.val()
            & (self.under_way.q.val() < 2)
            & !self.start.val()
            & !self.stop.val()
            & !self.broken.val();
        self.successor.next = self.next_slice.q.val() + 1;
        if self.asking.q.val() & self.request_ready.val() {
            self.asking.d.next = false;
        }
        self.remaining.next = self.under_way.q.val();
        if self.closing.val() {
            self.remaining.next = self.under_way.q.val() - 1;
        }
        self.under_way.d.next = self.remaining.val();
        if self.ask.val() {
            self.asking.d.next = true;
            self.asked_slice.d.next = self.next_slice.q.val();
            self.next_slice.d.next = self.successor.val();
            if self.successor.val() == self.lwe_dimension.val() {
                self.next_slice.d.next = 0.into();
            }
            self.under_way.d.next = self.remaining.val() + 1;
        }
        self.request_valid.next = self.asking.q.val();
        self.request_slice.next = self.asked_slice.q.val();
        self.idle.next = self.under_way.q.val() == 0;

        if self.closing.val() & (self.stale.q.val() != 0) {
            self.stale.d.next = self.stale.q.val() - 1;
        }
        if self.start.val() {
            self.active.d.next = self.legal.val();
            self.next_slice.d.next = 0.into();
            self.arriving.d.next = 0.into();
            self.stale.d.next = self.remaining.val();
            self.half.d.next = false;
        }
    }
}

//! The second stage of a batch: it opens the batch in the blind rotation and brings it its look-up tables
//! from card memory.
//!
//! While `sink` is high (the bootstrapping key is wrong) batches are not opened and tables go nowhere.
//!
//! For each batch `status` shows a code of [`gyrus_interface::JobStatus`], with a detail, once its tables
//! are in.
//!
//! Timing: a word a cycle from memory into the rotation; two cycles from the last word of a table to the
//! request of the next.

use crate::memory::Fifo;
use gyrus_interface::JobStatus;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Rest,
    Open,
    Slot,
    Ask,
    Receive,
    Report,
}

/// Opens batches and reads tables.
#[derive(LogicBlock)]
pub(super) struct Rotate {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Drop everything.
    pub(super) clear: Signal<In, Bit>,
    /// Words of [`super::Issue`].
    pub(super) room: Signal<Out, Bit>,
    pub(super) put: Signal<In, Bit>,
    pub(super) word_in: Signal<In, Bits<16>>,
    /// Nothing is in or under way: all tables have been read.
    pub(super) idle: Signal<Out, Bit>,
    /// log2 N; static.
    pub(super) log2_n: Signal<In, Bits<4>>,
    /// Where slot 0 lies; static.
    pub(super) lut_address: Signal<In, Bits<64>>,
    /// The rotation.
    pub(super) core_start: Signal<Out, Bit>,
    pub(super) core_batch: Signal<Out, Bits<5>>,
    pub(super) core_start_ready: Signal<In, Bit>,
    /// It drops everything.
    pub(super) sink: Signal<In, Bit>,
    /// A table is to be read.
    pub(super) request_valid: Signal<Out, Bit>,
    pub(super) request_ready: Signal<In, Bit>,
    pub(super) request_address: Signal<Out, Bits<64>>,
    pub(super) request_words: Signal<Out, Bits<24>>,
    /// A word of it; it goes to the rotation.
    pub(super) word_valid: Signal<In, Bit>,
    pub(super) word_ready: Signal<Out, Bit>,
    pub(super) word_last: Signal<In, Bit>,
    pub(super) word_bad: Signal<In, Bit>,
    pub(super) table_valid: Signal<Out, Bit>,
    pub(super) table_ready: Signal<In, Bit>,
    /// Of each batch the code, and from bit 4 on the detail.
    pub(super) status_room: Signal<In, Bit>,
    pub(super) status_put: Signal<Out, Bit>,
    pub(super) status: Signal<Out, Bits<68>>,
    queue: Fifo<16>,
    state: DFF<State>,
    size: DFF<Bits<5>>,
    left: DFF<Bits<5>>,
    address: DFF<Bits<64>>,
    code: DFF<Bits<4>>,
    detail: DFF<Bits<64>>,
    taking: Signal<Local, Bit>,
    taken: Signal<Local, Bit>,
    one: Constant<Bits<24>>,
    bus_error: Constant<Bits<4>>,
}

impl Default for Rotate {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            room: Signal::default(),
            put: Signal::default(),
            word_in: Signal::default(),
            idle: Signal::default(),
            log2_n: Signal::default(),
            lut_address: Signal::default(),
            core_start: Signal::default(),
            core_batch: Signal::default(),
            core_start_ready: Signal::default(),
            sink: Signal::default(),
            request_valid: Signal::default(),
            request_ready: Signal::default(),
            request_address: Signal::default(),
            request_words: Signal::default(),
            word_valid: Signal::default(),
            word_ready: Signal::default(),
            word_last: Signal::default(),
            word_bad: Signal::default(),
            table_valid: Signal::default(),
            table_ready: Signal::default(),
            status_room: Signal::default(),
            status_put: Signal::default(),
            status: Signal::default(),
            // A size and sixteen slots for each of three batches.
            queue: Fifo::new(64),
            state: DFF::default(),
            size: DFF::default(),
            left: DFF::default(),
            address: DFF::default(),
            code: DFF::default(),
            detail: DFF::default(),
            taking: Signal::default(),
            taken: Signal::default(),
            one: Constant::new(1_u64.into()),
            bus_error: Constant::new((JobStatus::BusError as u64).into()),
        }
    }
}

impl Logic for Rotate {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, size, left, address, code, detail);
        self.queue.clock.next = self.clock.val();
        self.room.next = self.queue.room.val();
        self.queue.claim.next = self.put.val();
        self.queue.put.next = self.put.val();
        self.queue.word_in.next = self.word_in.val();
        self.idle.next = self.queue.empty.val() & (self.state.q.val() == State::Rest);
        self.taking.next =
            (self.state.q.val() == State::Rest) | (self.state.q.val() == State::Slot);
        self.queue.ready.next = self.taking.val() | self.clear.val();
        self.core_start.next = false;
        self.core_batch.next = self.size.q.val();
        self.request_valid.next = self.state.q.val() == State::Ask;
        self.request_address.next = self.address.q.val();
        self.request_words.next = self.one.val() << self.log2_n.val();
        self.table_valid.next = self.word_valid.val() & (self.state.q.val() == State::Receive);
        self.taken.next =
            (self.state.q.val() == State::Receive) & (self.table_ready.val() | self.sink.val());
        self.word_ready.next = self.taken.val();
        self.status_put.next = false;
        self.status.next =
            (bit_cast::<68, 64>(self.detail.q.val()) << 4) | bit_cast::<68, 4>(self.code.q.val());

        match self.state.q.val() {
            State::Rest => {
                self.size.d.next = self.queue.word.val().get_bits::<5>(0);
                self.left.d.next = self.queue.word.val().get_bits::<5>(0);
                self.code.d.next = 0.into();
                self.detail.d.next = 0.into();
                if self.queue.valid.val() {
                    self.state.d.next = State::Open;
                }
            }
            State::Open => {
                self.core_start.next = self.core_start_ready.val() & !self.sink.val();
                if self.core_start_ready.val() | self.sink.val() {
                    self.state.d.next = State::Slot;
                }
            }
            State::Slot => {
                self.address.d.next = self.lut_address.val()
                    + ((bit_cast::<64, 16>(self.queue.word.val()) << 3) << self.log2_n.val());
                if self.queue.valid.val() {
                    self.state.d.next = State::Ask;
                }
            }
            State::Ask => {
                if self.request_ready.val() {
                    self.state.d.next = State::Receive;
                }
            }
            State::Receive => {
                if self.word_valid.val() & self.taken.val() {
                    self.address.d.next = self.address.q.val() + 8;
                    if self.word_bad.val() & (self.code.q.val() == 0) {
                        self.code.d.next = self.bus_error.val();
                        self.detail.d.next = self.address.q.val();
                    }
                    if self.word_last.val() {
                        self.left.d.next = self.left.q.val() - 1;
                        self.state.d.next = State::Slot;
                        if self.left.q.val() == 1 {
                            self.state.d.next = State::Report;
                        }
                    }
                }
            }
            State::Report => {
                self.status_put.next = self.status_room.val();
                if self.status_room.val() {
                    self.state.d.next = State::Rest;
                }
            }
        }
        if self.clear.val() {
            self.state.d.next = State::Rest;
        }
    }
}

//! The first stage of a batch: its ciphertexts from host memory into the key switch.
//!
//! It passes on what the key switch gives, in the order of the batches, to the blind rotation. If a batch
//! could not be read or switched, the rotation gets its words all the same (zeros if there are
//! none), so that it need not know; the batch's status says what became of it.
//!
//! For each batch `status` shows a code of [`gyrus_interface::JobStatus`], with a detail, once.
//!
//! Timing: a word a cycle from memory into the key switch. Five cycles behind the end of a pass the next batch
//! is asked for.

use crate::memory::Fifo;
use gyrus_interface::JobStatus;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Rest,
    Source,
    Start,
    Ask,
    Receive,
    Switch,
    Zeros,
    Report,
}

/// Feeds the key switch.
#[derive(LogicBlock)]
pub(super) struct Feed {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Drop everything.
    pub(super) clear: Signal<In, Bit>,
    /// Words of [`super::Issue`].
    pub(super) room: Signal<Out, Bit>,
    pub(super) put: Signal<In, Bit>,
    pub(super) word_in: Signal<In, Bits<64>>,
    /// Nothing is in or under way.
    pub(super) idle: Signal<Out, Bit>,
    /// n; static.
    pub(super) lwe_dimension: Signal<In, Bits<12>>,
    /// Ciphertexts are to be read.
    pub(super) request_valid: Signal<Out, Bit>,
    pub(super) request_ready: Signal<In, Bit>,
    pub(super) request_address: Signal<Out, Bits<64>>,
    pub(super) request_words: Signal<Out, Bits<24>>,
    /// A word of them.
    pub(super) word_valid: Signal<In, Bit>,
    pub(super) word_ready: Signal<Out, Bit>,
    pub(super) word_last: Signal<In, Bit>,
    pub(super) word_bad: Signal<In, Bit>,
    pub(super) word_address: Signal<In, Bits<64>>,
    /// The key switch; its input word is the one from memory.
    pub(super) switch_start: Signal<Out, Bit>,
    pub(super) switch_batch: Signal<Out, Bits<5>>,
    pub(super) switch_idle: Signal<In, Bit>,
    pub(super) switch_failed: Signal<In, Bit>,
    pub(super) switch_valid: Signal<Out, Bit>,
    pub(super) switch_ready: Signal<In, Bit>,
    /// The key's reader met an error of the bus.
    pub(super) key_unreadable: Signal<In, Bit>,
    /// Give the rotation zeros.
    pub(super) zeros: Signal<Out, Bit>,
    /// It takes one.
    pub(super) zero_taken: Signal<In, Bit>,
    /// The key switching key is wrong.
    pub(super) key_wrong: Signal<Out, Bit>,
    /// Of each batch the code, and from bit 4 on the detail.
    pub(super) status_room: Signal<In, Bit>,
    pub(super) status_put: Signal<Out, Bit>,
    pub(super) status: Signal<Out, Bits<68>>,
    queue: Fifo<64>,
    state: DFF<State>,
    size: DFF<Bits<64>>,
    source: DFF<Bits<64>>,
    code: DFF<Bits<4>>,
    detail: DFF<Bits<64>>,
    column: DFF<Bits<12>>,
    zeros_left: DFF<Bits<5>>,
    taking: Signal<Local, Bit>,
    bus_error: Constant<Bits<4>>,
    mismatch: Constant<Bits<4>>,
}

impl Default for Feed {
    fn default() -> Self {
        let status = |status: JobStatus| Constant::new((status as u64).into());
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            room: Signal::default(),
            put: Signal::default(),
            word_in: Signal::default(),
            idle: Signal::default(),
            lwe_dimension: Signal::default(),
            request_valid: Signal::default(),
            request_ready: Signal::default(),
            request_address: Signal::default(),
            request_words: Signal::default(),
            word_valid: Signal::default(),
            word_ready: Signal::default(),
            word_last: Signal::default(),
            word_bad: Signal::default(),
            word_address: Signal::default(),
            switch_start: Signal::default(),
            switch_batch: Signal::default(),
            switch_idle: Signal::default(),
            switch_failed: Signal::default(),
            switch_valid: Signal::default(),
            switch_ready: Signal::default(),
            key_unreadable: Signal::default(),
            zeros: Signal::default(),
            zero_taken: Signal::default(),
            key_wrong: Signal::default(),
            status_room: Signal::default(),
            status_put: Signal::default(),
            status: Signal::default(),
            // Two words for each of four batches.
            queue: Fifo::new(8),
            state: DFF::default(),
            size: DFF::default(),
            source: DFF::default(),
            code: DFF::default(),
            detail: DFF::default(),
            column: DFF::default(),
            zeros_left: DFF::default(),
            taking: Signal::default(),
            bus_error: status(JobStatus::BusError),
            mismatch: status(JobStatus::ChecksumMismatch),
        }
    }
}

impl Logic for Feed {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, state, size, source, code, detail, column, zeros_left
        );
        self.queue.clock.next = self.clock.val();
        self.room.next = self.queue.room.val();
        self.queue.claim.next = self.put.val();
        self.queue.put.next = self.put.val();
        self.queue.word_in.next = self.word_in.val();
        self.idle.next = self.queue.empty.val() & (self.state.q.val() == State::Rest);
        self.taking.next =
            (self.state.q.val() == State::Rest) | (self.state.q.val() == State::Source);
        self.queue.ready.next = self.taking.val() | self.clear.val();
        self.switch_start.next = false;
        self.switch_batch.next = self.size.q.val().get_bits::<5>(0);
        self.request_valid.next = self.state.q.val() == State::Ask;
        self.request_address.next = self.source.q.val();
        self.request_words.next = self.size.q.val().get_bits::<24>(8);
        self.switch_valid.next = self.word_valid.val() & (self.state.q.val() == State::Receive);
        self.word_ready.next = self.switch_ready.val() & (self.state.q.val() == State::Receive);
        self.zeros.next = self.state.q.val() == State::Zeros;
        self.key_wrong.next = false;
        self.status_put.next = false;
        self.status.next =
            (bit_cast::<68, 64>(self.detail.q.val()) << 4) | bit_cast::<68, 4>(self.code.q.val());

        match self.state.q.val() {
            State::Rest => {
                self.size.d.next = self.queue.word.val();
                if self.queue.valid.val() {
                    self.state.d.next = State::Source;
                }
            }
            State::Source => {
                self.source.d.next = self.queue.word.val();
                self.code.d.next = 0.into();
                self.detail.d.next = 0.into();
                if self.queue.valid.val() {
                    self.state.d.next = State::Start;
                }
            }
            State::Start => {
                self.switch_start.next = self.switch_idle.val();
                if self.switch_idle.val() {
                    self.state.d.next = State::Ask;
                }
            }
            State::Ask => {
                if self.request_ready.val() {
                    self.state.d.next = State::Receive;
                }
            }
            State::Receive => {
                if self.word_valid.val() & self.switch_ready.val() {
                    if self.word_bad.val() & (self.code.q.val() == 0) {
                        self.code.d.next = self.bus_error.val();
                        self.detail.d.next = self.word_address.val();
                    }
                    if self.word_last.val() {
                        self.state.d.next = State::Switch;
                    }
                }
            }
            State::Switch => {
                if self.switch_idle.val() {
                    self.state.d.next = State::Report;
                    if self.switch_failed.val() {
                        self.state.d.next = State::Zeros;
                        self.key_wrong.next = true;
                        self.zeros_left.d.next = self.size.q.val().get_bits::<5>(0);
                        self.column.d.next = 0.into();
                        if self.code.q.val() == 0 {
                            self.code.d.next = self.mismatch.val();
                            if self.key_unreadable.val() {
                                self.code.d.next = self.bus_error.val();
                            }
                        }
                    }
                }
            }
            State::Zeros => {
                if self.zero_taken.val() {
                    self.column.d.next = self.column.q.val() + 1;
                    if self.column.q.val() == self.lwe_dimension.val() {
                        self.column.d.next = 0.into();
                        self.zeros_left.d.next = self.zeros_left.q.val() - 1;
                        if self.zeros_left.q.val() == 1 {
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

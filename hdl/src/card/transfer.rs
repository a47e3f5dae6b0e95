//! Moves words from host memory to card memory, or to another place in host memory, with their checksum.
//!
//! A word that could not be read ends it: the words before are written, none behind.
//!
//! `done` is high for a cycle when the last word is written. Then `sum` is the CRC-32C of the words; `wrong` and
//! `wrong_address` say whether and where the bus reported an error first: a word that could not be read,
//! or the destination.
//!
//! Timing: a word a cycle.

use crate::checksum::Crc32c;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Rest,
    AskRead,
    AskWrite,
    Flow,
    Drop,
    Abort,
    Settle,
    End,
}

/// Moves a run of words.
#[derive(LogicBlock, Default)]
pub(super) struct Transfer {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Back to rest.
    pub(super) clear: Signal<In, Bit>,
    /// Begin; the next port is static until `done`.
    pub(super) start: Signal<In, Bit>,
    pub(super) destination: Signal<In, Bits<64>>,
    /// Words are on their way.
    pub(super) busy: Signal<Out, Bit>,
    pub(super) done: Signal<Out, Bit>,
    pub(super) sum: Signal<Out, Bits<32>>,
    pub(super) wrong: Signal<Out, Bit>,
    pub(super) wrong_address: Signal<Out, Bits<64>>,
    /// The read master.
    pub(super) read_valid: Signal<Out, Bit>,
    pub(super) read_ready: Signal<In, Bit>,
    pub(super) word_valid: Signal<In, Bit>,
    pub(super) word_ready: Signal<Out, Bit>,
    pub(super) word: Signal<In, Bits<64>>,
    pub(super) word_last: Signal<In, Bit>,
    pub(super) word_bad: Signal<In, Bit>,
    pub(super) word_address: Signal<In, Bits<64>>,
    /// The write master; its words are those that are read.
    pub(super) write_valid: Signal<Out, Bit>,
    pub(super) write_ready: Signal<In, Bit>,
    pub(super) out_valid: Signal<Out, Bit>,
    pub(super) out_ready: Signal<In, Bit>,
    pub(super) written: Signal<In, Bit>,
    pub(super) write_owed: Signal<In, Bit>,
    pub(super) write_abort: Signal<Out, Bit>,
    pub(super) write_bad: Signal<In, Bit>,
    state: DFF<State>,
    is_wrong: DFF<Bit>,
    wrong_at: DFF<Bits<64>>,
    moving: Signal<Local, Bit>,
    check: Crc32c,
}

impl Logic for Transfer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, is_wrong, wrong_at);
        self.check.clock.next = self.clock.val();
        self.check.clear.next = self.state.q.val() == State::Rest;
        self.busy.next = self.state.q.val() != State::Rest;
        self.done.next = self.state.q.val() == State::End;
        self.sum.next = self.check.sum.val();
        self.wrong.next = self.is_wrong.q.val();
        self.wrong_address.next = self.wrong_at.q.val();
        self.read_valid.next = self.state.q.val() == State::AskRead;
        self.write_valid.next = self.state.q.val() == State::AskWrite;
        self.moving.next = self.word_valid.val()
            & !self.word_bad.val()
            & self.out_ready.val()
            & (self.state.q.val() == State::Flow);
        self.word_ready.next = ((self.out_ready.val() | self.word_bad.val())
            & (self.state.q.val() == State::Flow))
            | (self.state.q.val() == State::Drop);
        self.out_valid.next =
            self.word_valid.val() & !self.word_bad.val() & (self.state.q.val() == State::Flow);
        self.write_abort.next =
            (self.state.q.val() == State::Drop) | (self.state.q.val() == State::Abort);
        self.check.valid.next = self.moving.val();
        self.check.word.next = self.word.val();

        match self.state.q.val() {
            State::Rest => {
                self.is_wrong.d.next = self.is_wrong.q.val();
                if self.start.val() {
                    self.is_wrong.d.next = false;
                    self.state.d.next = State::AskWrite;
                }
            }
            State::AskWrite => {
                if self.write_ready.val() {
                    self.state.d.next = State::AskRead;
                }
            }
            State::AskRead => {
                if self.read_ready.val() {
                    self.state.d.next = State::Flow;
                }
            }
            State::Flow => {
                if self.written.val() {
                    self.state.d.next = State::Settle;
                    if self.write_bad.val() {
                        self.is_wrong.d.next = true;
                        self.wrong_at.d.next = self.destination.val();
                    }
                }
                if self.word_valid.val() & self.word_bad.val() {
                    self.is_wrong.d.next = true;
                    self.wrong_at.d.next = self.word_address.val();
                    self.state.d.next = State::Drop;
                    if self.word_last.val() {
                        self.state.d.next = State::Abort;
                    }
                }
            }
            State::Drop => {
                if self.word_valid.val() & self.word_last.val() {
                    self.state.d.next = State::Abort;
                }
            }
            State::Abort => {
                if !self.write_owed.val() {
                    self.state.d.next = State::End;
                }
            }
            State::Settle => {
                // The sum takes the last word in.
                self.state.d.next = State::End;
            }
            State::End => {
                self.state.d.next = State::Rest;
            }
        }
        if self.clear.val() {
            self.state.d.next = State::Rest;
        }
    }
}

//! Commands from bytes, the core's streams, and bytes of answers. [`super`] says what the commands are.
//!
//! Timing: a word is offered to the core from the cycle behind its last byte until it is taken; results are taken
//! one by one, each when the one before is sent.

use super::command;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Letter,
    Argument,
    Act,
    Rest,
    Answer,
    Take,
    Fetch,
    Send,
}

/// The bridge.
#[derive(LogicBlock)]
pub struct Bridge {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// A byte has come.
    pub byte_valid: Signal<In, Bit>,
    /// The byte.
    pub byte_in: Signal<In, Bits<8>>,
    /// A byte came to nothing.
    pub byte_wrong: Signal<In, Bit>,
    /// There is a byte to send.
    pub send_valid: Signal<Out, Bit>,
    /// It is taken.
    pub send_ready: Signal<In, Bit>,
    /// The byte.
    pub send_byte: Signal<Out, Bits<8>>,

    /// The parameters, as [`super::Settings::word`] has them.
    pub settings: Signal<Out, Bits<64>>,
    /// A word for one of the streams.
    pub word: Signal<Out, Bits<64>>,
    /// It is for the LWE words.
    pub lwe_valid: Signal<Out, Bit>,
    /// They would be taken.
    pub lwe_ready: Signal<In, Bit>,
    /// It is for the tables.
    pub table_valid: Signal<Out, Bit>,
    /// They would be taken.
    pub table_ready: Signal<In, Bit>,
    /// It is for the key.
    pub key_valid: Signal<Out, Bit>,
    /// It would be taken.
    pub key_ready: Signal<In, Bit>,
    /// The core wants a slice.
    pub request_valid: Signal<In, Bit>,
    /// It will come.
    pub request_ready: Signal<Out, Bit>,
    /// The core has a word of a result.
    pub result_valid: Signal<In, Bit>,
    /// It is taken.
    pub result_ready: Signal<Out, Bit>,
    /// The word.
    pub result: Signal<In, Bits<64>>,
    /// Begin with a key.
    pub key_start: Signal<Out, Bit>,
    /// Ask for no more of it.
    pub key_stop: Signal<Out, Bit>,
    /// None of it is under way.
    pub key_idle: Signal<In, Bit>,
    /// Open a batch.
    pub start: Signal<Out, Bit>,
    /// One may be opened.
    pub start_ready: Signal<In, Bit>,
    /// Drop all batches.
    pub drop: Signal<Out, Bit>,
    /// What [`super::status`] says.
    pub status: Signal<In, Bits<8>>,
    /// A word was lost.
    pub overrun: Signal<Out, Bit>,
    /// A byte was lost.
    pub framing_error: Signal<Out, Bit>,

    state: DFF<State>,
    letter: DFF<Bits<8>>,
    answer: DFF<Bits<8>>,
    /// Bytes of the word that are still to come or to go, 0 for 8.
    bytes: DFF<Bits<3>>,
    /// The argument, a word that comes, or one that goes.
    shift: DFF<Bits<64>>,
    /// Words of the block that are left.
    words: DFF<Bits<16>>,
    /// The word that is offered.
    offered: DFF<Bits<64>>,
    for_lwe: DFF<Bit>,
    for_table: DFF<Bit>,
    for_key: DFF<Bit>,
    parameters: DFF<Bits<64>>,
    stopped: DFF<Bit>,
    key_starts: DFF<Bit>,
    starts: DFF<Bit>,
    drops: DFF<Bit>,
    lost_word: DFF<Bit>,
    lost_byte: DFF<Bit>,
    entering: Signal<Local, Bits<64>>,
    last_byte: Signal<Local, Bit>,
    pending: Signal<Local, Bit>,
    dropping: Signal<Local, Bit>,
    taken: Signal<Local, Bit>,
    of_lwe: Signal<Local, Bit>,
    of_table: Signal<Local, Bit>,
    of_key: Signal<Local, Bit>,
    configure: Constant<Bits<8>>,
    forget: Constant<Bits<8>>,
    key: Constant<Bits<8>>,
    open: Constant<Bits<8>>,
    throw: Constant<Bits<8>>,
    lwe: Constant<Bits<8>>,
    tables: Constant<Bits<8>>,
    slice: Constant<Bits<8>>,
    results: Constant<Bits<8>>,
    query: Constant<Bits<8>>,
    unknown: Constant<Bits<8>>,
}

impl Default for Bridge {
    fn default() -> Self {
        let letter = |letter: u8| Constant::new(u64::from(letter).into());
        Self {
            clock: Default::default(),
            byte_valid: Default::default(),
            byte_in: Default::default(),
            byte_wrong: Default::default(),
            send_valid: Default::default(),
            send_ready: Default::default(),
            send_byte: Default::default(),
            settings: Default::default(),
            word: Default::default(),
            lwe_valid: Default::default(),
            lwe_ready: Default::default(),
            table_valid: Default::default(),
            table_ready: Default::default(),
            key_valid: Default::default(),
            key_ready: Default::default(),
            request_valid: Default::default(),
            request_ready: Default::default(),
            result_valid: Default::default(),
            result_ready: Default::default(),
            result: Default::default(),
            key_start: Default::default(),
            key_stop: Default::default(),
            key_idle: Default::default(),
            start: Default::default(),
            start_ready: Default::default(),
            drop: Default::default(),
            status: Default::default(),
            overrun: Default::default(),
            framing_error: Default::default(),
            state: Default::default(),
            letter: Default::default(),
            answer: Default::default(),
            bytes: Default::default(),
            shift: Default::default(),
            words: Default::default(),
            offered: Default::default(),
            for_lwe: Default::default(),
            for_table: Default::default(),
            for_key: Default::default(),
            parameters: Default::default(),
            stopped: Default::default(),
            key_starts: Default::default(),
            starts: Default::default(),
            drops: Default::default(),
            lost_word: Default::default(),
            lost_byte: Default::default(),
            entering: Default::default(),
            last_byte: Default::default(),
            pending: Default::default(),
            dropping: Default::default(),
            taken: Default::default(),
            of_lwe: Default::default(),
            of_table: Default::default(),
            of_key: Default::default(),
            configure: letter(command::CONFIGURE),
            forget: letter(command::FORGET_KEY),
            key: letter(command::KEY),
            open: letter(command::START),
            throw: letter(command::DROP),
            lwe: letter(command::LWE),
            tables: letter(command::TABLE),
            slice: letter(command::SLICE),
            results: letter(command::RESULTS),
            query: letter(command::STATUS),
            unknown: letter(command::UNKNOWN),
        }
    }
}

impl Logic for Bridge {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, state, letter, answer, bytes, shift, words, offered, for_lwe, for_table,
            for_key, parameters, stopped, key_starts, starts, drops, lost_word, lost_byte
        );
        self.of_lwe.next = self.letter.q.val() == self.lwe.val();
        self.of_table.next = self.letter.q.val() == self.tables.val();
        self.of_key.next = self.letter.q.val() == self.slice.val();
        // What the key store has asked for before it was stopped it gets, whatever it is, and drops.
        self.dropping.next = (self.state.q.val() == State::Rest)
            & !self.of_key.val()
            & !self.key_starts.q.val()
            & !self.key_idle.val();
        self.settings.next = self.parameters.q.val();
        self.word.next = self.offered.q.val();
        self.lwe_valid.next = self.for_lwe.q.val();
        self.table_valid.next = self.for_table.q.val();
        self.key_valid.next = self.for_key.q.val() | self.dropping.val();
        self.key_start.next = self.key_starts.q.val();
        self.key_stop.next = self.stopped.q.val();
        self.start.next = self.starts.q.val();
        self.drop.next = self.drops.q.val();
        self.overrun.next = self.lost_word.q.val();
        self.framing_error.next = self.lost_byte.q.val();
        self.request_ready.next = self.dropping.val();
        self.result_ready.next = self.state.q.val() == State::Fetch;
        self.send_valid.next =
            (self.state.q.val() == State::Answer) | (self.state.q.val() == State::Send);
        self.send_byte.next = self.answer.q.val();
        if self.state.q.val() == State::Send {
            self.send_byte.next = self.shift.q.val().get_bits::<8>(0);
        }

        self.key_starts.d.next = false;
        self.starts.d.next = false;
        self.drops.d.next = false;
        self.pending.next = self.for_lwe.q.val() | self.for_table.q.val() | self.for_key.q.val();
        self.taken.next = (self.for_lwe.q.val() & self.lwe_ready.val())
            | (self.for_table.q.val() & self.table_ready.val())
            | (self.for_key.q.val() & self.key_ready.val());
        if self.taken.val() {
            self.for_lwe.d.next = false;
            self.for_table.d.next = false;
            self.for_key.d.next = false;
        }

        // Bytes of an argument or a word, the lowest first.
        self.entering.next =
            (self.shift.q.val() >> 8) | (bit_cast::<64, 8>(self.byte_in.val()) << 56);
        self.last_byte.next = self.byte_valid.val() & (self.bytes.q.val() == 7);
        match self.state.q.val() {
            State::Letter => {
                self.bytes.d.next = 0.into();
                if self.byte_valid.val() {
                    self.letter.d.next = self.byte_in.val();
                    self.state.d.next = State::Argument;
                }
            }
            State::Argument => {
                if self.byte_valid.val() {
                    self.shift.d.next = self.entering.val();
                    self.bytes.d.next = self.bytes.q.val() + 1;
                }
                if self.last_byte.val() {
                    self.state.d.next = State::Act;
                }
            }
            State::Act => {
                self.answer.d.next = self.letter.q.val();
                self.words.d.next = self.shift.q.val().get_bits::<16>(0);
                if self.letter.q.val() == self.configure.val() {
                    self.parameters.d.next = self.shift.q.val();
                    self.state.d.next = State::Answer;
                } else if self.letter.q.val() == self.forget.val() {
                    self.stopped.d.next = true;
                    self.key_starts.d.next = true;
                    self.state.d.next = State::Rest;
                } else if self.letter.q.val() == self.key.val() {
                    self.stopped.d.next = false;
                    self.key_starts.d.next = true;
                    self.state.d.next = State::Answer;
                } else if self.letter.q.val() == self.open.val() {
                    if self.start_ready.val() {
                        self.starts.d.next = true;
                        self.state.d.next = State::Answer;
                    }
                } else if self.letter.q.val() == self.throw.val() {
                    self.drops.d.next = true;
                    self.for_lwe.d.next = false;
                    self.for_table.d.next = false;
                    self.for_key.d.next = false;
                    self.lost_word.d.next = false;
                    self.lost_byte.d.next = false;
                    self.state.d.next = State::Answer;
                } else if self.of_lwe.val() {
                    if self.lwe_ready.val() & !self.pending.val() {
                        self.state.d.next = State::Answer;
                    }
                } else if self.of_table.val() {
                    if self.table_ready.val() & !self.pending.val() {
                        self.state.d.next = State::Answer;
                    }
                } else if self.of_key.val() {
                    if self.request_valid.val() & !self.pending.val() {
                        self.request_ready.next = true;
                        self.state.d.next = State::Rest;
                    }
                } else if self.letter.q.val() == self.results.val() {
                    self.state.d.next = State::Answer;
                } else if self.letter.q.val() == self.query.val() {
                    self.answer.d.next = self.status.val();
                    self.state.d.next = State::Answer;
                } else {
                    self.answer.d.next = self.unknown.val();
                    self.state.d.next = State::Answer;
                }
            }
            State::Rest => {
                // A slice that was asked for has room, or the key store forgets its past and comes to rest. It then
                // stays there: what it asked for before the next key would be that key's first slices.
                if self.of_key.val() {
                    if self.key_ready.val() {
                        self.state.d.next = State::Answer;
                    }
                } else if self.key_idle.val() & !self.key_starts.q.val() {
                    self.state.d.next = State::Answer;
                }
            }
            State::Answer => {
                self.bytes.d.next = 0.into();
                if self.send_ready.val() {
                    self.state.d.next = State::Letter;
                    if self.words.q.val() != 0 {
                        if self.of_lwe.val() | self.of_table.val() | self.of_key.val() {
                            self.state.d.next = State::Take;
                        } else if self.letter.q.val() == self.results.val() {
                            self.state.d.next = State::Fetch;
                        }
                    }
                }
            }
            State::Take => {
                if self.byte_valid.val() {
                    self.shift.d.next = self.entering.val();
                    self.bytes.d.next = self.bytes.q.val() + 1;
                }
                if self.last_byte.val() {
                    self.words.d.next = self.words.q.val() - 1;
                    if self.words.q.val() == 1 {
                        self.state.d.next = State::Letter;
                    }
                    if self.pending.val() & !self.taken.val() {
                        self.lost_word.d.next = true;
                    } else {
                        self.offered.d.next = self.entering.val();
                        self.for_lwe.d.next = self.of_lwe.val();
                        self.for_table.d.next = self.of_table.val();
                        self.for_key.d.next = self.of_key.val();
                    }
                }
            }
            State::Fetch => {
                self.shift.d.next = self.result.val();
                if self.result_valid.val() {
                    self.state.d.next = State::Send;
                }
            }
            State::Send => {
                if self.send_ready.val() {
                    self.shift.d.next = self.shift.q.val() >> 8;
                    self.bytes.d.next = self.bytes.q.val() + 1;
                    if self.bytes.q.val() == 7 {
                        self.words.d.next = self.words.q.val() - 1;
                        self.state.d.next = State::Fetch;
                        if self.words.q.val() == 1 {
                            self.state.d.next = State::Letter;
                        }
                    }
                }
            }
            _ => {
                self.state.d.next = State::Letter;
            }
        }
        if self.byte_wrong.val() {
            self.lost_byte.d.next = true;
            self.state.d.next = State::Letter;
        }
    }
}

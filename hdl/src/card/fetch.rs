//! The submission ring: descriptors, one after the other.
//!
//! The doorbell says which entries are valid. The next descriptor is read as soon as the one before is
//! taken, and shown until it is taken itself.
//!
//! Timing: asked for two edges behind the doorbell or `take`; `valid` one edge behind its last word.

use gyrus_interface::job::DESCRIPTOR_BYTES;
use rust_hdl::prelude::*;

/// Words of a descriptor.
pub(super) const WORDS: usize = DESCRIPTOR_BYTES / 8;

const _: () = assert!(
    WORDS == 8,
    "a word of a descriptor has a number of three bits"
);

/// Reads descriptors.
#[derive(LogicBlock)]
pub(super) struct Fetch {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Forget what is shown, and everything else.
    pub(super) clear: Signal<In, Bit>,
    /// Begin with the first entry, and no valid ones.
    pub(super) restart: Signal<In, Bit>,
    /// Descriptors may be read.
    pub(super) enable: Signal<In, Bit>,
    /// There are rings.
    pub(super) configured: Signal<In, Bit>,
    /// Where the ring lies.
    pub(super) ring: Signal<In, Bits<64>>,
    /// Its entries.
    pub(super) entries: Signal<In, Bits<17>>,
    /// The doorbell is rung.
    pub(super) doorbell: Signal<In, Bit>,
    /// With this index.
    pub(super) doorbell_index: Signal<In, Bits<32>>,
    /// There is no such entry.
    pub(super) doorbell_bad: Signal<Out, Bit>,
    /// A descriptor is to be read.
    pub(super) request_valid: Signal<Out, Bit>,
    /// The request is taken.
    pub(super) request_ready: Signal<In, Bit>,
    /// From here.
    pub(super) request_address: Signal<Out, Bits<64>>,
    /// A word of it.
    pub(super) word_valid: Signal<In, Bit>,
    /// The word.
    pub(super) word: Signal<In, Bits<64>>,
    /// It is the last.
    pub(super) word_last: Signal<In, Bit>,
    /// The bus reported an error.
    pub(super) word_bad: Signal<In, Bit>,
    /// The descriptor could not be read; none will be shown until `clear`.
    pub(super) unreachable: Signal<Out, Bit>,
    /// A descriptor is shown.
    pub(super) valid: Signal<Out, Bit>,
    /// It is through.
    pub(super) take: Signal<In, Bit>,
    /// Its words.
    pub(super) descriptor: Vec<Signal<Out, Bits<64>>>,
    /// Its address.
    pub(super) address: Signal<Out, Bits<64>>,
    /// Its phase bit is not the present pass's.
    pub(super) stale: Signal<Out, Bit>,
    /// Entries up to it.
    pub(super) consumed: Signal<Out, Bits<32>>,
    /// Nothing is shown or being read, and all valid entries are through.
    pub(super) idle: Signal<Out, Bit>,
    control: FetchControl,
    words: Vec<Word>,
}

/// A word of the descriptor.
#[derive(LogicBlock)]
struct Word {
    clock: Signal<In, Clock>,
    write: Signal<In, Bit>,
    number: Signal<In, Bits<3>>,
    word: Signal<In, Bits<64>>,
    value: Signal<Out, Bits<64>>,
    held: DFF<Bits<64>>,
    own: Constant<Bits<3>>,
}

impl Word {
    fn new(number: usize) -> Self {
        Self {
            clock: Signal::default(),
            write: Signal::default(),
            number: Signal::default(),
            word: Signal::default(),
            value: Signal::default(),
            held: DFF::default(),
            own: Constant::new(number.to_bits()),
        }
    }
}

impl Logic for Word {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        if self.write.val() & (self.number.val() == self.own.val()) {
            self.held.d.next = self.word.val();
        }
        self.value.next = self.held.q.val();
    }
}

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Rest,
    Ask,
    Receive,
    Show,
    Broken,
}

#[derive(LogicBlock, Default)]
struct FetchControl {
    clock: Signal<In, Clock>,
    clear: Signal<In, Bit>,
    restart: Signal<In, Bit>,
    enable: Signal<In, Bit>,
    configured: Signal<In, Bit>,
    ring: Signal<In, Bits<64>>,
    entries: Signal<In, Bits<17>>,
    doorbell: Signal<In, Bit>,
    doorbell_index: Signal<In, Bits<32>>,
    doorbell_bad: Signal<Out, Bit>,
    request_valid: Signal<Out, Bit>,
    request_ready: Signal<In, Bit>,
    word_valid: Signal<In, Bit>,
    word_last: Signal<In, Bit>,
    word_bad: Signal<In, Bit>,
    unreachable: Signal<Out, Bit>,
    write: Signal<Out, Bit>,
    number: Signal<Out, Bits<3>>,
    header: Signal<In, Bits<64>>,
    valid: Signal<Out, Bit>,
    take: Signal<In, Bit>,
    address: Signal<Out, Bits<64>>,
    stale: Signal<Out, Bit>,
    consumed: Signal<Out, Bits<32>>,
    idle: Signal<Out, Bit>,
    state: DFF<State>,
    tail: DFF<Bits<17>>,
    index: DFF<Bits<17>>,
    /// Odd passes have phase 1; this is the number of finished ones.
    pass: DFF<Bit>,
    at_word: DFF<Bits<3>>,
    wrong: DFF<Bit>,
    count: DFF<Bits<32>>,
    bad_index: Signal<Local, Bit>,
    valid_now: Signal<Local, Bits<17>>,
    new_tail: Signal<Local, Bits<17>>,
    valid_then: Signal<Local, Bits<17>>,
}

impl Logic for FetchControl {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, tail, index, pass, at_word, wrong, count);
        // How many entries are valid, and would be: a tail does not go back, nor past the first entry.
        self.valid_now.next = self.tail.q.val() - self.index.q.val();
        if self.tail.q.val() < self.index.q.val() {
            self.valid_now.next = self.tail.q.val() + self.entries.val() - self.index.q.val();
        }
        self.new_tail.next = self.doorbell_index.val().get_bits::<17>(0);
        self.valid_then.next = self.new_tail.val() - self.index.q.val();
        if self.new_tail.val() < self.index.q.val() {
            self.valid_then.next = self.new_tail.val() + self.entries.val() - self.index.q.val();
        }
        self.bad_index.next = !self.configured.val()
            | (self.doorbell_index.val() >= bit_cast::<32, 17>(self.entries.val()))
            | (self.valid_then.val() < self.valid_now.val());
        self.doorbell_bad.next = self.doorbell.val() & self.bad_index.val();
        if self.doorbell.val() & !self.bad_index.val() {
            self.tail.d.next = self.new_tail.val();
        }
        self.request_valid.next = self.state.q.val() == State::Ask;
        self.address.next = self.ring.val() + (bit_cast::<64, 17>(self.index.q.val()) << 6);
        self.write.next = self.word_valid.val() & (self.state.q.val() == State::Receive);
        self.number.next = self.at_word.q.val();
        self.valid.next = self.state.q.val() == State::Show;
        self.unreachable.next = self.state.q.val() == State::Broken;
        self.stale.next = self.header.val().get_bit(8) == self.pass.q.val();
        self.consumed.next = self.count.q.val();
        self.idle.next =
            (self.state.q.val() == State::Rest) & (self.index.q.val() == self.tail.q.val());

        match self.state.q.val() {
            State::Rest => {
                if self.enable.val() & (self.index.q.val() != self.tail.q.val()) {
                    self.state.d.next = State::Ask;
                }
            }
            State::Ask => {
                if self.request_ready.val() {
                    self.state.d.next = State::Receive;
                    self.at_word.d.next = 0.into();
                    self.wrong.d.next = false;
                }
            }
            State::Receive => {
                if self.word_valid.val() {
                    self.at_word.d.next = self.at_word.q.val() + 1;
                    self.wrong.d.next = self.wrong.q.val() | self.word_bad.val();
                    if self.word_last.val() {
                        self.state.d.next = State::Show;
                        self.count.d.next = self.count.q.val() + 1;
                        if self.wrong.q.val() | self.word_bad.val() {
                            self.state.d.next = State::Broken;
                        }
                    }
                }
            }
            State::Show => {
                if self.take.val() {
                    self.state.d.next = State::Rest;
                    self.index.d.next = self.index.q.val() + 1;
                    if self.index.q.val() + 1 == self.entries.val() {
                        self.index.d.next = 0.into();
                        self.pass.d.next = !self.pass.q.val();
                    }
                }
            }
            State::Broken => {}
        }
        if self.clear.val() | self.restart.val() {
            self.state.d.next = State::Rest;
            self.tail.d.next = 0.into();
            self.index.d.next = 0.into();
            self.pass.d.next = false;
            self.count.d.next = 0.into();
        }
    }
}

impl Default for Fetch {
    fn default() -> Self {
        use crate::structure::many;
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            restart: Signal::default(),
            enable: Signal::default(),
            configured: Signal::default(),
            ring: Signal::default(),
            entries: Signal::default(),
            doorbell: Signal::default(),
            doorbell_index: Signal::default(),
            doorbell_bad: Signal::default(),
            request_valid: Signal::default(),
            request_ready: Signal::default(),
            request_address: Signal::default(),
            word_valid: Signal::default(),
            word: Signal::default(),
            word_last: Signal::default(),
            word_bad: Signal::default(),
            unreachable: Signal::default(),
            valid: Signal::default(),
            take: Signal::default(),
            descriptor: many(WORDS, |_| Signal::default()),
            address: Signal::default(),
            stale: Signal::default(),
            consumed: Signal::default(),
            idle: Signal::default(),
            control: FetchControl::default(),
            words: many(WORDS, Word::new),
        }
    }
}

impl Logic for Fetch {
    crate::structure! { this =>
        wire!(control.clock <= clock);
        wire!(control.clear <= clear);
        wire!(control.restart <= restart);
        wire!(control.enable <= enable);
        wire!(control.configured <= configured);
        wire!(control.ring <= ring);
        wire!(control.entries <= entries);
        wire!(control.doorbell <= doorbell);
        wire!(control.doorbell_index <= doorbell_index);
        wire!(doorbell_bad <= control.doorbell_bad);
        wire!(request_valid <= control.request_valid);
        wire!(control.request_ready <= request_ready);
        wire!(request_address <= control.address);
        wire!(control.word_valid <= word_valid);
        wire!(control.word_last <= word_last);
        wire!(control.word_bad <= word_bad);
        wire!(unreachable <= control.unreachable);
        wire!(valid <= control.valid);
        wire!(control.take <= take);
        wire!(address <= control.address);
        wire!(stale <= control.stale);
        wire!(consumed <= control.consumed);
        wire!(idle <= control.idle);
        wire!(control.header <= words[0].value);
        for i in 0..this.words.len() {
            wire!(words[i].clock <= clock);
            wire!(words[i].write <= control.write);
            wire!(words[i].number <= control.number);
            wire!(words[i].word <= word);
            wire!(descriptor[i] <= words[i].value);
        }
    }
}

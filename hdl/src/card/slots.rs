//! The look-up table slots: which of them hold a table, and the list of those that a job uses.
//!
//! A command runs from `start` to `done`:
//!
//! | command | what it does |
//! |---|---|
//! | 0 | forgets all tables |
//! | 1 | forgets those of slots `first` .. `first + count` |
//! | 2 | takes them as loaded |
//! | 3 | lists slot `first` `count` times, if it holds a table |
//! | 4 | lists the `count` slots that a list in host memory names, if all hold tables |
//!
//! With `done` of 3 and 4: `missing` and the first slot that is empty or does not exist (`bad_slot`), or `wrong` and
//! the address of a word that the bus could not read.
//!
//! Timing: 0, 1 and 2 take a cycle a slot, 3 one for each listing, 4 five for two slots if memory gives a word in
//! each five; `listed` one edge behind `list_index`.

use crate::memory::Ram;
use rust_hdl::prelude::*;

pub(super) const FORGET_ALL: u64 = 0;
pub(super) const FORGET: u64 = 1;
pub(super) const LOADED: u64 = 2;
pub(super) const LIST_ONE: u64 = 3;
pub(super) const LIST_EACH: u64 = 4;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Rest,
    Mark,
    LookUp,
    Judge,
    Ask,
    Receive,
    Drain,
    End,
}

/// Slots and lists.
#[derive(LogicBlock)]
pub(super) struct Slots {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Back to rest; what is marked stays.
    pub(super) clear: Signal<In, Bit>,
    /// Begin a command.
    pub(super) start: Signal<In, Bit>,
    /// Which.
    pub(super) command: Signal<In, Bits<3>>,
    /// The first slot.
    pub(super) first: Signal<In, Bits<32>>,
    /// How many; at least 1.
    pub(super) count: Signal<In, Bits<32>>,
    /// The command is through.
    pub(super) done: Signal<Out, Bit>,
    /// A slot holds no table.
    pub(super) missing: Signal<Out, Bit>,
    /// Which.
    pub(super) bad_slot: Signal<Out, Bits<32>>,
    /// The list could not be read.
    pub(super) wrong: Signal<Out, Bit>,
    /// Where.
    pub(super) wrong_address: Signal<Out, Bits<64>>,
    /// The list is to be read, (count + 1) / 2 words.
    pub(super) request_valid: Signal<Out, Bit>,
    pub(super) request_ready: Signal<In, Bit>,
    pub(super) request_words: Signal<Out, Bits<24>>,
    /// A word of it.
    pub(super) word_valid: Signal<In, Bit>,
    pub(super) word_ready: Signal<Out, Bit>,
    pub(super) word: Signal<In, Bits<64>>,
    pub(super) word_last: Signal<In, Bit>,
    pub(super) word_bad: Signal<In, Bit>,
    pub(super) word_address: Signal<In, Bits<64>>,
    /// The list: which entry.
    pub(super) list_index: Signal<In, Bits<16>>,
    /// The slot there.
    pub(super) listed: Signal<Out, Bits<16>>,
    state: DFF<State>,
    /// Marks, or entries of the list so far.
    at: DFF<Bits<32>>,
    left: DFF<Bits<32>>,
    value: DFF<Bit>,
    one: DFF<Bit>,
    slot: DFF<Bits<32>>,
    second: DFF<Bits<32>>,
    upper: DFF<Bit>,
    ended: DFF<Bit>,
    is_missing: DFF<Bit>,
    missed: DFF<Bits<32>>,
    is_wrong: DFF<Bit>,
    wrong_at: DFF<Bits<64>>,
    holds: Signal<Local, Bit>,
    exists: Signal<Local, Bit>,
    taking: Signal<Local, Bit>,
    marks: Ram<1>,
    list: Ram<16>,
    set: Constant<Bits<1>>,
    unset: Constant<Bits<1>>,
    slots: Constant<Bits<32>>,
    forget_all: Constant<Bits<3>>,
    loaded: Constant<Bits<3>>,
    list_one: Constant<Bits<3>>,
    list_each: Constant<Bits<3>>,
}

impl Slots {
    /// For so many slots and entries of a list.
    pub(super) fn new(slots: u32, entries: u32) -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            start: Signal::default(),
            command: Signal::default(),
            first: Signal::default(),
            count: Signal::default(),
            done: Signal::default(),
            missing: Signal::default(),
            bad_slot: Signal::default(),
            wrong: Signal::default(),
            wrong_address: Signal::default(),
            request_valid: Signal::default(),
            request_ready: Signal::default(),
            request_words: Signal::default(),
            word_valid: Signal::default(),
            word_ready: Signal::default(),
            word: Signal::default(),
            word_last: Signal::default(),
            word_bad: Signal::default(),
            word_address: Signal::default(),
            list_index: Signal::default(),
            listed: Signal::default(),
            state: DFF::default(),
            at: DFF::default(),
            left: DFF::default(),
            value: DFF::default(),
            one: DFF::default(),
            slot: DFF::default(),
            second: DFF::default(),
            upper: DFF::default(),
            ended: DFF::default(),
            is_missing: DFF::default(),
            missed: DFF::default(),
            is_wrong: DFF::default(),
            wrong_at: DFF::default(),
            holds: Signal::default(),
            exists: Signal::default(),
            taking: Signal::default(),
            marks: Ram::new(slots as usize),
            list: Ram::new(entries as usize),
            set: Constant::new(1_u64.into()),
            unset: Constant::new(0_u64.into()),
            slots: Constant::new(u64::from(slots).into()),
            forget_all: Constant::new(FORGET_ALL.into()),
            loaded: Constant::new(LOADED.into()),
            list_one: Constant::new(LIST_ONE.into()),
            list_each: Constant::new(LIST_EACH.into()),
        }
    }
}

impl Logic for Slots {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, state, at, left, value, one, slot, second, upper, ended, is_missing,
            missed, is_wrong, wrong_at
        );
        clock!(self, clock, marks, list);
        self.done.next = self.state.q.val() == State::End;
        self.missing.next = self.is_missing.q.val();
        self.bad_slot.next = self.missed.q.val();
        self.wrong.next = self.is_wrong.q.val();
        self.wrong_address.next = self.wrong_at.q.val();
        self.request_valid.next = self.state.q.val() == State::Ask;
        self.request_words.next = bit_cast::<24, 32>((self.count.val() + 1) >> 1);
        self.taking.next =
            (self.state.q.val() == State::Receive) | (self.state.q.val() == State::Drain);
        self.word_ready.next = self.taking.val();
        self.marks.read_address.next = self.slot.q.val().get_bits::<16>(0);
        self.marks.write_address.next = self.at.q.val().get_bits::<16>(0);
        self.marks.write_enable.next = self.state.q.val() == State::Mark;
        self.marks.write_data.next = self.unset.val();
        if self.value.q.val() {
            self.marks.write_data.next = self.set.val();
        }
        self.exists.next = self.slot.q.val() < self.slots.val();
        self.holds.next = self.exists.val() & self.marks.read_data.val().any();
        self.list.read_address.next = self.list_index.val();
        self.listed.next = self.list.read_data.val();
        self.list.write_enable.next = self.state.q.val() == State::Judge;
        self.list.write_address.next = self.at.q.val().get_bits::<16>(0);
        self.list.write_data.next = self.slot.q.val().get_bits::<16>(0);

        match self.state.q.val() {
            State::Rest => {
                self.at.d.next = self.first.val();
                self.left.d.next = self.count.val();
                self.value.d.next = self.command.val() == self.loaded.val();
                self.one.d.next = self.command.val() == self.list_one.val();
                self.slot.d.next = self.first.val();
                if self.start.val() {
                    self.is_missing.d.next = false;
                    self.is_wrong.d.next = false;
                    self.state.d.next = State::Mark;
                    if self.command.val() == self.forget_all.val() {
                        self.at.d.next = 0.into();
                        self.left.d.next = self.slots.val();
                    }
                    if self.command.val() == self.list_one.val() {
                        self.at.d.next = 0.into();
                        self.state.d.next = State::LookUp;
                    }
                    if self.command.val() == self.list_each.val() {
                        self.at.d.next = 0.into();
                        self.state.d.next = State::Ask;
                    }
                }
            }
            State::Mark => {
                self.at.d.next = self.at.q.val() + 1;
                self.left.d.next = self.left.q.val() - 1;
                if self.left.q.val() == 1 {
                    self.state.d.next = State::End;
                }
            }
            State::Ask => {
                self.upper.d.next = false;
                if self.request_ready.val() {
                    self.state.d.next = State::Receive;
                }
            }
            State::Receive => {
                if self.word_valid.val() {
                    self.slot.d.next = self.word.val().get_bits::<32>(0);
                    self.second.d.next = self.word.val().get_bits::<32>(32);
                    self.upper.d.next = false;
                    self.ended.d.next = self.word_last.val();
                    self.state.d.next = State::LookUp;
                    if self.word_bad.val() {
                        self.is_wrong.d.next = true;
                        self.wrong_at.d.next = self.word_address.val();
                        self.state.d.next = State::Drain;
                        if self.word_last.val() {
                            self.state.d.next = State::End;
                        }
                    }
                }
            }
            State::LookUp => {
                // The mark is being read.
                self.state.d.next = State::Judge;
            }
            State::Judge => {
                self.at.d.next = self.at.q.val() + 1;
                self.left.d.next = self.left.q.val() - 1;
                if !self.one.q.val() {
                    self.state.d.next = State::Receive;
                    self.slot.d.next = self.second.q.val();
                    self.upper.d.next = true;
                    if !self.upper.q.val() {
                        self.state.d.next = State::LookUp;
                    }
                }
                if !self.holds.val() {
                    self.is_missing.d.next = true;
                    self.missed.d.next = self.slot.q.val();
                    self.state.d.next = State::Drain;
                    if self.ended.q.val() {
                        self.state.d.next = State::End;
                    }
                }
                if self.left.q.val() == 1 {
                    self.state.d.next = State::End;
                }
                if self.one.q.val() & !self.holds.val() {
                    self.state.d.next = State::End;
                }
            }
            State::Drain => {
                if self.word_valid.val() & self.word_last.val() {
                    self.state.d.next = State::End;
                }
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

//! One read master for four clients: a transfer of one at a time, the lowest-numbered that asks first.
//!
//! Timing: no cycle in between; a new transfer is asked for from the cycle behind the last word on.

use crate::structure::many;
use rust_hdl::prelude::*;

/// Clients of the share.
pub(super) const CLIENTS: usize = 4;

/// Reads of host memory, one transfer after the other.
#[derive(LogicBlock)]
pub(super) struct ReadShare {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Forget whose transfer it is.
    pub(super) clear: Signal<In, Bit>,
    /// Clients' requests.
    pub(super) request_valid: Vec<Signal<In, Bit>>,
    /// They are taken.
    pub(super) request_ready: Vec<Signal<Out, Bit>>,
    /// Where to read.
    pub(super) request_address: Vec<Signal<In, Bits<64>>>,
    /// How many words.
    pub(super) request_words: Vec<Signal<In, Bits<24>>>,
    /// A word for the client.
    pub(super) word_valid: Vec<Signal<Out, Bit>>,
    /// It takes it.
    pub(super) word_ready: Vec<Signal<In, Bit>>,
    /// Where the word that is there lies.
    pub(super) word_address: Signal<Out, Bits<64>>,
    /// A word is taken.
    pub(super) word_taken: Signal<Out, Bit>,
    /// The master's side.
    pub(super) master_request_valid: Signal<Out, Bit>,
    pub(super) master_request_ready: Signal<In, Bit>,
    pub(super) master_request_address: Signal<Out, Bits<64>>,
    pub(super) master_request_words: Signal<Out, Bits<24>>,
    pub(super) master_word_valid: Signal<In, Bit>,
    pub(super) master_word_ready: Signal<Out, Bit>,
    pub(super) master_word_last: Signal<In, Bit>,
    open: DFF<Bit>,
    owner: DFF<Bits<2>>,
    at: DFF<Bits<64>>,
    choice: Signal<Local, Bits<2>>,
    asking: Signal<Local, Bit>,
    taken: Signal<Local, Bit>,
    chosen_address: Signal<Local, Bits<64>>,
    chosen_words: Signal<Local, Bits<24>>,
    owner_ready: Signal<Local, Bit>,
}

impl Default for ReadShare {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            request_valid: many(CLIENTS, |_| Signal::default()),
            request_ready: many(CLIENTS, |_| Signal::default()),
            request_address: many(CLIENTS, |_| Signal::default()),
            request_words: many(CLIENTS, |_| Signal::default()),
            word_valid: many(CLIENTS, |_| Signal::default()),
            word_ready: many(CLIENTS, |_| Signal::default()),
            word_address: Signal::default(),
            word_taken: Signal::default(),
            master_request_valid: Signal::default(),
            master_request_ready: Signal::default(),
            master_request_address: Signal::default(),
            master_request_words: Signal::default(),
            master_word_valid: Signal::default(),
            master_word_ready: Signal::default(),
            master_word_last: Signal::default(),
            open: DFF::default(),
            owner: DFF::default(),
            at: DFF::default(),
            choice: Signal::default(),
            asking: Signal::default(),
            taken: Signal::default(),
            chosen_address: Signal::default(),
            chosen_words: Signal::default(),
            owner_ready: Signal::default(),
        }
    }
}

impl Logic for ReadShare {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, open, owner, at);
        self.choice.next = 3.into();
        self.chosen_address.next = self.request_address[3].val();
        self.chosen_words.next = self.request_words[3].val();
        if self.request_valid[2].val() {
            self.choice.next = 2.into();
            self.chosen_address.next = self.request_address[2].val();
            self.chosen_words.next = self.request_words[2].val();
        }
        if self.request_valid[1].val() {
            self.choice.next = 1.into();
            self.chosen_address.next = self.request_address[1].val();
            self.chosen_words.next = self.request_words[1].val();
        }
        if self.request_valid[0].val() {
            self.choice.next = 0.into();
            self.chosen_address.next = self.request_address[0].val();
            self.chosen_words.next = self.request_words[0].val();
        }
        self.asking.next = (self.request_valid[0].val()
            | self.request_valid[1].val()
            | self.request_valid[2].val()
            | self.request_valid[3].val())
            & !self.open.q.val()
            & !self.clear.val();
        self.master_request_valid.next = self.asking.val();
        self.master_request_address.next = self.chosen_address.val();
        self.master_request_words.next = self.chosen_words.val();
        self.taken.next = self.asking.val() & self.master_request_ready.val();
        self.owner_ready.next = self.word_ready[3].val();
        if self.owner.q.val() == 2 {
            self.owner_ready.next = self.word_ready[2].val();
        }
        if self.owner.q.val() == 1 {
            self.owner_ready.next = self.word_ready[1].val();
        }
        if self.owner.q.val() == 0 {
            self.owner_ready.next = self.word_ready[0].val();
        }
        self.master_word_ready.next = self.owner_ready.val() & self.open.q.val();
        for i in 0..4 {
            self.request_ready[i].next = self.taken.val() & (self.choice.val() == i.to_bits());
            self.word_valid[i].next = self.master_word_valid.val()
                & self.open.q.val()
                & (self.owner.q.val() == i.to_bits());
        }
        self.word_address.next = self.at.q.val();
        self.word_taken.next =
            self.master_word_valid.val() & self.owner_ready.val() & self.open.q.val();
        if self.taken.val() {
            self.open.d.next = true;
            self.owner.d.next = self.choice.val();
            self.at.d.next = self.chosen_address.val();
        }
        if self.master_word_valid.val() & self.owner_ready.val() & self.open.q.val() {
            self.at.d.next = self.at.q.val() + 8;
            if self.master_word_last.val() {
                self.open.d.next = false;
            }
        }
        if self.clear.val() {
            self.open.d.next = false;
        }
    }
}

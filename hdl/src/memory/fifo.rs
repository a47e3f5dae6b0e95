//! A queue behind a pipeline that cannot stall.
//!
//! Whoever feeds the pipeline asks for a place first: `room` is high while, of the places, one is
//! neither taken by a word nor promised to one under way; `claim` promises it. So a word that comes
//! out of the pipeline, at whatever time, is put into its place without being asked.
//!
//! Timing: a word that is `put` shows two edges later; one word a cycle goes through if there are
//! as many places as cycles from a claim to the take of its word, and one more.

use super::{Address, Ram, index_bits};
use rust_hdl::prelude::*;

/// A queue of words of W bits.
#[derive(LogicBlock)]
pub struct Fifo<const W: usize> {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// A place can be promised.
    pub room: Signal<Out, Bit>,
    /// It is.
    pub claim: Signal<In, Bit>,
    /// A word enters, for which a place was promised.
    pub put: Signal<In, Bit>,
    /// The word.
    pub word_in: Signal<In, Bits<W>>,
    /// `word` is there.
    pub valid: Signal<Out, Bit>,
    /// It is taken at the next edge.
    pub ready: Signal<In, Bit>,
    /// The oldest word.
    pub word: Signal<Out, Bits<W>>,
    /// Nothing is inside or promised.
    pub empty: Signal<Out, Bit>,
    words: Ram<W>,
    claimed: DFF<Address>,
    written: DFF<Address>,
    taken: DFF<Address>,
    shown: DFF<Bit>,
    next_taken: Signal<Local, Address>,
    places: Constant<Address>,
}

impl<const W: usize> Fifo<W> {
    /// A queue with at least so many places.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let places = 1_usize << index_bits(places.max(2));
        Self {
            clock: Default::default(),
            room: Default::default(),
            claim: Default::default(),
            put: Default::default(),
            word_in: Default::default(),
            valid: Default::default(),
            ready: Default::default(),
            word: Default::default(),
            empty: Default::default(),
            words: Ram::new(places),
            claimed: Default::default(),
            written: Default::default(),
            taken: Default::default(),
            shown: Default::default(),
            next_taken: Default::default(),
            places: Constant::new(places.to_bits()),
        }
    }
}

impl<const W: usize> Logic for Fifo<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, claimed, written, taken, shown);
        self.words.clock.next = self.clock.val();
        self.room.next = (self.claimed.q.val() - self.taken.q.val()) != self.places.val();
        self.empty.next = self.claimed.q.val() == self.taken.q.val();
        if self.claim.val() {
            self.claimed.d.next = self.claimed.q.val() + 1;
        }
        self.words.write_enable.next = self.put.val();
        self.words.write_address.next = self.written.q.val();
        self.words.write_data.next = self.word_in.val();
        if self.put.val() {
            self.written.d.next = self.written.q.val() + 1;
        }
        // The RAM reads the next word while this one is taken. A word that is written in the same
        // edge is not seen yet, so `written` of before the edge says whether there is one.
        self.next_taken.next = self.taken.q.val();
        if self.shown.q.val() & self.ready.val() {
            self.next_taken.next = self.taken.q.val() + 1;
        }
        self.taken.d.next = self.next_taken.val();
        self.words.read_address.next = self.next_taken.val();
        self.shown.d.next = self.next_taken.val() != self.written.q.val();
        self.valid.next = self.shown.q.val();
        self.word.next = self.words.read_data.val();
    }
}

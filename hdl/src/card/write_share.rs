//! The write master of host memory, for results and completions ([`super::Store`]) and for copies
//! ([`super::Transfer`]); and the destination of transfers: host memory for copies, card memory for uploads.
//!
//! A copy runs only when nothing is left to be stored, so there is nothing to arbitrate.
//!
//! Timing: no registers.

use rust_hdl::prelude::*;

/// Who writes where.
#[derive(LogicBlock, Default)]
pub(super) struct WriteShare {
    /// A transfer is at work; it is a copy.
    pub(super) moving: Signal<In, Bit>,
    pub(super) copying: Signal<In, Bit>,
    /// The store.
    pub(super) store_request: Signal<In, Bit>,
    pub(super) store_ready: Signal<Out, Bit>,
    pub(super) store_address: Signal<In, Bits<64>>,
    pub(super) store_words: Signal<In, Bits<24>>,
    pub(super) store_valid: Signal<In, Bit>,
    pub(super) store_word: Signal<In, Bits<64>>,
    pub(super) store_word_ready: Signal<Out, Bit>,
    pub(super) stored: Signal<Out, Bit>,
    pub(super) store_bad: Signal<Out, Bit>,
    /// The transfer.
    pub(super) move_request: Signal<In, Bit>,
    pub(super) move_ready: Signal<Out, Bit>,
    pub(super) move_address: Signal<In, Bits<64>>,
    pub(super) move_words: Signal<In, Bits<24>>,
    pub(super) move_valid: Signal<In, Bit>,
    pub(super) move_word: Signal<In, Bits<64>>,
    pub(super) move_word_ready: Signal<Out, Bit>,
    pub(super) moved: Signal<Out, Bit>,
    pub(super) move_bad: Signal<Out, Bit>,
    pub(super) move_owed: Signal<Out, Bit>,
    pub(super) move_abort: Signal<In, Bit>,
    /// A reset gives up everything.
    pub(super) clear: Signal<In, Bit>,
    /// The master of host memory.
    pub(super) host_request: Signal<Out, Bit>,
    pub(super) host_ready: Signal<In, Bit>,
    pub(super) host_address: Signal<Out, Bits<64>>,
    pub(super) host_words: Signal<Out, Bits<24>>,
    pub(super) host_valid: Signal<Out, Bit>,
    pub(super) host_word: Signal<Out, Bits<64>>,
    pub(super) host_word_ready: Signal<In, Bit>,
    pub(super) host_done: Signal<In, Bit>,
    pub(super) host_bad: Signal<In, Bit>,
    pub(super) host_owed: Signal<In, Bit>,
    pub(super) host_abort: Signal<Out, Bit>,
    /// A word for host memory is taken.
    pub(super) host_word_taken: Signal<Out, Bit>,
    /// The master of card memory; its address, words and word are the transfer's.
    pub(super) card_request: Signal<Out, Bit>,
    pub(super) card_ready: Signal<In, Bit>,
    pub(super) card_valid: Signal<Out, Bit>,
    pub(super) card_word_ready: Signal<In, Bit>,
    pub(super) card_done: Signal<In, Bit>,
    pub(super) card_bad: Signal<In, Bit>,
    pub(super) card_owed: Signal<In, Bit>,
    pub(super) card_abort: Signal<Out, Bit>,
    copy: Signal<Local, Bit>,
}

impl Logic for WriteShare {
    #[hdl_gen]
    fn update(&mut self) {
        self.copy.next = self.moving.val() & self.copying.val();
        self.host_request.next = self.store_request.val();
        self.host_address.next = self.store_address.val();
        self.host_words.next = self.store_words.val();
        self.host_valid.next = self.store_valid.val();
        self.host_word.next = self.store_word.val();
        self.store_ready.next = self.host_ready.val();
        self.store_word_ready.next = self.host_word_ready.val();
        self.stored.next = self.host_done.val();
        self.store_bad.next = self.host_bad.val();
        self.card_request.next = self.move_request.val();
        self.card_valid.next = self.move_valid.val();
        self.move_ready.next = self.card_ready.val();
        self.move_word_ready.next = self.card_word_ready.val();
        self.moved.next = self.card_done.val();
        self.move_bad.next = self.card_bad.val();
        self.move_owed.next = self.card_owed.val();
        self.host_abort.next = self.clear.val();
        self.card_abort.next = self.clear.val() | self.move_abort.val();
        self.host_word_taken.next = self.store_valid.val() & self.host_word_ready.val();
        if self.copy.val() {
            self.host_request.next = self.move_request.val();
            self.host_address.next = self.move_address.val();
            self.host_words.next = self.move_words.val();
            self.host_valid.next = self.move_valid.val();
            self.host_word.next = self.move_word.val();
            self.store_ready.next = false;
            self.store_word_ready.next = false;
            self.stored.next = false;
            self.card_request.next = false;
            self.card_valid.next = false;
            self.move_ready.next = self.host_ready.val();
            self.move_word_ready.next = self.host_word_ready.val();
            self.moved.next = self.host_done.val();
            self.move_bad.next = self.host_bad.val();
            self.move_owed.next = self.host_owed.val();
            self.host_abort.next = self.clear.val() | self.move_abort.val();
            self.card_abort.next = self.clear.val();
            self.host_word_taken.next = self.move_valid.val() & self.host_word_ready.val();
        }
    }
}

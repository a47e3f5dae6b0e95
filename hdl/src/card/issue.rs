//! Cuts a bootstrap job into batches of the hardware's size, and tells the stages of each.
//!
//! | to | words of a batch |
//! |---|---|
//! | [`super::Feed`] | ciphertexts and words (ciphertexts in bits 0 to 4, words from bit 8 on); source |
//! | [`super::Rotate`] | ciphertexts; the slot of each |
//! | [`super::Store`] | 0, ciphertexts (from bit 8), samples (16), stride (32); destination |
//!
//! and at the end of any job to [`super::Store`]: 1, status (8), consumed entries
//! (32); tag; detail; the cycle in which it began.
//!
//! Timing: a word a cycle to one stage at a time, if it has room.

use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Rest,
    Size,
    Products,
    FeedSize,
    FeedSource,
    RotateSize,
    FetchSlot,
    RotateSlot,
    StoreSize,
    StorePlace,
    Next,
    Completion,
    Tag,
    Detail,
    Began,
    End,
}

/// Tells the stages what to do.
#[derive(LogicBlock)]
pub(super) struct Issue {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Back to rest.
    pub(super) clear: Signal<In, Bit>,
    /// Issue the batches of a job, whose fields are the next ports; or, with `finish`, its end.
    pub(super) start: Signal<In, Bit>,
    pub(super) finish: Signal<In, Bit>,
    /// All words are out.
    pub(super) done: Signal<Out, Bit>,
    /// log2 N; static.
    pub(super) log2_n: Signal<In, Bits<4>>,
    pub(super) count: Signal<In, Bits<16>>,
    pub(super) samples: Signal<In, Bits<16>>,
    pub(super) stride: Signal<In, Bits<32>>,
    pub(super) source: Signal<In, Bits<64>>,
    pub(super) destination: Signal<In, Bits<64>>,
    /// The list of slots.
    pub(super) list_index: Signal<Out, Bits<16>>,
    pub(super) listed: Signal<In, Bits<16>>,
    /// Of a job's end.
    pub(super) status: Signal<In, Bits<4>>,
    pub(super) consumed: Signal<In, Bits<32>>,
    pub(super) tag: Signal<In, Bits<64>>,
    pub(super) detail: Signal<In, Bits<64>>,
    pub(super) began: Signal<In, Bits<64>>,
    /// Words to the stages.
    pub(super) feed_room: Signal<In, Bit>,
    pub(super) feed_put: Signal<Out, Bit>,
    pub(super) rotate_room: Signal<In, Bit>,
    pub(super) rotate_put: Signal<Out, Bit>,
    pub(super) rotate_word: Signal<Out, Bits<16>>,
    pub(super) store_room: Signal<In, Bit>,
    pub(super) store_put: Signal<Out, Bit>,
    /// The word for [`super::Feed`] or [`super::Store`].
    pub(super) word: Signal<Out, Bits<64>>,
    state: DFF<State>,
    left: DFF<Bits<16>>,
    at: DFF<Bits<16>>,
    slot: DFF<Bits<16>>,
    size: DFF<Bits<16>>,
    from: DFF<Bits<64>>,
    to: DFF<Bits<64>>,
    in_words: DFF<Bits<64>>,
    out_words: DFF<Bits<64>>,
    outputs: Signal<Local, Bits<64>>,
    wide_size: Signal<Local, Bits<64>>,
    slots: Constant<Bits<16>>,
}

impl Issue {
    /// For hardware batches of so many ciphertexts.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            start: Signal::default(),
            finish: Signal::default(),
            done: Signal::default(),
            log2_n: Signal::default(),
            count: Signal::default(),
            samples: Signal::default(),
            stride: Signal::default(),
            source: Signal::default(),
            destination: Signal::default(),
            list_index: Signal::default(),
            listed: Signal::default(),
            status: Signal::default(),
            consumed: Signal::default(),
            tag: Signal::default(),
            detail: Signal::default(),
            began: Signal::default(),
            feed_room: Signal::default(),
            feed_put: Signal::default(),
            rotate_room: Signal::default(),
            rotate_put: Signal::default(),
            rotate_word: Signal::default(),
            store_room: Signal::default(),
            store_put: Signal::default(),
            word: Signal::default(),
            state: DFF::default(),
            left: DFF::default(),
            at: DFF::default(),
            slot: DFF::default(),
            size: DFF::default(),
            from: DFF::default(),
            to: DFF::default(),
            in_words: DFF::default(),
            out_words: DFF::default(),
            outputs: Signal::default(),
            wide_size: Signal::default(),
            slots: Constant::new(slots.to_bits()),
        }
    }
}

impl Logic for Issue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, state, left, at, slot, size, from, to, in_words, out_words
        );
        self.done.next = self.state.q.val() == State::End;
        self.list_index.next = self.at.q.val();
        self.feed_put.next = false;
        self.rotate_put.next = false;
        self.rotate_word.next = self.size.q.val();
        self.store_put.next = false;
        self.word.next = self.from.q.val();
        self.wide_size.next = bit_cast::<64, 16>(self.size.q.val());
        self.outputs.next = bit_cast::<64, 32>(self.size.q.val() * self.samples.val());

        match self.state.q.val() {
            State::Rest => {
                self.left.d.next = self.count.val();
                self.at.d.next = 0.into();
                self.from.d.next = self.source.val();
                self.to.d.next = self.destination.val();
                if self.start.val() {
                    self.state.d.next = State::Size;
                }
                if self.finish.val() {
                    self.state.d.next = State::Completion;
                }
            }
            State::Size => {
                self.size.d.next = self.slots.val();
                if self.left.q.val() < self.slots.val() {
                    self.size.d.next = self.left.q.val();
                }
                self.state.d.next = State::Products;
            }
            State::Products => {
                self.in_words.d.next =
                    (self.wide_size.val() << self.log2_n.val()) + self.wide_size.val();
                self.out_words.d.next =
                    (self.outputs.val() << self.log2_n.val()) + self.outputs.val();
                self.slot.d.next = 0.into();
                self.state.d.next = State::FeedSize;
            }
            State::FeedSize => {
                self.word.next = (self.in_words.q.val() << 8) | self.wide_size.val();
                self.feed_put.next = self.feed_room.val();
                if self.feed_room.val() {
                    self.state.d.next = State::FeedSource;
                }
            }
            State::FeedSource => {
                self.feed_put.next = self.feed_room.val();
                if self.feed_room.val() {
                    self.from.d.next = self.from.q.val() + (self.in_words.q.val() << 3);
                    self.state.d.next = State::RotateSize;
                }
            }
            State::RotateSize => {
                self.rotate_put.next = self.rotate_room.val();
                if self.rotate_room.val() {
                    self.state.d.next = State::FetchSlot;
                }
            }
            State::FetchSlot => {
                // The list is being read.
                self.state.d.next = State::RotateSlot;
            }
            State::RotateSlot => {
                self.rotate_word.next = self.listed.val();
                self.rotate_put.next = self.rotate_room.val();
                if self.rotate_room.val() {
                    self.at.d.next = self.at.q.val() + 1;
                    self.slot.d.next = self.slot.q.val() + 1;
                    self.state.d.next = State::FetchSlot;
                    if self.slot.q.val() + 1 == self.size.q.val() {
                        self.state.d.next = State::StoreSize;
                    }
                }
            }
            State::StoreSize => {
                self.word.next = (bit_cast::<64, 32>(self.stride.val()) << 32)
                    | (bit_cast::<64, 16>(self.samples.val()) << 16)
                    | (self.wide_size.val() << 8);
                self.store_put.next = self.store_room.val();
                if self.store_room.val() {
                    self.state.d.next = State::StorePlace;
                }
            }
            State::StorePlace => {
                self.word.next = self.to.q.val();
                self.store_put.next = self.store_room.val();
                if self.store_room.val() {
                    self.to.d.next = self.to.q.val() + (self.out_words.q.val() << 3);
                    self.left.d.next = self.left.q.val() - self.size.q.val();
                    self.state.d.next = State::Next;
                }
            }
            State::Next => {
                self.state.d.next = State::Size;
                if !self.left.q.val().any() {
                    self.state.d.next = State::End;
                }
            }
            State::Completion => {
                self.word.next = (bit_cast::<64, 32>(self.consumed.val()) << 32)
                    | (bit_cast::<64, 4>(self.status.val()) << 8)
                    | 1;
                self.store_put.next = self.store_room.val();
                if self.store_room.val() {
                    self.state.d.next = State::Tag;
                }
            }
            State::Tag => {
                self.word.next = self.tag.val();
                self.store_put.next = self.store_room.val();
                if self.store_room.val() {
                    self.state.d.next = State::Detail;
                }
            }
            State::Detail => {
                self.word.next = self.detail.val();
                self.store_put.next = self.store_room.val();
                if self.store_room.val() {
                    self.state.d.next = State::Began;
                }
            }
            State::Began => {
                self.word.next = self.began.val();
                self.store_put.next = self.store_room.val();
                if self.store_room.val() {
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

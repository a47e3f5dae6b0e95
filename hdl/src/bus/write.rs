//! Writes memory of the host or the card: transfers of words, one at a time, as bursts of an AXI4 master of 64 bits.
//!
//! A burst's address is offered at least an edge before its first beat, and not before fewer than
//! 64 beats of those before it are left to send: what was offered has to be completed, whether its
//! words come or not. Up to [`MOST_WRITES`] bursts await their responses.
//!
//! After an abort the bursts that were offered are filled up with beats without strobes; then, when
//! their responses are in, a request is heeded again. A beat that is shown stays what it is.
//!
//! Timing: `awvalid` rises three edges after a request; a word shows on the bus one edge after it is
//! taken; a word a cycle. `word_ready` depends on `wready` and `abort`. `done` is one edge behind the
//! last response, and a request is heeded one edge later.

use super::bursts::Bursts;
use rust_hdl::prelude::*;

/// Most bursts without a response.
pub const MOST_WRITES: u64 = 15;

/// An AXI4 write master.
#[derive(LogicBlock)]
pub struct WriteMaster {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// A transfer is asked for.
    pub request_valid: Signal<In, Bit>,
    /// It begins; does not depend on `request_valid`.
    pub request_ready: Signal<Out, Bit>,
    /// From here on, a multiple of 8.
    pub request_address: Signal<In, Bits<64>>,
    /// So many words, at least 1.
    pub request_words: Signal<In, Bits<24>>,
    /// A word is there.
    pub word_valid: Signal<In, Bit>,
    /// It is taken.
    pub word_ready: Signal<Out, Bit>,
    /// The transfer's next word.
    pub word: Signal<In, Bits<64>>,
    /// For one cycle: all words are written, all responses in.
    pub done: Signal<Out, Bit>,
    /// With `done`: a response was an error.
    pub bad: Signal<Out, Bit>,
    /// While high: the transfer is forgotten, and none begins.
    pub abort: Signal<In, Bit>,
    /// The bus is reset: nothing is offered or owed any more. With `abort`.
    pub reset: Signal<In, Bit>,
    /// A burst is offered or without its response.
    pub outstanding: Signal<Out, Bit>,
    /// An address, a beat or a response moves in this cycle.
    pub moved: Signal<Out, Bit>,
    /// AXI's AW channel.
    pub awaddr: Signal<Out, Bits<64>>,
    /// Beats of the burst, less one.
    pub awlen: Signal<Out, Bits<8>>,
    /// See `awaddr`.
    pub awvalid: Signal<Out, Bit>,
    /// See `awaddr`.
    pub awready: Signal<In, Bit>,
    /// AXI's W channel.
    pub wdata: Signal<Out, Bits<64>>,
    /// All bytes or none.
    pub wstrb: Signal<Out, Bits<8>>,
    /// The burst's last beat.
    pub wlast: Signal<Out, Bit>,
    /// See `wdata`.
    pub wvalid: Signal<Out, Bit>,
    /// See `wdata`.
    pub wready: Signal<In, Bit>,
    /// AXI's B channel; bit 1: an error.
    pub bresp: Signal<In, Bits<2>>,
    /// See `bresp`.
    pub bvalid: Signal<In, Bit>,
    /// Always.
    pub bready: Signal<Out, Bit>,
    plan: Bursts,
    free: Signal<Local, Bit>,
    starting: Signal<Local, Bit>,
    finished: Signal<Local, Bit>,
    offer: Signal<Local, Bit>,
    more_owed: Signal<Local, Bits<7>>,
    more_pending: Signal<Local, Bits<4>>,
    filling: Signal<Local, Bit>,
    open: Signal<Local, Bit>,
    beat: Signal<Local, Bit>,
    /// A transfer is at work.
    active: DFF<Bit>,
    failed: DFF<Bit>,
    offered: DFF<Bit>,
    address: DFF<Bits<64>>,
    length: DFF<Bits<8>>,
    /// Bursts without a response.
    pending: DFF<Bits<4>>,
    /// Beats of the bursts that were offered, not yet shown.
    owed: DFF<Bits<7>>,
    /// Place of the next beat among the 64 of its 512 bytes.
    place: DFF<Bits<6>>,
    shown: DFF<Bit>,
    data: DFF<Bits<64>>,
    strobe: DFF<Bit>,
    last: DFF<Bit>,
    most_pending: Constant<Bits<4>>,
    last_place: Constant<Bits<6>>,
    all_bytes: Constant<Bits<8>>,
}

impl Default for WriteMaster {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            request_valid: Default::default(),
            request_ready: Default::default(),
            request_address: Default::default(),
            request_words: Default::default(),
            word_valid: Default::default(),
            word_ready: Default::default(),
            word: Default::default(),
            done: Default::default(),
            bad: Default::default(),
            abort: Default::default(),
            reset: Default::default(),
            outstanding: Default::default(),
            moved: Default::default(),
            awaddr: Default::default(),
            awlen: Default::default(),
            awvalid: Default::default(),
            awready: Default::default(),
            wdata: Default::default(),
            wstrb: Default::default(),
            wlast: Default::default(),
            wvalid: Default::default(),
            wready: Default::default(),
            bresp: Default::default(),
            bvalid: Default::default(),
            bready: Default::default(),
            plan: Default::default(),
            free: Default::default(),
            starting: Default::default(),
            finished: Default::default(),
            offer: Default::default(),
            more_owed: Default::default(),
            more_pending: Default::default(),
            filling: Default::default(),
            open: Default::default(),
            beat: Default::default(),
            active: Default::default(),
            failed: Default::default(),
            offered: Default::default(),
            address: Default::default(),
            length: Default::default(),
            pending: Default::default(),
            owed: Default::default(),
            place: Default::default(),
            shown: Default::default(),
            data: Default::default(),
            strobe: Default::default(),
            last: Default::default(),
            most_pending: Constant::new(MOST_WRITES.into()),
            last_place: Constant::new(Bits::mask()),
            all_bytes: Constant::new(Bits::mask()),
        }
    }
}

impl Logic for WriteMaster {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, active, failed, offered, address, length, pending, owed, place, shown,
            data, strobe, last
        );
        clock!(self, clock, plan);
        self.free.next = !self.abort.val() & !self.active.q.val() & (self.pending.q.val() == 0);
        self.request_ready.next = self.free.val();
        self.starting.next = self.request_valid.val() & self.free.val();
        self.plan.start.next = self.starting.val();
        self.plan.start_address.next = self.request_address.val();
        self.plan.start_words.next = self.request_words.val();
        self.plan.stop.next = self.abort.val();

        self.offer.next = self.plan.valid.val()
            & !self.abort.val()
            & (!self.offered.q.val() | self.awready.val())
            & !self.owed.q.val().get_bit(6)
            & (self.pending.q.val() != self.most_pending.val());
        self.plan.take.next = self.offer.val();
        self.awvalid.next = self.offered.q.val();
        self.awaddr.next = self.address.q.val();
        self.awlen.next = self.length.q.val();
        if self.awready.val() {
            self.offered.d.next = false;
        }
        self.more_owed.next = self.owed.q.val();
        self.more_pending.next = self.pending.q.val();
        if self.offer.val() {
            self.offered.d.next = true;
            self.address.d.next = self.plan.address.val();
            self.length.d.next = bit_cast::<8, 7>(self.plan.beats.val()) - 1;
            self.more_owed.next = self.owed.q.val() + self.plan.beats.val();
            self.more_pending.next = self.pending.q.val() + 1;
        }

        self.filling.next = self.abort.val() | !self.active.q.val();
        self.open.next = (self.owed.q.val() != 0) & (!self.shown.q.val() | self.wready.val());
        self.word_ready.next = self.open.val() & !self.filling.val();
        self.beat.next = self.open.val() & (self.filling.val() | self.word_valid.val());
        self.wvalid.next = self.shown.q.val();
        self.wdata.next = self.data.q.val();
        self.wstrb.next = 0.into();
        if self.strobe.q.val() {
            self.wstrb.next = self.all_bytes.val();
        }
        self.wlast.next = self.last.q.val();
        if self.wready.val() {
            self.shown.d.next = false;
        }
        self.owed.d.next = self.more_owed.val();
        if self.beat.val() {
            self.shown.d.next = true;
            self.data.d.next = self.word.val();
            self.strobe.d.next = !self.filling.val();
            // Bursts end at 512 bytes, but for the last one that was offered.
            self.last.d.next =
                (self.place.q.val() == self.last_place.val()) | (self.owed.q.val() == 1);
            self.place.d.next = self.place.q.val() + 1;
            self.owed.d.next = self.more_owed.val() - 1;
        }

        self.bready.next = true;
        self.pending.d.next = self.more_pending.val();
        if self.bvalid.val() {
            self.pending.d.next = self.more_pending.val() - 1;
            self.failed.d.next = self.failed.q.val() | self.bresp.val().get_bit(1);
        }
        self.finished.next = self.active.q.val()
            & !self.abort.val()
            & !self.plan.more.val()
            & (self.pending.q.val() == 0);
        self.done.next = self.finished.val();
        self.bad.next = self.failed.q.val();
        if self.finished.val() | self.abort.val() {
            self.active.d.next = false;
        }
        if self.starting.val() {
            self.active.d.next = true;
            self.failed.d.next = false;
            self.place.d.next = self.request_address.val().get_bits::<6>(3);
        }
        if self.reset.val() {
            self.offered.d.next = false;
            self.owed.d.next = 0.into();
            self.shown.d.next = false;
            self.pending.d.next = 0.into();
        }
        self.outstanding.next = self.pending.q.val() != 0;
        self.moved.next = (self.offered.q.val() & self.awready.val())
            | (self.shown.q.val() & self.wready.val())
            | self.bvalid.val();
        // A bus that waits for a word of the card's is not dead; it may do so with the address, too.
        if self.owed.q.val().any() & !self.shown.q.val() {
            self.moved.next = true;
        }
    }
}

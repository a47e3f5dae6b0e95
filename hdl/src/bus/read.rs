//! Reads memory of the host or the card: transfers of words, one at a time, as bursts of an AXI4 master of 64 bits.
//!
//! Up to [`MOST_READS`] bursts are under way, which hides 1000 cycles of latency. Beats come
//! straight from the bus: `word_valid` and `word` depend on `rvalid` and `rdata`, `rready` on
//! `word_ready`.
//!
//! After an abort the beats that are owed are dropped as they come; then a request is heeded again.
//! Whoever takes words has to expect that `word_valid` falls with an abort.
//!
//! Timing: `arvalid` rises three edges after a request; then a word a cycle if the bus gives them.
//! A request is heeded in the cycle after the last word at the earliest.

use super::bursts::Bursts;
use rust_hdl::prelude::*;

/// Most bursts under way.
pub const MOST_READS: u64 = 16;

/// An AXI4 read master.
#[derive(LogicBlock)]
pub struct ReadMaster {
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
    pub word_valid: Signal<Out, Bit>,
    /// It is taken.
    pub word_ready: Signal<In, Bit>,
    /// The transfer's next word.
    pub word: Signal<Out, Bits<64>>,
    /// It is the transfer's last.
    pub word_last: Signal<Out, Bit>,
    /// The bus reports an error for it.
    pub word_bad: Signal<Out, Bit>,
    /// While high: the transfer is forgotten, and none begins.
    pub abort: Signal<In, Bit>,
    /// The bus is reset: nothing is offered or owed any more. With `abort`.
    pub reset: Signal<In, Bit>,
    /// A burst is offered, or its beats are yet to come.
    pub outstanding: Signal<Out, Bit>,
    /// An address or a beat moves in this cycle.
    pub moved: Signal<Out, Bit>,
    /// AXI's AR channel.
    pub araddr: Signal<Out, Bits<64>>,
    /// Beats of the burst, less one.
    pub arlen: Signal<Out, Bits<8>>,
    /// See `araddr`.
    pub arvalid: Signal<Out, Bit>,
    /// See `araddr`.
    pub arready: Signal<In, Bit>,
    /// AXI's R channel.
    pub rdata: Signal<In, Bits<64>>,
    /// Bit 1: an error.
    pub rresp: Signal<In, Bits<2>>,
    /// Not looked at: beats are counted.
    pub rlast: Signal<In, Bit>,
    /// See `rdata`.
    pub rvalid: Signal<In, Bit>,
    /// See `rdata`.
    pub rready: Signal<Out, Bit>,
    plan: Bursts,
    free: Signal<Local, Bit>,
    starting: Signal<Local, Bit>,
    offer: Signal<Local, Bit>,
    wanted: Signal<Local, Bit>,
    taking: Signal<Local, Bit>,
    beat: Signal<Local, Bit>,
    burst_end: Signal<Local, Bit>,
    more_owed: Signal<Local, Bits<11>>,
    more_bursts: Signal<Local, Bits<5>>,
    offered: DFF<Bit>,
    address: DFF<Bits<64>>,
    length: DFF<Bits<8>>,
    /// Words of the transfer that have not been handed on.
    due: DFF<Bits<24>>,
    /// Beats of the bursts that were offered, and these bursts.
    owed: DFF<Bits<11>>,
    bursts: DFF<Bits<5>>,
    /// Place of the next beat among the 64 of its 512 bytes.
    place: DFF<Bits<6>>,
    most_bursts: Constant<Bits<5>>,
    last_place: Constant<Bits<6>>,
}

impl Default for ReadMaster {
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
            word_last: Default::default(),
            word_bad: Default::default(),
            abort: Default::default(),
            reset: Default::default(),
            outstanding: Default::default(),
            moved: Default::default(),
            araddr: Default::default(),
            arlen: Default::default(),
            arvalid: Default::default(),
            arready: Default::default(),
            rdata: Default::default(),
            rresp: Default::default(),
            rlast: Default::default(),
            rvalid: Default::default(),
            rready: Default::default(),
            plan: Default::default(),
            free: Default::default(),
            starting: Default::default(),
            offer: Default::default(),
            wanted: Default::default(),
            taking: Default::default(),
            beat: Default::default(),
            burst_end: Default::default(),
            more_owed: Default::default(),
            more_bursts: Default::default(),
            offered: Default::default(),
            address: Default::default(),
            length: Default::default(),
            due: Default::default(),
            owed: Default::default(),
            bursts: Default::default(),
            place: Default::default(),
            most_bursts: Constant::new(MOST_READS.into()),
            last_place: Constant::new(Bits::mask()),
        }
    }
}

impl Logic for ReadMaster {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, offered, address, length, due, owed, bursts, place
        );
        clock!(self, clock, plan);
        // With an abort `due` falls to 0 at once, but `owed` as the bus delivers.
        self.free.next = !self.abort.val() & (self.due.q.val() == 0) & (self.owed.q.val() == 0);
        self.request_ready.next = self.free.val();
        self.starting.next = self.request_valid.val() & self.free.val();
        self.plan.start.next = self.starting.val();
        self.plan.start_address.next = self.request_address.val();
        self.plan.start_words.next = self.request_words.val();
        self.plan.stop.next = self.abort.val();

        self.offer.next = self.plan.valid.val()
            & !self.abort.val()
            & (!self.offered.q.val() | self.arready.val())
            & (self.bursts.q.val() != self.most_bursts.val());
        self.plan.take.next = self.offer.val();
        self.arvalid.next = self.offered.q.val();
        self.araddr.next = self.address.q.val();
        self.arlen.next = self.length.q.val();
        if self.arready.val() {
            self.offered.d.next = false;
        }
        self.more_owed.next = self.owed.q.val();
        self.more_bursts.next = self.bursts.q.val();
        if self.offer.val() {
            self.offered.d.next = true;
            self.address.d.next = self.plan.address.val();
            self.length.d.next = bit_cast::<8, 7>(self.plan.beats.val()) - 1;
            self.more_owed.next = self.owed.q.val() + bit_cast::<11, 7>(self.plan.beats.val());
            self.more_bursts.next = self.bursts.q.val() + 1;
        }

        self.wanted.next = (self.due.q.val() != 0) & !self.abort.val();
        self.word_valid.next = self.rvalid.val() & self.wanted.val();
        self.word.next = self.rdata.val();
        self.word_last.next = self.due.q.val() == 1;
        self.word_bad.next = self.rresp.val().get_bit(1);
        self.taking.next = self.word_ready.val() | !self.wanted.val();
        self.rready.next = self.taking.val();
        self.beat.next = self.rvalid.val() & self.taking.val();
        // Bursts end at 512 bytes, but for the last one that was offered.
        self.burst_end.next =
            (self.place.q.val() == self.last_place.val()) | (self.owed.q.val() == 1);
        self.owed.d.next = self.more_owed.val();
        self.bursts.d.next = self.more_bursts.val();
        if self.beat.val() {
            self.place.d.next = self.place.q.val() + 1;
            self.owed.d.next = self.more_owed.val() - 1;
            self.due.d.next = self.due.q.val() - 1;
            if self.burst_end.val() {
                self.bursts.d.next = self.more_bursts.val() - 1;
            }
        }
        if !self.wanted.val() {
            self.due.d.next = 0.into();
        }
        if self.starting.val() {
            self.place.d.next = self.request_address.val().get_bits::<6>(3);
            self.due.d.next = self.request_words.val();
        }
        if self.reset.val() {
            self.offered.d.next = false;
            self.owed.d.next = 0.into();
            self.bursts.d.next = 0.into();
        }
        self.outstanding.next = self.owed.q.val() != 0;
        // A beat that waits for the card is no fault of the bus.
        self.moved.next = (self.offered.q.val() & self.arready.val()) | self.rvalid.val();
    }
}

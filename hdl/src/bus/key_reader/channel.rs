//! One channel's side of the bus and of its queue, without the words.
//!
//! Timing: `araddr` one edge after `offer`; a beat that comes in is `shown` two edges later.

use crate::memory::Address;
use rust_hdl::prelude::*;

/// Addresses out, beats in.
#[derive(LogicBlock)]
pub(super) struct Channel {
    pub(super) clock: Signal<In, Clock>,
    /// The image of channel 0; where this channel's begins is known one edge later.
    pub(super) address: Signal<In, Bits<64>>,
    pub(super) beats: Signal<In, Bits<26>>,
    pub(super) clear: Signal<In, Bit>,
    /// The bus is reset: what is owed counts as come, whatever the queue holds there.
    pub(super) reset: Signal<In, Bit>,
    pub(super) offer: Signal<In, Bit>,
    pub(super) offset: Signal<In, Bits<34>>,
    pub(super) claimed: Signal<In, Address>,
    pub(super) next_taken: Signal<In, Address>,
    pub(super) araddr: Signal<Out, Bits<64>>,
    pub(super) arvalid: Signal<Out, Bit>,
    pub(super) arready: Signal<In, Bit>,
    /// The beat's first word.
    pub(super) rdata: Signal<In, Bits<64>>,
    pub(super) rresp: Signal<In, Bits<2>>,
    pub(super) rvalid: Signal<In, Bit>,
    pub(super) rready: Signal<Out, Bit>,
    /// The first word as it goes into the queue: wrong if the bus says that it is.
    pub(super) first_word: Signal<Out, Bits<64>>,
    pub(super) place: Signal<Out, Address>,
    pub(super) owed: Signal<Out, Bit>,
    pub(super) shown: Signal<Out, Bit>,
    pub(super) moved: Signal<Out, Bit>,
    /// The beat that comes in is bad; its number in the image.
    pub(super) fault: Signal<Out, Bit>,
    pub(super) beat: Signal<Out, Bits<26>>,
    base: DFF<Bits<64>>,
    burst_address: DFF<Bits<64>>,
    offered: DFF<Bit>,
    written: DFF<Address>,
    there: DFF<Bit>,
    arrived: DFF<Bits<26>>,
    bank: Constant<Bits<64>>,
}

impl Channel {
    /// The channel whose image lies so many bytes behind that of channel 0.
    pub(super) fn new(bank: u64) -> Self {
        Self {
            clock: Default::default(),
            address: Default::default(),
            beats: Default::default(),
            clear: Default::default(),
            reset: Default::default(),
            offer: Default::default(),
            offset: Default::default(),
            claimed: Default::default(),
            next_taken: Default::default(),
            araddr: Default::default(),
            arvalid: Default::default(),
            arready: Default::default(),
            rdata: Default::default(),
            rresp: Default::default(),
            rvalid: Default::default(),
            rready: Default::default(),
            first_word: Default::default(),
            place: Default::default(),
            owed: Default::default(),
            shown: Default::default(),
            moved: Default::default(),
            fault: Default::default(),
            beat: Default::default(),
            base: Default::default(),
            burst_address: Default::default(),
            offered: Default::default(),
            written: Default::default(),
            there: Default::default(),
            arrived: Default::default(),
            bank: Constant::new(bank.into()),
        }
    }
}

impl Logic for Channel {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            base,
            burst_address,
            offered,
            written,
            there,
            arrived
        );
        self.base.d.next = self.address.val() + self.bank.val();
        self.araddr.next = self.burst_address.q.val();
        self.arvalid.next = self.offered.q.val();
        if self.arready.val() {
            self.offered.d.next = false;
        }
        if self.offer.val() {
            self.offered.d.next = true;
            self.burst_address.d.next = self.base.q.val() + bit_cast::<64, 34>(self.offset.val());
        }

        self.rready.next = true;
        self.first_word.next = self.rdata.val();
        if self.rresp.val().get_bit(1) {
            self.first_word.next = self.rdata.val() ^ 1;
        }
        self.place.next = self.written.q.val();
        self.owed.next = self.written.q.val() != self.claimed.val();
        self.shown.next = self.there.q.val();
        // The RAMs do not see a beat that is written in the same edge.
        self.there.d.next = self.next_taken.val() != self.written.q.val();
        self.fault.next = self.rvalid.val() & self.rresp.val().get_bit(1);
        self.beat.next = self.arrived.q.val();
        if self.rvalid.val() {
            self.written.d.next = self.written.q.val() + 1;
            self.arrived.d.next = self.arrived.q.val() + 1;
            if self.arrived.q.val() + 1 == self.beats.val() {
                self.arrived.d.next = 0.into();
            }
        }
        if self.reset.val() {
            self.offered.d.next = false;
            self.written.d.next = self.claimed.val();
        }
        if self.clear.val() {
            self.written.d.next = 0.into();
            self.there.d.next = false;
            self.arrived.d.next = 0.into();
        }
        self.moved.next = (self.offered.q.val() & self.arready.val()) | self.rvalid.val();
    }
}

/// What all channels say, link by link of a chain: a tool may balance it.
#[derive(LogicBlock, Default)]
pub(super) struct Gather {
    pub(super) offered: Signal<In, Bit>,
    pub(super) owed: Signal<In, Bit>,
    pub(super) moved: Signal<In, Bit>,
    pub(super) shown: Signal<In, Bit>,
    pub(super) offered_so_far: Signal<In, Bit>,
    pub(super) owed_so_far: Signal<In, Bit>,
    pub(super) moved_so_far: Signal<In, Bit>,
    pub(super) complete_so_far: Signal<In, Bit>,
    pub(super) any_offered: Signal<Out, Bit>,
    pub(super) any_owed: Signal<Out, Bit>,
    pub(super) any_moved: Signal<Out, Bit>,
    pub(super) complete: Signal<Out, Bit>,
}

impl Logic for Gather {
    #[hdl_gen]
    fn update(&mut self) {
        self.any_offered.next = self.offered_so_far.val() | self.offered.val();
        self.any_owed.next = self.owed_so_far.val() | self.owed.val();
        self.any_moved.next = self.moved_so_far.val() | self.moved.val();
        self.complete.next = self.complete_so_far.val() & self.shown.val();
    }
}

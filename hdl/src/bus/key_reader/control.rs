//! Which bursts the channels are to read, and which beat of the queues goes out.
//!
//! A burst is offered when all channels have taken the address of the one before and the queues have
//! room for a longest burst beside all that is in them or owed to them. So whatever comes has a place.
//!
//! Timing: a burst is offered two edges after `start` at the earliest, and three after the one before.

use crate::memory::Address;
use rust_hdl::prelude::*;

/// The channels' common pointers.
#[derive(LogicBlock)]
pub(super) struct Control {
    pub(super) clock: Signal<In, Clock>,
    pub(super) start: Signal<In, Bit>,
    pub(super) stop: Signal<In, Bit>,
    /// The bus is reset: nothing is offered.
    pub(super) reset: Signal<In, Bit>,
    pub(super) idle: Signal<Out, Bit>,
    /// Beats of the image.
    pub(super) beats: Signal<In, Bits<26>>,
    /// A channel's address is not taken yet.
    pub(super) offered: Signal<In, Bit>,
    /// Beats are owed to a channel.
    pub(super) owed: Signal<In, Bit>,
    /// All channels show the next beat.
    pub(super) complete: Signal<In, Bit>,
    pub(super) valid: Signal<Out, Bit>,
    pub(super) ready: Signal<In, Bit>,
    /// The channels offer a burst from the next cycle on, so far behind the image's beginning.
    pub(super) offer: Signal<Out, Bit>,
    pub(super) offset: Signal<Out, Bits<34>>,
    /// Of the burst that was offered last.
    pub(super) arlen: Signal<Out, Bits<8>>,
    /// Places of the queue promised so far.
    pub(super) claimed: Signal<Out, Address>,
    /// The place that shows in the next cycle.
    pub(super) next_taken: Signal<Out, Address>,
    /// A start is heeded.
    pub(super) begin_image: Signal<Out, Bit>,
    /// The queues are emptied.
    pub(super) clear: Signal<Out, Bit>,
    /// The bus is reset, or was: until the queues are emptied nothing is read, and beats without sense are there.
    pub(super) dropped: Signal<Out, Bit>,
    starting: Signal<Local, Bit>,
    clearing: Signal<Local, Bit>,
    offering: Signal<Local, Bit>,
    whole: Signal<Local, Bit>,
    next: Signal<Local, Address>,
    busy: DFF<Bit>,
    cut: DFF<Bit>,
    running: DFF<Bit>,
    at: DFF<Bits<34>>,
    left: DFF<Bits<26>>,
    size: DFF<Bits<7>>,
    measured: DFF<Bit>,
    length: DFF<Bits<8>>,
    promised: DFF<Address>,
    taken: DFF<Address>,
    most: Constant<Bits<7>>,
    most_bytes: Constant<Bits<34>>,
    most_used: Constant<Address>,
}

impl Control {
    /// For bursts of up to so many beats, of so many bytes each, and queues of so many places.
    pub(super) fn new(burst: usize, beat_bytes: usize, places: usize) -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            stop: Default::default(),
            reset: Default::default(),
            idle: Default::default(),
            beats: Default::default(),
            offered: Default::default(),
            owed: Default::default(),
            complete: Default::default(),
            valid: Default::default(),
            ready: Default::default(),
            offer: Default::default(),
            offset: Default::default(),
            arlen: Default::default(),
            claimed: Default::default(),
            next_taken: Default::default(),
            begin_image: Default::default(),
            clear: Default::default(),
            dropped: Default::default(),
            cut: Default::default(),
            starting: Default::default(),
            clearing: Default::default(),
            offering: Default::default(),
            whole: Default::default(),
            next: Default::default(),
            busy: Default::default(),
            running: Default::default(),
            at: Default::default(),
            left: Default::default(),
            size: Default::default(),
            measured: Default::default(),
            length: Default::default(),
            promised: Default::default(),
            taken: Default::default(),
            most: Constant::new(burst.to_bits()),
            most_bytes: Constant::new((burst * beat_bytes).to_bits()),
            most_used: Constant::new((places - burst).to_bits()),
        }
    }
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, busy, cut, running, at, left, size, measured, length, promised, taken
        );
        self.idle.next = !self.busy.q.val();
        self.starting.next = self.start.val() & !self.stop.val() & !self.busy.q.val();
        self.begin_image.next = self.starting.val();
        self.clearing.next = self.busy.q.val() & !self.running.q.val() & !self.owed.val();
        self.clear.next = self.clearing.val();
        self.dropped.next = self.reset.val() | self.cut.q.val();

        self.valid.next = self.complete.val() & self.running.q.val();
        self.next.next = self.taken.q.val();
        if self.complete.val() & self.running.q.val() & self.ready.val() {
            self.next.next = self.taken.q.val() + 1;
        }
        self.next_taken.next = self.next.val();
        self.taken.d.next = self.next.val();

        self.offering.next = self.running.q.val()
            & !self.stop.val()
            & !self.reset.val()
            & self.measured.q.val()
            & !self.offered.val()
            & ((self.promised.q.val() - self.taken.q.val()) <= self.most_used.val());
        self.offer.next = self.offering.val();
        self.offset.next = self.at.q.val();
        self.arlen.next = self.length.q.val();
        self.claimed.next = self.promised.q.val();
        self.whole.next = self.left.q.val() > bit_cast::<26, 7>(self.most.val());
        if !self.measured.q.val() {
            self.size.d.next = bit_cast::<7, 26>(self.left.q.val());
            if self.whole.val() {
                self.size.d.next = self.most.val();
            }
            self.measured.d.next = self.running.q.val();
        }
        if self.offering.val() {
            self.measured.d.next = false;
            self.length.d.next = bit_cast::<8, 7>(self.size.q.val()) - 1;
            self.promised.d.next = self.promised.q.val() + bit_cast::<16, 7>(self.size.q.val());
            self.at.d.next = 0.into();
            self.left.d.next = self.beats.val();
            if self.whole.val() {
                self.at.d.next = self.at.q.val() + self.most_bytes.val();
                self.left.d.next = self.left.q.val() - bit_cast::<26, 7>(self.most.val());
            }
        }

        if self.stop.val() {
            self.running.d.next = false;
        }
        if self.reset.val() {
            self.cut.d.next = true;
        }
        if self.clearing.val() | !self.busy.q.val() {
            self.cut.d.next = false;
        }
        if self.clearing.val() {
            self.busy.d.next = false;
            self.promised.d.next = 0.into();
            self.taken.d.next = 0.into();
        }
        if self.starting.val() {
            self.busy.d.next = true;
            self.running.d.next = true;
            self.measured.d.next = false;
            self.at.d.next = 0.into();
            self.left.d.next = self.beats.val();
        }
    }
}

//! A transfer cut into bursts: of at most 64 beats of 8 bytes, each ending at a multiple of 512
//! bytes or at the transfer's end. So none crosses a boundary of 4 KiB, which AXI forbids.
//!
//! Timing: the first burst is there two edges after `start`, the next two edges after `take`.

use rust_hdl::prelude::*;

/// Most beats of a burst.
const MOST_BEATS: u64 = 64;

/// Cuts a transfer into bursts.
#[derive(LogicBlock)]
pub(super) struct Bursts {
    pub(super) clock: Signal<In, Clock>,
    /// Begin a transfer of so many words from this address on, a multiple of 8.
    pub(super) start: Signal<In, Bit>,
    pub(super) start_address: Signal<In, Bits<64>>,
    pub(super) start_words: Signal<In, Bits<24>>,
    /// Forget the transfer.
    pub(super) stop: Signal<In, Bit>,
    /// Bursts of the transfer are still to be taken.
    pub(super) more: Signal<Out, Bit>,
    /// A burst is there.
    pub(super) valid: Signal<Out, Bit>,
    /// It is taken; only while it is there.
    pub(super) take: Signal<In, Bit>,
    pub(super) address: Signal<Out, Bits<64>>,
    /// Its beats, 1 to 64.
    pub(super) beats: Signal<Out, Bits<7>>,
    room: Signal<Local, Bits<7>>,
    at: DFF<Bits<64>>,
    left: DFF<Bits<24>>,
    size: DFF<Bits<7>>,
    measured: DFF<Bit>,
    most: Constant<Bits<7>>,
}

impl Default for Bursts {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            start_address: Default::default(),
            start_words: Default::default(),
            stop: Default::default(),
            more: Default::default(),
            valid: Default::default(),
            take: Default::default(),
            address: Default::default(),
            beats: Default::default(),
            room: Default::default(),
            at: Default::default(),
            left: Default::default(),
            size: Default::default(),
            measured: Default::default(),
            most: Constant::new(MOST_BEATS.into()),
        }
    }
}

impl Logic for Bursts {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, left, size, measured);
        self.more.next = self.left.q.val() != 0;
        self.valid.next = self.measured.q.val();
        self.address.next = self.at.q.val();
        self.beats.next = self.size.q.val();
        self.room.next = self.most.val() - bit_cast::<7, 6>(self.at.q.val().get_bits::<6>(3));
        if !self.measured.q.val() {
            self.size.d.next = self.room.val();
            if self.left.q.val() < bit_cast::<24, 7>(self.room.val()) {
                self.size.d.next = bit_cast::<7, 24>(self.left.q.val());
            }
            self.measured.d.next = self.left.q.val() != 0;
        }
        if self.take.val() {
            self.at.d.next = self.at.q.val() + (bit_cast::<64, 7>(self.size.q.val()) << 3);
            self.left.d.next = self.left.q.val() - bit_cast::<24, 7>(self.size.q.val());
            self.measured.d.next = false;
        }
        if self.stop.val() {
            self.left.d.next = 0.into();
            self.measured.d.next = false;
        }
        if self.start.val() {
            self.at.d.next = self.start_address.val();
            self.left.d.next = self.start_words.val();
            self.measured.d.next = false;
        }
    }
}

//! Where the next completion goes, and whether there is room.
//!
//! Timing: `doorbell_bad` in the cycle of the doorbell; `phase` and `full` one edge behind `advance` or a
//! doorbell, `entry` two.

use rust_hdl::prelude::*;

/// A place in the completion ring.
#[derive(LogicBlock, Default)]
pub(super) struct CompletionCursor {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// The ring begins anew.
    pub(super) restart: Signal<In, Bit>,
    /// Its address and number of entries; static, and only if `configured`.
    pub(super) ring: Signal<In, Bits<64>>,
    pub(super) entries: Signal<In, Bits<17>>,
    pub(super) configured: Signal<In, Bit>,
    /// The driver says which entry it has not read yet.
    pub(super) doorbell: Signal<In, Bit>,
    pub(super) doorbell_index: Signal<In, Bits<32>>,
    /// There is no such entry.
    pub(super) doorbell_bad: Signal<Out, Bit>,
    /// A completion is written.
    pub(super) advance: Signal<In, Bit>,
    /// The driver has to read one first.
    pub(super) full: Signal<Out, Bit>,
    /// The next one's address and phase.
    pub(super) entry: Signal<Out, Bits<64>>,
    pub(super) phase: Signal<Out, Bit>,
    head: DFF<Bits<17>>,
    index: DFF<Bits<17>>,
    at_phase: DFF<Bit>,
    address: DFF<Bits<64>>,
    bad_index: Signal<Local, Bit>,
    wraps: Signal<Local, Bit>,
    next_index: Signal<Local, Bits<17>>,
}

impl Logic for CompletionCursor {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, head, index, at_phase, address);
        self.bad_index.next = !self.configured.val()
            | (self.doorbell_index.val() >= bit_cast::<32, 17>(self.entries.val()));
        self.doorbell_bad.next = self.doorbell.val() & self.bad_index.val();
        if self.doorbell.val() & !self.bad_index.val() {
            self.head.d.next = self.doorbell_index.val().get_bits::<17>(0);
        }
        self.wraps.next = self.index.q.val() + 1 == self.entries.val();
        self.next_index.next = self.index.q.val() + 1;
        if self.wraps.val() {
            self.next_index.next = 0.into();
        }
        self.full.next = self.next_index.val() == self.head.q.val();
        self.address.d.next = self.ring.val() + (bit_cast::<64, 17>(self.index.q.val()) << 5);
        self.entry.next = self.address.q.val();
        self.phase.next = self.at_phase.q.val();
        if self.advance.val() {
            self.index.d.next = self.next_index.val();
            if self.wraps.val() {
                self.at_phase.d.next = !self.at_phase.q.val();
            }
        }
        if self.restart.val() {
            self.index.d.next = 0.into();
            self.head.d.next = 0.into();
            self.at_phase.d.next = true;
        }
    }
}

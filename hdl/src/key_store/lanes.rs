//! The small units around the RAMs: one for each part of a row, and the read address.

use crate::memory::Address;
use rust_hdl::prelude::*;

/// Says, one edge later, that a beat is a row's part number INDEX.
#[derive(LogicBlock)]
pub(super) struct Strobe {
    pub(super) clock: Signal<In, Clock>,
    pub(super) write: Signal<In, Bit>,
    pub(super) part: Signal<In, Bits<8>>,
    pub(super) enable: Signal<Out, Bit>,
    now: DFF<Bit>,
    index: Constant<Bits<8>>,
}

impl Strobe {
    pub(super) fn new(index: usize) -> Self {
        Self {
            clock: Signal::default(),
            write: Signal::default(),
            part: Signal::default(),
            enable: Signal::default(),
            now: DFF::default(),
            index: Constant::new(index.to_bits()),
        }
    }
}

impl Logic for Strobe {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, now);
        self.now.d.next = self.write.val() & (self.part.val() == self.index.val());
        self.enable.next = self.now.q.val();
    }
}

/// The address of row `level * cycles_per_pass + cycle` of a half, one edge later.
#[derive(LogicBlock, Default)]
pub(super) struct ReadAddress {
    pub(super) clock: Signal<In, Clock>,
    pub(super) cycles_per_pass: Signal<In, Bits<12>>,
    pub(super) half: Signal<In, Bit>,
    pub(super) level: Signal<In, Bits<2>>,
    pub(super) cycle: Signal<In, Bits<12>>,
    pub(super) address: Signal<Out, Address>,
    base: Signal<Local, Bits<16>>,
    row: Signal<Local, Bits<16>>,
    at: DFF<Address>,
}

impl ReadAddress {
    /// Rising edges from row to address.
    pub(super) const LATENCY: usize = 1;
}

impl Logic for ReadAddress {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at);
        self.base.next = 0.into();
        if self.level.val() == 1 {
            self.base.next = bit_cast::<16, 12>(self.cycles_per_pass.val());
        } else if self.level.val() == 2 {
            self.base.next = bit_cast::<16, 12>(self.cycles_per_pass.val()) << 1;
        }
        self.row.next = self.base.val() + bit_cast::<16, 12>(self.cycle.val());
        self.at.d.next = self.row.val() << 1;
        if self.half.val() {
            self.at.d.next = (self.row.val() << 1) | 1;
        }
        self.address.next = self.at.q.val();
    }
}

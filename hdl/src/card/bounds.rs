//! Whether a range of bytes lies within another.
//!
//! Timing: `contained` and `aligned` two edges behind the inputs.

use rust_hdl::prelude::*;

/// Compares a range with a window.
#[derive(LogicBlock, Default)]
pub(super) struct Bounds {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// First byte of the range.
    pub(super) address: Signal<In, Bits<64>>,
    /// Its bytes.
    pub(super) bytes: Signal<In, Bits<64>>,
    /// First byte of the window.
    pub(super) first: Signal<In, Bits<64>>,
    /// The byte behind its last.
    pub(super) limit: Signal<In, Bits<64>>,
    /// The range lies in the window.
    pub(super) contained: Signal<Out, Bit>,
    /// The range begins with a word.
    pub(super) aligned: Signal<Out, Bit>,
    sum: DFF<Bits<64>>,
    below: DFF<Bit>,
    /// The range begins where `sum` has to lie behind.
    start: DFF<Bits<64>>,
    at_word: DFF<Bit>,
    is_contained: DFF<Bit>,
    is_aligned: DFF<Bit>,
}

impl Logic for Bounds {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            sum,
            below,
            start,
            at_word,
            is_contained,
            is_aligned
        );
        self.sum.d.next = self.address.val() + self.bytes.val();
        self.start.d.next = self.address.val();
        self.below.d.next = self.address.val() < self.first.val();
        self.at_word.d.next = self.address.val().get_bits::<3>(0) == 0;
        // A sum that went round lies below its start.
        self.is_contained.d.next = !self.below.q.val()
            & (self.sum.q.val() >= self.start.q.val())
            & (self.sum.q.val() <= self.limit.val());
        self.is_aligned.d.next = self.at_word.q.val();
        self.contained.next = self.is_contained.q.val();
        self.aligned.next = self.is_aligned.q.val();
    }
}

impl Bounds {
    /// Edges from the inputs to the verdict.
    pub(super) const LATENCY: u64 = 2;
}

//! A bus that owes something and does not move for too long.
//!
//! Timing: `expired` is high for a cycle, `deadline` cycles behind the last move.

use rust_hdl::prelude::*;

/// Watches one bus.
#[derive(LogicBlock, Default)]
pub(super) struct Watchdog {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Something is owed.
    pub(super) outstanding: Signal<In, Bit>,
    /// Something moved.
    pub(super) moved: Signal<In, Bit>,
    /// Cycles, at least 1.
    pub(super) deadline: Signal<In, Bits<32>>,
    /// It has been too long.
    pub(super) expired: Signal<Out, Bit>,
    waited: DFF<Bits<32>>,
}

impl Logic for Watchdog {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, waited);
        self.expired.next = self.waited.q.val() == self.deadline.val();
        if self.waited.q.val() <= self.deadline.val() {
            self.waited.d.next = self.waited.q.val() + 1;
        }
        if self.moved.val() | !self.outstanding.val() {
            self.waited.d.next = 0.into();
        }
    }
}

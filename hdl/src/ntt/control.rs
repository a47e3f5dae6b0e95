//! Valid and time on their way beside the elements.

use super::{TIME_BITS, Time};
use crate::memory::Delay;
use rust_hdl::prelude::*;

/// `valid` and `time`, so many cycles later.
#[derive(LogicBlock)]
pub struct ControlDelay {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The elements beside are valid.
    pub valid_in: Signal<In, Bit>,
    /// The number of the cycle within the pass.
    pub time_in: Signal<In, Time>,
    /// `valid_in`, later.
    pub valid_out: Signal<Out, Bit>,
    /// `time_in`, later.
    pub time_out: Signal<Out, Time>,
    line: Delay<{ TIME_BITS + 1 }>,
}

impl ControlDelay {
    /// For elements that take `latency` cycles, at least 1.
    #[must_use]
    pub fn new(latency: usize) -> Self {
        Self {
            clock: Signal::default(),
            valid_in: Signal::default(),
            time_in: Signal::default(),
            valid_out: Signal::default(),
            time_out: Signal::default(),
            line: Delay::new(latency),
        }
    }
}

impl Logic for ControlDelay {
    #[hdl_gen]
    fn update(&mut self) {
        self.line.clock.next = self.clock.val();
        self.line.d.next = bit_cast::<13, 12>(self.time_in.val()) << 1;
        if self.valid_in.val() {
            self.line.d.next = (bit_cast::<13, 12>(self.time_in.val()) << 1) | 1;
        }
        self.valid_out.next = self.line.q.val().get_bit(0);
        self.time_out.next = self.line.q.val().get_bits::<12>(1);
    }
}

//! Valid and time on their way beside the elements; the last register's input is there for those who
//! have to know a cycle ahead.

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
    /// `valid_out` of the next cycle.
    pub valid_early: Signal<Out, Bit>,
    /// `time_out` of the next cycle.
    pub time_early: Signal<Out, Time>,
    joined: Signal<Local, Bits<{ TIME_BITS + 1 }>>,
    early: Signal<Local, Bits<{ TIME_BITS + 1 }>>,
    line: Delay<{ TIME_BITS + 1 }>,
    last: DFF<Bits<{ TIME_BITS + 1 }>>,
    /// There is no line, only the last register.
    short: Constant<Bit>,
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
            valid_early: Signal::default(),
            time_early: Signal::default(),
            joined: Signal::default(),
            early: Signal::default(),
            line: Delay::new(latency.saturating_sub(1)),
            last: DFF::default(),
            short: Constant::new(latency <= 1),
        }
    }
}

impl Logic for ControlDelay {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, last);
        self.line.clock.next = self.clock.val();
        self.joined.next = bit_cast::<13, 12>(self.time_in.val()) << 1;
        if self.valid_in.val() {
            self.joined.next = (bit_cast::<13, 12>(self.time_in.val()) << 1) | 1;
        }
        self.line.d.next = self.joined.val();
        self.early.next = self.line.q.val();
        if self.short.val() {
            self.early.next = self.joined.val();
        }
        self.last.d.next = self.early.val();
        self.valid_early.next = self.early.val().get_bit(0);
        self.time_early.next = self.early.val().get_bits::<12>(1);
        self.valid_out.next = self.last.q.val().get_bit(0);
        self.time_out.next = self.last.q.val().get_bits::<12>(1);
    }
}

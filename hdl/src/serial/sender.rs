//! Bytes to a serial line.
//!
//! Timing: a byte takes ten bits' cycles and one more.

use rust_hdl::prelude::*;

/// A sender.
#[derive(LogicBlock)]
pub struct Sender {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// There is a byte to send.
    pub valid: Signal<In, Bit>,
    /// It is taken.
    pub ready: Signal<Out, Bit>,
    /// The byte, the first bit lowest.
    pub value: Signal<In, Bits<8>>,
    /// The line, high at rest.
    pub line: Signal<Out, Bit>,
    /// The line, inverted, so that it starts at rest.
    low: DFF<Bit>,
    /// Bits that are left, the one on the line among them.
    left: DFF<Bits<4>>,
    count: DFF<Bits<16>>,
    shift: DFF<Bits<8>>,
    whole: Constant<Bits<16>>,
}

impl Sender {
    /// For bits of so many cycles, 4 at least.
    #[must_use]
    pub fn new(bit_cycles: u16) -> Self {
        Self {
            clock: Default::default(),
            valid: Default::default(),
            ready: Default::default(),
            value: Default::default(),
            line: Default::default(),
            low: Default::default(),
            left: Default::default(),
            count: Default::default(),
            shift: Default::default(),
            whole: Constant::new(u64::from(bit_cycles.max(4) - 1).into()),
        }
    }
}

impl Logic for Sender {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, low, left, count, shift);
        self.line.next = !self.low.q.val();
        self.ready.next = self.left.q.val() == 0;
        if self.left.q.val() == 0 {
            self.low.d.next = self.valid.val();
            self.shift.d.next = self.value.val();
            self.count.d.next = self.whole.val();
            if self.valid.val() {
                self.left.d.next = 10.into();
            }
        } else if self.count.q.val() != 0 {
            self.count.d.next = self.count.q.val() - 1;
        } else {
            self.count.d.next = self.whole.val();
            self.left.d.next = self.left.q.val() - 1;
            // Ones move in behind the byte: the stop bit, and rest.
            self.low.d.next = !self.shift.q.val().get_bit(0);
            self.shift.d.next = (self.shift.q.val() >> 1) | 128;
        }
    }
}

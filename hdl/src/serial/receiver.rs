//! Bytes from a serial line.
//!
//! The line is sampled in the middle of each bit, as the receiver's clock and the falling edge of the start bit
//! have it, so that both ends may differ by up to 3% over the ten bits.
//!
//! Timing: `valid` is high for a cycle, in the middle of the stop bit.

use rust_hdl::prelude::*;

/// A receiver.
#[derive(LogicBlock)]
pub struct Receiver {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The line, high at rest; of another clock.
    pub line: Signal<In, Bit>,
    /// `value` has come.
    pub valid: Signal<Out, Bit>,
    /// The byte, the first bit lowest.
    pub value: Signal<Out, Bits<8>>,
    /// There was a start bit, but no stop bit.
    pub wrong: Signal<Out, Bit>,
    /// The line, inverted, so that registers start at rest.
    first: DFF<Bit>,
    low: DFF<Bit>,
    busy: DFF<Bit>,
    /// Cycles until the next sample.
    count: DFF<Bits<16>>,
    /// Bits that were sampled, the start bit among them.
    bits: DFF<Bits<4>>,
    shift: DFF<Bits<8>>,
    valid_register: DFF<Bit>,
    wrong_register: DFF<Bit>,
    half: Constant<Bits<16>>,
    whole: Constant<Bits<16>>,
}

impl Receiver {
    /// For bits of so many cycles, 4 at least.
    #[must_use]
    pub fn new(bit_cycles: u16) -> Self {
        let bit_cycles = bit_cycles.max(4);
        Self {
            clock: Default::default(),
            line: Default::default(),
            valid: Default::default(),
            value: Default::default(),
            wrong: Default::default(),
            first: Default::default(),
            low: Default::default(),
            busy: Default::default(),
            count: Default::default(),
            bits: Default::default(),
            shift: Default::default(),
            valid_register: Default::default(),
            wrong_register: Default::default(),
            half: Constant::new(u64::from(bit_cycles / 2 - 1).into()),
            whole: Constant::new(u64::from(bit_cycles - 1).into()),
        }
    }
}

impl Logic for Receiver {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            first,
            low,
            busy,
            count,
            bits,
            shift,
            valid_register,
            wrong_register
        );
        self.first.d.next = !self.line.val();
        self.low.d.next = self.first.q.val();
        self.valid_register.d.next = false;
        self.wrong_register.d.next = false;
        self.valid.next = self.valid_register.q.val();
        self.wrong.next = self.wrong_register.q.val();
        self.value.next = self.shift.q.val();
        if !self.busy.q.val() {
            self.count.d.next = self.half.val();
            self.bits.d.next = 0.into();
            self.busy.d.next = self.low.q.val();
        } else if self.count.q.val() != 0 {
            self.count.d.next = self.count.q.val() - 1;
        } else {
            self.count.d.next = self.whole.val();
            self.bits.d.next = self.bits.q.val() + 1;
            if self.bits.q.val() == 0 {
                // A line that is high again was no start bit.
                self.busy.d.next = self.low.q.val();
            } else if self.bits.q.val() == 9 {
                self.valid_register.d.next = !self.low.q.val();
                self.wrong_register.d.next = self.low.q.val();
                self.busy.d.next = self.low.q.val();
            } else if self.bits.q.val() == 10 {
                // Without a stop bit the line has to come to rest first.
                self.bits.d.next = 10.into();
                self.busy.d.next = self.low.q.val();
            } else {
                self.shift.d.next = self.shift.q.val() >> 1;
                if !self.low.q.val() {
                    self.shift.d.next = (self.shift.q.val() >> 1) | 128;
                }
            }
        }
    }
}

//! What goes beside the words of a read.

use super::Accumulator;
use crate::memory::Delay;
use rust_hdl::prelude::*;

/// Valid bit, time, slot and kind of a read. Latency [`Accumulator::READ_LATENCY`].
#[derive(LogicBlock)]
pub struct ReadTag {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// A read begins.
    pub valid: Signal<In, Bit>,
    /// Its time.
    pub time_in: Signal<In, Bits<12>>,
    /// Its slot.
    pub slot: Signal<In, Bits<4>>,
    /// It is one of X^a * acc alone.
    pub alone: Signal<In, Bit>,
    /// The same, with the words at the RAMs' outputs.
    pub alone_late: Signal<Out, Bit>,
    /// The read ends.
    pub valid_out: Signal<Out, Bit>,
    /// Its time.
    pub time_out: Signal<Out, Bits<12>>,
    /// Its slot.
    pub slot_out: Signal<Out, Bits<4>>,
    /// It is one of X^a * acc alone.
    pub alone_out: Signal<Out, Bit>,
    flags: Signal<Local, Bits<18>>,
    words: Delay<1>,
    line: Delay<18>,
}

impl Default for ReadTag {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            valid: Signal::default(),
            time_in: Signal::default(),
            slot: Signal::default(),
            alone: Signal::default(),
            alone_late: Signal::default(),
            valid_out: Signal::default(),
            time_out: Signal::default(),
            slot_out: Signal::default(),
            alone_out: Signal::default(),
            flags: Signal::default(),
            words: Delay::new(Accumulator::WORDS_AFTER),
            line: Delay::new(Accumulator::READ_LATENCY),
        }
    }
}

impl Logic for ReadTag {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, words, line);
        self.words.d.next = 0.into();
        self.flags.next = 0.into();
        if self.valid.val() {
            self.flags.next = 1.into();
            if self.alone.val() {
                self.words.d.next = 1.into();
                self.flags.next = 3.into();
            }
        }
        self.line.d.next = (bit_cast::<18, 12>(self.time_in.val()) << 6)
            | (bit_cast::<18, 4>(self.slot.val()) << 2)
            | self.flags.val();
        self.alone_late.next = self.words.q.val().any();
        self.valid_out.next = self.line.q.val().get_bit(0);
        self.alone_out.next = self.line.q.val().get_bit(1);
        self.slot_out.next = self.line.q.val().get_bits::<4>(2);
        self.time_out.next = self.line.q.val().get_bits::<12>(6);
    }
}

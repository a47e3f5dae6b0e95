//! The results, one ciphertext after the other, in the order in which they were rotated to their end.
//!
//! Of a ciphertext `samples` LWE ciphertexts are extracted (many-LUT), of the coefficients at degrees 0, `stride`,
//! 2 `stride`, .. A slot of [`Results`](crate::accumulator::Results) is taken from the grant of its turn until
//! all their words are read.
//!
//! Timing: three cycles between the last request of one LWE ciphertext and the first of the next.

use crate::memory::Fifo;
use rust_hdl::prelude::*;

/// Starts the extractions.
#[derive(LogicBlock)]
pub struct Deliver {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// A ciphertext's last turn is granted.
    pub granted: Signal<In, Bit>,
    /// Its slot.
    pub granted_slot: Signal<In, Bits<4>>,
    /// The slots that are taken.
    pub taken: Signal<Out, Bits<16>>,
    /// A turn's last words are written.
    pub written: Signal<In, Bit>,
    /// Its slot.
    pub written_slot: Signal<In, Bits<4>>,
    /// Of each ciphertext one sample is enough, also of the present one: what comes is dropped.
    pub drop: Signal<In, Bit>,
    /// The next ciphertext may be extracted, with the following two.
    pub enable: Signal<In, Bit>,
    /// LWE ciphertexts of it, at least 1.
    pub samples: Signal<In, Bits<16>>,
    /// Coefficients between two of them.
    pub stride: Signal<In, Bits<12>>,
    /// The coefficient to extract.
    pub degree: Signal<Out, Bits<12>>,
    /// The slot to extract.
    pub slot: Signal<Out, Bits<4>>,
    /// Start the extraction.
    pub extract_start: Signal<Out, Bit>,
    /// It runs.
    pub extract_busy: Signal<In, Bit>,
    /// The last word of a ciphertext is taken.
    pub word_last: Signal<In, Bit>,
    /// Results are under way.
    pub busy: Signal<Out, Bit>,
    queue: Fifo<4>,
    reading: DFF<Bit>,
    again: DFF<Bit>,
    left: DFF<Bits<16>>,
    step: DFF<Bits<12>>,
    at_degree: DFF<Bits<12>>,
    current: DFF<Bits<4>>,
    in_slots: DFF<Bits<16>>,
    pending: DFF<Bits<6>>,
    starting: Signal<Local, Bit>,
    granted_bit: Signal<Local, Bits<16>>,
    current_bit: Signal<Local, Bits<16>>,
    freed: Signal<Local, Bits<16>>,
    one: Constant<Bits<16>>,
}

impl Default for Deliver {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            granted: Default::default(),
            granted_slot: Default::default(),
            taken: Default::default(),
            written: Default::default(),
            written_slot: Default::default(),
            drop: Default::default(),
            enable: Default::default(),
            samples: Default::default(),
            stride: Default::default(),
            degree: Default::default(),
            slot: Default::default(),
            extract_start: Default::default(),
            extract_busy: Default::default(),
            word_last: Default::default(),
            busy: Default::default(),
            // No slot is in it twice.
            queue: Fifo::new(16),
            reading: Default::default(),
            again: Default::default(),
            left: Default::default(),
            step: Default::default(),
            at_degree: Default::default(),
            current: Default::default(),
            in_slots: Default::default(),
            pending: Default::default(),
            starting: Default::default(),
            granted_bit: Default::default(),
            current_bit: Default::default(),
            freed: Default::default(),
            one: Constant::new(1_u64.into()),
        }
    }
}

impl Logic for Deliver {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, reading, again, left, step, at_degree, current, in_slots, pending
        );
        self.queue.clock.next = self.clock.val();
        self.queue.claim.next = self.written.val();
        self.queue.put.next = self.written.val();
        self.queue.word_in.next = self.written_slot.val();
        self.starting.next = self.queue.valid.val() & !self.reading.q.val() & self.enable.val();
        self.queue.ready.next = self.starting.val();
        self.slot.next = self.queue.word.val();
        self.degree.next = 0.into();
        self.extract_start.next = self.starting.val() | self.again.q.val();
        self.again.d.next = false;
        if self.again.q.val() {
            self.slot.next = self.current.q.val();
            self.degree.next = self.at_degree.q.val();
        }
        if self.starting.val() {
            self.reading.d.next = true;
            self.current.d.next = self.queue.word.val();
            self.left.d.next = self.samples.val();
            self.step.d.next = self.stride.val();
            self.at_degree.d.next = 0.into();
        }
        self.granted_bit.next = 0.into();
        if self.granted.val() {
            self.granted_bit.next = self.one.val() << self.granted_slot.val();
        }
        self.current_bit.next = self.one.val() << self.current.q.val();
        self.freed.next = self.in_slots.q.val();
        if self.reading.q.val() & !self.extract_busy.val() & !self.again.q.val() {
            self.left.d.next = self.left.q.val() - 1;
            self.at_degree.d.next = self.at_degree.q.val() + self.step.q.val();
            self.again.d.next = true;
            if self.left.q.val() == 1 {
                self.again.d.next = false;
                self.reading.d.next = false;
                self.freed.next = self.in_slots.q.val() & !self.current_bit.val();
            }
        }
        if self.drop.val() {
            self.left.d.next = self.one.val();
        }
        self.in_slots.d.next = self.freed.val() | self.granted_bit.val();
        self.taken.next = self.in_slots.q.val();
        if (self.starting.val() | self.again.q.val()) & !self.word_last.val() {
            self.pending.d.next = self.pending.q.val() + 1;
        }
        if !(self.starting.val() | self.again.q.val()) & self.word_last.val() {
            self.pending.d.next = self.pending.q.val() - 1;
        }
        self.busy.next = self.in_slots.q.val().any() | (self.pending.q.val() != 0);
    }
}

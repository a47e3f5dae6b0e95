//! The results of a batch, one ciphertext after the other.
//!
//! After `start`: for each slot the body b is read from the memory of degrees and the sample
//! extraction is started with it. `done` is high in the cycle after the last word of the last
//! ciphertext was taken, and until the next start.
//!
//! Timing: four cycles between the last request of one ciphertext and the first of the next.

use rust_hdl::prelude::*;

/// Starts the extractions.
#[derive(LogicBlock)]
pub struct Extract {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Begin with slot 0.
    pub start: Signal<In, Bit>,
    /// Ciphertexts, 1 to 16.
    pub batch: Signal<In, Bits<5>>,
    /// The slot in hand, also for the memory of degrees.
    pub slot: Signal<Out, Bits<4>>,
    /// Start the extraction.
    pub extract_start: Signal<Out, Bit>,
    /// It runs.
    pub extract_busy: Signal<In, Bit>,
    /// The last word of a ciphertext is taken.
    pub word_last: Signal<In, Bit>,
    /// All ciphertexts are out.
    pub done: Signal<Out, Bit>,
    /// 0 nothing to do, 1 address at the memory, 2 word there: start, 3 wait.
    state: DFF<Bits<2>>,
    current: DFF<Bits<5>>,
    taken: DFF<Bits<5>>,
    done_register: DFF<Bit>,
    resting: Constant<Bits<2>>,
    asking: Constant<Bits<2>>,
    starting: Constant<Bits<2>>,
    waiting: Constant<Bits<2>>,
}

impl Default for Extract {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            batch: Default::default(),
            slot: Default::default(),
            extract_start: Default::default(),
            extract_busy: Default::default(),
            word_last: Default::default(),
            done: Default::default(),
            state: Default::default(),
            current: Default::default(),
            taken: Default::default(),
            done_register: Default::default(),
            resting: Constant::new(0_usize.to_bits()),
            asking: Constant::new(1_usize.to_bits()),
            starting: Constant::new(2_usize.to_bits()),
            waiting: Constant::new(3_usize.to_bits()),
        }
    }
}

impl Logic for Extract {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, current, taken, done_register);
        self.slot.next = self.current.q.val().get_bits::<4>(0);
        self.extract_start.next = self.state.q.val() == self.starting.val();
        if self.state.q.val() == self.asking.val() {
            self.state.d.next = self.starting.val();
        }
        if self.state.q.val() == self.starting.val() {
            self.state.d.next = self.waiting.val();
        }
        if (self.state.q.val() == self.waiting.val()) & !self.extract_busy.val() {
            self.current.d.next = self.current.q.val() + 1;
            self.state.d.next = self.asking.val();
            if self.current.q.val() + 1 == self.batch.val() {
                self.state.d.next = self.resting.val();
            }
        }
        if self.word_last.val() {
            self.taken.d.next = self.taken.q.val() + 1;
            if self.taken.q.val() + 1 == self.batch.val() {
                self.done_register.d.next = true;
            }
        }
        self.done.next = self.done_register.q.val();
        if self.start.val() {
            self.state.d.next = self.asking.val();
            self.current.d.next = 0.into();
            self.taken.d.next = 0.into();
            self.done_register.d.next = false;
        }
    }
}

//! Degrees and accumulators of a batch into their memories.
//!
//! After `start`: `batch` LWE ciphertexts of n + 1 switched words, and beside them `batch` GLWE
//! ciphertexts of N mask and N body words (a look-up table is the body of one with mask zero), each stream
//! over valid/ready at a word a cycle. `loaded` is high when both are in.
//!
//! Timing: a word is written in the cycle of its transfer. The ready signals do not depend on
//! the valid ones.

use rust_hdl::prelude::*;

/// Counts words into slots.
#[derive(LogicBlock, Default)]
pub struct Load {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Begin with slot 0.
    pub start: Signal<In, Bit>,
    /// Ciphertexts, 1 to 16; with the next port static.
    pub batch: Signal<In, Bits<5>>,
    /// log2 N, 8 to 11.
    pub log2_n: Signal<In, Bits<4>>,
    /// A switched word is there.
    pub switched_valid: Signal<In, Bit>,
    /// It is taken.
    pub switched_ready: Signal<Out, Bit>,
    /// It is a body.
    pub switched_last: Signal<In, Bit>,
    /// Its ciphertext's slot.
    pub degree_slot: Signal<Out, Bits<4>>,
    /// Write it.
    pub degree_write: Signal<Out, Bit>,
    /// A word of an accumulator is there.
    pub glwe_valid: Signal<In, Bit>,
    /// It is taken.
    pub glwe_ready: Signal<Out, Bit>,
    /// Write it there.
    pub load_valid: Signal<Out, Bit>,
    /// Its slot.
    pub load_slot: Signal<Out, Bits<4>>,
    /// Its polynomial.
    pub load_row: Signal<Out, Bit>,
    /// Its coefficient.
    pub load_index: Signal<Out, Bits<11>>,
    /// All words of the batch are in.
    pub loaded: Signal<Out, Bit>,
    /// N - 1.
    last_coefficient: Signal<Local, Bits<11>>,
    lwe_slot: DFF<Bits<5>>,
    glwe_slot: DFF<Bits<5>>,
    row: DFF<Bit>,
    index: DFF<Bits<11>>,
    lwe_open: DFF<Bit>,
    glwe_open: DFF<Bit>,
}

impl Logic for Load {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, lwe_slot, glwe_slot, row, index, lwe_open, glwe_open
        );
        self.last_coefficient.next = 2047.into();
        if self.log2_n.val() == 10 {
            self.last_coefficient.next = 1023.into();
        }
        if self.log2_n.val() == 9 {
            self.last_coefficient.next = 511.into();
        }
        if self.log2_n.val() == 8 {
            self.last_coefficient.next = 255.into();
        }
        self.switched_ready.next = self.lwe_open.q.val();
        self.degree_write.next = self.switched_valid.val() & self.lwe_open.q.val();
        self.degree_slot.next = self.lwe_slot.q.val().get_bits::<4>(0);
        if self.switched_valid.val() & self.lwe_open.q.val() & self.switched_last.val() {
            self.lwe_slot.d.next = self.lwe_slot.q.val() + 1;
            if self.lwe_slot.q.val() + 1 == self.batch.val() {
                self.lwe_open.d.next = false;
            }
        }

        self.glwe_ready.next = self.glwe_open.q.val();
        self.load_valid.next = self.glwe_valid.val() & self.glwe_open.q.val();
        self.load_slot.next = self.glwe_slot.q.val().get_bits::<4>(0);
        self.load_row.next = self.row.q.val();
        self.load_index.next = self.index.q.val();
        if self.glwe_valid.val() & self.glwe_open.q.val() {
            self.index.d.next = self.index.q.val() + 1;
            if self.index.q.val() == self.last_coefficient.val() {
                self.index.d.next = 0.into();
                self.row.d.next = !self.row.q.val();
                if self.row.q.val() {
                    self.glwe_slot.d.next = self.glwe_slot.q.val() + 1;
                    if self.glwe_slot.q.val() + 1 == self.batch.val() {
                        self.glwe_open.d.next = false;
                    }
                }
            }
        }

        self.loaded.next = !self.lwe_open.q.val() & !self.glwe_open.q.val();
        if self.start.val() {
            self.lwe_slot.d.next = 0.into();
            self.glwe_slot.d.next = 0.into();
            self.row.d.next = false;
            self.index.d.next = 0.into();
            self.lwe_open.d.next = true;
            self.glwe_open.d.next = true;
        }
    }
}

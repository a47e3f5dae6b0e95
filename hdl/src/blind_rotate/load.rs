//! Up to two batches on their way in: degrees and look-up tables into their memories.
//!
//! `start` opens a batch: `batch` LWE ciphertexts of n + 1 switched words come in, and beside them as
//! many look-up tables of N words, each stream over valid/ready at a word a cycle. The degrees of two
//! batches lie in two halves of their memory. A slot holds one table, so that of the next batch waits
//! until the last one is in its accumulator (`table_done`). A half is free again when the rotation is
//! through with it (`batch_done`).
//!
//! Timing: a word is written in the cycle of its transfer. The ready signals do not depend on
//! the valid ones.

use rust_hdl::prelude::*;

/// Counts words into slots.
#[derive(LogicBlock)]
pub struct Load {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Open a batch; heeded while `start_ready`.
    pub start: Signal<In, Bit>,
    /// A half is free.
    pub start_ready: Signal<Out, Bit>,
    /// Ciphertexts of it, 1 to 16.
    pub batch: Signal<In, Bits<5>>,
    /// Forget all batches.
    pub flush: Signal<In, Bit>,
    /// log2 N, 8 to 11; static.
    pub log2_n: Signal<In, Bits<4>>,
    /// A switched word is there.
    pub switched_valid: Signal<In, Bit>,
    /// It is taken.
    pub switched_ready: Signal<Out, Bit>,
    /// It is a body.
    pub switched_last: Signal<In, Bit>,
    /// The half for it.
    pub degree_half: Signal<Out, Bit>,
    /// Its ciphertext's slot.
    pub degree_slot: Signal<Out, Bits<4>>,
    /// Write it.
    pub degree_write: Signal<Out, Bit>,
    /// A word of a table is there.
    pub table_valid: Signal<In, Bit>,
    /// It is taken.
    pub table_ready: Signal<Out, Bit>,
    /// Write it there.
    pub table_write: Signal<Out, Bit>,
    /// Its slot.
    pub table_slot: Signal<Out, Bits<4>>,
    /// Its coefficient.
    pub table_index: Signal<Out, Bits<11>>,
    /// The slots whose table is in.
    pub staged: Signal<Out, Bits<16>>,
    /// A slot's table has been read.
    pub table_done: Signal<In, Bit>,
    /// Which.
    pub table_done_slot: Signal<In, Bits<4>>,
    /// All degrees of the oldest batch are in.
    pub batch_ready: Signal<Out, Bit>,
    /// Its ciphertexts.
    pub batch_size: Signal<Out, Bits<5>>,
    /// Its half.
    pub batch_half: Signal<Out, Bit>,
    /// The rotation is through with it.
    pub batch_done: Signal<In, Bit>,
    /// No batch is open.
    pub closed: Signal<Out, Bit>,
    /// N - 1.
    last_coefficient: Signal<Local, Bits<11>>,
    lwe_active: Signal<Local, Bit>,
    lwe_size: Signal<Local, Bits<5>>,
    table_active: Signal<Local, Bit>,
    table_size: Signal<Local, Bits<5>>,
    slot_bit: Signal<Local, Bits<16>>,
    done_bit: Signal<Local, Bits<16>>,
    /// Of the halves: opened, degrees in, tables in, ciphertexts.
    open_0: DFF<Bit>,
    open_1: DFF<Bit>,
    degrees_0: DFF<Bit>,
    degrees_1: DFF<Bit>,
    tables_0: DFF<Bit>,
    tables_1: DFF<Bit>,
    size_0: DFF<Bits<5>>,
    size_1: DFF<Bits<5>>,
    /// The half that is opened next, and those at which the streams and the rotation are.
    start_half: DFF<Bit>,
    lwe_half: DFF<Bit>,
    table_half: DFF<Bit>,
    oldest_half: DFF<Bit>,
    lwe_slot: DFF<Bits<5>>,
    at_slot: DFF<Bits<5>>,
    index: DFF<Bits<11>>,
    in_slots: DFF<Bits<16>>,
    one: Constant<Bits<16>>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            start_ready: Default::default(),
            batch: Default::default(),
            flush: Default::default(),
            log2_n: Default::default(),
            switched_valid: Default::default(),
            switched_ready: Default::default(),
            switched_last: Default::default(),
            degree_half: Default::default(),
            degree_slot: Default::default(),
            degree_write: Default::default(),
            table_valid: Default::default(),
            table_ready: Default::default(),
            table_write: Default::default(),
            table_slot: Default::default(),
            table_index: Default::default(),
            staged: Default::default(),
            table_done: Default::default(),
            table_done_slot: Default::default(),
            batch_ready: Default::default(),
            batch_size: Default::default(),
            batch_half: Default::default(),
            batch_done: Default::default(),
            closed: Default::default(),
            last_coefficient: Default::default(),
            lwe_active: Default::default(),
            lwe_size: Default::default(),
            table_active: Default::default(),
            table_size: Default::default(),
            slot_bit: Default::default(),
            done_bit: Default::default(),
            open_0: Default::default(),
            open_1: Default::default(),
            degrees_0: Default::default(),
            degrees_1: Default::default(),
            tables_0: Default::default(),
            tables_1: Default::default(),
            size_0: Default::default(),
            size_1: Default::default(),
            start_half: Default::default(),
            lwe_half: Default::default(),
            table_half: Default::default(),
            oldest_half: Default::default(),
            lwe_slot: Default::default(),
            at_slot: Default::default(),
            index: Default::default(),
            in_slots: Default::default(),
            one: Constant::new(1_u64.into()),
        }
    }
}

impl Logic for Load {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            open_0,
            open_1,
            degrees_0,
            degrees_1,
            tables_0,
            tables_1,
            size_0,
            size_1,
            start_half,
            lwe_half,
            table_half,
            oldest_half,
            lwe_slot,
            at_slot,
            index,
            in_slots
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
        self.closed.next = !self.open_0.q.val() & !self.open_1.q.val();

        // The oldest batch.
        self.batch_half.next = self.oldest_half.q.val();
        self.batch_ready.next = self.open_0.q.val() & self.degrees_0.q.val();
        self.batch_size.next = self.size_0.q.val();
        if self.oldest_half.q.val() {
            self.batch_ready.next = self.open_1.q.val() & self.degrees_1.q.val();
            self.batch_size.next = self.size_1.q.val();
        }
        if self.batch_done.val() {
            self.oldest_half.d.next = !self.oldest_half.q.val();
            if self.oldest_half.q.val() {
                self.open_1.d.next = false;
            } else {
                self.open_0.d.next = false;
            }
        }

        // A new one.
        self.start_ready.next = !self.open_0.q.val();
        if self.start_half.q.val() {
            self.start_ready.next = !self.open_1.q.val();
        }
        if self.start.val() & !self.start_half.q.val() & !self.open_0.q.val() {
            self.open_0.d.next = true;
            self.degrees_0.d.next = false;
            self.tables_0.d.next = false;
            self.size_0.d.next = self.batch.val();
            self.start_half.d.next = true;
        }
        if self.start.val() & self.start_half.q.val() & !self.open_1.q.val() {
            self.open_1.d.next = true;
            self.degrees_1.d.next = false;
            self.tables_1.d.next = false;
            self.size_1.d.next = self.batch.val();
            self.start_half.d.next = false;
        }

        // Degrees.
        self.lwe_active.next = self.open_0.q.val() & !self.degrees_0.q.val();
        self.lwe_size.next = self.size_0.q.val();
        if self.lwe_half.q.val() {
            self.lwe_active.next = self.open_1.q.val() & !self.degrees_1.q.val();
            self.lwe_size.next = self.size_1.q.val();
        }
        self.switched_ready.next = self.lwe_active.val();
        self.degree_write.next = self.switched_valid.val() & self.lwe_active.val();
        self.degree_half.next = self.lwe_half.q.val();
        self.degree_slot.next = self.lwe_slot.q.val().get_bits::<4>(0);
        if self.switched_valid.val() & self.lwe_active.val() & self.switched_last.val() {
            self.lwe_slot.d.next = self.lwe_slot.q.val() + 1;
            if self.lwe_slot.q.val() + 1 == self.lwe_size.val() {
                self.lwe_slot.d.next = 0.into();
                self.lwe_half.d.next = !self.lwe_half.q.val();
                if self.lwe_half.q.val() {
                    self.degrees_1.d.next = true;
                } else {
                    self.degrees_0.d.next = true;
                }
            }
        }

        // Tables.
        self.slot_bit.next = self.one.val() << self.at_slot.q.val();
        self.done_bit.next = self.one.val() << self.table_done_slot.val();
        self.table_active.next = self.open_0.q.val() & !self.tables_0.q.val();
        self.table_size.next = self.size_0.q.val();
        if self.table_half.q.val() {
            self.table_active.next = self.open_1.q.val() & !self.tables_1.q.val();
            self.table_size.next = self.size_1.q.val();
        }
        if (self.in_slots.q.val() & self.slot_bit.val()).any() {
            self.table_active.next = false;
        }
        self.table_ready.next = self.table_active.val();
        self.table_write.next = self.table_valid.val() & self.table_active.val();
        self.table_slot.next = self.at_slot.q.val().get_bits::<4>(0);
        self.table_index.next = self.index.q.val();
        self.staged.next = self.in_slots.q.val();
        if self.table_done.val() {
            self.in_slots.d.next = self.in_slots.q.val() & !self.done_bit.val();
        }
        if self.table_valid.val() & self.table_active.val() {
            self.index.d.next = self.index.q.val() + 1;
            if self.index.q.val() == self.last_coefficient.val() {
                self.index.d.next = 0.into();
                self.in_slots.d.next = self.in_slots.q.val() | self.slot_bit.val();
                if self.table_done.val() {
                    self.in_slots.d.next =
                        (self.in_slots.q.val() | self.slot_bit.val()) & !self.done_bit.val();
                }
                self.at_slot.d.next = self.at_slot.q.val() + 1;
                if self.at_slot.q.val() + 1 == self.table_size.val() {
                    self.at_slot.d.next = 0.into();
                    self.table_half.d.next = !self.table_half.q.val();
                    if self.table_half.q.val() {
                        self.tables_1.d.next = true;
                    } else {
                        self.tables_0.d.next = true;
                    }
                }
            }
        }

        if self.flush.val() {
            self.open_0.d.next = false;
            self.open_1.d.next = false;
            self.start_half.d.next = false;
            self.lwe_half.d.next = false;
            self.table_half.d.next = false;
            self.oldest_half.d.next = false;
            self.lwe_slot.d.next = 0.into();
            self.at_slot.d.next = 0.into();
            self.index.d.next = 0.into();
            self.in_slots.d.next = 0.into();
        }
    }
}

//! What flows into the core: small ciphertexts from the key switch, tables, and key beats; and what becomes
//! of them when it does not want them.
//!
//! While `sink` is high (the bootstrapping key is wrong, or a reset is under way) ciphertexts and tables go
//! nowhere. While `flush` is high the key store gets beats that are no key.
//!
//! Timing: no registers.

use rust_hdl::prelude::*;

/// Valid and ready between the stages.
#[derive(LogicBlock)]
pub(super) struct Streams {
    /// The bootstrapping key is wrong; a reset is under way.
    pub(super) key_wrong: Signal<In, Bit>,
    pub(super) clear: Signal<In, Bit>,
    pub(super) sink: Signal<Out, Bit>,
    /// The rotation may begin batches.
    pub(super) running: Signal<In, Bit>,
    pub(super) core_start_ready: Signal<In, Bit>,
    pub(super) may_start: Signal<Out, Bit>,
    /// Small ciphertexts.
    pub(super) switched_valid: Signal<In, Bit>,
    pub(super) switched_word: Signal<In, Bits<64>>,
    pub(super) switched_ready: Signal<Out, Bit>,
    pub(super) zeros: Signal<In, Bit>,
    pub(super) zero_taken: Signal<Out, Bit>,
    pub(super) lwe_valid: Signal<Out, Bit>,
    pub(super) lwe_word: Signal<Out, Bits<64>>,
    pub(super) lwe_ready: Signal<In, Bit>,
    /// Tables.
    pub(super) read_valid: Signal<In, Bit>,
    pub(super) table_valid: Signal<Out, Bit>,
    /// Key beats.
    pub(super) flush: Signal<In, Bit>,
    pub(super) beat_valid: Signal<In, Bit>,
    pub(super) beat_ready: Signal<Out, Bit>,
    pub(super) key_valid: Signal<Out, Bit>,
    pub(super) key_ready: Signal<In, Bit>,
    /// A beat of the key, and of the key switching key, is used.
    pub(super) beat_used: Signal<Out, Bit>,
    pub(super) switch_beat_valid: Signal<In, Bit>,
    pub(super) switch_beat_ready: Signal<In, Bit>,
    pub(super) switch_beat_used: Signal<Out, Bit>,
    sinking: Signal<Local, Bit>,
    nought: Constant<Bits<64>>,
}

impl Logic for Streams {
    #[hdl_gen]
    fn update(&mut self) {
        self.sinking.next = self.key_wrong.val() | self.clear.val();
        self.sink.next = self.sinking.val();
        self.may_start.next = self.running.val() & self.core_start_ready.val();
        // Zeros only come while the key switch hands nothing out.
        self.lwe_valid.next = (self.switched_valid.val() | self.zeros.val()) & !self.sinking.val();
        self.lwe_word.next = self.switched_word.val();
        if self.zeros.val() {
            self.lwe_word.next = self.nought.val();
        }
        self.switched_ready.next = self.lwe_ready.val() | self.sinking.val();
        self.zero_taken.next = self.lwe_ready.val() | self.sinking.val();
        self.table_valid.next = self.read_valid.val() & !self.sinking.val();
        self.key_valid.next = self.beat_valid.val() | self.flush.val();
        self.beat_ready.next = self.key_ready.val();
        self.beat_used.next = self.beat_valid.val() & self.key_ready.val();
        self.switch_beat_used.next = self.switch_beat_valid.val() & self.switch_beat_ready.val();
    }
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            key_wrong: Signal::default(),
            clear: Signal::default(),
            sink: Signal::default(),
            running: Signal::default(),
            core_start_ready: Signal::default(),
            may_start: Signal::default(),
            switched_valid: Signal::default(),
            switched_word: Signal::default(),
            switched_ready: Signal::default(),
            zeros: Signal::default(),
            zero_taken: Signal::default(),
            lwe_valid: Signal::default(),
            lwe_word: Signal::default(),
            lwe_ready: Signal::default(),
            read_valid: Signal::default(),
            table_valid: Signal::default(),
            flush: Signal::default(),
            beat_valid: Signal::default(),
            beat_ready: Signal::default(),
            key_valid: Signal::default(),
            key_ready: Signal::default(),
            beat_used: Signal::default(),
            switch_beat_valid: Signal::default(),
            switch_beat_ready: Signal::default(),
            switch_beat_used: Signal::default(),
            sinking: Signal::default(),
            nought: Constant::new(0_u64.into()),
        }
    }
}

//! What follows what: load a batch, pass over the key, hand the sums out.
//!
//! A batch may be loaded while the one before is handed out.
//!
//! Timing: `start` while `idle` gives `load` a cycle later. `pass` comes in the first cycle from the one after
//! that in which `loaded` is high and `drain_busy` low; from the next on, `key_request` until it is taken.
//! `drain` comes in the cycle of `passed`, `idle` in the next.

use rust_hdl::prelude::*;

/// The order of a batch's phases.
#[derive(LogicBlock, Default)]
pub struct Control {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Back to rest; what is handed out runs on.
    pub clear: Signal<In, Bit>,
    /// A batch begins; heeded while `idle`.
    pub start: Signal<In, Bit>,
    /// Its ciphertexts.
    pub batch: Signal<In, Bits<5>>,
    /// `start` is heeded.
    pub idle: Signal<Out, Bit>,
    /// The last batch that passed over the key met a wrong checksum and was dropped.
    pub failed: Signal<Out, Bit>,
    /// Load it.
    pub load: Signal<Out, Bit>,
    /// So many ciphertexts.
    pub load_batch: Signal<Out, Bits<5>>,
    /// Into this half.
    pub half: Signal<Out, Bit>,
    /// All are in.
    pub loaded: Signal<In, Bit>,
    /// The sums are still handed out.
    pub drain_busy: Signal<In, Bit>,
    /// Begin the pass.
    pub pass: Signal<Out, Bit>,
    /// Ask memory for the key.
    pub key_request: Signal<Out, Bit>,
    /// It answers.
    pub key_request_ready: Signal<In, Bit>,
    /// The pass is over.
    pub passed: Signal<In, Bit>,
    /// The key's checksum was right.
    pub good: Signal<In, Bit>,
    /// Hand the sums out.
    pub drain: Signal<Out, Bit>,
    /// So many ciphertexts.
    pub drain_batch: Signal<Out, Bits<5>>,
    /// Whose bodies are in this half.
    pub drain_half: Signal<Out, Bit>,
    /// 0 rest, 1 load, 2 pass.
    phase: DFF<Bits<2>>,
    loading: DFF<Bit>,
    asking: DFF<Bit>,
    broken: DFF<Bit>,
    load_half: DFF<Bit>,
    read_half: DFF<Bit>,
    loaded_batch: DFF<Bits<5>>,
    read_batch: DFF<Bits<5>>,
    starting: Signal<Local, Bit>,
    passing: Signal<Local, Bit>,
    draining: Signal<Local, Bit>,
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            phase,
            loading,
            asking,
            broken,
            load_half,
            read_half,
            loaded_batch,
            read_batch
        );
        self.idle.next = self.phase.q.val() == 0;
        self.failed.next = self.broken.q.val();
        self.starting.next = self.start.val() & (self.phase.q.val() == 0);
        self.loading.d.next = self.starting.val();
        self.load.next = self.loading.q.val();
        self.load_batch.next = self.loaded_batch.q.val();
        self.half.next = self.load_half.q.val();
        self.key_request.next = self.asking.q.val();
        if self.starting.val() {
            self.phase.d.next = 1.into();
            self.loaded_batch.d.next = self.batch.val();
            self.load_half.d.next = !self.load_half.q.val();
        }
        // In the cycle of `load`, `loaded` still speaks of the batch before.
        self.passing.next = (self.phase.q.val() == 1)
            & !self.loading.q.val()
            & self.loaded.val()
            & !self.drain_busy.val();
        self.pass.next = self.passing.val();
        if self.asking.q.val() & self.key_request_ready.val() {
            self.asking.d.next = false;
        }
        if self.passing.val() {
            self.phase.d.next = 2.into();
            self.asking.d.next = true;
        }
        self.draining.next = false;
        if (self.phase.q.val() == 2) & self.passed.val() {
            self.phase.d.next = 0.into();
            self.broken.d.next = !self.good.val();
            self.draining.next = self.good.val();
        }
        self.drain.next = self.draining.val();
        self.drain_batch.next = self.read_batch.q.val();
        self.drain_half.next = self.read_half.q.val();
        if self.draining.val() {
            self.read_batch.d.next = self.loaded_batch.q.val();
            self.read_half.d.next = self.load_half.q.val();
        }
        if self.clear.val() {
            self.phase.d.next = 0.into();
            self.loading.d.next = false;
            self.asking.d.next = false;
        }
    }
}

//! What the card is doing as a whole, from what its parts say.
//!
//! Timing: no registers.

use rust_hdl::prelude::*;

/// Who is idle.
#[derive(LogicBlock, Default)]
pub(super) struct Summary {
    pub(super) fetch_idle: Signal<In, Bit>,
    pub(super) execute_idle: Signal<In, Bit>,
    pub(super) committed: Signal<In, Bit>,
    pub(super) feed_idle: Signal<In, Bit>,
    pub(super) rotate_idle: Signal<In, Bit>,
    pub(super) store_idle: Signal<In, Bit>,
    pub(super) switch_idle: Signal<In, Bit>,
    pub(super) switch_draining: Signal<In, Bit>,
    pub(super) core_busy: Signal<In, Bit>,
    pub(super) keys_stopped: Signal<In, Bit>,
    pub(super) key_reader_idle: Signal<In, Bit>,
    pub(super) keyswitch_reader_idle: Signal<In, Bit>,
    pub(super) host_read_owed: Signal<In, Bit>,
    pub(super) host_write_owed: Signal<In, Bit>,
    pub(super) card_read_owed: Signal<In, Bit>,
    pub(super) card_write_owed: Signal<In, Bit>,
    pub(super) key_owed: Signal<In, Bit>,
    pub(super) keyswitch_owed: Signal<In, Bit>,
    pub(super) key_loaded: Signal<In, Bit>,
    pub(super) keyswitch_loaded: Signal<In, Bit>,
    /// All valid jobs are complete.
    pub(super) jobs_done: Signal<Out, Bit>,
    pub(super) busy: Signal<Out, Bit>,
    /// Nothing uses the keys, or will.
    pub(super) keys_unused: Signal<Out, Bit>,
    pub(super) readers_idle: Signal<Out, Bit>,
    pub(super) keys_loaded: Signal<Out, Bit>,
    /// Nothing is under way inside; on a bus.
    pub(super) at_rest: Signal<Out, Bit>,
    pub(super) owed: Signal<Out, Bit>,
    done: Signal<Local, Bit>,
    stages_idle: Signal<Local, Bit>,
}

impl Logic for Summary {
    #[hdl_gen]
    fn update(&mut self) {
        self.done.next = self.fetch_idle.val() & self.execute_idle.val() & self.store_idle.val();
        self.jobs_done.next = self.done.val();
        // Whoever forgets tables has no job.
        self.busy.next = !self.fetch_idle.val() | !self.store_idle.val();
        self.stages_idle.next = self.feed_idle.val()
            & self.rotate_idle.val()
            & self.store_idle.val()
            & self.switch_idle.val()
            & !self.switch_draining.val()
            & !self.core_busy.val();
        self.keys_unused.next = self.stages_idle.val() & !self.committed.val();
        self.readers_idle.next = self.key_reader_idle.val() & self.keyswitch_reader_idle.val();
        self.keys_loaded.next = self.key_loaded.val() & self.keyswitch_loaded.val();
        self.at_rest.next = self.stages_idle.val() & self.keys_stopped.val();
        self.owed.next = self.host_read_owed.val()
            | self.host_write_owed.val()
            | self.card_read_owed.val()
            | self.card_write_owed.val()
            | self.key_owed.val()
            | self.keyswitch_owed.val();
    }
}

//! When the keys stream: from the moment in which both are loaded until one of them is not.
//!
//! Stopping waits until nothing uses the keys; then the key store runs empty, and after it the readers.
//! Until the next start `stopped` is high: parameters and keys may change.
//!
//! Timing: `running` `SETTLING` cycles and four behind `wanted`, so that what follows from the parameters is
//! right before the key store starts.

use crate::blind_rotate::BlindRotate;
use rust_hdl::prelude::*;

/// Cycles between the readers' start and that of the key store, and in which the key store sees its
/// stop.
const SETTLING: u64 = BlindRotate::SETTLING as u64 + 4;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Stopped,
    Begin,
    Settle,
    Start,
    Running,
    Stop,
    Empty,
    Readers,
}

/// Starts and stops the keys' readers and the key store.
#[derive(LogicBlock)]
pub(super) struct KeyControl {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// A reset is under way: stop.
    pub(super) clear: Signal<In, Bit>,
    /// Both keys are loaded.
    pub(super) wanted: Signal<In, Bit>,
    /// Nothing uses them, or will.
    pub(super) unused: Signal<In, Bit>,
    /// No slice is under way to the key store.
    pub(super) store_idle: Signal<In, Bit>,
    /// Both readers are idle.
    pub(super) readers_idle: Signal<In, Bit>,
    /// To the core.
    pub(super) key_start: Signal<Out, Bit>,
    pub(super) key_stop: Signal<Out, Bit>,
    /// To both readers.
    pub(super) read_start: Signal<Out, Bit>,
    pub(super) read_stop: Signal<Out, Bit>,
    /// The core may begin a batch.
    pub(super) running: Signal<Out, Bit>,
    pub(super) stopped: Signal<Out, Bit>,
    /// The key store runs empty on beats that are no key, as memory may not answer any more.
    pub(super) flush: Signal<Out, Bit>,
    state: DFF<State>,
    waited: DFF<Bits<4>>,
    settled: Signal<Local, Bit>,
    cycles: Constant<Bits<4>>,
}

impl Default for KeyControl {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            wanted: Signal::default(),
            unused: Signal::default(),
            store_idle: Signal::default(),
            readers_idle: Signal::default(),
            key_start: Signal::default(),
            key_stop: Signal::default(),
            read_start: Signal::default(),
            read_stop: Signal::default(),
            running: Signal::default(),
            stopped: Signal::default(),
            flush: Signal::default(),
            state: DFF::default(),
            waited: DFF::default(),
            settled: Signal::default(),
            cycles: Constant::new(SETTLING.into()),
        }
    }
}

impl Logic for KeyControl {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, waited);
        self.settled.next = self.waited.q.val() == self.cycles.val();
        self.waited.d.next = 0.into();
        self.key_start.next =
            (self.state.q.val() == State::Start) | (self.state.q.val() == State::Stop);
        // What the key store asked for before its start would be the image's first slices.
        self.key_stop.next = (self.state.q.val() == State::Stop)
            | (self.state.q.val() == State::Empty)
            | (self.state.q.val() == State::Readers)
            | (self.state.q.val() == State::Stopped)
            | (self.state.q.val() == State::Begin)
            | (self.state.q.val() == State::Settle);
        self.read_start.next = self.state.q.val() == State::Begin;
        self.read_stop.next =
            (self.state.q.val() == State::Readers) | (self.state.q.val() == State::Stopped);
        self.running.next = self.state.q.val() == State::Running;
        self.stopped.next = self.state.q.val() == State::Stopped;
        self.flush.next = self.clear.val() & (self.state.q.val() == State::Empty);

        match self.state.q.val() {
            State::Stopped => {
                if self.wanted.val() & !self.clear.val() {
                    self.state.d.next = State::Begin;
                }
            }
            State::Begin => {
                self.state.d.next = State::Settle;
            }
            State::Settle => {
                self.waited.d.next = self.waited.q.val() + 1;
                if self.settled.val() {
                    self.state.d.next = State::Start;
                }
            }
            State::Start => {
                self.state.d.next = State::Running;
            }
            State::Running => {
                if (!self.wanted.val() | self.clear.val()) & self.unused.val() {
                    self.state.d.next = State::Stop;
                }
            }
            State::Stop => {
                self.state.d.next = State::Empty;
            }
            State::Empty => {
                self.waited.d.next = self.waited.q.val();
                if !self.settled.val() {
                    self.waited.d.next = self.waited.q.val() + 1;
                }
                if self.settled.val() & self.store_idle.val() {
                    self.state.d.next = State::Readers;
                }
            }
            State::Readers => {
                if self.readers_idle.val() {
                    self.state.d.next = State::Stopped;
                }
            }
        }
    }
}

//! What the driver's commands do: configuring, resetting, halting.
//!
//! A configuration waits until all valid jobs are complete and the keys have stopped. A reset ends when nothing is
//! under way any more, or after its deadline. While the buses are reset, so is the card, and a reset of the
//! card follows that nothing on them holds up.
//!
//! Timing: a command takes effect one edge behind its write. From the moment in which nothing is left to be
//! waited for, a configuration takes the cycles of [`super::Configure`], one for each look-up table slot, and
//! fewer than ten.

use gyrus_interface::registers::{Control as Command, RESET_CYCLES, Register};
use rust_hdl::prelude::*;

/// Cycles for which a reset lasts at least: longer than any queue is.
const LEAST_RESET: u64 = 128;

/// Cycles of [`Register::BusDeadline`] if that is 0.
const DEFAULT_DEADLINE: u64 = 1 << 20;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Rest,
    /// A configuration waits for jobs, then for keys; is checked; forgets the tables.
    Quiet,
    Stop,
    Check,
    Restart,
    Forget,
    Reset,
}

/// The driver's commands.
#[derive(LogicBlock)]
pub(super) struct Control {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Low: the buses are reset; the same, registered, for those who use them.
    pub(super) aresetn: Signal<In, Bit>,
    pub(super) bus_reset: Signal<Out, Bit>,
    /// A register is written.
    pub(super) write: Signal<In, Bit>,
    pub(super) write_index: Signal<In, Bits<7>>,
    pub(super) write_data: Signal<In, Bits<32>>,
    /// The bus deadline as set.
    pub(super) deadline_in: Signal<In, Bits<32>>,
    /// As it counts.
    pub(super) deadline: Signal<Out, Bits<32>>,
    /// Doorbells.
    pub(super) tail: Signal<Out, Bit>,
    pub(super) head: Signal<Out, Bit>,
    /// Interrupt causes to be cleared, if the register is written; the error is.
    pub(super) clear_causes: Signal<Out, Bit>,
    pub(super) clear_error: Signal<Out, Bit>,
    /// No valid job is left, and no key in use.
    pub(super) jobs_done: Signal<In, Bit>,
    pub(super) keys_stopped: Signal<In, Bit>,
    /// Forget the keys.
    pub(super) drop_keys: Signal<Out, Bit>,
    /// The settings are checked.
    pub(super) check: Signal<Out, Bit>,
    pub(super) checked: Signal<In, Bit>,
    pub(super) verdict: Signal<In, Bits<4>>,
    /// Rings and tables begin anew; the tables are forgotten.
    pub(super) restart: Signal<Out, Bit>,
    pub(super) forgotten: Signal<In, Bit>,
    /// Give everything up; the last cycle of that, in which registers are cleared.
    pub(super) clear: Signal<Out, Bit>,
    pub(super) cleared: Signal<Out, Bit>,
    /// Nothing is under way inside; on a bus.
    pub(super) at_rest: Signal<In, Bit>,
    pub(super) owed: Signal<In, Bit>,
    /// A fault that halts.
    pub(super) fatal: Signal<In, Bit>,
    /// Jobs are in flight.
    pub(super) busy: Signal<In, Bit>,
    pub(super) key_loaded: Signal<In, Bit>,
    pub(super) keyswitch_loaded: Signal<In, Bit>,
    /// Jobs may be begun.
    pub(super) enable: Signal<Out, Bit>,
    /// A doorbell of the submission ring is heeded.
    pub(super) taking_jobs: Signal<Out, Bit>,
    /// There are rings.
    pub(super) configured: Signal<Out, Bit>,
    /// [`Register::Status`].
    pub(super) status: Signal<Out, Bits<32>>,
    state: DFF<State>,
    is_bus_reset: DFF<Bit>,
    is_configured: DFF<Bit>,
    is_halted: DFF<Bit>,
    is_stuck: DFF<Bit>,
    result: DFF<Bits<4>>,
    waited: DFF<Bits<36>>,
    commanded: Signal<Local, Bit>,
    configure: Signal<Local, Bit>,
    reset: Signal<Local, Bit>,
    configuring: Signal<Local, Bit>,
    resetting: Signal<Local, Bit>,
    limit: Signal<Local, Bits<36>>,
    bits: Vec<Signal<Local, Bits<32>>>,
    at_control: Constant<Bits<7>>,
    at_tail: Constant<Bits<7>>,
    at_head: Constant<Bits<7>>,
    at_causes: Constant<Bits<7>>,
    at_error: Constant<Bits<7>>,
    least: Constant<Bits<36>>,
    margin: Constant<Bits<36>>,
    usual: Constant<Bits<32>>,
}

const _: () = assert!(Command::CONFIGURE == 1 && Command::RESET == 2);

impl Default for Control {
    fn default() -> Self {
        let at = |register: Register| Constant::new(register.index().to_bits());
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            bus_reset: Signal::default(),
            write: Signal::default(),
            write_index: Signal::default(),
            write_data: Signal::default(),
            deadline_in: Signal::default(),
            deadline: Signal::default(),
            tail: Signal::default(),
            head: Signal::default(),
            clear_causes: Signal::default(),
            clear_error: Signal::default(),
            jobs_done: Signal::default(),
            keys_stopped: Signal::default(),
            drop_keys: Signal::default(),
            check: Signal::default(),
            checked: Signal::default(),
            verdict: Signal::default(),
            restart: Signal::default(),
            forgotten: Signal::default(),
            clear: Signal::default(),
            cleared: Signal::default(),
            at_rest: Signal::default(),
            owed: Signal::default(),
            fatal: Signal::default(),
            busy: Signal::default(),
            key_loaded: Signal::default(),
            keyswitch_loaded: Signal::default(),
            enable: Signal::default(),
            taking_jobs: Signal::default(),
            configured: Signal::default(),
            status: Signal::default(),
            state: DFF::default(),
            is_bus_reset: DFF::default(),
            is_configured: DFF::default(),
            is_halted: DFF::default(),
            is_stuck: DFF::default(),
            result: DFF::default(),
            waited: DFF::default(),
            commanded: Signal::default(),
            configure: Signal::default(),
            reset: Signal::default(),
            configuring: Signal::default(),
            resetting: Signal::default(),
            limit: Signal::default(),
            bits: crate::structure::many(8, |_| Signal::default()),
            at_control: at(Register::Control),
            at_tail: at(Register::SubmissionTail),
            at_head: at(Register::CompletionHead),
            at_causes: at(Register::InterruptCause),
            at_error: at(Register::Error),
            least: Constant::new(LEAST_RESET.into()),
            margin: Constant::new(RESET_CYCLES.into()),
            usual: Constant::new(DEFAULT_DEADLINE.into()),
        }
    }
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            is_bus_reset,
            is_configured,
            is_halted,
            is_stuck,
            result,
            waited
        );
        self.is_bus_reset.d.next = !self.aresetn.val();
        self.bus_reset.next = self.is_bus_reset.q.val();
        self.deadline.next = self.deadline_in.val();
        if !self.deadline_in.val().any() {
            self.deadline.next = self.usual.val();
        }
        self.tail.next = self.write.val() & (self.write_index.val() == self.at_tail.val());
        self.head.next = self.write.val() & (self.write_index.val() == self.at_head.val());
        self.clear_causes.next =
            self.write.val() & (self.write_index.val() == self.at_causes.val());
        self.clear_error.next = self.write.val() & (self.write_index.val() == self.at_error.val());
        self.commanded.next = self.write.val() & (self.write_index.val() == self.at_control.val());
        self.configure.next = self.commanded.val() & self.write_data.val().get_bit(0);
        self.reset.next = self.commanded.val() & self.write_data.val().get_bit(1);

        self.resetting.next = self.state.q.val() == State::Reset;
        self.configuring.next = (self.state.q.val() == State::Quiet)
            | (self.state.q.val() == State::Stop)
            | (self.state.q.val() == State::Check)
            | (self.state.q.val() == State::Restart)
            | (self.state.q.val() == State::Forget);
        self.clear.next = self.resetting.val();
        self.cleared.next = false;
        self.enable.next = self.is_configured.q.val()
            & !self.is_halted.q.val()
            & ((self.state.q.val() == State::Rest) | (self.state.q.val() == State::Quiet));
        self.configured.next = self.is_configured.q.val();
        self.taking_jobs.next = self.is_configured.q.val() & (self.state.q.val() != State::Stop);
        self.drop_keys.next = self.resetting.val() | (self.state.q.val() == State::Stop);
        self.check.next = (self.state.q.val() == State::Stop) & self.keys_stopped.val();
        self.restart.next = self.state.q.val() == State::Restart;
        self.limit.next = (bit_cast::<36, 32>(self.deadline.val()) << 3) + self.margin.val();

        match self.state.q.val() {
            State::Rest => {
                if self.configure.val() & !self.is_halted.q.val() {
                    self.state.d.next = State::Quiet;
                }
            }
            State::Quiet => {
                // A doorbell in this cycle is a job that comes first.
                if self.jobs_done.val() & !self.tail.val() {
                    self.state.d.next = State::Stop;
                }
            }
            State::Stop => {
                if self.keys_stopped.val() {
                    self.state.d.next = State::Check;
                    self.is_configured.d.next = false;
                }
            }
            State::Check => {
                if self.checked.val() {
                    self.state.d.next = State::Restart;
                    self.result.d.next = self.verdict.val();
                }
            }
            State::Restart => {
                self.state.d.next = State::Forget;
            }
            State::Forget => {
                if self.forgotten.val() {
                    self.state.d.next = State::Rest;
                    self.is_configured.d.next = self.result.q.val() == 0;
                }
            }
            State::Reset => {
                self.waited.d.next = self.waited.q.val() + 1;
                self.is_configured.d.next = false;
                self.result.d.next = 0.into();
                if (self.waited.q.val() >= self.least.val()) & self.at_rest.val() & !self.owed.val()
                {
                    self.state.d.next = State::Rest;
                    self.cleared.next = true;
                    self.is_halted.d.next = false;
                    self.is_stuck.d.next = false;
                } else if self.waited.q.val() >= self.limit.val() {
                    self.state.d.next = State::Rest;
                    self.cleared.next = true;
                    self.is_halted.d.next = true;
                    self.is_stuck.d.next = true;
                }
            }
        }
        if self.fatal.val() & !self.resetting.val() {
            self.is_halted.d.next = true;
        }
        if self.reset.val() | !self.aresetn.val() {
            self.state.d.next = State::Reset;
            self.waited.d.next = 0.into();
        }

        for i in 0..8 {
            self.bits[i].next = 0.into();
        }
        if self.is_configured.q.val() {
            self.bits[0].next = 1.into();
        }
        if self.configuring.val() {
            self.bits[1].next = 2.into();
        }
        if self.key_loaded.val() {
            self.bits[2].next = 4.into();
        }
        if self.keyswitch_loaded.val() {
            self.bits[3].next = 8.into();
        }
        if self.busy.val() {
            self.bits[4].next = 16.into();
        }
        if self.resetting.val() {
            self.bits[5].next = 32.into();
        }
        if self.is_halted.q.val() {
            self.bits[6].next = 64.into();
        }
        if self.is_stuck.q.val() {
            self.bits[7].next = 128.into();
        }
        self.status.next = self.bits[0].val()
            | self.bits[1].val()
            | self.bits[2].val()
            | self.bits[3].val()
            | self.bits[4].val()
            | self.bits[5].val()
            | self.bits[6].val()
            | self.bits[7].val()
            | (bit_cast::<32, 4>(self.result.q.val()) << 16);
    }
}

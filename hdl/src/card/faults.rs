//! The error that is kept, and interrupts.
//!
//! [`Register::Error`](gyrus_interface::registers::Register::Error) and its tag and detail keep the first
//! error of the highest rank: a fault that halts the card goes before other faults, and those before a
//! job's error. The driver clears them, but not after a fault that halts. Causes of interrupts are kept
//! until the driver clears them.
//!
//! Timing: registers change one edge behind the event.

use gyrus_interface::registers::{Fault, Interrupt};
use rust_hdl::prelude::*;

/// The buses that are watched, by [`gyrus_interface::registers::Bus`].
pub(super) const BUSES: usize = 6;

/// Keeps errors and causes of interrupts.
#[derive(LogicBlock)]
pub(super) struct Faults {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// A bus is dead.
    pub(super) expired: Vec<Signal<In, Bit>>,
    /// A descriptor, or a completion, is out of reach; both stay high.
    pub(super) submission_unreachable: Signal<In, Bit>,
    pub(super) submission_entry: Signal<In, Bits<64>>,
    pub(super) completion_unreachable: Signal<In, Bit>,
    pub(super) completion_entry: Signal<In, Bits<64>>,
    /// A completion waits for room.
    pub(super) ring_full: Signal<In, Bit>,
    /// A doorbell is refused.
    pub(super) tail_bad: Signal<In, Bit>,
    pub(super) head_bad: Signal<In, Bit>,
    pub(super) doorbell_index: Signal<In, Bits<32>>,
    /// A job is complete.
    pub(super) completed: Signal<In, Bit>,
    pub(super) status: Signal<In, Bits<4>>,
    pub(super) tag: Signal<In, Bits<64>>,
    pub(super) detail: Signal<In, Bits<64>>,
    /// A reset ends, which forgets everything.
    pub(super) clear: Signal<In, Bit>,
    /// What the driver writes.
    pub(super) clear_error: Signal<In, Bit>,
    pub(super) clear_causes: Signal<In, Bit>,
    pub(super) write_data: Signal<In, Bits<32>>,
    pub(super) enable: Signal<In, Bits<32>>,
    /// The fault halts the card.
    pub(super) fatal: Signal<Out, Bit>,
    /// Registers.
    pub(super) error: Signal<Out, Bits<32>>,
    pub(super) error_tag_low: Signal<Out, Bits<32>>,
    pub(super) error_tag_high: Signal<Out, Bits<32>>,
    pub(super) error_detail_low: Signal<Out, Bits<32>>,
    pub(super) error_detail_high: Signal<Out, Bits<32>>,
    pub(super) causes: Signal<Out, Bits<32>>,
    /// The interrupt.
    pub(super) interrupt: Signal<Out, Bit>,
    code: DFF<Bits<32>>,
    at_tag: DFF<Bits<64>>,
    at_detail: DFF<Bits<64>>,
    pending: DFF<Bits<32>>,
    /// A fault that halts is kept.
    told: DFF<Bit>,
    /// As of one edge ago.
    was_full: DFF<Bit>,
    was_submission: DFF<Bit>,
    was_completion: DFF<Bit>,
    new_code: Signal<Local, Bits<32>>,
    new_tag: Signal<Local, Bits<64>>,
    new_detail: Signal<Local, Bits<64>>,
    dead: Signal<Local, Bit>,
    dead_bus: Signal<Local, Bits<64>>,
    raised: Signal<Local, Bits<32>>,
    /// A job fails, a fault happens that does not halt the card, or one that does.
    failed: Signal<Local, Bit>,
    faulty: Signal<Local, Bit>,
    halting: Signal<Local, Bit>,
    /// No error is kept, or no fault.
    vacant: Signal<Local, Bit>,
    faultless: Signal<Local, Bit>,
    captured: Signal<Local, Bit>,
    full_now: Signal<Local, Bit>,
    submission_now: Signal<Local, Bit>,
    completion_now: Signal<Local, Bit>,
    zero: Constant<Bits<64>>,
    bus_deadline: Constant<Bits<32>>,
    submission: Constant<Bits<32>>,
    completion: Constant<Bits<32>>,
    bad_doorbell: Constant<Bits<32>>,
    full: Constant<Bits<32>>,
}

const _: () = assert!(Interrupt::COMPLETION == 1 && Interrupt::ERROR == 2);

// Codes of faults have bit 8; those of jobs, which have four bits, do not.
const _: () = {
    let mut at = 0;
    while at < Fault::ALL.len() {
        assert!(Fault::ALL[at] as u32 >> 8 == 1);
        at += 1;
    }
};

impl Default for Faults {
    fn default() -> Self {
        let code = |fault: Fault| Constant::new((fault as u64).into());
        Self {
            clock: Signal::default(),
            expired: crate::structure::many(BUSES, |_| Signal::default()),
            submission_unreachable: Signal::default(),
            submission_entry: Signal::default(),
            completion_unreachable: Signal::default(),
            completion_entry: Signal::default(),
            ring_full: Signal::default(),
            tail_bad: Signal::default(),
            head_bad: Signal::default(),
            doorbell_index: Signal::default(),
            completed: Signal::default(),
            status: Signal::default(),
            tag: Signal::default(),
            detail: Signal::default(),
            clear: Signal::default(),
            clear_error: Signal::default(),
            clear_causes: Signal::default(),
            write_data: Signal::default(),
            enable: Signal::default(),
            fatal: Signal::default(),
            error: Signal::default(),
            error_tag_low: Signal::default(),
            error_tag_high: Signal::default(),
            error_detail_low: Signal::default(),
            error_detail_high: Signal::default(),
            causes: Signal::default(),
            interrupt: Signal::default(),
            code: DFF::default(),
            at_tag: DFF::default(),
            at_detail: DFF::default(),
            pending: DFF::default(),
            told: DFF::default(),
            was_full: DFF::default(),
            was_submission: DFF::default(),
            was_completion: DFF::default(),
            new_code: Signal::default(),
            new_tag: Signal::default(),
            new_detail: Signal::default(),
            dead: Signal::default(),
            dead_bus: Signal::default(),
            raised: Signal::default(),
            failed: Signal::default(),
            faulty: Signal::default(),
            halting: Signal::default(),
            vacant: Signal::default(),
            faultless: Signal::default(),
            captured: Signal::default(),
            full_now: Signal::default(),
            submission_now: Signal::default(),
            completion_now: Signal::default(),
            zero: Constant::new(0_u64.into()),
            bus_deadline: code(Fault::BusDeadline),
            submission: code(Fault::SubmissionRingUnreachable),
            completion: code(Fault::CompletionRingUnreachable),
            bad_doorbell: code(Fault::BadDoorbell),
            full: code(Fault::CompletionRingFull),
        }
    }
}

impl Logic for Faults {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            code,
            at_tag,
            at_detail,
            pending,
            told,
            was_full,
            was_submission,
            was_completion
        );
        self.was_full.d.next = self.ring_full.val();
        self.was_submission.d.next = self.submission_unreachable.val();
        self.was_completion.d.next = self.completion_unreachable.val();
        self.dead.next = false;
        self.dead_bus.next = self.zero.val();
        if self.expired[0].val() {
            self.dead.next = true;
            self.dead_bus.next = 0.into();
        }
        if self.expired[1].val() {
            self.dead.next = true;
            self.dead_bus.next = 1.into();
        }
        if self.expired[2].val() {
            self.dead.next = true;
            self.dead_bus.next = 2.into();
        }
        if self.expired[3].val() {
            self.dead.next = true;
            self.dead_bus.next = 3.into();
        }
        if self.expired[4].val() {
            self.dead.next = true;
            self.dead_bus.next = 4.into();
        }
        if self.expired[5].val() {
            self.dead.next = true;
            self.dead_bus.next = 5.into();
        }
        self.full_now.next = self.ring_full.val() & !self.was_full.q.val();
        self.submission_now.next = self.submission_unreachable.val() & !self.was_submission.q.val();
        self.completion_now.next = self.completion_unreachable.val() & !self.was_completion.q.val();

        self.failed.next = self.completed.val() & self.status.val().any();
        self.faulty.next = self.tail_bad.val() | self.head_bad.val() | self.full_now.val();
        self.halting.next = self.dead.val() | self.submission_now.val() | self.completion_now.val();
        self.fatal.next = self.halting.val();

        // The last of these that holds counts: they stand in the order of their ranks.
        self.new_code.next = bit_cast::<32, 4>(self.status.val());
        self.new_tag.next = self.tag.val();
        self.new_detail.next = self.detail.val();
        if self.faulty.val() | self.halting.val() {
            self.new_tag.next = self.zero.val();
        }
        if self.tail_bad.val() | self.head_bad.val() {
            self.new_code.next = self.bad_doorbell.val();
            self.new_detail.next = bit_cast::<64, 32>(self.doorbell_index.val());
        }
        if self.full_now.val() {
            self.new_code.next = self.full.val();
            self.new_detail.next = self.completion_entry.val();
        }
        if self.submission_now.val() {
            self.new_code.next = self.submission.val();
            self.new_detail.next = self.submission_entry.val();
        }
        if self.completion_now.val() {
            self.new_code.next = self.completion.val();
            self.new_detail.next = self.completion_entry.val();
        }
        if self.dead.val() {
            self.new_code.next = self.bus_deadline.val();
            self.new_detail.next = self.dead_bus.val();
        }

        self.vacant.next = !self.code.q.val().any() | self.clear_error.val();
        self.faultless.next = !self.code.q.val().get_bit(8) | self.clear_error.val();
        self.captured.next = !self.told.q.val()
            & (self.halting.val()
                | (self.faulty.val() & self.faultless.val())
                | (self.failed.val() & self.vacant.val()));
        if self.clear_error.val() & !self.told.q.val() {
            self.code.d.next = 0.into();
            self.at_tag.d.next = self.zero.val();
            self.at_detail.d.next = self.zero.val();
        }
        if self.captured.val() {
            self.code.d.next = self.new_code.val();
            self.at_tag.d.next = self.new_tag.val();
            self.at_detail.d.next = self.new_detail.val();
        }
        if self.halting.val() {
            self.told.d.next = true;
        }
        self.error.next = self.code.q.val();
        self.error_tag_low.next = self.at_tag.q.val().get_bits::<32>(0);
        self.error_tag_high.next = self.at_tag.q.val().get_bits::<32>(32);
        self.error_detail_low.next = self.at_detail.q.val().get_bits::<32>(0);
        self.error_detail_high.next = self.at_detail.q.val().get_bits::<32>(32);

        self.raised.next = 0.into();
        if self.completed.val() {
            self.raised.next = 1.into();
        }
        if self.captured.val() {
            self.raised.next = 2.into();
            if self.completed.val() {
                self.raised.next = 3.into();
            }
        }
        self.pending.d.next = self.pending.q.val() | self.raised.val();
        if self.clear_causes.val() {
            self.pending.d.next =
                (self.pending.q.val() & !self.write_data.val()) | self.raised.val();
        }
        if self.clear.val() {
            self.code.d.next = 0.into();
            self.at_tag.d.next = self.zero.val();
            self.at_detail.d.next = self.zero.val();
            self.pending.d.next = 0.into();
            self.told.d.next = false;
        }
        self.causes.next = self.pending.q.val();
        self.interrupt.next = (self.pending.q.val() & self.enable.val()).any();
    }
}

//! The order of the checks: values first, then alignment, then each range, and the verdict is that of the
//! first that fails.

use crate::card::bounds::Bounds;
use gyrus_interface::JobStatus;
use gyrus_interface::card::Capabilities;
use rust_hdl::prelude::*;

/// Ranges that are checked one after the other.
const RANGES: u64 = 7;

/// Cycles of a range: a register in front of the comparison.
const RANGE_CYCLES: u64 = Bounds::LATENCY + 2;

/// The order of the checks, and their verdict.
#[derive(LogicBlock)]
pub(super) struct Ranges {
    pub(super) clock: Signal<In, Clock>,
    pub(super) start: Signal<In, Bit>,
    pub(super) parameters_ok: Signal<In, Bit>,
    pub(super) entries_ok: Signal<In, Bit>,
    pub(super) log2_n: Signal<In, Bits<4>>,
    pub(super) key_beats: Signal<In, Bits<26>>,
    pub(super) keyswitch_beats: Signal<In, Bits<26>>,
    pub(super) entries: Signal<In, Bits<17>>,
    pub(super) key_address: Signal<In, Bits<64>>,
    pub(super) keyswitch_address: Signal<In, Bits<64>>,
    pub(super) lut_address: Signal<In, Bits<64>>,
    pub(super) window_start: Signal<In, Bits<64>>,
    pub(super) window_end: Signal<In, Bits<64>>,
    pub(super) submission_ring: Signal<In, Bits<64>>,
    pub(super) completion_ring: Signal<In, Bits<64>>,
    pub(super) contained: Signal<In, Bit>,
    pub(super) address: Signal<Out, Bits<64>>,
    pub(super) bytes: Signal<Out, Bits<64>>,
    pub(super) first: Signal<Out, Bits<64>>,
    pub(super) limit: Signal<Out, Bits<64>>,
    pub(super) done: Signal<Out, Bit>,
    pub(super) result: Signal<Out, Bits<4>>,
    /// 0 rest, 1 the values, from 2 on the ranges.
    step: DFF<Bits<4>>,
    cycle: DFF<Bits<3>>,
    verdict: DFF<Bits<4>>,
    finished: DFF<Bit>,
    at_address: DFF<Bits<64>>,
    at_bytes: DFF<Bits<64>>,
    from: DFF<Bits<64>>,
    to: DFF<Bits<64>>,
    key_bytes: Signal<Local, Bits<64>>,
    keyswitch_bytes: Signal<Local, Bits<64>>,
    lut_bytes: Signal<Local, Bits<64>>,
    pages: Signal<Local, Bits<64>>,
    rings: Signal<Local, Bits<64>>,
    windows: Signal<Local, Bits<64>>,
    zero: Constant<Bits<64>>,
    memory: Constant<Bits<64>>,
    bank: Constant<Bits<64>>,
    slots: Constant<Bits<64>>,
    key_shift: Constant<Bits<5>>,
    keyswitch_shift: Constant<Bits<5>>,
    key_span: Constant<Bits<64>>,
    keyswitch_span: Constant<Bits<64>>,
    last_step: Constant<Bits<4>>,
    last_cycle: Constant<Bits<3>>,
    unsupported: Constant<Bits<4>>,
    overflow: Constant<Bits<4>>,
    misaligned: Constant<Bits<4>>,
    out_of_range: Constant<Bits<4>>,
}

impl Ranges {
    pub(super) fn new(card: &Capabilities) -> Self {
        let word = |value: u64| Constant::new(value.into());
        let status = |status: JobStatus| Constant::new((status as u64).into());
        let shift = |words: u32| Constant::new(u64::from((8 * words.max(1)).ilog2()).into());
        let span = |count: u32| word(u64::from(count.saturating_sub(1)) << card.bank_log2);
        Self {
            clock: Signal::default(),
            start: Signal::default(),
            parameters_ok: Signal::default(),
            entries_ok: Signal::default(),
            log2_n: Signal::default(),
            key_beats: Signal::default(),
            keyswitch_beats: Signal::default(),
            entries: Signal::default(),
            key_address: Signal::default(),
            keyswitch_address: Signal::default(),
            lut_address: Signal::default(),
            window_start: Signal::default(),
            window_end: Signal::default(),
            submission_ring: Signal::default(),
            completion_ring: Signal::default(),
            contained: Signal::default(),
            address: Signal::default(),
            bytes: Signal::default(),
            first: Signal::default(),
            limit: Signal::default(),
            done: Signal::default(),
            result: Signal::default(),
            step: DFF::default(),
            cycle: DFF::default(),
            verdict: DFF::default(),
            finished: DFF::default(),
            at_address: DFF::default(),
            at_bytes: DFF::default(),
            from: DFF::default(),
            to: DFF::default(),
            key_bytes: Signal::default(),
            keyswitch_bytes: Signal::default(),
            lut_bytes: Signal::default(),
            pages: Signal::default(),
            rings: Signal::default(),
            windows: Signal::default(),
            zero: word(0),
            memory: word(card.memory_bytes()),
            bank: word(card.bank_bytes()),
            slots: word(u64::from(card.lut_slots)),
            key_shift: shift(card.key.words),
            keyswitch_shift: shift(card.keyswitch.words),
            key_span: span(card.key.count),
            keyswitch_span: span(card.keyswitch.count),
            last_step: Constant::new((1 + RANGES).into()),
            last_cycle: Constant::new((RANGE_CYCLES - 1).into()),
            unsupported: status(JobStatus::UnsupportedParameters),
            overflow: status(JobStatus::LengthOverflow),
            misaligned: status(JobStatus::MisalignedAddress),
            out_of_range: status(JobStatus::AddressOutOfRange),
        }
    }
}

impl Logic for Ranges {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, step, cycle, verdict, finished, at_address, at_bytes, from, to
        );
        self.key_bytes.next = bit_cast::<64, 26>(self.key_beats.val()) << self.key_shift.val();
        self.keyswitch_bytes.next =
            bit_cast::<64, 26>(self.keyswitch_beats.val()) << self.keyswitch_shift.val();
        self.lut_bytes.next = (self.slots.val() << 3) << self.log2_n.val();
        self.pages.next =
            self.key_address.val() | self.keyswitch_address.val() | self.lut_address.val();
        self.rings.next = self.submission_ring.val() | self.completion_ring.val();
        self.windows.next = self.window_start.val() | self.window_end.val();
        self.address.next = self.at_address.q.val();
        self.bytes.next = self.at_bytes.q.val();
        self.first.next = self.from.q.val();
        self.limit.next = self.to.q.val();
        self.from.d.next = self.zero.val();
        self.to.d.next = self.memory.val();
        self.at_address.d.next = self.zero.val();
        self.at_bytes.d.next = self.key_bytes.val();
        if self.step.q.val() == 2 {
            self.at_address.d.next = self.key_address.val();
            self.at_bytes.d.next = self.key_bytes.val() + self.key_span.val();
        }
        if self.step.q.val() == 3 {
            self.at_address.d.next = self.keyswitch_address.val();
            self.at_bytes.d.next = self.keyswitch_bytes.val() + self.keyswitch_span.val();
        }
        if self.step.q.val() == 4 {
            self.to.d.next = self.bank.val();
        }
        if self.step.q.val() == 5 {
            self.at_bytes.d.next = self.keyswitch_bytes.val();
            self.to.d.next = self.bank.val();
        }
        if self.step.q.val() == 6 {
            self.at_address.d.next = self.lut_address.val();
            self.at_bytes.d.next = self.lut_bytes.val();
        }
        if self.step.q.val() == 7 {
            self.at_address.d.next = self.submission_ring.val();
            self.at_bytes.d.next = bit_cast::<64, 17>(self.entries.val()) << 6;
            self.from.d.next = self.window_start.val();
            self.to.d.next = self.window_end.val();
        }
        if self.step.q.val() == 8 {
            self.at_address.d.next = self.completion_ring.val();
            self.at_bytes.d.next = bit_cast::<64, 17>(self.entries.val()) << 5;
            self.from.d.next = self.window_start.val();
            self.to.d.next = self.window_end.val();
        }
        self.finished.d.next = false;
        if self.step.q.val() >= 2 {
            self.cycle.d.next = self.cycle.q.val() + 1;
            if self.cycle.q.val() == self.last_cycle.val() {
                self.cycle.d.next = 0.into();
                self.step.d.next = self.step.q.val() + 1;
                if !self.contained.val() & (self.verdict.q.val() == 0) {
                    self.verdict.d.next = self.out_of_range.val();
                }
                if self.step.q.val() == self.last_step.val() {
                    self.step.d.next = 0.into();
                    self.finished.d.next = true;
                }
            }
        }
        if self.step.q.val() == 1 {
            self.step.d.next = 2.into();
            self.cycle.d.next = 0.into();
            if self.pages.val().get_bits::<12>(0).any()
                | self.rings.val().get_bits::<6>(0).any()
                | self.windows.val().get_bits::<3>(0).any()
            {
                self.verdict.d.next = self.misaligned.val();
            }
            if !self.entries_ok.val() {
                self.verdict.d.next = self.overflow.val();
            }
            if !self.parameters_ok.val() {
                self.verdict.d.next = self.unsupported.val();
            }
        }
        if self.start.val() {
            self.step.d.next = 1.into();
            self.verdict.d.next = 0.into();
        }
        self.done.next = self.finished.q.val();
        self.result.next = self.verdict.q.val();
    }
}

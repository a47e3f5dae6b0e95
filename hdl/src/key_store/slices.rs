//! The controller side: which halves hold a slice, which of them are in use, and what went wrong.
//!
//! A half is full from its checksum's beat until its release; good once the checksum was found
//! right; in use between take and release. Halves go round in order, so three counts say it all.
//!
//! Timing: every output is a register.

use rust_hdl::prelude::*;

/// The counts and the errors.
#[derive(LogicBlock)]
pub(super) struct Slices {
    pub(super) clock: Signal<In, Clock>,
    pub(super) start: Signal<In, Bit>,
    /// See [`super::fill::Fill::legal`].
    pub(super) legal: Signal<In, Bit>,
    pub(super) lwe_dimension: Signal<In, Bits<12>>,
    /// A half has become full.
    pub(super) received: Signal<In, Bit>,
    /// The oldest slice not yet judged has its verdict.
    pub(super) judged: Signal<In, Bit>,
    pub(super) good: Signal<In, Bit>,
    pub(super) slice_wanted: Signal<In, Bit>,
    pub(super) slice_take: Signal<In, Bit>,
    pub(super) slice_release: Signal<In, Bit>,
    pub(super) slice_ready: Signal<Out, Bit>,
    pub(super) slice_half: Signal<Out, Bit>,
    pub(super) half_free: Signal<Out, Bit>,
    pub(super) checksum_error: Signal<Out, Bit>,
    pub(super) error_slice: Signal<Out, Bits<12>>,
    pub(super) protocol_error: Signal<Out, Bit>,
    pub(super) underrun: Signal<Out, Bit>,
    pub(super) underrun_cycles: Signal<Out, Bits<32>>,
    taking: Signal<Local, Bit>,
    releasing: Signal<Local, Bit>,
    pass: Signal<Local, Bit>,
    successor: Signal<Local, Bits<12>>,
    full: DFF<Bits<2>>,
    offered: DFF<Bits<2>>,
    in_use: DFF<Bits<2>>,
    half: DFF<Bit>,
    /// The slice to be judged next.
    slice: DFF<Bits<12>>,
    broken: DFF<Bit>,
    wrong_slice: DFF<Bits<12>>,
    misused: DFF<Bit>,
    /// A slice was taken since `start`: before that, waiting is filling, no underrun.
    running: DFF<Bit>,
    late: DFF<Bit>,
    late_cycles: DFF<Bits<32>>,
    most_cycles: Constant<Bits<32>>,
}

impl Default for Slices {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            legal: Default::default(),
            lwe_dimension: Default::default(),
            received: Default::default(),
            judged: Default::default(),
            good: Default::default(),
            slice_wanted: Default::default(),
            slice_take: Default::default(),
            slice_release: Default::default(),
            slice_ready: Default::default(),
            slice_half: Default::default(),
            half_free: Default::default(),
            checksum_error: Default::default(),
            error_slice: Default::default(),
            protocol_error: Default::default(),
            underrun: Default::default(),
            underrun_cycles: Default::default(),
            taking: Default::default(),
            releasing: Default::default(),
            pass: Default::default(),
            successor: Default::default(),
            full: Default::default(),
            offered: Default::default(),
            in_use: Default::default(),
            half: Default::default(),
            slice: Default::default(),
            broken: Default::default(),
            wrong_slice: Default::default(),
            misused: Default::default(),
            running: Default::default(),
            late: Default::default(),
            late_cycles: Default::default(),
            most_cycles: Constant::new(u64::from(u32::MAX).into()),
        }
    }
}

impl Logic for Slices {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            full,
            offered,
            in_use,
            half,
            slice,
            broken,
            wrong_slice,
            misused,
            running,
            late,
            late_cycles
        );
        self.slice_ready.next = self.offered.q.val() != 0;
        self.slice_half.next = self.half.q.val();
        self.half_free.next = self.full.q.val() != 2;
        self.checksum_error.next = self.broken.q.val();
        self.error_slice.next = self.wrong_slice.q.val();
        self.protocol_error.next = self.misused.q.val();
        self.underrun.next = self.late.q.val();
        self.underrun_cycles.next = self.late_cycles.q.val();

        self.taking.next = self.slice_take.val() & (self.offered.q.val() != 0);
        self.releasing.next = self.slice_release.val() & (self.in_use.q.val() != 0);
        if (self.slice_take.val() & !self.taking.val())
            | (self.slice_release.val() & !self.releasing.val())
        {
            self.misused.d.next = true;
        }

        // Behind a wrong slice, none is judged: what was offered before it stays.
        self.pass.next = self.judged.val() & self.good.val() & !self.broken.q.val();
        self.successor.next = self.slice.q.val() + 1;
        if self.judged.val() {
            self.slice.d.next = self.successor.val();
            if self.successor.val() == self.lwe_dimension.val() {
                self.slice.d.next = 0.into();
            }
            if !self.good.val() & !self.broken.q.val() {
                self.broken.d.next = true;
                self.wrong_slice.d.next = self.slice.q.val();
            }
        }

        if self.received.val() & !self.releasing.val() {
            self.full.d.next = self.full.q.val() + 1;
        } else if !self.received.val() & self.releasing.val() {
            self.full.d.next = self.full.q.val() - 1;
        }
        if self.pass.val() & !self.taking.val() {
            self.offered.d.next = self.offered.q.val() + 1;
        } else if !self.pass.val() & self.taking.val() {
            self.offered.d.next = self.offered.q.val() - 1;
        }
        if self.taking.val() & !self.releasing.val() {
            self.in_use.d.next = self.in_use.q.val() + 1;
        } else if !self.taking.val() & self.releasing.val() {
            self.in_use.d.next = self.in_use.q.val() - 1;
        }
        if self.taking.val() {
            self.half.d.next = !self.half.q.val();
            self.running.d.next = true;
        }

        if self.slice_wanted.val()
            & (self.offered.q.val() == 0)
            & self.running.q.val()
            & !self.broken.q.val()
        {
            self.late.d.next = true;
            if self.late_cycles.q.val() != self.most_cycles.val() {
                self.late_cycles.d.next = self.late_cycles.q.val() + 1;
            }
        }

        if self.start.val() {
            self.full.d.next = 0.into();
            self.offered.d.next = 0.into();
            self.in_use.d.next = 0.into();
            self.half.d.next = false;
            self.slice.d.next = 0.into();
            self.broken.d.next = false;
            self.wrong_slice.d.next = 0.into();
            self.misused.d.next = !self.legal.val();
            self.running.d.next = false;
            self.late.d.next = false;
            self.late_cycles.d.next = 0.into();
        }
    }
}

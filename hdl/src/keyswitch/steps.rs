//! The order of work of a pass over the key: rows (a word of the mask each), in them levels, in them
//! groups (a beat of the key each).
//!
//! After `start`, when row 0 has been fetched, the first row is taken; then each beat of the key
//! makes a step. A level has at least [`LEAST_STEPS`] steps, since a sum is read again so many
//! cycles after its last read at the earliest: steps beyond the groups need no beat and do nothing.
//! Behind the last row comes the checksum's beat. `done` is high for a cycle when the last sum is
//! written and the checksum's verdict is known.
//!
//! Timing: `key_ready` depends on registers only; `step`, `take` and `next_digit` on `key_valid`, too.

use rust_hdl::prelude::*;

/// Steps of a level, at least.
pub(super) const LEAST_STEPS: u64 = 4;

/// Counts rows, levels and groups.
#[derive(LogicBlock)]
pub struct Steps {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// End the pass.
    pub clear: Signal<In, Bit>,
    /// Begin a pass.
    pub start: Signal<In, Bit>,
    /// Mask words, k N; with the next two static.
    pub rows: Signal<In, Bits<12>>,
    /// l, 1 to 16.
    pub level_count: Signal<In, Bits<5>>,
    /// Beats of a level, at least 1.
    pub groups: Signal<In, Bits<11>>,
    /// A beat of the key is there.
    pub key_valid: Signal<In, Bit>,
    /// It is taken.
    pub key_ready: Signal<Out, Bit>,
    /// It is taken, and part of the pass; its first, or the checksum.
    pub beat: Signal<Out, Bit>,
    /// See `beat`.
    pub first: Signal<Out, Bit>,
    /// See `beat`.
    pub last: Signal<Out, Bit>,
    /// Sums are to be changed.
    pub step: Signal<Out, Bit>,
    /// Where they lie.
    pub group: Signal<Out, Bits<11>>,
    /// They are the row's first: what lies there is of the past.
    pub fresh: Signal<Out, Bit>,
    /// The row to fetch.
    pub fetch: Signal<Out, Bits<12>>,
    /// From the next cycle on work is in the row that was fetched.
    pub take: Signal<Out, Bit>,
    /// From the next cycle on work is in the row's next level.
    pub next_digit: Signal<Out, Bit>,
    /// All is written and checked.
    pub done: Signal<Out, Bit>,
    /// In a pass.
    pub busy: Signal<Out, Bit>,
    last_group: Signal<Local, Bit>,
    last_level: Signal<Local, Bit>,
    last_row: Signal<Local, Bit>,
    advance: Signal<Local, Bit>,
    in_groups: Signal<Local, Bit>,
    taking: Signal<Local, Bit>,
    /// 0 rest, 1 fetch the first row, 2 work, 3 take the checksum, 4 wait for the end.
    phase: DFF<Bits<3>>,
    waited: DFF<Bits<5>>,
    row: DFF<Bits<12>>,
    level: DFF<Bits<5>>,
    at_group: DFF<Bits<11>>,
    least: Constant<Bits<11>>,
    first_wait: Constant<Bits<5>>,
    last_wait: Constant<Bits<5>>,
}

impl Steps {
    /// `fetching`: cycles from `fetch` to a row that can be taken; `finishing`: cycles from the
    /// checksum's beat to its verdict.
    #[must_use]
    pub fn new(fetching: usize, finishing: usize) -> Self {
        Self {
            clock: Default::default(),
            clear: Default::default(),
            start: Default::default(),
            rows: Default::default(),
            level_count: Default::default(),
            groups: Default::default(),
            key_valid: Default::default(),
            key_ready: Default::default(),
            beat: Default::default(),
            first: Default::default(),
            last: Default::default(),
            step: Default::default(),
            group: Default::default(),
            fresh: Default::default(),
            fetch: Default::default(),
            take: Default::default(),
            next_digit: Default::default(),
            done: Default::default(),
            busy: Default::default(),
            last_group: Default::default(),
            last_level: Default::default(),
            last_row: Default::default(),
            advance: Default::default(),
            in_groups: Default::default(),
            taking: Default::default(),
            phase: Default::default(),
            waited: Default::default(),
            row: Default::default(),
            level: Default::default(),
            at_group: Default::default(),
            least: Constant::new(LEAST_STEPS.into()),
            first_wait: Constant::new(fetching.to_bits()),
            last_wait: Constant::new(finishing.to_bits()),
        }
    }
}

impl Logic for Steps {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, phase, waited, row, level, at_group);
        self.busy.next = self.phase.q.val() != 0;
        self.in_groups.next = self.at_group.q.val() < self.groups.val();
        self.key_ready.next =
            ((self.phase.q.val() == 2) & self.in_groups.val()) | (self.phase.q.val() == 3);
        self.taking.next = self.key_valid.val() & (self.phase.q.val() == 2) & self.in_groups.val();
        self.step.next = self.taking.val();
        self.beat.next = self.taking.val() | (self.key_valid.val() & (self.phase.q.val() == 3));
        self.first.next = (self.phase.q.val() == 2)
            & (self.row.q.val() == 0)
            & (self.level.q.val() == 0)
            & (self.at_group.q.val() == 0);
        self.last.next = self.key_valid.val() & (self.phase.q.val() == 3);
        self.group.next = self.at_group.q.val();
        self.fresh.next = (self.row.q.val() == 0) & (self.level.q.val() == 0);

        self.last_group.next = (self.at_group.q.val() + 1 >= self.groups.val())
            & (self.at_group.q.val() + 1 >= self.least.val());
        self.last_level.next = self.level.q.val() + 1 == self.level_count.val();
        self.last_row.next = self.row.q.val() + 1 == self.rows.val();
        self.advance.next = (self.phase.q.val() == 2)
            & self.last_group.val()
            & (self.taking.val() | !self.in_groups.val());
        self.next_digit.next = self.advance.val() & !self.last_level.val();
        self.take.next = self.advance.val() & self.last_level.val();
        // While a row is worked on the next one is fetched.
        self.fetch.next = self.row.q.val() + 1;
        self.done.next = false;

        if (self.phase.q.val() == 2) & (self.taking.val() | !self.in_groups.val()) {
            self.at_group.d.next = self.at_group.q.val() + 1;
        }
        if self.advance.val() {
            self.at_group.d.next = 0.into();
            self.level.d.next = self.level.q.val() + 1;
            if self.last_level.val() {
                self.level.d.next = 0.into();
                self.row.d.next = self.row.q.val() + 1;
                if self.last_row.val() {
                    self.phase.d.next = 3.into();
                }
            }
        }

        if self.phase.q.val() == 1 {
            self.fetch.next = 0.into();
            self.waited.d.next = self.waited.q.val() + 1;
            if self.waited.q.val() == self.first_wait.val() {
                self.take.next = true;
                self.phase.d.next = 2.into();
            }
        }
        if self.last.val() {
            self.phase.d.next = 4.into();
            self.waited.d.next = 0.into();
        }
        if self.phase.q.val() == 4 {
            self.waited.d.next = self.waited.q.val() + 1;
            if self.waited.q.val() == self.last_wait.val() {
                self.done.next = true;
                self.phase.d.next = 0.into();
            }
        }
        if self.start.val() {
            self.phase.d.next = 1.into();
            self.waited.d.next = 0.into();
            self.row.d.next = 0.into();
            self.level.d.next = 0.into();
            self.at_group.d.next = 0.into();
        }
        if self.clear.val() {
            self.phase.d.next = 0.into();
        }
    }
}

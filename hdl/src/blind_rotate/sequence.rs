//! Whose turn it is: each ciphertext's table in, its n iterations, its result out; batch after batch.
//!
//! Two machines. One looks ahead: it walks through the slots of a batch, once to load the tables, then
//! in n iterations, reading each degree and holding on to the next that is not 0, then once more
//! to rotate by the bodies. The other runs turns:
//!
//! | turn | cycles | what it does |
//! |---|---|---|
//! | load | a pass | goes through the datapath without counting; the table is written in the place of its result |
//! | CMUX | l passes | reads X^a acc - acc in each cycle |
//! | result | a pass | reads X^-b acc, which goes to the results |
//!
//! When a turn ends, the next one is granted in the same cycle if its ciphertext is through its last
//! turn ([`super::Slots`]) and what it needs is there: the table, the iteration's key slice, a place for
//! the result. So the next batch follows without a gap.
//!
//! Slices are taken in order, also those of iterations without any turn, and released when every
//! turn of the iteration has read its last row, which [`Sequence::row_end`] says.
//!
//! Timing: a grant in one cycle, the turn's first read in the next. Looking ahead takes three cycles for
//! a degree, so with passes of four cycles or more turns follow without a gap.

use crate::ntt::Time;
use rust_hdl::prelude::*;

/// The controller of the blind rotation.
#[derive(LogicBlock)]
pub struct Sequence {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Forget the batch: no further turns and slices. What is in the datapath runs on.
    pub abort: Signal<In, Bit>,
    /// The key begins anew with slice 0; only while `rests`.
    pub key_start: Signal<In, Bit>,
    /// n, at least 1; with the following four static.
    pub lwe_dimension: Signal<In, Bits<12>>,
    /// 2 N - 1.
    pub degree_mask: Signal<In, Bits<12>>,
    /// l.
    pub level_count: Signal<In, Bits<2>>,
    /// 2 N / P.
    pub pass_cycles: Signal<In, Time>,
    /// 2 N / P - 1.
    pub last_time: Signal<In, Time>,

    /// A batch waits.
    pub batch_ready: Signal<In, Bit>,
    /// Its ciphertexts, 1 to 16.
    pub batch_size: Signal<In, Bits<5>>,
    /// All its degrees have been looked up and its tables taken.
    pub batch_done: Signal<Out, Bit>,
    /// The slots whose tables are in.
    pub staged: Signal<In, Bits<16>>,
    /// The slots whose last results are not out.
    pub taken_results: Signal<In, Bits<16>>,

    /// The degree that is looked up: its slot and iteration.
    pub degree_slot: Signal<Out, Bits<4>>,
    /// Its iteration.
    pub degree_index: Signal<Out, Bits<12>>,
    /// The degree that was looked up in the cycle before.
    pub degree: Signal<In, Bits<12>>,

    /// The slot that waits for its turn.
    pub next_slot: Signal<Out, Bits<4>>,
    /// The degree that will wait from the next cycle on.
    pub next_degree: Signal<Out, Bits<12>>,
    /// Cycles of overlap that it allows.
    pub next_slack: Signal<In, Bits<16>>,
    /// Those of the slot that waits.
    pub slack: Signal<Out, Bits<16>>,
    /// Its last turn is through.
    pub slot_ready: Signal<In, Bit>,
    /// Its turn begins in the next cycle, and changes the accumulator.
    pub grant: Signal<Out, Bit>,
    /// Its turn begins in the next cycle, and gives the result.
    pub grant_result: Signal<Out, Bit>,
    /// What the slots count from then.
    pub turn: Signal<Out, Bits<16>>,
    /// All results are in place.
    pub settled: Signal<In, Bit>,

    /// The next key slice is there.
    pub slice_ready: Signal<In, Bit>,
    /// In this half of the store.
    pub slice_half: Signal<In, Bit>,
    /// A turn waits for it.
    pub slice_wanted: Signal<Out, Bit>,
    /// It is put to use.
    pub slice_take: Signal<Out, Bit>,
    /// The oldest one in use is done with.
    pub slice_release: Signal<Out, Bit>,
    /// A turn has read its last row of the key, from the half in the next port.
    pub row_end: Signal<In, Bit>,
    /// Which half that was.
    pub row_half: Signal<In, Bit>,

    /// Read the accumulators.
    pub read_valid: Signal<Out, Bit>,
    /// Of this slot.
    pub read_slot: Signal<Out, Bits<4>>,
    /// The number of the cycle within the pass.
    pub read_time: Signal<Out, Time>,
    /// a.
    pub read_degree: Signal<Out, Bits<12>>,
    /// The turn loads a table.
    pub read_load: Signal<Out, Bit>,
    /// The turn gives a result.
    pub read_alone: Signal<Out, Bit>,
    /// The pass' last cycle.
    pub read_last_time: Signal<Out, Bit>,
    /// The pass's level, 0 the least significant digit.
    pub read_level: Signal<Out, Bits<2>>,
    /// It is the turn's last.
    pub read_last_level: Signal<Out, Bit>,
    /// The cycle is the last of a turn that reads the key.
    pub read_end: Signal<Out, Bit>,
    /// The half that the turn's slice lies in.
    pub read_half: Signal<Out, Bit>,

    /// No batch is begun or waits, all results are in place and all slices given back.
    pub rests: Signal<Out, Bit>,

    /// Looking ahead: 0 nothing left, 1 address at the memory, 2 degree there, 3 registered, 4 held.
    ahead: DFF<Bits<3>>,
    /// At what: 0 iterations, 1 tables, 2 results.
    ahead_kind: DFF<Bits<2>>,
    batch: DFF<Bits<5>>,
    /// Iterations behind, of all batches since the key began.
    iterations: DFF<Bits<12>>,
    ahead_slot: DFF<Bits<5>>,
    ahead_index: DFF<Bits<12>>,
    looked_up: DFF<Bits<12>>,
    held_degree: DFF<Bits<12>>,
    held_slack: DFF<Bits<16>>,
    running: DFF<Bit>,
    kind: DFF<Bits<2>>,
    slot: DFF<Bits<4>>,
    time_register: DFF<Time>,
    level: DFF<Bits<2>>,
    degree_register: DFF<Bits<12>>,
    half: DFF<Bit>,
    /// Slices taken and released since the key began.
    taken: DFF<Bits<12>>,
    released: DFF<Bits<12>>,
    /// The half of the slice taken last.
    taken_half: DFF<Bit>,
    /// Turns in each half that have not read their last row.
    open_0: DFF<Bits<8>>,
    open_1: DFF<Bits<8>>,
    /// The turn ends in this cycle, or none runs.
    free: Signal<Local, Bit>,
    /// A degree is held whose slice is in use.
    held: Signal<Local, Bit>,
    slot_bit: Signal<Local, Bits<16>>,
    /// Iterations that are behind the slices taken; modulo 2^12, not negative.
    behind: Signal<Local, Bits<12>>,
    due: Signal<Local, Bit>,
    last_slot: Signal<Local, Bit>,
    one: Constant<Bits<16>>,
    nought: Constant<Bits<12>>,
    granted: Signal<Local, Bit>,
    advance: Signal<Local, Bit>,
    last_level: Signal<Local, Bit>,
    oldest_half: Signal<Local, Bit>,
    oldest_open: Signal<Local, Bits<8>>,
    waiting_degree: Signal<Local, Bits<12>>,
    /// Cycles of a CMUX, and what the slots count from a turn of it and from one of a single pass: static, with
    /// a register behind each adder.
    levels_cycles: DFF<Bits<16>>,
    levels_turn: DFF<Bits<16>>,
    pass_turn: DFF<Bits<16>>,
    latency: Constant<Bits<16>>,
}

impl Sequence {
    /// For a datapath in which a read sees the result of a read `latency` cycles before it.
    #[must_use]
    pub fn new(latency: usize) -> Self {
        Self {
            clock: Default::default(),
            abort: Default::default(),
            key_start: Default::default(),
            lwe_dimension: Default::default(),
            degree_mask: Default::default(),
            batch_ready: Default::default(),
            batch_size: Default::default(),
            batch_done: Default::default(),
            staged: Default::default(),
            taken_results: Default::default(),
            level_count: Default::default(),
            pass_cycles: Default::default(),
            last_time: Default::default(),
            degree_slot: Default::default(),
            degree_index: Default::default(),
            degree: Default::default(),
            next_slot: Default::default(),
            next_degree: Default::default(),
            next_slack: Default::default(),
            slack: Default::default(),
            slot_ready: Default::default(),
            grant: Default::default(),
            grant_result: Default::default(),
            turn: Default::default(),
            settled: Default::default(),
            slice_ready: Default::default(),
            slice_half: Default::default(),
            slice_wanted: Default::default(),
            slice_take: Default::default(),
            slice_release: Default::default(),
            row_end: Default::default(),
            row_half: Default::default(),
            read_valid: Default::default(),
            read_slot: Default::default(),
            read_time: Default::default(),
            read_degree: Default::default(),
            read_load: Default::default(),
            read_alone: Default::default(),
            read_last_time: Default::default(),
            read_level: Default::default(),
            read_last_level: Default::default(),
            read_end: Default::default(),
            read_half: Default::default(),
            rests: Default::default(),
            ahead: Default::default(),
            ahead_kind: Default::default(),
            batch: Default::default(),
            iterations: Default::default(),
            ahead_slot: Default::default(),
            ahead_index: Default::default(),
            looked_up: Default::default(),
            held_degree: Default::default(),
            held_slack: Default::default(),
            running: Default::default(),
            kind: Default::default(),
            slot: Default::default(),
            time_register: Default::default(),
            level: Default::default(),
            degree_register: Default::default(),
            half: Default::default(),
            taken: Default::default(),
            released: Default::default(),
            taken_half: Default::default(),
            open_0: Default::default(),
            open_1: Default::default(),
            free: Default::default(),
            held: Default::default(),
            slot_bit: Default::default(),
            behind: Default::default(),
            due: Default::default(),
            last_slot: Default::default(),
            one: Constant::new(1_u64.into()),
            nought: Constant::new(Default::default()),
            granted: Default::default(),
            advance: Default::default(),
            last_level: Default::default(),
            oldest_half: Default::default(),
            oldest_open: Default::default(),
            waiting_degree: Default::default(),
            levels_cycles: Default::default(),
            levels_turn: Default::default(),
            pass_turn: Default::default(),
            // The last word of a turn of c cycles is visible to reads from c + latency - 1 cycles
            // after its first read on; a turn granted in the cycle of that read begins one later.
            latency: Constant::new((latency - 2).to_bits()),
        }
    }
}

impl Logic for Sequence {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            ahead,
            ahead_kind,
            batch,
            iterations,
            ahead_slot,
            ahead_index,
            looked_up,
            held_degree,
            held_slack,
            levels_cycles,
            levels_turn,
            pass_turn,
            running,
            kind,
            slot,
            time_register,
            level,
            degree_register,
            half,
            taken,
            released,
            taken_half,
            open_0,
            open_1
        );

        // The turn that runs.
        self.last_level.next =
            (self.level.q.val() + 1 == self.level_count.val()) | (self.kind.q.val() != 0);
        self.read_valid.next = self.running.q.val();
        self.read_slot.next = self.slot.q.val();
        self.read_time.next = self.time_register.q.val();
        self.read_degree.next = self.degree_register.q.val();
        self.read_load.next = self.running.q.val() & (self.kind.q.val() == 1);
        self.read_alone.next = self.running.q.val() & (self.kind.q.val() == 2);
        self.read_last_time.next = self.time_register.q.val() == self.last_time.val();
        self.read_level.next = self.level.q.val();
        self.read_last_level.next = self.last_level.val();
        self.read_half.next = self.half.q.val();
        self.read_end.next = self.running.q.val()
            & (self.kind.q.val() == 0)
            & self.last_level.val()
            & (self.time_register.q.val() == self.last_time.val());
        self.free.next = !self.running.q.val();
        if self.running.q.val() {
            self.time_register.d.next = self.time_register.q.val() + 1;
            if self.time_register.q.val() == self.last_time.val() {
                self.time_register.d.next = 0.into();
                self.level.d.next = self.level.q.val() + 1;
                if self.last_level.val() {
                    self.level.d.next = 0.into();
                    self.running.d.next = false;
                    self.free.next = true;
                }
            }
        }

        // The turn that is next.
        self.slot_bit.next = self.one.val() << self.ahead_slot.q.val();
        self.held.next = (self.ahead.q.val() == 4)
            & (self.taken.q.val() == self.iterations.q.val() + 1)
            & self.slot_ready.val();
        if self.ahead_kind.q.val() == 1 {
            // It reads nothing that its own last turn could still write.
            self.held.next =
                (self.ahead.q.val() == 4) & (self.staged.val() & self.slot_bit.val()).any();
        }
        if self.ahead_kind.q.val() == 2 {
            self.held.next = (self.ahead.q.val() == 4)
                & self.slot_ready.val()
                & !(self.taken_results.val() & self.slot_bit.val()).any();
        }
        self.granted.next = self.free.val() & self.held.val() & !self.abort.val();
        self.grant.next = self.granted.val() & (self.ahead_kind.q.val() != 2);
        self.grant_result.next = self.granted.val() & (self.ahead_kind.q.val() == 2);
        self.next_slot.next = self.ahead_slot.q.val().get_bits::<4>(0);
        self.slack.next = self.held_slack.q.val();
        self.levels_cycles.d.next = bit_cast::<16, 12>(self.pass_cycles.val());
        if self.level_count.val() == 2 {
            self.levels_cycles.d.next = bit_cast::<16, 12>(self.pass_cycles.val()) << 1;
        }
        if self.level_count.val() == 3 {
            self.levels_cycles.d.next = (bit_cast::<16, 12>(self.pass_cycles.val()) << 1)
                + bit_cast::<16, 12>(self.pass_cycles.val());
        }
        self.levels_turn.d.next = self.levels_cycles.q.val() + self.latency.val();
        self.pass_turn.d.next = bit_cast::<16, 12>(self.pass_cycles.val()) + self.latency.val();
        self.turn.next = self.pass_turn.q.val();
        if self.ahead_kind.q.val() == 0 {
            self.turn.next = self.levels_turn.q.val();
        }
        if self.granted.val() {
            self.running.d.next = true;
            self.kind.d.next = self.ahead_kind.q.val();
            self.slot.d.next = self.ahead_slot.q.val().get_bits::<4>(0);
            self.degree_register.d.next = self.held_degree.q.val();
            self.half.d.next = self.taken_half.q.val();
            self.time_register.d.next = 0.into();
            self.level.d.next = 0.into();
        }

        // The look ahead.
        self.degree_slot.next = self.ahead_slot.q.val().get_bits::<4>(0);
        self.degree_index.next = self.ahead_index.q.val();
        self.last_slot.next = self.ahead_slot.q.val() + 1 == self.batch.q.val();
        self.batch_done.next = false;
        self.advance.next = self.granted.val();
        if self.ahead.q.val() == 1 {
            self.ahead.d.next = 2.into();
        }
        if self.ahead.q.val() == 2 {
            self.looked_up.d.next = self.degree.val();
            self.ahead.d.next = 3.into();
        }
        self.waiting_degree.next = self.looked_up.q.val();
        if self.ahead_kind.q.val() == 2 {
            self.waiting_degree.next =
                (self.nought.val() - self.looked_up.q.val()) & self.degree_mask.val();
        }
        self.next_degree.next = self.waiting_degree.val();
        if self.ahead.q.val() == 3 {
            self.held_degree.d.next = self.waiting_degree.val();
            self.held_slack.d.next = self.next_slack.val();
            self.ahead.d.next = 4.into();
            if (self.ahead_kind.q.val() != 2) & (self.looked_up.q.val() == 0) {
                self.advance.next = true;
            }
        }
        if self.advance.val() {
            self.ahead.d.next = 1.into();
            if self.ahead_kind.q.val() == 1 {
                self.ahead.d.next = 4.into();
            }
            self.ahead_slot.d.next = self.ahead_slot.q.val() + 1;
            if self.last_slot.val() {
                self.ahead_slot.d.next = 0.into();
                if self.ahead_kind.q.val() == 1 {
                    self.ahead_kind.d.next = 0.into();
                    self.ahead.d.next = 1.into();
                }
                if self.ahead_kind.q.val() == 0 {
                    self.ahead_index.d.next = self.ahead_index.q.val() + 1;
                    self.iterations.d.next = self.iterations.q.val() + 1;
                    if self.ahead_index.q.val() + 1 == self.lwe_dimension.val() {
                        self.ahead_kind.d.next = 2.into();
                    }
                }
                if self.ahead_kind.q.val() == 2 {
                    self.ahead.d.next = 0.into();
                    self.batch_done.next = true;
                }
            }
        }
        if (self.ahead.q.val() == 0) & self.batch_ready.val() {
            self.ahead.d.next = 4.into();
            self.ahead_kind.d.next = 1.into();
            self.ahead_slot.d.next = 0.into();
            self.ahead_index.d.next = 0.into();
            self.batch.d.next = self.batch_size.val();
            self.held_degree.d.next = 0.into();
        }

        // Slices. Those of iterations without a turn are taken, too.
        self.behind.next = self.iterations.q.val() - self.taken.q.val();
        self.due.next =
            (self.ahead.q.val() != 0) & (self.ahead_kind.q.val() == 0) & (self.behind.val() == 0);
        self.slice_wanted.next = self.due.val() & (self.ahead.q.val() == 4);
        self.slice_take.next = false;
        if self.slice_ready.val()
            & !self.abort.val()
            & (self.due.val() | ((self.behind.val() != 0) & !self.behind.val().get_bit(11)))
        {
            self.slice_take.next = true;
            self.taken.d.next = self.taken.q.val() + 1;
            self.taken_half.d.next = self.slice_half.val();
        }
        self.oldest_half.next = self.taken_half.q.val();
        if self.taken.q.val() != self.released.q.val() + 1 {
            self.oldest_half.next = !self.taken_half.q.val();
        }
        self.oldest_open.next = self.open_0.q.val();
        if self.oldest_half.val() {
            self.oldest_open.next = self.open_1.q.val();
        }
        self.slice_release.next = false;
        if (self.released.q.val() != self.taken.q.val())
            & (self.released.q.val() != self.iterations.q.val())
            & (self.oldest_open.val() == 0)
            & !self.abort.val()
        {
            self.slice_release.next = true;
            self.released.d.next = self.released.q.val() + 1;
        }
        if self.granted.val() & (self.ahead_kind.q.val() == 0) & !self.taken_half.q.val() {
            self.open_0.d.next = self.open_0.q.val() + 1;
        }
        if self.granted.val() & (self.ahead_kind.q.val() == 0) & self.taken_half.q.val() {
            self.open_1.d.next = self.open_1.q.val() + 1;
        }
        if self.row_end.val() & !self.row_half.val() {
            self.open_0.d.next = self.open_0.q.val() - 1;
            if self.granted.val() & (self.ahead_kind.q.val() == 0) & !self.taken_half.q.val() {
                self.open_0.d.next = self.open_0.q.val();
            }
        }
        if self.row_end.val() & self.row_half.val() {
            self.open_1.d.next = self.open_1.q.val() - 1;
            if self.granted.val() & (self.ahead_kind.q.val() == 0) & self.taken_half.q.val() {
                self.open_1.d.next = self.open_1.q.val();
            }
        }

        self.rests.next = (self.ahead.q.val() == 0)
            & !self.batch_ready.val()
            & !self.running.q.val()
            & self.settled.val()
            & (self.taken.q.val() == self.iterations.q.val())
            & (self.released.q.val() == self.iterations.q.val());
        if self.abort.val() | self.key_start.val() {
            self.ahead.d.next = 0.into();
            // A result is read to its end, which does not need the key.
            if self.kind.q.val() != 2 {
                self.running.d.next = false;
            }
            self.iterations.d.next = 0.into();
            self.taken.d.next = 0.into();
            self.released.d.next = 0.into();
            self.open_0.d.next = 0.into();
            self.open_1.d.next = 0.into();
        }
    }
}

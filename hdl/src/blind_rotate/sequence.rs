//! Whose turn it is: n iterations over the ciphertexts of a batch.
//!
//! Two machines. One looks ahead: it walks through iterations and slots, reads each degree and
//! holds on to the next that is not 0. The other runs turns: l passes, a read of the accumulators
//! in each cycle. When a turn ends, the next one is granted in the same cycle if its ciphertext is
//! through its last turn ([`super::Slots`]) and the iteration's key slice is in use.
//!
//! Slices are taken in order, also those of iterations without any turn, and released when every
//! turn of the iteration has read its last row, which [`Sequence::row_end`] says.
//!
//! Timing: a grant in one cycle, the turn's first read in the next. Looking ahead takes two cycles for
//! a degree, so with passes of four cycles or more turns follow without a gap.

use crate::ntt::Time;
use rust_hdl::prelude::*;

/// The controller of the blind rotation.
#[derive(LogicBlock)]
pub struct Sequence {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Begin with iteration 0.
    pub start: Signal<In, Bit>,
    /// Stop: no further turns and slices. What is in the datapath runs on.
    pub abort: Signal<In, Bit>,
    /// n, at least 1; with the following four static.
    pub lwe_dimension: Signal<In, Bits<12>>,
    /// Ciphertexts, 1 to 16.
    pub batch: Signal<In, Bits<5>>,
    /// l.
    pub level_count: Signal<In, Bits<2>>,
    /// 2 N / P.
    pub pass_cycles: Signal<In, Time>,
    /// 2 N / P - 1.
    pub last_time: Signal<In, Time>,

    /// The degree that is looked up: its slot and iteration.
    pub degree_slot: Signal<Out, Bits<4>>,
    /// Its iteration.
    pub degree_index: Signal<Out, Bits<12>>,
    /// The degree that was looked up in the cycle before.
    pub degree: Signal<In, Bits<12>>,

    /// The slot that waits for its turn.
    pub next_slot: Signal<Out, Bits<4>>,
    /// Its degree.
    pub next_degree: Signal<Out, Bits<12>>,
    /// Its last turn is through.
    pub slot_ready: Signal<In, Bit>,
    /// Its turn begins in the next cycle.
    pub grant: Signal<Out, Bit>,
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
    /// The pass's level, 0 the least significant digit.
    pub read_level: Signal<Out, Bits<2>>,
    /// It is the turn's last.
    pub read_last_level: Signal<Out, Bit>,
    /// The cycle is the turn's last.
    pub read_end: Signal<Out, Bit>,
    /// The half that the turn's slice lies in.
    pub read_half: Signal<Out, Bit>,

    /// The rotation is finished; until the next start.
    pub done: Signal<Out, Bit>,

    /// Looking ahead: 0 nothing left, 1 address at the memory, 2 degree there, 3 held.
    ahead: DFF<Bits<2>>,
    ahead_slot: DFF<Bits<5>>,
    ahead_index: DFF<Bits<12>>,
    held_degree: DFF<Bits<12>>,
    running: DFF<Bit>,
    slot: DFF<Bits<4>>,
    time_register: DFF<Time>,
    level: DFF<Bits<2>>,
    degree_register: DFF<Bits<12>>,
    half: DFF<Bit>,
    /// Slices taken and released since the start.
    taken: DFF<Bits<12>>,
    released: DFF<Bits<12>>,
    /// The half of the slice taken last.
    taken_half: DFF<Bit>,
    /// Turns in each half that have not read their last row.
    open_0: DFF<Bits<8>>,
    open_1: DFF<Bits<8>>,
    /// Between start and the end.
    active: DFF<Bit>,
    finished: DFF<Bit>,
    /// The turn ends in this cycle, or none runs.
    free: Signal<Local, Bit>,
    /// A degree is held whose slice is in use.
    held: Signal<Local, Bit>,
    granted: Signal<Local, Bit>,
    advance: Signal<Local, Bit>,
    last_level: Signal<Local, Bit>,
    oldest_half: Signal<Local, Bit>,
    oldest_open: Signal<Local, Bits<8>>,
    turn_cycles: Signal<Local, Bits<16>>,
    latency: Constant<Bits<16>>,
}

impl Sequence {
    /// For a datapath in which a read sees the result of a read `latency` cycles before it.
    #[must_use]
    pub fn new(latency: usize) -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            abort: Default::default(),
            lwe_dimension: Default::default(),
            batch: Default::default(),
            level_count: Default::default(),
            pass_cycles: Default::default(),
            last_time: Default::default(),
            degree_slot: Default::default(),
            degree_index: Default::default(),
            degree: Default::default(),
            next_slot: Default::default(),
            next_degree: Default::default(),
            slot_ready: Default::default(),
            grant: Default::default(),
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
            read_level: Default::default(),
            read_last_level: Default::default(),
            read_end: Default::default(),
            read_half: Default::default(),
            done: Default::default(),
            ahead: Default::default(),
            ahead_slot: Default::default(),
            ahead_index: Default::default(),
            held_degree: Default::default(),
            running: Default::default(),
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
            active: Default::default(),
            finished: Default::default(),
            free: Default::default(),
            held: Default::default(),
            granted: Default::default(),
            advance: Default::default(),
            last_level: Default::default(),
            oldest_half: Default::default(),
            oldest_open: Default::default(),
            turn_cycles: Default::default(),
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
            ahead_slot,
            ahead_index,
            held_degree,
            running,
            slot,
            time_register,
            level,
            degree_register,
            half,
            taken,
            released,
            taken_half,
            open_0,
            open_1,
            active,
            finished
        );

        // The turn that runs.
        self.last_level.next = self.level.q.val() + 1 == self.level_count.val();
        self.read_valid.next = self.running.q.val();
        self.read_slot.next = self.slot.q.val();
        self.read_time.next = self.time_register.q.val();
        self.read_degree.next = self.degree_register.q.val();
        self.read_level.next = self.level.q.val();
        self.read_last_level.next = self.last_level.val();
        self.read_half.next = self.half.q.val();
        self.read_end.next = self.running.q.val()
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
        self.held.next =
            (self.ahead.q.val() == 3) & (self.taken.q.val() == self.ahead_index.q.val() + 1);
        self.granted.next = self.free.val() & self.held.val() & self.slot_ready.val();
        self.grant.next = self.granted.val();
        self.next_slot.next = self.ahead_slot.q.val().get_bits::<4>(0);
        self.next_degree.next = self.held_degree.q.val();
        self.turn_cycles.next = bit_cast::<16, 12>(self.pass_cycles.val());
        if self.level_count.val() == 2 {
            self.turn_cycles.next = bit_cast::<16, 12>(self.pass_cycles.val()) << 1;
        }
        if self.level_count.val() == 3 {
            self.turn_cycles.next = (bit_cast::<16, 12>(self.pass_cycles.val()) << 1)
                + bit_cast::<16, 12>(self.pass_cycles.val());
        }
        self.turn.next = self.turn_cycles.val() + self.latency.val();
        if self.granted.val() {
            self.running.d.next = true;
            self.slot.d.next = self.ahead_slot.q.val().get_bits::<4>(0);
            self.degree_register.d.next = self.held_degree.q.val();
            self.half.d.next = self.taken_half.q.val();
            self.time_register.d.next = 0.into();
            self.level.d.next = 0.into();
        }

        // The look ahead.
        self.degree_slot.next = self.ahead_slot.q.val().get_bits::<4>(0);
        self.degree_index.next = self.ahead_index.q.val();
        self.advance.next = self.granted.val();
        if self.ahead.q.val() == 1 {
            self.ahead.d.next = 2.into();
        }
        if self.ahead.q.val() == 2 {
            self.held_degree.d.next = self.degree.val();
            self.ahead.d.next = 3.into();
            if self.degree.val() == 0 {
                self.advance.next = true;
            }
        }
        if self.advance.val() {
            self.ahead.d.next = 1.into();
            self.ahead_slot.d.next = self.ahead_slot.q.val() + 1;
            if self.ahead_slot.q.val() + 1 == self.batch.val() {
                self.ahead_slot.d.next = 0.into();
                self.ahead_index.d.next = self.ahead_index.q.val() + 1;
                if self.ahead_index.q.val() + 1 == self.lwe_dimension.val() {
                    self.ahead.d.next = 0.into();
                }
            }
        }

        // Slices. Behind the last turn those that are left are taken, too.
        self.slice_wanted.next =
            (self.ahead.q.val() == 3) & (self.taken.q.val() <= self.ahead_index.q.val());
        self.slice_take.next = false;
        if self.slice_ready.val()
            & (self.taken.q.val() <= self.ahead_index.q.val())
            & (self.taken.q.val() < self.lwe_dimension.val())
            & self.active.q.val()
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
        if self.active.q.val()
            & (self.released.q.val() < self.taken.q.val())
            & (self.released.q.val() < self.ahead_index.q.val())
            & (self.oldest_open.val() == 0)
        {
            self.slice_release.next = true;
            self.released.d.next = self.released.q.val() + 1;
        }
        if self.granted.val() & !self.taken_half.q.val() {
            self.open_0.d.next = self.open_0.q.val() + 1;
        }
        if self.granted.val() & self.taken_half.q.val() {
            self.open_1.d.next = self.open_1.q.val() + 1;
        }
        if self.row_end.val() & !self.row_half.val() {
            self.open_0.d.next = self.open_0.q.val() - 1;
            if self.granted.val() & !self.taken_half.q.val() {
                self.open_0.d.next = self.open_0.q.val();
            }
        }
        if self.row_end.val() & self.row_half.val() {
            self.open_1.d.next = self.open_1.q.val() - 1;
            if self.granted.val() & self.taken_half.q.val() {
                self.open_1.d.next = self.open_1.q.val();
            }
        }

        self.done.next = self.finished.q.val();
        if (self.ahead.q.val() == 0)
            & !self.running.q.val()
            & self.settled.val()
            & (self.released.q.val() == self.lwe_dimension.val())
            & self.active.q.val()
        {
            self.active.d.next = false;
            self.finished.d.next = true;
        }
        if self.abort.val() {
            self.ahead.d.next = 0.into();
            self.running.d.next = false;
            self.active.d.next = false;
        }
        if self.start.val() {
            self.ahead.d.next = 1.into();
            self.ahead_slot.d.next = 0.into();
            self.ahead_index.d.next = 0.into();
            self.taken.d.next = 0.into();
            self.released.d.next = 0.into();
            self.open_0.d.next = 0.into();
            self.open_1.d.next = 0.into();
            self.active.d.next = true;
            self.finished.d.next = false;
        }
    }
}

//! The sum over decomposition levels of one output lane.
//!
//! Levels of a ciphertext come one pass after the other. Each pass adds its products to the sums of
//! the pass before, which wait in a memory, one for each cycle of a pass. `first` starts from zero.
//! What leaves in the last pass is the sum; before, it is a partial one that nobody takes.
//!
//! Ranges: the products of a level are below 2^68 + 2^64, so three levels stay below 2^70.
//!
//! Timing: control comes two cycles ahead of `z`. Edge 1 reads the memory, edge 2 registers its word,
//! edge 3, with `z` there, the sum, edge 4 writes it. Latency 1 from `z`; the same cycle of the next
//! pass may follow 4 edges later (a pass takes at least 4 cycles).

use crate::arith::Lazy;
use crate::memory::{Address, Ram};
use rust_hdl::prelude::*;

/// z plus the sum of earlier levels.
#[derive(LogicBlock)]
pub struct LevelSum {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The `z` of the cycle after the next holds a product.
    pub valid: Signal<In, Bit>,
    /// It is of the first level.
    pub first: Signal<In, Bit>,
    /// The number of the cycle within the pass.
    pub cycle: Signal<In, Address>,
    /// A product.
    pub z: Signal<In, Lazy>,
    /// The sum so far.
    pub sum: Signal<Out, Lazy>,
    memory: Ram<72>,
    valid_1: DFF<Bit>,
    first_1: DFF<Bit>,
    cycle_1: DFF<Address>,
    old: DFF<Lazy>,
    valid_2: DFF<Bit>,
    first_2: DFF<Bit>,
    cycle_2: DFF<Address>,
    valid_3: DFF<Bit>,
    cycle_3: DFF<Address>,
    sum_3: DFF<Lazy>,
}

impl LevelSum {
    /// Rising edges from `z` to `sum`.
    pub const LATENCY: usize = 1;

    /// For passes of up to so many cycles.
    #[must_use]
    pub fn new(pass_cycles: usize) -> Self {
        Self {
            clock: Default::default(),
            valid: Default::default(),
            first: Default::default(),
            cycle: Default::default(),
            z: Default::default(),
            sum: Default::default(),
            memory: Ram::new(pass_cycles),
            valid_1: Default::default(),
            first_1: Default::default(),
            cycle_1: Default::default(),
            old: Default::default(),
            valid_2: Default::default(),
            first_2: Default::default(),
            cycle_2: Default::default(),
            valid_3: Default::default(),
            cycle_3: Default::default(),
            sum_3: Default::default(),
        }
    }
}

impl Logic for LevelSum {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, valid_1, first_1, cycle_1, old, valid_2, first_2, cycle_2, valid_3,
            cycle_3, sum_3
        );
        self.memory.clock.next = self.clock.val();
        self.memory.read_address.next = self.cycle.val();
        self.valid_1.d.next = self.valid.val();
        self.first_1.d.next = self.first.val();
        self.cycle_1.d.next = self.cycle.val();

        self.old.d.next = self.memory.read_data.val();
        self.valid_2.d.next = self.valid_1.q.val();
        self.first_2.d.next = self.first_1.q.val();
        self.cycle_2.d.next = self.cycle_1.q.val();

        self.valid_3.d.next = self.valid_2.q.val();
        self.cycle_3.d.next = self.cycle_2.q.val();
        self.sum_3.d.next = self.z.val() + self.old.q.val();
        if self.first_2.q.val() {
            self.sum_3.d.next = self.z.val();
        }

        self.memory.write_enable.next = self.valid_3.q.val();
        self.memory.write_address.next = self.cycle_3.q.val();
        self.memory.write_data.next = self.sum_3.q.val();
        self.sum.next = self.sum_3.q.val();
    }
}

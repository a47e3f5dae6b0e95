//! When a ciphertext's next turn may start.
//!
//! The datapath never stalls, so a turn that is granted in some cycle writes its last result a fixed
//! number of cycles later. Each slot counts these down: `remaining`, in a cycle, is by how many
//! cycles a turn granted in that cycle would begin to read before it could see the whole result of
//! the slot's last turn. A turn that may overlap by `slack` cycles can be granted when
//! remaining <= slack.
//!
//! Timing: `ready` is combinational from `slot` and `slack`; a grant counts from the next cycle on.

use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// Counters of all slots.
#[derive(LogicBlock)]
pub struct Slots {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The slot whose turn it is.
    pub slot: Signal<In, Bits<4>>,
    /// Cycles of overlap that its turn allows.
    pub slack: Signal<In, Bits<16>>,
    /// Its turn is granted.
    pub grant: Signal<In, Bit>,
    /// `remaining` for the cycle after a grant: cycles of the turn plus the datapath's latency.
    pub turn: Signal<In, Bits<16>>,
    /// The turn may be granted.
    pub ready: Signal<Out, Bit>,
    /// All results are in place.
    pub settled: Signal<Out, Bit>,
    counters: Vec<Countdown>,
    all: Gather,
}

impl Slots {
    /// For so many ciphertexts in flight.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self {
            clock: Signal::default(),
            slot: Signal::default(),
            slack: Signal::default(),
            grant: Signal::default(),
            turn: Signal::default(),
            ready: Signal::default(),
            settled: Signal::default(),
            counters: many(slots, Countdown::new),
            all: Gather::new(slots),
        }
    }
}

impl Logic for Slots {
    structure! { this =>
        for slot in 0..this.counters.len() {
            wire!(counters[slot].clock <= clock);
            wire!(counters[slot].slot <= slot);
            wire!(counters[slot].slack <= slack);
            wire!(counters[slot].grant <= grant);
            wire!(counters[slot].turn <= turn);
            wire!(all.ready_in[slot] <= counters[slot].ready);
            wire!(all.settled_in[slot] <= counters[slot].settled);
        }
        wire!(ready <= all.ready);
        wire!(settled <= all.settled);
    }
}

/// One slot.
#[derive(LogicBlock)]
struct Countdown {
    clock: Signal<In, Clock>,
    slot: Signal<In, Bits<4>>,
    slack: Signal<In, Bits<16>>,
    grant: Signal<In, Bit>,
    turn: Signal<In, Bits<16>>,
    /// It is this slot's turn and it may be granted.
    ready: Signal<Out, Bit>,
    settled: Signal<Out, Bit>,
    remaining: DFF<Bits<16>>,
    number: Constant<Bits<4>>,
}

impl Countdown {
    fn new(number: usize) -> Self {
        Self {
            clock: Default::default(),
            slot: Default::default(),
            slack: Default::default(),
            grant: Default::default(),
            turn: Default::default(),
            ready: Default::default(),
            settled: Default::default(),
            remaining: Default::default(),
            number: Constant::new(number.to_bits()),
        }
    }
}

impl Logic for Countdown {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, remaining);
        self.settled.next = self.remaining.q.val() == 0;
        if self.remaining.q.val() != 0 {
            self.remaining.d.next = self.remaining.q.val() - 1;
        }
        self.ready.next =
            (self.slot.val() == self.number.val()) & (self.remaining.q.val() <= self.slack.val());
        if self.grant.val() & (self.slot.val() == self.number.val()) {
            self.remaining.d.next = self.turn.val();
        }
    }
}

/// Any of, and all of.
#[derive(LogicBlock)]
struct Gather {
    ready_in: Vec<Signal<In, Bit>>,
    settled_in: Vec<Signal<In, Bit>>,
    ready: Signal<Out, Bit>,
    settled: Signal<Out, Bit>,
    any: Signal<Local, Bit>,
    every: Signal<Local, Bit>,
    _slots: usize,
}

impl Gather {
    fn new(slots: usize) -> Self {
        Self {
            ready_in: many(slots, |_| Signal::default()),
            settled_in: many(slots, |_| Signal::default()),
            ready: Signal::default(),
            settled: Signal::default(),
            any: Signal::default(),
            every: Signal::default(),
            _slots: slots,
        }
    }
}

impl Logic for Gather {
    #[hdl_gen]
    fn update(&mut self) {
        self.any.next = false;
        self.every.next = true;
        for i in 0..self._slots {
            self.any.next = self.any.val() | self.ready_in[i].val();
            self.every.next = self.every.val() & self.settled_in[i].val();
        }
        self.ready.next = self.any.val();
        self.settled.next = self.every.val();
    }
}

//! The memory of degrees: where a ciphertext's switched words lie, and how far a degree lets a turn
//! overlap with the one before. Combinational.

use super::LWE_INDEX_BITS;
use crate::memory::Address;
use crate::ntt::Shape;
use rust_hdl::prelude::*;

/// Address of word `index` of the ciphertext in `slot`.
#[derive(LogicBlock, Default)]
pub struct DegreeAddress {
    /// Whose.
    pub slot: Signal<In, Bits<4>>,
    /// In which half.
    pub half: Signal<In, Bit>,
    /// Which word, n for the body.
    pub index: Signal<In, Bits<12>>,
    /// Where it lies.
    pub address: Signal<Out, Address>,
}

impl Logic for DegreeAddress {
    #[hdl_gen]
    fn update(&mut self) {
        self.address.next = (bit_cast::<16, 4>(self.slot.val()) << 11)
            | bit_cast::<16, 10>(self.index.val().get_bits::<10>(0));
        if self.half.val() {
            self.address.next = (bit_cast::<16, 4>(self.slot.val()) << 11)
                | bit_cast::<16, 10>(self.index.val().get_bits::<10>(0))
                | 1024;
        }
    }
}

const _: () = assert!(LWE_INDEX_BITS == 10, "as the address above");

/// How many cycles before the last word of a turn is written the next turn may start to read.
///
/// Groups of coefficients are written in the order of time, one a cycle, and the next turn reads
/// them in that order too; for X^a acc also those at time - a, modulo the pass. With F = M (M / 2
/// if a fine bit is a lane bit) fine values in time, 2^x cycles each, and a_f the part of a that
/// counts in them, a read is ahead of the time by at most F - a_f fine values (0 for a_f = 0) and
/// 2^x - 1 cycles within one; the last write is 2^x F - 1 behind the first. What is left is
/// ((a_f - 1) mod F) 2^x. With a fine lane bit, a = 1 modulo M borrows from a_f = 0 in half of the
/// lanes: no slack.
#[derive(LogicBlock)]
pub struct Slack {
    /// a, below 2N.
    pub degree: Signal<In, Bits<12>>,
    /// N / 32 - 1.
    pub fine_mask: Signal<In, Bits<12>>,
    /// Cycles.
    pub cycles: Signal<Out, Bits<16>>,
    fine: Signal<Local, Bits<12>>,
    previous: Signal<Local, Bits<12>>,
    fine_in_lanes: Constant<Bits<1>>,
    cycles_each: Constant<Bits<3>>,
    one: Constant<Bits<12>>,
}

impl Slack {
    /// For this datapath.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        let time_bits = shape.pass_cycles(shape.max_log2_n()).ilog2() as usize;
        let fine_in_lanes = usize::from(time_bits < shape.fine_bits());
        // Coarse bits and the row count time below the fine bits.
        let below = time_bits + fine_in_lanes - shape.fine_bits();
        Self {
            degree: Signal::default(),
            fine_mask: Signal::default(),
            cycles: Signal::default(),
            fine: Signal::default(),
            previous: Signal::default(),
            fine_in_lanes: Constant::new(fine_in_lanes.to_bits()),
            cycles_each: Constant::new(below.to_bits()),
            one: Constant::new(1_usize.to_bits()),
        }
    }
}

impl Logic for Slack {
    #[hdl_gen]
    fn update(&mut self) {
        self.fine.next = self.degree.val() & self.fine_mask.val();
        self.previous.next = ((self.fine.val() >> self.fine_in_lanes.val()) - self.one.val())
            & (self.fine_mask.val() >> self.fine_in_lanes.val());
        self.cycles.next = bit_cast::<16, 12>(self.previous.val()) << self.cycles_each.val();
        if (self.fine_in_lanes.val() == 1) & (self.fine.val() == 1) {
            self.cycles.next = 0.into();
        }
    }
}

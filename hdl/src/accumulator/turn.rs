//! How far the lanes of a target group are turned.
//!
//! Target lane i of a row (its group bit left out) takes source lane i + turn, whose bit above the
//! lanes says "negate". With two groups, bit 0 of the turn says that the source is in the other
//! group, and the rest turns lanes of the same group.
//!
//! Timing: `source` and `crossed` come as [`RotateAddress`](super::RotateAddress) gives them;
//! `turn` follows one edge later, as the RAM's words do, and `turn_late` one edge after that.

use super::layout::Shape;
use rust_hdl::prelude::*;

/// The turn of one target group.
#[derive(LogicBlock)]
pub struct TargetTurn {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The source position of the bank group of the same number.
    pub own: Signal<In, Bits<12>>,
    /// The source position of the other bank group, if there are two.
    pub other: Signal<In, Bits<12>>,
    /// Whether this group's sources are in the other bank group.
    pub crossed: Signal<In, Bit>,
    /// The turn, with the words as they leave the RAM.
    pub turn: Signal<Out, Bits<7>>,
    /// The turn, one edge later.
    pub turn_late: Signal<Out, Bits<7>>,
    source: Signal<Local, Bits<12>>,
    crossing: Signal<Local, Bits<12>>,
    first: DFF<Bits<7>>,
    second: DFF<Bits<7>>,
    lane_shift: Constant<Bits<4>>,
    up: Constant<Bits<4>>,
    zero: Constant<Bits<12>>,
    one: Constant<Bits<12>>,
}

impl TargetTurn {
    /// The block for a shape.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        Self {
            clock: Signal::default(),
            own: Signal::default(),
            other: Signal::default(),
            crossed: Signal::default(),
            turn: Signal::default(),
            turn_late: Signal::default(),
            source: Signal::default(),
            crossing: Signal::default(),
            first: DFF::default(),
            second: DFF::default(),
            lane_shift: Constant::new(shape.lane_shift().to_bits()),
            up: Constant::new(shape.group_bits().to_bits()),
            zero: Constant::new(Bits::default()),
            one: Constant::new(1_usize.to_bits()),
        }
    }
}

impl Logic for TargetTurn {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, first, second);
        self.source.next = self.own.val();
        self.crossing.next = self.zero.val();
        if self.crossed.val() {
            self.source.next = self.other.val();
            self.crossing.next = self.one.val();
        }
        self.first.d.next = bit_cast::<7, 12>(
            ((self.source.val() >> self.lane_shift.val()) << self.up.val()) | self.crossing.val(),
        );
        self.second.d.next = self.first.q.val();
        self.turn.next = self.first.q.val();
        self.turn_late.next = self.second.q.val();
    }
}

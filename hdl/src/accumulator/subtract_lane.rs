//! The end of a rotate-subtract read in one lane.
//!
//! `difference` = +-turned - straight modulo 2^64, or +-turned alone, where the sign is the bit of lane + turn above
//! the lanes. As -x = !x + 1, this is (turned, inverted if negative) + ((1 if negative) -
//! straight): the second summand is ready before the lanes have been turned, so that one addition
//! is left.
//!
//! Timing: `straight` and `turn` come together, `turned` [`LaneRotate::LATENCY`] edges later, the
//! difference one edge after that. Latency from `straight` 3.

use super::lane_rotate::LaneRotate;
use super::layout::Shape;
use rust_hdl::prelude::*;

/// +-turned - straight.
#[derive(LogicBlock)]
pub struct SubtractLane {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The turn of the lane's group.
    pub turn: Signal<In, Bits<7>>,
    /// The lane's word of acc.
    pub straight: Signal<In, Bits<64>>,
    /// Subtract nothing; with `straight`.
    pub alone: Signal<In, Bit>,
    /// The lane's word of X^a * acc but for its sign.
    pub turned: Signal<In, Bits<64>>,
    /// The lane's word of X^a * acc - acc.
    pub difference: Signal<Out, Bits<64>>,
    moved: Signal<Local, Bits<8>>,
    sign: Signal<Local, Bits<8>>,
    increment: Signal<Local, Bits<64>>,
    term: Signal<Local, Bits<64>>,
    held: DFF<Bits<64>>,
    negate: DFF<Bit>,
    invert: DFF<Bit>,
    /// (1 if negative) - straight.
    less: DFF<Bits<64>>,
    sum: DFF<Bits<64>>,
    lane: Constant<Bits<8>>,
    sign_at: Constant<Bits<4>>,
    zero: Constant<Bits<64>>,
    one: Constant<Bits<64>>,
}

impl SubtractLane {
    /// Rising edges from `straight` to `difference`.
    pub const LATENCY: usize = LaneRotate::LATENCY + 1;

    /// The block for a lane of a shape.
    #[must_use]
    pub fn new(shape: &Shape, lane: usize) -> Self {
        // The group bit takes no part in the addition.
        let lane = lane % shape.row_lanes - shape.group(lane);
        Self {
            clock: Signal::default(),
            turn: Signal::default(),
            straight: Signal::default(),
            alone: Signal::default(),
            turned: Signal::default(),
            difference: Signal::default(),
            moved: Signal::default(),
            sign: Signal::default(),
            increment: Signal::default(),
            term: Signal::default(),
            held: DFF::default(),
            negate: DFF::default(),
            invert: DFF::default(),
            less: DFF::default(),
            sum: DFF::default(),
            lane: Constant::new(lane.to_bits()),
            sign_at: Constant::new(shape.lane_bits.to_bits()),
            zero: Constant::new(Bits::default()),
            one: Constant::new(1_usize.to_bits()),
        }
    }
}

impl Logic for SubtractLane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held, negate, invert, less, sum);
        self.moved.next = bit_cast::<8, 7>(self.turn.val()) + self.lane.val();
        self.sign.next = self.moved.val() >> self.sign_at.val();
        self.negate.d.next = self.sign.val().get_bit(0);
        self.held.d.next = self.straight.val();
        if self.alone.val() {
            self.held.d.next = self.zero.val();
        }
        self.increment.next = self.zero.val();
        if self.negate.q.val() {
            self.increment.next = self.one.val();
        }
        self.less.d.next = self.increment.val() - self.held.q.val();
        self.invert.d.next = self.negate.q.val();
        self.term.next = self.turned.val();
        if self.invert.q.val() {
            self.term.next = !self.turned.val();
        }
        self.sum.d.next = self.term.val() + self.less.q.val();
        self.difference.next = self.sum.q.val();
    }
}

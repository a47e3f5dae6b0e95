//! Reduction of a 128-bit number modulo q.
//!
//! `x` any 128 bits; `result` = x mod q, in [0, q). The words of x go to [`Fold`]: 64 bits below
//! 2^64, 32 bits at 2^64 and 32 bits at 2^96.
//!
//! Timing: that of [`Fold`]. Latency 3.

use super::Fold;
use rust_hdl::prelude::*;

/// x mod q for a 128-bit x.
#[derive(LogicBlock, Default)]
pub struct Reduce128 {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `x` holds an operand.
    pub valid_in: Signal<In, Bit>,
    /// The number: any 128 bits.
    pub x: Signal<In, Bits<128>>,
    /// `result` holds the answer to the `x` that entered [`Reduce128::LATENCY`] edges ago.
    pub valid_out: Signal<Out, Bit>,
    /// x mod q, in [0, q).
    pub result: Signal<Out, Bits<64>>,
    fold: Fold,
}

impl Reduce128 {
    /// Rising edges from `valid_in` to `valid_out`.
    pub const LATENCY: usize = Fold::LATENCY;
}

impl Logic for Reduce128 {
    #[hdl_gen]
    fn update(&mut self) {
        self.fold.clock.next = self.clock.val();
        self.fold.valid_in.next = self.valid_in.val();
        self.fold.lo.next = self.x.val().get_bits::<64>(0);
        self.fold.mid.next = self.x.val().get_bits::<32>(64);
        self.fold.hi.next = bit_cast::<64, 32>(self.x.val().get_bits::<32>(96));
        self.fold.negate.next = false;
        self.valid_out.next = self.fold.valid_out.val();
        self.result.next = self.fold.result.val();
    }
}

//! Multiplication by a constant power of two modulo q.
//!
//! `x` any 64 bits; `result` = x * 2^EXPONENT mod q, in [0, q), for EXPONENT in 0..192. Since
//! 2^96 = -1, the exponent modulo 96 is wiring (x lands somewhere in 160 bits) and the rest is a
//! sign; [`Fold`] does the arithmetic. Its bits 96 to 159 hold x >> (96 - shift) < 2^63 < q.
//!
//! Timing: that of [`Fold`]. Latency 3.

use super::Fold;
use rust_hdl::prelude::*;

/// x * 2^EXPONENT mod q; EXPONENT below 192.
#[derive(LogicBlock)]
pub struct MulPow2<const EXPONENT: usize> {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `x` holds an operand.
    pub valid_in: Signal<In, Bit>,
    /// The number to multiply: any 64 bits.
    pub x: Signal<In, Bits<64>>,
    /// `result` holds the answer to the `x` that entered [`MulPow2::LATENCY`] edges ago.
    pub valid_out: Signal<Out, Bit>,
    /// x * 2^EXPONENT mod q, in [0, q).
    pub result: Signal<Out, Bits<64>>,
    /// x * 2^(EXPONENT mod 96) over the integers, below 2^159.
    shifted: Signal<Local, Bits<160>>,
    fold: Fold,
    shift: Constant<Bits<7>>,
    negate: Constant<Bit>,
}

impl<const EXPONENT: usize> MulPow2<EXPONENT> {
    /// Rising edges from `valid_in` to `valid_out`.
    pub const LATENCY: usize = Fold::LATENCY;
}

impl<const EXPONENT: usize> Default for MulPow2<EXPONENT> {
    fn default() -> Self {
        const { assert!(EXPONENT < 192, "2 has order 192 modulo q") };
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            x: Default::default(),
            valid_out: Default::default(),
            result: Default::default(),
            shifted: Default::default(),
            fold: Default::default(),
            shift: Constant::new((EXPONENT % 96).to_bits()),
            negate: Constant::new(EXPONENT >= 96),
        }
    }
}

impl<const EXPONENT: usize> Logic for MulPow2<EXPONENT> {
    #[hdl_gen]
    fn update(&mut self) {
        self.shifted.next = bit_cast::<160, 64>(self.x.val()) << self.shift.val();
        self.fold.clock.next = self.clock.val();
        self.fold.valid_in.next = self.valid_in.val();
        self.fold.lo.next = self.shifted.val().get_bits::<64>(0);
        self.fold.mid.next = self.shifted.val().get_bits::<32>(64);
        self.fold.hi.next = self.shifted.val().get_bits::<64>(96);
        self.fold.negate.next = self.negate.val();
        self.valid_out.next = self.fold.valid_out.val();
        self.result.next = self.fold.result.val();
    }
}

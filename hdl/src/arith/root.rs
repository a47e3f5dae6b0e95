//! Multiplication by a 64th root of unity chosen in each cycle.
//!
//! `x` any 64 bits, `index` any 6 bits; `result` = x * 8^index mod q, in [0, q). 8 = 2^3 has order
//! 64 modulo q and 8^32 = 2^96 = -1, so bit 5 of `index` is the sign and the others shift left by
//! 0, 3, .. 93 bits. [`Fold`] does the arithmetic, its bits 96 to 159 hold at most x >> 3 < q.
//!
//! Timing: edge 1 registers x shifted by 0 to 21 (bits 0 to 2 of `index`), edge 2 x shifted by the
//! rest (bits 3 and 4), edges 3 to 5 are [`Fold`]. Latency 5.

use super::Fold;
use rust_hdl::prelude::*;

/// x * 8^index mod q.
#[derive(LogicBlock, Default)]
pub struct MulRoot64 {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `x` and `index` hold operands.
    pub valid_in: Signal<In, Bit>,
    /// The number to multiply: any 64 bits.
    pub x: Signal<In, Bits<64>>,
    /// Which power of 8.
    pub index: Signal<In, Bits<6>>,
    /// `result` holds the answer to the operands that entered [`MulRoot64::LATENCY`] edges ago.
    pub valid_out: Signal<Out, Bit>,
    /// x * 8^index mod q, in [0, q).
    pub result: Signal<Out, Bits<64>>,
    /// x shifted by bit 0, then by bits 0 and 1 of `index`.
    by_3: Signal<Local, Bits<85>>,
    by_9: Signal<Local, Bits<85>>,
    /// The second stage's number shifted by bit 3 of `index`.
    by_24: Signal<Local, Bits<160>>,
    /// The valid bits of the first two stages, the youngest in bit 0.
    valid: DFF<Bits<2>>,
    /// x * 8^(index mod 8), below 2^85.
    fine: DFF<Bits<85>>,
    /// Bits 3 to 5 of `index`.
    rest: DFF<Bits<3>>,
    /// x * 8^(index mod 32), below 2^157.
    coarse: DFF<Bits<160>>,
    negate: DFF<Bit>,
    fold: Fold,
}

impl MulRoot64 {
    /// Rising edges from `valid_in` to `valid_out`.
    pub const LATENCY: usize = 2 + Fold::LATENCY;
}

impl Logic for MulRoot64 {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, fine, rest, coarse, negate);
        self.valid.d.next = self.valid.q.val() << 1;
        if self.valid_in.val() {
            self.valid.d.next = (self.valid.q.val() << 1) | 1;
        }

        self.by_3.next = bit_cast::<85, 64>(self.x.val());
        if self.index.val().get_bit(0) {
            self.by_3.next = bit_cast::<85, 64>(self.x.val()) << 3;
        }
        self.by_9.next = self.by_3.val();
        if self.index.val().get_bit(1) {
            self.by_9.next = self.by_3.val() << 6;
        }
        self.fine.d.next = self.by_9.val();
        if self.index.val().get_bit(2) {
            self.fine.d.next = self.by_9.val() << 12;
        }
        self.rest.d.next = self.index.val().get_bits::<3>(3);

        self.by_24.next = bit_cast::<160, 85>(self.fine.q.val());
        if self.rest.q.val().get_bit(0) {
            self.by_24.next = bit_cast::<160, 85>(self.fine.q.val()) << 24;
        }
        self.coarse.d.next = self.by_24.val();
        if self.rest.q.val().get_bit(1) {
            self.coarse.d.next = self.by_24.val() << 48;
        }
        self.negate.d.next = self.rest.q.val().get_bit(2);

        self.fold.clock.next = self.clock.val();
        self.fold.valid_in.next = self.valid.q.val().get_bit(1);
        self.fold.lo.next = self.coarse.q.val().get_bits::<64>(0);
        self.fold.mid.next = self.coarse.q.val().get_bits::<32>(64);
        self.fold.hi.next = self.coarse.q.val().get_bits::<64>(96);
        self.fold.negate.next = self.negate.q.val();
        self.valid_out.next = self.fold.valid_out.val();
        self.result.next = self.fold.result.val();
    }
}

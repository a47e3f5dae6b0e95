//! The modular multiplier: three products of 32 and 33 bits, then one reduction.
//!
//! `x`, `y` any 64 bits; `result` = x * y mod q, in [0, q). With phi = 2^32 and phi^2 = phi - 1
//! (Karatsuba over the ring Z[phi]), x = x0 + phi x1 and y = y0 + phi y1:
//!
//! x y = (A - B) + phi C, A = x0 y0, B = x1 y1, C = (x0 + x1)(y0 + y1) - A.
//!
//! C is in [0, 3 (2^32 - 1)^2], 66 bits: C = c0 + 2^32 c1 + 2^64 c2 with c2 <= 2. phi C is then
//! c0 2^32 + c1 E - c2 modulo q (2^64 = E = 2^32 - 1, 2^96 = -1). Adding q makes the total
//!
//! s = (A - B) + (c0 2^32 - c2) + c1 E + q
//!
//! positive and below 4q, so its bits 64 and 65 fold once more with 2^64 = E. Two subtractions
//! cost nothing: 3 - c2 is the complement of two bits, and c1 E = (c1 2^32 + ~c1) - E.
//!
//! | edge | registers | range |
//! |---|---|---|
//! | 1 | x0, x1, x0 + x1 and the same of y | 32, 32, 33 bits |
//! | 2, 3 | the three products, inside [`Product`] | 64, 64, 66 bits |
//! | 4 | A - B; C | (-2^64, 2^64); [0, 3 * 2^64) |
//! | 5 | A - B + c0 2^32 + 3 - c2; c1 E + q - 3 | (-2^64, 2^65); [0, 2^65) |
//! | 6 | their sum s | (0, 4q) |
//! | 7 | s mod 2^64 + floor(s / 2^64) E | [0, 2q) |
//! | 8 | [`Correct`] | [0, q) |
//!
//! Latency 8.

use super::{Correct, E, Product, Q};
use rust_hdl::prelude::*;

/// x * y mod q.
#[derive(LogicBlock)]
pub struct MulMod {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// `x` and `y` hold operands.
    pub valid_in: Signal<In, Bit>,
    /// First factor: any 64 bits.
    pub x: Signal<In, Bits<64>>,
    /// Second factor: any 64 bits.
    pub y: Signal<In, Bits<64>>,
    /// `result` holds the answer to the operands that entered [`MulMod::LATENCY`] edges ago.
    pub valid_out: Signal<Out, Bit>,
    /// x * y mod q, in [0, q).
    pub result: Signal<Out, Bits<64>>,
    /// The words of C, c2 complemented (3 - c2) and c1 complemented (2^32 - 1 - c1).
    c0: Signal<Local, Bits<32>>,
    c1: Signal<Local, Bits<32>>,
    c1_complement: Signal<Local, Bits<32>>,
    c2_complement: Signal<Local, Bits<2>>,
    /// floor(s / 2^64) E.
    overflow: Signal<Local, Bits<65>>,
    /// The valid bits of the first seven stages, the youngest in bit 0.
    valid: DFF<Bits<7>>,
    x0: DFF<Bits<32>>,
    x1: DFF<Bits<32>>,
    x_sum: DFF<Bits<33>>,
    y0: DFF<Bits<32>>,
    y1: DFF<Bits<32>>,
    y_sum: DFF<Bits<33>>,
    /// A, B and (x0 + x1)(y0 + y1).
    low: Product<32, 64>,
    high: Product<32, 64>,
    mixed: Product<33, 66>,
    /// A - B, two's complement.
    difference: DFF<Bits<66>>,
    /// C.
    phi_part: DFF<Bits<66>>,
    /// A - B + c0 2^32 + 3 - c2, two's complement.
    upper: DFF<Bits<66>>,
    /// c1 E + q - 3.
    lower: DFF<Bits<66>>,
    /// s, in (0, 4q).
    sum: DFF<Bits<66>>,
    /// A representative in [0, 2q).
    folded: DFF<Bits<65>>,
    correct: Correct,
    /// q - 3 - E: turns c1 2^32 + ~c1 into c1 E + q - 3.
    bias: Constant<Bits<66>>,
    zero: Constant<Bits<65>>,
    e: Constant<Bits<65>>,
    two_e: Constant<Bits<65>>,
    three_e: Constant<Bits<65>>,
}

impl MulMod {
    /// Rising edges from `valid_in` to `valid_out`.
    pub const LATENCY: usize = 7 + Correct::LATENCY;
}

impl Default for MulMod {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            x: Default::default(),
            y: Default::default(),
            valid_out: Default::default(),
            result: Default::default(),
            c0: Default::default(),
            c1: Default::default(),
            c1_complement: Default::default(),
            c2_complement: Default::default(),
            overflow: Default::default(),
            valid: Default::default(),
            x0: Default::default(),
            x1: Default::default(),
            x_sum: Default::default(),
            y0: Default::default(),
            y1: Default::default(),
            y_sum: Default::default(),
            low: Default::default(),
            high: Default::default(),
            mixed: Default::default(),
            difference: Default::default(),
            phi_part: Default::default(),
            upper: Default::default(),
            lower: Default::default(),
            sum: Default::default(),
            folded: Default::default(),
            correct: Default::default(),
            bias: Constant::new((Q - 3 - E).into()),
            zero: Constant::new(Default::default()),
            e: Constant::new(E.into()),
            two_e: Constant::new((2 * E).into()),
            three_e: Constant::new((3 * E).into()),
        }
    }
}

impl Logic for MulMod {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, valid, x0, x1, x_sum, y0, y1, y_sum, difference, phi_part, upper, lower,
            sum, folded
        );
        self.valid.d.next = self.valid.q.val() << 1;
        if self.valid_in.val() {
            self.valid.d.next = (self.valid.q.val() << 1) | 1;
        }

        self.x0.d.next = self.x.val().get_bits::<32>(0);
        self.x1.d.next = self.x.val().get_bits::<32>(32);
        self.x_sum.d.next = bit_cast::<33, 32>(self.x.val().get_bits::<32>(0))
            + bit_cast::<33, 32>(self.x.val().get_bits::<32>(32));
        self.y0.d.next = self.y.val().get_bits::<32>(0);
        self.y1.d.next = self.y.val().get_bits::<32>(32);
        self.y_sum.d.next = bit_cast::<33, 32>(self.y.val().get_bits::<32>(0))
            + bit_cast::<33, 32>(self.y.val().get_bits::<32>(32));

        clock!(self, clock, low, high, mixed);
        self.low.a.next = self.x0.q.val();
        self.low.b.next = self.y0.q.val();
        self.high.a.next = self.x1.q.val();
        self.high.b.next = self.y1.q.val();
        self.mixed.a.next = self.x_sum.q.val();
        self.mixed.b.next = self.y_sum.q.val();

        self.difference.d.next = bit_cast::<66, 64>(self.low.product.val())
            - bit_cast::<66, 64>(self.high.product.val());
        self.phi_part.d.next =
            self.mixed.product.val() - bit_cast::<66, 64>(self.low.product.val());

        self.c0.next = self.phi_part.q.val().get_bits::<32>(0);
        self.c1.next = self.phi_part.q.val().get_bits::<32>(32);
        self.c1_complement.next = !self.c1.val();
        self.c2_complement.next = !self.phi_part.q.val().get_bits::<2>(64);
        self.upper.d.next = self.difference.q.val()
            + ((bit_cast::<66, 32>(self.c0.val()) << 32)
                | bit_cast::<66, 2>(self.c2_complement.val()));
        self.lower.d.next = ((bit_cast::<66, 32>(self.c1.val()) << 32)
            | bit_cast::<66, 32>(self.c1_complement.val()))
            + self.bias.val();

        self.sum.d.next = self.upper.q.val() + self.lower.q.val();

        self.overflow.next = self.zero.val();
        if self.sum.q.val().get_bit(65) {
            self.overflow.next = self.two_e.val();
            if self.sum.q.val().get_bit(64) {
                self.overflow.next = self.three_e.val();
            }
        } else if self.sum.q.val().get_bit(64) {
            self.overflow.next = self.e.val();
        }
        self.folded.d.next =
            bit_cast::<65, 64>(self.sum.q.val().get_bits::<64>(0)) + self.overflow.val();

        self.correct.clock.next = self.clock.val();
        self.correct.valid_in.next = self.valid.q.val().get_bit(6);
        self.correct.sum.next = bit_cast::<66, 65>(self.folded.q.val());
        self.valid_out.next = self.correct.valid_out.val();
        self.result.next = self.correct.result.val();
    }
}

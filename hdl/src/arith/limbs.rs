//! What [`MulLazy`](super::MulLazy) multiplies: the 16-bit limbs of a word, their sums and
//! differences.
//!
//! `x` any 64 bits, x = x0 + x1 2^16 + x2 2^32 + x3 2^48. Every output is 18 bits, two's complement,
//! which the limbs and sums (below 2^17) leave unsigned.
//!
//! Timing: one edge. Latency 1, no valid bit.

use rust_hdl::prelude::*;

/// The nine factors that a word contributes to a product.
#[derive(LogicBlock, Default)]
pub struct Limbs {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The word: any 64 bits.
    pub x: Signal<In, Bits<64>>,
    /// x0.
    pub low_even: Signal<Out, Bits<18>>,
    /// x1.
    pub low_odd: Signal<Out, Bits<18>>,
    /// x0 - x1.
    pub low_cross: Signal<Out, Bits<18>>,
    /// x2.
    pub high_even: Signal<Out, Bits<18>>,
    /// x3.
    pub high_odd: Signal<Out, Bits<18>>,
    /// x2 - x3.
    pub high_cross: Signal<Out, Bits<18>>,
    /// x0 + x2.
    pub sum_even: Signal<Out, Bits<18>>,
    /// x1 + x3.
    pub sum_odd: Signal<Out, Bits<18>>,
    /// (x0 + x2) - (x1 + x3).
    pub sum_cross: Signal<Out, Bits<18>>,
    x0: Signal<Local, Bits<18>>,
    x1: Signal<Local, Bits<18>>,
    x2: Signal<Local, Bits<18>>,
    x3: Signal<Local, Bits<18>>,
    word: DFF<Bits<64>>,
    low_difference: DFF<Bits<18>>,
    high_difference: DFF<Bits<18>>,
    even: DFF<Bits<17>>,
    odd: DFF<Bits<17>>,
    difference: DFF<Bits<18>>,
}

impl Limbs {
    /// Rising edges from word to factors.
    pub const LATENCY: usize = 1;
}

impl Logic for Limbs {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            word,
            low_difference,
            high_difference,
            even,
            odd,
            difference
        );
        self.x0.next = bit_cast::<18, 16>(self.x.val().get_bits::<16>(0));
        self.x1.next = bit_cast::<18, 16>(self.x.val().get_bits::<16>(16));
        self.x2.next = bit_cast::<18, 16>(self.x.val().get_bits::<16>(32));
        self.x3.next = bit_cast::<18, 16>(self.x.val().get_bits::<16>(48));

        self.word.d.next = self.x.val();
        self.low_difference.d.next = self.x0.val() - self.x1.val();
        self.high_difference.d.next = self.x2.val() - self.x3.val();
        self.even.d.next = self.x0.val().get_bits::<17>(0) + self.x2.val().get_bits::<17>(0);
        self.odd.d.next = self.x1.val().get_bits::<17>(0) + self.x3.val().get_bits::<17>(0);
        self.difference.d.next = self.x0.val() + self.x2.val() - self.x1.val() - self.x3.val();

        self.low_even.next = bit_cast::<18, 16>(self.word.q.val().get_bits::<16>(0));
        self.low_odd.next = bit_cast::<18, 16>(self.word.q.val().get_bits::<16>(16));
        self.high_even.next = bit_cast::<18, 16>(self.word.q.val().get_bits::<16>(32));
        self.high_odd.next = bit_cast::<18, 16>(self.word.q.val().get_bits::<16>(48));
        self.low_cross.next = self.low_difference.q.val();
        self.high_cross.next = self.high_difference.q.val();
        self.sum_even.next = bit_cast::<18, 17>(self.even.q.val());
        self.sum_odd.next = bit_cast::<18, 17>(self.odd.q.val());
        self.sum_cross.next = self.difference.q.val();
    }
}

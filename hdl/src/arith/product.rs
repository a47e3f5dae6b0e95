//! The integer multiplier: a W x W product in two DSP tiles and a corner of logic.
//!
//! `a`, `b` any W bits, `product` = a * b, P = 2 W bits. An UltraScale+ DSP block multiplies 26 by
//! 17 unsigned bits, so of a 33 x 33 product two blocks take the lower 26 bits of a, times the
//! lower 17 and the upper 16 bits of b; the upper 7 bits of a times b are gated additions, written
//! as such because synthesis would spend two more blocks on them.
//!
//! Rust-HDL multiplies 16 bits only and has no widths like W - 17, so this is the one unit with
//! its Verilog written out. The simulation computes the same three parts.
//!
//! Timing: edge 1 registers the parts, edge 2 their sum. Latency 2, no valid bit: it is a part of
//! [`MulMod`](super::MulMod), which also registers the factors.

use rust_hdl::prelude::*;
use std::fmt::Write;

/// Unsigned bits of the DSP block's wide and narrow operand.
const WIDE: usize = 26;
const NARROW: usize = 17;

/// a * b over the integers; 26 < W <= 43 and P = 2 W.
#[derive(LogicBlock, Default)]
pub struct Product<const W: usize, const P: usize> {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// First factor: any W bits.
    pub a: Signal<In, Bits<W>>,
    /// Second factor: any W bits.
    pub b: Signal<In, Bits<W>>,
    /// The product of the factors that entered [`Product::LATENCY`] edges ago.
    pub product: Signal<Out, Bits<P>>,
    /// a mod 2^26 times b mod 2^17, below 2^43.
    low_tile: Signal<Local, Bits<P>>,
    /// a mod 2^26 times b >> 17, below 2^(W + 9).
    high_tile: Signal<Local, Bits<P>>,
    /// a >> 26 times b, below 2^(2 W - 26).
    corner: Signal<Local, Bits<P>>,
}

impl<const W: usize, const P: usize> Product<W, P> {
    /// Rising edges from factors to product.
    pub const LATENCY: usize = 2;
}

impl<const W: usize, const P: usize> Logic for Product<W, P> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let parts = self.low_tile.val()
                + (self.high_tile.val() << NARROW as u64)
                + (self.corner.val() << WIDE as u64);
            self.product.next = parts;
            let (a, b) = (self.a.val().to_u128(), self.b.val().to_u128());
            let a_low = a & ((1 << WIDE) - 1);
            self.low_tile.next = (a_low * (b & ((1 << NARROW) - 1))).to_bits();
            self.high_tile.next = (a_low * (b >> NARROW)).to_bits();
            self.corner.next = ((a >> WIDE) * b).to_bits();
        }
    }

    fn connect(&mut self) {
        const { assert!(WIDE < W && W <= NARROW + WIDE, "two tiles and a corner") };
        const { assert!(P == 2 * W, "a product has twice the width of its factors") };
        self.product.connect();
        self.low_tile.connect();
        self.high_tile.connect();
        self.corner.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut corner = String::new();
        for bit in WIDE..W {
            let plus = if bit == WIDE { "" } else { " + " };
            // Writing to a string cannot fail.
            let _ = write!(
                corner,
                "{plus}({{b & {{{W}{{a[{bit}]}}}}}} << {})",
                bit - WIDE
            );
        }
        let (a_top, b_top, b_split) = (WIDE - 1, W - 1, NARROW - 1);
        Verilog::Custom(format!(
            "\
initial begin
   low_tile = 0;
   high_tile = 0;
   corner = 0;
   product = 0;
end

always @(posedge clock) begin
   low_tile <= a[{a_top}:0] * b[{b_split}:0];
   high_tile <= a[{a_top}:0] * b[{b_top}:{NARROW}];
   corner <= {corner};
   product <= low_tile + (high_tile << {NARROW}) + (corner << {WIDE});
end
"
        ))
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "product".into(),
            clock: "clock".into(),
            inputs: vec!["a".into(), "b".into()],
            outputs: vec!["product".into()],
        }]
    }
}

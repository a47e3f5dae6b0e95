//! The integer multiplier: one DSP block.
//!
//! `a`, `b` 18-bit two's complement, `product` = a * b, 36 bits two's complement (a = b = -2^17
//! still fits). Signed 18 x 18 is what one DSP block takes on the 7 series, on UltraScale+ and on
//! ECP5, so [`MulLazy`](super::MulLazy) is built from products of this size and of no other.
//!
//! Rust-HDL multiplies 16 bits only, so its Verilog is written out.
//!
//! Timing: one edge registers the product. Latency 1, no valid bit: it is a part of
//! [`MulLazy`](super::MulLazy), which also registers the factors.

use rust_hdl::prelude::*;

/// a * b over the integers.
#[derive(LogicBlock, Default)]
pub struct Product {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// First factor, two's complement.
    pub a: Signal<In, Bits<18>>,
    /// Second factor, two's complement.
    pub b: Signal<In, Bits<18>>,
    /// The product of the factors that entered [`Product::LATENCY`] edges ago, two's complement.
    pub product: Signal<Out, Bits<36>>,
}

impl Product {
    /// Rising edges from factors to product.
    pub const LATENCY: usize = 1;
}

/// The value of an 18-bit two's complement word.
fn signed(word: Bits<18>) -> i64 {
    let value = word.to_u64() as i64;
    value - ((value >> 17) << 18)
}

impl Logic for Product {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let product = signed(self.a.val()) * signed(self.b.val());
            self.product.next = (product as u64 & ((1 << 36) - 1)).to_bits();
        }
    }

    fn connect(&mut self) {
        self.product.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            "\
initial product = 0;

always @(posedge clock) product <= $signed(a) * $signed(b);
"
            .into(),
        )
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

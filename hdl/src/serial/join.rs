//! Eight bits side by side; combinational.
//!
//! Rust-HDL has no concatenation, hence the written-out Verilog.

use crate::structure::many;
use rust_hdl::prelude::*;

/// A byte of eight bits, the first lowest.
#[derive(LogicBlock)]
pub(super) struct Join {
    /// The bits.
    pub(super) bits: Vec<Signal<In, Bit>>,
    /// The byte.
    pub(super) value: Signal<Out, Bits<8>>,
}

impl Default for Join {
    fn default() -> Self {
        Self {
            bits: many(8, |_| Signal::default()),
            value: Signal::default(),
        }
    }
}

impl Logic for Join {
    fn update(&mut self) {
        let set =
            |byte: Bits<8>, (at, bit): (usize, &Signal<In, Bit>)| byte.replace_bit(at, bit.val());
        self.value.next = self.bits.iter().enumerate().fold(Bits::default(), set);
    }

    fn connect(&mut self) {
        self.value.connect();
    }

    fn hdl(&self) -> Verilog {
        let bits: Vec<String> = (0..self.bits.len())
            .rev()
            .map(|at| format!("bits__{at}"))
            .collect();
        let bits = bits.join(", ");
        Verilog::Custom(format!("always @(*) value = {{{bits}}};\n"))
    }
}

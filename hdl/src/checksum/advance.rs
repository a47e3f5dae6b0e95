//! Multiplication by a constant of the checksum's field: what a number of zero words makes of the
//! checksum's state ([`gyrus_interface::key_slice::advance`]).
//!
//! It is linear over GF(2), so each bit of the product is the XOR of those bits of the operand that
//! a mask picks. The masks depend on the number of words, which is chosen when the block is built;
//! Rust-HDL cannot assemble a word from computed bits, so the Verilog is written out here.
//!
//! Timing: combinational.

use gyrus_interface::key_slice::advance;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// `advanced` is `state` advanced by the number of words given to [`Advance::new`].
#[derive(LogicBlock)]
pub(super) struct Advance {
    pub(super) state: Signal<In, Bits<64>>,
    pub(super) advanced: Signal<Out, Bits<64>>,
    _words: usize,
}

impl Advance {
    pub(super) fn new(words: usize) -> Self {
        Self {
            state: Signal::default(),
            advanced: Signal::default(),
            _words: words,
        }
    }
}

impl Logic for Advance {
    fn update(&mut self) {
        self.advanced.next = advance(self.state.val().to_u64(), self._words).to_bits();
    }

    fn connect(&mut self) {
        self.advanced.connect();
    }

    fn hdl(&self) -> Verilog {
        let columns: Vec<u64> = (0..64).map(|bit| advance(1 << bit, self._words)).collect();
        let mut text = String::from("always @(*) begin\n");
        for bit in 0..64 {
            let mask = columns
                .iter()
                .rev()
                .fold(0_u64, |mask, column| mask << 1 | column >> bit & 1);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "   advanced[{bit}] = ^(state & 64'h{mask:016x});");
        }
        text += "end\n";
        Verilog::Custom(text)
    }
}

//! CRC-32C (Castagnoli, RFC 3720) over words, as
//! [`Checksum`](gyrus_interface::layout::Checksum) computes it of their little-endian bytes.
//!
//! Timing: `sum` is of all words up to the one of one edge ago; a word a cycle.

use rust_hdl::prelude::*;
use std::fmt::Write;

/// The polynomial, bit-reversed: x^0 in the highest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// What 64 steps of the bitwise definition make of the state, if a word comes in. The state is
/// added to the word's lower half first, so this is linear in the sum of both.
fn after_word(sum: u64) -> u32 {
    let rest = (0..u64::BITS).fold(sum, |rest, _| {
        let step = if rest & 1 == 1 {
            u64::from(POLYNOMIAL)
        } else {
            0
        };
        rest >> 1 ^ step
    });
    // All that is left lies in the lower half: the polynomial has 32 bits.
    rest as u32
}

/// The linear map [`after_word`], each bit the XOR of those that a mask picks.
#[derive(LogicBlock, Default)]
struct AfterWord {
    sum: Signal<In, Bits<64>>,
    state: Signal<Out, Bits<32>>,
}

impl Logic for AfterWord {
    fn update(&mut self) {
        self.state.next = u64::from(after_word(self.sum.val().to_u64())).to_bits();
    }

    fn connect(&mut self) {
        self.state.connect();
    }

    fn hdl(&self) -> Verilog {
        let columns: Vec<u32> = (0..64).map(|bit| after_word(1 << bit)).collect();
        let mut text = String::from("always @(*) begin\n");
        for bit in 0..32 {
            let mask = columns.iter().rev().fold(0_u64, |mask, column| {
                mask << 1 | u64::from(column >> bit & 1)
            });
            // Writing to a string cannot fail.
            let _ = writeln!(text, "   state[{bit}] = ^(sum & 64'h{mask:016x});");
        }
        text += "end\n";
        Verilog::Custom(text)
    }
}

/// CRC-32C of the words since `clear`.
#[derive(LogicBlock, Default)]
pub struct Crc32c {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Forget the words before this cycle's.
    pub clear: Signal<In, Bit>,
    /// A word comes in.
    pub valid: Signal<In, Bit>,
    /// The word.
    pub word: Signal<In, Bits<64>>,
    /// The checksum; 0 of no words.
    pub sum: Signal<Out, Bits<32>>,
    step: AfterWord,
    current: Signal<Local, Bits<32>>,
    /// The checksum is the state, inverted.
    inverted: DFF<Bits<32>>,
}

impl Logic for Crc32c {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, inverted);
        self.sum.next = self.inverted.q.val();
        self.current.next = self.inverted.q.val();
        if self.clear.val() {
            self.current.next = 0.into();
        }
        self.step.sum.next = self.word.val() ^ bit_cast::<64, 32>(!self.current.val());
        self.inverted.d.next = self.current.val();
        if self.valid.val() {
            self.inverted.d.next = !self.step.state.val();
        }
    }
}

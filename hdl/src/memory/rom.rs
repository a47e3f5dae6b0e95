//! A ROM, read synchronously.
//!
//! Timing: `data` shows the word at `address` one edge later, zero before the first edge.

use super::{Address, Shape, index_bits};
use rust_hdl::prelude::*;
use std::fmt::Write;

/// A table of words of W bits, given to [`Rom::new`]. Addresses are taken modulo the next power of
/// two of its length; beyond the end lies zero.
#[derive(LogicBlock)]
pub struct Rom<const W: usize> {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Where to read.
    pub address: Signal<In, Address>,
    /// The word that was asked for one edge ago.
    pub data: Signal<Out, Bits<W>>,
    _words: Vec<Bits<W>>,
}

impl<const W: usize> Rom<W> {
    /// Rising edges from `address` to `data`.
    pub const LATENCY: usize = 1;

    /// A ROM with these words, padded with zeros to a power of two.
    #[must_use]
    pub fn new(mut words: Vec<Bits<W>>) -> Self {
        words.resize(words.len().next_power_of_two(), Bits::default());
        Self {
            clock: Signal::default(),
            address: Signal::default(),
            data: Signal::default(),
            _words: words,
        }
    }
}

impl<const W: usize> Logic for Rom<W> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let at = self.address.val().to_u64() as usize & (self._words.len() - 1);
            self.data.next = self._words.get(at).copied().unwrap_or_default();
        }
    }

    fn connect(&mut self) {
        self.data.connect();
    }

    fn hdl(&self) -> Verilog {
        let depth = self._words.len();
        let (top, last, address_top) = (W - 1, depth - 1, index_bits(depth) - 1);
        let mut table = String::new();
        for (at, word) in self._words.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "   words[{at}] = {};", word.verilog());
        }
        let shape = Shape::new("rom", depth, W);
        Verilog::Custom(format!(
            "\
{shape}
reg [{top}:0] words [0:{last}];

initial begin
   data = 0;
{table}end

always @(posedge clock) data <= words[address[{address_top}:0]];
"
        ))
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "rom".into(),
            clock: "clock".into(),
            inputs: vec!["address".into()],
            outputs: vec!["data".into()],
        }]
    }
}

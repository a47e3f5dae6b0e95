//! A RAM with one write port and one read port, both synchronous.
//!
//! Timing: `read_data` shows the word at `read_address` one edge later. A word written in the same
//! edge is not yet seen: the read gives the old one. Starts as zeros.

use super::{Address, Shape, index_bits};
use rust_hdl::prelude::*;

/// DEPTH words of W bits, DEPTH given to [`Ram::new`]. Addresses are taken modulo the next power of
/// two; beyond DEPTH nothing is written and what is read is undefined (zero in the simulation).
#[derive(LogicBlock)]
pub struct Ram<const W: usize> {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Where to read.
    pub read_address: Signal<In, Address>,
    /// The word that was asked for one edge ago.
    pub read_data: Signal<Out, Bits<W>>,
    /// Write in this cycle.
    pub write_enable: Signal<In, Bit>,
    /// Where to write.
    pub write_address: Signal<In, Address>,
    /// What to write.
    pub write_data: Signal<In, Bits<W>>,
    _words: Vec<Bits<W>>,
}

impl<const W: usize> Ram<W> {
    /// A RAM of `depth` words; a depth of 0 counts as 1.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self {
            clock: Signal::default(),
            read_address: Signal::default(),
            read_data: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            _words: vec![Bits::default(); depth.max(1)],
        }
    }

    /// Rising edges from `read_address` to `read_data`.
    pub const LATENCY: usize = 1;

    fn index(&self, address: Address) -> usize {
        address.to_u64() as usize & (self._words.len().next_power_of_two() - 1)
    }
}

impl<const W: usize> Logic for Ram<W> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let from = self.index(self.read_address.val());
            self.read_data.next = self._words.get(from).copied().unwrap_or_default();
            if self.write_enable.val() {
                let to = self.index(self.write_address.val());
                if let Some(word) = self._words.get_mut(to) {
                    *word = self.write_data.val();
                }
            }
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let depth = self._words.len();
        let (top, last, address_top) = (W - 1, depth - 1, index_bits(depth) - 1);
        let shape = Shape::new("ram", depth, W);
        Verilog::Custom(format!(
            "\
{shape}
reg [{top}:0] words [0:{last}];

integer i;
initial begin
   read_data = 0;
   for (i = 0; i < {depth}; i = i + 1) words[i] = 0;
end

always @(posedge clock) begin
   read_data <= words[read_address[{address_top}:0]];
   if (write_enable) words[write_address[{address_top}:0]] <= write_data;
end
"
        ))
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "ram".into(),
            clock: "clock".into(),
            inputs: vec![
                "read_address".into(),
                "write_enable".into(),
                "write_address".into(),
                "write_data".into(),
            ],
            outputs: vec!["read_data".into()],
        }]
    }
}

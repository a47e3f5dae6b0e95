//! A delay line: `q` is `d` of DEPTH rising edges ago, zero before that.
//!
//! Short lines are registers that shift (synthesis makes shift-register LUTs of them), long ones a
//! RAM with one address that goes round: each cycle reads the oldest word and puts the newest in
//! its place. Behind the RAM there is a register, since a block RAM's word comes late in the cycle.
//!
//! Timing: latency DEPTH, one word a cycle. No reset: what was in the line comes out.

use super::{Shape, index_bits};
use rust_hdl::prelude::*;
use std::collections::VecDeque;

/// Lines of more words than this are RAMs.
const LONGEST_SHIFT_REGISTER: usize = 16;

/// A delay of DEPTH cycles, DEPTH at least 1, given to [`Delay::new`].
#[derive(LogicBlock)]
pub struct Delay<const W: usize> {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// What goes in.
    pub d: Signal<In, Bits<W>>,
    /// What went in DEPTH edges ago.
    pub q: Signal<Out, Bits<W>>,
    _depth: usize,
    /// The words in flight, the oldest in front; without the one in `q`.
    _line: VecDeque<Bits<W>>,
}

impl<const W: usize> Delay<W> {
    /// A line of `depth` words; a depth of 0 counts as 1.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        let depth = depth.max(1);
        Self {
            clock: Signal::default(),
            d: Signal::default(),
            q: Signal::default(),
            _depth: depth,
            _line: std::iter::repeat_n(Bits::default(), depth - 1).collect(),
        }
    }

    /// Rising edges from `d` to `q`.
    #[must_use]
    pub const fn latency(&self) -> usize {
        self._depth
    }
}

impl<const W: usize> Logic for Delay<W> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self._line.push_back(self.d.val());
            if let Some(oldest) = self._line.pop_front() {
                self.q.next = oldest;
            }
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let (depth, top) = (self._depth, W - 1);
        let shape = Shape::new("delay", depth, W);
        Verilog::Custom(if depth == 1 {
            format!(
                "\
{shape}
initial q = 0;

always @(posedge clock) q <= d;
"
            )
        } else if depth <= LONGEST_SHIFT_REGISTER {
            let line = (depth - 1) * W - 1;
            format!(
                "\
{shape}
reg [{line}:0] line;

initial begin
   q = 0;
   line = 0;
end

always @(posedge clock) {{q, line}} <= {{line, d}};
"
            )
        } else {
            let words = depth - 2;
            let last = words - 1;
            let address = index_bits(words);
            let address_top = address - 1;
            format!(
                "\
{shape}
reg [{top}:0] line [0:{last}];
reg [{top}:0] oldest;
reg [{address_top}:0] at;

integer i;
initial begin
   q = 0;
   oldest = 0;
   at = 0;
   for (i = 0; i < {words}; i = i + 1) line[i] = 0;
end

always @(posedge clock) begin
   q <= oldest;
   oldest <= line[at];
   line[at] <= d;
   at <= (at == {address}'d{last}) ? {address}'d0 : at + {address}'d1;
end
"
            )
        })
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "delay".into(),
            clock: "clock".into(),
            inputs: vec!["d".into()],
            outputs: vec!["q".into()],
        }]
    }
}

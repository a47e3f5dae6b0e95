//! A register that a build may leave out.
//!
//! Where a shift amount changes from cycle to cycle the shifter needs a stage of its own; where it is
//! a constant the shifter is wiring and the stage would only cost latency.
//!
//! Timing: latency 1, or 0 without the register.

use rust_hdl::prelude::*;

/// `q` is `d` of the previous edge, or `d` itself.
#[derive(LogicBlock)]
pub struct OptionalRegister<const W: usize> {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// What goes in.
    pub d: Signal<In, Bits<W>>,
    /// What comes out.
    pub q: Signal<Out, Bits<W>>,
    _registered: bool,
}

impl<const W: usize> OptionalRegister<W> {
    /// A register, or a wire.
    #[must_use]
    pub fn new(registered: bool) -> Self {
        Self {
            clock: Signal::default(),
            d: Signal::default(),
            q: Signal::default(),
            _registered: registered,
        }
    }
}

impl<const W: usize> Logic for OptionalRegister<W> {
    fn update(&mut self) {
        if !self._registered || self.clock.pos_edge() {
            self.q.next = self.d.val();
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(if self._registered {
            "\
initial q = 0;

always @(posedge clock) q <= d;
"
            .to_owned()
        } else {
            "\
always @(*) q = d;
"
            .to_owned()
        })
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "register".into(),
            clock: "clock".into(),
            inputs: vec!["d".into()],
            outputs: vec!["q".into()],
        }]
    }
}

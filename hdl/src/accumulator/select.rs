//! Choosing among lanes: a 4:1 multiplexer, and trees of two levels of it; no registers.

use crate::structure::many;
use rust_hdl::prelude::*;

/// One of four words, by two bits of a lane number.
#[derive(LogicBlock)]
pub struct Select4<const W: usize> {
    /// The lane number.
    pub lane: Signal<In, Bits<7>>,
    /// The words.
    pub x0: Signal<In, Bits<W>>,
    /// See `x0`.
    pub x1: Signal<In, Bits<W>>,
    /// See `x0`.
    pub x2: Signal<In, Bits<W>>,
    /// See `x0`.
    pub x3: Signal<In, Bits<W>>,
    /// The word that was chosen.
    pub y: Signal<Out, Bits<W>>,
    choice: Signal<Local, Bits<7>>,
    from: Constant<Bits<4>>,
}

impl<const W: usize> Select4<W> {
    /// A multiplexer that looks at bits `from` and `from` + 1.
    #[must_use]
    pub fn new(from: usize) -> Self {
        Self {
            lane: Signal::default(),
            x0: Signal::default(),
            x1: Signal::default(),
            x2: Signal::default(),
            x3: Signal::default(),
            y: Signal::default(),
            choice: Signal::default(),
            from: Constant::new(from.to_bits()),
        }
    }
}

impl<const W: usize> Logic for Select4<W> {
    #[hdl_gen]
    fn update(&mut self) {
        self.choice.next = self.lane.val() >> self.from.val();
        if self.choice.val().get_bit(1) {
            self.y.next = self.x2.val();
            if self.choice.val().get_bit(0) {
                self.y.next = self.x3.val();
            }
        } else {
            self.y.next = self.x0.val();
            if self.choice.val().get_bit(0) {
                self.y.next = self.x1.val();
            }
        }
    }
}

/// One word of every 16 (of all, if they are fewer), by four bits of a lane number.
#[derive(LogicBlock)]
pub struct Select16<const W: usize> {
    /// The lane number.
    pub lane: Signal<In, Bits<7>>,
    /// The words: a power of two of them.
    pub x: Vec<Signal<In, Bits<W>>>,
    /// The words that were chosen.
    pub y: Vec<Signal<Out, Bits<W>>>,
    near: Vec<Select4<W>>,
    far: Vec<Select4<W>>,
}

impl<const W: usize> Select16<W> {
    /// A tree over so many words that looks at bits `from` to `from` + 3.
    #[must_use]
    pub fn new(words: usize, from: usize) -> Self {
        let near = words.div_ceil(4);
        let far = near.div_ceil(4);
        Self {
            lane: Signal::default(),
            x: many(words, |_| Signal::default()),
            y: many(far, |_| Signal::default()),
            near: many(near, |_| Select4::new(from)),
            far: many(far, |_| Select4::new(from + 2)),
        }
    }
}

impl<const W: usize> Logic for Select16<W> {
    crate::structure! { this =>
        // Where there are fewer words than inputs, the bits beyond choose among equals.
        for i in 0..this.near.len() {
            wire!(near[i].lane <= lane);
            wire!(near[i].x0 <= x[4 * i]);
            wire!(near[i].x1 <= x[(4 * i + 1) % this.x.len()]);
            wire!(near[i].x2 <= x[(4 * i + 2) % this.x.len()]);
            wire!(near[i].x3 <= x[(4 * i + 3) % this.x.len()]);
        }
        for i in 0..this.far.len() {
            wire!(far[i].lane <= lane);
            wire!(far[i].x0 <= near[4 * i].y);
            wire!(far[i].x1 <= near[(4 * i + 1) % this.near.len()].y);
            wire!(far[i].x2 <= near[(4 * i + 2) % this.near.len()].y);
            wire!(far[i].x3 <= near[(4 * i + 3) % this.near.len()].y);
            wire!(y[i] <= far[i].y);
        }
    }
}

//! What the polynomial size means for the datapath. Combinational; `log2_n` is static.

use crate::ntt::{Shape, Time};
use rust_hdl::prelude::*;

/// Sizes derived from log2 N.
#[derive(LogicBlock)]
pub struct Configuration {
    /// 8, 9, 10 or 11; anything else counts as 11.
    pub log2_n: Signal<In, Bits<4>>,
    /// 2 N / P.
    pub pass_cycles: Signal<Out, Time>,
    /// 2 N / P - 1.
    pub last_time: Signal<Out, Time>,
    /// Which of fine bits 3, 4, 5 there are.
    pub fine_bits: Signal<Out, Bits<3>>,
    /// N / 32 - 1.
    pub fine_mask: Signal<Out, Bits<12>>,
    /// 2 N - 1.
    pub degree_mask: Signal<Out, Bits<12>>,
    smallest: Constant<Time>,
}

impl Configuration {
    /// For this datapath.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        Self {
            log2_n: Signal::default(),
            pass_cycles: Signal::default(),
            last_time: Signal::default(),
            fine_bits: Signal::default(),
            fine_mask: Signal::default(),
            degree_mask: Signal::default(),
            smallest: Constant::new(shape.pass_cycles(8).to_bits()),
        }
    }
}

impl Logic for Configuration {
    #[hdl_gen]
    fn update(&mut self) {
        self.pass_cycles.next = self.smallest.val() << 3;
        self.fine_bits.next = 7.into();
        self.fine_mask.next = 63.into();
        self.degree_mask.next = 4095.into();
        if self.log2_n.val() == 10 {
            self.pass_cycles.next = self.smallest.val() << 2;
            self.fine_bits.next = 3.into();
            self.fine_mask.next = 31.into();
            self.degree_mask.next = 2047.into();
        }
        if self.log2_n.val() == 9 {
            self.pass_cycles.next = self.smallest.val() << 1;
            self.fine_bits.next = 1.into();
            self.fine_mask.next = 15.into();
            self.degree_mask.next = 1023.into();
        }
        if self.log2_n.val() == 8 {
            self.pass_cycles.next = self.smallest.val();
            self.fine_bits.next = 0.into();
            self.fine_mask.next = 7.into();
            self.degree_mask.next = 511.into();
        }
        self.last_time.next = self.pass_cycles.val() - 1;
    }
}

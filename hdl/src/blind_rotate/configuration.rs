//! What the polynomial size means for the datapath.
//!
//! Timing: every output is a register, two cycles behind `log2_n`, which rests while the core is at
//! work. So nothing of what is derived here is a part of a long path.

use crate::ntt::{Shape, Time};
use rust_hdl::prelude::*;

/// Sizes derived from log2 N.
#[derive(LogicBlock)]
pub struct Configuration {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
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
    pass_register: DFF<Time>,
    last_register: DFF<Time>,
    fine_bits_register: DFF<Bits<3>>,
    fine_mask_register: DFF<Bits<12>>,
    degree_mask_register: DFF<Bits<12>>,
    smallest: Constant<Time>,
}

impl Configuration {
    /// For this datapath.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        Self {
            clock: Signal::default(),
            log2_n: Signal::default(),
            pass_cycles: Signal::default(),
            last_time: Signal::default(),
            fine_bits: Signal::default(),
            fine_mask: Signal::default(),
            degree_mask: Signal::default(),
            pass_register: DFF::default(),
            last_register: DFF::default(),
            fine_bits_register: DFF::default(),
            fine_mask_register: DFF::default(),
            degree_mask_register: DFF::default(),
            smallest: Constant::new(shape.pass_cycles(8).to_bits()),
        }
    }
}

impl Logic for Configuration {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            pass_register,
            last_register,
            fine_bits_register,
            fine_mask_register,
            degree_mask_register
        );
        self.pass_register.d.next = self.smallest.val() << 3;
        self.fine_bits_register.d.next = 7.into();
        self.fine_mask_register.d.next = 63.into();
        self.degree_mask_register.d.next = 4095.into();
        if self.log2_n.val() == 10 {
            self.pass_register.d.next = self.smallest.val() << 2;
            self.fine_bits_register.d.next = 3.into();
            self.fine_mask_register.d.next = 31.into();
            self.degree_mask_register.d.next = 2047.into();
        }
        if self.log2_n.val() == 9 {
            self.pass_register.d.next = self.smallest.val() << 1;
            self.fine_bits_register.d.next = 1.into();
            self.fine_mask_register.d.next = 15.into();
            self.degree_mask_register.d.next = 1023.into();
        }
        if self.log2_n.val() == 8 {
            self.pass_register.d.next = self.smallest.val();
            self.fine_bits_register.d.next = 0.into();
            self.fine_mask_register.d.next = 7.into();
            self.degree_mask_register.d.next = 511.into();
        }
        self.last_register.d.next = self.pass_register.q.val() - 1;
        self.pass_cycles.next = self.pass_register.q.val();
        self.last_time.next = self.last_register.q.val();
        self.fine_bits.next = self.fine_bits_register.q.val();
        self.fine_mask.next = self.fine_mask_register.q.val();
        self.degree_mask.next = self.degree_mask_register.q.val();
    }
}

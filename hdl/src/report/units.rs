//! The units that the report lists.

use super::{ReportError, Unit};
use crate::arith::Lazy;
use crate::arith::{
    AddMod, Correct, Fold, MulLazy, MulMod, MulPow2, MulRoot64, Normalise, Reduce128, SubMod,
};
use crate::decompose;
use crate::mac::PairMac;
use crate::ntt::{ForwardButterfly, InverseButterfly, PlainButterfly};
use crate::structure;
use crate::structure::many;
use crate::switch_modulus::SwitchModulus;
use rust_hdl::prelude::*;

/// The units of [`crate::arith`]; the multipliers are placed and routed.
///
/// # Errors
///
/// Never: they all can be written.
pub fn arithmetic() -> Result<Vec<Unit>, ReportError> {
    Ok(vec![
        Unit::of("add", false, AddMod::default())?,
        Unit::of("sub", false, SubMod::default())?,
        Unit::of("correct", false, Correct::default())?,
        Unit::of("fold", false, Fold::default())?,
        Unit::of("reduce128", false, Reduce128::default())?,
        Unit::of("pow2_39", false, MulPow2::<39>::default())?,
        Unit::of("root64", false, MulRoot64::default())?,
        Unit::of("mul_lazy", true, MulLazy::default())?,
        Unit::of("mul_mod", true, MulMod::default())?,
    ])
}

/// The parts of a lane of the core, with a factor that changes from cycle to cycle in the
/// butterflies. Clock rates are between registers, so butterflies are placed and routed two in a
/// row: the second one's first step begins at a register.
///
/// # Errors
///
/// Never: they all can be written.
pub fn datapath() -> Result<Vec<Unit>, ReportError> {
    Ok(vec![
        Unit::of("normalise", true, Normalise::default())?,
        Unit::of("plain_butterfly", false, PlainButterfly::default())?,
        Unit::of("forward_butterfly", false, ForwardButterfly::new(true))?,
        Unit::of("inverse_butterfly", false, InverseButterfly::new(true))?,
        Unit::of("two_forward", true, TwoForward::new())?,
        Unit::of("two_inverse", true, TwoInverse::new())?,
        Unit::of("pair_mac", false, PairMac::default())?,
        Unit::of("decompose_lane", true, decompose::Lane::default())?,
        Unit::of("switch_modulus", false, SwitchModulus::default())?,
    ])
}

/// Two butterflies in a row, each with an index of its own.
macro_rules! two_in_a_row {
    ($name:ident, $butterfly:ident) => {
        #[derive(LogicBlock)]
        struct $name {
            clock: Signal<In, Clock>,
            index: Vec<Signal<In, Bits<5>>>,
            a: Signal<In, Lazy>,
            b: Signal<In, Lazy>,
            sum: Signal<Out, Lazy>,
            difference: Signal<Out, Lazy>,
            pair: Vec<$butterfly>,
        }

        impl $name {
            fn new() -> Self {
                Self {
                    clock: Signal::default(),
                    index: many(2, |_| Signal::default()),
                    a: Signal::default(),
                    b: Signal::default(),
                    sum: Signal::default(),
                    difference: Signal::default(),
                    pair: many(2, |_| $butterfly::new(true)),
                }
            }
        }

        impl Logic for $name {
            structure! { this =>
                for unit in 0..this.pair.len() {
                    wire!(pair[unit].clock <= clock);
                    wire!(pair[unit].index <= index[unit]);
                    constant!(pair[unit].enable <= true);
                }
                wire!(pair[0].a <= a);
                wire!(pair[0].b <= b);
                wire!(pair[1].a <= pair[0].sum);
                wire!(pair[1].b <= pair[0].difference);
                wire!(sum <= pair[1].sum);
                wire!(difference <= pair[1].difference);
            }
        }
    };
}

two_in_a_row!(TwoForward, ForwardButterfly);
two_in_a_row!(TwoInverse, InverseButterfly);

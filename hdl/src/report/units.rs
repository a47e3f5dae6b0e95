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

/// Two forward butterflies in a row.
#[derive(LogicBlock)]
struct TwoForward {
    clock: Signal<In, Clock>,
    index: Signal<In, Bits<5>>,
    a: Signal<In, Lazy>,
    b: Signal<In, Lazy>,
    sum: Signal<Out, Lazy>,
    difference: Signal<Out, Lazy>,
    pair: Vec<ForwardButterfly>,
}

impl TwoForward {
    fn new() -> Self {
        Self {
            clock: Signal::default(),
            index: Signal::default(),
            a: Signal::default(),
            b: Signal::default(),
            sum: Signal::default(),
            difference: Signal::default(),
            pair: vec![ForwardButterfly::new(true), ForwardButterfly::new(true)],
        }
    }
}

impl Logic for TwoForward {
    structure! { this =>
        for unit in 0..this.pair.len() {
            wire!(pair[unit].clock <= clock);
            wire!(pair[unit].index <= index);
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

/// Two inverse butterflies in a row; the second one's operands are both pairs of numbers.
#[derive(LogicBlock)]
struct TwoInverse {
    clock: Signal<In, Clock>,
    index: Signal<In, Bits<5>>,
    a: Signal<In, Lazy>,
    b: Signal<In, Lazy>,
    c: Signal<In, Lazy>,
    sum: Signal<Out, Lazy>,
    difference: Signal<Out, Lazy>,
    difference_minus: Signal<Out, Lazy>,
    first: Vec<InverseButterfly>,
    second: InverseButterfly,
}

impl TwoInverse {
    fn new() -> Self {
        Self {
            clock: Signal::default(),
            index: Signal::default(),
            a: Signal::default(),
            b: Signal::default(),
            c: Signal::default(),
            sum: Signal::default(),
            difference: Signal::default(),
            difference_minus: Signal::default(),
            first: vec![InverseButterfly::new(true), InverseButterfly::new(true)],
            second: InverseButterfly::new(true),
        }
    }
}

impl Logic for TwoInverse {
    structure! { this =>
        for unit in 0..this.first.len() {
            wire!(first[unit].clock <= clock);
            wire!(first[unit].index <= index);
            constant!(first[unit].enable <= true);
            constant!(first[unit].a_minus <= Lazy::default());
            constant!(first[unit].b_minus <= Lazy::default());
            wire!(first[unit].a <= a);
        }
        wire!(first[0].b <= b);
        wire!(first[1].b <= c);
        wire!(second.clock <= clock);
        wire!(second.index <= index);
        constant!(second.enable <= true);
        wire!(second.a <= first[0].difference);
        wire!(second.a_minus <= first[0].difference_minus);
        wire!(second.b <= first[1].difference);
        wire!(second.b_minus <= first[1].difference_minus);
        wire!(sum <= second.sum);
        wire!(difference <= second.difference);
        wire!(difference_minus <= second.difference_minus);
    }
}

//! The units that the report lists.

use super::{ReportError, Unit};
use crate::arith::{
    AddMod, Correct, Fold, MulLazy, MulMod, MulPow2, MulRoot64, Normalise, Reduce128, SubMod,
};
use crate::decompose;
use crate::mac::PairMac;
use crate::ntt::{ForwardButterfly, InverseButterfly, PlainButterfly};
use crate::switch_modulus::SwitchModulus;

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
/// butterflies; those on the transforms' way are placed and routed.
///
/// # Errors
///
/// Never: they all can be written.
pub fn datapath() -> Result<Vec<Unit>, ReportError> {
    Ok(vec![
        Unit::of("normalise", true, Normalise::default())?,
        Unit::of("plain_butterfly", true, PlainButterfly::default())?,
        Unit::of("forward_butterfly", true, ForwardButterfly::new(true))?,
        Unit::of("inverse_butterfly", true, InverseButterfly::new(true))?,
        Unit::of("pair_mac", false, PairMac::default())?,
        Unit::of("decompose_lane", true, decompose::Lane::default())?,
        Unit::of("switch_modulus", true, SwitchModulus::default())?,
    ])
}

//! Verilog out of a block, and what is in it.
//!
//! Rust-HDL's own printer writes a module for each instance and hands clocks on by blocking
//! assignments. This one walks the same blocks and the same syntax trees, and writes
//!
//! - each different module once, with a name that says what it is;
//! - one clock net: the port `clock` of every instance is connected to the `clock` around it;
//! - plain Verilog-2001 names, without `$`;
//! - the same bytes for the same block: no times, paths or hosts.
//!
//! A module's name is `gyrus_` and: the kind of unit for the arithmetic ones; kind, width and
//! depth for a memory; kind and width of the output for other blocks written in Verilog; else the
//! field that holds the first instance. Different modules of one name get `_v2`, `_v3`.
//!
//! | file | what it does |
//! |---|---|
//! | `walk` | visits all blocks, children first, and finds the equal ones |
//! | `scope`, `expression`, `body` | names, expressions and statements: the logic of one block |
//! | `module` | prints one module |
//! | `names` | legal names |
//! | `design` | the whole: text, counts, files |

mod body;
mod design;
mod error;
mod expression;
mod module;
mod names;
mod scope;
mod walk;

pub use design::{Design, LINT_WAIVERS, Manifest, MemoryBits, Port, write_files};
pub use error::EmitError;

use crate::arith::{
    AddMod, Correct, Excess, Fold, Limbs, MulLazy, MulMod, MulRoot64, Normalise, Reduce128, SubMod,
};
use crate::decompose;
use crate::mac::PairMac;
use crate::ntt::{ForwardButterfly, InverseButterfly, PlainButterfly};
use crate::switch_modulus::SwitchModulus;
use rust_hdl::prelude::{Block, check_all};
use walk::Modules;

/// Makes Verilog of a connected block; `name` becomes the top module.
///
/// # Errors
///
/// The block fails Rust-HDL's checks, has more than one clock, or uses what cannot be written.
pub fn verilog(block: &impl Block, name: &str) -> Result<Design, EmitError> {
    names::check(name, name)?;
    check_all(block)?;
    let mut modules = Modules::default();
    // Met first, these give their kinds to all that equal them.
    modules.add("correct", &Correct::default())?;
    modules.add("fold", &Fold::default())?;
    modules.add("add_mod", &AddMod::default())?;
    modules.add("sub_mod", &SubMod::default())?;
    modules.add("mul_root64", &MulRoot64::default())?;
    modules.add("reduce128", &Reduce128::default())?;
    modules.add("limbs", &Limbs::default())?;
    let (multiplier, _) = modules.add("mul_lazy", &MulLazy::default())?;
    modules.add("mul_mod", &MulMod::default())?;
    modules.add("excess", &Excess::default())?;
    modules.add("normalise", &Normalise::default())?;
    modules.add("plain_butterfly", &PlainButterfly::default())?;
    for shift_register in [false, true] {
        modules.add("forward_butterfly", &ForwardButterfly::new(shift_register))?;
        modules.add("inverse_butterfly", &InverseButterfly::new(shift_register))?;
    }
    modules.add("pair_mac", &PairMac::default())?;
    modules.add("decompose_lane", &decompose::Lane::default())?;
    modules.add("switch_modulus", &SwitchModulus::default())?;
    let (top, blocks) = modules.add(name, block)?;
    Ok(Design::new(name, &modules, top, blocks, multiplier))
}

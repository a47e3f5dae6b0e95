//! What a design takes on a part, by Yosys, in pieces small enough to be done in minutes and often enough to be
//! exact.
//!
//! A design of many lanes has the same units over and over: a butterfly, a multiplier. Each is synthesised once for
//! each way in which it stands in the design: an input that is always the same there, a butterfly's factor, and an
//! output that nobody reads make it smaller, as they do where a tool takes the design as one. What a unit is:
//! [`hierarchy`]. Memories are left out and counted by calculation. Results are kept by the text of the unit, so that
//! what has been seen before, in another design too, takes no time.
//!
//! Nothing else is optimised across units, so the counts are a little higher than those of a design taken as one;
//! [`Synthesis::paired`] of the LUTs can be placed two by two.

mod cache;
mod hierarchy;
mod memory;
mod run;
#[cfg(test)]
mod tests;
mod variant;

pub use memory::{Blocks, MemoryShape};
pub use run::Tool;

use crate::netlist::{NetlistError, Path};
use crate::process::ProcessError;
use hierarchy::Hierarchy;
use std::collections::BTreeMap;
use thiserror::Error;
use variant::Variants;

/// Why there are no counts.
#[derive(Debug, Error)]
pub enum SynthesisError {
    /// The text is not as our emitter writes it.
    #[error("the emitted text cannot be taken apart: {0}")]
    Text(String),
    /// No such module.
    #[error("the design has no module '{0}'")]
    NoModule(String),
    /// Yosys, or a file.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Its netlist.
    #[error(transparent)]
    Netlist(#[from] NetlistError),
}

/// What a design, or a part of it, takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synthesis {
    /// LUTs as logic, one each function.
    pub lut: u64,
    /// Of these, LUTs that can be placed two by two.
    pub paired: u64,
    /// LUTs as shift registers and small memories.
    pub memory_lut: u64,
    /// Flip-flops.
    pub ff: u64,
    /// Carry blocks.
    pub carry: u64,
    /// DSP blocks.
    pub dsp: u64,
    /// Larger memories, by their shape.
    pub memories: BTreeMap<MemoryShape, u64>,
    /// The longest path between registers, and the module that it is in.
    pub deepest: Option<(Path, String)>,
}

impl Synthesis {
    /// Adds so many of another.
    pub fn add(&mut self, other: &Self, times: u64) {
        self.lut += times * other.lut;
        self.paired += times * other.paired;
        self.memory_lut += times * other.memory_lut;
        self.ff += times * other.ff;
        self.carry += times * other.carry;
        self.dsp += times * other.dsp;
        if other.deepest > self.deepest {
            self.deepest.clone_from(&other.deepest);
        }
        for (shape, count) in &other.memories {
            *self.memories.entry(*shape).or_default() += times * count;
        }
    }

    /// Places for LUTs, if all pairs are placed as pairs.
    #[must_use]
    pub fn lut_places(&self) -> u64 {
        self.lut - self.paired / 2 + self.memory_lut
    }
}

/// What a design takes, and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown {
    /// All.
    pub total: Synthesis,
    /// By the path of modules: `core/forward` is inside `core`, `core/(between)` what is there beside modules.
    pub parts: BTreeMap<String, Synthesis>,
}

/// The larger memories of an emitted design, by their shape.
///
/// # Errors
/// [`SynthesisError`] if the text cannot be taken apart.
pub fn memories(text: &str, top: &str) -> Result<BTreeMap<MemoryShape, u64>, SynthesisError> {
    Hierarchy::new(text)?.memories(top)
}

/// Synthesises an emitted design. `progress` is told how many units are done and how many are known.
///
/// # Errors
/// [`SynthesisError`] if Yosys is missing, fails or takes too long, or a file cannot be written.
pub fn synthesise(
    tool: &Tool,
    text: &str,
    top: &str,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Breakdown, SynthesisError> {
    let hierarchy = Hierarchy::new(text)?;
    let variants = Variants::of(tool, &hierarchy, top, progress)?;
    variants.breakdown(top)
}

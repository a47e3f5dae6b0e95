//! The designs that the `gyrus-hdl` command knows: one list.

use crate::arith::{AddMod, MulMod, MulRoot64, Reduce128, SubMod};
use crate::blind_rotate::{BuildError, CoreParameters};
use crate::emit::{self, Design, EmitError};
use crate::trace::{self, FromWord, TraceError, Unit};
use rust_hdl::prelude::Block;
use thiserror::Error;

/// The design that is meant when none is named.
pub const CORE: &str = "core";

/// Makes a waveform of so many cycles, with random operands from this seed.
pub type Trace = fn(cycles: u64, seed: u64) -> Result<Vec<u8>, TraceError>;

/// A design.
pub struct Entry {
    /// The name on the command line; the top module is [`Entry::top`].
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Builds it under the name of its top module.
    pub emit: fn(&str, &CoreParameters) -> Result<Design, CatalogueError>,
    /// Makes a waveform, if the design has a stimulus.
    pub trace: Option<Trace>,
}

impl Entry {
    /// The name of the top module.
    #[must_use]
    pub fn top(&self) -> String {
        format!("gyrus_{}", self.name)
    }
}

/// All designs.
pub const DESIGNS: &[Entry] = &[
    Entry {
        name: CORE,
        about: "a batch of blind rotations, from LWE words to LWE words",
        emit: core,
        trace: None,
    },
    entry::<AddMod>("add_mod", "a + b modulo q"),
    entry::<SubMod>("sub_mod", "a - b modulo q"),
    entry::<MulMod>("mul_mod", "x * y modulo q"),
    entry::<MulRoot64>("mul_root64", "x * 8^index modulo q"),
    entry::<Reduce128>("reduce128", "a 128-bit x modulo q"),
];

/// The ports of the arithmetic units.
macro_rules! units {
    ($($block: ty: $($operand: ident),+;)+) => {
        $(
            impl Unit for $block {
                const LATENCY: usize = <$block>::LATENCY;

                fn set_clock(&mut self, level: bool) {
                    self.clock.next = level.into();
                }

                fn set_inputs(&mut self, valid: bool, word: &mut dyn FnMut() -> u128) {
                    self.valid_in.next = valid;
                    $(self.$operand.next = FromWord::from_word(word());)+
                }
            }
        )+
    };
}

units! {
    AddMod: a, b;
    SubMod: a, b;
    MulMod: x, y;
    MulRoot64: x, index;
    Reduce128: x;
}

/// An arithmetic unit, the same for all parameters.
const fn entry<U: Unit>(name: &'static str, about: &'static str) -> Entry {
    Entry {
        name,
        about,
        emit: |name, _| {
            let mut unit = U::default();
            unit.connect_all();
            Ok(emit::verilog(&unit, name)?.latency("result", U::LATENCY))
        },
        trace: Some(trace::vcd::<U>),
    }
}

/// The blind rotation.
fn core(name: &str, parameters: &CoreParameters) -> Result<Design, CatalogueError> {
    let mut core = parameters.build()?;
    core.connect_all();
    let latencies = core.latencies();
    let design = emit::verilog(&core, name)?
        .parameter("lanes", parameters.lanes)
        .parameter("max_polynomial_size", 1_u64 << parameters.max_log2_n)
        .parameter("slots", parameters.slots)
        .parameter("levels", parameters.levels)
        .parameter("beat_words", parameters.beat_words)
        .latency("read_to_digits", latencies.read + latencies.decompose)
        .latency("forward_transform", latencies.forward)
        .latency("multiply_accumulate", latencies.mac)
        .latency("inverse_transform", latencies.inverse)
        .latency("accumulate", latencies.add)
        .latency("turn", latencies.total());
    Ok(design)
}

/// What is not in the catalogue, or cannot be built.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// No such size.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The design cannot be written.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// No such design.
    #[error("there is no unit '{0}'; choose one of: {list}", list = names(|_| true))]
    Unknown(String),
    /// The design cannot be traced.
    #[error("unit '{0}' has no stimulus; choose one of: {list}", list = names(|e| e.trace.is_some()))]
    NoStimulus(String),
}

/// The names of some designs.
fn names(which: impl Fn(&Entry) -> bool) -> String {
    let chosen = DESIGNS.iter().filter(|entry| which(entry));
    let names: Vec<&str> = chosen.map(|entry| entry.name).collect();
    names.join(", ")
}

/// All designs, one a line, for a help text.
#[must_use]
pub fn summary() -> String {
    let lines = DESIGNS
        .iter()
        .map(|entry| format!("  {:<12}{}\n", entry.name, entry.about));
    format!("Units:\n{}", lines.collect::<String>())
}

/// Finds a design.
///
/// # Errors
///
/// There is none of that name.
pub fn find(name: &str) -> Result<&'static Entry, CatalogueError> {
    let found = DESIGNS.iter().find(|entry| entry.name == name);
    found.ok_or_else(|| CatalogueError::Unknown(name.to_owned()))
}

//! The designs that the `gyrus-hdl` command knows: one list.

use crate::arith::{AddMod, MulMod, MulRoot64, Reduce128, SubMod};
use crate::emit::{self, Design, EmitError};
use crate::trace::{self, FromWord, TraceError, Unit};
use std::fmt::{self, Display, Formatter};
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
    pub emit: fn(&str, &Parameters) -> Result<Design, EmitError>,
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

/// What a design is built with.
#[derive(Clone, Copy, Debug)]
pub struct Parameters {
    /// Coefficients in one cycle.
    pub lanes: Lanes,
}

/// A number of lanes that the accelerator can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes(usize);

/// The numbers of lanes that there are.
pub const LANES: [usize; 7] = [2, 4, 8, 16, 32, 64, 128];

impl Lanes {
    /// The number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

impl TryFrom<usize> for Lanes {
    type Error = CatalogueError;

    fn try_from(lanes: usize) -> Result<Self, CatalogueError> {
        if LANES.contains(&lanes) {
            Ok(Self(lanes))
        } else {
            Err(CatalogueError::Lanes(lanes))
        }
    }
}

impl Display for Lanes {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, to)
    }
}

/// What is not in the catalogue.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// No such number of lanes.
    #[error("{0} lanes cannot be built; choose one of {LANES:?}")]
    Lanes(usize),
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

//! The designs that the `gyrus-hdl` command knows: one list.

use crate::accumulator::Accumulator;
use crate::arith::{AddMod, MulLazy, MulMod, MulRoot64, Normalise, Reduce128, SubMod};
use crate::blind_rotate::{BuildError, CoreParameters};
use crate::card::{Card, CardError, CardParameters};
use crate::emit::{self, Design, EmitError};
use crate::key_store::KeyStore;
use crate::keyswitch::{self, KeySwitch, KeySwitchError};
use crate::mac::Mac;
use crate::ntt::{Direction, ForwardButterfly, InverseButterfly, Transform};
use crate::serial::SerialCore;
use crate::trace::{self, FromWord, TraceError, Unit};
use gyrus_interface::layout::Checksum;
use rust_hdl::prelude::Block;
use thiserror::Error;

/// The design that is meant when none is named.
pub const CORE: &str = "core";

/// The whole card.
pub const CARD: &str = "card";

/// Where a waveform comes from.
#[derive(Clone, Copy)]
pub enum Trace {
    /// The Rust-HDL simulation, as VCD: so many cycles, with random operands from this seed.
    Operands(fn(cycles: u64, seed: u64) -> Result<Vec<u8>, TraceError>),
    /// The emitted core under Verilator, as FST: see [`crate::verilate::trace`].
    Rotation,
}

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
        emit: emit_core,
        trace: Some(Trace::Rotation),
    },
    Entry {
        name: CARD,
        about: "all of it: registers, rings, key switch and blind rotation",
        emit: card,
        trace: None,
    },
    Entry {
        name: "forward_transform",
        about: "coefficients to values, P a cycle",
        emit: |name, parameters| transform(name, parameters, Direction::Forward),
        trace: None,
    },
    Entry {
        name: "inverse_transform",
        about: "values to coefficients times N, P a cycle",
        emit: |name, parameters| transform(name, parameters, Direction::Inverse),
        trace: None,
    },
    Entry {
        name: "mac",
        about: "values times the key, summed over the levels",
        emit: mac,
        trace: None,
    },
    Entry {
        name: "accumulator",
        about: "the memory of the ciphertexts in flight",
        emit: accumulator,
        trace: None,
    },
    Entry {
        name: "key_store",
        about: "the double buffer of key slices",
        emit: key_store,
        trace: None,
    },
    Entry {
        name: "keyswitch",
        about: "LWE ciphertexts from k N to n words of mask",
        emit: keyswitch,
        trace: None,
    },
    Entry {
        name: "forward_butterfly",
        about: "a + b 8^index and a - b 8^index",
        emit: |name, _| unit(name, ForwardButterfly::new(true)),
        trace: Some(Trace::Operands(|cycles, seed| {
            trace::vcd(ForwardButterfly::new(true), cycles, seed)
        })),
    },
    Entry {
        name: "inverse_butterfly",
        about: "a + b and (a - b) / 8^index",
        emit: |name, _| unit(name, InverseButterfly::new(true)),
        trace: Some(Trace::Operands(|cycles, seed| {
            trace::vcd(InverseButterfly::new(true), cycles, seed)
        })),
    },
    entry::<MulLazy>("mul_lazy", "x * y as a lazy residue"),
    entry::<Normalise>("normalise", "a lazy residue and a word as 64 bits"),
    entry::<AddMod>("add_mod", "a + b modulo q"),
    entry::<SubMod>("sub_mod", "a - b modulo q"),
    entry::<MulMod>("mul_mod", "x * y modulo q"),
    entry::<MulRoot64>("mul_root64", "x * 8^index modulo q"),
    entry::<Reduce128>("reduce128", "a 128-bit x modulo q"),
];

/// The ports of the units without lanes: `valid_in`, if there is one, and operands.
macro_rules! units {
    ($($block: ty, $latency: expr, $($valid: ident)? => $($operand: ident),+;)+) => {
        $(
            impl Unit for $block {
                const LATENCY: usize = $latency;

                fn set_clock(&mut self, level: bool) {
                    self.clock.next = level.into();
                }

                fn set_inputs(&mut self, _valid: bool, word: &mut dyn FnMut() -> u128) {
                    $(self.$valid.next = _valid;)?
                    $(self.$operand.next = FromWord::from_word(word());)+
                }
            }
        )+
    };
}

units! {
    AddMod, AddMod::LATENCY, valid_in => a, b;
    SubMod, SubMod::LATENCY, valid_in => a, b;
    MulMod, MulMod::LATENCY, valid_in => x, y;
    MulRoot64, MulRoot64::LATENCY, valid_in => x, index;
    Reduce128, Reduce128::LATENCY, valid_in => x;
    MulLazy, MulLazy::LATENCY, => x, y;
    Normalise, Normalise::LATENCY, => residue, addend;
    ForwardButterfly, ForwardButterfly::latency(true), => enable, index, a, b;
    InverseButterfly, InverseButterfly::latency(true), => enable, index, a, b;
}

/// A unit that is the same for all parameters.
const fn entry<U: Unit + Default>(name: &'static str, about: &'static str) -> Entry {
    Entry {
        name,
        about,
        emit: |name, _| unit(name, U::default()),
        trace: Some(Trace::Operands(|cycles, seed| {
            trace::vcd(U::default(), cycles, seed)
        })),
    }
}

fn unit<U: Unit>(name: &str, unit: U) -> Result<Design, CatalogueError> {
    Ok(design(name, unit)?.latency("result", U::LATENCY))
}

fn design(name: &str, mut block: impl Block) -> Result<Design, EmitError> {
    block.connect_all();
    emit::verilog(&block, name)
}

fn transform(
    name: &str,
    parameters: &CoreParameters,
    direction: Direction,
) -> Result<Design, CatalogueError> {
    let transform = Transform::new(&parameters.shape()?, direction);
    let latency = transform.latency();
    Ok(sized(design(name, transform)?, parameters).latency("y", latency))
}

fn mac(name: &str, parameters: &CoreParameters) -> Result<Design, CatalogueError> {
    let design = design(name, Mac::new(&parameters.shape()?))?;
    Ok(sized(design, parameters).latency("z", Mac::LATENCY))
}

fn accumulator(name: &str, parameters: &CoreParameters) -> Result<Design, CatalogueError> {
    let CoreParameters {
        lanes,
        max_log2_n,
        slots,
        ..
    } = *parameters;
    let accumulator = Accumulator::new(lanes, max_log2_n, slots).map_err(BuildError::from)?;
    Ok(sized(design(name, accumulator)?, parameters)
        .parameter("slots", slots)
        .latency("difference", Accumulator::READ_LATENCY)
        .latency("add", Accumulator::ADD_LATENCY))
}

fn key_store(name: &str, parameters: &CoreParameters) -> Result<Design, CatalogueError> {
    let shape = parameters.shape()?;
    let rows = shape.pass_cycles(parameters.max_log2_n) * parameters.levels;
    let store =
        KeyStore::new(shape.pairs(), rows, parameters.beat_words).map_err(BuildError::from)?;
    let verify = store.verify_latency();
    Ok(sized(design(name, store)?, parameters)
        .parameter("levels", parameters.levels)
        .parameter("beat_words", parameters.beat_words)
        .latency("key", KeyStore::READ_LATENCY)
        .latency("slice_ready", verify))
}

/// As wide as the core of so many lanes needs it.
fn keyswitch(name: &str, parameters: &CoreParameters) -> Result<Design, CatalogueError> {
    let key_words = keyswitch::key_words(parameters)?;
    let unit = KeySwitch::new(parameters.slots, keyswitch::MAX_ROWS, key_words)?;
    Ok(design(name, unit)?
        .parameter("slots", parameters.slots)
        .parameter("rows", keyswitch::MAX_ROWS)
        .parameter("key_words", key_words))
}

/// With what every unit with lanes is built for.
fn sized(design: Design, parameters: &CoreParameters) -> Design {
    design
        .parameter("lanes", parameters.lanes)
        .parameter("max_polynomial_size", 1_u64 << parameters.max_log2_n)
}

/// The card that goes with a core.
fn card(name: &str, parameters: &CoreParameters) -> Result<Design, CatalogueError> {
    let card = CardParameters::for_core(*parameters)?;
    let design = sized(emit_card(name, &card)?, parameters)
        .parameter("slots", parameters.slots)
        .parameter("levels", parameters.levels)
        .parameter("key_channels", card.key.count as usize)
        .parameter("key_channel_words", card.key.words as usize)
        .parameter("keyswitch_channels", card.keyswitch.count as usize)
        .parameter("keyswitch_channel_words", card.keyswitch.words as usize)
        .parameter("read_ahead", card.read_ahead)
        .parameter("lut_slots", card.lut_slots as usize)
        .parameter("max_batch", card.max_batch as usize)
        .parameter("bank_log2", card.bank_log2 as usize)
        .parameter("memory_pages", card.memory_pages as usize);
    Ok(design)
}

/// A card's Verilog. What it says of its build is the checksum of its text with a build of 0 there.
///
/// # Errors
/// [`CatalogueError`] for sizes that there is no card for.
pub fn emit_card(name: &str, card: &CardParameters) -> Result<Design, CatalogueError> {
    let emit = |build: u32| -> Result<Design, CatalogueError> {
        let mut block = Card::new(card, build)?;
        block.connect_all();
        Ok(emit::verilog(&block, name)?)
    };
    let text = emit(0)?.verilog();
    emit(Checksum::default().bytes(text.as_bytes()).value())
}

/// The Verilog of a core behind a serial line, a bit of which takes so many cycles.
///
/// # Errors
/// [`CatalogueError`] for sizes that there is no core for.
pub fn emit_serial(
    name: &str,
    parameters: &CoreParameters,
    bit_cycles: u16,
) -> Result<Design, CatalogueError> {
    let mut serial = SerialCore::new(parameters, bit_cycles)?;
    serial.connect_all();
    let design = sized(emit::verilog(&serial, name)?, parameters)
        .parameter("slots", parameters.slots)
        .parameter("levels", parameters.levels)
        .parameter("bit_cycles", bit_cycles);
    Ok(design)
}

/// A core's Verilog.
///
/// # Errors
/// [`CatalogueError`] for sizes that there is no core for.
pub fn emit_core(name: &str, parameters: &CoreParameters) -> Result<Design, CatalogueError> {
    let mut core = parameters.build()?;
    core.connect_all();
    let latencies = core.latencies();
    let design = sized(emit::verilog(&core, name)?, parameters)
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
    /// No such key switch.
    #[error(transparent)]
    KeySwitch(#[from] KeySwitchError),
    /// No such card.
    #[error(transparent)]
    Card(#[from] CardError),
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
        .map(|entry| format!("  {:<19}{}\n", entry.name, entry.about));
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

//! Netlists of mapped cells, as Yosys' `write_json` has them: what they take on a part, and how deep they are.

mod depth;
mod pack;

pub use depth::Path;

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Why a netlist cannot be read.
#[derive(Debug, Error)]
pub enum NetlistError {
    /// It is not what `write_json` writes.
    #[error("Yosys' netlist cannot be read")]
    Json(#[from] serde_json::Error),
    /// A cell that no table here knows.
    #[error("module '{module}' has a cell of the unknown kind {kind}")]
    Kind {
        /// The module.
        module: String,
        /// The kind.
        kind: String,
    },
    /// A loop without a register.
    #[error("the logic of module '{0}' goes round in a loop")]
    Loop(String),
}

/// A net within its module, or a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Bit {
    Net(u64),
    /// False where the netlist does not care.
    Constant(bool),
}

/// What a cell does to paths and to the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A LUT, whatever its inputs.
    Lut,
    /// Carry logic of four or eight bits.
    Carry,
    /// A multiplexer of the slice, an inverter, a buffer: no count, no level.
    Free,
    /// A flip-flop.
    Register,
    /// A LUT used as a shift register or memory; so many LUTs.
    MemoryLut(u64),
    /// A DSP block.
    Dsp,
    /// Block RAM; so many halves of 18 kbit.
    Ram18(u64),
    /// UltraRAM.
    UltraRam,
    /// A module of the design.
    Instance,
}

/// Kinds of cells of AMD parts.
fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6" => Kind::Lut,
        "CARRY4" | "CARRY8" => Kind::Carry,
        "INV" | "BUFG" | "IBUF" | "OBUF" | "MUXF7" | "MUXF8" | "MUXF9" => Kind::Free,
        "FDRE" | "FDSE" | "FDCE" | "FDPE" => Kind::Register,
        "SRL16E" | "SRLC32E" | "RAM64X1S" => Kind::MemoryLut(1),
        "RAM64X1D" | "RAM128X1S" => Kind::MemoryLut(2),
        "RAM32M" | "RAM64M" | "RAM128X1D" | "RAM256X1S" => Kind::MemoryLut(4),
        "RAM32M16" | "RAM64M8" | "RAM256X1D" | "RAM512X1S" | "RAM32X16DR8" | "RAM64X8SW" => {
            Kind::MemoryLut(8)
        }
        "DSP48E1" | "DSP48E2" => Kind::Dsp,
        "RAMB18E1" | "RAMB18E2" => Kind::Ram18(1),
        "RAMB36E1" | "RAMB36E2" => Kind::Ram18(2),
        "URAM288" => Kind::UltraRam,
        _ => return None,
    })
}

/// A cell of a module.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) kind: Kind,
    /// Its type in the netlist.
    pub(crate) name: String,
    pub(crate) inputs: Vec<Bit>,
    pub(crate) outputs: Vec<Bit>,
    /// Of an instance: its ports.
    pub(crate) ports: BTreeMap<String, Vec<Bit>>,
}

/// A module: its cells, and its ports.
#[derive(Debug)]
pub struct Module {
    /// Its name.
    pub name: String,
    pub(crate) cells: Vec<Cell>,
    pub(crate) outputs: Vec<Bit>,
}

/// What a module's own cells take; instances are not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// LUTs by cells.
    pub lut: u64,
    /// Of these, LUTs that find a partner: two of at most five inputs together fit into one.
    pub paired: u64,
    /// Flip-flops.
    pub ff: u64,
    /// LUTs used as shift registers or memory.
    pub memory_lut: u64,
    /// Carry blocks.
    pub carry: u64,
    /// DSP blocks.
    pub dsp: u64,
    /// Block RAM in halves of 18 kbit.
    pub ram18: u64,
    /// UltraRAMs.
    pub ultraram: u64,
}

#[derive(Deserialize)]
struct Document {
    modules: BTreeMap<String, Raw>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    ports: BTreeMap<String, RawPort>,
    #[serde(default)]
    cells: BTreeMap<String, RawCell>,
}

#[derive(Deserialize)]
struct RawPort {
    direction: String,
    bits: Vec<RawBit>,
}

#[derive(Deserialize)]
struct RawCell {
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    port_directions: BTreeMap<String, String>,
    connections: BTreeMap<String, Vec<RawBit>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawBit {
    Net(u64),
    Constant(String),
}

impl From<&RawBit> for Bit {
    fn from(bit: &RawBit) -> Self {
        match bit {
            RawBit::Net(net) => Self::Net(*net),
            RawBit::Constant(value) => Self::Constant(value == "1"),
        }
    }
}

impl Raw {
    fn module(self, name: String) -> Result<Module, NetlistError> {
        let of = |port: &RawPort| port.bits.iter().map(Bit::from).collect::<Vec<_>>();
        let ports = self.ports.values();
        let outputs = ports.filter(|port| port.direction == "output").flat_map(of);
        let outputs = outputs.collect();
        let mut cells = Vec::with_capacity(self.cells.len());
        for cell in self.cells.into_values() {
            let kind = match kind(&cell.name) {
                Some(kind) => kind,
                None if cell.name.starts_with(OURS) => Kind::Instance,
                None => {
                    let (module, kind) = (name, cell.name);
                    return Err(NetlistError::Kind { module, kind });
                }
            };
            let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
            for (port, bits) in &cell.connections {
                let direction = cell.port_directions.get(port).map(String::as_str);
                let list = match direction {
                    Some("output") => &mut outputs,
                    _ => &mut inputs,
                };
                list.extend(bits.iter().map(Bit::from));
            }
            let ports = match kind {
                Kind::Instance => cell.connections.iter(),
                _ => Default::default(),
            };
            let bits = |bits: &Vec<RawBit>| bits.iter().map(Bit::from).collect();
            let ports = ports.map(|(port, list)| (port.clone(), bits(list)));
            cells.push(Cell {
                kind,
                ports: ports.collect(),
                name: cell.name,
                inputs,
                outputs,
            });
        }
        Ok(Module {
            name,
            cells,
            outputs,
        })
    }
}

/// What the names of all emitted modules begin with.
const OURS: &str = "gyrus_";

/// Those modules of a netlist that are wanted.
///
/// # Errors
/// [`NetlistError`] if the text is no netlist, or has a cell that is neither an AMD part's nor a module of ours.
pub fn parse(text: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<Module>, NetlistError> {
    let document: Document = serde_json::from_str(text)?;
    let modules = document.modules.into_iter();
    modules
        .filter(|(name, _)| wanted(name))
        .map(|(name, raw)| raw.module(name))
        .collect()
}

impl Module {
    /// What its own cells take.
    #[must_use]
    pub fn count(&self) -> Count {
        let mut count = Count {
            paired: pack::paired(self),
            ..Count::default()
        };
        for cell in &self.cells {
            match cell.kind {
                Kind::Lut => count.lut += 1,
                Kind::Carry => count.carry += 1,
                Kind::Free | Kind::Instance => (),
                Kind::Register => count.ff += 1,
                Kind::MemoryLut(luts) => count.memory_lut += luts,
                Kind::Dsp => count.dsp += 1,
                Kind::Ram18(halves) => count.ram18 += halves,
                Kind::UltraRam => count.ultraram += 1,
            }
        }
        count
    }

    /// Nets that are read.
    pub(crate) fn read(&self) -> BTreeSet<Bit> {
        let inputs = self.cells.iter().flat_map(|cell| &cell.inputs);
        inputs.chain(&self.outputs).copied().collect()
    }

    /// Its longest path between registers, memories, DSP blocks, ports and instances.
    ///
    /// # Errors
    /// [`NetlistError::Loop`] if there is no end to it.
    pub fn longest_path(&self) -> Result<Path, NetlistError> {
        depth::longest(self)
    }
}

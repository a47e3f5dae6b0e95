//! The boards that a card may be built for: what `bitstreams/<board>/board.toml` says of each.
//!
//! The files are part of the program, so that nothing has to be there when it runs. Their comments have the source
//! of every figure. A key that is not known here, or is missing, is refused.

pub mod constraints;
pub mod ecp5;
mod elaborate;
pub mod flow;
pub mod mig;
pub mod netlist;
mod process;
pub mod resources;
mod shell;
pub mod synthesis;
pub mod tcl;
pub mod wrapper;

pub use elaborate::{ElaborateError, elaborate};
pub use process::ProcessError;
pub use shell::{Outside, Shell, ShellError};

use gyrus_hdl::blind_rotate::CoreParameters;
use gyrus_hdl::card::{CardError, CardParameters};
use serde::Deserialize;
use thiserror::Error;

/// Bytes of a page, in which a card counts its memory.
const PAGE_BYTES: u64 = 4096;

/// The files, in the order in which boards are listed.
const FILES: [(&str, &str); 5] = [
    ("u280", include_str!("../u280/board.toml")),
    ("u55c", include_str!("../u55c/board.toml")),
    ("f2", include_str!("../f2/board.toml")),
    ("v80", include_str!("../v80/board.toml")),
    ("acorn", include_str!("../acorn/board.toml")),
];

/// Why the facts of a board cannot be used.
#[derive(Debug, Error, PartialEq)]
pub enum BoardError {
    /// The file is no TOML, or has other keys or values than [`Board`].
    #[error("the facts of board '{folder}' cannot be read")]
    File {
        /// The board's folder.
        folder: String,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// The file is another board's.
    #[error("the facts of board '{folder}' are those of '{name}'")]
    Name {
        /// The board's folder.
        folder: String,
        /// Whose facts they are.
        name: String,
    },
}

/// A board.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// What it is called on a command line; its folder.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Its FPGA.
    pub fpga: Fpga,
    /// What the FPGA has, by its dies (super logic regions) from the bottom up.
    #[serde(rename = "slr")]
    pub slrs: Vec<Resources>,
    /// What the vendor's parts around the card take, an estimate.
    pub platform: Resources,
    /// What a design may take.
    pub budget: Budget,
    /// The maker's own logic on the FPGA, if there has to be any.
    pub shell: Option<ShellShare>,
    /// What is assumed of a card on this board.
    pub assumed: Assumed,
    /// The memory that keys are read from.
    pub memory: Memory,
    /// The way to the host.
    pub pcie: Pcie,
    /// How a design gets onto the board.
    pub programming: Programming,
}

/// An FPGA.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fpga {
    /// What people call it.
    pub device: String,
    /// The vendor's number: device, package, speed grade, as vendor tools take it.
    pub part: String,
    /// Yosys' family, for `synth_xilinx -family`; Yosys has none for Versal.
    pub yosys: Option<Family>,
}

/// A family of `synth_xilinx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// UltraScale+.
    Xcup,
    /// The 7 series.
    Xc7,
}

/// Numbers of an FPGA's elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// LUTs of six inputs.
    pub lut: u64,
    /// Flip-flops.
    pub ff: u64,
    /// DSP blocks: DSP48E1 on the 7 series, DSP48E2 on UltraScale+, DSP58 on Versal.
    pub dsp: u64,
    /// Block RAMs of 36 kbit, each of which is two of 18 kbit.
    pub bram36: u64,
    /// UltraRAMs of 288 kbit.
    pub uram: u64,
}

/// The share of each resource, 0 to 1, that a design may take and still be placed and routed at its clock.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Of LUTs.
    pub lut: f64,
    /// Of flip-flops.
    pub ff: f64,
    /// Of DSP blocks.
    pub dsp: f64,
    /// Of block RAMs.
    pub bram36: f64,
    /// Of UltraRAMs.
    pub uram: f64,
}

/// Logic of the board's maker that has to be on the FPGA.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShellShare {
    /// What vendor/shells.toml calls it.
    pub name: String,
    /// The share of each resource that it leaves, 0 to 1.
    pub usable: f64,
}

/// What is assumed of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// Its clock, MHz.
    pub clock_mhz: u32,
    /// Coefficients that it takes a cycle.
    pub lanes: u32,
    /// Decomposition levels at most, where memory on the FPGA is short; else what a card of these lanes has.
    pub levels: Option<usize>,
    /// Ciphertexts in flight, likewise.
    pub slots: Option<usize>,
}

/// Card memory.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// What it is.
    pub kind: MemoryKind,
    /// Where it begins on the buses to it.
    #[serde(default)]
    pub base: u64,
    /// How much of it there is, bytes.
    pub bytes: u64,
    /// Channels that work at the same time; for HBM pseudo channels.
    pub channels: u32,
    /// What each can carry at most, GB/s of 10^9 bytes.
    pub channel_gb_per_second: f64,
    /// What all can carry at most, GB/s of 10^9 bytes: the maker's figure.
    pub gb_per_second: f64,
    /// AXI ports that logic reaches it by.
    pub ports: u32,
    /// Whether each of a card's channels has a port of its own; otherwise they share.
    pub direct: bool,
    /// log2 of the bytes from one bank, where a channel's image lies, to the next one.
    pub bank_log2: u32,
    /// Data bits of a port.
    pub port_bits: u32,
    /// A port's clock at which the ports carry the memory's rate, MHz.
    pub port_mhz: u32,
}

/// Kinds of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum MemoryKind {
    /// On the FPGA's package, second generation.
    #[serde(rename = "HBM2")]
    Hbm2,
    /// The same with faster pins.
    #[serde(rename = "HBM2e")]
    Hbm2e,
    /// Chips on the board.
    #[serde(rename = "DDR3")]
    Ddr3,
}

impl MemoryKind {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hbm2 => "HBM2",
            Self::Hbm2e => "HBM2e",
            Self::Ddr3 => "DDR3",
        }
    }
}

/// PCIe.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pcie {
    /// The widest links, one for each generation that a design may choose.
    pub links: Vec<Link>,
    /// What a link can carry at most in each direction, GB/s of 10^9 bytes.
    pub gb_per_second: f64,
    /// Where host memory begins on the bus to it.
    #[serde(default)]
    pub base: u64,
    /// The vendor ID that our card answers with.
    pub vendor_id: u16,
    /// The device ID that our card answers with.
    pub device_id: u16,
}

/// A PCIe link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// PCIe's generation.
    pub generation: u32,
    /// Lanes of the link, which are not those of the datapath.
    pub lanes: u32,
}

/// How a design gets onto a board.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programming {
    /// What vendor tools have to make.
    pub image: Image,
    /// Ways that it takes.
    pub ways: Vec<Way>,
}

/// What vendor tools make of a design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Image {
    /// A bitstream.
    Bit,
    /// A device image, as Versal has it.
    Pdi,
    /// A checkpoint, which the board's owner makes an image of.
    Dcp,
}

/// A way onto a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A cable, until power is lost.
    Jtag,
    /// A flash of four data lines, from which the FPGA loads itself.
    #[serde(rename = "spi-x4")]
    SpiX4,
    /// A flash of eight data lines, from which the FPGA loads itself.
    Ospi,
    /// An Amazon FPGA image.
    Afi,
}

impl Image {
    /// What the file's name ends with.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Bit => "bit",
            Self::Pdi => "pdi",
            Self::Dcp => "dcp",
        }
    }
}

impl Resources {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            lut: self.lut + other.lut,
            ff: self.ff + other.ff,
            dsp: self.dsp + other.dsp,
            bram36: self.bram36 + other.bram36,
            uram: self.uram + other.uram,
        }
    }
}

impl Fpga {
    /// The family whose synthesis stands for it: itself, or for Versal UltraScale+, as Yosys has nothing nearer.
    #[must_use]
    pub const fn model(&self) -> &'static str {
        match self.yosys {
            Some(Family::Xc7) => "xc7",
            Some(Family::Xcup) | None => "xcup",
        }
    }
}

impl Board {
    /// A card of so many lanes, as this board needs it.
    ///
    /// # Errors
    /// [`CardError`] if there is none of so many lanes.
    pub fn card(&self, lanes: u32, clock_mhz: u32) -> Result<CardParameters, CardError> {
        let pages = self.memory.bytes / PAGE_BYTES;
        let mut core = CoreParameters::for_lanes(lanes as usize)?;
        core.levels = self.assumed.levels.unwrap_or(core.levels);
        core.slots = self.assumed.slots.unwrap_or(core.slots);
        Ok(CardParameters {
            bank_log2: self.memory.bank_log2,
            memory_pages: u32::try_from(pages).unwrap_or(u32::MAX),
            clock_khz: clock_mhz.saturating_mul(1000),
            ..CardParameters::for_core(core)?
        })
    }

    /// Where the card's addresses lie on the platform's buses.
    #[must_use]
    pub fn places(&self) -> wrapper::Places {
        wrapper::Places {
            host: self.pcie.base,
            card: self.memory.base,
        }
    }

    /// What the FPGA has, the shell's part among it.
    #[must_use]
    pub fn resources(&self) -> Resources {
        let none = Resources::default();
        self.slrs.iter().copied().fold(none, Resources::plus)
    }

    /// The share of each resource that a design can have, 0 to 1.
    #[must_use]
    pub fn usable(&self) -> f64 {
        self.shell.as_ref().map_or(1.0, |shell| shell.usable)
    }
}

/// All boards, in the order in which they are listed.
///
/// # Errors
/// [`BoardError`] where a file is wrong, which the tests of this crate rule out.
pub fn all() -> Result<Vec<Board>, BoardError> {
    FILES
        .into_iter()
        .map(|(folder, text)| parse(folder, text))
        .collect()
}

/// The board of a folder, of which this is the file.
fn parse(folder: &str, text: &str) -> Result<Board, BoardError> {
    let board: Board = toml::from_str(text).map_err(|source| BoardError::File {
        folder: folder.to_owned(),
        source: Box::new(source),
    })?;
    if board.name != folder {
        return Err(BoardError::Name {
            folder: folder.to_owned(),
            name: board.name,
        });
    }
    Ok(board)
}

#[cfg(test)]
mod tests;

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
mod tests {
    use super::*;
    use gyrus_interface::pci;

    /// Within a share of the first.
    fn near(expected: f64, value: f64, share: f64) -> bool {
        (value - expected).abs() <= share * expected
    }

    /// GB/s of a link: the specification's rate of a lane and its line code.
    fn link_rate(link: Link) -> f64 {
        let (transfers, code) = match link.generation {
            1 => (2.5, 0.8),
            2 => (5.0, 0.8),
            3 => (8.0, 128.0 / 130.0),
            4 => (16.0, 128.0 / 130.0),
            5 => (32.0, 128.0 / 130.0),
            other => panic!("generation {other}"),
        };
        transfers * code / 8.0 * f64::from(link.lanes)
    }

    #[test]
    fn every_board() {
        let boards = all().unwrap();
        assert_eq!(boards.len(), FILES.len());
        for board in &boards {
            let name = &board.name;
            let device = board.fpga.device.split('-').next().unwrap();
            let part = board.fpga.part.split('-').next().unwrap();
            assert_eq!(device.to_lowercase(), part, "{name}");
            assert!((50..=1000).contains(&board.assumed.clock_mhz), "{name}");
            assert!(board.assumed.lanes.is_power_of_two(), "{name}");
            assert!(board.usable() > 0.5 && board.usable() <= 1.0, "{name}");
            assert!(!board.programming.ways.is_empty(), "{name}");
            for slr in &board.slrs {
                assert_eq!(slr.ff, 2 * slr.lut, "{name}");
            }
        }
    }

    /// Rates by other ways than the files: channels, ports, PCIe's specification.
    #[test]
    fn rates_add_up() {
        for board in all().unwrap() {
            let (name, memory, pcie) = (&board.name, &board.memory, &board.pcie);
            let channels = f64::from(memory.channels) * memory.channel_gb_per_second;
            assert!(near(memory.gb_per_second, channels, 1e-9), "{name}");
            let bits = f64::from(memory.ports * memory.port_bits);
            let ports = bits * f64::from(memory.port_mhz) / 8000.0;
            assert!(near(memory.gb_per_second, ports, 0.005), "{name}");
            assert!(memory.bytes.is_power_of_two(), "{name}");
            assert!(!pcie.links.is_empty(), "{name}");
            for link in &pcie.links {
                assert!(near(pcie.gb_per_second, link_rate(*link), 0.001), "{name}");
            }
        }
    }

    #[test]
    fn the_ids_that_drivers_look_for() {
        for board in all().unwrap() {
            let ids = (board.pcie.vendor_id, board.pcie.device_id);
            assert_eq!(ids, (pci::VENDOR_ID, pci::DEVICE_ID), "{}", board.name);
        }
    }

    /// Dies against figures for the whole device from elsewhere: AWS for the XCVU47P (accel_card_specs.png), DFVG
    /// for the V80, Vivado's reports for the XC7A200T.
    #[test]
    fn resources_as_printed_elsewhere() {
        let boards = all().unwrap();
        let of = |name: &str| {
            let board = boards.iter().find(|board| board.name == name);
            board.unwrap().resources()
        };
        let f2 = of("f2");
        assert_eq!(f2.lut.div_ceil(1000), 1304);
        assert_eq!(f2.dsp, 9024);
        assert!(near(70.9, f2.bram36 as f64 * 36.0 / 1024.0, 0.001));
        assert!(near(270.0, f2.uram as f64 * 288.0 / 1024.0, 0.001));
        assert_eq!(of("u280"), f2);
        assert_eq!(of("u55c"), f2);
        let v80 = of("v80");
        assert_eq!(
            (v80.lut / 1000, v80.ff / 1000, v80.dsp),
            (2574, 5148, 10_848)
        );
        let acorn = of("acorn");
        assert_eq!((acorn.lut, acorn.ff, acorn.dsp), (134_600, 269_200, 740));
        assert_eq!(acorn.bram36, 365);
    }

    #[test]
    fn other_keys_and_values_are_refused() {
        let (folder, text) = FILES[0];
        assert!(parse(folder, text).is_ok());
        for (from, to) in [
            ("lanes = 64", "lanes = 64\ncolour = 'red'"),
            ("name =", "colour = 'red'\nname ="),
            ("port_mhz = 450", ""),
            ("lut = 439_680", "lut = -1"),
            ("device_id = 0x6779", "device_id = 0x16779"),
            ("\"xcup\"", "\"versal\""),
            ("\"HBM2\"", "\"HBM3\""),
            ("[memory]", "[memory"),
        ] {
            let wrong = text.replacen(from, to, 1);
            assert_ne!(wrong, text, "{from}");
            let error = parse(folder, &wrong).unwrap_err();
            assert!(matches!(error, BoardError::File { .. }), "{from}: {error}");
        }
    }

    #[test]
    fn a_file_in_another_folder_is_refused() {
        let error = parse("u55c", FILES[0].1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the facts of board 'u55c' are those of 'u280'"
        );
    }
}

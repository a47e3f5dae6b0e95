//! The project file of AMD's memory interface generator (MIG) for the 7 series: XML, which says what the memory is, how
//! fast, and where its pins are.
//!
//! The generator itself is not at hand. What is checked is what contradicts itself, and what the rest of a board has to
//! agree with: the FPGA, the clock of the controller's port, its width, the memory's size, the pins.

use crate::process::{self, ProcessError};
use roxmltree::{Document, Node};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a project cannot be used.
#[derive(Debug, Error)]
pub enum MigError {
    /// The file cannot be read.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It is no XML.
    #[error("{} cannot be read", file.display())]
    Xml {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        source: roxmltree::Error,
    },
    /// An element is missing, is there twice, or has another value than it can.
    #[error("{}: {element} {what}", file.display())]
    Element {
        /// The file.
        file: PathBuf,
        /// The element, or the pin.
        element: String,
        /// What is wrong with it.
        what: String,
    },
}

/// A project of one controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The FPGA, as vendor tools take it.
    pub part: String,
    /// A period of the memory's clock, ps; data come at twice that rate.
    pub period_ps: u64,
    /// Periods of the memory's clock in one of the controller's port.
    pub periods: u64,
    /// The clock that it is all made from, MHz.
    pub input_mhz: u64,
    /// The memory, bytes.
    pub bytes: u64,
    /// The memory's data bits.
    pub data_bits: u64,
    /// The controller's port, data bits.
    pub port_bits: u64,
    /// Signals of the memory and of its clock, each with the package's pin.
    pub pads: BTreeMap<String, String>,
}

impl Project {
    /// The clock of the controller's port, MHz, if it is a whole number.
    #[must_use]
    pub fn port_mhz(&self) -> Option<u64> {
        let ps = self.period_ps * self.periods;
        let whole = ps > 0 && 1_000_000u64.is_multiple_of(ps);
        whole.then(|| 1_000_000 / ps)
    }
}

/// Reads a project.
///
/// # Errors
/// [`MigError`] says what is missing, or contradicts the rest.
pub fn read(file: &Path) -> Result<Project, MigError> {
    parse(file, &process::read(file)?)
}

fn parse(file: &Path, text: &str) -> Result<Project, MigError> {
    let document = Document::parse(text).map_err(|source| MigError::Xml {
        file: file.into(),
        source,
    })?;
    let reader = Reader {
        file,
        root: document.root_element(),
    };
    let ratio = reader.text("PHYRatio")?;
    let periods = match ratio {
        "4:1" => 4,
        "2:1" => 2,
        _ => return Err(reader.error("PHYRatio", format!("is '{ratio}', must be 4:1 or 2:1"))),
    };
    let data_bits = reader.number("DataWidth")?;
    let mut address_bits = 0;
    for part in ["RowAddress", "ColAddress", "BankAddress"] {
        address_bits += reader.number(part)?;
    }
    let words = u32::try_from(address_bits)
        .ok()
        .and_then(|bits| 1u64.checked_shl(bits));
    let bytes = words.and_then(|words| Some(words.checked_mul(data_bits)? / 8));
    let said = reader.number("C0_MEM_SIZE")?;
    if bytes != Some(said) {
        let what = format!("is {said}, but rows, columns and banks make {bytes:?}");
        return Err(reader.error("C0_MEM_SIZE", what));
    }
    let port_address = reader.number("C0_S_AXI_ADDR_WIDTH")?;
    let reached = u32::try_from(port_address)
        .ok()
        .and_then(|bits| 1u64.checked_shl(bits));
    if reached != Some(said) {
        let what = format!("is {port_address}, but the memory has {said} bytes");
        return Err(reader.error("C0_S_AXI_ADDR_WIDTH", what));
    }
    Ok(Project {
        part: reader.text("TargetFPGA")?.replace("/-", "-"),
        period_ps: reader.number("TimePeriod")?,
        periods,
        input_mhz: reader.number("InputClkFreq")?,
        bytes: said,
        data_bits,
        port_bits: reader.number("C0_S_AXI_DATA_WIDTH")?,
        pads: reader.pads()?,
    })
}

struct Reader<'a> {
    file: &'a Path,
    root: Node<'a, 'a>,
}

impl<'a> Reader<'a> {
    fn error(&self, element: &str, what: String) -> MigError {
        MigError::Element {
            file: self.file.into(),
            element: element.to_owned(),
            what,
        }
    }

    /// The one element of a name.
    fn element(&self, name: &str) -> Result<Node<'a, 'a>, MigError> {
        let mut found = self
            .root
            .descendants()
            .filter(|node| node.has_tag_name(name));
        match (found.next(), found.next()) {
            (Some(node), None) => Ok(node),
            (None, _) => Err(self.error(name, "is missing".to_owned())),
            (Some(_), Some(_)) => Err(self.error(name, "is there twice".to_owned())),
        }
    }

    fn text(&self, name: &str) -> Result<&'a str, MigError> {
        Ok(self.element(name)?.text().unwrap_or_default().trim())
    }

    fn number(&self, name: &str) -> Result<u64, MigError> {
        let text = self.text(name)?;
        text.parse()
            .map_err(|_| self.error(name, format!("is '{text}', must be a number")))
    }

    /// Pins of the memory, and the two of the clock, which are one entry: 'J19/H19(CC_P/N)' of 'sys_clk_p/n'. As ports
    /// of a block design they have 'clk' in their names.
    fn pads(&self) -> Result<BTreeMap<String, String>, MigError> {
        let mut pads = BTreeMap::new();
        for node in self.element("PinSelection")?.children() {
            if node.has_tag_name("Pin") {
                let name = self.attribute(node, "name")?;
                self.attribute(node, "IOSTANDARD")?;
                self.add(&mut pads, name, self.attribute(node, "PADName")?)?;
            }
        }
        for node in self.element("System_Clock")?.children() {
            if node.has_tag_name("Pin") {
                let name = self.attribute(node, "name")?;
                let pins = self.attribute(node, "PADName")?;
                let pair = pins.split('(').next().and_then(|pins| pins.split_once('/'));
                let (Some(base), Some((plus, minus))) = (name.strip_suffix("_p/n"), pair) else {
                    return Err(self.error(name, format!("is at '{pins}', must be a pair")));
                };
                self.add(&mut pads, &format!("{base}_clk_p"), plus)?;
                self.add(&mut pads, &format!("{base}_clk_n"), minus)?;
            }
        }
        Ok(pads)
    }

    fn attribute(&self, node: Node<'a, 'a>, attribute: &str) -> Result<&'a str, MigError> {
        let value = node.attribute(attribute).filter(|value| !value.is_empty());
        value.ok_or_else(|| self.error("Pin", format!("has no {attribute}")))
    }

    fn add(
        &self,
        pads: &mut BTreeMap<String, String>,
        name: &str,
        pad: &str,
    ) -> Result<(), MigError> {
        if pads.values().any(|taken| taken == pad) {
            return Err(self.error(name, format!("is at {pad}, which is taken already")));
        }
        match pads.insert(name.to_owned(), pad.to_owned()) {
            Some(_) => Err(self.error(name, "is there twice".to_owned())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acorn() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("acorn/mig.prj")
    }

    /// Against the board's facts, and the data sheet's rule for a chip: rows, columns and banks of words.
    #[test]
    fn the_acorn_s_memory_is_the_board_s() {
        let project = read(&acorn()).unwrap();
        let boards = crate::all().unwrap();
        let board = boards.iter().find(|board| board.name == "acorn").unwrap();
        assert_eq!(project.part, board.fpga.part);
        assert_eq!(project.port_mhz(), Some(u64::from(board.memory.port_mhz)));
        assert_eq!(project.port_bits, u64::from(board.memory.port_bits));
        assert_eq!(project.bytes, board.memory.bytes);
        // Twice a period, so many bits: GB/s.
        let rate = 2.0 * project.data_bits as f64 / 8.0 * 1000.0 / project.period_ps as f64;
        assert!((rate - board.memory.gb_per_second).abs() < 1e-9);
        // 16 address pins, 3 of banks, 8 of control, 2 masks, 16 data, 4 strobes, 2 of the clock.
        assert_eq!(project.pads.len(), 51);
        assert_eq!(project.pads["sys_clk_clk_n"], "H19");
        // A bank of the card's is an eighth of it.
        assert_eq!(project.bytes, 8 << board.memory.bank_log2);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let text = process::read(&acorn()).unwrap();
        for (from, to, expected) in [
            ("</Project>", "", "cannot be read"),
            (
                "<RowAddress>16<",
                "<RowAddress>15<",
                "C0_MEM_SIZE is 1073741824, but rows, columns and banks make Some(536870912)",
            ),
            (
                "<C0_S_AXI_ADDR_WIDTH>30<",
                "<C0_S_AXI_ADDR_WIDTH>29<",
                "C0_S_AXI_ADDR_WIDTH is 29",
            ),
            ("<ColAddress>10<", "<ColAddress>ten<", "ColAddress is 'ten'"),
            ("<PHYRatio>4:1<", "<PHYRatio>3:1<", "PHYRatio is '3:1'"),
            ("<TimePeriod>2500</TimePeriod>", "", "TimePeriod is missing"),
            (
                "<DataWidth>16</DataWidth>",
                "<DataWidth>16</DataWidth><DataWidth>16</DataWidth>",
                "DataWidth is there twice",
            ),
            (
                "PADName=\"B20\"",
                "PADName=\"D19\"",
                "ddr3_dq[1] is at D19, which is taken already",
            ),
            (
                "name=\"ddr3_dq[1]\"",
                "name=\"ddr3_dq[0]\"",
                "ddr3_dq[0] is there twice",
            ),
            (
                "IOSTANDARD=\"LVCMOS15\"",
                "IOSTANDARD=\"\"",
                "no IOSTANDARD",
            ),
            ("J19/H19(CC_P/N)", "J19", "must be a pair"),
        ] {
            assert!(text.contains(from), "{from}");
            let wrong = text.replacen(from, to, 1);
            let error = parse(Path::new("mig.prj"), &wrong).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}

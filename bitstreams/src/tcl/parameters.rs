//! What a build is told: the file that common/build.tcl describes.

use crate::Image;
use gyrus_interface::card::Channels;
use std::fmt::Write;
use std::path::PathBuf;

/// Bits of a word.
const WORD_BITS: u32 = 64;

/// The parameters of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The board's folder.
    pub board: String,
    /// The top module.
    pub top: String,
    /// The FPGA.
    pub part: String,
    /// What is made in the end.
    pub image: Image,
    /// Verilog files of the top module and the card, absolute.
    pub sources: Vec<PathBuf>,
    /// The directory for all that is made, absolute.
    pub output: PathBuf,
    /// The vendor ID of PCI.
    pub vendor_id: u16,
    /// The device ID of PCI.
    pub device_id: u16,
    /// The card's clock, MHz.
    pub card_mhz: u32,
    /// The clock of the memory's ports, MHz.
    pub memory_mhz: u32,
    /// How the card reads the bootstrapping key.
    pub key: Channels,
    /// How it reads the key switching key.
    pub keyswitch: Channels,
    /// log2 of a bank's bytes.
    pub bank_log2: u32,
}

impl Parameters {
    /// The file.
    #[must_use]
    pub fn tcl(&self) -> String {
        let sources: Vec<String> = self
            .sources
            .iter()
            .map(|path| format!("{{{}}}", path.display()))
            .collect();
        let mut text = String::from("# Written by gyrus-bitstream: see common/build.tcl.\n");
        for (name, value) in [
            ("board", self.board.clone()),
            ("top", self.top.clone()),
            ("part", self.part.clone()),
            ("image", self.image.extension().to_owned()),
            ("sources", format!("[list {}]", sources.join(" "))),
            ("output", format!("{{{}}}", self.output.display())),
            ("vendor_id", format!("{:04x}", self.vendor_id)),
            ("device_id", format!("{:04x}", self.device_id)),
            ("card_mhz", self.card_mhz.to_string()),
            ("memory_mhz", self.memory_mhz.to_string()),
            ("key_channels", self.key.count.to_string()),
            ("key_bits", (self.key.words * WORD_BITS).to_string()),
            ("ksk_channels", self.keyswitch.count.to_string()),
            ("ksk_bits", (self.keyswitch.words * WORD_BITS).to_string()),
            ("bank_log2", self.bank_log2.to_string()),
        ] {
            // Writing to a string does not fail.
            let _ = writeln!(text, "set {name} {value}");
        }
        text
    }
}

//! The command register in a function's configuration space.

use super::{Address, PcieError};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Byte offset of the command register (PCI Local Bus 3.0, 6.2.2).
const COMMAND: u64 = 4;
/// What is read from a function that is gone.
const GONE: u16 = u16::MAX;

/// The function answers at the addresses of its BARs.
pub(super) const MEMORY: u16 = 1 << 1;
/// The function may reach memory and send interrupts.
pub(super) const BUS_MASTER: u16 = 1 << 2;

/// Configuration space as a part of a file.
#[derive(Debug)]
pub(super) struct Config {
    address: Address,
    file: File,
    path: PathBuf,
    /// Where it begins in the file.
    start: u64,
}

impl Config {
    /// The one of the function at `address`; `path` is for messages.
    pub(super) const fn new(address: Address, file: File, path: PathBuf, start: u64) -> Self {
        Self {
            address,
            file,
            path,
            start,
        }
    }

    /// The command register.
    ///
    /// # Errors
    /// The function is gone.
    pub(super) fn command(&self) -> Result<u16, PcieError> {
        let mut bytes = [0; 2];
        self.file
            .read_exact_at(&mut bytes, self.start + COMMAND)
            .map_err(PcieError::file("read", &self.path))?;
        match u16::from_le_bytes(bytes) {
            GONE => Err(PcieError::Removed {
                address: self.address,
                reason: "its configuration space reads as ones",
            }),
            command => Ok(command),
        }
    }

    /// Sets some bits of the command register and clears others, and looks whether they stay so.
    ///
    /// # Errors
    /// They do not; the function is gone.
    pub(super) fn change(&self, set: u16, clear: u16) -> Result<(), PcieError> {
        let wanted = self.command()? & !clear | set;
        self.file
            .write_all_at(&wanted.to_le_bytes(), self.start + COMMAND)
            .map_err(PcieError::file("write", &self.path))?;
        let kept = self.command()?;
        if kept & (set | clear) == wanted & (set | clear) {
            Ok(())
        } else {
            Err(PcieError::Command {
                address: self.address,
                wanted,
                kept,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(bytes: &[u8], start: u64) -> Config {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, start).unwrap();
        Config::new("03:00.0".parse().unwrap(), file, "config".into(), start)
    }

    #[test]
    fn changes_the_bits_named_and_no_others() {
        let config = config(&[0xee, 0x10, 0x79, 0x67, 0x02, 0x04, 0x10, 0x00], 512);
        config.change(BUS_MASTER, 0).unwrap();
        assert_eq!(config.command().unwrap(), 0x0406);
        config.change(MEMORY, BUS_MASTER).unwrap();
        assert_eq!(config.command().unwrap(), 0x0402);
        let mut around = [0; 8];
        config.file.read_exact_at(&mut around, 512).unwrap();
        assert_eq!(around, [0xee, 0x10, 0x79, 0x67, 0x02, 0x04, 0x10, 0x00]);
    }

    #[test]
    fn ones_and_an_end_are_errors() {
        let gone = config(&[0xff; 64], 0);
        assert!(matches!(
            gone.change(MEMORY, 0),
            Err(PcieError::Removed { .. })
        ));
        let short = config(&[0; 5], 0);
        assert!(matches!(short.command(), Err(PcieError::File { .. })));
    }
}

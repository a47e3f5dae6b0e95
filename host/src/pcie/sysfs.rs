//! A function through the files that the kernel shows of it: for machines without an IOMMU.
//!
//! Nothing keeps such a card from any memory of the machine, so this is root's to use, and VFIO is better
//! wherever there is an IOMMU. A process that is killed leaves the card a bus master with addresses of
//! memory that is somebody else's then; that ends when the next one opens the card.

use super::access::{Access, Woken};
use super::config::{BUS_MASTER, Config, MEMORY};
use super::discover::lock_resource;
use super::dma::DmaMemory;
use super::mmio::Registers;
use super::{Address, Function, PcieError, huge_pages};
use rustix::io::Errno;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Instant;

/// A function that this process has locked.
#[derive(Debug)]
pub(super) struct SysfsAccess {
    address: Address,
    directory: PathBuf,
    config: Config,
    /// Given back before the lock is.
    _enabled: Enabled,
    /// Holds the lock, as its mapping keeps the file open.
    registers: Registers,
}

/// One that wants the function switched on: the kernel counts them.
#[derive(Debug)]
struct Enabled(PathBuf);

impl Enabled {
    fn new(file: PathBuf) -> Result<Self, PcieError> {
        write(file.clone(), "1")?;
        Ok(Self(file))
    }
}

impl Drop for Enabled {
    fn drop(&mut self) {
        // If the function is gone this has no effect.
        let _ = write(self.0.clone(), "0");
    }
}

impl SysfsAccess {
    /// Takes a function that has no driver, and switches it on.
    ///
    /// # Errors
    /// Another process has it, or a file cannot be used.
    pub(super) fn open(function: &Function) -> Result<Self, PcieError> {
        let address = function.address;
        let resource =
            lock_resource(function).map_err(|obstacle| PcieError::Blocked { address, obstacle })?;
        let path = function.directory.join("config");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(PcieError::file("open", &path))?;
        let config = Config::new(address, file, path, 0);
        // A process that was killed may have left it a bus master.
        config.change(0, BUS_MASTER)?;
        let enabled = Enabled::new(function.directory.join("enable"))?;
        config.change(MEMORY, BUS_MASTER)?;
        let registers =
            Registers::map(&resource, 0).map_err(PcieError::file("map", function.resource()))?;
        Ok(Self {
            address,
            directory: function.directory.clone(),
            config,
            _enabled: enabled,
            registers,
        })
    }
}

/// Writes to a file of the kernel's.
fn write(path: PathBuf, text: &str) -> Result<(), PcieError> {
    let opened = OpenOptions::new().write(true).open(&path);
    opened
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(PcieError::file("write", path))
}

impl Access for SysfsAccess {
    fn registers(&self) -> &Registers {
        &self.registers
    }

    fn share(&mut self, bytes: usize) -> Result<DmaMemory, PcieError> {
        huge_pages::allocate(self.address, bytes)
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), PcieError> {
        if on {
            self.config.change(MEMORY | BUS_MASTER, 0)
        } else {
            self.config.change(0, BUS_MASTER)
        }
    }

    fn reset(&mut self) -> Result<bool, PcieError> {
        let path = self.directory.join("reset");
        // The file is there if the function can be reset.
        match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            _ => match write(path, "1") {
                // All ways to reset it have been forbidden.
                Err(PcieError::File { source, .. })
                    if Errno::from_io_error(&source) == Some(Errno::NOTTY) =>
                {
                    Ok(false)
                }
                written => written.map(|()| true),
            },
        }
    }

    fn forget_interrupt(&mut self) {}

    fn wait(&mut self, _: Instant) -> Result<Woken, PcieError> {
        Ok(Woken::NoInterrupts)
    }
}

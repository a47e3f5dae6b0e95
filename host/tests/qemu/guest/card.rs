//! A card as the kernel shows it, and how a test asks it for a fault.

use super::runner::Outcome;
use crate::contract::{ARGUMENT, COUNTS, FAULT, Fault, SLOTS};
use memmap2::{MmapMut, MmapOptions};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// One of the cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TestCard(pub(super) usize);

impl TestCard {
    pub(super) const ALL: [Self; SLOTS.len()] = [Self(0), Self(1)];

    /// Domain, bus, device, function.
    pub(super) fn address(self) -> String {
        format!("0000:00:{:02x}.0", SLOTS[self.0])
    }

    /// Its directory in sysfs.
    pub(super) fn directory(self) -> PathBuf {
        PathBuf::from("/sys/bus/pci/devices").join(self.address())
    }

    /// What a file there says.
    pub(super) fn attribute(self, name: &str) -> io::Result<String> {
        let text = fs::read_to_string(self.directory().join(name))?;
        Ok(text.trim_end().to_owned())
    }

    /// Writes to a file there.
    pub(super) fn set(self, name: &str, value: &str) -> io::Result<()> {
        fs::write(self.directory().join(name), value)
    }

    /// Gives it to `vfio-pci`.
    pub(super) fn bind(self) -> Outcome {
        self.set("driver_override", "vfio-pci")?;
        fs::write("/sys/bus/pci/drivers_probe", self.address())?;
        let driver = fs::read_link(self.directory().join("driver"))?;
        assert!(driver.ends_with("vfio-pci"), "{driver:?}");
        Ok(())
    }

    /// Takes it from `vfio-pci`.
    pub(super) fn release(self) -> io::Result<()> {
        fs::write("/sys/bus/pci/drivers/vfio-pci/unbind", self.address())?;
        self.set("driver_override", "\n")
    }

    fn config(self) -> io::Result<File> {
        let path = self.directory().join("config");
        OpenOptions::new().read(true).write(true).open(path)
    }

    /// Reads a word of configuration space.
    pub(super) fn config_read(self, offset: usize) -> io::Result<u32> {
        let mut word = [0; 4];
        self.config()?.read_exact_at(&mut word, offset as u64)?;
        Ok(u32::from_le_bytes(word))
    }

    /// Writes it.
    pub(super) fn config_write(self, offset: usize, value: u32) -> io::Result<()> {
        self.config()?
            .write_all_at(&value.to_le_bytes(), offset as u64)
    }

    /// Asks for a fault.
    pub(super) fn fail(self, fault: Fault, argument: u32) -> io::Result<()> {
        self.config_write(ARGUMENT, argument)?;
        self.config_write(FAULT, fault as u32)
    }

    /// The fault that has not come yet, or stays.
    pub(super) fn pending(self) -> io::Result<Option<Fault>> {
        Ok(Fault::from_code(self.config_read(FAULT)?))
    }

    /// Accesses that the IOMMU refused, and messages sent, both mod 2^16.
    pub(super) fn counts(self) -> io::Result<(u16, u16)> {
        let counts = self.config_read(COUNTS)?;
        Ok(((counts & 0xffff) as u16, (counts >> 16) as u16))
    }

    /// BAR0.
    pub(super) fn registers(self) -> io::Result<Registers> {
        let path = self.directory().join("resource0");
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        // SAFETY: it is a device's memory, which nothing in this process takes for anything else; `Registers`
        // reads and writes it as volatile words.
        let map = unsafe { MmapOptions::new().map_mut(&file)? };
        Ok(Registers(map))
    }
}

/// BAR0, mapped.
pub(super) struct Registers(MmapMut);

impl Registers {
    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }

    /// Reads a register.
    pub(super) fn read(&self, offset: u32) -> u32 {
        let at = offset as usize;
        assert!(
            at.is_multiple_of(4) && at + 4 <= self.0.len(),
            "{at:#x} is no register"
        );
        // SAFETY: the place is in the mapping, and aligned, as the mapping begins with a page.
        unsafe { self.0.as_ptr().add(at).cast::<u32>().read_volatile() }
    }

    /// Writes a register.
    pub(super) fn write(&mut self, offset: u32, value: u32) {
        let at = offset as usize;
        assert!(
            at.is_multiple_of(4) && at + 4 <= self.0.len(),
            "{at:#x} is no register"
        );
        // SAFETY: as in `read`.
        unsafe {
            self.0
                .as_mut_ptr()
                .add(at)
                .cast::<u32>()
                .write_volatile(value)
        }
    }
}

//! A directory that looks like sysfs with PCI functions in it, for tests.

use super::{Function, Id, Roots, discover};
use gyrus_interface::registers::{BAR_BYTES, Register};
use gyrus_sim::device::CardOptions;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, symlink};
use std::path::PathBuf;
use tempfile::TempDir;

/// The IDs of a card.
pub(crate) const CARD: Id = Id::GYRUS;
/// The address that tests use.
pub(crate) const AT: &str = "0000:03:00.0";

/// A machine.
pub(crate) struct Machine {
    directory: TempDir,
    pub(crate) roots: Roots,
}

impl Machine {
    /// Without any function, and without huge pages.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let roots = Roots {
            sys: directory.path().join("sys"),
            dev: directory.path().join("dev"),
        };
        for path in [
            roots.sys.join("bus/pci/devices"),
            roots.sys.join("bus/pci/drivers/vfio-pci"),
            roots.sys.join("bus/pci/drivers/other"),
            roots.sys.join("kernel/mm/hugepages/hugepages-2048kB"),
            roots.dev.join("vfio"),
        ] {
            fs::create_dir_all(path).unwrap();
        }
        let machine = Self { directory, roots };
        machine.huge_pages(0);
        machine
    }

    pub(crate) fn huge_pages(&self, free: usize) {
        let path = "kernel/mm/hugepages/hugepages-2048kB/free_hugepages";
        fs::write(self.roots.sys.join(path), format!("{free}\n")).unwrap();
    }

    pub(crate) fn path(&self, address: &str, file: &str) -> PathBuf {
        let devices = self.roots.sys.join("bus/pci/devices");
        devices.join(address).join(file)
    }

    pub(crate) fn put(&self, address: &str, file: &str, text: &str) {
        fs::write(self.path(address, file), text).unwrap();
    }

    /// A function with the registers of the model's card behind BAR0, without a driver.
    pub(crate) fn add(&self, address: &str, id: Id) {
        fs::create_dir(self.path(address, "")).unwrap();
        self.put(address, "vendor", &format!("{:#06x}\n", id.vendor));
        self.put(address, "device", &format!("{:#06x}\n", id.device));
        self.put(address, "enable", "0\n");
        self.put(address, "numa_node", "-1\n");
        self.put(
            address,
            "resource",
            "0x00000000fe000000 0x00000000fe00ffff 0x0000000000040200\n\
             0x0000000000000000 0x0000000000000000 0x0000000000000000\n",
        );
        let mut config = [0; 64];
        config[..2].copy_from_slice(&id.vendor.to_le_bytes());
        config[2..4].copy_from_slice(&id.device.to_le_bytes());
        fs::write(self.path(address, "config"), config).unwrap();
        let resource = File::create(self.path(address, "resource0")).unwrap();
        resource.set_len(u64::from(BAR_BYTES)).unwrap();
        for (register, value) in CardOptions::default().capabilities.registers() {
            self.set(address, register, value);
        }
    }

    pub(crate) fn set(&self, address: &str, register: Register, value: u32) {
        let file = File::options()
            .write(true)
            .open(self.path(address, "resource0"));
        let at = u64::from(register.offset());
        file.unwrap()
            .write_all_at(&value.to_le_bytes(), at)
            .unwrap();
    }

    pub(crate) fn get(&self, address: &str, register: Register) -> u32 {
        let bytes = fs::read(self.path(address, "resource0")).unwrap();
        let at = register.offset() as usize;
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    /// The command register of a function.
    pub(crate) fn command(&self, address: &str) -> u16 {
        let bytes = fs::read(self.path(address, "config")).unwrap();
        u16::from_le_bytes([bytes[4], bytes[5]])
    }

    pub(crate) fn set_command(&self, address: &str, command: u16) {
        let file = File::options()
            .write(true)
            .open(self.path(address, "config"));
        file.unwrap()
            .write_all_at(&command.to_le_bytes(), 4)
            .unwrap();
    }

    pub(crate) fn driver(&self, address: &str, driver: &str) {
        let target = self.roots.sys.join("bus/pci/drivers").join(driver);
        symlink(target, self.path(address, "driver")).unwrap();
    }

    pub(crate) fn group(&self, address: &str, number: u32, kind: &str) {
        let group = self
            .roots
            .sys
            .join("kernel/iommu_groups")
            .join(number.to_string());
        fs::create_dir_all(&group).unwrap();
        fs::write(group.join("type"), format!("{kind}\n")).unwrap();
        symlink(group, self.path(address, "iommu_group")).unwrap();
    }

    /// A device file of VFIO.
    pub(crate) fn device_file(&self, name: &str) {
        fs::write(self.roots.dev.join("vfio").join(name), "").unwrap();
    }

    pub(crate) fn functions(&self) -> Vec<Function> {
        discover(&self.roots, &[CARD]).unwrap()
    }

    /// The only function.
    pub(crate) fn function(&self) -> Function {
        let mut functions = self.functions();
        assert_eq!(functions.len(), 1);
        functions.remove(0)
    }

    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}

//! What stands between a card and its use, and the command that removes it.

use super::Address;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a function cannot be used as it is. The text ends with the command that helps.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Obstacle {
    /// Another driver has it.
    #[error("driver {driver} has it; to take it away: {}", take(*.address, *.iommu))]
    OtherDriver {
        /// The function.
        address: Address,
        /// Who has it.
        driver: String,
        /// Whether an IOMMU stands in front of it.
        iommu: bool,
    },
    /// `vfio-pci` has it, but no IOMMU stands in front of it.
    #[error(
        "vfio-pci has it, but there is no IOMMU group; switch the IOMMU on in the firmware and with \
         the kernel arguments 'intel_iommu=on iommu=pt' (AMD: 'iommu=pt'), or do without: sudo \
         scripts/bind --unbind {0}, and run as root"
    )]
    NoIommuGroup(Address),
    /// No driver has it, and addresses that it puts on the bus are translated.
    #[error(
        "no driver has it, and its IOMMU group {group} ({kind}) translates its addresses; {}",
        bind(*.address)
    )]
    Translated {
        /// The function.
        address: Address,
        /// Its IOMMU group.
        group: u32,
        /// How that translates, in the kernel's words.
        kind: String,
    },
    /// A file that the kernel makes is not there.
    #[error("there is no {}; load the driver: sudo modprobe vfio-pci", .0.display())]
    NoFile(PathBuf),
    /// Not allowed to open a file of VFIO.
    #[error("no permission for {path}; sudo chown \"$USER\" {path}", path = .0.display())]
    VfioPermission(PathBuf),
    /// Not allowed to open a file in sysfs.
    #[error(
        "no driver has it, and {} is root's; run as root, or with an IOMMU: {}",
        .path.display(), bind(*.address)
    )]
    SysfsPermission {
        /// The function.
        address: Address,
        /// The file.
        path: PathBuf,
    },
    /// Another process has it.
    #[error(
        "another process uses it; to see which one: sudo fuser -v {}",
        .0.display()
    )]
    Busy(PathBuf),
    /// Other functions of the IOMMU group have drivers of their own.
    #[error(
        "other functions of its IOMMU group have drivers of their own; to see them: \
         ls /sys/bus/pci/devices/{0}/iommu_group/devices, and bind each with its IDs, which lspci -n \
         shows: sudo GYRUS_PCI_IDS=vvvv:dddd scripts/bind ADDRESS"
    )]
    SharedGroup(Address),
    /// A card could send any interrupt that it likes.
    #[error(
        "the machine cannot keep a card from sending interrupts of others; if the card is trusted: \
         echo 1 | sudo tee /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
    )]
    NoInterruptRemapping,
    /// It has no registers: the kernel gave BAR0 no addresses, or it is too small.
    #[error(
        "its BAR0 has {bytes} bytes; let the kernel look again: echo 1 | sudo tee \
         /sys/bus/pci/devices/{address}/remove /sys/bus/pci/rescan"
    )]
    NoRegisters {
        /// The function.
        address: Address,
        /// Bytes of BAR0.
        bytes: u64,
    },
    /// Without an IOMMU memory has to come in huge pages, and there are too few.
    #[error(
        "it needs {wanted} free huge pages of 2 MiB in a row, there are {free}; \
         echo {} | sudo tee /proc/sys/vm/nr_hugepages (in a row for certain: hugepages=N as a \
         kernel argument)",
        4 * .wanted
    )]
    HugePages {
        /// Pages that have to follow each other.
        wanted: usize,
        /// Free ones, or the longest row of those that were got.
        free: usize,
    },
    /// A file cannot be opened for another reason.
    #[error("{path} cannot be opened: {reason}; see: sudo dmesg", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The command that gives a function to `vfio-pci`.
fn bind(address: Address) -> String {
    format!("sudo scripts/bind {address}")
}

/// The command that takes a function from its driver.
fn take(address: Address, iommu: bool) -> String {
    if iommu {
        return bind(address);
    }
    format!(
        "echo {address} | sudo tee /sys/bus/pci/devices/{address}/driver/unbind, and run as root"
    )
}

impl Obstacle {
    /// Why a file of VFIO, the container's or a group's, was not opened.
    pub(super) fn of_vfio(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::NotFound => Self::NoFile(path),
            ErrorKind::PermissionDenied => Self::VfioPermission(path),
            ErrorKind::ResourceBusy => Self::Busy(path),
            _ => Self::File {
                path,
                reason: error.to_string(),
            },
        }
    }

    /// Why a file of a function in sysfs was not opened, or not locked.
    pub(super) fn of_sysfs(address: Address, path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::PermissionDenied => Self::SysfsPermission { address, path },
            ErrorKind::WouldBlock | ErrorKind::ResourceBusy => Self::Busy(path),
            _ => Self::File {
                path,
                reason: error.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    const GROUP: &str = "/dev/vfio/14";

    #[test]
    fn each_error_of_a_group_has_its_command() {
        for (errno, command) in [
            (Errno::NOENT, "sudo modprobe vfio-pci"),
            (Errno::ACCESS, "sudo chown \"$USER\" /dev/vfio/14"),
            (Errno::PERM, "sudo chown \"$USER\" /dev/vfio/14"),
            (Errno::BUSY, "sudo fuser -v /dev/vfio/14"),
            (Errno::IO, "sudo dmesg"),
        ] {
            let text = Obstacle::of_vfio(Path::new(GROUP), &errno.into()).to_string();
            assert!(text.ends_with(command), "{errno}: {text}");
        }
    }

    #[test]
    fn each_error_of_a_resource_has_its_command() {
        let address = "af:00.1".parse().unwrap();
        let path = Path::new("/sys/bus/pci/devices/0000:af:00.1/resource0");
        for (errno, command) in [
            (Errno::ACCESS, "sudo scripts/bind 0000:af:00.1"),
            (
                Errno::AGAIN,
                "sudo fuser -v /sys/bus/pci/devices/0000:af:00.1/resource0",
            ),
            (Errno::NODEV, "sudo dmesg"),
        ] {
            let text = Obstacle::of_sysfs(address, path, &errno.into()).to_string();
            assert!(text.contains(command), "{errno}: {text}");
        }
    }
}

//! The IOMMU's view: what a device's address is in guest-physical memory.
//!
//! QEMU does not translate for a device behind a socket, so the device walks the tables of the emulated VT-d
//! itself: root table, context entry, second-level tables (Intel's specification, chapters 3 and 9, legacy
//! mode). It keeps nothing of what it read: a mapping that the guest takes away is gone at once.

use super::ram::{Regions, words};
use crate::qtest::Qtest;
use std::io;
use std::sync::atomic::Ordering;

/// Where QEMU's q35 has the IOMMU's registers.
const REGISTERS: u64 = 0xfed9_0000;
const GLOBAL_STATUS: u64 = REGISTERS + 0x1c;
const ROOT_TABLE: u64 = REGISTERS + 0x20;
/// Translation is on.
const ENABLED: u32 = 1 << 31;

const PAGE: u64 = 4096;
const TABLE_ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const PRESENT: u64 = 1;
const READ: u64 = 1;
const WRITE: u64 = 2;
const LARGE: u64 = 1 << 7;

/// The IOMMU's registers, as far as they matter to a device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Iommu {
    /// Where the root table is; `None` while nothing is translated.
    root: Option<u64>,
}

impl Iommu {
    pub(crate) fn read(qtest: &Qtest) -> io::Result<Self> {
        let enabled = qtest.read_u32(GLOBAL_STATUS)? & ENABLED != 0;
        let root = enabled.then(|| qtest.read_u64(ROOT_TABLE)).transpose()?;
        Ok(Self { root })
    }

    /// The guest-physical address of a device's, good up to the end of its 4-KiB page; `None` where the
    /// device may not read, or write. `function` is bus, device and function number.
    pub(crate) fn translate(
        self,
        memory: &Regions,
        function: u16,
        address: u64,
        write: bool,
    ) -> Option<u64> {
        let Some(root) = self.root else {
            return Some(address);
        };
        let [bus, within_bus] = function.to_be_bytes();
        let (context_table, _) = entry(memory, root & TABLE_ADDRESS, bus)?;
        let (low, high) = entry(memory, context_table & TABLE_ADDRESS, within_bus)?;
        let levels = match high & 7 {
            1 => 3,
            2 => 4,
            _ => return None,
        };
        match low >> 2 & 3 {
            0 => second_level(memory, low & TABLE_ADDRESS, levels, address, write),
            // Pass-through.
            2 => Some(address),
            _ => None,
        }
    }
}

/// An entry of 16 bytes, if it is present.
fn entry(memory: &Regions, table: u64, index: u8) -> Option<(u64, u64)> {
    let found = words(memory, table + u64::from(index) * 16, 2)?;
    let low = found[0].load(Ordering::Acquire);
    (low & PRESENT != 0).then(|| (low, found[1].load(Ordering::Acquire)))
}

fn second_level(
    memory: &Regions,
    mut table: u64,
    levels: u32,
    address: u64,
    write: bool,
) -> Option<u64> {
    let needed = if write { WRITE } else { READ };
    if address >> (12 + 9 * levels) != 0 {
        return None;
    }
    for level in (0..levels).rev() {
        let shift = 12 + 9 * level;
        let index = address >> shift & 511;
        let found = words(memory, table + index * 8, 1)?[0].load(Ordering::Acquire);
        if found & needed == 0 {
            return None;
        }
        let target = found & TABLE_ADDRESS;
        // Pages of 2 MiB and 1 GiB.
        if level == 0 || (level <= 2 && found & LARGE != 0) {
            let within = (1 << shift) - 1;
            return Some(target & !within | address & within);
        }
        table = target;
    }
    None
}

/// Bytes from an address to the end of its page.
pub(crate) const fn left_in_page(address: u64) -> u64 {
    PAGE - address % PAGE
}

//! Configuration space of the card's function: its header and capabilities.

use super::msix::VECTORS;
use crate::contract::{self, BAR_BYTES, MSIX, MSIX_PENDING, MSIX_TABLE};
use gyrus::interface::pci::{DEVICE_ID, VENDOR_ID};

const BYTES: usize = 256;
const COMMAND: usize = 0x04;
const COMMAND_MASTER: u32 = 1 << 2;
pub(crate) const BAR0: usize = 0x10;
const MSIX_CONTROL: usize = MSIX + 2;
const MSIX_ENABLE: u32 = 1 << 15;
const MSIX_MASK: u32 = 1 << 14;
const EXPRESS: usize = 0x70;
const DEVICE_CONTROL: usize = EXPRESS + 8;
const FUNCTION_RESET: u32 = 1 << 15;
/// Gen 3, 16 lanes.
const LINK: u32 = 3 | 16 << 4;

/// The bytes, and which of their bits can be written.
#[derive(Debug)]
pub(crate) struct ConfigSpace {
    bytes: [u8; BYTES],
    writable: [u8; BYTES],
}

/// What a write has set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing beside what was written.
    None,
    /// The function is to be reset.
    Reset,
}

impl ConfigSpace {
    pub(crate) fn new() -> Self {
        let mut space = Self {
            bytes: [0; BYTES],
            writable: [0; BYTES],
        };
        space.set(0x00, u32::from(DEVICE_ID) << 16 | u32::from(VENDOR_ID), 0);
        // Memory, bus master, no INTx; it has capabilities.
        space.set(COMMAND, 1 << 20, 0x0406);
        // A processing accelerator, 12.00.00.
        space.set(0x08, 0x1200_0000, 0);
        space.set(BAR0, 0, !(BAR_BYTES - 1));
        space.set(0x2c, u32::from(DEVICE_ID) << 16 | u32::from(VENDOR_ID), 0);
        space.set(0x34, MSIX as u32, 0);
        let last_vector = (VECTORS as u32 - 1) << 16;
        let msix_bits = (MSIX_ENABLE | MSIX_MASK) << 16;
        space.set(MSIX, 0x11 | (EXPRESS as u32) << 8 | last_vector, msix_bits);
        space.set(MSIX + 4, MSIX_TABLE, 0);
        space.set(MSIX + 8, MSIX_PENDING, 0);
        // An endpoint by version 2 of the capability: 256-byte payloads, extended tags, errors by role, reset
        // of a function.
        let express = 0x10 | (contract::CAPABILITY as u32) << 8 | 2 << 16;
        space.set(EXPRESS, express, 0);
        space.set(EXPRESS + 4, 1 | 1 << 5 | 1 << 15 | 1 << 28, 0);
        space.set(DEVICE_CONTROL, 0, 0x7fff);
        space.set(EXPRESS + 12, LINK, 0);
        space.set(EXPRESS + 16, LINK << 16, 0x0043);
        space.set(
            contract::CAPABILITY,
            0x09 | contract::CAPABILITY_BYTES << 16,
            0,
        );
        space.set(contract::ARGUMENT, 0, u32::MAX);
        space
    }

    fn set(&mut self, offset: usize, value: u32, writable: u32) {
        self.bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        self.writable[offset..offset + 4].copy_from_slice(&writable.to_le_bytes());
    }

    /// Reads `length` bytes; all ones where there is nothing.
    pub(crate) fn read(&self, offset: usize, length: usize) -> u32 {
        let mut value = [0; 4];
        match (
            self.bytes.get(offset..offset + length),
            value.get_mut(..length),
        ) {
            (Some(from), Some(into)) => into.copy_from_slice(from),
            _ => return u32::MAX,
        }
        u32::from_le_bytes(value)
    }

    /// Writes `length` bytes, as far as they can be written.
    pub(crate) fn write(&mut self, offset: usize, value: u32, length: usize) -> Effect {
        let value = value.to_le_bytes();
        for (at, new) in (offset..BYTES).zip(value.into_iter().take(length)) {
            let writable = self.writable[at];
            self.bytes[at] = self.bytes[at] & !writable | new & writable;
        }
        let reset = DEVICE_CONTROL + 1;
        let written = reset.checked_sub(offset).filter(|at| *at < length);
        match written {
            Some(at) if value[at] & (FUNCTION_RESET >> 8) as u8 != 0 => Effect::Reset,
            _ => Effect::None,
        }
    }

    /// Whether it may access memory by itself.
    pub(crate) fn is_master(&self) -> bool {
        self.read(COMMAND, 2) & COMMAND_MASTER != 0
    }

    /// Whether interrupts may be sent as messages now.
    pub(crate) fn messages_open(&self) -> bool {
        self.read(MSIX_CONTROL, 2) & (MSIX_ENABLE | MSIX_MASK) == MSIX_ENABLE
    }
}

//! BAR0, mapped: a card's registers.
//!
//! Accesses are volatile, each whole, and in the order of the program, as those of [`super::dma`] are. On
//! x86-64 the processor keeps that order, too: BARs are uncached, and neither is a store moved before
//! older loads and stores, nor a load before older loads.

use super::PcieError;
use gyrus_interface::registers::{BAR_BYTES, Register};
use memmap2::{MmapOptions, MmapRaw};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{Ordering, fence};

/// The registers of one card.
#[derive(Debug)]
pub(super) struct Registers {
    mapping: MmapRaw,
}

impl Registers {
    /// Maps [`BAR_BYTES`] of `file` from a byte on.
    ///
    /// # Errors
    /// The kernel refuses to.
    pub(super) fn map(file: &impl AsRawFd, start: u64) -> io::Result<Self> {
        let mapping = MmapOptions::new()
            .offset(start)
            .len(BAR_BYTES as usize)
            .map_raw(file.as_raw_fd())?;
        Ok(Self { mapping })
    }

    fn pointer(&self, register: Register) -> Result<*mut u32, PcieError> {
        let at = register.offset() as usize;
        if at + size_of::<u32>() > self.mapping.len() {
            return Err(PcieError::OutOfRange {
                address: at as u64,
                bytes: size_of::<u32>(),
            });
        }
        // SAFETY: the four bytes lie within the mapping.
        Ok(unsafe { self.mapping.as_mut_ptr().add(at) }.cast())
    }

    /// Reads a register; ones if nobody answers.
    ///
    /// # Errors
    /// It lies outside of the BAR.
    pub(super) fn read(&self, register: Register) -> Result<u32, PcieError> {
        let pointer = self.pointer(register)?;
        // SAFETY: within the mapping, and aligned: a mapping begins at a page, registers at multiples of 4.
        let value = unsafe { pointer.read_volatile() };
        // What the card wrote to memory before it answered comes before what is read of memory next.
        fence(Ordering::Acquire);
        Ok(u32::from_le(value))
    }

    /// Writes a register, after all accesses to memory before it.
    ///
    /// # Errors
    /// It lies outside of the BAR.
    pub(super) fn write(&self, register: Register, value: u32) -> Result<(), PcieError> {
        let pointer = self.pointer(register)?;
        fence(Ordering::SeqCst);
        // SAFETY: as in `read`.
        unsafe { pointer.write_volatile(value.to_le()) };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn registers_are_little_endian_words_at_their_offsets() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(3 * u64::from(BAR_BYTES)).unwrap();
        let start = u64::from(BAR_BYTES);
        let registers = Registers::map(&file, start).unwrap();
        for &register in Register::ALL {
            registers
                .write(register, 0x0403_0201 + register.offset())
                .unwrap();
        }
        for &register in Register::ALL {
            let mut bytes = [0; 4];
            let at = start + u64::from(register.offset());
            file.read_exact_at(&mut bytes, at).unwrap();
            assert_eq!(u32::from_le_bytes(bytes), 0x0403_0201 + register.offset());
            assert_eq!(
                registers.read(register).unwrap(),
                0x0403_0201 + register.offset()
            );
        }
    }

    #[test]
    fn nothing_outside_of_the_mapping_is_touched() {
        let mapping = MmapOptions::new().len(0x100).map_anon().unwrap().into();
        let registers = Registers { mapping };
        assert!(registers.read(Register::ErrorDetailHigh).is_ok());
        for beyond in [Register::CyclesLow, Register::HostWordsWrittenHigh] {
            assert!(matches!(
                registers.read(beyond),
                Err(PcieError::OutOfRange { .. })
            ));
            assert!(matches!(
                registers.write(beyond, 1),
                Err(PcieError::OutOfRange { .. })
            ));
        }
    }
}

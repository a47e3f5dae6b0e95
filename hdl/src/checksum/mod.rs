//! Checksums: CRC-64 of key memory ([`gyrus_interface::key_slice`]), a beat a cycle, and CRC-32C of
//! uploaded images ([`gyrus_interface::layout`]), a word a cycle.

mod advance;
mod crc32c;
mod digest;

pub use crc32c::Crc32c;
pub(crate) use digest::Digest;

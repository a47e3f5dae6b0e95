//! The checksum of key memory, CRC-64 over words ([`gyrus_interface::key_slice`]), a beat a cycle.

mod advance;
mod digest;

pub(crate) use digest::Digest;

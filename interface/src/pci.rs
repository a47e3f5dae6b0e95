//! How a card shows itself on a PCI bus.
//!
//! Gyrus has no vendor ID of its own. The PCIe cores of AMD's FPGAs answer with AMD's, and leave the
//! device ID to the design; ours is not one that these cores have by default, so that no vendor's driver
//! takes the card. What tells a Gyrus card for certain is [`crate::registers::MAGIC`].

/// AMD, formerly Xilinx.
pub const VENDOR_ID: u16 = 0x10ee;

/// The letters `gy`.
pub const DEVICE_ID: u16 = 0x6779;

//! Host side of Gyrus: devices, sessions, tfhe-rs keys and ciphertexts, encrypted models.
//!
//! | module | what it is |
//! |---|---|
//! | [`device`] | the [`device::Device`] trait, the ring engine that drives a card, and the backends |
//! | [`pcie`] | cards on PCI Express: finding them, and the way to their registers, memory and interrupts |
//! | [`session`] | a loaded key on a device, and the queue that turns single requests into batches |
//! | [`tfhe`] | tfhe-rs keys and ciphertexts in and out; tfhe-rs programs on a session |
//! | [`model`] | encrypted inference: linear layers on the host, look-up tables on the device |
//! | [`remote`] | a language model's client and server, over a socket |
//! | [`files`] | the versioned, checksummed files that the `gyrus` command reads and writes |
//! | [`cli`] | the `gyrus` command |

pub mod cli;
pub mod device;
pub mod files;
pub mod key;
pub mod model;
pub mod pcie;
pub mod remote;
pub mod session;
pub mod tfhe;

pub use gyrus_interface as interface;

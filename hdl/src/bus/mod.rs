//! Masters of the card's memory buses.
//!
//! | block | what it does | latency |
//! |---|---|---|
//! | [`ReadMaster`] | a transfer at a time from memory | 3 to the address |
//! | [`WriteMaster`] | a transfer at a time to memory | 3 to the address, 1 for a word |
//! | [`KeyReader`] | a key image, round and round, over many channels | 3 to the address, 2 for a beat |
//!
//! # AXI
//!
//! AXI4 with addresses of 64 bits. Ports are those whose signals change; a wrapper ties the others:
//! one ID, so everything in order; INCR bursts of the full width (`arsize` log2 of its bytes,
//! `arburst` 1); `arlock`, `arcache`, `arprot`, `arqos` as the platform likes. No burst crosses a
//! boundary of 4 KiB. What is offered stays, unchanged, until it is taken, and each burst that was
//! offered is completed, whatever happens. Of a response only bit 1 counts: an error of the memory or
//! of the address.
//!
//! `outstanding` says that the bus still owes something, `moved` that something was handed over in
//! this cycle, or waits for the card: a bus that owes and does not move for long is dead.

mod bursts;
mod key_reader;
mod read;
mod write;

pub use key_reader::{KeyReader, KeyReaderError, MOST_CHANNEL_WORDS, MOST_CHANNELS, MOST_PLACES};
pub use read::{MOST_READS, ReadMaster};
pub use write::{MOST_WRITES, WriteMaster};

//! The double buffer of bootstrapping-key slices between card memory and the multipliers.
//!
//! A slice ([`gyrus_interface::key_slice`]) serves one iteration of the blind rotation of all
//! ciphertexts in flight. While the multipliers read one from a half of the buffer, the next comes
//! from memory into the other half. Each is checked before it is offered.
//!
//! # Sizes
//!
//! With `pairs` pair lanes a row, what a cycle of the MAC needs, has W = 6 `pairs` words of 64
//! bits. A half has `rows` = (cycles a pass) * (levels) rows, the most that registers may ask for.
//! Word lane w is a RAM of its own: W RAMs of 2 `rows` words, together
//!
//! 64 * 6 `pairs` * 2 `rows` = 768 `pairs` `rows` bits
//!
//! of memory, without a gap for any number of rows: row r of half h lies at address 2 r + h. At
//! P = 128 (64 pairs) with l = 1 and N = 2048 that is 1.5 Mbit, 384 RAMs of 64 words (distributed
//! RAM); at P = 16 (8 pairs) the same 1.5 Mbit are 48 RAMs of 512 words, a block RAM each.
//!
//! A beat of memory has `beat_words` words and has to divide a row: a memory that delivers more
//! than a row a cycle would outrun a MAC with a batch of one. The checksum's tree takes beats of up
//! to [`MOST_BEAT_WORDS`]. Wider or odd buses get a width converter in front.
//!
//! # Protocol
//!
//! Registers (`lwe_dimension`, `cycles_per_pass`, `level_count`) may change while `idle` is high
//! and must be set [`KeyStore::SETTLING`] cycles before `start`. After `start` everything is
//! forgotten (also errors), and slices 0, 1, .. n-1, 0, .. are asked for, until `stop` holds further
//! requests back. Slices that were under way at `start` are still taken from memory, and dropped.
//!
//! - Memory: a request and a beat move when valid and ready are both high. Requests stay until
//!   they move. Up to two slices are under way at once; memory answers in order, each slice's beats
//!   and then the checksum's beat. `data_ready` waits for a free half, so a reader with a buffer
//!   keeps memory busy meanwhile.
//! - Controller: `slice_ready` offers the next slice, in half `slice_half`. `slice_take` takes it,
//!   `slice_release` gives the oldest taken one back, in the cycle of its last read or later. A
//!   slice may be taken while the one before is still read, since the datapath holds both; then
//!   both halves are in use. Taking what is not offered, releasing what is not taken and starting
//!   with registers that the store cannot work with (0, or more rows than it has) are ignored, but
//!   for `protocol_error`. A start with such registers asks for nothing.
//! - MAC: `key` is the row that `read_half`, `read_level` and `read_time` named
//!   [`KeyStore::READ_LATENCY`] edges ago: lane lambda's six words from 6 lambda on.
//!
//! # Errors
//!
//! All stay until `start`. `checksum_error`: slice `error_slice` was wrong. Neither it nor any
//! later one is offered, requests stop, and what is under way is taken and dropped. `underrun`:
//! `slice_wanted` was high in `underrun_cycles` cycles (at most 2^32 - 1) without a slice on offer.
//! Waiting for the first slice after `start`, or behind a wrong one, does not count.
//!
//! # Bandwidth
//!
//! A slice is `rows` * W / `beat_words` + 1 beats. It is on offer [`KeyStore::verify_latency`] = V
//! edges after its checksum's beat moved, and its half is free again in the cycle after
//! `slice_release`. With B ciphertexts in flight an iteration reads for D = B * `rows` cycles. If
//! the controller takes a slice F cycles before the MAC's first read of it (the latency of the
//! transform in between, as nothing stalls behind the controller), then a slice has D - F - V
//! cycles to come in after the release. So the MAC never waits if memory delivers a slice in every
//! D cycles, in whatever bursts, from a reader that keeps the beats of F + V cycles, and the beats
//! of a slice are at most D - F - V.

mod fill;
mod lanes;
mod slices;

pub use gyrus_interface::pack::{pack_key, pack_slice};

use crate::checksum::Digest;
use crate::memory::{ADDRESS_BITS, Ram};
use crate::structure;
use crate::structure::many;
use fill::Fill;
use gyrus_interface::key_slice::POINT_WORDS;
use lanes::{ReadAddress, Strobe};
use rust_hdl::prelude::*;
use slices::Slices;
use thiserror::Error;

/// Widest beat that the checksum keeps up with.
pub const MOST_BEAT_WORDS: usize = 128;

/// Most rows of a half: an address has room for two halves.
pub const MOST_ROWS: usize = (1 << (ADDRESS_BITS - 1)) - 1;

/// Most beats of a row.
pub const MOST_PARTS: usize = u8::MAX as usize;

/// Why a key store cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyStoreError {
    /// No pair lanes.
    #[error("a key store needs at least one pair lane")]
    NoPairs,
    /// The number of rows.
    #[error("{0} rows of key in a half of the store: it takes 1 to {MOST_ROWS}")]
    Rows(usize),
    /// The width of a beat.
    #[error(
        "a beat of {beat_words} words does not fit a row of {row_words}: it has to divide it, \
         with at most {MOST_BEAT_WORDS} words and at most {MOST_PARTS} beats to a row"
    )]
    Beat {
        /// Words of a beat.
        beat_words: usize,
        /// Words of a row.
        row_words: usize,
    },
}

/// The key store; see [the module](self).
#[derive(LogicBlock)]
pub struct KeyStore {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// n: slices of the key.
    pub lwe_dimension: Signal<In, Bits<12>>,
    /// Rows of a level.
    pub cycles_per_pass: Signal<In, Bits<12>>,
    /// Levels of a slice, 1 to 3.
    pub level_count: Signal<In, Bits<2>>,
    /// Forget everything and begin with slice 0.
    pub start: Signal<In, Bit>,
    /// Ask for no further slices.
    pub stop: Signal<In, Bit>,
    /// No slice is under way from memory.
    pub idle: Signal<Out, Bit>,
    /// A slice is asked for.
    pub request_valid: Signal<Out, Bit>,
    /// Memory takes the request.
    pub request_ready: Signal<In, Bit>,
    /// Which slice, below n.
    pub request_slice: Signal<Out, Bits<12>>,
    /// Memory has a beat.
    pub data_valid: Signal<In, Bit>,
    /// The store takes it.
    pub data_ready: Signal<Out, Bit>,
    /// The beat's words.
    pub data: Vec<Signal<In, Bits<64>>>,
    /// Half to read.
    pub read_half: Signal<In, Bit>,
    /// Level to read.
    pub read_level: Signal<In, Bits<2>>,
    /// Row of the level to read.
    pub read_time: Signal<In, Bits<12>>,
    /// The row's words.
    pub key: Vec<Signal<Out, Bits<64>>>,
    /// The controller waits for a slice.
    pub slice_wanted: Signal<In, Bit>,
    /// The next slice is complete and right.
    pub slice_ready: Signal<Out, Bit>,
    /// Half that it lies in.
    pub slice_half: Signal<Out, Bit>,
    /// It is taken into use.
    pub slice_take: Signal<In, Bit>,
    /// The oldest slice in use is no longer needed.
    pub slice_release: Signal<In, Bit>,
    /// A slice had a wrong checksum.
    pub checksum_error: Signal<Out, Bit>,
    /// Which one; 0 without an error.
    pub error_slice: Signal<Out, Bits<12>>,
    /// The controller broke the protocol.
    pub protocol_error: Signal<Out, Bit>,
    /// The controller had to wait.
    pub underrun: Signal<Out, Bit>,
    /// For so many cycles.
    pub underrun_cycles: Signal<Out, Bits<32>>,
    fill: Fill,
    slices: Slices,
    digest: Digest,
    beat: Vec<DFF<Bits<64>>>,
    strobes: Vec<Strobe>,
    read: ReadAddress,
    rams: Vec<Ram<64>>,
    /// Block RAM answers late in the cycle, and an adder is next.
    row: Vec<DFF<Bits<64>>>,
}

impl KeyStore {
    /// Cycles that the registers have to be static before `start`.
    pub const SETTLING: usize = 2;

    /// Rising edges from `read_half`, `read_level` and `read_time` to `key`.
    pub const READ_LATENCY: usize = ReadAddress::LATENCY + Ram::<64>::LATENCY + 1;

    /// Rising edges from the transfer of a checksum's beat to the slice's `slice_ready`.
    #[must_use]
    pub fn verify_latency(&self) -> usize {
        Digest::latency(self.data.len()) + 1
    }

    /// A store for `pairs` pair lanes, halves of `rows` rows and beats of `beat_words` words.
    ///
    /// # Errors
    /// [`KeyStoreError`] for sizes outside of the ranges that [the module](self) gives.
    pub fn new(pairs: usize, rows: usize, beat_words: usize) -> Result<Self, KeyStoreError> {
        let row_words = POINT_WORDS * pairs;
        let beat = KeyStoreError::Beat {
            beat_words,
            row_words,
        };
        if pairs == 0 {
            return Err(KeyStoreError::NoPairs);
        }
        let row_count = u16::try_from(rows).map_err(|_| KeyStoreError::Rows(rows))?;
        if !(1..=MOST_ROWS).contains(&rows) {
            return Err(KeyStoreError::Rows(rows));
        }
        if !(1..=MOST_BEAT_WORDS).contains(&beat_words) || !row_words.is_multiple_of(beat_words) {
            return Err(beat);
        }
        let parts = row_words / beat_words;
        let part_count = u8::try_from(parts).map_err(|_| beat)?;
        Ok(Self {
            clock: Default::default(),
            lwe_dimension: Default::default(),
            cycles_per_pass: Default::default(),
            level_count: Default::default(),
            start: Default::default(),
            stop: Default::default(),
            idle: Default::default(),
            request_valid: Default::default(),
            request_ready: Default::default(),
            request_slice: Default::default(),
            data_valid: Default::default(),
            data_ready: Default::default(),
            data: many(beat_words, |_| Signal::default()),
            read_half: Default::default(),
            read_level: Default::default(),
            read_time: Default::default(),
            key: many(row_words, |_| Signal::default()),
            slice_wanted: Default::default(),
            slice_ready: Default::default(),
            slice_half: Default::default(),
            slice_take: Default::default(),
            slice_release: Default::default(),
            checksum_error: Default::default(),
            error_slice: Default::default(),
            protocol_error: Default::default(),
            underrun: Default::default(),
            underrun_cycles: Default::default(),
            fill: Fill::new(row_count, part_count),
            slices: Slices::default(),
            digest: Digest::new(beat_words),
            beat: many(beat_words, |_| DFF::default()),
            strobes: many(parts, Strobe::new),
            read: ReadAddress::default(),
            rams: many(row_words, |_| Ram::new(2 * rows)),
            row: many(row_words, |_| DFF::default()),
        })
    }
}

impl Logic for KeyStore {
    structure! { this =>
        wire!(fill.clock <= clock);
        wire!(fill.start <= start);
        wire!(fill.stop <= stop);
        wire!(fill.lwe_dimension <= lwe_dimension);
        wire!(fill.cycles_per_pass <= cycles_per_pass);
        wire!(fill.level_count <= level_count);
        wire!(request_valid <= fill.request_valid);
        wire!(fill.request_ready <= request_ready);
        wire!(request_slice <= fill.request_slice);
        wire!(fill.data_valid <= data_valid);
        wire!(data_ready <= fill.data_ready);
        wire!(idle <= fill.idle);
        wire!(fill.broken <= slices.checksum_error);
        wire!(fill.half_free <= slices.half_free);

        wire!(slices.clock <= clock);
        wire!(slices.start <= start);
        wire!(slices.legal <= fill.legal);
        wire!(slices.lwe_dimension <= lwe_dimension);
        wire!(slices.received <= fill.received);
        wire!(slices.judged <= digest.judged);
        wire!(slices.good <= digest.zero);
        wire!(slices.slice_wanted <= slice_wanted);
        wire!(slices.slice_take <= slice_take);
        wire!(slices.slice_release <= slice_release);
        wire!(slice_ready <= slices.slice_ready);
        wire!(slice_half <= slices.slice_half);
        wire!(checksum_error <= slices.checksum_error);
        wire!(error_slice <= slices.error_slice);
        wire!(protocol_error <= slices.protocol_error);
        wire!(underrun <= slices.underrun);
        wire!(underrun_cycles <= slices.underrun_cycles);

        wire!(digest.clock <= clock);
        wire!(digest.clear <= start);
        wire!(digest.beat <= fill.beat);
        wire!(digest.first <= fill.first);
        wire!(digest.number <= fill.number);
        wire!(digest.last <= fill.received);
        let beat_words = this.data.len();
        for word in 0..beat_words {
            wire!(beat[word].clock <= clock);
            wire!(beat[word].d <= data[word]);
            wire!(digest.words[word] <= beat[word].q);
        }

        for part in 0..this.strobes.len() {
            wire!(strobes[part].clock <= clock);
            wire!(strobes[part].write <= fill.write);
            wire!(strobes[part].part <= fill.part);
        }
        wire!(read.clock <= clock);
        wire!(read.cycles_per_pass <= cycles_per_pass);
        wire!(read.half <= read_half);
        wire!(read.level <= read_level);
        wire!(read.cycle <= read_time);
        for word in 0..this.rams.len() {
            wire!(rams[word].clock <= clock);
            wire!(rams[word].write_enable <= strobes[word / beat_words].enable);
            wire!(rams[word].write_address <= fill.write_address);
            wire!(rams[word].write_data <= beat[word % beat_words].q);
            wire!(rams[word].read_address <= read.address);
            wire!(row[word].clock <= clock);
            wire!(row[word].d <= rams[word].read_data);
            wire!(key[word] <= row[word].q);
        }
    }
}

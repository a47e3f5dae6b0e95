//! How the memory that host and card share is cut up for one parameter set.

use super::Identity;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::ring::RingLayout;
use gyrus_interface::{DeviceError, ParameterSet};

/// Entries of each ring: room for every batch and every table upload that can be in flight.
pub(super) const RING_ENTRIES: u32 = 64;
/// Most table uploads in flight.
const LUTS_IN_FLIGHT: usize = RING_ENTRIES as usize / 2 - 1;
/// Batches in flight: enough to keep a card busy while others are made ready.
pub(super) const BATCHES_IN_FLIGHT: usize = 4;
/// The staging area: pieces of a key's image, or some look-up tables.
pub(super) const STAGING_BYTES: usize = 1 << 20;
/// Pieces of a key's image in the staging area: one is made ready while the card takes the other.
pub(super) const STAGED_PIECES: usize = 2;
/// Bytes of one.
pub(super) const PIECE_BYTES: usize = STAGING_BYTES / STAGED_PIECES;

/// Byte addresses of the areas.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) set: ParameterSet,
    pub(super) rings: RingLayout,
    pub(super) staging: u64,
    /// Look-up tables that fit the staging area, at most [`LUTS_IN_FLIGHT`].
    pub(super) staged_luts: usize,
    /// One per batch in flight.
    pub(super) buffers: Vec<Buffer>,
}

/// The areas of one batch in flight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buffer {
    /// Input ciphertexts.
    pub(super) inputs: u64,
    /// Look-up table slots, a u32 each.
    pub(super) list: u64,
    /// Output ciphertexts.
    pub(super) outputs: u64,
}

impl Plan {
    /// Cuts `bytes` of memory from address `base` on. `identity` is a validated one.
    ///
    /// # Errors
    /// The memory is too small.
    pub(super) fn new(
        set: &ParameterSet,
        identity: &Identity,
        (base, bytes): (u64, usize),
    ) -> Result<Self, DeviceError> {
        let mut end = base;
        let mut cut = |length: usize| {
            let start = end;
            end += length.next_multiple_of(64) as u64;
            start
        };
        let entries = RING_ENTRIES as usize;
        let rings = RingLayout {
            submission: cut(entries * DESCRIPTOR_BYTES),
            completion: cut(entries * COMPLETION_BYTES),
            entries: RING_ENTRIES,
        };
        let staging = cut(STAGING_BYTES);
        let ciphertexts = identity.max_batch * set.big_lwe_size() * WORD_BYTES;
        let buffers = (0..identity.max_in_flight)
            .map(|_| Buffer {
                inputs: cut(ciphertexts),
                list: cut(identity.max_batch.div_ceil(2) * WORD_BYTES),
                outputs: cut(ciphertexts),
            })
            .collect();
        if end - base > bytes as u64 {
            return Err(DeviceError::Request(format!(
                "{} needs {} bytes of shared memory, the device has {bytes}",
                set.name,
                end - base
            )));
        }
        let staged_luts = STAGING_BYTES / (layout::lut_words(set) * WORD_BYTES);
        Ok(Self {
            set: set.clone(),
            rings,
            staging,
            staged_luts: staged_luts.clamp(1, LUTS_IN_FLIGHT),
            buffers,
        })
    }

    /// Byte address of a place for a piece of a key in the staging area.
    pub(super) const fn staged_piece(&self, number: usize) -> u64 {
        self.staging + (number % STAGED_PIECES * PIECE_BYTES) as u64
    }

    /// Byte address of a place for a look-up table in the staging area.
    pub(super) fn staged_lut(&self, place: usize) -> u64 {
        self.staging + (place * layout::lut_words(&self.set) * WORD_BYTES) as u64
    }
}

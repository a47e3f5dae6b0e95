//! How the memory that host and card share is cut up for one parameter set.

use super::Identity;
use super::arena::GRAIN;
use gyrus_interface::card::Capabilities;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::ring::RingLayout;
use gyrus_interface::{DeviceError, ParameterSet};
use std::ops::Range;

/// Entries of each ring: room for every batch and every table upload that can be in flight.
pub(super) const RING_ENTRIES: u32 = 64;
/// Full batches that there has to be memory for: enough to keep a card busy while others are made ready.
const FULL_BATCHES: u64 = 4;
/// The staging area: pieces of a key's image, or some look-up tables.
pub(super) const STAGING_BYTES: usize = 1 << 20;
/// Pieces of a key's image in the staging area: one is made ready while the card takes the other.
pub(super) const STAGED_PIECES: usize = 2;
/// Bytes of one.
pub(super) const PIECE_BYTES: usize = STAGING_BYTES / STAGED_PIECES;

/// Most batches in flight with rings of so many entries: small ones, so many keep a card busy; the other half of
/// the entries is for tables.
pub(super) const fn batches_in_flight(entries: u32) -> usize {
    if entries < 4 { 1 } else { entries as usize / 2 }
}

/// Byte addresses of the areas.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) set: ParameterSet,
    pub(super) rings: RingLayout,
    pub(super) staging: u64,
    /// Look-up tables that fit the staging area, and beside the batches into the rings.
    pub(super) staged_luts: usize,
    /// Memory of the batches in flight.
    pub(super) batches: Range<u64>,
}

/// The areas of one batch in flight, in one piece.
#[derive(Debug, Clone)]
pub(super) struct Buffer {
    /// All of it.
    pub(super) range: Range<u64>,
    /// Input ciphertexts, which it begins with.
    pub(super) inputs: u64,
    /// Look-up table slots, a u32 each.
    pub(super) list: u64,
    /// Output ciphertexts.
    pub(super) outputs: u64,
}

/// Bytes of so many words, up to where something else may begin.
const fn aligned(words: usize) -> u64 {
    ((words * WORD_BYTES) as u64).next_multiple_of(GRAIN)
}

impl Buffer {
    /// Bytes of a buffer for so many ciphertexts of so many words.
    pub(super) const fn bytes(inputs: usize, outputs: usize, size: usize) -> u64 {
        aligned(inputs * size) + aligned(inputs.div_ceil(2)) + aligned(outputs * size)
    }

    /// The buffer in a range of as many bytes.
    pub(super) const fn within(range: Range<u64>, inputs: usize, size: usize) -> Self {
        let start = range.start;
        let list = start + aligned(inputs * size);
        Self {
            range,
            inputs: start,
            list,
            outputs: list + aligned(inputs.div_ceil(2)),
        }
    }
}

/// What there is whatever the parameters, from a first byte address on.
struct Areas {
    rings: RingLayout,
    staging: u64,
    /// The byte behind the last.
    end: u64,
}

impl Areas {
    fn cut(base: u64, entries: u32) -> Self {
        let mut end = base;
        let mut cut = |length: usize| {
            let start = end;
            end += (length as u64).next_multiple_of(GRAIN);
            start
        };
        let rings = RingLayout {
            submission: cut(entries as usize * DESCRIPTOR_BYTES),
            completion: cut(entries as usize * COMPLETION_BYTES),
            entries,
        };
        let staging = cut(STAGING_BYTES);
        Self {
            rings,
            staging,
            end,
        }
    }
}

/// Most bytes of shared memory for one card, whatever it says of itself.
const MOST_SHARED_BYTES: u64 = 1 << 30;

/// Bytes of shared memory that are enough for every parameter set that a card takes.
pub(super) fn shared_bytes(card: &Capabilities) -> usize {
    let ciphertext_words = ((card.max_k as usize) << card.max_log2_n) + 1;
    let most = card.max_batch as usize;
    let full = Buffer::bytes(most, most, ciphertext_words);
    let bytes = Areas::cut(0, RING_ENTRIES).end + FULL_BATCHES * full;
    bytes.min(MOST_SHARED_BYTES) as usize
}

impl Plan {
    /// Cuts `bytes` of memory from address `base` on, with rings of so many entries. `identity` is a
    /// validated one.
    ///
    /// # Errors
    /// The memory is too small.
    pub(super) fn new(
        set: &ParameterSet,
        identity: &Identity,
        (base, bytes): (u64, usize),
        entries: u32,
    ) -> Result<Self, DeviceError> {
        let Areas {
            rings,
            staging,
            end,
        } = Areas::cut(base, entries);
        let most = identity.max_batch;
        let full = Buffer::bytes(most, most, set.big_lwe_size());
        let left = (base + bytes as u64).saturating_sub(end);
        if left < FULL_BATCHES * full {
            return Err(DeviceError::Request(format!(
                "{} needs {} bytes of shared memory, the device has {bytes}",
                set.name,
                end + FULL_BATCHES * full - base
            )));
        }
        let batches = end..end + left.min(identity.max_in_flight as u64 * full);
        let staged_luts = STAGING_BYTES / (layout::lut_words(set) * WORD_BYTES);
        let beside = (entries as usize).saturating_sub(1 + identity.max_in_flight);
        Ok(Self {
            set: set.clone(),
            rings,
            staging,
            staged_luts: staged_luts.min(beside).max(1),
            batches,
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

#[cfg(test)]
mod tests {
    use super::*;
    use gyrus_interface::catalogue;
    use gyrus_sim::device::CardOptions;

    #[test]
    fn shared_memory_is_enough_for_every_set() {
        let card = CardOptions::default().capabilities;
        let bytes = shared_bytes(&card);
        let identity = Identity {
            name: "test".to_owned(),
            simulated: true,
            clock_hz: 1,
            interface: card.version,
            lut_slots: card.lut_slots,
            max_batch: card.max_batch as usize,
            max_in_flight: batches_in_flight(RING_ENTRIES),
            preferred_batch: 1,
            devices: 1,
        };
        for set in catalogue::secure_sets() {
            Plan::new(&set, &identity, (1 << 32, bytes), RING_ENTRIES).unwrap();
        }
        // The largest polynomials take all of it, but for the alignment of areas.
        let set = catalogue::secure_sets().swap_remove(0);
        assert!(Plan::new(&set, &identity, (1 << 32, bytes - 64), RING_ENTRIES).is_err());
        let liar = Capabilities {
            max_batch: u32::MAX,
            ..card
        };
        assert_eq!(shared_bytes(&liar) as u64, MOST_SHARED_BYTES);
    }
}

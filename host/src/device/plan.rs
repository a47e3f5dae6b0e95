//! How the memory that host and card share is cut up for one parameter set.

use super::Identity;
use gyrus_interface::card::Capabilities;
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

/// What a device needs, from a first byte address on.
struct Areas {
    rings: RingLayout,
    staging: u64,
    buffers: Vec<Buffer>,
    /// The byte behind the last.
    end: u64,
}

impl Areas {
    /// For batches of so many ciphertexts of so many words.
    fn cut(base: u64, max_batch: usize, ciphertext_words: usize) -> Self {
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
        let ciphertexts = max_batch * ciphertext_words * WORD_BYTES;
        let buffers = (0..BATCHES_IN_FLIGHT)
            .map(|_| Buffer {
                inputs: cut(ciphertexts),
                list: cut(max_batch.div_ceil(2) * WORD_BYTES),
                outputs: cut(ciphertexts),
            })
            .collect();
        Self {
            rings,
            staging,
            buffers,
            end,
        }
    }
}

/// Most bytes of shared memory for one card, whatever it says of itself.
const MOST_SHARED_BYTES: u64 = 1 << 30;

/// Bytes of shared memory that are enough for every parameter set that a card takes.
pub(super) fn shared_bytes(card: &Capabilities) -> usize {
    let ciphertext_words = ((card.max_k as usize) << card.max_log2_n) + 1;
    let areas = Areas::cut(0, card.max_batch as usize, ciphertext_words);
    areas.end.min(MOST_SHARED_BYTES) as usize
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
        let areas = Areas::cut(base, identity.max_batch, set.big_lwe_size());
        if areas.end - base > bytes as u64 {
            return Err(DeviceError::Request(format!(
                "{} needs {} bytes of shared memory, the device has {bytes}",
                set.name,
                areas.end - base
            )));
        }
        let staged_luts = STAGING_BYTES / (layout::lut_words(set) * WORD_BYTES);
        Ok(Self {
            set: set.clone(),
            rings: areas.rings,
            staging: areas.staging,
            staged_luts: staged_luts.clamp(1, LUTS_IN_FLIGHT),
            buffers: areas.buffers,
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
            max_in_flight: BATCHES_IN_FLIGHT,
            preferred_batch: 1,
        };
        for set in catalogue::secure_sets() {
            Plan::new(&set, &identity, (1 << 32, bytes)).unwrap();
        }
        // The largest polynomials take all of it, but for the alignment of areas.
        let set = catalogue::secure_sets().swap_remove(0);
        assert!(Plan::new(&set, &identity, (1 << 32, bytes - 64)).is_err());
        let liar = Capabilities {
            max_batch: u32::MAX,
            ..card
        };
        assert_eq!(shared_bytes(&liar) as u64, MOST_SHARED_BYTES);
    }
}

//! How descriptors and completions queue in host memory.
//!
//! Two rings as in NVMe: the host writes descriptors into the submission ring and rings its
//! doorbell with the new tail; the device writes completions into the completion ring.
//!
//! A descriptor is valid once the doorbell's tail has passed it, and not before: the device never
//! reads at or behind the tail. Its phase bit has to be the one of the present pass; a stale entry is
//! refused. A completion is new when its phase bit, which lies in its last word and is written last,
//! is the one of the host's present pass. The phase starts at 1 (memory starts as zero) and flips at
//! every wrap. Both doorbells carry an index, below the number of entries: the submission ring's the first
//! entry that is not valid yet, which goes forward only, and never past a descriptor that the device has not
//! read; the completion ring's the first that the host has not read yet. The device does not write a completion
//! that would make both indices equal again: one entry stays free.

/// A position in a ring: an index and the phase of the present pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    index: usize,
    entries: usize,
    phase: bool,
}

impl Cursor {
    /// The start of a ring of `entries` (at least one), on the first pass.
    #[must_use]
    pub const fn start(entries: usize) -> Self {
        Self {
            index: 0,
            entries: if entries == 0 { 1 } else { entries },
            phase: true,
        }
    }

    /// Index of the entry.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Phase that a new entry has here.
    #[must_use]
    pub const fn phase(&self) -> bool {
        self.phase
    }

    /// Moves to the next entry.
    pub const fn advance(&mut self) {
        self.index += 1;
        if self.index == self.entries {
            self.index = 0;
            self.phase = !self.phase;
        }
    }
}

/// Where both rings lie, and how long they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingLayout {
    /// Byte address of the submission ring ([`crate::job::DESCRIPTOR_BYTES`] an entry).
    pub submission: u64,
    /// Byte address of the completion ring ([`crate::job::COMPLETION_BYTES`] an entry).
    pub completion: u64,
    /// Entries of each. At most `entries - 1` jobs may be in flight.
    pub entries: u32,
}

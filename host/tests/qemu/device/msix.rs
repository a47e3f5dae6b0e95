//! MSI-X: the table that says which message an interrupt is, and what became of those that were masked.

/// Interrupts of the card.
pub(crate) const VECTORS: usize = 1;
/// Words of an entry: address, its upper half, data, control.
const ENTRY_WORDS: usize = 4;
/// Bit of an entry's control.
const MASKED: u32 = 1;

/// A write to memory that is an interrupt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) address: u64,
    pub(crate) data: u32,
}

/// Table and pending bits.
#[derive(Debug)]
pub(crate) struct Msix {
    entries: [[u32; ENTRY_WORDS]; VECTORS],
    pending: [bool; VECTORS],
    /// The capability's enable bit is set, and its mask for all is not.
    open: bool,
}

impl Default for Msix {
    fn default() -> Self {
        Self {
            entries: [[0, 0, 0, MASKED]; VECTORS],
            pending: [false; VECTORS],
            open: false,
        }
    }
}

impl Msix {
    /// A word of the table, by its byte offset.
    pub(crate) fn read(&self, offset: usize) -> u32 {
        let word = offset / 4;
        let entry = self.entries.get(word / ENTRY_WORDS);
        entry.map_or(0, |entry| entry[word % ENTRY_WORDS])
    }

    /// Writes it; messages that waited for that may go.
    pub(crate) fn write(&mut self, offset: usize, value: u32) -> Vec<Message> {
        let word = offset / 4;
        if let Some(entry) = self.entries.get_mut(word / ENTRY_WORDS) {
            entry[word % ENTRY_WORDS] = value;
        }
        self.free()
    }

    /// The pending bits, by their byte offset.
    pub(crate) fn pending(&self, offset: usize) -> u32 {
        let pending = self.pending.iter().enumerate().skip(offset * 8).take(32);
        pending.fold(0, |bits, (vector, is)| {
            bits | u32::from(*is) << (vector % 32)
        })
    }

    /// Opens or masks all, as the capability says; messages that waited for that may go.
    pub(crate) fn open(&mut self, open: bool) -> Vec<Message> {
        self.open = open;
        self.free()
    }

    /// An interrupt comes: its message, unless it has to wait.
    pub(crate) fn raise(&mut self, vector: usize) -> Vec<Message> {
        self.pending[vector] = true;
        self.free()
    }

    /// Messages that wait for nothing any more.
    fn free(&mut self) -> Vec<Message> {
        let open = self.open;
        let vectors = self.entries.iter().zip(&mut self.pending);
        let free = vectors.filter(|(entry, pending)| open && **pending && entry[3] & MASKED == 0);
        free.map(|(entry, pending)| {
            *pending = false;
            Message {
                address: u64::from(entry[1]) << 32 | u64::from(entry[0]),
                data: entry[2],
            }
        })
        .collect()
    }
}

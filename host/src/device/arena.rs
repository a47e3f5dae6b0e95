//! Memory that is cut up for batches of any size: first fit, and free neighbours are joined.

use std::ops::Range;

/// Bytes that every piece is a multiple of: a line of the processor's cache.
pub(super) const GRAIN: u64 = 64;

/// A range of addresses, with what is free of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Arena {
    /// In order, with something between each two.
    free: Vec<Range<u64>>,
}

impl Arena {
    /// All of a range is free. It begins at a multiple of [`GRAIN`].
    pub(super) fn new(range: Range<u64>) -> Self {
        Self { free: vec![range] }
    }

    /// Takes so many bytes; `None` when there is no room for them in one piece.
    pub(super) fn take(&mut self, bytes: u64) -> Option<Range<u64>> {
        let bytes = bytes.next_multiple_of(GRAIN);
        let fits = |free: &Range<u64>| free.end - free.start >= bytes;
        let at = self.free.iter().position(fits)?;
        let free = self.free.get_mut(at)?;
        let taken = free.start..free.start + bytes;
        free.start = taken.end;
        if free.is_empty() {
            self.free.remove(at);
        }
        Some(taken)
    }

    /// Gives back what was taken.
    pub(super) fn give(&mut self, mut taken: Range<u64>) {
        let at = self.free.partition_point(|free| free.end < taken.start);
        // Neighbours that touch it become part of it.
        let touched = self.free.get(at..).unwrap_or_default();
        let touched = touched
            .iter()
            .take_while(|free| free.start <= taken.end)
            .count();
        for free in self.free.drain(at..at + touched) {
            taken = taken.start.min(free.start)..taken.end.max(free.end);
        }
        self.free.insert(at, taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_do_not_overlap_and_come_back_whole(
            steps in prop::collection::vec((1_u64..2000, any::<prop::sample::Index>()), 1..100),
        ) {
            let whole = 4096..4096 + (1 << 14);
            let mut arena = Arena::new(whole.clone());
            let mut taken: Vec<Range<u64>> = Vec::new();
            for (bytes, index) in steps {
                match arena.take(bytes) {
                    Some(piece) => {
                        prop_assert!(piece.end - piece.start >= bytes);
                        prop_assert!(piece.start.is_multiple_of(GRAIN));
                        prop_assert!(whole.start <= piece.start && piece.end <= whole.end);
                        let apart = |other: &Range<u64>| other.end <= piece.start || piece.end <= other.start;
                        prop_assert!(taken.iter().all(apart));
                        taken.push(piece);
                    }
                    None => {
                        let held: u64 = taken.iter().map(|piece| piece.end - piece.start).sum();
                        prop_assert!(held > 0);
                    }
                }
                if index.index(3) == 0 && !taken.is_empty() {
                    let piece = taken.swap_remove(index.index(taken.len()));
                    arena.give(piece);
                }
            }
            for piece in taken {
                arena.give(piece);
            }
            prop_assert_eq!(arena.free, vec![whole]);
        }
    }
}

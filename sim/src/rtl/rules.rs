//! What AXI asks of the card: looked at in every cycle.

use thiserror::Error;

/// Bytes that no burst crosses a multiple of.
const PAGE_BYTES: u64 = 4096;

/// Most beats of a burst, less one.
const MOST_LENGTH: u64 = 255;

/// Strobes of all bytes of a word.
const ALL_BYTES: u64 = 0xff;

/// A rule that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Rule {
    /// What was offered has to stay.
    #[error("an offer was withdrawn before it was taken")]
    Withdrawn,
    /// And not to change.
    #[error("an offer changed before it was taken")]
    Changed,
    /// Bursts of whole beats.
    #[error("a burst at {0:#x}, which is no beat's address")]
    Misaligned(u64),
    /// Their number.
    #[error("a burst of {0} beats")]
    TooLong(u64),
    /// Bursts stay in their page.
    #[error("a burst from {address:#x} on of {bytes} bytes, which crosses a page")]
    Crosses {
        /// Its first byte.
        address: u64,
        /// How many.
        bytes: u64,
    },
    /// The last beat, and no other, says that it is.
    #[error("a beat with {0} more behind it in its burst, and the wrong wlast")]
    Last(u64),
    /// An answer is to something that was taken before.
    #[error("an answer to nothing that was asked")]
    Unasked,
    /// In a reset nothing is offered.
    #[error("an offer in a reset")]
    InReset,
    /// Of our own: all bytes of a word are written, or none.
    #[error("strobes of {0:#x}")]
    Strobes(u64),
}

/// A broken rule, and where and when.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the card broke a rule of bus {bus} in cycle {cycle}: {rule}")]
pub struct Violation {
    /// The bus.
    pub bus: String,
    /// The cycle since power-on.
    pub cycle: u64,
    /// The rule.
    #[source]
    pub rule: Rule,
}

/// What is offered on a channel of N signals, until it is taken.
#[derive(Debug)]
pub(super) struct Offer<const N: usize>(Option<[u64; N]>);

impl<const N: usize> Default for Offer<N> {
    fn default() -> Self {
        Self(None)
    }
}

impl<const N: usize> Offer<N> {
    /// What was offered up to the last cycle, and not taken.
    pub(super) const fn pending(&self) -> Option<[u64; N]> {
        self.0
    }

    /// Looks at a cycle.
    pub(super) fn check(
        &mut self,
        valid: bool,
        ready: bool,
        signals: [u64; N],
    ) -> Result<(), Rule> {
        let before = self.0.take();
        if valid && !ready {
            self.0 = Some(signals);
        }
        match before {
            Some(_) if !valid => Err(Rule::Withdrawn),
            Some(before) if before != signals => Err(Rule::Changed),
            _ => Ok(()),
        }
    }
}

/// Looks at a burst's address and length; its beats.
pub(super) const fn check_burst(address: u64, length: u64, beat_bytes: u64) -> Result<u64, Rule> {
    let beats = length.saturating_add(1);
    if length > MOST_LENGTH {
        return Err(Rule::TooLong(beats));
    }
    if !address.is_multiple_of(beat_bytes) {
        return Err(Rule::Misaligned(address));
    }
    let bytes = beats * beat_bytes;
    if address % PAGE_BYTES + bytes > PAGE_BYTES {
        return Err(Rule::Crosses { address, bytes });
    }
    Ok(beats)
}

/// Looks at a written beat with so many more behind it in its burst.
pub(super) const fn check_beat(behind: u64, last: bool, strobes: u64) -> Result<(), Rule> {
    if last != (behind == 0) {
        return Err(Rule::Last(behind));
    }
    if strobes != 0 && strobes != ALL_BYTES {
        return Err(Rule::Strobes(strobes));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_stay_as_they_are_until_they_are_taken() {
        let mut offer = Offer::default();
        for (cycle, expected) in [
            ((false, true, [0]), Ok(())),
            ((true, false, [1]), Ok(())),
            ((true, false, [1]), Ok(())),
            ((true, true, [1]), Ok(())),
            ((true, false, [2]), Ok(())),
            ((true, true, [3]), Err(Rule::Changed)),
            ((true, false, [4]), Ok(())),
            ((false, true, [4]), Err(Rule::Withdrawn)),
            ((false, false, [5]), Ok(())),
            ((true, true, [6]), Ok(())),
        ] {
            let (valid, ready, signals) = cycle;
            assert_eq!(offer.check(valid, ready, signals), expected, "{cycle:?}");
            let left = (valid && !ready).then_some(signals);
            assert_eq!(offer.pending(), left, "{cycle:?}");
        }
    }

    #[test]
    fn bursts_keep_within_their_page() {
        assert_eq!(check_burst(0x1000, 255, 16), Ok(256));
        assert_eq!(check_burst(0x1ff8, 0, 8), Ok(1));
        let crossing = Rule::Crosses {
            address: 0x1ff8,
            bytes: 16,
        };
        assert_eq!(check_burst(0x1ff8, 1, 8), Err(crossing));
        assert_eq!(check_burst(0x1008, 0, 64), Err(Rule::Misaligned(0x1008)));
        assert_eq!(check_burst(0, 256, 8), Err(Rule::TooLong(257)));
    }

    #[test]
    fn the_last_beat_says_so() {
        assert_eq!(check_beat(0, true, 0xff), Ok(()));
        assert_eq!(check_beat(1, false, 0), Ok(()));
        assert_eq!(check_beat(0, false, 0xff), Err(Rule::Last(0)));
        assert_eq!(check_beat(3, true, 0xff), Err(Rule::Last(3)));
        assert_eq!(check_beat(3, false, 0x0f), Err(Rule::Strobes(0x0f)));
    }
}

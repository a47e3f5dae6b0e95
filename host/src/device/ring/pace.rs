//! How long to look at the completion ring before an interrupt is waited for.
//!
//! A look is a load from memory; to take an interrupt costs some microseconds, and the register reads around it
//! one each. So a driver that expects a completion soon looks for it, and one that does not sleeps. What it
//! expects is what it has seen: twice the mean of its last waits, if that is short enough.

use std::time::Duration;

/// Longest look.
const LONGEST: Duration = Duration::from_micros(50);
/// The look of a driver that expects to wait longer: how it finds out that it need not.
const SHORTEST: Duration = Duration::from_micros(2);
/// A wait counts one in so many in the mean.
const WEIGHT: u32 = 8;

#[derive(Debug, Default)]
pub(super) struct Pace {
    mean: Duration,
}

impl Pace {
    /// How long to look.
    pub(super) fn window(&self) -> Duration {
        if self.mean > LONGEST {
            SHORTEST
        } else {
            (2 * self.mean).clamp(SHORTEST, LONGEST)
        }
    }

    /// Something was waited for so long, be it that it came or not.
    pub(super) fn waited(&mut self, time: Duration) {
        // One long wait, as for the first batch, is soon forgotten.
        let time = time.min(4 * LONGEST);
        self.mean = (self.mean * (WEIGHT - 1) + time) / WEIGHT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_as_long_as_the_waits_and_bounded() {
        let mut pace = Pace::default();
        let micros = Duration::from_micros;
        for (wait, window) in [(10, 20), (1, 2), (40, 50), (3000, 2), (15, 30), (0, 2)] {
            for _ in 0..60 {
                pace.waited(micros(wait));
            }
            let (window, found) = (micros(window), pace.window());
            assert!(found.abs_diff(window) < micros(1), "{wait}: {found:?}");
            assert!((SHORTEST..=LONGEST).contains(&found));
        }
        pace.waited(Duration::MAX);
        assert!(pace.window() <= LONGEST);
    }
}

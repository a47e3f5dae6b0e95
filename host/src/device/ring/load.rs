//! How many batches are in flight, and how long there were how many.

use crate::device::Statistics;
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(super) struct Load {
    batches: usize,
    greatest: usize,
    /// Up to when the times below count.
    counted: Option<Instant>,
    busy: Duration,
    in_flight: Duration,
}

impl Load {
    pub(super) const fn batches(&self) -> usize {
        self.batches
    }

    /// Another number of batches is in flight from now on.
    pub(super) fn change(&mut self, batches: usize, now: Instant) {
        (self.busy, self.in_flight) = self.until(now);
        self.counted = Some(now);
        self.batches = batches;
        self.greatest = self.greatest.max(batches);
    }

    /// The time in which batches were in flight, and the sum of theirs.
    fn until(&self, now: Instant) -> (Duration, Duration) {
        let past = match self.counted {
            Some(counted) if self.batches > 0 => now.saturating_duration_since(counted),
            _ => Duration::ZERO,
        };
        let batches = u32::try_from(self.batches).unwrap_or(u32::MAX);
        (self.busy + past, self.in_flight + past * batches)
    }

    pub(super) fn report(&self, statistics: &mut Statistics) {
        (statistics.busy, statistics.in_flight) = self.until(Instant::now());
        statistics.depth = self.batches;
        statistics.greatest_depth = self.greatest;
    }
}

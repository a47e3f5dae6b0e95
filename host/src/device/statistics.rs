//! What a device has done, how long that took, and what it waited for.

use std::time::Duration;

/// Classes of an octave: a class is an eighth of its octave's first duration wide.
const CLASSES_LOG2: u32 = 3;

/// Durations, counted in classes. What it says of them is at most an eighth too long.
///
/// It is small and plain, so that it can be copied out of a device after every batch; that is why it is
/// no library's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// As many classes as were needed so far.
    counts: Vec<u64>,
    longest: Duration,
}

/// The class of a duration of so many nanoseconds.
const fn class(nanoseconds: u64) -> usize {
    match nanoseconds.checked_ilog2() {
        Some(octave) if octave >= CLASSES_LOG2 => {
            let shift = octave - CLASSES_LOG2;
            // The first bit of the number within the octave counts the octave up by one.
            ((shift as usize) << CLASSES_LOG2) + (nanoseconds >> shift) as usize
        }
        _ => nanoseconds as usize,
    }
}

/// The longest duration of a class, in nanoseconds.
const fn longest(class: usize) -> u64 {
    let octave = class >> CLASSES_LOG2;
    if octave == 0 {
        return class as u64;
    }
    let within = (class & ((1 << CLASSES_LOG2) - 1)) as u64 + (1 << CLASSES_LOG2);
    let end = (within as u128 + 1) << (octave - 1);
    (end - 1) as u64
}

impl Histogram {
    /// Counts one.
    pub fn record(&mut self, duration: Duration) {
        let class = class(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        if self.counts.len() <= class {
            self.counts.resize(class + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(class) {
            *count += 1;
        }
        self.longest = self.longest.max(duration);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What so many in a hundred are not longer than; 0 of none.
    #[must_use]
    pub fn percentile(&self, percent: u32) -> Duration {
        let rank = (u128::from(self.count()) * u128::from(percent))
            .div_ceil(100)
            .max(1);
        let mut seen = 0;
        let class = self.counts.iter().position(|&count| {
            seen += u128::from(count);
            seen >= rank
        });
        class.map_or(self.longest, |class| {
            Duration::from_nanos(longest(class)).min(self.longest)
        })
    }

    /// The longest, exactly.
    #[must_use]
    pub const fn longest(&self) -> Duration {
        self.longest
    }

    /// Counts those of another one, too.
    pub fn add(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.longest = self.longest.max(other.longest);
    }
}

/// How often something was waited for, and how long in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// How often.
    pub times: u64,
    /// How long in all.
    pub time: Duration,
}

impl Waits {
    /// Counts one.
    pub fn record(&mut self, time: Duration) {
        self.times += 1;
        self.time += time;
    }

    fn add(&mut self, other: Self) {
        self.times += other.times;
        self.time += other.time;
    }
}

/// What a device has done since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Batches completed without error.
    pub batches: u64,
    /// Bootstraps completed without error.
    pub bootstraps: u64,
    /// Jobs that ended in an error.
    pub errors: u64,
    /// Resets.
    pub resets: u64,
    /// Time in which at least one batch was in flight, as the driver saw it, however many there were.
    pub busy: Duration,
    /// The sum of the times that each batch was in flight.
    pub in_flight: Duration,
    /// Batches in flight now.
    pub depth: usize,
    /// Most batches that were in flight at once on one device.
    pub greatest_depth: usize,
    /// From the hand-over of a batch until its completion was found.
    pub latency: Histogram,
    /// Times in which a batch or a table had to wait for room: from the first refusal to the next job that ended.
    pub stalls: Waits,
    /// Waits for an interrupt.
    pub interrupt_waits: Waits,
    /// Waits that an interrupt with a cause ended.
    pub interrupts: u64,
    /// Waits that ended early with nothing to show for it.
    pub spurious_interrupts: u64,
    /// Completions found at the end of a wait that no interrupt had ended.
    pub lost_interrupts: u64,
    /// Bytes moved to the device.
    pub bytes_in: u64,
    /// Bytes moved from the device.
    pub bytes_out: u64,
    /// Bytes of card memory that the evaluation key's images take.
    pub key_bytes: u64,
}

impl Statistics {
    /// Batches in flight on one device while it had any, on average; 0 if it never had.
    #[must_use]
    pub fn mean_depth(&self) -> f64 {
        if self.busy.is_zero() {
            return 0.0;
        }
        self.in_flight.as_secs_f64() / self.busy.as_secs_f64()
    }

    /// Adds those of another device that works beside this one. Times are sums then, as the depth of now is; the
    /// other depths are those of one device.
    pub fn add(&mut self, other: &Self) {
        self.batches += other.batches;
        self.bootstraps += other.bootstraps;
        self.errors += other.errors;
        self.resets += other.resets;
        self.busy += other.busy;
        self.in_flight += other.in_flight;
        self.depth += other.depth;
        self.greatest_depth = self.greatest_depth.max(other.greatest_depth);
        self.latency.add(&other.latency);
        self.stalls.add(other.stalls);
        self.interrupt_waits.add(other.interrupt_waits);
        self.interrupts += other.interrupts;
        self.spurious_interrupts += other.spurious_interrupts;
        self.lost_interrupts += other.lost_interrupts;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.key_bytes += other.key_bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn classes_follow_each_other_without_gap() {
        for class_number in 0..400 {
            let last = longest(class_number);
            assert_eq!(class(last), class_number);
            assert_eq!(class(last + 1), class_number + 1);
        }
        assert_eq!(longest(class(u64::MAX)), u64::MAX);
    }

    #[test]
    fn a_histogram_of_nothing_says_0() {
        let nothing = Histogram::default();
        assert_eq!(nothing.count(), 0);
        assert_eq!(nothing.percentile(99), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn percentiles_are_at_most_an_eighth_above_the_sorted_list_s(
            mut times in prop::collection::vec(0_u64..10_000_000_000, 1..300),
            split in 0_usize..300,
        ) {
            let (mut whole, mut rest) = (Histogram::default(), Histogram::default());
            for (number, time) in times.iter().enumerate() {
                let part = if number < split { &mut whole } else { &mut rest };
                part.record(Duration::from_nanos(*time));
            }
            whole.add(&rest);
            times.sort_unstable();
            prop_assert_eq!(whole.count(), times.len() as u64);
            for percent in [1, 50, 90, 99, 100] {
                let right = times[(times.len() * percent).div_ceil(100) - 1];
                let said = whole.percentile(u32::try_from(percent).unwrap()).as_nanos();
                let right = u128::from(right);
                prop_assert!((right..=right + right / 8 + 1).contains(&said), "{} of {}", said, right);
            }
            prop_assert_eq!(whole.longest().as_nanos(), u128::from(times[times.len() - 1]));
        }
    }
}

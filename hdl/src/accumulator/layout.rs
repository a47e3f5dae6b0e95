//! Where a coefficient lies: which lane holds it, and at which time.
//!
//! A coefficient's index is j = j1 * M + j2 with M = N/32: "coarse" j1 of five bits, "fine" j2. A
//! row (one polynomial) has C lanes; they take the top bits of j, so that a multiplication by X^a
//! moves all lanes alike.

use std::fmt;

/// Bits of the coarse index.
const COARSE_BITS: usize = 5;

/// log2 of the smallest polynomial.
const LOG2_N_MIN: usize = 8;

/// log2 of the largest polynomial.
pub(super) const LOG2_N_MAX: usize = 11;

/// Bits of the fine index at the largest N.
const FINE_BITS: usize = LOG2_N_MAX - COARSE_BITS;

/// A size for which there is no accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// The number of lanes is not 2, 4, .., 128.
    Lanes(usize),
    /// The number of slots is not in 1..=16.
    Slots(usize),
    /// Log2 of the largest polynomial's size is not 8, 9, 10 or 11.
    Log2N(usize),
}

impl fmt::Display for Unsupported {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lanes(lanes) => write!(to, "{lanes} lanes: not a power of two in 2..=128"),
            Self::Slots(slots) => write!(to, "{slots} slots: not in 1..=16"),
            Self::Log2N(log2_n) => write!(to, "N up to 2^{log2_n}: not 2^8, .., 2^11"),
        }
    }
}

impl std::error::Error for Unsupported {}

/// The row and the index j of the coefficient that `lane` holds at `time`.
///
/// `lanes` is one of 2, 4, .., 128 and `log2_n` one of 8, .., 11; `lane` is below `lanes` and
/// `time` below 2N / `lanes`. This is the one place that says it for the host and for tests.
#[must_use]
pub const fn coefficient(lanes: usize, log2_n: usize, lane: usize, time: usize) -> (usize, usize) {
    let fine_bits = log2_n - COARSE_BITS;
    if lanes == 2 {
        // One row at a time.
        let (fine, low, row) = (time >> 5, (time >> 1) & 15, time & 1);
        return (row, (lane << (4 + fine_bits)) | (low << fine_bits) | fine);
    }
    let row_lanes = lanes / 2;
    let (row, lane) = (lane / row_lanes, lane % row_lanes);
    if lanes == 128 {
        // Bit 0 of the fine index is in the lane.
        let (coarse, fine) = (lane >> 1, (time << 1) | (lane & 1));
        return (row, (coarse << fine_bits) | fine);
    }
    let low_bits = COARSE_BITS - row_lanes.ilog2() as usize;
    let (fine, low) = (time >> low_bits, time & ((1 << low_bits) - 1));
    (
        row,
        (lane << (low_bits + fine_bits)) | (low << fine_bits) | fine,
    )
}

/// What the number of lanes decides. The blocks share it as a table of widths and shifts.
///
/// They calculate in *positions*: a position is j * 2048 / N, so that coarse and fine index stay in
/// the same bits for every N, and j - a is one subtraction of 12 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Lanes in all.
    pub(super) lanes: usize,
    /// Rows that flow side by side: 1 or 2.
    pub(super) rows: usize,
    /// Lanes of a row.
    pub(super) row_lanes: usize,
    /// log2 of `row_lanes`.
    pub(super) lane_bits: usize,
    /// Groups of lanes with an address of their own: 2 if bit 0 of the fine index is in the lane.
    pub(super) groups: usize,
    /// Coarse bits that are in the time.
    pub(super) low_bits: usize,
    /// Low bits of a position that are 0 for every N of the build.
    pub(super) unused_bits: usize,
}

impl Shape {
    /// The shape for so many lanes and N up to 2^`max_log2_n`.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] unless `lanes` is 2, 4, .., 128 and `max_log2_n` 8, 9, 10 or 11.
    pub const fn new(lanes: usize, max_log2_n: usize) -> Result<Self, Unsupported> {
        if !lanes.is_power_of_two() || lanes < 2 || lanes > 128 {
            return Err(Unsupported::Lanes(lanes));
        }
        if max_log2_n < LOG2_N_MIN || max_log2_n > LOG2_N_MAX {
            return Err(Unsupported::Log2N(max_log2_n));
        }
        let rows = if lanes == 2 { 1 } else { 2 };
        let row_lanes = lanes / rows;
        let lane_bits = row_lanes.ilog2() as usize;
        let groups = if lane_bits > COARSE_BITS { 2 } else { 1 };
        Ok(Self {
            lanes,
            rows,
            row_lanes,
            lane_bits,
            groups,
            low_bits: COARSE_BITS.saturating_sub(lane_bits),
            unused_bits: LOG2_N_MAX - max_log2_n,
        })
    }

    /// Bits of a lane that belong to the fine index: 0 or 1.
    pub(super) const fn group_bits(&self) -> usize {
        self.groups - 1
    }

    /// Bits of a time that say the row: 0 or 1.
    pub(super) const fn row_bits(&self) -> usize {
        2 - self.rows
    }

    /// The lowest bit of a position that says the lane, apart from the group.
    pub(super) const fn lane_shift(&self) -> usize {
        FINE_BITS + self.low_bits
    }

    /// Low bits of a position that are not in an address.
    pub(super) const fn dropped_bits(&self) -> usize {
        self.group_bits() + self.unused_bits
    }

    /// Bits of a position that are in the address within a slot and row.
    pub(super) const fn place_bits(&self) -> usize {
        self.lane_shift() - self.dropped_bits()
    }

    /// The group of a lane.
    pub(super) const fn group(&self, lane: usize) -> usize {
        lane % self.groups
    }

    /// Words of a lane for one ciphertext.
    pub(super) const fn depth(&self) -> usize {
        1 << (self.place_bits() + self.row_bits())
    }
}

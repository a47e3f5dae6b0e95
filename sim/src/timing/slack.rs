//! By how many cycles a ciphertext's next turn may overlap with its last one:
//! [`gyrus_hdl::blind_rotate::Slack`], and its mean over all degrees.

use gyrus_hdl::ntt::Shape;
use gyrus_hdl::ntt::arrangement::COARSE_BITS;

/// The formula of [`gyrus_hdl::blind_rotate::Slack`] for one N.
#[derive(Debug, Clone)]
pub(super) struct Slacks {
    degree_mask: u64,
    fine_mask: u64,
    fine_in_lanes: u32,
    below: u32,
    mean: f64,
}

impl Slacks {
    pub(super) fn new(shape: &Shape, log2_n: usize) -> Self {
        let time_bits = shape.pass_cycles(shape.max_log2_n()).ilog2() as usize;
        let fine_in_lanes = usize::from(time_bits < shape.fine_bits());
        let below = (time_bits + fine_in_lanes).saturating_sub(shape.fine_bits());
        let mut slacks = Self {
            degree_mask: (2 << log2_n) - 1,
            fine_mask: (1 << (log2_n - COARSE_BITS)) - 1,
            fine_in_lanes: u32::from(fine_in_lanes == 1),
            below: u32::try_from(below).unwrap_or(0),
            mean: 0.0,
        };
        let sum: u64 = (1..=slacks.degree_mask).map(|a| slacks.of(a)).sum();
        slacks.mean = sum as f64 / slacks.degree_mask as f64;
        slacks
    }

    /// Cycles for this degree.
    pub(super) const fn of(&self, degree: u64) -> u64 {
        let fine = degree & self.fine_mask;
        if self.fine_in_lanes == 1 && fine == 1 {
            return 0;
        }
        let previous =
            (fine >> self.fine_in_lanes).wrapping_sub(1) & self.fine_mask >> self.fine_in_lanes;
        previous << self.below
    }

    /// The mean over all degrees but 0, which is no turn.
    pub(super) const fn mean(&self) -> f64 {
        self.mean
    }

    /// 2 N - 1.
    pub(super) const fn degree_mask(&self) -> u64 {
        self.degree_mask
    }
}

//! The datapath's latencies, which are constants of a build.

use crate::ntt::Shape;
use crate::ntt::arrangement::COARSE_BITS;

/// Cycles from a read of the accumulators to each place behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latencies {
    /// Rotate and subtract.
    pub read: usize,
    /// Gadget digits.
    pub decompose: usize,
    /// Forward transform.
    pub forward: usize,
    /// Multiply-accumulate.
    pub mac: usize,
    /// Inverse transform.
    pub inverse: usize,
    /// Back to mod 2^64, from the result until a read sees the sum.
    pub add: usize,
}

impl Latencies {
    /// From a read to the multiply-accumulate.
    #[must_use]
    pub const fn to_mac(&self) -> usize {
        self.read + self.decompose + self.forward
    }

    /// From a read to the request to add what comes of it, which the accumulators get a cycle ahead.
    #[must_use]
    pub const fn to_add(&self) -> usize {
        self.to_mac() + self.mac + self.inverse - 1
    }

    /// From a read to the first read that sees its result.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.to_add() + 1 + self.add
    }

    /// Cycles from a turn to the next of a ciphertext alone in flight, for one level: the mean over
    /// all degrees, by what [`super::Slack`] allows. N = 2^log2_n.
    #[must_use]
    pub fn alone(&self, shape: &Shape, log2_n: usize) -> f64 {
        let pass = shape.pass_cycles(log2_n) as f64;
        let fine = (1_u64 << (log2_n - COARSE_BITS)) as f64;
        // Fine values that count time; with fewer than all, degrees of 1 modulo M have no slack.
        let in_time = fine.min(pass);
        let borrowing = if in_time < fine {
            (in_time - 1.0) / fine
        } else {
            0.0
        };
        let slack = pass * (in_time - 1.0) / (2.0 * in_time) - borrowing;
        self.total() as f64 + pass - 1.0 - slack
    }
}

//! The datapath's latencies, which are constants of a build.

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
    /// Back to mod 2^64, from the request to accumulate, and until a read sees the sum.
    pub add: usize,
}

impl Latencies {
    /// From a read to the multiply-accumulate.
    #[must_use]
    pub const fn to_mac(&self) -> usize {
        self.read + self.decompose + self.forward
    }

    /// From a read to the request to add what came of it.
    #[must_use]
    pub const fn to_add(&self) -> usize {
        self.to_mac() + self.mac + self.inverse
    }

    /// From a read to the first read that sees its result.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.to_add() + self.add
    }
}

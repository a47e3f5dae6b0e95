//! What a core is built with.

use super::{BlindRotate, BuildError, MAX_SLOTS};
use crate::key_store::{MOST_BEAT_WORDS, MOST_PARTS};
use crate::mac::POINT_WORDS;
use crate::ntt::Shape;
use crate::ntt::arrangement::MAX_LOG2_N;

/// The sizes of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreParameters {
    /// P: coefficients in a cycle.
    pub lanes: usize,
    /// log2 of the largest N.
    pub max_log2_n: usize,
    /// Ciphertexts in flight.
    pub slots: usize,
    /// Most decomposition levels.
    pub levels: usize,
    /// 64-bit words of a beat of key memory.
    pub beat_words: usize,
}

impl CoreParameters {
    /// The sizes that go with a number of lanes: N up to 2048, three levels, as many ciphertexts in
    /// flight as keep the datapath busy at one level, and the narrowest key beats that keep up with
    /// them.
    ///
    /// # Errors
    /// [`BuildError`] for a number of lanes that there is no core for.
    pub fn for_lanes(lanes: usize) -> Result<Self, BuildError> {
        let shape = Shape::new(lanes, MAX_LOG2_N)?;
        let row_words = POINT_WORDS * shape.pairs();
        let pass = shape.pass_cycles(MAX_LOG2_N);
        let mut parameters = Self {
            lanes,
            max_log2_n: MAX_LOG2_N,
            slots: 2,
            levels: 3,
            beat_words: 1,
        };
        for beat_words in 1..=row_words.min(MOST_BEAT_WORDS) {
            let parts = row_words / beat_words;
            if !row_words.is_multiple_of(beat_words) || parts > MOST_PARTS {
                continue;
            }
            parameters.beat_words = beat_words;
            let core = parameters.build()?;
            // A turn sees the result of the one before, whatever its degree.
            let by_latency = (core.latencies().total() + pass).div_ceil(pass);
            // A slice comes in between the release of the one before it in the same half and the
            // last moment in which it can be taken: the key store's section on bandwidth.
            let beats = pass * parts + 1;
            let not_filling = core.latencies().to_mac() + core.verify_latency() + 2;
            let by_key = (beats + not_filling).div_ceil(pass);
            parameters.slots = by_latency.max(by_key).clamp(2, MAX_SLOTS);
            if by_key <= by_latency {
                break;
            }
        }
        Ok(parameters)
    }

    /// The core, not connected yet.
    ///
    /// # Errors
    /// [`BuildError`] for sizes that a part cannot be built for.
    pub fn build(&self) -> Result<BlindRotate, BuildError> {
        let shape = self.shape()?;
        BlindRotate::new(&shape, self.slots, self.levels, self.beat_words)
    }

    /// The datapath's shape.
    ///
    /// # Errors
    /// [`BuildError`] for lanes or sizes that there are not.
    pub fn shape(&self) -> Result<Shape, BuildError> {
        Ok(Shape::new(self.lanes, self.max_log2_n)?)
    }
}

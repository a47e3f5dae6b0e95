//! A card on a board: memories of so many GB/s, and what is sustained there.

use super::{Pace, Prediction, Submission, TimingError, TimingModel, Work};
use crate::rtl::CardParameters;
use gyrus_interface::ParameterSet;
use gyrus_interface::layout::WORD_BYTES;

/// Nanoseconds to host memory, what [`Pace`] calls latency: assumed of all boards.
pub const HOST_LATENCY: f64 = 1000.0;
/// The same of card memory.
pub const CARD_LATENCY: f64 = 300.0;

/// Jobs of which the first half is not counted for what is sustained.
const SUSTAINED_JOBS: usize = 40;

/// What batches that follow each other take, on average.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sustained {
    /// Bootstraps a second.
    pub rate: f64,
    /// The share of cycles in which the rotation took coefficients in.
    pub utilisation: f64,
    /// Bootstrapping key, GB/s of 10^9 bytes.
    pub key: f64,
    /// Key switching key, GB/s.
    pub keyswitch: f64,
    /// From host memory, GB/s.
    pub from_host: f64,
    /// To host memory, GB/s.
    pub to_host: f64,
}

/// The pace of memory of so many GB/s that beats of so many words are read from.
fn pace(rate: f64, words: usize, clock: f64, nanoseconds: f64) -> Pace {
    let wanted = (words * WORD_BYTES) as f64 * clock / 1e9;
    Pace {
        latency: (nanoseconds * clock / 1e9).ceil() as u64,
        beat_cycles: (wanted / rate).ceil().max(1.0) as u64,
    }
}

fn hertz(parameters: &CardParameters) -> f64 {
    f64::from(parameters.clock_khz) * 1e3
}

impl TimingModel {
    /// A card at its clock, on a board whose host and card memory carry so many GB/s; infinite, if they are not to
    /// count. Card memory is shared out as if both keys were read at full pace all the time.
    ///
    /// # Errors
    /// [`TimingError::Build`] if there is no such card.
    pub fn on_board(
        parameters: &CardParameters,
        host: f64,
        card: f64,
    ) -> Result<Self, TimingError> {
        let clock = hertz(parameters);
        let words = parameters.key.beat_words() + parameters.keyswitch.beat_words();
        let card = pace(card, words, clock, CARD_LATENCY);
        Self::new(parameters, pace(host, 1, clock, HOST_LATENCY), card)
    }

    /// Cycles from a beat of card memory to the next.
    #[must_use]
    pub const fn beat_cycles(&self) -> u64 {
        self.card.beat_cycles
    }

    /// What jobs of so many ciphertexts take when the card is busy before and behind them.
    ///
    /// # Errors
    /// [`TimingError`] if the card does not take the set, or such a job.
    pub fn sustained(&self, set: &ParameterSet, batch: u64) -> Result<Sustained, TimingError> {
        let run = |jobs: usize| -> Result<Prediction, TimingError> {
            self.run(set, &vec![Work::of(batch); jobs], Submission::AtOnce)
        };
        // Many more, less many.
        let (half, whole) = (run(SUSTAINED_JOBS / 2)?, run(SUSTAINED_JOBS)?);
        let cycles = (whole.cycles - half.cycles).max(1) as f64;
        let of = |whole: u64, half: u64| (whole - half) as f64 / cycles;
        let parameters = self.parameters();
        let clock = hertz(parameters);
        let bytes =
            |per_cycle: f64, words: usize| per_cycle * (words * WORD_BYTES) as f64 * clock / 1e9;
        Ok(Sustained {
            rate: of(whole.bootstraps, half.bootstraps) * clock,
            utilisation: of(whole.turn_cycles, half.turn_cycles),
            key: bytes(
                of(whole.key_beats, half.key_beats),
                parameters.key.beat_words(),
            ),
            keyswitch: bytes(
                of(whole.keyswitch_beats, half.keyswitch_beats),
                parameters.keyswitch.beat_words(),
            ),
            from_host: bytes(of(whole.host_words_read, half.host_words_read), 1),
            to_host: bytes(of(whole.host_words_written, half.host_words_written), 1),
        })
    }
}

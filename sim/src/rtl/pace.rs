//! How fast modelled memory answers.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Most cycles of a pace that is read from a text: longer than a bus may be silent by default.
const MOST_CYCLES: u64 = 1 << 20;

/// How fast memory answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Cycles from an address to its first beat, or from the last beat of a write to its answer.
    pub latency: u64,
    /// Cycles from a beat to the next, at least 1.
    pub beat_cycles: u64,
}

impl Pace {
    /// Host memory a microsecond away, at 300 MHz.
    pub const HOST: Self = Self {
        latency: 300,
        beat_cycles: 1,
    };
    /// Card memory a third of that away.
    pub const CARD: Self = Self {
        latency: 100,
        beat_cycles: 1,
    };
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.latency, self.beat_cycles)
    }
}

/// No pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a latency and a pace in cycles look like 300,1: up to {MOST_CYCLES} each, the pace at least 1"
)]
pub struct NoPace;

impl FromStr for Pace {
    type Err = NoPace;

    fn from_str(text: &str) -> Result<Self, NoPace> {
        let (latency, beat_cycles) = text.split_once(',').ok_or(NoPace)?;
        let number = |text: &str, least| {
            let number = text.parse().map_err(|_| NoPace)?;
            if (least..=MOST_CYCLES).contains(&number) {
                Ok(number)
            } else {
                Err(NoPace)
            }
        };
        Ok(Self {
            latency: number(latency, 0)?,
            beat_cycles: number(beat_cycles, 1)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paces_read_as_they_are_written() {
        for pace in [Pace::HOST, Pace::CARD] {
            assert_eq!(pace.to_string().parse(), Ok(pace));
        }
        let slow = Pace {
            latency: 0,
            beat_cycles: 1 << 20,
        };
        assert_eq!("0,1048576".parse(), Ok(slow));
        for text in ["", "300", "300,0", "300,1,1", "300, 1", "-1,1", "1048577,1"] {
            assert_eq!(text.parse::<Pace>(), Err(NoPace), "{text}");
        }
    }
}

//! A reader of a key image: [`gyrus_hdl::bus::KeyReader`] burst by burst.
//!
//! A burst is offered when all its beats have a place in the queue beside those that are promised. So when
//! it comes depends on when a beat was taken some places before, which is known by then. Times of single
//! beats follow by two straight lines: beats come no faster than memory gives them, and are taken
//! no faster than they are wanted.

use crate::rtl::Pace;
use std::collections::VecDeque;

/// Cycles from the moment in which a burst can be offered to its address on the bus, between two offers, and
/// from a beat on the bus to its place at the queue's head.
const TO_ADDRESS: f64 = 1.0;
const BETWEEN_OFFERS: f64 = 3.0;
const TO_HEAD: f64 = 2.0;

/// Long before the first job: memory has filled the queue by then.
const LONG_AGO: f64 = -1e15;

/// Beats taken one after the other: beat i of them in the later one of two cycles.
#[derive(Debug, Clone, Copy)]
struct Taken {
    first: u64,
    beats: u64,
    /// When it was wanted, and cycles from a beat to the next.
    wanted: (f64, f64),
    /// When it was there, and the same.
    there: (f64, f64),
}

impl Taken {
    fn at(&self, beat: u64) -> f64 {
        let i = (beat - self.first) as f64;
        let line = |(from, step): (f64, f64)| from + i * step;
        line(self.wanted).max(line(self.there))
    }
}

/// A burst whose beats are not all taken.
#[derive(Debug, Clone, Copy)]
struct Burst {
    /// When the next beat is there.
    there: f64,
    beats: u64,
}

/// The reader.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pace: Pace,
    places: u64,
    burst: u64,
    image: u64,
    /// Where in the image the next burst begins.
    at: u64,
    promised: u64,
    taken: u64,
    offered: f64,
    arrived: f64,
    open: Option<Burst>,
    past: VecDeque<Taken>,
}

impl Reader {
    /// Of an image of so many beats, with a queue that is full.
    pub(super) const fn new(pace: Pace, places: u64, burst: u64, image: u64) -> Self {
        Self {
            pace,
            places,
            burst,
            image,
            at: 0,
            promised: 0,
            taken: 0,
            offered: LONG_AGO,
            arrived: LONG_AGO,
            open: None,
            past: VecDeque::new(),
        }
    }

    /// Whether a beat is there in each cycle, whenever it is wanted.
    const fn keeps_up(&self) -> bool {
        self.pace.beat_cycles <= 1 && self.pace.latency + self.burst + 6 <= self.places
    }

    /// So many beats, wanted from `start` on and so many cycles apart: when the last one is taken.
    pub(super) fn take(&mut self, start: u64, beats: u64, apart: f64) -> u64 {
        let mut wanted = start as f64;
        if self.keeps_up() {
            return (wanted + beats.saturating_sub(1) as f64 * apart).ceil() as u64;
        }
        let mut left = beats;
        let mut last = wanted;
        while left > 0 {
            let burst = match self.open.take() {
                Some(burst) => burst,
                None => self.offer(),
            };
            let now = left.min(burst.beats);
            let memory = self.pace.beat_cycles as f64;
            let taken = Taken {
                first: self.taken,
                beats: now,
                wanted: (wanted, apart),
                there: (burst.there, memory.max(apart)),
            };
            self.past.push_back(taken);
            self.taken += now;
            left -= now;
            last = taken.at(self.taken - 1);
            wanted = last + apart;
            if now < burst.beats {
                self.open = Some(Burst {
                    there: burst.there + now as f64 * memory,
                    beats: burst.beats - now,
                });
            }
        }
        last.ceil() as u64
    }

    /// The image's next burst.
    fn offer(&mut self) -> Burst {
        let beats = self.burst.min(self.image - self.at);
        // So many beats have to be gone.
        let gone = (self.promised + self.burst).saturating_sub(self.places);
        let mut offer = self.offered + BETWEEN_OFFERS;
        if let Some(last) = gone.checked_sub(1) {
            while self
                .past
                .front()
                .is_some_and(|taken| taken.first + taken.beats <= last)
            {
                self.past.pop_front();
            }
            if let Some(taken) = self.past.front() {
                offer = offer.max(taken.at(last.max(taken.first)) + 1.0);
            }
        }
        self.offered = offer;
        let first = (offer + TO_ADDRESS + self.pace.latency as f64).max(self.arrived);
        self.arrived = first + beats as f64 * self.pace.beat_cycles as f64;
        self.promised += beats;
        self.at += beats;
        if self.at == self.image {
            self.at = 0;
        }
        Burst {
            there: first + TO_HEAD,
            beats,
        }
    }
}

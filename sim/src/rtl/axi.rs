//! Memory at the other end of the card's AXI buses, with a latency and a pace.

use super::memory::Memory;
use super::pins::{Pins, ReadPins, WritePins};
use crate::device::MemoryFault;
use std::collections::VecDeque;

/// Bursts that memory has accepted and not answered, at most.
const MOST_BURSTS: usize = 32;

/// An answer of the bus: an error.
const SLVERR: u64 = 2;

/// How fast memory answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Cycles from an address to its first beat, or from the last beat of a write to its answer.
    pub latency: u64,
    /// Cycles from a beat to the next, at least 1.
    pub beat_cycles: u64,
}

/// A burst that is to be answered.
#[derive(Debug, Clone, Copy)]
struct Burst {
    address: u64,
    beats: u64,
    /// The cycle from which on it is answered.
    due: u64,
}

/// Reads of one channel.
#[derive(Debug)]
pub(super) struct ReadPort {
    pins: ReadPins,
    memory: Memory,
    pace: Pace,
    bursts: VecDeque<Burst>,
    next_beat: u64,
    /// The beat on the bus, and its answer; it stays until it is taken.
    shown: Option<u64>,
    words: Vec<u64>,
}

impl ReadPort {
    pub(super) fn new(pins: ReadPins, memory: Memory, pace: Pace) -> Self {
        Self {
            words: vec![0; pins.rdata.len()],
            pins,
            memory,
            pace,
            bursts: VecDeque::new(),
            next_beat: 0,
            shown: None,
        }
    }

    /// Sets the inputs of cycle `now`.
    pub(super) fn drive(&mut self, now: u64, inputs: &mut Pins<'_>) {
        inputs.set(self.pins.arready, self.bursts.len() < MOST_BURSTS);
        if let (None, Some(burst)) = (self.shown, self.bursts.front())
            && burst.due <= now
            && self.next_beat <= now
        {
            self.shown = match self.memory.read(burst.address, &mut self.words) {
                None => Some(0),
                Some(MemoryFault::Error) => Some(SLVERR),
                Some(MemoryFault::Dead) => None,
            };
        }
        inputs.set(self.pins.rvalid, self.shown.is_some());
        if let Some(response) = self.shown {
            inputs.put(self.pins.rresp, response);
            for (&pin, &word) in self.pins.rdata.iter().zip(&self.words) {
                inputs.put(pin, word);
            }
            if let (Some(last), Some(burst)) = (self.pins.rlast, self.bursts.front()) {
                inputs.set(last, burst.beats == 1);
            }
        }
    }

    /// Takes note of what moved in cycle `now`.
    pub(super) fn sample(&mut self, now: u64, outputs: &[u64]) {
        let high = |pin: usize| outputs[pin] != 0;
        let room = self.bursts.len() < MOST_BURSTS;
        if self.shown.is_some() && high(self.pins.rready) {
            self.shown = None;
            self.next_beat = now + self.pace.beat_cycles;
            if let Some(burst) = self.bursts.front_mut() {
                burst.address += 8 * self.words.len() as u64;
                burst.beats -= 1;
                if burst.beats == 0 {
                    self.bursts.pop_front();
                }
            }
        }
        if room && high(self.pins.arvalid) {
            self.bursts.push_back(Burst {
                address: outputs[self.pins.araddr],
                beats: outputs[self.pins.arlen] + 1,
                due: now + self.pace.latency,
            });
        }
    }
}

/// Writes of one bus.
#[derive(Debug)]
pub(super) struct WritePort {
    pins: WritePins,
    memory: Memory,
    pace: Pace,
    bursts: VecDeque<Burst>,
    next_beat: u64,
    /// Something of the present burst was refused.
    refused: bool,
    /// A word is taken in this cycle.
    taking: bool,
    /// Answers, with the cycles from which on they are given.
    answers: VecDeque<(u64, u64)>,
}

impl WritePort {
    pub(super) fn new(pins: WritePins, memory: Memory, pace: Pace) -> Self {
        Self {
            pins,
            memory,
            pace,
            bursts: VecDeque::new(),
            next_beat: 0,
            refused: false,
            taking: false,
            answers: VecDeque::new(),
        }
    }

    /// Sets the inputs of cycle `now`.
    pub(super) fn drive(&mut self, now: u64, inputs: &mut Pins<'_>) {
        inputs.set(self.pins.awready, self.bursts.len() < MOST_BURSTS);
        let alive = |burst: &Burst| self.memory.fault(burst.address) != Some(MemoryFault::Dead);
        self.taking = self.next_beat <= now && self.bursts.front().is_some_and(alive);
        inputs.set(self.pins.wready, self.taking);
        let answer = self.answers.front().filter(|(due, _)| *due <= now);
        inputs.set(self.pins.bvalid, answer.is_some());
        inputs.put(self.pins.bresp, answer.map_or(0, |(_, response)| *response));
    }

    /// Takes note of what moved in cycle `now`.
    pub(super) fn sample(&mut self, now: u64, outputs: &[u64]) {
        let high = |pin: usize| outputs[pin] != 0;
        let room = self.bursts.len() < MOST_BURSTS;
        let answered = self.answers.front().is_some_and(|(due, _)| *due <= now);
        if answered && high(self.pins.bready) {
            self.answers.pop_front();
        }
        if self.taking && high(self.pins.wvalid) {
            self.next_beat = now + self.pace.beat_cycles;
            if let Some(burst) = self.bursts.front_mut() {
                // The card writes whole words or none.
                if high(self.pins.wstrb) {
                    let word = outputs[self.pins.wdata];
                    self.refused |= self.memory.write(burst.address, word).is_some();
                }
                burst.address += 8;
                burst.beats -= 1;
                if burst.beats == 0 {
                    let response = if self.refused { SLVERR } else { 0 };
                    self.answers.push_back((now + self.pace.latency, response));
                    self.refused = false;
                    self.bursts.pop_front();
                }
            }
        }
        if room && high(self.pins.awvalid) {
            self.bursts.push_back(Burst {
                address: outputs[self.pins.awaddr],
                beats: outputs[self.pins.awlen] + 1,
                due: now,
            });
        }
    }
}

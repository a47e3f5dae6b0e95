//! Memory at the other end of the card's AXI buses, with a latency and a pace. It looks at what the card does
//! there ([`super::rules`]).

use super::memory::Memory;
use super::pace::Pace;
use super::pins::{Pins, ReadPins, WritePins};
use super::rules::{Offer, Rule, check_beat, check_burst};
use super::stalls::{Gate, Stalls};
use crate::device::MemoryFault;
use std::collections::VecDeque;
use std::ops::Range;

/// Bursts that memory has accepted and not answered, at most.
const MOST_BURSTS: usize = 32;

/// With jitter, one in so many written bursts has its address taken only when its first word is offered, as AXI
/// allows.
const ONE_IN_AFTER_WORDS: u32 = 4;

/// Answers of the bus: an error of the memory, and of the address.
const SLVERR: u64 = 2;
const DECERR: u64 = 3;

/// A burst that is to be answered.
#[derive(Debug, Clone, Copy)]
struct Burst {
    address: u64,
    beats: u64,
    /// The cycle from which on it is answered.
    due: u64,
}

/// The answer of a bus, if there is one.
const fn response(fault: Option<MemoryFault>) -> Option<u64> {
    match fault {
        None => Some(0),
        Some(MemoryFault::Error) => Some(SLVERR),
        Some(MemoryFault::Nowhere) => Some(DECERR),
        // Memory serves what it has heard.
        Some(MemoryFault::Dead | MemoryFault::Mute | MemoryFault::Deaf) => None,
    }
}

/// The addresses of a burst, of which nobody knows yet whether it is one.
fn span([address, length]: [u64; 2], beat_bytes: u64) -> Range<u64> {
    let bytes = length.saturating_add(1).saturating_mul(beat_bytes);
    address..address.saturating_add(bytes)
}

/// Reads of one channel.
#[derive(Debug)]
pub(super) struct ReadPort {
    pins: ReadPins,
    memory: Memory,
    pace: Pace,
    stalls: Stalls,
    gate: Gate,
    offer: Offer<2>,
    /// An address is taken in this cycle.
    taking: bool,
    bursts: VecDeque<Burst>,
    next_beat: u64,
    /// The beat on the bus, and its answer; it stays until it is taken.
    shown: Option<u64>,
    words: Vec<u64>,
}

impl ReadPort {
    pub(super) fn new(pins: ReadPins, memory: Memory, pace: Pace, stalls: Stalls) -> Self {
        Self {
            words: vec![0; pins.rdata.len()],
            pins,
            memory,
            pace,
            stalls,
            gate: Gate::default(),
            offer: Offer::default(),
            taking: false,
            bursts: VecDeque::new(),
            next_beat: 0,
            shown: None,
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.pins.name
    }

    /// Forgets what is under way: the bus is reset.
    pub(super) fn forget(&mut self) {
        self.bursts.clear();
        self.shown = None;
        self.offer = Offer::default();
    }

    /// Whether the card offers nothing.
    pub(super) fn is_quiet(&self, outputs: &[u64]) -> bool {
        outputs[self.pins.arvalid] == 0
    }

    const fn beat_bytes(&self) -> u64 {
        8 * self.words.len() as u64
    }

    /// Sets the inputs of cycle `now`.
    pub(super) fn drive(&mut self, now: u64, inputs: &mut Pins<'_>) {
        let open = self.gate.is_open(now, &mut self.stalls);
        let offered = self.offer.pending();
        let offered = offered.map(|offered| span(offered, self.beat_bytes()));
        self.taking = open && self.bursts.len() < MOST_BURSTS && self.memory.hears(offered);
        inputs.set(self.pins.arready, self.taking);
        if let (None, Some(burst)) = (self.shown, self.bursts.front())
            && burst.due <= now
            && self.next_beat <= now
        {
            self.shown = response(self.memory.read(burst.address, &mut self.words));
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
    pub(super) fn sample(&mut self, now: u64, outputs: &[u64]) -> Result<(), Rule> {
        let high = |pin: usize| outputs[pin] != 0;
        let beat_bytes = self.beat_bytes();
        if self.shown.is_some() && high(self.pins.rready) {
            self.shown = None;
            self.next_beat = now + self.pace.beat_cycles + self.stalls.pause();
            if let Some(burst) = self.bursts.front_mut() {
                burst.address += beat_bytes;
                burst.beats -= 1;
                if burst.beats == 0 {
                    self.bursts.pop_front();
                }
            }
        }
        let valid = high(self.pins.arvalid);
        let (address, length) = (outputs[self.pins.araddr], outputs[self.pins.arlen]);
        self.offer.check(valid, self.taking, [address, length])?;
        if self.taking && valid {
            self.bursts.push_back(Burst {
                address,
                beats: check_burst(address, length, beat_bytes)?,
                due: now + self.pace.latency + self.stalls.late(),
            });
        }
        Ok(())
    }
}

/// The answer to a burst that was written.
#[derive(Debug, Clone, Copy)]
struct Answer {
    /// The cycle from which on it is given.
    due: u64,
    response: u64,
    /// A word that the memory may be mute about.
    mute: Option<u64>,
}

/// Writes of one bus.
#[derive(Debug)]
pub(super) struct WritePort {
    pins: WritePins,
    memory: Memory,
    pace: Pace,
    stalls: Stalls,
    address_gate: Gate,
    word_gate: Gate,
    address_offer: Offer<2>,
    word_offer: Offer<3>,
    /// The next address is taken when its first word is offered.
    after_word: bool,
    /// An address, a word is taken in this cycle; an answer is given.
    taking_address: bool,
    taking: bool,
    answering: bool,
    bursts: VecDeque<Burst>,
    next_beat: u64,
    /// What became of the present burst so far.
    response: u64,
    mute: Option<u64>,
    answers: VecDeque<Answer>,
}

impl WritePort {
    pub(super) fn new(pins: WritePins, memory: Memory, pace: Pace, stalls: Stalls) -> Self {
        Self {
            pins,
            memory,
            pace,
            stalls,
            address_gate: Gate::default(),
            word_gate: Gate::default(),
            address_offer: Offer::default(),
            word_offer: Offer::default(),
            after_word: false,
            taking_address: false,
            taking: false,
            answering: false,
            bursts: VecDeque::new(),
            next_beat: 0,
            response: 0,
            mute: None,
            answers: VecDeque::new(),
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.pins.name
    }

    /// Forgets what is under way: the bus is reset.
    pub(super) fn forget(&mut self) {
        self.bursts.clear();
        self.answers.clear();
        self.answering = false;
        (self.response, self.mute) = (0, None);
        self.address_offer = Offer::default();
        self.word_offer = Offer::default();
    }

    /// Whether the card offers nothing.
    pub(super) fn is_quiet(&self, outputs: &[u64]) -> bool {
        outputs[self.pins.awvalid] == 0 && outputs[self.pins.wvalid] == 0
    }

    /// Sets the inputs of cycle `now`.
    pub(super) fn drive(&mut self, now: u64, inputs: &mut Pins<'_>) {
        let open = self.address_gate.is_open(now, &mut self.stalls);
        let offered = self.address_offer.pending();
        let offered = offered.map(|offered| span(offered, 8));
        // With all words of the bursts before taken, a word that is offered is this burst's.
        let may = !self.after_word || self.bursts.is_empty() && self.word_offer.pending().is_some();
        let room = self.bursts.len() < MOST_BURSTS;
        self.taking_address = open && may && room && self.memory.hears(offered);
        inputs.set(self.pins.awready, self.taking_address);
        let open = self.word_gate.is_open(now, &mut self.stalls);
        let is = |address, fault| self.memory.fault(address) == Some(fault);
        let alive = |burst: &Burst| !is(burst.address, MemoryFault::Dead);
        self.taking = open && self.next_beat <= now && self.bursts.front().is_some_and(alive);
        inputs.set(self.pins.wready, self.taking);
        // What is given already stays.
        let told = |answer: &&Answer| {
            self.answering || !answer.mute.is_some_and(|at| is(at, MemoryFault::Mute))
        };
        let answer = self.answers.front().filter(|answer| answer.due <= now);
        let answer = answer.filter(told);
        inputs.set(self.pins.bvalid, answer.is_some());
        inputs.put(self.pins.bresp, answer.map_or(0, |answer| answer.response));
        self.answering = answer.is_some();
    }

    /// Takes note of what moved in cycle `now`.
    pub(super) fn sample(&mut self, now: u64, outputs: &[u64]) -> Result<(), Rule> {
        let high = |pin: usize| outputs[pin] != 0;
        if self.answering && high(self.pins.bready) {
            self.answering = false;
            self.answers.pop_front();
        }
        let valid = high(self.pins.wvalid);
        let (word, strobes) = (outputs[self.pins.wdata], outputs[self.pins.wstrb]);
        let last = high(self.pins.wlast);
        let signals = [word, strobes, last.into()];
        self.word_offer.check(valid, self.taking, signals)?;
        if let (true, Some(burst)) = (self.taking && valid, self.bursts.front_mut()) {
            self.next_beat = now + self.pace.beat_cycles;
            burst.beats -= 1;
            check_beat(burst.beats, last, strobes)?;
            if strobes != 0 {
                match self.memory.write(burst.address, word) {
                    Some(MemoryFault::Error) => self.response = SLVERR,
                    Some(MemoryFault::Nowhere) => self.response = DECERR,
                    Some(MemoryFault::Mute) => self.mute = Some(burst.address),
                    Some(MemoryFault::Dead | MemoryFault::Deaf) | None => (),
                }
            }
            burst.address += 8;
            if burst.beats == 0 {
                self.answers.push_back(Answer {
                    due: now + self.pace.latency + self.stalls.late(),
                    response: std::mem::take(&mut self.response),
                    mute: self.mute.take(),
                });
                self.bursts.pop_front();
            }
        }
        let valid = high(self.pins.awvalid);
        let (address, length) = (outputs[self.pins.awaddr], outputs[self.pins.awlen]);
        self.address_offer
            .check(valid, self.taking_address, [address, length])?;
        if self.taking_address && valid {
            self.after_word = self.stalls.happens(ONE_IN_AFTER_WORDS);
            self.bursts.push_back(Burst {
                address,
                beats: check_burst(address, length, 8)?,
                due: now,
            });
        }
        Ok(())
    }
}

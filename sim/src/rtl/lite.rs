//! The driver's end of BAR0: one access at a time, and what AXI asks of the card there.

use super::pins::{LitePins, Pins};
use super::rules::{Offer, Rule};
use super::stalls::Stalls;

/// With jitter, most cycles by which what the driver does on a channel is late.
const MOST_LATE: u64 = 3;

/// What the driver has to do on a channel: to offer something, or to take it.
#[derive(Debug, Default)]
struct Task {
    /// From this cycle on, until it is done.
    from: Option<u64>,
    /// In this cycle.
    up: bool,
}

impl Task {
    fn set(&mut self, from: u64) {
        self.from = Some(from);
    }

    fn drive(&mut self, now: u64) -> bool {
        self.up = self.from.is_some_and(|from| from <= now);
        self.up
    }

    /// It is done in this cycle, if the card does its part.
    fn is_done(&mut self, card: bool) -> bool {
        let done = self.up && card;
        if done {
            *self = Self::default();
        }
        done
    }
}

/// An answer of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    /// What was read.
    pub(super) value: u32,
    /// It is an error.
    pub(super) is_error: bool,
}

/// BAR0.
#[derive(Debug)]
pub(super) struct LitePort {
    pins: LitePins,
    stalls: Stalls,
    read_address: Task,
    read: Task,
    write_address: Task,
    write_word: Task,
    written: Task,
    read_offer: Offer<2>,
    written_offer: Offer<1>,
    /// The card has taken an address to read, an address to write, a word.
    asked: bool,
    addressed: bool,
    worded: bool,
    answer: Option<Answer>,
}

impl LitePort {
    /// Its name.
    pub(super) const NAME: &str = "s_axil";

    pub(super) fn new(pins: LitePins, stalls: Stalls) -> Self {
        Self {
            pins,
            stalls,
            read_address: Task::default(),
            read: Task::default(),
            write_address: Task::default(),
            write_word: Task::default(),
            written: Task::default(),
            read_offer: Offer::default(),
            written_offer: Offer::default(),
            asked: false,
            addressed: false,
            worded: false,
            answer: None,
        }
    }

    /// Forgets what is under way: the bus is reset, or the card does not answer.
    pub(super) fn forget(&mut self) {
        for task in [
            &mut self.read_address,
            &mut self.read,
            &mut self.write_address,
            &mut self.write_word,
            &mut self.written,
        ] {
            *task = Task::default();
        }
        self.read_offer = Offer::default();
        self.written_offer = Offer::default();
        (self.asked, self.addressed, self.worded) = (false, false, false);
        self.answer = None;
    }

    /// Whether the card offers nothing.
    pub(super) fn is_quiet(&self, outputs: &[u64]) -> bool {
        outputs[self.pins.rvalid] == 0 && outputs[self.pins.bvalid] == 0
    }

    /// Begins to read.
    pub(super) fn begin_read(&mut self, now: u64, offset: u32, inputs: &mut Pins<'_>) {
        inputs.put(self.pins.araddr, offset.into());
        self.read_address.set(now + self.stalls.at_most(MOST_LATE));
        // Also ahead of the address.
        self.read.set(now + self.stalls.at_most(3 * MOST_LATE));
    }

    /// Begins to write.
    pub(super) fn begin_write(&mut self, now: u64, offset: u32, value: u32, inputs: &mut Pins<'_>) {
        inputs.put(self.pins.awaddr, offset.into());
        inputs.put(self.pins.wdata, value.into());
        inputs.put(self.pins.wstrb, 0xf);
        self.write_address.set(now + self.stalls.at_most(MOST_LATE));
        self.write_word.set(now + self.stalls.at_most(MOST_LATE));
        self.written.set(now + self.stalls.at_most(3 * MOST_LATE));
    }

    /// The answer to what was begun, when it is there.
    pub(super) const fn take_answer(&mut self) -> Option<Answer> {
        self.answer.take()
    }

    /// Sets the inputs of cycle `now`.
    pub(super) fn drive(&mut self, now: u64, inputs: &mut Pins<'_>) {
        inputs.set(self.pins.arvalid, self.read_address.drive(now));
        inputs.set(self.pins.rready, self.read.drive(now));
        inputs.set(self.pins.awvalid, self.write_address.drive(now));
        inputs.set(self.pins.wvalid, self.write_word.drive(now));
        inputs.set(self.pins.bready, self.written.drive(now));
    }

    /// Takes note of what moved in the cycle.
    pub(super) fn sample(&mut self, outputs: &[u64]) -> Result<(), Rule> {
        let high = |pin: usize| outputs[pin] != 0;
        // An answer comes after what it answers, not with it.
        let valid = high(self.pins.rvalid);
        let (word, response) = (outputs[self.pins.rdata], outputs[self.pins.rresp]);
        let read = self.read_offer.check(valid, self.read.up, [word, response]);
        let unasked = valid && !self.asked;
        if self.read.is_done(valid) {
            self.asked = false;
            self.answer = Some(Answer {
                value: (word & 0xffff_ffff) as u32,
                is_error: response != 0,
            });
        }
        let valid = high(self.pins.bvalid);
        let response = outputs[self.pins.bresp];
        let written = self.written_offer.check(valid, self.written.up, [response]);
        let unasked = unasked || valid && !(self.addressed && self.worded);
        if self.written.is_done(valid) {
            (self.addressed, self.worded) = (false, false);
            self.answer = Some(Answer {
                value: 0,
                is_error: response != 0,
            });
        }
        self.asked |= self.read_address.is_done(high(self.pins.arready));
        self.addressed |= self.write_address.is_done(high(self.pins.awready));
        self.worded |= self.write_word.is_done(high(self.pins.wready));
        if unasked {
            return Err(Rule::Unasked);
        }
        read.and(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtl::stalls::Jitter;

    const PINS: LitePins = LitePins {
        awaddr: 0,
        awvalid: 1,
        wdata: 2,
        wstrb: 3,
        wvalid: 4,
        bready: 5,
        araddr: 6,
        arvalid: 7,
        rready: 8,
        // Outputs.
        awready: 0,
        wready: 1,
        bvalid: 2,
        bresp: 3,
        arready: 4,
        rdata: 5,
        rvalid: 6,
        rresp: 7,
    };

    const JITTER: Jitter = Jitter {
        seed: 1,
        latency: 0,
        one_in: 4,
        stall: 6,
    };

    fn port(jitter: Option<Jitter>) -> LitePort {
        LitePort::new(PINS, Stalls::new(jitter, 0))
    }

    /// A cycle with these outputs; the inputs of it.
    fn cycle(port: &mut LitePort, now: u64, high: &[usize], value: u64) -> Result<[bool; 5], Rule> {
        let mut inputs = [0; 9];
        port.drive(now, &mut Pins(&mut inputs));
        let mut outputs = [0; 8];
        for &pin in high {
            outputs[pin] = 1;
        }
        outputs[PINS.rdata] = value;
        port.sample(&outputs)?;
        let pins = [
            PINS.awvalid,
            PINS.wvalid,
            PINS.bready,
            PINS.arvalid,
            PINS.rready,
        ];
        Ok(pins.map(|pin| inputs[pin] != 0))
    }

    #[test]
    fn an_access_takes_no_longer_than_the_card_wants() {
        let mut port = port(None);
        port.begin_read(0, 8, &mut Pins(&mut [0; 9]));
        let reading = Ok([false, false, false, true, true]);
        assert_eq!(cycle(&mut port, 0, &[], 0), reading);
        assert_eq!(cycle(&mut port, 1, &[PINS.arready], 0), reading);
        let waiting = Ok([false, false, false, false, true]);
        assert_eq!(cycle(&mut port, 2, &[PINS.arready], 0), waiting);
        assert_eq!(port.take_answer(), None);
        assert_eq!(cycle(&mut port, 3, &[PINS.rvalid], 1 << 32 | 7), waiting);
        let answer = |value, is_error| Some(Answer { value, is_error });
        assert_eq!(port.take_answer(), answer(7, false));
        port.begin_write(4, 8, 9, &mut Pins(&mut [0; 9]));
        let writing = Ok([true, true, true, false, false]);
        assert_eq!(cycle(&mut port, 4, &[PINS.wready], 0), writing);
        let addressing = Ok([true, false, true, false, false]);
        assert_eq!(cycle(&mut port, 5, &[PINS.awready], 0), addressing);
        let waiting = Ok([false, false, true, false, false]);
        assert_eq!(cycle(&mut port, 6, &[PINS.bvalid, PINS.bresp], 0), waiting);
        assert_eq!(port.take_answer(), answer(0, true));
        assert_eq!(cycle(&mut port, 7, &[], 0), Ok([false; 5]));
    }

    #[test]
    fn answers_come_after_what_they_answer() {
        let unasked = Err(Rule::Unasked);
        assert_eq!(cycle(&mut port(None), 0, &[PINS.rvalid], 0), unasked);
        assert_eq!(cycle(&mut port(None), 0, &[PINS.bvalid], 0), unasked);
        let mut early = port(None);
        early.begin_read(0, 8, &mut Pins(&mut [0; 9]));
        let high = [PINS.arready, PINS.rvalid];
        assert_eq!(cycle(&mut early, 0, &high, 0), unasked);
        for taken in [PINS.awready, PINS.wready] {
            let mut early = port(None);
            early.begin_write(0, 8, 9, &mut Pins(&mut [0; 9]));
            assert!(cycle(&mut early, 0, &[taken], 0).is_ok());
            assert_eq!(cycle(&mut early, 1, &[PINS.bvalid], 0), unasked);
        }
    }

    #[test]
    fn with_jitter_answers_wait_and_have_to_stay() {
        let mut port = port(Some(JITTER));
        let mut now = 0;
        let mut waited = [0; 2];
        for number in 0..100 {
            port.begin_read(now, 8, &mut Pins(&mut [0; 9]));
            while !cycle(&mut port, now, &[PINS.arready], 0).unwrap()[3] {
                now += 1;
            }
            now += 1;
            // Every other answer changes.
            let mut found = cycle(&mut port, now, &[PINS.rvalid], 0);
            while let (Ok(_), None) = (found, port.take_answer()) {
                now += 1;
                found = cycle(&mut port, now, &[PINS.rvalid], number % 2);
                waited[number as usize % 2] += 1;
                if number % 2 == 1 {
                    assert_eq!(found, Err(Rule::Changed));
                }
            }
            port.forget();
            now += 1;
        }
        assert!(waited.iter().all(|&count| count > 10), "{waited:?}");
    }

    #[test]
    fn with_jitter_a_write_begins_in_any_order() {
        let mut port = port(Some(JITTER));
        let mut first = [0; 4];
        for number in 0..200 {
            let begin = 100 * number;
            port.begin_write(begin, 8, 9, &mut Pins(&mut [0; 9]));
            let mut rose = (begin..).map(|now| cycle(&mut port, now, &[], 0).unwrap());
            let [address, word, ..] = rose.find(|up| up[0] || up[1] || up[2]).unwrap();
            first[usize::from(address) + 2 * usize::from(word)] += 1;
            port.forget();
        }
        assert!(first.iter().all(|&count| count > 4), "{first:?}");
    }
}

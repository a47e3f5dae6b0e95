//! The read master.

use crate::memory::{Pace, ReadMemory, content};
use crate::support::bench::Bench;
use crate::{LENGTHS, STARTS, dut};
use gyrus_hdl::bus::ReadMaster;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

dut!(ReadMaster {
    request_valid, request_address, request_words, word_ready, abort, reset, arready, rdata, rresp, rlast,
    rvalid
    => request_ready, word_valid, word, word_last, word_bad, outstanding, moved, araddr, arlen,
    arvalid, rready
});

/// What the test does in a cycle.
#[derive(Clone, Copy, Default)]
struct Drive {
    request: Option<(u64, u64)>,
    ready: bool,
    abort: bool,
    reset: bool,
}

/// What the block says.
struct Said {
    request_ready: bool,
    word_valid: bool,
    word: u64,
    word_last: bool,
    word_bad: bool,
    outstanding: bool,
    arvalid: bool,
}

struct Rig {
    bench: Bench<ReadMaster>,
    memory: ReadMemory,
    rng: ChaCha8Rng,
}

impl Rig {
    fn new(pace: Pace, seed: u64) -> Self {
        Self {
            bench: Bench::new(ReadMaster::default()),
            memory: ReadMemory::new(1, 64, pace),
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    fn cycle(&mut self, drive: Drive) -> Said {
        let bus = self.memory.drive(&mut self.rng);
        let (address, words) = match drive.request {
            Some(request) => request,
            None => (self.rng.random(), self.rng.random_range(0..1 << 24)),
        };
        let inputs = [
            drive.request.is_some().into(),
            address.into(),
            words.into(),
            drive.ready.into(),
            drive.abort.into(),
            drive.reset.into(),
            bus.arready.into(),
            bus.rdata[0].into(),
            bus.rresp.into(),
            bus.rlast.into(),
            bus.rvalid.into(),
        ];
        let owed = !self.memory.settled();
        let said = self.bench.cycle(&inputs);
        let high = |place: usize| said[place] == 1;
        let offer = (high(9), said[7] as u64, said[8]);
        assert!(drive.reset || high(5) == (owed || high(9)), "outstanding");
        let offer = (offer.0 && !drive.reset, offer.1, offer.2);
        let moved = self.memory.watch(&mut self.rng, offer, high(10));
        assert!(drive.reset || high(6) == moved, "moved");
        assert!(self.memory.deepest <= 16, "too many bursts under way");
        Said {
            request_ready: high(0),
            word_valid: high(1),
            word: said[2] as u64,
            word_last: high(3),
            word_bad: high(4),
            outstanding: high(5),
            arvalid: high(9),
        }
    }

    /// Asks for a transfer and takes all its words, or as many as so many cycles give; the cycles
    /// from the first word to the last.
    fn transfer(&mut self, (address, words): (u64, u64), taker: &Pace, cycles: usize) -> usize {
        let (mut asked, mut taken, mut first) = (false, 0, 0);
        for cycle in 0..cycles {
            let drive = Drive {
                request: (!asked && taker.coin(&mut self.rng)).then_some((address, words)),
                ready: taker.coin(&mut self.rng),
                abort: false,
                reset: false,
            };
            let said = self.cycle(drive);
            assert!(asked || !said.word_valid, "a word of no transfer");
            assert!(!asked || !said.request_ready, "two transfers at a time");
            asked |= drive.request.is_some() && said.request_ready;
            if !said.word_valid || !drive.ready {
                continue;
            }
            let at = address.wrapping_add(8 * taken);
            taken += 1;
            assert_eq!(said.word, content(at), "the word at {at:#x}");
            assert_eq!(said.word_last, taken == words, "word_last");
            assert_eq!(said.word_bad, self.memory.errors.contains(&at), "word_bad");
            if taken == 1 {
                first = cycle;
            }
            if taken == words {
                return cycle - first;
            }
        }
        usize::MAX
    }

    /// Resets the bus, whose other side forgets everything.
    fn reset(&mut self) {
        let pace = self.memory.pace.clone();
        self.memory = ReadMemory::new(1, 64, pace);
        for cycle in 0..8 {
            let said = self.cycle(Drive {
                abort: true,
                reset: true,
                ..Drive::default()
            });
            assert!(
                cycle == 0 || !said.arvalid && !said.outstanding,
                "owed in a reset"
            );
        }
    }

    /// Aborts for so many cycles, and waits until a request would be heeded.
    fn abort(&mut self, cycles: usize) {
        let mut left = 0;
        for cycle in 0..10_000 {
            let drive = Drive {
                request: None,
                ready: self.rng.random(),
                abort: cycle < cycles,
                reset: false,
            };
            let said = self.cycle(drive);
            if cycle == 0 {
                // The address that is offered, or was taken in this cycle.
                left = self.memory.asked + usize::from(said.arvalid);
            }
            assert!(self.memory.asked <= left, "a burst after the abort");
            assert!(!said.word_valid, "a word after the abort");
            assert!(!drive.abort || !said.request_ready, "a request in an abort");
            if said.request_ready {
                assert!(!said.outstanding, "a request while beats are owed");
                return;
            }
        }
        panic!("no end of an abort");
    }
}

/// Transfers of all lengths from all starts, some with errors, one behind the other.
#[test]
fn transfers() {
    let mut rig = Rig::new(Pace::random(2, 3, 1..40), 1);
    for round in 0..3 {
        let taker = [
            Pace::steady(0),
            Pace::random(1, 2, 0..1),
            Pace::random(9, 10, 0..1),
        ];
        for start in STARTS {
            for words in LENGTHS {
                if words == 2049 && (start / 8 + round) % 3 != 0 {
                    continue;
                }
                rig.memory.errors.clear();
                for _ in 0..rig.rng.random_range(0..3) {
                    let at = start + 8 * rig.rng.random_range(0..words);
                    rig.memory.errors.insert(at);
                }
                let cycles = rig.transfer((start, words), &taker[round as usize], 100_000);
                assert_ne!(cycles, usize::MAX, "a transfer ends");
                assert!(rig.memory.settled(), "beats beyond a transfer");
            }
        }
    }
    rig.bench.replay("bus_read");
}

/// After an abort at any time the bus is clean and the next transfer right.
#[test]
fn aborts() {
    let mut rig = Rig::new(Pace::random(2, 3, 1..40), 2);
    for round in 0..150 {
        let taker = Pace::random(1 + round % 3, 3, 0..1);
        if round % 10 == 0 {
            // Long enough a queue that an abort finds an address that waits.
            rig.memory.pace = Pace::random(1 + round % 20 / 10, 2, 1..[300, 5][round as usize % 2]);
        }
        let start = STARTS[rig.rng.random_range(0..STARTS.len())];
        let words = LENGTHS[rig.rng.random_range(0..LENGTHS.len())];
        let cycles = rig.rng.random_range(0..200);
        rig.transfer((start, words), &taker, cycles);
        let cycles = rig.rng.random_range(1..[2, 300][round as usize % 2]);
        rig.abort(cycles);
        assert!(rig.memory.settled(), "beats are owed after an abort");
        if round % 4 == 0 {
            let cycles = rig.transfer((start + 8, 65), &taker, 100_000);
            assert_ne!(cycles, usize::MAX, "a transfer after an abort");
        }
    }
    rig.bench.replay("bus_read_abort");
}

/// A reset of the bus at any time: nothing is waited for, and the next transfer is right.
#[test]
fn resets() {
    let mut rig = Rig::new(Pace::random(1, 2, 1..100), 4);
    for _ in 0..60 {
        let start = STARTS[rig.rng.random_range(0..STARTS.len())];
        let cycles = rig.rng.random_range(0..200);
        rig.transfer((start, 2049), &Pace::random(1, 2, 0..1), cycles);
        rig.reset();
        let cycles = rig.transfer((start + 8, 65), &Pace::steady(0), 100_000);
        assert_ne!(cycles, usize::MAX, "a transfer after a reset");
    }
    rig.bench.replay("bus_read_reset");
}

/// A word a cycle, from a memory that takes 100 cycles; and no more than 16 bursts.
#[test]
fn pace() {
    let mut rig = Rig::new(Pace::steady(100), 3);
    for start in [0, 8, 504] {
        let cycles = rig.transfer((start, 2049), &Pace::steady(0), 10_000);
        // A first burst of one word is over before the next is cut.
        let gaps = usize::from(start == 504);
        assert!(cycles <= 2048 + gaps, "{cycles} cycles");
    }
    rig.memory.pace = Pace::steady(2000);
    rig.transfer((0, 2049), &Pace::steady(0), 10_000);
    assert_eq!(rig.memory.deepest, 16);
    rig.bench.replay("bus_read_pace");
}

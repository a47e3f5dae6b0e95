//! The write master.

use crate::memory::{Pace, WriteMemory, WriteSaid, content};
use crate::support::bench::Bench;
use crate::{LENGTHS, STARTS, dut};
use gyrus_hdl::bus::WriteMaster;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

dut!(WriteMaster {
    request_valid, request_address, request_words, word_valid, word, abort, reset, awready, wready, bresp,
    bvalid
    => request_ready, word_ready, done, bad, outstanding, moved, awaddr, awlen, awvalid, wdata,
    wstrb, wlast, wvalid, bready
});

/// What the test does in a cycle.
#[derive(Clone, Copy, Default)]
struct Drive {
    request: Option<(u64, u64)>,
    word: Option<u64>,
    abort: bool,
    reset: bool,
}

/// What the block says.
struct Said {
    request_ready: bool,
    word_ready: bool,
    done: bool,
    bad: bool,
    outstanding: bool,
    awvalid: bool,
}

/// How a transfer went.
struct Result {
    /// `done` came, with `bad`.
    done: Option<bool>,
    /// Words that were taken.
    taken: u64,
    /// Cycles from the first word to the last.
    cycles: usize,
}

struct Rig {
    bench: Bench<WriteMaster>,
    memory: WriteMemory,
    rng: ChaCha8Rng,
}

impl Rig {
    fn new(pace: Pace, seed: u64) -> Self {
        Self {
            bench: Bench::new(WriteMaster::default()),
            memory: WriteMemory::new(pace),
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
            drive.word.is_some().into(),
            drive.word.unwrap_or_else(|| self.rng.next_u64()).into(),
            drive.abort.into(),
            drive.reset.into(),
            bus.awready.into(),
            bus.wready.into(),
            bus.bresp.into(),
            bus.bvalid.into(),
        ];
        let owed = !self.memory.settled();
        let said = self.bench.cycle(&inputs);
        let high = |place: usize| said[place] == 1;
        assert!(drive.reset || high(4) == (owed || high(8)), "outstanding");
        let bus = WriteSaid {
            awvalid: high(8) && !drive.reset,
            awaddr: said[6] as u64,
            awlen: said[7],
            wvalid: high(12) && !drive.reset,
            wdata: said[9] as u64,
            wstrb: said[10],
            wlast: high(11),
            bready: high(13),
        };
        let moved = self.memory.watch(&mut self.rng, &bus);
        assert!(drive.reset || high(5) == moved, "moved");
        assert!(self.memory.deepest <= 15, "too many bursts under way");
        Said {
            request_ready: high(0),
            word_ready: high(1),
            done: high(2),
            bad: high(3),
            outstanding: high(4),
            awvalid: high(8),
        }
    }

    /// Asks for a transfer and gives its words, for at most so many cycles.
    fn transfer(&mut self, (address, words): (u64, u64), giver: &Pace, cycles: usize) -> Result {
        self.memory.written.clear();
        let mut result = Result {
            done: None,
            taken: 0,
            cycles: 0,
        };
        let (mut asked, mut first, mut shown) = (false, 0, false);
        for cycle in 0..cycles {
            // Words may wait before the request; beyond the transfer there are more.
            shown |= giver.coin(&mut self.rng);
            let at = address.wrapping_add(8 * result.taken);
            let drive = Drive {
                request: (!asked && giver.coin(&mut self.rng)).then_some((address, words)),
                word: shown.then_some(!content(at)),
                abort: false,
                reset: false,
            };
            let said = self.cycle(drive);
            assert!(!asked || !said.request_ready, "two transfers at a time");
            if shown && said.word_ready {
                assert!(asked, "a word of no transfer");
                shown = false;
                if result.taken == 0 {
                    first = cycle;
                }
                result.taken += 1;
                result.cycles = cycle - first;
                assert!(result.taken <= words, "a word too many");
            }
            if said.done {
                assert!(asked && result.taken == words && self.memory.settled());
                result.done = Some(said.bad);
                break;
            }
            asked |= drive.request.is_some() && said.request_ready;
        }
        result
    }

    /// What was written is the transfer's beginning.
    fn check(&self, start: u64, taken: u64) {
        let addresses = (0..taken).map(|word| start + 8 * word);
        let expected = addresses.map(|at| (at, !content(at)));
        assert!(self.memory.written.clone().into_iter().eq(expected));
    }

    /// Resets the bus, whose other side forgets everything.
    fn reset(&mut self) {
        let pace = self.memory.pace.clone();
        self.memory = WriteMemory::new(pace);
        for cycle in 0..8 {
            let said = self.cycle(Drive {
                abort: true,
                reset: true,
                ..Drive::default()
            });
            assert!(
                cycle == 0 || !said.awvalid && !said.outstanding,
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
                word: self.rng.random::<bool>().then_some(0),
                abort: cycle < cycles,
                reset: false,
            };
            let said = self.cycle(drive);
            if cycle == 0 {
                left = self.memory.asked + usize::from(said.awvalid);
            }
            assert!(self.memory.asked <= left, "a burst after the abort");
            assert!(!said.word_ready && !said.done, "life after the abort");
            assert!(!drive.abort || !said.request_ready, "a request in an abort");
            if said.request_ready {
                assert!(!said.outstanding, "a request while the bus is busy");
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
        let giver = [
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
                if rig.rng.random_ratio(1, 3) {
                    let at = start + 8 * rig.rng.random_range(0..words);
                    rig.memory.errors.insert(at);
                }
                let result = rig.transfer((start, words), &giver[round as usize], 100_000);
                let bad = !rig.memory.errors.is_empty();
                assert_eq!(result.done, Some(bad), "a transfer ends");
                rig.check(start, words);
            }
        }
    }
    rig.bench.replay("bus_write");
}

/// After an abort at any time the bus is clean, memory has the words that were taken and no others,
/// and the next transfer is right.
#[test]
fn aborts() {
    let mut rig = Rig::new(Pace::random(2, 3, 1..40), 2);
    for round in 0..150 {
        let giver = Pace::random(1 + round % 3, 3, 0..1);
        if round % 10 == 0 {
            rig.memory.pace = Pace::random(1 + round % 20 / 10, 2, 1..300);
        }
        let start = STARTS[rig.rng.random_range(0..STARTS.len())];
        let words = LENGTHS[rig.rng.random_range(0..LENGTHS.len())];
        let cycles = rig.rng.random_range(0..200);
        let result = rig.transfer((start, words), &giver, cycles);
        let cycles = rig.rng.random_range(1..[2, 300][round as usize % 2]);
        rig.abort(cycles);
        assert!(rig.memory.settled(), "the bus is busy after an abort");
        rig.check(start, result.taken);
        if round % 4 == 0 {
            let result = rig.transfer((start + 8, 65), &giver, 100_000);
            assert_eq!(result.done, Some(false), "a transfer after an abort");
            rig.check(start + 8, 65);
        }
    }
    rig.bench.replay("bus_write_abort");
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
        let result = rig.transfer((start + 8, 65), &Pace::steady(0), 100_000);
        assert_eq!(result.done, Some(false), "a transfer after a reset");
        rig.check(start + 8, 65);
    }
    rig.bench.replay("bus_write_reset");
}

/// A word a cycle, to a memory that responds after 100 cycles; and no more than 15 bursts.
#[test]
fn pace() {
    let mut rig = Rig::new(Pace::steady(100), 3);
    for start in [0, 8, 504] {
        let result = rig.transfer((start, 2049), &Pace::steady(0), 10_000);
        assert_eq!(result.done, Some(false));
        // A first burst of one word is over before the next is cut.
        let gaps = usize::from(start == 504);
        assert!(result.cycles <= 2048 + gaps, "{} cycles", result.cycles);
    }
    assert!(rig.memory.deepest < 15);
    rig.memory.pace = Pace::steady(2000);
    rig.transfer((0, 2049), &Pace::steady(0), 10_000);
    assert_eq!(rig.memory.deepest, 15);
    rig.bench.replay("bus_write_pace");
}

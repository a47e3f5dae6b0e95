//! A memory at the other end of an AXI bus. It answers in order, late and with gaps, and checks what
//! the master does: what is offered stays as it is, bursts keep within 4 KiB and 64 beats, end at
//! multiples of their longest, and no beat lacks its address.

use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

/// How fast a side is.
#[derive(Clone)]
pub(crate) struct Pace {
    /// Of so many cycles ..
    pub(crate) of: u32,
    /// .. so many do something.
    pub(crate) some: u32,
    /// Cycles from an address (for writing, the last beat) to its answer.
    pub(crate) latency: Range<usize>,
}

impl Pace {
    /// No stalls.
    pub(crate) fn steady(latency: usize) -> Self {
        Self {
            of: 1,
            some: 1,
            latency: latency..latency + 1,
        }
    }

    pub(crate) fn random(some: u32, of: u32, latency: Range<usize>) -> Self {
        Self { of, some, latency }
    }

    pub(crate) fn coin(&self, rng: &mut ChaCha8Rng) -> bool {
        rng.random_ratio(self.some, self.of)
    }
}

/// What memory holds at an address before anything is written.
pub(crate) fn content(address: u64) -> u64 {
    let mixed = (address ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

/// A channel's offer, which must stay until it is taken.
#[derive(Default)]
struct Stable(Option<Vec<u128>>);

impl Stable {
    fn watch(&mut self, what: &str, valid: bool, ready: bool, payload: &[u128]) {
        if let Some(before) = &self.0 {
            assert!(valid, "{what}: an offer is withdrawn");
            assert_eq!(before, payload, "{what}: an offer changes");
        }
        self.0 = (valid && !ready).then(|| payload.to_vec());
    }
}

/// A burst that was asked for.
struct Burst {
    address: u64,
    beats: usize,
    done: usize,
    /// When it is answered.
    at: usize,
}

/// Beats of the longest burst whose beats have so many bytes, if all are to keep in `most`.
fn check_burst(address: u64, beats: usize, beat_bytes: usize, most: usize) {
    assert!((1..=most).contains(&beats), "a burst of {beats} beats");
    assert_eq!(address % beat_bytes as u64, 0, "an address off a beat's");
    let longest = (most * beat_bytes) as u64;
    assert!(longest <= 4096);
    let last = address.wrapping_add((beats * beat_bytes) as u64 - 1);
    assert_eq!(
        address / longest,
        last / longest,
        "{address:#x}: {beats} beats cross"
    );
}

/// What memory drives on the channels for reading.
#[derive(Clone, Default)]
pub(crate) struct ReadDrive {
    pub(crate) arready: bool,
    pub(crate) rdata: Vec<u64>,
    pub(crate) rresp: u8,
    pub(crate) rlast: bool,
    pub(crate) rvalid: bool,
}

/// Memory for reading.
pub(crate) struct ReadMemory {
    pub(crate) pace: Pace,
    /// Words that are answered with an error.
    pub(crate) errors: BTreeSet<u64>,
    /// Most bursts under way so far.
    pub(crate) deepest: usize,
    /// Addresses that were taken.
    pub(crate) asked: usize,
    /// Beats of their bursts.
    pub(crate) asked_beats: usize,
    beat_words: usize,
    most_beats: usize,
    bursts: VecDeque<Burst>,
    offer: Stable,
    drive: ReadDrive,
    cycle: usize,
}

impl ReadMemory {
    pub(crate) fn new(beat_words: usize, most_beats: usize, pace: Pace) -> Self {
        Self {
            pace,
            errors: BTreeSet::new(),
            deepest: 0,
            asked: 0,
            asked_beats: 0,
            beat_words,
            most_beats,
            bursts: VecDeque::new(),
            offer: Stable::default(),
            drive: ReadDrive::default(),
            cycle: 0,
        }
    }

    /// Nothing is owed to the master.
    pub(crate) fn settled(&self) -> bool {
        self.bursts.is_empty()
    }

    /// What it drives in this cycle.
    pub(crate) fn drive(&mut self, rng: &mut ChaCha8Rng) -> ReadDrive {
        let shown = self.drive.rvalid;
        self.drive.arready = self.pace.coin(rng);
        if shown {
            return self.drive.clone();
        }
        self.drive.rdata = (0..self.beat_words).map(|_| rng.next_u64()).collect();
        self.drive.rresp = rng.random_range(0..4);
        self.drive.rlast = rng.random();
        let Some(burst) = self.bursts.front() else {
            return self.drive.clone();
        };
        if burst.at <= self.cycle && self.pace.coin(rng) {
            let bytes = 8 * self.beat_words as u64;
            let address = burst.address.wrapping_add(burst.done as u64 * bytes);
            let words = (0..self.beat_words).map(|word| address.wrapping_add(8 * word as u64));
            self.drive.rdata = words.map(content).collect();
            self.drive.rresp = if self.errors.contains(&address) {
                rng.random_range(2..4)
            } else {
                0
            };
            self.drive.rlast = burst.done + 1 == burst.beats;
            self.drive.rvalid = true;
        }
        self.drive.clone()
    }

    /// What the master said in this cycle; whether anything moved.
    pub(crate) fn watch(
        &mut self,
        rng: &mut ChaCha8Rng,
        (arvalid, araddr, arlen): (bool, u64, u128),
        rready: bool,
    ) -> bool {
        let taken = arvalid && self.drive.arready;
        self.offer
            .watch("AR", arvalid, self.drive.arready, &[araddr.into(), arlen]);
        // A beat that waits for the master is no fault of the bus.
        let moved = taken || self.drive.rvalid;
        if self.drive.rvalid && rready {
            self.drive.rvalid = false;
            let burst = self.bursts.front_mut().expect("a burst");
            burst.done += 1;
            if burst.done == burst.beats {
                self.bursts.pop_front();
            }
        }
        if taken {
            let beats = arlen as usize + 1;
            check_burst(araddr, beats, 8 * self.beat_words, self.most_beats);
            self.asked += 1;
            self.asked_beats += beats;
            self.bursts.push_back(Burst {
                address: araddr,
                beats,
                done: 0,
                at: self.cycle + rng.random_range(self.pace.latency.clone()),
            });
            self.deepest = self.deepest.max(self.bursts.len());
        }
        self.cycle += 1;
        moved
    }
}

/// What memory drives on the channels for writing.
#[derive(Clone, Copy, Default)]
pub(crate) struct WriteDrive {
    pub(crate) awready: bool,
    pub(crate) wready: bool,
    pub(crate) bresp: u8,
    pub(crate) bvalid: bool,
}

/// What a write master says.
pub(crate) struct WriteSaid {
    pub(crate) awvalid: bool,
    pub(crate) awaddr: u64,
    pub(crate) awlen: u128,
    pub(crate) wvalid: bool,
    pub(crate) wdata: u64,
    pub(crate) wstrb: u128,
    pub(crate) wlast: bool,
    pub(crate) bready: bool,
}

/// Memory for writing.
pub(crate) struct WriteMemory {
    pub(crate) pace: Pace,
    /// Words whose burst is answered with an error.
    pub(crate) errors: BTreeSet<u64>,
    /// Words that were written.
    pub(crate) written: BTreeMap<u64, u64>,
    /// Most bursts without a response so far.
    pub(crate) deepest: usize,
    /// Addresses that were taken.
    pub(crate) asked: usize,
    bursts: VecDeque<Burst>,
    beats: VecDeque<(u64, bool, bool)>,
    /// When a response is due, and whether it is an error.
    responses: VecDeque<(usize, bool)>,
    address_offer: Stable,
    data_offer: Stable,
    /// Beats whose address was offered, taken or not, and those that were shown and taken.
    offered_beats: usize,
    taken_beats: usize,
    drive: WriteDrive,
    cycle: usize,
}

impl WriteMemory {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            pace,
            errors: BTreeSet::new(),
            written: BTreeMap::new(),
            deepest: 0,
            asked: 0,
            bursts: VecDeque::new(),
            beats: VecDeque::new(),
            responses: VecDeque::new(),
            address_offer: Stable::default(),
            data_offer: Stable::default(),
            offered_beats: 0,
            taken_beats: 0,
            drive: WriteDrive::default(),
            cycle: 0,
        }
    }

    /// All that was offered is completed.
    pub(crate) fn settled(&self) -> bool {
        self.bursts.is_empty()
            && self.beats.is_empty()
            && self.responses.is_empty()
            && self.address_offer.0.is_none()
            && self.data_offer.0.is_none()
            && self.offered_beats == self.taken_beats
    }

    /// What it drives in this cycle.
    pub(crate) fn drive(&mut self, rng: &mut ChaCha8Rng) -> WriteDrive {
        self.drive.awready = self.pace.coin(rng);
        self.drive.wready = self.pace.coin(rng);
        if !self.drive.bvalid {
            self.drive.bresp = rng.random_range(0..4);
            if let Some(&(at, error)) = self.responses.front()
                && at <= self.cycle
                && self.pace.coin(rng)
            {
                self.drive.bvalid = true;
                self.drive.bresp = if error { rng.random_range(2..4) } else { 0 };
            }
        }
        self.drive
    }

    /// What the master said in this cycle; whether anything moved.
    pub(crate) fn watch(&mut self, rng: &mut ChaCha8Rng, said: &WriteSaid) -> bool {
        let (awready, wready) = (self.drive.awready, self.drive.wready);
        let new_offer = said.awvalid && self.address_offer.0.is_none();
        let address = [said.awaddr.into(), said.awlen];
        self.address_offer
            .watch("AW", said.awvalid, awready, &address);
        let data = [said.wdata.into(), said.wstrb, said.wlast.into()];
        self.data_offer.watch("W", said.wvalid, wready, &data);
        if new_offer {
            self.offered_beats += said.awlen as usize + 1;
        }
        if said.wvalid {
            assert!(self.taken_beats < self.offered_beats, "data has no address");
        }
        // Nor is one that waits for a word of the master's.
        let lacking = self.taken_beats < self.offered_beats;
        let mut moved = lacking && !said.wvalid;
        if said.awvalid && awready {
            moved = true;
            let beats = said.awlen as usize + 1;
            check_burst(said.awaddr, beats, 8, 64);
            self.asked += 1;
            self.bursts.push_back(Burst {
                address: said.awaddr,
                beats,
                done: 0,
                at: 0,
            });
        }
        if said.wvalid && wready {
            moved = true;
            self.taken_beats += 1;
            assert!(said.wstrb == 0 || said.wstrb == 0xff, "part of a word");
            let beat = (said.wdata, said.wstrb != 0, said.wlast);
            self.beats.push_back(beat);
        }
        if self.drive.bvalid && said.bready {
            moved = true;
            self.drive.bvalid = false;
            self.responses.pop_front();
        }
        self.settle(rng);
        self.deepest = self.deepest.max(self.bursts.len() + self.responses.len());
        self.cycle += 1;
        moved
    }

    /// Beats go where their addresses say.
    fn settle(&mut self, rng: &mut ChaCha8Rng) {
        while let Some(burst) = self.bursts.front_mut()
            && let Some((data, strobe, last)) = self.beats.pop_front()
        {
            let address = burst.address.wrapping_add(8 * burst.done as u64);
            if strobe {
                let before = self.written.insert(address, data);
                assert_eq!(before, None, "{address:#x} is written again");
            }
            burst.done += 1;
            assert_eq!(last, burst.done == burst.beats, "wlast in the wrong place");
            if last {
                let addresses =
                    (0..burst.beats as u64).map(|beat| burst.address.wrapping_add(8 * beat));
                let error = addresses.into_iter().any(|at| self.errors.contains(&at));
                let at = self.cycle + rng.random_range(self.pace.latency.clone());
                self.responses.push_back((at, error));
                self.bursts.pop_front();
            }
        }
    }
}

//! The blind rotation: turns of a batch after the other, and the slices of the key that they need.
//!
//! What a batch's turns wait for besides slices is known when it begins, but for tables and for places for its
//! results. So its iterations are gone through in one step.

use super::reader::Reader;
use super::sizes::{Build, Sizes};
use super::world::{NEVER, Step, World, await_moment};

/// Cycles from a grant to the next at least: a degree is looked up in between.
const LOOK_UP: u64 = 4;

#[derive(Debug, Clone, Copy)]
enum State {
    Rest,
    Load { slot: usize },
    Iterate,
    Result { slot: usize },
}

/// Random degrees, the same every time: `SplitMix64`.
#[derive(Debug)]
struct Degrees(u64);

impl Degrees {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

/// The core.
#[derive(Debug)]
pub(super) struct Rotation {
    key: Reader,
    state: State,
    batch: usize,
    /// The cycle from which on the next turn can be granted.
    free: u64,
    /// The last grant.
    granted: u64,
    /// Of each slot: when a turn can be granted that may not overlap with the last one.
    through: Vec<u64>,
    degrees: Degrees,
    /// Of a mean degree, what was not counted yet.
    slack: f64,
    /// Turns since the last that would have had a degree of 0.
    turns: u64,
    /// When the last slice was in, and the two last ones given back.
    filled: u64,
    released: [u64; 2],
    pub(super) slices: u64,
    pub(super) turning: u64,
    pub(super) waited: u64,
}

impl Rotation {
    pub(super) fn new(build: &Build, world: &World) -> Self {
        let places = Sizes::places(build);
        let burst = Sizes::burst(build.parameters.key.words, places);
        Self {
            key: Reader::new(world.card, places, burst, world.sizes.key_beats),
            state: State::Rest,
            batch: 0,
            free: 0,
            granted: 0,
            through: vec![0; world.sizes.slots],
            degrees: Degrees(0),
            slack: 0.0,
            turns: 0,
            filled: 0,
            released: [0; 2],
            slices: 0,
            turning: 0,
            waited: 0,
        }
    }

    pub(super) fn step(&mut self, world: &mut World) -> Step {
        match self.state {
            State::Rest => {
                let Some(batch) = world.batches.get(self.batch) else {
                    return Step::Wait(NEVER);
                };
                await_moment!(world, batch.degrees);
                self.free = self.free.max(batch.degrees + 1);
                self.state = State::Load { slot: 0 };
            }
            State::Load { slot } => {
                let staged = world.staged[slot];
                if staged == NEVER {
                    return Step::Wait(NEVER);
                }
                world.staged[slot] = NEVER;
                let pass = world.sizes.pass;
                let granted = self.grant(self.free.max(staged), pass);
                self.through[slot] = granted + pass + world.sizes.datapath - 1;
                world.table_free[slot] = granted + pass + world.sizes.table_read;
                self.state = if slot + 1 < self.size(world) {
                    State::Load { slot: slot + 1 }
                } else {
                    State::Iterate
                };
            }
            State::Iterate => {
                let size = self.size(world);
                for _ in 0..world.sizes.iterations {
                    self.iterate(&world.sizes, size);
                }
                self.state = State::Result { slot: 0 };
            }
            State::Result { slot } => {
                let place = world.result_free[slot];
                if place == NEVER {
                    return Step::Wait(NEVER);
                }
                let pass = world.sizes.pass;
                let slack = self.draw(&world.sizes).1;
                let ready = self.through[slot].saturating_sub(slack).max(place);
                let granted = self.grant(self.free.max(ready), pass);
                world.result_free[slot] = NEVER;
                let shown = granted + pass + world.sizes.result_shown;
                world.results.push_back((slot, shown));
                self.state = if slot + 1 < self.size(world) {
                    State::Result { slot: slot + 1 }
                } else {
                    world.batches[self.batch].closed = granted + 1;
                    self.batch += 1;
                    State::Rest
                };
            }
        }
        Step::Done
    }

    fn size(&self, world: &World) -> usize {
        world.batches[self.batch].ciphertexts as usize
    }

    /// Grants a turn of so many cycles.
    const fn grant(&mut self, at: u64, cycles: u64) -> u64 {
        self.granted = at;
        self.free = at + if cycles < LOOK_UP { LOOK_UP } else { cycles };
        self.turning += cycles;
        at
    }

    /// A degree, and by how much its turn may overlap.
    const fn draw(&mut self, sizes: &Sizes) -> (u64, u64) {
        let degree = self.degrees.next() & sizes.slacks.degree_mask();
        (degree, sizes.slacks.of(degree))
    }

    /// The mean overlap, in whole cycles that come to it in the long run.
    const fn mean_slack(&mut self, sizes: &Sizes) -> u64 {
        self.slack += sizes.slacks.mean();
        let slack = self.slack as u64;
        self.slack -= slack as f64;
        slack
    }

    /// One iteration of all ciphertexts.
    fn iterate(&mut self, sizes: &Sizes, size: usize) {
        let due = self.granted + 1;
        let turn_ends = self.free;
        let fill = (self.filled + 1).max(self.released[0]);
        self.filled = self.key.take(fill, sizes.slice_beats, 1.0);
        let ready = self.filled + sizes.verify;
        let take = due.max(ready);
        self.waited += ready.saturating_sub((due + 2).max(turn_ends + 1));
        self.slices += 1;
        self.free = self.free.max(take + 1);
        self.turns(sizes, size);
        // It is given back in the cycle in which its last row has been read; the half is free a cycle later.
        let released = (self.granted + sizes.turn + sizes.key_read).max(take) + 1;
        self.released = [self.released[1], released];
    }

    fn turns(&mut self, sizes: &Sizes, size: usize) {
        let full = sizes.hides_latency(size as u64)
            && (0_u64..)
                .zip(&self.through[..size])
                .all(|(slot, &through)| through <= self.free + slot * sizes.turn);
        for slot in 0..size {
            let slack = if full || size == 1 {
                // One in 2 N degrees is 0, which is no turn.
                self.turns += 1;
                if self.turns > sizes.slacks.degree_mask() {
                    self.turns = 0;
                    continue;
                }
                if full { 0 } else { self.mean_slack(sizes) }
            } else {
                let (degree, slack) = self.draw(sizes);
                if degree == 0 {
                    continue;
                }
                slack
            };
            let ready = self.through[slot].saturating_sub(slack);
            let granted = self.grant(self.free.max(ready), sizes.turn);
            self.through[slot] = granted + sizes.turn + sizes.datapath - 1;
        }
    }
}

//! Batches are opened in the rotation, and their tables read from card memory.

use super::world::{FIRST_WORD, NEVER, QUEUE, Step, World, apart, await_moment};

#[derive(Debug, Clone, Copy)]
enum State {
    Rest,
    Open(usize),
    Table {
        batch: usize,
        slot: usize,
        there: u64,
    },
}

/// Opens batches and reads tables.
#[derive(Debug)]
pub(super) struct Tables {
    state: State,
    at: u64,
}

impl Tables {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Rest,
            at: 0,
        }
    }

    pub(super) fn step(&mut self, world: &mut World) -> Step {
        await_moment!(world, self.at);
        match self.state {
            State::Rest => {
                let Some(&(batch, seen)) = world.rotate.front() else {
                    return Step::Wait(NEVER);
                };
                await_moment!(world, seen);
                world.rotate.pop_front();
                world.rotate_words -= 1;
                self.at = world.now + 1;
                self.state = State::Open(batch);
            }
            State::Open(batch) => {
                // Two are open at a time.
                if let Some(before) = batch.checked_sub(2) {
                    await_moment!(world, world.batches[before].closed);
                }
                world.batches[batch].opened = world.now + 1;
                self.ask(world, batch, 0);
            }
            State::Table { batch, slot, there } => {
                await_moment!(world, world.table_free[slot]);
                let first = there.max(world.now);
                let last = first + (world.sizes.table_words - 1) * apart(world.card);
                world.staged[slot] = last + 1;
                world.table_free[slot] = NEVER;
                self.at = last + 1;
                if slot as u64 + 1 < world.batches[batch].ciphertexts {
                    self.ask_at(world, batch, slot + 1, last);
                } else {
                    world.batches[batch].tabled = last + 1 + QUEUE;
                    self.at = last + 3;
                    self.state = State::Rest;
                }
            }
        }
        Step::Done
    }

    fn ask(&mut self, world: &mut World, batch: usize, slot: usize) {
        let now = world.now;
        self.ask_at(world, batch, slot, now);
    }

    /// The table's slot is looked up in the cycle behind `cycle`, and asked for in the next.
    fn ask_at(&mut self, world: &mut World, batch: usize, slot: usize, cycle: u64) {
        world.rotate_words -= 1;
        let there = cycle + 2 + FIRST_WORD + world.card.latency;
        self.at = there;
        self.state = State::Table { batch, slot, there };
    }
}

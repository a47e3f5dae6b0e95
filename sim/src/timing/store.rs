//! Results into host memory, and completions.

use super::world::{Message, NEVER, Step, World, await_moment};

/// Cycles from a result's first word to its request, and from a request to its first word's way into the
/// master and to the bus.
const TO_REQUEST: u64 = 1;
const TO_WORD: u64 = 3;
const TO_BUS: u64 = 1;

/// Cycles from the last response to the next ciphertext, from a completion's message to its request, and
/// from its last response to the next message.
const NEXT: u64 = 3;
const TO_ENTRY: u64 = 5;
const NEXT_MESSAGE: u64 = 2;

/// Words of a completion.
const ENTRY_WORDS: u64 = 4;

/// Words between the extraction's requests and the bus.
const EXTRACTED: u64 = 8;

#[derive(Debug, Clone, Copy)]
enum State {
    Rest,
    Status(usize),
    Await {
        batch: usize,
        left: u64,
        sample: u64,
    },
}

/// Stores results and completes jobs.
#[derive(Debug)]
pub(super) struct Store {
    state: State,
    at: u64,
}

impl Store {
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
                let Some(&(message, seen)) = world.store.front() else {
                    return Step::Wait(NEVER);
                };
                await_moment!(world, seen);
                world.store.pop_front();
                match message {
                    Message::Batch(batch) => {
                        world.store_words -= 2;
                        self.at = world.now + 2;
                        self.state = State::Status(batch);
                    }
                    Message::Completion => {
                        world.store_words -= 4;
                        let (written, answered) = write(world, world.now + TO_ENTRY, ENTRY_WORDS);
                        world.completions.push(written);
                        self.at = answered + NEXT_MESSAGE;
                    }
                }
            }
            State::Status(number) => {
                let batch = world.batches[number];
                await_moment!(world, batch.switched.max(batch.tabled));
                self.at = world.now + 4;
                self.state = State::Await {
                    batch: number,
                    left: batch.ciphertexts * batch.samples,
                    sample: 0,
                };
            }
            State::Await {
                batch,
                left,
                sample,
            } => {
                let Some(&(slot, shown)) = world.results.front() else {
                    return Step::Wait(NEVER);
                };
                await_moment!(world, shown);
                // Further samples of a ciphertext are extracted beside the writing.
                let first = if sample == 0 {
                    world.now + world.sizes.extract
                } else {
                    world.now
                };
                let words = world.sizes.big_words;
                let (last, answered) = write(world, first + TO_REQUEST, words);
                let samples = world.batches[batch].samples;
                if sample + 1 == samples {
                    world.results.pop_front();
                    world.result_free[slot] = last - EXTRACTED.min(words);
                }
                self.at = answered + NEXT;
                self.state = if left == 1 {
                    State::Rest
                } else {
                    State::Await {
                        batch,
                        left: left - 1,
                        sample: (sample + 1) % samples,
                    }
                };
            }
        }
        Step::Done
    }
}

/// Writes words that are asked for in this cycle; when the last one is in memory, and its answer there.
fn write(world: &mut World, asked: u64, words: u64) -> (u64, u64) {
    let apart = world.host.beat_cycles.max(1);
    let first = asked + TO_WORD + TO_BUS;
    let last = first + (words - 1) * apart;
    world.host_words_written += words;
    (last, last + world.host.latency.max(1))
}

//! Descriptors: fetched, checked, their lists read, cut into batches.

use super::world::{
    Batch, FEED_WORDS, Message, NEVER, QUEUE, ROTATE_WORDS, STORE_WORDS, Step, World, await_moment,
};
use super::{Submission, Work};

/// Words of a descriptor.
const DESCRIPTOR_WORDS: u64 = 8;

/// Cycles of the checks in front of the list of tables, of each check of a range, and of the beginning of
/// the list.
const CHECKS: u64 = 4;
const RANGE: u64 = 5;
const LIST: u64 = 3;

/// Cycles in which a word of a list is looked up, with two slots in it.
const LOOK_UP: u64 = 5;

/// Cycles in which a batch is announced, besides two for each of its ciphertexts, and a job's end.
const ANNOUNCE: u64 = 8;
const END: u64 = 7;

#[derive(Debug, Clone, Copy)]
enum State {
    Rest,
    Ask,
    List { words: u64 },
    Issue { left: u64 },
    Finish,
}

/// The one that reads jobs.
#[derive(Debug)]
pub(super) struct Front<'a> {
    jobs: &'a [Work],
    submission: Submission,
    job: usize,
    state: State,
    at: u64,
}

impl<'a> Front<'a> {
    pub(super) const fn new(jobs: &'a [Work], submission: Submission) -> Self {
        Self {
            jobs,
            submission,
            job: 0,
            state: State::Rest,
            at: 0,
        }
    }

    /// When the next job is in the ring.
    fn submitted(&self, world: &World) -> u64 {
        match (self.submission, self.job.checked_sub(1)) {
            (Submission::AtOnce, _) | (_, None) => 0,
            (Submission::OneByOne { gap }, Some(last)) => {
                world.completions.get(last).map_or(NEVER, |at| at + gap)
            }
        }
    }

    pub(super) fn step(&mut self, world: &mut World) -> Step {
        await_moment!(world, self.at);
        let Some(job) = self.jobs.get(self.job).copied() else {
            return Step::Wait(NEVER);
        };
        match self.state {
            State::Rest => {
                await_moment!(world, self.submitted(world));
                self.at = world.now + 1;
                self.state = State::Ask;
            }
            State::Ask => {
                await_moment!(world, world.host_read);
                let last = world.read_host(DESCRIPTOR_WORDS, 1);
                let checked = last + 1 + CHECKS + RANGE;
                if job.own_tables {
                    self.at = checked + RANGE + LIST;
                    self.state = State::List {
                        words: job.ciphertexts.div_ceil(2),
                    };
                } else {
                    self.at = checked + LIST + job.ciphertexts + RANGE + 1;
                    self.state = State::Issue {
                        left: job.ciphertexts,
                    };
                }
            }
            State::List { words } => {
                await_moment!(world, world.host_read);
                let last = world.read_host(words, LOOK_UP);
                self.at = last + LOOK_UP + RANGE + 1;
                self.state = State::Issue {
                    left: job.ciphertexts,
                };
            }
            State::Issue { left } => {
                let ciphertexts = left.min(world.sizes.slots as u64);
                let tables = ciphertexts as usize + 1;
                let room = world.feed_words + 2 <= FEED_WORDS
                    && world.rotate_words + tables <= ROTATE_WORDS
                    && world.store_words + 2 <= STORE_WORDS;
                if !room {
                    return Step::Wait(NEVER);
                }
                self.announce(world, ciphertexts, job.samples);
                world.feed_words += 2;
                world.rotate_words += tables;
                world.store_words += 2;
                self.at = world.now + ANNOUNCE + 2 * ciphertexts;
                self.state = if left == ciphertexts {
                    State::Finish
                } else {
                    State::Issue {
                        left: left - ciphertexts,
                    }
                };
            }
            State::Finish => {
                if world.store_words + 4 > STORE_WORDS {
                    return Step::Wait(NEVER);
                }
                world.store_words += 4;
                self.at = world.now + END;
                let seen = self.at - 1 + QUEUE - 1;
                world.store.push_back((Message::Completion, seen));
                self.job += 1;
                self.state = State::Rest;
            }
        }
        Step::Done
    }

    /// Tells the stages of a batch.
    fn announce(&self, world: &mut World, ciphertexts: u64, samples: u64) {
        let number = world.batches.len();
        world.batches.push(Batch {
            ciphertexts,
            samples,
            switched: NEVER,
            tabled: NEVER,
            opened: NEVER,
            degrees: NEVER,
            closed: NEVER,
        });
        let (feed, rotate) = (world.now + 2, world.now + 4);
        let store = rotate + 2 * ciphertexts + 1;
        world.feed.push_back((number, feed + QUEUE));
        world.rotate.push_back((number, rotate + QUEUE));
        world
            .store
            .push_back((Message::Batch(number), store + QUEUE));
    }
}

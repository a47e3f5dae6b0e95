//! Ciphertexts from host memory through the key switch into the rotation's memory of degrees.

use super::reader::Reader;
use super::sizes::{Build, Sizes};
use super::world::{NEVER, QUEUE, Step, World, await_moment};

/// Cycles from the sums' first request to their first word at the rotation, and from the last one to its
/// degree in its place.
const DRAIN: u64 = 7;
const MODULUS_SWITCH: u64 = 4;

#[derive(Debug, Clone, Copy)]
enum State {
    Rest,
    Start(usize),
    Ask(usize),
    Pass(usize),
}

/// Reads ciphertexts and switches them.
#[derive(Debug)]
pub(super) struct Switch {
    key: Reader,
    state: State,
    at: u64,
    idle: u64,
    started: u64,
    /// The last batch that was switched, whose words go to the rotation from this moment on.
    draining: Option<(usize, u64)>,
    /// When the last word went.
    drained: u64,
    /// Cycles in which a batch was loaded or the key passed by, and in which it was waited for.
    pub(super) busy: u64,
    pub(super) waited: u64,
    pub(super) passes: u64,
}

impl Switch {
    pub(super) fn new(build: &Build, world: &World) -> Self {
        let places = Sizes::places(build);
        let burst = Sizes::burst(build.parameters.keyswitch.words, places);
        Self {
            key: Reader::new(world.card, places, burst, world.sizes.switch_beats),
            state: State::Rest,
            at: 0,
            idle: 0,
            started: 0,
            draining: None,
            drained: 0,
            busy: 0,
            waited: 0,
            passes: 0,
        }
    }

    pub(super) fn step(&mut self, world: &mut World) -> Step {
        self.drain(world);
        await_moment!(world, self.at);
        match self.state {
            State::Rest => {
                let Some(&(batch, seen)) = world.feed.front() else {
                    return Step::Wait(NEVER);
                };
                await_moment!(world, seen);
                world.feed.pop_front();
                world.feed_words -= 2;
                self.at = world.now + 2;
                self.state = State::Start(batch);
            }
            State::Start(batch) => {
                await_moment!(world, self.idle);
                self.started = world.now;
                self.at = world.now + 1;
                self.state = State::Ask(batch);
            }
            State::Ask(batch) => {
                await_moment!(world, world.host_read);
                let words = world.batches[batch].ciphertexts * world.sizes.big_words;
                let last = world.read_host(words, 1);
                self.at = last + 1;
                self.state = State::Pass(batch);
            }
            State::Pass(batch) => {
                if self.draining.is_some() {
                    return Step::Wait(NEVER);
                }
                await_moment!(world, self.drained);
                self.pass(world, batch);
            }
        }
        Step::Done
    }

    /// A pass over the key.
    fn pass(&mut self, world: &mut World, batch: usize) {
        let sizes = &world.sizes;
        let begin = world.now + sizes.switch_begin;
        let steps = sizes.levels * sizes.steps;
        // A level takes its beats one behind the other, then it may have steps without one.
        let apart = sizes.steps as f64 / sizes.groups as f64;
        let last = self.key.take(begin, sizes.switch_beats - 1, apart);
        let end_of_steps = (begin + steps).max(last + 1);
        let checksum = self.key.take(end_of_steps, 1, 1.0);
        self.waited += checksum - (begin + steps);
        let done = checksum + sizes.switch_end;
        self.idle = done + 1;
        self.busy += self.idle - self.started;
        self.passes += 1;
        self.draining = Some((batch, done + 1));
        world.batches[batch].switched = done + 2 + QUEUE;
        self.at = done + 4;
        self.state = State::Rest;
    }

    /// Words go on as soon as there is a batch open for them.
    fn drain(&mut self, world: &mut World) {
        if let Some((batch, begin)) = self.draining
            && world.batches[batch].opened != NEVER
        {
            let batch = &mut world.batches[batch];
            let first = (begin + DRAIN).max(batch.opened + 1);
            let last = first + batch.ciphertexts * world.sizes.small_words - 1;
            batch.degrees = last + MODULUS_SWITCH;
            self.drained = last + 1;
            self.draining = None;
        }
    }
}

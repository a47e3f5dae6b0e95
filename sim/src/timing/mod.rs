//! How long the card takes: a model of its timing, without any data.
//!
//! The functional model ([`crate::device`]) says what comes out, the emitted card ([`crate::rtl`]) also when, but
//! only as fast as Verilator is. This says when, in milliseconds for thousands of jobs at production size. Its
//! predictions are within 3% of the emitted card's cycles in `sim/tests/rtl/timing.rs`, which prints them.
//!
//! # What is modelled
//!
//! The stages of [`gyrus_hdl::card`], with their queues and handshakes:
//!
//! | module | stage |
//! |---|---|
//! | `front` | descriptors and lists of tables are read and checked, batches announced |
//! | `switch` | ciphertexts are read, the key switching key passes by, sums go to the rotation |
//! | `tables` | batches are opened, their tables read |
//! | `rotation` | turns: load, n iterations, result; slices of the key |
//! | `store` | results are extracted and written, jobs completed |
//! | `reader` | a key's reader, which reads ahead |
//! | `slack` | how far turns may overlap |
//! | `sizes` | cycles of a parameter set on a card |
//! | `world` | what the stages know of each other |
//!
//! Stages take their steps in the order of time; within a step everything is calculated. A batch's
//! iterations are gone through one by one, and turns with them, but no cycles.
//!
//! # What is not
//!
//! Degrees are random: with few ciphertexts in flight their turns wait for each other by the degrees that
//! come, so a single short run differs from its prediction by chance. For a ciphertext alone in flight the
//! mean over all degrees is taken. The keys' first beats are taken to be there when the first job comes.
//! Uploads, copies, errors and the host's own time are not modelled, nor memory that refreshes or that
//! several channels share.

mod board;
mod front;
mod reader;
mod rotation;
mod sizes;
mod slack;
mod store;
mod switch;
mod tables;
mod world;

pub use crate::rtl::Pace;
pub use board::{CARD_LATENCY, HOST_LATENCY, Sustained};

use crate::rtl::CardParameters;
use front::Front;
use gyrus_hdl::blind_rotate::BuildError;
use gyrus_hdl::card::CardError;
use gyrus_interface::{DeviceError, ParameterSet};
use rotation::Rotation;
use sizes::{Build, Sizes};
use store::Store;
use switch::Switch;
use tables::Tables;
use thiserror::Error;
use world::{NEVER, Step, World};

/// Why there is no prediction.
#[derive(Debug, Error)]
pub enum TimingError {
    /// There is no such card.
    #[error(transparent)]
    Card(#[from] CardError),
    /// There is no such core.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The card does not take the parameter set.
    #[error(transparent)]
    Settings(#[from] DeviceError),
    /// A job that the card refuses.
    #[error(
        "a job of {ciphertexts} ciphertexts with {samples} samples each: this card takes 1 to {most}"
    )]
    Work {
        /// Its ciphertexts.
        ciphertexts: u64,
        /// Samples of each.
        samples: u64,
        /// Most ciphertexts in, and out.
        most: u32,
    },
    /// The model contradicts itself.
    #[error("the timing model came to a stop after {0} of the jobs")]
    Stuck(usize),
}

/// A bootstrap job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Ciphertexts in.
    pub ciphertexts: u64,
    /// Ciphertexts out for each.
    pub samples: u64,
    /// Each has a look-up table of its own, from a list; otherwise all have the same.
    pub own_tables: bool,
}

impl Work {
    /// So many ciphertexts, one sample of each, with one table.
    #[must_use]
    pub const fn of(ciphertexts: u64) -> Self {
        Self {
            ciphertexts,
            samples: 1,
            own_tables: false,
        }
    }
}

/// When jobs are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// All of them in cycle 0.
    AtOnce,
    /// Each when the one before has been completed.
    OneByOne {
        /// Cycles from the completion in memory to the next doorbell.
        gap: u64,
    },
}

/// What a series of jobs takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The cycles, from the first doorbell on, in which the jobs' completions are in host memory.
    pub completions: Vec<u64>,
    /// The last of these.
    pub cycles: u64,
    /// Ciphertexts bootstrapped.
    pub bootstraps: u64,
    /// Cycles in which the rotation took coefficients in: [`gyrus_interface::registers::Register::TurnCyclesLow`].
    pub turn_cycles: u64,
    /// Cycles in which it waited for a slice of its key.
    pub key_wait_cycles: u64,
    /// Cycles in which the key switch was loaded or at work.
    pub keyswitch_cycles: u64,
    /// Cycles of these in which it waited for its key.
    pub keyswitch_wait_cycles: u64,
    /// Beats of the bootstrapping key.
    pub key_beats: u64,
    /// Beats of the key switching key.
    pub keyswitch_beats: u64,
    /// Words read from host memory.
    pub host_words_read: u64,
    /// Words written there.
    pub host_words_written: u64,
}

impl Prediction {
    /// The share of cycles in which the rotation took coefficients in.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.turn_cycles as f64 / self.cycles.max(1) as f64
    }

    /// The same for a number of cycles of these.
    #[must_use]
    pub fn share(&self, cycles: u64) -> f64 {
        cycles as f64 / self.cycles.max(1) as f64
    }
}

/// A card, and memories around it.
#[derive(Debug, Clone)]
pub struct TimingModel {
    build: Build,
    host: Pace,
    card: Pace,
}

impl TimingModel {
    /// A card of these sizes, with host memory and card memory of these paces.
    ///
    /// # Errors
    /// [`TimingError::Build`] if there is no such card.
    pub fn new(parameters: &CardParameters, host: Pace, card: Pace) -> Result<Self, TimingError> {
        Ok(Self {
            build: Build::new(parameters)?,
            host,
            card,
        })
    }

    /// The card's sizes.
    #[must_use]
    pub const fn parameters(&self) -> &CardParameters {
        &self.build.parameters
    }

    /// Cycles of an iteration of one ciphertext alone in flight: the mean over all degrees.
    ///
    /// # Errors
    /// [`TimingError::Settings`] if the card does not take the set.
    pub fn alone(&self, set: &ParameterSet) -> Result<f64, TimingError> {
        let sizes = Sizes::new(&self.build, set)?;
        Ok((sizes.turn + sizes.datapath - 1) as f64 - sizes.slacks.mean())
    }

    /// Predicts jobs.
    ///
    /// # Errors
    /// [`TimingError`] if the card does not take the set, or a job.
    pub fn run(
        &self,
        set: &ParameterSet,
        jobs: &[Work],
        submission: Submission,
    ) -> Result<Prediction, TimingError> {
        let most = self.build.parameters.max_batch;
        let fits = |job: &&Work| {
            let within = |value: u64| (1..=u64::from(most)).contains(&value);
            let product = job.ciphertexts.checked_mul(job.samples);
            within(job.ciphertexts) && within(job.samples) && product.is_some_and(within)
        };
        if let Some(job) = jobs.iter().find(|job| !fits(job)) {
            return Err(TimingError::Work {
                ciphertexts: job.ciphertexts,
                samples: job.samples,
                most,
            });
        }
        let sizes = Sizes::new(&self.build, set)?;
        let mut world = World::new(sizes, self.host, self.card);
        let mut front = Front::new(jobs, submission);
        let mut switch = Switch::new(&self.build, &world);
        let mut tables = Tables::new();
        let mut rotation = Rotation::new(&self.build, &world);
        let mut store = Store::new();
        while world.completions.len() < jobs.len() {
            let steps = [
                front.step(&mut world),
                switch.step(&mut world),
                tables.step(&mut world),
                rotation.step(&mut world),
                store.step(&mut world),
            ];
            if steps.contains(&Step::Done) {
                continue;
            }
            let next = steps.into_iter().map(|step| match step {
                Step::Done => world.now,
                Step::Wait(moment) => moment,
            });
            world.now = next.min().unwrap_or(NEVER);
            if world.now == NEVER {
                return Err(TimingError::Stuck(world.completions.len()));
            }
        }
        Ok(Prediction {
            cycles: world.completions.last().copied().unwrap_or(0),
            bootstraps: jobs.iter().map(|job| job.ciphertexts).sum(),
            turn_cycles: rotation.turning,
            key_wait_cycles: rotation.waited,
            keyswitch_cycles: switch.busy,
            keyswitch_wait_cycles: switch.waited,
            key_beats: rotation.slices * world.sizes.slice_beats,
            keyswitch_beats: switch.passes * world.sizes.switch_beats,
            host_words_read: world.host_words_read,
            host_words_written: world.host_words_written,
            completions: world.completions,
        })
    }
}

//! What every card has to do, whatever stands behind its registers.
//!
//! Each check drives a [`Card`] as its driver would, through registers, rings and shared memory, and
//! compares every word and every completion with what the definition in `gyrus-interface` asks for.
//! Results are compared with those of the functional engine, which gets the keys as they were made
//! and not as they were uploaded.
//!
//! All waiting ends: [`Options`] says when, and how much is done, so that a card that is simulated
//! cycle by cycle can run the same checks.
//!
//! | module | what it checks |
//! |---|---|
//! | `registers` | constants, settings, interrupts, counters, refused settings |
//! | `bootstraps` | results: single ones, batches, tables, many-LUT, changes of parameters |
//! | `refusals` | every row of the table of checks in [`gyrus_interface::job`] |
//! | `rings` | doorbells, phases, wrap-around, a completion ring that nobody reads |
//! | `keys` | pieces in the wrong order, checksums, images that prove wrong in use |
//! | `errors` | which error the registers keep |
//! | `buses` | errors and silence of host memory |
//! | `card_buses` | errors of card memory, among other jobs |
//! | `silence` | buses that do not answer, all of them |
//! | `resets` | resets at any moment |
//! | `random` | many random jobs against a description of what jobs do |
//! | `replay` | what one card did, done again by another |

mod bench;
mod bootstraps;
mod buses;
mod card_buses;
mod description;
mod errors;
pub(crate) mod generator;
mod keys;
mod material;
mod random;
mod refusals;
mod registers;
mod replay;
mod resets;
mod rig;
mod rings;
mod silence;

pub use replay::{Capture, capture, replay};

use crate::device::{AccessError, Card, CardError};
use crate::model::ModelError;
use gyrus_interface::{DeviceError, ImageError};
use std::time::Duration;
use thiserror::Error;

/// Bytes of host memory that the checks need.
pub const MEMORY_BYTES: usize = 1 << 20;

/// How much is done, and how long is waited.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where random numbers begin.
    pub seed: u64,
    /// Longest wait for one completion, or for a change of the status.
    pub patience: Duration,
    /// Cycles after which a bus counts as dead, where the checks wait for that.
    pub bus_deadline: u32,
    /// Entries of the rings, 4 to 16.
    pub ring_entries: u32,
    /// Largest batch.
    pub batch: u32,
    /// Jobs of [`random_jobs`].
    pub random_jobs: usize,
    /// Resets of [`resets_at_any_moment`].
    pub resets: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            patience: Duration::from_secs(20),
            bus_deadline: 1_000_000,
            ring_entries: 8,
            batch: 16,
            random_jobs: 10_000,
            resets: 40,
        }
    }
}

/// What was found.
#[derive(Debug, Error)]
pub enum ConformanceError {
    /// Something is not as it has to be.
    #[error("{0}")]
    Wrong(String),
    /// In one of the checks.
    #[error("{check}: {source}")]
    Check {
        /// Which.
        check: &'static str,
        /// What.
        source: Box<ConformanceError>,
    },
    /// Something did not happen in time.
    #[error("{0} did not happen in time")]
    Late(String),
    /// The card did not answer.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The card is none that settings can be made for.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The card's host memory is too small.
    #[error(transparent)]
    Memory(#[from] AccessError),
    /// The engine, which the results are compared with, failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A key could not be packed for this card.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// A check of a card. It leaves the card as it may be left: with settings, keys and tables of its own.
pub type Check = fn(&mut dyn Card, &Options) -> Result<(), ConformanceError>;

pub use bootstraps::{
    batches, many_samples_of_a_table, parameter_changes, single_bootstraps, table_replacement,
};
pub use buses::{
    bus_errors, buses_that_wait, dead_buses, silence_after_a_reset, unreachable_rings,
};
pub use card_buses::{unreadable_keys, unreadable_tables, unwritable_uploads};
pub use errors::{errors_of_jobs_and_faults, faults_that_halt};
pub use keys::{adopted_keys, pieces_of_keys, wrong_images};
pub use random::random_jobs;
pub use refusals::{refused_bootstraps, refused_copies, refused_descriptors, refused_uploads};
pub use registers::{
    constants_and_settings, counters, interrupts, refused_settings, settings_behind_jobs,
};
pub use resets::resets_at_any_moment;
pub use rings::{bad_doorbells, full_completion_ring, tails_that_go_back, wrap_around};
pub use silence::{resets_of_the_buses, shorter_deadlines, silent_buses, slow_buses};

/// All checks of one card, by name.
pub const CHECKS: &[(&str, Check)] = &[
    ("constants and settings", constants_and_settings),
    ("refused settings", refused_settings),
    ("settings behind jobs", settings_behind_jobs),
    ("interrupts", interrupts),
    ("counters", counters),
    ("single bootstraps", single_bootstraps),
    ("batches", batches),
    ("many samples of a table", many_samples_of_a_table),
    ("table replacement", table_replacement),
    ("parameter changes", parameter_changes),
    ("refused descriptors", refused_descriptors),
    ("refused bootstraps", refused_bootstraps),
    ("refused uploads", refused_uploads),
    ("refused copies", refused_copies),
    ("bad doorbells", bad_doorbells),
    ("tails that go back", tails_that_go_back),
    ("wrap-around", wrap_around),
    ("full completion ring", full_completion_ring),
    ("errors of jobs and faults", errors_of_jobs_and_faults),
    ("faults that halt", faults_that_halt),
    ("pieces of keys", pieces_of_keys),
    ("wrong images", wrong_images),
    ("adopted keys", adopted_keys),
    ("bus errors", bus_errors),
    ("unreachable rings", unreachable_rings),
    ("dead buses", dead_buses),
    ("buses that wait", buses_that_wait),
    ("silence after a reset", silence_after_a_reset),
    ("unreadable tables", unreadable_tables),
    ("unwritable uploads", unwritable_uploads),
    ("unreadable keys", unreadable_keys),
    ("slow buses", slow_buses),
    ("silent buses", silent_buses),
    ("shorter deadlines", shorter_deadlines),
    ("resets of the buses", resets_of_the_buses),
    ("resets at any moment", resets_at_any_moment),
    ("random jobs", random_jobs),
];

/// Runs all checks.
///
/// # Errors
/// The first thing that is not as it has to be.
pub fn run(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    for &(name, check) in CHECKS {
        run_one(card, options, name, check)?;
    }
    Ok(())
}

/// Runs one check and names it in its error.
///
/// # Errors
/// What is not as it has to be.
pub fn run_one(
    card: &mut dyn Card,
    options: &Options,
    name: &'static str,
    check: Check,
) -> Result<(), ConformanceError> {
    let result = check(card, options);
    card.memory().mend();
    card.mend_card_memory();
    result.map_err(|source| ConformanceError::Check {
        check: name,
        source: Box::new(source),
    })
}

/// An error unless two things are equal.
fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    found: T,
    expected: T,
) -> Result<(), ConformanceError> {
    if found == expected {
        return Ok(());
    }
    let text = format!("{what}: {found:?} instead of {expected:?}");
    Err(ConformanceError::Wrong(text))
}

/// An error unless words are equal: the first that are not.
fn same_words(what: &str, found: &[u64], expected: &[u64]) -> Result<(), ConformanceError> {
    same(&format!("{what}, words"), found.len(), expected.len())?;
    match found.iter().zip(expected).position(|(a, b)| a != b) {
        None => Ok(()),
        Some(at) => Err(ConformanceError::Wrong(format!(
            "{what}: word {at} of {} is {:#018x} instead of {:#018x}",
            found.len(),
            found[at],
            expected[at]
        ))),
    }
}

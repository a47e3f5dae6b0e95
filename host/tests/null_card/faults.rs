//! What goes wrong on a null card, how often, and how often it has.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What goes wrong with one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Injected {
    /// It ends with a bus error.
    BusError,
    /// A bus does not answer; the card halts.
    Halt,
    /// The card is as after power-on, and says nothing of it.
    ResetBehindTheBack,
    /// Its completion has a status that does not exist.
    UndefinedStatus,
    /// Its completion is that of a job that does not exist.
    WrongTag,
    /// It is completed twice.
    Duplicate,
    /// It is completed behind the next one.
    OutOfOrder,
    /// Its completion raises no interrupt.
    LostInterrupt,
    /// An interrupt comes without a cause.
    SpuriousInterrupt,
}

/// One job in so many meets each.
pub(crate) const RATES: [(Injected, u64); 9] = [
    (Injected::BusError, 2_000),
    (Injected::Halt, 8_000),
    (Injected::ResetBehindTheBack, 8_000),
    (Injected::UndefinedStatus, 8_000),
    (Injected::WrongTag, 8_000),
    (Injected::Duplicate, 8_000),
    (Injected::OutOfOrder, 50),
    (Injected::LostInterrupt, 500),
    (Injected::SpuriousInterrupt, 500),
];

/// How often each fault has come up.
pub(crate) type Counts = Arc<Mutex<BTreeMap<Injected, u64>>>;

/// Draws faults, and counts them.
pub(crate) struct Faults {
    rng: ChaCha8Rng,
    counts: Counts,
}

impl Faults {
    /// Those of a seed, and their counts.
    pub(crate) fn new(seed: u64) -> (Self, Counts) {
        let counts = Counts::default();
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let faults = Self {
            rng,
            counts: Arc::clone(&counts),
        };
        (faults, counts)
    }

    /// What goes wrong with the next job, if anything.
    pub(crate) fn next(&mut self) -> Option<Injected> {
        let met = RATES
            .iter()
            .find(|(_, rate)| self.rng.next_u64().is_multiple_of(*rate));
        let (injected, _) = met?;
        *self.counts.lock().unwrap().entry(*injected).or_default() += 1;
        Some(*injected)
    }
}

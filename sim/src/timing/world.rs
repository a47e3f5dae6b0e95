//! What the stages know of each other: queues, and moments.
//!
//! A stage works a step as far as it can be foreseen and says when it will be through. What it waits for
//! is a moment, or [`NEVER`] as long as nobody knows it; then it is looked at again after everybody's
//! next step.

use super::sizes::Sizes;
use crate::rtl::Pace;
use std::collections::VecDeque;

/// A moment that is not known yet.
pub(super) const NEVER: u64 = u64::MAX;

/// Words that the queues of [`gyrus_hdl::card`] hold, and cycles until a word is at the other end.
pub(super) const FEED_WORDS: usize = 8;
pub(super) const ROTATE_WORDS: usize = 64;
pub(super) const STORE_WORDS: usize = 32;
pub(super) const QUEUE: u64 = 2;

/// A hardware batch, and the moments of its way through the card.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    pub(super) ciphertexts: u64,
    pub(super) samples: u64,
    /// Its ciphertexts are read and switched, and its tables read.
    pub(super) switched: u64,
    pub(super) tabled: u64,
    /// It is open in the rotation.
    pub(super) opened: u64,
    /// Its degrees are in.
    pub(super) degrees: u64,
    /// All its turns are granted.
    pub(super) closed: u64,
}

/// What [`super::store`] works through.
#[derive(Debug, Clone, Copy)]
pub(super) enum Message {
    /// Results of this batch.
    Batch(usize),
    /// A job's end.
    Completion,
}

/// Everything that more than one stage sees.
#[derive(Debug)]
pub(super) struct World {
    pub(super) sizes: Sizes,
    pub(super) host: Pace,
    pub(super) card: Pace,
    pub(super) now: u64,
    /// Reads of host memory: one at a time.
    pub(super) host_read: u64,
    pub(super) host_words_read: u64,
    pub(super) host_words_written: u64,
    pub(super) batches: Vec<Batch>,
    /// Batches to read and switch, with the moments from which on they are seen; words in the queue.
    pub(super) feed: VecDeque<(usize, u64)>,
    pub(super) feed_words: usize,
    /// Batches to open.
    pub(super) rotate: VecDeque<(usize, u64)>,
    pub(super) rotate_words: usize,
    /// Results and completions.
    pub(super) store: VecDeque<(Message, u64)>,
    pub(super) store_words: usize,
    /// Of each slot: a table is in, and the moments in which its tables' and its results' place are free.
    pub(super) staged: Vec<u64>,
    pub(super) table_free: Vec<u64>,
    pub(super) result_free: Vec<u64>,
    /// When results can be extracted, and their slots, in order.
    pub(super) results: VecDeque<(usize, u64)>,
    /// When jobs were completed.
    pub(super) completions: Vec<u64>,
}

impl World {
    pub(super) fn new(sizes: Sizes, host: Pace, card: Pace) -> Self {
        let slots = sizes.slots;
        Self {
            sizes,
            host,
            card,
            now: 0,
            host_read: 0,
            host_words_read: 0,
            host_words_written: 0,
            batches: Vec::new(),
            feed: VecDeque::new(),
            feed_words: 0,
            rotate: VecDeque::new(),
            rotate_words: 0,
            store: VecDeque::new(),
            store_words: 0,
            staged: vec![NEVER; slots],
            table_free: vec![0; slots],
            result_free: vec![0; slots],
            results: VecDeque::new(),
            completions: Vec::new(),
        }
    }

    /// Reads so many words of host memory, which are taken at this pace at most, from now on; the moment
    /// of the last one.
    pub(super) fn read_host(&mut self, words: u64, pace: u64) -> u64 {
        let apart = apart(self.host).max(pace);
        let last = self.now + FIRST_WORD + self.host.latency + (words - 1) * apart;
        self.host_read = last + 1;
        self.host_words_read += words;
        last
    }
}

/// Cycles from a request to the address on the bus, from which the latency counts.
pub(super) const FIRST_WORD: u64 = 3;

/// Words that a read master's bursts under way have.
const WORDS_AHEAD: u64 = 16 * 64;

/// Cycles from a word of a long transfer to the next.
pub(super) const fn apart(pace: Pace) -> u64 {
    let hidden = pace.latency.div_ceil(WORDS_AHEAD);
    let slowest = if hidden > pace.beat_cycles {
        hidden
    } else {
        pace.beat_cycles
    };
    if slowest == 0 { 1 } else { slowest }
}

/// A stage, or when to look at it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Something was done.
    Done,
    /// Not before this moment; [`NEVER`] for after somebody else's step.
    Wait(u64),
}

/// Goes on when a moment has come.
macro_rules! await_moment {
    ($world:expr, $moment:expr) => {
        let moment = $moment;
        if moment > $world.now {
            return Step::Wait(moment);
        }
    };
}
pub(super) use await_moment;

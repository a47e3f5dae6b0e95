//! Faults that a guest's test has asked for, on the card's way to memory and in its registers.

use crate::contract::Fault;
use gyrus::interface::job::{COMPLETION_BYTES, COMPLETION_PHASE_WORD};
use gyrus::interface::layout::WORD_BYTES;
use std::sync::{Mutex, MutexGuard, PoisonError};

const COMPLETION_WORDS: usize = COMPLETION_BYTES / WORD_BYTES;
const LAST: usize = COMPLETION_PHASE_WORD / WORD_BYTES;
/// Bit of a completion's last word.
const PHASE: u64 = 1 << 16;
/// A read of so many words or more is no descriptor and no list of slots.
const LONG: usize = 65;

/// What is to become of an access to memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing unusual.
    Go,
    /// It ends in an error.
    Refuse,
    /// It does not end.
    Ignore,
}

/// A completion that was written, or should have been.
type Written = (u64, [u64; COMPLETION_WORDS]);

#[derive(Debug)]
struct State {
    fault: Fault,
    argument: u32,
    /// The completion before, for faults that are about two.
    before: Option<Written>,
}

/// The fault of now.
#[derive(Debug)]
pub(crate) struct Faults(Mutex<State>);

impl Default for Faults {
    fn default() -> Self {
        Self(Mutex::new(State {
            fault: Fault::None,
            argument: 0,
            before: None,
        }))
    }
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, fault: Fault, argument: u32) {
        *self.lock() = State {
            fault,
            argument,
            before: None,
        };
    }

    pub(crate) fn get(&self) -> Fault {
        self.lock().fault
    }

    /// Whether the card is as good as not there.
    pub(crate) fn gone(&self) -> bool {
        matches!(self.get(), Fault::Dead | Fault::Removed)
    }

    /// Whether an interrupt is lost.
    pub(crate) fn loses_interrupt(&self) -> bool {
        let mut state = self.lock();
        match state.fault {
            Fault::Dead | Fault::Removed | Fault::Hang => true,
            Fault::LostInterrupts if state.argument > 0 => {
                state.argument -= 1;
                if state.argument == 0 {
                    state.fault = Fault::None;
                }
                true
            }
            _ => false,
        }
    }

    /// What becomes of the next access to memory.
    pub(crate) fn access(&self) -> Access {
        let mut state = self.lock();
        let now = state.argument == 0;
        match state.fault {
            Fault::Dead | Fault::Removed => Access::Refuse,
            Fault::Hang => Access::Ignore,
            Fault::Refused if now => {
                state.fault = Fault::None;
                Access::Refuse
            }
            Fault::Silent if now => Access::Ignore,
            Fault::Refused | Fault::Silent => {
                state.argument -= 1;
                Access::Go
            }
            _ => Access::Go,
        }
    }

    /// Whether memory does not answer.
    pub(crate) fn is_silent(&self) -> bool {
        let state = self.lock();
        state.fault == Fault::Hang || state.fault == Fault::Silent && state.argument == 0
    }

    /// Changes words that the card is about to get.
    pub(crate) fn on_read(&self, words: &mut [u64]) {
        let mut state = self.lock();
        if state.fault == Fault::FlippedBit && state.argument > 0 && words.len() >= LONG {
            words[LONG / 2] ^= 1 << 33;
            state.argument -= 1;
        }
    }

    /// What is to be written in place of some words: a write as long as a completion is one.
    pub(crate) fn on_write(&self, address: u64, words: &[u64]) -> Vec<(u64, Vec<u64>)> {
        let as_it_is = || vec![(address, words.to_vec())];
        let Ok(mut completion) = <[u64; COMPLETION_WORDS]>::try_from(words) else {
            return as_it_is();
        };
        let mut state = self.lock();
        match state.fault {
            Fault::BadStatus => completion[LAST] |= 0xffff,
            Fault::BadTag => completion[0] ^= 1 << 63,
            Fault::WrongPhase => completion[LAST] ^= PHASE,
            Fault::Repeated => match state.before {
                None => {
                    state.before = Some((address, completion));
                    return as_it_is();
                }
                Some((_, before)) => completion[..LAST].copy_from_slice(&before[..LAST]),
            },
            Fault::Reordered => match state.before {
                None => {
                    state.before = Some((address, completion));
                    return Vec::new();
                }
                Some((first, mut before)) => {
                    // What is said of a place stays there, what is said of a job does not.
                    before[..LAST].swap_with_slice(&mut completion[..LAST]);
                    state.fault = Fault::None;
                    return vec![(first, before.to_vec()), (address, completion.to_vec())];
                }
            },
            _ => return as_it_is(),
        }
        state.fault = Fault::None;
        vec![(address, completion.to_vec())]
    }
}

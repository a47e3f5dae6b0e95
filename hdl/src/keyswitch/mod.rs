//! The key switch: a batch of big LWE ciphertexts (k N mask words mod 2^64) to small ones (n mask
//! words mod 2^64, 2^32 or 2^21), word for word that of tfhe-rs' `keyswitch_lwe_ciphertext` and
//! `keyswitch_lwe_ciphertext_with_scalar_change`:
//!
//! (0, .., 0, body) - sum over rows i and levels j of digit_j(a_i) times row (i, j) of the key.
//!
//! The key is read once for all ciphertexts of a batch: a beat of D words comes from memory in each
//! cycle, and every ciphertext adds its own multiple of it to its own sums. So a batch of B takes B D
//! adders of 64 bits, each of which does three sums at once for a modulus of 2^21, two for 2^32, one
//! for 2^64 ([`Fields`]).
//!
//! | block | what it does | latency |
//! |---|---|---|
//! | [`KeySwitch`] | all of this | see there |
//! | [`Inputs`] | holds the ciphertexts, gives a row | 1 |
//! | [`Rounding`], [`Digits`] | the row's digits, one after the other | 3 |
//! | [`Steps`] | rows, levels, groups | - |
//! | [`Fields`], [`Multiples`] | multiples of the key's words | 2 |
//! | [`AddMultiple`] | a word of the sums | 3 |
//! | [`Drain`] | the sums as LWE words | 7 |
//! | [`Control`] | the phases of a batch | - |
//!
//! # Cycles
//!
//! With F fields of a word, G = ceil((n + 1) / (F D)) beats hold a level of a row. A pass over the key
//! takes k N l max(G, 4) cycles if memory delivers a beat in each, and about 20 more at its ends. Loading
//! takes B (k N + 1) cycles, handing out B (n + 1); the latter overlaps with the loading of the next
//! batch ([`batch_cycles`]). [`key_words`] is the D with which a core of so many lanes never waits.
//!
//! # Protocol
//!
//! Parameters change only while `idle` is high, `draining` low and `start` low, and
//! [`KeySwitch::SETTLING`] cycles before the start. `start` begins a batch of `batch` ciphertexts:
//! they come in over `lwe_in`, then the key is asked for and comes over `key` as
//! [`gyrus_interface::keyswitch_rows`] says, then the small ciphertexts go out over `lwe_out`, n mask
//! words and the body each, in the upper bits of the word. If the key's checksum is wrong, `failed`
//! is set instead, until a pass with a right one. `waiting` is high in each cycle in which a pass
//! waits for memory.

mod add_multiple;
mod control;
mod digits;
mod drain;
mod fields;
mod inputs;
mod parameters;
mod steps;

pub use add_multiple::AddMultiple;
pub use control::Control;
pub use digits::{Digits, Rounding};
pub use drain::Drain;
pub use fields::{Fields, Multiples};
pub use inputs::Inputs;
pub use parameters::{batch_cycles, key_words};
pub use steps::Steps;

use crate::checksum::Digest;
use crate::key_store::MOST_BEAT_WORDS;
use crate::memory::{Address, Delay};
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;
use thiserror::Error;

/// Most mask words of an input.
pub const MAX_ROWS: usize = 2048;

/// Most words of an output.
pub const MAX_COLUMNS: usize = 1024;

/// Most ciphertexts of a batch.
pub const MAX_SLOTS: usize = 16;

/// Why a key switch cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeySwitchError {
    /// The number of ciphertexts.
    #[error("{0} slots: must be 1 to {MAX_SLOTS}")]
    Slots(usize),
    /// The width of a beat.
    #[error("a beat of {0} words of the key switching key: must be 1 to {MOST_BEAT_WORDS}")]
    Beat(usize),
    /// The size of the input.
    #[error("{0} mask words: must be 1 to {MAX_ROWS}")]
    Rows(usize),
}

/// Where and when sums are changed.
#[derive(LogicBlock)]
struct Pipeline {
    clock: Signal<In, Clock>,
    step: Signal<In, Bit>,
    group: Signal<In, Bits<11>>,
    fresh: Signal<In, Bit>,
    draining: Signal<In, Bit>,
    drain_group: Signal<In, Bits<11>>,
    /// One cycle behind the step, two, four.
    read_address: Signal<Out, Address>,
    fresh_late: Signal<Out, Bit>,
    write_enable: Signal<Out, Bit>,
    write_address: Signal<Out, Address>,
    together: Signal<Local, Bits<13>>,
    one: Delay<13>,
    two: Delay<13>,
    four: Delay<13>,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            step: Default::default(),
            group: Default::default(),
            fresh: Default::default(),
            draining: Default::default(),
            drain_group: Default::default(),
            read_address: Default::default(),
            fresh_late: Default::default(),
            write_enable: Default::default(),
            write_address: Default::default(),
            together: Default::default(),
            one: Delay::new(1),
            two: Delay::new(1),
            four: Delay::new(AddMultiple::LATENCY - 1),
        }
    }
}

impl Logic for Pipeline {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, one, two, four);
        self.together.next = bit_cast::<13, 11>(self.group.val()) << 2;
        if self.step.val() {
            self.together.next = (bit_cast::<13, 11>(self.group.val()) << 2) | 1;
            if self.fresh.val() {
                self.together.next = (bit_cast::<13, 11>(self.group.val()) << 2) | 3;
            }
        }
        self.one.d.next = self.together.val();
        self.two.d.next = self.one.q.val();
        self.four.d.next = self.two.q.val();
        self.read_address.next = bit_cast::<16, 11>(self.one.q.val().get_bits::<11>(2));
        if self.draining.val() {
            self.read_address.next = bit_cast::<16, 11>(self.drain_group.val());
        }
        self.fresh_late.next = self.two.q.val().get_bit(1);
        self.write_enable.next = self.four.q.val().get_bit(0);
        self.write_address.next = bit_cast::<16, 11>(self.four.q.val().get_bits::<11>(2));
    }
}

/// Waiting for a beat.
#[derive(LogicBlock, Default)]
struct Waiting {
    valid: Signal<In, Bit>,
    ready: Signal<In, Bit>,
    waiting: Signal<Out, Bit>,
}

impl Logic for Waiting {
    #[hdl_gen]
    fn update(&mut self) {
        self.waiting.next = self.ready.val() & !self.valid.val();
    }
}

/// The key switch of a batch.
#[derive(LogicBlock)]
pub struct KeySwitch {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// k N, at least 1.
    pub rows: Signal<In, Bits<12>>,
    /// n.
    pub lwe_dimension: Signal<In, Bits<12>>,
    /// log2 of the gadget's base, 1 to 4.
    pub base_log: Signal<In, Bits<3>>,
    /// l, 1 to 16.
    pub level_count: Signal<In, Bits<5>>,
    /// Fields of a word of the key: 1 for mod 2^64, 2 for up to 2^32, 3 for up to 2^21.
    pub fields: Signal<In, Bits<2>>,
    /// log2 of the modulus.
    pub modulus_log2: Signal<In, Bits<7>>,
    /// Beats of a level: ceil((n + 1) / (fields D)).
    pub groups: Signal<In, Bits<11>>,
    /// Ciphertexts of the batch that is started.
    pub batch: Signal<In, Bits<5>>,
    /// Give up the batch that is loaded or passes over the key; what is handed out runs on.
    pub clear: Signal<In, Bit>,
    /// Begin a batch.
    pub start: Signal<In, Bit>,
    /// `start` is heeded.
    pub idle: Signal<Out, Bit>,
    /// Small ciphertexts are still to come.
    pub draining: Signal<Out, Bit>,
    /// The key was wrong: the last batch is dropped.
    pub failed: Signal<Out, Bit>,
    /// A word of a big ciphertext is there.
    pub lwe_in_valid: Signal<In, Bit>,
    /// It is taken.
    pub lwe_in_ready: Signal<Out, Bit>,
    /// The word.
    pub lwe_in_word: Signal<In, Bits<64>>,
    /// The key is asked for, from its beginning.
    pub key_request_valid: Signal<Out, Bit>,
    /// Memory will answer.
    pub key_request_ready: Signal<In, Bit>,
    /// A beat of the key is there.
    pub key_valid: Signal<In, Bit>,
    /// It is taken.
    pub key_ready: Signal<Out, Bit>,
    /// D words.
    pub key: Vec<Signal<In, Bits<64>>>,
    /// The pass waits for a beat.
    pub waiting: Signal<Out, Bit>,
    /// A word of a small ciphertext is there.
    pub lwe_out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub lwe_out_ready: Signal<In, Bit>,
    /// The word.
    pub lwe_out_word: Signal<Out, Bits<64>>,
    control: Control,
    inputs: Inputs,
    steps: Steps,
    masks: Fields,
    rounding: Rounding,
    digits: Vec<Digits>,
    multiples: Vec<Multiples>,
    pipeline: Pipeline,
    /// Word w of slot s is `sums[s * D + w]`.
    sums: Vec<AddMultiple>,
    digest: Digest,
    drain: Drain,
    stalled: Waiting,
    never: Signal<Local, Bit>,
    nought: Signal<Local, Bits<12>>,
    _slots: usize,
}

impl KeySwitch {
    /// Cycles from a change of the parameters to a start.
    pub const SETTLING: usize = Rounding::SETTLING + 1;

    /// For batches of up to `slots` ciphertexts of up to `rows` mask words, with beats of `key_words`.
    ///
    /// # Errors
    /// [`KeySwitchError`] for a size out of range.
    pub fn new(slots: usize, rows: usize, key_words: usize) -> Result<Self, KeySwitchError> {
        if !(1..=MAX_SLOTS).contains(&slots) {
            return Err(KeySwitchError::Slots(slots));
        }
        if !(1..=MAX_ROWS).contains(&rows) {
            return Err(KeySwitchError::Rows(rows));
        }
        if !(1..=MOST_BEAT_WORDS).contains(&key_words) {
            return Err(KeySwitchError::Beat(key_words));
        }
        let depth = MAX_COLUMNS.div_ceil(key_words);
        let fetching = Inputs::LATENCY + Digits::WORD_LATENCY;
        let finishing = (AddMultiple::LATENCY + 1).max(Digest::latency(key_words));
        Ok(Self {
            clock: Signal::default(),
            rows: Signal::default(),
            lwe_dimension: Signal::default(),
            base_log: Signal::default(),
            level_count: Signal::default(),
            fields: Signal::default(),
            modulus_log2: Signal::default(),
            groups: Signal::default(),
            batch: Signal::default(),
            clear: Signal::default(),
            start: Signal::default(),
            idle: Signal::default(),
            draining: Signal::default(),
            failed: Signal::default(),
            lwe_in_valid: Signal::default(),
            lwe_in_ready: Signal::default(),
            lwe_in_word: Signal::default(),
            key_request_valid: Signal::default(),
            key_request_ready: Signal::default(),
            key_valid: Signal::default(),
            key_ready: Signal::default(),
            key: many(key_words, |_| Signal::default()),
            waiting: Signal::default(),
            lwe_out_valid: Signal::default(),
            lwe_out_ready: Signal::default(),
            lwe_out_word: Signal::default(),
            control: Control::default(),
            inputs: Inputs::new(slots, rows),
            steps: Steps::new(fetching, finishing),
            masks: Fields::default(),
            rounding: Rounding::default(),
            digits: many(slots, |_| Digits::default()),
            multiples: many(key_words, |_| Multiples::default()),
            pipeline: Pipeline::default(),
            sums: many(slots * key_words, |_| AddMultiple::new(depth)),
            digest: Digest::new(key_words),
            drain: Drain::new(slots, key_words),
            stalled: Waiting::default(),
            never: Signal::default(),
            nought: Signal::default(),
            _slots: slots,
        })
    }
}

impl Logic for KeySwitch {
    structure! { this =>
        constant!(never <= false);
        constant!(nought <= Bits::<12>::default());
        wire!(control.clock <= clock);
        wire!(control.clear <= clear);
        wire!(control.start <= start);
        wire!(control.batch <= batch);
        wire!(idle <= control.idle);
        wire!(failed <= control.failed);
        wire!(control.loaded <= inputs.loaded);
        wire!(control.drain_busy <= drain.busy);
        wire!(key_request_valid <= control.key_request);
        wire!(control.key_request_ready <= key_request_ready);
        wire!(control.passed <= steps.done);
        wire!(control.good <= digest.zero);

        wire!(inputs.clock <= clock);
        wire!(inputs.clear <= clear);
        wire!(inputs.start <= control.load);
        wire!(inputs.batch <= control.load_batch);
        wire!(inputs.half <= control.half);
        wire!(inputs.rows <= rows);
        wire!(inputs.lwe_valid <= lwe_in_valid);
        wire!(lwe_in_ready <= inputs.lwe_ready);
        wire!(inputs.lwe_word <= lwe_in_word);
        wire!(inputs.fetch <= steps.fetch);
        wire!(inputs.body_slot <= drain.body_slot);
        wire!(inputs.body_half <= control.drain_half);

        wire!(steps.clock <= clock);
        wire!(steps.clear <= clear);
        wire!(steps.start <= control.pass);
        wire!(steps.rows <= rows);
        wire!(steps.level_count <= level_count);
        wire!(steps.groups <= groups);
        wire!(steps.key_valid <= key_valid);
        wire!(key_ready <= steps.key_ready);
        wire!(stalled.valid <= key_valid);
        wire!(stalled.ready <= steps.key_ready);
        wire!(waiting <= stalled.waiting);

        wire!(masks.clock <= clock);
        wire!(masks.count <= fields);
        wire!(rounding.clock <= clock);
        wire!(rounding.base_log <= base_log);
        wire!(rounding.level_count <= level_count);
        wire!(pipeline.clock <= clock);
        wire!(pipeline.step <= steps.step);
        wire!(pipeline.group <= steps.group);
        wire!(pipeline.fresh <= steps.fresh);
        wire!(pipeline.draining <= drain.reading);
        wire!(pipeline.drain_group <= drain.group);

        wire!(digest.clock <= clock);
        wire!(digest.clear <= never);
        wire!(digest.beat <= steps.beat);
        wire!(digest.first <= steps.first);
        wire!(digest.last <= steps.last);
        wire!(digest.number <= nought);
        let key_words = this.key.len();
        for word in 0..key_words {
            wire!(multiples[word].clock <= clock);
            wire!(multiples[word].lowest <= masks.lowest);
            wire!(multiples[word].highest <= masks.highest);
            wire!(multiples[word].key <= key[word]);
            wire!(digest.words[word] <= multiples[word].raw);
        }
        for slot in 0..this._slots {
            wire!(digits[slot].clock <= clock);
            wire!(digits[slot].base_log <= base_log);
            wire!(digits[slot].shift <= rounding.shift);
            wire!(digits[slot].mask <= rounding.mask);
            wire!(digits[slot].half <= rounding.half);
            wire!(digits[slot].word <= inputs.words[slot]);
            wire!(digits[slot].take <= steps.take);
            wire!(digits[slot].step <= steps.next_digit);
            for word in 0..key_words {
                let sum = slot * key_words + word;
                wire!(sums[sum].clock <= clock);
                wire!(sums[sum].lowest <= masks.lowest);
                wire!(sums[sum].highest <= masks.highest);
                wire!(sums[sum].read_address <= pipeline.read_address);
                wire!(sums[sum].fresh <= pipeline.fresh_late);
                wire!(sums[sum].v <= digits[slot].v);
                wire!(sums[sum].k1 <= multiples[word].k1);
                wire!(sums[sum].k2 <= multiples[word].k2);
                wire!(sums[sum].k3 <= multiples[word].k3);
                wire!(sums[sum].k4 <= multiples[word].k4);
                wire!(sums[sum].k8 <= multiples[word].k8);
                wire!(sums[sum].write_enable <= pipeline.write_enable);
                wire!(sums[sum].write_address <= pipeline.write_address);
                wire!(drain.sums[sum] <= sums[sum].word);
            }
        }

        wire!(drain.clock <= clock);
        wire!(drain.start <= control.drain);
        wire!(drain.batch <= control.drain_batch);
        wire!(drain.lwe_dimension <= lwe_dimension);
        wire!(drain.fields <= fields);
        wire!(drain.modulus_log2 <= modulus_log2);
        wire!(drain.body <= inputs.body);
        wire!(drain.lwe_ready <= lwe_out_ready);
        wire!(lwe_out_valid <= drain.lwe_valid);
        wire!(lwe_out_word <= drain.lwe_word);
        wire!(draining <= drain.busy);
    }
}

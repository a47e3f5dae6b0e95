//! The core: batches of blind rotations, from LWE words and look-up tables to LWE words.
//!
//! `start` begins a batch of `batch` ciphertexts. Their words and tables may come at once, also while
//! the batch before is rotated; turns of the next batch follow those of the last one without a gap.
//! Results come out in order. `busy` falls when the last word of the last result is taken.
//!
//! If a slice of the key is wrong, the batches that are not through are dropped (`failed`), with all
//! words of theirs that are in: whoever feeds the streams drops the rest. What was rotated to its end
//! still comes out. A start is heeded again after `key_start`. `drop` does the same for a reset.
//!
//! Parameters but `batch` are static from [`BlindRotate::SETTLING`] cycles before the first start
//! until `busy` falls. The key store runs beside: it is started once for a key and goes round from
//! batch to batch.
//!
//! The key store asks for slices of the next batch ahead, so parameters or key change only after it
//! has run empty: `key_stop` and `key_start` together with the old parameters, `key_stop` on until
//! `key_idle`, then the new ones. Otherwise slices under way are cut to the new sizes and fail their
//! checksum.
//!
//! Streams (valid/ready, a word a cycle at most): `lwe_in`, `table`, `key_request`, `key_data`,
//! `lwe_out`. Inside nothing stalls. See [`super`] for the order of work and [`Latencies`] for the
//! datapath's timing.

mod wiring;

use super::control::{Control, KeyTag, KeyWait, MacTag, ResultEnd, ResultTag, TableTag};
use super::{
    Configuration, DegreeAddress, Deliver, Latencies, Load, MAX_SLOTS, Sequence, Slack, Slots,
};
use crate::accumulator::{Accumulator, Results, Tables, Unsupported};
use crate::decompose;
use crate::key_store::{KeyStore, KeyStoreError};
use crate::mac::Mac;
use crate::memory::{Delay, Ram};
use crate::modulus_switch::ModulusSwitch;
use crate::ntt::{ControlDelay, Direction, Shape, ShapeError, Transform};
use crate::sample_extract::SampleExtract;
use crate::structure::many;
use crate::switch_modulus::SwitchModulus;
use rust_hdl::prelude::*;
use thiserror::Error;

/// Why a core cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BuildError {
    /// Lanes or polynomial size.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The accumulators.
    #[error(transparent)]
    Accumulator(#[from] Unsupported),
    /// The key store.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// Decomposition levels.
    #[error("{0} decomposition levels: must be 1, 2 or 3")]
    Levels(usize),
}

const _: () = assert!(
    SwitchModulus::LATENCY == 1,
    "an addend comes two cycles behind its request, which comes one before the residue"
);

/// The core.
#[derive(LogicBlock)]
pub struct BlindRotate {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// log2 N, 8 up to the build's.
    pub log2_n: Signal<In, Bits<4>>,
    /// n, 1 to 1023.
    pub lwe_dimension: Signal<In, Bits<12>>,
    /// log2 of the gadget's base, 1 to 31.
    pub base_log: Signal<In, Bits<5>>,
    /// l, 1 up to the build's; base_log l at most 62.
    pub level_count: Signal<In, Bits<2>>,
    /// Take the mask's rounding error off the body when switching to 2N.
    pub centred: Signal<In, Bit>,
    /// LWE words have 32 bits and lie in the upper half.
    pub narrow: Signal<In, Bit>,
    /// Ciphertexts of the batch, 1 up to the build's slots.
    pub batch: Signal<In, Bits<5>>,
    /// Begin a batch; heeded while `start_ready`.
    pub start: Signal<In, Bit>,
    /// There is room for another batch: up to two are under way.
    pub start_ready: Signal<Out, Bit>,
    /// A batch is under way, or a result.
    pub busy: Signal<Out, Bit>,
    /// Batches were dropped; until the next start.
    pub failed: Signal<Out, Bit>,
    /// Drop all batches, as if the key were wrong.
    pub drop: Signal<In, Bit>,
    /// The datapath takes coefficients in.
    pub turning: Signal<Out, Bit>,

    /// LWE words of the batch: n mask words and the body, each.
    pub lwe_in_valid: Signal<In, Bit>,
    /// The word is taken.
    pub lwe_in_ready: Signal<Out, Bit>,
    /// The word.
    pub lwe_in_word: Signal<In, Bits<64>>,
    /// Look-up tables of the batch, the bodies of ciphertexts whose mask is 0: N words each.
    pub table_valid: Signal<In, Bit>,
    /// The word is taken.
    pub table_ready: Signal<Out, Bit>,
    /// The word.
    pub table_word: Signal<In, Bits<64>>,
    /// The next ciphertext's results may be handed out: so many, of coefficients so far apart.
    pub lwe_out_enable: Signal<In, Bit>,
    /// LWE ciphertexts of a rotated one (many-LUT), 1 to 65535; with the next one as of the cycle in
    /// which its first is begun.
    pub lwe_out_samples: Signal<In, Bits<16>>,
    /// Coefficients between two of them; the last lies below N.
    pub lwe_out_stride: Signal<In, Bits<12>>,
    /// Results: k N mask words and the body, each.
    pub lwe_out_valid: Signal<Out, Bit>,
    /// The word is taken.
    pub lwe_out_ready: Signal<In, Bit>,
    /// The word.
    pub lwe_out_word: Signal<Out, Bits<64>>,
    /// It is a body.
    pub lwe_out_last: Signal<Out, Bit>,

    /// Forget the key and begin with its first slice; not while `busy`.
    pub key_start: Signal<In, Bit>,
    /// Ask for no further slices.
    pub key_stop: Signal<In, Bit>,
    /// No slice is under way from memory.
    pub key_idle: Signal<Out, Bit>,
    /// A slice is asked for.
    pub key_request_valid: Signal<Out, Bit>,
    /// Memory takes the request.
    pub key_request_ready: Signal<In, Bit>,
    /// Which slice.
    pub key_request_slice: Signal<Out, Bits<12>>,
    /// A beat of a slice, see [`gyrus_interface::key_slice`].
    pub key_data_valid: Signal<In, Bit>,
    /// It is taken.
    pub key_data_ready: Signal<Out, Bit>,
    /// Its words.
    pub key_data: Vec<Signal<In, Bits<64>>>,

    /// A slice had a wrong checksum: the batch that needs it is dropped. Until `key_start`.
    pub checksum_error: Signal<Out, Bit>,
    /// Which.
    pub error_slice: Signal<Out, Bits<12>>,
    /// The controller misused the key store.
    pub protocol_error: Signal<Out, Bit>,
    /// No turn runs in this cycle, for want of a slice.
    pub key_waiting: Signal<Out, Bit>,
    /// The rotation had to wait for the key.
    pub underrun: Signal<Out, Bit>,
    /// For so many cycles.
    pub underrun_cycles: Signal<Out, Bits<32>>,

    control: Control,
    configuration: Configuration,
    modulus_switch: ModulusSwitch,
    load: Load,
    degree_write: DegreeAddress,
    degree_read: DegreeAddress,
    degrees: Ram<12>,
    sequencer: Sequence,
    slack: Slack,
    slots: Slots,
    accumulator: Accumulator,
    gadget: decompose::Constants,
    level_line: Delay<2>,
    digit_control: ControlDelay,
    digits: Vec<decompose::Lane>,
    forward: Transform,
    key_tag: KeyTag,
    key_store: KeyStore,
    key_wait: KeyWait,
    mac_tag: MacTag,
    mac: Mac,
    inverse: Transform,
    words: Vec<SwitchModulus>,
    result_tag: ResultTag,
    table_tag: TableTag,
    tables: Tables,
    result_end: ResultEnd,
    results: Results,
    deliver: Deliver,
    sample_extract: SampleExtract,
    _latencies: Latencies,
}

impl BlindRotate {
    /// Cycles that parameters have to be static before the first word.
    pub const SETTLING: usize = 8;

    /// A core of this shape for `slots` ciphertexts in flight and up to `levels` levels; memory
    /// delivers the key in beats of `beat_words` words.
    ///
    /// # Errors
    /// [`BuildError`] for sizes that a part cannot be built for.
    pub fn new(
        shape: &Shape,
        slots: usize,
        levels: usize,
        beat_words: usize,
    ) -> Result<Self, BuildError> {
        if !(1..=3).contains(&levels) {
            return Err(BuildError::Levels(levels));
        }
        let lanes = shape.lanes();
        let rows = shape.pass_cycles(shape.max_log2_n()) * levels;
        let accumulator = Accumulator::new(lanes, shape.max_log2_n(), slots)?;
        let key_store = KeyStore::new(shape.pairs(), rows, beat_words)?;
        let forward = Transform::new(shape, Direction::Forward);
        let inverse = Transform::new(shape, Direction::Inverse);
        let latencies = Latencies {
            read: Accumulator::READ_LATENCY,
            decompose: decompose::Lane::LATENCY,
            forward: forward.latency(),
            mac: Mac::LATENCY,
            inverse: inverse.latency(),
            // The request comes a cycle before the result.
            add: Accumulator::ADD_LATENCY - 1,
        };
        Ok(Self {
            clock: Signal::default(),
            log2_n: Signal::default(),
            lwe_dimension: Signal::default(),
            base_log: Signal::default(),
            level_count: Signal::default(),
            centred: Signal::default(),
            narrow: Signal::default(),
            batch: Signal::default(),
            start: Signal::default(),
            start_ready: Signal::default(),
            busy: Signal::default(),
            failed: Signal::default(),
            drop: Signal::default(),
            turning: Signal::default(),
            lwe_in_valid: Signal::default(),
            lwe_in_ready: Signal::default(),
            lwe_in_word: Signal::default(),
            table_valid: Signal::default(),
            table_ready: Signal::default(),
            table_word: Signal::default(),
            lwe_out_enable: Signal::default(),
            lwe_out_samples: Signal::default(),
            lwe_out_stride: Signal::default(),
            lwe_out_valid: Signal::default(),
            lwe_out_ready: Signal::default(),
            lwe_out_word: Signal::default(),
            lwe_out_last: Signal::default(),
            key_start: Signal::default(),
            key_stop: Signal::default(),
            key_idle: Signal::default(),
            key_request_valid: Signal::default(),
            key_request_ready: Signal::default(),
            key_request_slice: Signal::default(),
            key_data_valid: Signal::default(),
            key_data_ready: Signal::default(),
            key_data: many(beat_words, |_| Signal::default()),
            checksum_error: Signal::default(),
            error_slice: Signal::default(),
            protocol_error: Signal::default(),
            key_waiting: Signal::default(),
            underrun: Signal::default(),
            underrun_cycles: Signal::default(),
            control: Control::default(),
            configuration: Configuration::new(shape),
            modulus_switch: ModulusSwitch::default(),
            load: Load::default(),
            degree_write: DegreeAddress::default(),
            degree_read: DegreeAddress::default(),
            degrees: Ram::new(slots.min(MAX_SLOTS) << (super::LWE_INDEX_BITS + 1)),
            sequencer: Sequence::new(latencies.total()),
            slack: Slack::new(shape),
            slots: Slots::new(slots),
            accumulator,
            gadget: decompose::Constants::default(),
            level_line: Delay::new(latencies.read),
            digit_control: ControlDelay::new(latencies.decompose),
            digits: many(lanes, |_| decompose::Lane::default()),
            forward,
            key_tag: KeyTag::new(latencies.to_mac() - KeyStore::READ_LATENCY),
            key_store,
            key_wait: KeyWait::default(),
            mac_tag: MacTag::new(latencies.to_mac()),
            mac: Mac::new(shape),
            inverse,
            words: many(lanes, |_| SwitchModulus::default()),
            result_tag: ResultTag::new(latencies.to_add()),
            // Its words come with the datapath's, two cycles behind the request to add.
            table_tag: TableTag::new(latencies.to_add() + 2 - Tables::LATENCY),
            tables: Tables::new(lanes, shape.max_log2_n(), slots)?,
            result_end: ResultEnd::default(),
            results: Results::new(lanes, shape.max_log2_n(), slots)?,
            deliver: Deliver::default(),
            sample_extract: SampleExtract::new(Results::LATENCY),
            _latencies: latencies,
        })
    }

    /// Cycles from the last word of a key slice until it is known to be right.
    #[must_use]
    pub fn verify_latency(&self) -> usize {
        self.key_store.verify_latency()
    }

    /// The datapath's latencies.
    #[must_use]
    pub const fn latencies(&self) -> Latencies {
        self._latencies
    }
}

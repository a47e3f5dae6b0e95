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
use crate::structure;
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
    "an addend comes one cycle behind its request"
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
        let accumulator = Accumulator::new(lanes, slots)?;
        let key_store = KeyStore::new(shape.pairs(), rows, beat_words)?;
        let forward = Transform::new(shape, Direction::Forward);
        let inverse = Transform::new(shape, Direction::Inverse);
        let latencies = Latencies {
            read: Accumulator::READ_LATENCY,
            decompose: decompose::Lane::LATENCY,
            forward: forward.latency(),
            mac: Mac::LATENCY,
            inverse: inverse.latency(),
            add: Accumulator::ADD_LATENCY,
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
            // Its words come with the datapath's, one cycle behind the request to add.
            table_tag: TableTag::new(latencies.to_add() + 1 - Tables::LATENCY),
            tables: Tables::new(lanes, slots)?,
            result_end: ResultEnd::default(),
            results: Results::new(lanes, slots)?,
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

impl Logic for BlindRotate {
    structure! { this =>
        // Control and parameters.
        wire!(control.clock <= clock);
        wire!(control.start <= start);
        wire!(start_ready <= control.start_ready);
        wire!(control.load_ready <= load.start_ready);
        wire!(control.closed <= load.closed);
        wire!(control.rests <= sequencer.rests);
        wire!(control.delivering <= deliver.busy);
        wire!(busy <= control.busy);
        wire!(failed <= control.failed);
        wire!(control.key_error <= key_store.checksum_error);
        wire!(control.drop <= drop);
        wire!(turning <= sequencer.read_valid);
        wire!(control.settled <= slots.settled);
        wire!(configuration.log2_n <= log2_n);

        // LWE words to degrees.
        wire!(modulus_switch.clock <= clock);
        wire!(modulus_switch.log2_n <= log2_n);
        wire!(modulus_switch.lwe_dimension <= lwe_dimension);
        wire!(modulus_switch.centred <= centred);
        wire!(modulus_switch.narrow <= narrow);
        wire!(modulus_switch.lwe_valid <= lwe_in_valid);
        wire!(lwe_in_ready <= modulus_switch.lwe_ready);
        wire!(modulus_switch.lwe_word <= lwe_in_word);
        wire!(modulus_switch.switched_ready <= load.switched_ready);

        wire!(modulus_switch.clear <= control.abort);

        wire!(load.clock <= clock);
        wire!(load.start <= control.load_start);
        wire!(load.batch <= batch);
        wire!(load.flush <= control.flush);
        wire!(load.log2_n <= log2_n);
        wire!(load.switched_valid <= modulus_switch.switched_valid);
        wire!(load.switched_last <= modulus_switch.switched_last);
        wire!(load.table_valid <= table_valid);
        wire!(table_ready <= load.table_ready);
        wire!(load.table_done <= table_tag.done);
        wire!(load.table_done_slot <= table_tag.slot_out);
        wire!(load.batch_done <= sequencer.batch_done);
        wire!(degree_write.slot <= load.degree_slot);
        wire!(degree_write.half <= load.degree_half);
        wire!(degree_write.index <= modulus_switch.switched_index);
        wire!(degrees.clock <= clock);
        wire!(degrees.write_enable <= load.degree_write);
        wire!(degrees.write_address <= degree_write.address);
        wire!(degrees.write_data <= modulus_switch.switched_word);
        wire!(degree_read.slot <= sequencer.degree_slot);
        wire!(degree_read.half <= load.batch_half);
        wire!(degree_read.index <= sequencer.degree_index);
        wire!(degrees.read_address <= degree_read.address);
        wire!(tables.clock <= clock);
        wire!(tables.log2_n <= log2_n);
        wire!(tables.write_valid <= load.table_write);
        wire!(tables.write_slot <= load.table_slot);
        wire!(tables.write_index <= load.table_index);
        wire!(tables.write_word <= table_word);

        // Turns.
        wire!(sequencer.clock <= clock);
        wire!(sequencer.abort <= control.abort);
        wire!(sequencer.key_start <= key_start);
        wire!(sequencer.lwe_dimension <= lwe_dimension);
        wire!(sequencer.degree_mask <= configuration.degree_mask);
        wire!(sequencer.batch_ready <= load.batch_ready);
        wire!(sequencer.batch_size <= load.batch_size);
        wire!(sequencer.staged <= load.staged);
        wire!(sequencer.taken_results <= deliver.taken);
        wire!(sequencer.level_count <= level_count);
        wire!(sequencer.pass_cycles <= configuration.pass_cycles);
        wire!(sequencer.last_time <= configuration.last_time);
        wire!(sequencer.degree <= degrees.read_data);
        wire!(slack.degree <= sequencer.next_degree);
        wire!(slack.fine_mask <= configuration.fine_mask);
        wire!(slots.clock <= clock);
        wire!(slots.slot <= sequencer.next_slot);
        wire!(slots.slack <= slack.cycles);
        wire!(slots.grant <= sequencer.grant);
        wire!(slots.turn <= sequencer.turn);
        wire!(sequencer.slot_ready <= slots.ready);
        wire!(sequencer.settled <= slots.settled);

        // Rotate and subtract.
        wire!(accumulator.clock <= clock);
        wire!(accumulator.log2_n <= log2_n);
        wire!(accumulator.read_valid <= sequencer.read_valid);
        wire!(accumulator.read_slot <= sequencer.read_slot);
        wire!(accumulator.read_time <= sequencer.read_time);
        wire!(accumulator.read_degree <= sequencer.read_degree);
        wire!(accumulator.read_alone <= sequencer.read_alone);

        // Digits.
        wire!(gadget.clock <= clock);
        wire!(gadget.base_log <= base_log);
        wire!(gadget.level_count <= level_count);
        wire!(level_line.clock <= clock);
        wire!(level_line.d <= sequencer.read_level);
        wire!(digit_control.clock <= clock);
        wire!(digit_control.valid_in <= accumulator.difference_valid);
        wire!(digit_control.time_in <= accumulator.difference_time);
        wire!(forward.clock <= clock);
        wire!(forward.pass_cycles <= configuration.pass_cycles);
        wire!(forward.fine_bits <= configuration.fine_bits);
        wire!(forward.valid_in <= digit_control.valid_out);
        wire!(forward.time_in <= digit_control.time_out);
        for lane in 0..this.digits.len() {
            wire!(digits[lane].clock <= clock);
            wire!(digits[lane].offset <= gadget.offset);
            wire!(digits[lane].below_sign <= gadget.below_sign);
            wire!(digits[lane].field_0 <= gadget.field_0);
            wire!(digits[lane].field_1_low <= gadget.field_1_low);
            wire!(digits[lane].field_1_top <= gadget.field_1_top);
            wire!(digits[lane].shift_0 <= gadget.shift_0);
            wire!(digits[lane].shift_1 <= gadget.shift_1);
            wire!(digits[lane].shift_2 <= gadget.shift_2);
            wire!(digits[lane].digit_mask <= gadget.digit_mask);
            wire!(digits[lane].minus_half <= gadget.minus_half);
            wire!(digits[lane].minus_base <= gadget.minus_base);
            wire!(digits[lane].minus_both <= gadget.minus_both);
            wire!(digits[lane].last_level <= gadget.last_level);
            wire!(digits[lane].x <= accumulator.difference[lane]);
            wire!(digits[lane].level <= level_line.q);
            wire!(forward.x[lane] <= digits[lane].digit);
        }

        // Key.
        wire!(key_tag.clock <= clock);
        wire!(key_tag.cycle_in <= sequencer.read_time);
        wire!(key_tag.level_in <= sequencer.read_level);
        wire!(key_tag.half_in <= sequencer.read_half);
        wire!(key_tag.end_in <= sequencer.read_end);
        wire!(sequencer.row_end <= key_tag.end_out);
        wire!(sequencer.row_half <= key_tag.half_out);
        wire!(key_store.clock <= clock);
        wire!(key_store.lwe_dimension <= lwe_dimension);
        wire!(key_store.cycles_per_pass <= configuration.pass_cycles);
        wire!(key_store.level_count <= level_count);
        wire!(key_store.start <= key_start);
        wire!(key_store.stop <= key_stop);
        wire!(key_idle <= key_store.idle);
        wire!(key_request_valid <= key_store.request_valid);
        wire!(key_store.request_ready <= key_request_ready);
        wire!(key_request_slice <= key_store.request_slice);
        wire!(key_store.data_valid <= key_data_valid);
        wire!(key_data_ready <= key_store.data_ready);
        for word in 0..this.key_data.len() {
            wire!(key_store.data[word] <= key_data[word]);
        }
        wire!(key_store.read_half <= key_tag.half_out);
        wire!(key_store.read_level <= key_tag.level_out);
        wire!(key_store.read_time <= key_tag.cycle_out);
        wire!(key_store.slice_wanted <= sequencer.slice_wanted);
        wire!(key_store.slice_take <= sequencer.slice_take);
        wire!(key_store.slice_release <= sequencer.slice_release);
        wire!(sequencer.slice_ready <= key_store.slice_ready);
        wire!(sequencer.slice_half <= key_store.slice_half);
        wire!(checksum_error <= key_store.checksum_error);
        wire!(error_slice <= key_store.error_slice);
        wire!(protocol_error <= key_store.protocol_error);
        wire!(key_wait.wanted <= sequencer.slice_wanted);
        wire!(key_wait.ready <= key_store.slice_ready);
        wire!(key_wait.turning <= sequencer.read_valid);
        wire!(key_waiting <= key_wait.waiting);
        wire!(underrun <= key_store.underrun);
        wire!(underrun_cycles <= key_store.underrun_cycles);

        // Multiply, transform back, switch, add.
        wire!(mac_tag.clock <= clock);
        wire!(mac_tag.level_in <= sequencer.read_level);
        wire!(mac_tag.last_in <= sequencer.read_last_level);
        wire!(mac.clock <= clock);
        wire!(mac.valid_in <= forward.valid_out);
        wire!(mac.time_in <= forward.time_out);
        wire!(mac.first <= mac_tag.first_out);
        wire!(mac.last <= mac_tag.last_out);
        for word in 0..this.mac.key.len() {
            wire!(mac.key[word] <= key_store.key[word]);
        }
        wire!(inverse.clock <= clock);
        wire!(inverse.pass_cycles <= configuration.pass_cycles);
        wire!(inverse.fine_bits <= configuration.fine_bits);
        wire!(inverse.valid_in <= mac.valid_out);
        wire!(inverse.time_in <= mac.time_out);
        wire!(result_tag.clock <= clock);
        wire!(result_tag.slot_in <= sequencer.read_slot);
        wire!(result_tag.load_in <= sequencer.read_load);
        wire!(result_tag.alone_in <= sequencer.read_alone);
        wire!(result_tag.result_valid <= inverse.valid_out);
        // The accumulator reads the old word while the modulus is switched.
        wire!(accumulator.add_valid <= result_tag.add_valid);
        wire!(accumulator.add_time <= inverse.time_out);
        wire!(accumulator.add_slot <= result_tag.slot_out);
        wire!(accumulator.load <= result_tag.load_out);
        wire!(table_tag.clock <= clock);
        wire!(table_tag.slot_in <= sequencer.read_slot);
        wire!(table_tag.cycle_in <= sequencer.read_time);
        wire!(table_tag.load_in <= sequencer.read_load);
        wire!(table_tag.last_in <= sequencer.read_last_time);
        wire!(tables.read_slot <= table_tag.slot_out);
        wire!(tables.read_time <= table_tag.cycle_out);
        for lane in 0..this.words.len() {
            wire!(mac.x[lane] <= forward.y[lane]);
            wire!(inverse.x[lane] <= mac.z[lane]);
            wire!(words[lane].clock <= clock);
            wire!(words[lane].residue <= inverse.y[lane]);
            wire!(accumulator.addend[lane] <= words[lane].word);
            wire!(accumulator.carry[lane] <= words[lane].round_up);
            wire!(accumulator.load_words[lane] <= tables.words[lane]);
            wire!(results.words[lane] <= accumulator.difference[lane]);
        }

        // Results. They are rotated to their end: the coefficient at degree 0 is the sample.
        wire!(result_end.valid <= accumulator.difference_valid);
        wire!(result_end.alone <= accumulator.difference_alone);
        wire!(result_end.cycle <= accumulator.difference_time);
        wire!(result_end.last_time <= configuration.last_time);
        wire!(results.clock <= clock);
        wire!(results.log2_n <= log2_n);
        wire!(results.write_valid <= result_end.write);
        wire!(results.write_slot <= accumulator.difference_slot);
        wire!(results.write_time <= accumulator.difference_time);
        wire!(deliver.clock <= clock);
        wire!(deliver.enable <= lwe_out_enable);
        wire!(deliver.samples <= lwe_out_samples);
        wire!(deliver.stride <= lwe_out_stride);
        wire!(deliver.granted <= sequencer.grant_result);
        wire!(deliver.granted_slot <= sequencer.next_slot);
        wire!(deliver.written <= result_end.written);
        wire!(deliver.written_slot <= accumulator.difference_slot);
        wire!(deliver.extract_busy <= sample_extract.busy);
        wire!(control.lwe_valid <= sample_extract.lwe_valid);
        wire!(control.lwe_ready <= lwe_out_ready);
        wire!(control.lwe_last <= sample_extract.lwe_last);
        wire!(deliver.word_last <= control.word_last);
        wire!(sample_extract.clock <= clock);
        wire!(sample_extract.start <= deliver.extract_start);
        wire!(sample_extract.slot <= deliver.slot);
        wire!(sample_extract.body <= deliver.degree);
        wire!(sample_extract.log2_n <= log2_n);
        wire!(sample_extract.lwe_ready <= lwe_out_ready);
        wire!(results.read_valid <= sample_extract.extract_valid);
        wire!(results.read_slot <= sample_extract.extract_slot);
        wire!(results.read_row <= sample_extract.extract_row);
        wire!(results.read_index <= sample_extract.extract_index);
        wire!(sample_extract.word_valid <= results.word_valid);
        wire!(sample_extract.word <= results.word);
        wire!(lwe_out_valid <= sample_extract.lwe_valid);
        wire!(lwe_out_word <= sample_extract.lwe_word);
        wire!(lwe_out_last <= sample_extract.lwe_last);
    }
}

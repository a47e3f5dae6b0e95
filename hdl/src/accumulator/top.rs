//! The memory of the accumulators with its ports.
//!
//! All words are modulo 2^64; multiplication by X^a is negacyclic. Times are those of
//! [`layout::coefficient`](super::layout::coefficient). `log2_n`, 8 to 11, stays while anything is
//! under way. Every port takes a request in every cycle and nothing stalls.
//!
//! Rotate-subtract read, latency [`Accumulator::READ_LATENCY`]: edge 1 registers the addresses,
//! edge 2 the words, edges 3 and 4 turn the lanes while (1 if negative) - acc is calculated beside,
//! edge 5 registers the sum.
//!
//! Accumulation: edge 1 reads the old word; the addend comes in the next cycle, edge 2 registers the
//! sum, edge 3 writes it. A read or
//! an extraction that enters [`Accumulator::ADD_LATENCY`] cycles later sees it, since it has an
//! address register in front; an accumulation to the same place has none and has to be
//! [`Accumulator::ADD_SPACING`] cycles later.
//!
//! A load goes the way of an accumulation and has the same latency. It must not come with one: the
//! accumulation wins, the load is lost and `load_conflict` stays high from then on.
//!
//! An extraction reads the copy that rotate-subtract reads take acc from. One that comes in the
//! same cycle as such a read gets no answer.

use super::layout::{Shape, Unsupported};
use super::{
    AccumulateLane, ExtractTag, GroupAddress, IndexPlace, LaneMemory, LaneRotate, LaneSelect,
    LoadConflict, ReadTag, RotateAddress, SubtractLane, TargetTurn,
};
use crate::memory::Address;
use crate::structure::many;
use rust_hdl::prelude::*;

/// Accumulators in P lanes.
#[derive(LogicBlock)]
pub struct Accumulator {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Log2 of N: 8, 9, 10 or 11.
    pub log2_n: Signal<In, Bits<4>>,

    /// Read X^a * acc - acc.
    pub read_valid: Signal<In, Bit>,
    /// The slot.
    pub read_slot: Signal<In, Bits<4>>,
    /// The time.
    pub read_time: Signal<In, Bits<12>>,
    /// a, below 2N.
    pub read_degree: Signal<In, Bits<12>>,
    /// `difference` answers the read of [`Accumulator::READ_LATENCY`] edges ago.
    pub difference_valid: Signal<Out, Bit>,
    /// The read's time.
    pub difference_time: Signal<Out, Bits<12>>,
    /// The lanes' coefficients of X^a * acc - acc at that time.
    pub difference: Vec<Signal<Out, Bits<64>>>,

    /// Accumulate the `addend` of the next cycle.
    pub add_valid: Signal<In, Bit>,
    /// The slot.
    pub add_slot: Signal<In, Bits<4>>,
    /// The time.
    pub add_time: Signal<In, Bits<12>>,
    /// What the lanes add: one cycle behind the three ports above.
    pub addend: Vec<Signal<In, Bits<64>>>,
    /// Add one more, likewise.
    pub carry: Vec<Signal<In, Bit>>,

    /// Load `load_word`.
    pub load_valid: Signal<In, Bit>,
    /// The slot.
    pub load_slot: Signal<In, Bits<4>>,
    /// The row.
    pub load_row: Signal<In, Bit>,
    /// Which coefficient, below N.
    pub load_index: Signal<In, Bits<11>>,
    /// Its value.
    pub load_word: Signal<In, Bits<64>>,
    /// Whether a load was ever lost to an accumulation.
    pub load_conflict: Signal<Out, Bit>,

    /// Extract a coefficient.
    pub extract_valid: Signal<In, Bit>,
    /// The slot.
    pub extract_slot: Signal<In, Bits<4>>,
    /// The row.
    pub extract_row: Signal<In, Bit>,
    /// Which coefficient, below N.
    pub extract_index: Signal<In, Bits<11>>,
    /// `extract_word` answers the extraction of [`Accumulator::EXTRACT_LATENCY`] edges ago.
    pub extract_word_valid: Signal<Out, Bit>,
    /// The coefficient.
    pub extract_word: Signal<Out, Bits<64>>,

    memory: Vec<LaneMemory>,
    turned_from: Vec<RotateAddress>,
    turn: Vec<TargetTurn>,
    rotate: Vec<LaneRotate>,
    subtract: Vec<SubtractLane>,
    read_tag: ReadTag,
    straight_from: Vec<GroupAddress>,
    write_to: Vec<GroupAddress>,
    write_address: Vec<DFF<Address>>,
    accumulate: Vec<AccumulateLane>,
    load_place: IndexPlace,
    conflict: LoadConflict,
    extract_place: IndexPlace,
    extract_tag: ExtractTag,
    extract: LaneSelect,
    _shape: Shape,
}

impl Accumulator {
    /// Rising edges from a read's address to its words at the RAMs' outputs.
    pub(super) const WORDS_AFTER: usize = GroupAddress::LATENCY + LaneMemory::LATENCY;

    /// Rising edges from `read_valid` to `difference_valid`.
    pub const READ_LATENCY: usize = Self::WORDS_AFTER + SubtractLane::LATENCY;

    /// Cycles after which a read or an extraction sees what was added or loaded.
    pub const ADD_LATENCY: usize = Self::ADD_SPACING - GroupAddress::LATENCY;

    /// Cycles from an accumulation or a load to the next accumulation in the same slot and time.
    pub const ADD_SPACING: usize = AccumulateLane::LATENCY + 1;

    /// Rising edges from `extract_valid` to `extract_word_valid`.
    pub const EXTRACT_LATENCY: usize = Self::WORDS_AFTER + LaneSelect::LATENCY;

    /// The accumulators of `slots` ciphertexts in `lanes` lanes, all zero.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] unless `lanes` is 2, 4, .., 128 and `slots` in 1..=16.
    pub fn new(lanes: usize, slots: usize) -> Result<Self, Unsupported> {
        let shape = Shape::new(lanes)?;
        if !(1..=16).contains(&slots) {
            return Err(Unsupported::Slots(slots));
        }
        let groups = shape.groups;
        Ok(Self {
            clock: Signal::default(),
            log2_n: Signal::default(),
            read_valid: Signal::default(),
            read_slot: Signal::default(),
            read_time: Signal::default(),
            read_degree: Signal::default(),
            difference_valid: Signal::default(),
            difference_time: Signal::default(),
            difference: many(lanes, |_| Signal::default()),
            add_valid: Signal::default(),
            add_slot: Signal::default(),
            add_time: Signal::default(),
            addend: many(lanes, |_| Signal::default()),
            carry: many(lanes, |_| Signal::default()),
            load_valid: Signal::default(),
            load_slot: Signal::default(),
            load_row: Signal::default(),
            load_index: Signal::default(),
            load_word: Signal::default(),
            load_conflict: Signal::default(),
            extract_valid: Signal::default(),
            extract_slot: Signal::default(),
            extract_row: Signal::default(),
            extract_index: Signal::default(),
            extract_word_valid: Signal::default(),
            extract_word: Signal::default(),
            memory: many(lanes, |_| LaneMemory::new(&shape, slots)),
            turned_from: many(groups, |group| RotateAddress::new(&shape, group)),
            turn: many(groups, |_| TargetTurn::new(&shape)),
            rotate: many(shape.rows, |_| LaneRotate::new(&shape)),
            subtract: many(lanes, |lane| SubtractLane::new(&shape, lane)),
            read_tag: ReadTag::default(),
            straight_from: many(groups, |group| GroupAddress::new(&shape, group)),
            write_to: many(groups, |group| GroupAddress::new(&shape, group)),
            write_address: many(groups, |_| DFF::default()),
            accumulate: many(lanes, AccumulateLane::new),
            load_place: IndexPlace::new(&shape),
            conflict: LoadConflict::default(),
            extract_place: IndexPlace::new(&shape),
            extract_tag: ExtractTag::default(),
            extract: LaneSelect::new(&shape),
            _shape: shape,
        })
    }
}

impl Logic for Accumulator {
    crate::structure! { this =>
        let shape = this._shape;

        // Places of single coefficients.
        wire!(load_place.log2_n <= log2_n);
        wire!(load_place.index <= load_index);
        wire!(load_place.row <= load_row);
        wire!(extract_place.log2_n <= log2_n);
        wire!(extract_place.index <= extract_index);
        wire!(extract_place.row <= extract_row);

        // Addresses.
        for group in 0..shape.groups {
            wire!(turned_from[group].clock <= clock);
            wire!(turned_from[group].log2_n <= log2_n);
            wire!(turned_from[group].slot <= read_slot);
            wire!(turned_from[group].time_in <= read_time);
            wire!(turned_from[group].degree <= read_degree);

            wire!(turn[group].clock <= clock);
            wire!(turn[group].own <= turned_from[group].source);
            wire!(turn[group].other <= turned_from[shape.groups - 1 - group].source);
            wire!(turn[group].crossed <= turned_from[group].crossed);

            wire!(straight_from[group].clock <= clock);
            wire!(straight_from[group].log2_n <= log2_n);
            wire!(straight_from[group].time_valid <= read_valid);
            wire!(straight_from[group].time_slot <= read_slot);
            wire!(straight_from[group].time_in <= read_time);
            wire!(straight_from[group].index_slot <= extract_slot);
            wire!(straight_from[group].index_position <= extract_place.position);
            wire!(straight_from[group].index_row <= extract_place.address_row);

            wire!(write_to[group].clock <= clock);
            wire!(write_to[group].log2_n <= log2_n);
            wire!(write_to[group].time_valid <= add_valid);
            wire!(write_to[group].time_slot <= add_slot);
            wire!(write_to[group].time_in <= add_time);
            wire!(write_to[group].index_slot <= load_slot);
            wire!(write_to[group].index_position <= load_place.position);
            wire!(write_to[group].index_row <= load_place.address_row);
            wire!(write_address[group].clock <= clock);
            wire!(write_address[group].d <= write_to[group].address);
        }

        // The lanes.
        for row in 0..shape.rows {
            wire!(rotate[row].clock <= clock);
            for group in 0..shape.groups {
                wire!(rotate[row].turn[group] <= turn[group].turn);
                wire!(rotate[row].turn_late[group] <= turn[group].turn_late);
            }
        }
        for lane in 0..shape.lanes {
            let (row, in_row) = (lane / shape.row_lanes, lane % shape.row_lanes);
            wire!(memory[lane].clock <= clock);
            wire!(memory[lane].turned_address <= turned_from[shape.group(lane)].address);
            wire!(memory[lane].straight_address <= straight_from[shape.group(lane)].address);
            wire!(memory[lane].old_address <= write_to[shape.group(lane)].time_address);
            wire!(memory[lane].write_enable <= accumulate[lane].write_enable);
            wire!(memory[lane].write_address <= write_address[shape.group(lane)].q);
            wire!(memory[lane].write_data <= accumulate[lane].write_data);

            wire!(rotate[row].x[in_row] <= memory[lane].turned);
            wire!(subtract[lane].clock <= clock);
            wire!(subtract[lane].turn <= turn[shape.group(lane)].turn);
            wire!(subtract[lane].straight <= memory[lane].straight);
            wire!(subtract[lane].turned <= rotate[row].y[in_row]);
            wire!(difference[lane] <= subtract[lane].difference);

            wire!(accumulate[lane].clock <= clock);
            wire!(accumulate[lane].add_valid <= add_valid);
            wire!(accumulate[lane].addend <= addend[lane]);
            wire!(accumulate[lane].carry <= carry[lane]);
            wire!(accumulate[lane].load_valid <= load_valid);
            wire!(accumulate[lane].load_lane <= load_place.lane);
            wire!(accumulate[lane].load_word <= load_word);
            wire!(accumulate[lane].old <= memory[lane].old);

            wire!(extract.x[lane] <= memory[lane].straight);
        }

        // Beside the words.
        wire!(read_tag.clock <= clock);
        wire!(read_tag.valid <= read_valid);
        wire!(read_tag.time_in <= read_time);
        wire!(difference_valid <= read_tag.valid_out);
        wire!(difference_time <= read_tag.time_out);
        wire!(conflict.clock <= clock);
        wire!(conflict.add_valid <= add_valid);
        wire!(conflict.load_valid <= load_valid);
        wire!(load_conflict <= conflict.conflict);
        wire!(extract_tag.clock <= clock);
        wire!(extract_tag.valid <= extract_valid);
        wire!(extract_tag.blocked <= read_valid);
        wire!(extract_tag.lane <= extract_place.lane);
        wire!(extract_word_valid <= extract_tag.valid_out);
        wire!(extract.clock <= clock);
        wire!(extract.lane <= extract_tag.lane_out);
        wire!(extract.lane_late <= extract_tag.lane_late);
        wire!(extract_word <= extract.y);
    }
}

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
//! Accumulation: edge 1 reads the old word, edge 2 registers it; the addend comes in the cycle behind,
//! edge 3 registers the sum, edge 4 writes it. A read or an extraction that enters [`Accumulator::ADD_LATENCY`] cycles later sees it, since it has an
//! address register in front; an accumulation to the same place has none and has to be
//! [`Accumulator::ADD_SPACING`] cycles later.
//!
//! A load goes the way of an accumulation, and replaces the old word instead of adding to it.
//!
//! A read with `read_alone` gives X^a * acc.

use super::layout::{Shape, Unsupported};
use super::{
    AccumulateLane, GroupAddress, LaneMemory, LaneRotate, ReadTag, RotateAddress, SubtractLane,
    TargetTurn,
};
use crate::memory::Delay;
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
    /// Subtract nothing.
    pub read_alone: Signal<In, Bit>,
    /// `difference` answers the read of [`Accumulator::READ_LATENCY`] edges ago.
    pub difference_valid: Signal<Out, Bit>,
    /// The read's time.
    pub difference_time: Signal<Out, Bits<12>>,
    /// Its slot.
    pub difference_slot: Signal<Out, Bits<4>>,
    /// It was one with `read_alone`.
    pub difference_alone: Signal<Out, Bit>,
    /// The lanes' coefficients of X^a * acc - acc, or of X^a * acc, at that time.
    pub difference: Vec<Signal<Out, Bits<64>>>,

    /// Accumulate the `addend` of the next cycle.
    pub add_valid: Signal<In, Bit>,
    /// The slot.
    pub add_slot: Signal<In, Bits<4>>,
    /// The time.
    pub add_time: Signal<In, Bits<12>>,
    /// What the lanes add: two cycles behind the three ports above.
    pub addend: Vec<Signal<In, Bits<64>>>,
    /// Add one more, likewise.
    pub carry: Vec<Signal<In, Bit>>,

    /// With `add_valid`: load `load_words` instead.
    pub load: Signal<In, Bit>,
    /// What the lanes load, likewise.
    pub load_words: Vec<Signal<In, Bits<64>>>,

    memory: Vec<LaneMemory>,
    turned_from: Vec<RotateAddress>,
    turn: Vec<TargetTurn>,
    rotate: Vec<LaneRotate>,
    subtract: Vec<SubtractLane>,
    read_tag: ReadTag,
    straight_from: Vec<GroupAddress>,
    write_to: Vec<GroupAddress>,
    write_address: Vec<Delay<16>>,
    accumulate: Vec<AccumulateLane>,
    _shape: Shape,
}

impl Accumulator {
    /// Rising edges from a read's address to its words at the RAMs' outputs.
    pub(super) const WORDS_AFTER: usize = GroupAddress::LATENCY + LaneMemory::LATENCY;

    /// Rising edges from `read_valid` to `difference_valid`.
    pub const READ_LATENCY: usize = Self::WORDS_AFTER + SubtractLane::LATENCY;

    /// Cycles after which a read sees what was added or loaded.
    pub const ADD_LATENCY: usize = Self::ADD_SPACING - GroupAddress::LATENCY;

    /// Cycles from an accumulation or a load to the next accumulation in the same slot and time.
    pub const ADD_SPACING: usize = AccumulateLane::LATENCY + 1;

    /// The accumulators of `slots` ciphertexts of N up to 2^`max_log2_n` in `lanes` lanes, all zero.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] unless `lanes` is 2, 4, .., 128, `max_log2_n` in 8..=11 and `slots` in 1..=16.
    pub fn new(lanes: usize, max_log2_n: usize, slots: usize) -> Result<Self, Unsupported> {
        let shape = Shape::new(lanes, max_log2_n)?;
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
            read_alone: Signal::default(),
            difference_valid: Signal::default(),
            difference_time: Signal::default(),
            difference_slot: Signal::default(),
            difference_alone: Signal::default(),
            difference: many(lanes, |_| Signal::default()),
            add_valid: Signal::default(),
            add_slot: Signal::default(),
            add_time: Signal::default(),
            addend: many(lanes, |_| Signal::default()),
            carry: many(lanes, |_| Signal::default()),
            load: Signal::default(),
            load_words: many(lanes, |_| Signal::default()),
            memory: many(lanes, |_| LaneMemory::new(&shape, slots)),
            turned_from: many(groups, |group| RotateAddress::new(&shape, group)),
            turn: many(groups, |_| TargetTurn::new(&shape)),
            rotate: many(shape.rows, |_| LaneRotate::new(&shape)),
            subtract: many(lanes, |lane| SubtractLane::new(&shape, lane)),
            read_tag: ReadTag::default(),
            straight_from: many(groups, |group| GroupAddress::new(&shape, group)),
            write_to: many(groups, |group| GroupAddress::new(&shape, group)),
            write_address: many(groups, |_| {
                Delay::new(AccumulateLane::LATENCY - GroupAddress::LATENCY)
            }),
            accumulate: many(lanes, |_| AccumulateLane::default()),
            _shape: shape,
        })
    }
}

impl Logic for Accumulator {
    crate::structure! { this =>
        let shape = this._shape;

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
            wire!(straight_from[group].slot <= read_slot);
            wire!(straight_from[group].time_in <= read_time);

            wire!(write_to[group].clock <= clock);
            wire!(write_to[group].log2_n <= log2_n);
            wire!(write_to[group].slot <= add_slot);
            wire!(write_to[group].time_in <= add_time);
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
            wire!(subtract[lane].alone <= read_tag.alone_late);
            wire!(subtract[lane].turned <= rotate[row].y[in_row]);
            wire!(difference[lane] <= subtract[lane].difference);

            wire!(accumulate[lane].clock <= clock);
            wire!(accumulate[lane].add_valid <= add_valid);
            wire!(accumulate[lane].addend <= addend[lane]);
            wire!(accumulate[lane].carry <= carry[lane]);
            wire!(accumulate[lane].load <= load);
            wire!(accumulate[lane].load_word <= load_words[lane]);
            wire!(accumulate[lane].old <= memory[lane].old);
        }

        // Beside the words.
        wire!(read_tag.clock <= clock);
        wire!(read_tag.valid <= read_valid);
        wire!(read_tag.time_in <= read_time);
        wire!(difference_valid <= read_tag.valid_out);
        wire!(difference_time <= read_tag.time_out);
        wire!(read_tag.slot <= read_slot);
        wire!(read_tag.alone <= read_alone);
        wire!(difference_slot <= read_tag.slot_out);
        wire!(difference_alone <= read_tag.alone_out);
    }
}

//! The job at the head of the submission ring: its checks, in the order of [`gyrus_interface::job`], and
//! what it does.
//!
//! Bootstraps are handed to the stages by [`super::Issue`]; uploads and copies are done here, by
//! [`super::Transfer`]. Every job ends with a message to [`super::Store`], which completes them in order.
//!
//! Timing: a check of numbers takes a cycle, one of a range those of [`super::bounds::Bounds`]. A bootstrap
//! holds the next job up until its batches are announced, any other job until it is done.

mod steps;

use super::bounds::Bounds;
use super::key_position::KeyPosition;
use super::slots::{FORGET, FORGET_ALL, LIST_EACH, LIST_ONE, LOADED};
use gyrus_interface::JobStatus;
use gyrus_interface::job::MAX_COPY_WORDS;
use rust_hdl::prelude::*;

/// Edges that a check of a range takes, with the register in front of it.
const CHECK_CYCLES: u64 = Bounds::LATENCY + 2;

const _: () = assert!(
    KeyPosition::LATENCY < CHECK_CYCLES,
    "a piece's place is judged while its source is checked"
);

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    /// Tables are forgotten, after power-on, a reset or a configuration.
    Forget,
    Forgetting,
    Rest,
    Decode,
    /// Bootstraps.
    Counts,
    Reach,
    ListPlace,
    List,
    Listing,
    Issue,
    Issuing,
    /// Keys.
    Piece,
    PieceFits,
    /// Tables.
    Tables,
    /// Copies.
    Length,
    Overlap,
    /// Ranges of host memory.
    Destination,
    Source,
    /// Until what the job has to wait for is over.
    Quiet,
    Unmark,
    Unmarking,
    Move,
    Moving,
    Judge,
    Mark,
    Marking,
    Finish,
    Finishing,
}

/// Checks and does jobs.
#[derive(LogicBlock)]
pub(super) struct Execute {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Give up the job, and forget the tables.
    pub(super) clear: Signal<In, Bit>,
    /// Settings were taken: forget the tables.
    pub(super) restart: Signal<In, Bit>,
    /// Nothing is done.
    pub(super) idle: Signal<Out, Bit>,
    /// A bootstrap is on its way to the stages: it counts on the keys.
    pub(super) committed: Signal<Out, Bit>,
    /// Cycles since power-on.
    pub(super) now: Signal<In, Bits<64>>,
    /// The descriptor, see [`super::Fetch`] and [`super::Decode`].
    pub(super) valid: Signal<In, Bit>,
    pub(super) take: Signal<Out, Bit>,
    pub(super) entry: Signal<In, Bits<64>>,
    pub(super) stale: Signal<In, Bit>,
    pub(super) known: Signal<In, Bit>,
    pub(super) well_formed: Signal<In, Bit>,
    pub(super) is_bootstrap: Signal<In, Bit>,
    pub(super) is_key: Signal<In, Bit>,
    pub(super) is_luts: Signal<In, Bit>,
    pub(super) is_copy: Signal<In, Bit>,
    pub(super) is_adopt: Signal<In, Bit>,
    pub(super) has_list: Signal<In, Bit>,
    pub(super) keyswitch: Signal<In, Bit>,
    pub(super) samples: Signal<In, Bits<16>>,
    pub(super) count: Signal<In, Bits<32>>,
    pub(super) slot: Signal<In, Bits<32>>,
    pub(super) stride: Signal<In, Bits<32>>,
    pub(super) checksum: Signal<In, Bits<32>>,
    pub(super) source: Signal<In, Bits<64>>,
    pub(super) destination: Signal<In, Bits<64>>,
    pub(super) length: Signal<In, Bits<64>>,
    /// Settings; static.
    pub(super) log2_n: Signal<In, Bits<4>>,
    pub(super) window_start: Signal<In, Bits<64>>,
    pub(super) window_end: Signal<In, Bits<64>>,
    pub(super) key_address: Signal<In, Bits<64>>,
    pub(super) keyswitch_address: Signal<In, Bits<64>>,
    pub(super) lut_address: Signal<In, Bits<64>>,
    /// Both keys are loaded; no key is in use.
    pub(super) keys_loaded: Signal<In, Bit>,
    pub(super) keys_stopped: Signal<In, Bit>,
    /// All jobs before this one are complete; or have read their tables.
    pub(super) complete: Signal<In, Bit>,
    pub(super) tables_read: Signal<In, Bit>,
    /// The place of the piece, of the key that it is for, and commands to it.
    pub(super) in_order: Signal<In, Bit>,
    pub(super) fits: Signal<In, Bit>,
    pub(super) piece_begin: Signal<Out, Bit>,
    pub(super) piece_accept: Signal<Out, Bit>,
    pub(super) piece_drop: Signal<Out, Bit>,
    pub(super) piece_adopt: Signal<Out, Bit>,
    /// [`super::Slots`].
    pub(super) slots_start: Signal<Out, Bit>,
    pub(super) slots_command: Signal<Out, Bits<3>>,
    pub(super) slots_done: Signal<In, Bit>,
    pub(super) slots_missing: Signal<In, Bit>,
    pub(super) slots_bad: Signal<In, Bits<32>>,
    pub(super) slots_wrong: Signal<In, Bit>,
    pub(super) slots_wrong_address: Signal<In, Bits<64>>,
    /// [`super::Issue`].
    pub(super) issue_start: Signal<Out, Bit>,
    pub(super) issue_finish: Signal<Out, Bit>,
    pub(super) issue_done: Signal<In, Bit>,
    pub(super) status: Signal<Out, Bits<4>>,
    pub(super) detail: Signal<Out, Bits<64>>,
    pub(super) began: Signal<Out, Bits<64>>,
    /// [`super::Transfer`].
    pub(super) move_start: Signal<Out, Bit>,
    pub(super) move_words: Signal<Out, Bits<24>>,
    pub(super) move_to: Signal<Out, Bits<64>>,
    pub(super) move_done: Signal<In, Bit>,
    pub(super) move_sum: Signal<In, Bits<32>>,
    pub(super) move_wrong: Signal<In, Bit>,
    pub(super) move_wrong_address: Signal<In, Bits<64>>,
    state: DFF<State>,
    code: DFF<Bits<4>>,
    fault: DFF<Bits<64>>,
    start_cycle: DFF<Bits<64>>,
    product: DFF<Bits<32>>,
    reach: DFF<Bits<32>>,
    waited: DFF<Bits<3>>,
    to: DFF<Bits<64>>,
    words: DFF<Bits<64>>,
    at: DFF<Bits<64>>,
    bytes: DFF<Bits<64>>,
    gap: DFF<Bits<64>>,
    outputs: Signal<Local, Bits<64>>,
    wide_count: Signal<Local, Bits<64>>,
    last_slot: Signal<Local, Bits<64>>,
    fewer: Signal<Local, Bits<16>>,
    checked: Signal<Local, Bit>,
    short_stride: Signal<Local, Bit>,
    several: Signal<Local, Bit>,
    one: Constant<Bits<32>>,
    slots: Constant<Bits<64>>,
    most: Constant<Bits<32>>,
    most_words: Constant<Bits<64>>,
    last_wait: Constant<Bits<3>>,
    forget: Constant<Bits<3>>,
    forget_all: Constant<Bits<3>>,
    loaded: Constant<Bits<3>>,
    list_one: Constant<Bits<3>>,
    list_each: Constant<Bits<3>>,
    unknown_opcode: Constant<Bits<4>>,
    malformed: Constant<Bits<4>>,
    misaligned: Constant<Bits<4>>,
    out_of_range: Constant<Bits<4>>,
    overflow: Constant<Bits<4>>,
    no_keys: Constant<Bits<4>>,
    no_lut: Constant<Bits<4>>,
    mismatch: Constant<Bits<4>>,
    bus_error: Constant<Bits<4>>,
    bounds: Bounds,
}

impl Execute {
    /// For so many slots, and ciphertexts of a job.
    pub(super) fn new(slots: u32, max_batch: u32) -> Self {
        let status = |status: JobStatus| Constant::new((status as u64).into());
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            restart: Signal::default(),
            idle: Signal::default(),
            committed: Signal::default(),
            now: Signal::default(),
            valid: Signal::default(),
            take: Signal::default(),
            entry: Signal::default(),
            stale: Signal::default(),
            known: Signal::default(),
            well_formed: Signal::default(),
            is_bootstrap: Signal::default(),
            is_key: Signal::default(),
            is_luts: Signal::default(),
            is_copy: Signal::default(),
            is_adopt: Signal::default(),
            has_list: Signal::default(),
            keyswitch: Signal::default(),
            samples: Signal::default(),
            count: Signal::default(),
            slot: Signal::default(),
            stride: Signal::default(),
            checksum: Signal::default(),
            source: Signal::default(),
            destination: Signal::default(),
            length: Signal::default(),
            log2_n: Signal::default(),
            window_start: Signal::default(),
            window_end: Signal::default(),
            key_address: Signal::default(),
            keyswitch_address: Signal::default(),
            lut_address: Signal::default(),
            keys_loaded: Signal::default(),
            keys_stopped: Signal::default(),
            complete: Signal::default(),
            tables_read: Signal::default(),
            in_order: Signal::default(),
            fits: Signal::default(),
            piece_begin: Signal::default(),
            piece_accept: Signal::default(),
            piece_drop: Signal::default(),
            piece_adopt: Signal::default(),
            slots_start: Signal::default(),
            slots_command: Signal::default(),
            slots_done: Signal::default(),
            slots_missing: Signal::default(),
            slots_bad: Signal::default(),
            slots_wrong: Signal::default(),
            slots_wrong_address: Signal::default(),
            issue_start: Signal::default(),
            issue_finish: Signal::default(),
            issue_done: Signal::default(),
            status: Signal::default(),
            detail: Signal::default(),
            began: Signal::default(),
            move_start: Signal::default(),
            move_words: Signal::default(),
            move_to: Signal::default(),
            move_done: Signal::default(),
            move_sum: Signal::default(),
            move_wrong: Signal::default(),
            move_wrong_address: Signal::default(),
            state: DFF::default(),
            code: DFF::default(),
            fault: DFF::default(),
            start_cycle: DFF::default(),
            product: DFF::default(),
            reach: DFF::default(),
            waited: DFF::default(),
            to: DFF::default(),
            words: DFF::default(),
            at: DFF::default(),
            bytes: DFF::default(),
            gap: DFF::default(),
            outputs: Signal::default(),
            wide_count: Signal::default(),
            last_slot: Signal::default(),
            fewer: Signal::default(),
            checked: Signal::default(),
            short_stride: Signal::default(),
            several: Signal::default(),
            one: Constant::new(1_u64.into()),
            slots: Constant::new(u64::from(slots).into()),
            most: Constant::new(u64::from(max_batch).into()),
            most_words: Constant::new(MAX_COPY_WORDS.into()),
            last_wait: Constant::new(CHECK_CYCLES.into()),
            forget: Constant::new(FORGET.into()),
            forget_all: Constant::new(FORGET_ALL.into()),
            loaded: Constant::new(LOADED.into()),
            list_one: Constant::new(LIST_ONE.into()),
            list_each: Constant::new(LIST_EACH.into()),
            unknown_opcode: status(JobStatus::UnknownOpcode),
            malformed: status(JobStatus::MalformedDescriptor),
            misaligned: status(JobStatus::MisalignedAddress),
            out_of_range: status(JobStatus::AddressOutOfRange),
            overflow: status(JobStatus::LengthOverflow),
            no_keys: status(JobStatus::KeysNotLoaded),
            no_lut: status(JobStatus::LutNotLoaded),
            mismatch: status(JobStatus::ChecksumMismatch),
            bus_error: status(JobStatus::BusError),
            bounds: Bounds::default(),
        }
    }
}

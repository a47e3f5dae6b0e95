//! Takes the settings: copies them, checks them as [`gyrus_interface::settings::Settings::check`] does, and
//! says what they mean for the datapath.
//!
//! Timing: `done` some thirty cycles behind `start`. Outputs change with `start` and are right if
//! `accepted` is high then.

use super::bounds::Bounds;
use gyrus_interface::JobStatus;
use gyrus_interface::card::Capabilities;
use gyrus_interface::settings::{
    MAX_KEYSWITCH_BASE_LOG, MAX_KEYSWITCH_LEVELS, MAX_LWE_DIMENSION, MAX_RING_ENTRIES,
};
use rust_hdl::prelude::*;

/// Ranges that are checked one after the other.
const RANGES: u64 = 7;

/// Cycles of a range: a register in front of the comparison.
const RANGE_CYCLES: u64 = Bounds::LATENCY + 2;

/// Words of a key switch's sums.
const COLUMNS: u32 = 1024;

/// The settings that are in force.
#[derive(LogicBlock)]
pub(super) struct Configure {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Take the settings.
    pub(super) start: Signal<In, Bit>,
    /// Settings as they are written, see [`gyrus_interface::registers::Register`].
    pub(super) polynomial_size_log2: Signal<In, Bits<32>>,
    pub(super) dimension: Signal<In, Bits<32>>,
    pub(super) pbs_gadget: Signal<In, Bits<32>>,
    pub(super) keyswitch_gadget: Signal<In, Bits<32>>,
    pub(super) modulus_log2: Signal<In, Bits<32>>,
    pub(super) modulus_switch: Signal<In, Bits<32>>,
    pub(super) keyswitch_groups: Signal<In, Bits<32>>,
    pub(super) key_beats_in: Signal<In, Bits<32>>,
    pub(super) keyswitch_beats_in: Signal<In, Bits<32>>,
    pub(super) ring_entries: Signal<In, Bits<32>>,
    /// Low and high halves of the 64-bit ones, in the order of the registers.
    pub(super) halves: Vec<Signal<In, Bits<32>>>,
    /// The check is over.
    pub(super) done: Signal<Out, Bit>,
    /// A code of [`JobStatus`]; with `done`, and until the next start.
    pub(super) result: Signal<Out, Bits<4>>,
    /// Parameters of the core.
    pub(super) log2_n: Signal<Out, Bits<4>>,
    pub(super) lwe_dimension: Signal<Out, Bits<12>>,
    pub(super) base_log: Signal<Out, Bits<5>>,
    pub(super) level_count: Signal<Out, Bits<2>>,
    pub(super) centred: Signal<Out, Bit>,
    pub(super) narrow: Signal<Out, Bit>,
    /// Parameters of the key switch.
    pub(super) rows: Signal<Out, Bits<12>>,
    pub(super) keyswitch_base_log: Signal<Out, Bits<3>>,
    pub(super) keyswitch_level_count: Signal<Out, Bits<5>>,
    pub(super) fields: Signal<Out, Bits<2>>,
    pub(super) groups: Signal<Out, Bits<11>>,
    /// Places and sizes.
    pub(super) key_beats: Signal<Out, Bits<26>>,
    pub(super) keyswitch_beats: Signal<Out, Bits<26>>,
    pub(super) entries: Signal<Out, Bits<17>>,
    /// The 64-bit settings.
    pub(super) wide: Vec<Signal<Out, Bits<64>>>,
    words: Vec<Wide>,
    narrow_ones: Narrow,
    ranges: Ranges,
    bounds: Bounds,
}

/// Places in [`Configure::wide`].
pub(super) const KEY_ADDRESS: usize = 0;
pub(super) const KEYSWITCH_ADDRESS: usize = 1;
pub(super) const LUT_ADDRESS: usize = 2;
pub(super) const WINDOW_START: usize = 3;
pub(super) const WINDOW_END: usize = 4;
pub(super) const SUBMISSION_RING: usize = 5;
pub(super) const COMPLETION_RING: usize = 6;
const WIDE: usize = 7;

/// A 64-bit setting.
#[derive(LogicBlock, Default)]
struct Wide {
    clock: Signal<In, Clock>,
    take: Signal<In, Bit>,
    low: Signal<In, Bits<32>>,
    high: Signal<In, Bits<32>>,
    value: Signal<Out, Bits<64>>,
    word: DFF<Bits<64>>,
}

impl Logic for Wide {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, word);
        if self.take.val() {
            self.word.d.next =
                (bit_cast::<64, 32>(self.high.val()) << 32) | bit_cast::<64, 32>(self.low.val());
        }
        self.value.next = self.word.q.val();
    }
}

/// The other settings, and whether their values can be.
#[derive(LogicBlock)]
struct Narrow {
    clock: Signal<In, Clock>,
    take: Signal<In, Bit>,
    size_log2: Signal<In, Bits<32>>,
    dimension: Signal<In, Bits<32>>,
    pbs_gadget: Signal<In, Bits<32>>,
    keyswitch_gadget: Signal<In, Bits<32>>,
    modulus_log2: Signal<In, Bits<32>>,
    modulus_switch: Signal<In, Bits<32>>,
    keyswitch_groups: Signal<In, Bits<32>>,
    key_beats_in: Signal<In, Bits<32>>,
    keyswitch_beats_in: Signal<In, Bits<32>>,
    ring_entries: Signal<In, Bits<32>>,
    /// One edge behind `take`: parameters, and the rings' length.
    parameters_ok: Signal<Out, Bit>,
    entries_ok: Signal<Out, Bit>,
    log2_n: Signal<Out, Bits<4>>,
    lwe_dimension: Signal<Out, Bits<12>>,
    base_log: Signal<Out, Bits<5>>,
    level_count: Signal<Out, Bits<2>>,
    centred: Signal<Out, Bit>,
    is_narrow: Signal<Out, Bit>,
    rows: Signal<Out, Bits<12>>,
    keyswitch_base_log: Signal<Out, Bits<3>>,
    keyswitch_level_count: Signal<Out, Bits<5>>,
    fields: Signal<Out, Bits<2>>,
    groups: Signal<Out, Bits<11>>,
    key_beats: Signal<Out, Bits<26>>,
    keyswitch_beats: Signal<Out, Bits<26>>,
    entries: Signal<Out, Bits<17>>,
    size: DFF<Bits<32>>,
    n: DFF<Bits<32>>,
    pbs: DFF<Bits<32>>,
    switching: DFF<Bits<32>>,
    modulus: DFF<Bits<32>>,
    rounding: DFF<Bits<32>>,
    group_count: DFF<Bits<32>>,
    beats: DFF<Bits<32>>,
    switch_beats: DFF<Bits<32>>,
    entry_count: DFF<Bits<32>>,
    pbs_base: Signal<Local, Bits<32>>,
    pbs_levels: Signal<Local, Bits<32>>,
    switch_base: Signal<Local, Bits<32>>,
    switch_levels: Signal<Local, Bits<32>>,
    represented: Signal<Local, Bits<32>>,
    switch_represented: Signal<Local, Bits<32>>,
    gadgets_ok: Signal<Local, Bit>,
    modulus_ok: Signal<Local, Bit>,
    sizes_ok: Signal<Local, Bit>,
    one: Constant<Bits<12>>,
    least_log2_n: Constant<Bits<32>>,
    most_log2_n: Constant<Bits<32>>,
    most_n: Constant<Bits<32>>,
    most_levels: Constant<Bits<32>>,
    most_switch_base: Constant<Bits<32>>,
    most_switch_levels: Constant<Bits<32>>,
    most_groups: Constant<Bits<32>>,
    most_entries: Constant<Bits<32>>,
    low_byte: Constant<Bits<32>>,
}

/// A `Constant` of 32 bits.
fn number(value: u32) -> Constant<Bits<32>> {
    Constant::new(u64::from(value).into())
}

impl Narrow {
    fn new(card: &Capabilities) -> Self {
        let beat = card.keyswitch.beat_words().max(1);
        let beat = u32::try_from(beat).unwrap_or(u32::MAX);
        Self {
            clock: Signal::default(),
            take: Signal::default(),
            size_log2: Signal::default(),
            dimension: Signal::default(),
            pbs_gadget: Signal::default(),
            keyswitch_gadget: Signal::default(),
            modulus_log2: Signal::default(),
            modulus_switch: Signal::default(),
            keyswitch_groups: Signal::default(),
            key_beats_in: Signal::default(),
            keyswitch_beats_in: Signal::default(),
            ring_entries: Signal::default(),
            parameters_ok: Signal::default(),
            entries_ok: Signal::default(),
            log2_n: Signal::default(),
            lwe_dimension: Signal::default(),
            base_log: Signal::default(),
            level_count: Signal::default(),
            centred: Signal::default(),
            is_narrow: Signal::default(),
            rows: Signal::default(),
            keyswitch_base_log: Signal::default(),
            keyswitch_level_count: Signal::default(),
            fields: Signal::default(),
            groups: Signal::default(),
            key_beats: Signal::default(),
            keyswitch_beats: Signal::default(),
            entries: Signal::default(),
            size: DFF::default(),
            n: DFF::default(),
            pbs: DFF::default(),
            switching: DFF::default(),
            modulus: DFF::default(),
            rounding: DFF::default(),
            group_count: DFF::default(),
            beats: DFF::default(),
            switch_beats: DFF::default(),
            entry_count: DFF::default(),
            pbs_base: Signal::default(),
            pbs_levels: Signal::default(),
            switch_base: Signal::default(),
            switch_levels: Signal::default(),
            represented: Signal::default(),
            switch_represented: Signal::default(),
            gadgets_ok: Signal::default(),
            modulus_ok: Signal::default(),
            sizes_ok: Signal::default(),
            one: Constant::new(1_u64.into()),
            least_log2_n: number(gyrus_interface::card::MIN_LOG2_N),
            most_log2_n: number(card.max_log2_n),
            most_n: number(MAX_LWE_DIMENSION),
            most_levels: number(card.max_levels),
            most_switch_base: number(MAX_KEYSWITCH_BASE_LOG),
            most_switch_levels: number(MAX_KEYSWITCH_LEVELS),
            most_groups: number(COLUMNS.div_ceil(beat)),
            most_entries: number(MAX_RING_ENTRIES),
            low_byte: number(0xff),
        }
    }
}

impl Logic for Narrow {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            size,
            n,
            pbs,
            switching,
            modulus,
            rounding,
            group_count,
            beats,
            switch_beats,
            entry_count
        );
        if self.take.val() {
            self.size.d.next = self.size_log2.val();
            self.n.d.next = self.dimension.val();
            self.pbs.d.next = self.pbs_gadget.val();
            self.switching.d.next = self.keyswitch_gadget.val();
            self.modulus.d.next = self.modulus_log2.val();
            self.rounding.d.next = self.modulus_switch.val();
            self.group_count.d.next = self.keyswitch_groups.val();
            self.beats.d.next = self.key_beats_in.val();
            self.switch_beats.d.next = self.keyswitch_beats_in.val();
            self.entry_count.d.next = self.ring_entries.val();
        }
        self.pbs_base.next = self.pbs.q.val() & self.low_byte.val();
        self.pbs_levels.next = self.pbs.q.val() >> 8;
        self.switch_base.next = self.switching.q.val() & self.low_byte.val();
        self.switch_levels.next = self.switching.q.val() >> 8;
        // Products, of factors that are small if they are allowed at all.
        self.represented.next = self.pbs_base.val();
        if self.pbs_levels.val() == 2 {
            self.represented.next = self.pbs_base.val() << 1;
        }
        if self.pbs_levels.val() == 3 {
            self.represented.next = (self.pbs_base.val() << 1) + self.pbs_base.val();
        }
        self.switch_represented.next = self.switch_levels.val();
        if self.switch_base.val() == 2 {
            self.switch_represented.next = self.switch_levels.val() << 1;
        }
        if self.switch_base.val() == 3 {
            self.switch_represented.next =
                (self.switch_levels.val() << 1) + self.switch_levels.val();
        }
        if self.switch_base.val() == 4 {
            self.switch_represented.next = self.switch_levels.val() << 2;
        }
        self.gadgets_ok.next = self.pbs_base.val().any()
            & (self.pbs_base.val() <= 31)
            & self.pbs_levels.val().any()
            & (self.pbs_levels.val() <= self.most_levels.val())
            & (self.represented.val() <= 62)
            & self.switch_base.val().any()
            & (self.switch_base.val() <= self.most_switch_base.val())
            & self.switch_levels.val().any()
            & (self.switch_levels.val() <= self.most_switch_levels.val())
            & (self.switch_represented.val() <= 31);
        self.modulus_ok.next = (self.modulus.q.val() == 64)
            | ((self.modulus.q.val() <= 32) & (self.modulus.q.val() >= self.size.q.val() + 2));
        self.sizes_ok.next = (self.size.q.val() >= self.least_log2_n.val())
            & (self.size.q.val() <= self.most_log2_n.val())
            & self.n.q.val().any()
            & (self.n.q.val() <= self.most_n.val())
            & (self.rounding.q.val() <= 1)
            & self.group_count.q.val().any()
            & (self.group_count.q.val() <= self.most_groups.val())
            & self.beats.q.val().any()
            & (self.beats.q.val().get_bits::<6>(26) == 0)
            & self.switch_beats.q.val().any()
            & (self.switch_beats.q.val().get_bits::<6>(26) == 0);
        self.parameters_ok.next =
            self.gadgets_ok.val() & self.modulus_ok.val() & self.sizes_ok.val();
        self.entries_ok.next =
            (self.entry_count.q.val() >= 2) & (self.entry_count.q.val() <= self.most_entries.val());

        self.log2_n.next = self.size.q.val().get_bits::<4>(0);
        self.rows.next = self.one.val() << self.size.q.val().get_bits::<4>(0);
        self.lwe_dimension.next = self.n.q.val().get_bits::<12>(0);
        self.base_log.next = self.pbs.q.val().get_bits::<5>(0);
        self.level_count.next = self.pbs.q.val().get_bits::<2>(8);
        self.centred.next = self.rounding.q.val().get_bit(0);
        self.is_narrow.next = self.modulus.q.val() != 64;
        self.keyswitch_base_log.next = self.switching.q.val().get_bits::<3>(0);
        self.keyswitch_level_count.next = self.switching.q.val().get_bits::<5>(8);
        self.fields.next = 3.into();
        if self.modulus.q.val() > 21 {
            self.fields.next = 2.into();
        }
        if self.modulus.q.val() == 64 {
            self.fields.next = 1.into();
        }
        self.groups.next = self.group_count.q.val().get_bits::<11>(0);
        self.key_beats.next = self.beats.q.val().get_bits::<26>(0);
        self.keyswitch_beats.next = self.switch_beats.q.val().get_bits::<26>(0);
        self.entries.next = self.entry_count.q.val().get_bits::<17>(0);
    }
}

/// The order of the checks, and their verdict.
#[derive(LogicBlock)]
struct Ranges {
    clock: Signal<In, Clock>,
    start: Signal<In, Bit>,
    parameters_ok: Signal<In, Bit>,
    entries_ok: Signal<In, Bit>,
    log2_n: Signal<In, Bits<4>>,
    key_beats: Signal<In, Bits<26>>,
    keyswitch_beats: Signal<In, Bits<26>>,
    entries: Signal<In, Bits<17>>,
    key_address: Signal<In, Bits<64>>,
    keyswitch_address: Signal<In, Bits<64>>,
    lut_address: Signal<In, Bits<64>>,
    window_start: Signal<In, Bits<64>>,
    window_end: Signal<In, Bits<64>>,
    submission_ring: Signal<In, Bits<64>>,
    completion_ring: Signal<In, Bits<64>>,
    contained: Signal<In, Bit>,
    address: Signal<Out, Bits<64>>,
    bytes: Signal<Out, Bits<64>>,
    first: Signal<Out, Bits<64>>,
    limit: Signal<Out, Bits<64>>,
    done: Signal<Out, Bit>,
    result: Signal<Out, Bits<4>>,
    /// 0 rest, 1 the values, from 2 on the ranges.
    step: DFF<Bits<4>>,
    cycle: DFF<Bits<3>>,
    verdict: DFF<Bits<4>>,
    finished: DFF<Bit>,
    at_address: DFF<Bits<64>>,
    at_bytes: DFF<Bits<64>>,
    from: DFF<Bits<64>>,
    to: DFF<Bits<64>>,
    key_bytes: Signal<Local, Bits<64>>,
    keyswitch_bytes: Signal<Local, Bits<64>>,
    lut_bytes: Signal<Local, Bits<64>>,
    pages: Signal<Local, Bits<64>>,
    rings: Signal<Local, Bits<64>>,
    windows: Signal<Local, Bits<64>>,
    zero: Constant<Bits<64>>,
    memory: Constant<Bits<64>>,
    bank: Constant<Bits<64>>,
    slots: Constant<Bits<64>>,
    key_shift: Constant<Bits<5>>,
    keyswitch_shift: Constant<Bits<5>>,
    key_span: Constant<Bits<64>>,
    keyswitch_span: Constant<Bits<64>>,
    last_step: Constant<Bits<4>>,
    last_cycle: Constant<Bits<3>>,
    unsupported: Constant<Bits<4>>,
    overflow: Constant<Bits<4>>,
    misaligned: Constant<Bits<4>>,
    out_of_range: Constant<Bits<4>>,
}

impl Ranges {
    fn new(card: &Capabilities) -> Self {
        let word = |value: u64| Constant::new(value.into());
        let status = |status: JobStatus| Constant::new((status as u64).into());
        let shift = |words: u32| Constant::new(u64::from((8 * words.max(1)).ilog2()).into());
        let span = |count: u32| word(u64::from(count.saturating_sub(1)) << card.bank_log2);
        Self {
            clock: Signal::default(),
            start: Signal::default(),
            parameters_ok: Signal::default(),
            entries_ok: Signal::default(),
            log2_n: Signal::default(),
            key_beats: Signal::default(),
            keyswitch_beats: Signal::default(),
            entries: Signal::default(),
            key_address: Signal::default(),
            keyswitch_address: Signal::default(),
            lut_address: Signal::default(),
            window_start: Signal::default(),
            window_end: Signal::default(),
            submission_ring: Signal::default(),
            completion_ring: Signal::default(),
            contained: Signal::default(),
            address: Signal::default(),
            bytes: Signal::default(),
            first: Signal::default(),
            limit: Signal::default(),
            done: Signal::default(),
            result: Signal::default(),
            step: DFF::default(),
            cycle: DFF::default(),
            verdict: DFF::default(),
            finished: DFF::default(),
            at_address: DFF::default(),
            at_bytes: DFF::default(),
            from: DFF::default(),
            to: DFF::default(),
            key_bytes: Signal::default(),
            keyswitch_bytes: Signal::default(),
            lut_bytes: Signal::default(),
            pages: Signal::default(),
            rings: Signal::default(),
            windows: Signal::default(),
            zero: word(0),
            memory: word(card.memory_bytes()),
            bank: word(card.bank_bytes()),
            slots: word(u64::from(card.lut_slots)),
            key_shift: shift(card.key.words),
            keyswitch_shift: shift(card.keyswitch.words),
            key_span: span(card.key.count),
            keyswitch_span: span(card.keyswitch.count),
            last_step: Constant::new((1 + RANGES).into()),
            last_cycle: Constant::new((RANGE_CYCLES - 1).into()),
            unsupported: status(JobStatus::UnsupportedParameters),
            overflow: status(JobStatus::LengthOverflow),
            misaligned: status(JobStatus::MisalignedAddress),
            out_of_range: status(JobStatus::AddressOutOfRange),
        }
    }
}

impl Logic for Ranges {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, step, cycle, verdict, finished, at_address, at_bytes, from, to
        );
        self.key_bytes.next = bit_cast::<64, 26>(self.key_beats.val()) << self.key_shift.val();
        self.keyswitch_bytes.next =
            bit_cast::<64, 26>(self.keyswitch_beats.val()) << self.keyswitch_shift.val();
        self.lut_bytes.next = (self.slots.val() << 3) << self.log2_n.val();
        self.pages.next =
            self.key_address.val() | self.keyswitch_address.val() | self.lut_address.val();
        self.rings.next = self.submission_ring.val() | self.completion_ring.val();
        self.windows.next = self.window_start.val() | self.window_end.val();
        self.address.next = self.at_address.q.val();
        self.bytes.next = self.at_bytes.q.val();
        self.first.next = self.from.q.val();
        self.limit.next = self.to.q.val();
        self.from.d.next = self.zero.val();
        self.to.d.next = self.memory.val();
        self.at_address.d.next = self.zero.val();
        self.at_bytes.d.next = self.key_bytes.val();
        if self.step.q.val() == 2 {
            self.at_address.d.next = self.key_address.val();
            self.at_bytes.d.next = self.key_bytes.val() + self.key_span.val();
        }
        if self.step.q.val() == 3 {
            self.at_address.d.next = self.keyswitch_address.val();
            self.at_bytes.d.next = self.keyswitch_bytes.val() + self.keyswitch_span.val();
        }
        if self.step.q.val() == 4 {
            self.to.d.next = self.bank.val();
        }
        if self.step.q.val() == 5 {
            self.at_bytes.d.next = self.keyswitch_bytes.val();
            self.to.d.next = self.bank.val();
        }
        if self.step.q.val() == 6 {
            self.at_address.d.next = self.lut_address.val();
            self.at_bytes.d.next = self.lut_bytes.val();
        }
        if self.step.q.val() == 7 {
            self.at_address.d.next = self.submission_ring.val();
            self.at_bytes.d.next = bit_cast::<64, 17>(self.entries.val()) << 6;
            self.from.d.next = self.window_start.val();
            self.to.d.next = self.window_end.val();
        }
        if self.step.q.val() == 8 {
            self.at_address.d.next = self.completion_ring.val();
            self.at_bytes.d.next = bit_cast::<64, 17>(self.entries.val()) << 5;
            self.from.d.next = self.window_start.val();
            self.to.d.next = self.window_end.val();
        }
        self.finished.d.next = false;
        if self.step.q.val() >= 2 {
            self.cycle.d.next = self.cycle.q.val() + 1;
            if self.cycle.q.val() == self.last_cycle.val() {
                self.cycle.d.next = 0.into();
                self.step.d.next = self.step.q.val() + 1;
                if !self.contained.val() & (self.verdict.q.val() == 0) {
                    self.verdict.d.next = self.out_of_range.val();
                }
                if self.step.q.val() == self.last_step.val() {
                    self.step.d.next = 0.into();
                    self.finished.d.next = true;
                }
            }
        }
        if self.step.q.val() == 1 {
            self.step.d.next = 2.into();
            self.cycle.d.next = 0.into();
            if self.pages.val().get_bits::<12>(0).any()
                | self.rings.val().get_bits::<6>(0).any()
                | self.windows.val().get_bits::<3>(0).any()
            {
                self.verdict.d.next = self.misaligned.val();
            }
            if !self.entries_ok.val() {
                self.verdict.d.next = self.overflow.val();
            }
            if !self.parameters_ok.val() {
                self.verdict.d.next = self.unsupported.val();
            }
        }
        if self.start.val() {
            self.step.d.next = 1.into();
            self.verdict.d.next = 0.into();
        }
        self.done.next = self.finished.q.val();
        self.result.next = self.verdict.q.val();
    }
}

impl Configure {
    /// For a card that can do this.
    pub(super) fn new(card: &Capabilities) -> Self {
        use crate::structure::many;
        Self {
            clock: Signal::default(),
            start: Signal::default(),
            polynomial_size_log2: Signal::default(),
            dimension: Signal::default(),
            pbs_gadget: Signal::default(),
            keyswitch_gadget: Signal::default(),
            modulus_log2: Signal::default(),
            modulus_switch: Signal::default(),
            keyswitch_groups: Signal::default(),
            key_beats_in: Signal::default(),
            keyswitch_beats_in: Signal::default(),
            ring_entries: Signal::default(),
            halves: many(2 * WIDE, |_| Signal::default()),
            done: Signal::default(),
            result: Signal::default(),
            log2_n: Signal::default(),
            lwe_dimension: Signal::default(),
            base_log: Signal::default(),
            level_count: Signal::default(),
            centred: Signal::default(),
            narrow: Signal::default(),
            rows: Signal::default(),
            keyswitch_base_log: Signal::default(),
            keyswitch_level_count: Signal::default(),
            fields: Signal::default(),
            groups: Signal::default(),
            key_beats: Signal::default(),
            keyswitch_beats: Signal::default(),
            entries: Signal::default(),
            wide: many(WIDE, |_| Signal::default()),
            words: many(WIDE, |_| Wide::default()),
            narrow_ones: Narrow::new(card),
            ranges: Ranges::new(card),
            bounds: Bounds::default(),
        }
    }
}

impl Logic for Configure {
    crate::structure! { this =>
        wire!(narrow_ones.clock <= clock);
        wire!(narrow_ones.take <= start);
        wire!(narrow_ones.size_log2 <= polynomial_size_log2);
        wire!(narrow_ones.dimension <= dimension);
        wire!(narrow_ones.pbs_gadget <= pbs_gadget);
        wire!(narrow_ones.keyswitch_gadget <= keyswitch_gadget);
        wire!(narrow_ones.modulus_log2 <= modulus_log2);
        wire!(narrow_ones.modulus_switch <= modulus_switch);
        wire!(narrow_ones.keyswitch_groups <= keyswitch_groups);
        wire!(narrow_ones.key_beats_in <= key_beats_in);
        wire!(narrow_ones.keyswitch_beats_in <= keyswitch_beats_in);
        wire!(narrow_ones.ring_entries <= ring_entries);
        wire!(log2_n <= narrow_ones.log2_n);
        wire!(lwe_dimension <= narrow_ones.lwe_dimension);
        wire!(base_log <= narrow_ones.base_log);
        wire!(level_count <= narrow_ones.level_count);
        wire!(centred <= narrow_ones.centred);
        wire!(narrow <= narrow_ones.is_narrow);
        wire!(rows <= narrow_ones.rows);
        wire!(keyswitch_base_log <= narrow_ones.keyswitch_base_log);
        wire!(keyswitch_level_count <= narrow_ones.keyswitch_level_count);
        wire!(fields <= narrow_ones.fields);
        wire!(groups <= narrow_ones.groups);
        wire!(key_beats <= narrow_ones.key_beats);
        wire!(keyswitch_beats <= narrow_ones.keyswitch_beats);
        wire!(entries <= narrow_ones.entries);
        for i in 0..this.words.len() {
            wire!(words[i].clock <= clock);
            wire!(words[i].take <= start);
            wire!(words[i].low <= halves[2 * i]);
            wire!(words[i].high <= halves[2 * i + 1]);
            wire!(wide[i] <= words[i].value);
        }
        wire!(ranges.clock <= clock);
        wire!(ranges.start <= start);
        wire!(ranges.parameters_ok <= narrow_ones.parameters_ok);
        wire!(ranges.entries_ok <= narrow_ones.entries_ok);
        wire!(ranges.log2_n <= narrow_ones.log2_n);
        wire!(ranges.key_beats <= narrow_ones.key_beats);
        wire!(ranges.keyswitch_beats <= narrow_ones.keyswitch_beats);
        wire!(ranges.entries <= narrow_ones.entries);
        wire!(ranges.key_address <= words[KEY_ADDRESS].value);
        wire!(ranges.keyswitch_address <= words[KEYSWITCH_ADDRESS].value);
        wire!(ranges.lut_address <= words[LUT_ADDRESS].value);
        wire!(ranges.window_start <= words[WINDOW_START].value);
        wire!(ranges.window_end <= words[WINDOW_END].value);
        wire!(ranges.submission_ring <= words[SUBMISSION_RING].value);
        wire!(ranges.completion_ring <= words[COMPLETION_RING].value);
        wire!(bounds.clock <= clock);
        wire!(bounds.address <= ranges.address);
        wire!(bounds.bytes <= ranges.bytes);
        wire!(bounds.first <= ranges.first);
        wire!(bounds.limit <= ranges.limit);
        wire!(ranges.contained <= bounds.contained);
        wire!(done <= ranges.done);
        wire!(result <= ranges.result);
    }
}

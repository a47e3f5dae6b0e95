//! The settings of 32 bits.
//!
//! Timing: everything one edge behind `take`.

use gyrus_interface::card::Capabilities;
use gyrus_interface::settings::{
    MAX_KEYSWITCH_BASE_LOG, MAX_KEYSWITCH_LEVELS, MAX_LWE_DIMENSION, MAX_RING_ENTRIES,
};
use rust_hdl::prelude::*;

/// Words of a key switch's sums.
const COLUMNS: u32 = 1024;

/// The other settings, and whether their values can be.
#[derive(LogicBlock)]
pub(super) struct Narrow {
    pub(super) clock: Signal<In, Clock>,
    pub(super) take: Signal<In, Bit>,
    pub(super) size_log2: Signal<In, Bits<32>>,
    pub(super) dimension: Signal<In, Bits<32>>,
    pub(super) pbs_gadget: Signal<In, Bits<32>>,
    pub(super) keyswitch_gadget: Signal<In, Bits<32>>,
    pub(super) modulus_log2: Signal<In, Bits<32>>,
    pub(super) modulus_switch: Signal<In, Bits<32>>,
    pub(super) keyswitch_groups: Signal<In, Bits<32>>,
    pub(super) key_beats_in: Signal<In, Bits<32>>,
    pub(super) keyswitch_beats_in: Signal<In, Bits<32>>,
    pub(super) ring_entries: Signal<In, Bits<32>>,
    /// One edge behind `take`: parameters, and the rings' length.
    pub(super) parameters_ok: Signal<Out, Bit>,
    pub(super) entries_ok: Signal<Out, Bit>,
    pub(super) log2_n: Signal<Out, Bits<4>>,
    pub(super) lwe_dimension: Signal<Out, Bits<12>>,
    pub(super) base_log: Signal<Out, Bits<5>>,
    pub(super) level_count: Signal<Out, Bits<2>>,
    pub(super) centred: Signal<Out, Bit>,
    pub(super) is_narrow: Signal<Out, Bit>,
    pub(super) rows: Signal<Out, Bits<12>>,
    pub(super) keyswitch_base_log: Signal<Out, Bits<3>>,
    pub(super) keyswitch_level_count: Signal<Out, Bits<5>>,
    pub(super) fields: Signal<Out, Bits<2>>,
    pub(super) keyswitch_modulus_log2: Signal<Out, Bits<7>>,
    pub(super) groups: Signal<Out, Bits<11>>,
    pub(super) key_beats: Signal<Out, Bits<26>>,
    pub(super) keyswitch_beats: Signal<Out, Bits<26>>,
    pub(super) entries: Signal<Out, Bits<17>>,
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
    a_beat: Signal<Local, Bits<16>>,
    columns: Signal<Local, Bits<32>>,
    columns_ok: Signal<Local, Bit>,
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
    beat_words: Constant<Bits<16>>,
    beat_words_2: Constant<Bits<16>>,
    beat_words_3: Constant<Bits<16>>,
}

/// A `Constant` of 32 bits.
fn number(value: u32) -> Constant<Bits<32>> {
    Constant::new(u64::from(value).into())
}

impl Narrow {
    pub(super) fn new(card: &Capabilities) -> Self {
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
            keyswitch_modulus_log2: Signal::default(),
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
            a_beat: Signal::default(),
            columns: Signal::default(),
            columns_ok: Signal::default(),
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
            beat_words: Constant::new(u64::from(beat).into()),
            beat_words_2: Constant::new((2 * u64::from(beat)).into()),
            beat_words_3: Constant::new((3 * u64::from(beat)).into()),
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
        // All columns of the key, so that the groups have them.
        self.a_beat.next = self.beat_words_3.val();
        if self.modulus.q.val() > 21 {
            self.a_beat.next = self.beat_words_2.val();
        }
        if self.modulus.q.val() == 64 {
            self.a_beat.next = self.beat_words.val();
        }
        self.columns.next = self.a_beat.val() * self.group_count.q.val().get_bits::<16>(0);
        self.columns_ok.next = self.columns.val() > self.n.q.val();
        self.parameters_ok.next = self.gadgets_ok.val()
            & self.modulus_ok.val()
            & self.sizes_ok.val()
            & self.columns_ok.val();
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
        self.keyswitch_modulus_log2.next = self.modulus.q.val().get_bits::<7>(0);
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

//! Takes the settings: copies them, checks them as [`gyrus_interface::settings::Settings::check`] does, and
//! says what they mean for the datapath.
//!
//! Timing: `done` some thirty cycles behind `start`. Outputs change with `start` and are right if
//! `accepted` is high then.

mod narrow;
mod ranges;

use super::bounds::Bounds;
use gyrus_interface::card::Capabilities;
use narrow::Narrow;
use ranges::Ranges;
use rust_hdl::prelude::*;

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
    /// A code of [`gyrus_interface::JobStatus`]; with `done`, and until the next start.
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
    pub(super) keyswitch_modulus_log2: Signal<Out, Bits<7>>,
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
            keyswitch_modulus_log2: Signal::default(),
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
        wire!(keyswitch_modulus_log2 <= narrow_ones.keyswitch_modulus_log2);
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

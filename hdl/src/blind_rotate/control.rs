//! The phases of a batch, and tags that travel beside the data.

use crate::memory::Delay;
use crate::ntt::Time;
use rust_hdl::prelude::*;

/// Load, rotate, extract. A wrong key slice ends the rotation: the batch is dropped, nothing comes
/// out, and the core is free again when the datapath has run empty.
#[derive(LogicBlock, Default)]
pub(super) struct Control {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Begin a batch.
    pub start: Signal<In, Bit>,
    /// A batch is under way.
    pub busy: Signal<Out, Bit>,
    /// All words are in.
    pub loaded: Signal<In, Bit>,
    /// Begin to rotate.
    pub rotate_start: Signal<Out, Bit>,
    /// The rotation has the memory of degrees.
    pub rotating: Signal<Out, Bit>,
    /// The rotation is finished.
    pub rotated: Signal<In, Bit>,
    /// The key is wrong.
    pub key_error: Signal<In, Bit>,
    /// Stop the rotation.
    pub abort: Signal<Out, Bit>,
    /// Nothing is under way in the datapath.
    pub settled: Signal<In, Bit>,
    /// The last batch was dropped; until the next start.
    pub failed: Signal<Out, Bit>,
    /// Begin to extract.
    pub extract_start: Signal<Out, Bit>,
    /// All results are out.
    pub extracted: Signal<In, Bit>,
    /// A result's word is there.
    pub lwe_valid: Signal<In, Bit>,
    /// It is taken.
    pub lwe_ready: Signal<In, Bit>,
    /// It is a body.
    pub lwe_last: Signal<In, Bit>,
    /// The last word of a result is taken.
    pub word_last: Signal<Out, Bit>,
    /// 0 nothing to do, 1 load, 2 rotate, 3 extract, 4 run empty.
    phase: DFF<Bits<3>>,
    dropped: DFF<Bit>,
    /// The phase is in its first cycle, in which the last one's end still shows.
    entered: DFF<Bit>,
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, phase, dropped, entered);
        self.busy.next = self.phase.q.val() != 0;
        self.rotating.next = self.phase.q.val() == 2;
        self.word_last.next = self.lwe_valid.val() & self.lwe_ready.val() & self.lwe_last.val();
        self.rotate_start.next = false;
        self.extract_start.next = false;
        self.entered.d.next = false;
        if (self.phase.q.val() == 0) & self.start.val() {
            self.phase.d.next = 1.into();
            self.dropped.d.next = false;
            self.entered.d.next = true;
        }
        if (self.phase.q.val() == 1) & self.loaded.val() & !self.entered.q.val() {
            self.phase.d.next = 2.into();
            self.rotate_start.next = true;
            self.entered.d.next = true;
        }
        if (self.phase.q.val() == 2) & self.rotated.val() & !self.entered.q.val() {
            self.phase.d.next = 3.into();
            self.extract_start.next = true;
            self.entered.d.next = true;
        }
        self.abort.next = false;
        if (self.phase.q.val() == 2) & self.key_error.val() {
            self.phase.d.next = 4.into();
            self.dropped.d.next = true;
            self.extract_start.next = false;
            self.abort.next = true;
        }
        if (self.phase.q.val() == 4) & self.settled.val() & !self.entered.q.val() {
            self.phase.d.next = 0.into();
        }
        self.failed.next = self.dropped.q.val();
        if (self.phase.q.val() == 3) & self.extracted.val() & !self.entered.q.val() {
            self.phase.d.next = 0.into();
        }
    }
}

/// Who reads the memory of degrees: the rotation a degree, the extraction a body.
#[derive(LogicBlock, Default)]
pub(super) struct DegreeSelect {
    /// The rotation does.
    pub rotating: Signal<In, Bit>,
    /// The rotation's slot.
    pub sequence_slot: Signal<In, Bits<4>>,
    /// Its iteration.
    pub sequence_index: Signal<In, Bits<12>>,
    /// The extraction's slot.
    pub extract_slot: Signal<In, Bits<4>>,
    /// n, the index of the body.
    pub lwe_dimension: Signal<In, Bits<12>>,
    /// The slot to read.
    pub slot: Signal<Out, Bits<4>>,
    /// The word to read.
    pub index: Signal<Out, Bits<12>>,
}

impl Logic for DegreeSelect {
    #[hdl_gen]
    fn update(&mut self) {
        self.slot.next = self.extract_slot.val();
        self.index.next = self.lwe_dimension.val();
        if self.rotating.val() {
            self.slot.next = self.sequence_slot.val();
            self.index.next = self.sequence_index.val();
        }
    }
}

/// Which row of the key a read will meet, as much later as the key is read.
#[derive(LogicBlock)]
pub(super) struct KeyTag {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The number of the cycle within the pass.
    pub cycle_in: Signal<In, Time>,
    /// The level.
    pub level_in: Signal<In, Bits<2>>,
    /// The half of the key store.
    pub half_in: Signal<In, Bit>,
    /// The turn's last cycle.
    pub end_in: Signal<In, Bit>,
    /// The same, later.
    pub cycle_out: Signal<Out, Time>,
    /// The same, later.
    pub level_out: Signal<Out, Bits<2>>,
    /// The same, later.
    pub half_out: Signal<Out, Bit>,
    /// The same, later.
    pub end_out: Signal<Out, Bit>,
    line: Delay<16>,
    cycle_wide: Signal<Local, Bits<16>>,
    level_wide: Signal<Local, Bits<16>>,
    flags: Signal<Local, Bits<16>>,
}

impl KeyTag {
    /// So many cycles later.
    #[must_use]
    pub(super) fn new(latency: usize) -> Self {
        Self {
            clock: Default::default(),
            cycle_in: Default::default(),
            level_in: Default::default(),
            half_in: Default::default(),
            end_in: Default::default(),
            cycle_out: Default::default(),
            level_out: Default::default(),
            half_out: Default::default(),
            end_out: Default::default(),
            line: Delay::new(latency),
            cycle_wide: Default::default(),
            level_wide: Default::default(),
            flags: Default::default(),
        }
    }
}

impl Logic for KeyTag {
    #[hdl_gen]
    fn update(&mut self) {
        self.line.clock.next = self.clock.val();
        self.cycle_wide.next = bit_cast::<16, 12>(self.cycle_in.val()) << 4;
        self.level_wide.next = bit_cast::<16, 2>(self.level_in.val()) << 2;
        self.flags.next = 0.into();
        if self.half_in.val() & !self.end_in.val() {
            self.flags.next = 1.into();
        }
        if !self.half_in.val() & self.end_in.val() {
            self.flags.next = 2.into();
        }
        if self.half_in.val() & self.end_in.val() {
            self.flags.next = 3.into();
        }
        self.line.d.next = self.cycle_wide.val() | self.level_wide.val() | self.flags.val();
        self.half_out.next = self.line.q.val().get_bit(0);
        self.end_out.next = self.line.q.val().get_bit(1);
        self.level_out.next = self.line.q.val().get_bits::<2>(2);
        self.cycle_out.next = self.line.q.val().get_bits::<12>(4);
    }
}

/// Whether a read's pass is the first or the last level, when it reaches the multipliers.
#[derive(LogicBlock)]
pub(super) struct MacTag {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The level.
    pub level_in: Signal<In, Bits<2>>,
    /// It is the last.
    pub last_in: Signal<In, Bit>,
    /// The pass is the first level.
    pub first_out: Signal<Out, Bit>,
    /// The pass is the last level.
    pub last_out: Signal<Out, Bit>,
    first_line: Delay<1>,
    last_line: Delay<1>,
}

impl MacTag {
    /// So many cycles later.
    #[must_use]
    pub(super) fn new(latency: usize) -> Self {
        Self {
            clock: Default::default(),
            level_in: Default::default(),
            last_in: Default::default(),
            first_out: Default::default(),
            last_out: Default::default(),
            first_line: Delay::new(latency),
            last_line: Delay::new(latency),
        }
    }
}

impl Logic for MacTag {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, first_line, last_line);
        self.first_line.d.next = 0.into();
        if self.level_in.val() == 0 {
            self.first_line.d.next = 1.into();
        }
        self.last_line.d.next = 0.into();
        if self.last_in.val() {
            self.last_line.d.next = 1.into();
        }
        self.first_out.next = self.first_line.q.val().any();
        self.last_out.next = self.last_line.q.val().any();
    }
}

//! Where the bus reported an error.
//!
//! The channels' reports come down a chain of registers, so that the last link alone looks at one.
//! Where two meet, one is lost: it is enough to know one of them.
//!
//! Timing: the report of channel c of M is out M - c + 1 edges after its beat.

use rust_hdl::prelude::*;

/// A link of the chain.
#[derive(LogicBlock)]
pub(super) struct Report {
    pub(super) clock: Signal<In, Clock>,
    pub(super) clear: Signal<In, Bit>,
    /// This channel's.
    pub(super) fault: Signal<In, Bit>,
    pub(super) beat: Signal<In, Bits<26>>,
    /// That of the channels before.
    pub(super) fault_in: Signal<In, Bit>,
    pub(super) beat_in: Signal<In, Bits<26>>,
    pub(super) channel_in: Signal<In, Bits<5>>,
    pub(super) fault_out: Signal<Out, Bit>,
    pub(super) beat_out: Signal<Out, Bits<26>>,
    pub(super) channel_out: Signal<Out, Bits<5>>,
    faulty: DFF<Bit>,
    number: DFF<Bits<26>>,
    channel: DFF<Bits<5>>,
    own: Constant<Bits<5>>,
}

impl Report {
    pub(super) fn new(channel: usize) -> Self {
        Self {
            clock: Default::default(),
            clear: Default::default(),
            fault: Default::default(),
            beat: Default::default(),
            fault_in: Default::default(),
            beat_in: Default::default(),
            channel_in: Default::default(),
            fault_out: Default::default(),
            beat_out: Default::default(),
            channel_out: Default::default(),
            faulty: Default::default(),
            number: Default::default(),
            channel: Default::default(),
            own: Constant::new(channel.to_bits()),
        }
    }
}

impl Logic for Report {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, faulty, number, channel);
        self.faulty.d.next = (self.fault.val() | self.fault_in.val()) & !self.clear.val();
        self.number.d.next = self.beat_in.val();
        self.channel.d.next = self.channel_in.val();
        if self.fault.val() {
            self.number.d.next = self.beat.val();
            self.channel.d.next = self.own.val();
        }
        self.fault_out.next = self.faulty.q.val();
        self.beat_out.next = self.number.q.val();
        self.channel_out.next = self.channel.q.val();
    }
}

/// Holds the first report since `clear`.
#[derive(LogicBlock)]
pub(super) struct Faults {
    pub(super) clock: Signal<In, Clock>,
    pub(super) clear: Signal<In, Bit>,
    pub(super) address: Signal<In, Bits<64>>,
    pub(super) fault: Signal<In, Bit>,
    pub(super) beat: Signal<In, Bits<26>>,
    pub(super) channel: Signal<In, Bits<5>>,
    pub(super) bad: Signal<Out, Bit>,
    pub(super) bad_address: Signal<Out, Bits<64>>,
    faulty: DFF<Bit>,
    number: DFF<Bits<26>>,
    place: DFF<Bits<5>>,
    bank_log: Constant<Bits<6>>,
    beat_log: Constant<Bits<6>>,
}

impl Faults {
    /// With banks and beats of so many bytes, as powers of two.
    pub(super) fn new(bank_log: usize, beat_log: usize) -> Self {
        Self {
            clock: Default::default(),
            clear: Default::default(),
            address: Default::default(),
            fault: Default::default(),
            beat: Default::default(),
            channel: Default::default(),
            bad: Default::default(),
            bad_address: Default::default(),
            faulty: Default::default(),
            number: Default::default(),
            place: Default::default(),
            bank_log: Constant::new(bank_log.to_bits()),
            beat_log: Constant::new(beat_log.to_bits()),
        }
    }
}

impl Logic for Faults {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, faulty, number, place);
        if self.fault.val() & !self.faulty.q.val() {
            self.faulty.d.next = true;
            self.number.d.next = self.beat.val();
            self.place.d.next = self.channel.val();
        }
        if self.clear.val() {
            self.faulty.d.next = false;
        }
        self.bad.next = self.faulty.q.val();
        self.bad_address.next = self.address.val()
            + (bit_cast::<64, 5>(self.place.q.val()) << self.bank_log.val())
            + (bit_cast::<64, 26>(self.number.q.val()) << self.beat_log.val());
    }
}

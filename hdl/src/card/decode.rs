//! A descriptor's fields, and whether they can be: [`gyrus_interface::job::Descriptor::decode`].
//!
//! Timing: no registers.

use gyrus_interface::job::opcode;
use rust_hdl::prelude::*;

const _: () = assert!(
    opcode::BOOTSTRAP == 1
        && opcode::UPLOAD_KEY == 2
        && opcode::UPLOAD_LUTS == 3
        && opcode::COPY == 4
        && opcode::BARRIER == 5
        && opcode::ADOPT_KEY == 6
);

/// Fields of a descriptor.
#[derive(LogicBlock, Default)]
pub(super) struct Decode {
    /// Its words 0, 2 to 7; word 1 is the tag.
    pub(super) header: Signal<In, Bits<64>>,
    pub(super) source: Signal<In, Bits<64>>,
    pub(super) destination: Signal<In, Bits<64>>,
    pub(super) length: Signal<In, Bits<64>>,
    pub(super) slots: Signal<In, Bits<64>>,
    pub(super) check: Signal<In, Bits<64>>,
    pub(super) reserved: Signal<In, Bits<64>>,
    /// What it is; none of them if the opcode is unknown.
    pub(super) bootstrap: Signal<Out, Bit>,
    pub(super) upload_key: Signal<Out, Bit>,
    pub(super) upload_luts: Signal<Out, Bit>,
    pub(super) copy: Signal<Out, Bit>,
    pub(super) barrier: Signal<Out, Bit>,
    pub(super) adopt_key: Signal<Out, Bit>,
    /// The opcode is known.
    pub(super) known: Signal<Out, Bit>,
    /// Fields that it does not use are 0.
    pub(super) well_formed: Signal<Out, Bit>,
    /// A list of slots follows.
    pub(super) list: Signal<Out, Bit>,
    /// The key is the key switch's.
    pub(super) keyswitch: Signal<Out, Bit>,
    /// Samples of each ciphertext.
    pub(super) samples: Signal<Out, Bits<16>>,
    /// Ciphertexts, or tables.
    pub(super) count: Signal<Out, Bits<32>>,
    /// The same, if it is that small.
    pub(super) count_16: Signal<Out, Bits<16>>,
    /// The first slot.
    pub(super) slot: Signal<Out, Bits<32>>,
    /// Coefficients between samples.
    pub(super) stride: Signal<Out, Bits<32>>,
    /// CRC-32C of the source.
    pub(super) checksum: Signal<Out, Bits<32>>,
    opcode: Signal<Local, Bits<8>>,
    is_bootstrap: Signal<Local, Bit>,
    is_key: Signal<Local, Bit>,
    is_luts: Signal<Local, Bit>,
    is_copy: Signal<Local, Bit>,
    is_barrier: Signal<Local, Bit>,
    is_adopt: Signal<Local, Bit>,
    has_list: Signal<Local, Bit>,
    other_flags: Signal<Local, Bit>,
    has_samples: Signal<Local, Bit>,
    has_count: Signal<Local, Bit>,
    has_slot: Signal<Local, Bit>,
    has_stride: Signal<Local, Bit>,
    has_checksum: Signal<Local, Bit>,
    beyond: Signal<Local, Bit>,
}

impl Logic for Decode {
    #[hdl_gen]
    fn update(&mut self) {
        self.opcode.next = self.header.val().get_bits::<8>(0);
        self.is_bootstrap.next = self.opcode.val() == 1;
        self.is_key.next = self.opcode.val() == 2;
        self.is_luts.next = self.opcode.val() == 3;
        self.is_copy.next = self.opcode.val() == 4;
        self.is_barrier.next = self.opcode.val() == 5;
        self.is_adopt.next = self.opcode.val() == 6;
        self.adopt_key.next = self.is_adopt.val();
        self.bootstrap.next = self.is_bootstrap.val();
        self.upload_key.next = self.is_key.val();
        self.upload_luts.next = self.is_luts.val();
        self.copy.next = self.is_copy.val();
        self.barrier.next = self.is_barrier.val();
        self.known.next = self.is_bootstrap.val()
            | self.is_key.val()
            | self.is_luts.val()
            | self.is_copy.val()
            | self.is_barrier.val()
            | self.is_adopt.val();
        self.has_list.next = self.header.val().get_bit(9);
        self.list.next = self.has_list.val();
        self.keyswitch.next = self.header.val().get_bit(16);
        self.samples.next = self.header.val().get_bits::<16>(16);
        self.count.next = self.header.val().get_bits::<32>(32);
        self.count_16.next = self.header.val().get_bits::<16>(32);
        self.slot.next = self.slots.val().get_bits::<32>(0);
        self.stride.next = self.slots.val().get_bits::<32>(32);
        self.checksum.next = self.check.val().get_bits::<32>(0);

        // Of byte 1 only the phase, and for bootstraps the list.
        self.other_flags.next = self.header.val().get_bits::<6>(10).any()
            | (self.has_list.val() & !self.is_bootstrap.val());
        self.has_samples.next = self.header.val().get_bits::<16>(16).any();
        self.has_count.next = self.header.val().get_bits::<32>(32).any();
        self.has_slot.next = self.slots.val().get_bits::<32>(0).any();
        self.has_stride.next = self.slots.val().get_bits::<32>(32).any();
        self.has_checksum.next = self.check.val().get_bits::<32>(0).any();
        self.beyond.next = self.other_flags.val()
            | self.check.val().get_bits::<32>(32).any()
            | self.reserved.val().any();
        self.well_formed.next = !self.beyond.val();
        if self.is_bootstrap.val() {
            self.well_formed.next = !self.beyond.val()
                & !self.has_checksum.val()
                & !(self.has_list.val() & self.has_slot.val())
                & !(!self.has_list.val() & self.length.val().any());
        }
        if self.is_key.val() {
            self.well_formed.next = !self.beyond.val()
                & !self.header.val().get_bits::<15>(17).any()
                & !self.has_count.val()
                & !self.has_slot.val()
                & !self.has_stride.val();
        }
        if self.is_luts.val() {
            self.well_formed.next = !self.beyond.val()
                & !self.has_samples.val()
                & !self.destination.val().any()
                & !self.length.val().any()
                & !self.has_stride.val();
        }
        if self.is_copy.val() {
            self.well_formed.next = !self.beyond.val()
                & !self.has_samples.val()
                & !self.has_count.val()
                & !self.slots.val().any()
                & !self.has_checksum.val();
        }
        if self.is_adopt.val() {
            self.well_formed.next = !self.beyond.val()
                & !self.header.val().get_bits::<15>(17).any()
                & !self.has_count.val()
                & !self.source.val().any()
                & !self.destination.val().any()
                & !self.length.val().any()
                & !self.slots.val().any()
                & !self.has_checksum.val();
        }
        if self.is_barrier.val() {
            self.well_formed.next = !self.beyond.val()
                & !self.has_samples.val()
                & !self.has_count.val()
                & !self.source.val().any()
                & !self.destination.val().any()
                & !self.length.val().any()
                & !self.slots.val().any()
                & !self.has_checksum.val();
        }
    }
}

//! An AXI4-Lite slave: single accesses, one write and one read at a time.
//!
//! A write takes effect when address and data are both in, in whatever order they come: `write` is high
//! for a cycle. A write of less than four bytes or between words changes nothing and is answered with an error, as
//! are accesses from byte 512 on. What is reserved below reads as 0.
//!
//! Timing: the answer to a write one edge behind the later of address and data; that to a read
//! [`READ_LATENCY`] + 2 edges behind its address.

use rust_hdl::prelude::*;

/// Edges from `read` to `read_data`.
pub const READ_LATENCY: usize = 2;

/// AXI4-Lite to reads and writes of registers.
#[derive(LogicBlock, Default)]
pub struct Lite {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The bus is reset: nothing is under way, and nothing is taken.
    pub reset: Signal<In, Bit>,
    /// Write address.
    pub awaddr: Signal<In, Bits<12>>,
    /// It is there.
    pub awvalid: Signal<In, Bit>,
    /// It is taken.
    pub awready: Signal<Out, Bit>,
    /// Write data.
    pub wdata: Signal<In, Bits<32>>,
    /// Which bytes of it count.
    pub wstrb: Signal<In, Bits<4>>,
    /// It is there.
    pub wvalid: Signal<In, Bit>,
    /// It is taken.
    pub wready: Signal<Out, Bit>,
    /// Answer to a write: 0, or 2 for an error.
    pub bresp: Signal<Out, Bits<2>>,
    /// It is there.
    pub bvalid: Signal<Out, Bit>,
    /// It is taken.
    pub bready: Signal<In, Bit>,
    /// Read address.
    pub araddr: Signal<In, Bits<12>>,
    /// It is there.
    pub arvalid: Signal<In, Bit>,
    /// It is taken.
    pub arready: Signal<Out, Bit>,
    /// Read data.
    pub rdata: Signal<Out, Bits<32>>,
    /// Answer to a read: 0, or 2 for an error.
    pub rresp: Signal<Out, Bits<2>>,
    /// It is there.
    pub rvalid: Signal<Out, Bit>,
    /// It is taken.
    pub rready: Signal<In, Bit>,
    /// A register is written.
    pub write: Signal<Out, Bit>,
    /// Its number.
    pub write_index: Signal<Out, Bits<7>>,
    /// Its value.
    pub write_data: Signal<Out, Bits<32>>,
    /// A register is read.
    pub read: Signal<Out, Bit>,
    /// Its number.
    pub read_index: Signal<Out, Bits<7>>,
    /// Its value, [`READ_LATENCY`] edges later.
    pub read_data: Signal<In, Bits<32>>,
    address_in: DFF<Bit>,
    address: DFF<Bits<12>>,
    data_in: DFF<Bit>,
    data: DFF<Bits<32>>,
    whole: DFF<Bit>,
    answering: DFF<Bit>,
    refused: DFF<Bit>,
    writing: Signal<Local, Bit>,
    allowed: Signal<Local, Bit>,
    /// 0 rest, 1 to 3 waiting for the value, 4 answering.
    reading: DFF<Bits<3>>,
    read_address: DFF<Bits<12>>,
    value: DFF<Bits<32>>,
    beyond: DFF<Bit>,
    accept: Signal<Local, Bit>,
}

impl Logic for Lite {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            address_in,
            address,
            data_in,
            data,
            whole,
            answering,
            refused,
            reading,
            read_address,
            value,
            beyond
        );
        // What would be taken in a reset would never be answered.
        self.awready.next = !self.address_in.q.val() & !self.reset.val();
        if self.awvalid.val() & !self.address_in.q.val() {
            self.address_in.d.next = true;
            self.address.d.next = self.awaddr.val();
        }
        self.wready.next = !self.data_in.q.val() & !self.reset.val();
        if self.wvalid.val() & !self.data_in.q.val() {
            self.data_in.d.next = true;
            self.data.d.next = self.wdata.val();
            self.whole.d.next = self.wstrb.val().all();
        }
        self.writing.next =
            self.address_in.q.val() & self.data_in.q.val() & !self.answering.q.val();
        self.allowed.next = self.whole.q.val()
            & (self.address.q.val().get_bits::<3>(9) == 0)
            & (self.address.q.val().get_bits::<2>(0) == 0);
        self.write.next = self.writing.val() & self.allowed.val();
        self.write_index.next = self.address.q.val().get_bits::<7>(2);
        self.write_data.next = self.data.q.val();
        if self.writing.val() {
            self.answering.d.next = true;
            self.refused.d.next = !self.allowed.val();
        }
        self.bvalid.next = self.answering.q.val();
        self.bresp.next = 0.into();
        if self.refused.q.val() {
            self.bresp.next = 2.into();
        }
        if self.answering.q.val() & self.bready.val() {
            self.answering.d.next = false;
            self.address_in.d.next = false;
            self.data_in.d.next = false;
        }

        self.arready.next = (self.reading.q.val() == 0) & !self.reset.val();
        self.accept.next = self.arvalid.val() & (self.reading.q.val() == 0);
        self.read.next = self.reading.q.val() == 1;
        self.read_index.next = self.read_address.q.val().get_bits::<7>(2);
        if self.accept.val() {
            self.reading.d.next = 1.into();
            self.read_address.d.next = self.araddr.val();
        }
        if (self.reading.q.val() != 0) & (self.reading.q.val() != 4) {
            self.reading.d.next = self.reading.q.val() + 1;
        }
        if self.reading.q.val() == 3 {
            self.value.d.next = self.read_data.val();
            self.beyond.d.next = false;
            if self.read_address.q.val().get_bits::<3>(9) != 0 {
                self.value.d.next = 0.into();
                self.beyond.d.next = true;
            }
        }
        self.rvalid.next = self.reading.q.val() == 4;
        self.rdata.next = self.value.q.val();
        self.rresp.next = 0.into();
        if self.beyond.q.val() {
            self.rresp.next = 2.into();
        }
        if (self.reading.q.val() == 4) & self.rready.val() {
            self.reading.d.next = 0.into();
        }
        if self.reset.val() {
            self.address_in.d.next = false;
            self.data_in.d.next = false;
            self.answering.d.next = false;
            self.reading.d.next = 0.into();
        }
    }
}

//! The card: registers in front, host memory on one side, card memory on the other, and KS + PBS between.

mod wiring;

use super::control::Control;
use super::faults::{BUSES, Faults};
use super::key_position::KeyPosition;
use super::read_share::CLIENTS;
use super::summary::Summary;
use super::watchdog::Watchdog;
use super::{
    CardError, CardParameters, Configure, Decode, Execute, Feed, Fetch, Issue, KeyControl,
    ReadShare, Rotate, Slots, Store, Streams, Transfer, WriteShare,
};
use crate::blind_rotate::BlindRotate;
use crate::bus::{KeyReader, ReadMaster, WriteMaster};
use crate::keyswitch::{KeySwitch, MAX_ROWS};
use crate::memory::Fifo;
use crate::registers::{Counter, RegisterFile};
use crate::structure::many;
use gyrus_interface::registers::Register;
use rust_hdl::prelude::*;

/// Batches whose status may wait for [`Store`].
const STATUS_WORDS: usize = 8;

/// Clients of the read master of host memory.
const FETCH: usize = 0;
const SLOTS: usize = 1;
const TRANSFER: usize = 2;
const FEED: usize = 3;

/// Low halves of the counters.
const COUNTERS: [Register; 11] = [
    Register::CyclesLow,
    Register::TurnCyclesLow,
    Register::BusyCyclesLow,
    Register::KeyWaitCyclesLow,
    Register::KeyswitchWaitCyclesLow,
    Register::JobsLow,
    Register::BootstrapsLow,
    Register::KeyBeatsReadLow,
    Register::KeyswitchBeatsReadLow,
    Register::HostWordsReadLow,
    Register::HostWordsWrittenLow,
];

/// The card. Buses are those of [`crate::registers`] and [`crate::bus`], their signals under the names of
/// AXI.
#[derive(LogicBlock)]
pub struct Card {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Low: all buses are reset, and the card with them. Synchronous; at least 16 cycles.
    pub aresetn: Signal<In, Bit>,
    /// An interrupt is pending; high until its causes are cleared.
    pub irq: Signal<Out, Bit>,

    /// BAR0, AXI4-Lite.
    pub s_axil_awaddr: Signal<In, Bits<12>>,
    /// BAR0.
    pub s_axil_awvalid: Signal<In, Bit>,
    /// BAR0.
    pub s_axil_awready: Signal<Out, Bit>,
    /// BAR0.
    pub s_axil_wdata: Signal<In, Bits<32>>,
    /// BAR0.
    pub s_axil_wstrb: Signal<In, Bits<4>>,
    /// BAR0.
    pub s_axil_wvalid: Signal<In, Bit>,
    /// BAR0.
    pub s_axil_wready: Signal<Out, Bit>,
    /// BAR0.
    pub s_axil_bresp: Signal<Out, Bits<2>>,
    /// BAR0.
    pub s_axil_bvalid: Signal<Out, Bit>,
    /// BAR0.
    pub s_axil_bready: Signal<In, Bit>,
    /// BAR0.
    pub s_axil_araddr: Signal<In, Bits<12>>,
    /// BAR0.
    pub s_axil_arvalid: Signal<In, Bit>,
    /// BAR0.
    pub s_axil_arready: Signal<Out, Bit>,
    /// BAR0.
    pub s_axil_rdata: Signal<Out, Bits<32>>,
    /// BAR0.
    pub s_axil_rresp: Signal<Out, Bits<2>>,
    /// BAR0.
    pub s_axil_rvalid: Signal<Out, Bit>,
    /// BAR0.
    pub s_axil_rready: Signal<In, Bit>,

    /// Host memory, 64 bits.
    pub m_host_araddr: Signal<Out, Bits<64>>,
    /// Host memory.
    pub m_host_arlen: Signal<Out, Bits<8>>,
    /// Host memory.
    pub m_host_arvalid: Signal<Out, Bit>,
    /// Host memory.
    pub m_host_arready: Signal<In, Bit>,
    /// Host memory.
    pub m_host_rdata: Signal<In, Bits<64>>,
    /// Host memory.
    pub m_host_rresp: Signal<In, Bits<2>>,
    /// Host memory.
    pub m_host_rlast: Signal<In, Bit>,
    /// Host memory.
    pub m_host_rvalid: Signal<In, Bit>,
    /// Host memory.
    pub m_host_rready: Signal<Out, Bit>,
    /// Host memory.
    pub m_host_awaddr: Signal<Out, Bits<64>>,
    /// Host memory.
    pub m_host_awlen: Signal<Out, Bits<8>>,
    /// Host memory.
    pub m_host_awvalid: Signal<Out, Bit>,
    /// Host memory.
    pub m_host_awready: Signal<In, Bit>,
    /// Host memory.
    pub m_host_wdata: Signal<Out, Bits<64>>,
    /// Host memory.
    pub m_host_wstrb: Signal<Out, Bits<8>>,
    /// Host memory.
    pub m_host_wlast: Signal<Out, Bit>,
    /// Host memory.
    pub m_host_wvalid: Signal<Out, Bit>,
    /// Host memory.
    pub m_host_wready: Signal<In, Bit>,
    /// Host memory.
    pub m_host_bresp: Signal<In, Bits<2>>,
    /// Host memory.
    pub m_host_bvalid: Signal<In, Bit>,
    /// Host memory.
    pub m_host_bready: Signal<Out, Bit>,

    /// Card memory, 64 bits: tables are read, everything is written.
    pub m_card_araddr: Signal<Out, Bits<64>>,
    /// Card memory.
    pub m_card_arlen: Signal<Out, Bits<8>>,
    /// Card memory.
    pub m_card_arvalid: Signal<Out, Bit>,
    /// Card memory.
    pub m_card_arready: Signal<In, Bit>,
    /// Card memory.
    pub m_card_rdata: Signal<In, Bits<64>>,
    /// Card memory.
    pub m_card_rresp: Signal<In, Bits<2>>,
    /// Card memory.
    pub m_card_rlast: Signal<In, Bit>,
    /// Card memory.
    pub m_card_rvalid: Signal<In, Bit>,
    /// Card memory.
    pub m_card_rready: Signal<Out, Bit>,
    /// Card memory.
    pub m_card_awaddr: Signal<Out, Bits<64>>,
    /// Card memory.
    pub m_card_awlen: Signal<Out, Bits<8>>,
    /// Card memory.
    pub m_card_awvalid: Signal<Out, Bit>,
    /// Card memory.
    pub m_card_awready: Signal<In, Bit>,
    /// Card memory.
    pub m_card_wdata: Signal<Out, Bits<64>>,
    /// Card memory.
    pub m_card_wstrb: Signal<Out, Bits<8>>,
    /// Card memory.
    pub m_card_wlast: Signal<Out, Bit>,
    /// Card memory.
    pub m_card_wvalid: Signal<Out, Bit>,
    /// Card memory.
    pub m_card_wready: Signal<In, Bit>,
    /// Card memory.
    pub m_card_bresp: Signal<In, Bits<2>>,
    /// Card memory.
    pub m_card_bvalid: Signal<In, Bit>,
    /// Card memory.
    pub m_card_bready: Signal<Out, Bit>,

    /// Channels of the bootstrapping key, read only.
    pub m_key_araddr: Vec<Signal<Out, Bits<64>>>,
    /// Bootstrapping key; of all channels.
    pub m_key_arlen: Signal<Out, Bits<8>>,
    /// Bootstrapping key.
    pub m_key_arvalid: Vec<Signal<Out, Bit>>,
    /// Bootstrapping key.
    pub m_key_arready: Vec<Signal<In, Bit>>,
    /// Bootstrapping key: the 64-bit words of channel 0, of channel 1, ..
    pub m_key_rdata: Vec<Signal<In, Bits<64>>>,
    /// Bootstrapping key.
    pub m_key_rresp: Vec<Signal<In, Bits<2>>>,
    /// Bootstrapping key.
    pub m_key_rvalid: Vec<Signal<In, Bit>>,
    /// Bootstrapping key.
    pub m_key_rready: Vec<Signal<Out, Bit>>,
    /// Channels of the key switching key, read only.
    pub m_keyswitch_araddr: Vec<Signal<Out, Bits<64>>>,
    /// Key switching key; of all channels.
    pub m_keyswitch_arlen: Signal<Out, Bits<8>>,
    /// Key switching key.
    pub m_keyswitch_arvalid: Vec<Signal<Out, Bit>>,
    /// Key switching key.
    pub m_keyswitch_arready: Vec<Signal<In, Bit>>,
    /// Key switching key.
    pub m_keyswitch_rdata: Vec<Signal<In, Bits<64>>>,
    /// Key switching key.
    pub m_keyswitch_rresp: Vec<Signal<In, Bits<2>>>,
    /// Key switching key.
    pub m_keyswitch_rvalid: Vec<Signal<In, Bit>>,
    /// Key switching key.
    pub m_keyswitch_rready: Vec<Signal<Out, Bit>>,

    registers: RegisterFile,
    counters: Vec<Counter>,
    control: Control,
    configure: Configure,
    faults: Faults,
    watchdogs: Vec<Watchdog<32>>,
    summary: Summary,
    host_reader: ReadMaster,
    reads: ReadShare,
    descriptor_words: Signal<Local, Bits<24>>,
    high: Signal<Local, Bit>,
    host_writer: WriteMaster,
    writes: WriteShare,
    card_reader: ReadMaster,
    card_writer: WriteMaster,
    fetch: Fetch,
    decode: Decode,
    execute: Execute,
    slots: Slots,
    issue: Issue,
    transfer: Transfer,
    piece: Piece,
    positions: Vec<KeyPosition>,
    key_control: KeyControl,
    key_reader: KeyReader,
    keyswitch_reader: KeyReader,
    feed: Feed,
    feed_status: Fifo<68>,
    keyswitch: KeySwitch,
    streams: Streams,
    rotate: Rotate,
    rotate_status: Fifo<68>,
    core: BlindRotate,
    store: Store,
}

/// The position of the key that a piece is for.
#[derive(LogicBlock, Default)]
struct Piece {
    keyswitch: Signal<In, Bit>,
    in_order: Vec<Signal<In, Bit>>,
    fits: Vec<Signal<In, Bit>>,
    commence: Signal<In, Bit>,
    accept: Signal<In, Bit>,
    adopt: Signal<In, Bit>,
    drop: Signal<In, Bit>,
    drop_both: Signal<In, Bit>,
    key_wrong: Signal<In, Bit>,
    keyswitch_wrong: Signal<In, Bit>,
    piece_in_order: Signal<Out, Bit>,
    piece_fits: Signal<Out, Bit>,
    begins: Vec<Signal<Out, Bit>>,
    accepts: Vec<Signal<Out, Bit>>,
    drops: Vec<Signal<Out, Bit>>,
    adopts: Vec<Signal<Out, Bit>>,
}

impl Piece {
    fn new() -> Self {
        Self {
            in_order: many(2, |_| Signal::default()),
            fits: many(2, |_| Signal::default()),
            begins: many(2, |_| Signal::default()),
            accepts: many(2, |_| Signal::default()),
            drops: many(2, |_| Signal::default()),
            adopts: many(2, |_| Signal::default()),
            ..Self::default()
        }
    }
}

impl Logic for Piece {
    #[hdl_gen]
    fn update(&mut self) {
        self.piece_in_order.next = self.in_order[0].val();
        self.piece_fits.next = self.fits[0].val();
        if self.keyswitch.val() {
            self.piece_in_order.next = self.in_order[1].val();
            self.piece_fits.next = self.fits[1].val();
        }
        self.begins[0].next = self.commence.val() & !self.keyswitch.val();
        self.begins[1].next = self.commence.val() & self.keyswitch.val();
        self.accepts[0].next = self.accept.val() & !self.keyswitch.val();
        self.accepts[1].next = self.accept.val() & self.keyswitch.val();
        self.adopts[0].next = self.adopt.val() & !self.keyswitch.val();
        self.adopts[1].next = self.adopt.val() & self.keyswitch.val();
        self.drops[0].next =
            (self.drop.val() & !self.keyswitch.val()) | self.drop_both.val() | self.key_wrong.val();
        self.drops[1].next = (self.drop.val() & self.keyswitch.val())
            | self.drop_both.val()
            | self.keyswitch_wrong.val();
    }
}

impl Card {
    /// A card of these sizes; `build` is what [`Register::Build`] reads.
    ///
    /// # Errors
    /// [`CardError`] for sizes that a part cannot be built for.
    pub fn new(parameters: &CardParameters, build: u32) -> Result<Self, CardError> {
        parameters.check()?;
        let capabilities = parameters.capabilities(build);
        let core = parameters.core.build()?;
        let slots = parameters.core.slots;
        let bank_log2 = parameters.bank_log2;
        let reader = |channels: gyrus_interface::card::Channels| {
            KeyReader::new(
                channels.count as usize,
                channels.words as usize,
                parameters.read_ahead,
                bank_log2 as usize,
            )
        };
        let (key, keyswitch) = (parameters.key, parameters.keyswitch);
        let (key_channels, keyswitch_channels) = (key.count as usize, keyswitch.count as usize);
        let keyswitch_words = keyswitch.beat_words();
        Ok(Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            irq: Signal::default(),
            s_axil_awaddr: Signal::default(),
            s_axil_awvalid: Signal::default(),
            s_axil_awready: Signal::default(),
            s_axil_wdata: Signal::default(),
            s_axil_wstrb: Signal::default(),
            s_axil_wvalid: Signal::default(),
            s_axil_wready: Signal::default(),
            s_axil_bresp: Signal::default(),
            s_axil_bvalid: Signal::default(),
            s_axil_bready: Signal::default(),
            s_axil_araddr: Signal::default(),
            s_axil_arvalid: Signal::default(),
            s_axil_arready: Signal::default(),
            s_axil_rdata: Signal::default(),
            s_axil_rresp: Signal::default(),
            s_axil_rvalid: Signal::default(),
            s_axil_rready: Signal::default(),
            m_host_araddr: Signal::default(),
            m_host_arlen: Signal::default(),
            m_host_arvalid: Signal::default(),
            m_host_arready: Signal::default(),
            m_host_rdata: Signal::default(),
            m_host_rresp: Signal::default(),
            m_host_rlast: Signal::default(),
            m_host_rvalid: Signal::default(),
            m_host_rready: Signal::default(),
            m_host_awaddr: Signal::default(),
            m_host_awlen: Signal::default(),
            m_host_awvalid: Signal::default(),
            m_host_awready: Signal::default(),
            m_host_wdata: Signal::default(),
            m_host_wstrb: Signal::default(),
            m_host_wlast: Signal::default(),
            m_host_wvalid: Signal::default(),
            m_host_wready: Signal::default(),
            m_host_bresp: Signal::default(),
            m_host_bvalid: Signal::default(),
            m_host_bready: Signal::default(),
            m_card_araddr: Signal::default(),
            m_card_arlen: Signal::default(),
            m_card_arvalid: Signal::default(),
            m_card_arready: Signal::default(),
            m_card_rdata: Signal::default(),
            m_card_rresp: Signal::default(),
            m_card_rlast: Signal::default(),
            m_card_rvalid: Signal::default(),
            m_card_rready: Signal::default(),
            m_card_awaddr: Signal::default(),
            m_card_awlen: Signal::default(),
            m_card_awvalid: Signal::default(),
            m_card_awready: Signal::default(),
            m_card_wdata: Signal::default(),
            m_card_wstrb: Signal::default(),
            m_card_wlast: Signal::default(),
            m_card_wvalid: Signal::default(),
            m_card_wready: Signal::default(),
            m_card_bresp: Signal::default(),
            m_card_bvalid: Signal::default(),
            m_card_bready: Signal::default(),
            m_key_araddr: many(key_channels, |_| Signal::default()),
            m_key_arlen: Signal::default(),
            m_key_arvalid: many(key_channels, |_| Signal::default()),
            m_key_arready: many(key_channels, |_| Signal::default()),
            m_key_rdata: many(key.beat_words(), |_| Signal::default()),
            m_key_rresp: many(key_channels, |_| Signal::default()),
            m_key_rvalid: many(key_channels, |_| Signal::default()),
            m_key_rready: many(key_channels, |_| Signal::default()),
            m_keyswitch_araddr: many(keyswitch_channels, |_| Signal::default()),
            m_keyswitch_arlen: Signal::default(),
            m_keyswitch_arvalid: many(keyswitch_channels, |_| Signal::default()),
            m_keyswitch_arready: many(keyswitch_channels, |_| Signal::default()),
            m_keyswitch_rdata: many(keyswitch_words, |_| Signal::default()),
            m_keyswitch_rresp: many(keyswitch_channels, |_| Signal::default()),
            m_keyswitch_rvalid: many(keyswitch_channels, |_| Signal::default()),
            m_keyswitch_rready: many(keyswitch_channels, |_| Signal::default()),
            registers: RegisterFile::new(&capabilities),
            counters: COUNTERS.into_iter().map(Counter::new).collect(),
            control: Control::default(),
            configure: Configure::new(&capabilities),
            faults: Faults::default(),
            watchdogs: many(BUSES, |_| Watchdog::default()),
            summary: Summary::default(),
            host_reader: ReadMaster::default(),
            reads: ReadShare::default(),
            descriptor_words: Signal::default(),
            high: Signal::default(),
            host_writer: WriteMaster::default(),
            writes: WriteShare::default(),
            card_reader: ReadMaster::default(),
            card_writer: WriteMaster::default(),
            fetch: Fetch::default(),
            decode: Decode::default(),
            execute: Execute::new(parameters.lut_slots, parameters.max_batch),
            slots: Slots::new(parameters.lut_slots, parameters.max_batch),
            issue: Issue::new(slots),
            transfer: Transfer::default(),
            piece: Piece::new(),
            positions: vec![
                KeyPosition::new(key, bank_log2),
                KeyPosition::new(keyswitch, bank_log2),
            ],
            key_control: KeyControl::default(),
            key_reader: reader(key)?,
            keyswitch_reader: reader(keyswitch)?,
            feed: Feed::default(),
            feed_status: Fifo::new(STATUS_WORDS),
            keyswitch: KeySwitch::new(
                slots,
                MAX_ROWS.min(1 << parameters.core.max_log2_n),
                keyswitch_words,
            )?,
            streams: Streams::default(),
            rotate: Rotate::default(),
            rotate_status: Fifo::new(STATUS_WORDS),
            core,
            store: Store::default(),
        })
    }
}

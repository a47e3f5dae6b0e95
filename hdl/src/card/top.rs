//! The card: registers in front, host memory on one side, card memory on the other, and KS + PBS between.

use super::configure::{
    COMPLETION_RING, KEY_ADDRESS, KEYSWITCH_ADDRESS, LUT_ADDRESS, SUBMISSION_RING, WINDOW_END,
    WINDOW_START,
};
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
use crate::registers::{Counter, RegisterFile, live, setting};
use crate::structure;
use crate::structure::many;
use gyrus_interface::registers::{Bus, Register};
use rust_hdl::prelude::*;

/// Batches whose status may wait for [`Store`], two words each.
const STATUS_WORDS: usize = 16;

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
    watchdogs: Vec<Watchdog>,
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
    feed_status: Fifo<64>,
    keyswitch: KeySwitch,
    streams: Streams,
    rotate: Rotate,
    rotate_status: Fifo<64>,
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

impl Logic for Card {
    structure! { this =>
        constant!(high <= true);
        constant!(descriptor_words <= Bits::<24>::from(super::fetch::WORDS as u64));

        // Registers.
        wire!(registers.clock <= clock);
        wire!(registers.clear <= control.cleared);
        wire!(registers.awaddr <= s_axil_awaddr);
        wire!(registers.awvalid <= s_axil_awvalid);
        wire!(s_axil_awready <= registers.awready);
        wire!(registers.wdata <= s_axil_wdata);
        wire!(registers.wstrb <= s_axil_wstrb);
        wire!(registers.wvalid <= s_axil_wvalid);
        wire!(s_axil_wready <= registers.wready);
        wire!(s_axil_bresp <= registers.bresp);
        wire!(s_axil_bvalid <= registers.bvalid);
        wire!(registers.bready <= s_axil_bready);
        wire!(registers.araddr <= s_axil_araddr);
        wire!(registers.arvalid <= s_axil_arvalid);
        wire!(s_axil_arready <= registers.arready);
        wire!(s_axil_rdata <= registers.rdata);
        wire!(s_axil_rresp <= registers.rresp);
        wire!(s_axil_rvalid <= registers.rvalid);
        wire!(registers.rready <= s_axil_rready);
        wire!(registers.live[live(Register::Status)] <= control.status);
        wire!(registers.live[live(Register::InterruptCause)] <= faults.causes);
        wire!(registers.live[live(Register::Error)] <= faults.error);
        wire!(registers.live[live(Register::ErrorTagLow)] <= faults.error_tag_low);
        wire!(registers.live[live(Register::ErrorTagHigh)] <= faults.error_tag_high);
        wire!(registers.live[live(Register::ErrorDetailLow)] <= faults.error_detail_low);
        wire!(registers.live[live(Register::ErrorDetailHigh)] <= faults.error_detail_high);
        for (i, low) in COUNTERS.into_iter().map(live).enumerate() {
            wire!(counters[i].clock <= clock);
            wire!(counters[i].read <= registers.read);
            wire!(counters[i].read_index <= registers.read_index);
            wire!(registers.live[low] <= counters[i].low);
            wire!(registers.live[low + 1] <= counters[i].high);
        }
        wire!(counters[0].count <= high);
        wire!(counters[1].count <= core.turning);
        wire!(counters[2].count <= core.busy);
        wire!(counters[3].count <= core.key_waiting);
        wire!(counters[4].count <= keyswitch.waiting);
        wire!(counters[5].count <= store.completed);
        wire!(counters[6].count <= store.bootstrapped);
        wire!(counters[7].count <= streams.beat_used);
        wire!(counters[8].count <= streams.switch_beat_used);
        wire!(counters[9].count <= reads.word_taken);
        wire!(counters[10].count <= writes.host_word_taken);

        // Commands and settings.
        wire!(control.clock <= clock);
        wire!(control.write <= registers.write);
        wire!(control.write_index <= registers.write_index);
        wire!(control.write_data <= registers.write_data);
        wire!(control.deadline_in <= registers.settings[setting(Register::BusDeadline)]);
        wire!(control.jobs_done <= summary.jobs_done);
        wire!(control.keys_stopped <= key_control.stopped);
        wire!(control.checked <= configure.done);
        wire!(control.verdict <= configure.result);
        wire!(control.forgotten <= execute.idle);
        wire!(control.at_rest <= summary.at_rest);
        wire!(control.owed <= summary.owed);
        wire!(control.fatal <= faults.fatal);
        wire!(control.busy <= summary.busy);
        wire!(control.key_loaded <= positions[0].loaded);
        wire!(control.keyswitch_loaded <= positions[1].loaded);
        wire!(configure.clock <= clock);
        wire!(configure.start <= control.check);
        wire!(configure.polynomial_size_log2 <= registers.settings[setting(Register::PolynomialSizeLog2)]);
        wire!(configure.dimension <= registers.settings[setting(Register::LweDimension)]);
        wire!(configure.pbs_gadget <= registers.settings[setting(Register::PbsGadget)]);
        wire!(configure.keyswitch_gadget <= registers.settings[setting(Register::KeyswitchGadget)]);
        wire!(configure.modulus_log2 <= registers.settings[setting(Register::KeyswitchModulusLog2)]);
        wire!(configure.modulus_switch <= registers.settings[setting(Register::ModulusSwitch)]);
        wire!(configure.keyswitch_groups <= registers.settings[setting(Register::KeyswitchGroups)]);
        wire!(configure.key_beats_in <= registers.settings[setting(Register::KeyBeats)]);
        wire!(configure.keyswitch_beats_in <= registers.settings[setting(Register::KeyswitchBeats)]);
        wire!(configure.ring_entries <= registers.settings[setting(Register::RingEntries)]);
        for half in 0..this.configure.halves.len() {
            wire!(configure.halves[half] <= registers.settings[setting(Register::KeyAddressLow) + half]);
        }

        // Errors and interrupts.
        wire!(faults.clock <= clock);
        wire!(faults.clear <= control.cleared);
        wire!(faults.submission_unreachable <= fetch.unreachable);
        wire!(faults.submission_entry <= fetch.address);
        wire!(faults.completion_unreachable <= store.unreachable);
        wire!(faults.completion_entry <= store.entry);
        wire!(faults.ring_full <= store.ring_full);
        wire!(faults.tail_bad <= fetch.doorbell_bad);
        wire!(faults.head_bad <= store.doorbell_bad);
        wire!(faults.doorbell_index <= registers.write_data);
        wire!(faults.completed <= store.completed);
        wire!(faults.status <= store.status);
        wire!(faults.tag <= store.tag);
        wire!(faults.detail <= store.detail);
        wire!(faults.clear_error <= control.clear_error);
        wire!(faults.clear_causes <= control.clear_causes);
        wire!(faults.write_data <= registers.write_data);
        wire!(faults.enable <= registers.settings[setting(Register::InterruptEnable)]);
        wire!(irq <= faults.interrupt);
        for bus in 0..BUSES {
            wire!(watchdogs[bus].clock <= clock);
            wire!(watchdogs[bus].deadline <= control.deadline);
            wire!(faults.expired[bus] <= watchdogs[bus].expired);
        }
        wire!(watchdogs[Bus::HostRead as usize].outstanding <= host_reader.outstanding);
        wire!(watchdogs[Bus::HostRead as usize].moved <= host_reader.moved);
        wire!(watchdogs[Bus::HostWrite as usize].outstanding <= host_writer.outstanding);
        wire!(watchdogs[Bus::HostWrite as usize].moved <= host_writer.moved);
        wire!(watchdogs[Bus::CardRead as usize].outstanding <= card_reader.outstanding);
        wire!(watchdogs[Bus::CardRead as usize].moved <= card_reader.moved);
        wire!(watchdogs[Bus::CardWrite as usize].outstanding <= card_writer.outstanding);
        wire!(watchdogs[Bus::CardWrite as usize].moved <= card_writer.moved);
        wire!(watchdogs[Bus::Key as usize].outstanding <= key_reader.outstanding);
        wire!(watchdogs[Bus::Key as usize].moved <= key_reader.moved);
        wire!(watchdogs[Bus::Keyswitch as usize].outstanding <= keyswitch_reader.outstanding);
        wire!(watchdogs[Bus::Keyswitch as usize].moved <= keyswitch_reader.moved);
        wire!(summary.fetch_idle <= fetch.idle);
        wire!(summary.execute_idle <= execute.idle);
        wire!(summary.committed <= execute.committed);
        wire!(summary.feed_idle <= feed.idle);
        wire!(summary.rotate_idle <= rotate.idle);
        wire!(summary.store_idle <= store.idle);
        wire!(summary.switch_idle <= keyswitch.idle);
        wire!(summary.switch_draining <= keyswitch.draining);
        wire!(summary.core_busy <= core.busy);
        wire!(summary.keys_stopped <= key_control.stopped);
        wire!(summary.key_reader_idle <= key_reader.idle);
        wire!(summary.keyswitch_reader_idle <= keyswitch_reader.idle);
        wire!(summary.host_read_owed <= host_reader.outstanding);
        wire!(summary.host_write_owed <= host_writer.outstanding);
        wire!(summary.card_read_owed <= card_reader.outstanding);
        wire!(summary.card_write_owed <= card_writer.outstanding);
        wire!(summary.key_owed <= key_reader.outstanding);
        wire!(summary.keyswitch_owed <= keyswitch_reader.outstanding);
        wire!(summary.key_loaded <= positions[0].loaded);
        wire!(summary.keyswitch_loaded <= positions[1].loaded);

        // Reads of host memory.
        wire!(host_reader.clock <= clock);
        wire!(host_reader.abort <= control.clear);
        wire!(m_host_araddr <= host_reader.araddr);
        wire!(m_host_arlen <= host_reader.arlen);
        wire!(m_host_arvalid <= host_reader.arvalid);
        wire!(host_reader.arready <= m_host_arready);
        wire!(host_reader.rdata <= m_host_rdata);
        wire!(host_reader.rresp <= m_host_rresp);
        wire!(host_reader.rlast <= m_host_rlast);
        wire!(host_reader.rvalid <= m_host_rvalid);
        wire!(m_host_rready <= host_reader.rready);
        wire!(reads.clock <= clock);
        wire!(reads.clear <= control.clear);
        wire!(host_reader.request_valid <= reads.master_request_valid);
        wire!(reads.master_request_ready <= host_reader.request_ready);
        wire!(host_reader.request_address <= reads.master_request_address);
        wire!(host_reader.request_words <= reads.master_request_words);
        wire!(reads.master_word_valid <= host_reader.word_valid);
        wire!(host_reader.word_ready <= reads.master_word_ready);
        wire!(reads.master_word_last <= host_reader.word_last);
        wire!(reads.request_valid[FETCH] <= fetch.request_valid);
        wire!(reads.request_address[FETCH] <= fetch.request_address);
        wire!(reads.request_words[FETCH] <= descriptor_words);
        wire!(fetch.request_ready <= reads.request_ready[FETCH]);
        wire!(fetch.word_valid <= reads.word_valid[FETCH]);
        wire!(reads.word_ready[FETCH] <= high);
        wire!(reads.request_valid[SLOTS] <= slots.request_valid);
        wire!(reads.request_address[SLOTS] <= fetch.descriptor[4]);
        wire!(reads.request_words[SLOTS] <= slots.request_words);
        wire!(slots.request_ready <= reads.request_ready[SLOTS]);
        wire!(slots.word_valid <= reads.word_valid[SLOTS]);
        wire!(reads.word_ready[SLOTS] <= slots.word_ready);
        wire!(reads.request_valid[TRANSFER] <= transfer.read_valid);
        wire!(reads.request_address[TRANSFER] <= fetch.descriptor[2]);
        wire!(reads.request_words[TRANSFER] <= execute.move_words);
        wire!(transfer.read_ready <= reads.request_ready[TRANSFER]);
        wire!(transfer.word_valid <= reads.word_valid[TRANSFER]);
        wire!(reads.word_ready[TRANSFER] <= transfer.word_ready);
        wire!(reads.request_valid[FEED] <= feed.request_valid);
        wire!(reads.request_address[FEED] <= feed.request_address);
        wire!(reads.request_words[FEED] <= feed.request_words);
        wire!(feed.request_ready <= reads.request_ready[FEED]);
        wire!(feed.word_valid <= reads.word_valid[FEED]);
        wire!(reads.word_ready[FEED] <= feed.word_ready);
        debug_assert_eq!(CLIENTS, FEED + 1);

        // Writes.
        wire!(host_writer.clock <= clock);
        wire!(host_writer.abort <= writes.host_abort);
        wire!(m_host_awaddr <= host_writer.awaddr);
        wire!(m_host_awlen <= host_writer.awlen);
        wire!(m_host_awvalid <= host_writer.awvalid);
        wire!(host_writer.awready <= m_host_awready);
        wire!(m_host_wdata <= host_writer.wdata);
        wire!(m_host_wstrb <= host_writer.wstrb);
        wire!(m_host_wlast <= host_writer.wlast);
        wire!(m_host_wvalid <= host_writer.wvalid);
        wire!(host_writer.wready <= m_host_wready);
        wire!(host_writer.bresp <= m_host_bresp);
        wire!(host_writer.bvalid <= m_host_bvalid);
        wire!(m_host_bready <= host_writer.bready);
        wire!(host_writer.request_valid <= writes.host_request);
        wire!(writes.host_ready <= host_writer.request_ready);
        wire!(host_writer.request_address <= writes.host_address);
        wire!(host_writer.request_words <= writes.host_words);
        wire!(host_writer.word_valid <= writes.host_valid);
        wire!(host_writer.word <= writes.host_word);
        wire!(writes.host_word_ready <= host_writer.word_ready);
        wire!(writes.host_done <= host_writer.done);
        wire!(writes.host_bad <= host_writer.bad);
        wire!(writes.host_owed <= host_writer.outstanding);
        wire!(writes.clear <= control.clear);
        wire!(writes.move_abort <= transfer.write_abort);
        wire!(writes.moving <= transfer.busy);
        wire!(writes.copying <= decode.copy);
        wire!(writes.store_request <= store.request_valid);
        wire!(store.request_ready <= writes.store_ready);
        wire!(writes.store_address <= store.request_address);
        wire!(writes.store_words <= store.request_words);
        wire!(writes.store_valid <= store.word_valid);
        wire!(writes.store_word <= store.word);
        wire!(store.word_ready <= writes.store_word_ready);
        wire!(store.written <= writes.stored);
        wire!(store.write_bad <= writes.store_bad);
        wire!(writes.move_request <= transfer.write_valid);
        wire!(transfer.write_ready <= writes.move_ready);
        wire!(writes.move_address <= execute.move_to);
        wire!(writes.move_words <= execute.move_words);
        wire!(writes.move_valid <= transfer.out_valid);
        wire!(writes.move_word <= host_reader.word);
        wire!(transfer.out_ready <= writes.move_word_ready);
        wire!(transfer.written <= writes.moved);
        wire!(transfer.write_bad <= writes.move_bad);
        wire!(transfer.write_owed <= writes.move_owed);
        wire!(card_writer.clock <= clock);
        wire!(card_writer.abort <= writes.card_abort);
        wire!(m_card_awaddr <= card_writer.awaddr);
        wire!(m_card_awlen <= card_writer.awlen);
        wire!(m_card_awvalid <= card_writer.awvalid);
        wire!(card_writer.awready <= m_card_awready);
        wire!(m_card_wdata <= card_writer.wdata);
        wire!(m_card_wstrb <= card_writer.wstrb);
        wire!(m_card_wlast <= card_writer.wlast);
        wire!(m_card_wvalid <= card_writer.wvalid);
        wire!(card_writer.wready <= m_card_wready);
        wire!(card_writer.bresp <= m_card_bresp);
        wire!(card_writer.bvalid <= m_card_bvalid);
        wire!(m_card_bready <= card_writer.bready);
        wire!(card_writer.request_valid <= writes.card_request);
        wire!(writes.card_ready <= card_writer.request_ready);
        wire!(card_writer.request_address <= execute.move_to);
        wire!(card_writer.request_words <= execute.move_words);
        wire!(card_writer.word_valid <= writes.card_valid);
        wire!(card_writer.word <= host_reader.word);
        wire!(writes.card_word_ready <= card_writer.word_ready);
        wire!(writes.card_done <= card_writer.done);
        wire!(writes.card_bad <= card_writer.bad);
        wire!(writes.card_owed <= card_writer.outstanding);

        // The job at the head of the ring.
        wire!(fetch.clock <= clock);
        wire!(fetch.clear <= control.clear);
        wire!(fetch.restart <= control.restart);
        wire!(fetch.enable <= control.enable);
        wire!(fetch.configured <= control.configured);
        wire!(fetch.ring <= configure.wide[SUBMISSION_RING]);
        wire!(fetch.entries <= configure.entries);
        wire!(fetch.doorbell <= control.tail);
        wire!(fetch.doorbell_index <= registers.write_data);
        wire!(fetch.word <= host_reader.word);
        wire!(fetch.word_last <= host_reader.word_last);
        wire!(fetch.word_bad <= host_reader.word_bad);
        wire!(fetch.take <= execute.take);
        wire!(decode.header <= fetch.descriptor[0]);
        wire!(decode.source <= fetch.descriptor[2]);
        wire!(decode.destination <= fetch.descriptor[3]);
        wire!(decode.length <= fetch.descriptor[4]);
        wire!(decode.slots <= fetch.descriptor[5]);
        wire!(decode.check <= fetch.descriptor[6]);
        wire!(decode.reserved <= fetch.descriptor[7]);
        wire!(execute.clock <= clock);
        wire!(execute.clear <= control.clear);
        wire!(execute.restart <= control.restart);
        wire!(execute.now <= counters[0].value);
        wire!(execute.valid <= fetch.valid);
        wire!(execute.entry <= fetch.address);
        wire!(execute.stale <= fetch.stale);
        wire!(execute.known <= decode.known);
        wire!(execute.well_formed <= decode.well_formed);
        wire!(execute.is_bootstrap <= decode.bootstrap);
        wire!(execute.is_key <= decode.upload_key);
        wire!(execute.is_luts <= decode.upload_luts);
        wire!(execute.is_copy <= decode.copy);
        wire!(execute.is_adopt <= decode.adopt_key);
        wire!(execute.has_list <= decode.list);
        wire!(execute.keyswitch <= decode.keyswitch);
        wire!(execute.samples <= decode.samples);
        wire!(execute.count <= decode.count);
        wire!(execute.slot <= decode.slot);
        wire!(execute.stride <= decode.stride);
        wire!(execute.checksum <= decode.checksum);
        wire!(execute.source <= fetch.descriptor[2]);
        wire!(execute.destination <= fetch.descriptor[3]);
        wire!(execute.length <= fetch.descriptor[4]);
        wire!(execute.log2_n <= configure.log2_n);
        wire!(execute.window_start <= configure.wide[WINDOW_START]);
        wire!(execute.window_end <= configure.wide[WINDOW_END]);
        wire!(execute.key_address <= configure.wide[KEY_ADDRESS]);
        wire!(execute.keyswitch_address <= configure.wide[KEYSWITCH_ADDRESS]);
        wire!(execute.lut_address <= configure.wide[LUT_ADDRESS]);
        wire!(execute.keys_loaded <= summary.keys_loaded);
        wire!(execute.keys_stopped <= key_control.stopped);
        wire!(execute.complete <= store.idle);
        wire!(execute.tables_read <= rotate.idle);
        wire!(execute.in_order <= piece.piece_in_order);
        wire!(execute.fits <= piece.piece_fits);
        wire!(slots.clock <= clock);
        wire!(slots.clear <= control.clear);
        wire!(slots.start <= execute.slots_start);
        wire!(slots.command <= execute.slots_command);
        wire!(slots.first <= decode.slot);
        wire!(slots.count <= decode.count);
        wire!(slots.word <= host_reader.word);
        wire!(slots.word_last <= host_reader.word_last);
        wire!(slots.word_bad <= host_reader.word_bad);
        wire!(slots.word_address <= reads.word_address);
        wire!(slots.list_index <= issue.list_index);
        wire!(execute.slots_done <= slots.done);
        wire!(execute.slots_missing <= slots.missing);
        wire!(execute.slots_bad <= slots.bad_slot);
        wire!(execute.slots_wrong <= slots.wrong);
        wire!(execute.slots_wrong_address <= slots.wrong_address);
        wire!(issue.clock <= clock);
        wire!(issue.clear <= control.clear);
        wire!(issue.start <= execute.issue_start);
        wire!(issue.finish <= execute.issue_finish);
        wire!(execute.issue_done <= issue.done);
        wire!(issue.log2_n <= configure.log2_n);
        wire!(issue.count <= decode.count_16);
        wire!(issue.samples <= decode.samples);
        wire!(issue.stride <= decode.stride);
        wire!(issue.source <= fetch.descriptor[2]);
        wire!(issue.destination <= fetch.descriptor[3]);
        wire!(issue.listed <= slots.listed);
        wire!(issue.status <= execute.status);
        wire!(issue.consumed <= fetch.consumed);
        wire!(issue.tag <= fetch.descriptor[1]);
        wire!(issue.detail <= execute.detail);
        wire!(issue.began <= execute.began);
        wire!(issue.feed_room <= feed.room);
        wire!(issue.rotate_room <= rotate.room);
        wire!(issue.store_room <= store.room);
        wire!(transfer.clock <= clock);
        wire!(transfer.clear <= control.clear);
        wire!(transfer.start <= execute.move_start);
        wire!(transfer.destination <= execute.move_to);
        wire!(transfer.word <= host_reader.word);
        wire!(transfer.word_last <= host_reader.word_last);
        wire!(transfer.word_bad <= host_reader.word_bad);
        wire!(transfer.word_address <= reads.word_address);
        wire!(execute.move_done <= transfer.done);
        wire!(execute.move_sum <= transfer.sum);
        wire!(execute.move_wrong <= transfer.wrong);
        wire!(execute.move_wrong_address <= transfer.wrong_address);

        // Keys.
        wire!(piece.keyswitch <= decode.keyswitch);
        wire!(piece.commence <= execute.piece_begin);
        wire!(piece.accept <= execute.piece_accept);
        wire!(piece.drop <= execute.piece_drop);
        wire!(piece.adopt <= execute.piece_adopt);
        wire!(piece.drop_both <= control.drop_keys);
        wire!(piece.key_wrong <= core.checksum_error);
        wire!(piece.keyswitch_wrong <= feed.key_wrong);
        for key in 0..this.positions.len() {
            wire!(positions[key].clock <= clock);
            wire!(positions[key].offset <= fetch.descriptor[3]);
            wire!(positions[key].bytes <= fetch.descriptor[4]);
            wire!(positions[key].commence <= piece.begins[key]);
            wire!(positions[key].accept <= piece.accepts[key]);
            wire!(positions[key].drop <= piece.drops[key]);
            wire!(positions[key].adopt <= piece.adopts[key]);
            wire!(piece.in_order[key] <= positions[key].in_order);
            wire!(piece.fits[key] <= positions[key].fits);
        }
        wire!(positions[0].beats <= configure.key_beats);
        wire!(positions[1].beats <= configure.keyswitch_beats);
        wire!(key_control.clock <= clock);
        wire!(key_control.clear <= control.clear);
        wire!(key_control.wanted <= summary.keys_loaded);
        wire!(key_control.unused <= summary.keys_unused);
        wire!(key_control.store_idle <= core.key_idle);
        wire!(key_control.readers_idle <= summary.readers_idle);
        wire!(key_reader.clock <= clock);
        wire!(key_reader.start <= key_control.read_start);
        wire!(key_reader.stop <= key_control.read_stop);
        wire!(key_reader.address <= configure.wide[KEY_ADDRESS]);
        wire!(key_reader.beats <= configure.key_beats);
        wire!(m_key_arlen <= key_reader.arlen);
        for channel in 0..this.m_key_araddr.len() {
            wire!(m_key_araddr[channel] <= key_reader.araddr[channel]);
            wire!(m_key_arvalid[channel] <= key_reader.arvalid[channel]);
            wire!(key_reader.arready[channel] <= m_key_arready[channel]);
            wire!(key_reader.rresp[channel] <= m_key_rresp[channel]);
            wire!(key_reader.rvalid[channel] <= m_key_rvalid[channel]);
            wire!(m_key_rready[channel] <= key_reader.rready[channel]);
        }
        for word in 0..this.m_key_rdata.len() {
            wire!(key_reader.rdata[word] <= m_key_rdata[word]);
            wire!(core.key_data[word] <= key_reader.data[word]);
        }
        wire!(keyswitch_reader.clock <= clock);
        wire!(keyswitch_reader.start <= key_control.read_start);
        wire!(keyswitch_reader.stop <= key_control.read_stop);
        wire!(keyswitch_reader.address <= configure.wide[KEYSWITCH_ADDRESS]);
        wire!(keyswitch_reader.beats <= configure.keyswitch_beats);
        wire!(m_keyswitch_arlen <= keyswitch_reader.arlen);
        for channel in 0..this.m_keyswitch_araddr.len() {
            wire!(m_keyswitch_araddr[channel] <= keyswitch_reader.araddr[channel]);
            wire!(m_keyswitch_arvalid[channel] <= keyswitch_reader.arvalid[channel]);
            wire!(keyswitch_reader.arready[channel] <= m_keyswitch_arready[channel]);
            wire!(keyswitch_reader.rresp[channel] <= m_keyswitch_rresp[channel]);
            wire!(keyswitch_reader.rvalid[channel] <= m_keyswitch_rvalid[channel]);
            wire!(m_keyswitch_rready[channel] <= keyswitch_reader.rready[channel]);
        }
        for word in 0..this.m_keyswitch_rdata.len() {
            wire!(keyswitch_reader.rdata[word] <= m_keyswitch_rdata[word]);
            wire!(keyswitch.key[word] <= keyswitch_reader.data[word]);
        }

        // Key switch.
        wire!(feed.clock <= clock);
        wire!(feed.clear <= control.clear);
        wire!(feed.put <= issue.feed_put);
        wire!(feed.word_in <= issue.word);
        wire!(feed.lwe_dimension <= configure.lwe_dimension);
        wire!(feed.word_last <= host_reader.word_last);
        wire!(feed.word_bad <= host_reader.word_bad);
        wire!(feed.word_address <= reads.word_address);
        wire!(feed.switch_idle <= keyswitch.idle);
        wire!(feed.switch_failed <= keyswitch.failed);
        wire!(feed.switch_ready <= keyswitch.lwe_in_ready);
        wire!(feed.key_unreadable <= keyswitch_reader.bad);
        wire!(feed.zero_taken <= streams.zero_taken);
        wire!(feed.status_room <= feed_status.room);
        wire!(feed_status.clock <= clock);
        wire!(feed_status.claim <= feed.status_put);
        wire!(feed_status.put <= feed.status_put);
        wire!(feed_status.word_in <= feed.status);
        wire!(feed_status.ready <= store.feed_take);
        wire!(store.feed_valid <= feed_status.valid);
        wire!(store.feed_status <= feed_status.word);
        wire!(keyswitch.clock <= clock);
        wire!(keyswitch.clear <= control.clear);
        wire!(keyswitch.rows <= configure.rows);
        wire!(keyswitch.lwe_dimension <= configure.lwe_dimension);
        wire!(keyswitch.base_log <= configure.keyswitch_base_log);
        wire!(keyswitch.level_count <= configure.keyswitch_level_count);
        wire!(keyswitch.fields <= configure.fields);
        wire!(keyswitch.groups <= configure.groups);
        wire!(keyswitch.batch <= feed.switch_batch);
        wire!(keyswitch.start <= feed.switch_start);
        wire!(keyswitch.lwe_in_valid <= feed.switch_valid);
        wire!(keyswitch.lwe_in_word <= host_reader.word);
        wire!(keyswitch.key_request_ready <= high);
        wire!(keyswitch.key_valid <= keyswitch_reader.valid);
        wire!(keyswitch_reader.ready <= keyswitch.key_ready);
        wire!(keyswitch.lwe_out_ready <= streams.switched_ready);

        // Between the stages.
        wire!(streams.key_wrong <= core.checksum_error);
        wire!(streams.clear <= control.clear);
        wire!(streams.running <= key_control.running);
        wire!(streams.core_start_ready <= core.start_ready);
        wire!(streams.switched_valid <= keyswitch.lwe_out_valid);
        wire!(streams.switched_word <= keyswitch.lwe_out_word);
        wire!(streams.zeros <= feed.zeros);
        wire!(streams.lwe_ready <= core.lwe_in_ready);
        wire!(streams.read_valid <= rotate.table_valid);
        wire!(streams.flush <= key_control.flush);
        wire!(streams.beat_valid <= key_reader.valid);
        wire!(key_reader.ready <= streams.beat_ready);
        wire!(streams.key_ready <= core.key_data_ready);
        wire!(streams.switch_beat_valid <= keyswitch_reader.valid);
        wire!(streams.switch_beat_ready <= keyswitch.key_ready);

        // Blind rotation.
        wire!(rotate.clock <= clock);
        wire!(rotate.clear <= control.clear);
        wire!(rotate.put <= issue.rotate_put);
        wire!(rotate.word_in <= issue.rotate_word);
        wire!(rotate.log2_n <= configure.log2_n);
        wire!(rotate.lut_address <= configure.wide[LUT_ADDRESS]);
        wire!(rotate.core_start_ready <= streams.may_start);
        wire!(rotate.sink <= streams.sink);
        wire!(rotate.table_ready <= core.table_ready);
        wire!(card_reader.clock <= clock);
        wire!(card_reader.abort <= control.clear);
        wire!(m_card_araddr <= card_reader.araddr);
        wire!(m_card_arlen <= card_reader.arlen);
        wire!(m_card_arvalid <= card_reader.arvalid);
        wire!(card_reader.arready <= m_card_arready);
        wire!(card_reader.rdata <= m_card_rdata);
        wire!(card_reader.rresp <= m_card_rresp);
        wire!(card_reader.rlast <= m_card_rlast);
        wire!(card_reader.rvalid <= m_card_rvalid);
        wire!(m_card_rready <= card_reader.rready);
        wire!(card_reader.request_valid <= rotate.request_valid);
        wire!(rotate.request_ready <= card_reader.request_ready);
        wire!(card_reader.request_address <= rotate.request_address);
        wire!(card_reader.request_words <= rotate.request_words);
        wire!(rotate.word_valid <= card_reader.word_valid);
        wire!(card_reader.word_ready <= rotate.word_ready);
        wire!(rotate.word_last <= card_reader.word_last);
        wire!(rotate.word_bad <= card_reader.word_bad);
        wire!(rotate.status_room <= rotate_status.room);
        wire!(rotate_status.clock <= clock);
        wire!(rotate_status.claim <= rotate.status_put);
        wire!(rotate_status.put <= rotate.status_put);
        wire!(rotate_status.word_in <= rotate.status);
        wire!(rotate_status.ready <= store.rotate_take);
        wire!(store.rotate_valid <= rotate_status.valid);
        wire!(store.rotate_status <= rotate_status.word);
        wire!(core.clock <= clock);
        wire!(core.log2_n <= configure.log2_n);
        wire!(core.lwe_dimension <= configure.lwe_dimension);
        wire!(core.base_log <= configure.base_log);
        wire!(core.level_count <= configure.level_count);
        wire!(core.centred <= configure.centred);
        wire!(core.narrow <= configure.narrow);
        wire!(core.batch <= rotate.core_batch);
        wire!(core.start <= rotate.core_start);
        wire!(core.drop <= control.clear);
        wire!(core.lwe_in_valid <= streams.lwe_valid);
        wire!(core.lwe_in_word <= streams.lwe_word);
        wire!(core.table_valid <= streams.table_valid);
        wire!(core.table_word <= card_reader.word);
        wire!(core.lwe_out_enable <= store.extract);
        wire!(core.lwe_out_samples <= store.samples);
        wire!(core.lwe_out_stride <= store.stride);
        wire!(core.lwe_out_ready <= store.result_ready);
        wire!(core.key_start <= key_control.key_start);
        wire!(core.key_stop <= key_control.key_stop);
        wire!(core.key_request_ready <= high);
        wire!(core.key_data_valid <= streams.key_valid);

        // Results and completions.
        wire!(store.clock <= clock);
        wire!(store.clear <= control.clear);
        wire!(store.restart <= control.restart);
        wire!(store.put <= issue.store_put);
        wire!(store.word_in <= issue.word);
        wire!(store.now <= counters[0].value);
        wire!(store.log2_n <= configure.log2_n);
        wire!(store.ring <= configure.wide[COMPLETION_RING]);
        wire!(store.entries <= configure.entries);
        wire!(store.configured <= control.configured);
        wire!(store.doorbell <= control.head);
        wire!(store.doorbell_index <= registers.write_data);
        wire!(store.result_valid <= core.lwe_out_valid);
        wire!(store.result_last <= core.lwe_out_last);
        wire!(store.result <= core.lwe_out_word);
        wire!(store.key_wrong <= core.checksum_error);
        wire!(store.key_unreadable <= key_reader.bad);
        wire!(store.core_busy <= core.busy);
    }
}

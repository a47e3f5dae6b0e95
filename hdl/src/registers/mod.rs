//! BAR0: the registers of [`gyrus_interface::registers`] behind AXI4-Lite.
//!
//! | block | what it is |
//! |---|---|
//! | [`RegisterFile`] | all of it: settings, and what is read |
//! | [`Lite`] | AXI4-Lite to reads and writes |
//! | [`Counter`] | a 64-bit counter |
//!
//! Settings are held here, live values and counters come from outside, commands go out as writes. Which
//! register is where in the lists of ports say [`setting`] and [`live`].

mod counter;
mod lite;

pub use counter::Counter;
pub use lite::{Lite, READ_LATENCY};

use crate::accumulator::Select16;
use crate::structure;
use crate::structure::many;
use gyrus_interface::card::Capabilities;
use gyrus_interface::registers::{Access, REGISTERS, Register};
use rust_hdl::prelude::*;

/// Registers that are read through one multiplexer of the first layer.
const GROUP: usize = 16;

const _: () = assert!(REGISTERS <= 128, "a register's number has seven bits");

fn place(register: Register, listed: impl Fn(Access) -> bool) -> usize {
    let before = Register::ALL
        .iter()
        .filter(|other| listed(other.access()) && **other < register);
    before.count()
}

const fn is_setting(access: Access) -> bool {
    matches!(access, Access::Setting)
}

const fn is_live(access: Access) -> bool {
    matches!(access, Access::Live | Access::Counter)
}

/// Where a setting is among [`RegisterFile::settings`].
#[must_use]
pub fn setting(register: Register) -> usize {
    place(register, is_setting)
}

/// Where a live value or a counter's half is among [`RegisterFile::live`].
#[must_use]
pub fn live(register: Register) -> usize {
    place(register, is_live)
}

/// A setting.
#[derive(LogicBlock)]
struct Held {
    clock: Signal<In, Clock>,
    clear: Signal<In, Bit>,
    write: Signal<In, Bit>,
    index: Signal<In, Bits<7>>,
    data: Signal<In, Bits<32>>,
    value: Signal<Out, Bits<32>>,
    word: DFF<Bits<32>>,
    own: Constant<Bits<7>>,
}

impl Held {
    fn new(register: Register) -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            write: Signal::default(),
            index: Signal::default(),
            data: Signal::default(),
            value: Signal::default(),
            word: DFF::default(),
            own: Constant::new(register.index().to_bits()),
        }
    }
}

impl Logic for Held {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, word);
        if self.write.val() & (self.index.val() == self.own.val()) {
            self.word.d.next = self.data.val();
        }
        if self.clear.val() {
            self.word.d.next = 0.into();
        }
        self.value.next = self.word.q.val();
    }
}

/// The registers.
#[derive(LogicBlock)]
pub struct RegisterFile {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Settings become 0.
    pub clear: Signal<In, Bit>,
    /// The bus is reset.
    pub reset: Signal<In, Bit>,
    /// AXI4-Lite, as [`Lite`] has it.
    pub awaddr: Signal<In, Bits<12>>,
    /// See [`Lite`].
    pub awvalid: Signal<In, Bit>,
    /// See [`Lite`].
    pub awready: Signal<Out, Bit>,
    /// See [`Lite`].
    pub wdata: Signal<In, Bits<32>>,
    /// See [`Lite`].
    pub wstrb: Signal<In, Bits<4>>,
    /// See [`Lite`].
    pub wvalid: Signal<In, Bit>,
    /// See [`Lite`].
    pub wready: Signal<Out, Bit>,
    /// See [`Lite`].
    pub bresp: Signal<Out, Bits<2>>,
    /// See [`Lite`].
    pub bvalid: Signal<Out, Bit>,
    /// See [`Lite`].
    pub bready: Signal<In, Bit>,
    /// See [`Lite`].
    pub araddr: Signal<In, Bits<12>>,
    /// See [`Lite`].
    pub arvalid: Signal<In, Bit>,
    /// See [`Lite`].
    pub arready: Signal<Out, Bit>,
    /// See [`Lite`].
    pub rdata: Signal<Out, Bits<32>>,
    /// See [`Lite`].
    pub rresp: Signal<Out, Bits<2>>,
    /// See [`Lite`].
    pub rvalid: Signal<Out, Bit>,
    /// See [`Lite`].
    pub rready: Signal<In, Bit>,
    /// A register is written.
    pub write: Signal<Out, Bit>,
    /// Its number.
    pub write_index: Signal<Out, Bits<7>>,
    /// Its new value.
    pub write_data: Signal<Out, Bits<32>>,
    /// A register is read.
    pub read: Signal<Out, Bit>,
    /// Its number.
    pub read_index: Signal<Out, Bits<7>>,
    /// Settings, by [`setting`].
    pub settings: Vec<Signal<Out, Bits<32>>>,
    /// Live values and counters, by [`live`].
    pub live: Vec<Signal<In, Bits<32>>>,
    lite: Lite,
    held: Vec<Held>,
    fixed: Vec<Signal<Local, Bits<32>>>,
    nothing: Signal<Local, Bits<32>>,
    near: Vec<Select16<32>>,
    middle: Vec<DFF<Bits<32>>>,
    place: DFF<Bits<7>>,
    far: Select16<32>,
    value: DFF<Bits<32>>,
    _constants: Vec<(Register, u32)>,
}

impl RegisterFile {
    /// The registers of a card that can do this.
    #[must_use]
    pub fn new(card: &Capabilities) -> Self {
        let listed = |listed: fn(Access) -> bool| {
            let all = Register::ALL.iter().copied();
            all.filter(move |register| listed(register.access()))
                .collect::<Vec<Register>>()
        };
        let settings = listed(is_setting);
        let groups = REGISTERS.div_ceil(GROUP).next_power_of_two();
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            reset: Signal::default(),
            awaddr: Signal::default(),
            awvalid: Signal::default(),
            awready: Signal::default(),
            wdata: Signal::default(),
            wstrb: Signal::default(),
            wvalid: Signal::default(),
            wready: Signal::default(),
            bresp: Signal::default(),
            bvalid: Signal::default(),
            bready: Signal::default(),
            araddr: Signal::default(),
            arvalid: Signal::default(),
            arready: Signal::default(),
            rdata: Signal::default(),
            rresp: Signal::default(),
            rvalid: Signal::default(),
            rready: Signal::default(),
            write: Signal::default(),
            write_index: Signal::default(),
            write_data: Signal::default(),
            read: Signal::default(),
            read_index: Signal::default(),
            settings: many(settings.len(), |_| Signal::default()),
            live: many(listed(is_live).len(), |_| Signal::default()),
            lite: Lite::default(),
            held: settings.iter().map(|&setting| Held::new(setting)).collect(),
            fixed: many(card.registers().len(), |_| Signal::default()),
            nothing: Signal::default(),
            near: many(groups, |_| Select16::new(GROUP, 0)),
            middle: many(groups, |_| DFF::default()),
            place: DFF::default(),
            far: Select16::new(groups, 4),
            value: DFF::default(),
            _constants: card.registers().to_vec(),
        }
    }
}

impl Logic for RegisterFile {
    structure! { this =>
        wire!(lite.clock <= clock);
        wire!(lite.reset <= reset);
        wire!(lite.awaddr <= awaddr);
        wire!(lite.awvalid <= awvalid);
        wire!(awready <= lite.awready);
        wire!(lite.wdata <= wdata);
        wire!(lite.wstrb <= wstrb);
        wire!(lite.wvalid <= wvalid);
        wire!(wready <= lite.wready);
        wire!(bresp <= lite.bresp);
        wire!(bvalid <= lite.bvalid);
        wire!(lite.bready <= bready);
        wire!(lite.araddr <= araddr);
        wire!(lite.arvalid <= arvalid);
        wire!(arready <= lite.arready);
        wire!(rdata <= lite.rdata);
        wire!(rresp <= lite.rresp);
        wire!(rvalid <= lite.rvalid);
        wire!(lite.rready <= rready);
        wire!(write <= lite.write);
        wire!(write_index <= lite.write_index);
        wire!(write_data <= lite.write_data);
        wire!(read <= lite.read);
        wire!(read_index <= lite.read_index);

        for setting in 0..this.held.len() {
            wire!(held[setting].clock <= clock);
            wire!(held[setting].clear <= clear);
            wire!(held[setting].write <= lite.write);
            wire!(held[setting].index <= lite.write_index);
            wire!(held[setting].data <= lite.write_data);
            wire!(settings[setting] <= held[setting].value);
        }

        // Two layers of multiplexers, a register behind each.
        constant!(nothing <= Bits::<32>::default());
        for (i, value) in this._constants.clone().into_iter().enumerate() {
            constant!(fixed[i] <= value.1.to_bits::<32>());
        }
        wire!(place.clock <= clock);
        wire!(place.d <= lite.read_index);
        for group in 0..this.near.len() {
            wire!(near[group].lane <= lite.read_index);
            for i in 0..GROUP {
                let register = u32::try_from(4 * (GROUP * group + i)).ok().and_then(Register::at);
                let fixed = this._constants.iter().position(|(at, _)| Some(*at) == register);
                match (register, fixed) {
                    (_, Some(fixed)) => wire!(near[group].x[i] <= fixed[fixed]),
                    (Some(at), None) if is_setting(at.access()) => {
                        wire!(near[group].x[i] <= held[setting(at)].value);
                    }
                    (Some(at), None) if is_live(at.access()) => {
                        wire!(near[group].x[i] <= live[live(at)]);
                    }
                    _ => wire!(near[group].x[i] <= nothing),
                }
            }
            wire!(middle[group].clock <= clock);
            wire!(middle[group].d <= near[group].y[0]);
            wire!(far.x[group] <= middle[group].q);
        }
        wire!(far.lane <= place.q);
        wire!(value.clock <= clock);
        wire!(value.d <= far.y[0]);
        wire!(lite.read_data <= value.q);
    }
}

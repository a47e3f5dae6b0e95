//! Where the card's ports are among its inputs and outputs.

use gyrus_hdl::verilate::CardLibrary;
use std::collections::HashMap;
use thiserror::Error;

/// The design has no such port.
#[derive(Debug, Error)]
#[error("the card has no port '{0}'")]
pub struct NoPort(String);

/// Inputs of a cycle.
pub(super) struct Pins<'a>(pub(super) &'a mut [u64]);

impl Pins<'_> {
    pub(super) fn put(&mut self, pin: usize, word: u64) {
        self.0[pin] = word;
    }

    pub(super) fn set(&mut self, pin: usize, level: bool) {
        self.0[pin] = level.into();
    }
}

/// Ports by name.
pub(super) struct Ports {
    inputs: HashMap<String, usize>,
    outputs: HashMap<String, usize>,
}

fn numbered(names: &[String]) -> HashMap<String, usize> {
    let pairs = names.iter().enumerate();
    pairs.map(|(i, name)| (name.clone(), i)).collect()
}

impl Ports {
    pub(super) fn new(library: &CardLibrary) -> Self {
        Self {
            inputs: numbered(library.inputs()),
            outputs: numbered(library.outputs()),
        }
    }

    pub(super) fn input(&self, name: &str) -> Result<usize, NoPort> {
        let found = self.inputs.get(name).copied();
        found.ok_or_else(|| NoPort(name.to_owned()))
    }

    pub(super) fn output(&self, name: &str) -> Result<usize, NoPort> {
        let found = self.outputs.get(name).copied();
        found.ok_or_else(|| NoPort(name.to_owned()))
    }
}

/// BAR0.
#[derive(Debug)]
pub(super) struct LitePins {
    pub(super) awaddr: usize,
    pub(super) awvalid: usize,
    pub(super) awready: usize,
    pub(super) wdata: usize,
    pub(super) wstrb: usize,
    pub(super) wvalid: usize,
    pub(super) wready: usize,
    pub(super) bresp: usize,
    pub(super) bvalid: usize,
    pub(super) bready: usize,
    pub(super) araddr: usize,
    pub(super) arvalid: usize,
    pub(super) arready: usize,
    pub(super) rdata: usize,
    pub(super) rresp: usize,
    pub(super) rvalid: usize,
    pub(super) rready: usize,
}

impl LitePins {
    pub(super) fn new(ports: &Ports) -> Result<Self, NoPort> {
        let input = |name: &str| ports.input(&format!("s_axil_{name}"));
        let output = |name: &str| ports.output(&format!("s_axil_{name}"));
        Ok(Self {
            awaddr: input("awaddr")?,
            awvalid: input("awvalid")?,
            awready: output("awready")?,
            wdata: input("wdata")?,
            wstrb: input("wstrb")?,
            wvalid: input("wvalid")?,
            wready: output("wready")?,
            bresp: output("bresp")?,
            bvalid: output("bvalid")?,
            bready: input("bready")?,
            araddr: input("araddr")?,
            arvalid: input("arvalid")?,
            arready: output("arready")?,
            rdata: output("rdata")?,
            rresp: output("rresp")?,
            rvalid: output("rvalid")?,
            rready: input("rready")?,
        })
    }
}

/// Reads of one channel.
#[derive(Debug)]
pub(super) struct ReadPins {
    /// The bus, and the channel if it has several.
    pub(super) name: String,
    pub(super) araddr: usize,
    pub(super) arlen: usize,
    pub(super) arvalid: usize,
    pub(super) arready: usize,
    pub(super) rdata: Vec<usize>,
    pub(super) rresp: usize,
    pub(super) rlast: Option<usize>,
    pub(super) rvalid: usize,
    pub(super) rready: usize,
}

impl ReadPins {
    /// Of a bus of one word.
    pub(super) fn narrow(ports: &Ports, bus: &str) -> Result<Self, NoPort> {
        let input = |name: &str| ports.input(&format!("{bus}_{name}"));
        let output = |name: &str| ports.output(&format!("{bus}_{name}"));
        Ok(Self {
            name: format!("{bus} (reads)"),
            araddr: output("araddr")?,
            arlen: output("arlen")?,
            arvalid: output("arvalid")?,
            arready: input("arready")?,
            rdata: vec![input("rdata")?],
            rresp: input("rresp")?,
            rlast: Some(input("rlast")?),
            rvalid: input("rvalid")?,
            rready: output("rready")?,
        })
    }

    /// Of a channel of several words.
    pub(super) fn wide(
        ports: &Ports,
        bus: &str,
        channel: usize,
        words: usize,
    ) -> Result<Self, NoPort> {
        let input = |name: &str, i: usize| ports.input(&format!("{bus}_{name}__{i}"));
        let output = |name: &str, i: usize| ports.output(&format!("{bus}_{name}__{i}"));
        let rdata = (channel * words..(channel + 1) * words).map(|word| input("rdata", word));
        Ok(Self {
            name: format!("{bus}[{channel}]"),
            araddr: output("araddr", channel)?,
            arlen: ports.output(&format!("{bus}_arlen"))?,
            arvalid: output("arvalid", channel)?,
            arready: input("arready", channel)?,
            rdata: rdata.collect::<Result<_, _>>()?,
            rresp: input("rresp", channel)?,
            rlast: None,
            rvalid: input("rvalid", channel)?,
            rready: output("rready", channel)?,
        })
    }
}

/// Writes of a bus of one word.
#[derive(Debug)]
pub(super) struct WritePins {
    /// The bus.
    pub(super) name: String,
    pub(super) awaddr: usize,
    pub(super) awlen: usize,
    pub(super) awvalid: usize,
    pub(super) awready: usize,
    pub(super) wdata: usize,
    pub(super) wstrb: usize,
    pub(super) wlast: usize,
    pub(super) wvalid: usize,
    pub(super) wready: usize,
    pub(super) bresp: usize,
    pub(super) bvalid: usize,
    pub(super) bready: usize,
}

impl WritePins {
    pub(super) fn new(ports: &Ports, bus: &str) -> Result<Self, NoPort> {
        let input = |name: &str| ports.input(&format!("{bus}_{name}"));
        let output = |name: &str| ports.output(&format!("{bus}_{name}"));
        Ok(Self {
            name: format!("{bus} (writes)"),
            awaddr: output("awaddr")?,
            awlen: output("awlen")?,
            awvalid: output("awvalid")?,
            awready: input("awready")?,
            wdata: output("wdata")?,
            wstrb: output("wstrb")?,
            wlast: output("wlast")?,
            wvalid: output("wvalid")?,
            wready: input("wready")?,
            bresp: input("bresp")?,
            bvalid: input("bvalid")?,
            bready: output("bready")?,
        })
    }
}

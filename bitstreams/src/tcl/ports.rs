//! The ports of the block design's Verilog: one for every signal of its interfaces, named as the vendor's tools do.

use super::TclError;
use super::design::{BusPort, Design};
use super::list::{Direction, Driver, List, Mode, Pads, Properties, holds};

/// A port of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Whether the module drives it.
    pub output: bool,
    /// Whether both sides drive it.
    pub inout: bool,
    /// Bits.
    pub width: usize,
}

/// A port that goes to the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The port's name.
    pub port: String,
    /// Bits.
    pub width: usize,
    /// Whether it is a pin of transceivers, or another that has no standard to choose.
    pub transceiver: bool,
    /// Whether the core behind has the constraints of its clock.
    pub timed: bool,
}

impl Pin {
    /// The names of its bits.
    #[must_use]
    pub fn bits(&self) -> Vec<String> {
        match self.width {
            1 => vec![self.port.clone()],
            width => (0..width)
                .map(|bit| format!("{}[{bit}]", self.port))
                .collect(),
        }
    }
}

/// What the card is connected by: platform.tcl.
fn is_of_card(name: &str) -> bool {
    let buses = ["M_AXIL", "S_HOST", "S_CARD"];
    let channels = ["S_KEY_", "S_KSK_"];
    let wires = ["card_clock", "card_aresetn", "irq"];
    buses.contains(&name)
        || wires.contains(&name)
        || channels.iter().any(|channel| name.starts_with(channel))
}

/// The kind of clocks that may belong to transceivers.
const CLOCK: &str = "xilinx.com:interface:diff_clock_rtl:1.0";
/// The transceivers themselves.
const TRANSCEIVERS: &str = "xilinx.com:interface:pcie_7x_mgt_rtl:1.0";

/// All ports, and which of them go to the board.
pub(super) fn expand(list: &List, design: &Design) -> Result<(Vec<Port>, Vec<Pin>), TclError> {
    let mut ports = Vec::new();
    let mut pins = Vec::new();
    let mut add = |of: &str, port: Port, transceiver: bool, pads: Option<Pads>| {
        if !is_of_card(of) && pads != Some(Pads::Fixed) {
            pins.push(Pin {
                port: port.name.clone(),
                width: port.width,
                transceiver: transceiver || pads.is_some(),
                timed: pads.is_some(),
            });
        }
        ports.push(port);
    };
    for (name, port) in &design.bus_ports {
        let object = format!("port '{name}'");
        let nothing = || TclError::Nothing(object.clone());
        let interface = list.interface(&port.vlnv).ok_or_else(nothing)?;
        let behind = behind(design, name);
        let transceiver = port.vlnv == TRANSCEIVERS
            || port.vlnv == CLOCK
                && behind
                    .and_then(|(cell, _)| design.cells.get(cell)?.properties.get("C_BUF_TYPE"))
                    .is_some_and(|kind| kind == "IBUFDSGTE");
        let pads = behind.and_then(|(cell, pin)| {
            let cell = design.cells.get(cell)?;
            cell.shape.interfaces.get(pin)?.pads
        });
        let lanes = behind.and_then(|(cell, pin)| {
            let cell = design.cells.get(cell)?;
            let lanes = cell.shape.interfaces.get(pin)?.lanes.as_ref()?;
            cell.properties.get(lanes)
        });
        for signal in &interface.signals {
            if holds(&object, &signal.when, None, &port.properties)? {
                let here = Port {
                    name: format!("{name}_{}", signal.name),
                    output: signal.by != Driver::Both
                        && (signal.by == Driver::Master) == (port.mode == Mode::Master),
                    inout: signal.by == Driver::Both,
                    width: width(&object, &signal.width, port, lanes)?,
                };
                add(name, here, transceiver, pads);
            }
        }
    }
    for (name, port) in &design.ports {
        let here = Port {
            name: name.clone(),
            output: port.direction == Direction::Out,
            inout: false,
            width: port.width,
        };
        add(name, here, false, None);
    }
    Ok((ports, pins))
}

/// The cell and the interface that a port is connected to.
fn behind<'a>(design: &'a Design, name: &str) -> Option<(&'a str, &'a str)> {
    design.buses.iter().find_map(|(first, second)| {
        let other = if first == name {
            second
        } else if second == name {
            first
        } else {
            return None;
        };
        other.split_once('/')
    })
}

fn width(
    object: &str,
    width: &str,
    port: &BusPort,
    lanes: Option<&String>,
) -> Result<usize, TclError> {
    let value = |property: &str, properties: &Properties| {
        let value = match property {
            "lanes" => lanes.map(|lanes| lanes.trim_start_matches('X')),
            _ => properties.get(property).map(String::as_str),
        };
        value
            .and_then(|value| value.parse::<usize>().ok())
            .ok_or_else(|| TclError::Unset {
                object: object.to_owned(),
                property: property.to_owned(),
            })
    };
    if let Ok(number) = width.parse() {
        return Ok(number);
    }
    match width.split_once('/') {
        Some((property, divisor)) => {
            let divisor: usize = divisor
                .parse()
                .map_err(|_| TclError::Pattern(width.to_owned()))?;
            Ok(value(property, &port.properties)? / divisor.max(1))
        }
        None => value(width, &port.properties),
    }
}

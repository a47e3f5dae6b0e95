//! The block design that scripts make: cells, ports, nets, buses, addresses. Names of objects are checked here.

use super::TclError;
use super::list::{Direction, List, Mode, PinKind, Properties, Shape, allow, allow_all};
use super::record::{Call, object};
use std::collections::BTreeMap;

/// More than the bits of any vector.
const MOST_BITS: usize = 1 << 12;

/// A cell.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// The IP's VLNV, or the module's name.
    pub(super) ip: String,
    pub(super) properties: Properties,
    /// Whether slaves are reached through it.
    pub(super) passes: bool,
    /// Whether that depends on what the slaves' pins are joined to.
    pub(super) network: bool,
    pub(super) shape: Shape,
}

/// A port of one signal.
#[derive(Debug)]
pub(super) struct SignalPort {
    /// As the design sees it.
    pub(super) direction: Direction,
    pub(super) kind: PinKind,
    /// Bits.
    pub(super) width: usize,
}

/// A port of an interface.
#[derive(Debug)]
pub(super) struct BusPort {
    pub(super) mode: Mode,
    pub(super) vlnv: String,
    pub(super) properties: Properties,
}

/// Where a segment lies for a master.
#[derive(Debug)]
pub(super) struct Assignment {
    pub(super) space: String,
    pub(super) segment: String,
    pub(super) offset: u128,
    pub(super) bytes: u128,
}

/// All of a block design. Ends of nets and buses are 'cell/pin' or a port's name.
#[derive(Debug, Default)]
pub(super) struct Design {
    pub(super) cells: BTreeMap<String, Cell>,
    pub(super) ports: BTreeMap<String, SignalPort>,
    pub(super) bus_ports: BTreeMap<String, BusPort>,
    pub(super) nets: Vec<Vec<String>>,
    pub(super) buses: Vec<(String, String)>,
    pub(super) assignments: Vec<Assignment>,
    /// Properties of interfaces and pins of cells: 'cell/pin'.
    pub(super) pin_properties: BTreeMap<String, Properties>,
}

impl Design {
    /// The design that these calls make.
    pub(super) fn new(list: &List, calls: &[Call]) -> Result<Self, TclError> {
        let mut design = Self::default();
        for call in calls {
            design.follow(list, call)?;
        }
        for (name, cell) in &mut design.cells {
            let object = format!("cell '{name}'");
            let ip = list.ip(&cell.ip).ok_or_else(|| TclError::Ip {
                cell: name.clone(),
                ip: cell.ip.clone(),
            })?;
            cell.passes = ip.passes;
            cell.network = ip.network;
            let properties = std::mem::take(&mut cell.properties);
            let parts = properties
                .iter()
                .flat_map(|(name, value)| ip.split(name, value));
            cell.properties = parts.collect();
            cell.shape = ip.shape(&object, &cell.properties)?;
        }
        for (name, port) in &design.bus_ports {
            let object = format!("port '{name}'");
            let interface = list.interface(&port.vlnv).ok_or_else(|| TclError::Value {
                object: object.clone(),
                property: "-vlnv".to_owned(),
                value: port.vlnv.clone(),
                allowed: "an interface of the list".to_owned(),
            })?;
            allow_all(&object, &interface.properties, &port.properties)?;
        }
        Ok(design)
    }

    fn follow(&mut self, list: &List, call: &Call) -> Result<(), TclError> {
        match call.command.as_str() {
            "create_bd_cell" => {
                let ip = match call.option("-type")? {
                    "ip" => call.option("-vlnv")?,
                    "module" => call.option("-reference")?,
                    other => return Err(call.error(format!("no type '{other}'"))),
                };
                let name = call.word(0)?.to_owned();
                let cell = Cell {
                    ip: ip.to_owned(),
                    ..Cell::default()
                };
                if self.cells.insert(name.clone(), cell).is_some() {
                    return Err(call.error(format!("cell '{name}' is there already")));
                }
            }
            "create_bd_port" => {
                let direction = match call.option("-dir")? {
                    "I" => Direction::In,
                    "O" => Direction::Out,
                    other => return Err(call.error(format!("no direction '{other}'"))),
                };
                let kind = match call.options.get("-type").and_then(|list| list.first()) {
                    None => PinKind::Data,
                    Some(kind) if kind == "clk" => PinKind::Clock,
                    Some(kind) if kind == "rst" => PinKind::Reset,
                    Some(other) => return Err(call.error(format!("no type '{other}'"))),
                };
                let bound = |option| match call.options.get(option).and_then(|list| list.first()) {
                    None => Ok(0),
                    Some(text) => text
                        .parse::<usize>()
                        .map_err(|_| call.error(format!("{option} is '{text}'"))),
                };
                let (from, to) = (bound("-from")?, bound("-to")?);
                if to != 0 || from >= MOST_BITS {
                    return Err(call.error(format!("no vector from {from} to {to}")));
                }
                let port = SignalPort {
                    direction,
                    kind,
                    width: from + 1,
                };
                self.ports.insert(call.word(0)?.to_owned(), port);
            }
            "create_bd_intf_port" => {
                let mode = match call.option("-mode")? {
                    "Master" => Mode::Master,
                    "Slave" => Mode::Slave,
                    other => return Err(call.error(format!("no mode '{other}'"))),
                };
                let port = BusPort {
                    mode,
                    vlnv: call.option("-vlnv")?.to_owned(),
                    properties: Properties::new(),
                };
                self.bus_ports.insert(call.word(0)?.to_owned(), port);
            }
            "set_property" => self.set(list, call)?,
            "connect_bd_net" => {
                let ends = call.arguments.iter().flatten();
                let ends = ends.map(|end| object(end).1.to_owned()).collect();
                self.nets.push(ends);
            }
            "connect_bd_intf_net" => {
                let (first, second) = (object(call.word(0)?).1, object(call.word(1)?).1);
                self.buses.push((first.to_owned(), second.to_owned()));
            }
            "assign_bd_address" => {
                let number = |option| {
                    let text = call.option(option)?;
                    let digits = text.strip_prefix("0x").unwrap_or(text);
                    u128::from_str_radix(digits, 16)
                        .map_err(|_| call.error(format!("{option} is '{text}'")))
                };
                self.assignments.push(Assignment {
                    space: object(call.option("-target_address_space")?).1.to_owned(),
                    segment: object(call.word(0)?).1.to_owned(),
                    offset: number("-offset")?,
                    bytes: number("-range")?,
                });
            }
            _ => (),
        }
        Ok(())
    }

    fn set(&mut self, list: &List, call: &Call) -> Result<(), TclError> {
        let dictionary = call.options.contains_key("-dict");
        let pairs: Vec<(&str, String)> = if dictionary {
            let words = call.list(0).chunks_exact(2);
            words
                .map(|pair| (pair[0].as_str(), pair[1].clone()))
                .collect()
        } else {
            vec![(call.word(0)?, call.list(1).join(" "))]
        };
        let targets = call.list(if dictionary { 1 } else { 2 });
        if targets.is_empty() {
            return Err(call.error("it sets properties of nothing".to_owned()));
        }
        for target in targets {
            let (kind, name) = object(target);
            for (property, value) in &pairs {
                self.set_one(list, (kind, name), property, value)?;
            }
        }
        Ok(())
    }

    fn set_one(
        &mut self,
        list: &List,
        (kind, name): (&str, &str),
        property: &str,
        value: &str,
    ) -> Result<(), TclError> {
        let described = format!("{} '{name}'", kind.replace('_', " "));
        let nothing = || TclError::Nothing(described.clone());
        let configured = property.strip_prefix("CONFIG.");
        let properties = match (kind, configured) {
            ("cell", Some(_)) => &mut self.cells.get_mut(name).ok_or_else(nothing)?.properties,
            ("interface_port", Some(_)) => {
                &mut self.bus_ports.get_mut(name).ok_or_else(nothing)?.properties
            }
            _ => {
                let known = list.object_properties.iter();
                let mut known = known.filter(|known| known.object == kind);
                let known = known.find(|known| known.name == property);
                let known = known.ok_or_else(|| TclError::Property {
                    object: described.clone(),
                    property: property.to_owned(),
                })?;
                allow(&described, property, value, &known.values)?;
                if !name.contains('/') {
                    return Ok(());
                }
                self.pin_properties.entry(name.to_owned()).or_default()
            }
        };
        let property = configured.unwrap_or(property);
        properties.insert(property.to_owned(), value.to_owned());
        Ok(())
    }
}

//! The list of what the vendor's tools know: bitstreams/vendor/, which says what its keys mean.

use super::TclError;
use regex::Regex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The names and values that were set.
pub(super) type Properties = BTreeMap<String, String>;

/// All of it.
#[derive(Debug)]
pub(super) struct List {
    pub(super) commands: Vec<Command>,
    pub(super) object_properties: Vec<ObjectProperty>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) ips: Vec<Ip>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Command {
    pub(super) name: String,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    values: Vec<String>,
    arguments: [usize; 2],
    returns: Option<String>,
    #[serde(default)]
    xdc: bool,
    pub(super) source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectProperty {
    pub(super) object: String,
    pub(super) name: String,
    pub(super) values: String,
    pub(super) source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interface {
    pub(super) vlnv: String,
    pub(super) source: String,
    pub(super) properties: Properties,
    pub(super) signals: Vec<Signal>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signal {
    pub(super) name: String,
    pub(super) by: Driver,
    pub(super) width: String,
    #[serde(default)]
    pub(super) when: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    Master,
    Slave,
}

/// Who drives a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Driver {
    Master,
    Slave,
    Both,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ip {
    vlnv: Option<String>,
    reference: Option<String>,
    pub(super) sources: Vec<String>,
    /// Whether slaves are reached through it.
    #[serde(default)]
    pub(super) passes: bool,
    #[serde(default)]
    properties: Properties,
    /// What is in properties that have parts.
    #[serde(default)]
    parts: BTreeMap<String, Properties>,
    /// Whether it is a network, whose slaves reach what they are joined to.
    #[serde(default)]
    pub(super) network: bool,
    #[serde(default)]
    interfaces: Vec<IpInterface>,
    #[serde(default)]
    pins: Vec<IpPin>,
    #[serde(default)]
    segments: Vec<IpSegment>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IpInterface {
    name: String,
    mode: Mode,
    vlnv: String,
    lanes: Option<String>,
    #[serde(default)]
    optional: bool,
    pads: Option<Pads>,
    from: Option<usize>,
    to: Option<usize>,
    #[serde(default)]
    when: Vec<String>,
}

/// Pins of the board that a core has rules of its own for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pads {
    /// The device has them in one place.
    Fixed,
    /// They have a place, but no standard.
    Plain,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IpPin {
    name: String,
    direction: Direction,
    kind: PinKind,
    #[serde(default = "one")]
    width: usize,
    #[serde(default)]
    optional: bool,
    from: Option<usize>,
    to: Option<usize>,
    #[serde(default)]
    when: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    In,
    Out,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PinKind {
    Clock,
    Reset,
    Data,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IpSegment {
    interface: String,
    map: Option<String>,
    name: String,
    count: Option<usize>,
    bytes: Option<u128>,
}

/// What a cell has, with the properties that were set.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) pins: BTreeMap<String, PinShape>,
    pub(super) interfaces: BTreeMap<String, InterfaceShape>,
}

#[derive(Debug)]
pub(super) struct PinShape {
    pub(super) direction: Direction,
    pub(super) kind: PinKind,
    pub(super) width: usize,
    pub(super) optional: bool,
}

#[derive(Debug)]
pub(super) struct InterfaceShape {
    pub(super) mode: Mode,
    pub(super) vlnv: String,
    /// The property with the lanes of a link.
    pub(super) lanes: Option<String>,
    /// Whether it may be left open.
    pub(super) optional: bool,
    /// What is special about its pins of the board.
    pub(super) pads: Option<Pads>,
    /// A slave's segments, 'map/segment', with their bytes where these are given.
    pub(super) segments: Vec<(String, Option<u128>)>,
}

fn one() -> usize {
    1
}

fn parse<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<T, TclError> {
    toml::from_str(text).map_err(|source| TclError::List {
        file,
        source: Box::new(source),
    })
}

impl List {
    /// The list that is part of the program.
    pub(super) fn load() -> Result<Self, TclError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Commands {
            command: Vec<Command>,
            property: Vec<ObjectProperty>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Interfaces {
            interface: Vec<Interface>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Ips {
            ip: Vec<Ip>,
        }
        let commands: Commands = parse(
            "vendor/commands.toml",
            include_str!("../../vendor/commands.toml"),
        )?;
        let interfaces: Interfaces = parse(
            "vendor/interfaces.toml",
            include_str!("../../vendor/interfaces.toml"),
        )?;
        let ips: Ips = parse("vendor/ips.toml", include_str!("../../vendor/ips.toml"))?;
        let list = Self {
            commands: commands.command,
            object_properties: commands.property,
            interfaces: interfaces.interface,
            ips: ips.ip,
        };
        match list.without_source() {
            Some(name) => Err(TclError::Source(name)),
            None => Ok(list),
        }
    }

    /// An entry that does not say where it was seen.
    fn without_source(&self) -> Option<String> {
        let commands = self.commands.iter();
        let commands = commands.map(|known| (&known.name, known.source.as_str()));
        let properties = self.object_properties.iter();
        let properties = properties.map(|known| (&known.name, known.source.as_str()));
        let interfaces = self.interfaces.iter();
        let interfaces = interfaces.map(|known| (&known.vlnv, known.source.as_str()));
        let ips = self.ips.iter().filter_map(|known| {
            let name = known.vlnv.as_ref().or(known.reference.as_ref())?;
            Some((name, known.sources.first().map_or("", String::as_str)))
        });
        let mut entries = commands.chain(properties).chain(interfaces).chain(ips);
        let bare = entries.find(|(_, source)| source.trim().is_empty());
        bare.map(|(name, _)| name.clone())
    }

    /// The commands as the recording stub takes them.
    pub(super) fn for_recorder(&self) -> String {
        let mut text = String::new();
        for command in &self.commands {
            let [least, most] = command.arguments;
            let (flags, values) = (command.flags.join(" "), command.values.join(" "));
            let returns = command.returns.as_deref().unwrap_or_default();
            let xdc = u8::from(command.xdc);
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "command {} {{{flags}}} {{{values}}} {least} {most} {{{returns}}} {xdc}",
                command.name
            );
        }
        text
    }

    pub(super) fn interface(&self, vlnv: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|known| known.vlnv == vlnv)
    }

    /// By an IP's VLNV, or the name of a module of ours.
    pub(super) fn ip(&self, name: &str) -> Option<&Ip> {
        self.ips
            .iter()
            .find(|ip| [&ip.vlnv, &ip.reference].contains(&&Some(name.to_owned())))
    }
}

/// Checks a value against the pattern of all that it may be.
pub(super) fn allow(
    object: &str,
    property: &str,
    value: &str,
    pattern: &str,
) -> Result<(), TclError> {
    let whole = Regex::new(&format!("^(?:{pattern})$"));
    let whole = whole.map_err(|_| TclError::Pattern(pattern.to_owned()))?;
    if whole.is_match(value) {
        return Ok(());
    }
    Err(TclError::Value {
        object: object.to_owned(),
        property: property.to_owned(),
        value: value.to_owned(),
        allowed: pattern.to_owned(),
    })
}

/// Checks properties, all that were set.
pub(super) fn allow_all(
    object: &str,
    known: &Properties,
    set: &Properties,
) -> Result<(), TclError> {
    for (property, value) in set {
        let pattern = known
            .iter()
            .find(|(name, _)| *name == property || numbers(name, property))
            .map(|(_, pattern)| pattern)
            .ok_or_else(|| TclError::Property {
                object: object.to_owned(),
                property: property.clone(),
            })?;
        allow(object, property, value, pattern)?;
    }
    Ok(())
}

/// Whether a name is a template with a number of two digits in it.
fn numbers(template: &str, name: &str) -> bool {
    (0..100).any(|number| template.contains('#') && numbered(template, Some(number)) == name)
}

/// A template with its number.
fn numbered(template: &str, number: Option<usize>) -> String {
    match number {
        Some(number) => template
            .replace("##", &format!("{number:02}"))
            .replace('#', &number.to_string()),
        None => template.to_owned(),
    }
}

/// The elements of a list of Tcl's, whose braces go in pairs.
pub(super) fn words(list: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut depth = 0_usize;
    for letter in list.chars() {
        match letter {
            ' ' if depth == 0 => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => (),
        }
        word.push(letter);
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    let bare = |word: &String| {
        let inner = word
            .strip_prefix('{')
            .and_then(|word| word.strip_suffix('}'));
        inner.unwrap_or(word).to_owned()
    };
    words.iter().map(bare).collect()
}

/// The numbers that a template stands for.
fn range(from: Option<usize>, to: Option<usize>) -> Vec<Option<usize>> {
    match (from, to) {
        (Some(from), Some(to)) => (from..=to).map(Some).collect(),
        _ => vec![None],
    }
}

/// Whether all conditions hold.
pub(super) fn holds(
    object: &str,
    when: &[String],
    number: Option<usize>,
    set: &Properties,
) -> Result<bool, TclError> {
    for condition in when {
        let condition = numbered(condition, number);
        let mut words = condition.split(' ');
        let (Some(property), Some(relation), Some(wanted)) =
            (words.next(), words.next(), words.next())
        else {
            return Err(TclError::Pattern(condition));
        };
        let value = set.get(property).ok_or_else(|| TclError::Unset {
            object: object.to_owned(),
            property: property.to_owned(),
        })?;
        let number = |text: &str| {
            text.parse::<u64>()
                .map_err(|_| TclError::Pattern(condition.clone()))
        };
        let ok = match relation {
            "=" => value == wanted,
            ">" => number(value)? > number(wanted)?,
            ">=" => number(value)? >= number(wanted)?,
            _ => return Err(TclError::Pattern(condition)),
        };
        if !ok {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Ip {
    /// What a cell of it has. `object` is the cell, for errors.
    pub(super) fn shape(&self, object: &str, set: &Properties) -> Result<Shape, TclError> {
        let known = self.parts.iter().flat_map(|(property, parts)| {
            let part = move |(name, value): (&String, &String)| {
                (format!("{property}.{name}"), value.clone())
            };
            parts.iter().map(part)
        });
        let known = known.chain(self.properties.clone()).collect();
        allow_all(object, &known, set)?;
        let mut shape = Shape::default();
        for pin in &self.pins {
            for number in range(pin.from, pin.to) {
                if holds(object, &pin.when, number, set)? {
                    let here = PinShape {
                        direction: pin.direction,
                        kind: pin.kind,
                        width: pin.width,
                        optional: pin.optional,
                    };
                    shape.pins.insert(numbered(&pin.name, number), here);
                }
            }
        }
        for interface in &self.interfaces {
            for number in range(interface.from, interface.to) {
                if holds(object, &interface.when, number, set)? {
                    let name = numbered(&interface.name, number);
                    let segments = self.segments(&interface.name, &name);
                    let here = InterfaceShape {
                        mode: interface.mode,
                        vlnv: interface.vlnv.clone(),
                        lanes: interface.lanes.clone(),
                        optional: interface.optional,
                        pads: interface.pads,
                        segments,
                    };
                    shape.interfaces.insert(name, here);
                }
            }
        }
        Ok(shape)
    }

    /// A property as it was set; or its parts, if it has any.
    pub(super) fn split(&self, property: &str, value: &str) -> Vec<(String, String)> {
        if !self.parts.contains_key(property) {
            return vec![(property.to_owned(), value.to_owned())];
        }
        let words = words(value);
        let pairs = words.chunks(2).map(|pair| {
            let value = pair.get(1).cloned().unwrap_or_default();
            (format!("{property}.{}", pair[0]), value)
        });
        pairs.collect()
    }

    /// The segments of an interface, by the name that it has in the list and the one that it has here.
    fn segments(&self, interface: &str, name: &str) -> Vec<(String, Option<u128>)> {
        let here = self.segments.iter().filter(|s| s.interface == interface);
        here.flat_map(|segment| {
            (0..segment.count.unwrap_or(1)).map(|number| {
                let map = segment.map.as_deref().unwrap_or(name);
                let segment_name = segment.name.replace("@@", &format!("{number:02}"));
                (format!("{map}/{segment_name}"), segment.bytes)
            })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests;

//! A board's top module: the emitted card, the vendor's platform around it, and wires between.
//!
//! The card has the signals of its buses that change; a platform's bus has all that AXI4 knows. What the card
//! leaves out is constant: bursts that count up, of the full width, in order, with one ID
//! ([`gyrus_hdl::bus`]'s section on AXI). What else the platform has goes to the board's pins, by the same names.
//!
//! | bus of the platform | what it carries | signals of the card |
//! |---|---|---|
//! | `M_AXIL` | BAR0, from the host | `s_axil_*` |
//! | `S_HOST` | to host memory | `m_host_*` |
//! | `S_CARD` | to card memory, any of it | `m_card_*` |
//! | `S_KEY_00`, .. | bootstrapping key, a channel each | `m_key_*` |
//! | `S_KSK_00`, .. | key switching key, a channel each | `m_keyswitch_*` |
//!
//! `card_clock` and `card_aresetn` come from the platform, `irq` goes there.

use crate::tcl::Port;
use gyrus_interface::card::Channels;
use std::collections::BTreeMap;
use std::fmt::Write;
use thiserror::Error;

/// Words of 64 bits.
const WORD_BITS: usize = 64;

/// Why there is no top module.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WrapperError {
    /// The platform lacks a signal.
    #[error("the platform has no port '{0}'")]
    Missing(String),
    /// The platform asks for a signal that nobody has.
    #[error("nothing drives port '{0}' of the platform")]
    Undriven(String),
    /// Both sides have a signal, of different widths or the same direction.
    #[error("port '{platform}' of the platform and '{card}' of the card do not fit: {why}")]
    Unfit {
        /// The platform's.
        platform: String,
        /// The card's.
        card: String,
        /// What is wrong.
        why: String,
    },
}

/// What a card is connected by.
#[derive(Debug, Clone)]
pub struct CardPorts {
    /// Its ports, as emitted.
    pub ports: Vec<Port>,
    /// How it reads the bootstrapping key.
    pub key: Channels,
    /// How it reads the key switching key.
    pub keyswitch: Channels,
}

/// Where the card's addresses lie on the platform's buses: what memories begin at, a power of two, or 0. The bit is
/// turned over, so that no two addresses of the card are one: what does not fit below ends where nothing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    /// Host memory on `S_HOST`.
    pub host: u64,
    /// Card memory on the buses to it.
    pub card: u64,
}

impl Places {
    /// A signal of the card's as the platform's bus has it.
    fn of(self, bus: &Bus, signal: &str, card: &Port) -> String {
        let base = match bus.platform.as_str() {
            "M_AXIL" => 0,
            "S_HOST" => self.host,
            _ => self.card,
        };
        if base == 0 || !signal.ends_with("addr") {
            return card.name.clone();
        }
        format!("{} ^ {}'h{base:x}", card.name, card.width)
    }
}

/// A bus: the platform's prefix, the card's, and of a key's bus the channel.
struct Bus {
    platform: String,
    card: &'static str,
    channel: Option<(usize, usize)>,
}

fn buses(card: &CardPorts) -> Vec<Bus> {
    let plain = |platform: &str, card| Bus {
        platform: platform.to_owned(),
        card,
        channel: None,
    };
    let channels = |platform: &'static str, card, channels: Channels| {
        (0..channels.count as usize).map(move |channel| Bus {
            platform: format!("{platform}_{channel:02}"),
            card,
            channel: Some((channel, channels.words as usize)),
        })
    };
    let mut buses = vec![
        plain("M_AXIL", "s_axil"),
        plain("S_HOST", "m_host"),
        plain("S_CARD", "m_card"),
    ];
    buses.extend(channels("S_KEY", "m_key", card.key));
    buses.extend(channels("S_KSK", "m_keyswitch", card.keyswitch));
    buses
}

/// What a signal is that the card leaves to the wrapper; of a bus whose data have so many bits.
fn constant(signal: &str, width: usize, data_bits: usize) -> Option<String> {
    let value = match signal.trim_start_matches("aw").trim_start_matches("ar") {
        "burst" => 1,
        "size" => (data_bits / 8).ilog2(),
        // Bufferable and modifiable: normal memory that nobody caches.
        "cache" => 3,
        "id" | "lock" | "prot" | "qos" | "region" | "user" => 0,
        _ => return None,
    };
    Some(format!("{width}'d{value}"))
}

/// The text of the top module.
///
/// # Errors
/// [`WrapperError`] if the two do not fit together.
pub fn top(
    name: &str,
    card: &CardPorts,
    platform: &[Port],
    places: Places,
) -> Result<String, WrapperError> {
    let of_card: BTreeMap<&str, &Port> = card.ports.iter().map(|p| (p.name.as_str(), p)).collect();
    let of_platform: BTreeMap<&str, &Port> =
        platform.iter().map(|p| (p.name.as_str(), p)).collect();
    let mut wires = Wires {
        platform: of_platform,
        places,
        ..Wires::default()
    };
    for (platform, card, from_card) in [
        ("card_clock", "clock", false),
        ("card_aresetn", "aresetn", false),
        ("irq", "irq", true),
    ] {
        let port = wires.port(platform)?;
        let other = of_card.get(card).copied();
        let other = other.ok_or_else(|| WrapperError::Missing(card.to_owned()))?;
        fits(&port, other.width, other, from_card)?;
        wires.join(&port, platform, card, from_card);
    }
    for bus in buses(card) {
        wires.bus(&bus, &of_card)?;
    }
    Ok(wires.text(name, card, platform))
}

fn fits(platform: &Port, width: usize, card: &Port, from_card: bool) -> Result<(), WrapperError> {
    let why = if platform.output == from_card {
        "both drive it, or neither"
    } else if card.output != from_card {
        "it goes the other way"
    } else if platform.width < width {
        "the platform's is narrower"
    } else if platform.width > width && from_card {
        "the platform's is wider"
    } else {
        return Ok(());
    };
    Err(WrapperError::Unfit {
        platform: platform.name.clone(),
        card: card.name.clone(),
        why: format!("{} and {width} bits, {why}", platform.width),
    })
}

#[derive(Default)]
struct Wires<'a> {
    platform: BTreeMap<&'a str, &'a Port>,
    places: Places,
    /// Ports of the platform that do not go to pins.
    inside: BTreeMap<String, Port>,
    /// Assignments between wires of both.
    assigns: String,
}

impl Wires<'_> {
    fn port(&self, name: &str) -> Result<Port, WrapperError> {
        let port = self.platform.get(name).copied().cloned();
        port.ok_or_else(|| WrapperError::Missing(name.to_owned()))
    }

    /// Two wires are one; what the platform has more of address bits is not looked at.
    fn join(&mut self, port: &Port, platform: &str, card: &str, from_card: bool) {
        self.inside.insert(port.name.clone(), port.clone());
        let _ = if from_card {
            writeln!(self.assigns, "    assign {platform} = {card};")
        } else {
            writeln!(self.assigns, "    assign {card} = {platform};")
        };
    }

    /// All signals of a bus, as the platform has them.
    fn bus(&mut self, bus: &Bus, card: &BTreeMap<&str, &Port>) -> Result<(), WrapperError> {
        let prefix = format!("{}_", bus.platform);
        let ports: Vec<Port> = self
            .platform
            .values()
            .filter(|port| port.name.starts_with(&prefix))
            .map(|port| (*port).clone())
            .collect();
        let data = self.port(&format!("{prefix}rdata"))?;
        for port in &ports {
            let signal = &port.name[prefix.len()..];
            let theirs = match bus.channel {
                Some((channel, _)) => card
                    .get(format!("{}_{signal}__{channel}", bus.card).as_str())
                    .or_else(|| card.get(format!("{}_{signal}", bus.card).as_str())),
                None => card.get(format!("{}_{signal}", bus.card).as_str()),
            };
            match (signal, bus.channel, theirs) {
                ("rdata", Some((channel, words)), Some(_)) => {
                    self.words(port, bus, channel, words, card)?;
                }
                (_, _, Some(theirs)) => {
                    fits(port, theirs.width, theirs, theirs.output)?;
                    let (top, wide) = (theirs.width - 1, port.width > theirs.width);
                    let ours = if wide {
                        format!("{}[{top}:0]", port.name)
                    } else {
                        port.name.clone()
                    };
                    let name = self.places.of(bus, signal, theirs);
                    self.join(port, &ours, &name, theirs.output);
                }
                // Nobody looks at it.
                (_, _, None) if port.output => {
                    self.inside.insert(port.name.clone(), port.clone());
                }
                (_, _, None) => {
                    let value = constant(signal, port.width, data.width)
                        .ok_or_else(|| WrapperError::Undriven(port.name.clone()))?;
                    self.join(port, &port.name, &value, true);
                }
            }
        }
        // Whatever the card has, the platform has to have.
        for port in card.values() {
            let signal = match bus.channel {
                Some((channel, _)) => {
                    let end = format!("__{channel}");
                    let signal = port.name.strip_prefix(&format!("{}_", bus.card));
                    let signal = signal.filter(|_| !port.name.contains("rdata"));
                    signal.and_then(|signal| signal.strip_suffix(&end))
                }
                None => port.name.strip_prefix(&format!("{}_", bus.card)),
            };
            if let Some(signal) = signal {
                self.port(&format!("{prefix}{signal}"))?;
            }
        }
        Ok(())
    }

    /// A channel's words.
    fn words(
        &mut self,
        port: &Port,
        bus: &Bus,
        channel: usize,
        words: usize,
        card: &BTreeMap<&str, &Port>,
    ) -> Result<(), WrapperError> {
        for word in 0..words {
            let name = format!("{}_rdata__{}", bus.card, channel * words + word);
            let theirs = card
                .get(name.as_str())
                .ok_or_else(|| WrapperError::Missing(name.clone()))?;
            fits(port, words * WORD_BITS, theirs, false)?;
            let (low, high) = (word * WORD_BITS, (word + 1) * WORD_BITS - 1);
            self.join(port, &format!("{}[{high}:{low}]", port.name), &name, false);
        }
        Ok(())
    }

    fn text(&self, name: &str, card: &CardPorts, platform: &[Port]) -> String {
        let pins: Vec<&Port> = platform
            .iter()
            .filter(|port| !self.inside.contains_key(&port.name))
            .collect();
        let range = |width: usize| match width {
            1 => String::new(),
            _ => format!("[{}:0] ", width - 1),
        };
        let direction = |port: &Port| match (port.inout, port.output) {
            (true, _) => "inout",
            (false, true) => "output",
            (false, false) => "input",
        };
        let pins: Vec<String> = pins
            .iter()
            .map(|pin| {
                format!(
                    "    {} wire {}{}",
                    direction(pin),
                    range(pin.width),
                    pin.name
                )
            })
            .collect();
        let wires = self.inside.values().chain(&card.ports);
        let wires: String = wires
            // A wire has one name: of the same on both sides there is one.
            .filter(|port| port.name != "irq" || !port.output)
            .map(|port| format!("    wire {}{};\n", range(port.width), port.name))
            .collect();
        let list = |ports: &[Port]| {
            let pins = ports
                .iter()
                .map(|port| format!("        .{0}({0})", port.name));
            pins.collect::<Vec<_>>().join(",\n")
        };
        let assigns = self.assigns.replace("    assign irq = irq;\n", "");
        let (pins, of_platform, of_card) = (pins.join(",\n"), list(platform), list(&card.ports));
        format!(
            "// The card on its board. Written by gyrus-bitstream.\n\
             `default_nettype none\n\n\
             module {name} (\n{pins}\n);\n\
             {wires}\n    platform platform_i (\n{of_platform}\n    );\n\n    \
             gyrus_card card (\n{of_card}\n    );\n\n{assigns}endmodule\n\n`default_nettype wire\n"
        )
    }
}

/// The platform as a black box, to elaborate the top module without the vendor's tools.
#[must_use]
pub fn black_box(platform: &[Port]) -> String {
    let ports: Vec<String> = platform
        .iter()
        .map(|port| {
            let direction = match (port.inout, port.output) {
                (true, _) => "inout",
                (false, true) => "output",
                (false, false) => "input",
            };
            format!("    {direction} wire [{}:0] {}", port.width - 1, port.name)
        })
        .collect();
    format!(
        "(* blackbox *)\nmodule platform (\n{}\n);\nendmodule\n",
        ports.join(",\n")
    )
}

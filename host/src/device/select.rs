//! Which device to use, and opening it.

use super::transport::device_error;
use super::{CardTransport, Device, Identity, Pool, PoolOptions, RingDevice, plan};
use crate::pcie::{self, Address, Function, Id, PcieError, PcieTransport, Roots};
use gyrus_interface::DeviceError;
use gyrus_interface::card::Capabilities;
use gyrus_sim::device::{CardOptions, ModelCard};
use gyrus_sim::model::Kernel;
use gyrus_sim::rtl::{CardParameters, Pace, RtlCard, RtlOptions};
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What the user asks for with `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// All cards that can be used, the simulator when there is none.
    #[default]
    Auto,
    /// The card at an address, or all that can be used.
    Pcie(Option<Address>),
    /// The embedded simulator (functional model).
    Model,
    /// The card's RTL, simulated by Verilator.
    Rtl,
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "pcie" => Ok(Self::Pcie(None)),
            "model" => Ok(Self::Model),
            "rtl" => Ok(Self::Rtl),
            _ => match text.strip_prefix("pcie:").map(str::parse) {
                Some(Ok(address)) => Ok(Self::Pcie(Some(address))),
                Some(Err(error)) => Err(PcieError::to_string(&error)),
                None => Err(format!(
                    "unknown device '{text}'; this version knows 'auto', 'pcie', 'pcie:ADDRESS', \
                     'model' and 'rtl'"
                )),
            },
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Pcie(None) => f.write_str("pcie"),
            Self::Pcie(Some(address)) => write!(f, "pcie:{address}"),
            Self::Model => f.write_str("model"),
            Self::Rtl => f.write_str("rtl"),
        }
    }
}

/// Lanes of the RTL unless said otherwise: built in a minute, some 100,000 cycles a second.
pub const RTL_LANES: usize = 8;

/// How to simulate the RTL.
#[derive(Debug, Clone)]
pub struct Rtl {
    /// Coefficients a cycle.
    pub lanes: usize,
    /// Where the simulation is built and kept.
    pub directory: PathBuf,
    /// A file for the waveform of everything, in GTKWave's format FST; slow, and large.
    pub trace: Option<PathBuf>,
    /// Keys go through the rings, as with a card, rather than straight into the simulated card memory: more than
    /// ten million cycles.
    pub upload_keys: bool,
    /// How fast host memory answers.
    pub host_memory: Pace,
    /// How fast each channel of card memory answers.
    pub card_memory: Pace,
    /// Counts the cycles done, for whoever shows progress.
    pub cycles: Arc<AtomicU64>,
}

impl Default for Rtl {
    /// In the user's cache directory, or that for temporary files if there is none.
    fn default() -> Self {
        let cache = dirs::cache_dir().unwrap_or_else(std::env::temp_dir);
        Self {
            lanes: RTL_LANES,
            directory: cache.join("gyrus").join("rtl"),
            trace: None,
            upload_keys: false,
            host_memory: Pace::HOST,
            card_memory: Pace::CARD,
            cycles: Arc::default(),
        }
    }
}

/// How to open a device.
#[derive(Debug, Clone, Default)]
pub struct DeviceOptions {
    /// Threads of the simulator; one per core when `None`.
    pub threads: Option<NonZeroUsize>,
    /// Arithmetic kernel of the simulator; the fastest this CPU runs when `None`.
    pub kernel: Option<Kernel>,
    /// Of the RTL.
    pub rtl: Rtl,
    /// IDs by which cards are found; if empty those that [`pcie::wanted`] names.
    pub pci_ids: Vec<Id>,
    /// Where the kernel shows PCI functions.
    pub roots: Roots,
}

/// Opens a device, which is silent about it if that is the simulator for want of a card.
///
/// # Errors
/// The device cannot be opened.
pub fn open(choice: DeviceChoice, options: DeviceOptions) -> Result<Box<dyn Device>, DeviceError> {
    open_or_note(choice, options, &mut |_| ())
}

/// Opens a device, and says in a line each which cards are not used and why, or why [`DeviceChoice::Auto`] does
/// without any.
///
/// # Errors
/// The device cannot be opened.
pub fn open_or_note(
    choice: DeviceChoice,
    options: DeviceOptions,
    note: &mut dyn FnMut(String),
) -> Result<Box<dyn Device>, DeviceError> {
    match choice {
        DeviceChoice::Auto => match cards(&options, note) {
            Ok(card) => Ok(card),
            Err(error) => {
                let why = match error {
                    DeviceError::Unavailable(why) => why,
                    error => error.to_string(),
                };
                note(format!("no card, using the simulator: {why}"));
                Ok(Box::new(model(options)?))
            }
        },
        DeviceChoice::Pcie(None) => cards(&options, note),
        DeviceChoice::Pcie(Some(address)) => {
            let ids = pcie::wanted(&options.pci_ids)?;
            open_card(&pcie::find(&options.roots, &ids, address)?)
        }
        DeviceChoice::Model => Ok(Box::new(model(options)?)),
        DeviceChoice::Rtl => Ok(Box::new(rtl(options.rtl)?)),
    }
}

/// A card that was found, and what became of it.
pub type OpenedCard = (Address, Result<Box<dyn Device>, DeviceError>);

/// Opens the cards that there are, one after the other as they are asked for.
///
/// # Errors
/// They cannot be looked for.
pub fn open_cards(
    options: &DeviceOptions,
) -> Result<impl Iterator<Item = OpenedCard> + use<>, DeviceError> {
    let functions = functions(options)?.into_iter();
    Ok(functions.map(|function| (function.address, open_card(&function))))
}

/// All cards that can be used, as one device.
fn cards(
    options: &DeviceOptions,
    note: &mut dyn FnMut(String),
) -> Result<Box<dyn Device>, DeviceError> {
    let (mut usable, mut others) = (Vec::new(), Vec::new());
    for (address, opened) in open_cards(options)? {
        match opened {
            Ok(card) => usable.push(card),
            Err(error) => others.push((address, error)),
        }
    }
    if usable.is_empty() {
        return Err(match others.into_iter().next() {
            Some((_, error)) => error,
            None => PcieError::NoCard(pcie::wanted(&options.pci_ids)?).into(),
        });
    }
    for (address, error) in others {
        note(format!("card {address} is left out: {error}"));
    }
    // One needs no threads around it.
    match <[_; 1]>::try_from(usable) {
        Ok([card]) => Ok(card),
        Err(several) => Ok(Box::new(Pool::new(several, PoolOptions::default())?)),
    }
}

fn functions(options: &DeviceOptions) -> Result<Vec<Function>, DeviceError> {
    let ids = pcie::wanted(&options.pci_ids)?;
    Ok(pcie::discover(&options.roots, &ids)?)
}

fn open_card(function: &Function) -> Result<Box<dyn Device>, DeviceError> {
    let transport = PcieTransport::open(function, plan::shared_bytes)?;
    Ok(Box::new(RingDevice::new(transport)?))
}

/// What there is to choose from.
#[derive(Debug)]
pub struct Listing {
    /// PCI functions that have the IDs of cards, and what each says of itself, or why it cannot be asked.
    pub cards: Vec<(Function, Result<Capabilities, DeviceError>)>,
    /// The simulator.
    pub simulator: Identity,
}

/// The devices that [`open`] can find on this machine. Cards are asked what they are; one that another
/// process uses is left alone.
///
/// # Errors
/// Cards cannot be looked for.
pub fn list(options: DeviceOptions) -> Result<Listing, DeviceError> {
    let cards = functions(&options)?.into_iter().map(|mut function| {
        let says = pcie::ask(&function);
        if let Ok(card) = &says {
            let bytes = plan::shared_bytes(card);
            let missing = function.without_memory(&options.roots, bytes);
            function.obstacles.extend(missing);
        }
        (function, says)
    });
    Ok(Listing {
        cards: cards.collect(),
        simulator: model(options)?.identity().clone(),
    })
}

fn model(options: DeviceOptions) -> Result<RingDevice<CardTransport>, DeviceError> {
    let kernel = options.kernel.unwrap_or_else(Kernel::best);
    let options = CardOptions {
        threads: options.threads,
        kernel,
        ..CardOptions::default()
    };
    let card = ModelCard::power_on(&options).map_err(device_error)?;
    RingDevice::new(CardTransport::new(Box::new(card)))
}

/// An error with everything that caused it.
fn unavailable(error: &dyn Error) -> DeviceError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    DeviceError::Unavailable(text)
}

fn rtl(options: Rtl) -> Result<RingDevice<CardTransport>, DeviceError> {
    let parameters =
        CardParameters::for_lanes(options.lanes).map_err(|error| unavailable(&error))?;
    // Small jobs, so that their progress shows.
    let parameters = CardParameters {
        max_batch: u32::try_from(parameters.core.slots).unwrap_or(1),
        ..parameters
    };
    let directory = options.directory.join(format!("{}-lanes", options.lanes));
    let card = RtlCard::power_on(&RtlOptions {
        host: options.host_memory,
        card: options.card_memory,
        trace: options.trace,
        cycles: options.cycles,
        ..RtlOptions::new(parameters, directory)
    })
    .map_err(|error| unavailable(&error))?;
    let transport = CardTransport::new(Box::new(card));
    RingDevice::new(if options.upload_keys {
        transport
    } else {
        transport.past_the_card()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pcie::fake::{AT, CARD, Machine};
    use gyrus_interface::registers::Register;

    #[test]
    fn choices_read_as_they_are_written() {
        for text in ["auto", "pcie", "pcie:0000:03:00.0", "model", "rtl"] {
            let choice: DeviceChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
        }
        assert_eq!(
            "pcie:03:00.0".parse(),
            AT.parse()
                .map(|at| DeviceChoice::Pcie(Some(at)))
                .map_err(|_| String::new())
        );
        for (text, part) in [
            ("pcie:3", "PCI address"),
            ("pcie:", "PCI address"),
            ("gpu", "'pcie:ADDRESS'"),
        ] {
            let error = text.parse::<DeviceChoice>().unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    fn options(machine: &Machine) -> DeviceOptions {
        DeviceOptions {
            threads: NonZeroUsize::new(1),
            pci_ids: vec![CARD],
            roots: machine.roots.clone(),
            ..DeviceOptions::default()
        }
    }

    /// What a choice opens, and what is noted.
    fn opened(machine: &Machine, choice: DeviceChoice) -> (Result<bool, DeviceError>, Vec<String>) {
        let mut notes = Vec::new();
        let device = open_or_note(choice, options(machine), &mut |note| notes.push(note));
        (device.map(|device| device.identity().simulated), notes)
    }

    #[test]
    fn auto_says_why_it_does_without_a_card() {
        let machine = Machine::new();
        let (simulated, notes) = opened(&machine, DeviceChoice::Auto);
        assert_eq!(simulated, Ok(true));
        let [note] = &notes[..] else {
            panic!("{notes:?}")
        };
        assert!(
            note.starts_with("no card, using the simulator") && note.contains("10ee:6779"),
            "{note}"
        );
        machine.add(AT, CARD);
        machine.driver(AT, "other");
        machine.group(AT, 14, "DMA");
        let (simulated, notes) = opened(&machine, DeviceChoice::Auto);
        assert_eq!(simulated, Ok(true));
        let [note] = &notes[..] else {
            panic!("{notes:?}")
        };
        assert!(note.ends_with("sudo scripts/bind 0000:03:00.0"), "{note}");
        assert!(!note.contains('\n'), "{note}");
    }

    #[test]
    fn who_asks_for_a_card_gets_no_simulator() {
        let machine = Machine::new();
        let at = AT.parse().unwrap();
        for choice in [DeviceChoice::Pcie(None), DeviceChoice::Pcie(Some(at))] {
            let (device, notes) = opened(&machine, choice);
            assert!(
                matches!(device, Err(DeviceError::Unavailable(_))),
                "{device:?}"
            );
            assert!(notes.is_empty());
        }
    }

    #[test]
    fn each_card_is_opened_or_has_a_reason_of_its_own() {
        let machine = Machine::new();
        machine.add(AT, CARD);
        machine.add("0000:04:00.0", CARD);
        machine.driver("0000:04:00.0", "other");
        let cards: Vec<_> = open_cards(&options(&machine)).unwrap().collect();
        let [(first, without), (second, taken)] = &cards[..] else {
            panic!("two")
        };
        assert_eq!(
            [first, second].map(Address::to_string),
            [AT, "0000:04:00.0"]
        );
        let reason = |opened: &Result<Box<dyn Device>, DeviceError>| match opened {
            Err(error) => error.to_string(),
            Ok(_) => panic!("opened"),
        };
        assert!(
            reason(without).contains("nr_hugepages"),
            "{}",
            reason(without)
        );
        assert!(
            reason(taken).contains("driver other has it"),
            "{}",
            reason(taken)
        );
    }

    #[test]
    fn cards_are_listed_with_what_they_say() {
        let machine = Machine::new();
        machine.add(AT, CARD);
        machine.set(AT, Register::Build, 0x1234);
        // It can be asked with one page, but not used.
        for (pages, usable) in [(1, false), (8, true)] {
            machine.huge_pages(pages);
            let listing = list(options(&machine)).unwrap();
            let [(function, Ok(_))] = &listing.cards[..] else {
                panic!("{listing:?}")
            };
            assert_eq!(function.check().is_ok(), usable, "{function:?}");
        }
        let listing = list(options(&machine)).unwrap();
        let [(function, Ok(card))] = &listing.cards[..] else {
            panic!("{listing:?}")
        };
        assert_eq!(
            (function.address.to_string().as_str(), card.build),
            (AT, 0x1234)
        );
        assert!(listing.simulator.simulated);
    }
}

//! By which vendor and device IDs cards are found.

use super::PcieError;
use gyrus_interface::pci::{DEVICE_ID, VENDOR_ID};
use std::fmt;
use std::str::FromStr;

/// Environment variable that names other IDs: `vvvv:dddd`, several with commas between them.
/// `scripts/bind` reads it, too.
pub const IDS_VARIABLE: &str = "GYRUS_PCI_IDS";

/// Vendor and device ID of a PCI function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id {
    /// Vendor.
    pub vendor: u16,
    /// Device, as the vendor numbers them.
    pub device: u16,
}

impl Id {
    /// What Gyrus cards have unless their board says otherwise.
    pub const GYRUS: Self = Self {
        vendor: VENDOR_ID,
        device: DEVICE_ID,
    };
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor, self.device)
    }
}

impl FromStr for Id {
    type Err = PcieError;

    fn from_str(text: &str) -> Result<Self, PcieError> {
        let half = |text: &str| {
            let plain = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            plain.then(|| u16::from_str_radix(text, 16).ok()).flatten()
        };
        text.split_once(':')
            .and_then(|(vendor, device)| {
                Some(Self {
                    vendor: half(vendor)?,
                    device: half(device)?,
                })
            })
            .ok_or_else(|| PcieError::Id(text.to_owned()))
    }
}

/// IDs with commas between them.
fn parse_list(text: &str) -> Result<Vec<Id>, PcieError> {
    text.split(',').map(|id| id.trim().parse()).collect()
}

/// The IDs to look for: `given` ones, or those of [`IDS_VARIABLE`], or [`Id::GYRUS`].
///
/// # Errors
/// The variable has something else in it.
pub fn wanted(given: &[Id]) -> Result<Vec<Id>, PcieError> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    match std::env::var_os(IDS_VARIABLE) {
        Some(text) if !text.is_empty() => parse_list(&text.to_string_lossy()),
        _ => Ok(vec![Id::GYRUS]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_list() {
        let ids = parse_list("10ee:903f, 1234:abcd").unwrap();
        let [first, second] = ids[..] else {
            panic!("{ids:?}");
        };
        assert_eq!((first.vendor, first.device), (0x10ee, 0x903f));
        assert_eq!((second.vendor, second.device), (0x1234, 0xabcd));
        for text in [
            "",
            "10ee",
            "10ee:",
            "10ee:903",
            "10ee:903f,",
            "0x10ee:903f",
            "+0ee:903f",
        ] {
            assert!(parse_list(text).is_err(), "{text}");
        }
    }

    #[test]
    fn given_ids_come_first() {
        let id = Id {
            vendor: 1,
            device: 2,
        };
        assert_eq!(wanted(&[id]).unwrap(), [id]);
    }

    #[test]
    fn the_script_binds_the_same_cards() {
        let script = include_str!("../../../scripts/bind");
        assert!(script.contains(&format!("${{{IDS_VARIABLE}:-{}}}", Id::GYRUS)));
    }

    proptest! {
        #[test]
        fn printed_ids_read_back(vendor: u16, device: u16) {
            let id = Id { vendor, device };
            prop_assert_eq!(id.to_string().parse::<Id>().unwrap(), id);
        }
    }
}

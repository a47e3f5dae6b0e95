//! Where a PCI function sits.

use super::PcieError;
use std::fmt;
use std::str::FromStr;

/// Devices of a bus.
const DEVICES: u8 = 32;
/// Functions of a device.
const FUNCTIONS: u8 = 8;

/// Domain, bus, device and function, as in `0000:03:00.0`. The domain may be left out when it is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

impl fmt::Display for Address {
    /// As the kernel writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            domain,
            bus,
            device,
            function,
        } = self;
        write!(f, "{domain:04x}:{bus:02x}:{device:02x}.{function}")
    }
}

/// A hexadecimal number of exactly or at least so many digits, without a sign.
fn hex(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if plain && digits.contains(&text.len()) {
        u32::from_str_radix(text, 16).ok()
    } else {
        None
    }
}

impl FromStr for Address {
    type Err = PcieError;

    fn from_str(text: &str) -> Result<Self, PcieError> {
        let parse = || {
            let (rest, function) = text.split_once('.')?;
            let (rest, device) = rest.rsplit_once(':')?;
            let (domain, bus) = rest.split_once(':').unwrap_or(("0000", rest));
            Some(Self {
                domain: hex(domain, 4..=8)?,
                bus: u8::try_from(hex(bus, 2..=2)?).ok()?,
                device: u8::try_from(hex(device, 2..=2)?).ok()?,
                function: u8::try_from(hex(function, 1..=1)?).ok()?,
            })
        };
        parse()
            .filter(|address| address.device < DEVICES && address.function < FUNCTIONS)
            .ok_or_else(|| PcieError::Address(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_and_the_kernel_write() {
        for (text, printed) in [
            ("0000:03:00.0", "0000:03:00.0"),
            ("03:00.0", "0000:03:00.0"),
            ("AF:1F.7", "0000:af:1f.7"),
            ("10001:81:02.1", "10001:81:02.1"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), printed);
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in [
            "",
            "03",
            "03:00",
            "3:0.0",
            "03:20.0",
            "03:00.8",
            "03:00.00",
            "000:03:00.0",
            "123456789:03:00.0",
            "+1:00.0",
            "0000:0000:03:00.0",
            "03:00.0 ",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.to_string().contains("03:00.0"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn printed_addresses_read_back(
            domain in 0u32..=0x1_ffff, bus in 0u8.., device in 0u8..32, function in 0u8..8
        ) {
            let address = Address { domain, bus, device, function };
            prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert!(address.to_string().ends_with(&text.to_lowercase()));
            }
        }
    }
}

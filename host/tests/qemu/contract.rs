//! What the guest's tests and the device side have agreed on: where the card sits, and how a test asks for a
//! fault.

/// Slots of the cards on bus 0.
pub(crate) const SLOTS: [u8; 2] = [5, 6];
/// Bytes of BAR0: the card's registers come first.
pub(crate) const BAR_BYTES: u32 = 0x1_0000;
/// The capability of MSI-X.
pub(crate) const MSIX: usize = 0x60;
/// Where the table of MSI-X lies in it.
pub(crate) const MSIX_TABLE: u32 = 0x8000;
/// Where the pending bits lie.
pub(crate) const MSIX_PENDING: u32 = 0xc000;

/// A vendor's capability in configuration space, which stays there whatever becomes of the card.
pub(crate) const CAPABILITY: usize = 0xb0;
pub(crate) const CAPABILITY_BYTES: u32 = 16;
/// A number that goes with the fault.
pub(crate) const ARGUMENT: usize = CAPABILITY + 4;
/// The fault that is asked for, with effect at once. Reads the one that has not come yet, or stays.
pub(crate) const FAULT: usize = CAPABILITY + 8;
/// Reads how many accesses to memory the IOMMU refused, mod 2^16, and how many messages were sent (upper half).
pub(crate) const COUNTS: usize = CAPABILITY + 12;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// What a test may ask for. A fault stays until [`Fault::None`] unless it says how often it comes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($(#[$doc])* $name = $code,)*
        }

        impl Fault {
            /// The fault of this number.
            pub(crate) const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

faults! {
    /// All faults end.
    None = 0;
    /// BAR0 reads ones; nothing else happens on the card's side either.
    Dead = 1;
    /// The same, and configuration space reads ones.
    Removed = 2;
    /// Registers answer, but no job ends, no settings are taken and no reset ends. A reset of the function helps.
    Hang = 3;
    /// So many interrupts are lost.
    LostInterrupts = 4;
    /// An interrupt comes without a cause, at once.
    SpuriousInterrupt = 5;
    /// The next completion has a status that does not exist.
    BadStatus = 6;
    /// The next completion has a tag that no job has.
    BadTag = 7;
    /// The completion after the next one is that for the next one's job once more.
    Repeated = 8;
    /// The next two completions change places.
    Reordered = 9;
    /// The next completion has the phase of the pass before.
    WrongPhase = 10;
    /// After so many accesses to memory, one is refused.
    Refused = 11;
    /// The card is reset behind the driver's back, at once.
    Reset = 12;
    /// The next so many long reads of memory have a bit turned over.
    FlippedBit = 13;
    /// The interface version is the next major one.
    NewerInterface = 14;
    /// After so many accesses to memory, none is answered. A reset of the function helps.
    Silent = 15;
}

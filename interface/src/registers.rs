//! The registers of BAR0: what the driver reads and writes, and what the hardware and its stand-ins
//! answer. 32 bits each, at multiples of four bytes; reserved ones read as 0.
//!
//! # Life of a card
//!
//! 1. The driver reads [`Register::Magic`], the version and the capabilities
//!    ([`crate::card::Capabilities`]).
//! 2. It writes the settings (parameters, addresses, rings) and [`Control::CONFIGURE`]. The card
//!    takes them when no job is in flight, checks them, forgets keys, tables and ring positions, and
//!    clears [`Status::CONFIGURING`]; [`Status::result`] says whether it takes them; if not, it is not
//!    configured any more. Settings have no other effect, and none until then. A doorbell that comes when the last
//!    job is complete may be refused already.
//! 3. Jobs: descriptors in the submission ring, their tail in [`Register::SubmissionTail`];
//!    completions in the other ring, an interrupt cause for each, and how far the driver has read them
//!    in [`Register::CompletionHead`]. The card never overwrites a completion that was not read.
//! 4. [`Control::RESET`] gives up everything in flight. What is under way on a bus is completed;
//!    [`Status::RESETTING`] falls when nothing is left, at the latest after eight times
//!    [`Register::BusDeadline`] and [`RESET_CYCLES`] more cycles; if a bus still owed something then, [`Status::STUCK`] says that only a
//!    reset of the whole function helps. Afterwards everything is as after power-on, but for the counters.
//!
//! # Errors
//!
//! [`Register::Error`] keeps an error, with its tag and detail: a job's status, or a [`Fault`] of the card
//! itself. Errors are of three ranks: a job's, which its completion tells too; a fault of the card; a fault
//! that halts it. The register keeps the first one of the highest rank since it was cleared: an error
//! replaces one of a lower rank, and changes nothing otherwise. Whenever one is set,
//! [`Interrupt::ERROR`] is raised. Any write clears the register, but for a fault that halts, which stays until
//! a reset. So nothing hides why a card has stopped.
//!
//! # Buses that do not answer
//!
//! A bus that owes something (to take an address or a word that is offered, to give a word, to answer a write) and
//! does none of it for [`Register::BusDeadline`] cycles, while it does not wait for the card, halts the card:
//! [`Fault::BusDeadline`] names the [`Bus`], and no other that comes to rest because of it. A deadline counts from
//! the moment in which it is written, also for what was owed before. Keys are read ahead: their buses may halt a
//! card that has no job.
//!
//! # 64-bit registers
//!
//! Take two, the low half first. Reading the low half of a counter keeps the high half for the next read
//! of it, so that both belong together.

/// What [`Register::Magic`] reads: `GYRU`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"GYRU");

/// Bytes of BAR0.
pub const BAR_BYTES: u32 = 0x1000;

/// Cycles that a reset may take beside what buses owe.
pub const RESET_CYCLES: u64 = 1 << 18;

/// Registers that [`Register::index`] can name: all of them lie below.
pub const REGISTERS: usize = 96;

macro_rules! registers {
    ($($(#[$doc:meta])* $name:ident = $offset:literal, $access:ident;)*) => {
        /// A register; its value is its byte offset in BAR0.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum Register {
            $($(#[$doc])* $name = $offset,)*
        }

        impl Register {
            /// All of them, by offset.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it is to the driver.
            #[must_use]
            pub const fn access(self) -> Access {
                match self { $(Self::$name => Access::$access,)* }
            }

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

/// What a register is to the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Fixed when the card was built.
    Constant,
    /// Written by the driver, reads as written.
    Setting,
    /// Written to make something happen; reads as 0.
    Command,
    /// Changed by the card; see its description for what a write does.
    Live,
    /// A half of a counter; read only.
    Counter,
}

registers! {
    /// [`MAGIC`].
    Magic = 0x000, Constant;
    /// Interface version: major in the upper half, minor in the lower.
    Version = 0x004, Constant;
    /// A number that tells builds apart.
    Build = 0x008, Constant;
    /// Clock in kHz.
    Clock = 0x00c, Constant;
    /// P, coefficients a cycle.
    Lanes = 0x010, Constant;
    /// Greatest log2 N (bits 0 to 7), k (8 to 15), l (16 to 23); ciphertexts of a hardware batch (24 to 31).
    Limits = 0x014, Constant;
    /// Look-up table slots.
    LutSlots = 0x018, Constant;
    /// Most ciphertexts in, and out, of a job.
    MaxBatch = 0x01c, Constant;
    /// Channels of the bootstrapping key (lower half), words of a channel's beat (upper half).
    KeyChannels = 0x020, Constant;
    /// Channels of the key switching key, likewise.
    KeyswitchChannels = 0x024, Constant;
    /// log2 of the bytes from one channel's memory to the next one's.
    BankLog2 = 0x028, Constant;
    /// Card memory in pages of 4 KiB.
    MemoryPages = 0x02c, Constant;

    /// log2 N.
    PolynomialSizeLog2 = 0x040, Setting;
    /// n.
    LweDimension = 0x044, Setting;
    /// Gadget of the bootstrap: log2 of the base (bits 0 to 7), levels (8 to 15).
    PbsGadget = 0x048, Setting;
    /// Gadget of the key switch, likewise.
    KeyswitchGadget = 0x04c, Setting;
    /// log2 of the modulus that the key switch ends in: log2 N + 2 to 32, or 64.
    KeyswitchModulusLog2 = 0x050, Setting;
    /// 1 for the centred modulus switch, 0 for the standard one.
    ModulusSwitch = 0x054, Setting;
    /// Beats of a level of a row of the key switching key; enough for its n + 1 words.
    KeyswitchGroups = 0x058, Setting;
    /// Beats of the bootstrapping key's image.
    KeyBeats = 0x05c, Setting;
    /// Beats of the key switching key's image.
    KeyswitchBeats = 0x060, Setting;
    /// Entries of each ring, 2 to 65536.
    RingEntries = 0x064, Setting;
    /// Where channel 0 of the bootstrapping key lies in card memory; a multiple of 4 KiB.
    KeyAddressLow = 0x068, Setting;
    /// Its upper half.
    KeyAddressHigh = 0x06c, Setting;
    /// The same for the key switching key.
    KeyswitchAddressLow = 0x070, Setting;
    /// Its upper half.
    KeyswitchAddressHigh = 0x074, Setting;
    /// Where slot 0 of the look-up tables lies in card memory; a multiple of 4 KiB.
    LutAddressLow = 0x078, Setting;
    /// Its upper half.
    LutAddressHigh = 0x07c, Setting;
    /// First byte of host memory that jobs may name.
    WindowStartLow = 0x080, Setting;
    /// Its upper half.
    WindowStartHigh = 0x084, Setting;
    /// The byte behind the last.
    WindowEndLow = 0x088, Setting;
    /// Its upper half.
    WindowEndHigh = 0x08c, Setting;
    /// Submission ring in host memory; a multiple of 64.
    SubmissionRingLow = 0x090, Setting;
    /// Its upper half.
    SubmissionRingHigh = 0x094, Setting;
    /// Completion ring in host memory; a multiple of 64.
    CompletionRingLow = 0x098, Setting;
    /// Its upper half.
    CompletionRingHigh = 0x09c, Setting;
    /// Cycles after which a bus that does not move counts as dead, 0 for 2^20. Effective at once.
    BusDeadline = 0x0a0, Setting;
    /// Interrupt causes that raise the interrupt. Effective at once.
    InterruptEnable = 0x0a4, Setting;

    /// [`Control`].
    Control = 0x0c0, Command;
    /// Doorbell: index of the first submission entry that is not valid yet.
    SubmissionTail = 0x0c4, Command;
    /// Doorbell: index of the first completion entry that the driver has not read yet.
    CompletionHead = 0x0c8, Command;

    /// [`Status`]; read only.
    Status = 0x0d0, Live;
    /// [`Interrupt`] causes; a 1 that is written clears the bit.
    InterruptCause = 0x0d4, Live;
    /// The error that is kept: a job's status or a [`Fault`], 0 for none. A write clears it, unless it halts.
    Error = 0x0d8, Live;
    /// The tag of the job that had it; 0 for a [`Fault`].
    ErrorTagLow = 0x0e0, Live;
    /// Its upper half.
    ErrorTagHigh = 0x0e4, Live;
    /// The address, index or value at fault.
    ErrorDetailLow = 0x0e8, Live;
    /// Its upper half.
    ErrorDetailHigh = 0x0ec, Live;

    /// Cycles since power-on.
    CyclesLow = 0x100, Counter;
    /// Its upper half.
    CyclesHigh = 0x104, Counter;
    /// Cycles in which the blind rotation took a coefficient group in: its utilisation.
    TurnCyclesLow = 0x108, Counter;
    /// Its upper half.
    TurnCyclesHigh = 0x10c, Counter;
    /// Cycles in which a blind rotation was under way.
    BusyCyclesLow = 0x110, Counter;
    /// Its upper half.
    BusyCyclesHigh = 0x114, Counter;
    /// Cycles in which the blind rotation waited for a slice of its key.
    KeyWaitCyclesLow = 0x118, Counter;
    /// Its upper half.
    KeyWaitCyclesHigh = 0x11c, Counter;
    /// Cycles in which the key switch waited for its key.
    KeyswitchWaitCyclesLow = 0x120, Counter;
    /// Its upper half.
    KeyswitchWaitCyclesHigh = 0x124, Counter;
    /// Jobs completed, in whatever way.
    JobsLow = 0x128, Counter;
    /// Its upper half.
    JobsHigh = 0x12c, Counter;
    /// Ciphertexts bootstrapped.
    BootstrapsLow = 0x130, Counter;
    /// Its upper half.
    BootstrapsHigh = 0x134, Counter;
    /// Beats of the bootstrapping key read.
    KeyBeatsReadLow = 0x138, Counter;
    /// Its upper half.
    KeyBeatsReadHigh = 0x13c, Counter;
    /// Beats of the key switching key read.
    KeyswitchBeatsReadLow = 0x140, Counter;
    /// Its upper half.
    KeyswitchBeatsReadHigh = 0x144, Counter;
    /// Words read from host memory.
    HostWordsReadLow = 0x148, Counter;
    /// Its upper half.
    HostWordsReadHigh = 0x14c, Counter;
    /// Words written to host memory.
    HostWordsWrittenLow = 0x150, Counter;
    /// Its upper half.
    HostWordsWrittenHigh = 0x154, Counter;
}

impl Register {
    /// Byte offset in BAR0.
    #[must_use]
    pub const fn offset(self) -> u32 {
        self as u32
    }

    /// Its number: the offset in words.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize / 4
    }

    /// The register at a byte offset.
    #[must_use]
    pub fn at(offset: u32) -> Option<Self> {
        let all = Self::ALL.iter();
        all.copied().find(|register| register.offset() == offset)
    }
}

/// Bits of [`Register::Control`].
#[derive(Debug, Clone, Copy)]
pub struct Control;

impl Control {
    /// Take the settings.
    pub const CONFIGURE: u32 = 1;
    /// Give up everything in flight.
    pub const RESET: u32 = 2;
}

/// A value of [`Register::Status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status(pub u32);

impl Status {
    /// Settings were taken since power-on or reset.
    pub const CONFIGURED: u32 = 1 << 0;
    /// Settings are being taken.
    pub const CONFIGURING: u32 = 1 << 1;
    /// The bootstrapping key is complete in card memory.
    pub const KEY_LOADED: u32 = 1 << 2;
    /// The key switching key is.
    pub const KEYSWITCH_KEY_LOADED: u32 = 1 << 3;
    /// Jobs are in flight.
    pub const BUSY: u32 = 1 << 4;
    /// A reset is under way.
    pub const RESETTING: u32 = 1 << 5;
    /// A fault stopped the card, or a reset ended badly; it takes nothing but a reset.
    pub const HALTED: u32 = 1 << 6;
    /// The last reset ended while a bus owed something.
    pub const STUCK: u32 = 1 << 7;
    /// Where the code of [`Status::result`] begins.
    pub const RESULT_SHIFT: u32 = 16;

    /// All of these bits are set.
    #[must_use]
    pub const fn has(self, bits: u32) -> bool {
        self.0 & bits == bits
    }

    /// How the last configuration ended, as a code of [`crate::JobStatus`].
    #[must_use]
    pub const fn result(self) -> u16 {
        (self.0 >> Self::RESULT_SHIFT) as u16
    }
}

/// Bits of [`Register::InterruptCause`] and [`Register::InterruptEnable`].
#[derive(Debug, Clone, Copy)]
pub struct Interrupt;

impl Interrupt {
    /// A completion was written.
    pub const COMPLETION: u32 = 1;
    /// [`Register::Error`] was set.
    pub const ERROR: u32 = 2;
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Errors of the card itself, as they stand in [`Register::Error`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Fault {
            $($(#[$doc])* $name = $code,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The fault that `code` stands for, if any does.
            #[must_use]
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The card stops, and takes nothing but a reset.
            #[must_use]
            pub const fn halts(self) -> bool {
                match self {
                    Self::BusDeadline
                    | Self::SubmissionRingUnreachable
                    | Self::CompletionRingUnreachable => true,
                    Self::BadDoorbell | Self::CompletionRingFull => false,
                }
            }
        }

        impl std::fmt::Display for Fault {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
            }
        }
    };
}

faults! {
    /// A bus did not move for [`Register::BusDeadline`] cycles; detail: which, a [`Bus`]. Halts.
    BusDeadline = 0x100, "a bus does not answer";
    /// A descriptor could not be read; detail: its address. Halts.
    SubmissionRingUnreachable = 0x101, "the submission ring cannot be read";
    /// A completion could not be written; detail: its address. Halts.
    CompletionRingUnreachable = 0x102, "the completion ring cannot be written";
    /// A doorbell's index is not below the number of entries, or came before the rings, or would take back
    /// descriptors, or make more valid than the ring has entries for beside those that the card has not read yet;
    /// detail: the index. It is ignored.
    BadDoorbell = 0x103, "a doorbell names an entry that does not exist";
    /// A completion had to wait, as the driver has read none of those before it; detail: its address.
    CompletionRingFull = 0x104, "the completion ring is full";
}

/// Buses, as a [`Fault::BusDeadline`] names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Bus {
    /// Reads of host memory.
    HostRead = 0,
    /// Writes to host memory.
    HostWrite = 1,
    /// Reads of look-up tables.
    CardRead = 2,
    /// Writes to card memory.
    CardWrite = 3,
    /// Reads of the bootstrapping key.
    Key = 4,
    /// Reads of the key switching key.
    Keyswitch = 5,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_distinct_words_in_order() {
        let offsets: Vec<u32> = Register::ALL.iter().map(|r| r.offset()).collect();
        assert!(offsets.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(
            offsets
                .iter()
                .all(|offset| offset % 4 == 0 && *offset < BAR_BYTES)
        );
        assert!(Register::ALL.iter().all(|r| r.index() < REGISTERS));
        assert!(
            Register::ALL
                .iter()
                .all(|r| Register::at(r.offset()) == Some(*r))
        );
        assert_eq!(Register::at(2), None);
    }

    #[test]
    fn upper_halves_follow_lower_ones() {
        for pair in Register::ALL.windows(2) {
            if let Some(name) = pair[0].name().strip_suffix("Low") {
                assert_eq!(pair[1].name(), format!("{name}High"));
                assert_eq!(pair[1].offset(), pair[0].offset() + 4);
            }
        }
    }

    #[test]
    fn fault_codes_are_no_job_codes() {
        for &fault in Fault::ALL {
            assert_eq!(Fault::from_code(fault as u32), Some(fault));
            assert_eq!(crate::JobStatus::from_code(fault as u16), None);
        }
    }
}

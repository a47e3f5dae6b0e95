//! A core behind a serial line, for boards whose only way to a host is a UART.
//!
//! | block | what it does |
//! |---|---|
//! | [`Receiver`] | bytes from a line |
//! | [`Sender`] | bytes to a line |
//! | [`Bridge`] | commands from the host to the core's streams, results and answers back |
//! | [`SerialCore`] | all of it and the core |
//!
//! # The line
//!
//! 8 data bits, no parity, one stop bit. A framing error (a break among them) makes the bridge wait for a command
//! again, whatever it was about to do, so a host that has lost count sends one.
//!
//! # Commands
//!
//! A command is its letter and eight bytes, the lowest first: a 64-bit argument. The bridge carries it out, as soon
//! as the core lets it, and then answers with a byte: the letter, unless the table says otherwise. The host waits for
//! the answer before it sends anything else. It should do so with a deadline: what the core never lets happen is
//! never answered.
//!
//! | command | argument | what it does |
//! |---|---|---|
//! | [`command::CONFIGURE`] | see [`Settings::word`] | sets the parameters |
//! | [`command::FORGET_KEY`] | | lets the key store come to rest; before other parameters or another key |
//! | [`command::KEY`] | | begins with slice 0 of a key |
//! | [`command::START`] | | opens a batch |
//! | [`command::DROP`] | | drops all batches |
//! | [`command::LWE`] | words | the answer asks for so many words of LWE ciphertexts |
//! | [`command::TABLE`] | words | the same, of tables |
//! | [`command::SLICE`] | words | the same, of the key's next slice with its checksum, when the core wants one |
//! | [`command::RESULTS`] | words | so many words of results follow the answer, each when it is there |
//! | [`command::STATUS`] | | the answer is the [`status`] |
//!
//! Any other letter is answered by [`command::UNKNOWN`]. Words have eight bytes, the lowest first. Between the words
//! of a block the core takes them in far less time than the line needs for the next one; should it not, the
//! word is lost and the status says so until the next [`command::DROP`].

mod bridge;
mod join;
mod receiver;
mod sender;
mod top;

pub use bridge::Bridge;
pub use receiver::Receiver;
pub use sender::Sender;
pub use top::SerialCore;

/// Letters of the commands.
pub mod command {
    /// Set the parameters.
    pub const CONFIGURE: u8 = b'C';
    /// Let the key store come to rest.
    pub const FORGET_KEY: u8 = b'F';
    /// Begin with slice 0 of a key.
    pub const KEY: u8 = b'K';
    /// Open a batch.
    pub const START: u8 = b'S';
    /// Drop all batches.
    pub const DROP: u8 = b'X';
    /// LWE words follow.
    pub const LWE: u8 = b'L';
    /// Words of tables follow.
    pub const TABLE: u8 = b'T';
    /// Words of a slice follow.
    pub const SLICE: u8 = b'D';
    /// Words of results are wanted.
    pub const RESULTS: u8 = b'R';
    /// What is the state?
    pub const STATUS: u8 = b'Q';
    /// The answer to a letter that is none of these.
    pub const UNKNOWN: u8 = b'?';
}

/// Bits of the status.
pub mod status {
    /// A batch is under way, or a result.
    pub const BUSY: u8 = 1;
    /// There is room for another batch.
    pub const START_READY: u8 = 1 << 1;
    /// Batches were dropped.
    pub const FAILED: u8 = 1 << 2;
    /// A slice had a wrong checksum.
    pub const CHECKSUM_ERROR: u8 = 1 << 3;
    /// The key store was misused.
    pub const PROTOCOL_ERROR: u8 = 1 << 4;
    /// The rotation had to wait for the key.
    pub const UNDERRUN: u8 = 1 << 5;
    /// A word came before the core took the one before.
    pub const OVERRUN: u8 = 1 << 6;
    /// A byte had no stop bit.
    pub const FRAMING_ERROR: u8 = 1 << 7;
}

/// Parameters of the core, as the argument of [`command::CONFIGURE`] has them; their meaning is that of the
/// ports of [`BlindRotate`](crate::blind_rotate::BlindRotate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// log2 N.
    pub log2_n: u8,
    /// log2 of the gadget's base.
    pub base_log: u8,
    /// l.
    pub levels: u8,
    /// Take the mask's rounding error off the body.
    pub centred: bool,
    /// LWE words have 32 bits.
    pub narrow: bool,
    /// Ciphertexts of a batch.
    pub batch: u8,
    /// n.
    pub lwe_dimension: u16,
    /// LWE ciphertexts of each result.
    pub samples: u16,
    /// Coefficients between two of them.
    pub stride: u16,
}

impl Settings {
    /// The argument: `log2_n` in bits 0 to 3, `base_log` in 4 to 8, `levels` in 9 and 10, `centred` in 11,
    /// `narrow` in 12, `batch` in 13 to 17, `lwe_dimension` in 18 to 29, `stride` in 30 to 41, `samples` in 42 to 57.
    /// What does not fit its bits is cut off.
    #[must_use]
    pub const fn word(&self) -> u64 {
        let fields = [
            (self.log2_n as u64, 4),
            (self.base_log as u64, 5),
            (self.levels as u64, 2),
            (self.centred as u64, 1),
            (self.narrow as u64, 1),
            (self.batch as u64, 5),
            (self.lwe_dimension as u64, 12),
            (self.stride as u64, 12),
            (self.samples as u64, 16),
        ];
        let (mut word, mut at, mut field) = (0, 0, 0);
        while field < fields.len() {
            let (value, bits) = fields[field];
            word |= (value & ((1 << bits) - 1)) << at;
            at += bits;
            field += 1;
        }
        word
    }
}

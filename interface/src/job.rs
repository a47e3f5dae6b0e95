//! The 64-byte job descriptor and the 32-byte completion, as they stand in the rings.
//!
//! Descriptor, little-endian:
//!
//! | bytes | field | meaning |
//! |---|---|---|
//! | 0 | opcode | what to do |
//! | 1 | flags | bit 0: phase (see [`crate::ring`]); bit 1: a list of look-up table slots follows |
//! | 2..4 | samples | ciphertexts extracted per input (many-LUT), or the key's kind |
//! | 4..8 | count | input ciphertexts, or look-up tables |
//! | 8..16 | tag | handed back in the completion |
//! | 16..24 | source | byte address |
//! | 24..32 | destination | byte address, or offset into a key |
//! | 32..40 | length | bytes, or the address of the list of slots |
//! | 40..44 | slot | first look-up table slot |
//! | 44..48 | stride | coefficients between two extracted samples |
//! | 48..52 | checksum | CRC-32C of the source bytes |
//! | 52..64 | reserved | zero |
//!
//! Completion, little-endian: tag (0..8), cycles (8..16), detail (16..24), status (24..26),
//! phase (26), reserved (27), submission entries consumed up to this one mod 2^32 (28..32).
//!
//! # What is checked, in this order
//!
//! The first check that fails ends the job; nothing of it has been done then. `in window` means: a
//! multiple of 8 ([`JobStatus::MisalignedAddress`]), and all bytes within the window of
//! [`crate::settings::Settings`] ([`JobStatus::AddressOutOfRange`]); the detail is the address. What a bus that
//! answers with an error leads to stands below.
//!
//! | job | check | status | detail |
//! |---|---|---|---|
//! | any | phase bit | `MalformedDescriptor` | address of the entry |
//! | any | opcode | `UnknownOpcode` | address of the entry |
//! | any | fields that it does not use are 0, the kind of key is known | `MalformedDescriptor` | address of the entry |
//! | bootstrap | both keys are loaded | `KeysNotLoaded` | 0 |
//! | | count, samples and their product: 1 to the most ciphertexts of a job | `LengthOverflow` | count |
//! | | (samples - 1) stride below N | `MalformedDescriptor` | stride |
//! | | destination in window | | |
//! | | list in window | | |
//! | | each slot, in order, exists and holds a table | `LutNotLoaded` | slot |
//! | | source in window | | |
//! | key | length is a multiple of 8 | `MisalignedAddress` | length |
//! | | offset is 0, or where the piece before ended | `MalformedDescriptor` | offset |
//! | | length is 1 word to the rest of the channel, and at most [`MAX_COPY_WORDS`] words | `LengthOverflow` | length |
//! | | source in window | | |
//! | | checksum; the key has to begin anew | `ChecksumMismatch` | what was found |
//! | tables | count is not 0, slot + count within the slots | `LengthOverflow` | slot + count |
//! | | source in window | | |
//! | | checksum; the slots are empty now | `ChecksumMismatch` | what was found |
//! | copy | length is a multiple of 8 | `MisalignedAddress` | length |
//! | | length is at most [`MAX_COPY_WORDS`] words | `LengthOverflow` | length |
//! | | destination, then source in window | | |
//! | | they do not overlap | `MalformedDescriptor` | destination |
//!
//! # Keys
//!
//! An adopted key is one that lies in card memory already: nothing is uploaded. An upload with offset 0
//! begins a key: from then on it is not loaded, until the last piece of its last
//! channel is in. Behind the end of a channel the next piece has the offset of the next channel
//! ([`crate::card`]). If a key proves wrong while it is used, the jobs that needed it end with
//! `ChecksumMismatch` (detail 0), or `BusError` if the bus said so, and it counts as not loaded. A card that
//! reads its keys ahead may find that out between jobs.
//!
//! # Buses that answer with an error
//!
//! At whatever time that is, it makes [`JobStatus::BusError`], whichever of the two errors of AXI it is. No other job
//! suffers from it, unless it needs the same words. If more than one thing is wrong with a job, its completion tells
//! one of them.
//!
//! | what the bus did not do | memory | detail |
//! |---|---|---|
//! | read a ciphertext, a list, a source | host | address of the word |
//! | write results or a copy | host | an address within the ciphertext or run of words |
//! | read a look-up table | card | address of the word |
//! | write tables or a piece of a key | card | an address within the run of words |
//! | read a key | card | 0 |
//!
//! Addresses in card memory are those of [`crate::card`]. Of what was to be written any part may have been; of a
//! copy, the words before one that could not be read have been. Tables whose upload failed are empty; a key whose
//! piece was not written has to begin anew. A key that cannot be read counts as not loaded; it may be adopted
//! when its memory can be read again.
//!
//! What a bus leads to that does not answer at all stands in [`crate::registers`].
//!
//! # Order
//!
//! Jobs take effect and complete in the order of the ring. Bootstraps overlap; an upload of tables waits
//! until the jobs before it have read theirs, all others until those before them are complete.

use crate::error::JobStatus;

/// Bytes of a descriptor.
pub const DESCRIPTOR_BYTES: usize = 64;
/// Bytes of a completion.
pub const COMPLETION_BYTES: usize = 32;
/// Where in a completion the word begins that holds its phase. A card writes that one last: who sees the phase
/// change there, and reads the other words after it, reads those of the same completion.
pub const COMPLETION_PHASE_WORD: usize = 24;

/// Most words that a copy moves.
pub const MAX_COPY_WORDS: u64 = (1 << 24) - 1;

/// Which key an upload is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Bootstrapping key.
    Bootstrapping,
    /// Key switching key.
    Keyswitch,
}

/// Which look-up tables a run of bootstraps uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LutSelection {
    /// The same slot for every ciphertext.
    One {
        /// The slot.
        slot: u32,
    },
    /// One slot each: `count` little-endian u32 at this byte address.
    Each {
        /// Byte address of the list.
        list: u64,
    },
}

/// One job for a device. Addresses are byte addresses in memory that the device may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Key switch and programmable bootstrap of `count` big LWE ciphertexts at `source`; writes
    /// `count * samples` big LWE ciphertexts to `destination`.
    KeyswitchBootstrap {
        /// First input ciphertext.
        source: u64,
        /// First output ciphertext.
        destination: u64,
        /// Input ciphertexts.
        count: u32,
        /// Their look-up tables.
        luts: LutSelection,
        /// Output ciphertexts per input, at degrees `0, stride, 2*stride, ..` (many-LUT).
        samples: u16,
        /// Coefficients between two samples.
        stride: u32,
    },
    /// Next piece of a key's image; pieces come in order, the last one completes the key.
    UploadKey {
        /// Which key.
        kind: KeyKind,
        /// Where the piece is.
        source: u64,
        /// Its byte offset in the image.
        offset: u64,
        /// Its bytes.
        length: u64,
        /// Its checksum ([`crate::layout::Checksum`]).
        checksum: u32,
    },
    /// Takes the image of a key that lies in card memory as complete: it was put there in another way, or is
    /// still there from before a reset. Nothing is checked; if it is wrong, its own checksums tell when it is
    /// used.
    AdoptKey {
        /// Which key.
        kind: KeyKind,
    },
    /// `count` look-up tables into the slots from `slot` on.
    UploadLuts {
        /// First table.
        source: u64,
        /// First slot.
        slot: u32,
        /// Number of tables.
        count: u32,
        /// Checksum of all of them.
        checksum: u32,
    },
    /// Copies bytes within memory.
    Copy {
        /// From.
        source: u64,
        /// To.
        destination: u64,
        /// Bytes.
        length: u64,
    },
    /// Completes when every job before it has.
    Barrier,
}

/// Operation codes.
pub mod opcode {
    /// [`Job::KeyswitchBootstrap`](super::Job::KeyswitchBootstrap).
    pub const BOOTSTRAP: u8 = 1;
    /// [`Job::UploadKey`](super::Job::UploadKey).
    pub const UPLOAD_KEY: u8 = 2;
    /// [`Job::UploadLuts`](super::Job::UploadLuts).
    pub const UPLOAD_LUTS: u8 = 3;
    /// [`Job::Copy`](super::Job::Copy).
    pub const COPY: u8 = 4;
    /// [`Job::Barrier`](super::Job::Barrier).
    pub const BARRIER: u8 = 5;
    /// [`Job::AdoptKey`](super::Job::AdoptKey).
    pub const ADOPT_KEY: u8 = 6;
}

const FLAG_PHASE: u8 = 1;
const FLAG_LUT_LIST: u8 = 2;

/// A job with its tag and phase, as it stands in the submission ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// Handed back in the completion.
    pub tag: u64,
    /// Phase bit of this pass over the ring.
    pub phase: bool,
    /// What to do.
    pub job: Job,
}

#[derive(Default)]
struct Fields {
    opcode: u8,
    list: bool,
    samples: u16,
    count: u32,
    source: u64,
    destination: u64,
    length: u64,
    slot: u32,
    stride: u32,
    checksum: u32,
}

fn fields(job: Job) -> Fields {
    match job {
        Job::KeyswitchBootstrap {
            source,
            destination,
            count,
            luts,
            samples,
            stride,
        } => {
            let (list, slot, length) = match luts {
                LutSelection::One { slot } => (false, slot, 0),
                LutSelection::Each { list } => (true, 0, list),
            };
            Fields {
                opcode: opcode::BOOTSTRAP,
                list,
                samples,
                count,
                source,
                destination,
                length,
                slot,
                stride,
                ..Fields::default()
            }
        }
        Job::UploadKey {
            kind,
            source,
            offset,
            length,
            checksum,
        } => Fields {
            opcode: opcode::UPLOAD_KEY,
            samples: kind as u16,
            source,
            destination: offset,
            length,
            checksum,
            ..Fields::default()
        },
        Job::UploadLuts {
            source,
            slot,
            count,
            checksum,
        } => Fields {
            opcode: opcode::UPLOAD_LUTS,
            count,
            source,
            slot,
            checksum,
            ..Fields::default()
        },
        Job::Copy {
            source,
            destination,
            length,
        } => Fields {
            opcode: opcode::COPY,
            source,
            destination,
            length,
            ..Fields::default()
        },
        Job::Barrier => Fields {
            opcode: opcode::BARRIER,
            ..Fields::default()
        },
        Job::AdoptKey { kind } => Fields {
            opcode: opcode::ADOPT_KEY,
            samples: kind as u16,
            ..Fields::default()
        },
    }
}

const fn kind(number: u16) -> Result<KeyKind, JobStatus> {
    match number {
        0 => Ok(KeyKind::Bootstrapping),
        1 => Ok(KeyKind::Keyswitch),
        _ => Err(JobStatus::MalformedDescriptor),
    }
}

fn job(fields: &Fields) -> Result<Job, JobStatus> {
    let &Fields {
        samples,
        count,
        source,
        destination,
        length,
        slot,
        stride,
        checksum,
        ..
    } = fields;
    let job = match fields.opcode {
        opcode::BOOTSTRAP => Job::KeyswitchBootstrap {
            source,
            destination,
            count,
            luts: if fields.list {
                LutSelection::Each { list: length }
            } else {
                LutSelection::One { slot }
            },
            samples,
            stride,
        },
        opcode::UPLOAD_KEY => Job::UploadKey {
            kind: kind(samples)?,
            source,
            offset: destination,
            length,
            checksum,
        },
        opcode::UPLOAD_LUTS => Job::UploadLuts {
            source,
            slot,
            count,
            checksum,
        },
        opcode::COPY => Job::Copy {
            source,
            destination,
            length,
        },
        opcode::BARRIER => Job::Barrier,
        opcode::ADOPT_KEY => Job::AdoptKey {
            kind: kind(samples)?,
        },
        _ => return Err(JobStatus::UnknownOpcode),
    };
    Ok(job)
}

/// Copies the `N` bytes at `at` out of `bytes`; the offsets are constants within fixed-size
/// arrays, so the range always exists.
fn take<const N: usize, const FROM: usize>(bytes: &[u8; FROM], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

impl Descriptor {
    /// The descriptor's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; DESCRIPTOR_BYTES] {
        let fields = fields(self.job);
        let mut bytes = [0; DESCRIPTOR_BYTES];
        bytes[0] = fields.opcode;
        bytes[1] = u8::from(self.phase) * FLAG_PHASE + u8::from(fields.list) * FLAG_LUT_LIST;
        bytes[2..4].copy_from_slice(&fields.samples.to_le_bytes());
        bytes[4..8].copy_from_slice(&fields.count.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.tag.to_le_bytes());
        bytes[16..24].copy_from_slice(&fields.source.to_le_bytes());
        bytes[24..32].copy_from_slice(&fields.destination.to_le_bytes());
        bytes[32..40].copy_from_slice(&fields.length.to_le_bytes());
        bytes[40..44].copy_from_slice(&fields.slot.to_le_bytes());
        bytes[44..48].copy_from_slice(&fields.stride.to_le_bytes());
        bytes[48..52].copy_from_slice(&fields.checksum.to_le_bytes());
        bytes
    }

    /// Phase bit of a descriptor's bytes, whatever else they say.
    #[must_use]
    pub const fn phase_of(bytes: &[u8; DESCRIPTOR_BYTES]) -> bool {
        bytes[1] & FLAG_PHASE != 0
    }

    /// Tag of a descriptor's bytes, whatever else they say.
    #[must_use]
    pub fn tag_of(bytes: &[u8; DESCRIPTOR_BYTES]) -> u64 {
        u64::from_le_bytes(take(bytes, 8))
    }

    /// Reads a descriptor.
    ///
    /// # Errors
    /// [`JobStatus::UnknownOpcode`], or [`JobStatus::MalformedDescriptor`] when a field that the
    /// operation does not use is not zero.
    pub fn decode(bytes: &[u8; DESCRIPTOR_BYTES]) -> Result<Self, JobStatus> {
        let fields = Fields {
            opcode: bytes[0],
            list: bytes[1] & FLAG_LUT_LIST != 0,
            samples: u16::from_le_bytes(take(bytes, 2)),
            count: u32::from_le_bytes(take(bytes, 4)),
            source: u64::from_le_bytes(take(bytes, 16)),
            destination: u64::from_le_bytes(take(bytes, 24)),
            length: u64::from_le_bytes(take(bytes, 32)),
            slot: u32::from_le_bytes(take(bytes, 40)),
            stride: u32::from_le_bytes(take(bytes, 44)),
            checksum: u32::from_le_bytes(take(bytes, 48)),
        };
        let descriptor = Self {
            tag: Self::tag_of(bytes),
            phase: Self::phase_of(bytes),
            job: job(&fields)?,
        };
        // Fields that the operation ignores have to be zero, so that a later version can use them.
        if descriptor.encode() != *bytes {
            return Err(JobStatus::MalformedDescriptor);
        }
        Ok(descriptor)
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// The descriptor's tag.
    pub tag: u64,
    /// Device clock cycles from start to end; nanoseconds on devices without a clock of their own.
    pub cycles: u64,
    /// Address, index or value at fault, when the status is an error.
    pub detail: u64,
    /// How it ended.
    pub status: JobStatus,
    /// Phase bit of this pass over the completion ring.
    pub phase: bool,
    /// Submission entries consumed up to this one, since the rings were set up, mod 2^32.
    pub consumed: u32,
}

impl Completion {
    /// The completion's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; COMPLETION_BYTES] {
        let mut bytes = [0; COMPLETION_BYTES];
        bytes[0..8].copy_from_slice(&self.tag.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.cycles.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.detail.to_le_bytes());
        bytes[24..26].copy_from_slice(&(self.status as u16).to_le_bytes());
        bytes[26] = u8::from(self.phase);
        bytes[28..32].copy_from_slice(&self.consumed.to_le_bytes());
        bytes
    }

    /// Tag of a completion's bytes, whatever else they say.
    #[must_use]
    pub fn tag_of(bytes: &[u8; COMPLETION_BYTES]) -> u64 {
        u64::from_le_bytes(take(bytes, 0))
    }

    /// Phase bit of a completion's bytes, whatever else they say.
    #[must_use]
    pub const fn phase_of(bytes: &[u8; COMPLETION_BYTES]) -> bool {
        bytes[26] & 1 != 0
    }

    /// Reads a completion.
    ///
    /// # Errors
    /// The status code, when it is none of [`JobStatus`].
    pub fn decode(bytes: &[u8; COMPLETION_BYTES]) -> Result<Self, u16> {
        let code = u16::from_le_bytes(take(bytes, 24));
        Ok(Self {
            tag: Self::tag_of(bytes),
            cycles: u64::from_le_bytes(take(bytes, 8)),
            detail: u64::from_le_bytes(take(bytes, 16)),
            status: JobStatus::from_code(code).ok_or(code)?,
            phase: Self::phase_of(bytes),
            consumed: u32::from_le_bytes(take(bytes, 28)),
        })
    }
}

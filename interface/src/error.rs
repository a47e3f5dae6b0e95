//! What a device can report: the status code of a job, and the failures of the device itself.

use crate::InterfaceVersion;
use crate::params::ParameterError;
use std::time::Duration;
use thiserror::Error;

macro_rules! job_status {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Status code of a finished job, as it stands in its completion.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum JobStatus {
            $($(#[$doc])* $name = $code,)*
        }

        impl JobStatus {
            /// All codes, in numerical order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The status that `code` stands for, if any does.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for JobStatus {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
            }
        }
    };
}

job_status! {
    /// The job did what it says.
    Ok = 0, "ok";
    /// The descriptor's operation code is not defined.
    UnknownOpcode = 1, "the operation code is not defined";
    /// A reserved field of the descriptor is not zero, or a field has no valid value.
    MalformedDescriptor = 2, "the descriptor has a field with no valid value";
    /// An address is not a multiple of the word size.
    MisalignedAddress = 3, "an address is not word-aligned";
    /// A source or destination lies outside the memory the device may reach.
    AddressOutOfRange = 4, "an address range lies outside of reachable memory";
    /// A count or length is above what the device was built for.
    LengthOverflow = 5, "a count or length is above the device's limit";
    /// The parameters are beyond what the device was built for.
    UnsupportedParameters = 6, "the device was not built for these parameters";
    /// A bootstrap came before its keys.
    KeysNotLoaded = 7, "the evaluation key is not loaded";
    /// A bootstrap names a look-up table slot that is empty.
    LutNotLoaded = 8, "the look-up table slot is empty";
    /// Uploaded data does not have the checksum that its descriptor gives.
    ChecksumMismatch = 9, "the uploaded data does not match its checksum";
    /// A memory or bus access failed.
    BusError = 10, "a bus access failed";
    /// The job was given up because of a reset.
    Aborted = 11, "the job was aborted by a reset";
    /// The device found itself in a state it should not be in.
    Internal = 12, "the device found an internal inconsistency";
}

/// Why a device did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// A job ended with a status other than [`JobStatus::Ok`].
    #[error("job {tag} failed: {status} (detail {detail:#x})")]
    Job {
        /// The job's tag.
        tag: u64,
        /// Its status.
        status: JobStatus,
        /// The address, index or value at fault.
        detail: u64,
    },
    /// Nothing came back in time.
    #[error("the device did not answer within {0:?}; reset it, or try another device")]
    Timeout(Duration),
    /// The device cannot be used on this machine.
    #[error("the device cannot be used: {0}")]
    Unavailable(String),
    /// A fault stopped the device: it takes nothing but a reset.
    #[error("the device has stopped: {0}; reset it")]
    Halted(String),
    /// A reset ended while a bus of the device owed something.
    #[error(
        "a bus of the device owes an answer even after a reset: only a reset of the whole function \
         or a power cycle helps"
    )]
    Stuck,
    /// The device is gone.
    #[error("the device is gone: {0}")]
    Removed(String),
    /// The device said something that the protocol does not allow.
    #[error("the device broke the protocol: {0}")]
    Protocol(String),
    /// Driver and device do not speak the same version.
    #[error("the device speaks interface version {device}, this driver {driver}")]
    InterfaceVersion {
        /// What the device speaks.
        device: InterfaceVersion,
        /// What this driver speaks.
        driver: InterfaceVersion,
    },
    /// There is no room for another job: wait for a completion first.
    #[error("there is no room for another job beside {0} in flight")]
    RingFull(usize),
    /// Whoever asked for it did not wait for it.
    #[error("the batch was cancelled")]
    Cancelled,
    /// The request does not fit the parameters of the loaded keys.
    #[error("bad request: {0}")]
    Request(String),
    /// The parameter set is not one that this device takes.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
}

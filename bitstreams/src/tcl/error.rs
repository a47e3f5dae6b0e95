//! What can be wrong with the scripts.

use crate::mig::MigError;
use crate::process::ProcessError;
use std::path::PathBuf;
use thiserror::Error;

/// Why a board's scripts cannot be used.
#[derive(Debug, Error)]
pub enum TclError {
    /// tclsh is missing, a script ended with an error, or a file cannot be read or written.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The project of a memory controller.
    #[error("the memory's project is wrong")]
    Memory(#[from] MigError),
    /// The list of what the vendor's tools know is broken.
    #[error("{file} cannot be read")]
    List {
        /// The file.
        file: &'static str,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// A pattern of the list is no regular expression.
    #[error("'{0}' in the list is no pattern")]
    Pattern(String),
    /// An entry of the list that does not say where it was seen.
    #[error("'{0}' in the list has no source")]
    Source(String),
    /// What was recorded cannot be read.
    #[error("{}, line {line}", log.display())]
    Log {
        /// The record.
        log: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A command lacks something.
    #[error("{command}: {what}")]
    Call {
        /// The command.
        command: String,
        /// What is wrong.
        what: String,
    },
    /// An IP that is not in the list.
    #[error("cell '{cell}' is of IP '{ip}', which is not in the list")]
    Ip {
        /// The cell.
        cell: String,
        /// What it is made of.
        ip: String,
    },
    /// An object that was not made.
    #[error("there is no {0}")]
    Nothing(String),
    /// A property that is not in the list.
    #[error("{object} has no property '{property}'")]
    Property {
        /// Of what.
        object: String,
        /// The property.
        property: String,
    },
    /// A value that the list does not have.
    #[error("property '{property}' of {object} is '{value}', must be {allowed}")]
    Value {
        /// Of what.
        object: String,
        /// The property.
        property: String,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// A property that others depend on was not set.
    #[error("property '{property}' of {object} is not set")]
    Unset {
        /// Of what.
        object: String,
        /// The property.
        property: String,
    },
    /// A pin or port that nothing is connected to.
    #[error("{0} is not connected")]
    Unconnected(String),
    /// A pin or port that is connected twice.
    #[error("{0} is connected twice")]
    Twice(String),
    /// An interface of a network that belongs to none of its clocks.
    #[error("interface '{0}' has no clock")]
    Clockless(String),
    /// A net that is not driven once.
    #[error("{count} sources drive the net of {ends}, must be 1")]
    Sources {
        /// How many.
        count: usize,
        /// What is on the net.
        ends: String,
    },
    /// A bus between two interfaces that do not go together.
    #[error("{first} and {second} do not go together")]
    Bus {
        /// One end.
        first: String,
        /// The other.
        second: String,
    },
    /// An address that is not as it should be.
    #[error("{space}: segment '{segment}' {what}")]
    Address {
        /// Whose address.
        space: String,
        /// Of what.
        segment: String,
        /// What is wrong.
        what: String,
    },
    /// A step that is missing.
    #[error("the scripts never say {0}")]
    Missing(String),
    /// Steps in the wrong order.
    #[error("{second} comes before {first}")]
    Order {
        /// What has to be first.
        first: String,
        /// What has to come behind.
        second: String,
    },
    /// The bitstream is written although timing is not met.
    #[error("the scripts write a bitstream although the worst slack is negative")]
    TimingIgnored,
}

//! A language model on another machine: frames over TCP, a client that has the client key, a server that has not.
//!
//! The server greets with its model, parameters and key pair. Then, for each token, the client sends a seeded
//! ciphertext list, the server reports progress and answers with the logits' ciphertexts. Nothing else
//! crosses the wire; there is no way to send a client key. Transport is plain TCP: what is said is encrypted
//! already, but who says it is not known, so the server listens on this machine only, unless told
//! otherwise.

mod client;
mod frame;
mod server;

pub use client::Remote;
pub use server::{Event, ServerOptions, serve};

use crate::files::{FileError, KeyId, ModelReference};
use crate::model::ModelError;
use serde::{Deserialize, Serialize};
use std::io;
use std::time::Duration;
use thiserror::Error;

/// The protocol that is spoken.
const PROTOCOL: u32 = 1;

/// What can go wrong between client and server.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// The server is not there.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where it should be.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// The server cannot listen.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection failed")]
    Io(#[from] io::Error),
    /// The other side has ended the connection.
    #[error("the other side has closed the connection")]
    Closed,
    /// The other side says nothing.
    #[error("nothing was heard from the other side for {0:?}")]
    Silent(Duration),
    /// What came is no frame of this protocol.
    #[error("the other side does not speak this protocol: {0}")]
    Malformed(String),
    /// The server's keys are another pair's.
    #[error("the server has the evaluation key of key pair {found}, the client key is of {wanted}")]
    OtherKey {
        /// The server's.
        found: KeyId,
        /// The client's.
        wanted: KeyId,
    },
    /// The server's model is another one.
    #[error("the server has model {found}, the client {wanted}")]
    OtherModel {
        /// The server's.
        found: String,
        /// The client's.
        wanted: String,
    },
    /// The server's parameters are others.
    #[error("the server has parameters {found}, the client {wanted}")]
    OtherParameters {
        /// The server's.
        found: String,
        /// The client's.
        wanted: String,
    },
    /// The server refuses.
    #[error("the server refuses: {message}")]
    Refused {
        /// What it says.
        message: String,
        /// What it advises.
        help: String,
    },
    /// A ciphertext list that cannot be stored.
    #[error("the ciphertexts cannot be sent")]
    File(#[from] FileError),
}

impl RemoteError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Connect { .. } => {
                "start the server with 'gyrus serve', and give the address that it prints".into()
            }
            Self::Listen { .. } => "give another address to --listen".into(),
            Self::Io(_) | Self::Closed | Self::Silent(_) => {
                "look at what the server printed, and start again".into()
            }
            Self::Malformed(_) => "use the same version of gyrus on both sides".into(),
            Self::OtherKey { .. } => {
                "give the client key that was made with the server's evaluation key".into()
            }
            Self::OtherModel { .. } => "give client and server the same --model".into(),
            Self::OtherParameters { .. } => "give client and server the same keys".into(),
            Self::Refused { help, .. } => help.clone(),
            Self::File(error) => error.help(),
        }
    }
}

/// What the server says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Greeting {
    protocol: u32,
    model: ModelReference,
    parameters: String,
    key_id: KeyId,
}

/// What a frame is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Header {
    Greeting(Greeting),
    /// The next token: a seeded list.
    Token {
        /// Whether logits are wanted.
        answer: bool,
    },
    Progress {
        level: usize,
        levels: usize,
        done: usize,
        total: usize,
    },
    /// The logits' ciphertexts, if they were wanted, and the bootstraps that they took.
    Logits {
        bootstraps: usize,
    },
    Refused {
        message: String,
        help: String,
    },
}

impl From<&ModelError> for Header {
    fn from(error: &ModelError) -> Self {
        Self::Refused {
            message: error.to_string(),
            help: error.help(),
        }
    }
}

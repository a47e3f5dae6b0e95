//! The client's end.

use super::{Greeting, Header, PROTOCOL, RemoteError, frame};
use crate::files::{self, KeyId, ModelReference};
use crate::model::run::RunProgress;
use crate::model::transformer::Wanted;
use ::tfhe::core_crypto::prelude::SeededLweCiphertextListOwned;
use gyrus_interface::ParameterSet;
use gyrus_interface::layout::WORD_BYTES;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A text on a server elsewhere.
#[derive(Debug)]
pub struct Remote {
    stream: TcpStream,
    patience: Duration,
    /// Bytes of an answer.
    answer: usize,
    bootstraps: usize,
}

impl Remote {
    /// Connects to a server that has the same model, parameters and key pair. Gives up when nothing is heard for
    /// `patience`.
    ///
    /// # Errors
    /// There is no server, or it has others.
    pub fn connect(
        address: &str,
        (model, tokens): (&ModelReference, usize),
        (set, key_id): (&ParameterSet, KeyId),
        patience: Duration,
    ) -> Result<Self, RemoteError> {
        let failed = |source| RemoteError::Connect {
            address: address.to_owned(),
            source,
        };
        let mut found = address.to_socket_addrs().map_err(failed)?;
        let socket = found
            .next()
            .ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))?;
        let mut stream = TcpStream::connect_timeout(&socket, patience).map_err(failed)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        let greeting = match frame::receive(&mut stream, 0, patience)? {
            (Header::Greeting(greeting), _) => greeting,
            (Header::Refused { message, help }, _) => {
                return Err(RemoteError::Refused { message, help });
            }
            _ => return Err(RemoteError::Malformed("no greeting".into())),
        };
        check(&greeting, model, set, key_id)?;
        Ok(Self {
            stream,
            patience,
            answer: tokens * set.big_lwe_size() * WORD_BYTES,
            bootstraps: 0,
        })
    }

    /// Bootstraps that the server says it has done.
    #[must_use]
    pub const fn bootstraps(&self) -> usize {
        self.bootstraps
    }

    /// Sends a token; returns the words of the logits' ciphertexts, none if they are not wanted.
    ///
    /// # Errors
    /// The server refuses, or the connection fails.
    pub fn step(
        &mut self,
        token: &SeededLweCiphertextListOwned<u64>,
        wanted: Wanted,
        on_progress: &mut dyn FnMut(RunProgress),
    ) -> Result<Vec<u64>, RemoteError> {
        let answer = wanted == Wanted::Answer;
        let payload = files::list_to_bytes(token)?;
        frame::send(&mut self.stream, &Header::Token { answer }, &payload)?;
        loop {
            match frame::receive(&mut self.stream, self.answer, self.patience)? {
                (
                    Header::Progress {
                        level,
                        levels,
                        done,
                        total,
                    },
                    _,
                ) => on_progress(RunProgress {
                    level,
                    levels,
                    done,
                    total,
                }),
                (Header::Logits { bootstraps }, payload) => {
                    let expected = if answer { self.answer } else { 0 };
                    if payload.len() != expected {
                        return Err(RemoteError::Malformed(format!(
                            "an answer of {} bytes where {expected} belong",
                            payload.len()
                        )));
                    }
                    self.bootstraps += bootstraps;
                    let words = payload.as_chunks().0.iter();
                    return Ok(words.map(|bytes| u64::from_le_bytes(*bytes)).collect());
                }
                (Header::Refused { message, help }, _) => {
                    return Err(RemoteError::Refused { message, help });
                }
                _ => return Err(RemoteError::Malformed("no answer to a token".into())),
            }
        }
    }
}

fn check(
    greeting: &Greeting,
    model: &ModelReference,
    set: &ParameterSet,
    key_id: KeyId,
) -> Result<(), RemoteError> {
    if greeting.protocol != PROTOCOL {
        let found = greeting.protocol;
        return Err(RemoteError::Malformed(format!(
            "version {found} of it, not {PROTOCOL}"
        )));
    }
    if greeting.model != *model {
        return Err(RemoteError::OtherModel {
            found: greeting.model.to_string(),
            wanted: model.to_string(),
        });
    }
    if greeting.parameters != set.name {
        return Err(RemoteError::OtherParameters {
            found: greeting.parameters.clone(),
            wanted: set.name.clone(),
        });
    }
    if greeting.key_id != key_id {
        return Err(RemoteError::OtherKey {
            found: greeting.key_id,
            wanted: key_id,
        });
    }
    Ok(())
}

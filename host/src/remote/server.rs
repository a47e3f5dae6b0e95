//! The server's end: a text for each connection, all on one session.

use super::{Greeting, Header, PROTOCOL, RemoteError, frame};
use crate::files::{self, KeyId};
use crate::model::ModelError;
use crate::model::run::RunProgress;
use crate::model::transformer::{Conversation, Language, Wanted};
use crate::session::Session;
use gyrus_interface::layout::WORD_BYTES;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Time between two reports of progress.
const REPORT: Duration = Duration::from_millis(500);

/// How long, and for how many bytes, a client that is left may go on sending.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 1 << 20;

/// How a server behaves.
#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// Threads for sums, for each connection; one per core when `None`.
    pub threads: Option<NonZeroUsize>,
    /// Connections at a time; further ones are refused.
    pub connections: usize,
    /// How long a client may be silent.
    pub patience: Duration,
    /// Ends when this many clients have left; never when `None`.
    pub clients: Option<usize>,
}

/// What happens on a server.
#[derive(Debug)]
pub enum Event<'a> {
    /// A client has come.
    Connected(SocketAddr),
    /// A token is done.
    Token {
        /// Whose.
        client: SocketAddr,
        /// Its position, from 1 on.
        position: usize,
        /// Its bootstraps.
        bootstraps: usize,
        /// What it took.
        time: Duration,
    },
    /// A client has left, or was left.
    Left(SocketAddr, Option<&'a RemoteError>),
}

/// Serves a model to clients with the key pair `key_id`, of whom this side has the evaluation key in `session`.
///
/// # Errors
/// Connections cannot be taken any more.
pub fn serve(
    listener: &TcpListener,
    language: &Language,
    (session, key_id): (&Session, KeyId),
    options: ServerOptions,
    on_event: &(dyn Fn(&Event<'_>) + Sync),
) -> Result<(), RemoteError> {
    let connected = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let mut come = 0;
        while options.clients.is_none_or(|clients| come < clients) {
            let (stream, client) = listener.accept()?;
            come += 1;
            on_event(&Event::Connected(client));
            let connected = &connected;
            let full = connected.fetch_add(1, Ordering::Relaxed) >= options.connections;
            scope.spawn(move || {
                let result = if full {
                    refuse(&stream, options)
                } else {
                    converse(
                        &stream,
                        client,
                        language,
                        (session, key_id),
                        options,
                        on_event,
                    )
                };
                connected.fetch_sub(1, Ordering::Relaxed);
                let error = result.err().filter(|e| !matches!(e, RemoteError::Closed));
                on_event(&Event::Left(client, error.as_ref()));
            });
        }
        Ok(())
    })
}

fn refuse(mut stream: &TcpStream, options: ServerOptions) -> Result<(), RemoteError> {
    stream.set_write_timeout(Some(options.patience))?;
    let header = Header::Refused {
        message: format!(
            "{} clients are connected, no more are taken",
            options.connections
        ),
        help: "try again later".into(),
    };
    frame::send(&mut stream, &header, &[])
}

/// One client, until it leaves.
fn converse(
    mut stream: &TcpStream,
    client: SocketAddr,
    language: &Language,
    (session, key_id): (&Session, KeyId),
    options: ServerOptions,
    on_event: &(dyn Fn(&Event<'_>) + Sync),
) -> Result<(), RemoteError> {
    stream.set_read_timeout(Some(options.patience))?;
    stream.set_write_timeout(Some(options.patience))?;
    stream.set_nodelay(true)?;
    let greeting = Greeting {
        protocol: PROTOCOL,
        model: language.model().reference.clone(),
        parameters: language.parameters().name.clone(),
        key_id,
    };
    frame::send(&mut stream, &Header::Greeting(greeting), &[])?;
    let mut conversation = match Conversation::new(language, session, options.threads) {
        Ok(conversation) => conversation,
        Err(error) => return refused(stream, &error),
    };
    let bytes = files::SEED_BYTES + WORD_BYTES * language.model().dimension();
    loop {
        let (header, payload) = match frame::receive(&mut stream, bytes, options.patience) {
            // What is no frame is told so before the connection ends.
            Err(RemoteError::Malformed(message)) => {
                let help = "use the same version of gyrus on both sides".into();
                let header = Header::Refused { message, help };
                frame::send(&mut stream, &header, &[])?;
                return close(stream);
            }
            other => other?,
        };
        let Header::Token { answer } = header else {
            return Err(RemoteError::Malformed("a token was expected".into()));
        };
        let list = files::list_from_bytes(&payload, session.parameters());
        let Some(list) = list.filter(|_| payload.len() == bytes) else {
            let (found, wanted) = (payload.len(), bytes);
            return refused(stream, &ModelError::InputCount { found, wanted });
        };
        let wanted = if answer {
            Wanted::Answer
        } else {
            Wanted::Nothing
        };
        let (start, before) = (Instant::now(), conversation.bootstraps());
        let mut reported = start;
        let mut broken = None;
        let result = conversation.step(&list, wanted, &mut |run: RunProgress| {
            if reported.elapsed() >= REPORT && broken.is_none() {
                reported = Instant::now();
                let header = Header::Progress {
                    level: run.level,
                    levels: run.levels,
                    done: run.done,
                    total: run.total,
                };
                broken = frame::send(&mut stream, &header, &[]).err();
            }
        });
        if let Some(error) = broken {
            return Err(error);
        }
        match result {
            Err(error) => return refused(stream, &error),
            Ok(words) => {
                let bootstraps = conversation.bootstraps() - before;
                let payload: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                frame::send(&mut stream, &Header::Logits { bootstraps }, &payload)?;
                on_event(&Event::Token {
                    client,
                    position: conversation.positions(),
                    bootstraps,
                    time: start.elapsed(),
                });
            }
        }
    }
}

/// Tells the client why it is left.
fn refused(mut stream: &TcpStream, error: &ModelError) -> Result<(), RemoteError> {
    frame::send(&mut stream, &Header::from(error), &[])?;
    close(stream)
}

/// Ends a connection so that the client gets what was said last: what it still sends is taken for a while, as closing
/// on that would throw the answer away.
fn close(stream: &TcpStream) -> Result<(), RemoteError> {
    stream.set_read_timeout(Some(LINGER))?;
    stream.shutdown(Shutdown::Write)?;
    // It may as well be gone.
    let _ = io::copy(&mut stream.take(LINGER_BYTES), &mut io::sink());
    Ok(())
}

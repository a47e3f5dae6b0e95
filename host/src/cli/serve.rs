//! `gyrus serve`: the server of an encrypted language model. It has the evaluation key, and no way to a client key.

use super::Insecure;
use super::error::CliError;
use super::keygen::warn_if_insecure;
use super::language::ModelChoice;
use super::machine::{Machine, describe};
use super::output::{Output, seconds};
use crate::files::EvaluationKeyFile;
use crate::remote::{Event, RemoteError, ServerOptions, serve};
use clap::Args;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The evaluation key.
    #[arg(long, value_name = "FILE")]
    evaluation_key: PathBuf,
    /// Where to listen; port 0 takes a free one, which is printed.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7077")]
    listen: String,
    /// Most clients at a time.
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
    /// Seconds for which a client may be silent.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    patience: u32,
    /// End when so many clients have come and left.
    #[arg(long, value_name = "COUNT")]
    clients: Option<usize>,
    #[command(flatten)]
    model: ModelChoice,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    insecure: Insecure,
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let model = arguments.model.load()?;
    let key = EvaluationKeyFile::read(&arguments.evaluation_key, arguments.insecure.allowed)?;
    warn_if_insecure(key.parameters(), out);
    let language = arguments.model.compile(model, Some(key.parameters()))?;
    let failed = |source| RemoteError::Listen {
        address: arguments.listen.clone(),
        source,
    };
    // Before the key is loaded, which takes a while.
    let listener = TcpListener::bind(&arguments.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let session = arguments.machine.open(&key, &arguments.insecure, out)?;
    out.remark(format_args!("model       {}", language.model().reference))?;
    out.remark(format_args!("key pair    {}", key.key_id()))?;
    out.remark(format_args!(
        "device      {}",
        describe(&session.statistics().identity)
    ))?;
    out.result(format_args!("listening on {address}"))?;
    let out = Mutex::new(out);
    let options = ServerOptions {
        threads: arguments.machine.threads(),
        connections: arguments.connections.into(),
        patience: Duration::from_secs(arguments.patience.into()),
        clients: arguments.clients,
    };
    let on_event = |event: &Event<'_>| {
        let Ok(out) = out.lock() else { return };
        match event {
            Event::Connected(client) => out.note(format_args!("{client} has come")),
            Event::Token {
                client,
                position,
                bootstraps,
                time,
            } => out.note(format_args!(
                "{client}: token {position}, {bootstraps} bootstraps in {}",
                seconds(*time)
            )),
            Event::Left(client, None) => out.note(format_args!("{client} has left")),
            Event::Left(client, Some(error)) => {
                out.note(format_args!("{client} is left: {error}"));
            }
        }
    };
    serve(
        &listener,
        &language,
        (&session, key.key_id()),
        options,
        &on_event,
    )?;
    Ok(())
}

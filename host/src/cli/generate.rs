//! `gyrus generate`: the client of an encrypted language model, with a server in the same process or another one.

use super::Insecure;
use super::error::CliError;
use super::keygen::warn_if_insecure;
use super::language::ModelChoice;
use super::machine::{Machine, describe};
use super::output::{Output, bytes, seconds};
use crate::files::{self, ClientSecret};
use crate::model::ModelError;
use crate::model::transformer::{
    Agreement, Conversation, Language, Reference, Transformer, sample,
};
use crate::session::Session;
use crate::tfhe;
use clap::Args;
use gyrus_interface::catalogue;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The beginning of the text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    prompt: String,
    /// Most tokens to append.
    #[arg(long, value_name = "COUNT", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..))]
    tokens: u16,
    /// How freely tokens are drawn: 0 takes the most probable one.
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    temperature: f64,
    /// Seed of the draws.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    model: ModelChoice,
    /// Name of the parameter set; that of the model when left out.
    #[arg(long, value_name = "NAME")]
    parameters: Option<String>,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    insecure: Insecure,
}

/// Where the encrypted steps are computed.
struct Local<'a> {
    conversation: Conversation<'a>,
}

/// What a run has measured.
#[derive(Default)]
struct Tally {
    agreement: Agreement,
    /// Time of the server's part.
    time: Duration,
    /// Words that went to the server, and back.
    sent: u64,
    received: u64,
}

/// The tokens of a prompt; refuses one that leaves no room for an answer.
fn tokens(model: &Transformer, prompt: &str) -> Result<Vec<usize>, ModelError> {
    let tokens = model.tokenise(prompt)?;
    if tokens.len() > model.context {
        return Err(ModelError::TooLong {
            found: tokens.len(),
            limit: model.context,
        });
    }
    Ok(tokens)
}

impl Local<'_> {
    /// One step: encrypts a token, lets the server compute, decrypts the logits.
    fn step(
        &mut self,
        client: &ClientSecret,
        language: &Language,
        token: usize,
        tally: &mut Tally,
        out: &Output,
    ) -> Result<Vec<f64>, CliError> {
        let words = language.encode(token).map_err(CliError::Inference)?;
        let input = client.with_key(|key| tfhe::encrypt_words(key, &words))?;
        tally.sent += 8 * (words.len() as u64 + 2);
        let start = Instant::now();
        let mut progress = out.progress("token", "bootstraps", 0);
        let output = self
            .conversation
            .step(&input, &mut |run| {
                progress.set_of(run.done as u64, run.total as u64);
            })
            .map_err(CliError::Inference)?;
        drop(progress);
        tally.time += start.elapsed();
        tally.received += 8 * output.len() as u64;
        let phases = client.with_key(|key| tfhe::decrypt_phases(key, &output))?;
        language.decode(&phases).map_err(CliError::Inference)
    }
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let start = Instant::now();
    let model = arguments.model.load()?;
    let prompt = tokens(&model, &arguments.prompt).map_err(CliError::Inference)?;
    let name = arguments
        .parameters
        .as_deref()
        .unwrap_or(&model.parameter_set);
    let set = catalogue::find(name).ok_or_else(|| CliError::NoSuchParameters(name.to_owned()))?;
    set.admit(arguments.insecure.allowed)?;
    warn_if_insecure(&set, out);
    let language = arguments.model.compile(model, Some(&set))?;
    let model = language.model();
    out.remark(format_args!("model       {}", model.reference))?;
    out.remark(format_args!(
        "parameters  {}: n = {}, N = {}",
        set.name, set.lwe_dimension, set.polynomial_size
    ))?;
    let (client, evaluation) = files::generate_keys(&set)?;
    let session = arguments
        .machine
        .open(&evaluation, &arguments.insecure, out)?;
    out.remark(format_args!(
        "device      {}\n",
        describe(&session.statistics().identity)
    ))?;
    let conversation = Conversation::new(&language, &session, arguments.machine.threads())
        .map_err(CliError::Inference)?;
    let mut server = Local { conversation };
    let mut reference = Reference::new(model);
    let mut random = StdRng::seed_from_u64(arguments.seed);
    let mut tally = Tally::default();
    let mut text = Vec::new();
    let mut queue = prompt.clone();
    queue.reverse();
    while let Some(token) = queue.pop() {
        let found = server.step(&client, &language, token, &mut tally, out)?;
        let exact = reference.step(token).map_err(CliError::Inference)?;
        if !queue.is_empty() {
            continue;
        }
        tally.agreement.add(&exact, &found);
        let next = sample(&found, arguments.temperature, &mut random);
        let word = model.vocabulary.get(next).map_or("", String::as_str);
        out.remark(format_args!(
            "token {:>2}: '{word}', {} bootstraps so far",
            text.len() + 1,
            server.conversation.bootstraps()
        ))?;
        let room = server.conversation.positions() < model.context;
        if next == model.end || text.len() + 1 >= usize::from(arguments.tokens) || !room {
            if next != model.end {
                text.push(word);
            }
            break;
        }
        text.push(word);
        queue.push(next);
    }
    out.result(format_args!("\n{}{}\n", arguments.prompt, text.concat()))?;
    report(&server.conversation, &tally, &session, out)?;
    out.result(format_args!(
        "time        {} on the server, {} for everything",
        seconds(tally.time),
        seconds(start.elapsed())
    ))?;
    out.result("encrypted   true: prompt, answer and everything between them; the server had no client key")
}

fn report(
    conversation: &Conversation<'_>,
    tally: &Tally,
    session: &Session,
    out: &mut Output,
) -> Result<(), CliError> {
    let (bootstraps, steps) = (conversation.bootstraps(), conversation.positions());
    out.result(format_args!(
        "bootstraps  {bootstraps} for {steps} tokens, {:.0} each ({:.1} PBS/s)",
        bootstraps as f64 / steps.max(1) as f64,
        bootstraps as f64 / tally.time.as_secs_f64().max(f64::MIN_POSITIVE)
    ))?;
    out.result(format_args!(
        "agreement   {}/{} most probable tokens as the model's in the clear, mean KL divergence {:.4}",
        tally.agreement.same,
        tally.agreement.tokens,
        tally.agreement.mean_divergence()
    ))?;
    out.result(format_args!(
        "traffic     {} to the server, {} back",
        bytes(tally.sent),
        bytes(tally.received)
    ))?;
    out.result(format_args!(
        "ran on      {}",
        describe(&session.statistics().identity)
    ))
}

//! `gyrus generate`: the client of an encrypted language model, with a server in the same process or another one.

use super::Insecure;
use super::error::CliError;
use super::keygen::warn_if_insecure;
use super::language::ModelChoice;
use super::machine::{Machine, describe};
use super::output::{Output, bytes, seconds};
use crate::files::{self, ClientSecret, SEED_BYTES};
use crate::model::ModelError;
use crate::model::run::RunProgress;
use crate::model::transformer::{
    Agreement, Conversation, Language, Reference, Transformer, Wanted, sample,
};
use crate::remote::Remote;
use crate::tfhe;
use clap::Args;
use gyrus_interface::layout::WORD_BYTES;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a server may be silent: it reports while it computes.
const SILENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The beginning of the text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    prompt: String,
    /// Most tokens to append.
    #[arg(long, value_name = "COUNT", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..))]
    tokens: u16,
    /// How freely tokens are drawn: 0 takes the most probable one.
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = temperature)]
    temperature: f64,
    /// Seed of the draws.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Address of a server ('gyrus serve'); without it the server is a part of this process.
    #[arg(long, value_name = "ADDRESS", requires = "client_key")]
    connect: Option<String>,
    /// The client key whose evaluation key the server has; without a server, keys are made for this run.
    #[arg(long, value_name = "FILE", requires = "connect")]
    client_key: Option<PathBuf>,
    #[command(flatten)]
    model: ModelChoice,
    /// Name of the parameter set of the keys that are made; that of the model when left out.
    #[arg(long, value_name = "NAME", conflicts_with = "client_key")]
    parameters: Option<String>,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    insecure: Insecure,
}

/// A temperature: a number from 0 on.
fn temperature(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=f64::MAX).contains(&number) => Ok(number),
        _ => Err("a number from 0 on is needed".into()),
    }
}

/// Where the encrypted steps are computed.
enum Server<'a> {
    Here(Conversation<'a>),
    There(Remote),
}

impl Server<'_> {
    /// Bootstraps so far.
    const fn bootstraps(&self) -> usize {
        match self {
            Self::Here(conversation) => conversation.bootstraps(),
            Self::There(remote) => remote.bootstraps(),
        }
    }
}

/// The client: what it knows, and what it has measured.
struct Client<'a> {
    secret: ClientSecret,
    language: &'a Language,
    agreement: Agreement,
    /// Tokens sent, and the time until their answers came.
    tokens: usize,
    time: Duration,
    /// Bytes that went to the server, and came back.
    sent: u64,
    received: u64,
}

impl Client<'_> {
    /// Encrypts a token, lets the server compute, decrypts the logits if they are wanted.
    fn step(
        &mut self,
        server: &mut Server<'_>,
        token: usize,
        wanted: Wanted,
        out: &Output,
    ) -> Result<Option<Vec<f64>>, CliError> {
        let words = self.language.encode(token).map_err(CliError::Inference)?;
        let input = self
            .secret
            .with_key(|key| tfhe::encrypt_words(key, &words))?;
        let start = Instant::now();
        let mut progress = out.progress("token", "bootstraps", 0);
        let mut report = |run: RunProgress| progress.set_of(run.done as u64, run.total as u64);
        let output = match server {
            Server::Here(conversation) => conversation
                .step(&input, wanted, &mut report)
                .map_err(CliError::Inference)?,
            Server::There(remote) => remote.step(&input, wanted, &mut report)?,
        };
        drop(progress);
        self.tokens += 1;
        self.time += start.elapsed();
        self.sent += (SEED_BYTES + WORD_BYTES * words.len()) as u64;
        self.received += (WORD_BYTES * output.len()) as u64;
        if wanted == Wanted::Nothing {
            return Ok(None);
        }
        let phases = self
            .secret
            .with_key(|key| tfhe::decrypt_phases(key, &output))?;
        Ok(Some(
            self.language.decode(&phases).map_err(CliError::Inference)?,
        ))
    }

    /// Continues a prompt; returns the tokens that were drawn.
    fn generate(
        &mut self,
        server: &mut Server<'_>,
        prompt: &[usize],
        arguments: &Arguments,
        out: &mut Output,
    ) -> Result<Vec<usize>, CliError> {
        let model = self.language.model();
        let mut reference = Reference::new(model);
        let mut random = StdRng::seed_from_u64(arguments.seed);
        let mut answer = Vec::new();
        // The first token is every text's: what follows from it is no secret, and nothing is sent for it.
        let mut left: VecDeque<usize> = prompt.iter().skip(1).copied().collect();
        if left.is_empty() {
            let logits = &model.public.logits;
            self.take(
                sample(logits, arguments.temperature, &mut random),
                &mut answer,
                &mut left,
            );
        }
        while let Some(token) = left.pop_front() {
            let wanted = if left.is_empty() {
                Wanted::Answer
            } else {
                Wanted::Nothing
            };
            let found = self.step(server, token, wanted, out)?;
            let exact = reference.step(token).map_err(CliError::Inference)?;
            let Some(found) = found else { continue };
            self.agreement.add(&exact, &found);
            let next = sample(&found, arguments.temperature, &mut random);
            let word = model.vocabulary.tokens.get(next);
            self.take(next, &mut answer, &mut left);
            out.remark(format_args!(
                "token {:>2}: {:?}, {} bootstraps so far",
                answer.len(),
                word.map_or("", String::as_str),
                server.bootstraps()
            ))?;
            if answer.len() >= usize::from(arguments.tokens) {
                break;
            }
        }
        Ok(answer)
    }

    /// Takes a token that was drawn; it is sent next, if it is not the last one.
    fn take(&self, token: usize, answer: &mut Vec<usize>, left: &mut VecDeque<usize>) {
        let model = self.language.model();
        answer.push(token);
        if token != model.vocabulary.end && self.tokens + 1 < model.context {
            left.push_back(token);
        }
    }

    fn report(&self, server: &Server<'_>, out: &mut Output) -> Result<(), CliError> {
        let bootstraps = server.bootstraps();
        out.result(format_args!(
            "bootstraps  {bootstraps} for {} tokens, {:.0} each ({:.1} PBS/s)",
            self.tokens,
            bootstraps as f64 / self.tokens.max(1) as f64,
            bootstraps as f64 / self.time.as_secs_f64().max(f64::MIN_POSITIVE)
        ))?;
        out.result(format_args!(
            "agreement   {}/{} most probable tokens as the model's in the clear, mean KL divergence {:.4}",
            self.agreement.same,
            self.agreement.tokens,
            self.agreement.mean_divergence()
        ))?;
        out.result(format_args!(
            "traffic     {} to the server, {} back",
            bytes(self.sent),
            bytes(self.received)
        ))
    }
}

/// The tokens of a prompt; refuses one that leaves no room for an answer.
fn tokens(model: &Transformer, prompt: &str) -> Result<Vec<usize>, CliError> {
    let tokens = model
        .vocabulary
        .encode(prompt)
        .map_err(CliError::Inference)?;
    let (found, limit) = (tokens.len(), model.context);
    if found > limit {
        return Err(CliError::Inference(ModelError::TooLong { found, limit }));
    }
    Ok(tokens)
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let start = Instant::now();
    let model = arguments.model.load()?;
    let prompt = tokens(&model, &arguments.prompt)?;
    // A pair of keys for this run alone, unless a client key is given.
    let (secret, evaluation) = match &arguments.client_key {
        Some(path) => (ClientSecret::read(path, arguments.insecure.allowed)?, None),
        None => {
            let (secret, evaluation) = {
                let name = arguments.parameters.as_deref();
                let set = ModelChoice::parameters(name, &model, &arguments.insecure)?;
                files::generate_keys(&set)?
            };
            (secret, Some(evaluation))
        }
    };
    let set = secret.parameters().clone();
    warn_if_insecure(&set, out);
    let language = arguments.model.compile(model, Some(&set))?;
    let model = language.model();
    out.remark(format_args!("model       {}", model.reference))?;
    out.remark(format_args!(
        "parameters  {}: n = {}, N = {}",
        set.name, set.lwe_dimension, set.polynomial_size
    ))?;
    let session;
    let (mut server, place) = match (&arguments.connect, evaluation) {
        (Some(address), _) => {
            let model = (&model.reference, model.vocabulary.tokens.len());
            let remote = Remote::connect(address, model, (&set, secret.key_id()), SILENCE)?;
            (Server::There(remote), format!("the server at {address}"))
        }
        (None, evaluation) => {
            let evaluation = evaluation.ok_or(CliError::NoServer)?;
            session = arguments
                .machine
                .open(&evaluation, &arguments.insecure, out)?;
            let threads = arguments.machine.threads();
            let conversation = Conversation::new(&language, &session, threads);
            let place = describe(&session.statistics().identity);
            (
                Server::Here(conversation.map_err(CliError::Inference)?),
                place,
            )
        }
    };
    out.remark(format_args!("runs on     {place}\n"))?;
    let mut client = Client {
        secret,
        language: &language,
        agreement: Agreement::default(),
        tokens: 0,
        time: Duration::ZERO,
        sent: 0,
        received: 0,
    };
    let answer = client.generate(&mut server, &prompt, arguments, out)?;
    let all: Vec<usize> = prompt.iter().chain(&answer).copied().collect();
    out.result(format_args!("\n{}\n", model.vocabulary.decode(&all)))?;
    client.report(&server, out)?;
    out.result(format_args!(
        "time        {} for the answers, {} for everything",
        seconds(client.time),
        seconds(start.elapsed())
    ))?;
    out.result(format_args!("ran on      {place}"))?;
    out.result(
        "encrypted   true: prompt, answer and all between them; what computed had no client key",
    )
}

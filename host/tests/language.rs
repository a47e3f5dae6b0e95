//! Language models: the plan against the model in real numbers, refusals, client and server as processes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

mod cli_support;

use cli_support::{KEYGEN, gyrus_fails, gyrus_ok};
use gyrus::interface::{PRIMARY, ParameterSet, catalogue};
use gyrus::model::ModelError;
use gyrus::model::machine::Clear;
use gyrus::model::run::Runner;
use gyrus::model::transformer::{
    Agreement, Cache, Language, NAMES, Reference, Transformer, Wanted, clear, names, read,
    simulate, write,
};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn primary() -> ParameterSet {
    catalogue::find(PRIMARY).unwrap()
}

/// The names model with its description changed.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Transformer, ModelError> {
    let mut description: Value = serde_json::from_str(NAMES.0).unwrap();
    change(&mut description);
    read(description.to_string().as_bytes(), NAMES.1)
}

/// The logits that the training script printed, in JAX, are those that the graph computes here.
#[test]
fn the_model_in_real_numbers_is_that_of_the_training_script() {
    let model = names().unwrap();
    let description: Value = serde_json::from_str(NAMES.0).unwrap();
    let mut compared = 0;
    for example in description["examples"].as_array().unwrap() {
        let tokens: Vec<usize> = serde_json::from_value(example["tokens"].clone()).unwrap();
        let wanted: Vec<Vec<f64>> = serde_json::from_value(example["logits"].clone()).unwrap();
        let mut text = Reference::new(&model);
        for (position, (&token, wanted)) in tokens.iter().zip(&wanted).enumerate() {
            let found = match position {
                0 => model.public.logits.clone(),
                _ => text.step(token).unwrap(),
            };
            for (found, wanted) in found.iter().zip(wanted) {
                assert!(
                    (found - wanted).abs() < 1e-3,
                    "{position}: {found} {wanted}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 300, "{compared}");
}

/// Without noise, a plan's words stand for the model's real numbers, up to the rounding to entries of tables.
#[test]
fn a_plan_in_the_clear_computes_the_model() {
    let model = names().unwrap();
    let language = Language::compile(model, &primary()).unwrap();
    let mut agreement = Agreement::default();
    for text in ["emma", "oliver", "mckenzie"] {
        let tokens = language.model().vocabulary.encode(text).unwrap();
        let mut reference = Reference::new(language.model());
        let mut runner = Runner::new(Clear::exact(), None).unwrap();
        let mut cache = Cache::new(language.model().blocks.len());
        for &token in &tokens[1..] {
            let exact = reference.step(token).unwrap();
            let words = clear(&language.encode(token).unwrap());
            let found = language
                .step(&mut runner, &mut cache, words, Wanted::Answer, &mut |_| ())
                .unwrap();
            let found = language.decode(&found.unwrap().concat()).unwrap();
            for (found, exact) in found.iter().zip(&exact) {
                assert!((found - exact).abs() < 0.1, "{text}: {found} {exact}");
            }
            agreement.add(&exact, &found);
        }
    }
    assert_eq!(agreement.tokens, 18);
    assert!(agreement.mean_divergence() < 2e-4, "{agreement:?}");
}

/// What nobody wants the logits of costs less, and leaves the same keys and values.
#[test]
fn a_prompt_s_tokens_take_fewer_bootstraps() {
    let language = Language::compile(names().unwrap(), &primary()).unwrap();
    let count = |wanted| {
        let plan = language.plan(3, wanted).unwrap();
        plan.widths().iter().sum::<usize>()
    };
    // One block's second half, norm and hidden layer (97 + 64), the last block's attention, and the last table.
    let (answer, nothing) = (count(Wanted::Answer), count(Wanted::Nothing));
    assert!(nothing * 2 < answer + 200, "{nothing} of {answer}");
    let mut caches = [Wanted::Answer, Wanted::Nothing].map(|wanted| {
        let mut runner = Runner::new(Clear::exact(), None).unwrap();
        let mut cache = Cache::new(language.model().blocks.len());
        for token in [5, 13] {
            let words = clear(&language.encode(token).unwrap());
            let found = language.step(&mut runner, &mut cache, words, wanted, &mut |_| ());
            assert_eq!(found.unwrap().is_some(), wanted == Wanted::Answer);
        }
        cache.inputs(Vec::new())
    });
    let [with, without] = &mut caches;
    assert_eq!(with, without);
    assert!(with.len() > 4);
}

/// The noise of encryption leaves most answers as they are: the bars of 90% and 0.05.
#[test]
fn answers_survive_the_noise() {
    let model = names().unwrap();
    let texts = write(&model, 200, model.context, 11).unwrap();
    let language = Language::compile(model.clone(), &primary()).unwrap();
    let found = simulate(&language, &model, &texts, 12, &mut |_| ()).unwrap();
    let Agreement { tokens, same, .. } = found.to_original;
    assert!(tokens > 1000, "{tokens}");
    assert!(same * 100 >= tokens * 90, "{same} of {tokens}");
    let divergence = found.to_original.mean_divergence();
    assert!((1e-5..0.05).contains(&divergence), "{divergence}");
}

#[test]
fn a_model_whose_values_leave_their_ranges_is_refused() {
    // Calibrated with one letter only; the last of ten sequences is checked.
    let model = changed(|description| {
        let mut sequences = vec![vec![0, 1, 1]; 9];
        sequences.push(vec![0, 26, 17, 24, 26, 24]);
        description["calibration"] = sequences.into();
    });
    let error = Language::compile(model.unwrap(), &primary()).err().unwrap();
    let ModelError::Wraps { layer, reach, .. } = &error else {
        panic!("{error}");
    };
    assert!(!layer.is_empty() && *reach >= 0.25, "{error}");
}

#[test]
fn a_model_whose_noise_is_too_large_is_refused() {
    // The same weights in steps 60 times as fine are integers 60 times as large.
    let mut model = names().unwrap();
    for block in &mut model.blocks {
        block.down.steps = vec![block.down.steps[0] / 60.0];
    }
    let error = Language::compile(model, &primary()).err().unwrap();
    let ModelError::Noise {
        layer,
        sigma,
        limit,
    } = &error
    else {
        panic!("{error}");
    };
    assert!(layer == "residual" && sigma > limit, "{error}");
}

#[test]
fn layers_whose_scales_contradict_each_other_are_refused() {
    // Two inputs of one sum, one of which is the other: their scales cannot be 1 to 1 and 2 to 1.
    use gyrus::model::graph::{Balances, Function, Graph, Part, Ranges, Weights};
    let mut graph = Graph::new(false);
    let input = graph.input("input", 1);
    let part = |step: f64| Part {
        steps: vec![step],
        weights: Weights::Sparse(vec![graph.elements(input).map(|e| (e, 1)).collect()]),
    };
    let parts = vec![part(1.0), part(2.0)];
    let sum = graph.linear("sum", parts, vec![0.0]);
    let table = graph.table("table", sum, Function::Relu);
    graph.output(table);
    let error = Balances::of(&[&graph], &Ranges::default()).err().unwrap();
    assert!(
        matches!(&error, ModelError::Scales { layer, .. } if layer == "sum"),
        "{error}"
    );
}

#[test]
fn damaged_descriptions_are_refused() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 7] = [
        ("format", |d| d["format"] = "other".into()),
        ("malformed", |d| d["surprise"] = 1.into()),
        ("heads", |d| d["heads"] = 5.into()),
        ("position", |d| d["context"] = 20.into()),
        ("embedding", |d| d["vocabulary"] = vec!["a", "b"].into()),
        ("blocks", |d| d["blocks"] = (1_u32 << 20).into()),
        ("weights", |d| d["blocks"] = 3.into()),
    ];
    for (text, change) in cases {
        let error = changed(change).err().unwrap();
        assert!(error.to_string().contains(text), "{text}: {error}");
        assert!(!error.help().is_empty());
    }
    let cut = &NAMES.1[..NAMES.1.len() - 1];
    let error = read(NAMES.0.as_bytes(), cut).err().unwrap();
    assert!(matches!(error, ModelError::Tensors(_)), "{error}");
}

#[test]
fn prompts_that_the_model_cannot_take_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let generate = |prompt: &str| format!("generate --prompt {prompt}");
    let refused = |prompt: &str, says: &str| {
        gyrus_fails(directory.path(), &generate(prompt), &[says]);
    };
    let run = cli_support::gyrus(directory.path(), "generate --prompt a --temperature nan");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("a number from 0 on"), "{}", run.stderr);
    refused("Em", "'E' is not in the vocabulary");
    refused(
        "abcdefghijklmnop",
        "17 tokens are more than the model's 14 positions",
    );
}

#[test]
fn a_prompt_is_continued_under_encryption() {
    let directory = tempfile::tempdir().unwrap();
    let run = gyrus_ok(directory.path(), "generate --prompt em --tokens 2");
    let text = run.stdout;
    let name = text.lines().find(|line| line.starts_with("em")).unwrap();
    assert!((3..=4).contains(&name.len()), "{text}");
    assert!(text.contains("encrypted   true"), "{text}");
    let line = |word: &str| text.lines().find(|line| line.starts_with(word)).unwrap();
    let divergence = line("agreement").rsplit(' ').next().unwrap();
    let divergence: f64 = divergence.parse().unwrap();
    assert!(divergence > 0.0 && divergence < 0.05, "{text}");
    // A prompt's first letter, its second one with an answer, and one letter more.
    let language = Language::compile(names().unwrap(), &primary()).unwrap();
    let count = |position, wanted| -> usize {
        let plan = language.plan(position, wanted).unwrap();
        plan.widths().iter().sum()
    };
    let all = count(1, Wanted::Nothing) + count(2, Wanted::Answer);
    let more = all + count(3, Wanted::Answer);
    let counted = [all, more].map(|count| format!("bootstraps  {count} for"));
    assert!(
        counted.iter().any(|counted| text.contains(counted)),
        "{text}"
    );
}

/// A server that ends with its test.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn server(directory: &Path, options: &str) -> Server {
    let arguments = format!("serve --listen 127.0.0.1:0 {options}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_gyrus"))
        .args(arguments.split_whitespace())
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.find_map(|line| {
        let line = line.unwrap();
        line.strip_prefix("listening on ").map(str::to_owned)
    });
    let address = address.unwrap();
    Server { child, address }
}

/// Client and server are processes that share a socket. The server's directory has no client key, and the server
/// takes none. With parameters that protect nothing, for speed.
#[test]
fn a_server_without_a_client_key_answers_its_client() {
    let client = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    gyrus_ok(client.path(), KEYGEN);
    let serve = "serve --insecure-parameters --evaluation-key client.key";
    gyrus_fails(client.path(), serve, &["SECRET CLIENT KEY"]);
    let key = "evaluation.key";
    std::fs::copy(client.path().join(key), place.path().join(key)).unwrap();
    let server = server(
        place.path(),
        "--insecure-parameters --evaluation-key evaluation.key",
    );
    let address = &server.address;

    let generate = format!(
        "generate --insecure-parameters --prompt em --client-key client.key --connect {address}"
    );
    let run = gyrus_ok(client.path(), &generate);
    let line = |word: &str| {
        run.stdout
            .lines()
            .find(|line| line.starts_with(word))
            .unwrap()
    };
    assert!(line("em").len() > 2, "{}", run.stdout);
    assert!(line("encrypted").contains("true"), "{}", run.stdout);
    assert!(line("ran on").contains(&format!("the server at {address}")));

    // Others' keys are refused before anything is sent, and what is no client is told so.
    gyrus_ok(client.path(), &KEYGEN.replace(".key", ".other"));
    let other = generate.replace("client.key", "client.other");
    gyrus_fails(client.path(), &other, &["key pair"]);
    gyrus_ok(
        client.path(),
        "keygen --client-key client.real --evaluation-key evaluation.real",
    );
    let real = generate.replace("client.key", "client.real");
    gyrus_fails(
        client.path(),
        &real,
        &["the server has parameters INSECURE_TOY_N256"],
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.contains("greeting") && answer.contains("refused"),
        "{answer}"
    );
}

#[test]
fn what_a_language_model_is_not_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    gyrus_ok(path, KEYGEN);
    let elsewhere = "generate --prompt a --client-key client.key --connect 127.0.0.1:1";
    gyrus_fails(path, elsewhere, &["INSECURE"]);
    let insecure = format!("{elsewhere} --insecure-parameters");
    gyrus_fails(path, &insecure, &["cannot connect to 127.0.0.1:1"]);
    gyrus_fails(
        path,
        "generate --prompt a --model missing.json",
        &["missing.json"],
    );
    gyrus_fails(path, "inspect checkpoint.bin", &["tokeniser"]);
    gyrus_fails(path, "inspect --position 14", &["15 tokens are more"]);
    gyrus_fails(
        path,
        "inspect --parameters OTHER",
        &["'OTHER' is not a parameter set"],
    );
}

//! stories260K (Karpathy, 260,032 parameters, trained on TinyStories), where its files are: llama2.c's text, the noise of
//! encryption in the clear, and a token under encryption.
//!
//! The repository does not contain the model. Without it this says that nothing was tested, and why.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

use gyrus::interface::catalogue;
use gyrus::model::transformer::{
    ALL_BITS, BITS, Language, Reference, Transformer, Wanted, most_probable, read_llama2c,
    simulate, write,
};
use std::path::Path;
use std::process::Command;

/// What the model writes when it always takes the most probable token, according to its README.
const GREEDY: &str =
    "Once upon a time, there was a little girl named Lily. She loved to play outside in the park.";
/// Bars: loss under noise, and the divergence of an encrypted answer.
const LOSS: f64 = 0.1;
const DIVERGENCE: f64 = 0.3;

fn main() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models/stories260K");
    let paths = ["stories260K.bin", "tok512.bin"].map(|file| directory.join(file));
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        println!(
            "SKIPPED, NOTHING WAS TESTED: the model is not part of the repository, and '{}' is missing; \
             put stories260K.bin and tok512.bin (karpathy/tinyllamas) there",
            missing.display()
        );
        return;
    }
    let [checkpoint, tokeniser] = paths.each_ref().map(|path| std::fs::read(path).unwrap());
    let read = |bits| read_llama2c("stories260K", &checkpoint, &tokeniser, bits).unwrap();
    let original = read(ALL_BITS);
    greedy(&original);
    damaged(&checkpoint, &tokeniser);
    noise(&original, read(BITS));
    encrypted(&paths[0], &paths[1]);
    println!("stories260K: all passed");
}

fn greedy(model: &Transformer) {
    let mut tokens = vec![model.vocabulary.start];
    let mut text = Reference::new(model);
    let mut logits = model.public.logits.clone();
    while model.vocabulary.decode(&tokens).len() < GREEDY.len() {
        let next = most_probable(&logits);
        tokens.push(next);
        logits = text.step(next).unwrap();
    }
    assert_eq!(model.vocabulary.decode(&tokens), GREEDY);
    // The tokeniser cuts that text as the model wrote it.
    assert_eq!(model.vocabulary.encode(GREEDY).unwrap(), tokens);
    println!(
        "stories260K: {} tokens as llama2.c writes them",
        tokens.len()
    );
}

fn damaged(checkpoint: &[u8], tokeniser: &[u8]) {
    let refused = |checkpoint: &[u8], tokeniser: &[u8]| {
        let model = read_llama2c("damaged", checkpoint, tokeniser, BITS);
        let error = model.err().unwrap().to_string();
        assert!(error.contains("checkpoint"), "{error}");
    };
    refused(&checkpoint[..checkpoint.len() / 2], tokeniser);
    refused(checkpoint, &tokeniser[..tokeniser.len() / 2]);
    let mut header = checkpoint.to_vec();
    header[0] = 0;
    refused(&header, tokeniser);
    let mut infinite = checkpoint.to_vec();
    infinite[28..32].copy_from_slice(&f32::INFINITY.to_le_bytes());
    refused(&infinite, tokeniser);
}

fn noise(original: &Transformer, model: Transformer) {
    let set = catalogue::find(&model.parameter_set).unwrap();
    let language = Language::compile(model, &set).unwrap();
    let plan = language.plan(1, Wanted::Answer).unwrap();
    let bootstraps: usize = plan.widths().iter().sum();
    assert!((6000..10_000).contains(&bootstraps), "{bootstraps}");
    let texts = write(original, 12, 24, 5).unwrap();
    let found = simulate(&language, original, &texts, 6, &mut |_| ()).unwrap();
    let mean = |sum: f64| sum / found.tokens as f64;
    println!(
        "stories260K: {bootstraps} bootstraps at T = 1; {} predictions in the clear: loss {:.4}, with noise {:.4}; {} \
         most probable tokens the same",
        found.tokens,
        mean(found.original),
        mean(found.noisy),
        found.to_original.same
    );
    assert!(found.tokens > 200);
    assert!(mean(found.noisy) - mean(found.original) < LOSS);
    assert!(found.to_original.same * 10 > found.tokens * 8);
}

/// The token behind "Once".
fn encrypted(checkpoint: &Path, tokeniser: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_gyrus"))
        .args(["--quiet", "generate", "--prompt", "Once", "--tokens", "1"])
        .args(["--device", "model", "--model"])
        .arg(checkpoint)
        .arg("--tokeniser")
        .arg(tokeniser)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    print!("{text}");
    assert!(text.contains("encrypted   true"));
    let agreement = text
        .lines()
        .find(|line| line.starts_with("agreement"))
        .unwrap();
    let divergence: f64 = agreement.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((1e-7..DIVERGENCE).contains(&divergence));
}

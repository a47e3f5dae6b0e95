//! Runs tests one after the other and prints a line for each.

use crate::machine::SUMMARY;
use std::error::Error;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a test ends.
pub(super) type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// What a test may take; all of them end in seconds.
const LIMIT: Duration = Duration::from_secs(150);

/// The last panic's message and place.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn keep(info: &PanicHookInfo<'_>) {
    // On one line, as the harness reads lines.
    let text = info.to_string().replace('\n', " ");
    *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
}

/// Counts how tests end.
pub(super) struct Runner {
    passed: usize,
    failed: usize,
    /// Tests left out.
    filtered: usize,
    /// Whether a test ran because it was asked for.
    asked: bool,
    /// Tests to run: those whose name has this in it.
    filter: String,
}

impl Runner {
    pub(super) fn new() -> Self {
        panic::set_hook(Box::new(keep));
        Self {
            passed: 0,
            failed: 0,
            filtered: 0,
            asked: false,
            filter: std::fs::read_to_string(crate::FILTER).unwrap_or_default(),
        }
    }

    /// Runs a test, as long as it may take.
    pub(super) fn test(&mut self, name: &str, test: impl FnOnce() -> Outcome + Send + 'static) {
        let asked = name.contains(&self.filter);
        if !asked && !crate::ALWAYS.contains(&name) {
            self.filtered += 1;
            return;
        }
        self.asked |= asked;
        let start = Instant::now();
        let (sender, ended) = channel();
        std::thread::spawn(move || {
            let result = panic::catch_unwind(AssertUnwindSafe(test));
            sender.send(result).ok();
        });
        let failure = match ended.recv_timeout(LIMIT) {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(error))) => Some(describe(error.as_ref())),
            Ok(Err(_)) => Some(last_panic()),
            Err(RecvTimeoutError::Timeout) => Some(format!("not done in {LIMIT:?}")),
            Err(RecvTimeoutError::Disconnected) => Some("its thread ended".to_owned()),
        };
        let seconds = start.elapsed().as_secs_f64();
        match failure {
            None => {
                self.passed += 1;
                println!("ok {name} {seconds:.1} s");
            }
            Some(why) => {
                self.failed += 1;
                println!("FAILED {name} {seconds:.1} s: {why}");
            }
        }
    }

    /// Prints how many ended how. That a filter matches nothing is a failure.
    pub(super) fn finish(mut self) {
        if !self.asked {
            self.failed += 1;
            println!("FAILED: no test has '{}' in its name", self.filter);
        }
        println!(
            "{SUMMARY}{} passed; {} failed; 0 ignored; 0 measured; {} filtered out",
            self.passed, self.failed, self.filtered
        );
    }
}

/// An error with everything that caused it, on one line.
fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text.replace('\n', " ")
}

/// What the last thread that panicked said.
pub(super) fn last_panic() -> String {
    let mut panic = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
    panic.take().unwrap_or_else(|| "a panic".to_owned())
}

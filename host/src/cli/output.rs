//! Where results, remarks, progress and errors go.

use super::error::CliError;
use super::lines::{Lines, Task, megacycles};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The command's ends of the standard streams.
pub(super) struct Output {
    quiet: bool,
    /// Time between two plain lines of progress.
    interval: Duration,
    /// Clock cycles that a simulation has done, if one runs.
    cycles: OnceLock<Arc<AtomicU64>>,
}

impl Output {
    /// Progress comes in a line each `interval` where the standard error is no terminal.
    pub(super) const fn new(quiet: bool, interval: Duration) -> Self {
        Self {
            quiet,
            interval,
            cycles: OnceLock::new(),
        }
    }

    /// From now on progress also shows these clock cycles.
    pub(super) fn show_cycles(&self, cycles: Arc<AtomicU64>) {
        // There is one simulation at most.
        let _ = self.cycles.set(cycles);
    }

    /// Clock cycles that the simulation has done, if one runs.
    pub(super) fn cycles(&self) -> Option<u64> {
        self.cycles
            .get()
            .map(|cycles| cycles.load(Ordering::Relaxed))
    }

    /// A line of results, printed in any case.
    pub(super) fn result(&mut self, line: impl Display) -> Result<(), CliError> {
        Ok(writeln!(io::stdout().lock(), "{line}")?)
    }

    /// A line that `--quiet` leaves out.
    pub(super) fn remark(&mut self, line: impl Display) -> Result<(), CliError> {
        if self.quiet {
            Ok(())
        } else {
            self.result(line)
        }
    }

    /// A line about what goes on, to the standard error; `--quiet` leaves it out.
    pub(super) fn note(&self, line: impl Display) {
        if !self.quiet {
            // When even this fails, there is nobody left to tell.
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }

    /// A warning; `--quiet` does not silence it.
    pub(super) fn warn(&mut self, line: impl Display) {
        // When even this fails, there is nobody left to tell.
        let _ = writeln!(io::stderr().lock(), "warning: {line}");
    }

    /// An error with everything that caused it, and what to do.
    pub(super) fn error(&mut self, error: &CliError) {
        let mut text = format!("error: {error}\n");
        let mut cause = error.source();
        while let Some(error) = cause {
            text += &format!("  caused by: {error}\n");
            cause = error.source();
        }
        text += &format!("help: {}\n", error.help());
        // When even this fails, the exit code still says it.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Starts to show the progress of something of `total` units.
    pub(super) fn progress(&self, what: &'static str, unit: &'static str, total: u64) -> Progress {
        let terminal = io::stderr().is_terminal();
        let target = if terminal && !self.quiet {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let cycles = self.cycles.get().cloned();
        let shown = if cycles.is_some() { ", {cycles}" } else { "" };
        let template = format!(
            "{{msg:>18}} {{bar:32}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left{shown}"
        );
        let bar = ProgressBar::with_draw_target(Some(total), target).with_message(what);
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(match cycles.clone() {
                Some(cycles) => style.with_key(
                    "cycles",
                    move |_: &ProgressState, to: &mut dyn std::fmt::Write| {
                        // Progress that cannot be shown is no reason to stop.
                        let _ = write!(to, "{}", megacycles(cycles.load(Ordering::Relaxed)));
                    },
                ),
                None => style,
            });
        }
        if terminal && !self.quiet {
            // Answers come in batches: drawn on each of them, rate and remaining time would be
            // those of the first one of a batch.
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        let task = Arc::new(Task {
            what,
            unit,
            done: AtomicU64::new(0),
            total: AtomicU64::new(total),
            cycles,
        });
        let lines = (!terminal && !self.quiet)
            .then(|| Lines::start(Arc::clone(&task), self.interval, io::stderr()));
        Progress {
            task,
            bar,
            _lines: lines,
        }
    }
}

/// Progress of one task: a bar on a terminal, now and then a line otherwise.
pub(super) struct Progress {
    task: Arc<Task>,
    bar: ProgressBar,
    /// Written until this is dropped.
    _lines: Option<Lines>,
}

impl Progress {
    pub(super) fn set(&mut self, done: u64) {
        self.task.done.store(done, Ordering::Relaxed);
        self.bar.set_position(done);
    }

    /// As [`Self::set`], when the total was not known at the start.
    pub(super) fn set_of(&mut self, done: u64, total: u64) {
        self.task.total.store(total, Ordering::Relaxed);
        self.bar.set_length(total);
        self.set(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A size in bytes for people.
pub(super) fn bytes(count: u64) -> String {
    let count_f = count as f64;
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count_f / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count_f / 1e6),
        _ => format!("{:.2} GB", count_f / 1e9),
    }
}

/// A duration in milliseconds for people.
pub(super) fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

/// A duration in seconds for people.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

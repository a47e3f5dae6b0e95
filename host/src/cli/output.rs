//! Where results, remarks, progress and errors go.

use super::error::CliError;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Time between two plain lines of progress, when the standard error is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The command's ends of the standard streams.
pub(super) struct Output {
    quiet: bool,
}

impl Output {
    pub(super) const fn new(quiet: bool) -> Self {
        Self { quiet }
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
        let template =
            format!("{{msg:>18}} {{bar:32}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left");
        let bar = ProgressBar::with_draw_target(Some(total), target).with_message(what);
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        if terminal && !self.quiet {
            // Answers come in batches: drawn on each of them, rate and remaining time would be
            // those of the first one of a batch.
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        let lines = !terminal && !self.quiet;
        Progress {
            what,
            unit,
            total,
            bar,
            next_line: lines.then(|| Instant::now() + LINE_INTERVAL),
        }
    }
}

/// Progress of one task: a bar on a terminal, now and then a line otherwise.
pub(super) struct Progress {
    what: &'static str,
    unit: &'static str,
    total: u64,
    bar: ProgressBar,
    next_line: Option<Instant>,
}

impl Progress {
    pub(super) fn set(&mut self, done: u64) {
        self.bar.set_position(done);
        if let Some(next) = &mut self.next_line
            && Instant::now() >= *next
        {
            *next = Instant::now() + LINE_INTERVAL;
            // Progress that cannot be shown is no reason to stop.
            let _ = writeln!(
                io::stderr().lock(),
                "{}: {done} of {} {}",
                self.what,
                self.total,
                self.unit
            );
        }
    }

    /// As [`Self::set`], when the total was not known at the start.
    pub(super) fn set_of(&mut self, done: u64, total: u64) {
        self.total = total;
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

/// A duration in seconds for people.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

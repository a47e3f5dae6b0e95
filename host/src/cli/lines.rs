//! Progress in plain lines, where there is no terminal to draw a bar on.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How far a task is.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) what: &'static str,
    pub(super) unit: &'static str,
    pub(super) done: AtomicU64,
    pub(super) total: AtomicU64,
    /// Clock cycles that a simulation has done, if one runs.
    pub(super) cycles: Option<Arc<AtomicU64>>,
}

impl Task {
    /// Units done, units in total, and clock cycles.
    fn state(&self) -> (u64, u64, Option<u64>) {
        (
            self.done.load(Ordering::Relaxed),
            self.total.load(Ordering::Relaxed),
            self.cycles
                .as_ref()
                .map(|cycles| cycles.load(Ordering::Relaxed)),
        )
    }

    /// What the bar shows too: how far it is after so much time, how fast it goes, what is left.
    fn line(&self, took: Duration) -> String {
        let (done, total, cycles) = self.state();
        let mut line = format!("{}: {done}/{total} {}", self.what, self.unit);
        if done > 0 {
            let rate = done as f64 / took.as_secs_f64().max(1e-9);
            let left = total.saturating_sub(done) as f64 / rate;
            line += &format!(", {rate:.2}/s, {} left", time(left));
        }
        if let Some(cycles) = cycles {
            line += &format!(", {}", megacycles(cycles));
        }
        line
    }
}

/// A time that is not known better than this.
fn time(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// Clock cycles for people.
pub(super) fn megacycles(count: u64) -> String {
    format!("{:.2} million cycles", count as f64 / 1e6)
}

/// Writes a line now and then until it is dropped.
#[derive(Debug)]
pub(super) struct Lines {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    /// A line of `task` in each interval in which it went on.
    pub(super) fn start(
        task: Arc<Task>,
        interval: Duration,
        mut sink: impl Write + Send + 'static,
    ) -> Self {
        let (stop, stopped) = channel();
        let start = Instant::now();
        let mut told = task.state();
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                let state = task.state();
                if state != told {
                    told = state;
                    // Progress that cannot be shown is no reason to stop.
                    let _ = writeln!(sink, "{}", task.line(start.elapsed()));
                }
            }
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It has nothing to say that is not known.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Sink {
        fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().expect("locks").clone());
            text.expect("text").lines().map(str::to_owned).collect()
        }
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("locks").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn task(total: u64, cycles: Option<u64>) -> Arc<Task> {
        Arc::new(Task {
            what: "measuring",
            unit: "batches",
            done: AtomicU64::new(0),
            total: AtomicU64::new(total),
            cycles: cycles.map(|cycles| Arc::new(AtomicU64::new(cycles))),
        })
    }

    #[test]
    fn a_line_has_the_share_the_rate_the_rest_and_the_cycles() {
        let simulated = task(16, Some(1_234_000));
        let line = simulated.line(Duration::from_secs(5));
        assert_eq!(line, "measuring: 0/16 batches, 1.23 million cycles");
        simulated.done.store(4, Ordering::Relaxed);
        for (seconds, rest) in [
            (8, "0.50/s, 24 s left"),
            (400, "0.01/s, 20 min left"),
            (3600, "0.00/s, 3.0 h left"),
        ] {
            let line = simulated.line(Duration::from_secs(seconds));
            let expected = format!("measuring: 4/16 batches, {rest}, 1.23 million cycles");
            assert_eq!(line, expected);
        }
        let other = task(2, None);
        other.done.store(2, Ordering::Relaxed);
        let line = other.line(Duration::from_secs(1));
        assert_eq!(line, "measuring: 2/2 batches, 2.00/s, 0 s left");
    }

    #[test]
    fn lines_come_while_something_happens_and_not_more_often_than_asked_for() {
        let (sink, task) = (Sink::default(), task(1000, Some(0)));
        let (start, interval) = (Instant::now(), Duration::from_millis(50));
        let lines = Lines::start(Arc::clone(&task), interval, sink.clone());
        // Nothing happens.
        std::thread::sleep(4 * interval);
        assert_eq!(sink.lines(), [""; 0]);
        // Only the simulation goes on: the caller of the device waits for it.
        while sink.lines().len() < 2 {
            assert!(start.elapsed() < Duration::from_secs(20), "no line");
            if let Some(cycles) = &task.cycles {
                cycles.fetch_add(10_000, Ordering::Relaxed);
            }
            std::thread::sleep(interval / 10);
        }
        task.done.store(1, Ordering::Relaxed);
        while sink.lines().len() < 3 {
            assert!(start.elapsed() < Duration::from_secs(20), "no line");
            std::thread::sleep(interval / 10);
        }
        drop(lines);
        let most = start.elapsed().as_millis() / interval.as_millis();
        let lines = sink.lines();
        assert!(lines.len() as u128 <= most, "{lines:?}");
        assert!(lines[0].starts_with("measuring: 0/1000 batches, 0."));
        let last = lines.last().expect("lines");
        assert!(last.starts_with("measuring: 1/1000 batches, "), "{last}");
        assert!(last.contains(" left, "), "{last}");
        // It has ended.
        task.done.store(2, Ordering::Relaxed);
        std::thread::sleep(2 * interval);
        assert_eq!(sink.lines(), lines);
    }
}

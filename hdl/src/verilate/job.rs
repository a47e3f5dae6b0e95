//! A batch for a verilated core, and what came of it.

use super::process::{Errors, file_error, finish};
use super::{Core, VerilateError};
use crate::blind_rotate::{BlindRotate, MAX_LWE_DIMENSION};
use gyrus_interface::key_slice::POINT_WORDS;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How card memory answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Cycles from a request for a slice to its first beat, at least.
    pub latency: u64,
    /// Cycles from a beat to the next, at least.
    pub beat_cycles: u64,
}

impl Default for Memory {
    /// A beat in every cycle, 100 cycles after the request.
    fn default() -> Self {
        Self {
            latency: 100,
            beat_cycles: 1,
        }
    }
}

/// A waveform to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wave<'a> {
    /// The file, in GTKWave's format FST.
    pub path: &'a Path,
    /// The first cycle.
    pub from: u64,
    /// The one behind the last.
    pub to: u64,
}

/// A batch.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// log2 N.
    pub log2_n: usize,
    /// n.
    pub n: usize,
    /// log2 of the gadget's base.
    pub base_log: usize,
    /// l.
    pub levels: usize,
    /// Take the mask's rounding error off the body when switching to 2N.
    pub centred: bool,
    /// LWE words have 32 bits and lie in the upper half.
    pub narrow: bool,
    /// n mask words and the body of each ciphertext.
    pub lwe: &'a [u64],
    /// N words of each look-up table.
    pub tables: &'a [u64],
    /// Run the batch so many times, one behind the other.
    pub repeat: usize,
    /// The key's slices with their checksums' beats, see [`crate::key_store::pack_key`].
    pub key: &'a [u64],
    /// The memory that it lies in.
    pub memory: Memory,
    /// Only of a core built with [`super::Options::trace`].
    pub wave: Option<Wave<'a>>,
    /// The run ends after so long.
    pub deadline: Duration,
}

/// What came of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The results: N mask words and the body of each, batch after batch.
    pub words: Vec<u64>,
    /// From the first cycle to the end of the batch.
    pub cycles: u64,
    /// From the last word in to the first word out: the rotations, a latency before and one behind.
    pub rotation_cycles: u64,
    /// Cycles in which a turn had to wait for the key.
    pub underrun_cycles: u64,
    /// Time that the simulation took.
    pub seconds: f64,
}

impl Job<'_> {
    /// Ciphertexts.
    fn batch(&self) -> usize {
        self.lwe.len() / (self.n + 1)
    }

    fn check(&self, core: &Core) -> Result<(), VerilateError> {
        let parameters = core.parameters;
        if self.wave.is_some() && !core.traced {
            let message = "a waveform needs a core that is built for it".to_owned();
            return Err(VerilateError::Job(message));
        }
        let slice = (self.levels * POINT_WORDS) << self.log2_n;
        let key = self.n * (slice + parameters.beat_words);
        let sizes = [
            ("log2 N", self.log2_n, 8, parameters.max_log2_n),
            ("n", self.n, 1, MAX_LWE_DIMENSION),
            ("levels", self.levels, 1, parameters.levels),
            ("log2 of the base", self.base_log, 1, 31),
            ("base_log l", self.base_log * self.levels, 1, 62),
            ("ciphertexts", self.batch(), 1, parameters.slots),
            ("repetitions", self.repeat, 1, 1000),
        ];
        for (what, size, least, most) in sizes {
            if !(least..=most).contains(&size) {
                let message = format!("{what} is {size}, must be {least} to {most}");
                return Err(VerilateError::Job(message));
            }
        }
        let lengths = [
            ("LWE words", self.lwe.len(), self.batch() * (self.n + 1)),
            (
                "words of tables",
                self.tables.len(),
                self.batch() << self.log2_n,
            ),
            ("words of key", self.key.len(), key),
        ];
        for (what, length, expected) in lengths {
            if length != expected {
                let message = format!("{length} {what}, must be {expected}");
                return Err(VerilateError::Job(message));
            }
        }
        Ok(())
    }

    /// Far more cycles than a core takes that works: each ciphertext alone, each slice waited for.
    fn cycle_limit(&self, core: &Core) -> u64 {
        let ciphertexts = self.batch() as u64;
        let turn = (((self.levels * 2) << self.log2_n) / core.parameters.lanes) as u64;
        let beats = (self.key.len() / self.n / core.parameters.beat_words) as u64;
        let slice = self.memory.latency + beats * self.memory.beat_cycles;
        let iteration = ciphertexts * (turn + core.latency as u64) + slice;
        let stream = (self.lwe.len() + 4 * self.tables.len()) as u64;
        2 * self.repeat as u64 * (stream + (self.n + 2) as u64 * iteration) + 10_000
    }

    /// The harness's job file.
    fn text(&self, core: &Core, results: usize) -> String {
        let values = [
            ("log2_n", self.log2_n as u64),
            ("lwe_dimension", self.n as u64),
            ("base_log", self.base_log as u64),
            ("level_count", self.levels as u64),
            ("centred", self.centred.into()),
            ("narrow", self.narrow.into()),
            ("batch", self.batch() as u64),
            ("repeat", self.repeat as u64),
            ("latency", self.memory.latency),
            ("beat_cycles", self.memory.beat_cycles),
            ("beat_words", core.parameters.beat_words as u64),
            ("settling", BlindRotate::SETTLING as u64),
            ("cycle_limit", self.cycle_limit(core)),
            ("results", results as u64),
            ("trace_from", self.wave.map_or(0, |wave| wave.from)),
            ("trace_to", self.wave.map_or(0, |wave| wave.to)),
        ];
        let mut text = String::new();
        for (name, value) in values {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name} {value}");
        }
        text
    }
}

/// Runs a job in a directory of its own.
pub(super) fn run(core: &Core, job: &Job<'_>, directory: &Path) -> Result<Outcome, VerilateError> {
    job.check(core)?;
    fs::create_dir_all(directory).map_err(file_error(directory))?;
    for (name, words) in [
        ("lwe.bin", job.lwe),
        ("tables.bin", job.tables),
        ("key.bin", job.key),
    ] {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        write(directory, name, &bytes)?;
    }
    let results = job.repeat * job.batch() * ((1 << job.log2_n) + 1);
    write(directory, "job.txt", job.text(core, results).as_bytes())?;
    let mut harness = Command::new(&core.harness);
    harness.arg("job.txt");
    let report = finish(directory, "run", harness, job.deadline, Errors::Shown)?;
    let value = |name: &'static str| {
        let mut lines = report.lines().filter_map(|line| line.split_once(' '));
        let value = lines.find(|(found, _)| *found == name);
        let value = value.and_then(|(_, value)| value.parse::<u64>().ok());
        value.ok_or(VerilateError::Report(name))
    };
    if let Some(wave) = job.wave {
        fs::copy(directory.join("wave.fst"), wave.path).map_err(file_error(wave.path))?;
    }
    let path = directory.join("words.bin");
    let bytes = fs::read(&path).map_err(file_error(&path))?;
    let (words, rest) = bytes.as_chunks::<8>();
    if words.len() != results || !rest.is_empty() {
        return Err(VerilateError::Report("words"));
    }
    Ok(Outcome {
        words: words.iter().copied().map(u64::from_le_bytes).collect(),
        cycles: value("cycles")?,
        rotation_cycles: value("rotation_cycles")?,
        underrun_cycles: value("underrun_cycles")?,
        seconds: value("microseconds")? as f64 / 1e6,
    })
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), VerilateError> {
    let path = directory.join(name);
    fs::write(&path, bytes).map_err(file_error(&path))
}

//! What is measured, and its times.

use criterion::{BenchmarkId, Criterion, SamplingMode};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// Samples of one measurement.
const SAMPLES: usize = 10;

/// A whole job or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Key switch, modulus switch, blind rotation, extraction: batch and threads.
    Whole(usize, usize),
    /// The same without the key switch; one ciphertext, one thread.
    Bootstrap,
    /// The key switch: batch; one thread.
    Keyswitch(usize),
    /// A transform of N coefficients; one thread.
    Transform,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(batch, threads) => {
                write!(f, "KS + PBS, batch {batch}, {threads} thread(s)")
            }
            Self::Bootstrap => write!(f, "PBS alone, batch 1, 1 thread"),
            Self::Keyswitch(batch) => write!(f, "KS alone, batch {batch}, 1 thread"),
            Self::Transform => write!(f, "transform, 1 thread"),
        }
    }
}

/// One line's place in the tables: parameters, part, and whose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Figure {
    pub(crate) set: &'static str,
    pub(crate) part: Part,
    pub(crate) of: String,
}

impl Figure {
    pub(crate) fn new(set: &'static str, part: Part, of: &str) -> Self {
        let of = of.to_owned();
        Self { set, part, of }
    }
}

/// Seconds per ciphertext (or transform) of every measurement.
#[derive(Default)]
pub(crate) struct Results(BTreeMap<Figure, Vec<f64>>);

impl Results {
    /// Measures `job`, which handles `count` ciphertexts a call, with criterion.
    pub(crate) fn measure(
        &mut self,
        criterion: &mut Criterion,
        figure: Figure,
        count: usize,
        mut job: impl FnMut(),
    ) {
        let start = Instant::now();
        job();
        // One call a sample for long jobs.
        let time = (start.elapsed() * 9).max(Duration::from_millis(500));
        let mut samples = Vec::new();
        let mut group = criterion.benchmark_group(format!("{}, {}", figure.set, figure.part));
        group
            .sample_size(SAMPLES)
            .sampling_mode(SamplingMode::Flat)
            .warm_up_time(Duration::from_millis(1))
            .measurement_time(time);
        group.bench_function(BenchmarkId::from_parameter(&figure.of), |bencher| {
            bencher.iter_custom(|iterations| {
                let start = Instant::now();
                for _ in 0..iterations {
                    job();
                }
                let elapsed = start.elapsed();
                samples.push(elapsed.as_secs_f64() / (iterations * count as u64) as f64);
                elapsed
            });
        });
        group.finish();
        // Criterion warms up before it samples; its filter may have left this out.
        let warm_up = samples.len().saturating_sub(SAMPLES);
        self.0.insert(figure, samples.split_off(warm_up));
    }

    /// Median in milliseconds.
    pub(crate) fn milliseconds(&self, figure: &Figure) -> Option<f64> {
        let mut samples = self.0.get(figure)?.clone();
        samples.sort_by(f64::total_cmp);
        let (low, high) = (samples.len().saturating_sub(1) / 2, samples.len() / 2);
        Some((samples.get(low)? + samples.get(high)?) / 2.0 * 1e3)
    }
}

//! Milliseconds per key switch and bootstrap with the primary parameters: our kernels, tfhe-rs'
//! exact NTT path and its FFT path, in one run, on the same keys and inputs.
//!
//! `cargo bench -p gyrus --bench pbs`, about five minutes on two CPUs. The table at the end gives
//! medians and ratios. Keys and inputs are uniform words: no path's time depends on their values.

#![allow(clippy::expect_used, clippy::panic)]

// The rest is for the bit-exactness tests.
#[allow(dead_code)]
#[path = "../tests/tfhe_support/mod.rs"]
mod tfhe_support;

use criterion::{BenchmarkId, Criterion, SamplingMode};
use gyrus_interface::{ParameterSet, catalogue};
use gyrus_sim::model::{Batch, Engine, EvaluationKey, Kernel, SmallLwe};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tfhe::core_crypto::prelude::*;
use tfhe_support::{Reference, Source, modulus32, sample_extract, standard_key, trivial};

/// (batch, threads) of the whole job.
const SHAPES: [(usize, usize); 4] = [(1, 1), (16, 1), (1, 2), (16, 2)];

/// Batches of the key switch alone, on one thread.
const KEYSWITCH_BATCHES: [usize; 2] = [1, 16];

/// Samples of one measurement.
const SAMPLES: usize = 10;

/// A whole job or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Key switch, modulus switch, blind rotation, extraction: batch and threads.
    Whole(usize, usize),
    /// The same without the key switch; one ciphertext, one thread.
    Bootstrap,
    /// The key switch: batch; one thread.
    Keyswitch(usize),
}

/// Seconds per ciphertext of every measurement, by implementation.
#[derive(Default)]
struct Results(BTreeMap<(String, Part), Vec<f64>>);

impl Results {
    /// Measures `job`, which handles `batch` ciphertexts a call, with criterion.
    fn measure(
        &mut self,
        criterion: &mut Criterion,
        (name, part): (&str, Part),
        batch: usize,
        mut job: impl FnMut(),
    ) {
        let start = Instant::now();
        job();
        // One call a sample for long jobs.
        let time = (start.elapsed() * 9).max(Duration::from_millis(500));
        let mut samples = Vec::new();
        let mut group = criterion.benchmark_group(match part {
            Part::Whole(batch, threads) => format!("ks+pbs, batch {batch}, {threads} thread(s)"),
            Part::Bootstrap => "pbs".to_owned(),
            Part::Keyswitch(batch) => format!("ks, batch {batch}"),
        });
        group
            .sample_size(SAMPLES)
            .sampling_mode(SamplingMode::Flat)
            .warm_up_time(Duration::from_millis(1))
            .measurement_time(time);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|iterations| {
                let start = Instant::now();
                for _ in 0..iterations {
                    job();
                }
                let elapsed = start.elapsed();
                samples.push(elapsed.as_secs_f64() / (iterations * batch as u64) as f64);
                elapsed
            });
        });
        group.finish();
        // Criterion warms up before it samples.
        let warm_up = samples.len().saturating_sub(SAMPLES);
        self.0
            .insert((name.to_owned(), part), samples.split_off(warm_up));
    }

    /// Median in milliseconds.
    fn milliseconds(&self, name: &str, part: Part) -> Option<f64> {
        let mut samples = self.0.get(&(name.to_owned(), part))?.clone();
        samples.sort_by(f64::total_cmp);
        let (low, high) = (samples.len().saturating_sub(1) / 2, samples.len() / 2);
        Some((samples.get(low)? + samples.get(high)?) / 2.0 * 1e3)
    }
}

/// tfhe-rs' FFT path, step by step as its `KeySwitch32` atomic pattern does it.
struct FftPath {
    set: ParameterSet,
    bsk: FourierLweBootstrapKeyOwned,
    ksk: LweKeyswitchKeyOwned<u32>,
}

impl FftPath {
    fn new(set: &ParameterSet, bootstrapping: &[u64], keyswitch: &[u32]) -> Self {
        let standard = standard_key(set, bootstrapping);
        let mut bsk = FourierLweBootstrapKey::new(
            standard.input_lwe_dimension(),
            standard.glwe_size(),
            standard.polynomial_size(),
            standard.decomposition_base_log(),
            standard.decomposition_level_count(),
        );
        par_convert_standard_lwe_bootstrap_key_to_fourier(&standard, &mut bsk);
        let ksk = LweKeyswitchKey::from_container(
            keyswitch.to_vec(),
            DecompositionBaseLog(set.keyswitch.base_log.0),
            DecompositionLevelCount(set.keyswitch.level_count.0),
            LweSize(set.small_lwe_size()),
            modulus32(set),
        );
        Self {
            set: set.clone(),
            bsk,
            ksk,
        }
    }

    fn keyswitch(&self, input: &[u64]) -> LweCiphertextOwned<u32> {
        let input = LweCiphertext::from_container(input, CiphertextModulus::new_native());
        let size = LweSize(self.set.small_lwe_size());
        let mut small = LweCiphertext::new(0, size, modulus32(&self.set));
        keyswitch_lwe_ciphertext_with_scalar_change(&self.ksk, &input, &mut small);
        small
    }

    fn bootstrap(
        &self,
        small: &LweCiphertextOwned<u32>,
        lut: &[u64],
        buffers: &mut ComputationBuffers,
    ) -> Vec<u64> {
        let size = PolynomialSize(self.set.polynomial_size.0);
        let fft = Fft::new(size);
        let fft = fft.as_view();
        let mut accumulator = GlweCiphertext::from_container(
            trivial(&self.set, lut),
            size,
            CiphertextModulus::new_native(),
        );
        let glwe_size = accumulator.glwe_size();
        buffers.resize(
            blind_rotate_assign_mem_optimized_requirement::<u64>(glwe_size, size, fft)
                .unaligned_bytes_required(),
        );
        let log2 = size.to_blind_rotation_input_modulus_log();
        let switched =
            lwe_ciphertext_centered_binary_modulus_switch::<u32, usize, _>(small.as_view(), log2);
        blind_rotate_assign_mem_optimized(
            &switched,
            &mut accumulator,
            &self.bsk,
            fft,
            buffers.stack(),
        );
        sample_extract(&self.set, accumulator.as_ref(), 0)
    }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads")
}

/// Inputs of the largest batch.
struct Inputs {
    ciphertexts: Vec<u64>,
    luts: Vec<Vec<u64>>,
}

fn bench_ours(
    criterion: &mut Criterion,
    results: &mut Results,
    key: &EvaluationKey,
    inputs: &Inputs,
    expected: &[u64],
) {
    let (set, name) = (key.parameters(), format!("gyrus {}", key.kernel()));
    let size = set.big_lwe_size();
    let luts: Vec<&[u64]> = inputs.luts.iter().map(Vec::as_slice).collect();
    for (batch, threads) in SHAPES {
        let engine = Engine::new(NonZeroUsize::new(threads), key.kernel()).expect("starts");
        let mut outputs = vec![0; batch * size];
        results.measure(
            criterion,
            (&name, Part::Whole(batch, threads)),
            batch,
            || {
                let job = Batch {
                    inputs: &inputs.ciphertexts[..batch * size],
                    luts: &luts[..batch],
                    samples: 1,
                    stride: 0,
                };
                engine
                    .keyswitch_bootstrap(key, job, &mut outputs, &AtomicBool::new(false))
                    .expect("bootstraps");
            },
        );
        assert!(
            outputs[..size] == *expected,
            "{name} does not agree with tfhe-rs"
        );
    }
    let input = &inputs.ciphertexts[..size];
    let small = key.keyswitch(input).expect("switches").swap_remove(0);
    results.measure(criterion, (&name, Part::Bootstrap), 1, || {
        let mut switched = vec![0; set.small_lwe_size()];
        gyrus_sim::model::modulus_switch(
            &small,
            set.modulus_switch,
            set.log2_two_n(),
            &mut switched,
        )
        .expect("switches");
        let mut accumulator = trivial(set, luts[0]);
        key.blind_rotate(&switched, &mut accumulator)
            .expect("rotates");
        std::hint::black_box(sample_extract(set, &accumulator, 0));
    });
    for batch in KEYSWITCH_BATCHES {
        let inputs = &inputs.ciphertexts[..batch * size];
        results.measure(criterion, (&name, Part::Keyswitch(batch)), batch, || {
            std::hint::black_box(key.keyswitch(inputs).expect("switches"));
        });
    }
}

/// tfhe-rs switches one ciphertext a call.
fn bench_tfhe_keyswitch<T>(
    criterion: &mut Criterion,
    results: &mut Results,
    name: &str,
    inputs: &Inputs,
    size: usize,
    keyswitch: impl Fn(&[u64]) -> T,
) {
    for batch in KEYSWITCH_BATCHES {
        results.measure(criterion, (name, Part::Keyswitch(batch)), batch, || {
            for input in inputs.ciphertexts.chunks_exact(size).take(batch) {
                std::hint::black_box(keyswitch(input));
            }
        });
    }
}

/// tfhe-rs bootstraps one ciphertext a call; threads share out the batch.
fn bench_tfhe(
    criterion: &mut Criterion,
    results: &mut Results,
    name: &str,
    inputs: &Inputs,
    size: usize,
    whole: impl Fn(&[u64], &[u64]) -> Vec<u64> + Sync,
) {
    for (batch, threads) in SHAPES {
        let pool = pool(threads);
        results.measure(
            criterion,
            (name, Part::Whole(batch, threads)),
            batch,
            || {
                let outputs: Vec<Vec<u64>> = pool.install(|| {
                    let ciphertexts = inputs.ciphertexts.par_chunks_exact(size).take(batch);
                    ciphertexts
                        .zip(&inputs.luts)
                        .map(|(input, lut)| whole(input, lut))
                        .collect()
                });
                std::hint::black_box(outputs);
            },
        );
    }
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown CPU", |rest| {
        rest.trim_start_matches([' ', '\t', ':'])
    });
    let cores = std::thread::available_parallelism().map_or(0, NonZeroUsize::get);
    format!("{model}, {cores} CPU(s)")
}

fn join(kernels: &[Kernel]) -> String {
    let names: Vec<String> = kernels.iter().map(Kernel::to_string).collect();
    names.join(", ")
}

const TFHE_NTT: &str = "tfhe-rs NTT (exact)";
const TFHE_FFT: &str = "tfhe-rs FFT";

fn print_table(results: &Results, names: &[String]) {
    let parts = SHAPES.map(|(batch, threads)| Part::Whole(batch, threads));
    let keyswitches = KEYSWITCH_BATCHES.map(Part::Keyswitch);
    for part in parts
        .into_iter()
        .chain([Part::Bootstrap])
        .chain(keyswitches)
    {
        let of = |name: &str| results.milliseconds(name, part);
        // Criterion's filter may have left it out.
        if names.iter().all(|name| of(name).is_none()) {
            continue;
        }
        println!();
        println!(
            "{:48} {:>10} {:>8} {:>8}",
            match part {
                Part::Whole(batch, threads) =>
                    format!("KS + PBS, batch {batch}, {threads} thread(s)"),
                Part::Bootstrap => "PBS alone, batch 1, 1 thread".to_owned(),
                Part::Keyswitch(batch) => format!("KS alone, batch {batch}, 1 thread"),
            },
            "ms/ct",
            "/NTT",
            "/FFT"
        );
        for name in names {
            let Some(ours) = of(name) else { continue };
            let ratio = |to: Option<f64>| {
                to.map_or_else(|| "-".to_owned(), |theirs| format!("{:.3}", ours / theirs))
            };
            let (ntt, fft) = (ratio(of(TFHE_NTT)), ratio(of(TFHE_FFT)));
            println!("  {name:46} {ours:>10.3} {ntt:>8} {fft:>8}");
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().without_plots();
    let criterion = &mut criterion;
    let set = catalogue::find(catalogue::PRIMARY).expect("the primary set");
    println!("CPU: {}", cpu());
    println!("parameters: {}; keys and inputs: uniform words", set.name);

    let mut source = Source::new(1);
    let (bootstrapping, keyswitch) = source.keys(&set);
    let size = set.big_lwe_size();
    let inputs = Inputs {
        ciphertexts: source.words(16 * size),
        luts: (0..16)
            .map(|_| source.words(set.polynomial_size.0))
            .collect(),
    };
    let (input, lut) = (&inputs.ciphertexts[..size], &inputs.luts[0]);
    let mut results = Results::default();

    let exact = Reference::new(&set, &bootstrapping, &keyswitch);
    let expected = exact.keyswitch_bootstrap(input, lut, 1, 0);
    bench_tfhe(
        criterion,
        &mut results,
        TFHE_NTT,
        &inputs,
        size,
        |input, lut| exact.keyswitch_bootstrap(input, lut, 1, 0),
    );
    let small = exact.keyswitch(input);
    results.measure(criterion, (TFHE_NTT, Part::Bootstrap), 1, || {
        let mut accumulator = trivial(&set, lut);
        exact.blind_rotate(&exact.modulus_switch(&small), &mut accumulator);
        std::hint::black_box(exact.sample_extract(&accumulator, 0));
    });
    bench_tfhe_keyswitch(
        criterion,
        &mut results,
        TFHE_NTT,
        &inputs,
        size,
        |input| -> SmallLwe { exact.keyswitch(input) },
    );
    drop(exact);

    let gyrus::key::KeyswitchKey::U32(rows) = &keyswitch else {
        panic!("the primary set switches to 32-bit words")
    };
    let fft = FftPath::new(&set, &bootstrapping, rows);
    bench_tfhe(
        criterion,
        &mut results,
        TFHE_FFT,
        &inputs,
        size,
        |input, lut| fft.bootstrap(&fft.keyswitch(input), lut, &mut ComputationBuffers::new()),
    );
    let (small, mut buffers) = (fft.keyswitch(input), ComputationBuffers::new());
    results.measure(criterion, (TFHE_FFT, Part::Bootstrap), 1, || {
        std::hint::black_box(fft.bootstrap(&small, lut, &mut buffers));
    });
    bench_tfhe_keyswitch(criterion, &mut results, TFHE_FFT, &inputs, size, |input| {
        fft.keyswitch(input)
    });
    drop(fft);

    let mut names = vec![TFHE_NTT.to_owned(), TFHE_FFT.to_owned()];
    let mut sizes = Vec::new();
    for kernel in Kernel::available() {
        let engine = Engine::new(None, kernel).expect("an available kernel");
        let key = engine
            .prepare_key(&set, &bootstrapping, keyswitch.words())
            .expect("a key of this set");
        bench_ours(criterion, &mut results, &key, &inputs, &expected);
        names.push(format!("gyrus {}", key.kernel()));
        sizes.push((
            key.kernel(),
            key.bootstrapping_key_bytes(),
            key.keyswitch_key_bytes(),
        ));
    }
    criterion.final_summary();

    println!("\nCPU: {}", cpu());
    println!(
        "kernels here: {}; the fastest is {}",
        join(&Kernel::available()),
        Kernel::best()
    );
    let missing: Vec<Kernel> = Kernel::ALL
        .into_iter()
        .filter(|kernel| !Kernel::available().contains(kernel))
        .collect();
    if !missing.is_empty() {
        println!("NOT MEASURED, not on this CPU: {}", join(&missing));
    }
    print_table(&results, &names);
    println!("\nresident key, one copy for all threads:");
    for (kernel, bootstrapping, keyswitch) in sizes {
        println!(
            "  gyrus {kernel:9} {:>11} bytes: bootstrapping key {bootstrapping}, key switching key \
             {keyswitch}",
            bootstrapping + keyswitch
        );
    }
}

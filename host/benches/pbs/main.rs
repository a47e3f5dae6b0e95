//! Milliseconds per key switch and bootstrap: our kernels, tfhe-rs' exact NTT path and its FFT path, in
//! one run, on the same keys and inputs.
//!
//! `cargo bench -p gyrus --bench pbs`, some six minutes on two CPUs. The tables at the end give
//! medians and ratios, and the bars that they are held to; whoever runs this learns of a bar that was
//! missed by how it ends. Keys and inputs are uniform words: no path's time depends on their values.

#![allow(clippy::expect_used, clippy::panic)]

mod measure;
mod ours;
mod report;
// The rest is for the bit-exactness tests.
#[allow(dead_code)]
#[path = "../../tests/tfhe_support/mod.rs"]
mod tfhe_support;
mod theirs;

use criterion::Criterion;
use gyrus_interface::{Decomposition, ParameterSet, PolynomialSize, catalogue};
use gyrus_sim::model::Kernel;
use measure::{Part, Results};
use std::process::ExitCode;
use tfhe_support::Source;

/// The batch that the bars are for.
const LARGEST_BATCH: usize = 16;

/// (batch, threads) of the whole job.
const SHAPES: [(usize, usize); 5] = [
    (1, 1),
    (8, 1),
    (LARGEST_BATCH, 1),
    (1, 2),
    (LARGEST_BATCH, 2),
];

/// Batches of the key switch alone, on one thread.
const KEYSWITCH_BATCHES: [usize; 3] = [1, 8, LARGEST_BATCH];

/// How the tables call the primary set.
const PRIMARY_LABEL: &str = "N = 2048, l = 1";

/// The primary set with another N and another base and number of levels: labels, and what differs.
const OTHER_SETS: [(&str, (usize, usize, usize)); 3] = [
    ("N = 4096, l = 1", (4096, 22, 1)),
    ("N = 2048, l = 2", (2048, 15, 2)),
    ("N = 2048, l = 3", (2048, 12, 3)),
];

/// Inputs of the largest batch.
struct Inputs {
    ciphertexts: Vec<u64>,
    luts: Vec<Vec<u64>>,
}

impl Inputs {
    fn new(source: &mut Source, set: &ParameterSet) -> Self {
        Self {
            ciphertexts: source.words(LARGEST_BATCH * set.big_lwe_size()),
            luts: (0..LARGEST_BATCH)
                .map(|_| source.words(set.polynomial_size.0))
                .collect(),
        }
    }

    /// The first ciphertext, of `size` words.
    fn ciphertext(&self, size: usize) -> &[u64] {
        &self.ciphertexts[..size]
    }

    /// The first look-up table.
    fn lut(&self) -> &[u64] {
        &self.luts[0]
    }
}

fn main() -> ExitCode {
    let mut criterion = Criterion::default().configure_from_args().without_plots();
    let criterion = &mut criterion;
    let results = &mut Results::default();
    let set = catalogue::find(catalogue::PRIMARY).expect("the primary set");
    println!("CPU: {}", report::cpu());
    println!(
        "parameters: {}, and with other N and l; keys and inputs: uniform words",
        set.name
    );

    let source = &mut Source::new(1);
    let mut sizes = Vec::new();
    {
        let (bootstrapping, keyswitch) = source.keys(&set);
        let inputs = Inputs::new(source, &set);
        let primary = (PRIMARY_LABEL, &set);
        let keys = (bootstrapping.as_slice(), &keyswitch);
        let how = (SHAPES.as_slice(), true);
        let expected = theirs::bench(criterion, results, primary, keys, &inputs, how);
        for kernel in Kernel::available() {
            let key = ours::prepare(kernel, &set, &bootstrapping, &keyswitch);
            let data = (&inputs, expected.as_slice());
            ours::bench(criterion, results, (PRIMARY_LABEL, &key), data, how);
            sizes.push((
                kernel,
                key.bootstrapping_key_bytes(),
                key.keyswitch_key_bytes(),
            ));
        }
        let transform = (PRIMARY_LABEL, set.polynomial_size.0);
        theirs::bench_transform(criterion, results, transform, source);
        ours::bench_transform(criterion, results, primary, source);
    }
    for (label, (size, base_log, levels)) in OTHER_SETS {
        let set = ParameterSet {
            polynomial_size: PolynomialSize(size),
            pbs: Decomposition::new(base_log, levels),
            ..set.clone()
        };
        let (bootstrapping, keyswitch) = source.keys(&set);
        let inputs = Inputs::new(source, &set);
        let keys = (bootstrapping.as_slice(), &keyswitch);
        let how = ([(LARGEST_BATCH, 1)].as_slice(), false);
        let expected = theirs::bench(criterion, results, (label, &set), keys, &inputs, how);
        let vectors = Kernel::available().into_iter();
        for kernel in vectors.filter(|&kernel| kernel > Kernel::Portable) {
            let key = ours::prepare(kernel, &set, &bootstrapping, &keyswitch);
            let data = (&inputs, expected.as_slice());
            ours::bench(criterion, results, (label, &key), data, how);
        }
    }
    criterion.final_summary();

    println!("\nCPU: {}", report::cpu());
    report::print_kernels();
    let parts: Vec<Part> = SHAPES
        .into_iter()
        .map(|(batch, threads)| Part::Whole(batch, threads))
        .chain([Part::Bootstrap])
        .chain(KEYSWITCH_BATCHES.map(Part::Keyswitch))
        .collect();
    report::print_table(results, PRIMARY_LABEL, &parts);
    report::print_transforms(results, PRIMARY_LABEL);
    for (label, _) in OTHER_SETS {
        report::print_table(results, label, &[Part::Whole(LARGEST_BATCH, 1)]);
    }
    println!("\nresident key, one copy for all threads:");
    for (kernel, bootstrapping, keyswitch) in sizes {
        println!(
            "  gyrus {kernel:10} {:>11} bytes: bootstrapping key {bootstrapping}, key switching key \
             {keyswitch}",
            bootstrapping + keyswitch
        );
    }
    if report::print_bars(results) {
        ExitCode::SUCCESS
    } else {
        eprintln!("a bar was missed");
        ExitCode::FAILURE
    }
}

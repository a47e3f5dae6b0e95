//! Our kernels, through the engine.

use criterion::Criterion;
use gyrus::key::KeyswitchKey;
use gyrus_interface::{LweDimension, ParameterSet};
use gyrus_sim::model::{Batch, Engine, EvaluationKey, Kernel};
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use crate::measure::{Figure, Part, Results};
use crate::tfhe_support::{Source, sample_extract, trivial};
use crate::{Inputs, KEYSWITCH_BATCHES};

/// How the tables call a kernel.
pub(crate) fn name(kernel: Kernel) -> String {
    format!("gyrus {kernel}")
}

/// Transforms in a CMUX with k = l = 1: two forward, two back. (The kernels in residues do each twice,
/// mod two primes.)
const TRANSFORMS: usize = 4;
/// CMUXes of a measurement of transforms: their GGSWs fit a level-2 cache.
const CMUXES: usize = 2;

/// A key of this set for `kernel`, which does not hand the set over to another.
pub(crate) fn prepare(
    kernel: Kernel,
    set: &ParameterSet,
    bootstrapping: &[u64],
    keyswitch: &KeyswitchKey,
) -> EvaluationKey {
    let engine = Engine::new(None, kernel).expect("an available kernel");
    let key = engine
        .prepare_key(set, bootstrapping, keyswitch.words())
        .expect("a key of this set");
    assert_eq!(key.kernel(), kernel, "another kernel stands in");
    key
}

/// The whole job with `shapes`, batches and threads; with `steps` also its parts.
pub(crate) fn bench(
    criterion: &mut Criterion,
    results: &mut Results,
    (label, key): (&'static str, &EvaluationKey),
    (inputs, expected): (&Inputs, &[u64]),
    (shapes, steps): (&[(usize, usize)], bool),
) {
    let (set, name) = (key.parameters(), name(key.kernel()));
    let size = set.big_lwe_size();
    let luts: Vec<&[u64]> = inputs.luts.iter().map(Vec::as_slice).collect();
    let figure = |part| Figure::new(label, part, &name);
    for &(batch, threads) in shapes {
        let engine = Engine::new(NonZeroUsize::new(threads), key.kernel()).expect("starts");
        let mut outputs = vec![0; batch * size];
        let whole = figure(Part::Whole(batch, threads));
        results.measure(criterion, whole, batch, || {
            let job = Batch {
                inputs: &inputs.ciphertexts[..batch * size],
                luts: &luts[..batch],
                samples: 1,
                stride: 0,
            };
            engine
                .keyswitch_bootstrap(key, job, &mut outputs, &AtomicBool::new(false))
                .expect("bootstraps");
        });
        let first = outputs.get(..size);
        assert!(
            first == Some(expected),
            "{name} does not agree with tfhe-rs"
        );
    }
    if !steps {
        return;
    }
    let input = inputs.ciphertext(size);
    let small = key.keyswitch(input).expect("switches").swap_remove(0);
    results.measure(criterion, figure(Part::Bootstrap), 1, || {
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
        results.measure(criterion, figure(Part::Keyswitch(batch)), batch, || {
            std::hint::black_box(key.keyswitch(inputs).expect("switches"));
        });
    }
}

/// A quarter of a CMUX, with its rotation, decomposition, products by the key and remainder
/// theorem: the kernels in residues do not transform and stop there. All data in a cache.
pub(crate) fn bench_transform(
    criterion: &mut Criterion,
    results: &mut Results,
    (label, set): (&'static str, &ParameterSet),
    source: &mut Source,
) {
    let set = ParameterSet {
        lwe_dimension: LweDimension(CMUXES),
        ..set.clone()
    };
    let (bootstrapping, keyswitch) = source.keys(&set);
    let mut accumulator = source.words(set.glwe_size() * set.polynomial_size.0);
    // Rotations by an odd degree, and none by the body.
    let switched = [vec![777; CMUXES], vec![0]].concat();
    for kernel in Kernel::available() {
        let key = prepare(kernel, &set, &bootstrapping, &keyswitch);
        let figure = Figure::new(label, Part::Transform, &name(kernel));
        results.measure(criterion, figure, TRANSFORMS * CMUXES, || {
            key.blind_rotate(&switched, &mut accumulator)
                .expect("rotates");
        });
    }
}

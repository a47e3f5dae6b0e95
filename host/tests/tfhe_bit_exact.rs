//! Every step of the functional engine, in every kernel, word for word against tfhe-rs 1.8.2.

#![allow(clippy::expect_used, clippy::panic)]

mod tfhe_support;

use gyrus::key::KeyswitchKey;
use gyrus_interface::{
    Decomposition, KeyswitchModulus, ModulusSwitch, ParameterSet, PolynomialSize, catalogue,
};
use gyrus_sim::model::{
    self, Batch, Engine, EvaluationKey, Kernel, SmallLwe, keyswitch, modulus_switch,
};
use std::io::Write;
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use tfhe_support::cases::{accumulators, inputs, switched};
use tfhe_support::{Reference, Source};

/// The sets that users have: the primary one, and both defaults of tfhe-rs' CPU.
const PRODUCTION: [&str; 3] = [
    catalogue::PRIMARY,
    catalogue::CPU_DEFAULT,
    catalogue::CPU_DEFAULT_KS32,
];

fn find(name: &str) -> ParameterSet {
    catalogue::find(name).expect("in the catalogue")
}

/// The kernels to test; says which ones this CPU cannot run, past the test harness's capture.
fn kernels() -> Vec<Kernel> {
    static SAID: Once = Once::new();
    let available = Kernel::available();
    SAID.call_once(|| {
        let mut stdout = std::io::stdout();
        for kernel in Kernel::ALL {
            let says = if available.contains(&kernel) {
                "tested"
            } else {
                "NOT TESTED, not on this CPU"
            };
            writeln!(stdout, "kernel {kernel}: {says}").expect("stdout");
        }
    });
    available
}

fn prepare(
    engine: &Engine,
    set: &ParameterSet,
    bootstrapping: &[u64],
    keyswitch: &KeyswitchKey,
) -> EvaluationKey {
    engine
        .prepare_key(set, bootstrapping, keyswitch.words())
        .expect("a key of this set")
}

fn engine(kernel: Kernel) -> Engine {
    Engine::new(None, kernel).expect("an available kernel")
}

/// First difference, so that a failure does not print thousands of words.
fn assert_words(found: &[u64], expected: &[u64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let difference = found.iter().zip(expected).position(|(a, b)| a != b);
    if let Some(index) = difference {
        panic!(
            "{what}: word {index} is {:#x}, tfhe-rs has {:#x}",
            found[index], expected[index]
        );
    }
}

/// Blind rotations with pairs of the two lists above, in all kernels.
fn compare_blind_rotations(
    set: &ParameterSet,
    bootstrapping: &[u64],
    keyswitch: &KeyswitchKey,
    pairs: &[(usize, usize)],
    source: &mut Source,
) {
    let reference = Reference::new(set, bootstrapping, keyswitch);
    let (switched, accumulators) = (switched(set, source), accumulators(set, source));
    let expected: Vec<Vec<u64>> = pairs
        .iter()
        .map(|&(s, a)| {
            let mut accumulator = accumulators[a].1.clone();
            reference.blind_rotate(&switched[s].1, &mut accumulator);
            accumulator
        })
        .collect();
    for kernel in kernels() {
        let engine = engine(kernel);
        let key = prepare(&engine, set, bootstrapping, keyswitch);
        for (&(s, a), expected) in pairs.iter().zip(&expected) {
            let mut accumulator = accumulators[a].1.clone();
            key.blind_rotate(&switched[s].1, &mut accumulator)
                .expect("rotates");
            let what = format!(
                "{} k={} N={} base 2^{} x {}, kernel {} for {kernel}, switched: {}, accumulator: {}",
                set.name,
                set.glwe_dimension,
                set.polynomial_size,
                set.pbs.base_log,
                set.pbs.level_count,
                key.kernel(),
                switched[s].0,
                accumulators[a].0
            );
            assert_words(&accumulator, expected, &what);
        }
    }
}

#[test]
fn blind_rotation_at_production_size() {
    for (seed, name) in PRODUCTION.into_iter().enumerate() {
        let set = find(name);
        let mut source = Source::new(seed as u64);
        let (bootstrapping, keyswitch) = source.keys(&set);
        let pairs = [(0, 0), (1, 2), (2, 4), (3, 6), (4, 1), (5, 3), (6, 0)];
        compare_blind_rotations(&set, &bootstrapping, &keyswitch, &pairs, &mut source);
    }
}

/// A set with `n = 3`, which is enough to meet every case.
fn shape(k: usize, size: usize, pbs: Decomposition) -> ParameterSet {
    let mut set = catalogue::toy();
    set.name = "INSECURE_SHAPE".to_owned();
    set.lwe_dimension.0 = 3;
    set.glwe_dimension.0 = k;
    set.polynomial_size = PolynomialSize(size);
    set.pbs = pbs;
    set
}

#[test]
fn blind_rotation_in_other_shapes() {
    let all: Vec<(usize, usize)> = (0..7).flat_map(|s| (0..7).map(move |a| (s, a))).collect();
    let some: Vec<(usize, usize)> = all.iter().copied().step_by(3).collect();
    let mut source = Source::new(10);
    for k in 1..=2 {
        for size in [256, 512, 1024, 2048, 4096] {
            for (base_log, levels) in [(23, 1), (15, 2), (10, 3), (1, 1), (31, 1), (31, 2), (20, 3)]
            {
                let set = shape(k, size, Decomposition::new(base_log, levels));
                let (bootstrapping, keyswitch) = source.keys(&set);
                let pairs = if size <= 512 { &all } else { &some };
                compare_blind_rotations(&set, &bootstrapping, &keyswitch, pairs, &mut source);
            }
        }
    }
}

/// Keys at the ends of the torus: the largest products and sums that the arithmetic can meet.
#[test]
fn blind_rotation_with_extreme_keys() {
    let pairs: Vec<(usize, usize)> = (0..7).flat_map(|s| (0..7).map(move |a| (s, a))).collect();
    let mut source = Source::new(20);
    for (k, size, base_log, levels) in [(1, 2048, 23, 1), (2, 4096, 23, 1), (1, 4096, 15, 2)] {
        let set = shape(k, size, Decomposition::new(base_log, levels));
        let (random, keyswitch) = source.keys(&set);
        let constant = |word: u64| vec![word; random.len()];
        let alternating = |a: u64, b: u64| -> Vec<u64> {
            (0..random.len())
                .map(|i| if i % 2 == 0 { a } else { b })
                .collect()
        };
        for key in [
            constant(1 << 63),
            constant((1 << 63) - 1),
            constant(u64::MAX),
            alternating(1 << 63, (1 << 63) - 1),
            alternating(0, 1 << 63),
        ] {
            compare_blind_rotations(&set, &key, &keyswitch, &pairs, &mut source);
        }
    }
}

/// The sets of production plus shapes that exercise the key switch's corners.
fn keyswitch_sets() -> Vec<ParameterSet> {
    let mut sets: Vec<_> = catalogue::all_sets();
    for (modulus, base_log, levels) in [
        (KeyswitchModulus::Native64, 1, 1),
        (KeyswitchModulus::Native64, 3, 5),
        (KeyswitchModulus::PowerOfTwo32 { log2: 21 }, 5, 3),
        (KeyswitchModulus::PowerOfTwo32 { log2: 32 }, 1, 16),
        (KeyswitchModulus::PowerOfTwo32 { log2: 32 }, 16, 1),
        (KeyswitchModulus::PowerOfTwo32 { log2: 13 }, 2, 5),
    ] {
        let mut set = shape(1, 512, Decomposition::new(23, 1));
        set.lwe_dimension.0 = 37;
        set.keyswitch = Decomposition::new(base_log, levels);
        set.keyswitch_modulus = modulus;
        sets.push(set);
    }
    sets
}

#[test]
fn key_switch_and_modulus_switch() {
    for (seed, mut set) in keyswitch_sets().into_iter().enumerate() {
        let mut source = Source::new(30 + seed as u64);
        // The bootstrapping key plays no part.
        set.pbs = Decomposition::new(23, 1);
        let (bootstrapping, key) = source.keys(&set);
        let reference = Reference::new(&set, &bootstrapping, &key);
        let prepared: Vec<EvaluationKey> = kernels()
            .into_iter()
            .map(|kernel| prepare(&engine(kernel), &set, &bootstrapping, &key))
            .collect();
        let inputs = inputs(&set, &mut source);
        let words: Vec<u64> = inputs
            .iter()
            .flat_map(|(_, input)| input)
            .copied()
            .collect();
        let expected: Vec<SmallLwe> = inputs
            .iter()
            .map(|(_, input)| reference.keyswitch(input))
            .collect();
        for prepared in &prepared {
            let small = prepared.keyswitch(&words).expect("switches");
            assert!(
                small == expected,
                "{}, kernel {}",
                set.name,
                prepared.kernel()
            );
        }
        for ((what, input), expected) in inputs.into_iter().zip(expected) {
            let small = keyswitch(&set, key.words(), &input).expect("switches");
            assert!(small == expected, "{}: {what}", set.name);
            for mode in [
                ModulusSwitch::Standard,
                ModulusSwitch::CenteredMeanNoiseReduction,
            ] {
                let mut switched = vec![0; set.small_lwe_size()];
                modulus_switch(&small, mode, set.log2_two_n(), &mut switched).expect("switches");
                let expected = tfhe_support::modulus_switch(&set, mode, &small);
                assert_eq!(switched, expected, "{}: {mode:?} of {what}", set.name);
            }
        }
    }
}

/// The modulus switch alone, on words that no key switch gives: ties, and the ends of the range.
#[test]
fn modulus_switch_of_any_words() {
    let mut source = Source::new(40);
    for size in [256, 512, 1024, 2048, 4096] {
        let set = shape(1, size, Decomposition::new(23, 1));
        let step = 1u64 << (64 - set.log2_two_n());
        let patterns: [Vec<u64>; 6] = [
            source.words(919),
            vec![0; 919],
            vec![u64::MAX; 919],
            vec![step / 2; 919],
            vec![step / 2 - 1; 919],
            (0..919)
                .map(|_| (source.word() / step * step) | (step / 2))
                .collect(),
        ];
        for (index, words) in patterns.into_iter().enumerate() {
            let narrow = words.iter().map(|word| (word >> 32) as u32).collect();
            for small in [SmallLwe::U64(words), SmallLwe::U32(narrow)] {
                for mode in [
                    ModulusSwitch::Standard,
                    ModulusSwitch::CenteredMeanNoiseReduction,
                ] {
                    let mut switched = vec![0; small.len()];
                    modulus_switch(&small, mode, set.log2_two_n(), &mut switched)
                        .expect("switches");
                    let expected = tfhe_support::modulus_switch(&set, mode, &small);
                    assert_eq!(switched, expected, "N = {size}, pattern {index}, {mode:?}");
                }
            }
        }
    }
}

#[test]
fn sample_extraction_at_every_degree() {
    let mut source = Source::new(50);
    for (k, size) in [(1, 256), (2, 256), (1, 2048), (2, 512)] {
        let set = shape(k, size, Decomposition::new(23, 1));
        let glwe = source.words(set.glwe_size() * size);
        for degree in 0..size {
            let mut output = vec![0; set.big_lwe_size()];
            model::sample_extract(&glwe, size, degree, &mut output).expect("extracts");
            let expected = tfhe_support::sample_extract(&set, &glwe, degree);
            assert_words(
                &output,
                &expected,
                &format!("k={k}, N={size}, degree {degree}"),
            );
        }
    }
}

/// Runs `inputs` as one batch and compares every output.
fn compare_batch(
    set: &ParameterSet,
    keys: &(Vec<u64>, KeyswitchKey),
    inputs: &[(&'static str, Vec<u64>)],
    samples: usize,
    stride: usize,
    source: &mut Source,
) {
    let reference = Reference::new(set, &keys.0, &keys.1);
    let luts: Vec<Vec<u64>> = inputs
        .iter()
        .map(|_| source.words(set.polynomial_size.0))
        .collect();
    let expected: Vec<u64> = inputs
        .iter()
        .zip(&luts)
        .flat_map(|((_, input), lut)| reference.keyswitch_bootstrap(input, lut, samples, stride))
        .collect();
    let words: Vec<u64> = inputs
        .iter()
        .flat_map(|(_, input)| input)
        .copied()
        .collect();
    let luts: Vec<&[u64]> = luts.iter().map(Vec::as_slice).collect();
    for kernel in kernels() {
        let engine = engine(kernel);
        let key = prepare(&engine, set, &keys.0, &keys.1);
        if !set.is_insecure() {
            assert_eq!(
                key.kernel(),
                kernel,
                "replaced by another at production size"
            );
        }
        let mut outputs = vec![0; expected.len()];
        let batch = Batch {
            inputs: &words,
            luts: &luts,
            samples,
            stride,
        };
        engine
            .keyswitch_bootstrap(&key, batch, &mut outputs, &AtomicBool::new(false))
            .expect("bootstraps");
        let size = set.big_lwe_size();
        for (index, (output, expected)) in outputs
            .chunks_exact(size)
            .zip(expected.chunks_exact(size))
            .enumerate()
        {
            let (input, sample) = (inputs[index / samples].0, index % samples);
            let what = format!("{}, kernel {kernel}, {input}, sample {sample}", set.name);
            assert_words(output, expected, &what);
        }
    }
}

#[test]
fn whole_bootstraps_at_production_size() {
    for (seed, name) in PRODUCTION.into_iter().enumerate() {
        let set = find(name);
        let mut source = Source::new(60 + seed as u64);
        let keys = source.keys(&set);
        let inputs = inputs(&set, &mut source);
        compare_batch(&set, &keys, &inputs, 1, 0, &mut source);
    }
}

#[test]
fn many_luts_at_production_size() {
    let set = find(catalogue::PRIMARY);
    let mut source = Source::new(70);
    let keys = source.keys(&set);
    let inputs: Vec<_> = inputs(&set, &mut source).into_iter().take(2).collect();
    compare_batch(
        &set,
        &keys,
        &inputs,
        4,
        set.polynomial_size.0 / 4,
        &mut source,
    );
}

#[test]
fn whole_bootstraps_in_other_shapes() {
    let mut source = Source::new(80);
    for k in 1..=2 {
        for (size, base_log, levels) in [(256, 15, 2), (512, 10, 3), (1024, 23, 1), (4096, 22, 1)] {
            for keyswitch in keyswitch_sets().into_iter().skip(4) {
                let mut set = shape(k, size, Decomposition::new(base_log, levels));
                set.lwe_dimension.0 = 5;
                set.keyswitch = keyswitch.keyswitch;
                set.keyswitch_modulus = keyswitch.keyswitch_modulus;
                if set.validate().is_err() {
                    // 2^13 is too small a modulus for N = 4096.
                    continue;
                }
                let keys = source.keys(&set);
                let inputs = inputs(&set, &mut source);
                compare_batch(&set, &keys, &inputs, 3, size / 3, &mut source);
            }
        }
    }
}

/// The function that hpu_sim calls, in one piece.
#[test]
fn bootstrap_in_one_call() {
    let mut set = find(catalogue::CPU_DEFAULT);
    set.modulus_switch = ModulusSwitch::Standard;
    let mut source = Source::new(90);
    let keys = source.keys(&set);
    let reference = Reference::new(&set, &keys.0, &keys.1);
    let (_, input) = inputs(&set, &mut source).swap_remove(0);
    let lut = source.words(set.polynomial_size.0);
    let SmallLwe::U64(small) = reference.keyswitch(&input) else {
        panic!("the default set switches to 64-bit words")
    };
    let expected = reference.bootstrap_in_one_call(&small, &lut);
    for kernel in kernels() {
        let engine = engine(kernel);
        let key = prepare(&engine, &set, &keys.0, &keys.1);
        let mut output = vec![0; set.big_lwe_size()];
        let batch = Batch {
            inputs: &input,
            luts: &[&lut],
            samples: 1,
            stride: 0,
        };
        engine
            .keyswitch_bootstrap(&key, batch, &mut output, &AtomicBool::new(false))
            .expect("bootstraps");
        assert_words(&output, &expected, &format!("kernel {kernel}"));
    }
}

//! Whole batches on every kernel, cancellation, and every error.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod common;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{Keys, kernels, rng, set, words};
use gyrus_interface::layout::KeyswitchKeyWords;
use gyrus_interface::{KeyswitchModulus, LweDimension, ModulusSwitch, ParameterSet};
use gyrus_sim::model::{
    Batch, Engine, Kernel, ModelError, SmallLwe, keyswitch, modulus_switch, sample_extract,
};

fn engine(kernel: Kernel, threads: usize) -> Engine {
    Engine::new(NonZeroUsize::new(threads), kernel).unwrap()
}

/// KS + PBS of one ciphertext by the schoolbook.
fn expected(
    set: &ParameterSet,
    keys: &Keys,
    input: &[u64],
    lut: &[u64],
    degrees: &[usize],
) -> Vec<u64> {
    let size = set.polynomial_size.0;
    let small = common::keyswitch(set, keys, input);
    let bits = set.keyswitch_modulus.word_bits();
    let switched = common::modulus_switch(&small, bits, set.modulus_switch, 2 * size as u64);
    let mut accumulator = vec![0; set.glwe_dimension.0 * size];
    accumulator.extend(lut);
    common::blind_rotate(set, &keys.bsk, &switched, &mut accumulator);
    degrees
        .iter()
        .flat_map(|&degree| common::sample_extract(&accumulator, size, degree))
        .collect()
}

fn check_batch(set: &ParameterSet, count: usize, samples: usize, stride: usize, threads: usize) {
    let mut random = rng(count as u64);
    let keys = Keys::random(set, &mut random);
    let lwe_size = set.big_lwe_size();
    let mut inputs = words(&mut random, count * lwe_size);
    // The first is trivial (no mask), the second has the largest words.
    inputs[..lwe_size - 1].fill(0);
    if count > 1 {
        inputs[lwe_size..2 * lwe_size].fill(u64::MAX);
    }
    let tables: Vec<Vec<u64>> = (0..count)
        .map(|_| words(&mut random, set.polynomial_size.0))
        .collect();
    let luts: Vec<&[u64]> = tables.iter().map(Vec::as_slice).collect();
    let degrees: Vec<usize> = (0..samples).map(|j| j * stride).collect();
    let expected: Vec<u64> = inputs
        .chunks_exact(lwe_size)
        .zip(&luts)
        .flat_map(|(input, lut)| expected(set, &keys, input, lut, &degrees))
        .collect();
    for kernel in kernels() {
        let engine = engine(kernel, threads);
        assert_eq!((engine.threads(), engine.kernel()), (threads, kernel));
        let key = engine.prepare_key(set, &keys.bsk, keys.ksk()).unwrap();
        let mut outputs = vec![1; count * samples * lwe_size];
        let batch = Batch {
            inputs: &inputs,
            luts: &luts,
            samples,
            stride,
        };
        engine
            .keyswitch_bootstrap(&key, batch, &mut outputs, &AtomicBool::new(false))
            .unwrap();
        assert_eq!(outputs, expected, "{kernel}");
    }
}

#[test]
fn batches_of_any_size() {
    for (count, threads) in [(1, 1), (1, 3), (2, 1), (5, 2), (17, 2), (20, 1)] {
        check_batch(&set(3, 1, 256, 23, 1), count, 1, 0, threads);
    }
}

#[test]
fn batches_in_all_shapes() {
    let shapes = [
        (KeyswitchModulus::Native64, ModulusSwitch::Standard, 1, 2),
        (
            KeyswitchModulus::Native64,
            ModulusSwitch::CenteredMeanNoiseReduction,
            2,
            1,
        ),
        (
            KeyswitchModulus::PowerOfTwo32 { log2: 32 },
            ModulusSwitch::Standard,
            2,
            3,
        ),
        (
            KeyswitchModulus::PowerOfTwo32 { log2: 21 },
            ModulusSwitch::Standard,
            1,
            3,
        ),
        (
            KeyswitchModulus::PowerOfTwo32 { log2: 32 },
            ModulusSwitch::CenteredMeanNoiseReduction,
            1,
            1,
        ),
    ];
    for (keyswitch_modulus, modulus_switch, k, levels) in shapes {
        let set = ParameterSet {
            keyswitch_modulus,
            modulus_switch,
            ..set(4, k, 256, 9, levels)
        };
        check_batch(&set, 3, 1, 0, 2);
    }
}

#[test]
fn several_samples_of_one_rotation() {
    check_batch(&set(3, 1, 256, 23, 1), 3, 4, 64, 2);
    check_batch(&set(2, 2, 256, 23, 1), 2, 2, 255, 1);
}

#[test]
fn empty_batches() {
    let set = set(2, 1, 256, 23, 1);
    let keys = Keys::random(&set, &mut rng(1));
    let engine = engine(Kernel::best(), 1);
    let key = engine.prepare_key(&set, &keys.bsk, keys.ksk()).unwrap();
    let input = vec![0; 257];
    let lut = vec![0; 256];
    let never = AtomicBool::new(false);
    let none = Batch {
        inputs: &[],
        luts: &[],
        samples: 1,
        stride: 0,
    };
    assert_eq!(
        engine.keyswitch_bootstrap(&key, none, &mut [], &never),
        Ok(())
    );
    let no_samples = Batch {
        inputs: &input,
        luts: &[&lut],
        samples: 0,
        stride: 0,
    };
    assert_eq!(
        engine.keyswitch_bootstrap(&key, no_samples, &mut [], &never),
        Ok(())
    );
    assert!(format!("{key:?}").contains("INSECURE_TEST"));
}

#[test]
fn key_sizes_are_what_the_documentation_says() {
    let set = set(2, 1, 256, 23, 1);
    let keys = Keys::random(&set, &mut rng(1));
    for kernel in kernels() {
        let key = engine(kernel, 1)
            .prepare_key(&set, &keys.bsk, keys.ksk())
            .unwrap();
        let per_word = if kernel > Kernel::Portable { 16 } else { 8 };
        assert_eq!(key.bootstrapping_key_bytes(), keys.bsk.len() * per_word);
        // Words and their column sums; or three byte planes, with columns padded to 16.
        let packed = kernel >= Kernel::Avx2;
        let bytes = if packed {
            keys.ksk32.len() / 3 * 16 * 3
        } else {
            (keys.ksk32.len() + 3) * 4
        };
        assert_eq!(key.keyswitch_key_bytes(), bytes);
        assert_eq!(key.parameters(), &set);
        assert_eq!(key.kernel(), kernel);
    }
}

#[test]
fn cancellation() {
    let set = ParameterSet {
        lwe_dimension: LweDimension(400),
        ..set(1, 1, 2048, 23, 1)
    };
    let keys = Keys::random(&set, &mut rng(2));
    for kernel in kernels() {
        let engine = engine(kernel, 1);
        let key = engine.prepare_key(&set, &keys.bsk, keys.ksk()).unwrap();
        let count = 40;
        let inputs = words(&mut rng(3), count * set.big_lwe_size());
        let table = words(&mut rng(4), 2048);
        let luts = vec![table.as_slice(); count];
        let batch = Batch {
            inputs: &inputs,
            luts: &luts,
            samples: 1,
            stride: 0,
        };
        let mut outputs = vec![0; inputs.len()];
        let before = AtomicBool::new(true);
        assert_eq!(
            engine.keyswitch_bootstrap(&key, batch, &mut outputs, &before),
            Err(ModelError::Cancelled)
        );
        // Cancelled on the way: the whole batch would take seconds on any kernel.
        let during = AtomicBool::new(false);
        let (result, late) = std::thread::scope(|scope| {
            let worker =
                scope.spawn(|| engine.keyswitch_bootstrap(&key, batch, &mut outputs, &during));
            std::thread::sleep(Duration::from_millis(50));
            during.store(true, Ordering::Relaxed);
            let start = Instant::now();
            (worker.join().unwrap(), start.elapsed())
        });
        assert_eq!(result, Err(ModelError::Cancelled), "{kernel}");
        assert!(
            late < Duration::from_secs(5),
            "{kernel} stopped after {late:?}"
        );
    }
}

#[test]
fn kernels_have_names() {
    for kernel in Kernel::ALL {
        assert_eq!(kernel.to_string().parse(), Ok(kernel));
    }
    assert_eq!(
        "sse".parse::<Kernel>(),
        Err(ModelError::UnknownKernel("sse".to_owned()))
    );
    assert!(Kernel::available().starts_with(&[Kernel::Reference, Kernel::Portable]));
    assert_eq!(Kernel::available().last(), Some(&Kernel::best()));
    for kernel in Kernel::ALL {
        if !Kernel::available().contains(&kernel) {
            let error = Engine::new(None, kernel).unwrap_err();
            assert_eq!(error, ModelError::KernelUnavailable(kernel));
        }
    }
}

#[test]
fn keys_that_do_not_fit_are_refused() {
    let set = set(2, 1, 256, 23, 1);
    let keys = Keys::random(&set, &mut rng(5));
    for kernel in kernels() {
        let engine = engine(kernel, 1);
        let refused = |set: &ParameterSet, bsk: &[u64], ksk| {
            engine
                .prepare_key(set, bsk, ksk)
                .expect_err("a key that does not fit")
        };
        let bad = ParameterSet {
            lwe_dimension: LweDimension(0),
            ..set.clone()
        };
        assert!(matches!(
            refused(&bad, &keys.bsk, keys.ksk()),
            ModelError::Parameters(_)
        ));
        assert_eq!(
            refused(&set, &keys.bsk[1..], keys.ksk()),
            ModelError::KeySize {
                key: "bootstrapping key",
                expected: keys.bsk.len(),
                actual: keys.bsk.len() - 1,
            }
        );
        assert_eq!(
            refused(&set, &keys.bsk, KeyswitchKeyWords::U32(&keys.ksk32[1..])),
            ModelError::KeySize {
                key: "key switching key",
                expected: keys.ksk32.len(),
                actual: keys.ksk32.len() - 1,
            }
        );
        assert_eq!(
            refused(&set, &keys.bsk, KeyswitchKeyWords::U64(&[])),
            ModelError::KeyWidth { expected: 32 }
        );
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let set = set(2, 1, 256, 23, 1);
    let keys = Keys::random(&set, &mut rng(6));
    let engine = engine(Kernel::best(), 1);
    let key = engine.prepare_key(&set, &keys.bsk, keys.ksk()).unwrap();
    let shape = |what, expected, actual| {
        Err(ModelError::Shape {
            what,
            expected,
            actual,
        })
    };
    let range = |what, value, limit| Err(ModelError::Range { what, value, limit });

    let (input, lut, never) = (vec![0; 257], vec![0; 256], AtomicBool::new(false));
    let mut output = vec![0; 257];
    let batch = Batch {
        inputs: &input,
        luts: &[&lut],
        samples: 1,
        stride: 0,
    };
    let mut run = |batch: Batch<'_>, words: usize| {
        engine.keyswitch_bootstrap(&key, batch, &mut output[..words], &never)
    };
    assert_eq!(run(batch, 257), Ok(()));
    assert_eq!(run(batch, 256), shape("outputs", 257, 256));
    assert_eq!(
        run(
            Batch {
                inputs: &input[1..],
                ..batch
            },
            257
        ),
        shape("inputs", 257, 256)
    );
    assert_eq!(
        run(
            Batch {
                luts: &[&lut[1..]],
                ..batch
            },
            257
        ),
        shape("look-up table", 256, 255)
    );
    assert_eq!(
        run(
            Batch {
                samples: 2,
                ..batch
            },
            257
        ),
        shape("outputs", 514, 257)
    );
    assert_eq!(
        run(
            Batch {
                samples: usize::MAX,
                ..batch
            },
            257
        ),
        shape("outputs", usize::MAX, 257)
    );
    let mut outputs = vec![0; 514];
    let far = Batch {
        samples: 2,
        stride: 256,
        ..batch
    };
    assert_eq!(
        engine.keyswitch_bootstrap(&key, far, &mut outputs, &never),
        range("degree of the last sample", 256, 256)
    );

    assert!(keyswitch(&set, keys.ksk(), &input).is_ok());
    assert_eq!(
        keyswitch(&set, keys.ksk(), &input[1..]),
        Err(ModelError::Shape {
            what: "input LWE ciphertext",
            expected: 257,
            actual: 256
        })
    );
    assert_eq!(
        keyswitch(&set, KeyswitchKeyWords::U64(&[]), &input),
        Err(ModelError::KeyWidth { expected: 32 })
    );
    assert_eq!(
        key.keyswitch(&input[1..]),
        Err(ModelError::Shape {
            what: "input LWE ciphertexts",
            expected: 257,
            actual: 256
        })
    );

    let mut glwe = vec![0; 512];
    assert_eq!(key.cmux(2, 0, &mut glwe), range("GGSW index", 2, 2));
    assert_eq!(key.cmux(0, 512, &mut glwe), range("degree", 512, 512));
    assert_eq!(
        key.cmux(0, 0, &mut glwe[1..]),
        shape("accumulator", 512, 511)
    );
    assert_eq!(
        key.external_product(0, &glwe.clone(), &mut glwe[1..]),
        shape("output GLWE ciphertext", 512, 511)
    );
    assert_eq!(
        key.external_product(0, &[0; 3], &mut glwe),
        shape("input GLWE ciphertext", 512, 3)
    );
    assert_eq!(
        key.external_product(2, &[0; 512], &mut glwe),
        range("GGSW index", 2, 2)
    );
    assert_eq!(
        key.blind_rotate(&[0, 512, 0], &mut glwe),
        range("switched word", 512, 512)
    );
    assert_eq!(
        key.blind_rotate(&[0, 0], &mut glwe),
        shape("switched LWE ciphertext", 3, 2)
    );
    assert_eq!(
        key.blind_rotate(&[0, 0, 0], &mut glwe[1..]),
        shape("accumulator", 512, 511)
    );

    let mut lwe = vec![0; 257];
    assert_eq!(
        sample_extract(&glwe, 256, 256, &mut lwe),
        range("degree", 256, 256)
    );
    assert_eq!(sample_extract(&glwe, 0, 0, &mut lwe), range("degree", 0, 0));
    assert_eq!(
        sample_extract(&glwe[1..], 256, 0, &mut lwe),
        shape("GLWE ciphertext", 512, 511)
    );
    assert_eq!(
        sample_extract(&glwe, 256, 0, &mut lwe[1..]),
        shape("LWE ciphertext", 257, 256)
    );

    let small = SmallLwe::U32(vec![0; 3]);
    assert_eq!((small.len(), small.is_empty()), (3, false));
    let mode = ModulusSwitch::Standard;
    assert_eq!(
        modulus_switch(&small, mode, 12, &mut [0; 2]),
        shape("switched LWE ciphertext", 3, 2)
    );
    assert!(matches!(
        modulus_switch(&small, mode, 0, &mut [0; 3]),
        Err(ModelError::Range { .. })
    ));
    assert!(matches!(
        modulus_switch(&small, mode, 32, &mut [0; 3]),
        Err(ModelError::Range { .. })
    ));
}

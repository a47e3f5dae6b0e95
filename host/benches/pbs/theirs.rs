//! tfhe-rs: its exact NTT path, its FFT path, that path in batches, and the transform of tfhe-ntt.

use criterion::Criterion;
use gyrus::key::KeyswitchKey;
use gyrus_interface::ParameterSet;
use rayon::prelude::*;
use tfhe::core_crypto::prelude::*;
use tfhe_ntt::prime64::{Plan, Solinas};

use crate::measure::{Figure, Part, Results};
use crate::tfhe_support::{
    NTT_MODULUS, Reference, Source, modulus32, sample_extract, standard_key, trivial,
};
use crate::{Inputs, KEYSWITCH_BATCHES};

pub(crate) const NTT: &str = "tfhe-rs NTT (exact)";
pub(crate) const FFT: &str = "tfhe-rs FFT";
pub(crate) const FFT_BATCHED: &str = "tfhe-rs FFT, batched";
pub(crate) const NTT_CRATE: &str = "tfhe-ntt";

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

    /// Key switches one by one, then tfhe-rs' bootstrap of a batch. That one takes words mod 2^64
    /// and has the standard modulus switch only, which costs no less.
    fn batch(&self, inputs: &[u64], luts: &[Vec<u64>], buffers: &mut ComputationBuffers) {
        let native = CiphertextModulus::new_native();
        let size = PolynomialSize(self.set.polynomial_size.0);
        let fft = Fft::new(size);
        let fft = fft.as_view();
        let glwe_size = GlweSize(self.set.glwe_size());
        let mut small = Vec::new();
        let mut accumulators = Vec::new();
        for (input, lut) in inputs.chunks_exact(self.set.big_lwe_size()).zip(luts) {
            let switched = self.keyswitch(input).into_container();
            small.extend(switched.iter().map(|&word| u64::from(word) << 32));
            accumulators.extend(trivial(&self.set, lut));
        }
        let count = LweCiphertextCount(luts.len());
        let mut outputs =
            LweCiphertextList::new(0_u64, LweSize(self.set.big_lwe_size()), count, native);
        buffers.resize(
            batch_programmable_bootstrap_lwe_ciphertext_mem_optimized_requirement::<u64>(
                glwe_size,
                size,
                CiphertextCount(luts.len()),
                fft,
            )
            .unaligned_bytes_required(),
        );
        batch_programmable_bootstrap_lwe_ciphertext_mem_optimized(
            &LweCiphertextList::from_container(small, LweSize(self.set.small_lwe_size()), native),
            &mut outputs,
            &GlweCiphertextList::from_container(accumulators, glwe_size, size, native),
            &self.bsk,
            fft,
            buffers.stack(),
        );
        std::hint::black_box(outputs);
    }
}

#[allow(clippy::expect_used)]
fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads")
}

/// The paths with one set's key, `shapes` being batches and threads of the whole job; with
/// `steps` also their parts. Returns the first output of the exact path.
pub(crate) fn bench(
    criterion: &mut Criterion,
    results: &mut Results,
    (label, set): (&'static str, &ParameterSet),
    (bootstrapping, keyswitch): (&[u64], &KeyswitchKey),
    inputs: &Inputs,
    (shapes, steps): (&[(usize, usize)], bool),
) -> Vec<u64> {
    let bench = &mut Bench {
        criterion,
        results,
        label,
        inputs,
        size: set.big_lwe_size(),
    };
    let (input, lut) = (inputs.ciphertext(bench.size), inputs.lut());
    let exact = Reference::new(set, bootstrapping, keyswitch);
    let expected = exact.keyswitch_bootstrap(input, lut, 1, 0);
    bench.whole(NTT, shapes, |input, lut| {
        exact.keyswitch_bootstrap(input, lut, 1, 0)
    });
    if steps {
        let small = exact.keyswitch(input);
        bench.part(NTT, Part::Bootstrap, 1, || {
            let mut accumulator = trivial(set, lut);
            exact.blind_rotate(&exact.modulus_switch(&small), &mut accumulator);
            std::hint::black_box(exact.sample_extract(&accumulator, 0));
        });
        bench.keyswitch(NTT, |input| exact.keyswitch(input));
    }
    drop(exact);

    let KeyswitchKey::U32(rows) = keyswitch else {
        unreachable!("the sets here switch to 32-bit words")
    };
    let fft = FftPath::new(set, bootstrapping, rows);
    bench.whole(FFT, shapes, |input, lut| {
        fft.bootstrap(&fft.keyswitch(input), lut, &mut ComputationBuffers::new())
    });
    for &(batch, threads) in shapes {
        if batch >= 2 * threads {
            bench.batches(&fft, batch, threads);
        }
    }
    if steps {
        let (small, mut buffers) = (fft.keyswitch(input), ComputationBuffers::new());
        bench.part(FFT, Part::Bootstrap, 1, || {
            std::hint::black_box(fft.bootstrap(&small, lut, &mut buffers));
        });
        bench.keyswitch(FFT, |input| fft.keyswitch(input));
    }
    expected
}

struct Bench<'a> {
    criterion: &'a mut Criterion,
    results: &'a mut Results,
    label: &'static str,
    inputs: &'a Inputs,
    /// Words of a ciphertext.
    size: usize,
}

impl Bench<'_> {
    fn part(&mut self, name: &str, part: Part, count: usize, job: impl FnMut()) {
        let figure = Figure::new(self.label, part, name);
        self.results.measure(self.criterion, figure, count, job);
    }

    /// One ciphertext a call; threads share out the batch.
    fn whole(
        &mut self,
        name: &str,
        shapes: &[(usize, usize)],
        whole: impl Fn(&[u64], &[u64]) -> Vec<u64> + Sync,
    ) {
        for &(batch, threads) in shapes {
            let (pool, inputs, size) = (pool(threads), self.inputs, self.size);
            self.part(name, Part::Whole(batch, threads), batch, || {
                let outputs: Vec<Vec<u64>> = pool.install(|| {
                    let ciphertexts = inputs.ciphertexts.par_chunks_exact(size).take(batch);
                    ciphertexts
                        .zip(&inputs.luts)
                        .map(|(input, lut)| whole(input, lut))
                        .collect()
                });
                std::hint::black_box(outputs);
            });
        }
    }

    /// tfhe-rs' batch function, an equal part of the batch on each thread.
    fn batches(&mut self, fft: &FftPath, batch: usize, threads: usize) {
        let (pool, inputs, size) = (pool(threads), self.inputs, self.size);
        let each = batch.div_ceil(threads);
        self.part(FFT_BATCHED, Part::Whole(batch, threads), batch, || {
            pool.install(|| {
                inputs.ciphertexts[..batch * size]
                    .par_chunks(each * size)
                    .zip(inputs.luts[..batch].par_chunks(each))
                    .for_each_init(ComputationBuffers::new, |buffers, (inputs, luts)| {
                        fft.batch(inputs, luts, buffers);
                    });
            });
        });
    }

    /// One ciphertext a call.
    fn keyswitch<T>(&mut self, name: &str, keyswitch: impl Fn(&[u64]) -> T) {
        for batch in KEYSWITCH_BATCHES {
            let (inputs, size) = (self.inputs, self.size);
            self.part(name, Part::Keyswitch(batch), batch, || {
                for input in inputs.ciphertexts.chunks_exact(size).take(batch) {
                    std::hint::black_box(keyswitch(input));
                }
            });
        }
    }
}

/// A transform forward and one back of N coefficients mod q, by tfhe-ntt: the time of one.
pub(crate) fn bench_transform(
    criterion: &mut Criterion,
    results: &mut Results,
    (label, size): (&'static str, usize),
    source: &mut Source,
) {
    assert_eq!(u128::from(Solinas::P), NTT_MODULUS);
    let Some(plan) = Plan::try_new(size, Solinas::P) else {
        unreachable!("q has roots of unity for every N here")
    };
    let mut words: Vec<u64> = (0..size).map(|_| source.word() % Solinas::P).collect();
    let figure = Figure::new(label, Part::Transform, NTT_CRATE);
    results.measure(criterion, figure, 2, || {
        plan.fwd(&mut words);
        plan.inv(&mut words);
        std::hint::black_box(&mut words);
    });
}

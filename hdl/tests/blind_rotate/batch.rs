//! A batch to rotate, and what the engine makes of it.

use gyrus_hdl::key_store::pack_key;
use gyrus_hdl::ntt::Shape;
use gyrus_interface::layout::{KeyswitchKeyWords, bootstrapping_key_words, keyswitch_key_words};
use gyrus_interface::{
    Decomposition, KeyswitchModulus, LweDimension, ModulusSwitch, ParameterSet, PolynomialSize,
    catalogue,
};
use gyrus_sim::model::{Engine, Kernel, SmallLwe, modulus_switch, sample_extract};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Sizes of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) log2_n: usize,
    pub(crate) n: usize,
    pub(crate) base_log: usize,
    pub(crate) levels: usize,
    pub(crate) ciphertexts: usize,
    pub(crate) centred: bool,
    /// Words of 32 bits.
    pub(crate) narrow: bool,
}

/// Words that go in, and those that have to come out.
pub(crate) struct Batch {
    pub(crate) sizes: Sizes,
    /// Slices with checksums, in beats.
    pub(crate) key: Vec<u64>,
    pub(crate) lwe: Vec<u64>,
    /// Look-up tables.
    pub(crate) tables: Vec<u64>,
    pub(crate) expected: Vec<u64>,
    /// The rotated accumulators: mask and body of each.
    accumulators: Vec<Vec<u64>>,
}

impl Batch {
    /// Uniform keys and ciphertexts; the first ciphertext has mask words that switch to 0, to the
    /// ends and to the half of the range.
    pub(crate) fn random(sizes: Sizes, shape: &Shape, beat_words: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let size = 1 << sizes.log2_n;
        let modulus_switch_mode = if sizes.centred {
            ModulusSwitch::CenteredMeanNoiseReduction
        } else {
            ModulusSwitch::Standard
        };
        let keyswitch_modulus = if sizes.narrow {
            KeyswitchModulus::PowerOfTwo32 { log2: 32 }
        } else {
            KeyswitchModulus::Native64
        };
        let set = ParameterSet {
            name: "INSECURE_TEST".to_owned(),
            lwe_dimension: LweDimension(sizes.n),
            polynomial_size: PolynomialSize(size),
            pbs: Decomposition::new(sizes.base_log, sizes.levels),
            keyswitch_modulus,
            modulus_switch: modulus_switch_mode,
            ..catalogue::toy()
        };
        set.validate().expect("parameters that the engine takes");

        let mut words = |count: usize| (0..count).map(|_| rng.next_u64()).collect::<Vec<u64>>();
        let bsk = words(bootstrapping_key_words(&set));
        let tables = words(sizes.ciphertexts * size);
        let mut lwe = words(sizes.ciphertexts * (sizes.n + 1));
        let step = 1_u64 << (63 - sizes.log2_n);
        let two_n = 2 * size as u64;
        // Degrees 0, 1, 2N - 1, N and N - 1, and words that are not 0 but switch to 0.
        let special = [
            0,
            step,
            (two_n - 1) * step,
            size as u64 * step,
            (size as u64 - 1) * step,
            step / 4,
            (step / 4).wrapping_neg(),
        ];
        for (word, special) in lwe.iter_mut().zip(special) {
            *word = special;
        }
        if sizes.n > special.len() {
            // One iteration in which no ciphertext has a turn.
            for ciphertext in lwe.chunks_exact_mut(sizes.n + 1) {
                ciphertext[sizes.n - 2] = 0;
            }
        }
        if sizes.narrow {
            lwe.iter_mut().for_each(|word| *word = *word >> 32 << 32);
        }

        let engine = Engine::new(None, Kernel::Portable).expect("an engine");
        let count = keyswitch_key_words(&set);
        let (wide, narrow) = (vec![0_u64; count], vec![0_u32; count]);
        let unused = if sizes.narrow {
            KeyswitchKeyWords::U32(&narrow)
        } else {
            KeyswitchKeyWords::U64(&wide)
        };
        let prepared = engine.prepare_key(&set, &bsk, unused).expect("a key");
        let mut expected = Vec::new();
        let mut accumulators = Vec::new();
        for (lwe, table) in lwe.chunks_exact(sizes.n + 1).zip(tables.chunks_exact(size)) {
            let small = if sizes.narrow {
                SmallLwe::U32(lwe.iter().map(|&word| (word >> 32) as u32).collect())
            } else {
                SmallLwe::U64(lwe.to_vec())
            };
            let mut switched = vec![0; sizes.n + 1];
            let log2_two_n = sizes.log2_n as u32 + 1;
            modulus_switch(&small, modulus_switch_mode, log2_two_n, &mut switched)
                .expect("a switched ciphertext");
            let mut accumulator = vec![0; size];
            accumulator.extend_from_slice(table);
            prepared
                .blind_rotate(&switched, &mut accumulator)
                .expect("a rotation");
            let mut result = vec![0; size + 1];
            sample_extract(&accumulator, size, 0, &mut result).expect("a sample");
            expected.extend(result);
            accumulators.push(accumulator);
        }
        Self {
            sizes,
            key: pack_key(shape, sizes.log2_n, sizes.levels, beat_words, &bsk)
                .expect("sizes of the shape"),
            lwe,
            tables,
            expected,
            accumulators,
        }
    }

    /// The LWE ciphertexts of the coefficients at degrees 0, `stride`, .. of each rotated ciphertext.
    pub(crate) fn sampled(&self, samples: usize, stride: usize) -> Vec<u64> {
        let size = 1 << self.sizes.log2_n;
        let mut words = Vec::new();
        for accumulator in &self.accumulators {
            for sample in 0..samples {
                let mut result = vec![0; size + 1];
                sample_extract(accumulator, size, sample * stride, &mut result).expect("a sample");
                words.extend(result);
            }
        }
        words
    }

    /// A stall pattern: ready or valid in most cycles, in none of some.
    pub(crate) fn coin(rng: &mut ChaCha8Rng, stalls: bool) -> bool {
        !stalls || rng.random_ratio(2, 3)
    }
}

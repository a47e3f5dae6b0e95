//! The steps of KS + PBS by their definitions, in wide integers and without any transform: what
//! the engine is compared with. Shared by the integration tests.
#![allow(dead_code, reason = "not every test uses every step")]

use std::io::Write;
use std::sync::Once;

use gyrus_interface::layout::{
    KeyswitchKeyWords, bootstrapping_key_words, ggsw_words, keyswitch_key_words,
};
use gyrus_interface::{
    Decomposition, GlweDimension, KeyswitchModulus, LweDimension, ModulusSwitch, ParameterSet,
    PolynomialSize, catalogue,
};
use gyrus_sim::model::Kernel;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) const Q: u128 = (1 << 64) - (1 << 32) + 1;

/// The kernels that this CPU can run; says on stdout (past the test harness, which hides what
/// passing tests print) which ones it cannot.
pub(crate) fn kernels() -> Vec<Kernel> {
    static SAID: Once = Once::new();
    let available = Kernel::available();
    SAID.call_once(|| {
        for kernel in Kernel::ALL {
            if !available.contains(&kernel) {
                writeln!(
                    std::io::stdout(),
                    "NOT TESTED: this CPU cannot run kernel '{kernel}'"
                )
                .expect("a standard output");
            }
        }
    });
    available
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn words(rng: &mut ChaCha8Rng, count: usize) -> Vec<u64> {
    (0..count).map(|_| rng.next_u64()).collect()
}

/// An insecure set: n, k, N, (base, levels) of the PBS.
pub(crate) fn set(n: usize, k: usize, size: usize, base_log: usize, levels: usize) -> ParameterSet {
    let set = ParameterSet {
        name: "INSECURE_TEST".to_owned(),
        lwe_dimension: LweDimension(n),
        glwe_dimension: GlweDimension(k),
        polynomial_size: PolynomialSize(size),
        pbs: Decomposition::new(base_log, levels),
        ..catalogue::toy()
    };
    set.validate().expect("valid test parameters");
    set
}

/// Random keys of a set.
pub(crate) struct Keys {
    pub(crate) bsk: Vec<u64>,
    pub(crate) ksk64: Vec<u64>,
    pub(crate) ksk32: Vec<u32>,
    modulus: KeyswitchModulus,
}

impl Keys {
    pub(crate) fn random(set: &ParameterSet, rng: &mut ChaCha8Rng) -> Self {
        let count = keyswitch_key_words(set);
        let (mut ksk64, mut ksk32) = (Vec::new(), Vec::new());
        match set.keyswitch_modulus {
            KeyswitchModulus::Native64 => ksk64 = words(rng, count),
            KeyswitchModulus::PowerOfTwo32 { log2 } => {
                ksk32 = (0..count).map(|_| rng.next_u32() << (32 - log2)).collect();
            }
        }
        let bsk = words(rng, bootstrapping_key_words(set));
        Self {
            bsk,
            ksk64,
            ksk32,
            modulus: set.keyswitch_modulus,
        }
    }

    pub(crate) fn ksk(&self) -> KeyswitchKeyWords<'_> {
        match self.modulus {
            KeyswitchModulus::Native64 => KeyswitchKeyWords::U64(&self.ksk64),
            KeyswitchModulus::PowerOfTwo32 { .. } => KeyswitchKeyWords::U32(&self.ksk32),
        }
    }
}

/// The signed number that the digits of `x` represent.
pub(crate) fn state(x: u64, represented: usize) -> i128 {
    let unit = 1_i128 << (64 - represented);
    let (quotient, remainder) = (i128::from(x) / unit, i128::from(x) % unit);
    let rounded_up = 2 * remainder >= unit;
    let modulus = 1_i128 << represented;
    let rounded = (quotient + i128::from(rounded_up)) % modulus;
    // The half keeps the sign that it has not been rounded to.
    if rounded > modulus / 2 || (rounded == modulus / 2 && rounded_up) {
        rounded - modulus
    } else {
        rounded
    }
}

/// The digits of `x`, the least significant first: each the balanced residue; of the two choices
/// at B/2 the one that keeps the rest small.
pub(crate) fn digits(x: u64, decomposition: Decomposition) -> Vec<i128> {
    let base = 1_i128 << decomposition.base_log.0;
    let mut rest = state(x, decomposition.represented_bits());
    (0..decomposition.level_count.0)
        .map(|_| {
            let mut digit = rest.rem_euclid(base);
            rest = rest.div_euclid(base);
            if digit > base / 2 || (digit == base / 2 && rest.rem_euclid(base) >= base / 2) {
                digit -= base;
                rest += 1;
            }
            digit
        })
        .collect()
}

/// `round(x * q / 2^64)`, centred in `-(q-1)/2..=(q-1)/2`.
pub(crate) fn centred_key_word(x: u64) -> i128 {
    let switched = (u128::from(x) * Q + (1 << 63)) >> 64;
    if switched > Q / 2 {
        switched as i128 - Q as i128
    } else {
        switched as i128
    }
}

/// `round(sum mod q * 2^64 / q) mod 2^64`.
pub(crate) fn back_to_torus(sum: i128) -> u64 {
    let value = sum.rem_euclid(Q as i128) as u128;
    (((value << 64) | (Q >> 1)) / Q) as u64
}

/// `output += GGSW_index * glwe`.
pub(crate) fn external_product(
    set: &ParameterSet,
    bsk: &[u64],
    index: usize,
    glwe: &[u64],
    output: &mut [u64],
) {
    let (size, columns) = (set.polynomial_size.0, set.glwe_size());
    let ggsw = &bsk[index * ggsw_words(set)..][..ggsw_words(set)];
    let all_digits: Vec<_> = glwe.iter().map(|&word| digits(word, set.pbs)).collect();
    let digit = |position: usize, level: usize| all_digits[position][level];
    for column in 0..columns {
        let mut sums = vec![0_i128; size];
        for level in 0..set.pbs.level_count.0 {
            for row in 0..columns {
                let start = ((level * columns + row) * columns + column) * size;
                let key: Vec<i128> = ggsw[start..start + size]
                    .iter()
                    .map(|&x| centred_key_word(x))
                    .collect();
                for i in 0..size {
                    let digit = digit(row * size + i, level);
                    let (direct, wrapped) = key.split_at(size - i);
                    for (sum, key) in sums[i..].iter_mut().zip(direct) {
                        *sum += digit * key;
                    }
                    for (sum, key) in sums[..i].iter_mut().zip(wrapped) {
                        *sum -= digit * key;
                    }
                }
            }
        }
        for (word, sum) in output[column * size..].iter_mut().zip(sums) {
            *word = word.wrapping_add(back_to_torus(sum));
        }
    }
}

/// `X^degree * polynomial mod X^N + 1`, for `0 <= degree < 2N`.
pub(crate) fn rotate(polynomial: &[u64], degree: usize) -> Vec<u64> {
    let size = polynomial.len();
    let mut rotated = vec![0; size];
    for (i, &word) in polynomial.iter().enumerate() {
        let position = (i + degree) % (2 * size);
        if position < size {
            rotated[position] = word;
        } else {
            rotated[position - size] = word.wrapping_neg();
        }
    }
    rotated
}

pub(crate) fn rotate_glwe(glwe: &[u64], size: usize, degree: usize) -> Vec<u64> {
    glwe.chunks_exact(size)
        .flat_map(|polynomial| rotate(polynomial, degree))
        .collect()
}

pub(crate) fn blind_rotate(
    set: &ParameterSet,
    bsk: &[u64],
    switched: &[u32],
    accumulator: &mut [u64],
) {
    let size = set.polynomial_size.0;
    let (&body, mask) = switched.split_last().expect("a body");
    for (index, &degree) in mask.iter().enumerate() {
        let rotated = rotate_glwe(accumulator, size, degree as usize);
        let difference: Vec<u64> = rotated
            .iter()
            .zip(&*accumulator)
            .map(|(a, b)| a.wrapping_sub(*b))
            .collect();
        external_product(set, bsk, index, &difference, accumulator);
    }
    let degree = (2 * size - body as usize) % (2 * size);
    accumulator.copy_from_slice(&rotate_glwe(accumulator, size, degree));
}

/// The LWE ciphertext whose phase under the flattened key is coefficient `degree` of the GLWE
/// ciphertext's phase: mask coefficient `degree - j` of `a * s` for key coefficient j.
pub(crate) fn sample_extract(glwe: &[u64], size: usize, degree: usize) -> Vec<u64> {
    let (mask, body) = glwe.split_at(glwe.len() - size);
    let mut lwe = Vec::new();
    for polynomial in mask.chunks_exact(size) {
        for j in 0..size {
            let position = degree as i64 - j as i64;
            lwe.push(if position >= 0 {
                polynomial[position as usize]
            } else {
                polynomial[(position + size as i64) as usize].wrapping_neg()
            });
        }
    }
    lwe.push(body[degree]);
    lwe
}

/// The key switch mod 2^64, or mod 2^32 with the words in the upper half.
pub(crate) fn keyswitch(set: &ParameterSet, keys: &Keys, input: &[u64]) -> Vec<u64> {
    let small_size = set.small_lwe_size();
    let (&body, mask) = input.split_last().expect("a body");
    // Exact sums of at most 2^16 digits of 2^15 times words of 2^64.
    let mut sums = vec![0_i128; small_size];
    sums[small_size - 1] = match set.keyswitch_modulus {
        KeyswitchModulus::Native64 => i128::from(body),
        KeyswitchModulus::PowerOfTwo32 { log2 } => {
            // Rounded to a multiple of 2^(64 - log2), in units of 2^32.
            let step = 1_i128 << (64 - log2);
            ((i128::from(body) + step / 2) / step * step) >> 32
        }
    };
    let levels = set.keyswitch.level_count.0;
    for (i, &word) in mask.iter().enumerate() {
        for (level, digit) in digits(word, set.keyswitch).into_iter().enumerate() {
            for (column, sum) in sums.iter_mut().enumerate() {
                let position = (i * levels + level) * small_size + column;
                let key = match set.keyswitch_modulus {
                    KeyswitchModulus::Native64 => i128::from(keys.ksk64[position]),
                    KeyswitchModulus::PowerOfTwo32 { .. } => i128::from(keys.ksk32[position]),
                };
                *sum -= digit * key;
            }
        }
    }
    let bits = set.keyswitch_modulus.word_bits();
    sums.into_iter()
        .map(|sum| sum.rem_euclid(1 << bits) as u64)
        .collect()
}

/// The modulus switch of words of `bits` bits, in exact integers.
pub(crate) fn modulus_switch(
    words: &[u64],
    bits: usize,
    mode: ModulusSwitch,
    two_n: u64,
) -> Vec<u32> {
    let step = (1_i128 << bits) / i128::from(two_n);
    let round = |word: i128| (word + step / 2).div_euclid(step);
    let (&body, mask) = words.split_last().expect("a body");
    let correction = match mode {
        ModulusSwitch::Standard => 0,
        ModulusSwitch::CenteredMeanNoiseReduction => {
            let errors: Vec<i128> = mask
                .iter()
                .map(|&a| round(a.into()) * step - i128::from(a))
                .collect();
            let halves: i128 = errors.iter().map(|error| error / 2).sum();
            let lost: i128 = errors.iter().map(|error| error / 2 * 2 - error).sum();
            halves - lost / 2 - step / 2
        }
    };
    let mut switched: Vec<u32> = mask
        .iter()
        .map(|&word| round(word.into()).rem_euclid(two_n.into()) as u32)
        .collect();
    switched.push(round(i128::from(body) + correction).rem_euclid(two_n.into()) as u32);
    switched
}

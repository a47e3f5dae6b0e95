//! The modulus switch's stream against the functional engine: both word widths, both modes, all N,
//! rounding ties, bodies at the edge of two results, random stalls on both sides; in the Rust-HDL
//! simulation and as emitted Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

#[path = "support/mod.rs"]
mod support;

use gyrus_hdl::modulus_switch::ModulusSwitch;
use gyrus_interface::ModulusSwitch as Mode;
use gyrus_sim::model::{SmallLwe, modulus_switch};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::bench::Bench;

dut!(ModulusSwitch {
    log2_n, lwe_dimension, centred, narrow, clear, lwe_valid, lwe_word, switched_ready
    => lwe_ready, switched_valid, switched_word, switched_index, switched_last
});

#[derive(Clone, Copy, Debug)]
struct Parameters {
    log2_n: u32,
    dimension: usize,
    centred: bool,
    narrow: bool,
}

impl Parameters {
    /// Width of a word.
    const fn width(self) -> u32 {
        if self.narrow { 32 } else { 64 }
    }

    /// Bits that the switch discards.
    const fn discarded(self) -> u32 {
        self.width() - self.log2_n - 1
    }

    fn mask_word(self, rng: &mut ChaCha8Rng) -> u64 {
        let word = rng.random::<u64>() >> (64 - self.width());
        let step = 1_u64 << self.discarded();
        let low = match rng.random_range(0..8) {
            0 => step / 2,
            1 => step / 2 - 1,
            2 => step / 2 + 1,
            3 => rng.random_range(0..3) * (step - 1) / 2,
            _ => word % step,
        };
        word - word % step + low
    }

    /// A ciphertext whose body, once the mask's error is off, is often next to a rounding edge.
    fn ciphertext(self, rng: &mut ChaCha8Rng) -> Vec<u64> {
        let mut words: Vec<u64> = (0..self.dimension).map(|_| self.mask_word(rng)).collect();
        let step = 1_i128 << self.discarded();
        let error: i128 = words
            .iter()
            .map(|&word| (i128::from(word) + step / 2).rem_euclid(step) - step / 2)
            .sum();
        let edge = rng.random_range(0..2 << self.log2_n) * step
            + if self.centred { error >> 1 } else { step / 2 };
        let body = edge + rng.random_range(-2..=2);
        let body = if rng.random_ratio(3, 4) {
            body as u64
        } else {
            rng.random()
        };
        words.push(body & (u64::MAX >> (64 - self.width())));
        words
    }

    fn expected(self, words: &[u64]) -> Vec<u32> {
        let lwe = if self.narrow {
            SmallLwe::U32(words.iter().map(|&word| word as u32).collect())
        } else {
            SmallLwe::U64(words.to_vec())
        };
        let mode = if self.centred {
            Mode::CenteredMeanNoiseReduction
        } else {
            Mode::Standard
        };
        let mut switched = vec![0; words.len()];
        modulus_switch(&lwe, mode, self.log2_n + 1, &mut switched).expect("lengths that fit");
        switched
    }
}

/// One cycle in so many the giver has no word or the reader is not ready; 0 for never.
#[derive(Clone, Copy, Debug)]
struct Stalls {
    give: u32,
    take: u32,
}

/// Feeds the ciphertexts through the unit; returns how many cycles went by to the last result.
fn stream(
    bench: &mut Bench<ModulusSwitch>,
    parameters: Parameters,
    ciphertexts: usize,
    stalls: Stalls,
    rng: &mut ChaCha8Rng,
) -> usize {
    let ciphertexts: Vec<Vec<u64>> = (0..ciphertexts)
        .map(|_| parameters.ciphertext(rng))
        .collect();
    let expected: Vec<[u128; 3]> = ciphertexts
        .iter()
        .flat_map(|words| {
            let switched = parameters.expected(words);
            switched.into_iter().enumerate().map(|(index, word)| {
                let last = index == parameters.dimension;
                [word.into(), index as u128, last.into()]
            })
        })
        .collect();
    let words: Vec<u64> = ciphertexts.into_iter().flatten().collect();
    let port = |word: u64, rng: &mut ChaCha8Rng| {
        u128::from(if parameters.narrow {
            (word << 32) | u64::from(rng.random::<u32>())
        } else {
            word
        })
    };
    let mut cycle = |valid: bool, word: u128, ready: bool| {
        bench.cycle(&[
            parameters.log2_n.into(),
            parameters.dimension as u128,
            parameters.centred.into(),
            parameters.narrow.into(),
            0,
            valid.into(),
            word,
            ready.into(),
        ])
    };
    for _ in 0..ModulusSwitch::SETTLING {
        cycle(false, rng.random::<u64>().into(), true);
    }
    let (mut given, mut taken, mut cycles) = (0, 0, 0);
    // A word that was offered stays until it is taken.
    let mut offered = None;
    while taken < expected.len() {
        assert!(cycles < 100 * words.len() + 1000, "{parameters:?} stands");
        let gives = stalls.give == 0 || !rng.random_ratio(1, stalls.give);
        if offered.is_none() && given < words.len() && gives {
            offered = Some(port(words[given], rng));
        }
        let ready = stalls.take == 0 || !rng.random_ratio(1, stalls.take);
        let word = offered.unwrap_or_else(|| rng.random::<u64>().into());
        let sample = cycle(offered.is_some(), word, ready);
        if offered.is_some() && sample[0] == 1 {
            offered = None;
            given += 1;
        }
        if ready && sample[1] == 1 {
            assert_eq!(
                sample[2..],
                expected[taken],
                "{parameters:?}, {stalls:?}, word {taken}"
            );
            taken += 1;
        }
        cycles += 1;
    }
    assert_eq!(given, words.len(), "{parameters:?}");
    assert_eq!(cycle(false, 0, true)[1], 0, "nothing but the ciphertexts");
    cycles
}

#[test]
fn streams() {
    let mut rng = ChaCha8Rng::seed_from_u64(0x6d73_7769);
    let mut bench = Bench::new(ModulusSwitch::default());
    let none = Stalls { give: 0, take: 0 };
    for log2_n in 8..=11 {
        for (centred, narrow) in [(false, false), (false, true), (true, false), (true, true)] {
            for (dimension, ciphertexts) in [(1, 60), (2, 40), (9, 10), (40, 5)] {
                let parameters = Parameters {
                    log2_n,
                    dimension,
                    centred,
                    narrow,
                };
                let stalls = [
                    none,
                    Stalls { give: 3, take: 2 },
                    Stalls { give: 2, take: 5 },
                ][rng.random_range(0..3)];
                stream(&mut bench, parameters, ciphertexts, stalls, &mut rng);
            }
        }
    }
    // The longest mask, so that the sum of errors wraps, and the rate.
    for (centred, narrow) in [(true, false), (true, true)] {
        let parameters = Parameters {
            log2_n: 8,
            dimension: 4095,
            centred,
            narrow,
        };
        let cycles = stream(&mut bench, parameters, 1, none, &mut rng);
        assert_eq!(cycles, 4096 + ModulusSwitch::LATENCY);
    }
    let parameters = Parameters {
        log2_n: 11,
        dimension: 20,
        centred: true,
        narrow: false,
    };
    let cycles = stream(&mut bench, parameters, 30, none, &mut rng);
    assert_eq!(cycles, 30 * 21 + ModulusSwitch::LATENCY, "a word a cycle");
    bench.replay("modulus_switch");
}

/// All mask words at the largest error of one sign: the sum passes 2^64.
#[test]
fn wrapping_sum() {
    let mut bench = Bench::new(ModulusSwitch::default());
    let parameters = Parameters {
        log2_n: 8,
        dimension: 4000,
        centred: true,
        narrow: false,
    };
    for low in [1_u64 << 54, (1 << 54) - 1, (1 << 54) + 1] {
        let mut words = vec![low; parameters.dimension];
        words.push(0x0123_4567_89ab_cdef);
        let expected = parameters.expected(&words);
        let mut results = Vec::new();
        for i in 0..words.len() + ModulusSwitch::SETTLING + ModulusSwitch::LATENCY {
            let word = i
                .checked_sub(ModulusSwitch::SETTLING)
                .and_then(|at| words.get(at));
            let sample = bench.cycle(&[
                parameters.log2_n.into(),
                parameters.dimension as u128,
                1,
                0,
                0,
                word.is_some().into(),
                word.copied().unwrap_or(0).into(),
                1,
            ]);
            if sample[1] == 1 {
                results.push(sample[2] as u32);
            }
        }
        assert_eq!(results, expected, "low parts {low:#x}");
    }
    bench.replay("modulus_switch_wrapping");
}

/// What is inside is forgotten, at any point of a ciphertext, and nothing is taken meanwhile.
#[test]
fn clear() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut bench = Bench::new(ModulusSwitch::default());
    let parameters = Parameters {
        log2_n: 9,
        dimension: 6,
        centred: true,
        narrow: false,
    };
    for words in 1..12 {
        let mut cycle = |clear: bool, valid: bool, word: u64| {
            bench.cycle(&[9, 6, 1, 0, clear.into(), valid.into(), word.into(), 0])
        };
        for _ in 0..words {
            cycle(false, true, rng.random());
        }
        let sample = cycle(true, true, rng.random());
        assert_eq!(sample[0], 0, "not ready");
        assert_eq!(cycle(false, false, 0)[1], 0, "nothing inside");
        let none = Stalls { give: 0, take: 0 };
        stream(&mut bench, parameters, 2, none, &mut rng);
    }
    bench.replay("modulus_switch_clear");
}

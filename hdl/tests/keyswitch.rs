//! The key switch against the functional engine's, which equals tfhe-rs'.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

mod support;

use gyrus_hdl::blind_rotate::CoreParameters;
use gyrus_hdl::keyswitch::{KeySwitch, KeySwitchError, batch_cycles, key_words};
use gyrus_interface::keyswitch_rows::{beats_of_level, fields, pack_keyswitch_key};
use gyrus_interface::layout::{KeyswitchKeyWords, keyswitch_key_words};
use gyrus_interface::{
    Decomposition, KeyswitchModulus, LweDimension, ParameterSet, PolynomialSize, catalogue,
    secure_sets,
};
use gyrus_sim::model::{SmallLwe, keyswitch};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::bench::{Bench, Verilated};

dut!(KeySwitch {
    rows, lwe_dimension, base_log, level_count, fields, modulus_log2, groups, batch, start, clear,
    lwe_in_valid, lwe_in_word, key_request_ready, key_valid, key, lwe_out_ready
    => idle, draining, failed, lwe_in_ready, key_request_valid, key_ready, waiting,
    lwe_out_valid, lwe_out_word
});

/// Places of the outputs in a sample.
const IDLE: usize = 0;
const DRAINING: usize = 1;
const FAILED: usize = 2;
const LWE_IN_READY: usize = 3;
const KEY_REQUEST: usize = 4;
const KEY_READY: usize = 5;
const WAITING: usize = 6;
const LWE_OUT_VALID: usize = 7;
const LWE_OUT_WORD: usize = 8;

/// Where a key switch runs.
enum Simulation {
    Rust(Box<Bench<KeySwitch>>),
    Verilog(Verilated),
}

/// A key switch, and the world around it.
struct Rig {
    simulation: Simulation,
    slots: usize,
    key_words: usize,
    rng: ChaCha8Rng,
}

/// A key and parameters.
struct Key {
    set: ParameterSet,
    wide: Vec<u64>,
    narrow: Vec<u32>,
    /// In beats.
    packed: Vec<u64>,
}

impl Key {
    fn random(set: ParameterSet, key_words: usize, rng: &mut impl Rng) -> Self {
        set.validate().expect("a parameter set");
        let count = keyswitch_key_words(&set);
        // Extremes among them, so that carries and signs go all the way.
        let word = |rng: &mut dyn Rng| match rng.next_u64() % 8 {
            0 => 0,
            1 => u64::MAX,
            2 => 1 << 63,
            _ => rng.next_u64(),
        };
        let (mut wide, mut narrow) = (Vec::new(), Vec::new());
        match set.keyswitch_modulus {
            KeyswitchModulus::Native64 => wide.extend((0..count).map(|_| word(rng))),
            KeyswitchModulus::PowerOfTwo32 { log2 } => {
                let unused = 32 - log2;
                let narrowed = |word: u64| ((word >> 32) as u32) >> unused << unused;
                narrow.extend((0..count).map(|_| narrowed(word(rng))));
            }
        }
        let mut key = Self {
            set,
            wide,
            narrow,
            packed: Vec::new(),
        };
        key.packed = pack_keyswitch_key(&key.set, key_words, key.words()).expect("the set's key");
        key
    }

    fn words(&self) -> KeyswitchKeyWords<'_> {
        match self.set.keyswitch_modulus {
            KeyswitchModulus::Native64 => KeyswitchKeyWords::U64(&self.wide),
            KeyswitchModulus::PowerOfTwo32 { .. } => KeyswitchKeyWords::U32(&self.narrow),
        }
    }

    /// Big ciphertexts: words near every rounding's tie among them.
    fn inputs(&self, count: usize, rng: &mut impl Rng) -> Vec<u64> {
        let bits = self.set.keyswitch.base_log.0 * self.set.keyswitch.level_count.0;
        let step = 1_u64 << (64 - bits);
        let word = |rng: &mut dyn Rng| {
            let near = [
                0,
                1,
                u64::MAX,
                step / 2,
                step / 2 - 1,
                (step / 2).wrapping_neg(),
            ];
            match rng.next_u64() % 4 {
                0 => near[rng.next_u64() as usize % near.len()],
                // Half the range, and ties elsewhere.
                1 => (1_u64 << 63).wrapping_add(near[rng.next_u64() as usize % near.len()]),
                2 => (rng.next_u64() / step * step)
                    .wrapping_add(near[rng.next_u64() as usize % near.len()]),
                _ => rng.next_u64(),
            }
        };
        let size = self.set.big_lwe_size();
        let mut words: Vec<u64> = (0..count * size).map(|_| word(rng)).collect();
        // Bodies just below, at and above the ties of their own rounding.
        let lost = u64::MAX >> (modulus_log2(self.set.keyswitch_modulus) - 1) >> 1;
        for body in words.iter_mut().skip(size - 1).step_by(size) {
            *body = (*body & !lost).wrapping_add(lost / 2 + rng.next_u64() % 3);
        }
        words
    }

    /// The engine's small ciphertexts.
    fn expected(&self, inputs: &[u64]) -> Vec<u64> {
        inputs
            .chunks_exact(self.set.big_lwe_size())
            .flat_map(|input| {
                match keyswitch(&self.set, self.words(), input).expect("a key switch") {
                    SmallLwe::U64(words) => words,
                    SmallLwe::U32(words) => {
                        words.iter().map(|&word| u64::from(word) << 32).collect()
                    }
                }
            })
            .collect()
    }
}

/// What a batch took.
#[derive(Debug, PartialEq, Eq)]
struct Cycles {
    /// From the key's request to the last beat.
    pass: usize,
    waiting: usize,
    all: usize,
}

impl Rig {
    fn new(slots: usize, rows: usize, key_words: usize, verilog: Option<&str>) -> Self {
        let bench = Bench::new(KeySwitch::new(slots, rows, key_words).expect("a size"));
        Self {
            simulation: match verilog {
                Some(name) => Simulation::Verilog(bench.verilated(name)),
                None => Simulation::Rust(Box::new(bench)),
            },
            slots,
            key_words,
            rng: ChaCha8Rng::seed_from_u64(21),
        }
    }

    fn cycle(&mut self, inputs: &[u128]) -> Vec<u128> {
        match &mut self.simulation {
            Simulation::Rust(bench) => bench.cycle(inputs),
            Simulation::Verilog(verilated) => verilated.cycle(inputs),
        }
    }

    fn replay(self, name: &str) {
        match self.simulation {
            Simulation::Rust(bench) => bench.replay(name),
            Simulation::Verilog(_) => panic!("the other simulation did not run"),
        }
    }

    /// Batches in a row, each started as soon as it may be; the words that come out.
    fn run(&mut self, key: &Key, batches: &[&[u64]], stalls: bool) -> (Vec<u64>, Cycles) {
        self.run_until(key, batches, stalls, None)
    }

    /// The same, up to a cycle in which it is cleared, and what is handed out then.
    fn run_until(
        &mut self,
        key: &Key,
        batches: &[&[u64]],
        stalls: bool,
        cleared: Option<usize>,
    ) -> (Vec<u64>, Cycles) {
        let set = &key.set;
        let size = set.big_lwe_size();
        let parameters = [
            set.big_lwe_dimension().0,
            set.lwe_dimension.0,
            set.keyswitch.base_log.0,
            set.keyswitch.level_count.0,
            fields(set.keyswitch_modulus),
            modulus_log2(set.keyswitch_modulus) as usize,
            beats_of_level(set, self.key_words),
        ];
        let expected: usize = batches.iter().map(|words| words.len() / size).sum();
        let expected = expected * set.small_lwe_size();
        let mut results = Vec::new();
        let mut words = batches.concat().into_iter();
        let mut word = words.next();
        let (mut started, mut asked) = (0, 0);
        let mut beats: std::collections::VecDeque<&[u64]> = Default::default();
        let mut cycles = Cycles {
            pass: 0,
            waiting: 0,
            all: 0,
        };
        let coin = |rng: &mut ChaCha8Rng| !stalls || rng.random_ratio(2, 3);
        for cycle in 0.. {
            assert!(cycle < 3_000_000, "no end");
            let settled = cycle > KeySwitch::SETTLING;
            let start =
                settled && started < batches.len() && cleared.is_none_or(|cleared| cycle < cleared);
            let batch = batches.get(started).map_or(1, |words| words.len() / size);
            assert!(batch <= self.slots);
            let valid = word.is_some() && coin(&mut self.rng);
            let request_ready = coin(&mut self.rng);
            let key_valid = !beats.is_empty() && coin(&mut self.rng);
            let out_ready = coin(&mut self.rng);
            let mut inputs: Vec<u128> = parameters.iter().map(|&p| p as u128).collect();
            let clear = cleared == Some(cycle);
            inputs.extend([batch as u128, start.into(), clear.into(), valid.into()]);
            inputs.push(word.unwrap_or(0).into());
            inputs.extend([request_ready, key_valid].map(u128::from));
            match beats.front() {
                Some(beat) if key_valid => inputs.extend(beat.iter().map(|&w| u128::from(w))),
                _ => inputs.extend((0..self.key_words).map(|_| u128::from(self.rng.next_u64()))),
            }
            inputs.push(out_ready.into());
            let sample = self.cycle(&inputs);
            let high = |place: usize| sample[place] == 1;
            cycles.all += 1;
            cycles.pass += usize::from(!beats.is_empty());
            cycles.waiting += usize::from(high(WAITING));
            if start && high(IDLE) {
                started += 1;
            }
            if valid && high(LWE_IN_READY) {
                word = words.next();
            }
            if key_valid && high(KEY_READY) {
                beats.pop_front();
            }
            if request_ready && high(KEY_REQUEST) {
                assert!(beats.is_empty(), "one pass at a time");
                asked += 1;
                beats.extend(key.packed.chunks_exact(self.key_words));
            }
            if out_ready && high(LWE_OUT_VALID) {
                results.push(sample[LWE_OUT_WORD] as u64);
            }
            if cleared.is_some_and(|at| cycle > at) {
                assert!(high(IDLE), "at rest one cycle later");
                assert!(!high(LWE_IN_READY), "no word is expected");
                if !high(DRAINING) {
                    break;
                }
                continue;
            }
            // An old failure stands until the pass is over.
            let passed = asked == batches.len() && beats.is_empty() && high(IDLE);
            if passed && high(FAILED) || results.len() == expected && !high(DRAINING) {
                break;
            }
        }
        (results, cycles)
    }

    /// Random batches of these sizes with a random key.
    fn check(&mut self, set: ParameterSet, batches: &[usize], stalls: bool) -> Cycles {
        let mut rng = ChaCha8Rng::seed_from_u64(set.lwe_dimension.0 as u64);
        let key = Key::random(set, self.key_words, &mut rng);
        let batches: Vec<Vec<u64>> = batches
            .iter()
            .map(|&count| key.inputs(count, &mut rng))
            .collect();
        let batches: Vec<&[u64]> = batches.iter().map(Vec::as_slice).collect();
        let (results, cycles) = self.run(&key, &batches, stalls);
        let expected = key.expected(&batches.concat());
        assert_eq!(results.len(), expected.len());
        let wrong = (0..results.len()).find(|&i| results[i] != expected[i]);
        assert_eq!(wrong, None, "{:?}: {cycles:?}", key.set);
        cycles
    }
}

/// A set of this structure, with N = 256.
fn set(n: usize, keyswitch: Decomposition, keyswitch_modulus: KeyswitchModulus) -> ParameterSet {
    ParameterSet {
        name: "INSECURE_TEST".to_owned(),
        lwe_dimension: LweDimension(n),
        polynomial_size: PolynomialSize(256),
        keyswitch,
        keyswitch_modulus,
        ..catalogue::toy()
    }
}

const fn modulus_log2(modulus: KeyswitchModulus) -> u32 {
    match modulus {
        KeyswitchModulus::Native64 => 64,
        KeyswitchModulus::PowerOfTwo32 { log2 } => log2,
    }
}

const MOD_21: KeyswitchModulus = KeyswitchModulus::PowerOfTwo32 { log2: 21 };
const MOD_32: KeyswitchModulus = KeyswitchModulus::PowerOfTwo32 { log2: 32 };

/// The primary set's gadget, in both simulations: fewer words than a beat holds, then more.
#[test]
fn base_4_in_both_simulations() {
    let mut rig = Rig::new(2, 256, 2, None);
    rig.check(set(4, Decomposition::new(2, 8), MOD_21), &[2], false);
    rig.check(set(31, Decomposition::new(2, 3), MOD_21), &[1, 2], true);
    rig.replay("keyswitch_both");
}

/// Every base, kind of modulus and number of levels, one after the other; batches of all sizes in a
/// row.
#[test]
fn all_gadgets_and_moduli() {
    let mut rig = Rig::new(3, 256, 3, Some("keyswitch_all"));
    for (n, base_log, levels, modulus) in [
        (40, 2, 8, MOD_21),
        (41, 4, 4, KeyswitchModulus::Native64),
        (42, 4, 4, MOD_32),
        (8, 1, 16, MOD_21),
        (17, 3, 5, MOD_32),
        (26, 4, 7, MOD_21),
        (9, 2, 15, KeyswitchModulus::Native64),
        (1, 1, 1, MOD_32),
        (2, 4, 1, KeyswitchModulus::Native64),
        (40, 2, 7, MOD_21),
        (40, 3, 5, KeyswitchModulus::PowerOfTwo32 { log2: 17 }),
        (9, 2, 8, KeyswitchModulus::PowerOfTwo32 { log2: 30 }),
        (10, 1, 4, KeyswitchModulus::PowerOfTwo32 { log2: 22 }),
        (3, 2, 2, KeyswitchModulus::PowerOfTwo32 { log2: 10 }),
    ] {
        let stalls = n % 2 == 0;
        let set = set(n, Decomposition::new(base_log, levels), modulus);
        let cycles = rig.check(set, &[3, 1, 2], stalls);
        println!("n = {n}, 2^{base_log} x {levels}, {modulus:?}: {cycles:?}");
    }
}

/// A pass takes a cycle a beat if memory keeps up, and no fewer than four a level.
#[test]
fn cycles_of_a_pass() {
    let mut rig = Rig::new(1, 256, 2, Some("keyswitch_cycles"));
    for (n, groups) in [(40, 7), (5, 4)] {
        let set = set(n, Decomposition::new(2, 8), MOD_21);
        let cycles = rig.check(set.clone(), &[1], false);
        let pass = 256 * 8 * groups;
        println!("n = {n}: {cycles:?}");
        assert!((pass..pass + 8).contains(&cycles.pass), "{cycles:?}");
        // From the first word in to the next batch's: all but the handing out.
        let whole = batch_cycles(&set, 1, 2);
        let out = set.small_lwe_size();
        assert!((whole - 32..whole).contains(&(cycles.all - out)), "{whole}");
    }
}

/// A wrong word of the key: nothing comes out, and the next batch is right.
#[test]
fn a_wrong_key_drops_the_batch() {
    let mut rig = Rig::new(2, 256, 2, Some("keyswitch_wrong"));
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let set = set(8, Decomposition::new(2, 8), MOD_21);
    let mut key = Key::random(set, 2, &mut rng);
    let input = key.inputs(2, &mut rng);
    for place in [0, 1000, key.packed.len() - 1, key.packed.len() - 2] {
        key.packed[place] ^= 1 << 17;
        let (results, _) = rig.run(&key, &[&input], false);
        assert!(results.is_empty(), "no word of a dropped batch");
        key.packed[place] ^= 1 << 17;
        let (results, _) = rig.run(&key, &[&input], false);
        assert_eq!(results, key.expected(&input));
    }
}

/// Cleared at any time, it is idle in the next cycle; what was handed out comes out, and the next batch is
/// right.
#[test]
fn cleared_at_any_time() {
    let mut rig = Rig::new(2, 256, 2, Some("keyswitch_cleared"));
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let set = set(8, Decomposition::new(2, 3), MOD_21);
    let key = Key::random(set, 2, &mut rng);
    let inputs = [key.inputs(2, &mut rng), key.inputs(1, &mut rng)];
    let (first, second) = (&inputs[0], &inputs[1]);
    let expected = key.expected(first);
    let mut handed_out = 0;
    // Loading takes 514 cycles, the pass 256 * 3 * 4 and some, the second batch's loading 257.
    for at in [12, 300, 520, 530, 1000, 3000, 3605, 3610, 3620, 3700, 3900] {
        let (results, _) = rig.run_until(&key, &[first, second], false, Some(at));
        handed_out += usize::from(!results.is_empty());
        assert!(results.is_empty() || results == expected, "cleared at {at}");
        let (results, _) = rig.run(&key, &[first], false);
        assert_eq!(results, expected, "after a clear at {at}");
    }
    assert!(handed_out > 1, "some of these are behind the pass");
}

/// With every secure set, a full batch is switched in less than n (k+1) N / P cycles a ciphertext, so
/// the rotation never waits: from the cycles that `cycles_of_a_pass` holds the block to.
#[test]
fn no_bottleneck() {
    for lanes in [2, 4, 8, 16, 32, 64, 128] {
        let core = CoreParameters::for_lanes(lanes).expect("a core");
        let words = key_words(&core).expect("a width");
        for set in secure_sets() {
            let cycles = batch_cycles(&set, core.slots, words);
            let each = cycles as f64 / core.slots as f64;
            let turn = 2 * set.polynomial_size.0 / lanes;
            let bound = set.lwe_dimension.0 * turn;
            println!(
                "P = {lanes}, {}: {} in a batch, {words} words a beat: {each:.0} cycles each of {bound}",
                set.name, core.slots
            );
            assert!(each <= bound as f64, "{}", set.name);
        }
    }
}

#[test]
fn sizes() {
    let refused = |slots, rows, words| KeySwitch::new(slots, rows, words).err();
    assert_eq!(refused(0, 256, 2), Some(KeySwitchError::Slots(0)));
    assert_eq!(refused(17, 256, 2), Some(KeySwitchError::Slots(17)));
    assert_eq!(refused(1, 2049, 2), Some(KeySwitchError::Rows(2049)));
    assert_eq!(refused(1, 0, 2), Some(KeySwitchError::Rows(0)));
    assert_eq!(refused(1, 256, 129), Some(KeySwitchError::Beat(129)));
    assert_eq!(refused(16, 2048, 64), None);
}

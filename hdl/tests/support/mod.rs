//! A bench for fixed-latency units: one list of stimuli, run in the Rust-HDL simulation and, as
//! emitted Verilog, under Verilator.
//!
//! A bench cycle is: set the inputs, raise the clock, sample the outputs, lower the clock. So
//! what enters in cycle i leaves in the sample of cycle i + LATENCY - 1.

pub(crate) mod bench;
mod library;
pub(crate) mod verilator;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_hdl::prelude::{Block, check_all, simulate};

/// An operand port: its name and width in bits, at most 128.
pub(crate) struct Port {
    pub(crate) name: &'static str,
    pub(crate) width: usize,
}

/// What the bench needs to know of a unit; [`unit!`](crate::unit) writes it.
pub(crate) trait Unit: Block + Default {
    const LATENCY: usize;
    const OPERANDS: &[Port];
    fn set_clock(&mut self, level: bool);
    fn drive(&mut self, cycle: &Cycle);
    fn sample(&self) -> Sample;
}

/// The inputs of one cycle.
#[derive(Clone, Debug)]
pub(crate) struct Cycle {
    pub(crate) valid: bool,
    pub(crate) operands: Vec<u128>,
}

/// The outputs after one rising edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) valid: bool,
    pub(crate) result: u64,
}

/// Implements [`Unit`] for a block with ports `clock`, `valid_in`, the operands, `valid_out` and
/// `result`.
#[macro_export]
macro_rules! unit {
    ($block: ty, $($operand: ident: $width: literal),+) => {
        impl $crate::support::Unit for $block {
            const LATENCY: usize = <$block>::LATENCY;
            const OPERANDS: &[$crate::support::Port] = &[
                $($crate::support::Port { name: stringify!($operand), width: $width }),+
            ];

            fn set_clock(&mut self, level: bool) {
                self.clock.next = level.into();
            }

            fn drive(&mut self, cycle: &$crate::support::Cycle) {
                self.valid_in.next = cycle.valid;
                let mut operands = cycle.operands.iter();
                $(self.$operand.next = $crate::support::FromWord::from_word(
                    *operands.next().expect("one word for each operand"),
                );)+
            }

            fn sample(&self) -> $crate::support::Sample {
                $crate::support::Sample {
                    valid: self.valid_out.val(),
                    result: self.result.val().to_u64(),
                }
            }
        }
    };
}

/// A signal's value from a word that is known to fit.
pub(crate) trait FromWord {
    fn from_word(word: u128) -> Self;
}

impl FromWord for bool {
    fn from_word(word: u128) -> Self {
        word != 0
    }
}

impl<const N: usize> FromWord for rust_hdl::prelude::Bits<N> {
    fn from_word(word: u128) -> Self {
        rust_hdl::prelude::ToBits::to_bits(word)
    }
}

/// The operands in order, with bubbles of random length (and random operands, which must not
/// matter) between them, and room at the end for the last result.
pub(crate) fn with_bubbles<U: Unit>(operands: &[Vec<u128>], rng: &mut ChaCha8Rng) -> Vec<Cycle> {
    let bubble = |rng: &mut ChaCha8Rng| Cycle {
        valid: false,
        operands: U::OPERANDS
            .iter()
            .map(|port| rng.random::<u128>() >> (128 - port.width))
            .collect(),
    };
    let mut cycles = Vec::with_capacity(operands.len() * 5 / 4);
    for operands in operands {
        // Runs without a bubble are long enough to fill the pipeline many times over.
        if rng.random_ratio(1, 16) {
            for _ in 0..rng.random_range(1..=2 * U::LATENCY) {
                cycles.push(bubble(rng));
            }
        }
        cycles.push(Cycle {
            valid: true,
            operands: operands.clone(),
        });
    }
    for _ in 0..U::LATENCY {
        cycles.push(bubble(rng));
    }
    cycles
}

/// Runs the cycles in the Rust-HDL simulation.
pub(crate) fn simulate_unit<U: Unit>(cycles: &[Cycle]) -> Vec<Sample> {
    /// More passes than any signal here needs to settle.
    const PASSES: usize = 100;
    let mut unit = U::default();
    unit.connect_all();
    check_all(&unit).expect("a connected unit without loops");
    let mut samples = Vec::with_capacity(cycles.len());
    for cycle in cycles {
        unit.drive(cycle);
        assert!(simulate(&mut unit, PASSES), "the inputs do not settle");
        unit.set_clock(true);
        assert!(
            simulate(&mut unit, PASSES),
            "the rising edge does not settle"
        );
        samples.push(unit.sample());
        unit.set_clock(false);
        assert!(
            simulate(&mut unit, PASSES),
            "the falling edge does not settle"
        );
    }
    samples
}

/// The name of the unit's top module: that of its type.
pub(crate) fn top<U: Unit>() -> String {
    let path = std::any::type_name::<U>();
    let (_, name) = path.rsplit_once("::").unwrap_or(("", path));
    name.replace(['<', ',', ' '], "_").replace('>', "")
}

/// The unit's Verilog as users get it, with [`top`] as its top module.
pub(crate) fn emit<U: Unit>() -> String {
    let mut unit = U::default();
    unit.connect_all();
    let design = gyrus_hdl::emit::verilog(&unit, &top::<U>());
    design.expect("a unit that can be written").verilog()
}

/// Feeds the operands through the Rust-HDL simulation and the emitted Verilog. Every result must
/// be the expected one, exactly `LATENCY` edges behind its operands; `valid_out` must be low in
/// every other cycle; and the two simulations must agree on all outputs of all cycles.
pub(crate) fn check<U: Unit>(
    name: &str,
    operands: &[Vec<u128>],
    expected: impl Fn(&[u128]) -> u64,
) {
    let cycles = with_bubbles::<U>(operands, &mut ChaCha8Rng::seed_from_u64(0x6279_7275));
    let samples = check_in_rust::<U>(name, &cycles, expected);
    let verilated = verilator::run::<U>(name, &emit::<U>(), &cycles);
    assert_eq!(
        verilated.len(),
        samples.len(),
        "{name}: cycles under Verilator"
    );
    for (i, (verilated, sample)) in verilated.iter().zip(&samples).enumerate() {
        assert_eq!(
            verilated, sample,
            "{name}: Verilator and Rust-HDL differ in cycle {i}"
        );
    }
}

/// The part of [`check`] that needs no Verilog; returns the samples.
pub(crate) fn check_in_rust<U: Unit>(
    name: &str,
    cycles: &[Cycle],
    expected: impl Fn(&[u128]) -> u64,
) -> Vec<Sample> {
    let samples = simulate_unit::<U>(cycles);
    for (i, sample) in samples.iter().enumerate() {
        let entered = (i + 1)
            .checked_sub(U::LATENCY)
            .and_then(|at| cycles.get(at));
        let valid = entered.is_some_and(|cycle| cycle.valid);
        assert_eq!(sample.valid, valid, "{name}: valid_out in cycle {i}");
        if let Some(Cycle { operands, .. }) = entered.filter(|cycle| cycle.valid) {
            let expected = expected(operands);
            let result = sample.result;
            assert_eq!(
                result, expected,
                "{name}: {result:#x} for {operands:x?} in cycle {i}"
            );
        }
    }
    samples
}

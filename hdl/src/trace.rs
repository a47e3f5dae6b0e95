//! Waveforms: a unit in the Rust-HDL simulation under random operands, as a VCD file.

use crate::arith::Q;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_hdl::core::check_error::CheckError;
use rust_hdl::prelude::{
    Bits, Block, ToBits, check_all, simulate, write_vcd_change, write_vcd_dump, write_vcd_header,
};
use thiserror::Error;

/// Picoseconds of one clock cycle in the file.
const PERIOD: u64 = 4_000;

/// More passes than any signal of a unit needs to settle.
const PASSES: usize = 100;

/// A unit that random operands can drive.
pub trait Unit: Block {
    /// Rising edges from operands to result.
    const LATENCY: usize;
    /// Sets the clock.
    fn set_clock(&mut self, level: bool);
    /// Sets all other inputs, each operand from one random word.
    fn set_inputs(&mut self, valid: bool, word: &mut dyn FnMut() -> u128);
}

/// An operand from a random word.
pub trait FromWord {
    /// The operand: of 64 bits, a residue below q, which every unit takes.
    fn from_word(word: u128) -> Self;
}

impl FromWord for bool {
    fn from_word(word: u128) -> Self {
        word >> 127 == 1
    }
}

impl<const N: usize> FromWord for Bits<N> {
    fn from_word(word: u128) -> Self {
        let bits = word >> (128 - N);
        (if N == 64 { bits % u128::from(Q) } else { bits }).to_bits()
    }
}

/// Why there is no waveform.
#[derive(Debug, Error)]
pub enum TraceError {
    /// Rust-HDL's own checks refuse the unit.
    #[error("the unit fails the checks of Rust-HDL: {0:?}")]
    Check(CheckError),
    /// The simulation goes on changing.
    #[error("the unit does not settle in cycle {0}")]
    Unstable(u64),
}

/// The waveform of so many cycles; of each eight, one on average carries no operands.
///
/// # Errors
///
/// The unit cannot be simulated.
pub fn vcd<U: Unit>(mut unit: U, cycles: u64, seed: u64) -> Result<Vec<u8>, TraceError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    unit.connect_all();
    check_all(&unit).map_err(TraceError::Check)?;
    let settle = |unit: &mut U, cycle| {
        let settled = simulate(unit, PASSES);
        settled.then_some(()).ok_or(TraceError::Unstable(cycle))
    };

    let mut file = Vec::new();
    settle(&mut unit, 0)?;
    // Writing to memory cannot fail, so Rust-HDL's writer has nothing to panic about.
    let mut probe = write_vcd_dump(write_vcd_header(&mut file, &unit), &unit);
    for cycle in 0..cycles {
        // Operands change with the falling edge.
        for (level, half) in [(false, 0), (true, 1)] {
            unit.set_clock(level);
            if !level {
                let valid = rng.random_range(0..8) != 0;
                unit.set_inputs(valid, &mut || rng.random());
            }
            settle(&mut unit, cycle)?;
            let now = cycle * PERIOD + half * PERIOD / 2;
            // As above: writing to memory cannot fail.
            let _ = probe.timestamp(now);
            probe = write_vcd_change(probe, &unit);
        }
    }
    drop(probe);
    Ok(file)
}

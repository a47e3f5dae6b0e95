//! Batches of random words, for waveforms and for measurements that need no real key, and the steady
//! state measured with them.

use super::process::file_error;
use super::{Core, Job, Memory, Options, VerilateError, Wave};
use crate::blind_rotate::CoreParameters;
use crate::key_store::pack_key;
use crate::ntt::arrangement::MIN_LOG2_N;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Sizes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// log2 N.
    pub log2_n: usize,
    /// n.
    pub n: usize,
    /// log2 of the gadget's base.
    pub base_log: usize,
    /// l.
    pub levels: usize,
    /// Ciphertexts.
    pub ciphertexts: usize,
}

/// A batch whose every iteration has a turn of every ciphertext.
#[derive(Clone, Debug)]
pub struct Rotation {
    sizes: Sizes,
    lwe: Vec<u64>,
    tables: Vec<u64>,
    key: Vec<u64>,
}

impl Rotation {
    /// Random words from a seed, with the key as this core reads it.
    ///
    /// # Errors
    /// The core cannot be built, or is not for these sizes.
    pub fn random(
        parameters: &CoreParameters,
        sizes: Sizes,
        seed: u64,
    ) -> Result<Self, VerilateError> {
        let shape = parameters.shape()?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut words = |count: usize| (0..count).map(|_| rng.next_u64()).collect::<Vec<u64>>();
        // Between a quarter and three quarters of 2^64: a word that switches to 0 would be no turn.
        let lwe = words(sizes.ciphertexts * (sizes.n + 1))
            .iter()
            .map(|word| (word >> 1) + (1 << 62))
            .collect();
        let tables = words(sizes.ciphertexts << sizes.log2_n);
        let key = words((sizes.n * sizes.levels * 4) << sizes.log2_n);
        let key = pack_key(
            &shape,
            sizes.log2_n,
            sizes.levels,
            parameters.beat_words,
            &key,
        )?;
        Ok(Self {
            sizes,
            lwe,
            tables,
            key,
        })
    }

    /// The batch, for memory with a beat in every cycle.
    #[must_use]
    pub fn job(&self, deadline: Duration) -> Job<'_> {
        let Sizes {
            log2_n,
            n,
            base_log,
            levels,
            ciphertexts: _,
        } = self.sizes;
        Job {
            log2_n,
            n,
            base_log,
            levels,
            centred: false,
            narrow: false,
            lwe: &self.lwe,
            tables: &self.tables,
            repeat: 1,
            key: &self.key,
            memory: Memory::default(),
            wave: None,
            deadline,
        }
    }
}

/// Turns, and the cycles that they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turns {
    /// Ciphertexts in flight.
    pub ciphertexts: usize,
    /// One of each ciphertext in each iteration.
    pub turns: u64,
    /// From the first to the last of them.
    pub cycles: u64,
}

impl Core {
    /// Cycles of turns with so many ciphertexts in flight, away from both ends of a batch: what
    /// `n[1]` iterations take longer than `n[0]`. The sizes' own n does not matter.
    ///
    /// # Errors
    /// As [`Core::run`].
    pub fn turns(
        &self,
        sizes: Sizes,
        n: [usize; 2],
        deadline: Duration,
    ) -> Result<Turns, VerilateError> {
        let cycles = |n: usize| -> Result<u64, VerilateError> {
            let rotation = Rotation::random(&self.parameters, Sizes { n, ..sizes }, n as u64)?;
            Ok(self.run(&rotation.job(deadline))?.rotation_cycles)
        };
        let [few, many] = [cycles(n[0])?, cycles(n[1])?];
        let difference = many.checked_sub(few);
        Ok(Turns {
            ciphertexts: sizes.ciphertexts,
            turns: (sizes.ciphertexts * n[1].saturating_sub(n[0])) as u64,
            cycles: difference.ok_or(VerilateError::Report("rotation_cycles"))?,
        })
    }
}

/// The batch of which [`trace`] records the waveform.
const TRACED: Sizes = Sizes {
    log2_n: MIN_LOG2_N,
    n: 4,
    base_log: 23,
    levels: 1,
    ciphertexts: 2,
};

/// Builds a core for waveforms in a directory, rotates two random ciphertexts of N = 256 and n = 4
/// on it and records the cycles from the first on, at most so many, in a file of GTKWave's format
/// FST.
///
/// # Errors
/// As [`Core::build`] and [`Core::run`].
pub fn trace(
    parameters: &CoreParameters,
    directory: &Path,
    cycles: u64,
    seed: u64,
    path: &Path,
) -> Result<(), VerilateError> {
    let options = Options {
        trace: true,
        ..Options::all_cores()
    };
    let core = Core::build(parameters, directory, &options)?;
    let sizes = Sizes {
        ciphertexts: TRACED.ciphertexts.min(parameters.slots),
        ..TRACED
    };
    let rotation = Rotation::random(parameters, sizes, seed)?;
    let wave = Wave {
        path,
        from: 0,
        to: cycles,
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(file_error(parent))?;
    }
    core.run(&Job {
        wave: Some(wave),
        ..rotation.job(options.deadline)
    })?;
    Ok(())
}

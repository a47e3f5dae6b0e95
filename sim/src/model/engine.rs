//! KS + PBS of a batch of ciphertexts on threads of its own.
//!
//! A batch is cut into groups; a thread takes a group through all steps. Within a group, key bit
//! i of all ciphertexts comes before key bit i + 1, so that a part of the bootstrapping key is
//! read from memory once per group.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use gyrus_interface::ParameterSet;
use gyrus_interface::layout::KeyswitchKeyWords;
use rayon::prelude::*;

use super::error::{ModelError, check_range, check_shape};
use super::kernel::Kernel;
use super::key::EvaluationKey;
use super::memory::Lines;
use super::modulus_switch::modulus_switch;
use super::rotate::sample_extract;

/// Ciphertexts in a group, at most: at N = 2048 their accumulators take 256 KiB, and with one
/// GGSW in the transform domain still fit a core's level-2 cache of usual size.
const LARGEST_GROUP: usize = 8;

/// A batch of KS + PBS.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// LWE ciphertexts of `k*N + 1` words mod 2^64, one after the other.
    pub inputs: &'a [u64],
    /// For each ciphertext its look-up table: `N` words mod 2^64, the body polynomial of a
    /// trivial GLWE ciphertext.
    pub luts: &'a [&'a [u64]],
    /// Samples extracted per ciphertext (more than one for a many-LUT table).
    pub samples: usize,
    /// Sample j is extracted at degree `j * stride`.
    pub stride: usize,
}

/// Threads and a kernel.
#[derive(Debug)]
pub struct Engine {
    pool: rayon::ThreadPool,
    kernel: Kernel,
}

impl Engine {
    /// Starts `threads` worker threads, one per CPU when `None`. They are the engine's own: a
    /// caller that blocks threads of another rayon pool cannot starve it.
    ///
    /// # Errors
    /// [`ModelError::KernelUnavailable`], [`ModelError::Threads`].
    pub fn new(threads: Option<NonZeroUsize>, kernel: Kernel) -> Result<Self, ModelError> {
        kernel.dispatch()?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.map_or(0, NonZeroUsize::get))
            .thread_name(|i| format!("gyrus-model-{i}"))
            .build()
            .map_err(|error| ModelError::Threads(error.to_string()))?;
        Ok(Self { pool, kernel })
    }

    /// Number of worker threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs something on its threads, so that what is parallel in it needs no others.
    pub(crate) fn install<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        self.pool.install(run)
    }

    /// The kernel that it was started with.
    #[must_use]
    pub const fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Brings an evaluation key into the kernel's form, in parallel. `bsk` and `ksk` are in the
    /// standard domain, in the order of [`gyrus_interface::layout`]; bootstrapping key words mod
    /// 2^64.
    ///
    /// # Errors
    /// [`ModelError::Parameters`], [`ModelError::KeySize`] or [`ModelError::KeyWidth`] when the
    /// arguments do not fit each other.
    pub fn prepare_key(
        &self,
        set: &ParameterSet,
        bsk: &[u64],
        ksk: KeyswitchKeyWords<'_>,
    ) -> Result<EvaluationKey, ModelError> {
        self.pool
            .install(|| EvaluationKey::new(self.kernel, set, bsk, ksk))
    }

    /// Key switch, modulus switch, blind rotation and sample extraction of each ciphertext.
    ///
    /// `outputs` gets, for each ciphertext, `batch.samples` LWE ciphertexts of `k*N + 1` words mod
    /// 2^64. Returns early, with unspecified outputs, soon (some milliseconds) after another
    /// thread has set `cancel`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] or [`ModelError::Range`] when the batch does not fit the key,
    /// [`ModelError::Cancelled`].
    pub fn keyswitch_bootstrap(
        &self,
        key: &EvaluationKey,
        batch: Batch<'_>,
        outputs: &mut [u64],
        cancel: &AtomicBool,
    ) -> Result<(), ModelError> {
        let set = key.parameters();
        let input_size = set.big_lwe_size();
        let count = batch.luts.len();
        check_batch(set, &batch, outputs.len())?;
        if count == 0 || batch.samples == 0 {
            return Ok(());
        }
        // As many groups as keep all threads busy alike, none larger than the limit.
        let threads = self.threads();
        let groups = count.div_ceil(LARGEST_GROUP).next_multiple_of(threads);
        let group = count.div_ceil(groups);
        self.pool.install(|| {
            outputs
                .par_chunks_mut(group * batch.samples * input_size)
                .zip(batch.inputs.par_chunks(group * input_size))
                .zip(batch.luts.par_chunks(group))
                .try_for_each(|((outputs, inputs), luts)| {
                    let part = Batch {
                        inputs,
                        luts,
                        ..batch
                    };
                    bootstrap_group(key, part, outputs, cancel)
                })
        })
    }
}

fn check_batch(
    set: &ParameterSet,
    batch: &Batch<'_>,
    output_words: usize,
) -> Result<(), ModelError> {
    let size = set.polynomial_size.0;
    let words = |ciphertexts: usize| ciphertexts.saturating_mul(set.big_lwe_size());
    check_shape("inputs", words(batch.luts.len()), batch.inputs.len())?;
    check_shape(
        "outputs",
        words(batch.luts.len().saturating_mul(batch.samples)),
        output_words,
    )?;
    for lut in batch.luts {
        check_shape("look-up table", size, lut.len())?;
    }
    let last_degree = batch.samples.saturating_sub(1).saturating_mul(batch.stride);
    check_range("degree of the last sample", size, last_degree)
}

/// All steps for one group, on the current thread.
fn bootstrap_group(
    key: &EvaluationKey,
    batch: Batch<'_>,
    outputs: &mut [u64],
    cancel: &AtomicBool,
) -> Result<(), ModelError> {
    let set = key.parameters();
    let size = set.polynomial_size.0;
    let check_cancel = || {
        if cancel.load(Ordering::Relaxed) {
            Err(ModelError::Cancelled)
        } else {
            Ok(())
        }
    };
    check_cancel()?;

    let small = key
        .keyswitch
        .switch(key.dispatch, batch.inputs, set.big_lwe_size(), cancel)?;
    let mut switched = vec![0; small.len() * set.small_lwe_size()];
    for (lwe, switched) in small
        .iter()
        .zip(switched.chunks_exact_mut(set.small_lwe_size()))
    {
        modulus_switch(lwe, set.modulus_switch, set.log2_two_n(), switched)?;
    }

    let mask_words = set.big_lwe_dimension().0;
    let mut accumulators = Lines::new(small.len() * (mask_words + size));
    for (accumulator, lut) in accumulators
        .chunks_exact_mut(mask_words + size)
        .zip(batch.luts)
    {
        for (word, &table) in accumulator.iter_mut().skip(mask_words).zip(*lut) {
            *word = table;
        }
    }

    let mut worker = key.bootstrap.worker();
    for index in 0..set.lwe_dimension.0 {
        let ciphertexts = switched.chunks_exact(set.small_lwe_size());
        for (lwe, accumulator) in ciphertexts.zip(accumulators.chunks_exact_mut(mask_words + size))
        {
            check_cancel()?;
            match lwe.get(index) {
                None | Some(0) => {}
                Some(&degree) => worker.cmux(index, degree as usize, accumulator),
            }
        }
    }

    let lwe_size = set.big_lwe_size();
    for ((lwe, accumulator), outputs) in switched
        .chunks_exact(set.small_lwe_size())
        .zip(accumulators.chunks_exact_mut(mask_words + size))
        .zip(outputs.chunks_exact_mut(batch.samples * lwe_size))
    {
        if let Some(&body) = lwe.last() {
            key.finish_rotation(body, accumulator);
        }
        for (j, output) in outputs.chunks_exact_mut(lwe_size).enumerate() {
            sample_extract(accumulator, size, j * batch.stride, output)?;
        }
    }
    Ok(())
}

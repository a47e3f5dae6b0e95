//! The evaluation key in the form that a kernel computes with, and the single steps on it.

use std::sync::atomic::AtomicBool;

use gyrus_interface::ParameterSet;
use gyrus_interface::layout::{KeyswitchKeyWords, bootstrapping_key_words};

use super::decompose::Gadget;
use super::error::{ModelError, check_range, check_shape};
use super::float_ntt;
use super::ifma_ntt;
use super::kernel::Kernel;
use super::keyswitch::{KeyswitchKey, check_key};
use super::modulus_switch::SmallLwe;
use super::portable::PortableKey;
use super::reference::ReferenceKey;
use super::rotate::divide_by_monomial;
use super::simd::Dispatch;

/// What a kernel has to know of a parameter set.
#[derive(Debug, Clone, Copy)]
pub(super) struct PolynomialShape {
    /// `N`.
    pub(super) size: usize,
    /// `k + 1`.
    pub(super) glwe_size: usize,
    /// Of the bootstrapping key.
    pub(super) gadget: Gadget,
}

impl PolynomialShape {
    pub(super) const fn new(set: &ParameterSet) -> Self {
        Self {
            size: set.polynomial_size.0,
            glwe_size: set.glwe_size(),
            gadget: Gadget::new(set.pbs),
        }
    }
}

/// A bootstrapping key in a kernel's transform domain.
pub(super) trait BootstrapKey: Send + Sync {
    /// Bytes of memory that it takes.
    fn bytes(&self) -> usize;
    /// A thread's means to compute with it.
    fn worker(&self) -> Box<dyn Worker + '_>;
}

/// Computes with one bootstrapping key, in buffers of its own. Lengths and indices were checked
/// by the caller.
pub(super) trait Worker {
    /// `accumulator += GGSW_index * (X^degree * accumulator - accumulator)`, `degree < 2N`.
    fn cmux(&mut self, index: usize, degree: usize, accumulator: &mut [u64]);
    /// `output += GGSW_index * glwe`.
    fn external_product(&mut self, index: usize, glwe: &[u64], output: &mut [u64]);
}

/// The key switching key in either word.
pub(super) enum Keyswitch {
    U64(KeyswitchKey<u64>),
    U32(KeyswitchKey<u32>),
}

impl Keyswitch {
    /// See [`KeyswitchKey::switch`].
    pub(super) fn switch(
        &self,
        dispatch: Dispatch,
        inputs: &[u64],
        input_size: usize,
        cancel: &AtomicBool,
    ) -> Result<Vec<SmallLwe>, ModelError> {
        Ok(match self {
            Self::U64(key) => {
                let switched = key.switch(dispatch, inputs, input_size, cancel)?;
                switched.into_iter().map(SmallLwe::U64).collect()
            }
            Self::U32(key) => {
                let switched = key.switch(dispatch, inputs, input_size, cancel)?;
                switched.into_iter().map(SmallLwe::U32).collect()
            }
        })
    }
}

/// Bootstrapping and key switching key, ready to compute with; immutable and shared by all
/// threads. The bootstrapping key is held in the transform domain only.
pub struct EvaluationKey {
    set: ParameterSet,
    kernel: Kernel,
    pub(super) dispatch: Dispatch,
    pub(super) bootstrap: Box<dyn BootstrapKey>,
    pub(super) keyswitch: Keyswitch,
}

impl std::fmt::Debug for EvaluationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EvaluationKey")
            .field("set", &self.set.name)
            .field("kernel", &self.kernel)
            .finish_non_exhaustive()
    }
}

impl EvaluationKey {
    /// See [`super::Engine::prepare_key`]; in parallel on the current rayon pool.
    pub(super) fn new(
        kernel: Kernel,
        set: &ParameterSet,
        bsk: &[u64],
        ksk: KeyswitchKeyWords<'_>,
    ) -> Result<Self, ModelError> {
        set.validate()?;
        let expected = bootstrapping_key_words(set);
        if bsk.len() != expected {
            return Err(ModelError::KeySize {
                key: "bootstrapping key",
                expected,
                actual: bsk.len(),
            });
        }
        check_key(set, ksk)?;
        let dispatch = kernel.dispatch()?;
        let keyswitch = match ksk {
            KeyswitchKeyWords::U64(rows) => Keyswitch::U64(KeyswitchKey::new(set, rows, kernel)),
            KeyswitchKeyWords::U32(rows) => Keyswitch::U32(KeyswitchKey::new(set, rows, kernel)),
        };
        let fast = match kernel {
            Kernel::Neon | Kernel::Avx2 | Kernel::Avx512 => float_ntt::new_key(dispatch, set, bsk),
            Kernel::Avx512Ifma => ifma_ntt::new_key(dispatch, set, bsk),
            Kernel::Reference | Kernel::Portable => None,
        };
        let (kernel, bootstrap): (_, Box<dyn BootstrapKey>) = match (kernel, fast) {
            (_, Some(key)) => (kernel, key),
            (Kernel::Reference, None) => (kernel, Box::new(ReferenceKey::new(set, bsk))),
            (_, None) => (Kernel::Portable, Box::new(PortableKey::new(set, bsk))),
        };
        Ok(Self {
            set: set.clone(),
            kernel,
            dispatch,
            bootstrap,
            keyswitch,
        })
    }

    /// The parameter set.
    #[must_use]
    pub const fn parameters(&self) -> &ParameterSet {
        &self.set
    }

    /// The kernel that computes with this key: the engine's, or [`Kernel::Portable`] when the
    /// parameter set is outside the range in which the engine's kernel is exact.
    #[must_use]
    pub const fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Bytes of memory that the bootstrapping key takes.
    #[must_use]
    pub fn bootstrapping_key_bytes(&self) -> usize {
        self.bootstrap.bytes()
    }

    /// Bytes of memory that the key switching key takes.
    #[must_use]
    pub fn keyswitch_key_bytes(&self) -> usize {
        match &self.keyswitch {
            Keyswitch::U64(key) => key.bytes(),
            Keyswitch::U32(key) => key.bytes(),
        }
    }

    /// The key switch of `inputs`, one or more LWE ciphertexts of `k*N + 1` words mod 2^64, to
    /// dimension `n`; the engine's fast version of [`super::keyswitch()`].
    ///
    /// # Errors
    /// [`ModelError::Shape`] unless there are whole ciphertexts.
    pub fn keyswitch(&self, inputs: &[u64]) -> Result<Vec<SmallLwe>, ModelError> {
        let size = self.set.big_lwe_size();
        check_shape(
            "input LWE ciphertexts",
            inputs.len().next_multiple_of(size),
            inputs.len(),
        )?;
        self.keyswitch
            .switch(self.dispatch, inputs, size, &AtomicBool::new(false))
    }

    /// `output += GGSW_index * glwe`: the external product with the bootstrapping key's part of
    /// small key bit `index`. Both are GLWE ciphertexts `[k+1][N]` mod 2^64. Digits times key
    /// are summed mod q exactly, rounded back to mod 2^64 and added.
    ///
    /// # Errors
    /// [`ModelError::Range`] unless `index < n`, [`ModelError::Shape`].
    pub fn external_product(
        &self,
        index: usize,
        glwe: &[u64],
        output: &mut [u64],
    ) -> Result<(), ModelError> {
        check_range("GGSW index", self.set.lwe_dimension.0, index)?;
        self.check_glwe("input GLWE ciphertext", glwe)?;
        self.check_glwe("output GLWE ciphertext", output)?;
        self.bootstrap
            .worker()
            .external_product(index, glwe, output);
        Ok(())
    }

    /// `accumulator += GGSW_index * (X^degree * accumulator - accumulator)`: one step of the
    /// blind rotation, which multiplies by `X^degree` when bit `index` of the small key is set.
    ///
    /// # Errors
    /// [`ModelError::Range`] unless `index < n` and `degree < 2N`, [`ModelError::Shape`].
    pub fn cmux(
        &self,
        index: usize,
        degree: usize,
        accumulator: &mut [u64],
    ) -> Result<(), ModelError> {
        check_range("GGSW index", self.set.lwe_dimension.0, index)?;
        check_range("degree", 2 * self.set.polynomial_size.0, degree)?;
        self.check_glwe("accumulator", accumulator)?;
        self.bootstrap.worker().cmux(index, degree, accumulator);
        Ok(())
    }

    /// The blind rotation: a CMUX for each mask word `a_i != 0` of `switched`, then a
    /// multiplication by `X^-b` (Chillotti et al., J. Cryptology 2020, algorithm 4; tfhe-rs'
    /// `blind_rotate_ntt64_bnf_assign`).
    ///
    /// `accumulator` is a GLWE ciphertext `[k+1][N]` mod 2^64, rotated in place; `switched` the
    /// `n + 1` words of an LWE ciphertext mod 2N.
    ///
    /// # Errors
    /// [`ModelError::Shape`], or [`ModelError::Range`] for a word of `switched` that is not below
    /// 2N.
    pub fn blind_rotate(
        &self,
        switched: &[u32],
        accumulator: &mut [u64],
    ) -> Result<(), ModelError> {
        check_shape(
            "switched LWE ciphertext",
            self.set.small_lwe_size(),
            switched.len(),
        )?;
        self.check_glwe("accumulator", accumulator)?;
        for &word in switched {
            check_range(
                "switched word",
                2 * self.set.polynomial_size.0,
                word as usize,
            )?;
        }
        let mut worker = self.bootstrap.worker();
        if let Some((&body, mask)) = switched.split_last() {
            for (index, &degree) in mask.iter().enumerate().filter(|&(_, &degree)| degree != 0) {
                worker.cmux(index, degree as usize, accumulator);
            }
            self.finish_rotation(body, accumulator);
        }
        Ok(())
    }

    /// Multiplies the accumulator by `X^-body`, `body < 2N`.
    pub(super) fn finish_rotation(&self, body: u32, accumulator: &mut [u64]) {
        for polynomial in accumulator.chunks_exact_mut(self.set.polynomial_size.0) {
            divide_by_monomial(polynomial, body as usize);
        }
    }

    fn check_glwe(&self, what: &'static str, glwe: &[u64]) -> Result<(), ModelError> {
        check_shape(
            what,
            self.set.glwe_size() * self.set.polynomial_size.0,
            glwe.len(),
        )
    }
}

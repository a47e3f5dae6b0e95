//! The few steps that tfhe-rs asks an atomic pattern for and that a device has no job for, done on
//! the host with the functional engine: the key switch without a bootstrap, the bootstrap of an
//! already switched ciphertext, and look-up tables that are real GLWE ciphertexts.

use crate::key::EvaluationKey;
use crate::session::SessionError;
use gyrus_sim::model::{self, Engine, Kernel, ModelError};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// An evaluation key for single steps on the host.
pub(super) struct HostEngine {
    key: Arc<EvaluationKey>,
    /// For blind rotations: more than twice the key's size, so it is made at first use.
    // Asserted unwind safe: written once, by a computation that leaves nothing behind when it
    // unwinds.
    prepared: AssertUnwindSafe<OnceLock<model::EvaluationKey>>,
    preparing: Mutex<()>,
}

impl HostEngine {
    pub(super) fn new(key: Arc<EvaluationKey>) -> Self {
        let prepared = AssertUnwindSafe(OnceLock::new());
        Self {
            key,
            prepared,
            preparing: Mutex::new(()),
        }
    }

    pub(super) fn key(&self) -> &EvaluationKey {
        &self.key
    }

    /// Key switch, then modulus switch: `n + 1` words mod `2N` from `k*N + 1` words mod 2^64.
    pub(super) fn keyswitch(&self, input: &[u64]) -> Result<Vec<u32>, SessionError> {
        let set = self.key.parameters();
        let small =
            model::keyswitch(set, self.key.keyswitch().words(), input).map_err(host_error)?;
        let mut switched = vec![0; set.small_lwe_size()];
        model::modulus_switch(&small, set.modulus_switch, set.log2_two_n(), &mut switched)
            .map_err(host_error)?;
        Ok(switched)
    }

    /// Blind rotation of `accumulator` (GLWE, `[k+1][N]`, body last) in place.
    pub(super) fn blind_rotate(
        &self,
        switched: &[u32],
        accumulator: &mut [u64],
    ) -> Result<(), SessionError> {
        self.prepared()?
            .blind_rotate(switched, accumulator)
            .map_err(host_error)
    }

    /// The LWE ciphertext (`k*N + 1` words) of the coefficient at `degree` of `accumulator`.
    pub(super) fn sample_extract(
        &self,
        accumulator: &[u64],
        degree: usize,
    ) -> Result<Vec<u64>, SessionError> {
        let set = self.key.parameters();
        let mut output = vec![0; set.big_lwe_size()];
        model::sample_extract(accumulator, set.polynomial_size.0, degree, &mut output)
            .map_err(host_error)?;
        Ok(output)
    }

    fn prepared(&self) -> Result<&model::EvaluationKey, SessionError> {
        if let Some(prepared) = self.prepared.get() {
            return Ok(prepared);
        }
        let _alone = self
            .preparing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = self.prepared.get() {
            return Ok(prepared);
        }
        let engine = Engine::new(None, Kernel::best()).map_err(host_error)?;
        let key = engine
            .prepare_key(
                self.key.parameters(),
                self.key.bootstrapping(),
                self.key.keyswitch().words(),
            )
            .map_err(host_error)?;
        Ok(self.prepared.get_or_init(|| key))
    }
}

fn host_error(error: ModelError) -> SessionError {
    SessionError::Request(format!("on the host: {error}"))
}

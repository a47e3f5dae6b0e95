//! Encrypted inference: linear layers on the host, look-up tables on a session.

use super::error::ModelError;
use super::network::{Layer, Linear, Network};
use crate::session::{Lut, Session};
use crate::tfhe;
use ::tfhe::core_crypto::prelude::SeededLweCiphertextListOwned;
use gyrus_interface::{ModulusSwitch, ParameterSet};
use std::num::NonZeroUsize;

/// Expanded ciphertexts that are worked on at a time: bounds the memory, and still makes runs of
/// several hundred bootstraps.
const GROUP_BYTES: usize = 128 << 20;

/// A layer, ready to run.
enum Stage<'a> {
    Linear(&'a Linear),
    Lookup(Lut),
}

/// A model on a session.
pub struct Executor<'a> {
    network: &'a Network,
    session: &'a Session,
    stages: Vec<Stage<'a>>,
    /// Of its own: a device may block threads of rayon's global pool.
    pool: rayon::ThreadPool,
}

impl<'a> Executor<'a> {
    /// Loads the tables of `network` into `session`. `threads` work on the linear layers; one per
    /// core when `None`.
    ///
    /// # Errors
    /// The model does not fit the session's parameters, or threads cannot be started.
    pub fn new(
        network: &'a Network,
        session: &'a Session,
        threads: Option<NonZeroUsize>,
    ) -> Result<Self, ModelError> {
        check_parameters(network, session.parameters())?;
        let stages = network
            .layers()
            .iter()
            .map(|layer| match layer {
                Layer::Linear(linear) => Ok(Stage::Linear(linear)),
                Layer::Lookup(lookup) => session.lut(lookup.table()).map(Stage::Lookup),
            })
            .collect::<Result<_, _>>()?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.map_or(0, NonZeroUsize::get))
            .thread_name(|i| format!("gyrus-linear-{i}"))
            .build()
            .map_err(|e| ModelError::Threads(e.to_string()))?;
        Ok(Self {
            network,
            session,
            stages,
            pool,
        })
    }

    /// Bootstraps that `images` images take.
    #[must_use]
    pub fn bootstraps(&self, images: usize) -> usize {
        images * self.network.bootstraps()
    }

    /// Runs all images; returns `[images][outputs][k*N + 1]` words. Calls `on_progress` with the
    /// number of bootstraps done.
    ///
    /// # Errors
    /// The images do not fit the model or the keys, or the session failed.
    pub fn run(
        &self,
        images: &[SeededLweCiphertextListOwned<u64>],
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<u64>, ModelError> {
        let wanted = self.network.inputs();
        if let Some(image) = images
            .iter()
            .find(|image| image.lwe_ciphertext_count().0 != wanted)
        {
            let found = image.lwe_ciphertext_count().0;
            return Err(ModelError::InputCount { found, wanted });
        }
        let size = self.session.parameters().big_lwe_size();
        let group = (GROUP_BYTES / (8 * size * self.network.widest())).max(1);
        let mut outputs = Vec::new();
        let mut done = 0;
        for images in images.chunks(group) {
            let mut words = Vec::with_capacity(images.len() * wanted * size);
            for image in images {
                words.extend(tfhe::expand(image, self.session.parameters())?);
            }
            for stage in &self.stages {
                words = match stage {
                    Stage::Linear(layer) => self.pool.install(|| layer.apply(&words, size))?,
                    Stage::Lookup(table) => {
                        let count = words.len() / size;
                        let words =
                            self.look_up(words, table, &mut |now| on_progress(done + now))?;
                        done += count;
                        words
                    }
                };
            }
            outputs.append(&mut words);
        }
        Ok(outputs)
    }

    fn look_up(
        &self,
        mut words: Vec<u64>,
        table: &Lut,
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<u64>, ModelError> {
        let size = self.session.parameters().big_lwe_size();
        let half_step = rounding_offset(self.session.parameters());
        for body in words.iter_mut().skip(size - 1).step_by(size) {
            *body = body.wrapping_add(half_step);
        }
        let inputs: Vec<&[u64]> = words.chunks_exact(size).collect();
        let tables = vec![table.clone(); inputs.len()];
        Ok(self
            .session
            .bootstrap_all(&inputs, &tables, on_progress)?
            .concat())
    }
}

/// What to add to a phase so that the modulus switch rounds it to the nearest entry of the table.
/// The centred switch takes off half a step, which suits tfhe-rs' message boxes; here every entry
/// counts.
pub(super) fn rounding_offset(set: &ParameterSet) -> u64 {
    match set.modulus_switch {
        ModulusSwitch::Standard => 0,
        ModulusSwitch::CenteredMeanNoiseReduction => 1 << (63 - set.log2_two_n()),
    }
}

/// Checks that `network` was made for the polynomial size of `set`.
///
/// # Errors
/// [`ModelError::PolynomialSize`].
pub fn check_parameters(network: &Network, set: &ParameterSet) -> Result<(), ModelError> {
    let (model, keys) = (network.polynomial_size(), set.polynomial_size.0);
    if model == keys {
        Ok(())
    } else {
        Err(ModelError::PolynomialSize { model, keys })
    }
}

//! What a plan's tables run on: a session with a device, or words in the clear.

use super::error::ModelError;
use super::execute::rounding_offset;
use super::network::look_up;
use super::noise;
use super::plan::Table;
use super::run::{Bootstrapper, Ciphertexts};
use crate::session::{Lut, Session};
use gyrus_interface::ParameterSet;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Normal};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Ciphertexts, on a device.
pub struct Encrypted<'a> {
    session: &'a Session,
    /// Bootstraps done.
    bootstraps: usize,
}

impl<'a> Encrypted<'a> {
    /// On this session.
    #[must_use]
    pub const fn new(session: &'a Session) -> Self {
        Self {
            session,
            bootstraps: 0,
        }
    }

    /// Bootstraps done so far.
    #[must_use]
    pub const fn bootstraps(&self) -> usize {
        self.bootstraps
    }
}

impl Bootstrapper for Encrypted<'_> {
    fn ciphertext_words(&self) -> usize {
        self.session.parameters().big_lwe_size()
    }

    fn bootstrap(
        &mut self,
        mut inputs: Ciphertexts,
        tables: &[Arc<Table>],
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Ciphertexts, ModelError> {
        let offset = rounding_offset(self.session.parameters());
        for input in &mut inputs {
            if let Some(body) = Arc::make_mut(input).last_mut() {
                *body = body.wrapping_add(offset);
            }
        }
        // Many values have one table.
        let mut known: BTreeMap<*const Table, Lut> = BTreeMap::new();
        let mut luts = Vec::with_capacity(tables.len());
        for table in tables {
            let lut = match known.entry(Arc::as_ptr(table)) {
                Entry::Occupied(lut) => lut.get().clone(),
                Entry::Vacant(place) => place.insert(self.session.lut(&table.words)?).clone(),
            };
            luts.push(lut);
        }
        let count = inputs.len();
        let outputs = self.session.bootstrap_shared(inputs, &luts, on_progress)?;
        self.bootstraps += count;
        Ok(outputs.into_iter().map(Arc::from).collect())
    }
}

/// Words in the clear: nothing is encrypted here. Exact, or with noise drawn as a bootstrap of the
/// parameters would add it.
pub struct Clear {
    noise: Option<Noise>,
}

struct Noise {
    /// Of a table's input before it is rounded, and of its output; in words.
    input: Normal<f64>,
    output: Normal<f64>,
    random: StdRng,
}

impl Clear {
    /// Without noise.
    #[must_use]
    pub const fn exact() -> Self {
        Self { noise: None }
    }

    /// With the noise of these parameters, drawn from a seed.
    ///
    /// # Errors
    /// The parameters' noise is no number.
    pub fn noisy(set: &ParameterSet, seed: u64) -> Result<Self, ModelError> {
        let normal = |variance: f64| {
            Normal::new(0.0, variance.sqrt() * 2_f64.powi(64)).map_err(|_| {
                ModelError::Unsupported {
                    layer: set.name.clone(),
                    what: "noise that is no number".into(),
                }
            })
        };
        Ok(Self {
            noise: Some(Noise {
                input: normal(noise::mask_variance(set))?,
                output: normal(noise::bootstrap_variance(set))?,
                random: StdRng::seed_from_u64(seed),
            }),
        })
    }
}

impl Bootstrapper for Clear {
    fn ciphertext_words(&self) -> usize {
        1
    }

    fn bootstrap(
        &mut self,
        inputs: Ciphertexts,
        tables: &[Arc<Table>],
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Ciphertexts, ModelError> {
        let count = inputs.len();
        let mut one = |word: u64, table: &Table| match &mut self.noise {
            None => look_up(&table.words, word),
            Some(noise) => {
                let mut draw =
                    |normal: Normal<f64>| (normal.sample(&mut noise.random) as i64).cast_unsigned();
                let input = word.wrapping_add(draw(noise.input));
                look_up(&table.words, input).wrapping_add(draw(noise.output))
            }
        };
        let outputs = std::iter::zip(inputs, tables)
            .map(|(input, table)| {
                let word = input.first().copied().unwrap_or(0);
                Arc::from([one(word, table)])
            })
            .collect();
        on_progress(count);
        Ok(outputs)
    }
}

//! The server's part of a text: ciphertexts in, ciphertexts out, keys and values kept as ciphertexts.

use super::{Cache, Language, Wanted};
use crate::model::ModelError;
use crate::model::machine::Encrypted;
use crate::model::run::{Ciphertext, Ciphertexts, RunProgress, Runner};
use crate::session::Session;
use crate::tfhe;
use ::tfhe::core_crypto::prelude::SeededLweCiphertextListOwned;
use std::num::NonZeroUsize;

/// A text on a server.
pub struct Conversation<'a> {
    language: &'a Language,
    session: &'a Session,
    runner: Runner<Encrypted<'a>>,
    cache: Cache<Ciphertexts>,
}

impl<'a> Conversation<'a> {
    /// At the beginning of a text, with so many threads for the sums; one per core when `None`.
    ///
    /// # Errors
    /// The keys are not of the parameters that the model was compiled for, or threads cannot be started.
    pub fn new(
        language: &'a Language,
        session: &'a Session,
        threads: Option<NonZeroUsize>,
    ) -> Result<Self, ModelError> {
        let (model, keys) = (language.parameters(), session.parameters());
        if model != keys {
            return Err(ModelError::Parameters {
                model: model.name.clone(),
                keys: keys.name.clone(),
            });
        }
        Ok(Self {
            language,
            session,
            runner: Runner::new(Encrypted::new(session), threads)?,
            cache: Cache::new(language.model().blocks.len()),
        })
    }

    /// Tokens so far.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.cache.positions()
    }

    /// Bootstraps so far.
    #[must_use]
    pub const fn bootstraps(&self) -> usize {
        self.runner.machine().bootstraps()
    }

    /// Takes the next token, encrypted; returns the logits' ciphertexts, `[vocabulary][k*N + 1]` words, none
    /// if they are not wanted.
    ///
    /// # Errors
    /// The ciphertexts do not fit, there is no position left, or the device failed.
    pub fn step(
        &mut self,
        token: &SeededLweCiphertextListOwned<u64>,
        wanted: Wanted,
        on_progress: &mut dyn FnMut(RunProgress),
    ) -> Result<Vec<u64>, ModelError> {
        let words = tfhe::expand(token, self.session.parameters())?;
        let size = self.session.parameters().big_lwe_size();
        let token = words.chunks_exact(size).map(Ciphertext::from).collect();
        let (runner, cache) = (&mut self.runner, &mut self.cache);
        let step = self
            .language
            .step(runner, cache, token, wanted, on_progress)?;
        Ok(step.unwrap_or_default().concat())
    }
}

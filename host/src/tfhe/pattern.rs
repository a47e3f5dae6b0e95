//! tfhe-rs' atomic pattern (key switch, then bootstrap) on a Gyrus session.
//!
//! tfhe-rs takes any implementation of its [`AtomicPattern`] as `AtomicPatternServerKey::Dynamic`,
//! so that all of `shortint`, `integer` and the `FheUint` types run on it unchanged. Its integer
//! operations call one look-up table at a time from rayon's threads; the session's queue turns
//! that into batches.

use super::compressed;
use super::host_engine::HostEngine;
use crate::session::{Session, SessionError};
use gyrus_interface::{KeyswitchModulus, ParameterSet};
use std::fmt;
use std::sync::Arc;
use tfhe::core_crypto::prelude::{
    CiphertextModulus, CiphertextModulusLog, EncryptionKeyChoice, GlweCiphertextOwned, GlweSize,
    LweCiphertext, LweDimension, MsDecompressionType, PBSOrder, PolynomialSize,
};
use tfhe::shortint::Ciphertext;
use tfhe::shortint::atomic_pattern::{AtomicPattern, AtomicPatternKind, AtomicPatternMut};
use tfhe::shortint::ciphertext::{CompressedModulusSwitchedCiphertext, NoiseLevel};
use tfhe::shortint::server_key::{LookupTableOwned, LookupTableSize, ManyLookupTableOwned};

/// A Gyrus session as tfhe-rs' atomic pattern. Clones share the session.
///
/// Look-up tables and many-LUTs run on the session's device. Three things that no device has a job
/// for run on the host, bit-exact and slower: compressing a ciphertext by modulus switch,
/// decompressing one, and look-up tables that are GLWE ciphertexts with a mask. The first use of
/// either of the last two makes a second copy of the evaluation key for the host's kernel, which
/// all clones share and which stays as long as they do: 173 MB with the primary set and a SIMD
/// kernel.
///
/// # Panics
/// tfhe-rs' trait has no error path. When the session fails, every method that computes unwinds
/// with a [`SessionError`] as payload (`std::panic::panic_any`), never with wrong words: catch it
/// with `std::panic::catch_unwind` around the tfhe-rs operation and downcast it.
#[derive(Clone)]
pub struct GyrusAtomicPattern(Arc<Inner>);

struct Inner {
    session: Session,
    host: HostEngine,
}

impl GyrusAtomicPattern {
    /// The pattern on `session`, with the key that the session was opened with.
    #[must_use]
    pub fn new(session: Session) -> Self {
        let host = HostEngine::new(Arc::clone(session.key()));
        Self(Arc::new(Inner { session, host }))
    }

    /// The session that it runs on.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    fn set(&self) -> &ParameterSet {
        self.0.host.key().parameters()
    }

    /// The samples at degrees `0, stride, ...` of `table`, rotated by `input`.
    fn bootstrap(
        &self,
        input: &[u64],
        table: &GlweCiphertextOwned<u64>,
        samples: usize,
        stride: usize,
    ) -> Result<Vec<Vec<u64>>, SessionError> {
        let body = self.check_table(table)?;
        let Some(body) = body else {
            let switched = self.0.host.keyswitch(input)?;
            return self.bootstrap_on_host(&switched, table, samples, stride);
        };
        let lut = self.0.session.lut(body)?;
        match (u16::try_from(samples), u32::try_from(stride)) {
            (Ok(1), _) => Ok(vec![self.0.session.bootstrap(input, &lut)?]),
            (Ok(samples), Ok(stride)) => self
                .0
                .session
                .bootstrap_many_lut(input, &lut, samples, stride),
            _ => Err(SessionError::Request(format!(
                "{samples} samples {stride} apart"
            ))),
        }
    }

    fn bootstrap_on_host(
        &self,
        switched: &[u32],
        table: &GlweCiphertextOwned<u64>,
        samples: usize,
        stride: usize,
    ) -> Result<Vec<Vec<u64>>, SessionError> {
        self.check_table(table)?;
        let host = &self.0.host;
        let mut accumulator = table.as_ref().to_vec();
        host.blind_rotate(switched, &mut accumulator)?;
        (0..samples)
            .map(|sample| host.sample_extract(&accumulator, sample.saturating_mul(stride)))
            .collect()
    }

    /// Checks a table's shape; returns its body when the mask is zero (a trivial ciphertext).
    fn check_table<'a>(
        &self,
        table: &'a GlweCiphertextOwned<u64>,
    ) -> Result<Option<&'a [u64]>, SessionError> {
        let set = self.set();
        let (size, polynomial_size) = (table.glwe_size().0, table.polynomial_size().0);
        if (size, polynomial_size) != (set.glwe_size(), set.polynomial_size.0)
            || !table.ciphertext_modulus().is_native_modulus()
        {
            return Err(SessionError::Request(format!(
                "the look-up table is {size} polynomials of {polynomial_size} coefficients mod \
                 {}, {} asks for {} of {} mod 2^64",
                table.ciphertext_modulus(),
                set.name,
                set.glwe_size(),
                set.polynomial_size
            )));
        }
        let words: &[u64] = table.as_ref();
        let (mask, body) = words.split_at(set.big_lwe_dimension().0);
        Ok(mask.iter().all(|&word| word == 0).then_some(body))
    }

    fn check_kind(&self, found: AtomicPatternKind) -> Result<(), SessionError> {
        let kind = self.kind();
        if found == kind {
            return Ok(());
        }
        Err(SessionError::Request(format!(
            "the ciphertext is for the atomic pattern {found:?}, the session for {kind:?}"
        )))
    }

    /// The words of a ciphertext for this pattern.
    fn words<'a>(&self, ciphertext: &'a Ciphertext) -> Result<&'a [u64], SessionError> {
        self.check_kind(ciphertext.atomic_pattern)?;
        let modulus = ciphertext.ct.ciphertext_modulus();
        if !modulus.is_native_modulus() {
            return Err(SessionError::Request(format!(
                "the ciphertext is mod {modulus}, not 2^64"
            )));
        }
        Ok(ciphertext.ct.as_ref())
    }

    fn try_apply(&self, ct: &mut Ciphertext, table: &LookupTableOwned) -> Result<(), SessionError> {
        let output = self.bootstrap(self.words(ct)?, &table.acc, 1, 0)?.pop();
        ct.ct = lwe(output.ok_or(SessionError::Closed)?);
        Ok(())
    }

    fn try_apply_many(
        &self,
        ct: &Ciphertext,
        table: &ManyLookupTableOwned,
    ) -> Result<Vec<Ciphertext>, SessionError> {
        let functions = table.function_count();
        if functions == 0 {
            return Ok(Vec::new());
        }
        let outputs = self.bootstrap(
            self.words(ct)?,
            &table.acc,
            functions,
            table.sample_extraction_stride,
        )?;
        Ok(outputs
            .into_iter()
            .zip(&table.per_function_output_degree)
            .map(|(words, &degree)| {
                Ciphertext::new(
                    lwe(words),
                    degree,
                    NoiseLevel::NOMINAL,
                    ct.message_modulus,
                    ct.carry_modulus,
                    ct.atomic_pattern,
                )
            })
            .collect())
    }

    fn try_compress(
        &self,
        ct: &Ciphertext,
    ) -> Result<CompressedModulusSwitchedCiphertext, SessionError> {
        let switched = self.0.host.keyswitch(self.words(ct)?)?;
        compressed::pack(&switched, ct, self.set())
    }

    fn try_decompress(
        &self,
        ct: &CompressedModulusSwitchedCiphertext,
        table: &LookupTableOwned,
    ) -> Result<Ciphertext, SessionError> {
        let opened = compressed::unpack(ct, self.set())?;
        self.check_kind(opened.atomic_pattern)?;
        let output = self
            .bootstrap_on_host(&opened.switched, &table.acc, 1, 0)?
            .pop();
        Ok(Ciphertext::new(
            lwe(output.ok_or(SessionError::Closed)?),
            table.degree,
            NoiseLevel::NOMINAL,
            opened.message_modulus,
            opened.carry_modulus,
            opened.atomic_pattern,
        ))
    }
}

fn lwe(words: Vec<u64>) -> LweCiphertext<Vec<u64>> {
    LweCiphertext::from_container(words, CiphertextModulus::new_native())
}

/// Unwinds with the error as payload.
#[expect(
    clippy::panic,
    reason = "tfhe-rs' trait has no other way to report an error"
)]
fn or_unwind<T>(result: Result<T, SessionError>) -> T {
    result.unwrap_or_else(|error| std::panic::panic_any(error))
}

impl AtomicPattern for GyrusAtomicPattern {
    fn ciphertext_lwe_dimension_for_key(&self, key_choice: EncryptionKeyChoice) -> LweDimension {
        LweDimension(match key_choice {
            EncryptionKeyChoice::Big => self.set().big_lwe_dimension().0,
            EncryptionKeyChoice::Small => self.set().lwe_dimension.0,
        })
    }

    fn ciphertext_modulus_for_key(
        &self,
        key_choice: EncryptionKeyChoice,
    ) -> CiphertextModulus<u64> {
        match (key_choice, self.set().keyswitch_modulus) {
            (EncryptionKeyChoice::Small, KeyswitchModulus::PowerOfTwo32 { log2 }) => {
                CiphertextModulus::new(1 << log2)
            }
            _ => CiphertextModulus::new_native(),
        }
    }

    fn ciphertext_decompression_method(&self) -> MsDecompressionType {
        MsDecompressionType::ClassicPbs {
            br_input_modulus_log: CiphertextModulusLog(self.set().log2_two_n() as usize),
            br_input_lwe_dim: LweDimension(self.set().lwe_dimension.0),
        }
    }

    fn apply_lookup_table_assign(&self, ct: &mut Ciphertext, acc: &LookupTableOwned) {
        or_unwind(self.try_apply(ct, acc));
    }

    fn apply_many_lookup_table(
        &self,
        ct: &Ciphertext,
        lut: &ManyLookupTableOwned,
    ) -> Vec<Ciphertext> {
        or_unwind(self.try_apply_many(ct, lut))
    }

    fn lookup_table_size(&self) -> LookupTableSize {
        LookupTableSize::new(
            GlweSize(self.set().glwe_size()),
            PolynomialSize(self.set().polynomial_size.0),
        )
    }

    fn kind(&self) -> AtomicPatternKind {
        match self.set().keyswitch_modulus {
            KeyswitchModulus::Native64 => AtomicPatternKind::Standard(PBSOrder::KeyswitchBootstrap),
            KeyswitchModulus::PowerOfTwo32 { .. } => AtomicPatternKind::KeySwitch32,
        }
    }

    fn deterministic_execution(&self) -> bool {
        true
    }

    fn switch_modulus_and_compress(&self, ct: &Ciphertext) -> CompressedModulusSwitchedCiphertext {
        or_unwind(self.try_compress(ct))
    }

    fn decompress_and_apply_lookup_table(
        &self,
        compressed_ct: &CompressedModulusSwitchedCiphertext,
        lut: &LookupTableOwned,
    ) -> Ciphertext {
        or_unwind(self.try_decompress(compressed_ct, lut))
    }
}

impl AtomicPatternMut for GyrusAtomicPattern {
    /// Does nothing: every device gives the same words every time.
    fn set_deterministic_execution(&mut self, _new_deterministic_execution: bool) {}
}

/// Equal when they are the same session and key, not merely equal ones.
impl PartialEq for GyrusAtomicPattern {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for GyrusAtomicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GyrusAtomicPattern")
            .field("session", &self.0.session)
            .finish_non_exhaustive()
    }
}

//! Parameter sets and keys for the checks, and the results that are right.

use super::ConformanceError;
use super::generator::Generator;
use crate::model::{Batch, Engine, EvaluationKey, Kernel};
use gyrus_interface::arrangement::Shape;
use gyrus_interface::card::Capabilities;
use gyrus_interface::channels::stripe;
use gyrus_interface::job::KeyKind;
use gyrus_interface::keyswitch_rows::pack_keyswitch_key;
use gyrus_interface::layout::{KeyswitchKey, bootstrapping_key_words, keyswitch_key_words};
use gyrus_interface::pack::pack_key;
use gyrus_interface::{
    Decomposition, DeviceError, KeyswitchModulus, LweDimension, ModulusSwitch, ParameterSet,
    PolynomialSize, catalogue,
};
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

/// Sets that a card is checked with, as far as it takes them: small, and with every kind of key
/// switch, gadget and modulus switch among them.
pub(super) fn sets(card: &Capabilities) -> Vec<ParameterSet> {
    let centred = ModulusSwitch::CenteredMeanNoiseReduction;
    let short = |log2| KeyswitchModulus::PowerOfTwo32 { log2 };
    let set =
        |name: &str, (n, size), pbs, keyswitch, keyswitch_modulus, modulus_switch| ParameterSet {
            name: format!("INSECURE_CONFORMANCE_{name}"),
            lwe_dimension: LweDimension(n),
            polynomial_size: PolynomialSize(size),
            pbs,
            keyswitch,
            keyswitch_modulus,
            modulus_switch,
            ..catalogue::toy()
        };
    let gadget = Decomposition::new;
    let all = [
        set(
            "A",
            (4, 256),
            gadget(23, 1),
            gadget(4, 4),
            short(21),
            centred,
        ),
        set(
            "B",
            (3, 256),
            gadget(10, 2),
            gadget(2, 8),
            short(32),
            ModulusSwitch::Standard,
        ),
        // Several beats a row of the key switching key.
        set(
            "C",
            (60, 256),
            gadget(8, 3),
            gadget(4, 4),
            KeyswitchModulus::Native64,
            centred,
        ),
        set(
            "D",
            (2, 512),
            gadget(22, 1),
            gadget(3, 5),
            short(17),
            ModulusSwitch::Standard,
        ),
        set(
            "E",
            (5, 256),
            gadget(31, 2),
            gadget(1, 1),
            short(30),
            centred,
        ),
    ];
    let takes = |set: &ParameterSet| {
        set.pbs.level_count.0 <= card.max_levels as usize
            && set.polynomial_size.0 <= 1 << card.max_log2_n
    };
    all.into_iter().filter(takes).collect()
}

/// Keys of random words, and the engine with them.
pub(super) struct Material {
    pub(super) set: ParameterSet,
    bootstrapping: Vec<u64>,
    keyswitch: KeyswitchKey,
    engine: Engine,
    prepared: EvaluationKey,
}

impl Material {
    pub(super) fn new(
        set: &ParameterSet,
        generator: &mut Generator,
    ) -> Result<Self, ConformanceError> {
        set.validate().map_err(DeviceError::from)?;
        let bootstrapping = generator.words(bootstrapping_key_words(set));
        let count = keyswitch_key_words(set);
        let keyswitch = match set.keyswitch_modulus {
            KeyswitchModulus::Native64 => KeyswitchKey::U64(generator.words(count)),
            KeyswitchModulus::PowerOfTwo32 { log2 } => {
                let word = |_| ((generator.word() >> 32) as u32) >> (32 - log2) << (32 - log2);
                KeyswitchKey::U32((0..count).map(word).collect())
            }
        };
        let engine = Engine::new(NonZeroUsize::new(1), Kernel::Portable)?;
        let prepared = engine.prepare_key(set, &bootstrapping, keyswitch.words())?;
        Ok(Self {
            set: set.clone(),
            bootstrapping,
            keyswitch,
            engine,
            prepared,
        })
    }

    /// So many ciphertexts. In one of eight cases they are extreme words; where they are not, half of the
    /// bodies are near a tie of their rounding to the key switch's modulus.
    pub(super) fn inputs(&self, generator: &mut Generator, count: usize) -> Vec<u64> {
        (0..count).flat_map(|_| self.input(generator)).collect()
    }

    fn input(&self, generator: &mut Generator) -> Vec<u64> {
        let size = self.set.big_lwe_size();
        let mut words = match generator.below(32) {
            0 => return vec![0; size],
            1 => return vec![u64::MAX; size],
            2 => return vec![1 << 63; size],
            3 => return vec![(1 << 63) - 1; size],
            _ => generator.words(size),
        };
        if let (KeyswitchModulus::PowerOfTwo32 { log2 }, 0, Some(body)) = (
            self.set.keyswitch_modulus,
            generator.below(2),
            words.last_mut(),
        ) {
            let lost = u64::MAX >> log2;
            *body = (*body & !lost).wrapping_add(lost / 2 + u64::from(generator.below(3)));
        }
        words
    }

    /// What a job with these inputs and tables has to give.
    pub(super) fn results(
        &self,
        inputs: &[u64],
        luts: &[&[u64]],
        samples: usize,
        stride: usize,
    ) -> Result<Vec<u64>, ConformanceError> {
        let mut outputs = vec![0; luts.len() * samples * self.set.big_lwe_size()];
        let batch = Batch {
            inputs,
            luts,
            samples,
            stride,
        };
        let cancel = AtomicBool::new(false);
        self.engine
            .keyswitch_bootstrap(&self.prepared, batch, &mut outputs, &cancel)?;
        Ok(outputs)
    }

    /// A key's channels for this card.
    pub(super) fn image(
        &self,
        card: &Capabilities,
        kind: KeyKind,
    ) -> Result<Vec<Vec<u64>>, ConformanceError> {
        let (image, channels) = match kind {
            KeyKind::Bootstrapping => {
                let shape = Shape::new(card.lanes as usize, card.max_log2_n as usize)
                    .map_err(|error| ConformanceError::Wrong(error.to_string()))?;
                let log2_n = self.set.polynomial_size.0.ilog2() as usize;
                let levels = self.set.pbs.level_count.0;
                let words = &self.bootstrapping;
                let image = pack_key(&shape, log2_n, levels, card.key.beat_words(), words)?;
                (image, card.key)
            }
            KeyKind::Keyswitch => {
                let beat_words = card.keyswitch.beat_words();
                let image = pack_keyswitch_key(&self.set, beat_words, self.keyswitch.words())?;
                (image, card.keyswitch)
            }
        };
        Ok(stripe(
            &image,
            channels.count as usize,
            channels.words as usize,
        )?)
    }
}

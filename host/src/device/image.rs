//! A key's image: the words that a card reads in its order, and the pieces that they are uploaded in.

use crate::key::EvaluationKey;
use gyrus_interface::arrangement::Shape;
use gyrus_interface::card::{Capabilities, Channels};
use gyrus_interface::job::KeyKind;
use gyrus_interface::keyswitch_rows::pack_keyswitch_key;
use gyrus_interface::layout::{WORD_BYTES, ggsw_words};
use gyrus_interface::pack::pack_slices;
use gyrus_interface::settings::Settings;
use gyrus_interface::{DeviceError, ImageError};
use rayon::prelude::*;

/// Slices that a thread packs in one go.
const SLICES_OF_A_PART: usize = 8;

/// The image of one key.
#[derive(Debug)]
pub(super) struct KeyImage {
    pub(super) kind: KeyKind,
    channels: Channels,
    bank_log2: u32,
    beats: usize,
    words: Vec<u64>,
}

/// A piece of a channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    channel: usize,
    first: usize,
    beats: usize,
    /// What [`gyrus_interface::Job::UploadKey`] calls its offset.
    pub(super) offset: u64,
}

fn refused(error: ImageError) -> DeviceError {
    DeviceError::Request(error.to_string())
}

impl KeyImage {
    /// Packs both keys for a card and its settings, in parallel on threads of their own: those of
    /// the program may all be waiting for bootstraps.
    ///
    /// # Errors
    /// The key does not fit the card, or there are no threads.
    pub(super) fn pack(
        card: &Capabilities,
        settings: &Settings,
        key: &EvaluationKey,
    ) -> Result<[Self; 2], DeviceError> {
        let set = key.parameters();
        let shape = Shape::new(card.lanes as usize, card.max_log2_n as usize)
            .map_err(|error| DeviceError::Request(error.to_string()))?;
        let (log2_n, levels) = (settings.log2_n as usize, set.pbs.level_count.0);
        let beat_words = card.key.beat_words();
        let pool = rayon::ThreadPoolBuilder::new()
            .build()
            .map_err(|error| DeviceError::Unavailable(error.to_string()))?;
        let key_words = settings.key_beats as usize * beat_words;
        let slice_words = key_words / set.lwe_dimension.0.max(1);
        let bootstrapping = || {
            let mut image = vec![0; key_words];
            image
                .par_chunks_mut((SLICES_OF_A_PART * slice_words).max(1))
                .zip(
                    key.bootstrapping()
                        .par_chunks(SLICES_OF_A_PART * ggsw_words(set)),
                )
                .enumerate()
                .try_for_each(|(number, (image, part))| {
                    let first = number * SLICES_OF_A_PART;
                    let part = pack_slices(&shape, log2_n, levels, beat_words, first, part)?;
                    if part.len() != image.len() {
                        return Err(ImageError::Length {
                            what: "a part of the bootstrapping key's image",
                            expected: image.len(),
                            found: part.len(),
                        });
                    }
                    image.copy_from_slice(&part);
                    Ok(())
                })
                .map(|()| image)
        };
        let keyswitch =
            || pack_keyswitch_key(set, card.keyswitch.beat_words(), key.keyswitch().words());
        let (bootstrapping, keyswitch) = pool.install(|| rayon::join(bootstrapping, keyswitch));
        let image = |kind, channels, beats, words| Self {
            kind,
            channels,
            bank_log2: card.bank_log2,
            beats,
            words,
        };
        let images = [
            image(
                KeyKind::Bootstrapping,
                card.key,
                settings.key_beats as usize,
                bootstrapping.map_err(refused)?,
            ),
            image(
                KeyKind::Keyswitch,
                card.keyswitch,
                settings.keyswitch_beats as usize,
                keyswitch.map_err(refused)?,
            ),
        ];
        for image in &images {
            if image.words.len() != image.beats * image.channels.beat_words() {
                return Err(DeviceError::Request(format!(
                    "a key's image of {} words for {} beats",
                    image.words.len(),
                    image.beats
                )));
            }
        }
        Ok(images)
    }

    /// Bytes of it.
    pub(super) const fn bytes(&self) -> usize {
        self.words.len() * WORD_BYTES
    }

    /// Its pieces of up to so many bytes, in the order of upload: one channel after the other.
    pub(super) fn pieces(&self, bytes: usize) -> impl Iterator<Item = Piece> + use<> {
        let beat_bytes = self.channels.words as usize * WORD_BYTES;
        let (step, beats, bank_log2) = ((bytes / beat_bytes).max(1), self.beats, self.bank_log2);
        (0..self.channels.count as usize).flat_map(move |channel| {
            (0..beats).step_by(step).map(move |first| Piece {
                channel,
                first,
                beats: step.min(beats - first),
                offset: (channel as u64) << bank_log2 | (first * beat_bytes) as u64,
            })
        })
    }

    /// Bytes of a piece.
    pub(super) const fn piece_bytes(&self, piece: Piece) -> u64 {
        (piece.beats * self.channels.words as usize * WORD_BYTES) as u64
    }

    /// The words of a piece.
    pub(super) fn words(&self, piece: Piece) -> Vec<u64> {
        let words = self.channels.words as usize;
        let parts = self
            .words
            .chunks_exact(words)
            .skip(piece.first * self.channels.count as usize + piece.channel);
        let mut gathered = Vec::with_capacity(piece.beats * words);
        for part in parts
            .step_by(self.channels.count as usize)
            .take(piece.beats)
        {
            gathered.extend_from_slice(part);
        }
        gathered
    }
}

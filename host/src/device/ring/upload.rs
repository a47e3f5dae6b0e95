//! Keys and look-up tables on their way to the card.

use super::super::Transport;
use super::super::driver::in_time;
use super::super::image::KeyImage;
use super::super::plan::{PIECE_BYTES, STAGED_PIECES};
use super::{InFlight, RingDevice};
use gyrus_interface::job::KeyKind;
use gyrus_interface::layout::{Checksum, WORD_BYTES};
use gyrus_interface::settings::Settings;
use gyrus_interface::{DeviceError, Job, JobStatus};
use std::collections::VecDeque;
use std::time::Instant;

/// Times that an image is sent whose pieces do not arrive as they were.
const ATTEMPTS: u32 = 3;

/// A piece of a key that the card has been told of.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyPiece {
    kind: KeyKind,
    number: usize,
    checksum: u32,
}

/// How far the card has the keys that it is set up for, since then.
#[derive(Debug)]
pub(super) struct Uploaded {
    pub(super) settings: Settings,
    /// Checksums of the pieces that it has said it has, of each key: what tells keys apart here.
    pieces: [Vec<Option<u32>>; 2],
}

impl Uploaded {
    pub(super) fn none_of(settings: Settings) -> Self {
        Self {
            settings,
            pieces: [Vec::new(), Vec::new()],
        }
    }

    const fn of(&mut self, kind: KeyKind) -> &mut Vec<Option<u32>> {
        let [bootstrapping, keyswitch] = &mut self.pieces;
        match kind {
            KeyKind::Bootstrapping => bootstrapping,
            KeyKind::Keyswitch => keyswitch,
        }
    }

    /// A piece has ended. Behind one that failed, the card wants its key from the beginning.
    pub(super) fn ended(&mut self, piece: KeyPiece, well: bool) {
        let pieces = self.of(piece.kind);
        if !well {
            pieces.clear();
            return;
        }
        if pieces.len() <= piece.number {
            pieces.resize(piece.number + 1, None);
        }
        if let Some(place) = pieces.get_mut(piece.number) {
            *place = Some(piece.checksum);
        }
    }

    /// The first pieces of an image that the card has, or `None` when it has those of another key.
    fn has(&mut self, image: &KeyImage) -> Option<usize> {
        let pieces = self.of(image.kind);
        let sent = pieces.iter().map_while(|checksum| *checksum);
        let mut there = 0;
        for (checksum, piece) in sent.zip(image.pieces(PIECE_BYTES)) {
            if Checksum::default().u64_words(&image.words(piece)).value() != checksum {
                return None;
            }
            there += 1;
        }
        // A card that took pieces behind one that it has not is no card to go on with.
        (pieces.len() == there).then_some(there)
    }
}

impl<T: Transport> RingDevice<T> {
    /// The settings of a card that has some pieces of these images, and nothing else.
    pub(super) fn resumes(&mut self, images: &[KeyImage]) -> bool {
        self.uploaded
            .as_mut()
            .is_some_and(|uploaded| images.iter().all(|image| uploaded.has(image).is_some()))
    }

    /// Uploads an image, but for the pieces that the card has. One that does not arrive as it was sent is sent
    /// again, from its beginning as the card wants it, a bounded number of times.
    pub(super) fn upload(
        &mut self,
        image: &KeyImage,
        deadline: Instant,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), DeviceError> {
        let mut attempts = 1;
        loop {
            let mut under_way = VecDeque::new();
            let sent = self.send(image, &mut under_way, deadline, done);
            let Err(DeviceError::Job {
                status: JobStatus::ChecksumMismatch,
                ..
            }) = sent
            else {
                return sent;
            };
            if attempts == ATTEMPTS {
                return sent;
            }
            attempts += 1;
            // Those behind it fail, too.
            for (tag, _) in under_way {
                match self.absorb_until(tag, deadline) {
                    Ok(()) | Err(DeviceError::Job { .. }) => (),
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Sends an image piece by piece, one made ready while the card takes the other.
    fn send(
        &mut self,
        image: &KeyImage,
        under_way: &mut VecDeque<(u64, u64)>,
        deadline: Instant,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), DeviceError> {
        let start = Instant::now();
        let there = self
            .uploaded
            .as_mut()
            .and_then(|uploaded| uploaded.has(image));
        let there = there.unwrap_or(0);
        let mut bytes = 0;
        for (number, piece) in image.pieces(PIECE_BYTES).enumerate() {
            in_time(start, deadline)?;
            if number < there {
                bytes += image.piece_bytes(piece);
                done(bytes);
                continue;
            }
            if under_way.len() == STAGED_PIECES {
                self.piece_taken(under_way, deadline, done)?;
            }
            let source = self.plan()?.staged_piece(number);
            let words = image.words(piece);
            self.driver.transport.write(source, &words)?;
            let length = (words.len() * WORD_BYTES) as u64;
            let checksum = Checksum::default().u64_words(&words).value();
            let job = Job::UploadKey {
                kind: image.kind,
                source,
                offset: piece.offset,
                length,
                checksum,
            };
            let piece = KeyPiece {
                kind: image.kind,
                number,
                checksum,
            };
            let tag = self.enqueue(job, InFlight::KeyPiece(piece))?;
            self.statistics.bytes_in += length;
            bytes += length;
            under_way.push_back((tag, bytes));
        }
        while !under_way.is_empty() {
            self.piece_taken(under_way, deadline, done)?;
        }
        Ok(())
    }

    /// Waits for the first of the pieces under way; with each goes how many bytes of the image are there then.
    fn piece_taken(
        &mut self,
        under_way: &mut VecDeque<(u64, u64)>,
        deadline: Instant,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), DeviceError> {
        if let Some((tag, bytes)) = under_way.pop_front() {
            self.absorb_until(tag, deadline)?;
            done(bytes);
        }
        Ok(())
    }

    /// Puts a key into card memory past the card, which then adopts it.
    pub(super) fn put(
        &mut self,
        image: &KeyImage,
        settings: &Settings,
        deadline: Instant,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), DeviceError> {
        let address = match image.kind {
            KeyKind::Bootstrapping => settings.key_address,
            KeyKind::Keyswitch => settings.keyswitch_address,
        };
        let start = Instant::now();
        let mut bytes = 0;
        for piece in image.pieces(PIECE_BYTES) {
            in_time(start, deadline)?;
            let words = image.words(piece);
            let transport = &mut self.driver.transport;
            transport.write_card_memory(address + piece.offset, &words)?;
            bytes += (words.len() * WORD_BYTES) as u64;
            done(bytes);
        }
        let tag = self.enqueue(Job::AdoptKey { kind: image.kind }, InFlight::Adoption)?;
        self.absorb_until(tag, deadline)
    }

    /// Hands over a table, as soon as there is a place for it and an entry in the ring.
    pub(super) fn load_lut(
        &mut self,
        slot: u32,
        lut: &[u64],
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        let place = loop {
            match self.free_lut_places.last() {
                Some(&place) if self.has_room()? => break place,
                _ => {
                    self.stall();
                    self.absorb(deadline)?;
                }
            }
        };
        let source = self.plan()?.staged_lut(place);
        self.driver.transport.write(source, lut)?;
        let job = Job::UploadLuts {
            source,
            slot,
            count: 1,
            checksum: Checksum::default().u64_words(lut).value(),
        };
        self.enqueue(job, InFlight::Lut { place })?;
        // It is free until the card has been told of it.
        self.free_lut_places.pop();
        self.statistics.bytes_in += (lut.len() * WORD_BYTES) as u64;
        Ok(())
    }
}

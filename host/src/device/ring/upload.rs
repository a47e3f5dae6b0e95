//! Keys and look-up tables on their way to the card.

use super::super::driver::in_time;
use super::super::image::KeyImage;
use super::super::plan::{PIECE_BYTES, STAGED_PIECES};
use super::super::{LutSlot, Transport};
use super::{InFlight, RingDevice};
use gyrus_interface::job::KeyKind;
use gyrus_interface::layout::{self, Checksum, WORD_BYTES};
use gyrus_interface::settings::Settings;
use gyrus_interface::{DeviceError, Job};
use std::collections::VecDeque;
use std::time::Instant;

impl<T: Transport> RingDevice<T> {
    /// Uploads an image piece by piece, one made ready while the card takes the other.
    pub(super) fn upload(
        &mut self,
        image: &KeyImage,
        deadline: Instant,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), DeviceError> {
        let start = Instant::now();
        let mut under_way = VecDeque::new();
        for (number, piece) in image.pieces(PIECE_BYTES).enumerate() {
            in_time(start, deadline)?;
            if under_way.len() == STAGED_PIECES {
                self.piece_taken(&mut under_way, deadline, done)?;
            }
            let source = self.plan()?.staged_piece(number);
            let words = image.words(piece);
            self.driver.transport.write(source, &words)?;
            let bytes = (words.len() * WORD_BYTES) as u64;
            let job = Job::UploadKey {
                kind: image.kind,
                source,
                offset: piece.offset,
                length: bytes,
                checksum: Checksum::default().u64_words(&words).value(),
            };
            let tag = self.enqueue(job, InFlight::KeyPiece)?;
            under_way.push_back((tag, bytes));
        }
        while !under_way.is_empty() {
            self.piece_taken(&mut under_way, deadline, done)?;
        }
        Ok(())
    }

    /// Waits for the first of the pieces under way.
    fn piece_taken(
        &mut self,
        under_way: &mut VecDeque<(u64, u64)>,
        deadline: Instant,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), DeviceError> {
        if let Some((tag, bytes)) = under_way.pop_front() {
            self.absorb_until(tag, deadline)?;
            self.statistics.bytes_in += bytes;
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
        for piece in image.pieces(PIECE_BYTES) {
            in_time(start, deadline)?;
            let words = image.words(piece);
            let transport = &mut self.driver.transport;
            transport.write_card_memory(address + piece.offset, &words)?;
            done((words.len() * WORD_BYTES) as u64);
        }
        let tag = self.enqueue(Job::AdoptKey { kind: image.kind }, InFlight::KeyPiece)?;
        self.absorb_until(tag, deadline)
    }

    /// Checks that all tables have their length and a slot.
    pub(super) fn check_luts(&self, first: LutSlot, luts: &[&[u64]]) -> Result<(), DeviceError> {
        let size = layout::lut_words(&self.loaded()?.set);
        if let Some(lut) = luts.iter().find(|lut| lut.len() != size) {
            return Err(DeviceError::Request(format!(
                "a look-up table has {} words, the parameters ask for {size}",
                lut.len()
            )));
        }
        let (count, slots) = (luts.len(), self.identity.lut_slots);
        if u64::from(first.0) + count as u64 > u64::from(slots) {
            return Err(DeviceError::Request(format!(
                "{count} look-up tables from slot {} on; the device has {slots} slots",
                first.0
            )));
        }
        Ok(())
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

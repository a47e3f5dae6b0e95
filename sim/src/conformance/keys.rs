//! Uploads of keys: the order of pieces, checksums, images that prove wrong when they are used.

use super::bench::{Bench, ready};
use super::rig::{OK, Rig};
use super::{ConformanceError, Options, same};
use crate::device::Card;
use gyrus_interface::JobStatus;
use gyrus_interface::job::{Job, KeyKind};
use gyrus_interface::registers::Status;

/// Most bootstraps that a card may do with key words that it had read ahead.
pub(super) const MOST_READ_AHEAD: usize = 8;

pub(super) const KINDS: [KeyKind; 2] = [KeyKind::Bootstrapping, KeyKind::Keyswitch];

const fn bit(kind: KeyKind) -> u32 {
    match kind {
        KeyKind::Bootstrapping => Status::KEY_LOADED,
        KeyKind::Keyswitch => Status::KEYSWITCH_KEY_LOADED,
    }
}

/// That one key is not loaded and the other one is.
pub(super) fn lost(
    rig: &mut Rig<'_>,
    bench: &Bench,
    kind: KeyKind,
) -> Result<(), ConformanceError> {
    let both = bit(KINDS[0]) | bit(KINDS[1]);
    let loaded = rig.status()?.0 & both;
    same(
        &format!("keys loaded without {kind:?}"),
        loaded,
        both & !bit(kind),
    )?;
    rig.expect(bench.job(), (JobStatus::KeysNotLoaded, 0))
}

/// Pieces of any size, in order, and what happens when they are not.
///
/// # Errors
/// A piece is taken that must not be, or is refused, or the key does not work.
pub fn pieces_of_keys(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let bank_log2 = rig.capabilities.bank_log2;
    for kind in KINDS {
        let channels = bench.channels(kind);
        let first = channels.first().map(Vec::as_slice).unwrap_or_default();
        let behind = first.len() as u64 * 8;
        let malformed = |offset| (JobStatus::MalformedDescriptor, offset);

        // A wrong checksum: the key is not loaded, and has to begin anew.
        let job = rig.piece(kind, 0, &first[..8])?;
        let Job::UploadKey { checksum, .. } = job else {
            continue;
        };
        let wrong = |job| match job {
            Job::UploadKey {
                kind,
                source,
                offset,
                length,
                checksum,
            } => Job::UploadKey {
                kind,
                source,
                offset,
                length,
                checksum: !checksum,
            },
            job => job,
        };
        let mismatch = |checksum: u32| (JobStatus::ChecksumMismatch, u64::from(checksum));
        rig.expect(wrong(job), mismatch(checksum))?;
        lost(&mut rig, &bench, kind)?;
        let next = rig.piece(kind, 64, &first[8..16])?;
        rig.expect(next, malformed(64))?;

        // Pieces out of order change nothing; the next one in order goes on.
        let job = rig.piece(kind, 0, &first[..1])?;
        rig.expect(job, OK)?;
        lost(&mut rig, &bench, kind)?;
        for offset in [16, behind, 1 << bank_log2, 8 << bank_log2, 12] {
            let job = rig.piece(kind, offset, &first[1..2])?;
            rig.expect(job, malformed(offset))?;
        }
        let job = rig.piece(kind, 8, &first[1..9])?;
        rig.expect(job, OK)?;
        let rest = first.len() as u64 - 9;
        let Job::UploadKey { source, .. } = job else {
            continue;
        };
        let length = (rest + 1) * 8;
        let too_long = Job::UploadKey {
            kind,
            source,
            offset: 72,
            length,
            checksum: 0,
        };
        rig.expect(too_long, (JobStatus::LengthOverflow, length))?;

        // A wrong checksum in the middle: nothing goes on.
        let job = rig.piece(kind, 72, &first[9..12])?;
        let Job::UploadKey { checksum, .. } = job else {
            continue;
        };
        rig.expect(wrong(job), mismatch(checksum))?;
        rig.expect(job, malformed(72))?;
        lost(&mut rig, &bench, kind)?;

        // Begun twice, in pieces of any size, one channel after the other.
        let job = rig.piece(kind, 0, &first[..2])?;
        rig.expect(job, OK)?;
        for (channel, words) in (0_u64..).zip(channels) {
            let mut done = 0;
            while done < words.len() {
                let left = (words.len() - done).min(3000);
                let count = 1 + rig.generator.below(u32::try_from(left).unwrap_or(1)) as usize;
                let offset = (channel << bank_log2) + done as u64 * 8;
                let job = rig.piece(kind, offset, &words[done..done + count])?;
                rig.expect(job, OK)?;
                done += count;
            }
        }
        bench.works(&mut rig)?;
    }
    Ok(())
}

/// Keys that lie in card memory already: they work as if they had been uploaded, in whatever way they came
/// there; if they are wrong, their use tells.
///
/// # Errors
/// They do not work, or a wrong one does.
pub fn adopted_keys(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    // What was uploaded survives a reset.
    rig.reset()?;
    rig.configure(&bench.material.set)?;
    bench.load_table(&mut rig)?;
    rig.expect(bench.job(), (JobStatus::KeysNotLoaded, 0))?;
    for kind in KINDS {
        rig.expect(Job::AdoptKey { kind }, OK)?;
    }
    bench.works(&mut rig)?;
    // What was put there behind the card's back.
    let bank_log2 = rig.capabilities.bank_log2;
    for kind in KINDS {
        let address = match kind {
            KeyKind::Bootstrapping => rig.settings.key_address,
            KeyKind::Keyswitch => rig.settings.keyswitch_address,
        };
        let right = bench.channels(kind);
        for wrong in [true, false] {
            for (channel, words) in (0_u64..).zip(right) {
                let mut words = words.clone();
                words[0] ^= u64::from(wrong);
                let address = address + (channel << bank_log2);
                rig.card.write_card_memory(address, &words)?;
            }
            rig.expect(Job::AdoptKey { kind }, OK)?;
            if wrong {
                let end = rig.run(bench.job())?;
                let ahead = end == (JobStatus::KeysNotLoaded, 0);
                let end = if ahead {
                    (JobStatus::ChecksumMismatch, 0)
                } else {
                    end
                };
                same("a wrong key", end, (JobStatus::ChecksumMismatch, 0))?;
                lost(&mut rig, &bench, kind)?;
            } else {
                bench.works(&mut rig)?;
            }
        }
    }
    Ok(())
}

/// Images with an error in them, whether it came with the upload or later: the jobs that need the key
/// say so, the key is gone, and a new one works.
///
/// # Errors
/// An error goes unnoticed, or the card does not recover.
pub fn wrong_images(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let bank_log2 = rig.capabilities.bank_log2;
    let wrong = (JobStatus::ChecksumMismatch, 0);
    for kind in KINDS {
        let right = bench.channels(kind);
        let addresses = match kind {
            KeyKind::Bootstrapping => rig.settings.key_address,
            KeyKind::Keyswitch => rig.settings.keyswitch_address,
        };
        for later in [false, true, false] {
            let count = u32::try_from(right.len()).unwrap_or(1);
            let channel = rig.generator.below(count) as usize;
            let words = u32::try_from(right[channel].len()).unwrap_or(1);
            let word = rig.generator.below(words) as usize;
            let error = 1_u64 << rig.generator.below(64);
            let damaged = right[channel][word] ^ error;
            if later {
                let address = addresses + ((channel as u64) << bank_log2) + word as u64 * 8;
                rig.card.write_card_memory(address, &[damaged])?;
            } else {
                let mut image = right.to_vec();
                image[channel][word] = damaged;
                rig.upload(kind, &image)?;
            }
            bench.prepare(&rig)?;
            let what = format!("{kind:?} with word {word} of channel {channel} wrong");
            // What was read ahead before the damage is right.
            let mut end = rig.run(bench.job())?;
            let mut good = 0;
            while later && end == OK && good < MOST_READ_AHEAD {
                bench.check(&rig)?;
                bench.prepare(&rig)?;
                end = rig.run(bench.job())?;
                good += 1;
            }
            // Damage may be found ahead of a job, too.
            let found = later && end == (JobStatus::KeysNotLoaded, 0);
            same(&what, if found { wrong } else { end }, wrong)?;
            lost(&mut rig, &bench, kind)?;
            rig.upload(kind, right)?;
            bench.works(&mut rig)?;
        }
    }
    // A wrong image does no harm to jobs that need no key.
    let mut image = bench.channels(KeyKind::Keyswitch).to_vec();
    image[0][0] ^= 1;
    rig.upload(KeyKind::Keyswitch, &image)?;
    let table = rig.tables(0, &bench.table)?;
    rig.expect(table, OK)?;
    rig.expect(Job::Barrier, OK)?;
    rig.expect(bench.job(), wrong)?;
    rig.expect(Job::Barrier, OK)?;
    rig.upload(KeyKind::Keyswitch, bench.channels(KeyKind::Keyswitch))?;
    bench.works(&mut rig)
}

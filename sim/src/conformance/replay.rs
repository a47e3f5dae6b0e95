//! What one card did, done again by another: the images in its memory, what lay in host memory, and
//! what came of it.

use super::bench::{Bench, ready};
use super::rig::{COMPLETION, OK, Rig, SUBMISSION};
use super::{ConformanceError, MEMORY_BYTES, Options, same, same_words};
use crate::device::{Card, HostMemory};
use gyrus_interface::card::{Capabilities, Channels};
use gyrus_interface::job::{COMPLETION_BYTES, Job, KeyKind, LutSelection};
use gyrus_interface::layout::pack_u32;
use gyrus_interface::registers::{Register, Status};
use gyrus_interface::settings::Settings;

/// Tables of a capture.
const TABLES: u32 = 3;

/// Everything that makes a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// What the card is.
    pub capabilities: Capabilities,
    /// How it was set up.
    pub settings: Settings,
    /// The channels of the bootstrapping key, from card memory.
    pub key: Vec<Vec<u64>>,
    /// Those of the key switching key.
    pub keyswitch: Vec<Vec<u64>>,
    /// The tables, from card memory.
    pub tables: Vec<u64>,
    /// Host memory, the rings in it, before the doorbell.
    pub before: Vec<u64>,
    /// The doorbell.
    pub tail: u32,
    /// Host memory when everything was done; completions without their cycles.
    pub after: Vec<u64>,
}

/// What the images depend on.
fn shape(card: &Capabilities) -> (u32, u32, Channels, Channels, u32) {
    let Capabilities {
        lanes,
        max_log2_n,
        key,
        keyswitch,
        bank_log2,
        ..
    } = *card;
    (lanes, max_log2_n, key, keyswitch, bank_log2)
}

/// A key's channels as they lie in card memory.
fn channels(rig: &mut Rig<'_>, kind: KeyKind) -> Result<Vec<Vec<u64>>, ConformanceError> {
    let (address, channels, beats) = match kind {
        KeyKind::Bootstrapping => (
            rig.settings.key_address,
            rig.capabilities.key,
            rig.settings.key_beats,
        ),
        KeyKind::Keyswitch => (
            rig.settings.keyswitch_address,
            rig.capabilities.keyswitch,
            rig.settings.keyswitch_beats,
        ),
    };
    (0..u64::from(channels.count))
        .map(|channel| {
            let mut words = vec![0; (channels.bytes(beats) / 8) as usize];
            let at = address + (channel << rig.capabilities.bank_log2);
            rig.card.read_card_memory(at, &mut words)?;
            Ok(words)
        })
        .collect()
}

fn tables(rig: &mut Rig<'_>) -> Result<Vec<u64>, ConformanceError> {
    let mut tables = vec![0; (TABLES as usize) << rig.settings.log2_n];
    let address = rig.settings.lut_address;
    rig.card.read_card_memory(address, &mut tables)?;
    Ok(tables)
}

/// Host memory, completions without their cycles.
fn host_memory(rig: &Rig<'_>) -> Result<Vec<u64>, ConformanceError> {
    let mut memory = rig.read(HostMemory::BASE, MEMORY_BYTES / 8)?;
    let start = ((COMPLETION - SUBMISSION) / 8) as usize;
    for entry in 0..rig.settings.ring_entries as usize {
        memory[start + entry * COMPLETION_BYTES / 8 + 1] = 0;
    }
    Ok(memory)
}

/// Rings the doorbell and waits until everything is done.
fn run(rig: &mut Rig<'_>, tail: u32) -> Result<Vec<u64>, ConformanceError> {
    rig.card.write(Register::SubmissionTail, tail)?;
    rig.wait_status("idleness", |status| !status.has(Status::BUSY))?;
    host_memory(rig)
}

/// Lets a card do some jobs, and keeps everything.
///
/// # Errors
/// The card does not do what it has to.
pub fn capture(card: &mut dyn Card, options: &Options) -> Result<Capture, ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let (key, keyswitch) = (
        channels(&mut rig, KeyKind::Bootstrapping)?,
        channels(&mut rig, KeyKind::Keyswitch)?,
    );
    for (kind, found) in [
        (KeyKind::Bootstrapping, &key),
        (KeyKind::Keyswitch, &keyswitch),
    ] {
        for (found, expected) in found.iter().zip(bench.channels(kind)) {
            same_words(&format!("{kind:?} in card memory"), found, expected)?;
        }
    }
    let words = rig
        .generator
        .words((TABLES as usize) << rig.settings.log2_n);
    let job = rig.tables(0, &words)?;
    rig.expect(job, OK)?;
    let tables = tables(&mut rig)?;
    same_words("tables in card memory", &tables, &words)?;
    while rig.room() > 0 {
        let job = random_job(&mut rig, &bench)?;
        rig.enqueue(rig.descriptor(job).encode())?;
    }
    let before = rig.read(HostMemory::BASE, MEMORY_BYTES / 8)?;
    let tail = ((rig.next_entry() - SUBMISSION) / 64) as u32;
    let after = run(&mut rig, tail)?;
    Ok(Capture {
        capabilities: rig.capabilities,
        settings: rig.settings,
        key,
        keyswitch,
        tables,
        before,
        tail,
        after,
    })
}

/// Bootstraps of up to three ciphertexts, and here and there something that is refused.
fn random_job(rig: &mut Rig<'_>, bench: &Bench) -> Result<Job, ConformanceError> {
    let size = bench.input.len();
    let most = rig.capabilities.max_batch.min(3);
    let count = 1 + rig.generator.below(most);
    let samples = if count == 1 { most } else { 1 };
    let inputs = bench.material.inputs(&mut rig.generator, count as usize);
    let source = rig.place(&inputs)?;
    let destination = rig.area((count * samples) as usize * size);
    let slots: Vec<u32> = (0..count)
        .map(|_| rig.generator.below(TABLES + 1))
        .collect();
    let list = rig.place(&pack_u32(&slots))?;
    Ok(Job::KeyswitchBootstrap {
        source,
        destination,
        count,
        luts: LutSelection::Each { list },
        samples: u16::try_from(samples).unwrap_or(1),
        stride: 1 << (rig.settings.log2_n - 2),
    })
}

/// Gives another card the same images and the same host memory, and compares what comes of it.
///
/// # Errors
/// A word differs, or the cards' images cannot be the same.
pub fn replay(
    card: &mut dyn Card,
    options: &Options,
    capture: &Capture,
) -> Result<(), ConformanceError> {
    let (mut rig, _) = ready(card, options)?;
    let (found, expected) = (shape(&rig.capabilities), shape(&capture.capabilities));
    same("shape of the card's images", found, expected)?;
    rig.take(&capture.settings)?;
    rig.upload(KeyKind::Bootstrapping, &capture.key)?;
    rig.upload(KeyKind::Keyswitch, &capture.keyswitch)?;
    // As in the capture: a first table, then all.
    let job = rig.tables(0, &capture.tables[..1 << rig.settings.log2_n])?;
    rig.expect(job, OK)?;
    let job = rig.tables(0, &capture.tables)?;
    rig.expect(job, OK)?;
    for (kind, expected) in [
        (KeyKind::Bootstrapping, &capture.key),
        (KeyKind::Keyswitch, &capture.keyswitch),
    ] {
        same("key in card memory", &channels(&mut rig, kind)?, expected)?;
    }
    same_words("tables in card memory", &tables(&mut rig)?, &capture.tables)?;
    rig.card.memory().write(HostMemory::BASE, &capture.before)?;
    let after = run(&mut rig, capture.tail)?;
    same_words("host memory", &after, &capture.after)
}

//! A job that has to work: keys, a table, an input, and what comes of it.

use super::material::{Material, sets};
use super::rig::{End, OK, Rig, capabilities};
use super::{ConformanceError, Options, same, same_words};
use crate::device::Card;
use gyrus_interface::card::Capabilities;
use gyrus_interface::job::{DESCRIPTOR_BYTES, Descriptor, Job, KeyKind, LutSelection};
use gyrus_interface::layout;
use gyrus_interface::registers::Status;
use gyrus_interface::{JobStatus, ParameterSet};

/// A card with the first of the sets, its keys and one table in slot 0.
pub(super) fn ready<'a>(
    card: &'a mut dyn Card,
    options: &'a Options,
) -> Result<(Rig<'a>, Bench), ConformanceError> {
    let set = first_set(&capabilities(card)?)?;
    let mut rig = Rig::new(card, options, &set)?;
    let bench = Bench::new(&mut rig, &set)?;
    bench.load(&mut rig)?;
    Ok((rig, bench))
}

/// The first set that a card takes.
pub(super) fn first_set(card: &Capabilities) -> Result<ParameterSet, ConformanceError> {
    let set = sets(card).into_iter().next();
    set.ok_or_else(|| ConformanceError::Wrong("a card that takes no set".to_owned()))
}

/// Keys, a table in slot 0, an input, and what comes of it: a job that has to work.
pub(super) struct Bench {
    pub(super) material: Material,
    pub(super) table: Vec<u64>,
    pub(super) input: Vec<u64>,
    result: Vec<u64>,
    channels: [(KeyKind, Vec<Vec<u64>>); 2],
    pub(super) source: u64,
    pub(super) destination: u64,
}

impl Bench {
    /// Makes keys and the rest, for a card that is set up.
    pub(super) fn new(rig: &mut Rig<'_>, set: &ParameterSet) -> Result<Self, ConformanceError> {
        let material = Material::new(set, &mut rig.generator)?;
        let table = rig.generator.words(layout::lut_words(set));
        let input = rig.generator.words(set.big_lwe_size());
        let result = material.results(&input, &[&table], 1, 0)?;
        let channels = |kind| {
            material
                .image(&rig.capabilities, kind)
                .map(|image| (kind, image))
        };
        let channels = [
            channels(KeyKind::Bootstrapping)?,
            channels(KeyKind::Keyswitch)?,
        ];
        let mut bench = Self {
            material,
            table,
            input,
            result,
            channels,
            source: 0,
            destination: 0,
        };
        bench.areas(rig);
        Ok(bench)
    }

    /// Takes areas, anew after settings were taken.
    pub(super) fn areas(&mut self, rig: &mut Rig<'_>) {
        self.source = rig.area(self.input.len());
        self.destination = rig.area(self.input.len());
    }

    /// Takes another table; it has to be uploaded.
    pub(super) fn replace_table(&mut self, table: Vec<u64>) -> Result<(), ConformanceError> {
        self.result = self.material.results(&self.input, &[&table], 1, 0)?;
        self.table = table;
        Ok(())
    }

    /// The words that the job has to give.
    pub(super) fn result(&self) -> &[u64] {
        &self.result
    }

    /// The channels of a key.
    pub(super) fn channels(&self, kind: KeyKind) -> &[Vec<u64>] {
        let [bootstrapping, keyswitch] = &self.channels;
        match kind {
            KeyKind::Bootstrapping => &bootstrapping.1,
            KeyKind::Keyswitch => &keyswitch.1,
        }
    }

    /// Uploads the keys.
    pub(super) fn load_keys(&self, rig: &mut Rig<'_>) -> Result<(), ConformanceError> {
        for (kind, channels) in &self.channels {
            rig.upload(*kind, channels)?;
        }
        let loaded = Status::KEY_LOADED | Status::KEYSWITCH_KEY_LOADED;
        let status = rig.status()?;
        same("keys loaded", status.has(loaded), true)
    }

    /// Uploads keys and table.
    pub(super) fn load(&self, rig: &mut Rig<'_>) -> Result<(), ConformanceError> {
        self.load_keys(rig)?;
        self.load_table(rig)
    }

    /// Uploads the table.
    pub(super) fn load_table(&self, rig: &mut Rig<'_>) -> Result<(), ConformanceError> {
        let job = rig.tables(0, &self.table)?;
        rig.expect(job, OK)
    }

    /// The job.
    pub(super) const fn job(&self) -> Job {
        Job::KeyswitchBootstrap {
            source: self.source,
            destination: self.destination,
            count: 1,
            luts: LutSelection::One { slot: 0 },
            samples: 1,
            stride: 0,
        }
    }

    /// Puts the input where it is read, and something else where the result will be.
    pub(super) fn prepare(&self, rig: &Rig<'_>) -> Result<(), ConformanceError> {
        let memory = rig.card.memory();
        memory.write(self.source, &self.input)?;
        memory.write(self.destination, &vec![0x5a; self.input.len() + 1])?;
        Ok(())
    }

    /// Compares the result.
    pub(super) fn check(&self, rig: &Rig<'_>) -> Result<(), ConformanceError> {
        let found = rig.read(self.destination, self.result.len() + 1)?;
        let (found, behind) = found.split_at(self.result.len());
        same_words("a bootstrap's result", found, &self.result)?;
        same("the word behind it", behind, &[0x5a])
    }

    /// Does the job.
    pub(super) fn works(&self, rig: &mut Rig<'_>) -> Result<(), ConformanceError> {
        self.prepare(rig)?;
        rig.expect(self.job(), OK)?;
        self.check(rig)
    }

    /// Hands over a good job, some bytes as a descriptor, and a good job again: the one in the middle
    /// ends so (with its entry's address when no detail is given), and the others are unharmed.
    pub(super) fn between(
        &self,
        rig: &mut Rig<'_>,
        what: &str,
        bytes: [u8; DESCRIPTOR_BYTES],
        (status, detail): (JobStatus, Option<u64>),
    ) -> Result<(), ConformanceError> {
        self.prepare(rig)?;
        // The middle one's tag and phase are those of the entry behind the first.
        let mut bytes = bytes;
        rig.submit(self.job())?;
        let good = rig.descriptor(Job::Barrier);
        bytes[1] ^= u8::from(!good.phase);
        bytes[8..16].copy_from_slice(&good.tag.to_le_bytes());
        let entry = rig.next_entry();
        rig.enqueue(bytes)?;
        rig.submit(self.job())?;
        same("the job before", rig.next_end()?, OK)?;
        same(what, rig.next_end()?, (status, detail.unwrap_or(entry)))?;
        same(&format!("the job behind {what}"), rig.next_end()?, OK)?;
        self.check(rig)
    }

    /// As [`Bench::between`], for a job.
    pub(super) fn refused(
        &self,
        rig: &mut Rig<'_>,
        job: Job,
        (status, detail): End,
    ) -> Result<(), ConformanceError> {
        let bytes = Descriptor {
            tag: 0,
            phase: true,
            job,
        };
        let end = (status, Some(detail));
        self.between(rig, &format!("{job:x?}"), bytes.encode(), end)
    }
}

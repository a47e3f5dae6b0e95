//! Results of bootstraps, word for word.

use super::bench::{Bench, ready};
use super::material::{Material, sets};
use super::rig::{OK, Rig, capabilities};
use super::{ConformanceError, Options, same, same_words};
use crate::device::Card;
use gyrus_interface::JobStatus;
use gyrus_interface::job::{Job, LutSelection};
use gyrus_interface::layout::pack_u32;
use gyrus_interface::registers::Status;

/// A card with a set, its keys and some tables in the slots from 0 on.
struct Loaded<'a> {
    rig: Rig<'a>,
    material: Material,
    tables: Vec<Vec<u64>>,
}

/// What a run of bootstraps is made of.
#[derive(Clone, Copy)]
struct Run {
    count: usize,
    samples: u16,
    stride: u32,
    /// A table for each, or one for all.
    list: bool,
}

impl<'a> Loaded<'a> {
    fn new(
        card: &'a mut dyn Card,
        options: &'a Options,
        number: usize,
    ) -> Result<Option<Self>, ConformanceError> {
        let all = sets(&capabilities(card)?);
        let Some(set) = all.get(number) else {
            return Ok(None);
        };
        let mut rig = Rig::new(card, options, set)?;
        let bench = Bench::new(&mut rig, set)?;
        bench.load_keys(&mut rig)?;
        let tables = (0..rig.capabilities.lut_slots.min(4))
            .map(|_| rig.generator.words(set.polynomial_size.0))
            .collect::<Vec<_>>();
        let job = rig.tables(0, &tables.concat())?;
        rig.expect(job, OK)?;
        Ok(Some(Self {
            rig,
            material: bench.material,
            tables,
        }))
    }

    /// Does a run with random inputs, and compares.
    fn run(&mut self, run: Run) -> Result<(), ConformanceError> {
        let inputs = self.material.inputs(&mut self.rig.generator, run.count);
        let tables = u32::try_from(self.tables.len()).unwrap_or(1);
        let one = self.rig.generator.below(tables);
        let slots: Vec<u32> = (0..run.count)
            .map(|_| match run.list {
                true => self.rig.generator.below(tables),
                false => one,
            })
            .collect();
        let luts: Vec<&[u64]> = slots
            .iter()
            .filter_map(|&slot| self.tables.get(slot as usize).map(Vec::as_slice))
            .collect();
        let (samples, stride) = (usize::from(run.samples), run.stride as usize);
        let expected = self.material.results(&inputs, &luts, samples, stride)?;
        let source = self.rig.place(&inputs)?;
        let destination = self.rig.place(&vec![0x77; expected.len() + 1])?;
        let luts = if run.list {
            let list = self.rig.place(&pack_u32(&slots))?;
            LutSelection::Each { list }
        } else {
            LutSelection::One { slot: one }
        };
        let job = Job::KeyswitchBootstrap {
            source,
            destination,
            count: u32::try_from(run.count).unwrap_or(u32::MAX),
            luts,
            samples: run.samples,
            stride: run.stride,
        };
        self.rig.expect(job, OK)?;
        let found = self.rig.read(destination, expected.len() + 1)?;
        let what = format!("{} with {job:x?}", self.material.set.name);
        same_words(&what, &found[..expected.len()], &expected)?;
        same("the word behind the results", found.last(), Some(&0x77))?;
        same_words("inputs", &self.rig.read(source, inputs.len())?, &inputs)?;
        // Areas are used again.
        self.rig.rewind(source);
        Ok(())
    }
}

/// Jobs of one ciphertext, for each kind of parameters.
///
/// # Errors
/// A result is not the engine's.
pub fn single_bootstraps(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let mut number = 0;
    while let Some(mut loaded) = Loaded::new(card, options, number)? {
        for list in [false, true, false, false] {
            loaded.run(Run {
                count: 1,
                samples: 1,
                stride: 0,
                list,
            })?;
        }
        number += 1;
    }
    Ok(())
}

/// Jobs of more, up to the largest batch, with one table and with lists of them.
///
/// # Errors
/// A result is not the engine's.
pub fn batches(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let Some(mut loaded) = Loaded::new(card, options, 0)? else {
        return Ok(());
    };
    let most = options.batch.min(loaded.rig.capabilities.max_batch) as usize;
    let slots = loaded.rig.capabilities.slots as usize;
    for count in [2, 3, slots, slots + 1, most - 1, most] {
        for list in [false, true] {
            loaded.run(Run {
                count: count.clamp(1, most),
                samples: 1,
                // Ignored with one sample.
                stride: 12_345,
                list,
            })?;
        }
    }
    Ok(())
}

/// Several ciphertexts from one rotation.
///
/// # Errors
/// A result is not the engine's.
pub fn many_samples_of_a_table(
    card: &mut dyn Card,
    options: &Options,
) -> Result<(), ConformanceError> {
    let Some(mut loaded) = Loaded::new(card, options, 0)? else {
        return Ok(());
    };
    let size = u32::try_from(loaded.material.set.polynomial_size.0).unwrap_or(256);
    let most = options.batch.min(loaded.rig.capabilities.max_batch);
    let shapes = [
        (2, size / 2),
        (2, size - 1),
        (2, 0),
        (3, 1),
        (4, size / 4),
        (most, size / most),
    ];
    for (samples, stride) in shapes {
        if samples > most {
            continue;
        }
        for count in [1, (most / samples).max(1)] {
            loaded.run(Run {
                count: count as usize,
                samples: u16::try_from(samples).unwrap_or(1),
                stride,
                list: count > 1,
            })?;
        }
    }
    Ok(())
}

/// A table that is replaced while jobs before and behind it are in flight.
///
/// # Errors
/// A job used another table than the last one before it in the ring.
pub fn table_replacement(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    let size = bench.input.len();
    for _ in 0..4 {
        let set = bench.material.set.clone();
        let new = rig.generator.words(set.polynomial_size.0);
        let upload = rig.tables(0, &new)?;
        bench.prepare(&rig)?;
        let second = rig.place(&vec![0; size])?;
        let Job::KeyswitchBootstrap {
            source,
            count,
            luts,
            samples,
            stride,
            ..
        } = bench.job()
        else {
            continue;
        };
        rig.submit(bench.job())?;
        rig.submit(upload)?;
        rig.submit(Job::KeyswitchBootstrap {
            source,
            destination: second,
            count,
            luts,
            samples,
            stride,
        })?;
        for _ in 0..3 {
            same("end", rig.next_end()?, OK)?;
        }
        bench.check(&rig)?;
        bench.replace_table(new)?;
        let found = rig.read(second, size)?;
        same_words("a result with the new table", &found, bench.result())?;
    }
    Ok(())
}

/// Parameters that change between jobs, without a reset.
///
/// # Errors
/// Keys outlive a change, or a result is not the engine's.
pub fn parameter_changes(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let all = sets(&capabilities(card)?);
    let (mut rig, _) = ready(card, options)?;
    for set in all.iter().rev().chain(&all) {
        rig.configure(set)?;
        let status = rig.status()?;
        let loaded = Status::KEY_LOADED | Status::KEYSWITCH_KEY_LOADED;
        same("loaded keys", status.0 & loaded, 0)?;
        same("configured", status.has(Status::CONFIGURED), true)?;
        let bench = Bench::new(&mut rig, set)?;
        rig.expect(bench.job(), (JobStatus::KeysNotLoaded, 0))?;
        bench.load_keys(&mut rig)?;
        rig.expect(bench.job(), (JobStatus::LutNotLoaded, 0))?;
        bench.load_table(&mut rig)?;
        bench.works(&mut rig)?;
    }
    Ok(())
}

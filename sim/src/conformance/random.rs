//! Many random jobs, good ones and bad ones, several in flight: every completion and in the end every
//! word of memory is what the description says.

use super::bench::Bench;
use super::description::Description;
use super::generator::Generator;
use super::material::sets;
use super::rig::{End, Rig, capabilities};
use super::{ConformanceError, Options, same, same_words};
use crate::device::{Card, HostMemory};
use gyrus_interface::JobStatus;
use gyrus_interface::job::{DESCRIPTOR_BYTES, Job, KeyKind, LutSelection};
use gyrus_interface::layout::{Checksum, pack_u32};

/// Ciphertexts that inputs are taken from.
const INPUTS: u32 = 12;
/// Largest batch: a job's inputs, and its outputs.
const MOST: u32 = 8;
/// Tables that uploads take.
const TABLES: u32 = 3;
/// Slots that are used.
const SLOTS: u32 = 5;
/// Most jobs for a set of parameters, before the next one has its turn; of one whose rotations are long, fewer.
const JOBS_OF_A_SET: usize = 500;
/// Mask words whose rotation is not long.
const SHORT_ROTATION: usize = 8;
/// Bytes of the window behind the memory.
const HOLE: u64 = 1 << 20;

/// Where everything is in host memory.
struct Areas {
    inputs: u64,
    tables: u64,
    /// For each job in flight a list of slots, and room for outputs.
    of_jobs: Vec<(u64, u64)>,
    /// The first address where there is no memory.
    end: u64,
}

/// Random jobs, as many as the options say, with each of the sets.
///
/// # Errors
/// A completion or a word is not what the description says.
pub fn random_jobs(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let sets = sets(&capabilities(card)?);
    let mut left = options.random_jobs;
    let mut generator = Generator::new(options.seed ^ 0x0072_616e_646f_6d00);
    for set in sets.iter().cycle() {
        if left == 0 {
            break;
        }
        let share = options.random_jobs.div_ceil(sets.len());
        let most = JOBS_OF_A_SET / set.lwe_dimension.0.div_ceil(SHORT_ROTATION);
        let jobs = left.min(share).min(most);
        left -= jobs;
        let mut rig = Rig::new(card, options, set)?;
        rig.generator = Generator::new(generator.word());
        let mut settings = rig.settings;
        settings.window_end += HOLE;
        rig.take(&settings)?;
        let bench = Bench::new(&mut rig, set)?;
        bench.load_keys(&mut rig)?;
        run(&mut rig, &bench, jobs)?;
    }
    Ok(())
}

fn run(rig: &mut Rig<'_>, bench: &Bench, jobs: usize) -> Result<(), ConformanceError> {
    let size = bench.input.len();
    let outputs = MOST as usize * size;
    let areas = Areas {
        inputs: rig.area(INPUTS as usize * size),
        tables: rig.area(TABLES as usize * bench.table.len()),
        of_jobs: (0..rig.settings.ring_entries)
            .map(|_| (rig.area(MOST as usize), rig.area(outputs)))
            .collect(),
        end: HostMemory::BASE + rig.card.memory().bytes() as u64,
    };
    let mut description = Description {
        material: &bench.material,
        capabilities: rig.capabilities,
        settings: rig.settings,
        memory: rig.read(HostMemory::BASE, rig.card.memory().bytes() / 8)?,
        tables: vec![None; rig.capabilities.lut_slots as usize],
    };
    let mut left = jobs;
    while left > 0 {
        let most = u32::try_from(rig.room().min(left)).unwrap_or(1);
        let count = 1 + rig.generator.below(most) as usize;
        left -= count;
        refresh(rig, &mut description, &areas)?;
        let mut ends: Vec<(String, End)> = Vec::new();
        for number in 0..count {
            let job = random_job(rig, &mut description, &areas, number)?;
            let entry = rig.next_entry();
            let mut bytes = rig.descriptor(job).encode();
            let end = match spoil(&mut rig.generator, &mut bytes) {
                Some(status) => (status, entry),
                None => description.run(job)?,
            };
            rig.enqueue(bytes)?;
            ends.push((format!("{job:x?}"), end));
            if rig.generator.below(3) == 0 {
                rig.ring()?;
            }
        }
        rig.ring()?;
        for (job, end) in &ends {
            same(job, rig.next_end()?, *end)?;
        }
        for (number, &(_, area)) in areas.of_jobs.iter().enumerate() {
            let job = ends.get(number).map_or("no job", |(job, _)| job);
            compare(rig, &description, job, area, outputs + 1)?;
        }
        let inputs = INPUTS as usize * size + 1;
        compare(rig, &description, "inputs", areas.inputs, inputs)?;
    }
    Ok(())
}

fn compare(
    rig: &Rig<'_>,
    description: &Description<'_>,
    job: &str,
    address: u64,
    words: usize,
) -> Result<(), ConformanceError> {
    let first = ((address - HostMemory::BASE) / 8) as usize;
    let expected = &description.memory[first..first + words];
    same_words(
        &format!("host memory of {job}"),
        &rig.read(address, words)?,
        expected,
    )
}

/// Writes to host memory and to the description's.
fn write(
    rig: &Rig<'_>,
    description: &mut Description<'_>,
    address: u64,
    words: &[u64],
) -> Result<(), ConformanceError> {
    rig.card.memory().write(address, words)?;
    let first = ((address - HostMemory::BASE) / 8) as usize;
    description.memory[first..first + words.len()].copy_from_slice(words);
    Ok(())
}

/// New inputs and tables, now and then.
fn refresh(
    rig: &mut Rig<'_>,
    description: &mut Description<'_>,
    areas: &Areas,
) -> Result<(), ConformanceError> {
    if rig.generator.below(4) != 0 && description.memory[at(areas.inputs)] != 0 {
        return Ok(());
    }
    let material = description.material;
    let inputs = material.inputs(&mut rig.generator, INPUTS as usize);
    write(rig, description, areas.inputs, &inputs)?;
    let size = material.set.polynomial_size.0;
    let tables = rig.generator.words(TABLES as usize * size);
    write(rig, description, areas.tables, &tables)
}

const fn at(address: u64) -> usize {
    ((address - HostMemory::BASE) / 8) as usize
}

/// Makes, seldom, a descriptor that says nothing of these bytes; the status that it ends in then.
fn spoil(generator: &mut Generator, bytes: &mut [u8; DESCRIPTOR_BYTES]) -> Option<JobStatus> {
    match generator.below(40) {
        0 => {
            bytes[0] = generator.pick(0, &[7, 8, 0x80, 0xff]);
            Some(JobStatus::UnknownOpcode)
        }
        1 => {
            bytes[52 + generator.below(12) as usize] = 1 << generator.below(8);
            Some(JobStatus::MalformedDescriptor)
        }
        2 => {
            bytes[1] ^= 1;
            Some(JobStatus::MalformedDescriptor)
        }
        3 => {
            bytes[1] |= 4 << generator.below(6);
            Some(JobStatus::MalformedDescriptor)
        }
        _ => None,
    }
}

/// An address that cannot be, instead of a good one, now and then.
fn address(generator: &mut Generator, good: u64, areas: &Areas) -> u64 {
    match generator.below(40) {
        0 => good + u64::from(1 + generator.below(7)),
        1 => generator.word(),
        2 => generator.word() & !7,
        3 => areas.end + HOLE - 8,
        // In the window, but no memory.
        4 => areas.end + u64::from(generator.below(1000)) * 8,
        _ => good,
    }
}

fn random_job(
    rig: &mut Rig<'_>,
    description: &mut Description<'_>,
    areas: &Areas,
    number: usize,
) -> Result<Job, ConformanceError> {
    Ok(match rig.generator.below(20) {
        0..=8 => bootstrap(rig, description, areas, number)?,
        9..=12 => tables(&mut rig.generator, description, areas),
        13..=15 => copy(&mut rig.generator, description, areas, number),
        16 | 17 => key(&mut rig.generator, areas),
        18 => Job::AdoptKey {
            kind: rig
                .generator
                .pick(KeyKind::Bootstrapping, &[KeyKind::Keyswitch]),
        },
        _ => Job::Barrier,
    })
}

fn bootstrap(
    rig: &mut Rig<'_>,
    description: &mut Description<'_>,
    areas: &Areas,
    number: usize,
) -> Result<Job, ConformanceError> {
    let log2_n = description.settings.log2_n;
    let (size, ciphertext) = (1_u32 << log2_n, (8_u64 << log2_n) + 8);
    let most = description.capabilities.max_batch.min(MOST);
    let generator = &mut rig.generator;
    // Mostly few ciphertexts, and one sample of each.
    let largest = generator.pick(1, &[2, 2, most]).min(most);
    let count = 1 + generator.below(largest);
    let samples = match generator.below(4) {
        0 => 1 + generator.below(most / count),
        _ => 1,
    };
    let stride = match samples {
        1 => generator.pick(0, &[u32::MAX, 1]),
        _ => generator.below((size - 1) / (samples - 1) + 1),
    };
    let first = u64::from(generator.below(INPUTS - count + 1));
    let &(list, destination) = areas.of_jobs.get(number).unwrap_or(&(0, 0));
    let source = address(generator, areas.inputs + first * ciphertext, areas);
    let destination = address(generator, destination, areas);
    let slot = |generator: &mut Generator| match generator.below(60) {
        0 => generator.pick(u32::MAX, &[description.capabilities.lut_slots]),
        _ => generator.below(SLOTS.min(description.capabilities.lut_slots)),
    };
    let luts = if generator.below(2) == 0 {
        let slots: Vec<u32> = (0..count).map(|_| slot(generator)).collect();
        let at = address(generator, list, areas);
        write(rig, description, list, &pack_u32(&slots))?;
        LutSelection::Each { list: at }
    } else {
        LutSelection::One {
            slot: slot(generator),
        }
    };
    let generator = &mut rig.generator;
    let too_many = description.capabilities.max_batch + 1;
    let (mut count, mut samples, mut stride) = (count, samples, stride);
    match generator.below(50) {
        0 => count = generator.pick(0, &[too_many, u32::MAX]),
        1 => samples = generator.pick(0, &[too_many.min(0xffff), 0xffff]),
        2 => (samples, stride) = (2, generator.pick(size, &[size + 1, u32::MAX])),
        _ => (),
    }
    Ok(Job::KeyswitchBootstrap {
        source,
        destination,
        count,
        luts,
        samples: u16::try_from(samples).unwrap_or(u16::MAX),
        stride,
    })
}

fn tables(generator: &mut Generator, description: &Description<'_>, areas: &Areas) -> Job {
    let slots = SLOTS.min(description.capabilities.lut_slots);
    let bytes = 8_u64 << description.settings.log2_n;
    let count = 1 + generator.below(TABLES.min(slots));
    let first = u64::from(generator.below(TABLES - count + 1));
    let good = areas.tables + first * bytes;
    let mut source = address(generator, good, areas);
    if source >= areas.end && source < areas.end + HOLE - 8 {
        // What a bus error leaves of the slots is not said.
        source = good;
    }
    let start = at(good);
    let words = &description.memory[start..start + count as usize * (bytes / 8) as usize];
    let mut checksum = Checksum::default().u64_words(words).value();
    let mut slot = generator.below(slots - count + 1);
    let mut count = count;
    match generator.below(24) {
        0 => checksum ^= 1 << generator.below(32),
        1 => count = generator.pick(0, &[u32::MAX, description.capabilities.lut_slots + 1]),
        2 => slot = generator.pick(u32::MAX, &[description.capabilities.lut_slots]),
        _ => (),
    }
    Job::UploadLuts {
        source,
        slot,
        count,
        checksum,
    }
}

fn copy(
    generator: &mut Generator,
    description: &Description<'_>,
    areas: &Areas,
    number: usize,
) -> Job {
    let ciphertext = (8_u64 << description.settings.log2_n) + 8;
    let &(_, own) = areas.of_jobs.get(number).unwrap_or(&(0, 0));
    let input =
        |generator: &mut Generator| areas.inputs + u64::from(generator.below(INPUTS)) * ciphertext;
    // Between inputs, which later bootstraps read, or to a place of its own; sometimes to itself.
    let from = input(generator);
    let to = match generator.below(2) {
        0 => input(generator),
        _ => own,
    };
    let length = match generator.below(30) {
        0 => generator.word(),
        1 => generator.word() & !7,
        2 => u64::from(1 + generator.below(7)),
        _ => 8 * u64::from(1 + generator.below((ciphertext / 8) as u32)),
    };
    let source = address(generator, from, areas);
    let mut destination = address(generator, to, areas);
    let in_hole = |address: u64| (areas.end - ciphertext..areas.end + HOLE).contains(&address);
    if in_hole(source) && in_hole(destination) {
        // Which of the two a completion tells is not said.
        destination = to;
    }
    Job::Copy {
        source,
        destination,
        length,
    }
}

/// A piece of a key that is refused.
fn key(generator: &mut Generator, areas: &Areas) -> Job {
    let (offset, length, source) = match generator.below(4) {
        0 => (8 * u64::from(1 + generator.below(1 << 20)), 8, areas.inputs),
        1 => (0, generator.word() | 1, areas.inputs),
        2 => (0, generator.pick(0, &[1 << 63, 1 << 40]), areas.inputs),
        _ => (0, 8, generator.pick(0, &[areas.inputs + 4, u64::MAX - 7])),
    };
    Job::UploadKey {
        kind: generator.pick(KeyKind::Bootstrapping, &[KeyKind::Keyswitch]),
        source,
        offset,
        length,
        checksum: 0,
    }
}

//! Every row of the table of checks in [`gyrus_interface::job`], with good jobs around it.

use super::bench::{Bench, ready};
use super::rig::{OK, Rig};
use super::{ConformanceError, Options, same, same_words};
use crate::device::Card;
use gyrus_interface::JobStatus::{
    AddressOutOfRange, ChecksumMismatch, KeysNotLoaded, LengthOverflow, LutNotLoaded,
    MalformedDescriptor, MisalignedAddress, UnknownOpcode,
};
use gyrus_interface::job::{Descriptor, Job, KeyKind, LutSelection, MAX_COPY_WORDS};
use gyrus_interface::layout::pack_u32;
use gyrus_interface::registers::Status;

/// Bytes of a descriptor, changed at some places.
fn changed(job: Job, changes: &[(usize, u8)]) -> [u8; 64] {
    let mut bytes = Descriptor {
        tag: 0,
        phase: true,
        job,
    }
    .encode();
    for &(at, value) in changes {
        bytes[at] = value;
    }
    bytes
}

/// Descriptors that say nothing.
///
/// # Errors
/// One ended in another way.
pub fn refused_descriptors(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let area = rig.area(64);
    let copy = Job::Copy {
        source: area,
        destination: area + 64,
        length: 8,
    };
    let bootstrap = bench.job();
    let tables = rig.tables(0, &bench.table)?;
    let piece = rig.piece(KeyKind::Keyswitch, 0, &[1])?;
    let unknown = (UnknownOpcode, None);
    let malformed = (MalformedDescriptor, None);
    let cases = [
        ("phase", changed(Job::Barrier, &[(1, 0)]), malformed),
        (
            "phase and opcode",
            changed(copy, &[(0, 9), (1, 0)]),
            malformed,
        ),
        ("opcode 0", changed(Job::Barrier, &[(0, 0)]), unknown),
        ("opcode 7", changed(copy, &[(0, 7)]), unknown),
        ("opcode 255", changed(bootstrap, &[(0, 255)]), unknown),
        (
            "opcode and more",
            changed(bootstrap, &[(0, 128), (1, 0xff), (52, 1)]),
            unknown,
        ),
        ("flag", changed(Job::Barrier, &[(1, 5)]), malformed),
        (
            "flag of a bootstrap",
            changed(bootstrap, &[(1, 0x81)]),
            malformed,
        ),
        ("list of a copy", changed(copy, &[(1, 3)]), malformed),
        ("byte 52", changed(bootstrap, &[(52, 1)]), malformed),
        ("byte 63", changed(copy, &[(63, 0x80)]), malformed),
        (
            "samples of a barrier",
            changed(Job::Barrier, &[(3, 1)]),
            malformed,
        ),
        ("count of a copy", changed(copy, &[(7, 1)]), malformed),
        (
            "source of a barrier",
            changed(Job::Barrier, &[(16, 8)]),
            malformed,
        ),
        (
            "destination of tables",
            changed(tables, &[(24, 8)]),
            malformed,
        ),
        (
            "length of a bootstrap",
            changed(bootstrap, &[(39, 1)]),
            malformed,
        ),
        (
            "slot beside a list",
            changed(bootstrap, &[(1, 3), (40, 1)]),
            malformed,
        ),
        ("stride of tables", changed(tables, &[(47, 1)]), malformed),
        (
            "checksum of a bootstrap",
            changed(bootstrap, &[(51, 1)]),
            malformed,
        ),
        ("slot of a key", changed(piece, &[(40, 1)]), malformed),
        ("kind of key", changed(piece, &[(2, 2)]), malformed),
        ("kind of key", changed(piece, &[(3, 1)]), malformed),
        (
            "kind of key, of a wrong length",
            changed(piece, &[(2, 7), (32, 3)]),
            malformed,
        ),
    ];
    for (what, bytes, end) in cases {
        bench.between(&mut rig, what, bytes, end)?;
    }
    Ok(())
}

/// A bootstrap, changed field by field.
#[derive(Clone, Copy)]
struct Fields {
    source: u64,
    destination: u64,
    count: u32,
    luts: LutSelection,
    samples: u16,
    stride: u32,
}

impl Fields {
    const fn of(bench: &Bench) -> Self {
        Self {
            source: bench.source,
            destination: bench.destination,
            count: 1,
            luts: LutSelection::One { slot: 0 },
            samples: 1,
            stride: 0,
        }
    }

    const fn job(self) -> Job {
        Job::KeyswitchBootstrap {
            source: self.source,
            destination: self.destination,
            count: self.count,
            luts: self.luts,
            samples: self.samples,
            stride: self.stride,
        }
    }
}

/// Bootstraps that cannot be.
///
/// # Errors
/// One ended in another way.
pub fn refused_bootstraps(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    let set = bench.material.set.clone();
    let size = u32::try_from(set.polynomial_size.0).unwrap_or(256);
    let most = rig.capabilities.max_batch;
    let slots = rig.capabilities.lut_slots;
    let (start, end) = (rig.settings.window_start, rig.settings.window_end);
    let good = Fields::of(&bench);
    // Slot 1 is empty.
    let list = |rig: &mut Rig<'_>, slots: &[u32]| {
        let list = rig.place(&pack_u32(slots))?;
        Ok::<_, ConformanceError>(LutSelection::Each { list })
    };
    let last_empty = list(&mut rig, &[0, 1])?;
    let both_wrong = list(&mut rig, &[slots + 5, 1])?;
    let slot = |slot| LutSelection::One { slot };
    let at = |list| LutSelection::Each { list };
    let ciphertext = u64::from(size + 1) * 8;
    let few = u16::try_from(most + 1).unwrap_or(u16::MAX);
    let luts = |luts, end| (Fields { luts, ..good }, end);
    let source = |source, status| (Fields { source, ..good }, (status, source));
    let destination = |destination, status| {
        let fields = Fields {
            destination,
            ..good
        };
        (fields, (status, destination))
    };
    let shape = |count, samples, stride, end| {
        let fields = Fields {
            count,
            samples,
            stride,
            // What is checked later is wrong too.
            destination: 3,
            ..good
        };
        (fields, end)
    };
    let overflow = |count: u32| (LengthOverflow, u64::from(count));
    let mut cases = vec![
        shape(0, 1, 0, overflow(0)),
        shape(most + 1, 1, 0, overflow(most + 1)),
        shape(u32::MAX, u16::MAX, u32::MAX, overflow(u32::MAX)),
        shape(1, 0, 0, overflow(1)),
        shape(1, few, 0, overflow(1)),
        shape(2, few / 2 + 1, u32::MAX, overflow(2)),
        destination(good.destination + 4, MisalignedAddress),
        destination(good.destination + 1, MisalignedAddress),
        destination(0, AddressOutOfRange),
        destination(start - 8, AddressOutOfRange),
        destination(end - ciphertext + 8, AddressOutOfRange),
        destination(end, AddressOutOfRange),
        destination(u64::MAX - 7, AddressOutOfRange),
        luts(at(good.source + 4), (MisalignedAddress, good.source + 4)),
        luts(at(end), (AddressOutOfRange, end)),
        luts(at(0), (AddressOutOfRange, 0)),
        luts(slot(1), (LutNotLoaded, 1)),
        luts(slot(slots), (LutNotLoaded, slots.into())),
        luts(slot(u32::MAX), (LutNotLoaded, u32::MAX.into())),
        source(good.source + 2, MisalignedAddress),
        source(start - 8, AddressOutOfRange),
        source(end - ciphertext + 8, AddressOutOfRange),
        source(u64::MAX - 7, AddressOutOfRange),
        source(8, AddressOutOfRange),
        // The first that is wrong counts.
        (
            Fields {
                destination: 8,
                luts: at(4),
                source: 4,
                ..good
            },
            (AddressOutOfRange, 8),
        ),
        (
            Fields {
                luts: at(4),
                source: 0,
                ..good
            },
            (MisalignedAddress, 4),
        ),
        (
            Fields {
                luts: slot(1),
                source: 4,
                ..good
            },
            (LutNotLoaded, 1),
        ),
    ];
    if most > 1 {
        let stride =
            |samples, stride: u32| shape(1, samples, stride, (MalformedDescriptor, stride.into()));
        cases.extend([stride(2, size), stride(2, u32::MAX)]);
        if most > 2 {
            cases.push(stride(3, size / 2));
        }
        let two = |luts, slot: u32| {
            let fields = Fields {
                count: 2,
                luts,
                source: 4,
                ..good
            };
            (fields, (LutNotLoaded, slot.into()))
        };
        cases.extend([two(last_empty, 1), two(both_wrong, slots + 5)]);
    }
    for (fields, end) in cases {
        bench.refused(&mut rig, fields.job(), end)?;
    }
    // Without keys that comes before all else.
    rig.configure(&set)?;
    bench.areas(&mut rig);
    let none = (KeysNotLoaded, 0);
    let wrong = Fields {
        count: 0,
        destination: 1,
        ..good
    };
    rig.expect(wrong.job(), none)?;
    rig.upload(KeyKind::Keyswitch, bench.channels(KeyKind::Keyswitch))?;
    rig.expect(bench.job(), none)?;
    let image = bench.channels(KeyKind::Bootstrapping);
    rig.upload(KeyKind::Bootstrapping, image)?;
    rig.expect(wrong.job(), overflow(0))?;
    bench.load_table(&mut rig)?;
    bench.works(&mut rig)
}

/// Uploads that cannot be.
///
/// # Errors
/// One ended in another way, or did something.
pub fn refused_uploads(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let (start, end) = (rig.settings.window_start, rig.settings.window_end);
    let source = rig.place(&bench.table)?;
    for kind in [KeyKind::Bootstrapping, KeyKind::Keyswitch] {
        let channel = bench.channels(kind).first().map_or(0, Vec::len) as u64 * 8;
        let key = |source, offset, length| Job::UploadKey {
            kind,
            source,
            offset,
            length,
            checksum: 0,
        };
        let cases = [
            (key(1, 8, 12), (MisalignedAddress, 12)),
            (key(source, 0, u64::MAX), (MisalignedAddress, u64::MAX)),
            // The key is complete: nothing continues it.
            (key(1, 8, 0), (MalformedDescriptor, 8)),
            (key(source, channel, 8), (MalformedDescriptor, channel)),
            (key(source, u64::MAX, 8), (MalformedDescriptor, u64::MAX)),
            (key(1, 0, 0), (LengthOverflow, 0)),
            (key(1, 0, channel + 8), (LengthOverflow, channel + 8)),
            (key(1, 0, 1 << 63), (LengthOverflow, 1 << 63)),
            (key(source + 1, 0, 8), (MisalignedAddress, source + 1)),
            (key(end - 8, 0, 16), (AddressOutOfRange, end - 8)),
            (key(start - 8, 0, 8), (AddressOutOfRange, start - 8)),
        ];
        for (job, end) in cases {
            bench.refused(&mut rig, job, end)?;
        }
    }
    let slots = rig.capabilities.lut_slots;
    let tables = |source, slot, count| Job::UploadLuts {
        source,
        slot,
        count,
        checksum: 0,
    };
    let overflow = |slot: u32, count: u32| (LengthOverflow, u64::from(slot) + u64::from(count));
    let cases = [
        (tables(1, 4, 0), overflow(4, 0)),
        (tables(1, slots, 1), overflow(slots, 1)),
        (tables(1, 0, slots + 1), overflow(0, slots + 1)),
        (tables(1, u32::MAX, u32::MAX), overflow(u32::MAX, u32::MAX)),
        (tables(source + 7, 0, 1), (MisalignedAddress, source + 7)),
        (tables(end, 0, 1), (AddressOutOfRange, end)),
        (tables(end - 64, 0, 1), (AddressOutOfRange, end - 64)),
        (tables(0, 0, 1), (AddressOutOfRange, 0)),
    ];
    for (job, end) in cases {
        bench.refused(&mut rig, job, end)?;
    }
    // A wrong checksum empties the slots, and is told.
    let Job::UploadLuts { checksum, .. } = rig.tables(0, &bench.table)? else {
        return Ok(());
    };
    let found = (ChecksumMismatch, u64::from(checksum));
    rig.expect(tables(source, 0, 1), found)?;
    rig.expect(bench.job(), (LutNotLoaded, 0))?;
    bench.load_table(&mut rig)?;
    bench.works(&mut rig)?;
    let status = rig.status()?;
    let loaded = Status::KEY_LOADED | Status::KEYSWITCH_KEY_LOADED;
    same("keys loaded", status.has(loaded), true)
}

/// Copies, and those that cannot be.
///
/// # Errors
/// One ended in another way, or copied something else.
pub fn refused_copies(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let (start, end) = (rig.settings.window_start, rig.settings.window_end);
    let words = rig.generator.words(700);
    let source = rig.place(&words)?;
    let destination = rig.place(&[0; 700])?;
    let copy = |source, destination, length| Job::Copy {
        source,
        destination,
        length,
    };
    for (from, to, count) in [(0, 0, 1), (3, 5, 600), (699, 699, 1), (0, 0, 700)] {
        let job = copy(source + 8 * from, destination + 8 * to, 8 * count);
        rig.expect(job, OK)?;
        let (from, count) = (from as usize, count as usize);
        let found = rig.read(destination + 8 * to, count)?;
        same_words("a copy", &found, &words[from..from + count])?;
    }
    let too_long = (MAX_COPY_WORDS + 1) * 8;
    let cases = [
        (copy(1, 1, 12), (MisalignedAddress, 12)),
        (copy(1, 1, too_long), (LengthOverflow, too_long)),
        (copy(1, 1, 1 << 63), (LengthOverflow, 1 << 63)),
        (
            copy(1, destination + 4, 8),
            (MisalignedAddress, destination + 4),
        ),
        (copy(1, end - 8, 16), (AddressOutOfRange, end - 8)),
        (copy(1, 0, 8), (AddressOutOfRange, 0)),
        (
            copy(source + 1, destination, 8),
            (MisalignedAddress, source + 1),
        ),
        (
            copy(start - 8, destination, 8),
            (AddressOutOfRange, start - 8),
        ),
        (copy(end, destination, 8), (AddressOutOfRange, end)),
        (
            copy(u64::MAX - 7, destination, 8),
            (AddressOutOfRange, u64::MAX - 7),
        ),
        (copy(source, source, 8), (MalformedDescriptor, source)),
        (
            copy(source, source + 8, 16),
            (MalformedDescriptor, source + 8),
        ),
        (copy(source + 8, source, 16), (MalformedDescriptor, source)),
    ];
    for (job, end) in cases {
        bench.refused(&mut rig, job, end)?;
    }
    // Side by side is no overlap.
    rig.expect(copy(source + 32, source + 16, 16), OK)?;
    let found = rig.read(source + 16, 2)?;
    same_words("a copy", &found, &words[4..6])?;
    rig.expect(copy(source, source + 16, 16), OK)?;
    let found = rig.read(source, 4)?;
    let expected = [words[0], words[1], words[0], words[1]];
    same_words("a copy", &found, &expected)
}

//! Resets at any moment.

use super::bench::ready;
use super::rig::OK;
use super::{ConformanceError, Options, same};
use crate::device::Card;
use gyrus_interface::JobStatus;
use gyrus_interface::job::{Job, KeyKind, LutSelection};
use gyrus_interface::registers::{Control, Register, Status};

/// Resets in the middle of uploads, bootstraps, copies and nothing. The card comes back, has
/// forgotten everything, and works after it was set up again.
///
/// # Errors
/// It does not.
pub fn resets_at_any_moment(
    card: &mut dyn Card,
    options: &Options,
) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    let set = bench.material.set.clone();
    let size = bench.input.len();
    for _ in 0..options.resets {
        let most = options.batch.min(rig.capabilities.max_batch);
        let inputs = rig.generator.words(size * most as usize);
        let source = rig.place(&inputs)?;
        let destination = rig.area(inputs.len());
        let bootstraps = Job::KeyswitchBootstrap {
            source,
            destination,
            count: most,
            luts: LutSelection::One { slot: 0 },
            samples: 1,
            stride: 0,
        };
        let copy = Job::Copy {
            source,
            destination,
            length: inputs.len() as u64 * 8,
        };
        let kind = rig
            .generator
            .pick(KeyKind::Bootstrapping, &[KeyKind::Keyswitch]);
        let first = bench.channels(kind).first().cloned().unwrap_or_default();
        let piece = rig.piece(kind, 0, &first[..first.len().min(2000)])?;
        let tables = rig.tables(0, &bench.table)?;
        let count = 1 + rig.generator.below(u32::try_from(rig.room()).unwrap_or(1));
        for _ in 0..count {
            let adopt = Job::AdoptKey { kind };
            let others = [bootstraps, copy, tables, Job::Barrier, piece, adopt];
            let job = rig.generator.pick(bootstraps, &others);
            rig.submit(job)?;
        }
        // From no time at all to about when everything is done.
        for _ in 0..rig.generator.below(30) {
            rig.status()?;
            if rig.generator.below(8) == 0 {
                rig.pass_time()?;
            }
        }
        rig.card.write(Register::Control, Control::RESET)?;
        let status = rig.wait_status("the end of a reset", |status| {
            !status.has(Status::RESETTING)
        })?;
        same("status after a reset", status.0, 0)?;
        for register in [
            Register::InterruptCause,
            Register::Error,
            Register::InterruptEnable,
            Register::KeyBeats,
        ] {
            same(register.name(), rig.card.read(register)?, 0)?;
        }
        rig.configure(&set)?;
        bench.areas(&mut rig);
        bench.prepare(&rig)?;
        rig.expect(bench.job(), (JobStatus::KeysNotLoaded, 0))?;
        bench.load_keys(&mut rig)?;
        rig.expect(bench.job(), (JobStatus::LutNotLoaded, 0))?;
        bench.load_table(&mut rig)?;
        rig.expect(Job::Barrier, OK)?;
        bench.works(&mut rig)?;
    }
    Ok(())
}

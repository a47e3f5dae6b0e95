//! Constants, settings, interrupts and counters.

use super::bench::{first_set, ready};
use super::generator::Generator;
use super::rig::{OK, Rig, capabilities};
use super::{ConformanceError, Options, same};
use crate::device::Card;
use gyrus_interface::JobStatus;
use gyrus_interface::card::PAGE_BYTES;
use gyrus_interface::job::Job;
use gyrus_interface::registers::{Access, BAR_BYTES, Control, Interrupt, Register, Status};
use gyrus_interface::settings::Settings;
use std::time::{Duration, Instant};

/// Constants are what the capabilities say, settings read as written, the rest reads as 0.
///
/// # Errors
/// A register reads otherwise.
pub fn constants_and_settings(
    card: &mut dyn Card,
    options: &Options,
) -> Result<(), ConformanceError> {
    let capabilities = capabilities(card)?;
    let set = first_set(&capabilities)?;
    let mut rig = Rig::new(card, options, &set)?;
    for (register, value) in capabilities.registers() {
        rig.card.write(register, !value)?;
        same(register.name(), rig.card.read(register)?, value)?;
    }
    for offset in (0..BAR_BYTES).step_by(4) {
        if Register::at(offset).is_none() {
            rig.card.write_register(offset, u32::MAX)?;
            let found = rig.card.read_register(offset)?;
            same(&format!("reserved register {offset:#x}"), found, 0)?;
        }
    }
    for pattern in [0x1234_5678, 0xedcb_a987] {
        let settings = Register::ALL
            .iter()
            .filter(|register| register.access() == Access::Setting);
        for &register in settings.clone() {
            rig.card.write(register, pattern ^ register.offset())?;
        }
        for &register in settings {
            let found = rig.card.read(register)?;
            same(register.name(), found, pattern ^ register.offset())?;
        }
    }
    let commands = Register::ALL
        .iter()
        .filter(|register| register.access() == Access::Command);
    for &register in commands {
        same(register.name(), rig.card.read(register)?, 0)?;
    }
    // What was written is not in force.
    rig.expect(Job::Barrier, OK)?;
    rig.reset()?;
    let after = [Register::Status, Register::Error, Register::InterruptCause];
    for register in after {
        same(register.name(), rig.card.read(register)?, 0)?;
    }
    Ok(())
}

/// Settings that the card does not take, each with the code that it gives.
///
/// # Errors
/// It takes them, or gives another code, or does not take good ones afterwards.
pub fn refused_settings(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let set = first_set(&capabilities(card)?)?;
    let mut rig = Rig::new(card, options, &set)?;
    let good = rig.settings;
    let card = rig.capabilities;
    type Change = fn(&mut Settings);
    let wrong: &[(&str, Change)] = &[
        ("N", |settings| settings.log2_n = 7),
        ("N", |settings| settings.log2_n = 31),
        ("n", |settings| settings.lwe_dimension = 0),
        ("n", |settings| settings.lwe_dimension = 1024),
        ("base", |settings| settings.base_log = 0),
        ("base", |settings| settings.base_log = 32),
        ("levels", |settings| settings.level_count = 0),
        ("levels", |settings| settings.level_count = 4),
        ("key switch's base", |settings| {
            settings.keyswitch_base_log = 5
        }),
        ("key switch's levels", |settings| {
            settings.keyswitch_level_count = 17;
        }),
        ("modulus", |settings| {
            settings.keyswitch_modulus_log2 = settings.log2_n + 1;
        }),
        ("modulus", |settings| settings.keyswitch_modulus_log2 = 33),
        ("modulus", |settings| settings.keyswitch_modulus_log2 = 65),
        ("modulus switch", |settings| settings.modulus_switch = 2),
        ("groups", |settings| settings.keyswitch_groups = 0),
        ("groups", |settings| settings.keyswitch_groups = 1025),
        ("columns", |settings| {
            settings.lwe_dimension = 1023;
            settings.keyswitch_groups = 1;
        }),
        ("beats", |settings| settings.key_beats = 0),
        ("beats", |settings| settings.keyswitch_beats = 1 << 26),
        ("ring", |settings| settings.ring_entries = 1),
        ("ring", |settings| settings.ring_entries = (1 << 16) + 1),
        ("page", |settings| settings.key_address += 8),
        ("page", |settings| settings.lut_address += PAGE_BYTES / 2),
        ("ring's place", |settings| settings.submission_ring += 32),
        ("ring's place", |settings| settings.completion_ring += 8),
        ("window", |settings| settings.window_start += 4),
        ("key's place", |settings| settings.key_address = 1 << 62),
        ("key's place", |settings| {
            settings.keyswitch_address = !0 << 12;
        }),
        ("tables' place", |settings| settings.lut_address = 1 << 60),
        ("ring's place", |settings| {
            settings.submission_ring = settings.window_end - 64;
        }),
        ("ring's place", |settings| settings.completion_ring = 0),
        ("window", |settings| {
            settings.window_end = settings.window_start
        }),
    ];
    for (what, change) in wrong {
        let mut settings = good;
        change(&mut settings);
        let Err(expected) = settings.check(&card) else {
            let text = format!("{what}: settings that can be");
            return Err(ConformanceError::Wrong(text));
        };
        let result = rig.try_settings(&settings)?;
        same(&format!("{what} of {settings:x?}"), result, expected as u16)?;
        let configured = rig.status()?.has(Status::CONFIGURED);
        same(&format!("configured with {what}"), configured, false)?;
    }
    for _ in 0..RANDOM_SETTINGS {
        let registers = spoilt(&mut rig.generator, good);
        let value = |register| {
            let found = registers.iter().find(|(at, _)| *at == register);
            found.map_or(0, |(_, value)| *value)
        };
        let settings = Settings::from_registers(value);
        let expected = settings.check(&card).err().unwrap_or(JobStatus::Ok);
        let result = rig.try_settings(&settings)?;
        same(&format!("{settings:x?}"), result, expected as u16)?;
    }
    rig.take(&good)?;
    rig.expect(Job::Barrier, OK)
}

/// Random settings that are tried.
const RANDOM_SETTINGS: usize = 400;

/// Good settings with one to three registers changed: a little, in one bit, or altogether.
fn spoilt(generator: &mut Generator, good: Settings) -> Vec<(Register, u32)> {
    let mut registers = good.registers();
    for _ in 0..1 + generator.below(3) {
        let count = u32::try_from(registers.len()).unwrap_or(1);
        let value = &mut registers[generator.below(count) as usize].1;
        *value = match generator.below(4) {
            0 => value.wrapping_add(1),
            1 => value.wrapping_sub(1),
            2 => *value ^ 1 << generator.below(32),
            _ => (generator.word() >> 32) as u32 >> generator.below(32),
        };
    }
    registers
}

/// Settings are taken when the jobs before them are complete, and keys and tables are gone then.
///
/// # Errors
/// A job is lost, or something outlives the change.
pub fn settings_behind_jobs(
    card: &mut dyn Card,
    options: &Options,
) -> Result<(), ConformanceError> {
    let (mut rig, mut bench) = ready(card, options)?;
    let settings = rig.settings;
    for _ in 0..3 {
        bench.prepare(&rig)?;
        let jobs = rig.room();
        for _ in 0..jobs {
            rig.submit(bench.job())?;
        }
        let result = rig.try_settings(&settings)?;
        same("result of settings", result, JobStatus::Ok as u16)?;
        for _ in 0..jobs {
            let completion = rig.look()?;
            let status = completion.map(|completion| completion.status);
            same("status", status, Some(JobStatus::Ok))?;
        }
        bench.check(&rig)?;
        rig.take(&settings)?;
        bench.areas(&mut rig);
        rig.expect(bench.job(), (JobStatus::KeysNotLoaded, 0))?;
        bench.load_keys(&mut rig)?;
        rig.expect(bench.job(), (JobStatus::LutNotLoaded, 0))?;
        bench.load_table(&mut rig)?;
        bench.works(&mut rig)?;
    }
    Ok(())
}

/// Causes stand until they are cleared, and only enabled ones interrupt.
///
/// # Errors
/// They do not.
pub fn interrupts(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let set = first_set(&capabilities(card)?)?;
    let mut rig = Rig::new(card, options, &set)?;
    let all = Interrupt::COMPLETION | Interrupt::ERROR;
    let short = || Instant::now() + Duration::from_millis(2);
    let bad = Job::Copy {
        source: 1,
        destination: 1,
        length: 1,
    };
    for enabled in [0, Interrupt::COMPLETION, Interrupt::ERROR, all] {
        // The causes of what was before may come a little after it.
        rig.wait_status("rest", |status| !status.has(Status::BUSY))?;
        rig.card.write(Register::InterruptEnable, enabled)?;
        rig.card.write(Register::Error, 7)?;
        rig.card.write(Register::InterruptCause, all)?;
        same("an interrupt", rig.card.wait_interrupt(short())?, false)?;
        same("causes", rig.card.read(Register::InterruptCause)?, 0)?;
        rig.expect(bad, (JobStatus::MisalignedAddress, 1))?;
        rig.submit(bad)?;
        // Causes may come a little after the completions that they stand for, but not after rest.
        rig.wait_status("rest", |status| !status.has(Status::BUSY))?;
        same("causes", rig.card.read(Register::InterruptCause)?, all)?;
        let raised = rig.card.wait_interrupt(short())?;
        same("an interrupt", raised, enabled != 0)?;
        same("end", rig.next_end()?, (JobStatus::MisalignedAddress, 1))?;
        rig.card.write(Register::InterruptCause, Interrupt::ERROR)?;
        let left = rig.card.read(Register::InterruptCause)?;
        same("causes without the error's", left, Interrupt::COMPLETION)?;
        // The first error stands still: no further one is told.
        rig.expect(bad, (JobStatus::MisalignedAddress, 1))?;
        let left = rig.card.read(Register::InterruptCause)?;
        same("the error's cause", left & Interrupt::ERROR, 0)?;
    }
    Ok(())
}

/// Counters count, survive a reset, and read in halves that belong together.
///
/// # Errors
/// They do not.
pub fn counters(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let read = |rig: &mut Rig<'_>, low: Register| {
        let value = u64::from(rig.card.read(low)?);
        let high = rig.card.read_register(low.offset() + 4)?;
        Ok::<_, ConformanceError>(u64::from(high) << 32 | value)
    };
    let watched = [
        Register::CyclesLow,
        Register::JobsLow,
        Register::BootstrapsLow,
        Register::HostWordsReadLow,
        Register::HostWordsWrittenLow,
    ];
    let all = |rig: &mut Rig<'_>| {
        let values = watched.map(|low| read(rig, low));
        values.into_iter().collect::<Result<Vec<_>, _>>()
    };
    // A counter may lag behind the completion.
    rig.wait_status("idleness", |status| !status.has(Status::BUSY))?;
    let before = all(&mut rig)?;
    bench.works(&mut rig)?;
    rig.expect(Job::Barrier, OK)?;
    let bad = Job::UploadLuts {
        source: 0,
        slot: 0,
        count: 0,
        checksum: 0,
    };
    rig.expect(bad, (JobStatus::LengthOverflow, 0))?;
    rig.wait_status("idleness", |status| !status.has(Status::BUSY))?;
    let after = all(&mut rig)?;
    let counted: Vec<u64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
    same("jobs counted", counted[1], 3)?;
    same("bootstraps counted", counted[2], 1)?;
    let size = bench.input.len() as u64;
    for (what, found, least) in [
        ("cycles", counted[0], 1),
        ("words read", counted[3], size + 3 * 8),
        ("words written", counted[4], size + 3 * 4),
    ] {
        same(&format!("enough {what} in {found}"), found >= least, true)?;
    }
    rig.card.write(Register::JobsLow, 0)?;
    rig.card.write(Register::Control, Control::RESET)?;
    rig.wait_status("the end of a reset", |status| {
        !status.has(Status::RESETTING)
    })?;
    same(
        "counters after a reset",
        all(&mut rig)?[1..].to_vec(),
        after[1..].to_vec(),
    )
}

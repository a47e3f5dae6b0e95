//! Capabilities and settings: to registers and back, and what is refused.

use gyrus_interface::card::{Capabilities, Channels};
use gyrus_interface::catalogue::{secure_sets, toy};
use gyrus_interface::registers::{Access, Register};
use gyrus_interface::ring::RingLayout;
use gyrus_interface::settings::Settings;
use gyrus_interface::{DeviceError, INTERFACE_VERSION, JobStatus};

type Change = fn(&mut Settings);

fn card() -> Capabilities {
    Capabilities {
        version: INTERFACE_VERSION,
        build: 7,
        clock_khz: 300_000,
        lanes: 8,
        max_log2_n: 11,
        max_k: 1,
        max_levels: 3,
        slots: 4,
        lut_slots: 1024,
        max_batch: 256,
        key: Channels { count: 3, words: 4 },
        keyswitch: Channels { count: 1, words: 4 },
        bank_log2: 28,
        memory_pages: 1 << 18,
    }
}

fn rings() -> RingLayout {
    RingLayout {
        submission: 0x1_0000,
        completion: 0x2_0000,
        entries: 64,
    }
}

#[test]
fn capabilities_survive_their_registers() {
    let registers = card().registers();
    let value = |register: Register| {
        let found = registers.iter().find(|(at, _)| *at == register);
        Ok(found.expect("a register").1)
    };
    assert_eq!(Capabilities::read(value), Ok(card()));
    assert!(matches!(
        Capabilities::read(|_| Ok(u32::MAX)),
        Err(DeviceError::Removed(_))
    ));
    let lying = |register| match register {
        Register::Lanes => Ok(3),
        register => value(register),
    };
    assert!(matches!(
        Capabilities::read(lying),
        Err(DeviceError::Protocol(_))
    ));
}

#[test]
fn settings_survive_their_registers() {
    for set in secure_sets().iter().chain([&toy()]) {
        let settings = Settings::new(&card(), set, rings(), 0x1_0000..0x100_0000);
        let settings = settings.expect("a set for this card");
        let registers = settings.registers();
        let value = |register: Register| {
            let found = registers.iter().find(|(at, _)| *at == register);
            found.expect("a register").1
        };
        assert_eq!(Settings::from_registers(value), settings);
        assert!(
            settings
                .registers()
                .iter()
                .all(|(register, _)| { register.access() == Access::Setting })
        );
    }
}

/// 879 slices of 6 * 2048 / 12 + 1 beats; 2048 * 8 levels of ceil(880 / 12) beats and one.
#[test]
fn the_primary_set_has_these_beats() {
    let set = &secure_sets()[0];
    let settings = Settings::new(&card(), set, rings(), 0..0x100_0000).expect("settings");
    assert_eq!(settings.key_beats, 879 * 1025);
    assert_eq!(settings.keyswitch_groups, 74);
    assert_eq!(settings.keyswitch_beats, 2048 * 8 * 74 + 1);
    assert_eq!(settings.keyswitch_fields(), 3);
}

#[test]
fn nothing_overlaps() {
    for pages in [1 << 16, 1 << 17, 1 << 18, 1 << 19] {
        let card = Capabilities {
            memory_pages: pages,
            bank_log2: 27,
            ..card()
        };
        let set = &secure_sets()[0];
        let Ok(settings) = Settings::new(&card, set, rings(), 0..0x100_0000) else {
            continue;
        };
        let mut areas = vec![(
            settings.lut_address,
            u64::from(card.lut_slots) << (settings.log2_n + 3),
        )];
        for (channels, address, beats) in [
            (card.key, settings.key_address, settings.key_beats),
            (
                card.keyswitch,
                settings.keyswitch_address,
                settings.keyswitch_beats,
            ),
        ] {
            for channel in 0..u64::from(channels.count) {
                areas.push((address + (channel << card.bank_log2), channels.bytes(beats)));
            }
        }
        areas.sort_unstable();
        for pair in areas.windows(2) {
            assert!(
                pair[0].0 + pair[0].1 <= pair[1].0,
                "{pages} pages: {pair:x?}"
            );
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let good = Settings::new(&card(), &toy(), rings(), 0x1_0000..0x100_0000).expect("settings");
    let cases: [(JobStatus, Change); 14] = [
        (JobStatus::UnsupportedParameters, |s| s.log2_n = 12),
        (JobStatus::UnsupportedParameters, |s| s.log2_n = 7),
        (JobStatus::UnsupportedParameters, |s| s.lwe_dimension = 1024),
        (JobStatus::UnsupportedParameters, |s| s.level_count = 4),
        (JobStatus::UnsupportedParameters, |s| {
            (s.base_log, s.level_count) = (21, 3)
        }),
        (JobStatus::UnsupportedParameters, |s| {
            s.keyswitch_base_log = 5
        }),
        (JobStatus::UnsupportedParameters, |s| {
            s.keyswitch_level_count = 8
        }),
        (JobStatus::UnsupportedParameters, |s| {
            s.keyswitch_modulus_log2 = 33
        }),
        (JobStatus::UnsupportedParameters, |s| {
            s.keyswitch_groups = 257
        }),
        (JobStatus::LengthOverflow, |s| s.ring_entries = 1),
        (JobStatus::MisalignedAddress, |s| s.lut_address += 8),
        (JobStatus::MisalignedAddress, |s| s.submission_ring += 32),
        (JobStatus::AddressOutOfRange, |s| {
            s.completion_ring = 0x100_0000
        }),
        (JobStatus::AddressOutOfRange, |s| {
            s.key_address = u64::MAX - 4095
        }),
    ];
    for (i, (status, change)) in cases.into_iter().enumerate() {
        let mut settings = good;
        change(&mut settings);
        assert_eq!(settings.check(&card()), Err(status), "case {i}");
    }
    assert_eq!(good.check(&card()), Ok(()));
}

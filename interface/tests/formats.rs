//! The formats that cross the device boundary, against byte strings written by hand.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor, KeyKind, LutSelection};
use gyrus_interface::layout::Checksum;
use gyrus_interface::ring::Cursor;
use gyrus_interface::{Completion, Job, JobStatus};
use proptest::prelude::*;

fn any_job() -> impl Strategy<Value = Job> {
    let luts = prop_oneof![
        any::<u32>().prop_map(|slot| LutSelection::One { slot }),
        any::<u64>().prop_map(|list| LutSelection::Each { list }),
    ];
    let kind = prop_oneof![Just(KeyKind::Bootstrapping), Just(KeyKind::Keyswitch)];
    prop_oneof![
        (
            any::<u64>(),
            any::<u64>(),
            any::<u32>(),
            luts,
            any::<u16>(),
            any::<u32>()
        )
            .prop_map(|(source, destination, count, luts, samples, stride)| {
                Job::KeyswitchBootstrap {
                    source,
                    destination,
                    count,
                    luts,
                    samples,
                    stride,
                }
            }),
        (kind, any::<u64>(), any::<u64>(), any::<u64>(), any::<u32>()).prop_map(
            |(kind, source, offset, length, checksum)| Job::UploadKey {
                kind,
                source,
                offset,
                length,
                checksum
            }
        ),
        (any::<u64>(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
            |(source, slot, count, checksum)| Job::UploadLuts {
                source,
                slot,
                count,
                checksum
            }
        ),
        (any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(source, destination, length)| {
            Job::Copy {
                source,
                destination,
                length,
            }
        }),
        Just(Job::Barrier),
    ]
}

proptest! {
    #[test]
    fn descriptors_survive_their_encoding(job in any_job(), tag: u64, phase: bool) {
        let descriptor = Descriptor { tag, phase, job };
        prop_assert_eq!(Descriptor::decode(&descriptor.encode()), Ok(descriptor));
    }

    #[test]
    fn arbitrary_bytes_never_decode_to_something_else(bytes: [u8; 32], tail: [u8; 32]) {
        let mut all = [0; DESCRIPTOR_BYTES];
        all[..32].copy_from_slice(&bytes);
        all[32..].copy_from_slice(&tail);
        all[0] %= 7;
        if let Ok(descriptor) = Descriptor::decode(&all) {
            prop_assert_eq!(descriptor.encode(), all);
        }
    }
}

#[test]
fn descriptor_bytes_stand_where_the_table_says() {
    let job = Job::KeyswitchBootstrap {
        source: 0x1112_1314_1516_1718,
        destination: 0x2122_2324_2526_2728,
        count: 0x3132_3334,
        luts: LutSelection::One { slot: 0x4142_4344 },
        samples: 0x5152,
        stride: 0x6162_6364,
    };
    let bytes = Descriptor {
        tag: 0x7172_7374_7576_7778,
        phase: true,
        job,
    }
    .encode();
    let mut expected = Vec::new();
    expected.extend([1, 1, 0x52, 0x51, 0x34, 0x33, 0x32, 0x31]);
    expected.extend([0x78, 0x77, 0x76, 0x75, 0x74, 0x73, 0x72, 0x71]);
    expected.extend([0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]);
    expected.extend([0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21]);
    expected.extend([0; 8]);
    expected.extend([0x44, 0x43, 0x42, 0x41, 0x64, 0x63, 0x62, 0x61]);
    expected.extend([0; 16]);
    assert_eq!(bytes.to_vec(), expected);
}

#[test]
fn descriptors_with_undefined_parts_are_refused() {
    let mut bytes = Descriptor {
        tag: 1,
        phase: true,
        job: Job::Barrier,
    }
    .encode();
    bytes[0] = 0xee;
    assert_eq!(Descriptor::decode(&bytes), Err(JobStatus::UnknownOpcode));
    let mut bytes = Descriptor {
        tag: 1,
        phase: true,
        job: Job::Barrier,
    }
    .encode();
    for at in [1, 2, 5, 17, 31, 39, 40, 47, 50, 52, 63] {
        bytes[at] |= 0x80;
        assert_eq!(
            Descriptor::decode(&bytes),
            Err(JobStatus::MalformedDescriptor),
            "byte {at}"
        );
        bytes[at] &= 0x7f;
    }
}

#[test]
fn completions_survive_and_unknown_status_codes_do_not() {
    for &status in JobStatus::ALL {
        let completion = Completion {
            tag: 7,
            cycles: 1 << 40,
            detail: 3,
            status,
            phase: true,
            consumed: 9,
        };
        assert_eq!(Completion::decode(&completion.encode()), Ok(completion));
    }
    let mut bytes = [0; COMPLETION_BYTES];
    bytes[24] = 0xff;
    assert_eq!(Completion::decode(&bytes), Err(0xff));
}

#[test]
fn the_checksum_is_crc32c() {
    // Test vectors of RFC 3720, appendix B.4.
    assert_eq!(Checksum::default().bytes(&[0; 32]).value(), 0x8a91_36aa);
    assert_eq!(Checksum::default().bytes(&[0xff; 32]).value(), 0x62a8_ab43);
    let ascending: Vec<u8> = (0..32).collect();
    assert_eq!(Checksum::default().bytes(&ascending).value(), 0x46dd_794e);
    let words: Vec<u64> = ascending
        .chunks(8)
        .map(|c| u64::from_le_bytes(c.try_into().unwrap()))
        .collect();
    assert_eq!(Checksum::default().u64_words(&words).value(), 0x46dd_794e);
}

#[test]
fn the_phase_flips_at_every_wrap() {
    let mut cursor = Cursor::start(3);
    let seen: Vec<_> = (0..7)
        .map(|_| {
            let here = (cursor.index(), cursor.phase());
            cursor.advance();
            here
        })
        .collect();
    let (one, zero) = (true, false);
    assert_eq!(
        seen,
        [
            (0, one),
            (1, one),
            (2, one),
            (0, zero),
            (1, zero),
            (2, zero),
            (0, one)
        ]
    );
}

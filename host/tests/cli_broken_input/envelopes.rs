//! Files whose envelope is broken, and files of another kind.

use super::cli_support::PREFIX;
use super::{Case, case, read, value_case};
use std::path::Path;

/// The sound encrypted input, changed byte by byte.
fn input(change: impl Fn(&mut Vec<u8>) + 'static) -> impl Fn(&Path) -> Vec<u8> {
    move |directory| {
        let mut file = read(directory, "input.gyr");
        change(&mut file);
        file
    }
}

pub(super) fn cases() -> Vec<Case> {
    let option = "--input";
    vec![
        case("empty file", option, &["'broken' is empty"], |_| Vec::new()),
        case(
            "text file",
            option,
            &["'broken' is not a Gyrus file"],
            |_| b"hello, world".to_vec(),
        ),
        case(
            "shorter than the magic, and another",
            option,
            &["is not a Gyrus file"],
            |_| b"x".to_vec(),
        ),
        case("random bytes", option, &["is not a Gyrus file"], |_| {
            (0..10_000_u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect()
        }),
        case(
            "text-mode transfer",
            option,
            &["is not a Gyrus file"],
            |directory| {
                let file = read(directory, "input.gyr");
                file.iter().copied().filter(|byte| *byte != b'\r').collect()
            },
        ),
        case(
            "truncated within the magic",
            option,
            &["is truncated"],
            input(|f| f.truncate(5)),
        ),
        case(
            "truncated within the prefix",
            option,
            &["is truncated"],
            input(|f| f.truncate(PREFIX - 1)),
        ),
        case(
            "truncated within the header",
            option,
            &["is truncated"],
            input(|f| f.truncate(PREFIX + 40)),
        ),
        case(
            "truncated within the payload",
            option,
            &["is truncated"],
            input(|f| f.truncate(f.len() - 60)),
        ),
        case(
            "truncated by one byte",
            option,
            &["is truncated"],
            input(|f| f.truncate(f.len() - 1)),
        ),
        case(
            "one byte more",
            option,
            &["has 1 bytes after its end"],
            input(|f| f.push(0)),
        ),
        case(
            "twice",
            option,
            &["bytes after its end"],
            input(|f| f.extend_from_within(..)),
        ),
        case(
            "bit flipped in the header",
            option,
            &["is corrupted", "checksum"],
            input(|f| f[PREFIX + 30] ^= 1),
        ),
        case(
            "bit flipped in the payload",
            option,
            &["is corrupted", "checksum"],
            input(|f| {
                let at = f.len() - 40;
                f[at] ^= 0x10;
            }),
        ),
        case(
            "bit flipped in the checksum",
            option,
            &["is corrupted", "checksum"],
            input(|f| {
                let at = f.len() - 1;
                f[at] ^= 0x80;
            }),
        ),
        case(
            "bit flipped in the magic",
            option,
            &["is not a Gyrus file"],
            input(|f| f[3] ^= 1),
        ),
        case(
            "future version",
            option,
            &["format version 2", "newer gyrus"],
            input(|f| f[8] = 2),
        ),
        case(
            "version zero",
            option,
            &["format version 0", "make the file again"],
            input(|f| f[8] = 0),
        ),
        case(
            "unknown kind",
            option,
            &["a kind that this program does not know (number 77)"],
            input(|f| f[10] = 77),
        ),
        case(
            "huge header length",
            option,
            &["declares a header of 4294967295 bytes"],
            input(|f| {
                f[12..16].fill(0xff);
            }),
        ),
        case(
            "huge payload length",
            option,
            &["declares a payload of 18446744073709551615 bytes"],
            input(|f| {
                f[16..24].fill(0xff);
            }),
        ),
        case(
            "payload length above the file's",
            option,
            &["is truncated"],
            input(|f| f[18] = 1),
        ),
        value_case(
            "no such file",
            option,
            "nowhere.gyr",
            &["cannot open 'nowhere.gyr'", "No such file"],
        ),
        value_case("directory", option, ".", &["'.' is not a regular file"]),
        value_case(
            "device file",
            option,
            "/dev/zero",
            &["'/dev/zero' is not a regular file"],
        ),
        Case {
            name: "pipe that nobody writes to",
            option,
            value: "pipe",
            make: Box::new(|directory| {
                let made = std::process::Command::new("mkfifo")
                    .arg(directory.join("pipe"))
                    .status();
                assert!(made.unwrap().success());
            }),
            says: vec!["'pipe' is not a regular file"],
            code: 1,
        },
    ]
}

pub(super) fn kinds() -> Vec<Case> {
    let secret = "IS A SECRET CLIENT KEY";
    vec![
        value_case(
            "client key as evaluation key",
            "--evaluation-key",
            "client.key",
            &[secret, "an evaluation key was expected", "make new keys"],
        ),
        value_case(
            "client key as input",
            "--input",
            "client.key",
            &[secret, "an encrypted input was expected"],
        ),
        value_case(
            "evaluation key as input",
            "--input",
            "evaluation.key",
            &[
                "holds an evaluation key, but an encrypted input was expected",
                "'gyrus encrypt'",
            ],
        ),
        value_case(
            "input as evaluation key",
            "--evaluation-key",
            "input.gyr",
            &[
                "holds an encrypted input, but an evaluation key was expected",
                "'gyrus keygen'",
            ],
        ),
        value_case(
            "output as input",
            "--input",
            "sound.gyr",
            &["holds an encrypted output, but an encrypted input was expected"],
        ),
        value_case(
            "client key as model",
            "--model",
            "client.key",
            &["the model is malformed"],
        ),
    ]
}

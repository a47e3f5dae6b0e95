//! Files with a sound checksum whose header lies, or does not fit the other files.

use super::cli_support::{join, split, with_header};
use super::{Case, case, read};
use gyrus_interface::{PRIMARY, ParameterSet, find};
use serde_json::{Value, json};
use std::path::Path;

const EVALUATION_KEY: u16 = 2;
const ENCRYPTED_INPUT: u16 = 3;

/// The sound encrypted input with another header and a sound checksum.
fn header(change: impl Fn(&mut Value) + 'static) -> impl Fn(&Path) -> Vec<u8> {
    move |directory| with_header(&read(directory, "input.gyr"), &change)
}

fn primary() -> ParameterSet {
    find(PRIMARY).unwrap()
}

pub(super) fn cases() -> Vec<Case> {
    let option = "--input";
    vec![
        case(
            "header is not JSON",
            option,
            &["the header of 'broken' is malformed"],
            |directory| {
                let (_, payload) = split(&read(directory, "input.gyr"));
                join(ENCRYPTED_INPUT, b"{\"tool\": ", &payload)
            },
        ),
        case(
            "header of deeply nested lists",
            option,
            &["is malformed", "expected a string"],
            |_| join(ENCRYPTED_INPUT, "[".repeat(60_000).as_bytes(), &[]),
        ),
        case(
            "header misses a field",
            option,
            &["is malformed", "missing field `key_id`"],
            header(|h| {
                h.as_object_mut().unwrap().remove("key_id");
            }),
        ),
        case(
            "header has an unknown field",
            option,
            &["is malformed", "unknown field"],
            header(|h| h["more"] = json!(1)),
        ),
        case(
            "malformed key id",
            option,
            &["is malformed", "key id"],
            header(|h| h["key_id"] = json!("12")),
        ),
        case(
            "other key pair",
            option,
            &["belongs to another key pair"],
            header(|h| {
                h["key_id"] = json!("00000000000000000000000000000000");
            }),
        ),
        case(
            "other parameters",
            option,
            &[
                "was made for parameter set 'V1_7_HPU",
                "the keys for 'INSECURE_TOY_N256'",
            ],
            header(|h| {
                h["parameters"] = serde_json::to_value(primary()).unwrap();
            }),
        ),
        case(
            "unknown parameter set",
            option,
            &["are refused", "is not one that Gyrus knows"],
            header(|h| {
                h["parameters"]["name"] = json!("SOMETHING_ELSE");
            }),
        ),
        case(
            "secure name on toy parameters",
            option,
            &["are refused", "does not have the values"],
            header(|h| {
                h["parameters"]["name"] = json!(PRIMARY);
            }),
        ),
        case(
            "parameters out of range",
            option,
            &["polynomial_size = 1000"],
            header(|h| {
                h["parameters"]["polynomial_size"] = json!(1000);
            }),
        ),
        case(
            "dimension of 2^60",
            option,
            &["lwe_dimension = 1152921504606846976"],
            header(|h| {
                h["parameters"]["lwe_dimension"] = json!(1_u64 << 60);
            }),
        ),
        case(
            "other model",
            option,
            &["was made for model 'toy-comparison'"],
            header(|h| {
                h["model"]["hash"] = json!("00".repeat(32));
            }),
        ),
        case(
            "no images",
            option,
            &["declares no values"],
            header(|h| h["rows"] = json!(0)),
        ),
        case(
            "more images than ciphertexts",
            option,
            &["do not make 7 images of 2 values"],
            header(|h| h["rows"] = json!(7)),
        ),
        case(
            "number of values overflows",
            option,
            &["is inconsistent"],
            header(|h| {
                h["rows"] = json!(1_u64 << 62);
                h["columns"] = json!(1_u64 << 62);
            }),
        ),
        case(
            "values do not match the model",
            option,
            &["the model takes 2 values per image, not 5"],
            |directory| {
                // 6 images of 16 + 2 * 8 bytes hold 4 images of 16 + 4 * 8 bytes; 192 bytes are not 5's
                // multiple, so a payload of the right length is made.
                let (mut header, mut payload) = split(&read(directory, "input.gyr"));
                header["rows"] = json!(1);
                header["columns"] = json!(5);
                payload.truncate(16 + 5 * 8);
                join(
                    ENCRYPTED_INPUT,
                    &serde_json::to_vec(&header).unwrap(),
                    &payload,
                )
            },
        ),
        case(
            "evaluation key of another length",
            "--evaluation-key",
            &["is inconsistent", "bytes of key where"],
            |directory| {
                let (mut header, mut payload) = split(&read(directory, "evaluation.key"));
                payload.truncate(payload.len() - 8);
                header["key_id"] = json!(blake3::hash(&payload).to_hex()[..32]);
                join(
                    EVALUATION_KEY,
                    &serde_json::to_vec(&header).unwrap(),
                    &payload,
                )
            },
        ),
        case(
            "evaluation key that its id does not name",
            "--evaluation-key",
            &["not the one that its id names"],
            |directory| {
                let (header, mut payload) = split(&read(directory, "evaluation.key"));
                payload[1000] ^= 1;
                join(
                    EVALUATION_KEY,
                    &serde_json::to_vec(&header).unwrap(),
                    &payload,
                )
            },
        ),
        case(
            "evaluation key corrupted",
            "--evaluation-key",
            &["is corrupted"],
            |directory| {
                let mut file = read(directory, "evaluation.key");
                file[5000] ^= 1;
                file
            },
        ),
    ]
}

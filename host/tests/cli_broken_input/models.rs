//! Models that are malformed, out of range, or for other data.

use super::cli_support::toy_model;
use super::{Case, case, value_case};
use serde_json::{Value, json};
use std::path::Path;

/// The sound model, changed.
fn model(change: impl Fn(&mut Value) + 'static) -> impl Fn(&Path) -> Vec<u8> {
    move |_| {
        let mut model = toy_model();
        change(&mut model);
        model.to_string().into_bytes()
    }
}

pub(super) fn cases() -> Vec<Case> {
    let option = "--model";
    vec![
        value_case(
            "model missing",
            option,
            "nowhere.json",
            &["cannot read model 'nowhere.json'", "No such file"],
        ),
        value_case(
            "model is a directory",
            option,
            ".",
            &["cannot read model '.'", "not a regular file"],
        ),
        value_case(
            "endless model",
            option,
            "/dev/zero",
            &["cannot read model '/dev/zero'", "not a regular file"],
        ),
        case(
            "model is not JSON",
            option,
            &["model 'broken' cannot be used", "malformed"],
            |_| b"{\"format\": ".to_vec(),
        ),
        case(
            "model of deeply nested lists",
            option,
            &["malformed", "EOF"],
            |_| [&b"{\"description\": "[..], "[".repeat(200_000).as_bytes()].concat(),
        ),
        case("model is empty", option, &["malformed", "EOF"], |_| {
            Vec::new()
        }),
        case(
            "model without layers",
            option,
            &["the list of layers has 0 entries"],
            model(|m| m["layers"] = json!([])),
        ),
        case(
            "model misses a field",
            option,
            &["missing field `input`"],
            model(|m| {
                m.as_object_mut().unwrap().remove("input");
            }),
        ),
        case(
            "model of another format",
            option,
            &["format 'gyrus-model 2'"],
            model(|m| m["version"] = json!(2)),
        ),
        case(
            "unknown layer type",
            option,
            &["unknown variant `softmax`"],
            model(|m| m["layers"][1]["type"] = json!("softmax")),
        ),
        case(
            "a weight too few",
            option,
            &[
                "layer '0 (linear)'",
                "a row of weights has 1 entries where 2 belong",
            ],
            model(|m| {
                m["layers"][0]["weights"][1] = json!([1]);
            }),
        ),
        case(
            "a row too many",
            option,
            &["layer '2 (linear)': weights has 3 entries where 2 belong"],
            model(|m| {
                m["layers"][2]["weights"] = json!([[1, 1], [1, 1], [1, 1]]);
            }),
        ),
        case(
            "bias of another length",
            option,
            &["bias has 1 entries where 2 belong"],
            model(|m| m["layers"][0]["bias"] = json!([0])),
        ),
        case(
            "weight out of range",
            option,
            &["a weight is 40000, outside of -32768..=32768"],
            model(|m| m["layers"][0]["weights"][0][0] = json!(40_000)),
        ),
        case(
            "weight is not an integer",
            option,
            &["malformed", "floating point"],
            model(|m| m["layers"][0]["weights"][0][0] = json!(0.5)),
        ),
        case(
            "weight beyond 32 bits",
            option,
            &["malformed", "invalid value"],
            model(|m| m["layers"][0]["weights"][0][0] = json!(1_u64 << 40)),
        ),
        case(
            "bias out of range",
            option,
            &["a bias is"],
            model(|m| m["layers"][0]["bias"][1] = json!(i64::MAX)),
        ),
        case(
            "table of no known length",
            option,
            &["the table's length is 255"],
            model(|m| {
                m["layers"][1]["table"]
                    .as_array_mut()
                    .unwrap()
                    .truncate(255);
            }),
        ),
        case(
            "table of another length",
            option,
            &["table has 512 entries where 256 belong"],
            model(|m| {
                let half = m["layers"][1]["table"].as_array().unwrap().clone();
                m["layers"][1]["table"].as_array_mut().unwrap().extend(half);
            }),
        ),
        case(
            "table entry out of range",
            option,
            &["a table entry is 8192, outside of"],
            model(|m| m["layers"][1]["table"][7] = json!(8192)),
        ),
        case(
            "layers that do not fit together",
            option,
            &["layer '1 (lut)'", "comes from layer '0 (linear)'"],
            model(|m| m["layers"][1]["count"] = json!(3)),
        ),
        case(
            "layer of no width",
            option,
            &["number of values is 0"],
            model(|m| m["layers"][1]["count"] = json!(0)),
        ),
        case(
            "input of another shape",
            option,
            &["shape has 3 entries where 2 belong"],
            model(|m| m["input"]["shape"] = json!([3])),
        ),
        case(
            "scale out of range",
            option,
            &["delta_log2 is 64, outside of 0..=63"],
            model(|m| m["input"]["delta_log2"] = json!(64)),
        ),
        case(
            "outputs that wrap around",
            option,
            &["may reach", "above the limit of 0.45"],
            model(|m| {
                m["layers"][2]["weights"] = json!([[2, -1], [-1, 1]]);
                m["output"]["max_abs"] = json!(9000);
            }),
        ),
        case(
            "input of a table that wraps around",
            option,
            // 16 * 8 * 2^55 is a quarter of the torus; 16 * 15 * 2^55 is 0.47 of it.
            &[
                "layer '1 (lut)': its input 1 may reach 0.4688 of the torus",
                "above the limit of 0.45",
                "\"periodic\": true",
            ],
            model(|m| m["layers"][0]["weights"] = json!([[8, -6], [-6, 15]])),
        ),
        case(
            "bias that makes a table's input wrap around",
            option,
            &["layer '1 (lut)': its input 0 may reach 0.4883 of the torus"],
            model(|m| m["layers"][0]["bias"] = json!([-154, 0])),
        ),
        case(
            "outputs beyond what the file says",
            option,
            &["max_abs is 5000"],
            model(|m| m["output"]["max_abs"] = json!(5000)),
        ),
        case(
            "classes of another number",
            option,
            &["classes has 1 entries where 2 belong"],
            model(|m| m["output"]["classes"] = json!(["a"])),
        ),
        case(
            "unknown parameter set",
            option,
            &["parameter set 'NONE'"],
            model(|m| m["parameter_set"] = json!("NONE")),
        ),
        case(
            "model of another polynomial size",
            option,
            &["was made for model"],
            |_| {
                std::fs::read(
                    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits/digits.json"),
                )
                .unwrap()
            },
        ),
        case(
            "model that the input is not for",
            option,
            &["was made for model 'toy-comparison'", "not for 'other'"],
            model(|m| m["name"] = json!("other")),
        ),
    ]
}

//! Images from files, and the held-out ones that come with the program.

use super::data::read_file;
use super::error::CliError;
use crate::model::{DIGITS_HELD_OUT, Network};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::path::{Path, PathBuf};

/// Largest accepted image file, in bytes.
const FILE_LIMIT: u64 = 256 << 20;

/// An image in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// Its number, where it came from.
    pub(super) number: usize,
    /// Its class, when that is known.
    pub(super) label: Option<usize>,
    /// The model's input values.
    pub(super) values: Vec<i64>,
}

/// The JSON form, as in `models/digits/heldout.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImagesFile {
    format: String,
    version: u32,
    images: Vec<ImageFile>,
    #[serde(rename = "model")]
    _model: Option<IgnoredAny>,
    #[serde(rename = "source")]
    _source: Option<IgnoredAny>,
    #[serde(rename = "licence")]
    _licence: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageFile {
    label: Option<usize>,
    pixels: Vec<i64>,
    #[serde(rename = "index")]
    _index: Option<IgnoredAny>,
    #[serde(rename = "plaintext_logits")]
    _plaintext_logits: Option<IgnoredAny>,
}

fn from_json(text: &str) -> Result<Vec<Image>, String> {
    let file: ImagesFile = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if file.format != "gyrus-images" || file.version != 1 {
        let (format, version) = (file.format, file.version);
        return Err(format!(
            "its format is '{format} {version}', not 'gyrus-images 1'"
        ));
    }
    let images = file.images.into_iter().enumerate();
    Ok(images
        .map(|(number, image)| Image {
            number,
            label: image.label,
            values: image.pixels,
        })
        .collect())
}

fn from_lines(text: &str) -> Result<Vec<Image>, String> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .enumerate()
        .map(|(number, (line, text))| {
            let values = text.split(',').map(|value| {
                value
                    .trim()
                    .parse()
                    .map_err(|_| format!("line {}: '{}' is not an integer", line + 1, value.trim()))
            });
            Ok(Image {
                number,
                label: None,
                values: values.collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

/// Checks images against the model that they are for.
fn check(images: Vec<Image>, network: &Network, path: &Path) -> Result<Vec<Image>, CliError> {
    let refuse = |reason| CliError::Images {
        path: path.to_path_buf(),
        reason,
    };
    if images.is_empty() {
        return Err(refuse("there is no image in it".into()));
    }
    for image in &images {
        network
            .check_input(&image.values)
            .map_err(|e| refuse(format!("image {}: {e}", image.number)))?;
    }
    Ok(images)
}

/// Reads images for `network`.
pub(super) fn read(path: &Path, network: &Network) -> Result<Vec<Image>, CliError> {
    let io = |source| CliError::ImagesFile {
        path: path.to_path_buf(),
        source,
    };
    let refuse = |reason| CliError::Images {
        path: path.to_path_buf(),
        reason,
    };
    let content = read_file(path, FILE_LIMIT)
        .map_err(io)?
        .ok_or_else(|| refuse(format!("it has more than {FILE_LIMIT} bytes")))?;
    let text = String::from_utf8(content).map_err(|_| refuse("it is not text".into()))?;
    let images = if text.trim_start().starts_with('{') {
        from_json(&text)
    } else {
        from_lines(&text)
    };
    check(images.map_err(refuse)?, network, path)
}

/// All held-out images.
pub(super) fn all_held_out(network: &Network) -> Result<Vec<Image>, CliError> {
    let path = PathBuf::from("heldout.json (in the program)");
    let images = from_json(DIGITS_HELD_OUT).map_err(|reason| CliError::Images {
        path: path.clone(),
        reason,
    })?;
    check(images, network, &path)
}

/// The held-out images of these numbers.
pub(super) fn held_out(numbers: &[usize], network: &Network) -> Result<Vec<Image>, CliError> {
    let all = all_held_out(network)?;
    let last = all.len().saturating_sub(1);
    numbers
        .iter()
        .map(|&index| {
            all.get(index)
                .cloned()
                .ok_or(CliError::NoSuchImage { index, last })
        })
        .collect()
}

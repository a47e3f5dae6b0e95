//! What cards take, for the model.

use super::{FlowError, tell, tool, written};
use crate::resources::{ChooseError, Measured, MeasuredCard};
use crate::synthesis::synthesise;
use gyrus_hdl::card::CardParameters;
use gyrus_hdl::catalogue::emit_card;
use gyrus_hdl::emit::write_files;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Synthesises cards of so many lanes for each of some families, and writes a file with what they take.
///
/// # Errors
/// [`FlowError`] if a card cannot be built or synthesised, or the file not be written.
pub fn measure(
    lanes: &[u32],
    families: &[String],
    directory: &Path,
    file: &Path,
    out: &mut dyn Write,
) -> Result<(), FlowError> {
    let mut card = Vec::new();
    let mut version = String::new();
    for family in families {
        let tool = tool(family, directory);
        version = tool.version()?;
        for &lanes in lanes {
            let start = Instant::now();
            let parameters =
                CardParameters::for_lanes(lanes as usize).map_err(ChooseError::from)?;
            let design = emit_card("gyrus_card", &parameters).map_err(ChooseError::from)?;
            let progress = &mut |done, known| tell(lanes as usize, done, known);
            let found = synthesise(&tool, &design.verilog(), "gyrus_card", progress)?.total;
            let seconds = start.elapsed().as_secs_f64();
            writeln!(
                out,
                "{family}, P = {lanes}: {} LUTs in {} places, {} FFs, {} DSPs; {seconds:.0} s",
                found.lut,
                found.lut_places(),
                found.ff,
                found.dsp
            )
            .map_err(written)?;
            card.push(MeasuredCard::new(family, lanes, &found));
        }
    }
    let measured = Measured {
        tool: version,
        card,
    };
    let text = toml::to_string(&measured).map_err(|error| {
        FlowError::Write(file.display().to_string(), std::io::Error::other(error))
    })?;
    let text = format!("# Written by `scripts/bitstream measure`.\n{text}");
    Ok(write_files(&[(file, text.as_bytes())])?)
}

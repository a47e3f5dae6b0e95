//! What cards take, for the model.

use super::{FlowError, tell, tool, written};
use crate::process;
use crate::resources::{ChooseError, Measured, MeasuredAlone, MeasuredCard, MeasuredUnit};
use crate::synthesis::synthesise;
use gyrus_hdl::blind_rotate::CoreParameters;
use gyrus_hdl::card::CardParameters;
use gyrus_hdl::catalogue::{CatalogueError, emit_card, find};
use gyrus_hdl::emit::write_files;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Units that are looked at alone, too: names in the catalogue of designs, and in tables.
const ALONE: [(&str, &str); 2] = [
    ("mul_lazy", "a multiplication modulo q"),
    ("forward_butterfly", "a butterfly"),
];

/// Synthesises cards of so many lanes for each of some families, and writes what they take to a file. What it says of
/// other cards stays, if the same version of Yosys found it.
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
    let mut alone = Vec::new();
    let mut version = String::new();
    for family in families {
        let tool = tool(family, directory);
        version = tool.version()?;
        for (design, name) in ALONE {
            let entry = find(design).map_err(ChooseError::from)?;
            let core = CoreParameters::for_lanes(2).map_err(CatalogueError::from);
            let design = core.and_then(|core| (entry.emit)(&entry.top(), &core));
            let design = design.map_err(ChooseError::from)?;
            let found = synthesise(&tool, &design.verilog(), &entry.top(), &mut |_, _| ())?;
            alone.push(MeasuredAlone {
                family: family.clone(),
                unit: MeasuredUnit::new(name, &found.total),
            });
        }
        for &lanes in lanes {
            let start = Instant::now();
            let parameters =
                CardParameters::for_lanes(lanes as usize).map_err(ChooseError::from)?;
            let design = emit_card("gyrus_card", &parameters).map_err(ChooseError::from)?;
            let progress = &mut |done, known| tell(lanes as usize, done, known);
            let breakdown = synthesise(&tool, &design.verilog(), "gyrus_card", progress)?;
            let found = &breakdown.total;
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
            card.push(MeasuredCard::new(family, lanes, &breakdown));
        }
    }
    let known = if file.exists() {
        Measured::parse(&process::read(file)?).map_err(ChooseError::from)?
    } else {
        Measured::default()
    };
    let measured = known.and(Measured {
        tool: version,
        card,
        alone,
    });
    let text = toml::to_string(&measured).map_err(|error| {
        FlowError::Write(file.display().to_string(), std::io::Error::other(error))
    })?;
    let text = format!("# Written by `scripts/bitstream measure`.\n{text}");
    Ok(write_files(&[(file, text.as_bytes())])?)
}

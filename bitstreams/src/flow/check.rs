//! All that can be checked without a vendor's tools, and is, before they are started.

use super::{FlowError, Order, scripts, table, tell, tool, written};
use crate::Resources;
use crate::resources::{ChooseError, candidate, choose, lines};
use crate::synthesis::synthesise;
use gyrus_hdl::catalogue::emit_card;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// The card fits on the board.
    pub fits: bool,
    /// What the vendor's scripts are told, if they were checked.
    pub parameters: Option<PathBuf>,
}

/// Checks a board's card, and prints what was found.
///
/// # Errors
/// [`FlowError`] if a check could not be made, or a script, the wrapper or a constraint is wrong.
pub fn check(order: &Order, out: &mut dyn Write) -> Result<Checked, FlowError> {
    let board = &order.board;
    let clock = order.clock_mhz();
    writeln!(out, "board    {}, {}", board.title, board.fpga.part).map_err(written)?;
    let chosen = match order.lanes {
        Some(lanes) => candidate(board, lanes, clock)?,
        None => {
            let choice = choose(board, clock)?;
            write!(out, "\n{}", table::choice(board, &choice)).map_err(written)?;
            choice.candidates[choice.best].clone()
        }
    };
    let lanes = chosen.parameters.core.lanes;
    let result = |out: &mut dyn Write, fits: bool| {
        for reason in &chosen.unfit {
            writeln!(out, "\nbeyond the board: {reason}").map_err(written)?;
        }
        let verdict = if fits { "fits" } else { "DOES NOT FIT" };
        let name = &board.name;
        writeln!(out, "\nresult   P = {lanes} {verdict} on board {name}").map_err(written)
    };
    if chosen.hopeless() {
        let error = 100.0 * chosen.model_error;
        writeln!(
            out,
            "\ncard     P = {lanes}, {clock} MHz (assumed): far too large by the model, whose largest error of LUTs is \
             {error:.1}%; not synthesised\n\n{}",
            table::model(&chosen)
        )
        .map_err(written)?;
        result(out, false)?;
        return Ok(Checked {
            fits: false,
            parameters: None,
        });
    }
    let design = emit_card("gyrus_card", &chosen.parameters).map_err(ChooseError::from)?;
    // Seconds; a clock that cannot be made is found before the minutes of synthesis.
    let parameters = scripts::check(order, &chosen.parameters, &design, out)?;
    let tool = tool(board.fpga.model(), &order.directory);
    let start = Instant::now();
    let progress = &mut |done, known| tell(lanes, done, known);
    let found = synthesise(&tool, &design.verilog(), "gyrus_card", progress)?;
    writeln!(
        out,
        "\ncard     P = {lanes}, {clock} MHz (assumed), synthesised by unit in {:.0} s: {}, synth_xilinx -family {}\n",
        start.elapsed().as_secs_f64(),
        tool.version()?,
        tool.family,
    )
    .map_err(written)?;
    let memories = found.total.memories.iter();
    let blocks = board.blocks(memories.map(|(shape, count)| (*shape, *count)));
    let takes = Resources {
        lut: found.total.lut_places(),
        ff: found.total.ff,
        dsp: found.total.dsp,
        bram36: blocks.ram18.div_ceil(2),
        uram: blocks.ultraram,
    };
    let lines = lines(board, &takes);
    write!(out, "{}", table::parts(&found)).map_err(written)?;
    write!(out, "\n{}", table::resources(&lines, &chosen)).map_err(written)?;
    let fits = chosen.unfit.is_empty() && lines.iter().all(|line| line.fits());
    result(out, fits)?;
    Ok(Checked { fits, parameters })
}

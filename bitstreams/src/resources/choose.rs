//! The number of lanes that makes the most of a board, by calculation.

use super::{Line, Model, ModelError, lines};
use crate::synthesis::{SynthesisError, memories};
use crate::{Board, Resources};
use gyrus_hdl::card::{CardError, CardParameters};
use gyrus_hdl::catalogue::{CatalogueError, emit_card};
use gyrus_interface::{PRIMARY, catalogue};
use gyrus_sim::timing::{Sustained, TimingError, TimingModel};
use thiserror::Error;

/// By so many of its largest errors the model may be wrong about a card that it was not fitted to.
const ERRORS: f64 = 4.0;

/// The least error that is assumed: a model of few cards goes through all of them.
const LEAST_ERROR: f64 = 0.02;

/// Lanes that there are cards for.
const LANES: [u32; 7] = [2, 4, 8, 16, 32, 64, 128];

/// Why nothing can be chosen.
#[derive(Debug, Error)]
pub enum ChooseError {
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// There is no such card.
    #[error(transparent)]
    Card(#[from] CardError),
    /// It cannot be written.
    #[error(transparent)]
    Emit(#[from] CatalogueError),
    /// It cannot be taken apart.
    #[error(transparent)]
    Synthesis(#[from] SynthesisError),
    /// Its speed.
    #[error(transparent)]
    Timing(#[from] TimingError),
    /// The primary parameter set is missing.
    #[error("the catalogue has no set '{PRIMARY}'")]
    Set,
    /// Nothing fits.
    #[error("not even a card of {least} lanes fits on board '{board}': {why}")]
    Nothing {
        /// The board.
        board: String,
        /// The least lanes that there are.
        least: u32,
        /// What it lacks.
        why: String,
    },
}

/// A card for a board.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What it is built with.
    pub parameters: CardParameters,
    /// What it takes by the model.
    pub takes: Resources,
    /// That of what there is.
    pub lines: [Line; 5],
    /// Ports of card memory: a channel each, and one for everything else.
    pub ports: u32,
    /// What the cycle model predicts for the primary parameter set; nothing if the card does not take it.
    pub sustained: Sustained,
    /// Why it is not for this board, whatever it takes of the part: its ports, its memory.
    pub unfit: Vec<String>,
    /// Why it is not for this board, by the model.
    pub refused: Option<String>,
    /// The largest error of the model where it is known, as a share.
    pub model_error: f64,
}

impl Candidate {
    /// It is too large by so much that the model cannot be wrong about it.
    #[must_use]
    pub fn hopeless(&self) -> bool {
        let most =
            |line: &Line| line.budget as f64 * (1.0 + ERRORS * self.model_error.max(LEAST_ERROR));
        self.lines
            .iter()
            .any(|line| (line.card + line.platform) as f64 > most(line))
    }
}

/// All candidates of a board, and the best.
#[derive(Debug, Clone)]
pub struct Choice {
    /// By lanes.
    pub candidates: Vec<Candidate>,
    /// The one with the most bootstraps a second among those that fit; of equal ones the smallest.
    pub best: usize,
}

/// A card of so many lanes, on a board.
///
/// # Errors
/// [`ChooseError`] if there is no such card.
pub fn candidate(board: &Board, lanes: u32, clock_mhz: u32) -> Result<Candidate, ChooseError> {
    let model = Model::of(board.fpga.model())?;
    let parameters = board.card(lanes, clock_mhz)?;
    let text = emit_card("gyrus_card", &parameters)?.verilog();
    let rounded = |value: f64| value.max(0.0).round() as u64;
    let blocks = board.blocks(memories(&text, "gyrus_card")?);
    let takes = Resources {
        lut: rounded(model.lut.at(lanes)),
        ff: rounded(model.ff.at(lanes)),
        dsp: rounded(model.dsp.at(lanes)),
        bram36: blocks.ram18.div_ceil(2),
        uram: blocks.ultraram,
    };
    let set = catalogue::find(PRIMARY).ok_or(ChooseError::Set)?;
    let timing = TimingModel::on_board(
        &parameters,
        board.pcie.gb_per_second,
        board.memory.gb_per_second,
    )?;
    let mut unfit = Vec::new();
    let sustained = match timing.sustained(&set, parameters.core.slots as u64) {
        Err(TimingError::Settings(error)) => {
            unfit.push(error.to_string());
            Sustained::default()
        }
        other => other?,
    };
    let ports = parameters.key.count + parameters.keyswitch.count + 1;
    let lines = lines(board, &takes);
    if board.memory.direct && ports > board.memory.ports {
        unfit.push(format!("{ports} ports of memory"));
    }
    let refused = refused(&lines, &unfit);
    Ok(Candidate {
        parameters,
        takes,
        lines,
        ports,
        sustained,
        unfit,
        refused,
        model_error: model.worst,
    })
}

/// Why a card that takes so much is not for a board.
fn refused(lines: &[Line; 5], unfit: &[String]) -> Option<String> {
    let short = lines.iter().filter(|line| !line.fits());
    let short = short.map(|line| format!("{} {:.0}%", line.kind.name(), 100.0 * line.share()));
    let reasons: Vec<String> = short.chain(unfit.iter().cloned()).collect();
    (!reasons.is_empty()).then(|| reasons.join(", "))
}

/// Finds the card that is best for a board.
///
/// # Errors
/// [`ChooseError`] if none fits.
pub fn choose(board: &Board, clock_mhz: u32) -> Result<Choice, ChooseError> {
    let candidates = LANES
        .iter()
        .map(|lanes| candidate(board, *lanes, clock_mhz));
    let candidates: Vec<Candidate> = candidates.collect::<Result<_, _>>()?;
    let mut best: Option<usize> = None;
    for (number, candidate) in candidates.iter().enumerate() {
        let better =
            |best: usize| candidate.sustained.rate > 1.001 * candidates[best].sustained.rate;
        if candidate.refused.is_none() && best.is_none_or(better) {
            best = Some(number);
        }
    }
    Ok(Choice {
        best: best.ok_or_else(|| ChooseError::Nothing {
            board: board.name.clone(),
            least: LANES[0],
            why: candidates[0].refused.clone().unwrap_or_default(),
        })?,
        candidates,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test: emitting the cards takes most of the time.
    #[test]
    fn the_best_card_that_fits_is_chosen_and_assumed() {
        for board in crate::all().unwrap() {
            let choice = choose(&board, board.assumed.clock_mhz).unwrap();
            let best = &choice.candidates[choice.best];
            let lanes = best.parameters.core.lanes;
            assert_eq!(board.assumed.lanes as usize, lanes, "{}", board.name);
            assert!(best.refused.is_none() && !best.hopeless());
            for candidate in &choice.candidates {
                let fits = candidate.lines.iter().all(Line::fits) && candidate.unfit.is_empty();
                assert_eq!(candidate.refused.is_none(), fits);
                assert!(
                    candidate.refused.is_some()
                        || candidate.sustained.rate <= 1.001 * best.sustained.rate
                );
            }
            if board.name == "u280" {
                // Past three quarters of all LUTs.
                let oversized = choice.candidates.last().unwrap();
                assert_eq!(oversized.parameters.core.lanes, 128);
                assert!(oversized.takes.lut > board.resources().lut * 3 / 4);
                assert!(oversized.hopeless());
                assert!(oversized.refused.as_ref().unwrap().contains("LUT"));
            }
        }
    }
}

//! Tables for people.

use crate::Board;
use crate::resources::{Candidate, Choice, Line};
use crate::synthesis::Breakdown;
use std::fmt::Write;

/// A number with its thousands apart.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The choice of the lanes.
pub(super) fn choice(board: &Board, choice: &Choice) -> String {
    let mut text = "  P   LUT   FF    DSP   BRAM  URAM  ports  keys GB/s  PBS/s predicted
"
    .to_owned();
    for (number, candidate) in choice.candidates.iter().enumerate() {
        let share = |line: &Line| match line.available {
            0 => "    -".to_owned(),
            _ => format!("{:4.0}%", 100.0 * line.share()),
        };
        let shares: Vec<String> = candidate.lines.iter().map(share).collect();
        let keys = candidate.sustained.key + candidate.sustained.keyswitch;
        let verdict = match &candidate.refused {
            Some(why) => format!("  no: {why}"),
            None if number == choice.best => "  the most that fits".to_owned(),
            None => String::new(),
        };
        let _ = writeln!(
            text,
            "{:>3} {} {:>6} {keys:>10.1} {:>16}{verdict}",
            candidate.parameters.core.lanes,
            shares.join(" "),
            candidate.ports,
            grouped(candidate.sustained.rate.round() as u64),
        );
    }
    let budget = &board.budget;
    let _ = writeln!(
        text,
        "budget: LUT {:.0}%, FF {:.0}%, DSP {:.0}%, BRAM {:.0}%, URAM {:.0}%; memory {} GB/s, {} ports; \
         the model's largest error of LUTs {:.1}%",
        100.0 * budget.lut,
        100.0 * budget.ff,
        100.0 * budget.dsp,
        100.0 * budget.bram36,
        100.0 * budget.uram,
        board.memory.gb_per_second,
        board.memory.ports,
        100.0 * choice.candidates[choice.best].model_error,
    );
    text
}

/// What a card takes of a board by the model alone.
pub(super) fn model(model: &Candidate) -> String {
    let mut text =
        "by model       card  platform (est.)       sum   available    budget\n".to_owned();
    for line in &model.lines {
        let verdict = if line.fits() { "" } else { "  DOES NOT FIT" };
        let _ = writeln!(
            text,
            "{:<8} {:>10} {:>16} {:>9} {:>11} {:>9} {:>7.1}%{verdict}",
            line.kind.name(),
            grouped(line.card),
            grouped(line.platform),
            grouped(line.card + line.platform),
            grouped(line.available),
            grouped(line.budget),
            100.0 * line.share(),
        );
    }
    text
}

/// What a card takes of a board.
pub(super) fn resources(lines: &[Line; 5], model: &Candidate) -> String {
    let mut text =
        "           card    model  platform (est.)       sum   available    budget\n".to_owned();
    for (line, model) in lines.iter().zip(&model.lines) {
        let verdict = if line.fits() { "" } else { "  DOES NOT FIT" };
        let share = match line.available {
            0 => String::new(),
            _ => format!("{:5.1}%", 100.0 * line.share()),
        };
        let _ = writeln!(
            text,
            "{:<6} {:>9} {:>8} {:>16} {:>9} {:>11} {:>9} {share}{verdict}",
            line.kind.name(),
            grouped(line.card),
            grouped(model.card),
            grouped(line.platform),
            grouped(line.card + line.platform),
            grouped(line.available),
            grouped(line.budget),
        );
    }
    text
}

/// What the parts of a card take.
pub(super) fn parts(breakdown: &Breakdown) -> String {
    let mut text = format!(
        "{:<36} {:>9} {:>9} {:>7} {:>9} {:>6} {:>8}  {}\n",
        "unit", "LUT", "places", "as RAM", "FF", "DSP", "BRAM36", "deepest: LUTs + carry blocks"
    );
    for (name, part) in breakdown
        .parts
        .iter()
        .chain([(&"all".to_owned(), &breakdown.total)])
    {
        let deepest = part
            .deepest
            .as_ref()
            .map(|(path, module)| format!("{} + {} in {}", path.luts, path.carries, module));
        let halves: u64 = part
            .memories
            .iter()
            .map(|(shape, n)| n * shape.ram18())
            .sum();
        let _ = writeln!(
            text,
            "{name:<36} {:>9} {:>9} {:>7} {:>9} {:>6} {:>8}  {}",
            grouped(part.lut),
            grouped(part.lut_places()),
            grouped(part.memory_lut),
            grouped(part.ff),
            grouped(part.dsp),
            grouped(halves.div_ceil(2)),
            deepest.unwrap_or_default(),
        );
    }
    text
}

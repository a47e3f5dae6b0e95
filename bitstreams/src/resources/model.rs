//! What a card of P lanes takes, before it is synthesised: a function fitted to what synthesis found.
//!
//! A part of a card is the same for all P, most is there once a lane, and what carries words between lanes, exchanges
//! and permutations, grows with P log P. So each resource is a + b P + c P log2 P; the three are those with the least
//! sum of squares of relative errors over all cards that were synthesised (`measured.toml`). Memories need no fit:
//! their shapes stand in the emitted text.

use super::{MeasuredUnit, units};
use crate::synthesis::Breakdown;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The file with what synthesis found.
const MEASURED: &str = include_str!("../../measured.toml");

/// Why there is no model.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The file.
    #[error("measured.toml cannot be read")]
    File(#[from] toml::de::Error),
    /// Too few cards.
    #[error(
        "measured.toml has {0} cards of family {1}: three are needed, which `scripts/bitstream measure` makes"
    )]
    Few(usize, String),
}

/// Cards that were synthesised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// By what.
    pub tool: String,
    /// The cards.
    pub card: Vec<MeasuredCard>,
    /// Units of a card, each alone.
    pub alone: Vec<MeasuredAlone>,
}

/// A unit that was synthesised alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredAlone {
    /// What `synth_xilinx -family` took.
    pub family: String,
    /// What was found.
    pub unit: MeasuredUnit,
}

impl Measured {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ModelError::File`] if it is not as [`Measured`] says.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        Ok(toml::from_str(text)?)
    }

    /// These cards, and those of newer ones; a newer version of the tool makes the others worthless.
    #[must_use]
    pub fn and(self, newer: Self) -> Self {
        let same = |a: &MeasuredCard, b: &MeasuredCard| a.family == b.family && a.lanes == b.lanes;
        let mut card = newer.card;
        let mut alone = newer.alone;
        if self.tool == newer.tool {
            let others = self.card.into_iter();
            let others: Vec<_> = others
                .filter(|old| !card.iter().any(|new| same(old, new)))
                .collect();
            card.extend(others);
            let others = self.alone.into_iter();
            let others: Vec<_> = others
                .filter(|old| !alone.iter().any(|new| new.family == old.family))
                .collect();
            alone.extend(others);
        }
        card.sort_by(|a, b| (&a.family, a.lanes).cmp(&(&b.family, b.lanes)));
        Self {
            tool: newer.tool,
            card,
            alone,
        }
    }
}

/// A card that was synthesised, its memories left out but for those made of LUTs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredCard {
    /// What `synth_xilinx -family` took.
    pub family: String,
    /// P.
    pub lanes: u32,
    /// LUTs as logic, one each function.
    pub lut: u64,
    /// Places for LUTs of all kinds, if all that can be are placed two by two.
    pub lut_places: u64,
    /// Flip-flops.
    pub ff: u64,
    /// DSP blocks.
    pub dsp: u64,
    /// All that by what it is for.
    pub unit: Vec<MeasuredUnit>,
}

impl MeasuredCard {
    /// What was found of a card.
    #[must_use]
    pub fn new(family: &str, lanes: u32, found: &Breakdown) -> Self {
        let unit = units(found);
        let found = &found.total;
        Self {
            unit,
            family: family.to_owned(),
            lanes,
            lut: found.lut,
            lut_places: found.lut_places(),
            ff: found.ff,
            dsp: found.dsp,
        }
    }
}

/// The cards of the file.
///
/// # Errors
/// [`ModelError::File`], which the tests of this crate rule out.
pub fn measured() -> Result<Measured, ModelError> {
    Measured::parse(MEASURED)
}

/// a + b P + c P log2 P.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    coefficients: [f64; 3],
}

fn basis(lanes: f64) -> [f64; 3] {
    [1.0, lanes, lanes * lanes.log2()]
}

impl Curve {
    /// The one with the least sum of squares of relative errors; of points with positive values.
    #[must_use]
    pub fn fit(points: &[(u32, u64)]) -> Self {
        // Normal equations, each point weighted by its value.
        let mut matrix = [[0.0; 4]; 3];
        for (lanes, value) in points {
            let value = *value as f64;
            let row = basis(f64::from(*lanes)).map(|term| term / value);
            for (line, left) in matrix.iter_mut().zip(row) {
                for (cell, right) in line.iter_mut().zip(row) {
                    *cell += left * right;
                }
                line[3] += left;
            }
        }
        Self {
            coefficients: solve(matrix),
        }
    }

    /// Its value.
    #[must_use]
    pub fn at(&self, lanes: u32) -> f64 {
        let terms = basis(f64::from(lanes)).into_iter().zip(self.coefficients);
        terms.map(|(term, factor)| term * factor).sum()
    }
}

/// Gauss and Jordan, with the largest pivot; what is not determined is 0.
fn solve(mut matrix: [[f64; 4]; 3]) -> [f64; 3] {
    for column in 0..3 {
        let rows = column..3;
        let pivot = rows.max_by(|a, b| {
            let (a, b) = (matrix[*a][column].abs(), matrix[*b][column].abs());
            a.total_cmp(&b)
        });
        matrix.swap(column, pivot.unwrap_or(column));
        let row = matrix[column];
        if row[column].abs() < 1e-12 {
            continue;
        }
        let row = row.map(|value| value / row[column]);
        matrix[column] = row;
        for (other, line) in matrix.iter_mut().enumerate() {
            if other != column {
                let factor = line[column];
                for (cell, value) in line.iter_mut().zip(row) {
                    *cell -= factor * value;
                }
            }
        }
    }
    [matrix[0][3], matrix[1][3], matrix[2][3]]
}

/// The model of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Places for LUTs.
    pub lut: Curve,
    /// Flip-flops.
    pub ff: Curve,
    /// DSP blocks.
    pub dsp: Curve,
    /// The largest error of a LUT count among the cards that it was fitted to, as a share.
    pub worst: f64,
}

impl Model {
    /// The model of a family.
    ///
    /// # Errors
    /// [`ModelError`] if there are not enough cards.
    pub fn of(family: &str) -> Result<Self, ModelError> {
        let cards = measured()?.card.into_iter();
        let cards: Vec<MeasuredCard> = cards.filter(|card| card.family == family).collect();
        if cards.len() < 3 {
            return Err(ModelError::Few(cards.len(), family.to_owned()));
        }
        Ok(Self::fit(&cards))
    }

    /// The model of some cards.
    fn fit(cards: &[MeasuredCard]) -> Self {
        let fit = |of: fn(&MeasuredCard) -> u64| {
            let points = cards.iter().map(|card| (card.lanes, of(card)));
            Curve::fit(&points.collect::<Vec<_>>())
        };
        let lut = fit(|card| card.lut_places);
        let errors = cards
            .iter()
            .map(|card| (lut.at(card.lanes) / card.lut_places as f64 - 1.0).abs());
        Self {
            lut,
            ff: fit(|card| card.ff),
            dsp: fit(|card| card.dsp),
            worst: errors.fold(0.0, f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_through_its_points() {
        let of = |lanes: u32| u64::from(1000 + 50 * lanes + 7 * lanes * lanes.ilog2());
        let points: Vec<_> = [2, 4, 8, 16, 32].map(|p| (p, of(p))).to_vec();
        let curve = Curve::fit(&points);
        for lanes in [2, 8, 64, 128] {
            let (expected, found) = (of(lanes) as f64, curve.at(lanes));
            assert!((found / expected - 1.0).abs() < 1e-6, "{lanes}: {found}");
        }
    }

    #[test]
    fn newer_cards_take_the_place_of_older_ones() {
        let card = |family: &str, lanes, lut| MeasuredCard {
            family: family.to_owned(),
            lanes,
            lut,
            lut_places: 1,
            ff: 1,
            dsp: 1,
            unit: Vec::new(),
        };
        let of = |tool: &str, card: &[MeasuredCard]| Measured {
            tool: tool.to_owned(),
            card: card.to_vec(),
            alone: Vec::new(),
        };
        let old = of("1", &[card("a", 2, 10), card("a", 4, 20), card("b", 2, 30)]);
        let new = [card("a", 4, 21), card("a", 8, 40)];
        let both = [
            card("a", 2, 10),
            card("a", 4, 21),
            card("a", 8, 40),
            card("b", 2, 30),
        ];
        assert_eq!(old.clone().and(of("1", &new)), of("1", &both));
        assert_eq!(old.and(of("2", &new)), of("2", &new));
    }

    /// A card that the model has not seen: that of the most lanes, from the others.
    #[test]
    fn the_largest_card_is_predicted_from_the_smaller_ones() {
        let all = measured().unwrap().card;
        let mut cards: Vec<_> = all.into_iter().filter(|c| c.family == "xcup").collect();
        cards.sort_by_key(|card| card.lanes);
        let largest = cards.pop().unwrap();
        let model = Model::fit(&cards);
        let near = |curve: &Curve, value: u64| {
            let error = curve.at(largest.lanes) / value as f64 - 1.0;
            assert!(error.abs() < 0.05, "{error}");
        };
        near(&model.lut, largest.lut_places);
        near(&model.ff, largest.ff);
        near(&model.dsp, largest.dsp);
    }
}

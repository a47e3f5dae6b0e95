//! What a card takes of a board, what there is, and the card that a board is best used by.

mod choose;
mod model;
mod units;

pub use choose::{Candidate, Choice, ChooseError, candidate, choose};
pub use model::{Curve, Measured, MeasuredAlone, MeasuredCard, Model, ModelError, measured};
pub use units::{MeasuredUnit, units};

use crate::synthesis::{Blocks, MemoryShape};
use crate::{Board, Resources};

/// One of the resources, for tables and for what limits a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// LUTs.
    Lut,
    /// Flip-flops.
    Ff,
    /// DSP blocks.
    Dsp,
    /// Block RAMs.
    Bram36,
    /// UltraRAMs.
    Uram,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 5] = [Self::Lut, Self::Ff, Self::Dsp, Self::Bram36, Self::Uram];

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lut => "LUT",
            Self::Ff => "FF",
            Self::Dsp => "DSP",
            Self::Bram36 => "BRAM36",
            Self::Uram => "URAM",
        }
    }

    /// How many of it there are.
    #[must_use]
    pub const fn of(self, resources: &Resources) -> u64 {
        match self {
            Self::Lut => resources.lut,
            Self::Ff => resources.ff,
            Self::Dsp => resources.dsp,
            Self::Bram36 => resources.bram36,
            Self::Uram => resources.uram,
        }
    }

    /// The share of it that a design may take and still be placed and routed at its clock.
    #[must_use]
    pub const fn share(self, board: &Board) -> f64 {
        let budget = &board.budget;
        match self {
            Self::Lut => budget.lut,
            Self::Ff => budget.ff,
            Self::Dsp => budget.dsp,
            Self::Bram36 => budget.bram36,
            Self::Uram => budget.uram,
        }
    }
}

/// A line of what a card takes of a board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Of what.
    pub kind: Kind,
    /// The card.
    pub card: u64,
    /// The vendor's parts around it, an estimate.
    pub platform: u64,
    /// What the part has, less what is the shell's.
    pub available: u64,
    /// What may be taken of that.
    pub budget: u64,
}

impl Line {
    /// Whether there is room.
    #[must_use]
    pub const fn fits(&self) -> bool {
        self.card + self.platform <= self.budget
    }

    /// The share of what there is.
    #[must_use]
    pub fn share(&self) -> f64 {
        (self.card + self.platform) as f64 / self.available.max(1) as f64
    }
}

impl Board {
    /// What its part has of a resource, less what is the shell's; and what of that a card and the vendor's parts may
    /// take together.
    fn room(&self, kind: Kind) -> (u64, u64) {
        let available = (kind.of(&self.resources()) as f64 * self.usable()).floor();
        let budget = (available * kind.share(self)).floor();
        (available as u64, budget as u64)
    }

    /// The blocks that some memories of a card take here.
    #[must_use]
    pub fn blocks(&self, memories: impl IntoIterator<Item = (MemoryShape, u64)>) -> Blocks {
        let left = |kind: Kind| self.room(kind).1.saturating_sub(kind.of(&self.platform));
        Blocks::of(memories, left(Kind::Bram36), left(Kind::Uram))
    }
}

/// What a card that takes so much means for a board.
#[must_use]
pub fn lines(board: &Board, card: &Resources) -> [Line; 5] {
    Kind::ALL.map(|kind| {
        let (available, budget) = board.room(kind);
        Line {
            kind,
            card: kind.of(card),
            platform: kind.of(&board.platform),
            available,
            budget,
        }
    })
}

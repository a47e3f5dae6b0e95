//! Boards as `gyrus plan` sees them: those of `bitstreams/`, and one that holds nothing up.

use boards::BoardError;
use gyrus_sim::rtl::CardParameters;
use gyrus_sim::timing::TimingError;

/// A board.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Board {
    /// What it is called on the command line.
    pub(super) name: String,
    /// What it is.
    pub(super) title: String,
    /// Its FPGA and the kind of its memory.
    pub(super) part: String,
    /// Card memory, GB/s; infinite if it is not to count.
    pub(super) memory: f64,
    /// PCIe in each direction, GB/s.
    pub(super) pcie: f64,
    /// Lanes and MHz, unless the user says otherwise.
    pub(super) lanes: u32,
    pub(super) clock: u32,
    /// The board's facts, if it is one.
    facts: Option<boards::Board>,
}

impl Board {
    /// A card of so many lanes at so many MHz, as the board needs it.
    pub(super) fn card(&self, lanes: u32, clock_mhz: u32) -> Result<CardParameters, TimingError> {
        match &self.facts {
            Some(facts) => Ok(facts.card(lanes, clock_mhz)?),
            None => Ok(CardParameters {
                clock_khz: clock_mhz.saturating_mul(1000),
                ..CardParameters::for_lanes(lanes as usize)?
            }),
        }
    }
}

impl From<boards::Board> for Board {
    fn from(board: boards::Board) -> Self {
        Self {
            part: format!("{}, {}", board.fpga.device, board.memory.kind.name()),
            name: board.name.clone(),
            title: board.title.clone(),
            memory: board.memory.gb_per_second,
            pcie: board.pcie.gb_per_second,
            lanes: board.assumed.lanes,
            clock: board.assumed.clock_mhz,
            facts: Some(board),
        }
    }
}

/// The boards.
pub(super) fn all() -> Result<Vec<Board>, BoardError> {
    let custom = Board {
        name: "custom".to_owned(),
        title: "a board of any memory and PCIe".to_owned(),
        part: "any".to_owned(),
        memory: f64::INFINITY,
        pcie: f64::INFINITY,
        lanes: 32,
        clock: 300,
        facts: None,
    };
    let known = boards::all()?.into_iter().map(Board::from);
    Ok(known.chain([custom]).collect())
}

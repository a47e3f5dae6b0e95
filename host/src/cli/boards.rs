//! Boards as `gyrus plan` sees them: those of `bitstreams/`, and one that holds nothing up.

use boards::BoardError;

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
}

impl From<boards::Board> for Board {
    fn from(board: boards::Board) -> Self {
        Self {
            part: format!("{}, {}", board.fpga.device, board.memory.kind.name()),
            name: board.name,
            title: board.title,
            memory: board.memory.gb_per_second,
            pcie: board.pcie.gb_per_second,
            lanes: board.assumed.lanes,
            clock: board.assumed.clock_mhz,
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
    };
    let known = boards::all()?.into_iter().map(Board::from);
    Ok(known.chain([custom]).collect())
}

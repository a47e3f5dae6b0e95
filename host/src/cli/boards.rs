//! Boards that a card may be built for: what their makers say of them, and what is assumed.
//!
//! Rates are the greatest ones by the makers' figures, in GB/s of 10^9 bytes; what a design gets of them is
//! less. Lanes are assumed by the upper bounds of LUTs that `gyrus-hdl report` gives for the core and the LUTs
//! that the part has; nothing has been through vendor tools. Clocks are assumptions, too.

/// A board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Board {
    /// What it is called on the command line.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) title: &'static str,
    /// Its FPGA.
    pub(super) part: &'static str,
    /// Card memory, GB/s; infinite if it is not to count.
    pub(super) memory: f64,
    /// PCIe in each direction, GB/s.
    pub(super) pcie: f64,
    /// Lanes and MHz, unless the user says otherwise.
    pub(super) lanes: u32,
    pub(super) clock: u32,
}

/// The boards.
pub(super) const BOARDS: [Board; 6] = [
    // HBM2: AMD UG1393, "HBM Configuration and Use": 32 pseudo channels of 14.375 GB/s. PCIe Gen3 x16: 16
    // lanes of 8 GT/s, 128b/130b.
    Board {
        name: "u280",
        title: "AMD Alveo U280",
        part: "XCU280, HBM2",
        memory: 460.0,
        pcie: 15.75,
        lanes: 32,
        clock: 300,
    },
    // The same memory (UG1393); PCIe Gen3 x16 or Gen4 x8, which is as fast.
    Board {
        name: "u55c",
        title: "AMD Alveo U55C",
        part: "XCU55C, HBM2",
        memory: 460.0,
        pcie: 15.75,
        lanes: 32,
        clock: 300,
    },
    // AWS FPGA Development Kit, user guide of F2: VU47P, "up to 460 GiB/s". The part's PCIe blocks do Gen3
    // x16 or Gen4 x8; the shell's share of them is assumed to be all.
    Board {
        name: "f2",
        title: "AWS EC2 F2",
        part: "XCVU47P, HBM2",
        memory: 460.0,
        pcie: 15.75,
        lanes: 32,
        clock: 250,
    },
    // AMD's product brief: HBM2e of 820 GB/s, PCIe Gen5 x8 or Gen4 x16, which are as fast. (AMD's AMR
    // documentation says "approaching 460 GB/s" of its own design on that card.)
    Board {
        name: "v80",
        title: "AMD Alveo V80",
        part: "XCV80, HBM2e",
        memory: 820.0,
        pcie: 31.5,
        lanes: 128,
        clock: 300,
    },
    // One 16-bit DDR3 chip, and PCIe x4: `sqrl_acorn.py` of LiteX-Boards. Assumed: 800 MT/s, at which LiteX
    // runs it, and Gen2.
    Board {
        name: "acorn",
        title: "SQRL Acorn CLE-215+",
        part: "XC7A200T-3, DDR3",
        memory: 1.6,
        pcie: 2.0,
        lanes: 4,
        clock: 100,
    },
    // A board that holds nothing up.
    Board {
        name: "custom",
        title: "a board of any memory and PCIe",
        part: "any",
        memory: f64::INFINITY,
        pcie: f64::INFINITY,
        lanes: 32,
        clock: 300,
    },
];

/// The board of that name.
pub(super) fn find(name: &str) -> Option<Board> {
    BOARDS.into_iter().find(|board| board.name == name)
}

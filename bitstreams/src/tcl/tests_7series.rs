//! The Acorn's scripts: another core for PCIe and another memory than on the Alveo boards.

use super::tests::{Fixture, width};
use super::*;
use crate::mig::MigError;
use gyrus_interface::pci;
use std::error::Error;

const LANES: usize = 4;

/// The error of a copy with one change.
fn refused(name: &str, file: &str, from: &str, to: &str) -> String {
    let fixture = Fixture::changed(name, file, from, to);
    let error = fixture.check(&fixture.parameters("acorn", LANES));
    error.unwrap_err().to_string()
}

/// What the scripts make.
fn design(name: &str) -> Design {
    let fixture = Fixture::new(name);
    let parameters = fixture.parameters("acorn", LANES);
    let list = List::load().unwrap();
    let script = script(&fixture.root, &parameters, &fixture.directory).unwrap();
    let calls = record::run(&list, &fixture.root, &script, &fixture.directory, 0.1).unwrap();
    Design::new(&list, &calls).unwrap()
}

#[test]
fn the_board_passes() {
    for lanes in [2, LANES, 8] {
        let fixture = Fixture::new(&format!("acorn-{lanes}"));
        let parameters = fixture.parameters("acorn", lanes);
        let platform = fixture.check(&parameters).unwrap();
        for (key, channels) in [("S_KEY", parameters.key), ("S_KSK", parameters.keyswitch)] {
            for channel in 0..channels.count {
                let data = format!("{key}_{channel:02}_rdata");
                assert_eq!(width(&platform, &data), 64 * channels.words as usize);
            }
        }
        // A chip of 16 bits, with a strobe and a mask for each 8; a link of 4 lanes.
        for (name, bits, inout) in [
            ("ddr3_dq", 16, true),
            ("ddr3_dqs_p", 2, true),
            ("ddr3_dm", 2, false),
            ("ddr3_addr", 16, false),
            ("pcie_mgt_txn", 4, false),
            ("S_HOST_awaddr", 64, false),
        ] {
            let port = platform.ports.iter().find(|port| port.name == name);
            let port = port.unwrap();
            assert_eq!((port.width, port.inout), (bits, inout), "{name}");
        }
        assert_eq!(platform.placed["ddr3_ck_p"], "K17");
        assert_eq!(platform.placed["sys_clk_clk_p"], "J19");
        assert_eq!(platform.placed["ddr3_dq[15]"], "D22");
    }
}

/// The driver looks for the IDs that the core is told.
#[test]
fn ids_are_the_drivers() {
    let design = design("acorn-ids");
    let core = &design.cells["pcie"].properties;
    let id = |name: &str| u16::from_str_radix(core[name].trim_start_matches("0x"), 16).unwrap();
    assert_eq!(id("VENDOR_ID"), pci::VENDOR_ID);
    assert_eq!(id("DEVICE_ID"), pci::DEVICE_ID);
}

/// An address of the host is the same on both sides of the core, whose bus has 32 bits; above them there is nothing.
#[test]
fn host_addresses_below_4_gib_go_through_as_they_are() {
    let design = design("acorn-windows");
    let core = &design.cells["pcie"].properties;
    let mut windows: Vec<(u128, u128)> = Vec::new();
    for window in design.assignments.iter().filter(|a| a.space == "S_HOST") {
        let number = window.segment.strip_prefix("pcie/S_AXI/BAR").unwrap();
        let translation = core[&format!("AXIBAR2PCIEBAR_{number}")].trim_start_matches("0x");
        let translation = u128::from_str_radix(translation, 16).unwrap();
        assert_eq!(window.offset, translation, "{number}");
        windows.push((window.offset, window.bytes));
    }
    windows.sort_unstable();
    assert_eq!(windows, [(0, 1 << 31), (1 << 31, 1 << 31)]);
}

/// All of the card's buses reach all of the memory at the card's own addresses.
#[test]
fn memory_is_the_board_s() {
    let design = design("acorn-memory");
    let boards = crate::all().unwrap();
    let board = boards.iter().find(|board| board.name == "acorn").unwrap();
    let memory = design.assignments.iter();
    let memory: Vec<_> = memory
        .filter(|a| a.segment.starts_with("memory/"))
        .collect();
    let fixture = Fixture::new("acorn-buses");
    let parameters = fixture.parameters("acorn", LANES);
    let channels = parameters.key.count + parameters.keyswitch.count;
    assert_eq!(memory.len(), channels as usize + 1);
    for assignment in memory {
        assert_eq!(assignment.offset, 0);
        assert_eq!(assignment.bytes, u128::from(board.memory.bytes));
    }
}

#[test]
fn what_is_wrong_is_refused() {
    for (name, file, from, to, expected) in [
        (
            "a-property",
            "common/pcie_7series.tcl",
            "BAR0_SCALE Kilobytes",
            "BAR0_UNIT Kilobytes",
            "cell 'pcie' has no property 'BAR0_UNIT'",
        ),
        (
            "a-value",
            "acorn/platform.tcl",
            "X4 5.0_GT/s",
            "X4 8.0_GT/s",
            "'8.0_GT/s', must be 5\\.0_GT/s",
        ),
        (
            "a-pin",
            "common/pcie_7series.tcl",
            "pcie/INTX_MSI_Grant interrupt",
            "pcie/MSI_Grant interrupt",
            "no pin 'pcie/MSI_Grant'",
        ),
        (
            "a-reset",
            "common/ddr3.tcl",
            "connect::net memory_reset/peripheral_aresetn memory/aresetn",
            "",
            "pin 'memory/aresetn' is not connected",
        ),
        (
            "a-clock",
            "common/ddr3.tcl",
            "connect::net clocks/clk_out1 card_clock",
            "connect::net clocks/locked card_clock",
            "do not go together",
        ),
        (
            "a-bus",
            "common/ddr3.tcl",
            "connect::bus memory_buses/M00_AXI memory/S_AXI",
            "",
            "pin 'memory/S_AXI' is not connected",
        ),
        (
            "a-window",
            "common/pcie_7series.tcl",
            "connect::assign S_HOST pcie/S_AXI/BAR1 $window $window",
            "",
            "S_HOST: segment 'pcie/S_AXI/BAR1' has no address",
        ),
        (
            "a-wide-window",
            "common/pcie_7series.tcl",
            "pcie/S_AXI/BAR0 0 $window",
            "pcie/S_AXI/BAR0 0 0x100000000",
            "has 2147483648 bytes",
        ),
        (
            "a-overlap",
            "common/pcie_7series.tcl",
            "pcie/S_AXI/BAR1 $window $window",
            "pcie/S_AXI/BAR1 0 $window",
            "overlaps",
        ),
        (
            "a-memory",
            "acorn/platform.tcl",
            "200000000 0x40000000",
            "200000000 0x20000000",
            "has 1073741824 bytes",
        ),
        (
            "a-site",
            "acorn/platform.tcl",
            "GTPE2_CHANNEL_X0Y6",
            "GTPE2_CHANNEL_X0Y8",
            "'GTPE2_CHANNEL_X0Y8', must be",
        ),
        (
            "a-crossed-lane",
            "common/pcie_7series.tcl",
            "set_property LOC $site $cell",
            "",
            "the transceiver of lane 0 is not at GTPE2_CHANNEL_X0Y6",
        ),
        (
            "a-project",
            "acorn/platform.tcl",
            "mig.prj",
            "mig_b.prj",
            "the memory's project is wrong",
        ),
        (
            "a-part",
            "acorn/mig.prj",
            "xc7a200t-fbg484/-3",
            "xc7a200t-fbg484/-2",
            "property 'part' of cell 'memory' is 'xc7a200t-fbg484-2'",
        ),
        (
            "a-speed",
            "acorn/mig.prj",
            "<TimePeriod>2500<",
            "<TimePeriod>2000<",
            "property 'MHz' of cell 'memory' is '125', must be 100",
        ),
        (
            "a-pad",
            "acorn/mig.prj",
            "name=\"ddr3_addr[15]\"",
            "name=\"ddr3_addr[16]\"",
            "property 'ddr3_addr[15]' of cell 'memory' is not set",
        ),
        (
            "a-pad-more",
            "acorn/mig.prj",
            "name=\"ddr3_we_n\"/>",
            "name=\"ddr3_we_n\"/><Pin IOSTANDARD=\"SSTL15\" PADName=\"A1\" name=\"ddr3_cs_n[0]\"/>",
            "no port 'ddr3_cs_n[0]' of cell 'memory'",
        ),
    ] {
        let error = refused(name, file, from, to);
        assert!(error.contains(expected), "{name}: {error}");
    }
}

/// What is wrong with a project is told by what it says itself.
#[test]
fn a_broken_project_is_an_error_of_its_own() {
    let fixture = Fixture::changed(
        "acorn-broken",
        "acorn/mig.prj",
        "<DataWidth>16<",
        "<DataWidth>8<",
    );
    let error = fixture
        .check(&fixture.parameters("acorn", LANES))
        .unwrap_err();
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<MigError>());
    assert!(matches!(source, Some(MigError::Element { .. })), "{error}");
}

#[test]
fn banks_beyond_the_memory_and_clocks_that_are_not_made() {
    let fixture = Fixture::new("acorn-banks");
    let mut parameters = fixture.parameters("acorn", LANES);
    parameters.bank_log2 = 30;
    let error = fixture.check(&parameters).unwrap_err().to_string();
    assert!(error.contains("are more than the memory has"), "{error}");
    let mut parameters = fixture.parameters("acorn", LANES);
    parameters.card_mhz = 130;
    let error = fixture.check(&parameters).unwrap_err().to_string();
    assert!(error.contains("no MMCM makes 130 MHz"), "{error}");
    // 1000 MHz is ten times 100 and eight times 125.
    parameters.card_mhz = 125;
    assert!(fixture.check(&parameters).is_ok());
}

/// The core's transceivers get the lanes' places between synthesis and the constraints that know the lanes' pins, and
/// none before all have lost theirs.
#[test]
fn transceivers_are_placed_before_their_pins_are_read() {
    let fixture = Fixture::new("acorn-order");
    let parameters = fixture.parameters("acorn", LANES);
    let list = List::load().unwrap();
    let script = script(&fixture.root, &parameters, &fixture.directory).unwrap();
    let calls = record::run(&list, &fixture.root, &script, &fixture.directory, 0.1).unwrap();
    let at = |is: &dyn Fn(&Call) -> bool| calls.iter().position(is).unwrap();
    let synthesised = at(&|call| call.command == "synth_design");
    let freed = at(&|call| call.command == "reset_property");
    let placed = at(&|call| {
        call.command == "get_ports" && call.list(0).iter().any(|port| port == "pcie_mgt_rxp[0]")
    });
    let lanes = calls.iter().enumerate().filter(|(_, call)| {
        call.command == "set_property" && call.word(0).is_ok_and(|property| property == "LOC")
    });
    let lanes: Vec<(usize, &str)> = lanes
        .map(|(at, call)| (at, call.word(1).unwrap()))
        .collect();
    let sites: Vec<&str> = lanes.iter().map(|(_, site)| *site).collect();
    // From X0Y7 down lanes 3, 0, 2, 1: dau_build, which a card came up with.
    let expected = ["X0Y6", "X0Y4", "X0Y5", "X0Y7"].map(|site| format!("GTPE2_CHANNEL_{site}"));
    assert_eq!(sites, expected);
    assert!(synthesised < freed && freed < lanes[0].0 && lanes[3].0 < placed);
    assert_eq!(calls[freed].word(0).unwrap(), "LOC");
}

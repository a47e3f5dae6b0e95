//! The V80: a processor system with PCIe, and a network on chip before the memory.

use super::list::words;
use super::tests::Fixture;
use super::*;
use crate::wrapper::{CardPorts, Places, top};
use gyrus_hdl::card::CardParameters;
use gyrus_hdl::catalogue::emit_card;

/// The error of a copy with one change, on the V80 with 32 lanes.
fn refused(name: &str, file: &str, from: &str, to: &str) -> String {
    let fixture = Fixture::changed(name, file, from, to);
    let parameters = fixture.parameters("v80", 32);
    fixture.check(&parameters).unwrap_err().to_string()
}

fn design(fixture: &Fixture, lanes: usize) -> Design {
    fixture.check(&fixture.parameters("v80", lanes)).unwrap();
    let calls = record::read(&record::log_of(&fixture.directory, SLACKS.0)).unwrap();
    Design::new(&List::load().unwrap(), &calls).unwrap()
}

#[test]
fn the_v80_passes() {
    for lanes in [8, 32, 64, 128] {
        let fixture = Fixture::new(&format!("v80-{lanes}"));
        let platform = fixture.check(&fixture.parameters("v80", lanes)).unwrap();
        let mut pins: Vec<(&str, bool, bool)> = Vec::new();
        let of = |pin: &'static str| (pin, true, true);
        for pin in &platform.pins {
            pins.push((pin.port.as_str(), pin.transceiver, pin.timed));
        }
        pins.sort_unstable();
        // PCIe's are where the device has them.
        assert_eq!(
            pins,
            [
                of("hbm_refclk_0_clk_n"),
                of("hbm_refclk_0_clk_p"),
                of("hbm_refclk_1_clk_n"),
                of("hbm_refclk_1_clk_p"),
            ]
        );
        let port = |name: &str| {
            let port = platform.ports.iter().find(|port| port.name == name);
            let port = port.unwrap_or_else(|| panic!("no port {name}"));
            (port.output, port.width)
        };
        assert_eq!(port("pcie_mgt_grx_p"), (false, 8));
        assert_eq!(port("pcie_mgt_gtx_n"), (true, 8));
        assert_eq!(port("pcie_refclk_clk_p"), (false, 1));
        assert_eq!(port("M_AXIL_awaddr"), (true, 12));
    }
}

/// A key's bus is joined to the pseudo channel of its bank and no other, and lies where that lies.
#[test]
fn banks_are_pseudo_channels() {
    let fixture = Fixture::new("v80-banks");
    let parameters = fixture.parameters("v80", 32);
    let design = design(&fixture, 32);
    let channels = (parameters.key.count + parameters.keyswitch.count) as usize;
    let names = (0..parameters.key.count)
        .map(|channel| format!("S_KEY_{channel:02}"))
        .chain((0..parameters.keyswitch.count).map(|channel| format!("S_KSK_{channel:02}")));
    let names: Vec<String> = names.collect();
    assert_eq!(names.len(), channels);
    for (bank, name) in names.iter().enumerate() {
        let here: Vec<_> = {
            let assignments = design.assignments.iter();
            assignments.filter(|one| one.space == *name).collect()
        };
        assert_eq!(here.len(), 1, "{name}");
        assert_eq!(here[0].offset, 0x40_0000_0000 + ((bank as u128) << 30));
        let end = format!("/HBM{}_PC{}", bank / 2, bank % 2);
        assert!(here[0].segment.ends_with(&end), "{}", here[0].segment);
    }
    let all = design
        .assignments
        .iter()
        .filter(|one| one.space == "S_CARD");
    let bytes: u128 = all.map(|one| one.bytes).sum();
    assert_eq!(bytes, 32 << 30);
}

/// The facts of the board and the scripts say the same of addresses.
#[test]
fn places_are_the_boards() {
    let fixture = Fixture::new("v80-places");
    let design = design(&fixture, 8);
    let boards = crate::all().unwrap();
    let board = boards.iter().find(|board| board.name == "v80").unwrap();
    let places = board.places();
    let first = |space: &str| {
        let here = design.assignments.iter().filter(|one| one.space == space);
        here.map(|one| (one.offset, one.bytes)).collect::<Vec<_>>()
    };
    let begins = |space, base| first(space).iter().any(|one| one.0 == u128::from(base));
    assert!(begins("S_CARD", places.card));
    assert!(begins("S_HOST", places.host));
    // What begins at a bit has to end below it.
    assert!(places.card >= board.memory.bytes && places.card.is_power_of_two());
    assert!(places.host.is_power_of_two());
}

/// The top module puts the bases before the card's addresses. Registers are where the host has them.
#[test]
fn the_top_module_places_the_cards_addresses() {
    let fixture = Fixture::new("v80-top");
    let platform = fixture.check(&fixture.parameters("v80", 8)).unwrap();
    let boards = crate::all().unwrap();
    let board = boards.iter().find(|board| board.name == "v80").unwrap();
    let card = CardParameters::for_lanes(8).unwrap();
    let design = emit_card("gyrus_card", &card).unwrap();
    let ports = design.manifest().ports.into_iter().map(|port| Port {
        output: port.direction == "output",
        inout: false,
        name: port.name,
        width: port.width,
    });
    let ports = CardPorts {
        ports: ports.collect(),
        key: card.key,
        keyswitch: card.keyswitch,
    };
    let top = |places| top("gyrus_v80", &ports, &platform.ports, places).unwrap();
    let text = top(board.places());
    for line in [
        "assign S_CARD_araddr = m_card_araddr ^ 64'h4000000000;",
        "assign S_CARD_awaddr = m_card_awaddr ^ 64'h4000000000;",
        "assign S_KEY_01_araddr = m_key_araddr__1 ^ 64'h4000000000;",
        "assign S_HOST_araddr = m_host_araddr ^ 64'h8000000000;",
        "assign S_HOST_awaddr = m_host_awaddr ^ 64'h8000000000;",
        "assign s_axil_araddr = M_AXIL_araddr",
    ] {
        assert!(text.contains(line), "{line}");
    }
    let elsewhere = top(Places::default());
    assert!(elsewhere.contains("assign S_HOST_araddr = m_host_araddr;"));
}

#[test]
fn ids_are_the_drivers() {
    let fixture = Fixture::new("v80-ids");
    let design = design(&fixture, 8);
    let parts = &design.cells["cips"].properties;
    for (part, id) in [
        ("CFG_VEND_ID", gyrus_interface::pci::VENDOR_ID),
        ("PF0_CFG_DEV_ID", gyrus_interface::pci::DEVICE_ID),
    ] {
        let value = &parts[&format!("CPM_CONFIG.CPM_PCIE1_{part}")];
        assert_eq!(u16::from_str_radix(value, 16), Ok(id), "{part}");
    }
}

#[test]
fn lists_of_tcl() {
    assert_eq!(
        words("A 1 B {2 3} {C 4} {}"),
        ["A", "1", "B", "2 3", "C 4", ""]
    );
    assert_eq!(words("X {{A 1} {B {2 3}}}"), ["X", "{A 1} {B {2 3}}"]);
    assert!(words("  ").is_empty());
}

#[test]
fn what_is_wrong_is_named() {
    for (name, file, from, to, expected) in [
        (
            "v80-part",
            "v80/platform.tcl",
            "CPM_PCIE1_PORT_TYPE PCI",
            "CPM_PCIE1_PORT_KIND PCI",
            "cell 'cips' has no property 'CPM_CONFIG.CPM_PCIE1_PORT_KIND'",
        ),
        (
            "v80-value",
            "v80/platform.tcl",
            "PS_PCIE_EP_RESET2_IO {PMC_MIO 25}",
            "PS_PCIE_EP_RESET2_IO {PMC_MIO 26}",
            "is 'PMC_MIO 26', must be PMC_MIO 25",
        ),
        (
            "v80-steering",
            "v80/platform.tcl",
            "CPM_PL_AXI0_EN 0 CPM_PL_AXI1_EN 1",
            "CPM_PL_AXI0_EN 0 CPM_PL_AXI1_EN 0",
            "'0', must be 1",
        ),
        (
            "v80-unclocked",
            "common/noc.tcl",
            "[join [list S00_AXI {*}$pins] :]",
            "[join $pins :]",
            "interface 'memory/S00_AXI' has no clock",
        ),
        (
            "v80-joined",
            "common/noc.tcl",
            "foreach port {1 3}",
            "foreach port {1}",
            "S_CARD: segment 'memory/S00_AXI/HBM0_PC1' is not reached",
        ),
        (
            "v80-other-port",
            "common/noc.tcl",
            "_PORT[expr {$bank % 2 * 2}]",
            "_PORT[expr {$bank % 2 * 2 + 4}]",
            "CONNECTIONS",
        ),
        (
            "v80-base",
            "common/noc.tcl",
            "variable base 0x4000000000",
            "variable base 0x4010000000",
            "is no power of two at a multiple of it",
        ),
        (
            "v80-image",
            "common/implement.tcl",
            "$parameters::image eq \"pdi\"",
            "$parameters::image eq \"bit\"",
            "never say write_device_image",
        ),
        (
            "v80-reset",
            "v80/platform.tcl",
            "connect::net link_reset/interconnect_aresetn cips/dma1_intrfc_resetn",
            "",
            "pin 'cips/dma1_intrfc_resetn' is not connected",
        ),
    ] {
        let error = refused(name, file, from, to);
        assert!(error.contains(expected), "{name}: {error}");
    }
}

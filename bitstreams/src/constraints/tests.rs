use super::*;
use crate::tcl::tests::Fixture;
use gyrus_hdl::card::CardParameters;
use gyrus_hdl::catalogue::emit_card;

/// The instances of a top module: the card, and what is in it as it is emitted.
fn cells(lanes: usize) -> Vec<String> {
    let parameters = CardParameters::for_lanes(lanes).unwrap();
    let design = emit_card("gyrus_card", &parameters).unwrap();
    let inside = instances(&design.verilog(), "gyrus_card");
    assert!(inside.len() > 20, "{inside:?}");
    let inside = inside.into_iter().map(|name| format!("card/{name}"));
    std::iter::once("card".to_owned()).chain(inside).collect()
}

fn ports(platform: &Platform) -> Vec<String> {
    platform.pins.iter().map(|pin| pin.port.clone()).collect()
}

fn check_fixture(fixture: &Fixture, board: &str, cells: &[String]) -> Result<(), ConstraintError> {
    let platform = fixture.check(&fixture.parameters(board, 8))?;
    let ports = ports(&platform);
    let names = Names {
        ports: &ports,
        cells,
        place: if board == "f2" {
            crate::shell::PLACE
        } else {
            ""
        },
    };
    check(&platform, names)
}

#[test]
fn boards_pass() {
    for lanes in [8, 32, 64] {
        let cells = cells(lanes);
        for board in ["u280", "u55c", "f2", "v80"] {
            let fixture = Fixture::new(&format!("constraints-{board}-{lanes}"));
            check_fixture(&fixture, board, &cells).unwrap();
        }
    }
}

#[test]
fn the_acorn_passes() {
    for lanes in [2, 4] {
        let cells = cells(lanes);
        let fixture = Fixture::new(&format!("constraints-acorn-{lanes}"));
        check_fixture(&fixture, "acorn", &cells).unwrap();
    }
}

#[test]
fn what_is_wrong_on_the_acorn_is_named() {
    let cells = cells(2);
    for (name, file, from, to, expected) in [
        (
            "x-memory-pin",
            "acorn/pins.xdc",
            "PACKAGE_PIN G1 ",
            "PACKAGE_PIN D19 ",
            "port 'pcie_clkreq_n': pin D19 is taken already",
        ),
        (
            "x-lane",
            "acorn/floorplan.xdc",
            "set_property PACKAGE_PIN D9 [get_ports {pcie_mgt_rxp[3]}]",
            "",
            "port 'pcie_mgt_rxp[3]' has no PACKAGE_PIN",
        ),
        (
            "x-standard",
            "acorn/pins.xdc",
            "{PACKAGE_PIN H4 IOSTANDARD LVCMOS33}",
            "{PACKAGE_PIN H4}",
            "port 'led_memory' has no IOSTANDARD",
        ),
        (
            "x-oscillator",
            "acorn/timing.xdc",
            "create_clock -period 5.000 -name sys_clk [get_ports sys_clk_clk_p]",
            "",
            "clock port 'sys_clk_clk_p' has no create_clock",
        ),
    ] {
        let fixture = Fixture::changed(name, file, from, to);
        let error = check_fixture(&fixture, "acorn", &cells).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_port_that_the_top_module_lacks() {
    let fixture = Fixture::new("constraints-port");
    let platform = fixture.check(&fixture.parameters("u280", 8)).unwrap();
    let mut ports = ports(&platform);
    ports.retain(|port| port != "hbm_cattrip");
    let cells = cells(8);
    let names = Names {
        ports: &ports,
        cells: &cells,
        place: "",
    };
    let error = check(&platform, names).unwrap_err().to_string();
    assert_eq!(error, "pins.xdc: the top module has no port 'hbm_cattrip'");
}

#[test]
fn what_is_wrong_is_named() {
    let cells = cells(8);
    for (name, file, from, to, expected) in [
        (
            "x-port",
            "u280/timing.xdc",
            "-to [get_ports hbm_cattrip]",
            "-to [get_ports hbm_catrip]",
            "timing.xdc: the top module has no port 'hbm_catrip'",
        ),
        (
            "x-bit",
            "u280/pins.xdc",
            "{pcie_mgt_rxp[15]}",
            "{pcie_mgt_rxp[16]}",
            "pins.xdc: the top module has no port 'pcie_mgt_rxp[16]'",
        ),
        (
            "x-cell",
            "u280/floorplan.xdc",
            "[get_cells card/core]",
            "[get_cells card/cores]",
            "floorplan.xdc: the design has no instance 'card/cores'",
        ),
        (
            "x-region",
            "u280/floorplan.xdc",
            "create_pblock pblock_core",
            "create_pblock pblock_cores",
            "there is no region 'pblock_core'",
        ),
        (
            "x-register",
            "u280/timing.xdc",
            "irq_synchroniser_reg",
            "irq_sync_reg",
            "no register is like '*irq_sync_reg[0]/D'",
        ),
        (
            "x-place",
            "u280/pins.xdc",
            "set_property PACKAGE_PIN AL2 [get_ports {pcie_mgt_rxp[0]}]",
            "",
            "port 'pcie_mgt_rxp[0]' has no PACKAGE_PIN",
        ),
        (
            "x-standard",
            "u280/pins.xdc",
            "PACKAGE_PIN D32 IOSTANDARD LVCMOS18 PULLDOWN true",
            "PACKAGE_PIN D32 PULLDOWN true",
            "port 'hbm_cattrip' has no IOSTANDARD",
        ),
        (
            "x-taken",
            "u280/pins.xdc",
            "PACKAGE_PIN AL1 ",
            "PACKAGE_PIN AL2 ",
            "pin AL2 is taken already",
        ),
        (
            "x-clock",
            "u280/timing.xdc",
            "create_clock -period 10.000 -name hbm_refclk [get_ports hbm_refclk_clk_p]",
            "",
            "clock port 'hbm_refclk_clk_p' has no create_clock",
        ),
        (
            "x-property",
            "u280/pins.xdc",
            "set_property CONFIG_MODE SPIx4",
            "set_property CONFIG_MODES SPIx4",
            "has no property 'CONFIG_MODES'",
        ),
        (
            "x-value",
            "u280/pins.xdc",
            "PACKAGE_PIN D32 IOSTANDARD LVCMOS18",
            "PACKAGE_PIN D32 IOSTANDARD LVCMOS81",
            "'LVCMOS81', must be",
        ),
        (
            "x-tcl",
            "u280/pins.xdc",
            "set_property CONFIG_VOLTAGE",
            "if {1} {}\nset_property CONFIG_VOLTAGE",
            "invalid command name \"if\"",
        ),
    ] {
        let fixture = Fixture::changed(name, file, from, to);
        let error = check_fixture(&fixture, "u280", &cells)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn instances_are_found() {
    let text = "module a (\n    input x\n);\n    b c (\n    );\nendmodule\nmodule b (\n    d e (\n";
    assert_eq!(instances(text, "a"), ["c"]);
    assert_eq!(instances(text, "none"), Vec::<String>::new());
}

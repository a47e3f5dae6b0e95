use super::record::object;
use super::*;
use gyrus_hdl::card::CardParameters;
use gyrus_interface::pci;
use std::fs;

/// Folders with scripts.
const FOLDERS: [&str; 10] = [
    "acorn",
    "check",
    "check/hdk",
    "check/hdk/build/constraints",
    "check/hdk/build/scripts",
    "common",
    "f2",
    "u280",
    "u55c",
    "v80",
];

/// The folder of boards, as it is or copied to be changed; and a directory for what is made.
pub(crate) struct Fixture {
    pub(crate) root: PathBuf,
    pub(crate) directory: PathBuf,
}

impl Fixture {
    pub(crate) fn new(name: &str) -> Self {
        let directory =
            std::env::temp_dir().join(format!("gyrus-tcl-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Self {
            root: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
            directory,
        }
    }

    /// A copy in which one text stands for another.
    pub(crate) fn changed(name: &str, file: &str, from: &str, to: &str) -> Self {
        let mut fixture = Self::new(name);
        let copy = fixture.directory.join("bitstreams");
        for folder in FOLDERS {
            fs::create_dir_all(copy.join(folder)).unwrap();
            for entry in fs::read_dir(fixture.root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    fs::copy(&path, copy.join(folder).join(path.file_name().unwrap())).unwrap();
                }
            }
        }
        let path = copy.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no '{from}'");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        fixture.root = copy;
        fixture
    }

    /// A card of so many lanes on a board, with an empty file in its place.
    pub(crate) fn parameters(&self, board: &str, lanes: usize) -> Parameters {
        let boards = crate::all().unwrap();
        let facts = boards.iter().find(|facts| facts.name == board).unwrap();
        let card = CardParameters::for_lanes(lanes).unwrap();
        let source = self.directory.join("card.v");
        fs::write(&source, "").unwrap();
        let pseudo_channel = facts.memory.bytes / u64::from(facts.memory.channels);
        Parameters {
            board: board.to_owned(),
            top: format!("gyrus_{board}"),
            part: facts.fpga.part.clone(),
            image: facts.programming.image,
            sources: vec![source],
            output: self.directory.join("output"),
            vendor_id: facts.pcie.vendor_id,
            device_id: facts.pcie.device_id,
            card_mhz: facts.assumed.clock_mhz,
            memory_mhz: facts.memory.port_mhz,
            key: card.key,
            keyswitch: card.keyswitch,
            bank_log2: if facts.memory.direct {
                pseudo_channel.ilog2()
            } else {
                facts.memory.bank_log2
            },
        }
    }

    pub(crate) fn check(&self, parameters: &Parameters) -> Result<Platform, TclError> {
        check(&self.root, parameters, &self.directory)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // What is left in the system's temporary directory hurts nobody.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The error of a copy with one change, on the U280 with 32 lanes.
fn refused(name: &str, file: &str, from: &str, to: &str) -> String {
    let fixture = Fixture::changed(name, file, from, to);
    let parameters = fixture.parameters("u280", 32);
    fixture.check(&parameters).unwrap_err().to_string()
}

pub(super) fn width(platform: &Platform, name: &str) -> usize {
    let port = platform.ports.iter().find(|port| port.name == name);
    port.unwrap_or_else(|| panic!("no port {name}")).width
}

#[test]
fn boards_pass() {
    for board in ["u280", "u55c"] {
        for lanes in [8, 32, 64] {
            let fixture = Fixture::new(&format!("{board}-{lanes}"));
            let parameters = fixture.parameters(board, lanes);
            let platform = fixture.check(&parameters).unwrap();
            let names: Vec<&str> = platform.ports.iter().map(|p| p.name.as_str()).collect();
            for (key, count, words) in [
                ("S_KEY", parameters.key.count, parameters.key.words),
                (
                    "S_KSK",
                    parameters.keyswitch.count,
                    parameters.keyswitch.words,
                ),
            ] {
                for channel in 0..count {
                    let data = format!("{key}_{channel:02}_rdata");
                    assert_eq!(
                        width(&platform, &data),
                        64 * words as usize,
                        "{board}, {lanes}"
                    );
                    let write = format!("{key}_{channel:02}_awaddr");
                    assert!(!names.contains(&write.as_str()), "keys are not written");
                }
                let behind = format!("{key}_{count:02}_rdata");
                assert!(!names.contains(&behind.as_str()), "{board}, {lanes}");
            }
            assert_eq!(width(&platform, "S_HOST_araddr"), 64);
            assert_eq!(width(&platform, "S_CARD_wstrb"), 8);
            assert_eq!(width(&platform, "M_AXIL_awaddr"), 12);
            assert_eq!(width(&platform, "pcie_mgt_rxp"), 16);
        }
    }
}

#[test]
fn directions_and_pins() {
    let fixture = Fixture::new("directions");
    let platform = fixture.check(&fixture.parameters("u280", 8)).unwrap();
    let output = |name: &str| {
        let port = platform.ports.iter().find(|port| port.name == name);
        port.unwrap().output
    };
    for name in [
        "M_AXIL_awvalid",
        "M_AXIL_rready",
        "S_HOST_arready",
        "S_KEY_00_rvalid",
        "card_clock",
        "card_aresetn",
        "pcie_mgt_txp",
        "hbm_cattrip",
    ] {
        assert!(output(name), "{name}");
    }
    for name in [
        "M_AXIL_awready",
        "S_HOST_arvalid",
        "S_CARD_wdata",
        "S_KEY_00_rready",
        "irq",
        "pcie_mgt_rxn",
        "pcie_refclk_clk_p",
        "pcie_perstn",
    ] {
        assert!(!output(name), "{name}");
    }
    let mut pins: Vec<(&str, bool)> = Vec::new();
    pins.extend(
        platform
            .pins
            .iter()
            .map(|pin| (pin.port.as_str(), pin.transceiver)),
    );
    pins.sort_unstable();
    assert_eq!(
        pins,
        [
            ("hbm_cattrip", false),
            ("hbm_refclk_clk_n", false),
            ("hbm_refclk_clk_p", false),
            ("pcie_mgt_rxn", true),
            ("pcie_mgt_rxp", true),
            ("pcie_mgt_txn", true),
            ("pcie_mgt_txp", true),
            ("pcie_perstn", false),
            ("pcie_refclk_clk_n", true),
            ("pcie_refclk_clk_p", true),
        ]
    );
}

/// The driver looks for the IDs that the core is told.
#[test]
fn ids_are_the_drivers() {
    let fixture = Fixture::new("ids");
    let parameters = fixture.parameters("u280", 8);
    let list = List::load().unwrap();
    let script = script(&fixture.root, &parameters, &fixture.directory).unwrap();
    let calls = record::run(&list, &fixture.root, &script, &fixture.directory, 0.1).unwrap();
    let design = Design::new(&list, &calls).unwrap();
    let core = &design.cells["xdma"].properties;
    let id = |name: &str| u16::from_str_radix(&core[name], 16).unwrap();
    assert_eq!(id("vendor_id"), pci::VENDOR_ID);
    assert_eq!(id("pf0_device_id"), pci::DEVICE_ID);
}

/// A channel is read through the port in front of the pseudo channel that its bank begins.
#[test]
fn channels_have_ports_of_their_own() {
    let fixture = Fixture::new("banks");
    let mut parameters = fixture.parameters("u55c", 32);
    assert_eq!(parameters.bank_log2, 29);
    parameters.bank_log2 = 28;
    let error = fixture.check(&parameters).unwrap_err().to_string();
    assert!(error.contains("would share a port"), "{error}");
    parameters.bank_log2 = 31;
    let error = fixture.check(&parameters).unwrap_err().to_string();
    assert!(
        error.contains("more channels than the memory has ports"),
        "{error}"
    );
}

#[test]
fn clocks_that_are_not_made() {
    let fixture = Fixture::new("clocks");
    let mut parameters = fixture.parameters("u280", 8);
    parameters.card_mhz = 310;
    let error = fixture.check(&parameters).unwrap_err().to_string();
    assert!(error.contains("310 MHz"), "{error}");
    // 900 MHz is four times 225 and twice 450.
    parameters.card_mhz = 225;
    assert!(fixture.check(&parameters).is_ok());
}

#[test]
fn parameters_are_checked() {
    let fixture = Fixture::new("parameters");
    let mut parameters = fixture.parameters("u280", 8);
    parameters.part = "5sgxea7".to_owned();
    let error = fixture.check(&parameters).unwrap_err().to_string();
    assert!(error.contains("parameter 'part' is '5sgxea7'"), "{error}");
    let mut parameters = fixture.parameters("u280", 8);
    parameters.sources.push(PathBuf::from("/no/such/card.v"));
    let error = fixture.check(&parameters).unwrap_err().to_string();
    assert!(error.contains("/no/such/card.v' is not there"), "{error}");
}

#[test]
fn names_that_the_tools_do_not_know() {
    for (name, file, from, to, expected) in [
        (
            "ip",
            "common/hbm.tcl",
            "xilinx.com:ip:hbm:1.0",
            "xilinx.com:ip:hbn:1.0",
            "IP 'xilinx.com:ip:hbn:1.0'",
        ),
        (
            "property",
            "common/pcie.tcl",
            "axisten_freq 250",
            "axisten_freq_mhz 250",
            "cell 'xdma' has no property 'axisten_freq_mhz'",
        ),
        (
            "value",
            "common/pcie.tcl",
            "pf0_msix_impl_locn Internal",
            "pf0_msix_impl_locn Inside",
            "'Inside', must be Internal",
        ),
        (
            "command",
            "common/implement.tcl",
            "opt_design",
            "optimise_design",
            "invalid command name \"optimise_design\"",
        ),
        (
            "option",
            "common/implement.tcl",
            "report_power -file",
            "report_power -output",
            "option '-output' is not known",
        ),
        (
            "pin",
            "common/hbm.tcl",
            "hbm/HBM_REF_CLK_1",
            "hbm/HBM_REF_CLK_2",
            "no pin 'hbm/HBM_REF_CLK_2'",
        ),
        (
            "interface",
            "common/pcie.tcl",
            "xdma/S_AXI_B $clock",
            "xdma/S_AXI $clock",
            "no pin 'xdma/S_AXI'",
        ),
    ] {
        let error = refused(name, file, from, to);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn wires_that_are_missing_or_too_many() {
    for (name, file, from, to, expected) in [
        (
            "clock",
            "common/hbm.tcl",
            "hbm/APB_0_PCLK hbm/APB_1_PCLK",
            "hbm/APB_0_PCLK",
            "pin 'hbm/APB_1_PCLK' is not connected",
        ),
        (
            "reset",
            "common/connect.tcl",
            "net $reset $name/aresetn",
            "",
            "/aresetn' is not connected",
        ),
        (
            "port",
            "common/hbm.tcl",
            "connect::net overtemperature/Res hbm_cattrip",
            "",
            "port 'hbm_cattrip' is not connected",
        ),
        (
            "bus",
            "common/pcie.tcl",
            "connect::bus pcie_refclk pcie_refclk_buffer/CLK_IN_D",
            "",
            "'pcie_refclk_buffer/CLK_IN_D' is not connected",
        ),
        (
            "twice",
            "common/pcie.tcl",
            "connect::net irq interrupt/irq",
            "connect::net irq interrupt/irq interrupt/aclk",
            "pin 'interrupt/aclk'",
        ),
        (
            "sources",
            "common/hbm.tcl",
            "connect::net memory_ready/Res card_reset/aux_reset_in",
            "connect::net memory_ready/Res clocks/locked card_reset/aux_reset_in",
            "2 sources drive the net",
        ),
        (
            "data-clock",
            "common/hbm.tcl",
            "connect::net $card_clock card_clock",
            "connect::net clocks/locked card_clock",
            "pin 'clocks/locked' and port 'card_clock' do not go together",
        ),
    ] {
        let error = refused(name, file, from, to);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn addresses_that_are_missing_or_overlap() {
    for (name, file, from, to, expected) in [
        (
            "window",
            "common/pcie.tcl",
            "connect::assign S_HOST xdma/S_AXI_B/BAR0 0 [expr {2 ** 64}]",
            "",
            "S_HOST: segment 'xdma/S_AXI_B/BAR0' has no address",
        ),
        (
            "overlap",
            "common/hbm.tcl",
            "[expr {$segment * $segment_bytes}]",
            "0",
            "overlaps",
        ),
        (
            "bytes",
            "u280/platform.tcl",
            "8GB {} 0x10000000",
            "8GB {} 0x8000000",
            "has 268435456 bytes",
        ),
        (
            "unreached",
            "common/pcie.tcl",
            "connect::assign xdma/M_AXI_B M_AXIL/Reg",
            "connect::assign xdma/M_AXI_B S_HOST/Reg",
            "has no address",
        ),
    ] {
        let error = refused(name, file, from, to);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn steps_out_of_order_or_missing() {
    for (name, file, from, to, expected) in [
        (
            "route",
            "common/implement.tcl",
            "place_design\n        phys_opt_design\n        route_design",
            "route_design\n        place_design\n        phys_opt_design",
            "route_design comes before phys_opt_design",
        ),
        (
            "report",
            "common/implement.tcl",
            "report_methodology -file [path methodology.rpt]",
            "",
            "never say report_methodology",
        ),
        (
            "hold",
            "common/implement.tcl",
            "foreach kind {setup hold}",
            "foreach kind {setup}",
            "never say get_timing_paths -hold",
        ),
        (
            "unchecked",
            "common/implement.tcl",
            "if {$slack < 0}",
            "if {$slack < -1}",
            "although the worst slack is negative",
        ),
        (
            "early",
            "common/build.tcl",
            "implement::check_timing\nimplement::write",
            "implement::write\nimplement::check_timing",
            "comes before get_timing_paths",
        ),
        (
            "unvalidated",
            "common/platform.tcl",
            "validate_bd_design\n",
            "\n",
            "never say validate_bd_design",
        ),
        (
            "missing-file",
            "common/build.tcl",
            "[file join $folder timing.xdc]",
            "[file join $folder timings.xdc]",
            "timings.xdc' is not there",
        ),
    ] {
        let error = refused(name, file, from, to);
        assert!(error.contains(expected), "{error}");
    }
}

/// Without tclsh that is what is said, and nothing passes.
#[test]
fn a_missing_tclsh_is_an_error() {
    let error = process::run(
        std::process::Command::new("tclsh-that-is-not-there"),
        &std::env::temp_dir(),
        "gyrus-no-tclsh.log",
        std::time::Duration::from_secs(1),
    );
    let error = TclError::from(error.unwrap_err()).to_string();
    assert!(
        error.contains("is missing: run scripts/setup --synth"),
        "{error}"
    );
}

/// The script that loads an image: its order, the file and the FPGA that it names; what is missing is refused.
#[test]
fn an_image_is_loaded() {
    let fixture = Fixture::new("program");
    let list = List::load().unwrap();
    let image = fixture.directory.join("image.bit");
    let program = |arguments: &[&Path]| {
        let script = Script {
            file: fixture.root.join("common/program.tcl"),
            arguments: arguments.iter().map(PathBuf::from).collect(),
        };
        record::run(&list, &fixture.root, &script, &fixture.directory, SLACKS.0)
    };
    let refused = program(&[&image, Path::new("xcu280")]).unwrap_err();
    assert!(
        refused.to_string().contains("there is no image"),
        "{refused}"
    );
    fs::write(&image, "").unwrap();
    assert!(program(&[&image]).is_err());

    let calls = program(&[&image, Path::new("xcu280"), Path::new("board:3121")]).unwrap();
    let commands: Vec<&str> = calls.iter().map(|call| call.command.as_str()).collect();
    let expected = [
        "open_hw_manager",
        "connect_hw_server",
        "open_hw_target",
        "get_hw_devices",
        "current_hw_device",
        "set_property",
        "program_hw_devices",
        "close_hw_target",
        "disconnect_hw_server",
        "close_hw_manager",
    ];
    assert_eq!(commands, expected);
    assert_eq!(calls[1].option("-url").unwrap(), "board:3121");
    assert_eq!(calls[3].word(0).unwrap(), "xcu280*");
    assert_eq!(calls[5].word(0).unwrap(), "PROGRAM.FILE");
    assert_eq!(calls[5].word(1).unwrap(), image.to_str().unwrap());
    let loaded = calls[6].word(0).unwrap();
    assert_eq!(object(loaded).1, "xcu280*");
}

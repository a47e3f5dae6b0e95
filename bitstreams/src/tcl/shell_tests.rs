//! The F2, whose build is the HDK's with our scripts in it.

use super::tests::Fixture;
use super::*;

/// The error of a copy with one change, on the F2 with 32 lanes.
fn refused(name: &str, file: &str, from: &str, to: &str) -> String {
    let fixture = Fixture::changed(name, file, from, to);
    let parameters = fixture.parameters("f2", 32);
    fixture.check(&parameters).unwrap_err().to_string()
}

fn port<'a>(platform: &'a Platform, name: &str) -> &'a Port {
    let port = platform.ports.iter().find(|port| port.name == name);
    port.unwrap_or_else(|| panic!("no port {name}"))
}

#[test]
fn the_f2_passes() {
    for lanes in [8, 32, 64] {
        let fixture = Fixture::new(&format!("f2-{lanes}"));
        let platform = fixture.check(&fixture.parameters("f2", lanes)).unwrap();
        // PCIe's pins are the shell's.
        assert!(platform.pins.is_empty());
        for (name, output, width) in [
            ("clk_main_a0", false, 1),
            ("S_OCL_awaddr", false, 32),
            ("S_OCL_rdata", true, 32),
            ("M_PCIM_wdata", true, 512),
            ("M_PCIM_araddr", true, 64),
            ("irq_req", true, 1),
            ("flr_assert", false, 1),
            ("hbm_apb_preset_n_1", false, 1),
            ("hbm_apb_paddr_0", true, 22),
            ("hbm_apb_prdata_1", true, 32),
        ] {
            let port = port(&platform, name);
            assert_eq!((port.output, port.width), (output, width), "{name}");
        }
    }
}

/// 250 MHz come from the shell, other clocks from the memory's reference clock.
#[test]
fn the_cards_clock() {
    let clock = |mhz| {
        let fixture = Fixture::new(&format!("f2-clock-{mhz}"));
        let mut parameters = fixture.parameters("f2", 8);
        parameters.card_mhz = mhz;
        fixture.check(&parameters)?;
        let calls = record::read(&record::log_of(&fixture.directory, SLACKS.0))?;
        let nets = calls.iter().filter(|call| call.command == "connect_bd_net");
        let sources = nets.filter(|call| {
            let ends = call.arguments.iter().flatten();
            ends.map(String::as_str).any(|end| end == "port:card_clock")
        });
        let sources = sources.map(|call| call.word(0).unwrap().to_owned());
        Ok::<_, TclError>(sources.collect::<Vec<_>>())
    };
    assert_eq!(clock(250).unwrap(), ["port:clk_main_a0"]);
    assert_eq!(clock(225).unwrap(), ["pin:clocks/clk_out2"]);
    let error = clock(240).unwrap_err().to_string();
    assert!(error.contains("no MMCM makes 240 MHz"), "{error}");
}

/// The kit's script takes the IDs apart at the underscore, and strips digits 2 and 3 from the left.
#[test]
fn the_kit_finds_the_ids() {
    let fixture = Fixture::new("f2-ids");
    let parameters = fixture.parameters("f2", 8);
    fixture.check(&parameters).unwrap();
    let file = fixture.directory.join("cl_gyrus/design/cl_id_defines.vh");
    let text = process::read(&file).unwrap();
    for name in ["CL_SH_ID0", "CL_SH_ID1"] {
        let line = text
            .lines()
            .find(|line| line.contains(&format!("define {name}")));
        let value = line.unwrap().split_whitespace().nth(2).unwrap();
        let halves = value.trim_start_matches(['3', '2', '\'', 'h']);
        let (device, vendor) = halves.split_once('_').unwrap();
        assert_eq!(u16::from_str_radix(device, 16), Ok(parameters.device_id));
        assert_eq!(u16::from_str_radix(vendor, 16), Ok(parameters.vendor_id));
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (name, file, from, to, expected) in [
        (
            "f2-monitor",
            "f2/platform.tcl",
            "card_start rst_main_n monitored true",
            "card_start rst_main_n monitored false",
            "no pin 'hbm/MON_APB_0_PRESET_N'",
        ),
        (
            "f2-width",
            "f2/platform.tcl",
            "paddr 22",
            "paddr 21",
            "'hbm/APB_0_PADDR_MON' and port 'hbm_apb_paddr_0' do not go together",
        ),
        (
            "f2-reset",
            "f2/platform.tcl",
            "connect::net rst_main_n interrupt/aresetn",
            "",
            "pin 'interrupt/aresetn' is not connected",
        ),
        (
            "f2-segment",
            "f2/platform.tcl",
            "16GB _8HI 0x20000000",
            "16GB _8HI 0x10000000",
            "has 536870912 bytes",
        ),
        (
            "f2-window",
            "f2/platform.tcl",
            "connect::assign S_HOST M_PCIM/Reg 0 [expr {2 ** 64}]",
            "",
            "S_HOST: segment 'M_PCIM/Reg' has no address",
        ),
        (
            "f2-mode",
            "f2/synth.tcl",
            "-keep_equivalent_registers",
            "-keep_equal_registers",
            "option '-keep_equal_registers' is not known",
        ),
        (
            "f2-order",
            "f2/synth.tcl",
            "cl_synth_user.xdc cl_timing_user.xdc",
            "cl_synth_user.xdc",
            "never say read_xdc cl_timing_user.xdc",
        ),
        (
            "f2-footer",
            "f2/synth.tcl",
            "synth_cl_footer.tcl",
            "synth_cl_foot.tcl",
            "synth_cl_foot.tcl",
        ),
        (
            "f2-parent",
            "f2/small_shell_cl_pnr_user.xdc",
            "parent pblock_CL",
            "parent pblock_cl",
            "property 'parent' of region 'pblock_memory' is 'pblock_cl'",
        ),
    ] {
        let error = refused(name, file, from, to);
        assert!(error.contains(expected), "{name}: {error}");
    }
}

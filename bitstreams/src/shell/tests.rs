use super::*;
use crate::elaborate;
use crate::tcl::tests::Fixture;
use crate::wrapper::{CardPorts, Places};
use gyrus_hdl::card::CardParameters;
use gyrus_hdl::catalogue::emit_card;
use gyrus_hdl::emit::Design;

/// Of the card that is put together: the fewest that F2's script takes.
const LANES: usize = 2;

/// The F2's custom logic with a small card, put together; in a copy with one change, if one is wanted.
fn together(
    card: &CardParameters,
    design: &Design,
    name: &str,
    change: Option<(&str, &str, &str)>,
) -> Result<(), String> {
    let fixture = match change {
        None => Fixture::new(name),
        Some((file, from, to)) => Fixture::changed(name, file, from, to),
    };
    let platform = fixture.check(&fixture.parameters("f2", LANES)).unwrap();
    let ports = design
        .manifest()
        .ports
        .into_iter()
        .map(|port| crate::tcl::Port {
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
    let shell = Shell::find("aws-f2").unwrap();
    let outside = shell
        .outside(&fixture.root, "f2", &fixture.directory)
        .unwrap();
    let all = elaborate(
        &fixture.directory,
        "gyrus_f2",
        &ports,
        &design.verilog(),
        &platform.ports,
        Places::default(),
        Some(&outside),
    );
    all.map_err(|error| {
        let logs = ["elaborate-yosys.log", "elaborate-verilator.log"];
        let logs = logs.map(|log| process::read(&fixture.directory.join(log)).unwrap_or_default());
        format!("{error}: {}", logs.concat())
    })
}

#[test]
fn the_custom_logic_fits_the_shell() {
    let card = CardParameters::for_lanes(LANES).unwrap();
    let design = emit_card("gyrus_card", &card).unwrap();
    together(&card, &design, "shell-whole", None).unwrap();
    for (name, file, from, to, expected) in [
        // A port that the shell does not have.
        (
            "shell-name",
            "f2/cl_gyrus.sv",
            "(sh_cl_flr_assert)",
            "(sh_cl_flr_asserted)",
            "sh_cl_flr_asserted",
        ),
        // One that the custom logic does not drive.
        (
            "shell-undriven",
            "f2/cl_gyrus.sv",
            "assign cl_sh_dma_pcis_bvalid = 1'b0;",
            "",
            "cl_sh_dma_pcis_bvalid",
        ),
        // Widths.
        (
            "shell-width",
            "f2/cl_gyrus.sv",
            "cl_sh_pcim_awuser = 55'd0",
            "cl_sh_pcim_awuser = 54'd0",
            "cl_sh_pcim_awuser",
        ),
        // A signal of the platform that is left out.
        (
            "shell-platform",
            "f2/cl_gyrus.sv",
            "        .irq_ack(sh_cl_apppf_irq_ack[0]),\n",
            "",
            "irq_ack",
        ),
    ] {
        let error = together(&card, &design, name, Some((file, from, to))).unwrap_err();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

/// AWS' interface has so many ports: counted in cl_ports.vh.
#[test]
fn the_list_of_shells() {
    let shell = Shell::find("aws-f2").unwrap();
    let counts = (shell.inputs.len(), shell.outputs.len(), shell.inouts.len());
    assert_eq!(counts, (105, 108, 4));
    assert!(matches!(
        Shell::find("aws-f1"),
        Err(ShellError::Unknown(name)) if name == "aws-f1"
    ));
}

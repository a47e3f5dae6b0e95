//! A board's scripts, its top module and its constraints, held against each other.

use super::{FlowError, Order, written};
use crate::constraints::{self, Names};
use crate::elaborate;
use crate::process;
use crate::shell::{PLACE, Shell};
use crate::tcl::{self, Parameters, Port};
use crate::wrapper::CardPorts;
use gyrus_hdl::card::CardParameters;
use gyrus_hdl::emit::Design;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder with the boards' scripts.
pub(super) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs the scripts under a stub of the vendor's tool, puts the top module together, checks the constraints, and
/// prints what was found. The file of parameters for the vendor's tool, if there are scripts.
///
/// # Errors
/// [`FlowError`] says what is wrong.
pub(super) fn check(
    order: &Order,
    card: &CardParameters,
    design: &Design,
    out: &mut dyn Write,
) -> Result<Option<PathBuf>, FlowError> {
    let board = &order.board;
    let root = Path::new(ROOT);
    if !root.join(&board.name).join("platform.tcl").exists() {
        let none = "\nscripts  none yet for this board: wrapper and constraints are not checked";
        writeln!(out, "{none}").map_err(written)?;
        return Ok(None);
    }
    let directory = order.directory.join(&board.name);
    let top = order.top();
    let text = design.verilog();
    process::write(&directory.join("gyrus_card.v"), &text)?;
    let directory = directory
        .canonicalize()
        .map_err(|error| process::file(&directory, error))?;
    let top_file = directory.join(format!("{top}.v"));
    // The scripts name it; what it says depends on theirs.
    process::write(&top_file, "")?;
    let parameters = Parameters {
        board: board.name.clone(),
        top: top.clone(),
        part: board.fpga.part.clone(),
        image: board.programming.image,
        sources: vec![top_file.clone(), directory.join("gyrus_card.v")],
        output: directory.clone(),
        vendor_id: board.pcie.vendor_id,
        device_id: board.pcie.device_id,
        card_mhz: order.clock_mhz(),
        memory_mhz: board.memory.port_mhz,
        key: card.key,
        keyswitch: card.keyswitch,
        bank_log2: card.bank_log2,
    };
    if board.fpga.yosys.is_none() {
        let stand_in =
            "\nsynthesis with a family that stands for the FPGA's own, which Yosys has not";
        writeln!(out, "{stand_in}: {}", board.fpga.model()).map_err(written)?;
    }
    let platform = tcl::check(root, &parameters, &directory)?;
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
    let outside = match &board.shell {
        Some(shell) => Some(Shell::find(&shell.name)?.outside(root, &board.name, &directory)?),
        None => None,
    };
    elaborate(
        &directory,
        &top,
        &ports,
        &text,
        &platform.ports,
        board.places(),
        outside.as_ref(),
    )?;
    let pins: Vec<String> = platform.pins.iter().map(|pin| pin.port.clone()).collect();
    let mut cells = vec!["card".to_owned()];
    for inner in constraints::instances(&text, "gyrus_card") {
        cells.push(format!("card/{inner}"));
    }
    for inner in constraints::instances(&text, "gyrus_core") {
        cells.push(format!("card/core/{inner}"));
    }
    let names = Names {
        ports: &pins,
        cells: &cells,
        place: outside.as_ref().map_or("", |_| PLACE),
    };
    constraints::check(&platform, names)?;
    writeln!(
        out,
        "\nscripts  run to the image under a stub of the tool: {} cells, {} ports of the platform\n\
         wrapper  {}: elaborated with the card by Yosys and Verilator\n\
         pins     {} board pins, constraints name what exists",
        platform.cells.len(),
        platform.ports.len(),
        top_file.display(),
        pins.len(),
    )
    .map_err(written)?;
    Ok(Some(directory.join(tcl::PARAMETERS)))
}

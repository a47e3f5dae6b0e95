//! The order of a build: from sources to a bitstream, with timing looked at before that is written.

use super::TclError;
use super::record::Call;
use crate::Image;

/// What is said once a design is being made, in this order: all of one before the first of the next.
const STEPS: [&str; 12] = [
    "create_project",
    "read_verilog",
    "create_bd_design",
    "create_bd_cell",
    "validate_bd_design",
    "save_bd_design",
    "generate_target",
    "synth_design",
    "opt_design",
    "place_design",
    "phys_opt_design",
    "route_design",
];

/// What changes a block design, and comes before it is checked.
const CHANGES: [&str; 5] = [
    "create_bd_port",
    "create_bd_intf_port",
    "connect_bd_net",
    "connect_bd_intf_net",
    "assign_bd_address",
];

/// Reports of the design as it is routed.
const REPORTS: [&str; 7] = [
    "report_utilization",
    "report_timing_summary",
    "report_clock_interaction",
    "report_power",
    "report_methodology",
    "report_drc",
    "report_route_status",
];

/// Where a command is said, from which and up to which call.
fn places(
    calls: &[Call],
    what: &str,
    is: impl Fn(&Call) -> bool,
) -> Result<(usize, usize), TclError> {
    let first = calls.iter().position(&is);
    let last = calls.iter().rposition(&is);
    first
        .zip(last)
        .ok_or_else(|| TclError::Missing(what.to_owned()))
}

fn of(calls: &[Call], command: &str) -> Result<(usize, usize), TclError> {
    places(calls, command, |call| call.command == command)
}

fn before(first: (&str, usize), second: (&str, usize)) -> Result<(), TclError> {
    if first.1 < second.1 {
        return Ok(());
    }
    Err(TclError::Order {
        first: first.0.to_owned(),
        second: second.0.to_owned(),
    })
}

/// What makes the image.
pub(super) const fn last(image: Image) -> &'static str {
    match image {
        Image::Bit => "write_bitstream",
        Image::Pdi => "write_device_image",
        Image::Dcp => "write_checkpoint",
    }
}

/// Constraints with the step that they have to be read before.
const fn constraints(image: Image) -> [(&'static str, &'static str); 3] {
    match image {
        Image::Bit | Image::Pdi => [
            ("pins.xdc", "synth_design"),
            ("timing.xdc", "synth_design"),
            ("floorplan.xdc", "place_design"),
        ],
        Image::Dcp => [
            ("cl_synth_user.xdc", "synth_design"),
            ("cl_timing_user.xdc", "synth_design"),
            ("small_shell_cl_pnr_user.xdc", "place_design"),
        ],
    }
}

/// Checks the order.
pub(super) fn check(calls: &[Call], image: Image) -> Result<(), TclError> {
    for pair in STEPS.windows(2) {
        let (earlier, later) = (of(calls, pair[0])?, of(calls, pair[1])?);
        before((pair[0], earlier.1), (pair[1], later.0))?;
    }
    let validated = of(calls, "validate_bd_design")?.0;
    for change in CHANGES {
        before(
            (change, of(calls, change)?.1),
            ("validate_bd_design", validated),
        )?;
    }
    let (routed, written) = (of(calls, "route_design")?.1, of(calls, last(image))?.1);
    before(("route_design", routed), (last(image), written))?;
    for (file, step) in constraints(image) {
        let what = format!("read_xdc {file}");
        let (_, read) = places(calls, &what, |call| {
            call.command == "read_xdc" && call.word(0).is_ok_and(|path| path.ends_with(file))
        })?;
        before((&what, read), (step, of(calls, step)?.0))?;
    }
    match image {
        // Reports and timing are the kit's.
        Image::Dcp => Ok(()),
        Image::Bit | Image::Pdi => reports(calls, routed, (last(image), of(calls, last(image))?.0)),
    }
}

/// The design as it is routed is reported, and its timing looked at, before the image is written.
fn reports(calls: &[Call], routed: usize, written: (&str, usize)) -> Result<(), TclError> {
    for report in REPORTS {
        let last = of(calls, report)?.1;
        before(("route_design", routed), (report, last))?;
        before((report, last), written)?;
    }
    for kind in ["-setup", "-hold"] {
        let what = format!("get_timing_paths {kind}");
        let (first, last) = places(calls, &what, |call| {
            call.command == "get_timing_paths" && call.options.contains_key(kind)
        })?;
        before(("route_design", routed), (&what, first))?;
        before((&what, last), written)?;
    }
    Ok(())
}

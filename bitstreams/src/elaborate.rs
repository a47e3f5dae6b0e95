//! The top module, the emitted card and the platform as a black box, put together by two open tools that know
//! nothing of each other: Yosys finds modules, ports and drivers that are not there, Verilator widths that differ.

use crate::process::{self, ProcessError};
use crate::shell::Outside;
use crate::tcl::Port;
use crate::wrapper::{CardPorts, Places, WrapperError, black_box, top};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use thiserror::Error;

/// Where a shell's custom logic has its IDs.
const IDS: &str = "cl_gyrus/design";
/// The time that a tool has.
const DEADLINE: Duration = Duration::from_secs(600);

/// Why a design is not whole.
#[derive(Debug, Error)]
pub enum ElaborateError {
    /// There is no top module.
    #[error(transparent)]
    Wrapper(#[from] WrapperError),
    /// A tool does not take it, or is missing.
    #[error("the board's design does not go together")]
    Process(#[from] ProcessError),
}

/// Writes a top module, the card and the platform's black box into a directory and puts them together, with what is
/// around the top module, if there is anything.
///
/// # Errors
/// [`ElaborateError`] says what is missing, or does not fit.
pub fn elaborate(
    directory: &Path,
    name: &str,
    card: &CardPorts,
    card_text: &str,
    platform: &[Port],
    places: Places,
    outside: Option<&Outside>,
) -> Result<(), ElaborateError> {
    let text = top(name, card, platform, places)?;
    process::write(&directory.join(format!("{name}.v")), &text)?;
    process::write(&directory.join("gyrus_card.v"), card_text)?;
    process::write(&directory.join("platform_stub.v"), &black_box(platform))?;
    let (mut around, mut stubs, mut outer) = (String::new(), String::new(), name);
    if let Some(outside) = outside {
        let sources = outside.sources.iter();
        around = sources.map(|file| format!(" {}", file.display())).collect();
        stubs = format!(" {}", outside.stubs.display());
        outer = &outside.top;
    }
    // With a shell there are files of its own language.
    let files = format!("{name}.v gyrus_card.v platform_stub.v{around}{stubs}");
    let mut yosys = Command::new("yosys");
    // Of the card Yosys needs the ports; Verilator takes all of it.
    let script = format!(
        "read_verilog -sv -lib gyrus_card.v platform_stub.v{stubs}; read_verilog -sv -I. -I{IDS} {name}.v{around}; \
         hierarchy -check -top {outer}; check -assert {name} {outer}"
    );
    yosys.args(["-q", "-p", &script]);
    process::run(yosys, directory, "elaborate-yosys.log", DEADLINE)?;
    let mut verilator = Command::new("verilator");
    verilator.args(["--lint-only", "-Wall", "--top-module", outer]);
    verilator.args(["-I.".to_owned(), format!("-I{IDS}")]);
    // A black box has outputs that nothing drives; a bus has signals that the card does not look at.
    verilator.args(["-Wno-UNDRIVEN", "-Wno-UNUSED", "-Wno-DECLFILENAME"]);
    verilator.args(files.split(' '));
    process::run(verilator, directory, "elaborate-verilator.log", DEADLINE)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gyrus_hdl::card::CardParameters;
    use gyrus_hdl::catalogue::emit_card;

    /// The signals of AXI4, by who drives them, with their widths; from the specification (IHI 0022, A2).
    fn axi(prefix: &str, data: usize, address: usize, master: bool, writes: bool) -> Vec<Port> {
        let mut ports = Vec::new();
        let mut add = |name: &str, width: usize, by_master: bool| {
            ports.push(Port {
                name: format!("{prefix}_{name}"),
                output: by_master == master,
                inout: false,
                width,
            });
        };
        for channel in if writes {
            &["ar", "aw"][..]
        } else {
            &["ar"][..]
        } {
            for (name, width) in [
                ("addr", address),
                ("len", 8),
                ("size", 3),
                ("burst", 2),
                ("lock", 1),
                ("cache", 4),
                ("prot", 3),
                ("qos", 4),
                ("region", 4),
                ("valid", 1),
            ] {
                add(&format!("{channel}{name}"), width, true);
            }
            add(&format!("{channel}ready"), 1, false);
        }
        for (name, width, by_master) in [
            ("rdata", data, false),
            ("rresp", 2, false),
            ("rlast", 1, false),
            ("rvalid", 1, false),
            ("rready", 1, true),
        ] {
            add(name, width, by_master);
        }
        if writes {
            for (name, width, by_master) in [
                ("wdata", data, true),
                ("wstrb", data / 8, true),
                ("wlast", 1, true),
                ("wvalid", 1, true),
                ("wready", 1, false),
                ("bresp", 2, false),
                ("bvalid", 1, false),
                ("bready", 1, true),
            ] {
                add(name, width, by_master);
            }
        }
        ports
    }

    fn lite() -> Vec<Port> {
        let not_lite = [
            "len", "size", "burst", "lock", "cache", "qos", "region", "last",
        ];
        let ports = axi("M_AXIL", 32, 32, true, true).into_iter();
        ports
            .filter(|port| !not_lite.iter().any(|end| port.name.ends_with(end)))
            .collect()
    }

    fn pin(name: &str, output: bool, width: usize) -> Port {
        Port {
            name: name.to_owned(),
            output,
            inout: false,
            width,
        }
    }

    fn platform(card: &CardPorts) -> Vec<Port> {
        let mut ports = lite();
        ports.extend(axi("S_HOST", 64, 64, false, true));
        ports.extend(axi("S_CARD", 64, 64, false, true));
        for channel in 0..card.key.count {
            let name = format!("S_KEY_{channel:02}");
            ports.extend(axi(&name, 64 * card.key.words as usize, 64, false, false));
        }
        for channel in 0..card.keyswitch.count {
            let name = format!("S_KSK_{channel:02}");
            ports.extend(axi(
                &name,
                64 * card.keyswitch.words as usize,
                64,
                false,
                false,
            ));
        }
        ports.push(pin("card_clock", true, 1));
        ports.push(pin("card_aresetn", true, 1));
        ports.push(pin("irq", false, 1));
        ports.push(pin("pcie_mgt_rxp", false, 16));
        ports.push(pin("hbm_cattrip", true, 1));
        ports
    }

    fn card() -> (CardPorts, String) {
        let parameters = CardParameters::for_lanes(8).unwrap();
        let design = emit_card("gyrus_card", &parameters).unwrap();
        let ports = design.manifest().ports.into_iter().map(|port| Port {
            output: port.direction == "output",
            inout: false,
            name: port.name,
            width: port.width,
        });
        let card = CardPorts {
            ports: ports.collect(),
            key: parameters.key,
            keyswitch: parameters.keyswitch,
        };
        (card, design.verilog())
    }

    fn directory(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("gyrus-elaborate-{}-{name}", std::process::id()))
    }

    #[test]
    fn card_and_platform_go_together() {
        let (card, text) = card();
        let platform = platform(&card);
        let directory = directory("whole");
        elaborate(
            &directory,
            "gyrus_test",
            &card,
            &text,
            &platform,
            Places::default(),
            None,
        )
        .unwrap();
        let top = process::read(&directory.join("gyrus_test.v")).unwrap();
        // What the card leaves out: 512 bits are 64 bytes, of which the logarithm is 6.
        assert!(top.contains("assign S_KSK_00_arsize = 3'd6;"), "{top}");
        assert!(top.contains("assign S_HOST_awburst = 2'd1;"), "{top}");
        assert!(top.contains("output wire hbm_cattrip"), "{top}");
        assert!(top.contains("input wire [15:0] pcie_mgt_rxp"), "{top}");
        assert!(!top.contains("input wire card_clock"), "{top}");
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (card, text) = card();
        let whole = platform(&card);
        let without = |name: &str| {
            let ports = whole.iter().filter(|port| port.name != name);
            ports.cloned().collect::<Vec<_>>()
        };
        let changed = |name: &str, change: fn(&mut Port)| {
            let mut ports = whole.clone();
            change(ports.iter_mut().find(|port| port.name == name).unwrap());
            ports
        };
        let refused =
            |ports: &[Port]| top("gyrus_test", &card, ports, Places::default()).unwrap_err();
        for name in [
            "card_clock",
            "irq",
            "S_HOST_wstrb",
            "S_KEY_01_rresp",
            "S_KEY_02_rdata",
        ] {
            let error = refused(&without(name));
            assert_eq!(error, WrapperError::Missing(name.to_owned()));
        }
        let narrow = changed("S_KEY_01_rdata", |port| port.width = 128);
        assert!(matches!(refused(&narrow), WrapperError::Unfit { .. }));
        let turned = changed("S_CARD_araddr", |port| port.output = true);
        assert!(matches!(refused(&turned), WrapperError::Unfit { .. }));
        let mut odd = whole.clone();
        odd.push(pin("S_HOST_arparity", false, 1));
        let error = refused(&odd);
        assert_eq!(error, WrapperError::Undriven("S_HOST_arparity".to_owned()));
        // Another card than the one that the top module was made for.
        let directory = directory("other");
        let other = text.replace("m_card_wlast", "m_card_last");
        let error = elaborate(
            &directory,
            "gyrus_test",
            &card,
            &other,
            &whole,
            Places::default(),
            None,
        )
        .unwrap_err();
        assert!(matches!(error, ElaborateError::Process(_)), "{error:?}");
        std::fs::remove_dir_all(directory).unwrap();
    }
}

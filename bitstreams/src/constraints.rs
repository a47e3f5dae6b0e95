//! A board's constraints: what they name is there, and every pin has its place.
//!
//! The files are Tcl and run with the scripts ([`crate::tcl`]), where commands and properties are held against the
//! list. Here their names are held against the design.

use crate::process::{self, ProcessError};
use crate::tcl::record::{Call, object};
use crate::tcl::{Platform, TclError};
use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use thiserror::Error;

/// The instance of the platform in the top module.
const PLATFORM: &str = "platform_i";

/// Why a board's constraints cannot be used.
#[derive(Debug, Error)]
pub enum ConstraintError {
    /// A command is not as it should be.
    #[error(transparent)]
    Tcl(#[from] TclError),
    /// A source cannot be read.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The top module has no such port.
    #[error("{file}: the top module has no port '{port}'")]
    Port {
        /// The constraints.
        file: String,
        /// The port.
        port: String,
    },
    /// The design has no such instance.
    #[error("{file}: the design has no instance '{cell}'")]
    Cell {
        /// The constraints.
        file: String,
        /// The instance.
        cell: String,
    },
    /// No source has such a register.
    #[error("{file}: no register is like '{pattern}'")]
    Register {
        /// The constraints.
        file: String,
        /// The pattern.
        pattern: String,
    },
    /// A region is used that was not made.
    #[error("{file}: there is no region '{region}'")]
    Region {
        /// The constraints.
        file: String,
        /// The region.
        region: String,
    },
    /// A pin of the board lacks a property.
    #[error("port '{port}' has no {property}")]
    Pin {
        /// The port.
        port: String,
        /// What it lacks.
        property: &'static str,
    },
    /// Two ports are on one pin of the package, or one port is on two.
    #[error("port '{port}': pin {pin} is taken already")]
    Taken {
        /// The port.
        port: String,
        /// The package's pin.
        pin: String,
    },
    /// A clock from outside has no period.
    #[error("clock port '{0}' has no create_clock")]
    Clock(String),
}

/// What there is in the top module.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Its ports, without the ranges of vectors.
    pub ports: &'a [String],
    /// Instances by their paths, without those of the platform: `card`, `card/core`, ..
    pub cells: &'a [String],
    /// What is before these paths where places are given: the top module may be an instance of a shell's.
    pub place: &'a str,
}

/// Checks the constraints that were read with a platform's scripts.
///
/// # Errors
/// [`ConstraintError`] names what is not there.
pub fn check(platform: &Platform, names: Names<'_>) -> Result<(), ConstraintError> {
    let sources = platform.sources.iter().map(|path| process::read(path));
    let sources: Vec<String> = sources.collect::<Result<_, _>>()?;
    let widths: BTreeMap<&str, usize> = {
        let ports = platform.ports.iter();
        ports.map(|port| (port.name.as_str(), port.width)).collect()
    };
    let mut regions = Vec::new();
    for call in &platform.constraints {
        let file = file(call);
        match call.command.as_str() {
            "get_ports" => {
                for port in call.list(0) {
                    if !is_port(port, names, &widths) {
                        let port = port.clone();
                        return Err(ConstraintError::Port { file, port });
                    }
                }
            }
            "get_cells" => {
                for cell in call.list(0) {
                    if !is_cell(cell, platform, names) {
                        let cell = cell.clone();
                        return Err(ConstraintError::Cell { file, cell });
                    }
                }
            }
            "get_pins" => {
                for pattern in call.list(0) {
                    if !is_register(pattern, &sources) {
                        let pattern = pattern.clone();
                        return Err(ConstraintError::Register { file, pattern });
                    }
                }
            }
            "create_pblock" => regions.push(call.word(0)?.to_owned()),
            "get_pblocks" | "resize_pblock" | "add_cells_to_pblock" => {
                let region = call.word(0)?.to_owned();
                if !regions.contains(&region) {
                    return Err(ConstraintError::Region { file, region });
                }
            }
            _ => (),
        }
    }
    places(platform)?;
    clocks(platform)
}

/// The instances in a module of emitted Verilog.
#[must_use]
pub fn instances(verilog: &str, module: &str) -> Vec<String> {
    let start = format!("module {module} (");
    let lines = verilog.lines().skip_while(|line| *line != start);
    let lines = lines.take_while(|line| *line != "endmodule");
    lines
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [kind, name, "("] if *kind != "module" => Some((*name).to_owned()),
                _ => None,
            }
        })
        .collect()
}

fn file(call: &Call) -> String {
    let name = Path::new(&call.constraints).file_name();
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// A port, or a bit of one that is as wide.
fn is_port(name: &str, names: Names<'_>, widths: &BTreeMap<&str, usize>) -> bool {
    let (base, bit) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        Some((base, bit)) => (base, bit.parse::<usize>().ok()),
        None => (name, Some(0)),
    };
    let width = widths.get(base).copied().unwrap_or(1);
    names.ports.iter().any(|port| port == base) && bit.is_some_and(|bit| bit < width)
}

fn is_cell(name: &str, platform: &Platform, names: Names<'_>) -> bool {
    let Some(name) = name.strip_prefix(names.place) else {
        return false;
    };
    let of_platform = match name.strip_prefix(PLATFORM) {
        Some("") => true,
        Some(rest) => platform.cells.iter().any(|cell| rest == format!("/{cell}")),
        None => false,
    };
    of_platform || names.cells.iter().any(|cell| cell == name)
}

/// A pattern '*name_reg[bit]/pin' of a register that a source has.
fn is_register(pattern: &str, sources: &[String]) -> bool {
    let name = pattern
        .strip_prefix('*')
        .and_then(|rest| rest.split_once("_reg"));
    let Some((name, _)) = name else {
        return false;
    };
    let register = format!(r"\breg\b[^;(]*\b{}\b", regex::escape(name));
    Regex::new(&register).is_ok_and(|register| sources.iter().any(|text| register.is_match(text)))
}

/// Every pin has a place of its own, and one that is no transceiver's a standard. What a memory controller's project
/// places has both from there.
fn places(platform: &Platform) -> Result<(), ConstraintError> {
    let mut pins = platform.placed.clone();
    let mut standards: Vec<String> = pins.keys().cloned().collect();
    let set = |call: &&Call| call.command == "set_property";
    for call in platform.constraints.iter().filter(set) {
        let dictionary = call.options.contains_key("-dict");
        let words = call.list(0);
        let pairs: Vec<(&str, &str)> = if dictionary {
            let pairs = words.chunks_exact(2);
            pairs
                .map(|pair| (pair[0].as_str(), pair[1].as_str()))
                .collect()
        } else {
            vec![(call.word(0)?, call.word(1)?)]
        };
        for target in call.list(if dictionary { 1 } else { 2 }) {
            let ("top_port", port) = object(target) else {
                continue;
            };
            for &(property, value) in &pairs {
                match property {
                    "PACKAGE_PIN" => {
                        let taken = pins.values().any(|pin| pin == value)
                            || pins.insert(port.to_owned(), value.to_owned()).is_some();
                        if taken {
                            return Err(ConstraintError::Taken {
                                port: port.to_owned(),
                                pin: value.to_owned(),
                            });
                        }
                    }
                    "IOSTANDARD" => standards.push(port.to_owned()),
                    _ => (),
                }
            }
        }
    }
    for pin in &platform.pins {
        for port in pin.bits() {
            let property = if !pins.contains_key(&port) {
                "PACKAGE_PIN"
            } else if !pin.transceiver && !standards.contains(&port) {
                "IOSTANDARD"
            } else {
                continue;
            };
            return Err(ConstraintError::Pin { port, property });
        }
    }
    Ok(())
}

/// Every clock from outside has a period.
fn clocks(platform: &Platform) -> Result<(), ConstraintError> {
    let made = |port: &str| {
        platform.constraints.iter().any(|call| {
            let of_port = |target: &String| object(target) == ("top_port", port);
            call.command == "create_clock" && call.list(0).iter().any(of_port)
        })
    };
    let clocks = platform
        .pins
        .iter()
        .filter(|pin| pin.port.ends_with("_clk_p") && !pin.timed);
    for clock in clocks {
        if !made(&clock.port) {
            return Err(ConstraintError::Clock(clock.port.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

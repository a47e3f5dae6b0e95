//! A whole design: its text, what it contains, and its two files.

use super::EmitError;
use super::module::{Id, Module, Role};
use super::names::{ModuleNames, plain, without_indices};
use super::walk::Modules;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Warnings of `verilator --lint-only -Wall` that this Verilog causes on purpose, with the reason.
/// They are switched off in the text itself, so that everyone who reads it gets a clean result.
pub const LINT_WAIVERS: &[(&str, &str)] = &[
    (
        "WIDTH",
        "Parts written by hand leave it to Verilog to extend their operands to the result.",
    ),
    (
        "DECLFILENAME",
        "All modules of the design are in this file.",
    ),
    (
        "VARHIDDEN",
        "A signal may have the name of an instance around it: no text refers to outer scopes.",
    ),
    (
        "UNUSED",
        "Not all outputs, states and address bits of a general block are needed everywhere.",
    ),
];

/// The layout of [`Manifest`]; changes when a reader of the old one would misread the new.
const SCHEMA: u32 = 1;

/// What a design contains; the contents of its `.json` file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The layout of this manifest.
    pub schema: u32,
    /// The top module.
    pub name: String,
    /// Program and version that wrote the design.
    pub generator: String,
    /// What the design was built with.
    pub parameters: BTreeMap<String, String>,
    /// The ports of the top module.
    pub ports: Vec<Port>,
    /// Rising edges from an input to its answer, by name.
    pub latencies: BTreeMap<String, u64>,
    /// The contents of all memories.
    pub memory_bits: MemoryBits,
    /// Multipliers of two 64-bit words modulo q ([`crate::arith::MulLazy`]).
    pub multipliers: u64,
    /// Blocks, each instance counted.
    pub instances: u64,
    /// Instances of each module.
    pub instances_of: BTreeMap<String, u64>,
    /// Different modules in the text.
    pub modules: u64,
    /// Lines of the text.
    pub lines: u64,
}

/// A port of the top module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// The name in Verilog.
    pub name: String,
    /// `input` or `output`.
    pub direction: String,
    /// Bits.
    pub width: usize,
}

/// Bits of all memories: delay lines, RAMs and ROMs, not single registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MemoryBits {
    /// All.
    pub total: u64,
    /// By the field of the top block that holds them, the indices left out.
    pub by_purpose: BTreeMap<String, u64>,
}

/// A block as Verilog.
#[derive(Clone, Debug)]
pub struct Design {
    /// The modules, without the header.
    modules: String,
    manifest: Manifest,
}

impl Design {
    pub(super) fn new(name: &str, modules: &Modules, top: Id, blocks: u64, mul: Id) -> Self {
        let order = children_first(&modules.all, top);
        let mut names = ModuleNames::new(name);
        let mut name_of: Vec<String> = vec![String::new(); modules.all.len()];
        for &id in &order {
            name_of[id] = if id == top {
                name.to_owned()
            } else {
                names.choose(&modules.kinds[id])
            };
        }
        let mut text = String::new();
        for &id in &order {
            text.push('\n');
            modules.all[id].print(&name_of[id], &mut text, |inner| {
                (name_of[inner].as_str(), modules.all[inner].ports.as_slice())
            });
        }

        let per_module = |own: &dyn Fn(Id) -> u64| {
            let mut count = vec![0; modules.all.len()];
            for &id in &order {
                let inner = modules.all[id].instances.iter();
                count[id] = own(id) + inner.map(|inner| count[inner.module]).sum::<u64>();
            }
            count
        };
        let memory = |id: Id| {
            modules.all[id]
                .memory
                .as_ref()
                .map_or(0, |shape| shape.bits())
        };
        let bits = per_module(&memory);
        let mut by_purpose = BTreeMap::new();
        if bits[top] > 0 && modules.all[top].instances.is_empty() {
            by_purpose.insert(name.to_owned(), bits[top]);
        }
        for inner in &modules.all[top].instances {
            if bits[inner.module] > 0 {
                let purpose = plain(without_indices(&inner.name));
                *by_purpose.entry(purpose).or_insert(0) += bits[inner.module];
            }
        }
        let mut times = vec![0; modules.all.len()];
        times[top] = 1;
        for &id in order.iter().rev() {
            for inner in &modules.all[id].instances {
                times[inner.module] += times[id];
            }
        }
        let instances_of = order.iter().map(|&id| (name_of[id].clone(), times[id]));
        let ports = modules.all[top].ports.iter().map(|port| Port {
            name: plain(&port.name),
            direction: match port.role {
                Role::Input => "input".to_owned(),
                _ => "output".to_owned(),
            },
            width: port.width,
        });
        Self {
            modules: text,
            manifest: Manifest {
                schema: SCHEMA,
                name: name.to_owned(),
                generator: concat!("gyrus-hdl ", env!("CARGO_PKG_VERSION")).to_owned(),
                parameters: BTreeMap::new(),
                ports: ports.collect(),
                latencies: BTreeMap::new(),
                memory_bits: MemoryBits {
                    total: bits[top],
                    by_purpose,
                },
                multipliers: per_module(&|id| u64::from(id == mul))[top],
                instances: blocks,
                instances_of: instances_of.collect(),
                modules: order.len() as u64,
                lines: 0,
            },
        }
    }

    /// Records what the design was built with; in one line.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: impl ToString) -> Self {
        let parameters = &mut self.manifest.parameters;
        let one_line = |text: String| text.replace(char::is_control, " ");
        parameters.insert(one_line(name.to_owned()), one_line(value.to_string()));
        self
    }

    /// Records a latency in rising edges.
    #[must_use]
    pub fn latency(mut self, name: &str, edges: usize) -> Self {
        let latencies = &mut self.manifest.latencies;
        latencies.insert(name.to_owned(), edges as u64);
        self
    }

    /// The Verilog: header and modules, those inside others first, the top module last.
    #[must_use]
    pub fn verilog(&self) -> String {
        let Manifest {
            name, generator, ..
        } = &self.manifest;
        let mut text = format!("// {name}, written by {generator}\n");
        for (name, value) in &self.manifest.parameters {
            text += &format!("// {name} = {value}\n");
        }
        for (warning, reason) in LINT_WAIVERS {
            text += &format!("// {reason}\n/* verilator lint_off {warning} */\n");
        }
        // A misspelt name is then an error in every tool; other files get the default back.
        text + "`default_nettype none\n" + &self.modules + "\n`default_nettype wire\n"
    }

    /// What is in it.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        Manifest {
            lines: self.verilog().lines().count() as u64,
            ..self.manifest.clone()
        }
    }

    /// The manifest as JSON.
    ///
    /// # Errors
    ///
    /// Never in practice: the types of a manifest can all be written.
    pub fn json(&self) -> Result<String, EmitError> {
        Ok(serde_json::to_string_pretty(&self.manifest())? + "\n")
    }

    /// Writes `<name>.v` and `<name>.json` into a directory, as [`write_files`]. Returns their paths.
    ///
    /// # Errors
    ///
    /// The directory or a file cannot be written.
    pub fn write(&self, directory: &Path) -> Result<[PathBuf; 2], EmitError> {
        let name = &self.manifest.name;
        let verilog = directory.join(format!("{name}.v"));
        let json = directory.join(format!("{name}.json"));
        let manifest = self.json()?;
        write_files(&[
            (&verilog, self.verilog().as_bytes()),
            (&json, manifest.as_bytes()),
        ])?;
        Ok([verilog, json])
    }
}

/// Writes files, in directories that are made if need be. None of them appears before all are
/// written, and none appears incomplete.
///
/// # Errors
///
/// A directory or a file cannot be written.
pub fn write_files(files: &[(&Path, &[u8])]) -> Result<(), EmitError> {
    // In the same directory, since a file cannot be renamed into another file system.
    let partial = |path: &Path| {
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".{}.partial", std::process::id()));
        PathBuf::from(partial)
    };
    let write = |path: &Path, contents: &[u8]| {
        let directory = path.parent();
        if let Some(directory) = directory.filter(|directory| !directory.as_os_str().is_empty()) {
            fs::create_dir_all(directory)?;
        }
        fs::write(partial(path), contents)
    };
    let written = files
        .iter()
        .map(|&(path, contents)| (path, write(path, contents)));
    let renamed = files
        .iter()
        .map(|&(path, _)| (path, fs::rename(partial(path), path)));
    let result = written.chain(renamed).try_for_each(|(path, result)| {
        let path = path.to_owned();
        result.map_err(|source| EmitError::Write { path, source })
    });
    if result.is_err() {
        for (path, _) in files {
            // The error that is reported is the first one.
            let _ = fs::remove_file(partial(path));
        }
    }
    result
}

/// All modules that the top one contains, each after those inside it.
fn children_first(all: &[std::rc::Rc<Module>], top: Id) -> Vec<Id> {
    let mut order = Vec::new();
    let mut met = vec![false; all.len()];
    let mut stack = vec![(top, 0)];
    met[top] = true;
    while let Some((id, next)) = stack.pop() {
        match all[id].instances.get(next) {
            None => order.push(id),
            Some(inner) => {
                stack.push((id, next + 1));
                if !std::mem::replace(&mut met[inner.module], true) {
                    stack.push((inner.module, 0));
                }
            }
        }
    }
    order
}

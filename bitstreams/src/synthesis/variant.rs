//! Units as they stand in a design: with inputs that are always the same there, and outputs that nobody reads.
//!
//! From the top down: a module is synthesised in a frame that has its constants and leaves its unused outputs
//! open, with what is inside as black boxes; how those stand in it shows in its netlist. All units that are known and
//! not done yet are done together, in as many processes as there may be.

use super::cache::{Cache, Cells};
use super::hierarchy::{Hierarchy, Module, Role, instance};
use super::{Breakdown, MemoryShape, Synthesis, SynthesisError, Tool};
use crate::netlist::{self, Bit, Cell, Kind};
use crate::process;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Units in one process at most: what Yosys needs of memory grows with them.
const MOST_UNITS: usize = 40;

/// What modules are called that are black boxes in glue.
const BOX: &str = "__unit";

/// Levels of modules that a breakdown has.
const LEVELS: usize = 3;

/// How a module is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Use {
    /// Bits of inputs that never change, `port[bit]`, and what they are.
    constants: BTreeMap<String, bool>,
    /// Bits of outputs that nobody reads, `port[bit]`.
    unused: BTreeSet<String>,
}

/// A module, used in one way.
type Variant = (String, Use);

/// All that a design is made of.
pub(super) struct Variants<'a> {
    hierarchy: &'a Hierarchy,
    /// Names of modules by their hashes.
    by_hash: BTreeMap<String, String>,
    cells: BTreeMap<Variant, Cells>,
}

impl<'a> Variants<'a> {
    pub(super) fn of(
        tool: &Tool,
        hierarchy: &'a Hierarchy,
        top: &str,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, SynthesisError> {
        let cache = Cache::new(tool.directory.join("cells").join(&tool.family));
        let version = tool.version()?;
        let modules = hierarchy.modules.values();
        let by_hash = modules.map(|module| (module.hash.to_string(), module.name.clone()));
        let mut this = Self {
            by_hash: by_hash.collect(),
            hierarchy,
            cells: BTreeMap::new(),
        };
        let mut known: BTreeSet<Variant> = BTreeSet::from([(top.to_owned(), Use::default())]);
        let mut wave: Vec<Variant> = known.iter().cloned().collect();
        while !wave.is_empty() {
            progress(this.cells.len(), known.len());
            let mut missing = Vec::new();
            let mut done = Vec::new();
            for variant in wave {
                let key = this.key(tool, &version, &variant)?;
                match cache.get(&key) {
                    Some(cells) => done.push((variant, cells)),
                    None => missing.push((variant, key)),
                }
            }
            for (variant, key, cells) in this.run(tool, missing)? {
                let kept = cache.put(&key, &cells);
                kept.map_err(|error| process::file(&tool.directory, error))?;
                done.push((variant, cells));
            }
            wave = Vec::new();
            for (variant, cells) in done {
                for (inner, _) in this.inside(&cells) {
                    if known.insert(inner.clone()) {
                        wave.push(inner);
                    }
                }
                this.cells.insert(variant, cells);
            }
        }
        progress(this.cells.len(), known.len());
        Ok(this)
    }

    /// What a result depends on.
    fn key(
        &self,
        tool: &Tool,
        version: &str,
        (name, usage): &Variant,
    ) -> Result<blake3::Hash, SynthesisError> {
        let module = self.hierarchy.get(name)?;
        let mut hash = blake3::Hasher::new();
        hash.update(version.as_bytes());
        hash.update(tool.script("").as_bytes());
        hash.update(format!("{:?}", module.role()).as_bytes());
        hash.update(module.hash.as_bytes());
        hash.update(format!("{usage:?}").as_bytes());
        Ok(hash.finalize())
    }

    /// Synthesises what is missing.
    fn run(
        &self,
        tool: &Tool,
        missing: Vec<(Variant, blake3::Hash)>,
    ) -> Result<Vec<(Variant, blake3::Hash, Cells)>, SynthesisError> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        // Equal units are next to each other; dealt out, no process has all the large ones.
        let groups = missing.len().div_ceil(MOST_UNITS).max(tool.jobs);
        let mut dealt: Vec<Vec<(Variant, blake3::Hash)>> = vec![Vec::new(); groups];
        for (number, variant) in missing.into_iter().enumerate() {
            dealt[number % groups].push(variant);
        }
        dealt.retain(|group| !group.is_empty());
        let next = std::sync::Mutex::new(dealt.into_iter().enumerate());
        let worker = || -> Result<Vec<(Variant, blake3::Hash, Cells)>, SynthesisError> {
            let mut all = Vec::new();
            loop {
                let group = next.lock().ok().and_then(|mut groups| groups.next());
                let Some((number, group)) = group else {
                    return Ok(all);
                };
                let variants: Vec<&Variant> = group.iter().map(|(variant, _)| variant).collect();
                let cells = self.group(tool, number, &variants)?;
                let group = group.into_iter().zip(cells);
                all.extend(group.map(|((variant, key), cells)| (variant, key, cells)));
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..tool.jobs.max(1)).map(|_| scope.spawn(worker)).collect();
            let mut all = Vec::new();
            for worker in workers {
                let done = worker
                    .join()
                    .map_err(|_| SynthesisError::Text("a thread panicked".to_owned()))?;
                all.extend(done?);
            }
            Ok(all)
        })
    }

    /// Synthesises some in one process.
    fn group(
        &self,
        tool: &Tool,
        number: usize,
        variants: &[&Variant],
    ) -> Result<Vec<Cells>, SynthesisError> {
        let text = self.text(variants)?;
        let netlist = tool.netlist(&format!("group{number}"), &text, "all")?;
        let modules = netlist::parse(&netlist, |name| name.starts_with("frame_"))?;
        let mut cells = BTreeMap::new();
        for module in modules {
            let found = self.cells_of(&module)?;
            cells.insert(module.name, found);
        }
        (0..variants.len())
            .map(|number| {
                let name = format!("frame_{number}");
                // What has no output that is read is nothing.
                Ok(cells.remove(&name).unwrap_or_default())
            })
            .collect()
    }

    /// What a frame's netlist says.
    fn cells_of(&self, frame: &netlist::Module) -> Result<Cells, SynthesisError> {
        let mut memories: BTreeMap<MemoryShape, u64> = BTreeMap::new();
        let mut inside: BTreeMap<(String, Use), u64> = BTreeMap::new();
        let mut own = frame.count();
        let read: BTreeSet<Bit> = frame.read();
        for cell in &frame.cells {
            if cell.kind != Kind::Instance {
                continue;
            }
            let name = cell.name.trim_end_matches(BOX);
            let module = self.hierarchy.get(name)?;
            match module.memory {
                Some(memory) => match memory.luts() {
                    Some(luts) => own.memory_lut += luts,
                    None => {
                        *memories.entry(memory.shape()).or_default() += 1;
                    }
                },
                None => {
                    let inner = (module.hash.to_string(), Use::of(module, cell, &read));
                    *inside.entry(inner).or_default() += 1;
                }
            }
        }
        Ok(Cells {
            own,
            path: frame.longest_path()?,
            memories: memories.into_iter().collect(),
            inside: inside
                .into_iter()
                .map(|((hash, usage), times)| (hash, usage, times))
                .collect(),
        })
    }

    /// Modules, black boxes, a frame for each variant, and one module with all frames.
    fn text(&self, variants: &[&Variant]) -> Result<String, SynthesisError> {
        let mut text = String::from("`default_nettype none\n");
        let names = variants.iter().map(|(name, _)| name.as_str());
        for name in self.hierarchy.closure(names) {
            let module = self.hierarchy.get(name)?;
            if module.memory.is_some() {
                text += &black_box(module, "");
            } else {
                text += &module.text;
                if matches!(module.role(), Role::Unit | Role::Glue) {
                    text += &black_box(module, BOX);
                }
            }
        }
        let glue: BTreeSet<&str> = variants.iter().map(|(name, _)| name.as_str()).collect();
        for name in glue {
            let module = self.hierarchy.get(name)?;
            if module.role() == Role::Glue {
                text += &self.glue(module)?;
            }
        }
        let (mut ports, mut frames) = (String::new(), String::new());
        for (number, (name, usage)) in variants.iter().enumerate() {
            let module = self.hierarchy.get(name)?;
            usage.frame(number, module, &mut text, &mut ports, &mut frames);
        }
        let ports = ports.trim_end_matches(",\n");
        text += &format!("module all (\n{ports}\n);\n{frames}endmodule\n");
        Ok(text)
    }

    /// A module whose larger parts are black boxes.
    fn glue(&self, module: &Module) -> Result<String, SynthesisError> {
        let mut text = String::new();
        for line in module.text.lines() {
            match instance(line) {
                Some((child, name)) if !line.starts_with("module ") => {
                    let role = self.hierarchy.get(child)?.role();
                    let end = if matches!(role, Role::Unit | Role::Glue) {
                        BOX
                    } else {
                        ""
                    };
                    text += &format!("    {child}{end} {name} (\n");
                }
                _ => {
                    text += line;
                    text.push('\n');
                }
            }
        }
        let (head, rest) = text
            .split_once(" (")
            .ok_or_else(|| SynthesisError::Text("a module without ports".to_owned()))?;
        Ok(format!("{head}__glue ({rest}"))
    }

    /// What stands directly inside, and how often.
    fn inside(&self, cells: &Cells) -> Vec<(Variant, u64)> {
        let each = cells.inside.iter().map(|(hash, usage, times)| {
            let name = self.by_hash.get(hash).cloned().unwrap_or_default();
            ((name, usage.clone()), *times)
        });
        each.collect()
    }

    /// With all that is inside.
    fn total<'b>(
        &'b self,
        variant: &'b Variant,
        known: &mut BTreeMap<Variant, Synthesis>,
    ) -> Result<Synthesis, SynthesisError> {
        if let Some(total) = known.get(variant) {
            return Ok(total.clone());
        }
        let cells = self
            .cells
            .get(variant)
            .ok_or_else(|| SynthesisError::NoModule(variant.0.clone()))?;
        let mut total = own(&variant.0, cells);
        for (inner, times) in self.inside(cells) {
            let inner = self.total(&inner, known)?;
            total.add(&inner, times);
        }
        known.insert(variant.clone(), total.clone());
        Ok(total)
    }

    /// All of it, and its parts.
    pub(super) fn breakdown(&self, top: &str) -> Result<Breakdown, SynthesisError> {
        let mut known = BTreeMap::new();
        let mut parts: BTreeMap<String, Synthesis> = BTreeMap::new();
        let whole = (top.to_owned(), Use::default());
        let total = self.total(&whole, &mut known)?;
        let mut open = vec![(String::new(), whole, 1, 0)];
        while let Some((path, variant, times, level)) = open.pop() {
            let cells = &self.cells[&variant];
            let glue = self.hierarchy.get(&variant.0)?.role() == Role::Glue;
            if level < LEVELS && glue {
                let rest = parts.entry(format!("{path}(between)")).or_default();
                rest.add(&own(&variant.0, cells), times);
                for (inner, count) in self.inside(cells) {
                    let name = inner.0.trim_start_matches("gyrus_");
                    let path = format!("{path}{name}/");
                    open.push((path, inner, times * count, level + 1));
                }
            } else {
                let path = path.trim_end_matches('/').to_owned();
                let part = self.total(&variant, &mut known)?;
                parts.entry(path).or_default().add(&part, times);
            }
        }
        Ok(Breakdown { total, parts })
    }
}

/// A module's own cells.
fn own(name: &str, cells: &Cells) -> Synthesis {
    Synthesis {
        lut: cells.own.lut,
        paired: cells.own.paired,
        memory_lut: cells.own.memory_lut,
        ff: cells.own.ff,
        carry: cells.own.carry,
        dsp: cells.own.dsp,
        memories: cells.memories.iter().copied().collect(),
        deepest: Some((cells.path, name.to_owned())),
    }
}

fn black_box(module: &Module, end: &str) -> String {
    let ports: Vec<String> = module
        .ports
        .iter()
        .map(|port| {
            let direction = if port.output { "output" } else { "input" };
            format!("{direction} wire [{}:0] {}", port.width - 1, port.name)
        })
        .collect();
    let (name, ports) = (&module.name, ports.join(", "));
    format!("(* blackbox *) module {name}{end} ({ports}); endmodule\n")
}

impl Use {
    /// How an instance stands in a frame.
    fn of(module: &Module, cell: &Cell, read: &BTreeSet<Bit>) -> Self {
        let mut usage = Self::default();
        for port in &module.ports {
            let bits = cell.ports.get(&port.name);
            for at in 0..port.width {
                let bit = bits.and_then(|bits| bits.get(at));
                let place = format!("{}[{at}]", port.name);
                match (port.output, bit) {
                    (true, Some(bit)) if read.contains(bit) => (),
                    (true, _) => {
                        usage.unused.insert(place);
                    }
                    (false, Some(Bit::Constant(value))) => {
                        usage.constants.insert(place, *value);
                    }
                    // Left open, or optimised away: it does not matter what it is.
                    (false, None) => {
                        usage.constants.insert(place, false);
                    }
                    (false, Some(Bit::Net(_))) => (),
                }
            }
        }
        usage
    }

    /// A frame with one instance: its module, its ports in the module of all, its instance there.
    fn frame(
        &self,
        number: usize,
        module: &Module,
        text: &mut String,
        ports: &mut String,
        frames: &mut String,
    ) {
        let (mut heads, mut wires, mut pins) = (Vec::new(), String::new(), Vec::new());
        for port in &module.ports {
            let bits = 0..port.width;
            let place = |at: &usize| format!("{}[{at}]", port.name);
            let list = |bits: Vec<String>| bits.into_iter().rev().collect::<Vec<_>>().join(", ");
            let (name, top) = (&port.name, port.width - 1);
            let _ = writeln!(wires, "wire [{top}:0] w_{name};");
            let (direction, count) = if port.output {
                let used: Vec<usize> = bits
                    .filter(|at| !self.unused.contains(&place(at)))
                    .collect();
                let all = used.iter().map(|at| format!("w_{name}[{at}]")).collect();
                if !used.is_empty() {
                    let _ = writeln!(wires, "assign {name} = {{{}}};", list(all));
                }
                ("output", used.len())
            } else {
                let mut count = 0;
                let all = bits.map(|at| match self.constants.get(&place(&at)) {
                    Some(value) => format!("1'b{}", u8::from(*value)),
                    None => {
                        count += 1;
                        format!("{name}[{}]", count - 1)
                    }
                });
                let all = list(all.collect());
                let _ = writeln!(wires, "assign w_{name} = {{{all}}};");
                ("input", count)
            };
            if count > 0 {
                heads.push(format!("{direction} wire [{}:0] {name}", count - 1));
                let _ = writeln!(
                    ports,
                    "    {direction} wire [{}:0] p{number}_{name},",
                    count - 1
                );
                pins.push(format!(".{name}(p{number}_{name})"));
            }
        }
        let connections: Vec<String> = module
            .ports
            .iter()
            .map(|port| format!(".{0}(w_{0})", port.name))
            .collect();
        let end = if module.role() == Role::Glue {
            "__glue"
        } else {
            ""
        };
        *text += &format!(
            "(* keep_hierarchy *) module frame_{number} ({});\n{wires}{}{end} unit ({});\nendmodule\n",
            heads.join(", "),
            module.name,
            connections.join(", ")
        );
        *frames += &format!("frame_{number} f{number} ({});\n", pins.join(", "));
    }
}

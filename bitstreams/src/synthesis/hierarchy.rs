//! An emitted design, module by module, as its text has it.

use super::{MemoryShape, SynthesisError};
use std::collections::{BTreeMap, BTreeSet};

/// Lines from which on a module below another is synthesised by itself; smaller ones are part of what is around.
const LEAST_UNIT: u64 = 120;

/// Most lines, those of the modules inside counted as often as they stand there, of what is synthesised as one.
const MOST_UNIT: u64 = 1500;

/// Words up to which a memory is made of LUTs.
const DISTRIBUTED: u64 = 64;

/// Longest delay that is left to synthesis: a shift register.
const SHIFT_REGISTER: u64 = 16;

/// A port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) output: bool,
    pub(super) width: usize,
}

/// A memory, which is counted by calculation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) width: u64,
    pub(super) depth: u64,
    /// It starts with contents.
    pub(super) rom: bool,
}

impl Memory {
    /// By the name of its module: `gyrus_ram_64x192`, `gyrus_rom_64x32_v2`, `gyrus_delay_72x256`.
    fn of(module: &str) -> Option<Self> {
        let (kind, shape) = module.strip_prefix("gyrus_")?.split_once('_')?;
        let shape = shape.split('_').next()?;
        let (width, depth) = shape.split_once('x')?;
        let (width, depth) = (width.parse().ok()?, depth.parse().ok()?);
        match kind {
            "ram" | "rom" => (),
            "delay" if depth > SHIFT_REGISTER => (),
            _ => return None,
        }
        Some(Self {
            width,
            depth,
            rom: kind == "rom",
        })
    }

    /// For the count of blocks.
    pub(super) const fn shape(self) -> MemoryShape {
        MemoryShape {
            width: self.width,
            depth: self.depth,
            rom: self.rom,
        }
    }

    /// LUTs, if it is one of LUTs: a column of 64 words each.
    pub(super) fn luts(self) -> Option<u64> {
        (self.depth <= DISTRIBUTED).then_some(self.width)
    }
}

/// A module of the text.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) ports: Vec<Port>,
    /// Modules directly inside.
    pub(super) children: BTreeSet<String>,
    /// Lines, with those of the modules inside.
    weight: u64,
    /// Of the text, and of those of the modules inside.
    pub(super) hash: blake3::Hash,
    pub(super) memory: Option<Memory>,
}

/// All modules of a design.
#[derive(Debug)]
pub(super) struct Hierarchy {
    pub(super) modules: BTreeMap<String, Module>,
    /// Their names, as they follow each other.
    order: Vec<String>,
}

/// How a module is synthesised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Counted by calculation.
    Memory,
    /// Part of what is around.
    Part,
    /// As one, with all that is inside.
    Unit,
    /// With what is inside as black boxes, but for its parts.
    Glue,
}

fn broken(what: &str) -> SynthesisError {
    SynthesisError::Text(what.to_owned())
}

/// `input wire [71:0] a,`
fn port(line: &str) -> Option<Port> {
    let line = line.trim().trim_end_matches(',');
    let output = line.starts_with("output ");
    if !output && !line.starts_with("input ") {
        return None;
    }
    let name = line.rsplit(' ').next()?.to_owned();
    let width = match line.split_once('[') {
        Some((_, range)) => range.split_once(':')?.0.parse::<usize>().ok()? + 1,
        None => 1,
    };
    Some(Port {
        name,
        output,
        width,
    })
}

/// `    gyrus_product product (`
pub(super) fn instance(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("    ")?.strip_suffix(" (")?;
    let (module, name) = line.split_once(' ')?;
    (module.starts_with("gyrus_") && !name.contains(' ')).then_some((module, name))
}

impl Hierarchy {
    /// The modules of an emitted text, in which each stands behind those inside it.
    pub(super) fn new(text: &str) -> Result<Self, SynthesisError> {
        let mut modules: BTreeMap<String, Module> = BTreeMap::new();
        let mut order = Vec::new();
        for part in text.split("\nmodule ").skip(1) {
            let (text, _) = part
                .split_once("\nendmodule")
                .ok_or_else(|| broken("a module without an end"))?;
            let name = text.split(' ').next().unwrap_or_default().to_owned();
            let text = format!("module {text}\nendmodule\n");
            let ports = text.lines().skip(1).map_while(port).collect();
            let mut children = BTreeSet::new();
            let mut weight = text.lines().count() as u64;
            let mut hash = blake3::Hasher::new();
            for line in text.lines() {
                let Some((child, instance)) = instance(line) else {
                    // The module's own name does not count.
                    if !line.starts_with("module ") {
                        hash.update(line.as_bytes());
                    }
                    continue;
                };
                let inner = modules
                    .get(child)
                    .ok_or_else(|| broken("a module that comes before those inside it"))?;
                children.insert(child.to_owned());
                weight += inner.weight;
                hash.update(inner.hash.as_bytes())
                    .update(instance.as_bytes());
            }
            let memory = Memory::of(&name);
            let module = Module {
                name: name.clone(),
                text,
                ports,
                children,
                weight,
                hash: hash.finalize(),
                memory,
            };
            order.push(name.clone());
            modules.insert(name, module);
        }
        Ok(Self { modules, order })
    }

    /// The memories that are not made of LUTs, as often as they stand in a module.
    pub(super) fn memories(&self, top: &str) -> Result<BTreeMap<MemoryShape, u64>, SynthesisError> {
        let mut inside: BTreeMap<&str, BTreeMap<MemoryShape, u64>> = BTreeMap::new();
        // Each stands behind those inside it.
        for name in &self.order {
            let module = self.get(name)?;
            let mut all = BTreeMap::new();
            for line in module.text.lines().skip(1) {
                let Some((child, _)) = instance(line) else {
                    continue;
                };
                for (shape, count) in inside.get(child).into_iter().flatten() {
                    *all.entry(*shape).or_insert(0) += count;
                }
            }
            if let Some(memory) = module.memory
                && memory.luts().is_none()
            {
                all.insert(memory.shape(), 1);
            }
            inside.insert(name, all);
        }
        let all = inside.remove(top);
        all.ok_or_else(|| SynthesisError::NoModule(top.to_owned()))
    }

    /// Some modules, and all inside them.
    pub(super) fn closure<'a>(
        &'a self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> BTreeSet<&'a str> {
        let mut all = BTreeSet::new();
        let mut open: Vec<&str> = names.into_iter().collect();
        while let Some(name) = open.pop() {
            if all.insert(name)
                && let Some(module) = self.modules.get(name)
            {
                open.extend(module.children.iter().map(String::as_str));
            }
        }
        all
    }

    pub(super) fn get(&self, name: &str) -> Result<&Module, SynthesisError> {
        self.modules
            .get(name)
            .ok_or_else(|| SynthesisError::NoModule(name.to_owned()))
    }
}

impl Module {
    /// How it is synthesised where it stands in glue.
    pub(super) fn role(&self) -> Role {
        match self.weight {
            _ if self.memory.is_some() => Role::Memory,
            ..LEAST_UNIT => Role::Part,
            LEAST_UNIT..=MOST_UNIT => Role::Unit,
            _ => Role::Glue,
        }
    }
}
